//! What services answer, from bytes on.

pub use sealwax_formats::readers::log_entry_v1 as entry_v1;

pub use crate::ambient::token_in as ambient_token;
pub use crate::certificate::read as certificate;
pub use crate::exchange::retry_after;
