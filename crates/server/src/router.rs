use crate::{Answer, Head, Refused, Reply, Route, Site};
use bytes::Bytes;
use hyper::Response;

/// A site made of sites, each below a path. The longest path wins; of the sites that share it, the first that has a route for
/// the request. What leads nowhere is not found.
#[derive(Default)]
pub struct Router {
    /// The longest path first.
    sites: Vec<(String, Box<dyn Site>)>,
}

impl Router {
    /// Adds a site below `path`, with or without slashes at its ends; empty for what no other site has. The site sees paths
    /// without it ([`Head::path`]).
    #[must_use]
    pub fn with(mut self, path: &str, site: impl Site + 'static) -> Self {
        let path = match path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        let place = self.sites.partition_point(|(other, _)| other.len() >= path.len());
        self.sites.insert(place, (path, Box::new(site)));
        self
    }

    fn find<'a>(&self, head: Head<'a>) -> Option<(&dyn Site, Head<'a>)> {
        let (longest, _) = self.sites.iter().find(|(path, _)| head.below(path).is_some())?;
        let below = head.below(longest)?;
        let sites = self.sites.iter().filter(|(path, _)| path == longest).map(|(_, site)| &**site);
        sites.map(|site| (site, below)).find(|(site, below)| site.route(*below).is_some())
    }
}

impl Site for Router {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        let (site, head) = self.find(head)?;
        site.route(head)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        match self.find(head) {
            Some((site, head)) => site.answer(head, body),
            None => Box::pin(std::future::ready(crate::reply::not_found())),
        }
    }

    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        self.find(head).map_or_else(|| refused.plain(), |(site, head)| site.refuse(head, refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ask, reply};
    use hyper::{Request, StatusCode};

    /// Says its name and the path that it sees.
    struct Named(&'static str);

    /// Has one path only.
    struct Only(&'static str);

    impl Site for Only {
        fn route(&self, head: Head<'_>) -> Option<Route> {
            (head.path() == self.0).then_some(Route::read("only"))
        }

        fn answer<'a>(&'a self, _: Head<'a>, _: Bytes) -> Answer<'a> {
            Box::pin(async move { reply::plain(StatusCode::OK, format!("only {}", self.0)) })
        }
    }

    impl Site for Named {
        fn route(&self, head: Head<'_>) -> Option<Route> {
            (head.path() != "/none").then_some(Route::read("named"))
        }

        fn answer<'a>(&'a self, head: Head<'a>, _: Bytes) -> Answer<'a> {
            let seen = format!("{} {} {:?}", self.0, head.path(), head.query());
            Box::pin(async move { reply::plain(StatusCode::OK, seen) })
        }
    }

    fn get(site: &dyn Site, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (parts, body) = runtime.block_on(ask(site, request)).into_parts();
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn the_longest_path_wins() {
        let router = Router::default()
            .with("a", Named("short"))
            .with("/a/b/", Named("long"))
            .with("other", Router::default().with("c", Named("inner")));
        let named = |text: &str| (200, text.to_owned());
        let none = || (404, "not found\n".to_owned());
        for (path, found) in [
            ("/a", named("short  None")),
            ("/a/", named("short / None")),
            ("/a/x?y=%20", named("short /x Some(\"y=%20\")")),
            ("/a/bc", named("short /bc None")),
            ("/a/b", named("long  None")),
            ("/a/b/c", named("long /c None")),
            ("/other/c/d", named("inner /d None")),
            ("/ab", none()),
            ("/", none()),
            ("*", none()),
            ("/other", none()),
            ("//a", none()),
            // The longest path alone is asked.
            ("/a/b/none", none()),
        ] {
            assert_eq!(get(&router, path), found, "{path}");
        }
        let router = router.with("a", Only("/x")).with("", Only("/y")).with("", Named("root"));
        assert_eq!(get(&router, "/a/x"), named("short /x None"));
        assert_eq!(get(&router, "/y"), named("only /y"));
        assert_eq!(get(&router, "/x"), named("root /x None"));
        assert_eq!(get(&router, "/a/b/none"), none());
    }
}
