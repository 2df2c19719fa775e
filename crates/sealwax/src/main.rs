//! The binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    sealwax::main(std::env::args_os())
}
