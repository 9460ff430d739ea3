//! The one step that changes what a reader sees: put-if-absent of the next record of a chain.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::{Error as StoreError, path::Path};
use ulid::Ulid;

use super::{Chain, Draft, Key, Record, Store, key};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// Limit of one record, bytes: it must fit one PUT and one glance.
const MAX_RECORD_BYTES: usize = 1 << 20;
/// Times the same bytes are put before giving up.
const TRIES: u32 = 5;
/// Longest wait before the second try, milliseconds; doubles with each.
const FIRST_WAIT_MS: u64 = 50;
/// Records read at once.
const READS_AT_ONCE: usize = 16;

/// How an attempt to commit ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Commit {
    /// The record is in the chain and this attempt put it there.
    Written(Record),
    /// Another attempt put the same effect (`commit_id`) there; its record.
    AlreadyThere(Record),
    /// Another run's record has the place: discard what was prepared and run again. Never merge.
    Conflict(Record),
}

impl Commit {
    /// The record of the effect, whoever put it there.
    ///
    /// # Errors
    /// Conflict when another run has the place; `did` says what it did, such as "landed raw/okta/users".
    pub fn settled(self, did: impl fmt::Display) -> Result<Record> {
        match self {
            Self::Written(record) | Self::AlreadyThere(record) => Ok(record),
            Self::Conflict(other) => {
                let message = format!("run {} {did} first: run again", other.run_id);
                Err(Error::new(ErrorKind::Conflict, message))
            }
        }
    }
}

impl Store {
    /// Every record of a chain, oldest first.
    ///
    /// # Errors
    /// Store when a record cannot be fetched; Evidence, naming it, when one is missing, unreadable or does not follow
    /// the one before.
    pub async fn records(&self, chain: &Chain) -> Result<Vec<Record>> {
        let versions = self.versions(chain).await?;
        let reads = versions.into_iter().map(|version| self.record(chain, version));
        let records: Vec<Record> = futures::stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
        let mut prev = None;
        for record in &records {
            link(chain, prev, record)?;
            prev = Some(record);
        }
        Ok(records)
    }

    /// The newest record of a chain, after checking that it follows the one before. `None` when the chain is empty.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub async fn head(&self, chain: &Chain) -> Result<Option<Record>> {
        let Some(version) = self.versions(chain).await?.last().copied() else { return Ok(None) };
        let head = self.record(chain, version).await?;
        let prev = if version > 1 { Some(self.record(chain, version - 1).await?) } else { None };
        link(chain, prev.as_ref(), &head)?;
        Ok(Some(head))
    }

    /// Puts the record of `draft` after `prev`, at most once, whatever the store answers. The files it names must be
    /// stored before.
    ///
    /// # Errors
    /// Store when the store refuses; Conflict when it stays unknown after several tries whether the record was written.
    pub async fn commit(&self, chain: &Chain, prev: Option<&Record>, draft: Draft) -> Result<Commit> {
        let (record, bytes) = Record::after(chain, prev, draft)?;
        let bytes = Bytes::from(bytes);
        let place = format!("record {} of {chain}", record.version);
        if prev.is_some_and(|p| p.chain != record.chain) {
            return Err(Error::internal("the record before is of another chain").at(place));
        }
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(Error::internal(format!("has {} bytes, limit {MAX_RECORD_BYTES}", bytes.len())).at(place));
        }
        if let Some(prev) = prev {
            self.look_again(chain, prev).await?;
        }
        let path = Key::Commit { chain: chain.clone(), version: record.version }.path()?;
        let mut attempt = 0;
        loop {
            let Err(cause) = self.create(&path, &bytes).await else { return Ok(Commit::Written(record)) };
            // AlreadyExists and Precondition mean "look", not "lost"; after any other answer the record may be there.
            match self.fetch(&path).await {
                Ok(found) if found == bytes => return Ok(Commit::Written(record)),
                Ok(found) => {
                    let found = Record::parse(&found, chain, record.version)?;
                    let same = found.commit_id == record.commit_id;
                    return Ok(if same { Commit::AlreadyThere(found) } else { Commit::Conflict(found) });
                }
                Err(_) if is_final(&cause) => {
                    return Err(Error::store("the store refuses to write: check its rights").because(cause).at(place));
                }
                Err(_) => attempt += 1,
            }
            if attempt == TRIES {
                let message = "not known to be written after 5 tries: run again, the next run looks first";
                return Err(Error::new(ErrorKind::Conflict, message).because(cause).at(place));
            }
            tokio::time::sleep(full_jitter(attempt)).await;
        }
    }

    /// Every chain that has a record below `commits/`: all but the index of snapshots.
    ///
    /// # Errors
    /// Store when it cannot be listed.
    pub async fn chains(&self) -> Result<BTreeSet<Chain>> {
        let listed: Vec<_> = self
            .objects
            .list(Some(&Path::from("commits")))
            .try_collect()
            .await
            .context(ErrorKind::Store, "cannot list commits")?;
        let chain = |path: &Path| Chain::parse(key::record_at(path.as_ref())?.0);
        Ok(listed.iter().filter_map(|object| chain(&object.location)).collect())
    }

    /// A record that was read wrong once must not be what the next one is chained to.
    ///
    /// # Errors
    /// Evidence when it is another one now; a store error.
    pub async fn look_again(&self, chain: &Chain, prev: &Record) -> Result<()> {
        if self.record(chain, prev.version).await?.sha256 == prev.sha256 {
            return Ok(());
        }
        let message = "is not what it was when this run read it: run `seatledger fsck`, then run again";
        Err(Error::new(ErrorKind::Evidence, message).at(format!("record {} of {chain}", prev.version)))
    }

    /// One record of a chain, by itself.
    ///
    /// # Errors
    /// Store when it cannot be fetched; Evidence when it is not what its place says.
    pub async fn record(&self, chain: &Chain, version: u64) -> Result<Record> {
        let path = Key::Commit { chain: chain.clone(), version }.path()?;
        let bytes = self.fetch(&path).await.context(ErrorKind::Store, format!("cannot read {path}"))?;
        Record::parse(&bytes, chain, version)
    }

    /// The versions of a chain: 1 to the highest, without a gap.
    async fn versions(&self, chain: &Chain) -> Result<Vec<u64>> {
        let folder = key::folder(chain)?;
        let prefix = Path::from(folder.as_str());
        let listed: Vec<_> = self
            .objects
            .list(Some(&prefix))
            .try_collect()
            .await
            .context(ErrorKind::Store, format!("cannot list {folder}"))?;
        let mut versions: Vec<u64> =
            listed.iter().filter_map(|o| o.location.filename().and_then(key::version_of)).collect();
        versions.sort_unstable();
        match versions.iter().zip(1..).find(|(found, expected)| *found != expected) {
            Some((_, missing)) => {
                let message = "missing: restore it from a backup of the store";
                Err(Error::new(ErrorKind::Evidence, message).at(format!("record {missing} of {chain}")))
            }
            None => Ok(versions),
        }
    }
}

fn link(chain: &Chain, prev: Option<&Record>, record: &Record) -> Result<()> {
    if record.follows(prev) {
        return Ok(());
    }
    let message = "does not hold the hash of the record before: one of the two was altered; restore both from a backup";
    Err(Error::new(ErrorKind::Evidence, message).at(format!("record {} of {chain}", record.version)))
}

/// Whether the answer says for certain that nothing was and nothing will be written.
fn is_final(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::PermissionDenied { .. }
            | StoreError::Unauthenticated { .. }
            | StoreError::NotSupported { .. }
            | StoreError::NotImplemented { .. }
    )
}

fn full_jitter(attempt: u32) -> Duration {
    Duration::from_millis(random() % (FIRST_WAIT_MS << (attempt - 1)).max(1))
}

/// A number nobody else has; names and waits only, never data.
pub(super) fn random() -> u64 {
    let bits = Ulid::from_datetime(std::time::UNIX_EPOCH).random();
    u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default()
}
