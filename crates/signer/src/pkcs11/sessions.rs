//! The sessions in which a key signs: a session does one thing at a time, so threads need one each.

use super::{
    error::Trouble,
    module::Module,
    scheme::{Request, is_refusal},
};
use cryptoki::{
    context::Function,
    error::{Error, RvError},
    object::ObjectHandle,
    session::Session,
};
use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// So many signatures are made at the same time, and then threads wait: half the sessions of the smallest tokens (16), and
/// enough for one that is a network away.
const MAX_SESSIONS: usize = 8;

/// A session that is logged in, and the key in it.
pub(super) struct Open {
    pub(super) session: Session,
    pub(super) key: ObjectHandle,
    /// In which run of the module.
    pub(super) run: u64,
}

/// Sessions that wait for work.
pub(super) struct Sessions {
    module: Arc<Module>,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    idle: Vec<Open>,
    /// The idle ones, and those at work.
    open: usize,
    /// How many there may be: less than [`MAX_SESSIONS`] once the token has said that it has no more.
    limit: usize,
}

impl Sessions {
    pub(super) fn new(module: Arc<Module>, first: Open) -> Self {
        let state = State { idle: vec![first], open: 1, limit: MAX_SESSIONS };
        Self { module, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Signs in a session that is idle, or in a new one.
    pub(super) fn sign(
        &self,
        request: &Request<'_>,
        open: impl Fn() -> Result<Open, Trouble>,
    ) -> Result<Vec<u8>, Trouble> {
        let taken = self.take(open)?;
        let answer = self.sign_in(&taken, request);
        let keep = answer.as_ref().err().is_none_or(is_refusal);
        if keep {
            self.state().idle.push(taken);
        } else {
            self.close(taken);
            self.state().open -= 1;
        }
        self.returned.notify_one();
        Ok(answer?)
    }

    fn sign_in(&self, taken: &Open, request: &Request<'_>) -> Result<Vec<u8>, Error> {
        let run = self.module.run();
        if run.number != taken.run {
            // Its number may be another session's by now.
            return Err(Error::Pkcs11(RvError::SessionClosed, Function::SignInit));
        }
        taken.session.sign(&request.mechanism, taken.key, &request.data)
    }

    /// Closes the idle ones: where one was lost, so are they.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        let idle = mem::take(&mut state.idle);
        state.open -= idle.len();
        state.limit = MAX_SESSIONS;
        drop(state);
        for open in idle {
            self.close(open);
        }
        self.returned.notify_all();
    }

    fn close(&self, open: Open) {
        let run = self.module.run();
        if run.number == open.run {
            // It may be closed already, and then so much the better.
            let _ = open.session.close();
        }
    }

    fn take(&self, open: impl Fn() -> Result<Open, Trouble>) -> Result<Open, Trouble> {
        let mut state = self.state();
        loop {
            if let Some(idle) = state.idle.pop() {
                return Ok(idle);
            }
            if state.open < state.limit {
                state.open += 1;
                drop(state);
                let opened = open();
                state = self.state();
                match opened {
                    Ok(opened) => return Ok(opened),
                    Err(trouble) => {
                        state.open -= 1;
                        if state.open == 0 || !is_too_many(&trouble) {
                            self.returned.notify_one();
                            return Err(trouble);
                        }
                        state.limit = state.open;
                    }
                }
                continue;
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.forget();
    }
}

fn is_too_many(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Call(Error::Pkcs11(RvError::SessionCount, _)))
}
