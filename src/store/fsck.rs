//! Does the store hold together: chains without a gap, every live file as recorded, and what nobody names.

use std::fmt;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStoreExt};
use serde::Serialize;

use super::tree::{Named, Tree};
use super::{Store, local, sha256_hex};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

/// Files read at once when their hashes are asked for.
const READS_AT_ONCE: usize = 8;

/// What is the matter with one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// A record is missing, unreadable or does not follow the one before.
    Break,
    /// A live file is not there.
    Missing,
    /// A live file is not as its record says.
    Altered,
    /// A file that no record names, or none any more: normal after an abort, until `gc`.
    Orphan,
    /// Half a file of a writer that died, on a local disk.
    Leftover,
    /// Nothing this release would write.
    Unknown,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Break => "break",
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Orphan => "orphan",
            Self::Leftover => "leftover",
            Self::Unknown => "unknown",
        })
    }
}

/// One object and what is the matter with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Where, below the root of the store.
    pub path: String,
    /// Why, for a person.
    pub detail: String,
    /// When the object was written; none when it is not there.
    pub modified_at: Option<DateTime<Utc>>,
}

/// What a look through a store found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fsck {
    /// Whether nothing committed is broken, missing or altered.
    pub ok: bool,
    /// Whether the hashes of files were checked, or their lengths only.
    pub deep: bool,
    /// Chains.
    pub chains: usize,
    /// Records in them.
    pub records: usize,
    /// Live files.
    pub files: usize,
    /// Bytes of the live files.
    pub bytes: u64,
    /// What is the matter, worst first, then by path.
    pub findings: Vec<Finding>,
}

impl Fsck {
    /// The same with what somebody else found.
    #[must_use]
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        self.findings.extend(findings);
        self.findings.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        self.ok = self.findings.iter().all(|f| f.kind >= FindingKind::Orphan);
        self
    }

    /// The findings of one kind.
    pub fn of_kind(&self, kind: FindingKind) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.kind == kind)
    }
}

impl fmt::Display for Fsck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chains, records, files, bytes, .. } = self;
        write!(f, "{chains} chains, {records} records, {files} live files, {bytes} bytes")?;
        for kind in [
            FindingKind::Break,
            FindingKind::Missing,
            FindingKind::Altered,
            FindingKind::Orphan,
            FindingKind::Leftover,
            FindingKind::Unknown,
        ] {
            match self.of_kind(kind).count() {
                0 => {}
                count => write!(f, ", {kind}: {count}")?,
            }
        }
        Ok(())
    }
}

impl Store {
    /// Looks through the whole store and changes nothing. `deep` reads every live file and checks its SHA-256.
    ///
    /// # Errors
    /// Store, when it cannot be listed or read. What is wrong with what lies there is a finding, not an error.
    pub async fn fsck(&self, deep: bool) -> Result<Fsck> {
        let tree = Tree::of(self).await?;
        let mut findings = tree.findings.clone();
        let live: Vec<(&String, &Named)> = tree.named.iter().filter(|(_, f)| f.replaced_by.is_none()).collect();
        let mut looks = Vec::with_capacity(live.len());
        for (path, file) in &live {
            looks.push(self.look_at(&tree, path, file, deep));
        }
        let found: Vec<Option<Finding>> = futures::stream::iter(looks).buffered(READS_AT_ONCE).try_collect().await?;
        findings.extend(found.into_iter().flatten());
        for (path, file) in tree.named.iter().filter(|(path, _)| tree.objects.contains_key(*path)) {
            if let Some(by) = &file.replaced_by {
                findings.push(tree.finding(FindingKind::Orphan, path, format!("{by} took it out of the live set")));
            }
        }
        findings.extend(tree.orphans().map(|(path, _)| tree.finding(FindingKind::Orphan, path, "no record names it")));
        findings.extend(self.leftovers().await?);
        let looked = Fsck {
            ok: false,
            deep,
            chains: tree.chains.len(),
            records: tree.chains.values().map(Vec::len).sum(),
            files: live.len(),
            bytes: live.iter().map(|(_, file)| file.entry.bytes).sum(),
            findings: Vec::new(),
        };
        Ok(looked.with(findings))
    }

    /// What is wrong with one live file.
    async fn look_at(&self, tree: &Tree, path: &str, file: &Named, deep: bool) -> Result<Option<Finding>> {
        let (by, entry) = (&file.by, &file.entry);
        let unreadable = || format!("cannot read {path} of {}", self.name);
        let at = Path::parse(path).context(ErrorKind::Store, unreadable())?;
        let size = match tree.objects.get(path) {
            Some(object) => object.size,
            // A listing may lag behind what is stored.
            None => match self.objects.head(&at).await {
                Ok(object) => object.size,
                Err(StoreError::NotFound { .. }) => {
                    return Ok(Some(tree.finding(FindingKind::Missing, path, format!("{by} names it"))));
                }
                Err(cause) => return Err(cause).context(ErrorKind::Store, unreadable()),
            },
        };
        if size != entry.bytes {
            let detail = format!("has {size} bytes, {by} says {}", entry.bytes);
            return Ok(Some(tree.finding(FindingKind::Altered, path, detail)));
        }
        if deep && sha256_hex(&self.fetch(&at).await.context(ErrorKind::Store, unreadable())?) != entry.sha256 {
            let detail = format!("has not the SHA-256 that {by} says");
            return Ok(Some(tree.finding(FindingKind::Altered, path, detail)));
        }
        Ok(None)
    }

    /// The half-written files of writers that died, which a listing hides.
    async fn leftovers(&self) -> Result<Vec<Finding>> {
        let Some(root) = self.local.clone() else { return Ok(Vec::new()) };
        let unseen = || format!("cannot look through {}", self.name);
        let found = tokio::task::spawn_blocking(move || local::leftovers(&root)).await;
        let found = found.context(ErrorKind::Internal, unseen())?.context(ErrorKind::Store, unseen())?;
        let finding = |(path, modified): (String, std::time::SystemTime)| Finding {
            kind: FindingKind::Leftover,
            path,
            detail: "a writer died over it; the next run after an hour clears it".to_owned(),
            modified_at: Some(modified.into()),
        };
        Ok(found.into_iter().map(finding).collect())
    }
}
