//! `cargo xtask wasm`: the pure crates (rings 0–3) are checked for `wasm32-unknown-unknown`, and nothing that needs a C
//! compiler or an entropy source may be in their tree there.
//!
//! With rustup's standard library for that target, a plain `cargo check` does it. Where rustup cannot fetch it, Debian's
//! `rustc-web` and `rust-web-src` do: its compiler checks the standard library from source first (half a minute).

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::process::{cargo, command, output, root, run as run_command};
use crate::tree::package_names;

const TARGET: &str = "wasm32-unknown-unknown";

/// Rings 0–3 of ARCHITECTURE.md; `tests/rings.rs` compares the two.
pub(crate) const PURE_CRATES: &[&str] = &[
    "sealwax-json",
    "sealwax-crypto",
    "sealwax-tlog",
    "sealwax-pki",
    "sealwax-formats",
    "sealwax-tuf",
    "sealwax-oidc",
    "sealwax-verify",
];

/// What a browser does not have: C code, and entropy without its host's help.
const ABSENT: &[&str] = &["aws-lc-sys", "aws-lc-rs", "getrandom", "ring", "cc", "tokio"];

/// Debian's compiler, and the sources of the very standard library that belongs to it.
const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "rust-web-src", "libstd-rust-web-dev"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// `--debian` takes the second way even where the first is open, so that it can be tested.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let debian = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--debian"] => true,
        other => return Err(format!("wasm takes --debian only, not {other:?}").into()),
    };
    assert_absent()?;
    if !debian && rustup_target_is_installed()? {
        check(&mut cargo())
    } else {
        install_debian_packages()?;
        let mut command = cargo();
        command.args(["-Zbuild-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC);
        check(&mut command)
    }
}

/// The target directory is its own: another compiler in the common one would make every next build start anew.
fn check(command: &mut Command) -> Outcome {
    command.args(["check", "--locked", "--target", TARGET, "--target-dir", "target/wasm"]);
    for name in PURE_CRATES {
        command.args(["--package", name]);
    }
    run_command(command)?;
    println!("{} crates check for {TARGET}", PURE_CRATES.len());
    Ok(())
}

fn assert_absent() -> Outcome {
    let mut arguments = vec!["--target", TARGET, "--edges", "normal,build"];
    for name in PURE_CRATES {
        arguments.extend(["--package", name]);
    }
    let names = package_names(&arguments)?;
    let found: Vec<&str> = ABSENT.iter().copied().filter(|name| names.contains(*name)).collect();
    if !found.is_empty() {
        return Err(format!("for {TARGET} the pure crates need {}", found.join(", ")).into());
    }
    println!("{} packages for {TARGET}, none of them {}", names.len(), ABSENT.join(", "));
    Ok(())
}

fn rustup_target_is_installed() -> Result<bool, Box<dyn std::error::Error>> {
    let directory = output(Command::new("rustc").current_dir(root()).args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]))?;
    Ok(has_std(Path::new(directory.trim())))
}

fn has_std(directory: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn install_debian_packages() -> Outcome {
    if Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_SOURCES).exists() {
        return Ok(());
    }
    println!("no standard library for {TARGET}: installing {}", DEBIAN_PACKAGES.join(", "));
    let install = || -> Outcome {
        run_command(command("apt-get").args(["--quiet=2", "update"]))?;
        run_command(
            command("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(["--quiet=2", "install", "--yes", "--no-install-recommends"])
                .args(DEBIAN_PACKAGES),
        )
    };
    install().map_err(|error| {
        format!("{error}\nno way to check for {TARGET} here: `rustup target add {TARGET}` is the other one")
            .into()
    })
}
