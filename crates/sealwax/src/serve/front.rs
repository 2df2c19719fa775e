//! What answers at the moment: a router that is exchanged whole. A request ends with the one that it began with.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use sealwax_server::{Answer, Bytes, Head, Refused, Reply, Response, Route, Router, Site};

/// The router of the moment.
pub struct Front(RwLock<Arc<Router>>);

impl Front {
    pub fn new(router: Router) -> Self {
        Self(RwLock::new(Arc::new(router)))
    }

    /// Answers with another router from the next request on. The one before is gone when its last request has ended.
    pub fn exchange(&self, router: Router) -> Weak<Router> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::downgrade(&std::mem::replace(&mut *current, Arc::new(router)))
    }

    fn current(&self) -> Arc<Router> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Site for Front {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        self.current().route(head)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let router = self.current();
            router.answer(head, body).await
        })
    }

    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        self.current().refuse(head, refused)
    }
}
