//! The key in a token, and its public half.

use super::{
    error::{TokenError, Trouble},
    uri::Uri,
};
use cryptoki::{
    error::Error,
    object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
};
use der::{
    Decode, Encode, Sequence,
    asn1::{ObjectIdentifier, OctetStringRef, UintRef},
};
use sealwax_crypto::{KeyError, KeyKind, PublicKey, hex};
use sealwax_pki::Certificate;

/// So many keys are named in an error, and no more.
const MAX_NAMED: usize = 16;

/// The one private key that matches.
pub(super) fn find(session: &Session, uri: &Uri, token: &str) -> Result<ObjectHandle, Trouble> {
    let private = Attribute::Class(ObjectClass::PRIVATE_KEY);
    let mut template = vec![private.clone()];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template.extend(uri.id.as_ref().map(|id| Attribute::Id(id.clone())));
    let matching = session.find_objects(&template)?;
    if let [key] = *matching {
        return Ok(key);
    }
    let names = |keys: &[ObjectHandle]| -> Result<Vec<String>, Error> {
        let names = keys.iter().map(|key| Ok(Name::read(session, *key)?.to_string()));
        let mut names = names.collect::<Result<Vec<_>, Error>>()?;
        names.sort();
        names.truncate(MAX_NAMED);
        Ok(names)
    };
    let (token, wanted) = (token.to_owned(), uri.wanted());
    Err(if matching.is_empty() {
        let found = names(&session.find_objects(&[private])?)?;
        TokenError::NoKey { token, wanted, found }
    } else {
        TokenError::ManyKeys { token, wanted, found: names(&matching)? }
    }
    .into())
}

/// The public half of a private key, out of the key itself, or of the public key or certificate that lies beside it. Whether
/// it is, only a signature shows.
pub(super) fn public_key(session: &Session, key: ObjectHandle) -> Result<PublicKey, Trouble> {
    let name = Name::read(session, key)?;
    let attributes = session.get_attributes(key, &[AttributeType::AlwaysAuthenticate])?;
    if attributes.contains(&Attribute::AlwaysAuthenticate(true)) {
        return Err(TokenError::AlwaysAuthenticate { key: name.to_string() }.into());
    }
    let found = match of_key(session, key)? {
        Some(found) => Some(found),
        None => beside(session, &name)?,
    };
    let found = found.ok_or_else(|| TokenError::NoPublicKey { key: name.to_string() })?;
    found.map_err(|cause| TokenError::PublicKey { key: name.to_string(), cause }.into())
}

/// What objects that belong together have in common.
struct Name {
    label: Vec<u8>,
    id: Vec<u8>,
}

impl Name {
    fn read(session: &Session, object: ObjectHandle) -> Result<Self, Error> {
        let mut name = Self { label: Vec::new(), id: Vec::new() };
        for attribute in session.get_attributes(object, &[AttributeType::Label, AttributeType::Id])? {
            match attribute {
                Attribute::Label(label) => name.label = label,
                Attribute::Id(id) => name.id = id,
                _ => {}
            }
        }
        Ok(name)
    }

    /// By id, as PKCS #11 wants it; by label where there is none.
    fn template(&self, class: ObjectClass) -> Option<Vec<Attribute>> {
        let by = match self {
            Self { id, .. } if !id.is_empty() => Attribute::Id(id.clone()),
            Self { label, .. } if !label.is_empty() => Attribute::Label(label.clone()),
            _ => return None,
        };
        Some(vec![Attribute::Class(class), by])
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} (id {})", String::from_utf8_lossy(&self.label), hex(&self.id))
    }
}

/// A public key, or why it is none that is used here.
type Found = Result<PublicKey, KeyError>;

/// What the objects beside a private key say.
fn beside(session: &Session, name: &Name) -> Result<Option<Found>, Error> {
    let objects = |class| match name.template(class) {
        Some(template) => session.find_objects(&template),
        None => Ok(Vec::new()),
    };
    for object in objects(ObjectClass::PUBLIC_KEY)? {
        if let Some(found) = of_key(session, object)? {
            return Ok(Some(found));
        }
    }
    for object in objects(ObjectClass::CERTIFICATE)? {
        if let Some(found) = of_certificate(session, object)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What a key object says, private or public: PKCS #11 lets private ones keep it to themselves.
fn of_key(session: &Session, object: ObjectHandle) -> Result<Option<Found>, Error> {
    // Each for itself: some modules answer all or nothing, and some kinds of key are none that the binding knows.
    let value = |wanted| match session.get_attributes(object, &[wanted]) {
        Ok(values) => Ok(values.into_iter().next()),
        Err(Error::Pkcs11(value, function)) => Err(Error::Pkcs11(value, function)),
        Err(_) => Ok(None),
    };
    if let Some(Attribute::PublicKeyInfo(spki)) = value(AttributeType::PublicKeyInfo)?
        && !spki.is_empty()
    {
        return Ok(Some(PublicKey::from_spki_der(&spki)));
    }
    let Some(Attribute::KeyType(kind)) = value(AttributeType::KeyType)? else { return Ok(None) };
    if kind == KeyType::RSA {
        let (modulus, exponent) = (value(AttributeType::Modulus)?, value(AttributeType::PublicExponent)?);
        let (Some(Attribute::Modulus(modulus)), Some(Attribute::PublicExponent(exponent))) =
            (modulus, exponent)
        else {
            return Ok(None);
        };
        return Ok(Some(rsa(&modulus, &exponent)));
    }
    if kind != KeyType::EC && kind != KeyType::EC_EDWARDS {
        return Ok(Some(Err(KeyError::UnsupportedAlgorithm { oid: kind.to_string() })));
    }
    let (parameters, point) = (value(AttributeType::EcParams)?, value(AttributeType::EcPoint)?);
    let (Some(Attribute::EcParams(parameters)), Some(Attribute::EcPoint(point))) = (parameters, point) else {
        return Ok(None);
    };
    Ok((!point.is_empty()).then(|| elliptic(&parameters, &point)))
}

fn of_certificate(session: &Session, object: ObjectHandle) -> Result<Option<Found>, Error> {
    let kind = session.get_attributes(object, &[AttributeType::CertificateType])?;
    if kind != [Attribute::CertificateType(CertificateType::X_509)] {
        return Ok(None);
    }
    let value = session.get_attributes(object, &[AttributeType::Value])?;
    let Some(Attribute::Value(der)) = value.first() else { return Ok(None) };
    let Ok(certificate) = Certificate::from_der(der) else { return Ok(None) };
    Ok(Some(PublicKey::from_spki_der(certificate.public_key_spki())))
}

/// RFC 8017 appendix A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Found {
    let malformed = |_| KeyError::Malformed;
    let modulus = UintRef::new(modulus).map_err(malformed)?;
    let exponent = UintRef::new(exponent).map_err(malformed)?;
    PublicKey::from_pkcs1_der(&RsaPublicKey { modulus, exponent }.to_der().map_err(malformed)?)
}

/// `CKA_EC_PARAMS` of the curves: object identifiers (RFC 5480 section 2.1.1.1, RFC 8410 section 3), and the name that
/// PKCS #11 v3.0 section 2.3.10 has for Ed25519.
const CURVES: [(&[u8], KeyKind); 5] = [
    (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", KeyKind::EcdsaP256),
    (b"\x06\x05\x2b\x81\x04\x00\x22", KeyKind::EcdsaP384),
    (b"\x06\x05\x2b\x81\x04\x00\x23", KeyKind::EcdsaP521),
    (b"\x06\x03\x2b\x65\x70", KeyKind::Ed25519),
    (b"\x13\x0cedwards25519", KeyKind::Ed25519),
];

fn elliptic(parameters: &[u8], point: &[u8]) -> Found {
    let known = CURVES.into_iter().find(|(curve, _)| *curve == parameters);
    let (_, kind) = known.ok_or_else(|| KeyError::UnsupportedCurve { oid: oid(parameters) })?;
    let point = unwrapped(kind, point);
    match kind {
        KeyKind::Ed25519 => {
            let found = point.len();
            let raw = point.try_into().map_err(|_| KeyError::Length { kind, expected: 32, found })?;
            PublicKey::from_ed25519_raw(raw)
        }
        kind => PublicKey::from_ec_point(kind, point),
    }
}

/// By the specification an OCTET STRING is around the point, and some modules leave it out. Only the length tells: a point
/// begins with 4, which is the tag of an OCTET STRING.
fn unwrapped(kind: KeyKind, point: &[u8]) -> &[u8] {
    let raw = match kind {
        KeyKind::EcdsaP256 => 65,
        KeyKind::EcdsaP384 => 97,
        KeyKind::EcdsaP521 => 133,
        _ => 32,
    };
    if point.len() == raw {
        return point;
    }
    <&OctetStringRef>::from_der(point).map_or(point, |octets| octets.as_bytes())
}

/// The curve, for people.
fn oid(parameters: &[u8]) -> String {
    let oid: Result<ObjectIdentifier, _> = Decode::from_der(parameters);
    oid.map_or_else(|_| hex(parameters), |oid| oid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::SigningKey;

    #[test]
    fn points_with_and_without_their_octet_string() {
        // The point is at the end of the encoded key.
        for (kind, parameters, length) in [
            (KeyKind::EcdsaP256, CURVES[0].0, 65),
            (KeyKind::EcdsaP384, CURVES[1].0, 97),
            (KeyKind::EcdsaP521, CURVES[2].0, 133),
            (KeyKind::Ed25519, CURVES[3].0, 32),
            (KeyKind::Ed25519, CURVES[4].0, 32),
        ] {
            let key = SigningKey::generate(kind).unwrap();
            let spki = key.public_key().spki_der();
            let point = &spki[spki.len() - length..];
            let wrapped = OctetStringRef::new(point).unwrap().to_der().unwrap();
            assert_eq!(&elliptic(parameters, point).unwrap(), key.public_key());
            assert_eq!(&elliptic(parameters, &wrapped).unwrap(), key.public_key());
            assert!(elliptic(parameters, &point[1..]).is_err());
        }
        // A point that looks like an OCTET STRING: tag 4, and as many bytes as follow.
        let mut point = [7; 65];
        [point[0], point[1]] = [4, 63];
        assert_eq!(unwrapped(KeyKind::EcdsaP256, &point), point);
    }

    #[test]
    fn other_curves_are_named() {
        let error = elliptic(b"\x06\x05\x2b\x81\x04\x00\x0a", &[4; 65]).unwrap_err();
        assert_eq!(error, KeyError::UnsupportedCurve { oid: "1.3.132.0.10".to_owned() });
    }

    #[test]
    fn numbers_of_rsa_keys() {
        let mut modulus = [0xff; 256];
        assert_eq!(rsa(&modulus, &[1, 0, 1]).unwrap().kind(), KeyKind::Rsa { bits: 2048 });
        let with_zero = [&[0][..], &modulus].concat();
        assert_eq!(rsa(&with_zero, &[0, 1, 0, 1]).unwrap(), rsa(&modulus, &[1, 0, 1]).unwrap());
        modulus[255] = 0;
        assert_eq!(rsa(&modulus, &[1, 0, 1]).unwrap_err(), KeyError::RsaModulusEven);
        assert_eq!(rsa(&[0xff; 128], &[1, 0, 1]).unwrap_err(), KeyError::RsaModulusSize { bits: 1024 });
    }
}
