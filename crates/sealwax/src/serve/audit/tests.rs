use super::*;
use sealwax_ca::api::{ApiError, RequestError};

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sealwax-audit-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    path
}

fn open_in(folder: &Path, max_bytes: u64) -> Arc<AuditLog> {
    let settings = Settings { directory: Some(folder.to_owned()), max_bytes, ..Settings::default() };
    AuditLog::open(Path::new("/nowhere"), &settings, Journal::silent()).unwrap().unwrap()
}

fn refuse(log: &AuditLog, second: i64) {
    let error = ApiError::from(RequestError::Base64 { field: "content" });
    let time = Timestamp::from_second(second).unwrap();
    let address = Some("192.0.2.1".parse().unwrap());
    let event =
        Event { time, address, identity: None, claimed_issuer: Some("https://i"), outcome: Err(&error) };
    log.record(&event).unwrap();
}

fn lines(folder: &Path, name: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_day_and_each_size_has_its_file() {
    let folder = folder("files");
    let noon = 1_800_014_400;
    let log = open_in(&folder, 1 << 20);
    refuse(&log, noon);
    refuse(&log, noon + 1);
    refuse(&log, noon + 86_400);
    drop(log);
    assert_eq!(names(&folder), ["audit-2027-01-16T120000Z.jsonl", CURRENT]);
    assert_eq!(lines(&folder, "audit-2027-01-16T120000Z.jsonl").len(), 2);
    let line = &lines(&folder, CURRENT)[0];
    assert_eq!(line["event"], "refused");
    assert_eq!(line["time"], "2027-01-16T12:00:00Z");
    assert_eq!(line["address"], "192.0.2.1");
    assert_eq!(line["claimed_issuer"], "https://i");
    assert_eq!(line["status"], 400);
    assert!(line["reason"].as_str().unwrap().contains("content is not base64"));

    // Two ends in one second, and neither replaces the other.
    fs::remove_dir_all(&folder).unwrap();
    let log = open_in(&folder, 10);
    for _ in 0..3 {
        refuse(&log, noon);
    }
    let expected = ["audit-2027-01-15T120000Z-2.jsonl", "audit-2027-01-15T120000Z.jsonl", CURRENT];
    assert_eq!(names(&folder), expected);
    for name in expected {
        assert_eq!(lines(&folder, name).len(), 1, "{name}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn half_a_line_spoils_no_other() {
    let folder = folder("half");
    let log = open_in(&folder, 1 << 20);
    let now = Timestamp::now().as_second();
    refuse(&log, now);
    drop(log);
    let whole = fs::read(folder.join(CURRENT)).unwrap();
    fs::write(folder.join(CURRENT), [&whole[..], b"{\"time\":\"20"].concat()).unwrap();
    let log = open_in(&folder, 1 << 20);
    refuse(&log, now);
    let text = fs::read_to_string(folder.join(CURRENT)).unwrap();
    let good = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count();
    assert_eq!((text.lines().count(), good), (3, 2));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn who_has_no_token_does_not_fill_the_disk() {
    let folder = folder("flood");
    let log = open_in(&folder, 1 << 20);
    let now = Timestamp::now().as_second();
    for _ in 0..1000 {
        refuse(&log, now);
    }
    refuse(&log, now + 1);
    let lines = lines(&folder, CURRENT);
    assert_eq!(lines.len(), 11);
    assert_eq!(lines[10]["unrecorded"], 990);
    assert!(lines[9]["unrecorded"].is_null());
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn nothing_is_kept_where_nothing_is_wanted() {
    let settings = Settings { enabled: false, ..Settings::default() };
    assert!(AuditLog::open(Path::new("/nowhere"), &settings, Journal::silent()).unwrap().is_none());
}

#[test]
fn a_file_that_somebody_took_away_stops_nothing() {
    let folder = folder("taken");
    let log = open_in(&folder, 1 << 20);
    refuse(&log, 1_800_014_400);
    fs::rename(folder.join(CURRENT), folder.join("elsewhere")).unwrap();
    // The day after, and the file would get its name.
    refuse(&log, 1_800_014_400 + 86_400);
    assert_eq!(lines(&folder, CURRENT).len(), 1);
    assert_eq!(lines(&folder, "elsewhere").len(), 1);
    drop(log);
    fs::remove_dir_all(&folder).unwrap();
}
