//! The server when the process has no file descriptors left. A process of its own, since all its threads share them.

#[cfg(test)]
#[allow(dead_code, reason = "the other tests of the server use the rest")]
#[path = "../served/server.rs"]
mod server;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sealwax_server::{
    Options,
    descriptors::{self, TooFewDescriptors},
    journal::{Journal, Level},
};
use server::{Running, wait_for};
use std::{
    fs::File,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

#[test]
fn accepting_goes_on_when_there_are_descriptors_again() {
    // A soft limit is raised.
    let limits = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..limits }).unwrap();
    descriptors::claim().unwrap();
    assert_eq!(getrlimit(Resource::Nofile).current, limits.maximum);

    // Few, so that they are used up soon.
    setrlimit(Resource::Nofile, Rlimit { current: Some(1_024), ..limits }).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let journal = Journal::new(move |event| heard.lock().unwrap().push((event.level, event.name)));
    let server = Running::set_up(Options { journal, ..Options::default() });
    server.check_served();
    let mut old = server.client();
    old.get("/healthz", "");

    let mut files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    // One for the client's end; there is none for the server's.
    files.pop();
    let mut new = server.client();
    new.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    wait_for("the complaint", || !events.lock().unwrap().is_empty());
    let before = processor_time();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(500) {
        assert_eq!(old.get("/healthz", "").status, 200);
        std::thread::sleep(Duration::from_millis(50));
    }
    let used = processor_time() - before;
    assert!(used < Duration::from_millis(200), "it spins: {used:?} of processor time in half a second");
    assert_eq!(*events.lock().unwrap(), [(Level::Warning, "cannot accept connections")]);

    drop(files);
    assert_eq!(new.answer().unwrap().status, 200);
    server.check_served();

    // A hard limit is not.
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) }).unwrap();
    let TooFewDescriptors { free } = descriptors::claim().unwrap_err();
    assert!(free < 64, "{free}");
}

/// Of all threads of the process.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
