//! What answers at the moment: sites that are exchanged whole. A request ends with the one that it began with.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use sealwax_server::{Answer, Bytes, Head, Hosts, Refused, Reply, Response, Route, Site};

/// The sites of the moment.
pub struct Front(RwLock<Arc<Hosts>>);

impl Front {
    pub fn new(sites: Hosts) -> Self {
        Self(RwLock::new(Arc::new(sites)))
    }

    /// Answers with others from the next request on. The one before is gone when its last request has ended.
    pub fn exchange(&self, sites: Hosts) -> Weak<Hosts> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::downgrade(&std::mem::replace(&mut *current, Arc::new(sites)))
    }

    fn current(&self) -> Arc<Hosts> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Site for Front {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        self.current().route(head)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let sites = self.current();
            sites.answer(head, body).await
        })
    }

    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        self.current().refuse(head, refused)
    }
}
