//! A client that sends what it is told, and a browser that fills in forms.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> sealwax_json::Value<'static> {
        let limits = sealwax_json::Limits::of_bytes(1 << 20);
        sealwax_json::parse(self.body.as_bytes(), &limits).unwrap().into_owned()
    }

    pub(crate) fn text(&self, member: &str) -> String {
        let json = self.json();
        json.member(member)
            .unwrap_or_else(|| panic!("no {member} in {}", self.body))
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A parameter of the URL that the browser is sent to.
    pub(crate) fn sent_on(&self, name: &str) -> Option<String> {
        assert_eq!(self.status, 303, "{self:?}");
        let (_, query) = self.header("location").split_once('?').unwrap();
        let form = sealwax_idp::form::Form::parse(query.as_bytes()).unwrap();
        form.get(name).map(str::to_owned)
    }
}

pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

/// A form, as a browser sends it.
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A browser: it keeps cookies, and sends forms where they want to go.
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new() }
    }

    pub(crate) fn open(&mut self, target: &str) -> Answer {
        self.send("GET", target, "")
    }

    /// Fills in the form of a page.
    pub(crate) fn fill_in(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let action = unescape(between(&page.body, " action=\"", "\""));
        let mut form = sealwax_idp::form::Form::default();
        form = form.with("step", between(&page.body, "name=\"step\" value=\"", "\""));
        for (name, value) in fields {
            form = form.with(name, value);
        }
        self.send("POST", &action, &form.encode())
    }

    fn send(&mut self, method: &str, target: &str, body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let origin = format!("http://{}", self.address);
        let headers = [FORM, ("cookie", cookies.as_str()), ("origin", &origin)];
        let answer = send(self.address, method, target, &headers, body);
        if let Some((pair, rest)) = answer.header("set-cookie").split_once(';') {
            let (name, value) = pair.split_once('=').unwrap();
            assert!(rest.contains("HttpOnly; SameSite=Strict") && rest.contains("Path=/oidc;"), "{rest}");
            if rest.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

pub(crate) fn between<'a>(text: &'a str, front: &str, back: &str) -> &'a str {
    let (_, rest) = text.split_once(front).unwrap_or_else(|| panic!("no {front} in {text}"));
    rest.split_once(back).unwrap().0
}

fn unescape(text: &str) -> String {
    text.replace("&amp;", "&").replace("&#39;", "'")
}
