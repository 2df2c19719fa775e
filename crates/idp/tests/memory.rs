//! What hashing a password takes is given back. A process of its own: other tests would be counted.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "a test has files")]

use sealwax_idp::password::PasswordHash;

/// Resident memory of this process, in pages of 4 KiB (proc(5), statm).
fn resident_pages() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn hashing_passwords_leaves_no_memory_behind() {
    let hash = PasswordHash::new("correct horse battery", [1; 16]).unwrap();
    let before = resident_pages();
    let sign_in = || {
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(hash.is_of("correct horse battery")));
            scope.spawn(|| assert!(!hash.is_of("incorrect")));
        });
    };
    (0..3).for_each(|_| sign_in());
    let grown = resident_pages().saturating_sub(before);
    assert!(grown < 1024, "{grown} pages remain resident");
}
