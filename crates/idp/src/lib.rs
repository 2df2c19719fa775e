//! The OpenID provider: who somebody is, said in a token that certificate authorities and deployed clients take.
//!
//! **Job.** Two issuers. That of people: sign in with a browser (authorization code with PKCE, to a program on the same machine or by
//! a code to copy) or for a device elsewhere; tokens carry an e-mail address. That of machines: client credentials; tokens carry a
//! URI. The accounts are local ([`local`]); [`connector`] is the seam for others who know people.
//!
//! **Specification.** RFC 6749 with RFC 9700's advice, RFC 7636 (S256 alone), 8252 §7.3, 8628, 9207; OpenID Connect Core 1.0 and
//! Discovery 1.0; RFC 6238; RFC 9106 for passwords. What deployed clients want beside that is said where it is done.
//!
//! **How it is built.** Requests are read by pure functions ([`authorize`], [`token`], [`form`]); what they do to the state
//! is in small tables ([`codes`], [`device`], [`throttle`]) that are handed the time; [`provider`] puts both together, and is
//! handed randomness. [`site`] is the only part that knows HTTP. Between two pages the browser carries what is to be remembered
//! ([`seal`]), so that a page that is asked for costs no memory.
//!
//! **What is trusted.** The directory ([`state`]), for who has an account; nothing that a browser or a client says.
//!
//! **Non-goals.** Refresh tokens, sessions (who signs in twice says their password twice), scopes beyond `openid` and `email`,
//! user info, dynamic registration, the implicit flow, providers elsewhere.
//!
//! **Tests.** Each refusal with its error, beside the code; whole flows as deployed clients send them, over a socket (`tests/flows`);
//! the directory through every crash of a disk that forgets (`tests/crash`).

pub mod account;
pub mod authorize;
pub mod client;
pub mod codes;
pub mod connector;
pub mod device;
mod fields;
pub mod form;
pub mod html;
pub mod issuer;
pub mod keys;
pub mod local;
pub mod page;
pub mod password;
pub mod pkce;
pub mod provider;
pub mod seal;
pub mod site;
pub mod state;
pub mod store;
pub mod throttle;
pub mod token;
pub mod totp;
mod upgrade;
pub mod used;

pub use fields::FieldError;
