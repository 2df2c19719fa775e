//! What stands between a signer and the services, and does what a test tells it to: it is silent, breaks off, refuses, lies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// What is sent back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Lines with their ends.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

/// What becomes of a request.
pub(crate) enum Act {
    /// This is the answer.
    Reply(Reply),
    /// The connection ends.
    Cut,
    /// Nothing, for ever.
    Silence,
}

/// The real service.
pub(crate) struct Upstream(SocketAddr);

impl Upstream {
    /// Another one, on this port.
    pub(crate) fn at(port: &str) -> Self {
        Self(format!("127.0.0.1:{port}").parse().unwrap())
    }

    pub(crate) fn ask(&self, request: &Request) -> Reply {
        let mut stream = TcpStream::connect(self.0).unwrap();
        let Request { method, path, content_type, body } = request;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            self.0,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let end = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(reply[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        let kept = head.lines().skip(1).filter(|line| {
            let name = line.split(':').next().unwrap().to_lowercase();
            matches!(name.as_str(), "content-type" | "retry-after" | "x-log-index")
        });
        Reply {
            status,
            headers: kept.map(|line| format!("{line}\r\n")).collect(),
            body: reply[end + 4..].to_vec(),
        }
    }
}

/// A proxy, until the test's process ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    /// The paths of all requests but `HEAD`, in order.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `act` is told how often this path was asked before.
    pub(crate) fn start(
        upstream: &str,
        act: impl Fn(&Request, usize, &Upstream) -> Act + Send + Sync + 'static,
    ) -> Self {
        let upstream = Arc::new(Upstream::at(upstream.rsplit_once(':').unwrap().1));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, act) = (Arc::clone(&asked), Arc::new(act));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, act, upstream) = (Arc::clone(&seen), Arc::clone(&act), Arc::clone(&upstream));
                thread::spawn(move || {
                    while let Some(request) = read(&stream) {
                        let act = if request.method == "HEAD" {
                            Act::Reply(Reply { status: 200, headers: String::new(), body: Vec::new() })
                        } else {
                            let before = {
                                let mut seen = seen.lock().unwrap();
                                seen.push(request.path.clone());
                                seen.iter().filter(|path| **path == request.path).count() - 1
                            };
                            (*act)(&request, before, &upstream)
                        };
                        match act {
                            Act::Reply(reply) if write(&stream, &reply).is_some() => {}
                            Act::Reply(_) | Act::Cut => return,
                            Act::Silence => thread::sleep(std::time::Duration::from_secs(3600)),
                        }
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// How often this path was asked.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut next = |line: &mut String| -> Option<()> {
        line.clear();
        (reader.read_line(line).ok()? > 0).then_some(())
    };
    next(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut length, mut content_type) = (0, String::new());
    loop {
        next(&mut line)?;
        match line.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-type") => {
                content_type = value.to_owned();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, content_type, body })
}

fn write(mut stream: &TcpStream, reply: &Reply) -> Option<()> {
    let Reply { status, headers, body } = reply;
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).ok()
}
