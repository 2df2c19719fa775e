//! Every kind of key signs in every scheme; openssl verifies, and so does `crates/crypto`, each by the public half as it was
//! before the key went into the token.

use std::fs;
use std::path::Path;

use sealwax_crypto::{HashAlgorithm, Message, PublicKey, Scheme};

use super::softhsm::{PIN, SoftHsm, quietly};
use crate::process::output;
use crate::{Failure, Outcome};

/// Label, id, what openssl makes it with, and the schemes: the words of the example program.
const KEYS: &[(&str, &str, &[&str], &[&str])] = &[
    ("p256", "01", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ECDSA),
    ("p384", "02", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ECDSA),
    ("p521", "03", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], ECDSA),
    ("ed25519", "04", &["-algorithm", "ED25519"], &["ed25519"]),
    ("rsa2048", "05", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], RSA),
    ("rsa3072", "06", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], RSA),
    ("rsa4096", "07", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"], RSA),
];

const ECDSA: &[&str] = &["ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"];

const RSA: &[&str] = &[
    "rsa-pkcs1-sha256",
    "rsa-pkcs1-sha384",
    "rsa-pkcs1-sha512",
    "rsa-pss-sha256",
    "rsa-pss-sha384",
    "rsa-pss-sha512",
];

const THREADS: u32 = 24;
const EACH: u32 = 50;

pub(super) fn every_kind(hsm: &SoftHsm) -> Outcome {
    let message = hsm.directory.join("message");
    fs::write(&message, "a message\n")?;
    for (label, id, openssl, schemes) in KEYS {
        let public = hsm.import(label, id, openssl)?;
        // By label, by id, and by all that SoftHSM says.
        let by_all = format!(
            "token=sealwax;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;object={label};id=%{id}"
        );
        for path in [format!("token=sealwax;object={label}"), format!("id=%{id};type=private"), by_all] {
            let mut signer = hsm.open(&hsm.uri(&path))??;
            for scheme in *schemes {
                let signature = hsm.directory.join("signature");
                signer.ask(&format!("sign {scheme} {} {}", message.display(), signature.display()))??;
                verified_by_us(&public, scheme, &message, &signature)?;
                verified_by_openssl(hsm, &public, scheme, &message, &signature)?;
            }
            println!("{}, as {path}: {}", signer.kind, schemes.join(" "));
        }
    }
    let mut signer = hsm.open(&hsm.uri("object=ed25519"))??;
    let signed = signer.ask(&format!("sign ed25519ph {} {}", message.display(), message.display()))?;
    refused(signed, "do not sign with Ed25519ph here")
}

/// As many threads as the token has no sessions for.
pub(super) fn many_at_once(hsm: &SoftHsm) -> Outcome {
    for label in ["p256", "ed25519", "rsa2048"] {
        let mut signer = hsm.open(&hsm.uri(&format!("object={label}")))??;
        let said = signer.ask(&format!("threads {THREADS} {EACH}"))??;
        println!("{label}, {THREADS} threads:{said}");
    }
    Ok(())
}

/// Keys that were made in the token, and one of which the public half is only in a certificate, or nowhere.
pub(super) fn public_halves_elsewhere(hsm: &SoftHsm) -> Outcome {
    for (kind, label, id) in [
        ("EC:secp384r1", "made-p384", "21"),
        ("rsa:2048", "made-rsa", "22"),
        ("EC:edwards25519", "made-ed25519", "23"),
    ] {
        hsm.tool(&["--keypairgen", "--key-type", kind, "--label", label, "--id", id])?;
        println!("{}, made in the token", hsm.open(&hsm.uri(&format!("object={label}")))??.kind);
    }
    let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    hsm.import("certified", "31", &p256)?;
    hsm.tool(&["--delete-object", "--type", "pubkey", "--id", "31"])?;
    let error = hsm.open(&hsm.uri("object=certified"))?;
    refused(error, "does not say what the public key of \"certified\" (id 31) is")?;

    // A certificate that says another public key is a lie.
    let make = |id: &str, private: &str| -> Outcome {
        let mut certificate = hsm.command("openssl");
        certificate
            .args(["req", "-x509", "-key", private, "-days", "30", "-subj", "/CN=x", "-outform", "DER"]);
        quietly(certificate.args(["-out", "certificate.der"]))?;
        hsm.tool(&["--write-object", "certificate.der", "--type", "cert", "--id", id, "--label", "certified"])
    };
    let mut other = hsm.command("openssl");
    quietly(other.arg("genpkey").args(p256).args(["-out", "other.pem"]))?;
    make("31", "other.pem")?;
    refused(hsm.open(&hsm.uri("object=certified"))?, "does not verify with the key's public half")?;

    // And one that tells the truth does.
    let mut private = hsm.command("openssl");
    quietly(private.arg("genpkey").args(p256).args(["-out", "certified.pem"]))?;
    let mut import = hsm.command("softhsm2-util");
    import.args(["--import", "certified.pem", "--no-public-key", "--token", "sealwax", "--label", "true"]);
    quietly(import.args(["--id", "32", "--pin", PIN]))?;
    make("32", "certified.pem")?;
    println!("{}, its public half in a certificate", hsm.open(&hsm.uri("object=true"))??.kind);
    Ok(())
}

/// Asserts that something was refused, for this reason.
pub(super) fn refused<T>(result: Result<T, String>, reason: &str) -> Outcome {
    match result {
        Err(error) if error.contains(reason) => {
            println!("refused: {error}");
            Ok(())
        }
        Err(error) => Err(format!("refused, but not because {reason:?}: {error}").into()),
        Ok(_) => Err(format!("not refused: {reason:?}").into()),
    }
}

fn verified_by_us(public: &Path, scheme: &str, message: &Path, signature: &Path) -> Outcome {
    let key = PublicKey::from_pem(&fs::read_to_string(public)?)?;
    let (message, signature) = (fs::read(message)?, fs::read(signature)?);
    let verified = key.verify(named(scheme)?, Message::Bytes(&message), &signature);
    verified.map_err(|error| format!("{scheme}: {error}").into())
}

fn verified_by_openssl(
    hsm: &SoftHsm,
    public: &Path,
    scheme: &str,
    message: &Path,
    signature: &Path,
) -> Outcome {
    let mut verify = hsm.command("openssl");
    let hash = scheme.rsplit('-').next().unwrap_or_default();
    if scheme == "ed25519" {
        verify.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]).arg(public);
        verify.arg("-in").arg(message).arg("-sigfile").arg(signature);
    } else {
        verify.args(["dgst", &format!("-{hash}"), "-verify"]).arg(public);
        if scheme.starts_with("rsa-pss") {
            verify.args(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]);
        }
        verify.arg("-signature").arg(signature).arg(message);
    }
    output(&mut verify).map(drop)
}

fn named(name: &str) -> Result<Scheme, Failure> {
    let (scheme, hash) = name.rsplit_once('-').unwrap_or((name, "sha256"));
    let hash = HashAlgorithm::from_name(hash).ok_or("which hash?")?;
    Ok(match scheme {
        "ed25519" => Scheme::Ed25519,
        "ecdsa" => Scheme::Ecdsa(hash),
        "rsa-pkcs1" => Scheme::RsaPkcs1(hash),
        "rsa-pss" => Scheme::RsaPss(hash),
        _ => return Err(format!("no scheme is called {name}").into()),
    })
}
