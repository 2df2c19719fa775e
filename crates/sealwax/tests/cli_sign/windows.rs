//! Managed keys that a profile lists with windows: found by the hint of the bundle, and good for what was signed inside.

use sealwax_crypto::KeyKind;

use crate::common::Ran;
use crate::world::World;

impl World {
    /// A profile whose keys are good in this window, and what it says of the signature.
    fn by_window(&self, name: &str, public: &str, window: &[&str]) -> Ran {
        let keys = self.path(&format!("{name}.json"));
        let arguments = ["trust", "keys", public, "--output", &keys];
        self.scratch.run(&[&arguments[..], window].concat()).exits(0).says("--keys");
        let add = ["trust", "add", name, "--config", &self.signer.config, "--keys", &keys];
        self.scratch.run(&add).exits(0);
        self.scratch.run(&["verify", &self.app, "--trust", name])
    }
}

#[test]
fn a_profile_lists_keys_with_the_windows_in_which_they_sign() {
    for kind in [KeyKind::EcdsaP256, KeyKind::Ed25519] {
        let world = World::new();
        let (file, other) = (world.scratch.path("key.pem"), world.scratch.path("other.pem"));
        let key = sealwax_signer::file::create(&file, kind).unwrap();
        let public = world.scratch.write("key.pub", key.public_key().to_pem());
        let other = sealwax_signer::file::create(&other, kind).unwrap();
        let other = world.scratch.write("other.pub", other.public_key().to_pem());
        let sign = ["sign", world.app.as_str(), "--key", file.to_str().unwrap()];
        world.signer.sign(&world.scratch, &sign, &[], b"").exits(0);

        let open = ["--start", "2020-01-01T00:00:00Z"];
        world.by_window("open", &public, &open).exits(0).says("listed in the trust profile");
        world.by_window("past", &public, &[&open[..], &["--end", "2021-01-01T00:00:00Z"]].concat()).exits(1);
        world.by_window("future", &public, &["--start", "2100-01-01T00:00:00Z"]).exits(1).says("window");
        world.by_window("other", &other, &open).exits(1).says("lists no key with the hint");
        // Two in one list; each by its own window.
        let others = world.path("other.json");
        let both = [&open[..], &["--with", &others]].concat();
        world.by_window("both", &public, &both).exits(0);
        let twice = ["trust", "keys", &public, "--with", &world.path("both.json"), "--output", "x"];
        world.scratch.run(&twice).exits(3).complains("listed already");
    }
}

#[test]
fn a_window_has_a_start_before_its_end() {
    let world = World::new();
    let key = sealwax_signer::file::create(&world.scratch.path("key.pem"), KeyKind::EcdsaP256).unwrap();
    let public = world.scratch.write("key.pub", key.public_key().to_pem());
    let keys = ["trust", "keys", &public, "--output", "keys.json"];
    let empty = ["--start", "2026-01-02T00:00:00Z", "--end", "2026-01-01T00:00:00Z"];
    world.scratch.run(&[&keys[..], &empty].concat()).exits(2).complains("empty");
    world.scratch.run(&[&keys[..], &["--end", "tomorrow"]].concat()).exits(2).complains("not an instant");
    world.scratch.run(&["trust", "keys", &world.app, "--output", "x"]).exits(3).complains("not a public key");
    world.scratch.run(&keys).exits(0);
    world.scratch.run(&keys).exits(3).complains("--overwrite");
}
