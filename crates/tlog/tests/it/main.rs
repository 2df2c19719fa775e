//! Tests of the crate through its public interface, in one binary: it links once.

// Under `cfg(test)` the helpers of tests are tests too, for the lints.
#[cfg(test)]
mod certificate_logs;
#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod cosignatures;
#[cfg(test)]
mod merkle;
#[cfg(test)]
mod model;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod real;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod tiles;
