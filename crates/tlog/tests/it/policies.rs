//! Witness policies: the grammar, and what satisfies them.

use sealwax_crypto::SigningKey;
use sealwax_tlog::cosignature::CosignerKeyError;
use sealwax_tlog::note::{Signature, SignatureType};
use sealwax_tlog::policy::{MAX_DEFINITIONS, Policy, PolicyError, PolicyLine, PolicyParseError};
use sealwax_tlog::{LogKeyError, LogSignatureError, VerifierKeyError};

use crate::signing::{
    ORIGIN, TIME, checkpoint, cosignature, ed25519, line, log_line, ml_dsa_44, signed, vkey,
};

/// Witness `n` of the tests: even ones sign with ML-DSA-44.
fn witness_key(n: u8) -> SigningKey {
    if n.is_multiple_of(2) { ml_dsa_44(100 + n) } else { ed25519(100 + n) }
}

fn witness_line(n: u8) -> Signature {
    cosignature(&format!("w{n}.example"), &witness_key(n), TIME, &checkpoint())
}

fn witness_vkey(n: u8) -> String {
    let signature_type = if n.is_multiple_of(2) {
        SignatureType::CosignatureMlDsa44
    } else {
        SignatureType::CosignatureEd25519
    };
    vkey(&format!("w{n}.example"), signature_type, &witness_key(n)).to_string()
}

fn log_vkey() -> String {
    vkey(ORIGIN, SignatureType::Ed25519, &ed25519(1)).to_string()
}

/// The example of C2SP `tlog-policy`: X1 to X3 are witnesses 1 to 3, Y1 to Y3 are 4 to 6.
fn specification_example() -> String {
    let witness = |name: &str, n| format!("witness {name} {}\n", witness_vkey(n));
    [
        format!("log {}\n\n", log_vkey()),
        witness("X1", 1),
        witness("X2", 2),
        witness("X3", 3),
        "group X-witnesses 2 X1 X2 X3\n\n".to_owned(),
        witness("Y1", 4),
        witness("Y2", 5),
        witness("Y3", 6),
        "group Y-witnesses any Y1 Y2 Y3\n\n".to_owned(),
        "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n".to_owned(),
    ]
    .concat()
}

#[test]
fn the_specifications_example_wants_two_of_x_and_one_of_y() {
    let policy = Policy::parse(specification_example().as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    assert!(policy.demands_cosignatures());

    // Every subset of the six witnesses.
    for subset in 0_u8..64 {
        let present: Vec<u8> = (1..=6).filter(|n| subset >> (n - 1) & 1 == 1).collect();
        let lines = [log_line(&checkpoint())].into_iter().chain(present.iter().map(|n| witness_line(*n)));
        let verdict = policy.evaluate(&signed(&checkpoint(), lines.collect()));
        let (x, y) = ((subset & 0b111).count_ones(), (subset >> 3).count_ones());
        match verdict {
            Ok(satisfied) => {
                assert!(x >= 2 && y >= 1, "{subset:06b}");
                assert_eq!(*satisfied.checkpoint, checkpoint());
                assert_eq!(satisfied.cosigned.len(), present.len());
                assert!(satisfied.cosigned.iter().all(|cosigned| cosigned.time == TIME));
            }
            Err(PolicyError::NoQuorum { cosigned, known: 6 }) => {
                assert!(x < 2 || y < 1, "{subset:06b}");
                assert_eq!(cosigned.len(), present.len());
            }
            Err(error) => panic!("{subset:06b}: {error}"),
        }
    }
}

#[test]
fn a_witness_counts_once_however_often_it_signs() {
    let policy = Policy::parse(specification_example().as_bytes()).unwrap();
    let lines = vec![log_line(&checkpoint()), witness_line(1), witness_line(1), witness_line(4)];
    assert!(matches!(policy.evaluate(&signed(&checkpoint(), lines)), Err(PolicyError::NoQuorum { .. })));
}

#[test]
fn the_quorum_may_be_none_or_one_witness() {
    let none = format!("log {}\nquorum none\n", log_vkey());
    let policy = Policy::parse(none.as_bytes()).unwrap();
    assert!(!policy.demands_cosignatures());
    let signed_by_log = signed(&checkpoint(), vec![log_line(&checkpoint())]);
    assert!(policy.evaluate(&signed_by_log).unwrap().cosigned.is_empty());

    let one = format!("log {}\nwitness a {}\nquorum a\n", log_vkey(), witness_vkey(1));
    let policy = Policy::parse(one.as_bytes()).unwrap();
    assert!(matches!(policy.evaluate(&signed_by_log), Err(PolicyError::NoQuorum { known: 1, .. })));
    let cosigned = signed(&checkpoint(), vec![witness_line(1), log_line(&checkpoint())]);
    assert_eq!(policy.evaluate(&cosigned).unwrap().cosigned[0].witness, b"a");
}

#[test]
fn a_policy_without_logs_judges_the_quorum_only() {
    let policy = Policy::parse(format!("witness a {}\nquorum a\n", witness_vkey(1)).as_bytes()).unwrap();
    let cosigned = signed(&checkpoint(), vec![log_line(&checkpoint()), witness_line(1)]);
    assert_eq!(policy.evaluate(&cosigned), Err(PolicyError::UnknownLog { origin: ORIGIN.to_owned() }));
    assert_eq!(policy.evaluate_quorum(&cosigned).unwrap().len(), 1);
}

#[test]
fn the_log_must_have_signed() {
    let policy = Policy::parse(format!("log {}\nquorum none\n", log_vkey()).as_bytes()).unwrap();
    assert_eq!(
        policy.evaluate(&signed(&checkpoint(), vec![witness_line(1)])),
        Err(PolicyError::Log(LogSignatureError::Missing { name: ORIGIN.to_owned() }))
    );
    let mut bytes = log_line(&checkpoint()).bytes().to_vec();
    bytes[0] ^= 1;
    let wrong = line(ORIGIN, log_line(&checkpoint()).key_hash(), bytes);
    assert!(matches!(
        policy.evaluate(&signed(&checkpoint(), vec![wrong])),
        Err(PolicyError::Log(LogSignatureError::BadSignature { .. }))
    ));
}

#[test]
fn any_key_of_a_log_will_do() {
    let second = vkey(ORIGIN, SignatureType::CosignatureMlDsa44, &ml_dsa_44(2));
    let (first, second) = (format!("log {}\n", log_vkey()), format!("log {second} https://log.example/\n"));
    let by_second = cosignature(ORIGIN, &ml_dsa_44(2), TIME, &checkpoint());
    for logs in [format!("{first}{second}"), format!("{second}{first}")] {
        let policy = Policy::parse(format!("{logs}quorum none\n").as_bytes()).unwrap();
        for lines in [vec![log_line(&checkpoint())], vec![by_second.clone()]] {
            assert!(policy.evaluate(&signed(&checkpoint(), lines)).is_ok());
        }
    }
}

#[test]
fn a_wrong_cosignature_of_a_known_witness_spoils_the_note() {
    let policy = Policy::parse(specification_example().as_bytes()).unwrap();
    let mut bytes = witness_line(6).bytes().to_vec();
    bytes[30] ^= 1;
    let wrong = line("w6.example", witness_line(6).key_hash(), bytes);
    let lines = vec![log_line(&checkpoint()), witness_line(1), witness_line(2), witness_line(4), wrong];
    let verdict = policy.evaluate(&signed(&checkpoint(), lines));
    assert!(
        matches!(verdict, Err(PolicyError::Witness { ref witness, .. }) if witness == b"Y3"),
        "{verdict:?}"
    );
}

#[test]
fn layout_is_free_where_the_specification_leaves_it() {
    let policy = format!(
        "# comment\n \t\n\t # another\n  log\t{}   https://log.example/ \nwitness caf\u{e9} {} \n\twitness b {}\t\nquorum  caf\u{e9}\n# end\n",
        log_vkey(),
        witness_vkey(1),
        witness_vkey(2),
    );
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    assert_eq!(policy.logs()[0].url.as_deref(), Some(b"https://log.example/".as_slice()));
    assert_eq!(policy.witnesses()[0].name, "caf\u{e9}".as_bytes());
}

#[test]
fn every_fault_is_named_with_its_line() {
    use PolicyLine::*;
    let (a, b, log) = (witness_vkey(1), witness_vkey(2), log_vkey());
    let two = format!("witness a {a}\nwitness b {b}\n");
    let name = |name: &str| name.as_bytes().to_vec();
    let check = |file: &str, line: usize, problem: PolicyLine| {
        assert_eq!(Policy::parse(file.as_bytes()), Err(PolicyParseError { line, problem }), "{file:?}");
    };
    let group = "group <name> all|any|<k> <name>...";

    check("", 1, NoQuorum);
    check("# nothing\n\n", 2, NoQuorum);
    check("quorum none", 1, NoFinalNewline);
    check("quorum none\r\n", 1, ControlCharacter { byte: b'\r' });
    check("# \u{7f}\nquorum none\n", 1, ControlCharacter { byte: 0x7f });
    check("quorum none\nquorum none\n", 2, SecondQuorum);
    check("quorum\n", 1, WordCount { expected: "quorum <name>" });
    check("quorum none none\n", 1, WordCount { expected: "quorum <name>" });
    check("quorum a\n", 1, UndefinedName { name: name("a") });
    check(&format!("quorum a\n{two}"), 1, UndefinedName { name: name("a") });
    check("Quorum none\n", 1, UnknownKeyword { keyword: name("Quorum") });

    check("log\n", 1, WordCount { expected: "log <vkey> [<url>]" });
    check(&format!("log {log} u u\n"), 1, WordCount { expected: "log <vkey> [<url>]" });
    check("log x\n", 1, LogKey(LogKeyError::VerifierKey(VerifierKeyError::NotThreeParts)));
    check(
        &format!("log {a}\n"),
        1,
        LogKey(LogKeyError::NotALog { signature_type: SignatureType::CosignatureEd25519 }),
    );
    check(&format!("log {log}\nlog {log}\nquorum none\n"), 2, DuplicateKey);

    check("witness a\n", 1, WordCount { expected: "witness <name> <vkey> [<url>]" });
    check(&format!("witness a {a} u u\n"), 1, WordCount { expected: "witness <name> <vkey> [<url>]" });
    check(
        &format!("witness a {log}\n"),
        1,
        CosignerKey(CosignerKeyError::NotACosigner { signature_type: SignatureType::Ed25519 }),
    );
    check(&format!("witness none {a}\n"), 1, DuplicateName { name: name("none") });
    check(&format!("witness a {a}\nwitness a {b}\n"), 2, DuplicateName { name: name("a") });
    let renamed = vkey("other.example", SignatureType::CosignatureEd25519, &witness_key(1));
    check(&format!("witness a {a}\nwitness b {renamed}\n"), 2, DuplicateKey);

    check(&format!("{two}group g any\n"), 3, WordCount { expected: group });
    check(&format!("{two}group g\n"), 3, WordCount { expected: group });
    check(&format!("{two}group a any b\n"), 3, DuplicateName { name: name("a") });
    check(&format!("{two}group none any b\n"), 3, DuplicateName { name: name("none") });
    check(&format!("{two}group g any none\n"), 3, UndefinedName { name: name("none") });
    check(&format!("{two}group g any g\n"), 3, UndefinedName { name: name("g") });
    check(&format!("{two}group g any a a\n"), 3, MemberTwice { name: name("a") });
    check(&format!("{two}group g any a\ngroup h any a b\n"), 4, MemberTwice { name: name("a") });
    for threshold in ["0", "3", "01", "+1", "-1", "Any", "1.0", "99999999999999999999"] {
        let problem = BadThreshold { found: name(threshold), members: 2 };
        check(&format!("{two}group g {threshold} a b\n"), 3, problem);
    }

    let long = "#".repeat(1 << 21);
    check(&long, 1, TooLong { bytes: long.len() });
    let groups: String = (0..=MAX_DEFINITIONS)
        .map(|n| if n == 0 { "group g0 any a\n".to_owned() } else { format!("group g{n} any g{}\n", n - 1) })
        .collect();
    check(&format!("{two}{groups}quorum none\n"), MAX_DEFINITIONS + 3, TooMany);

    let opaque = [b"witness \xff ", a.as_bytes(), b"\nquorum \xff\n"].concat();
    assert!(Policy::parse(&opaque).is_ok(), "names are opaque bytes");
    let not_utf8 = Policy::parse(b"log a\xff+00000000+AAAA\n");
    assert!(matches!(
        not_utf8,
        Err(PolicyParseError {
            line: 1,
            problem: LogKey(LogKeyError::VerifierKey(VerifierKeyError::BadName { .. }))
        })
    ));
}
