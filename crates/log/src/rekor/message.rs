//! The messages on the wire, as protobuf numbers them. A request in JSON becomes the same types.

use bytes::Bytes;
use prost::{Message, Oneof};

/// What to log (`rekor/v2/entry.proto`).
#[derive(Clone, PartialEq, Message)]
pub struct CreateEntryRequest {
    /// One of the kinds of request.
    #[prost(oneof = "RequestSpec", tags = "1, 2")]
    pub spec: Option<RequestSpec>,
}

/// The kinds of request.
#[derive(Clone, PartialEq, Oneof)]
pub enum RequestSpec {
    /// A signature over a digest.
    #[prost(message, tag = "1")]
    HashedRekord(HashedRekordRequest),
    /// A signed envelope. Clients still send it; what is logged is the digest of its PAE.
    #[prost(message, tag = "2")]
    Dsse(DsseRequest),
}

/// `HashedRekordRequestV002`.
#[derive(Clone, PartialEq, Message)]
pub struct HashedRekordRequest {
    /// The digest that was signed.
    #[prost(bytes = "bytes", tag = "1")]
    pub digest: Bytes,
    /// The signature over it.
    #[prost(message, optional, tag = "2")]
    pub signature: Option<Signature>,
}

/// `DSSERequestV002`.
#[derive(Clone, PartialEq, Message)]
pub struct DsseRequest {
    /// The envelope.
    #[prost(message, optional, tag = "1")]
    pub envelope: Option<Envelope>,
    /// Whose signatures it has.
    #[prost(message, repeated, tag = "2")]
    pub verifiers: Vec<Verifier>,
}

/// `io.intoto.Envelope`.
#[derive(Clone, PartialEq, Message)]
pub struct Envelope {
    /// The payload.
    #[prost(bytes = "bytes", tag = "1")]
    pub payload: Bytes,
    /// What the payload is.
    #[prost(string, tag = "2")]
    pub payload_type: String,
    /// Signatures over the PAE.
    #[prost(message, repeated, tag = "3")]
    pub signatures: Vec<EnvelopeSignature>,
}

/// `io.intoto.Signature`.
#[derive(Clone, PartialEq, Message)]
pub struct EnvelopeSignature {
    /// The signature.
    #[prost(bytes = "bytes", tag = "1")]
    pub sig: Bytes,
    /// A hint, which is not logged.
    #[prost(string, tag = "2")]
    pub keyid: String,
}

/// A signature and whose it is (`rekor/v2/verifier.proto`).
#[derive(Clone, PartialEq, Message)]
pub struct Signature {
    /// The signature.
    #[prost(bytes = "bytes", tag = "1")]
    pub content: Bytes,
    /// Whose it is.
    #[prost(message, optional, tag = "2")]
    pub verifier: Option<Verifier>,
}

/// Whose signature it is, and of which algorithm.
#[derive(Clone, PartialEq, Message)]
pub struct Verifier {
    /// The key, bare or in a certificate.
    #[prost(oneof = "VerifierKey", tags = "1, 2")]
    pub key: Option<VerifierKey>,
    /// `PublicKeyDetails`, by number.
    #[prost(int32, tag = "3")]
    pub key_details: i32,
}

/// A key, bare or in a certificate.
#[derive(Clone, PartialEq, Oneof)]
pub enum VerifierKey {
    /// A `SubjectPublicKeyInfo`.
    #[prost(message, tag = "1")]
    PublicKey(RawBytes),
    /// A certificate.
    #[prost(message, tag = "2")]
    Certificate(RawBytes),
}

/// `PublicKey` and `X509Certificate`: DER in a message of its own.
#[derive(Clone, PartialEq, Message)]
pub struct RawBytes {
    /// The DER.
    #[prost(bytes = "bytes", tag = "1")]
    pub raw_bytes: Bytes,
}

/// An entry and its proof (`sigstore_rekor.proto`). `integratedTime` (4) and `inclusionPromise` (5) mean nothing in v2 and stay
/// at their defaults, which protobuf does not write.
#[derive(Clone, PartialEq, Message)]
pub struct TransparencyLogEntry {
    /// Its index.
    #[prost(int64, tag = "1")]
    pub log_index: i64,
    /// Which log.
    #[prost(message, optional, tag = "2")]
    pub log_id: Option<LogId>,
    /// What the body is.
    #[prost(message, optional, tag = "3")]
    pub kind_version: Option<KindVersion>,
    /// Its proof.
    #[prost(message, optional, tag = "6")]
    pub inclusion_proof: Option<InclusionProof>,
    /// The leaf.
    #[prost(bytes = "bytes", tag = "7")]
    pub canonicalized_body: Bytes,
}

/// Which log.
#[derive(Clone, PartialEq, Message)]
pub struct LogId {
    /// The whole hash of its note key.
    #[prost(bytes = "bytes", tag = "1")]
    pub key_id: Bytes,
}

/// Kind and version of a body.
#[derive(Clone, PartialEq, Message)]
pub struct KindVersion {
    /// `hashedrekord`.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// `0.0.2`.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// An inclusion proof and the checkpoint it leads to.
#[derive(Clone, PartialEq, Message)]
pub struct InclusionProof {
    /// Index of the leaf.
    #[prost(int64, tag = "1")]
    pub log_index: i64,
    /// Root of the tree.
    #[prost(bytes = "bytes", tag = "2")]
    pub root_hash: Bytes,
    /// Size of the tree.
    #[prost(int64, tag = "3")]
    pub tree_size: i64,
    /// The path, from the leaf upwards.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub hashes: Vec<Bytes>,
    /// The checkpoint of that tree.
    #[prost(message, optional, tag = "5")]
    pub checkpoint: Option<Checkpoint>,
}

/// A signed checkpoint.
#[derive(Clone, PartialEq, Message)]
pub struct Checkpoint {
    /// The note.
    #[prost(string, tag = "1")]
    pub envelope: String,
}

/// Which tile: level, and index as in a path (`rekor/v2/rekor_service.proto`).
#[derive(Clone, PartialEq, Message)]
pub struct TileRequest {
    /// The level.
    #[prost(uint32, tag = "1")]
    pub level: u32,
    /// `x001/x234/067`, and `.p/W` if partial.
    #[prost(string, tag = "2")]
    pub index: String,
}

/// Which entry bundle.
#[derive(Clone, PartialEq, Message)]
pub struct EntryBundleRequest {
    /// As in [`TileRequest`].
    #[prost(string, tag = "1")]
    pub index: String,
}

/// `google.api.HttpBody`: what GET would have answered.
#[derive(Clone, PartialEq, Message)]
pub struct HttpBody {
    /// Its media type.
    #[prost(string, tag = "1")]
    pub content_type: String,
    /// The bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub data: Bytes,
}
