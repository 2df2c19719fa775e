//! Bad bundles in which one thing is wrong, and everything that can be computed after it fits.

mod certificates;
mod content;
mod inclusion;
mod log_entries;
mod timestamps;

use super::{Case, Cases, Change, witnesses};
use crate::Instance;

/// Every bad bundle.
pub fn faults() -> Vec<Case> {
    let mut cases = Cases::of(&Instance::usual());
    // The same names with other keys.
    let twin = Instance::usual();
    certificates::leaf(&mut cases, &twin);
    certificates::authority(&mut cases);
    certificates::certificate_log(&mut cases, &twin);
    log_entries::entry(&mut cases, &twin);
    log_entries::promise(&mut cases, &twin);
    log_entries::count(&mut cases);
    inclusion::checkpoint(&mut cases, &twin);
    inclusion::proof(&mut cases);
    timestamps::token(&mut cases, &twin);
    timestamps::authority(&mut cases);
    content::message(&mut cases, &twin);
    content::envelope(&mut cases);
    content::statement(&mut cases);
    content::shape(&mut cases);
    content::managed_key(&mut cases);
    witnesses::bad(&mut cases);
    cases.all()
}
