//! What is written, asked for or not, is never what is read: the artifact, or what the command line names besides.

use std::fs;

use crate::common::Ran;
use crate::names;
use crate::world::World;

impl World {
    /// Signs, or attests, whatever is there already.
    fn over(&self, command: &[&str]) -> Ran {
        let more = ["--token", &self.token, "--overwrite"];
        self.signer.sign(&self.scratch, &[command, &more].concat(), &[], b"")
    }

    #[track_caller]
    fn is_whole(&self) {
        assert_eq!(fs::read(&self.app).unwrap(), b"content");
    }
}

#[test]
fn what_is_signed_is_not_written_over() {
    let world = World::new();
    let scratch = &world.scratch;
    let (app, other) = (world.app.as_str(), scratch.write("other", b"other"));
    let refused = |command: &[&str]| {
        world.over(command).exits(2).complains("which this command reads");
        world.is_whole();
    };
    refused(&["sign", app, "--bundle", app]);
    refused(&["sign", app, "--bundle", "./app"]);
    refused(&["sign", app, &other, "--bundle", app]);
    let list = scratch.write("list", "{\"artifact\":\"other\",\"bundle\":\"app\"}\n{\"artifact\":\"app\"}\n");
    refused(&["sign", "--list", &list]);
    refused(&["sign", app, "--bundle", &world.token[1..]]);
    refused(&["sign", app, "--bundle", &world.signer.config]);
    #[cfg(unix)]
    {
        let link = world.path("link");
        std::os::unix::fs::symlink("app", &link).unwrap();
        refused(&["sign", app, "--bundle", &link]);
        refused(&["sign", &link, "--bundle", app]);
        fs::remove_file(&link).unwrap();
        fs::hard_link(app, &link).unwrap();
        refused(&["sign", app, "--bundle", &link]);
        fs::remove_file(&link).unwrap();
    }
    let predicate = scratch.write("predicate.json", "{}");
    let attest = ["attest", app, "--type", "urn:x", "--predicate", &predicate, "--bundle"];
    refused(&[&attest[..], &[app]].concat());
    refused(&[&attest[..], &[&predicate]].concat());
    assert_eq!(names(scratch, "app"), ["app"]);
    assert_eq!(world.signer.log_size(), 0);
}

/// The file of `--resume` is written to and goes at the end.
#[test]
fn what_is_resumed_is_a_file_of_its_own() {
    let world = World::new();
    let empty = world.scratch.write("empty", b"");
    for resume in [&world.app, &empty] {
        let ran = world.over(&["sign", &world.app, &empty, "--bundle", "all.jsonl", "--resume", resume]);
        ran.exits(2).complains("which this command reads");
    }
    assert_eq!(fs::read(&empty).unwrap(), b"");
    world.is_whole();
    let ran = world.over(&["sign", &world.app, "--bundle", "./state", "--resume", "state"]);
    ran.exits(2).complains("where a bundle goes");
    assert!(!world.scratch.path("state").exists());
}

/// A signature is logged for ever: that its bundle goes nowhere is found before.
#[test]
fn what_could_not_be_written_is_not_signed() {
    let world = World::new();
    let app = world.app.as_str();
    for nowhere in ["no/such/directory/x.json", "/proc/x.json", "app/x.json"] {
        world.over(&["sign", app, "--bundle", nowhere]).exits(3).complains("cannot write");
    }
    world.over(&["sign", app, "--bundle", "-"]).exits(2).complains("./-");
    for odd in ["/dev/null", "."] {
        world.over(&["sign", app, "--bundle", odd]).exits(3).complains("not a regular file");
    }
    let all = ["--bundle", "all.jsonl"];
    for absent in ["nobody", "."] {
        let ran = world.over(&[&["sign", app, absent][..], &all].concat());
        ran.exits(3).complains("nothing was signed");
    }
    assert_eq!((names(&world.scratch, "app"), world.signer.log_size()), (vec!["app".to_owned()], 0));
}
