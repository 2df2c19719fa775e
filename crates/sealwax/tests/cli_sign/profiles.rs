//! Trust profiles: added, named, private; and the file of a project, which may choose among them and nothing else.

use std::fs;

use crate::common::Ran;
use crate::names;
use crate::world::World;

impl World {
    /// Signs anew, from the top of the scratch directory.
    fn sign(&self, more: &[&str], variables: &[(&str, &str)]) -> Ran {
        let arguments = [&["sign", &self.app, "--overwrite", "--token", &self.token][..], more].concat();
        self.scratch.run_with(&arguments, variables, b"")
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let who = self.signer.who();
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        self.scratch.run(&[&["verify", &self.app][..], &who, more].concat())
    }

    fn add(&self, name: &str, more: &[&str]) -> Ran {
        self.scratch.run(&[&["trust", "add", name, "--config", &self.signer.config][..], more].concat())
    }
}

#[test]
fn a_profile_signs_and_verifies_by_its_name_or_by_the_environment() {
    let world = World::new();
    world.add("acme", &[]).exits(0).says("sign FILE --trust acme").says("verify FILE --trust acme");
    world.sign(&["--trust", "acme"], &[]).exits(0).complains("the services of acme");
    world.verify(&["--trust", "acme"]).exits(0);
    world.sign(&[], &[("SEALWAX_TRUST", "acme")]).exits(0);
    world.sign(&["--trust", "nobody"], &[("SEALWAX_TRUST", "acme")]).exits(3).complains("\"nobody\"");
    // Named twice, it is not guessed which; a file beats what the environment says.
    let config = ["--trust-config", &world.signer.config];
    world.sign(&[&config[..], &["--trust", "acme"]].concat(), &[]).exits(2).complains("exclude each other");
    world.sign(&config, &[("SEALWAX_TRUST", "nobody")]).exits(0);

    // One that was never added, one without services, and one that is gone.
    let root = world.signer.download(&world.scratch, "/trusted_root.json", "lab.json");
    world.scratch.run(&["trust", "add", "lab", "--trusted-root", &root]).exits(0);
    world.sign(&["--trust", "lab"], &[]).exits(3).complains("no signing config");
    world.scratch.run(&["trust", "remove", "acme"]).exits(0);
    world.sign(&["--trust", "acme"], &[]).exits(3).complains("there is no trust profile \"acme\"");
}

#[test]
fn a_profile_follows_the_tuf_repository_of_an_instance() {
    let world = World::new();
    let root = world.signer.download(&world.scratch, "/tuf/1.root.json", "1.root.json");
    let url = format!("{}/tuf", world.signer.url());
    let add = ["trust", "add", "acme", "--tuf", &url, "--root", &root, "--private"];
    world.scratch.run(&add).exits(0).says("trust update acme");
    world.sign(&["--trust", "acme"], &[]).exits(3).complains("trust update acme");
    world.scratch.run(&["trust", "update", "acme"]).exits(0).says("up to date at root 1");
    // What the user has said of it stays.
    world.scratch.run(&["trust", "list"]).exits(0).says("private");
    let ran = world.sign(&["--trust", "acme"], &[]).exits(0);
    assert_eq!(ran.err, "");
    world.verify(&["--trust", "acme"]).exits(0);
}

/// As the public instances publish the newer logs, while their signing config is that of the older ones.
#[test]
fn the_newer_logs_may_be_a_choice() {
    let world = World::new();
    let root = world.signer.download(&world.scratch, "/tuf/1.root.json", "1.root.json");
    let url = format!("{}/tuf", world.signer.url());
    world.scratch.run(&["trust", "add", "acme", "--tuf", &url, "--root", &root]).exits(0);
    world.scratch.run(&["trust", "update", "acme"]).exits(0);
    let file = |name: &str| world.scratch.home().join("trust/acme").join(name);
    let text = fs::read_to_string(file("signing_config.json")).unwrap();
    assert_eq!(fs::read_to_string(file("signing_config_rekor_v2.json")).unwrap(), text);
    // Those of everybody are down, and of the first version.
    let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
    config["rekorTlogUrls"][0]["url"] = "http://127.0.0.1:9".into();
    config["rekorTlogUrls"][0]["majorApiVersion"] = 1.into();
    fs::write(file("signing_config.json"), config.to_string()).unwrap();
    let sign =
        |more: &[&str]| world.sign(&[&["--trust", "acme", "--patience", "0s"][..], more].concat(), &[]);
    sign(&[]).exits(3).says("cannot reach http://127.0.0.1:9");
    sign(&["--rekor", "v1"]).exits(3).says("cannot reach http://127.0.0.1:9");
    sign(&["--rekor", "v2"]).exits(0);
    let only = ["--trust-config", &world.signer.config, "--rekor", "v1"];
    world.sign(&only, &[]).exits(3).complains("interface version 2, and only version 1 may be asked");
    world.verify(&["--trust", "acme"]).exits(0);
    world.scratch.run(&["trust", "show", "acme"]).exits(0).says("rekor v2");
    // One that was never brought up to date, as a built-in one, says how to get them.
    fs::remove_file(file("signing_config_rekor_v2.json")).unwrap();
    sign(&["--rekor", "v2"]).exits(3).complains("`sealwax trust update acme`");
    world.sign(&["--rekor", "v2"], &[]).exits(3).complains("`sealwax trust update public-good`");
}

#[test]
fn by_a_private_profile_nothing_becomes_public_and_nothing_is_said_of_it() {
    let world = World::new();
    world.add("acme", &["--private"]).exits(0);
    let ran = world.sign(&["--trust", "acme"], &[]).exits(0);
    assert_eq!(ran.err, "");
    world.scratch.run(&["trust", "show", "acme"]).exits(0).says("private");
    assert_eq!(world.scratch.run(&["trust", "show", "acme", "--json"]).json()["private"], true);

    // Services that anybody reads are not private, whoever says so.
    let config = fs::read_to_string(&world.signer.config).unwrap();
    let public = config.replace(world.signer.url(), "https://fulcio.sigstore.dev");
    let public = world.scratch.write("public.json", public);
    let add = ["trust", "add", "odd", "--config", &public, "--private"];
    world.scratch.run(&add).exits(2).complains("fulcio.sigstore.dev");
    let path = world.scratch.home().join("trust/acme/signing_config.json");
    let text = fs::read_to_string(&path).unwrap().replace(world.signer.url(), "https://rekor.sigstore.dev");
    fs::write(&path, text).unwrap();
    world.sign(&["--trust", "acme"], &[]).exits(3).complains("is public: nothing was sent");
}

#[test]
fn a_project_names_a_profile_that_is_there_already() {
    let world = World::new();
    let scratch = &world.scratch;
    let file = scratch.write("sealwax.toml", "trust = \"acme\"\n");
    world.sign(&[], &[]).exits(3).complains("none that you have added").complains(&file);
    world.add("acme", &[]).exits(0);
    // The preview says who has chosen.
    world.sign(&[], &[]).exits(0).complains("the services of acme").complains(&format!("{file} says"));
    // From below, the nearest file counts.
    fs::create_dir_all(scratch.path("src/deep")).unwrap();
    let sign = ["sign", &world.app, "--overwrite", "--token", &world.token];
    scratch.run_in(&scratch.path("src/deep"), &sign, &[], b"").exits(0).complains(&file);
    let nearest = scratch.write("src/sealwax.toml", "trust = \"other\"");
    scratch.run_in(&scratch.path("src/deep"), &sign, &[], b"").exits(3).complains(&nearest);
    // What the user says comes first, and then the file is not even read.
    scratch.run_in(&scratch.path("src"), &sign, &[("SEALWAX_TRUST", "acme")], b"").exits(0);
    let config = [&sign[..], &["--trust-config", &world.signer.config]].concat();
    scratch.run_in(&scratch.path("src"), &config, &[], b"").exits(0);
    // Also where nothing becomes public, a file that chooses is named.
    scratch.run(&["trust", "remove", "acme"]).exits(0);
    world.add("acme", &["--private"]).exits(0);
    let ran = world.sign(&[], &[]).exits(0).complains(&file);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);

    // `trust show` tells which applies, to what, and why.
    scratch.run(&["trust", "show"]).exits(0).says("public-good").says("signs by").says("acme").says(&file);
    let shown = scratch.run_with(&["trust", "show", "--json"], &[("SEALWAX_TRUST", "acme")], b"").json();
    assert_eq!((&shown["profile"], &shown["signs_by"]), (&"acme".into(), &serde_json::Value::Null));
}

#[test]
fn a_project_chooses_nothing_else() {
    let world = World::new();
    world.add("acme", &[]).exits(0);
    let url = world.signer.url();
    for (text, complaint) in [
        ("trust = \"acme\"\ntuf = \"https://elsewhere.example\"\n".to_owned(), "there is no key tuf"),
        (format!("trust = \"acme\"\n[signing_config]\ncaUrls = [\"{url}\"]\n"), "no key signing_config"),
        ("trust = \"acme\"\nidentity = \"me@example.com\"\n".to_owned(), "there is no key identity"),
        ("trust = \"../acme\"\n".to_owned(), "none that you have added"),
        ("trust = \"staging\"\n".to_owned(), "none that you have added"),
        ("trust = \"key-only\"\n".to_owned(), "none that you have added"),
        (format!("trust = \"{url}\"\n"), "none that you have added"),
        // It goes nowhere where it could be taken for a part of the command.
        ("trust = \"x --config /tmp/x\"\n".to_owned(), "profile \"x --config /tmp/x\""),
        ("trust = \"x --config /tmp/x\"\n".to_owned(), "`sealwax trust add NAME`"),
        ("trust = [\"acme\"]\n".to_owned(), "names no trust profile"),
        ("trust = acme\n".to_owned(), "sealwax.toml:1"),
    ] {
        world.scratch.write("sealwax.toml", &text);
        world.sign(&[], &[]).exits(3).complains(complaint);
    }
    assert_eq!(names(&world.scratch, "app"), ["app"]);
    let file = world.scratch.path("sealwax.toml");
    fs::remove_file(&file).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", &file).unwrap();
        world.sign(&[], &[]).exits(3).complains("cannot read").complains("sealwax.toml");
        fs::remove_file(&file).unwrap();
    }
    fs::create_dir(&file).unwrap();
    world.sign(&[], &[]).exits(3).complains("not a regular file");
}

#[test]
fn verification_never_reads_the_file_of_a_project() {
    let world = World::new();
    world.add("acme", &[]).exits(0);
    world.sign(&["--trust", "acme"], &[]).exits(0);
    // Named, it would verify.
    world.scratch.write("sealwax.toml", "trust = \"acme\"\n");
    let refused = world.verify(&["--json"]);
    assert_ne!(refused.code, Some(0), "{}", refused.out);
    assert_eq!(refused.json()["trust"]["profile"], "public-good");
    // And one that is wrong disturbs nothing but signing.
    world.scratch.write("sealwax.toml", "root = \"https://elsewhere.example\"\n");
    world.verify(&["--trust", "acme"]).exits(0);
    world.scratch.run(&["trust", "show", "acme"]).exits(0);
    world.sign(&[], &[]).exits(3).complains("there is no key root");
}
