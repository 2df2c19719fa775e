//! The certificate log without its engine: chains, roots, entries and SCTs, with certificates made here.

// Under `cfg(test)` the helpers of tests are tests too, for the lints.
#[cfg(test)]
mod chains;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod roots;
#[cfg(test)]
mod world;
