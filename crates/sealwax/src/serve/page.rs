//! The start page: what this is, for people, with commands that work here; and the documents beside it.

use sealwax_crypto::{KeyKind, PublicKey};
use sealwax_formats::{KeyMaterial, TransparencyLog, TrustedRoot};
use sealwax_server::read::{self, Coding, Lifetime, Representation};
use sealwax_server::{Answer, Bytes, Head, Route, Site, header, reply};
use sealwax_tlog::VerifierKey;
use sealwax_tlog::note::SignatureType;

use super::address;
use super::instance::Instance;
use super::places::Service;
use super::trust::Documents;

/// Nothing is fetched, framed or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 }
h2 { margin-top: 2rem; font-size: 1.1rem }
pre { padding: .8rem 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: .4rem; background: #8881 }
";

/// The page and the documents, each ready to be sent.
pub struct Pages {
    pages: Vec<Page>,
}

struct Page {
    path: &'static str,
    media_type: &'static str,
    bytes: Bytes,
    tag: header::HeaderValue,
}

impl Pages {
    /// Those of an instance.
    pub fn new(instance: &Instance, documents: &Documents) -> Self {
        let page = |path, media_type, text: &str| Page {
            path,
            media_type,
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            tag: read::tag(text.as_bytes(), ""),
        };
        let json = "application/json";
        Self {
            pages: vec![
                page("/", "text/html; charset=utf-8", &start(instance, documents)),
                page("/trusted_root.json", json, &documents.trusted_root_json()),
                page("/signing_config.json", json, &documents.signing_config_json()),
                page("/client_trust_config.json", json, &documents.client_trust_config_json()),
            ],
        }
    }

    fn find(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.path == path)
    }
}

impl Site for Pages {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        self.find(head.path()).map(|_| Route::read("start"))
    }

    fn answer<'a>(&'a self, head: Head<'a>, _: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let Some(page) = self.find(head.path()) else { return reply::not_found() };
            let representation = Representation {
                bytes: page.bytes.clone(),
                tag: &page.tag,
                media_type: page.media_type,
                lifetime: Lifetime::Moment,
                coding: Coding::Only,
            };
            let mut response = read::answer(head.method(), head.headers(), &representation);
            let policy = header::HeaderValue::from_static(POLICY);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        })
    }
}

/// The URL is one of [`super::address`], so there is nothing in it to escape.
fn start(instance: &Instance, documents: &Documents) -> String {
    let url = &instance.url;
    let host = address::authority(url).unwrap_or(url);
    let (issuer, tuf, log) = (instance.issuer(), instance.place(Service::Tuf), log(&documents.trusted_root));
    format!(
        "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Sealwax at {host}</title>
<style>{STYLE}</style>
<h1>Sealwax</h1>
<p>This is a Sigstore instance: a certificate authority, a certificate log, a signature log, a timestamp authority, an
identity provider and their trust root. Whoever has an account here can sign; anybody can check who signed what, and when.</p>

<h2>What to trust</h2>
<p>Fetch it once over a connection that you trust, or get it from whoever runs this instance.</p>
<pre>curl -fsSO {url}/trusted_root.json
curl -fsSO {url}/signing_config.json
curl -fsSO {url}/client_trust_config.json</pre>

<h2>sealwax</h2>
<p>Once, to keep it under a name:</p>
<pre>sealwax trust add NAME --config client_trust_config.json</pre>
<p>Or, so that <code>sealwax trust update NAME</code> follows what changes here:</p>
<pre>curl -fsSO {tuf}/1.root.json
sealwax trust add NAME --tuf {tuf} --root 1.root.json</pre>
<p>From then on:</p>
<pre>sealwax sign FILE --trust NAME
sealwax verify FILE --trust NAME --identity NAME@EXAMPLE --issuer {issuer}</pre>

<h2>cosign</h2>
<pre>cosign sign-blob FILE --bundle FILE.sigstore.json \\
    --trusted-root trusted_root.json --signing-config signing_config.json
cosign verify-blob FILE --bundle FILE.sigstore.json --trusted-root trusted_root.json \\
    --certificate-identity NAME@EXAMPLE --certificate-oidc-issuer {issuer}</pre>
<p>Or by TUF, once:</p>
<pre>curl -fsSO {tuf}/1.root.json
cosign initialize --mirror {tuf} --root 1.root.json</pre>

<h2>sigstore-python</h2>
<pre>sigstore --trust-config client_trust_config.json sign FILE
sigstore --trust-config client_trust_config.json verify identity FILE \\
    --cert-identity NAME@EXAMPLE --cert-oidc-issuer {issuer}</pre>

<h2>sigstore-js</h2>
<pre>curl -fsSO {tuf}/1.root.json
npx @sigstore/cli verify FILE.sigstore.json --blob-file FILE --tuf-mirror-url {tuf} --tuf-root-path 1.root.json \\
    --certificate-identity-email NAME@EXAMPLE --certificate-issuer {issuer}</pre>
{log}</html>
"
    )
}

/// How to look at the signature log that takes entries, by its key.
fn log(root: &TrustedRoot) -> String {
    let in_use = root.logs.iter().find(|log| log.public_key.as_ref().is_some_and(is_open));
    let Some((url, key)) = in_use.and_then(|log| Some((&log.base_url, verifier_key(log)?))) else {
        return String::new();
    };
    format!(
        "
<h2>The log</h2>
<pre>sealwax log check {url} --key '{key}'
sealwax log follow {url} --key '{key}' --from 0</pre>
"
    )
}

fn is_open(key: &KeyMaterial) -> bool {
    key.valid_for().is_none_or(|range| range.end.is_none())
}

/// None of a log of others whose URL is not one to be written into a page.
fn verifier_key(log: &TransparencyLog) -> Option<VerifierKey> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-_[]".contains(&byte);
    let url = log.base_url.as_str();
    // Without its path.
    let place = url.match_indices('/').nth(2).and_then(|(end, _)| url.get(..end)).unwrap_or(url);
    let host = address::host(place).filter(|_| url.bytes().all(plain))?;
    let key = PublicKey::from_spki_der(log.public_key.as_ref()?.raw_bytes()).ok()?;
    let kind = match key.kind() {
        KeyKind::Ed25519 => SignatureType::Ed25519,
        _ => SignatureType::Ecdsa,
    };
    VerifierKey::new(host, kind, key).ok()
}
