//! `[proxy]`.

use sealwax_server::{ForwardedField, Network, Proxies};

use super::{Keys, Section};

/// The proxies in front, and how they say whom they speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    pub trusted: Vec<Network>,
    pub field: ForwardedField,
}

impl Section for Proxy {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "trusted",
            "Addresses of the proxies, as [\"127.0.0.1\", \"10.0.0.0/8\"]. Only what they say of where a request comes \
             from is believed, and limits are those of the client's address.",
            &mut self.trusted,
        );
        keys.key(
            "field",
            "The header field in which they say it, \"x-forwarded-for\" or \"forwarded\". They must not pass it on from \
             clients as it is.",
            &mut self.field,
        );
    }
}

impl Proxy {
    /// As the server takes them.
    pub fn of_server(&self) -> Proxies {
        Proxies { networks: self.trusted.clone(), field: self.field }
    }

    /// Whether the address that a request comes from is its client's. Who has no TLS under an address that promises it is behind
    /// a proxy, and if nobody said which one, all clients seem to come from there.
    pub fn knows_addresses(&self, has_tls: bool, url: &str) -> bool {
        !self.trusted.is_empty() || has_tls || !url.starts_with("https:")
    }
}
