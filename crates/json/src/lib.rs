//! Strict JSON: one reader that refuses what is ambiguous, and two canonical writers (RFC 8785, OLPC).
