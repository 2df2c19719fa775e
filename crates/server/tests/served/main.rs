//! The server over real sockets: what it answers, what it refuses, and that others are served meanwhile.

// Under `cfg(test)` the helpers of tests are tests too, for the lints.
#[cfg(test)]
mod from_file;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod server;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod tls;
