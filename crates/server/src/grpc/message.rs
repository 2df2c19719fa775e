//! The messages of `grpc.health.v1`, as protobuf numbers them.

use prost::Message;
use std::collections::BTreeMap;

/// Which service's health (`grpc.health.v1`).
#[derive(Clone, PartialEq, Message)]
pub struct HealthCheckRequest {
    /// Its name; empty for the whole server.
    #[prost(string, tag = "1")]
    pub service: String,
}

/// A service's health.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct HealthCheckResponse {
    /// The status.
    #[prost(enumeration = "ServingStatus", tag = "1")]
    pub status: i32,
}

/// The health of all services.
#[derive(Clone, PartialEq, Message)]
pub struct HealthListResponse {
    /// By name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub statuses: BTreeMap<String, HealthCheckResponse>,
}

/// Whether a service takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum ServingStatus {
    /// Never sent.
    Unknown = 0,
    /// It does.
    Serving = 1,
    /// It does not.
    NotServing = 2,
    /// There is no such service; only in `Watch`.
    ServiceUnknown = 3,
}
