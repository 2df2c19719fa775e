//! Changes that a log would sign: the body of an entry is changed first, then logged, proved and promised as it is.
//!
//! Whoever may write to a log could make such entries, so nothing but the comparison of the body with the bundle stands against them.

use sealwax_testkit::{Signer, cases::ARTIFACT, leaf::LeafOptions};
use sealwax_verify::Bundle;
use serde_json::Value;

use crate::change::{self, Change, Density, Place};
use crate::made::{self, Class};
use crate::subject::{NOW, Statement, TrustDocuments};

/// One class for each kind of entry and content.
const CLASSES: [&str; 7] = [
    "0.3 message, hashedrekord 0.0.1, proof and SET",
    "0.3 dsse, dsse 0.0.1, proof and SET",
    "0.3 dsse, intoto 0.0.2, proof and SET",
    "0.1 dsse, intoto 0.0.2, SET",
    "0.2 dsse, intoto 0.0.2, proof and SET, key by hint",
    "0.3 message, hashedrekord 0.0.2, proof and timestamp",
    "0.3 dsse, hashedrekord 0.0.2, proof and timestamp",
];

/// A change of a body, and all that is needed to make and judge a bundle with it.
pub(crate) struct Job {
    class: Class,
    place: Place,
    change: Change,
}

fn body(bundle: &Value) -> Value {
    let text = bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"].as_str();
    let bytes = text.and_then(crate::base64::decode).expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

pub(crate) fn jobs(classes: &[Class]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for name in CLASSES {
        let mut class = classes.iter().find(|class| class.name == name).expect("a class").clone();
        // One key for all, so that bodies differ in what is changed and in what is signed anew.
        let signer = Signer::generate(sealwax_crypto::KeyKind::EcdsaP256);
        class.options = class.options.with_leaf(|leaf| LeafOptions { signer: Some(signer), ..leaf });
        let subject = class.subject();
        let document = body(&subject.document);
        let mut changes = change::changes(&document, Density::Sample(6));
        for (name, other) in &subject.others {
            changes.extend(change::exchanges(&document, name, &body(other)));
        }
        let job = |(place, change)| Job { class: class.clone(), place, change };
        jobs.extend(changes.into_iter().map(job));
    }
    jobs
}

impl Job {
    /// Class, place and change.
    pub(crate) fn names(&self) -> (&str, String, &'static str) {
        (&self.class.name, format!("body as logged>{}", self.place.name()), self.change.name())
    }

    /// What a verdict of yes says, if it is that.
    pub(crate) fn judge(&self) -> Option<Statement> {
        let (place, change) = (self.place.clone(), self.change.clone());
        let options = self.class.options.clone().on_canonical_body(move |body| {
            let document: Value = serde_json::from_slice(body).expect("JSON");
            *body = change::changed(&document, &place, &change).into_bytes();
        });
        let made = self.class.sign(ARTIFACT, &options);
        let bundle = Bundle::parse(&made.bundle_json()).expect("a readable bundle");
        let instance = &self.class.instance;
        let trust = TrustDocuments { root: instance.trusted_root(), keys: instance.npm_keys() };
        let verifier = trust.verifier().expect("trust");
        let digests = made::digests(ARTIFACT);
        let artifact = sealwax_verify::Artifact { digests: &digests, ..Default::default() };
        let policy = made::policy(&made);
        verifier.verify(&bundle, artifact, &policy, NOW).ok().map(|verified| Statement::of(&verified))
    }
}
