//! A server that answers as a test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Body(Vec<u8>),
    /// A body with this `Content-Encoding`.
    Coded(&'static str, Vec<u8>),
    Status(u16),
    Redirect(String),
    /// A body without an announced length that goes on until the client has had enough.
    Endless,
    /// An announced length, and less.
    Short,
    /// Nothing for a second.
    Silence,
    /// A byte every 20 milliseconds, a second long.
    Drip,
    /// Not HTTP.
    Garbage,
}

pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    /// The targets of the requests, in order.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self::listen(answer, None)
    }

    pub(crate) fn start_tls(
        answer: impl FnMut(&str) -> Reply + Send + 'static,
        tls: rustls::ServerConfig,
    ) -> Self {
        Self::listen(answer, Some(Arc::new(tls)))
    }

    fn listen(
        mut answer: impl FnMut(&str) -> Reply + Send + 'static,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let seen = Arc::clone(&requests);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // A client that hangs up is part of some tests.
                let _ = match &tls {
                    None => serve(&mut stream, &seen, &mut answer),
                    Some(tls) => {
                        let mut connection = rustls::ServerConnection::new(Arc::clone(tls)).unwrap();
                        serve(&mut rustls::Stream::new(&mut connection, &mut stream), &seen, &mut answer)
                    }
                };
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
        });
        Server { address, scheme, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://localhost:{}/", self.scheme, self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    stream: &mut (impl Read + Write),
    seen: &Mutex<Vec<String>>,
    answer: &mut impl FnMut(&str) -> Reply,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut *stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while reader.read_line(&mut line)? > 2 {}
    drop(reader);
    seen.lock().unwrap().push(target.clone());
    let head = |status: &str| format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    match answer(&target) {
        Reply::Body(body) => {
            write!(stream, "{}Content-Length: {}\r\n\r\n", head("200 OK"), body.len())?;
            stream.write_all(&body)?;
        }
        Reply::Coded(coding, body) => {
            let head = format!("{}Content-Encoding: {coding}\r\n", head("200 OK"));
            write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len())?;
            stream.write_all(&body)?;
        }
        Reply::Status(status) => {
            write!(stream, "{}Content-Length: 4\r\n\r\nbody", head(&format!("{status} Status")))?;
        }
        Reply::Redirect(to) => {
            write!(stream, "{}Location: {to}\r\nContent-Length: 0\r\n\r\n", head("302 Found"))?;
        }
        Reply::Endless => {
            write!(stream, "{}\r\n", head("200 OK"))?;
            while stream.write_all(&[0; 4096]).is_ok() {}
        }
        Reply::Short => write!(stream, "{}Content-Length: 100\r\n\r\nbody", head("200 OK"))?,
        Reply::Silence => std::thread::sleep(Duration::from_secs(1)),
        Reply::Drip => {
            write!(stream, "{}Content-Length: 50\r\n\r\n", head("200 OK"))?;
            for _ in 0..50 {
                std::thread::sleep(Duration::from_millis(20));
                stream.write_all(b".")?;
                stream.flush()?;
            }
        }
        Reply::Garbage => stream.write_all(b"not HTTP at all\r\n\r\n")?,
    }
    stream.flush()
}

/// A connection that nobody accepts: the port was free a moment ago.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port())
}
