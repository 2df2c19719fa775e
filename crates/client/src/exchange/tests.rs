use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::join::Boxed;

/// Pauses of 20 and 40 milliseconds, of a clock that stands still but for them; the next would go beyond.
const PATIENCE: Patience = Patience { pause: Duration::from_millis(20), total: Duration::from_millis(139) };

/// Each operator's services, by name.
fn choice(operators: &[&[&str]], needed: usize) -> Choice {
    let operators = operators.iter().map(|names| names.iter().map(|name| Endpoint::named(name)).collect());
    Choice { operators: operators.collect(), needed }
}

fn status(status: u16) -> Fault {
    Fault::Status { url: "https://x".to_owned(), status, text: String::new(), retry_after: None }
}

/// Asks services that answer by name: `up…`, `down…`, `no…` (a refusal), `late…` (the third time).
fn run(choice: &Choice) -> (Result<Vec<String>, ServiceError>, Vec<String>) {
    let asked = Mutex::new(Vec::new());
    let times = AtomicU32::new(0);
    let question: &Question<'_, String> = &|endpoint: &Endpoint| -> Boxed<'_, Result<String, Fault>> {
        let host = endpoint.itself().host_str().unwrap().to_owned();
        asked.lock().unwrap().push(host.clone());
        let answer = match host.as_str() {
            name if name.starts_with("up") => Ok(host),
            name if name.starts_with("no") => Err(status(400)),
            name if name.starts_with("late") && times.fetch_add(1, Ordering::Relaxed) == 2 => Ok(host),
            _ => Err(status(503)),
        };
        Box::pin(std::future::ready(answer))
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let result = runtime.block_on(ask(Kind::Log, choice, PATIENCE, question));
    (result, asked.into_inner().unwrap())
}

#[test]
fn another_service_answers_for_one_that_does_not() {
    let (result, asked) = run(&choice(&[&["down", "up"]], 1));
    assert_eq!((result.unwrap(), asked), (vec!["up".to_owned()], vec!["down".to_owned(), "up".to_owned()]));
    let (result, asked) = run(&choice(&[&["down"], &["no"], &["up"]], 1));
    assert_eq!((result.unwrap(), asked.len()), (vec!["up".to_owned()], 3));
}

/// What goes well waits for no tick of a timer: there is none here.
#[test]
fn who_is_asked_for_the_first_time_is_asked_at_once() {
    let choice = choice(&[&["up"]], 1);
    let question: &Question<'_, &str> = &|_| Box::pin(std::future::ready(Ok("up")));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(ask(Kind::Log, &choice, PATIENCE, question)).unwrap(), ["up"]);
}

#[test]
fn an_outage_is_waited_for_and_a_refusal_is_not() {
    let (result, asked) = run(&choice(&[&["late", "no"]], 1));
    assert_eq!(result.unwrap(), ["late"]);
    assert_eq!(asked, ["late", "no", "late", "late"]);
    let (result, asked) = run(&choice(&[&["no"]], 1));
    let error = result.unwrap_err();
    assert!(matches!(error.faults.as_slice(), [Fault::Status { status: 400, .. }]) && !error.may_pass());
    assert_eq!(asked, ["no"]);
    let (result, asked) = run(&choice(&[&["down"]], 1));
    let error = result.unwrap_err();
    assert!(matches!(error.faults.as_slice(), [Fault::Status { status: 503, .. }]) && error.may_pass());
    assert_eq!(asked.len(), 3);
}

#[test]
fn each_operator_counts_once() {
    let (result, _) = run(&choice(&[&["up1", "up2"], &["up3"]], 2));
    assert_eq!(result.unwrap(), ["up1", "up3"]);
    let (result, _) = run(&choice(&[&["down"], &["up1"], &["up2"]], 2));
    let mut answered = result.unwrap();
    answered.sort();
    assert_eq!(answered, ["up1", "up2"]);
    assert!(run(&choice(&[&["up1", "up2"], &["no"]], 2)).0.is_err());
    assert_eq!(run(&choice(&[], 0)).0.unwrap(), Vec::<String>::new());
}

#[test]
fn waiting_as_long_as_is_asked_for() {
    assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
    assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    assert!(retry_after("Fri, 31 Dec 2399 23:59:59 GMT").is_some());
    assert_eq!(retry_after("soon"), None);
}
