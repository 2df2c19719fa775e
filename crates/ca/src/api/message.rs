//! The messages on the wire, as protobuf numbers them (`fulcio.proto`, package `dev.sigstore.fulcio.v2`). Answers in JSON are written from
//! the same ones.

use prost::{Message, Oneof};

/// A certificate is asked for.
#[derive(Clone, PartialEq, Message)]
pub struct CreateSigningCertificateRequest {
    /// Who asks.
    #[prost(message, optional, tag = "1")]
    pub credentials: Option<Credentials>,
    /// For which key.
    #[prost(oneof = "Key", tags = "2, 3")]
    pub key: Option<Key>,
}

/// Who asks: of the kinds of credentials there is one.
#[derive(Clone, PartialEq, Message)]
pub struct Credentials {
    /// An identity token.
    #[prost(string, tag = "1")]
    pub oidc_identity_token: String,
}

/// A key and the proof that whoever asks has it.
#[derive(Clone, PartialEq, Oneof)]
pub enum Key {
    /// A key, and its signature of the challenge.
    #[prost(message, tag = "2")]
    PublicKey(PublicKeyRequest),
    /// A certificate request in PEM.
    #[prost(bytes = "vec", tag = "3")]
    CertificateSigningRequest(Vec<u8>),
}

/// A key, and its signature of the challenge.
#[derive(Clone, PartialEq, Message)]
pub struct PublicKeyRequest {
    /// The key.
    #[prost(message, optional, tag = "1")]
    pub public_key: Option<PublicKey>,
    /// The signature.
    #[prost(bytes = "vec", tag = "2")]
    pub proof_of_possession: Vec<u8>,
}

/// A key. Field 1, its algorithm, is not read: the key says it.
#[derive(Clone, PartialEq, Message)]
pub struct PublicKey {
    /// PEM, or DER.
    #[prost(string, tag = "2")]
    pub content: String,
}

/// The answer: a certificate that carries its SCTs. Field 1, for one whose SCT is beside it, is never set.
#[derive(Clone, PartialEq, Message)]
pub struct SigningCertificate {
    /// The certificate.
    #[prost(message, optional, tag = "2")]
    pub signed_certificate_embedded_sct: Option<EmbeddedSct>,
}

/// A certificate that carries its SCTs.
#[derive(Clone, PartialEq, Message)]
pub struct EmbeddedSct {
    /// Leaf first, root last.
    #[prost(message, optional, tag = "1")]
    pub chain: Option<CertificateChain>,
}

/// What the certificates of this authority are verified with.
#[derive(Clone, PartialEq, Message)]
pub struct TrustBundle {
    /// Each from the issuer of leaves to a root.
    #[prost(message, repeated, tag = "1")]
    pub chains: Vec<CertificateChain>,
}

/// Certificates, each certified by the next.
#[derive(Clone, PartialEq, Message)]
pub struct CertificateChain {
    /// In PEM.
    #[prost(string, repeated, tag = "1")]
    pub certificates: Vec<String>,
}

/// Whom the authority believes.
#[derive(Clone, PartialEq, Message)]
pub struct Configuration {
    /// The issuers.
    #[prost(message, repeated, tag = "1")]
    pub issuers: Vec<OidcIssuer>,
}

/// An issuer of identity tokens.
#[derive(Clone, PartialEq, Message)]
pub struct OidcIssuer {
    /// Its URL, or a pattern of such.
    #[prost(oneof = "IssuerUrl", tags = "1, 2")]
    pub issuer: Option<IssuerUrl>,
    /// Whom its tokens are for.
    #[prost(string, tag = "3")]
    pub audience: String,
    /// The claim that a proof of possession signs.
    #[prost(string, tag = "4")]
    pub challenge_claim: String,
    /// Of issuers of type spiffe.
    #[prost(string, tag = "5")]
    pub spiffe_trust_domain: String,
    /// Its type.
    #[prost(string, tag = "6")]
    pub issuer_type: String,
    /// Of issuers of types uri and username.
    #[prost(string, tag = "7")]
    pub subject_domain: String,
    /// Whether an address counts that the issuer has not verified.
    #[prost(bool, tag = "8")]
    pub skip_email_verification: bool,
}

/// The URL of an issuer, or a pattern of such.
#[derive(Clone, PartialEq, Oneof)]
pub enum IssuerUrl {
    /// One URL.
    #[prost(string, tag = "1")]
    Exact(String),
    /// With wildcards.
    #[prost(string, tag = "2")]
    Wildcard(String),
}
