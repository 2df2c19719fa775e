//! AWS Signature Version 4, for a POST with headers. <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>

use jiff::Timestamp;
use sealwax_crypto::mac::hmac_sha256;
use sealwax_crypto::{hex, sha256};
use sealwax_net::http::Url;
use secrecy::{ExposeSecret, SecretString};

use super::super::door::Request;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: SecretString,
    /// Of credentials that end.
    pub(super) session_token: Option<SecretString>,
}

/// What a signature is good for.
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) now: Timestamp,
}

/// The request with the headers that sign it, all of its own included. Its path must be one that needs no escapes, its query none.
pub(super) fn sign(mut request: Request, credentials: &Credentials, scope: &Scope<'_>) -> Request {
    let time = scope.now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = scope.now.strftime("%Y%m%d").to_string();
    request.headers.push(("x-amz-date", time.clone()));
    if let Some(token) = &credentials.session_token {
        request.headers.push(("x-amz-security-token", token.expose_secret().to_owned()));
    }
    let mut signed: Vec<(&str, String)> = request.headers.clone();
    signed.push(("host", host(&request.url)));
    signed.sort();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!(
        "{}\n{}\n\n{lines}\n{names}\n{}",
        request.method,
        request.url.path(),
        hex(&sha256(&request.body))
    );
    let scope_text = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope_text}\n{}", hex(&sha256(canonical.as_bytes())));
    let secret = format!("AWS4{}", credentials.secret.expose_secret());
    let key = [day.as_str(), scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac_sha256(&key, &[part.as_bytes()]).to_vec());
    let signature = hex(&hmac_sha256(&key, &[to_sign.as_bytes()]));
    let credential = format!("{}/{scope_text}", credentials.id);
    let authorization =
        format!("{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}");
    request.headers.push(("authorization", authorization));
    request
}

/// As it will be sent: with the port if that is not the scheme's own.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::door::Place;
    use super::*;
    use sealwax_net::http::Method;

    fn signed(headers: &[(&'static str, &str)], body: &[u8], session_token: Option<&str>) -> String {
        let request = Request {
            method: Method::POST,
            url: Url::parse("https://example.amazonaws.com/").unwrap(),
            headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            body: body.to_vec(),
            place: Place::Confidential,
        };
        let credentials = Credentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: SecretString::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: session_token.map(SecretString::from),
        };
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let signed = sign(request, &credentials, &Scope { region: "us-east-1", service: "service", now });
        let (name, value) = signed.headers.last().unwrap();
        assert_eq!(*name, "authorization");
        value.clone()
    }

    /// The cases `post-vanilla` and `post-header-key-sort` of AWS's published test suite.
    #[test]
    fn the_published_vectors() {
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        assert_eq!(
            signed(&[], b"", None),
            format!(
                "{scope}, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
            )
        );
        assert_eq!(
            signed(&[("my-header1", "value1")], b"", None),
            format!(
                "{scope}, SignedHeaders=host;my-header1;x-amz-date, Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
            )
        );
    }

    #[test]
    fn the_body_and_the_session_are_signed() {
        let of = |body: &[u8], token| signed(&[], body, token).rsplit('=').next().unwrap().to_owned();
        assert_ne!(of(b"", None), of(b"{}", None));
        assert_ne!(of(b"{}", Some("a")), of(b"{}", Some("b")));
        assert!(signed(&[], b"", Some("a")).contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
    }
}
