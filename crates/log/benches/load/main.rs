//! A load generator for transparency logs and the authorities beside them, ours and others', and the yardsticks that their cost
//! is compared with. `cargo xtask bench log` and `bench services` start the servers and drive it; each command prints one JSON
//! object.
//!
//! ```text
//! load prepare keys|certificates COUNT FILE         adds to a signature log: hashedrekord with P-256, key or certificate
//! load prepare chains|chains-p256 COUNT FILE        adds to a certificate log, of an authority with P-384 or P-256;
//!                                                   FILE.roots.pem has the accepted root
//! load prepare reads DIR COUNT FILE                 reads of the full tiles under DIR, in an order of no pattern
//! load prepare certify COUNT FILE ISSUER            asks a certificate authority, with tokens of that issuer, keys in turn with a
//!                                                   proof and in a request; FILE.jwks has the issuer's key
//! load prepare stamps COUNT FILE                    asks a timestamp authority
//! load run ADDR FILE [--from N] [--count N] [--seconds S] [--connections N] [--per-second N] [--replies FILE]
//! load verify rekor VKEY|ORIGIN=PEM REPLIES         every kept reply proves its entry
//! load verify sct VKEY|ORIGIN=PEM REPLIES           every kept reply is a promise for its entry
//! load verify certify CHAIN [LOGKEY] REPLIES        every kept reply is a certificate of this chain for its identity and key,
//!                                                   and the log with that key promised to log it
//! load verify stamps CHAIN REPLIES                  every kept reply is a token of this chain for its digest
//! load flush DIR BYTES COUNT                        write + fdatasync into a file that is there already
//! load bare COUNT                                   P-256 verification with a fresh key, nothing around it
//! ```
//!
//! A file of requests holds whole HTTP requests, made beforehand, so that all servers get the same bytes and the client's
//! own work is a write and a read: it shares its two cores with the server. Without `--per-second` every connection sends
//! its next request when the last reply is complete. With it request number i is due at i / N seconds, whether or not
//! earlier ones are answered, and its latency counts from then.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench has a clock and files")]
#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "numbers for people")]

mod certificates;
mod certify;
mod client;
mod prepare;
mod requests;
mod run;
mod stamps;
mod verify;
mod yardsticks;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    let report = match words.as_slice() {
        // As one of all targets of `cargo test` or `cargo bench` this only has to work.
        [] => yardsticks::bare(100),
        ["prepare", "reads", directory, count, file] => {
            prepare::reads(Path::new(directory), count.parse().unwrap(), Path::new(file))
        }
        ["prepare", "certify", count, file, issuer] => {
            certify::prepare(count.parse().unwrap(), Path::new(file), issuer)
        }
        ["prepare", "stamps", count, file] => stamps::prepare(count.parse().unwrap(), Path::new(file)),
        ["prepare", kind, count, file] => prepare::adds(kind, count.parse().unwrap(), Path::new(file)),
        ["run", address, file, options @ ..] => {
            run::run(address, Path::new(file), &run::Options::of(options))
        }
        ["verify", "rekor", key, replies] => verify::rekor(key, Path::new(replies)),
        ["verify", "sct", key, replies] => verify::sct(key, Path::new(replies)),
        ["verify", "certify", chain, replies] => certify::verify(chain, None, Path::new(replies)),
        ["verify", "certify", chain, log, replies] => certify::verify(chain, Some(log), Path::new(replies)),
        ["verify", "stamps", chain, replies] => stamps::verify(chain, Path::new(replies)),
        ["flush", directory, bytes, count] => {
            yardsticks::flush(Path::new(directory), bytes.parse().unwrap(), count.parse().unwrap())
        }
        ["bare", count] => yardsticks::bare(count.parse().unwrap()),
        other => panic!("see the head of this file; what is {other:?}?"),
    };
    println!("{report}");
}
