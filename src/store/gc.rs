//! Deletes what nobody names any more: a week late, by permission, and never what is held.

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use super::fsck::FindingKind;
use super::tree::Tree;
use super::{Chain, Draft, FileEntry, Kind, Record, RunId, Store, key, sha256_hex};
use crate::base::{Error, ErrorKind, Result};
use crate::config::{Held, StoreHold};

/// Whoever still writes or reads a file that no record names gets this many days.
const GRACE_DAYS: u64 = 7;

/// What `gc` does with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GcAction {
    /// Takes it out of the live set: its class allows it no longer. It is deleted next.
    Expire,
    /// Deletes it.
    Delete,
    /// Leaves it: a hold covers it.
    Hold,
    /// Leaves it: too young.
    Wait,
    /// Could not delete it: the store refuses, for instance by object lock.
    Refused,
}

impl fmt::Display for GcAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expire => "expire",
            Self::Delete => "delete",
            Self::Hold => "hold",
            Self::Wait => "wait",
            Self::Refused => "refused",
        })
    }
}

/// One file and what `gc` does with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GcItem {
    /// What.
    pub action: GcAction,
    /// Whether the file lies in the private store.
    pub is_private: bool,
    /// The file, below the root of its store.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Why; of a hold, its reason.
    pub why: String,
}

/// What one `gc` did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gc {
    /// Whether it was done, or only listed.
    pub applied: bool,
    /// Every file it looked at twice, by action and path.
    pub items: Vec<GcItem>,
}

impl Gc {
    /// The files of one action.
    pub fn of_action(&self, action: GcAction) -> impl Iterator<Item = &GcItem> {
        self.items.iter().filter(move |i| i.action == action)
    }

    /// How many files have one action, and their bytes.
    pub fn total(&self, action: GcAction) -> (usize, u64) {
        self.of_action(action).fold((0, 0), |(count, bytes), item| (count + 1, bytes + item.bytes))
    }

    pub(crate) fn sorted(mut self) -> Self {
        self.items.sort_by(|a, b| (a.action, a.is_private, &a.path).cmp(&(b.action, b.is_private, &b.path)));
        self
    }
}

/// Files of one chain that their class allows no longer.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// The chain that names them.
    pub chain: Chain,
    /// Its newest record.
    pub prev: Record,
    /// Each file with the day its rows became known.
    pub files: Vec<(FileEntry, NaiveDate)>,
    /// Why, for people.
    pub why: String,
    /// What the record of kind `expire` says beside the paths.
    pub body: serde_json::Value,
}

impl Expiry {
    /// The lines of a listing.
    pub fn items(&self) -> impl Iterator<Item = GcItem> {
        self.files.iter().map(|(file, _)| GcItem {
            action: GcAction::Expire,
            is_private: self.chain.is_private(),
            path: file.path.clone(),
            bytes: file.bytes,
            why: self.why.clone(),
        })
    }
}

impl Store {
    /// Takes files out of the live set by one record of kind `expire`.
    ///
    /// # Errors
    /// As [`Store::commit`]; Conflict when another run committed to the chain meanwhile.
    pub async fn expire(&self, expiry: &Expiry, run_id: &RunId, config_sha256: &str) -> Result<Record> {
        let mut replaces: Vec<String> = expiry.files.iter().map(|(file, _)| file.path.clone()).collect();
        replaces.sort();
        let version = expiry.prev.version + 1;
        let draft = Draft {
            commit_id: sha256_hex(format!("expire {} {version} {}", expiry.chain, replaces.join(" ")).as_bytes()),
            run_id: run_id.clone(),
            config_sha256: config_sha256.to_owned(),
            kind: Kind::Expire,
            extract_date: None,
            reads: Default::default(),
            files: Vec::new(),
            replaces,
            body: expiry.body.clone(),
        };
        let commit = self.commit(&expiry.chain, Some(&expiry.prev), draft).await?;
        commit.settled(format_args!("committed to {}", expiry.chain))
    }

    /// Deletes, or only lists, the files that no record names and those a later record took out of the live set: when
    /// they are older than a week and no hold covers them. Records and sealed snapshots stay for ever.
    ///
    /// # Errors
    /// Evidence when a chain is broken, for then nobody knows what its records named; Store when the store cannot be
    /// read.
    pub async fn gc(&self, now: DateTime<Utc>, apply: bool, holds: &[StoreHold]) -> Result<Gc> {
        let tree = Tree::of(self).await?;
        if let Some(broken) = tree.findings.iter().find(|f| f.kind == FindingKind::Break) {
            let message = format!("{}: nothing is deleted while a chain is broken; `seatledger fsck`", broken.detail);
            return Err(Error::new(ErrorKind::Evidence, message).at(broken.path.clone()));
        }
        let mut gc = Gc { applied: apply, items: Vec::new() };
        let replaced = tree.named.iter().filter_map(|(path, file)| {
            let why = format!("{} took it out of the live set", file.replaced_by.as_ref()?);
            let object = tree.objects.get(path).filter(|_| !tree.is_sealed(path))?;
            let days = days_of(&file.entry, file.extract_date);
            Some((path, object, days, why))
        });
        let orphans = tree.orphans().map(|(path, object)| {
            let day = key::day_in(path).unwrap_or_else(|| object.last_modified.date_naive());
            (path, object, (day, day), "no record names it".to_owned())
        });
        for (path, object, days, why) in replaced.chain(orphans) {
            let (action, why) = match held_by(holds, path, days) {
                Some(hold) => (GcAction::Hold, hold.reason.clone()),
                None if now - Days::new(GRACE_DAYS) <= object.last_modified => {
                    (GcAction::Wait, format!("{why}; written less than {GRACE_DAYS} days ago"))
                }
                None if apply => match self.delete(object.location.as_ref()).await {
                    Ok(()) => (GcAction::Delete, why),
                    Err(cause) => (GcAction::Refused, cause.to_string()),
                },
                None => (GcAction::Delete, why),
            };
            gc.items.push(GcItem { action, is_private: false, path: path.clone(), bytes: object.size, why });
        }
        Ok(gc.sorted())
    }
}

/// The first and last day that a file speaks for.
pub(super) fn days_of(file: &FileEntry, day: Option<NaiveDate>) -> (NaiveDate, NaiveDate) {
    let day = day.or_else(|| key::day_in(&file.path));
    let first = file.min_at.map(|at| at.date_naive()).into_iter().chain(day).min();
    let last = file.max_at.map(|at| at.date_naive()).into_iter().chain(day).max();
    // A file of no known day is of every day.
    (first.unwrap_or(NaiveDate::MIN), last.unwrap_or(NaiveDate::MAX))
}

/// The hold that keeps a file of these days.
pub fn held_by<'h>(holds: &'h [StoreHold], path: &str, days: (NaiveDate, NaiveDate)) -> Option<&'h StoreHold> {
    holds.iter().find(|hold| match &hold.what {
        Held::All => true,
        // Tables are made of every source there is.
        Held::Source(source) => path.starts_with("tables/") || path.split('/').nth(1) == Some(source),
        Held::App { feeds, .. } => {
            let mut parts = path.split('/').skip(1).map(str::to_owned);
            let feed = parts.next().zip(parts.next());
            path.starts_with("tables/") || feed.is_some_and(|feed| feeds.contains(&feed))
        }
        Held::Period(from, to) => days.0 <= *to && *from <= days.1,
    })
}

/// Splits what may expire into what does and what a hold keeps, a landing or a run at a time.
pub fn unheld(expiry: &Expiry, holds: &[StoreHold]) -> std::result::Result<(), Vec<GcItem>> {
    let days = |(file, day): &(FileEntry, NaiveDate)| days_of(file, Some(*day));
    let Some(hold) = expiry.files.iter().find_map(|f| held_by(holds, &f.0.path, days(f))) else { return Ok(()) };
    Err(expiry.items().map(|i| GcItem { action: GcAction::Hold, why: hold.reason.clone(), ..i }).collect())
}
