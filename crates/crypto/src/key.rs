//! Public keys.

use core::fmt;
use std::sync::{Arc, OnceLock};

use crate::provider::{Prepared, active};
use crate::spki::{self, Material};
use crate::{
    Digest, HashAlgorithm, KeyError, KeyKind, Message, Representative, Scheme, VerifyError, ed25519, jwk,
    minisign, pem, ssh,
};

/// A public key of the registry, checked, and prepared for many verifications. Cloning is cheap.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    spki: Box<[u8]>,
    spki_sha256: OnceLock<[u8; 32]>,
    kind: KeyKind,
    prepared: active::Key,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7): strict DER, named curves, uncompressed points.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyError> {
        let material = spki::parse(spki)?;
        let kind = material.kind();
        Ok(Self(Arc::new(Inner {
            prepared: active::Key::new(&material, spki).ok_or(KeyError::Invalid { kind })?,
            kind,
            spki_sha256: OnceLock::new(),
            spki: spki.into(),
        })))
    }

    /// Reads an `RSAPublicKey` (RFC 8017 appendix A.1.1), as staging's trusted root carries one.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_pkcs1_der(pkcs1: &[u8]) -> Result<Self, KeyError> {
        spki::rsa(pkcs1)?;
        Self::from_spki_der(&spki::encode_rsa(pkcs1)?)
    }

    /// Reads one PEM block, `PUBLIC KEY` or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::decode_one(text)?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_spki_der(&block.der),
            "RSA PUBLIC KEY" => Self::from_pkcs1_der(&block.der),
            _ => Err(KeyError::PemLabel { label: block.label }),
        }
    }

    /// Reads a JSON Web Key (RFC 7517): `EC`, `RSA`, `OKP` with Ed25519, `AKP` with ML-DSA. Members that say what the
    /// key is for are ignored; private members are refused.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        jwk::read(text)
    }

    /// Reads a public key as SSH writes it: `ssh-ed25519 AAAA… comment`, ECDSA and RSA too.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_ssh(line: &str) -> Result<Self, KeyError> {
        ssh::read(line)
    }

    /// Reads a public key as minisign and signify write it.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_minisign(text: &str) -> Result<Self, KeyError> {
        minisign::read(text)
    }

    /// Reads the public key in a file, in whatever form of those that are read here it has: PEM, JWK, SSH, minisign, or DER. What
    /// is none of the others is DER.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        match std::str::from_utf8(bytes).map(str::trim_start) {
            Ok(text) if text.contains("-----BEGIN") => Self::from_pem(text),
            Ok(text) if text.starts_with('{') => Self::from_jwk(text),
            Ok(text) if ssh::looks_like(text) => Self::from_ssh(text),
            Ok(text) if minisign::looks_like(text) => Self::from_minisign(text),
            _ => Self::from_spki_der(bytes),
        }
    }

    /// The key as a JSON Web Key: the members that RFC 7517 requires, no others.
    ///
    /// # Errors
    /// None for a key that was read; the type is that of reading it.
    pub fn to_jwk(&self) -> Result<sealwax_json::Object<'static>, KeyError> {
        jwk::write(self)
    }

    /// The thumbprint of the key as a JWK (RFC 7638) with SHA-256, in base64url: a name for it that needs no register.
    ///
    /// # Errors
    /// As [`PublicKey::to_jwk`].
    pub fn jwk_thumbprint(&self) -> Result<String, KeyError> {
        jwk::thumbprint(self)
    }

    /// An Ed25519 key from its 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Ed25519Weak`] and [`KeyError::Invalid`].
    pub fn from_ed25519_raw(key: &[u8; 32]) -> Result<Self, KeyError> {
        Self::from_spki_der(&spki::encode_raw(KeyKind::Ed25519, key)?)
    }

    /// An ML-DSA key from its bytes (FIPS 204 §7.2).
    ///
    /// # Errors
    /// [`KeyError::NoRawForm`] for other kinds, [`KeyError::Length`].
    pub fn from_ml_dsa_raw(kind: KeyKind, key: &[u8]) -> Result<Self, KeyError> {
        if !kind.fits(Scheme::MlDsa) {
            return Err(KeyError::NoRawForm { kind });
        }
        spki::raw(kind, key)?;
        Self::from_spki_der(&spki::encode_raw(kind, key)?)
    }

    /// A point of a curve, uncompressed (SEC 1 §2.3.3).
    ///
    /// # Errors
    /// [`KeyError::NoRawForm`] for other kinds, [`KeyError::PointForm`], [`KeyError::Length`],
    /// [`KeyError::Invalid`] if the point is not on the curve.
    pub fn from_ec_point(kind: KeyKind, point: &[u8]) -> Result<Self, KeyError> {
        spki::ec(kind, point)?;
        Self::from_spki_der(&spki::encode_ec(kind, point)?)
    }

    /// The `SubjectPublicKeyInfo`, byte for byte as read.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`: the id of v1 logs and certificate logs.
    pub fn spki_sha256(&self) -> [u8; 32] {
        *self.0.spki_sha256.get_or_init(|| crate::sha256(&self.0.spki))
    }

    /// The raw bytes of an Ed25519 or ML-DSA key; `None` for the others.
    pub fn raw(&self) -> Option<&[u8]> {
        match self.material()? {
            Material::Ed25519 { point } => Some(point),
            Material::MlDsa { key, .. } => Some(key),
            Material::Rsa { .. } | Material::Ec { .. } => None,
        }
    }

    /// Modulus and exponent of an RSA key, big endian without leading zeros; `None` for the others.
    pub fn rsa_numbers(&self) -> Option<(&[u8], &[u8])> {
        match self.material()? {
            Material::Rsa { modulus, exponent } => Some((modulus, exponent)),
            Material::Ec { .. } | Material::Ed25519 { .. } | Material::MlDsa { .. } => None,
        }
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// The key as a PEM block `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", self.spki_der())
    }

    /// The schemes a signature by this key may have where nothing else fixes it, likeliest first: in certificates, DSSE
    /// envelopes, checkpoints. ECDSA with the matched hash, then SHA-256; RSA PKCS#1 with SHA-256, never PSS; pure Ed25519.
    pub fn default_schemes(&self) -> &'static [Scheme] {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        match self.0.kind {
            KeyKind::Rsa { .. } => &[Scheme::RsaPkcs1(Sha256)],
            KeyKind::EcdsaP256 => &[Scheme::Ecdsa(Sha256)],
            KeyKind::EcdsaP384 => &[Scheme::Ecdsa(Sha384), Scheme::Ecdsa(Sha256)],
            KeyKind::EcdsaP521 => &[Scheme::Ecdsa(Sha512), Scheme::Ecdsa(Sha256)],
            KeyKind::Ed25519 => &[Scheme::Ed25519],
            KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => &[Scheme::MlDsa],
        }
    }

    /// As [`default_schemes`](Self::default_schemes), for signatures over an artifact, which may be large: Ed25519ph,
    /// then pure Ed25519.
    pub fn artifact_schemes(&self) -> &'static [Scheme] {
        match self.0.kind {
            KeyKind::Ed25519 => &[Scheme::Ed25519ph, Scheme::Ed25519],
            _ => self.default_schemes(),
        }
    }

    /// Whether `signature` is this key's signature of `message`.
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`] if it is not; the other variants if it could not be tried.
    pub fn verify(&self, scheme: Scheme, message: Message<'_>, signature: &[u8]) -> Result<(), VerifyError> {
        let message = Admitted::new(self, scheme, message)?;
        message.verify(&self.0.prepared, scheme, signature)
    }

    /// The numbers of the key, read again; `None` never happens.
    pub(crate) fn material(&self) -> Option<Material<'_>> {
        spki::parse(&self.0.spki).ok()
    }
}

/// A message in the form that its scheme signs.
pub(crate) enum Admitted<'a> {
    Digest(Digest),
    Whole(&'a [u8]),
    Representative(&'a Representative),
}

impl<'a> Admitted<'a> {
    /// Everything that can be wrong with a request before cryptography starts.
    pub(crate) fn new(key: &PublicKey, scheme: Scheme, message: Message<'a>) -> Result<Self, VerifyError> {
        let kind = key.kind();
        if !kind.fits(scheme) {
            return Err(VerifyError::SchemeMismatch { kind, scheme });
        }
        match (scheme.prehash(), message) {
            (None, Message::Bytes(bytes)) => Ok(Self::Whole(bytes)),
            (None, Message::Representative(short)) if scheme == Scheme::MlDsa => match short.is_of(key) {
                true => Ok(Self::Representative(short)),
                false => Err(VerifyError::OtherRepresentative),
            },
            (None, Message::Digest(_)) | (_, Message::Representative(_)) => {
                Err(VerifyError::MessageNeeded { scheme })
            }
            (Some(hash), Message::Bytes(bytes)) => Ok(Self::Digest(crate::digest(hash, bytes))),
            (Some(hash), Message::Digest(digest)) if digest.algorithm() == hash => Ok(Self::Digest(*digest)),
            (Some(expected), Message::Digest(digest)) => {
                Err(VerifyError::DigestMismatch { scheme, expected, found: digest.algorithm() })
            }
        }
    }

    /// The door: rules that are ours first, then the provider.
    pub(crate) fn verify(
        &self,
        key: &impl Prepared,
        scheme: Scheme,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let strict = match scheme {
            Scheme::Ed25519 | Scheme::Ed25519ph => ed25519::is_strict(signature),
            _ => true,
        };
        let good = strict
            && match self {
                Self::Digest(digest) => key.verify_digest(scheme, digest, signature),
                Self::Whole(bytes) => key.verify_whole(bytes, signature),
                Self::Representative(short) => key.verify_representative(short, signature),
            };
        if good { Ok(()) } else { Err(VerifyError::BadSignature) }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.0.kind, crate::hash::hex(&self.spki_sha256()))
    }
}
