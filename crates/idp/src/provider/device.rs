//! The endpoints of the device flow (RFC 8628 §3.1–3.3).

use super::sign_in::{Asked, Matter};
use super::{Provider, Request, Sent};
use crate::device::{DeviceRequest, INTERVAL_SECONDS, LIFETIME, UserCode};
use crate::form::Form;
use crate::keys::Realm;
use crate::page;
use crate::pkce::Challenge;
use crate::throttle::Neighbourhood;
use crate::token::{ClientCredentials, TokenError, parse_form};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_json::Object;
use sealwax_store::disk::Disk;

impl<D: Disk> Provider<D> {
    /// `POST /device/code`: a program begins to wait.
    pub fn device_code(&self, request: &Request<'_>) -> Sent {
        self.wait(request).unwrap_or_else(|error| Sent::from(&error))
    }

    fn wait(&self, request: &Request<'_>) -> Result<Sent, TokenError> {
        let form = parse_form(request.content_type, request.body)?;
        let client = self.public_client(ClientCredentials::read(request.authorization, &form)?)?;
        let challenge = Challenge::of(&form)
            .map_err(|_| TokenError::Missing { parameter: "code_challenge with S256" })?;
        let address = request.address.map(Neighbourhood::of);
        let device_code = URL_SAFE_NO_PAD.encode(request.fresh.secret);
        let user_code = UserCode::new(&request.fresh.letters).ok_or(TokenError::Broken)?;
        let shown = user_code.shown();
        let waiting = DeviceRequest { client_id: client, challenge, address };
        let waits = self.tables().devices.wait(&device_code, user_code, waiting, request.now);
        waits.map_err(|_| TokenError::Later { wait_seconds: 60 })?;
        let page = format!("{}/device", self.issuer());
        let value = Object::new()
            .with("device_code", device_code)
            .with("user_code", shown.clone())
            .with("verification_uri", page.clone())
            .with("verification_uri_complete", format!("{page}?user_code={shown}"))
            .with("expires_in", LIFETIME.as_secs())
            .with("interval", INTERVAL_SECONDS);
        Ok(Sent::Json { status: 200, value, retry_after: None })
    }

    /// `GET /device`: which program, and then who signs in.
    pub fn device(&self, request: &Request<'_>) -> Sent {
        match self.waiting(request) {
            Ok((matter, about)) => self.begin(request, &matter, &about),
            Err(sent) => sent,
        }
    }

    /// `POST /device`, up to where the connector is asked.
    pub(crate) fn device_answered(&self, request: &Request<'_>) -> Result<Asked, Sent> {
        let (matter, about) = self.waiting(request)?;
        self.answered(request, matter, about)
    }

    /// The program that waits under the code in the query; otherwise the page that asks for a code.
    fn waiting(&self, request: &Request<'_>) -> Result<(Matter, String), Sent> {
        let form =
            Form::parse(request.query.as_bytes()).map_err(|error| Sent::unanswerable(&error.into()))?;
        let Some(text) = form.get("user_code") else {
            return Err(Sent::page(page::ask_user_code(&self.device_path(), false)));
        };
        if let Some(wait_seconds) = self.must_wait(request) {
            return Err(Sent::later(wait_seconds));
        }
        match UserCode::parse(text).filter(|code| self.tables().devices.is_waiting(code, request.now)) {
            Some(code) => {
                let about = format!("/device?user_code={}", code.shown());
                Ok((Matter::Device(code), about))
            }
            None => {
                self.has_guessed(request);
                Err(Sent::page(page::ask_user_code(&self.device_path(), true)))
            }
        }
    }

    pub(super) fn device_path(&self) -> String {
        format!("{}/device", self.settings.issuer.path())
    }

    pub(super) fn issuer(&self) -> String {
        self.settings.issuer.of(Realm::People)
    }
}
