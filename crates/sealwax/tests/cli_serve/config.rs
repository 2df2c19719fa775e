//! The configuration file, as an operator meets it.

use crate::common::Scratch;
use crate::instance::Running;

#[test]
fn a_configuration_is_printed_read_and_overridden() {
    let scratch = Scratch::new();
    let directory = scratch.path("sigstore").to_string_lossy().into_owned();
    let print =
        |more: &[&str]| scratch.run(&[&["serve", "--dir", &directory, "--print-config"][..], more].concat());
    print(&[]).exits(0).says("#listen = ").says("[limits]").says("log_format = \"human\"");

    // The file in the directory is used, also for a directory that is no instance yet; a file that is named instead of it.
    let file = "log_format = 'json'\nissuers = 'fulcio.yaml'\n[limits]\nconnections = 500\n";
    scratch.write("sigstore/serve.toml", file);
    let printed = print(&["--issuers", "other.yaml"]).exits(0).out;
    let other = scratch.path("other.yaml").to_string_lossy().into_owned();
    assert!(printed.contains(&format!("issuers = \"{other}\"")), "{printed}");
    assert!(printed.contains("log_format = \"json\"") && printed.contains("connections = 500"), "{printed}");
    let whole = scratch.write("whole.toml", &printed);
    assert_eq!(print(&["--config", &whole]).exits(0).out, printed);

    scratch.write("sigstore/serve.toml", "\n[limit]\n");
    print(&[]).exits(2).complains("sigstore/serve.toml:2: there is no key limit; the nearest is limits");
    scratch.write("sigstore/serve.toml", "[limits]\nconnections = 'many'\n");
    print(&[])
        .exits(2)
        .complains("serve.toml:2: limits.connections = 'many': expected a whole number, such as 100");
    scratch.write("sigstore/serve.toml", "[tls]\nkey = 'key.pem'\n");
    print(&[]).exits(2).complains("both");
    for nothing in [
        "rotation.timestamp_lasts = '0s'",
        "time.every = '0s'",
        "limits.connections_per_address = 0",
        "limits.submissions_at_once = 0",
    ] {
        scratch.write("sigstore/serve.toml", nothing);
        print(&[]).exits(2).complains(": 0, and");
    }
    print(&["--config", "nowhere.toml"]).exits(3).complains("nowhere.toml");

    scratch.write("sigstore/serve.toml", "url = 'http://localhost:1'\n");
    let running = Running::start(&scratch, &[]);
    assert_eq!(running.url(), "http://localhost:1");
}
