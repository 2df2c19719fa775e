//! A certificate before anything is signed with it: what an authority has just issued (rules 3 and 8).

use sealwax_pki::Certificate;

use crate::report::Report;
use crate::verdict::{CertificateSigner, NotVerified, Signer};
use crate::{Verifier, certificate};

impl Verifier {
    /// Whom the certificate names, if it is one that a signature of this instant would verify by: its profile, a path to an authority
    /// of the trust, and an SCT where the trust lists certificate logs. The instant is its own first one; that it is now is not said,
    /// nor that its holder is anybody in particular.
    ///
    /// # Errors
    /// [`NotVerified`] carries every check that was made.
    pub fn issued(&self, leaf: &Certificate) -> Result<CertificateSigner, Box<NotVerified>> {
        let mut report = Report::begin();
        let signer = CertificateSigner { certificate: leaf.clone() };
        let believed = certificate::profile(leaf, &mut report).and_then(|(end_entity, _)| {
            let path = certificate::path(&end_entity, &[leaf.not_before()], self.trust(), &mut report)?;
            certificate::timestamps(leaf, &path, self.trust(), &mut report)
        });
        match believed {
            Some(()) if report.is_clean() => Ok(signer),
            _ => Err(Box::new(NotVerified { report, signer: Some(Signer::Certificate(signer)) })),
        }
    }
}
