//! The OpenID provider.

pub mod account;
pub mod authorize;
pub mod client;
pub mod fields;
pub mod form;
pub mod html;
mod jwt;
pub mod keys;
pub mod password;
pub mod pkce;
pub mod state;
pub mod store;
pub mod throttle;
pub mod totp;
