use crate::{Answer, Head, Route, Site, header::HeaderValue, reply};
use bytes::Bytes;
use hyper::{StatusCode, header};

/// `/metrics`, for a listener of its own that strangers do not reach.
pub struct Page(Box<dyn Fn() -> String + Send + Sync>);

impl Page {
    /// Shows what `text` writes, each time anew.
    pub fn new(text: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Box::new(text))
    }
}

impl Site for Page {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        (head.path() == "/metrics").then_some(Route::read("metrics").private())
    }

    fn answer<'a>(&'a self, _: Head<'a>, _: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let mut response = reply::plain(StatusCode::OK, (self.0)());
            let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            response
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, Request, ask};

    #[test]
    fn no_page_of_another_site_reads_it() {
        let page = Page::new(|| "a 1\n".to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ask = |method, path| {
            let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
            runtime.block_on(ask(&page, request))
        };
        let answer = ask(Method::GET, "/metrics");
        assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, &b"a 1\n"[..]));
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        for method in [Method::GET, Method::OPTIONS] {
            assert!(!ask(method, "/metrics").headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        }
        assert_eq!(ask(Method::POST, "/metrics").status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(ask(Method::GET, "/").status(), StatusCode::NOT_FOUND);
    }
}
