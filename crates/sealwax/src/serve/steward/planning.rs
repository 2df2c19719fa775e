//! What is asked for, and what is due by the calendar, becomes a plan in `instance.json`.

use std::time::Instant;

use jiff::Timestamp;
use sealwax_server::journal::Value;

use super::{State, Steward, TURN};
use crate::Failure;
use crate::serve::config::Rotation;
use crate::serve::ended::End;
use crate::serve::handover::Request;
use crate::serve::holdings::Holdings;
use crate::serve::instance::{Instance, Looked};
use crate::serve::rotation::{Part, PlanError};

impl Steward {
    /// Plans, and ends, what is asked for. Whether there is something to tell of.
    pub(super) fn take_request(&mut self, now: Timestamp) -> Result<bool, Failure> {
        let request = match Request::find(&self.directory)? {
            None => return Ok(false),
            Some(Ok(request)) => request,
            Some(Err(reason)) => {
                // It would keep everything else from being done.
                let reason = [("reason", Value::Text(&reason))];
                self.journal.error("what was asked for cannot be read, and is taken away", &reason);
                Request::clear(&self.directory)?;
                return Ok(false);
            }
        };
        let is_known = self.instance.last_request.as_ref().is_some_and(|looked| looked.id == request.id);
        if !is_known {
            let mut next = self.instance.clone();
            let made = self.carry_out(&mut next, &request, now).and_then(|()| {
                // What only ends keys needs none: one that is away keeps no stolen one from being ended.
                if request.parts.is_empty() {
                    return Ok(None);
                }
                // Before it is written down: a plan without its keys would keep the next start from being one.
                self.holdings_of(&next).map(Some).map_err(|failure| failure.message)
            });
            if !Request::find(&self.directory)?
                .is_some_and(|found| found.is_ok_and(|found| found.id == request.id))
            {
                // A token may have taken longer than whoever asked waits.
                self.journal.warning("what was asked for was taken back", &[]);
                return Ok(false);
            }
            let (holdings, refused) = match made {
                Ok(holdings) => (holdings, None),
                Err(reason) => (None, Some(reason)),
            };
            if let Some(reason) = &refused {
                self.journal.warning("what was asked for was refused", &[("reason", Value::Text(reason))]);
                next = self.instance.clone();
            } else {
                for End { key, at } in &request.ends {
                    self.journal.info("ended a key", &[("key", Value::Text(key)), ("at", Value::Shown(at))]);
                }
            }
            next.last_request = Some(Looked { id: request.id, refused });
            self.plan(next, holdings)?;
        }
        Ok(true)
    }

    /// All of a request, on paper. What is wrong with it, for whoever asked.
    fn carry_out(&self, next: &mut Instance, request: &Request, now: Timestamp) -> Result<(), String> {
        let lead = request.lead_seconds.or(self.rotation.lead_seconds());
        let planned = request.parts.iter().try_for_each(|part| {
            self.follow(next, *part, now, lead)?;
            if request.new_root {
                next.give_root(*part);
            }
            Ok::<(), PlanError>(())
        });
        planned.map_err(|error| error.to_string())?;
        request.ends.iter().try_for_each(|end| next.end(end)).map_err(|error| error.to_string())
    }

    /// Plans successors of certificates that end soon. What cannot be made, as where the root's
    /// key is not here, is tried again much later, and keeps nothing else from being done: `/readyz` will say what ends.
    pub(super) fn renew_certificates(&mut self, state: &mut State, now: Timestamp) -> Result<(), Failure> {
        state.unrenewed.retain(|_, tried| tried.elapsed() < TURN);
        let before = Rotation::signed(self.rotation.certificates_renewed_before);
        let ends_soon = |part: &Part| {
            let ends = self.holdings.ends(&self.instance, *part);
            let begins = ends.and_then(|ends| ends.checked_sub(before).ok());
            begins.is_some_and(|begins| begins <= now)
                && self.instance.planned(*part).is_none()
                && !state.unrenewed.contains_key(part)
        };
        let ending: Vec<Part> = Part::ALL.into_iter().filter(ends_soon).collect();
        // Each by itself: one that cannot be followed keeps the other from nothing.
        for part in ending {
            let mut next = self.instance.clone();
            let followed = self.follow(&mut next, part, now, self.rotation.lead_seconds());
            let made = followed.map_err(|error| Failure::cannot(error.to_string()));
            match made.and_then(|()| self.holdings_of(&next)) {
                Ok(holdings) => {
                    self.plan(next, Some(holdings))?;
                    state.untold = true;
                    let of = [("of", Value::Shown(&part))];
                    self.journal.info("its certificate ends soon, so another one follows", &of);
                }
                Err(failure) => {
                    let error = [("of", Value::Shown(&part)), ("error", Value::Text(&failure.message))];
                    self.journal.error("a certificate ends soon, and no other one can follow it", &error);
                    state.unrenewed.insert(part, Instant::now());
                }
            }
        }
        Ok(())
    }

    /// Plans what follows, under a root that outlasts it.
    fn follow(
        &self,
        next: &mut Instance,
        part: Part,
        now: Timestamp,
        lead_seconds: Option<u32>,
    ) -> Result<(), PlanError> {
        next.plan(part, now, lead_seconds.unwrap_or_default())?;
        let lasts = self.rotation.lead + self.rotation.certificates_last;
        let ends = now.checked_add(Rotation::signed(lasts)).unwrap_or(Timestamp::MAX);
        let ends_first = self.holdings.root_ends(&self.instance, part).is_some_and(|root| root < ends);
        // One whose key is not here was brought along: whoever has it brings the next one.
        if ends_first && next.roots(part).last().is_some_and(|root| self.vault.has(root)) {
            next.give_root(part);
        }
        Ok(())
    }

    /// The keys and certificates of a plan; what is missing is made.
    fn holdings_of(&self, next: &Instance) -> Result<Holdings, Failure> {
        Holdings::check_there(&self.directory, &self.instance)?;
        let in_use: Vec<String> = Part::ALL.into_iter().flat_map(|part| self.instance.keys(part)).collect();
        self.vault.keepers().keep_only(&in_use);
        let others = self.holdings.others.clone();
        let holdings = Holdings::of(&self.directory, &self.vault, next, &self.rotation, others)?;
        self.holdings.check_kept(&self.instance, &holdings)?;
        holdings.check_planned(next)?;
        Ok(holdings)
    }

    /// Writes a plan down whose keys are made; `None` if it has no others.
    fn plan(&mut self, next: Instance, holdings: Option<Holdings>) -> Result<(), Failure> {
        if let Some(holdings) = &holdings {
            holdings.keep(&self.directory, &self.vault, &next, &self.rotation)?;
        }
        next.write(&self.directory)?;
        self.instance = next;
        if let Some(holdings) = holdings {
            self.holdings = holdings;
        }
        Ok(())
    }
}
