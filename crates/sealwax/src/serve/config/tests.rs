use super::file::Place;
use super::*;

fn parse(text: &str) -> Result<Config, FileError> {
    Config::parse(text.as_bytes(), Path::new("/etc/sealwax/serve.toml"))
}

fn place(line: usize) -> Place {
    Place { file: "/etc/sealwax/serve.toml".into(), line }
}

#[test]
fn what_is_printed_reads_as_what_it_was() {
    let all = "
        listen = '[::1]:443'
        url = \"https://a.example\"
        secret = 'keys/\"secret\"'
        issuers = '/etc/fulcio.yaml'
        log_format = 'json'
        [tls]
        certificate = 'chain.pem'
        key = '../key.pem'
        [proxy]
        trusted = ['127.0.0.1', \"10.0.0.0/8\", '::1']
        field = 'forwarded'
        [time]
        servers = ['ntp.example', '192.0.2.1:1123']
        needed = 1
        tolerance = '250ms'
        every = '64s'
        [limits]
        connections = 1_000
        connections_per_address = 0x10
        submissions_per_second = 2.5
        submissions_at_once = 7
        stop_time = '90s'";
    let all = parse(all).unwrap();
    assert_eq!(all.secret.as_deref(), Some(Path::new("/etc/sealwax/keys/\"secret\"")));
    assert_eq!(all.issuers.as_deref(), Some(Path::new("/etc/fulcio.yaml")));
    for config in [Config::default(), all] {
        let printed = config.print();
        assert_eq!(parse(&printed).unwrap(), config, "{printed}");
        assert!(printed.lines().all(|line| line.chars().count() <= 102), "{printed}");
        assert_eq!(parse(&printed).unwrap().print(), printed);
    }
    // Keys that are not set can be set by taking the mark away.
    let printed = Config::default().print();
    let set: String = printed
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(parse(&set).unwrap().listen.is_some(), "{set}");
}

#[test]
fn a_key_that_there_is_none_of_is_told_from_the_nearest() {
    let unknown = |line, key: &str, nearest: &str| {
        Err(FileError::UnknownKey { place: place(line), key: key.to_owned(), nearest: nearest.to_owned() })
    };
    assert_eq!(parse("\nlisen = '127.0.0.1:1'"), unknown(2, "lisen", "listen"));
    assert_eq!(parse("listen = '127.0.0.1:1'\n[tsl]\nkey = 'a'"), unknown(2, "tsl", "tls"));
    assert_eq!(
        parse("[tls]\n# and\n\ncertificates = 'a'"),
        unknown(4, "tls.certificates", "tls.certificate")
    );
    assert_eq!(parse("limits.connection = 1"), unknown(1, "limits.connection", "limits.connections"));
    // The first in the file.
    assert_eq!(
        parse("zzz = 1\naaa = 2").unwrap_err().to_string().split(' ').next(),
        Some("/etc/sealwax/serve.toml:1:")
    );
}

#[test]
fn a_wrong_value_says_what_was_expected() {
    for (text, line, found) in [
        ("listen = 8080", 1, "8080"),
        ("listen = 'localhost:8080'", 1, "'localhost:8080'"),
        ("\n\nlog_format = 'xml'", 3, "'xml'"),
        ("tls = 'chain.pem'", 1, "'chain.pem'"),
        ("[limits]\nconnections = -1", 2, "-1"),
        ("[limits]\nconnections_per_address = 4294967296", 2, "4294967296"),
        ("[limits]\nsubmissions_per_second = 0", 2, "0"),
        ("[limits]\nsubmissions_per_second = inf", 2, "inf"),
        ("[limits]\nstop_time = 20", 2, "20"),
        ("[limits]\nstop_time = '20'", 2, "'20'"),
        ("[limits]\nstop_time = '20 weeks'", 2, "'20 weeks'"),
        ("secret = ''", 1, "''"),
        ("proxy.trusted = '10.0.0.0/8'", 1, "'10.0.0.0/8'"),
        ("proxy.trusted = ['10.0.0.0/8', '10.0.0.0/33']", 1, "['10.0.0.0/8', '10.0.0.0/33']"),
        ("proxy.field = 'x-real-ip'", 1, "'x-real-ip'"),
    ] {
        match parse(text) {
            Err(FileError::Value { place: at, found: shown, .. }) => {
                assert_eq!((at, shown.as_str()), (place(line), found), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let error = parse("listen = 8080").unwrap_err().to_string();
    assert_eq!(
        error,
        "/etc/sealwax/serve.toml:1: listen = 8080: expected an address and a port, such as \"127.0.0.1:8080\""
    );
    let error = parse("proxy.trusted = ['here']").unwrap_err().to_string();
    let expected = "expected a list, of which each is an address or a network, such as [\"10.0.0.0/8\"]";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let line = |text: &[u8]| match Config::parse(text, Path::new("f")) {
        Err(FileError::Syntax { place, .. }) => place.line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line(b"listen = '127.0.0.1:1'\nurl = "), 2);
    assert_eq!(line(b"\n\nurl"), 3);
    assert_eq!(line(b"url = 'a'\nurl = 'b'"), 2);
    assert_eq!(line(b"\nurl = '\xff'"), 2);
}

#[test]
fn times_are_written_in_the_largest_unit_that_is_whole() {
    use std::time::Duration;
    let written = |ms| Duration::from_millis(ms).write().unwrap();
    assert_eq!(written(0), "\"0s\"");
    assert_eq!(written(1_500), "\"1500ms\"");
    assert_eq!(written(90_000), "\"90s\"");
    assert_eq!(written(86_400_000), "\"1d\"");
}
