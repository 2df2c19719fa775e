//! An edition on paper: what is handed from one holder to the next.

use super::draft::Draft;
use super::roots::root_drafts;
use super::{EditError, Edition, Outline, Repository, Role, file};
use crate::metadata::{Content, Document, Root, Targets, signed_part};
use crate::{Error, Limits};
use std::collections::{BTreeMap, BTreeSet};

/// What a planned edition is made of again, by anybody, before the same repository. Only root and targets: the others are
/// made when it is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The version of the targets that it was planned after; 0 if it is the first.
    pub after_targets: u64,
    /// The next roots, in their order.
    pub roots: Vec<Vec<u8>>,
    /// The next targets.
    pub targets: Option<Vec<u8>>,
    /// The contents of new targets, by their path.
    pub contents: BTreeMap<String, Vec<u8>>,
    /// Roles that are signed again though nothing else about them changes.
    pub renewed: BTreeSet<Role>,
}

impl Edition {
    /// The edition on paper, with the signatures that are there.
    pub fn to_plan(&self) -> Plan {
        Plan {
            after_targets: self.base.as_ref().map_or(0, |base| base.version(Role::Targets)),
            roots: self.roots.iter().map(Draft::bytes).collect(),
            targets: self.targets.as_ref().map(Draft::bytes),
            contents: self.contents().clone(),
            renewed: self.renewed().clone(),
        }
    }

    /// What belongs to the plan.
    pub fn outline(&self) -> Outline {
        Outline {
            after_targets: self.base.as_ref().map_or(0, |base| base.version(Role::Targets)),
            roots: self.roots.iter().map(Draft::file).collect(),
            targets: self.targets.as_ref().map(Draft::file),
            contents: self.contents().keys().cloned().collect(),
            renewed: self.renewed().clone(),
        }
    }

    /// Takes a plan up again. What of it is published already is left out, so that a publication that was cut short is
    /// finished by doing it again. Every signature in it is verified.
    ///
    /// # Errors
    /// [`EditError::Overtaken`], [`EditError::Gap`], [`EditError::NothingToDo`] if all of it is published; what is wrong
    /// with a file or a signature.
    pub fn resume(base: Option<&Repository>, plan: &Plan) -> Result<Self, EditError> {
        let mut after = base.map_or(0, |base| base.version(Role::Root));
        let (mut roots, mut signatures) = (Vec::new(), Vec::new());
        for bytes in &plan.roots {
            let document: Document<Root> = read(bytes, Role::Root, Limits::default().root_bytes)?;
            let file = file::path(Role::Root, document.version);
            let published = base.filter(|base| document.version <= base.version(Role::Root));
            if let Some(base) = published {
                let there = base.root(document.version).map(|root| Document::<Root>::parse(root, "root"));
                match there.transpose()? {
                    Some(there) if there.message == document.message => continue,
                    _ => return Err(EditError::Overtaken { file }),
                }
            }
            if document.version != after.saturating_add(1) {
                return Err(EditError::Gap { file, after });
            }
            after = document.version;
            signatures.extend(document.signatures.into_iter().map(|signature| (file.clone(), signature)));
            roots.push(signed_part(bytes, Role::Root.name())?);
        }
        let mut edition = Edition::with_roots(base, root_drafts(base, roots)?)?;
        if let Some(bytes) = &plan.targets {
            let document: Document<Targets> = read(bytes, Role::Targets, Limits::default().targets_bytes)?;
            let file = file::path(Role::Targets, document.version);
            let there = base.map(|base| &base.targets.document);
            let (version, message) = there.map_or((0, None), |there| (there.version, Some(&there.message)));
            if message != Some(&document.message) {
                if version != plan.after_targets {
                    return Err(EditError::Overtaken { file });
                }
                if document.version <= version {
                    return Err(EditError::Gap { file, after: version });
                }
                let signed = signed_part(bytes, Role::Targets.name())?;
                let demands = edition.demand(Role::Targets);
                edition.targets = Some(Draft::new::<Targets>(Role::Targets, signed, demands)?);
                signatures.extend(document.signatures.into_iter().map(|signature| (file.clone(), signature)));
            }
        }
        for (file, signature) in signatures {
            edition.add_signature(&file, &signature.keyid, &signature.bytes)?;
        }
        edition.take_along(plan.contents.clone(), plan.renewed.clone());
        edition.demand_something()?;
        Ok(edition)
    }
}

fn read<T: Content>(bytes: &[u8], role: Role, limit: u64) -> Result<Document<T>, Error> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(Error::TooLong { role: role.name().to_owned(), limit });
    }
    Document::parse(bytes, role.name())
}
