//! `sealwax token`: an identity token of any issuer (OpenID Connect Core 1.0, RFC 6749, 7636, 8252, 8628, 9207).

mod answers;
pub(crate) mod args;
mod browser;
mod listener;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sealwax_idp::form::Form;
use sealwax_net::http::{BaseUrl, Client, Method, Timeouts, Transport, Url};
use tokio::time::{Instant, sleep, timeout_at};

use self::answers::{Claims, Discovery, Failed, MAX_ANSWER_BYTES, Waiting};
use self::args::TokenArgs;
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::sources::read_limited;
use crate::terminal::notice;
use crate::trust::write_node;

/// The client that every tool of the ecosystem calls itself.
pub(crate) const CLIENT_ID: &str = "sigstore";

/// The longest secret that is read, bytes.
const MAX_SECRET_BYTES: u64 = 4 << 10;

/// How much longer to wait each time when the issuer says that we ask too often (RFC 8628 §3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);

const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(15),
    read: Duration::from_secs(30),
    total: Duration::from_secs(60),
};

pub(crate) fn run(args: &TokenArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
    let token = runtime.block_on(token(args))?;
    if args.json {
        let claims = Claims::of(&token).map_err(|error| failed(&args.issuer, &error))?;
        write_node(out, claims.describe().and(Node::new().with("token", token.as_str())), true)?;
    } else {
        let written = writeln!(out, "{token}");
        written.map_err(|error| Failure::cannot(format!("cannot write the token: {error}")))?;
    }
    Ok(Status::Verified)
}

/// What every flow needs.
struct Session {
    http: Client,
    discovery: Discovery,
    issuer: String,
    client_id: String,
    secret: Option<String>,
    deadline: Instant,
}

/// A token by the flow that the arguments name.
///
/// # Errors
/// There is none: a sentence for people.
pub(crate) async fn token(args: &TokenArgs) -> Result<String, Failure> {
    // A job in which nobody sees the code would wait for minutes.
    if args.device && !io::stderr().is_terminal() {
        return Err(Failure::cannot("--device: there is no terminal to show a code on"));
    }
    let secret = args.secret_file.as_deref().map(read_secret).transpose()?;
    let http = Client::without_redirects(&TIMEOUTS).map_err(cannot)?;
    let discovery = discover(&http, &args.issuer).await?;
    let client_id = args.machine.as_deref().or(args.client_id.as_deref()).unwrap_or(CLIENT_ID).to_owned();
    let deadline = Instant::now() + Duration::from_secs(args.timeout);
    let session = Session { http, discovery, issuer: args.issuer.clone(), client_id, secret, deadline };
    let (token, nonce) = if args.browser {
        let (token, nonce) = browser::sign_in(&session).await?;
        (token, Some(nonce))
    } else if args.device {
        (session.device().await?, None)
    } else {
        (session.machine().await?, None)
    };
    // It came from the issuer itself, over a connection that is protected (OpenID Connect Core §3.1.3.7, 6): what it says is checked,
    // its signature is for whoever it is shown to.
    let claims = Claims::of(&token).map_err(|error| failed(&args.issuer, &error))?;
    claims
        .check(&args.issuer, &session.client_id, nonce.as_deref(), Timestamp::now())
        .map_err(|error| failed(&args.issuer, &error))?;
    Ok(token)
}

async fn discover(http: &Client, issuer: &str) -> Result<Discovery, Failure> {
    let base =
        BaseUrl::parse(issuer, Transport::Confidential).map_err(|error| Failure::usage(error.to_string()))?;
    let url = base.join(".well-known/openid-configuration").map_err(cannot)?;
    let Some(bytes) = http.get(&url, MAX_ANSWER_BYTES).await.map_err(cannot)? else {
        return Err(Failure::cannot(format!("{issuer} is no OpenID issuer: there is no {url}")));
    };
    Discovery::parse(&bytes, issuer).map_err(|error| failed(issuer, &error))
}

impl Session {
    /// Client credentials (RFC 6749 §4.4).
    async fn machine(&self) -> Result<String, Failure> {
        let form = Form::default().with("grant_type", "client_credentials").with("scope", "openid");
        self.redeem(form).await?.map_err(|error| failed(&self.issuer, &error))
    }

    /// RFC 8628.
    async fn device(&self) -> Result<String, Failure> {
        let issuer = &self.issuer;
        let Some(endpoint) = &self.discovery.device_authorization_endpoint else {
            return Err(Failure::cannot(format!("{issuer} has no device flow; --browser may do")));
        };
        let proof = Proof::new()?;
        let form = proof.promise(Form::default().with("scope", "openid email"));
        let answer = self.post(endpoint, self.identified(form)).await?;
        let waiting = Waiting::parse(answer.0, &answer.1).map_err(|error| failed(issuer, &error))?;
        let link = waiting.verification_uri_complete.as_ref().unwrap_or(&waiting.verification_uri);
        notice(&format!("sign in at {} and check that it shows the code {}", link, waiting.user_code));
        let mut interval = waiting.interval;
        let deadline = self.deadline.min(Instant::now() + waiting.expires_in);
        loop {
            if Instant::now() + interval > deadline {
                return Err(Failure::cannot("nobody signed in in time"));
            }
            sleep(interval).await;
            let form = Form::default()
                .with("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
                .with("device_code", &waiting.device_code)
                .with("code_verifier", &proof.verifier);
            match self.redeem(form).await? {
                Ok(token) => return Ok(token),
                Err(Failed::Refused { code, .. }) if code == "authorization_pending" => {}
                Err(Failed::Refused { code, .. }) if code == "slow_down" => interval += SLOW_DOWN,
                Err(error) => return Err(failed(issuer, &error)),
            }
        }
    }

    /// Asks the token endpoint; what the issuer says about it is inside.
    async fn redeem(&self, form: Form) -> Result<Result<String, Failed>, Failure> {
        let (status, body) = self.post(&self.discovery.token_endpoint, self.identified(form)).await?;
        Ok(answers::token(status, &body))
    }

    /// With who we are: the id, and the secret of who has one, in the body.
    fn identified(&self, form: Form) -> Form {
        let form = form.with("client_id", &self.client_id);
        match &self.secret {
            Some(secret) => form.with("client_secret", secret),
            None => form,
        }
    }

    async fn post(&self, endpoint: &str, form: Form) -> Result<(u16, Vec<u8>), Failure> {
        let url = endpoint_url(endpoint)?;
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
        let sent = self.http.send(Method::POST, &url, &headers, form.encode().into_bytes(), MAX_ANSWER_BYTES);
        match timeout_at(self.deadline, sent).await {
            Ok(answer) => answer.map(|answer| (answer.status, answer.body)).map_err(cannot),
            Err(_) => Err(Failure::cannot(format!("{url} did not answer in time"))),
        }
    }
}

/// Proof Key for Code Exchange (RFC 7636).
struct Proof {
    verifier: String,
    challenge: String,
}

impl Proof {
    fn new() -> Result<Self, Failure> {
        let verifier = fresh_text()?;
        let challenge = base64url(&sealwax_crypto::sha256(verifier.as_bytes()));
        Ok(Self { verifier, challenge })
    }

    fn promise(&self, form: Form) -> Form {
        form.with("code_challenge", &self.challenge).with("code_challenge_method", "S256")
    }
}

/// 256 bits that nobody has seen before.
fn fresh_text() -> Result<String, Failure> {
    Ok(base64url(&sealwax_crypto::random::<32>().map_err(cannot)?))
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// An endpoint of the issuer, to which secrets go: https, or this machine.
fn endpoint_url(endpoint: &str) -> Result<Url, Failure> {
    let place = endpoint.split(['?', '#']).next().unwrap_or_default();
    BaseUrl::parse(place, Transport::Confidential).map_err(cannot)?;
    Url::parse(endpoint).map_err(|error| Failure::cannot(format!("{endpoint:?} is not a URL: {error}")))
}

fn read_secret(path: &Path) -> Result<String, Failure> {
    let cannot = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
    let bytes = read_limited(path, MAX_SECRET_BYTES).map_err(|error| cannot(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot("it is not text".to_owned()))?;
    match text.trim() {
        "" => Err(cannot("it is empty".to_owned())),
        secret => Ok(secret.to_owned()),
    }
}

fn failed(issuer: &str, error: &Failed) -> Failure {
    Failure::cannot(format!("{issuer}: {error}"))
}

fn cannot(error: impl std::fmt::Display) -> Failure {
    Failure::cannot(error.to_string())
}
