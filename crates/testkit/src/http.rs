//! A client of HTTP/1.1 that sends whatever bytes it is told to. Like all of this crate it panics where a test has failed.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A connection.
pub struct Client {
    /// Its socket, which waits ten seconds for bytes.
    pub stream: TcpStream,
    read: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// 200 and the like.
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// As many bytes as were announced.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        // A server that has refused what came before may have closed: the answer tells.
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Sends a request without a body and waits for its answer.
    pub fn get(&mut self, path: &str, headers: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n"));
        self.answer().unwrap()
    }

    /// Sends a request and waits for its answer. `headers`: lines with their ends.
    pub fn request(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n", body.len());
        self.send([head.as_bytes(), body].concat());
        let (status, headers) = self.head().unwrap();
        let body = if method == "HEAD" { Vec::new() } else { self.body(status, &headers).unwrap() };
        Answer { status, headers, body }
    }

    /// Waits for an answer.
    ///
    /// # Errors
    /// The connection ends before it is complete, or nothing comes for ten seconds.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let (status, headers) = self.head()?;
        let body = self.body(status, &headers)?;
        Ok(Answer { status, headers, body })
    }

    fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.more()?;
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        Ok((status, headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect()))
    }

    fn body(&mut self, status: u16, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
        if status == 204 || status == 304 {
            return Ok(Vec::new());
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").expect("a length");
        let length: usize = length.1.parse().unwrap();
        while self.read.len() < length {
            self.more()?;
        }
        Ok(self.read.drain(..length).collect())
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 65_536];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.read.extend(&buffer[..count]);
                Ok(())
            }
        }
    }

    /// Reads until the server closes, at most for the time that the socket waits.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.more().is_ok() {}
        std::mem::take(&mut self.read)
    }

    /// Whether the server closes without another byte.
    pub fn is_closed(&mut self) -> bool {
        let closed = match self.more() {
            Ok(()) => false,
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        };
        closed && self.read.is_empty()
    }
}

impl Answer {
    /// The first header of this name, in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body, which is text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
