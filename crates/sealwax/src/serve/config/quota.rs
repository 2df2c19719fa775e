//! `[quota]`.

use sealwax_ca::Quotas;
use sealwax_server::Rate;

use super::{Keys, Section};

/// How many certificates there are for whom, per minute; a minute's worth of them at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    pub certificates_per_identity: Option<f64>,
    pub certificates_per_issuer: Option<f64>,
}

impl Section for Quota {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "certificates_per_identity",
            "Certificates of one identity per minute, a minute's worth of them at once; who wants more gets 429 and when to come \
             again. Unset: no limit.",
            &mut self.certificates_per_identity,
        );
        keys.key(
            "certificates_per_issuer",
            "Certificates of all identities of one issuer per minute, likewise. Unset: no limit.",
            &mut self.certificates_per_issuer,
        );
    }
}

impl Quota {
    /// As the authority takes them.
    pub fn of_authority(&self) -> Quotas {
        Quotas::new(
            self.certificates_per_identity.map(per_minute),
            self.certificates_per_issuer.map(per_minute),
        )
    }
}

fn per_minute(count: f64) -> Rate {
    Rate { per_second: count / 60.0, burst: count.max(1.0) }
}
