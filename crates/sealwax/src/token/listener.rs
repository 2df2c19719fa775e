//! Where the browser comes back to: one request on loopback.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use sealwax_idp::form::Form;
use sealwax_idp::page::STYLE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Failure;

const PATH: &str = "/auth/callback";

/// The longest head of a request that is read, bytes: a browser's own headers have a few thousand.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// Connections that are waited for at once. Browsers open six.
const MAX_CLIENTS: usize = 64;

/// How long a browser may take for one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The page at the end, which looks like those of our own identity provider.
fn done() -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Signed in</title><style>{STYLE}</style>\
         <main><h1>Back to your terminal</h1><p>It has the answer. You can close this page.</p></main></html>"
    )
}

/// A port of this machine, by both of its addresses where it has both.
pub struct Listener {
    port: u16,
    v4: TcpListener,
    v6: Option<TcpListener>,
}

impl Listener {
    pub async fn bind() -> Result<Self, Failure> {
        let cannot = |error: io::Error| Failure::cannot(format!("cannot listen on this machine: {error}"));
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(cannot)?;
        let port = v4.local_addr().map_err(cannot)?.port();
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        Ok(Self { port, v4, v6 })
    }

    /// By name, which is how issuers have registered it for other tools.
    pub fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// The parameters of the first request that has our state. Others get nothing, and end nothing: a browser opens connections
    /// in case that it needs them, and says nothing over most.
    pub async fn answer(&self, state: &str) -> Form {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                Some(client) = clients.join_next() => {
                    if let Ok(Some(form)) = client {
                        return form;
                    }
                }
                accepted = self.accept(), if clients.len() < MAX_CLIENTS => match accepted {
                    Ok((stream, _)) => {
                        let state = state.to_owned();
                        clients.spawn(async move { timeout(PATIENCE, serve(stream, &state)).await.ok().flatten() });
                    }
                    Err(_) => sleep(Duration::from_millis(50)).await,
                },
            }
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.v6 {
            None => self.v4.accept().await,
            Some(v6) => tokio::select! { one = self.v4.accept() => one, one = v6.accept() => one },
        }
    }
}

async fn serve(mut stream: TcpStream, state: &str) -> Option<Form> {
    let head = read_head(&mut stream).await?;
    let form = parameters(&head).filter(|form| form.get("state") == Some(state));
    let (status, body) = if form.is_some() { ("200 OK", done()) } else { ("404 Not Found", String::new()) };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // Who went away does not read it; we have what we want.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    form
}

async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > MAX_HEAD_BYTES || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// The query of `GET /auth/callback?… HTTP/1.1`.
fn parameters(head: &[u8]) -> Option<Form> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let target = std::str::from_utf8(line).ok()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    Form::parse(target.strip_prefix(PATH)?.strip_prefix('?')?.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_says_nothing_keeps_nobody_waiting() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = Listener::bind().await.unwrap();
            let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, listener.port));
            let _silent = connect().await.unwrap();
            let mut browser = connect().await.unwrap();
            browser.write_all(b"GET /auth/callback?state=s&code=c HTTP/1.1\r\n\r\n").await.unwrap();
            let answer = timeout(PATIENCE / 2, listener.answer("s")).await;
            assert_eq!(answer.unwrap().get("code"), Some("c"));
        });
    }

    #[test]
    fn only_the_answer_is_read() {
        let form =
            parameters(b"GET /auth/callback?code=a%26b&state=s HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        assert_eq!((form.get("code"), form.get("state")), (Some("a&b"), Some("s")));
        for head in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET /auth/callback HTTP/1.1\r\n\r\n",
            "GET /auth/callbackx?a=b HTTP/1.1\r\n\r\n",
            "POST /auth/callback?a=b HTTP/1.1\r\n\r\n",
            "GET /auth/callback?a=%f HTTP/1.1\r\n\r\n",
            "",
        ] {
            assert!(parameters(head.as_bytes()).is_none(), "{head}");
        }
    }
}
