//! Public keys as JSON Web Keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_json::{Limits, Object};

use crate::spki::Material;
use crate::{KeyError, KeyKind, PublicKey, sha256, spki};

/// Longest JWK taken: ML-DSA-87 has 3,456 letters of key, and there may be a certificate chain beside it.
const MAX_BYTES: usize = 64 << 10;

/// Why text is not a JSON Web Key of the registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// Not strict JSON.
    #[error("{0}")]
    Json(sealwax_json::Error),
    /// A JSON value other than an object.
    #[error("a JWK is a JSON object")]
    NotObject,
    /// A member that is missing or no string.
    #[error("a JWK without the text member {member:?}")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// A number that is not base64url without padding, or has zeros in front that the specification forbids.
    #[error("the JWK member {member:?} is not base64url in the form prescribed")]
    Encoding {
        /// The member's name.
        member: &'static str,
    },
    /// A key type, curve or algorithm that is not in the registry.
    #[error("unsupported JWK {member} {value:?}")]
    Unsupported {
        /// `kty`, `crv` or `alg`.
        member: &'static str,
        /// Its value.
        value: String,
    },
    /// A private or symmetric key where a public one is read.
    #[error("a JWK with the private member {member:?} is no public key")]
    Private {
        /// The member's name.
        member: &'static str,
    },
}

/// Reads a JWK (RFC 7517): `EC` and `RSA` (RFC 7518 §6), `OKP` with Ed25519 (RFC 8037), `AKP` with ML-DSA
/// (draft-ietf-cose-dilithium).
pub(crate) fn read(text: &str) -> Result<PublicKey, KeyError> {
    let value = sealwax_json::parse(text.as_bytes(), &Limits::of_bytes(MAX_BYTES)).map_err(JwkError::Json)?;
    let jwk = value.as_object().ok_or(JwkError::NotObject)?;
    if let Some(member) = ["d", "priv", "k"].into_iter().find(|member| jwk.contains(member)) {
        return Err(JwkError::Private { member }.into());
    }
    match string(jwk, "kty")? {
        "EC" => read_ec(jwk),
        "RSA" => {
            let pkcs1 = spki::encode_pkcs1(&number(jwk, "n")?, &number(jwk, "e")?)?;
            PublicKey::from_pkcs1_der(&pkcs1)
        }
        "OKP" => {
            let curve = string(jwk, "crv")?;
            if curve != "Ed25519" {
                return Err(unsupported("crv", curve));
            }
            PublicKey::from_spki_der(&spki::encode_raw(KeyKind::Ed25519, &octets(jwk, "x")?)?)
        }
        "AKP" => {
            let kind = match string(jwk, "alg")? {
                "ML-DSA-44" => KeyKind::MlDsa44,
                "ML-DSA-65" => KeyKind::MlDsa65,
                "ML-DSA-87" => KeyKind::MlDsa87,
                other => return Err(unsupported("alg", other)),
            };
            PublicKey::from_ml_dsa_raw(kind, &octets(jwk, "pub")?)
        }
        other => Err(unsupported("kty", other)),
    }
}

/// Writes a JWK: the required members, in the order of their names, as RFC 7638 §3.2 wants them for a thumbprint.
pub(crate) fn write(key: &PublicKey) -> Result<Object<'static>, KeyError> {
    let jwk = Object::new();
    let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    Ok(match spki::parse(key.spki_der())? {
        Material::Rsa { modulus, exponent } => {
            jwk.with("e", text(exponent)).with("kty", "RSA").with("n", text(modulus))
        }
        Material::Ec { kind, point } => {
            let curve = match kind {
                KeyKind::EcdsaP256 => "P-256",
                KeyKind::EcdsaP384 => "P-384",
                _ => "P-521",
            };
            let (x, y) =
                point.split_at_checked(1).map_or((point, point), |(_, xy)| xy.split_at(xy.len() / 2));
            jwk.with("crv", curve).with("kty", "EC").with("x", text(x)).with("y", text(y))
        }
        Material::Ed25519 { point } => jwk.with("crv", "Ed25519").with("kty", "OKP").with("x", text(point)),
        Material::MlDsa { kind, key } => {
            let algorithm = match kind {
                KeyKind::MlDsa44 => "ML-DSA-44",
                KeyKind::MlDsa65 => "ML-DSA-65",
                _ => "ML-DSA-87",
            };
            jwk.with("alg", algorithm).with("kty", "AKP").with("pub", text(key))
        }
    })
}

/// RFC 7638: the name that a key has of itself.
pub(crate) fn thumbprint(key: &PublicKey) -> Result<String, KeyError> {
    let canonical = sealwax_json::compact(&write(key)?.into());
    Ok(URL_SAFE_NO_PAD.encode(sha256(canonical.as_bytes())))
}

fn read_ec(jwk: &Object<'_>) -> Result<PublicKey, KeyError> {
    let (kind, field) = match string(jwk, "crv")? {
        "P-256" => (KeyKind::EcdsaP256, 32),
        "P-384" => (KeyKind::EcdsaP384, 48),
        "P-521" => (KeyKind::EcdsaP521, 66),
        other => return Err(unsupported("crv", other)),
    };
    let mut point = vec![4];
    for member in ["x", "y"] {
        let coordinate = octets(jwk, member)?;
        // RFC 7518 §6.2.1.2: "MUST be the full size of a coordinate".
        if coordinate.len() != field {
            return Err(JwkError::Encoding { member }.into());
        }
        point.extend(coordinate);
    }
    PublicKey::from_ec_point(kind, &point)
}

fn string<'a>(jwk: &'a Object<'_>, member: &'static str) -> Result<&'a str, JwkError> {
    jwk.get(member).and_then(|value| value.as_str()).ok_or(JwkError::Missing { member })
}

fn octets(jwk: &Object<'_>, member: &'static str) -> Result<Vec<u8>, JwkError> {
    URL_SAFE_NO_PAD.decode(string(jwk, member)?).map_err(|_| JwkError::Encoding { member })
}

/// RFC 7518 §2, Base64urlUInt: the fewest octets.
fn number(jwk: &Object<'_>, member: &'static str) -> Result<Vec<u8>, JwkError> {
    let octets = octets(jwk, member)?;
    if octets.first().is_none_or(|first| *first == 0) {
        return Err(JwkError::Encoding { member });
    }
    Ok(octets)
}

fn unsupported(member: &'static str, value: &str) -> KeyError {
    JwkError::Unsupported { member, value: value.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.2.
    const ED25519: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// RFC 7517 appendix A.1, both keys.
    const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}"#;
    const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256"}"#;

    #[test]
    fn the_examples_of_the_specifications() {
        let kind = |text| read(text).unwrap().kind();
        assert_eq!(kind(ED25519), KeyKind::Ed25519);
        assert_eq!(kind(P256), KeyKind::EcdsaP256);
        assert_eq!(kind(RSA), KeyKind::Rsa { bits: 2048 });
    }

    #[test]
    fn ml_dsa() {
        for (kind, alg, length) in [
            (KeyKind::MlDsa44, "ML-DSA-44", 1312),
            (KeyKind::MlDsa65, "ML-DSA-65", 1952),
            (KeyKind::MlDsa87, "ML-DSA-87", 2592),
        ] {
            let raw = vec![7; length];
            let text = format!(r#"{{"kty":"AKP","alg":"{alg}","pub":"{}"}}"#, URL_SAFE_NO_PAD.encode(&raw));
            assert_eq!(read(&text), PublicKey::from_ml_dsa_raw(kind, &raw));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for text in [ED25519, P256, RSA] {
            let key = read(text).unwrap();
            let written = sealwax_json::compact(&write(&key).unwrap().into());
            assert_eq!(read(&written).unwrap(), key);
        }
        for (kind, length) in [(KeyKind::MlDsa44, 1312), (KeyKind::MlDsa65, 1952), (KeyKind::MlDsa87, 2592)] {
            let key = PublicKey::from_ml_dsa_raw(kind, &vec![7; length]).unwrap();
            assert_eq!(read(&sealwax_json::compact(&write(&key).unwrap().into())).unwrap(), key);
        }
    }

    /// RFC 7638 §3.1 and RFC 8037 appendix A.3.
    #[test]
    fn thumbprints() {
        let thumbprint = |text| thumbprint(&read(text).unwrap()).unwrap();
        assert_eq!(thumbprint(RSA), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(thumbprint(ED25519), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn refused() {
        let check = |text: &str, error: JwkError| assert_eq!(read(text), Err(KeyError::Jwk(error)));
        check("[]", JwkError::NotObject);
        check("{}", JwkError::Missing { member: "kty" });
        check(r#"{"kty":1}"#, JwkError::Missing { member: "kty" });
        check(r#"{"kty":"oct"}"#, JwkError::Unsupported { member: "kty", value: "oct".into() });
        check(r#"{"kty":"oct","k":"AA"}"#, JwkError::Private { member: "k" });
        check(&ED25519.replace("\"x\"", "\"d\":\"AA\",\"x\""), JwkError::Private { member: "d" });
        check(
            &ED25519.replace("Ed25519", "X25519"),
            JwkError::Unsupported { member: "crv", value: "X25519".into() },
        );
        check(&ED25519.replace("HURo", "HURo="), JwkError::Encoding { member: "x" });
        check(&P256.replace("\"MKBC", "\"AAAAMKBC"), JwkError::Encoding { member: "x" });
        check(&RSA.replace("AQAB", "AAEAAQ"), JwkError::Encoding { member: "e" });
        let twice = read(&P256.replace("\"x\"", "\"y\""));
        assert!(matches!(twice, Err(KeyError::Jwk(JwkError::Json(sealwax_json::Error::Duplicate { .. })))));
        let not_on_the_curve = P256.replace("IFyM", "IFyI");
        assert_eq!(read(&not_on_the_curve), Err(KeyError::Invalid { kind: KeyKind::EcdsaP256 }));
        assert_eq!(
            read(&ED25519.replace("VS_7", "")),
            Err(KeyError::Length { kind: KeyKind::Ed25519, expected: 32, found: 29 })
        );
    }
}
