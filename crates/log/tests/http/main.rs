//! A log over real sockets: what readers get, what submitters get, and what is told about them.

// Under `cfg(test)` the helpers of tests are tests too, for the lints.
#[cfg(test)]
mod paths;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod server;
#[cfg(test)]
mod submissions;
