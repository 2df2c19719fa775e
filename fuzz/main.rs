//! The one fuzz binary. `cargo xtask fuzz` builds and drives it; alone it runs as
//! `SEALWAX_FUZZ_TARGET=json fuzz CORPUS -max_total_time=60`, with libFuzzer's own options.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

static RUN: OnceLock<fn(&[u8])> = OnceLock::new();

fn chosen() -> fn(&[u8]) {
    let name = std::env::var("SEALWAX_FUZZ_TARGET").unwrap_or_default();
    match sealwax_fuzz_targets::target(&name) {
        Some(target) => target.run,
        None => {
            eprintln!("SEALWAX_FUZZ_TARGET={name:?} is no target");
            std::process::exit(2)
        }
    }
}

fuzz_target!(|input: &[u8]| RUN.get_or_init(chosen)(input));
