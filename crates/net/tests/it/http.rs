use sealwax_net::http::{BaseUrl, Client, HttpError, Late, Method, Timeouts, Transport};
use sealwax_net::tuf::{UpdateError, block_on};

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::server::{Reply, Server, nobody};

fn get(base: &str, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, HttpError> {
    let result = block_on(async {
        let url = BaseUrl::parse(base, Transport::Confidential)?.join(path)?;
        Ok::<_, UpdateError>(Client::new()?.get(&url, max_bytes).await?)
    });
    result.map_err(|error| match error {
        UpdateError::Http(error) => error,
        other => panic!("{other}"),
    })
}

/// Neither a server that is silent nor one that drips holds us longer than it may.
#[test]
fn slow_servers_are_given_up() {
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(60));
    for (reply, read, total) in [(Reply::Silence, short, long), (Reply::Drip, long, short)] {
        let server = Server::start(move |_| reply.clone());
        let error = block_on(async {
            let url = BaseUrl::parse(&server.url(), Transport::Confidential)?.join("x")?;
            let client = Client::with_timeouts(&Timeouts { connect: long, read, total })?;
            Ok::<_, UpdateError>(client.get(&url, 1000).await.unwrap_err())
        });
        let error = error.unwrap();
        assert!(matches!(error, HttpError::TimedOut { .. }), "{error}");
    }
    let server = Server::start(|_| Reply::Drip);
    assert_eq!(get(&server.url(), "x", 1000).unwrap().unwrap().len(), 50);
}

fn answered(reply: Reply) -> Result<Option<Vec<u8>>, HttpError> {
    get(&Server::start(move |_| reply.clone()).url(), "x", 1000)
}

#[test]
fn bodies_come_whole_or_not_at_all() {
    assert_eq!(answered(Reply::Body(vec![7; 1000])).unwrap(), Some(vec![7; 1000]));
    assert_eq!(answered(Reply::Body(Vec::new())).unwrap(), Some(Vec::new()));
    assert_eq!(answered(Reply::Status(404)).unwrap(), None);
    for status in [201, 204, 206, 304, 403, 429, 500] {
        let error = answered(Reply::Status(status)).unwrap_err();
        assert!(matches!(error, HttpError::Status { status: found, .. } if found == status), "{error}");
    }
    assert!(matches!(answered(Reply::Body(vec![7; 1001])), Err(HttpError::TooLong { limit: 1000, .. })));
    assert!(matches!(answered(Reply::Endless), Err(HttpError::TooLong { limit: 1000, .. })));
    assert!(matches!(answered(Reply::Short), Err(HttpError::Interrupted { .. })));
    assert!(matches!(answered(Reply::Garbage), Err(HttpError::Interrupted { .. })));
}

fn unpacked(reply: Reply) -> Result<Option<Vec<u8>>, HttpError> {
    let server = Server::start(move |_| reply.clone());
    let result = block_on(async {
        let url = BaseUrl::parse(&server.url(), Transport::Confidential)?.join("x")?;
        Ok::<_, UpdateError>(Client::new()?.get_packed(&url, 1000).await)
    });
    result.unwrap()
}

/// A log's server may send gzip though nobody asked for it, and nothing grows beyond the limit.
#[test]
fn what_comes_packed_is_unpacked() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(unpacked(Reply::Body(vec![7; 1000])).unwrap(), Some(vec![7; 1000]));
    assert_eq!(unpacked(Reply::Status(404)).unwrap(), None);
    for coding in ["gzip", "GZip", "x-gzip"] {
        assert_eq!(
            unpacked(Reply::Coded(coding, gzip(&[7; 1000]))).unwrap(),
            Some(vec![7; 1000]),
            "{coding}"
        );
    }
    assert_eq!(unpacked(Reply::Coded("identity", vec![7])).unwrap(), Some(vec![7]));
    let bomb = unpacked(Reply::Coded("gzip", gzip(&[7; 100_000])));
    assert!(matches!(bomb, Err(HttpError::TooLong { limit: 1000, .. })), "{bomb:?}");
    let whole = gzip(&[7; 1000]);
    for broken in [&whole[..whole.len() - 1], &whole[..5], b"plain", b""] {
        let broken = unpacked(Reply::Coded("gzip", broken.to_vec()));
        assert!(matches!(broken, Err(HttpError::Interrupted { .. })), "{broken:?}");
    }
    let other = unpacked(Reply::Coded("br", vec![7]));
    assert!(matches!(&other, Err(HttpError::Coding { coding, .. }) if coding == "br"), "{other:?}");
}

#[test]
fn a_failure_is_one_sentence_that_names_the_url() {
    let base = nobody();
    let error = get(&base, "root.json", 1000).unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }));
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot reach {base}root.json: ")) && !text.contains('\n'), "{text}");
}

#[test]
fn paths_arrive_as_they_were_encoded() {
    let server = Server::start(|_| Reply::Body(Vec::new()));
    for path in ["1...%2Fa.json", "%3F.json", "a:b", "d/00.x%20y"] {
        get(&server.url(), path, 10).unwrap();
        assert_eq!(server.requests().last().unwrap(), &format!("/{path}"));
    }
}

#[test]
fn redirects_are_few() {
    let answer = |path: &str| match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) => Reply::Body(b"arrived".to_vec()),
        Ok(left) => Reply::Redirect(format!("/{}", left - 1)),
        Err(_) => Reply::Status(404),
    };
    let server = Server::start(answer);
    assert_eq!(get(&server.url(), "5", 10).unwrap().unwrap(), b"arrived");
    assert!(matches!(get(&server.url(), "6", 10), Err(HttpError::Interrupted { .. })));
}

/// The connection is there before what is sent on it; and what was never made is not sent.
#[test]
fn what_is_late_is_sent_on_a_connection_that_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = |payload: Late| {
        block_on(async {
            let url = BaseUrl::parse(&url, Transport::Confidential)?.join("x")?;
            let client = Client::without_redirects(&Timeouts::default())?;
            Ok::<_, UpdateError>(client.send(Method::POST, &url, &[], payload, 10).await)
        })
        .unwrap()
    };
    let (maker, late) = Late::new(5);
    std::thread::scope(|threads| {
        let asked = threads.spawn(|| answer(late.clone()));
        let (mut stream, _) = listener.accept().unwrap();
        let head = read_head(&mut stream);
        assert!(head.contains("content-length: 5\r\n"), "{head}");
        maker.give(b"hell".to_vec(), b'o');
        let mut body = [0; 5];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"hello");
        stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").unwrap();
        assert_eq!(asked.join().unwrap().unwrap().status, 201);
    });
    // Another try, of what is there by now.
    std::thread::scope(|threads| {
        let asked = threads.spawn(|| answer(late));
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
        let mut body = [0; 5];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"hello");
        drop(stream);
        assert!(matches!(asked.join().unwrap(), Err(HttpError::Interrupted { .. })));
    });
    let (maker, late) = Late::new(5);
    drop(maker);
    assert!(matches!(answer(late), Err(HttpError::NotMade { .. })));
    let (maker, late) = Late::new(5);
    maker.give(b"hello!".to_vec(), b' ');
    assert!(matches!(answer(late), Err(HttpError::NotMade { .. })));
}

/// The head of a request, byte by byte: what follows it stays.
fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}
