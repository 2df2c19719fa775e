//! Identity tokens: verification, issuer configuration, claims to certificate identity.
//!
//! **Job.** Decide whether a token is one that a configured issuer signed, for us, and that is valid at this time ([`Token`]); read whose tokens become which
//! certificates from Fulcio's configuration file ([`Configuration`]); say what a token becomes: the subject of a certificate, its
//! extensions, and what the client must sign to prove its key ([`Identity`]).
//!
//! **Specification.** RFC 7515, 7517, 7518, 7519, 8037 (JOSE), RFC 8725 (what to avoid), OpenID Connect Core 1.0 §3.1.3.7 and
//! Discovery 1.0; for the identities what Fulcio does (its `docs/oidc.md`, `docs/oid-info.md` and deployed behaviour), byte for
//! byte.
//!
//! **What is trusted.** The configuration, and a provider's discovery document and keys, as far as whoever fetched them got them from the
//! right place. Nothing in a token, before its signature is verified, except which issuer to ask: and that is looked
//! up in the configuration.
//!
//! **Non-goals.** Fetching anything, nonces, encrypted tokens, distributed claims, HMACs. DER: `sealwax-pki` writes certificates.
//!
//! **How it is tested.** One test per refusal with its error variant (`tests/tokens.rs`); every type of issuer, and every claim that it needs; Go's
//! URLs and templates against tables that Go made.
//!
//! Where to start: [`Token::parse`], [`Token::verify`], [`Identity::of`].

mod algorithm;
mod claims;
mod config;
mod discovery;
mod email;
mod extensions;
mod go_url;
mod identity;
mod jwks;
mod spiffe;
pub mod template;
mod token;
mod write;

pub use algorithm::Algorithm;
pub use claims::{ClaimError, Claims};
pub use config::{
    CiProvider, ConfigError, Configuration, DocumentError, Issuer, IssuerType, MAX_CONFIG_BYTES, MAX_ISSUERS,
    Pattern, PatternError, Source, nearest,
};
pub use discovery::{Discovery, DiscoveryError, MAX_DISCOVERY_BYTES, Provider};
pub use extensions::Extensions;
pub use go_url::UrlError;
pub use identity::{Identity, IdentityError, Subject};
pub use jwks::{Jwks, JwksError, MAX_JWKS_BYTES, MAX_KEYS, UnusableKey};
pub use spiffe::SpiffeError;
pub use token::{MAX_TOKEN_BYTES, NOT_BEFORE_LEEWAY, Part, Token, TokenError, VerifiedToken};
pub use write::UnsignedToken;
