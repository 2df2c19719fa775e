//! CI providers that a configuration describes with templates.

use super::{Identity, IdentityError, Subject, go_print, url};
use crate::claims::Claims;
use crate::config::{CiProvider, Source};
use crate::extensions::{Extensions, NAMES};
use crate::template::{Data, RunError};

pub(super) fn identity(claims: &Claims, provider: &CiProvider) -> Result<Identity, IdentityError> {
    let data = ClaimsAndDefaults { claims, provider };
    let subject = data.fill_in(&provider.subject, "subject-alternative-name-template")?;
    let mut extensions = Extensions::new(claims.issuer(), claims.subject());
    for (number, source) in &provider.extensions {
        extensions.set(*number, data.fill_in(source, name(*number))?);
    }
    Ok(Identity::by_subject(claims, Subject::Uri(url(&subject)?.to_string()), extensions))
}

/// Claims go before defaults of the same name, even where they are null.
struct ClaimsAndDefaults<'a> {
    claims: &'a Claims,
    provider: &'a CiProvider,
}

impl Data for ClaimsAndDefaults<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let claim = self.claims.all().get(name).map(go_print::claim);
        claim.or_else(|| self.provider.defaults.get(name).cloned())
    }
}

impl ClaimsAndDefaults<'_> {
    fn fill_in(&self, source: &Source, name: &'static str) -> Result<String, IdentityError> {
        let filled = match source {
            Source::Claim(claim) => self.text(claim).ok_or_else(|| RunError::Missing { name: claim.clone() }),
            Source::Template(template) => template.run(self),
        };
        filled.map_err(|cause| IdentityError::Template { name, cause })
    }
}

fn name(number: u8) -> &'static str {
    NAMES.iter().find(|(other, ..)| *other == number).map_or("extension", |(_, _, yaml)| yaml)
}
