use hyper::Method;

/// What a path names: what it is counted as, and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    name: &'static str,
    reads: bool,
    submits: bool,
    body_bytes: usize,
    private: bool,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It asks what it may do.
    Options,
    Read,
    Submit,
}

impl Route {
    /// Takes `GET` and `HEAD`. `name`, of small letters, digits and underscores, is what it is called in the metrics.
    #[must_use]
    pub const fn read(name: &'static str) -> Self {
        Self { name, reads: true, submits: false, body_bytes: usize::MAX, private: false }
    }

    /// Takes `POST` with a body. Each counts against what its address may submit, and against what is answered at once.
    #[must_use]
    pub const fn submission(name: &'static str) -> Self {
        Self { reads: false, submits: true, ..Self::read(name) }
    }

    /// Takes `GET` and `HEAD` as well.
    #[must_use]
    pub const fn and_read(self) -> Self {
        Self { reads: true, ..self }
    }

    /// Takes no larger bodies than this, nor larger ones than [`Limits::body_bytes`](crate::Limits::body_bytes).
    #[must_use]
    pub const fn body_bytes(self, most: usize) -> Self {
        Self { body_bytes: most, ..self }
    }

    /// Pages of other sites may not read the answers.
    #[must_use]
    pub const fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// What it is called in the metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn most_body_bytes(&self) -> usize {
        self.body_bytes
    }

    pub(crate) const fn is_private(&self) -> bool {
        self.private
    }

    pub(crate) const fn submits(&self) -> bool {
        self.submits
    }

    /// What a request with this method does here; `None` if the method is not taken.
    pub(crate) fn act(&self, method: &Method) -> Option<Act> {
        match *method {
            Method::OPTIONS => Some(Act::Options),
            Method::GET | Method::HEAD if self.reads => Some(Act::Read),
            Method::POST if self.submits => Some(Act::Submit),
            _ => None,
        }
    }

    /// The methods that it takes, as the header `Allow` has them.
    pub(crate) const fn methods(&self) -> &'static str {
        match (self.reads, self.submits) {
            (true, true) => "GET, HEAD, POST, OPTIONS",
            (_, true) => "POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}
