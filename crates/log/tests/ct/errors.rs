//! What a client is told.

use hyper::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use sealwax_crypto::{KeyKind, SignError};
use sealwax_log::{
    AddError,
    ct::{AddChainError, ChainError, request::RequestError, sct::SctError},
};
use sealwax_signer::SignerError;
use sealwax_store::StoreError;
use std::{sync::Arc, time::Duration};

#[test]
fn each_error_has_the_deployed_status() {
    let key = SignError::Unsupported { kind: KeyKind::Ed25519 };
    let secret = "the disk in rack 7";
    let disk = StoreError::Failed { what: secret.into(), cause: Arc::new(std::io::Error::other(secret)) };
    for (error, status, retry_after, words) in [
        (RequestError::Empty.into(), 400, None, "the chain is empty"),
        (RequestError::TooLarge { found: 200_000 }.into(), 413, None, "200000 bytes"),
        (ChainError::PrecertificateToAddChain.into(), 400, None, "submit it to add-pre-chain"),
        (AddError::TooLarge { found: 2, limit: 1 }.into(), 413, None, "2 bytes"),
        (AddError::Full { retry_after: Duration::from_millis(2_300) }.into(), 503, Some("3"), "busy"),
        (AddError::Full { retry_after: Duration::ZERO }.into(), 503, Some("1"), "busy"),
        (
            AddError::NotNow { reason: "the clock is behind".into() }.into(),
            503,
            Some("1"),
            "the clock is behind",
        ),
        (AddError::Stopped.into(), 503, Some("1"), "stopped"),
        (AddError::Frozen.into(), 405, None, "frozen"),
        (AddChainError::Issuer(disk), 503, Some("1"), "could not be stored"),
        (SctError::Signer(SignerError::Key(key)).into(), 503, Some("1"), "submit it again"),
        (SctError::Hangs { seconds: 30 }.into(), 503, Some("1"), "submit it again"),
        (SctError::Kind { kind: KeyKind::Ed25519 }.into(), 500, None, "could not be signed"),
    ] {
        let error: AddChainError = error;
        let response = error.to_http();
        let text = str::from_utf8(response.body()).unwrap();
        assert_eq!(response.status().as_u16(), status, "{text}");
        let header = response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after, "{text}");
        assert!(text.contains(words) && text.ends_with('\n') && text.lines().count() == 1, "{text}");
        assert!(!text.contains(secret), "{text}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(response.headers().contains_key(ALLOW), status == 405);
    }
}
