//! A web server for a directory on the loopback interface, until this process ends.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use crate::Failure;

/// Serves a directory; its address.
pub(crate) fn serve(directory: PathBuf) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let directory = directory.clone();
            // Who hangs up has had enough.
            std::thread::spawn(move || converse(&stream, &directory));
        }
    });
    Ok(address)
}

/// Answers on a connection until its other end goes. What is not there has no body: clients keep a connection only if they have read
/// all of an answer, and many do not read that of a 404.
fn converse(mut stream: &TcpStream, directory: &Path) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        let (status, body) = match fs::read(directory.join(path)) {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend(body);
        stream.write_all(&answer)?;
    }
    Ok(())
}
