//! What an authority reads of strangers and of its administrator: tokens, key sets, discovery documents, configurations, templates,
//! certificate requests.

use jiff::Timestamp;
use sealwax_oidc::template::{Data, MAX_OUTPUT_BYTES, Template};
use sealwax_oidc::{Algorithm, Configuration, Discovery, Jwks, Provider, Token};
use sealwax_pki::CertificateRequest;

/// A token is read, and no key of nobody verifies it.
pub(crate) fn token(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(token) = Token::parse(text) else { return };
    let issuer = token.claimed_issuer().to_owned();
    assert!(!issuer.is_empty());
    let nobody = Provider::new(&issuer, Jwks::default(), &Algorithm::ALL);
    assert!(token.verify(&nobody, "sigstore", Timestamp::UNIX_EPOCH).is_err());
}

pub(crate) fn token_seeds() -> Vec<Vec<u8>> {
    // {"alg":"ES256","kid":"k"} and {"iss":"a","sub":"b","aud":"sigstore","exp":1}
    vec![b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJhIiwic3ViIjoiYiIsImF1ZCI6InNpZ3N0b3JlIiwiZXhwIjoxfQ.AAAA".to_vec()]
}

/// A key set, and a discovery document of whatever issuer it names.
pub(crate) fn jwks(input: &[u8]) {
    if let Ok(keys) = Jwks::parse(input) {
        assert!(keys.len() <= sealwax_oidc::MAX_KEYS);
    }
    if let Ok(document) = Discovery::parse(input, "https://a.example") {
        assert_eq!(document.issuer(), "https://a.example");
    }
}

pub(crate) fn jwks_seeds() -> Vec<Vec<u8>> {
    let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let document = r#"{"issuer":"https://a.example","jwks_uri":"https://a.example/k","id_token_signing_alg_values_supported":["RS256"]}"#;
    vec![keys.into(), document.into()]
}

/// A configuration: every issuer that it lists is found again.
pub(crate) fn config(input: &[u8]) {
    let Ok(configuration) = Configuration::parse(input) else { return };
    for (url, issuer) in configuration.issuers() {
        assert_eq!(configuration.issuer(url), Some(issuer));
    }
}

pub(crate) fn config_seeds() -> Vec<Vec<u8>> {
    let yaml = "define:\n  - &ci \"ci\"\noidc-issuers:\n  https://a.example: &a\n    client-id: sigstore\n    type: ci-provider\n    ci-provider: *ci\n  https://b.example:\n    <<: *a\n    type: email\n    issuer-claim: $.a.b\nmeta-issuers:\n  https://*.c.example/*: {client-id: x, type: kubernetes}\nci-issuer-metadata:\n  *ci:\n    extension-templates:\n      build-trigger: \"{{ .x }}\"\n    subject-alternative-name-template: '{{index . \"y\"}}'\n";
    let json = r#"{"OIDCIssuers":{"https://a.example":{"ClientID":"x","Type":"uri","SubjectDomain":"https://a.example"}}}"#;
    vec![yaml.into(), json.into()]
}

struct Everything;

impl Data for Everything {
    fn text(&self, name: &str) -> Option<String> {
        name.len().is_multiple_of(2).then(|| name.to_owned())
    }
}

/// A template, read and run.
pub(crate) fn template(input: &[u8]) {
    let Ok(source) = std::str::from_utf8(input) else { return };
    let Ok(template) = Template::parse(source) else { return };
    assert_eq!(template.source(), source);
    if let Ok(text) = template.run(&Everything) {
        assert!(text.len() <= MAX_OUTPUT_BYTES);
    }
    if !source.contains("{{") {
        assert_eq!(template.run(&Everything).as_deref(), Ok(source));
    }
}

pub(crate) fn template_seeds() -> Vec<Vec<u8>> {
    let seeds = [
        r#"{{ .url_ }}/{{(index . "a/b.")}} {{- /* c */ -}} x"#,
        r#"{{if eq .ab "ab" `c`}}1{{else if and (not .cd) (or .ef true)}}2{{else}}3{{end}}"#,
    ];
    seeds.map(|seed| seed.as_bytes().to_vec()).into()
}

/// A certificate request, whose signature nobody made.
pub(crate) fn request(input: &[u8]) {
    let from_text = std::str::from_utf8(input).ok().and_then(|text| CertificateRequest::from_pem(text).ok());
    for request in [CertificateRequest::from_der(input).ok(), from_text].into_iter().flatten() {
        let key = request.claimed_key().clone();
        if let Ok(proven) = request.check_signature() {
            assert_eq!(*proven, key);
        }
    }
}

pub(crate) fn request_seeds() -> Vec<Vec<u8>> {
    use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey};
    let element = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    };
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap();
    let info = element(0x30, &[&[2, 1, 0, 0x30, 0], key.public_key().spki_der(), &[0xa0, 0]]);
    let signature = key.sign(Scheme::Ed25519, Message::Bytes(&info)).unwrap();
    // 1.3.101.112
    let algorithm = element(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]);
    // 127 bytes of content: the longest that has a length of one octet.
    vec![element(0x30, &[&info, &algorithm, &element(3, &[&[0], &signature])])]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A seed that is refused leads a fuzzer nowhere.
    #[test]
    fn the_seeds_are_read() {
        for seed in token_seeds() {
            assert!(Token::parse(std::str::from_utf8(&seed).unwrap()).is_ok());
        }
        let [keys, document] = &jwks_seeds()[..] else { panic!("two seeds") };
        assert!(Jwks::parse(keys).is_ok() && Discovery::parse(document, "https://a.example").is_ok());
        for seed in config_seeds() {
            Configuration::parse(&seed).unwrap();
        }
        for seed in template_seeds() {
            Template::parse(std::str::from_utf8(&seed).unwrap()).unwrap().run(&Everything).unwrap();
        }
        for seed in request_seeds() {
            CertificateRequest::from_der(&seed).unwrap().check_signature().unwrap();
        }
        assert_eq!(request_seeds().len(), 1);
    }
}
