//! Which signature lines of a checkpoint count.

use super::*;

/// Number 6: Checkpoints: which signature lines count. (sigstore-conformance#139 #241)
#[test]
fn checkpoint_signatures_are_chosen_by_key_and_not_by_place() {
    let instance = Instance::usual();
    let twin = Instance::usual();
    for (log, options) in [(0, SignOptions::rekor_v1()), (1, SignOptions::rekor_v2())] {
        let ours = instance.logs[log].note_signature();
        let theirs = twin.logs[log].note_signature();
        let root = [0; 32]; // The witness's line need not even verify: without a policy nobody asks it.
        let witness = Witness::new("witness.test/one", KeyKind::Ed25519).cosignature(
            &instance.logs[log].origin(),
            7,
            root,
            1_772_366_405,
        );
        let mut wrong = ours.clone();
        wrong.signs = Signs::Bytes(vec![7; 64]);
        let mut bad_hint = ours.clone();
        bad_hint.key_hash[0] ^= 1;
        let mut foreign_name = ours.clone();
        foreign_name.name = "other.sealwax.test".to_owned();
        let mut forged = theirs.clone();
        forged.key_hash = ours.key_hash;
        let note = |lines: &[&sealwax_testkit::checkpoint::NoteSignature]| {
            let lines: Vec<_> = lines.iter().map(|line| (*line).clone()).collect();
            options.clone().on_checkpoint(move |checkpoint| checkpoint.signatures = lines.clone())
        };
        accepts(&instance, "several lines of the log", &note(&[&ours, &ours]));
        accepts(&instance, "another key of the same name", &note(&[&theirs, &ours]));
        accepts(&instance, "a witness behind the log", &note(&[&ours, &witness]));
        accepts(&instance, "a witness before the log", &note(&[&witness, &ours]));
        let signature = &["log.checkpoint-signature"];
        // A line that claims to be the log's and is not: the note as a whole is not to be believed (C2SP signed-note).
        refuses(&instance, "a bad line of the log before a good one", &note(&[&wrong, &ours]), signature);
        refuses(&instance, "a bad line of the log behind a good one", &note(&[&ours, &wrong]), signature);
        refuses(&instance, "our hint on another's line", &note(&[&forged, &ours]), signature);
        refuses(&instance, "a bad key hint", &note(&[&bad_hint]), signature);
        refuses(&instance, "a bad signature", &note(&[&wrong]), signature);
        refuses(&instance, "the key of another instance", &note(&[&theirs]), signature);
        refuses(&instance, "the same, with our hint", &note(&[&forged]), signature);
        refuses(&instance, "a witness alone", &note(&[&witness]), signature);
        refuses(&instance, "our key under another name", &note(&[&foreign_name]), signature);
    }
}

/// Number 6, the whole checkpoint of another log: signed by a key that is trusted, but for something else.
#[test]
fn a_foreign_checkpoint_is_refused() {
    let mut instance = Instance::usual();
    instance.logs.push(Arc::new(SignatureLog::v2("other.sealwax.test")));
    let other = instance.logs[2].note_signature();
    let foreign = SignOptions::rekor_v2().on_checkpoint(move |checkpoint| {
        checkpoint.lines[0] = "other.sealwax.test".to_owned();
        checkpoint.signatures = vec![other.clone()];
    });
    refuses(&instance, "the same tree, signed by another trusted log", &foreign, &["log.origin"]);

    // A checkpoint of our own log, from another bundle: signed well, of another tree.
    let donor = instance.sign_message(b"another artifact", &SignOptions::rekor_v2());
    let note =
        donor.bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]
            .as_str()
            .unwrap()
            .to_owned();
    let of_another_tree =
        SignOptions::rekor_v2().on_proof(move |proof| proof.checkpoint = Some(note.clone()));
    refuses(&instance, "another tree of our log", &of_another_tree, &["log.tree", "log.inclusion"]);
}
