//! What clients are told, and when: the trusted root follows `instance.json`, and what clients were not told of waits.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sealwax_formats::TrustedRoot;
use sealwax_formats::trust::Instance as Entry;
use sealwax_tuf::editor::Terms;

use super::config::Rotation;
use super::expiry::Ending;
use super::holdings::Holdings;
use super::instance::Instance;
use super::others;
use super::places::Service;
use super::repository::{Outcome, Seen};
use super::rotation::Part;
use super::trust::Documents;
use super::vault::Vault;
use crate::Failure;

/// What clients are told now.
pub struct Published {
    pub documents: Documents,
    /// When it is to be looked at again.
    pub next: Timestamp,
    /// What they were told of for the first time, and from when on it is used.
    pub news: Vec<(Part, Timestamp)>,
    /// Whether they are told of all that is planned: else nothing of it is used.
    pub is_told: bool,
    /// Whether people publish too, beside this instance.
    pub is_shared: bool,
    /// What others said once and say no more.
    pub kept: Vec<String>,
    /// What only people can sign.
    pub left: Vec<String>,
    /// What of the repository ends when.
    pub endings: Vec<Ending>,
}

/// How often it is looked whether people have published what only they can sign, and what others say of themselves.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// Publishes what follows from the instance. Whatever is planned and not published yet is to be used its whole lead from now on,
/// which is written down first. Blocks.
pub fn publish(
    directory: &Path,
    vault: &Vault,
    instance: &mut Instance,
    holdings: &Holdings,
    (rotation, now): (&Rotation, Timestamp),
) -> Result<Published, Failure> {
    let folder = directory.join("tuf");
    let others = if instance.has(Service::Tuf) { holdings.others.read()? } else { Vec::new() };
    let seen = instance.has(Service::Tuf).then(|| Seen::read(&folder, vault)).transpose()?;
    // Without a repository, whoever has it is handed what clients are to be told.
    let (root_seen, signs_targets) = match &seen {
        Some(seen) => (seen.trusted_root.clone(), seen.signs_targets()),
        None => (others::handed(directory)?.map(|handed| handed.trusted_root), true),
    };
    let (before, planned) = (instance.clone(), Documents::of(instance, holdings, others.clone())?);
    let (mut news, mut is_told) = (Vec::new(), true);
    for part in Part::ALL {
        let Some(entry) = entry(instance, part, &planned.trusted_root) else { continue };
        if let Some(start) = start(root_seen.as_ref(), &entry) {
            // Whoever published it may have done so before this instance wrote it down, or have chosen another day.
            instance.begin(part, start);
            continue;
        }
        is_told &= signs_targets;
        if signs_targets || instance.is_late(part, now) {
            instance.tell(part, now).map_err(|error| Failure::cannot(error.to_string()))?;
        }
        news.extend(instance.planned(part).map(|term| (part, term.from)));
    }
    if *instance != before {
        instance.write(directory)?;
    }
    let is_alone = others.is_empty();
    let mut documents = Documents::of(instance, holdings, others)?;
    let kept = match &root_seen {
        Some(root) if !is_alone => others::keep(&mut documents.trusted_root, root),
        _ => Vec::new(),
    };
    if let Some(root) = &root_seen {
        let follows = root.check_successor(&documents.trusted_root);
        follows.map_err(|error| {
            Failure::cannot(format!(
                "the next trusted root: {error}: put back what was in secrets, certificates or trust.others before"
            ))
        })?;
    }
    let look = now.checked_add(LOOK).unwrap_or(now);
    let Some(seen) = seen else {
        others::hand(directory, &documents.client_trust_config_json())?;
        return Ok(Published {
            documents,
            next: Timestamp::MAX,
            news,
            is_told,
            is_shared: false,
            kept,
            left: Vec::new(),
            endings: Vec::new(),
        });
    };
    let terms = Terms { policy: rotation.policy(), ..Terms::new(now) };
    let is_shared = seen.is_shared();
    let Outcome { next, left, endings } = seen.publish(&folder, &documents, &terms)?;
    let next = if left.is_empty() && is_alone { next } else { next.min(look) };
    Ok(Published { documents, next, news, is_told, is_shared, kept, left, endings })
}

/// What is planned of a part, as the trusted root lists it.
fn entry(instance: &Instance, part: Part, root: &TrustedRoot) -> Option<Entry> {
    instance.planned(part)?;
    root.instances().filter(|entry| entry.kind() == part.kind()).nth(instance.in_use(part)? + 1)
}

/// From when on a trusted root trusts it, if it does.
fn start(root: Option<&TrustedRoot>, entry: &Entry) -> Option<Timestamp> {
    let same = |there: &Entry| there.kind() == entry.kind() && there.id() == entry.id();
    root?.instances().find(same)?.valid_for()?.start
}
