//! A server for as long as a test has it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sealwax_json::{Limits, Value};

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Method and path.
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

pub(super) struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) fn new(mut answer: impl FnMut(&Asked) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(asked) = read(&mut stream) else { continue };
                let (status, body) = answer(&asked);
                kept.lock().unwrap().push(asked);
                let length = body.len();
                // A redirect leads to where nobody is.
                let head = format!(
                    "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { url, asked }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// The text at a path of members.
    pub(super) fn text(&self, path: &str) -> String {
        let value = sealwax_json::parse(self.body.as_bytes(), &Limits::of_bytes(1 << 16)).unwrap();
        let found = path.split('.').try_fold(&value, |value, name| value.member(name));
        found.and_then(Value::as_str).unwrap().to_owned()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, length)| length);
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line, headers, body: String::from_utf8(body).unwrap() })
}

/// The two numbers of an ECDSA signature, of this length each.
pub(super) fn raw_of_der(signature: &[u8], length: usize) -> Vec<u8> {
    let (mut raw, mut rest) = (Vec::new(), &signature[2..]);
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        raw.extend(vec![0; length - number.len()]);
        raw.extend(number);
        rest = after;
    }
    raw
}
