//! The certificate log: chains, roots, entries and SCTs, with certificates made here; and the face over a running engine.

// Under `cfg(test)` the helpers of tests are tests too, for the lints.
#[cfg(test)]
mod chains;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod issuers;
#[cfg(test)]
mod roots;
#[cfg(test)]
mod running;
#[cfg(test)]
mod served;
#[cfg(test)]
mod world;
