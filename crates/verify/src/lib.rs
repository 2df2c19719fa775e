//! Verification: bundle, artifact, policy, trust and now give a verdict that only the checks can build.
