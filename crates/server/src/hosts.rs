//! Sites by host name.

use crate::{Answer, Head, Refused, Reply, Route, Site};
use bytes::Bytes;
use hyper::Response;

/// A site for each of some host names, and one for all other names: health checks ask by whatever name there is.
pub struct Hosts {
    named: Vec<(String, Box<dyn Site>)>,
    others: Box<dyn Site>,
}

impl Hosts {
    /// `site` for every name.
    #[must_use]
    pub fn new(site: impl Site + 'static) -> Self {
        Self { named: Vec::new(), others: Box::new(site) }
    }

    /// `site` for `name`, in small letters and without a port, whatever port is asked.
    #[must_use]
    pub fn with(mut self, name: &str, site: impl Site + 'static) -> Self {
        self.named.push((name.to_owned(), Box::new(site)));
        self
    }

    fn find(&self, head: Head<'_>) -> &dyn Site {
        let asked = if self.named.is_empty() { None } else { head.host() };
        let named = asked.and_then(|asked| self.named.iter().find(|(name, _)| *name == asked));
        named.map_or(&*self.others, |(_, site)| &**site)
    }
}

impl Site for Hosts {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        self.find(head).route(head)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        self.find(head).answer(head, body)
    }

    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        self.find(head).refuse(head, refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StatusCode, ask, reply};
    use hyper::Request;

    struct Named(&'static str);

    impl Site for Named {
        fn route(&self, _: Head<'_>) -> Option<Route> {
            Some(Route::read("named"))
        }

        fn answer<'a>(&'a self, _: Head<'a>, _: Bytes) -> Answer<'a> {
            Box::pin(async move { reply::plain(StatusCode::OK, self.0) })
        }
    }

    #[test]
    fn the_name_that_was_asked_decides() {
        let hosts = Hosts::new(Named("others")).with("ca.example", Named("ca")).with("[::1]", Named("six"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let asked = |uri: &str, host: Option<&str>| {
            let mut request = Request::get(uri);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            let answer = runtime.block_on(ask(&hosts, request.body(Bytes::new()).unwrap()));
            String::from_utf8(answer.into_body().to_vec()).unwrap()
        };
        for (host, expected) in [
            ("ca.example", "ca"),
            ("CA.Example:8080", "ca"),
            ("ca.example.", "others"),
            ("ca.example.evil", "others"),
            ("[::1]:80", "six"),
            ("[::1]", "six"),
            ("", "others"),
        ] {
            assert_eq!(asked("/", Some(host)), expected, "{host}");
        }
        assert_eq!(asked("/", None), "others");
        // As in HTTP/2, and with absolute URIs in HTTP/1.1: what is in the request line counts.
        assert_eq!(asked("http://ca.example:80/", Some("other.example")), "ca");
    }
}
