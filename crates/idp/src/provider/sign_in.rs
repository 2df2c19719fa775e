//! Signing in with a browser: the page, what is answered to it, and where that leads. Nothing is remembered here between two
//! pages: the URL says what it is for, and the form carries the rest under a seal.

use super::{Provider, Request, Sent, seconds};
use crate::authorize::{AuthorizationError, AuthorizationRequest, Refusal, refused};
use crate::codes::Grant;
use crate::connector::{Answer, Identity, Question, Step, Trouble};
use crate::device::{Outcome, UserCode};
use crate::form::Form;
use crate::page::{self, Purpose, SignIn};
use crate::seal::{Bound, LIFETIME};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sealwax_crypto::sha256;
use sealwax_server::journal::Value;
use sealwax_store::disk::Disk;
use std::net::IpAddr;

/// The cookie's value: 32 bytes in base64url.
const COOKIE_VALUE_LETTERS: usize = 43;

/// What somebody signs in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matter {
    /// A program gets a code.
    Program(AuthorizationRequest),
    /// A program elsewhere goes on.
    Device(UserCode),
}

/// An answer that the connector has to look at, which takes its time.
#[derive(Debug)]
pub(crate) struct Asked {
    matter: Matter,
    about: String,
    browser: String,
    fields: Form,
    memory: Vec<u8>,
    address: Option<IpAddr>,
    now: Timestamp,
}

impl Asked {
    /// What the connector is asked.
    pub(crate) fn answer(&self) -> Answer<'_> {
        let Self { fields, memory, address, now, .. } = self;
        Answer { fields, memory, address: *address, now: *now }
    }
}

impl<D: Disk> Provider<D> {
    /// `GET /auth`.
    pub fn authorize(&self, request: &Request<'_>) -> Sent {
        match self.authorization(request) {
            Ok(asked) => self.begin(request, &Matter::Program(asked), &format!("/auth?{}", request.query)),
            Err(sent) => sent,
        }
    }

    /// `POST /auth`, up to where the connector is asked.
    pub(crate) fn authorize_answered(&self, request: &Request<'_>) -> Result<Asked, Sent> {
        let matter = Matter::Program(self.authorization(request)?);
        self.answered(request, matter, format!("/auth?{}", request.query))
    }

    /// The end of a `POST`: what the connector said.
    pub(crate) fn concluded(&self, asked: &Asked, step: Step, request: &Request<'_>) -> Sent {
        match step {
            Step::Known(identity) => self.known(asked, identity, request),
            Step::Ask { question, memory, trouble } => {
                let Asked { matter, about, browser, .. } = asked;
                self.ask(matter, about, browser, &Asking { question, memory, trouble }, request.now)
            }
            Step::Later { wait } => Sent::later(seconds(wait)),
            Step::Broken { cause } => {
                self.journal.error("nobody can sign in", &[("error", Value::Text(&cause))]);
                self.told(&asked.matter, &asked.about, Refusal::Broken).unwrap_or_else(Sent::broken)
            }
        }
    }

    /// What a program asks for, or what it is told instead.
    fn authorization(&self, request: &Request<'_>) -> Result<AuthorizationRequest, Sent> {
        let parsed = AuthorizationRequest::parse(request.query, &self.settings.clients);
        parsed.map_err(|error| match error {
            AuthorizationError::Unanswerable(error) => Sent::unanswerable(&error),
            AuthorizationError::Refused { refusal, redirect, .. } if redirect.is_out_of_band() => {
                let advice = "This is the program's mistake; nobody was signed in.";
                Sent::page(page::trouble(
                    400,
                    "This request cannot be answered",
                    &refusal.to_string(),
                    advice,
                ))
            }
            AuthorizationError::Refused { refusal, redirect, state } => {
                let to = refused(refusal, &redirect, state.as_deref(), &self.issuer());
                Sent::Redirect { to, cookie: None }
            }
        })
    }

    /// The first page, with a new secret for this browser.
    pub(super) fn begin(&self, request: &Request<'_>, matter: &Matter, about: &str) -> Sent {
        let browser = URL_SAFE_NO_PAD.encode(request.fresh.secret);
        let asking = Asking { question: self.connector.begin(), memory: Vec::new(), trouble: None };
        match self.ask(matter, about, &browser, &asking, request.now) {
            Sent::Page { page, retry_after, .. } => {
                let cookie = Some(self.cookie(about, &browser, LIFETIME.as_secs()));
                Sent::Page { page, cookie, retry_after }
            }
            sent => sent,
        }
    }

    fn ask(&self, matter: &Matter, about: &str, browser: &str, asking: &Asking, now: Timestamp) -> Sent {
        let Asking { question, memory, trouble } = asking;
        let step = self.seal.close(Bound { browser, about }, memory, now);
        let shown;
        let purpose = match matter {
            Matter::Program(asked) => Purpose::Program { redirect_uri: asked.redirect.uri() },
            Matter::Device(user_code) => {
                shown = user_code.shown();
                Purpose::Device { user_code: &shown }
            }
        };
        let action = format!("{}{about}", self.settings.issuer.path());
        let sign_in = SignIn { purpose, action: &action, step: &step, question, trouble: *trouble };
        let mut page = page::sign_in(&sign_in);
        if let Matter::Program(asked) = matter {
            page.form_action = asked.redirect.form_action();
        }
        Sent::page(page)
    }

    /// An answer, if it comes from a page that we gave to this browser for this matter, not too long ago.
    pub(super) fn answered(
        &self,
        request: &Request<'_>,
        matter: Matter,
        about: String,
    ) -> Result<Asked, Sent> {
        if request.origin.is_some_and(|origin| origin != self.settings.issuer.origin()) {
            let advice = "Nobody was signed in. If you came here by a link, start again from your program.";
            let what = "this form was not sent from our own page";
            return Err(Sent::page(page::trouble(403, "Not from here", what, advice)));
        }
        let form = Form::parse(request.body).map_err(|error| Sent::unanswerable(&error.into()))?;
        let browser = cookie_value(request.cookie, &cookie_name(&about)).unwrap_or_default();
        let step = form.get("step").unwrap_or_default();
        let Some(memory) = self.seal.open(Bound { browser, about: &about }, step, request.now) else {
            // Too old, from before a restart, or of another browser: a fresh page tells apart who means it.
            return Err(self.begin(request, &matter, &about));
        };
        if form.get("cancel").is_some() {
            return Err(self.cancelled(&matter, &about, request.now));
        }
        let (browser, address, now) = (browser.to_owned(), request.address, request.now);
        Ok(Asked { matter, about, browser, fields: form, memory, address, now })
    }

    fn cancelled(&self, matter: &Matter, about: &str, now: Timestamp) -> Sent {
        if let Matter::Device(user_code) = matter {
            // Nobody waits any more: then there is nothing to refuse.
            let _ = self.tables().devices.decide(user_code, Outcome::Denied, now);
        }
        self.told(matter, about, Refusal::Cancelled).unwrap_or_else(|| {
            let cookie = Some(self.cookie(about, "", 0));
            Sent::Page { page: page::cancelled(), cookie, retry_after: None }
        })
    }

    /// The program is told why it gets no code, if the browser can be sent to it.
    fn told(&self, matter: &Matter, about: &str, refusal: Refusal) -> Option<Sent> {
        match matter {
            Matter::Program(asked) if !asked.redirect.is_out_of_band() => {
                let to = refused(refusal, &asked.redirect, asked.state.as_deref(), &self.issuer());
                Some(Sent::Redirect { to, cookie: Some(self.cookie(about, "", 0)) })
            }
            Matter::Program(_) | Matter::Device(_) => None,
        }
    }

    /// Somebody has signed in.
    fn known(&self, asked: &Asked, identity: Identity, request: &Request<'_>) -> Sent {
        let cookie = Some(self.cookie(&asked.about, "", 0));
        let client = match &asked.matter {
            Matter::Program(program) => program.client_id.as_str(),
            Matter::Device(_) => "device",
        };
        let particulars = [("subject", Value::Text(&identity.subject)), ("client", Value::Text(client))];
        self.journal.info("somebody signed in", &particulars);
        match &asked.matter {
            Matter::Program(program) => {
                let code = URL_SAFE_NO_PAD.encode(request.fresh.secret);
                let grant = Grant {
                    client_id: program.client_id.clone(),
                    redirect_uri: program.redirect.uri().to_owned(),
                    challenge: program.challenge,
                    nonce: program.nonce.clone(),
                    identity,
                };
                if self.tables().codes.give(&code, grant, request.now).is_err() {
                    let told = self.told(&asked.matter, &asked.about, Refusal::Busy);
                    return told.unwrap_or_else(Sent::busy);
                }
                if program.redirect.is_out_of_band() {
                    return Sent::Page { page: page::copy_code(&code), cookie, retry_after: None };
                }
                Sent::Redirect { to: program.granted(&code, &self.issuer()), cookie }
            }
            Matter::Device(user_code) => {
                let outcome = Outcome::Granted(identity);
                let page = match self.tables().devices.decide(user_code, outcome, request.now) {
                    Some(()) => page::device_done(true),
                    None => page::ask_user_code(&self.device_path(), true),
                };
                Sent::Page { page, cookie, retry_after: None }
            }
        }
    }

    /// One cookie for each matter, so that two programs can be signed in for at once.
    fn cookie(&self, about: &str, value: &str, seconds: i64) -> String {
        let path = self.settings.issuer.path();
        let path = if path.is_empty() { "/" } else { path };
        let secure = if self.settings.issuer.is_https() { "; Secure" } else { "" };
        let name = cookie_name(about);
        format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }
}

/// What is asked.
struct Asking {
    question: Question,
    memory: Vec<u8>,
    trouble: Option<Trouble>,
}

fn cookie_name(about: &str) -> String {
    let digest = sha256(about.as_bytes());
    format!(
        "sealwax-{}",
        sealwax_crypto::hex(digest.first_chunk::<6>().map_or(&digest[..], |front| &front[..]))
    )
}

fn cookie_value<'a>(header: Option<&'a str>, name: &str) -> Option<&'a str> {
    let pairs = header?.split(';').map(str::trim);
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name)?.1;
    Some(value).filter(|value| value.len() == COOKIE_VALUE_LETTERS)
}
