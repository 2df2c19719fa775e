//! PKCS#8 that is encrypted by PBES2 (RFC 5958 §3, RFC 8018 §6.2): as OpenSSL has written it since version 1.1. To be read; nothing is
//! written so.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Choice, Decode, DecodeValue, Sequence};
use sealwax_crypto::cbc;
use sealwax_crypto::password::{Prf, ScryptCost, pbkdf2, scrypt};
use secrecy::zeroize::Zeroizing;

/// id-PBES2 (RFC 8018 A.4).
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
/// id-PBKDF2 (RFC 8018 A.2).
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
/// id-scrypt (RFC 7914 §7).
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");
/// RFC 8018 B.1.
const PRFS: [(ObjectIdentifier, Prf); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.7"), Prf::HmacSha1),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.9"), Prf::HmacSha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.10"), Prf::HmacSha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.11"), Prf::HmacSha512),
];
/// AES in CBC mode, and the bytes of its key (RFC 8018 B.2.5).
const CIPHERS: [(ObjectIdentifier, usize); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2"), 16),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22"), 24),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42"), 32),
];
/// Bytes of the longest of these keys.
const MAX_KEY_BYTES: usize = 32;

/// Why bytes are not this format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Pbes2Error {
    /// Not the structure.
    #[error("malformed DER")]
    Malformed,
    /// Another scheme, derivation, hash or cipher than those read.
    #[error("the algorithm {oid} is not read: PBES2 with PBKDF2 or scrypt, and AES-CBC, is")]
    Algorithm {
        /// Its object identifier.
        oid: String,
    },
    /// A length of the key that is not the cipher's.
    #[error("a key of {found} bytes for a cipher that takes {expected}")]
    KeyLength {
        /// The cipher's.
        expected: usize,
        /// What the derivation says.
        found: u32,
    },
    /// Parameters of scrypt whose N is no power of two.
    #[error("scrypt with N = {n}, which is no power of two")]
    ScryptN {
        /// The cost of memory and processor.
        n: u64,
    },
    /// It would cost too much, or nothing.
    #[error(transparent)]
    Cost(#[from] sealwax_crypto::password::PasswordError),
}

/// An encrypted key.
pub(super) struct Encrypted {
    derivation: Derivation,
    salt: Vec<u8>,
    key_bytes: usize,
    iv: [u8; cbc::IV_BYTES],
    ciphertext: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Derivation {
    Pbkdf2 { prf: Prf, iterations: u32 },
    Scrypt(ScryptCost),
}

impl Encrypted {
    pub(super) fn parse(der: &[u8]) -> Result<Self, Pbes2Error> {
        let info = EncryptedPrivateKeyInfo::from_der(der).map_err(|_| Pbes2Error::Malformed)?;
        let scheme: Pbes2Params<'_> = info.algorithm.parameters_of(PBES2)?;
        let (key_bytes, iv) = cipher(&scheme.encryption)?;
        let (derivation, salt, named) = derivation(&scheme.derivation)?;
        if let Some(found) = named.filter(|found| usize::try_from(*found) != Ok(key_bytes)) {
            return Err(Pbes2Error::KeyLength { expected: key_bytes, found });
        }
        Ok(Self {
            derivation,
            salt: salt.as_bytes().to_vec(),
            key_bytes,
            iv,
            ciphertext: info.data.as_bytes().to_vec(),
        })
    }

    /// What is in it, or with another password perhaps something else: nothing authenticates it.
    pub(super) fn open(&self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut room = Zeroizing::new([0; MAX_KEY_BYTES]);
        let key = room.get_mut(..self.key_bytes)?;
        match self.derivation {
            Derivation::Pbkdf2 { prf, iterations } => pbkdf2(prf, password, &self.salt, iterations, key),
            Derivation::Scrypt(cost) => scrypt(password, &self.salt, cost, key),
        }
        .ok()?;
        cbc::open(key, self.iv, &self.ciphertext).ok().map(Zeroizing::new)
    }
}

fn cipher(scheme: &Algorithm<'_>) -> Result<(usize, [u8; cbc::IV_BYTES]), Pbes2Error> {
    let key_bytes = scheme.among(&CIPHERS)?;
    let iv: &OctetStringRef = scheme.parameters_of(scheme.oid)?;
    Ok((key_bytes, iv.as_bytes().try_into().map_err(|_| Pbes2Error::Malformed)?))
}

type Derived<'a> = (Derivation, &'a OctetStringRef, Option<u32>);

/// How the key is derived, with what salt, and how long it is if that is said. What costs too much is refused here.
fn derivation<'a>(scheme: &Algorithm<'a>) -> Result<Derived<'a>, Pbes2Error> {
    if scheme.oid == SCRYPT {
        let params: ScryptParams<'a> = scheme.parameters_of(SCRYPT)?;
        if !params.n.is_power_of_two() {
            return Err(Pbes2Error::ScryptN { n: params.n });
        }
        let log2_n = u8::try_from(params.n.ilog2()).unwrap_or(u8::MAX);
        let cost = ScryptCost { log2_n, r: params.r, p: params.p };
        cost.check()?;
        return Ok((Derivation::Scrypt(cost), params.salt, params.key_length));
    }
    let params: Pbkdf2Params<'a> = scheme.parameters_of(PBKDF2)?;
    let prf = params.prf.map_or(Ok(Prf::HmacSha1), |named| named.among(&PRFS))?;
    sealwax_crypto::password::check_iterations(params.iterations)?;
    let derivation = Derivation::Pbkdf2 { prf, iterations: params.iterations };
    Ok((derivation, params.salt, params.key_length))
}

#[derive(Sequence)]
struct EncryptedPrivateKeyInfo<'a> {
    algorithm: Algorithm<'a>,
    data: &'a OctetStringRef,
}

#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

impl<'a> Algorithm<'a> {
    /// The parameters, if this is the algorithm.
    fn parameters_of<T>(&self, oid: ObjectIdentifier) -> Result<T, Pbes2Error>
    where
        T: Choice<'a> + DecodeValue<'a>,
    {
        if self.oid != oid {
            return Err(self.unsupported());
        }
        let parameters = self.parameters.ok_or(Pbes2Error::Malformed)?;
        parameters.decode_as().map_err(|_| Pbes2Error::Malformed)
    }

    /// What it stands for in a table of those that are read.
    fn among<T: Copy>(&self, table: &[(ObjectIdentifier, T)]) -> Result<T, Pbes2Error> {
        let found = table.iter().find(|(oid, _)| *oid == self.oid);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| self.unsupported())
    }

    fn unsupported(&self) -> Pbes2Error {
        Pbes2Error::Algorithm { oid: self.oid.to_string() }
    }
}

#[derive(Sequence)]
struct Pbes2Params<'a> {
    derivation: Algorithm<'a>,
    encryption: Algorithm<'a>,
}

/// RFC 8018 A.2. The salt may be named instead of given there; nobody does.
#[derive(Sequence)]
struct Pbkdf2Params<'a> {
    salt: &'a OctetStringRef,
    iterations: u32,
    key_length: Option<u32>,
    prf: Option<Algorithm<'a>>,
}

/// RFC 7914 §7.1.
#[derive(Sequence)]
struct ScryptParams<'a> {
    salt: &'a OctetStringRef,
    n: u64,
    r: u32,
    p: u32,
    key_length: Option<u32>,
}
