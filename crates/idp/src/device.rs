//! Device authorization (RFC 8628): a program without a browser shows a short code, which somebody confirms in a browser
//! elsewhere while the program asks again and again.

use crate::connector::Identity;
use crate::pkce::Challenge;
use crate::throttle::Neighbourhood;
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::sha256;
use std::collections::HashMap;

/// How long a code works. Long enough to fetch a telephone; cosign shows the number.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How often a program may ask, in seconds (RFC 8628 §3.2: the default).
pub const INTERVAL_SECONDS: u32 = 5;

/// How much sooner than that is not held against it: what a network moves between two requests.
const JITTER: SignedDuration = SignedDuration::from_secs(1);

/// Codes at once, of all and of one address. Asking for one costs nothing, so one address must not have them all.
const MAX_DEVICES: usize = 8_192;
const MAX_DEVICES_OF_ADDRESS: usize = 256;

/// The letters of a user code: no vowels, so no words, and nothing that looks like something else (RFC 8628 §6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Letters of a user code: 20^8 is 34 bits, with ten minutes and few guesses to find one.
const USER_CODE_LETTERS: usize = 8;

/// A user code, as it is compared: its letters alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserCode(String);

/// A program that waits.
#[derive(Clone, Debug)]
struct Device {
    user_code: UserCode,
    client_id: String,
    challenge: Option<Challenge>,
    address: Option<Neighbourhood>,
    asked: Timestamp,
    polled: Option<Timestamp>,
    outcome: Option<Outcome>,
}

/// What somebody in a browser decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They signed in.
    Granted(Identity),
    /// They did not want to.
    Denied,
}

/// What a program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Who asks.
    pub client_id: String,
    /// What it will prove to know, if it says so.
    pub challenge: Option<Challenge>,
    /// From where.
    pub address: Option<Neighbourhood>,
}

/// The programs that wait, by the hash of their code.
#[derive(Debug, Default)]
pub struct Devices(HashMap<[u8; 32], Device>);

/// Why a program gets no token (RFC 8628 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PollError {
    /// Nobody has decided yet.
    #[error("nobody has signed in for this device yet")]
    Pending,
    /// It asks too often.
    #[error("the device asks more often than every {INTERVAL_SECONDS} seconds")]
    TooSoon,
    /// Nobody knows the code, or not any more.
    #[error("the device code is not known, or is over")]
    Over,
    /// They did not want to.
    #[error("the sign-in was cancelled")]
    Denied,
    /// The code is another client's, or what the program proves to know is not what it promised.
    #[error("the device code is not this client's")]
    NotTheirs,
}

/// There are as many programs waiting as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many devices wait for somebody to sign in")]
pub struct TooManyDevices;

impl UserCode {
    /// A new code; `None` if the randomness has too few bytes that can be used, which is not to be expected of 32.
    #[must_use]
    pub fn new(random: &[u8]) -> Option<Self> {
        // 240 is a multiple of 20, so that no letter is likelier than another.
        let letter = |byte: &u8| LETTERS.get(usize::from(byte % 20)).map(|letter| char::from(*letter));
        let code: String =
            random.iter().filter(|byte| **byte < 240).filter_map(letter).take(USER_CODE_LETTERS).collect();
        (code.len() == USER_CODE_LETTERS).then_some(Self(code))
    }

    /// Reads what somebody typed: in any case, with whatever between the letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: String = text
            .chars()
            .filter(|character| !matches!(character, ' ' | '-'))
            .map(|character| character.to_ascii_uppercase())
            .collect();
        let is_code = code.len() == USER_CODE_LETTERS && code.bytes().all(|byte| LETTERS.contains(&byte));
        is_code.then_some(Self(code))
    }

    /// In two groups, as it is shown.
    #[must_use]
    pub fn shown(&self) -> String {
        let (front, back) = self.0.split_at_checked(USER_CODE_LETTERS / 2).unwrap_or((&self.0, ""));
        format!("{front}-{back}")
    }
}

impl Devices {
    /// Has a program wait under a device code and a user code that nobody else has.
    ///
    /// # Errors
    /// [`TooManyDevices`].
    pub fn wait(
        &mut self,
        device_code: &str,
        user_code: UserCode,
        request: DeviceRequest,
        now: Timestamp,
    ) -> Result<(), TooManyDevices> {
        let DeviceRequest { client_id, challenge, address } = request;
        self.0.retain(|_, device| device.is_fresh(now));
        let of_address =
            self.0.values().filter(|device| address.is_some() && device.address == address).count();
        let is_taken = self.0.values().any(|device| device.user_code == user_code);
        if self.0.len() >= MAX_DEVICES || of_address >= MAX_DEVICES_OF_ADDRESS || is_taken {
            return Err(TooManyDevices);
        }
        let device =
            Device { user_code, client_id, challenge, address, asked: now, polled: None, outcome: None };
        self.0.insert(sha256(device_code.as_bytes()), device);
        Ok(())
    }

    /// Whether a program waits under this user code, undecided.
    #[must_use]
    pub fn is_waiting(&self, user_code: &UserCode, now: Timestamp) -> bool {
        self.0.values().any(|device| device.is_undecided(user_code, now))
    }

    /// Notes what somebody decided. `None` if nobody waits under this code any more.
    pub fn decide(&mut self, user_code: &UserCode, outcome: Outcome, now: Timestamp) -> Option<()> {
        let device = self.0.values_mut().find(|device| device.is_undecided(user_code, now))?;
        device.outcome = Some(outcome);
        Some(())
    }

    /// The program asks. What was decided is said once.
    ///
    /// # Errors
    /// [`PollError`].
    pub fn poll(
        &mut self,
        device_code: &str,
        client_id: &str,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Identity, PollError> {
        let key = sha256(device_code.as_bytes());
        let device = self.0.get_mut(&key).filter(|device| device.is_fresh(now)).ok_or(PollError::Over)?;
        let proves =
            device.challenge.is_none_or(|challenge| verifier.is_some_and(|it| challenge.is_met_by(it)));
        if device.client_id != client_id || !proves {
            return Err(PollError::NotTheirs);
        }
        let interval = SignedDuration::from_secs(i64::from(INTERVAL_SECONDS)) - JITTER;
        // The interval never grows: cosign slows down once only, and would be told to for ever.
        if device.polled.replace(now).is_some_and(|polled| now.duration_since(polled) < interval) {
            return Err(PollError::TooSoon);
        }
        if device.outcome.is_none() {
            return Err(PollError::Pending);
        }
        match self.0.remove(&key).and_then(|device| device.outcome) {
            Some(Outcome::Granted(identity)) => Ok(identity),
            Some(Outcome::Denied) => Err(PollError::Denied),
            None => Err(PollError::Over),
        }
    }
}

impl Device {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.asked) <= LIFETIME
    }

    fn is_undecided(&self, user_code: &UserCode, now: Timestamp) -> bool {
        self.user_code == *user_code && self.outcome.is_none() && self.is_fresh(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Form;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn request() -> DeviceRequest {
        DeviceRequest { client_id: "sigstore".to_owned(), challenge: None, address: None }
    }

    fn code() -> UserCode {
        UserCode::parse("BCDF-GHJK").unwrap()
    }

    fn identity() -> Identity {
        Identity { subject: "s".to_owned(), email: "a@b.cc".to_owned(), email_verified: true }
    }

    fn waiting() -> Devices {
        let mut devices = Devices::default();
        devices.wait("secret", code(), request(), at(0)).unwrap();
        devices
    }

    #[test]
    fn codes_are_typed_as_one_likes() {
        for text in ["BCDF-GHJK", "bcdfghjk", " b c d f - g h j k "] {
            assert_eq!(UserCode::parse(text).unwrap().shown(), "BCDF-GHJK");
        }
        for text in ["", "BCDFGHJ", "BCDFGHJKL", "ACDF-GHJK", "BCDF_GHJK", "ßCDFGHJ"] {
            assert_eq!(UserCode::parse(text), None);
        }
        assert_eq!(UserCode::new(&[0, 1, 255, 19, 20, 239, 240, 2, 3, 4, 5]).unwrap().shown(), "BCZB-ZDFG");
        assert_eq!(UserCode::new(&[255; 32]), None);
    }

    #[test]
    fn who_waits_is_told_what_was_decided_once() {
        let mut devices = waiting();
        let poll = |devices: &mut Devices, seconds| devices.poll("secret", "sigstore", None, at(seconds));
        assert_eq!(poll(&mut devices, 0), Err(PollError::Pending));
        assert_eq!(poll(&mut devices, 3), Err(PollError::TooSoon));
        assert_eq!(poll(&mut devices, 7), Err(PollError::Pending));
        assert!(devices.is_waiting(&code(), at(7)));
        assert_eq!(devices.decide(&code(), Outcome::Granted(identity()), at(8)), Some(()));
        assert!(!devices.is_waiting(&code(), at(8)));
        assert_eq!(devices.decide(&code(), Outcome::Denied, at(8)), None);
        assert_eq!(poll(&mut devices, 12), Ok(identity()));
        assert_eq!(poll(&mut devices, 17), Err(PollError::Over));
    }

    #[test]
    fn cosign_which_slows_down_once_only_gets_there() {
        let mut devices = waiting();
        let (mut now, mut slow) = (0, 0);
        for _ in 0..20 {
            match devices.poll("secret", "sigstore", None, at(now)) {
                Err(PollError::Pending) => now += 5,
                Err(PollError::TooSoon) => (now, slow) = (now + 15, slow + 1),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(slow, 0);
    }

    #[test]
    fn denied_over_and_not_theirs() {
        let mut devices = waiting();
        assert_eq!(devices.poll("secret", "other", None, at(0)), Err(PollError::NotTheirs));
        assert_eq!(devices.poll("secrets", "sigstore", None, at(0)), Err(PollError::Over));
        devices.decide(&code(), Outcome::Denied, at(0)).unwrap();
        assert_eq!(devices.poll("secret", "sigstore", None, at(600)), Err(PollError::Denied));
        let mut devices = waiting();
        assert_eq!(devices.poll("secret", "sigstore", None, at(601)), Err(PollError::Over));
        assert_eq!(devices.decide(&code(), Outcome::Denied, at(601)), None);
    }

    #[test]
    fn a_promise_is_kept() {
        let form = Form::default().with("code_challenge_method", "S256");
        let form = form.with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let mut devices = Devices::default();
        let request = DeviceRequest { challenge: Challenge::of(&form).unwrap(), ..request() };
        devices.wait("secret", code(), request, at(0)).unwrap();
        for verifier in [None, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK")] {
            assert_eq!(devices.poll("secret", "sigstore", verifier, at(0)), Err(PollError::NotTheirs));
        }
        let verifier = Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(devices.poll("secret", "sigstore", verifier, at(0)), Err(PollError::Pending));
    }

    #[test]
    fn memory_is_bounded() {
        let mut devices = waiting();
        assert_eq!(devices.wait("other", code(), request(), at(0)), Err(TooManyDevices));
        let from = |address: &str| {
            let address = Some(Neighbourhood::of(address.parse().unwrap()));
            DeviceRequest { address, ..request() }
        };
        let code = |number: u32| UserCode::new(&sha256(&number.to_be_bytes())).unwrap();
        for number in 0..256 {
            devices.wait(&number.to_string(), code(number), from("192.0.2.1"), at(0)).unwrap();
        }
        assert_eq!(devices.wait("x", code(1_000), from("192.0.2.1"), at(0)), Err(TooManyDevices));
        devices.wait("x", code(1_000), from("192.0.2.2"), at(0)).unwrap();
        devices.wait("y", code(1_001), from("192.0.2.1"), at(601)).unwrap();
        assert_eq!(devices.0.len(), 1);
    }
}
