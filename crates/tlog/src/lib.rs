//! Transparency logs: RFC 6962 proofs, tiles, and C2SP notes, checkpoints, cosignatures, witness policies.
