//! What services answer, from bytes on.

pub use sealwax_formats::readers::log_entry_v1 as entry_v1;
pub use sealwax_net::grpc::read_frame as grpc_message;

pub use crate::ambient::{svid_in as svid, token_in as ambient_token};
pub use crate::certificate::read as certificate;
pub use crate::exchange::retry_after;
