//! The state of the seats as of a day, made from the newest state before it that still holds.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::available_parallelism;

use chrono::{Days, NaiveDate};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::files::Of;
use super::merge::merge;
use super::month::month_of;
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::store::{
    Chain, Commit, Current, Draft, Expiry, FileEntry, Key, Kind, Record, RunId, Store, day_use, seat_state, sha256_hex,
};

/// Files of `day_use` of one bucket merged at once, at most: each takes some megabytes while it is read. Of more files
/// parts of like size are merged one after the other, and the state is written for each.
const FILES_AT_ONCE: usize = 40;
/// The share of a memory limit for what is merged, in percent; the program and what it knows by then take the rest.
const MERGE_PERCENT: u64 = 50;
/// What is unpacked of a file at once, about, in bytes.
const UNPACKED: u64 = 1 << 20;
/// Times a state is tried again after another run changed the chain.
const TRIES: u32 = 3;
/// States of so many days stay at hand: a late landing goes back to the one before it.
const RECENT_DAYS: u64 = 7;

/// A landing, as far as the state of the seats needs to know.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its version in the chain of its stream.
    pub version: u64,
    /// The day of its extract.
    pub extract_date: NaiveDate,
    /// Its files of `day_use`, where they are by now.
    pub files: Vec<FileEntry>,
}

/// The state of the seats as of a day.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The version in the chain; 0 when nobody has ever signed in.
    pub version: u64,
    /// One file a bucket with rows.
    pub files: Vec<FileEntry>,
}

/// What the record of a state says beside its files.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    as_of: String,
    /// The newest landing that was there.
    seen: u64,
}

/// Where the state of one stream is advanced.
#[derive(Debug, Clone, Copy)]
pub struct Advance<'a> {
    /// The store.
    pub store: &'a Store,
    /// Whose state.
    pub of: Of<'a>,
    /// The day it is to speak for.
    pub as_of: AsOf,
    /// The run that asks.
    pub run_id: &'a RunId,
    /// Hash of the configuration the run read.
    pub config_sha256: &'a str,
    /// Whether to leave earlier states aside and begin with nothing.
    pub rebuild: bool,
    /// The bytes that the process may take; unlimited when absent.
    pub memory: Option<u64>,
}

impl Advance<'_> {
    /// Brings the state to the day: merges what became known since the newest state that still holds. `landings` are
    /// all of the stream with an extract date up to the day; what of them expired lives on in the states before.
    ///
    /// # Errors
    /// A store error; Conflict when other runs change the chain again and again.
    pub async fn run(&self, landings: &[Told]) -> Result<State> {
        let chain = self.chain();
        for _ in 0..TRIES {
            let records = self.store.records(&chain).await?;
            let current = Current::of(&records);
            let base = if self.rebuild { None } else { base(&records, &current, landings, self.as_of) };
            if let Some(base) = base.as_ref().filter(|base| base.as_of == self.as_of.day()) {
                return Ok(State { version: base.version, files: base.files.clone() });
            }
            let files = self.merged(base.as_ref(), landings).await?;
            if files.is_empty() && base.is_none() {
                return Ok(State::default());
            }
            if let Some(same) = holding(&records, &current, self.as_of, &files) {
                return Ok(same);
            }
            match self.commit(&chain, records.last(), landings, files).await? {
                Commit::Written(record) | Commit::AlreadyThere(record) => {
                    return Ok(State { version: record.version, files: record.files });
                }
                Commit::Conflict(_) => {}
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("other runs keep changing {chain}: run again")))
    }

    /// One shard's part of [`Advance::run`]: merges every `of`th bucket, one after the other. Whoever is last puts the
    /// state of all shards on record. True when it is there: by this shard, or before.
    ///
    /// # Errors
    /// As [`Advance::run`].
    pub async fn run_shard(&self, landings: &[Told], shard: Shard) -> Result<bool> {
        let chain = self.chain();
        let records = self.store.records(&chain).await?;
        let base = base(&records, &Current::of(&records), landings, self.as_of);
        if base.as_ref().is_some_and(|base| base.as_of == self.as_of.day()) {
            return Ok(true);
        }
        let work = self.work(base.as_ref(), landings);
        let key = |number: u32| Key::Shard {
            source: self.of.source.to_owned(),
            stream: self.of.stream.to_owned(),
            as_of: self.as_of,
            inputs16: work_name(&work),
            shard: number,
            of: shard.of,
        };
        let mine = work.iter().filter(|work| work.bucket % shard.of == shard.number - 1);
        let mut files = Vec::new();
        for work in mine {
            files.extend(self.bucket(work, base.as_ref().map(|base| base.as_of)).await?);
        }
        let said = serde_json::to_vec(&files).context(ErrorKind::Internal, "what a shard made")?;
        self.store.claim(&key(shard.number), &said.into()).await?;
        let mut files: Vec<FileEntry> = Vec::new();
        for number in 1..=shard.of {
            let Some(said) = self.store.find(&key(number)).await? else { return Ok(false) };
            let made: Vec<FileEntry> = serde_json::from_slice(&said).context(ErrorKind::Store, "what a shard made")?;
            files.extend(made);
        }
        files.sort_by_key(|file| seat_state(&file.path));
        self.commit(&chain, records.last(), landings, files).await?.settled(format!("advanced {chain}")).map(|_| true)
    }

    pub(super) fn chain(&self) -> Chain {
        Chain::Usage { source: self.of.source.to_owned(), stream: self.of.stream.to_owned() }
    }

    /// The files of the new state, a bucket at a time on every core, or on as many as there is memory for.
    async fn merged(&self, base: Option<&Base>, landings: &[Told]) -> Result<Vec<FileEntry>> {
        let works = self.work(base, landings);
        let threads = available_parallelism().map_or(2, usize::from);
        let largest = works.iter().map(Work::bytes).max().unwrap_or(0).max(1);
        let fitting = self.memory.map_or(threads, |memory| (memory / 100 * MERGE_PERCENT / largest) as usize);
        let works = works.iter().map(|work| self.bucket(work, base.map(|base| base.as_of)));
        let files = futures::stream::iter(works).buffered(fitting.clamp(1, threads)).try_collect::<Vec<_>>().await?;
        Ok(files.into_iter().flatten().collect())
    }

    /// What is to be merged, by bucket.
    fn work(&self, base: Option<&Base>, landings: &[Told]) -> Vec<Work> {
        let mut buckets: BTreeMap<u32, Work> = BTreeMap::new();
        let work = |bucket: u32| Work { bucket, state: None, news: Vec::new() };
        for file in base.iter().flat_map(|base| &base.files) {
            if let Some((_, bucket)) = seat_state(&file.path) {
                buckets.entry(bucket).or_insert_with(|| work(bucket)).state = Some(file.clone());
            }
        }
        for (landing, file) in landings.iter().flat_map(|l| l.files.iter().map(move |file| (l, file))) {
            let Some((known_on, bucket)) = day_use(&file.path) else { continue };
            if known_on <= self.as_of.day() && base.is_none_or(|base| base.as_of < known_on) {
                let news = &mut buckets.entry(bucket).or_insert_with(|| work(bucket)).news;
                news.push((known_on, landing.version, file.clone()));
            }
        }
        let sorted = |mut work: Work| {
            work.news.sort_by(|a, b| (a.0, a.1, &a.2.path).cmp(&(b.0, b.1, &b.2.path)));
            work
        };
        buckets.into_values().map(sorted).collect()
    }

    async fn bucket(&self, work: &Work, before: Option<NaiveDate>) -> Result<Option<FileEntry>> {
        let Work { bucket, state, news } = work;
        let mut merged = match (state, before) {
            (Some(file), Some(day)) => Some((self.store.read(file).await?, file.rows, day)),
            _ => None,
        };
        // Without news the days that have become too old still go.
        let parts = if news.is_empty() { vec![&news[..]] } else { news.chunks(work.files_at_once()).collect() };
        for part in parts {
            let mut deltas = Vec::with_capacity(part.len());
            for (_, landing, file) in part {
                deltas.push((self.store.read(file).await?, *landing));
            }
            let (of, day) = ((self.of.source.to_owned(), self.of.stream.to_owned()), self.as_of.day());
            let state = merged.take().map(|(bytes, _, day)| (bytes, day));
            let work = move || merge(Of { source: &of.0, stream: &of.1 }, state, deltas, day);
            let done = tokio::task::spawn_blocking(work).await.context(ErrorKind::Internal, "a merge died")??;
            merged = done.map(|(bytes, rows)| (bytes, rows, day));
        }
        let Some((bytes, rows, _)) = merged else { return Ok(None) };
        let key = |sha16: &str| Key::SeatState {
            source: self.of.source.to_owned(),
            stream: self.of.stream.to_owned(),
            as_of: self.as_of,
            bucket: *bucket,
            run_id: self.run_id.clone(),
            sha16: sha16.to_owned(),
        };
        self.store.put_encoded(key, bytes, rows).await.map(Some)
    }

    async fn commit(
        &self,
        chain: &Chain,
        prev: Option<&Record>,
        landings: &[Told],
        files: Vec<FileEntry>,
    ) -> Result<Commit> {
        let seen = landings.iter().map(|landing| landing.version).max().unwrap_or(0);
        let raw = Chain::Raw { source: self.of.source.to_owned(), stream: self.of.stream.to_owned() };
        let hashes: Vec<&str> = files.iter().map(|file| file.sha256.as_str()).collect();
        let draft = Draft {
            commit_id: sha256_hex(format!("{chain} {} {seen} {}", self.as_of, hashes.join(" ")).as_bytes()),
            run_id: self.run_id.clone(),
            config_sha256: self.config_sha256.to_owned(),
            kind: Kind::Advance,
            extract_date: Some(self.as_of.day()),
            reads: BTreeMap::from([(raw.to_string(), seen)]),
            files,
            replaces: Vec::new(),
            body: serde_json::to_value(Body { as_of: self.as_of.to_string(), seen })
                .context(ErrorKind::Internal, "the body of a state")?,
        };
        self.store.commit(chain, prev, draft).await
    }
}

/// A part of the buckets: the `number`th, from 1, of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if 1 <= number && number <= of => Ok(Self { number, of }),
            _ => Err(Error::usage(format!("`{text}` is no shard: write 1/4 to 4/4 for four of them"))),
        }
    }
}

/// What is merged in one bucket.
struct Work {
    bucket: u32,
    state: Option<FileEntry>,
    /// When each file of `day_use` became known, by which landing; in this order.
    news: Vec<(NaiveDate, u64, FileEntry)>,
}

impl Work {
    fn files_at_once(&self) -> usize {
        let files = self.news.len().max(1);
        files.div_ceil(files.div_ceil(FILES_AT_ONCE))
    }

    /// What merging it takes, at most: what is merged at once and what becomes of it, and what is unpacked of each file.
    fn bytes(&self) -> u64 {
        let news =
            self.news.chunks(self.files_at_once()).map(|part| part.iter().map(|(.., file)| file.bytes).sum::<u64>());
        let state = self.state.as_ref().map_or(0, |file| file.bytes);
        2 * (state + news.max().unwrap_or(0)) + (1 + self.files_at_once() as u64) * UNPACKED
    }
}

/// Names all that is to be merged.
fn work_name(works: &[Work]) -> String {
    let files = works.iter().flat_map(|work| work.state.iter().chain(work.news.iter().map(|(.., file)| file)));
    let paths: Vec<&str> = files.map(|file| file.path.as_str()).collect();
    sha256_hex(paths.join("\n").as_bytes())[..16].to_owned()
}

/// A state that still holds.
struct Base {
    version: u64,
    as_of: NaiveDate,
    files: Vec<FileEntry>,
}

/// The newest state up to a day behind which nothing has landed since, all of whose files are there.
fn base(records: &[Record], current: &Current, landings: &[Told], as_of: AsOf) -> Option<Base> {
    let holds = |record: &Record| {
        let (day, seen) = (record.extract_date.filter(|_| record.kind == Kind::Advance)?, body(record)?.seen);
        let is_late = landings.iter().any(|landing| landing.version > seen && landing.extract_date <= day);
        let files: Option<Vec<FileEntry>> = record.files.iter().map(|file| current.file(file)).collect();
        Some(Base { version: record.version, as_of: day, files: files? }).filter(|_| !is_late && day <= as_of.day())
    };
    records.iter().filter_map(holds).max_by_key(|base| (base.as_of, base.version))
}

/// A state of the day that is on record with these very bytes.
fn holding(records: &[Record], current: &Current, as_of: AsOf, files: &[FileEntry]) -> Option<State> {
    let hashes = |files: &[FileEntry]| files.iter().map(|file| file.sha256.clone()).collect::<Vec<_>>();
    let same = records.iter().rev().find(|record| {
        record.kind == Kind::Advance
            && record.extract_date == Some(as_of.day())
            && hashes(&record.files) == hashes(files)
    })?;
    let files: Option<Vec<FileEntry>> = same.files.iter().map(|file| current.file(file)).collect();
    Some(State { version: same.version, files: files? })
}

fn body(record: &Record) -> Option<Body> {
    serde_json::from_value(record.body.clone()).ok()
}

/// The state as of a day that is on record, for whoever only looks.
///
/// # Errors
/// A store error.
pub async fn state(store: &Store, of: Of<'_>, as_of: AsOf) -> Result<State> {
    let records = store.records(&Chain::Usage { source: of.source.to_owned(), stream: of.stream.to_owned() }).await?;
    let found = base(&records, &Current::of(&records), &[], as_of).filter(|base| base.as_of == as_of.day());
    Ok(found.map_or_else(State::default, |base| State { version: base.version, files: base.files }))
}

/// The states that are needed no more: those of the last week stay, and of each month the newest, as long as
/// `kept_days`; so a late landing never has far to go back, and what expired in `raw/` lives on. Of the sums of a month
/// the newest stays.
///
/// # Errors
/// A store error.
pub async fn expirable(store: &Store, of: Of<'_>, kept_days: u32) -> Result<Vec<Expiry>> {
    let chain = Chain::Usage { source: of.source.to_owned(), stream: of.stream.to_owned() };
    let records = store.records(&chain).await?;
    let current = Current::of(&records);
    let states: Vec<(&Record, NaiveDate)> = records
        .iter()
        .filter(|record| record.kind == Kind::Advance)
        .filter_map(|record| Some((record, record.extract_date?)))
        .collect();
    let (Some(prev), Some(newest)) = (records.last(), states.iter().map(|(_, day)| *day).max()) else {
        return Ok(Vec::new());
    };
    let month = |day: NaiveDate| day.format("%Y-%m").to_string();
    let mut of_months: BTreeMap<String, (NaiveDate, u64)> = BTreeMap::new();
    for (record, day) in &states {
        let best = of_months.entry(month(*day)).or_insert((*day, record.version));
        *best = (*best).max((*day, record.version));
    }
    let is_kept = |record: &Record, day: NaiveDate| {
        let is_young = newest - Days::new(u64::from(kept_days)) <= day;
        day > newest - Days::new(RECENT_DAYS)
            || (is_young && of_months.get(&month(day)) == Some(&(day, record.version)))
    };
    let (mut kept, mut old): (Vec<_>, Vec<_>) = states.into_iter().partition(|(record, day)| is_kept(record, *day));
    let mut sums: BTreeMap<NaiveDate, &Record> = BTreeMap::new();
    for (record, month) in records.iter().filter_map(|record| Some((record, month_of(record)?))) {
        old.extend(sums.insert(month, record).map(|before| (before, month)));
    }
    kept.extend(sums.into_iter().map(|(month, record)| (record, month)));
    let kept: BTreeSet<&str> = kept.iter().flat_map(|(record, _)| &record.files).map(|f| f.path.as_str()).collect();
    let mut found = Vec::new();
    for (record, day) in old {
        let files = record.files.iter().filter(|file| !kept.contains(file.path.as_str()));
        let files: Vec<_> = files.filter_map(|file| Some((current.file(file)?, day))).collect();
        if !files.is_empty() {
            let why = format!("what tells of {day} is followed by newer");
            let body = serde_json::json!({ "states": [record.version] });
            found.push(Expiry { chain: chain.clone(), prev: prev.clone(), files, why, body });
        }
    }
    Ok(found)
}
