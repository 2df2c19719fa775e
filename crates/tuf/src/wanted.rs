use crate::metadata::{Authority, Document, MetaFile};
use crate::{Action, Error, encode, metadata};
use jiff::Timestamp;

/// A file that another file announces: the snapshot, or a targets role.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) role: String,
    pub(crate) announced: MetaFile,
    pub(crate) authority: Authority,
    /// The largest length that is read where none is announced.
    pub(crate) max_bytes: u64,
    pub(crate) consistent_snapshot: bool,
}

impl Wanted {
    /// The bytes, if they are what was announced, signed, and not expired: TUF §5.5.2 to §5.5.6 and §5.6.2 to §5.6.5 in
    /// their order, without the rollback check, which is the snapshot's own.
    pub(crate) fn check<T: metadata::Content>(
        &self,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Document<T>, Error> {
        let document = self.check_but_expiry(bytes)?;
        document.check_expiry(&self.role, now)?;
        Ok(document)
    }

    /// [`Wanted::check`] without its last step.
    pub(crate) fn check_but_expiry<T: metadata::Content>(&self, bytes: &[u8]) -> Result<Document<T>, Error> {
        let limit = self.max_bytes();
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(Error::TooLong { role: self.role.clone(), limit });
        }
        self.announced.check(&self.role, bytes)?;
        let document: Document<T> = Document::parse(bytes, &self.role)?;
        self.authority.check(&self.role, &document)?;
        let (expected, found) = (self.announced.version, document.version);
        if expected != found {
            return Err(Error::Version { role: self.role.clone(), expected, found });
        }
        Ok(document)
    }

    /// The question for it.
    pub(crate) fn fetch(&self) -> Action {
        let version = self.consistent_snapshot.then_some(self.announced.version);
        Action::Fetch { path: encode::metadata_path(&self.role, version), max_bytes: self.max_bytes() }
    }

    /// The announced length, within the limit of the role.
    fn max_bytes(&self) -> u64 {
        self.announced.length.map_or(self.max_bytes, |length| length.min(self.max_bytes))
    }
}
