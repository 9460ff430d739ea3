//! The landing of one stream: what is new is read, checked as a whole, written, and committed by one record. Rows that
//! came are accepted, duplicates, filtered, or set apart; nothing else can happen to them. Files are read as a whole,
//! but for those of a System Log: they are streamed, and their rows are written before the landing is checked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use rayon::prelude::*;
use tokio::runtime::Handle;

use super::body::{self, Body, Coverage, Input, Override};
use super::discover::{Control, Found, Place};
use super::live::{self, Brought, Collector};
use super::okta_log;
use super::page::{Page, Refusal};
use super::past::{Past, told_by_path};
use super::reader::Reader;
use super::report::{Acceptance, Landing, Outcome};
use super::write::{self, Kept};
use super::{checks, explode, parse};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{Config, Source, StreamOptions};
use crate::schema::{Dataset, Feed, Role};
use crate::store::{Chain, Draft, FileEntry, Kind, RunId, Store, sha256_hex};

/// One stream of one source, about to be landed.
#[derive(Clone)]
pub(super) struct Stream<'a> {
    pub config: &'a Config,
    pub store: &'a Store,
    pub source: &'a Source,
    pub name: String,
    pub dataset: &'static Dataset,
    pub place: &'a Place,
    pub is_backfill: bool,
    pub default_date: Option<NaiveDate>,
    pub run_id: &'a RunId,
    pub accepted: Option<Acceptance<'a>>,
    /// What reads its API, if something does.
    pub collector: Option<&'a Collector>,
    /// Of files that a collector brought: what it knows of them.
    pub brought: Option<&'a Brought>,
    /// What stays of a landing of a System Log for the next.
    pub kept: &'a okta_log::Kept,
}

/// A file with the hash of its bytes, and the bytes where they are held.
struct File {
    path: String,
    bytes: bytes::Bytes,
    size: u64,
    /// Empty while it is not known, but known to be new.
    sha256: String,
}

/// One day of a stream, about to be landed.
#[derive(Clone, Copy)]
struct Step {
    day: NaiveDate,
    /// Whether it is the last one of those at hand.
    is_last: bool,
}

/// The rows of a landing.
enum Rows {
    /// To be written.
    Kept(Kept),
    /// In files that are written, beside others.
    Written { entries: Vec<FileEntry>, accepted: u64, duplicate: u64, filtered: u64, span: Option<Span> },
}

/// First and last instant.
type Span = (DateTime<Utc>, DateTime<Utc>);

impl Rows {
    fn accepted(&self) -> u64 {
        match self {
            Self::Kept(kept) => kept.accepted,
            Self::Written { accepted, .. } => *accepted,
        }
    }

    fn duplicate(&self) -> u64 {
        match self {
            Self::Kept(kept) => kept.duplicate,
            Self::Written { duplicate, .. } => *duplicate,
        }
    }

    fn filtered(&self) -> u64 {
        match self {
            Self::Kept(kept) => kept.filtered,
            Self::Written { filtered, .. } => *filtered,
        }
    }
}

impl Stream<'_> {
    /// Lands what was dropped and what its API has.
    ///
    /// # Errors
    /// As [`Stream::land`].
    pub(super) async fn land_all(&self) -> Result<Vec<Landing>> {
        let mut landings = self.land().await?;
        if let Some(collector) = self.collector {
            landings.extend(live::land(self, collector).await?);
        }
        Ok(landings)
    }

    /// What has landed before.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn past(&self) -> Result<Past> {
        Past::of(self.store, &self.chain()).await
    }

    /// What the project says about it.
    pub(super) fn options(&self) -> StreamOptions {
        self.source.stream.get(&self.name).cloned().unwrap_or_default()
    }

    /// Lands every day of the stream that is not landed yet, oldest first.
    ///
    /// # Errors
    /// A store or conflict error. What the files got wrong is in the landings.
    pub(super) async fn land(&self) -> Result<Vec<Landing>> {
        let listing = match self.place.list(&self.name, self.default_date).await {
            Ok(listing) => listing,
            Err(error) => return Ok(vec![self.refused(None, Refusal::new("unreachable", error.to_string()))]),
        };
        let mut past = self.past().await?;
        if let Some((before, _)) = self.brought.and_then(|brought| brought.cursor.as_ref())
            && past.cursor() != before.as_deref()
        {
            let message = format!("{}: another run has read on meanwhile: run again", self.chain());
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let mut days: BTreeMap<Option<NaiveDate>, Vec<Found>> = BTreeMap::new();
        for file in listing.files {
            days.entry(file.extract_date).or_default().push(file);
        }
        let mut landings: Vec<Landing> = Vec::new();
        let last = days.keys().next_back().copied().flatten();
        for (day, files) in days {
            // A cursor stands for all that came before it.
            if self.has_cursor() && landings.iter().any(|l| matches!(l.outcome, Outcome::Refused { .. })) {
                break;
            }
            let landing = match day {
                Some(day) => {
                    let step = Step { day, is_last: Some(day) == last };
                    self.day(step, &files, listing.controls.get(&Some(day)), &mut past).await?
                }
                None => {
                    let message = format!("{}: no day in its path: name it, or give --extract-date", files[0].path);
                    self.refused(None, Refusal::new("no_extract_date", message))
                }
            };
            landings.push(landing);
        }
        Ok(landings)
    }

    fn has_cursor(&self) -> bool {
        self.brought.is_some_and(|brought| brought.cursor.is_some())
    }

    fn chain(&self) -> Chain {
        Chain::Raw { source: self.source.name.clone(), stream: self.name.clone() }
    }

    async fn day(&self, step: Step, found: &[Found], control: Option<&String>, past: &mut Past) -> Result<Landing> {
        match self.try_day(step, found, control, past).await? {
            Ok(landing) => Ok(landing),
            Err(refusal) => Ok(self.refused(Some(step.day), refusal)),
        }
    }

    /// The outer error ends the run, the inner one refuses this landing.
    async fn try_day(
        &self,
        step: Step,
        found: &[Found],
        control: Option<&String>,
        past: &mut Past,
    ) -> Result<Result<Landing, Refusal>> {
        let day = step.day;
        let mut warnings = self.brought.map(|brought| brought.warnings.clone()).unwrap_or_default();
        let is_streamed = self.dataset.role == Role::Log;
        let read = if is_streamed { self.look(found, past).await } else { self.read(found).await };
        let read = match read {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut files: Vec<File> = Vec::with_capacity(read.len());
        for file in read {
            let told = |file: &File| told_by_path(self.dataset, &file.path).join("/");
            let is_same = |other: &&File| other.sha256 == file.sha256 && told(other) == told(&file);
            match files.iter().find(|other| !file.sha256.is_empty() && is_same(other)) {
                Some(other) => warnings.push(format!("same_file: {} has the bytes of {}", file.path, other.path)),
                None => files.push(file),
            }
        }
        let landed = past.landed(self.dataset, day);
        let is_new = |file: &File| !landed.contains(&(file.sha256.as_str(), told_by_path(self.dataset, &file.path)));
        if !files.iter().any(is_new) {
            return Ok(Ok(self.landing(Some(day), Outcome::AlreadyLanded, warnings)));
        }
        let is_in_order = self.brought.is_some_and(|brought| brought.is_in_order);
        let is_older = !is_in_order && past.newest_day().is_some_and(|newest| day < newest);
        if is_older && !self.is_backfill {
            let message = format!(
                "an extract of {day} after one of {}: land it with --backfill, or remove it",
                past.newest_day().unwrap_or(day)
            );
            return Ok(Err(Refusal::new("out_of_order", message)));
        }
        // A full feed is all of its pages, and missing pages complete a landing that lacked them.
        let takes_all = self.dataset.feed == Feed::Full || past.on(day).any(|(_, body)| !body.is_complete());
        if !takes_all {
            let fresh: Vec<bool> = files.iter().map(is_new).collect();
            let mut fresh = fresh.into_iter();
            files.retain(|_| fresh.next().unwrap_or(true));
        }
        let control = match (self.brought, self.place.control(&self.name, control).await) {
            (Some(brought), _) => brought.control.clone(),
            (None, Ok(control)) => control,
            (None, Err(error)) => return Ok(Err(Refusal::new("control_file", error.to_string()))),
        };
        let reader = Reader::new(self.source, &self.name, self.dataset, day, past.known_columns());
        let taken = if is_streamed {
            self.stream(&reader, &mut files, past).await?
        } else {
            self.take(&reader, &files, past).await?
        };
        let (pages, rows) = match taken {
            Ok(taken) => taken,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let quarantined: u64 = pages.iter().map(Page::quarantined).sum();
        let fetched: u64 = pages.iter().map(Page::fetched).sum();
        if let Err(refusal) = checks::quarantine(&pages, fetched, quarantined) {
            return Ok(Err(refusal));
        }
        let lacks = checks::lacks(&pages, &control);
        let mut overrides = Vec::new();
        // A landing that lacks pages is small for a known reason.
        if self.dataset.feed == Feed::Full && lacks.is_empty() {
            let before: Vec<u64> =
                past.records.iter().filter(|(_, b)| b.is_complete()).map(|(_, b)| b.accepted).collect();
            let employed_before: Vec<u64> =
                past.records.iter().filter(|(_, b)| b.is_complete()).filter_map(|(_, b)| b.employed).collect();
            let size = checks::row_count(&before, rows.accepted()).and_then(|warning| {
                self.employed(&pages, day).map_or(Ok(()), |now| checks::employed(&employed_before, now))?;
                Ok(warning)
            });
            match (size, self.accepted) {
                (Ok(warning), _) => warnings.extend(warning),
                (Err(Refusal { reason: check, message }), Some(Acceptance { reason, actor, note_sha256 })) => {
                    warnings.push(format!("{check}: {message}; accepted by {actor}: {reason}"));
                    let [check, reason, actor] = [check, reason, actor].map(str::to_owned);
                    let note_sha256 = note_sha256.map(str::to_owned);
                    overrides.push(Override { check, finding: message, reason, actor, note_sha256 });
                }
                (Err(refusal), None) => {
                    let target = format!("{}/{}", self.source.name, self.name);
                    let message =
                        format!("{}; if it is right, land it with --accept-row-count {target}=REASON", refusal.message);
                    return Ok(Err(Refusal { message, ..refusal }));
                }
            }
        }
        let mut body = self.body(day, &files, &pages, &rows, &control, past);
        body.coverage = if lacks.is_empty() { Coverage::Complete } else { Coverage::Partial };
        body.employed = self.employed(&pages, day);
        body.lacks = lacks;
        body.overrides = overrides;
        self.tell_of_reading(&mut body, step, past);
        warnings.append(&mut body.warnings);
        body.warnings = warnings;
        self.commit(day, &files, &pages, rows, body, is_older, past).await.map(Ok)
    }

    /// Says where reading an API stands.
    fn tell_of_reading(&self, body: &mut Body, step: Step, past: &Past) {
        body.reconciled_until = past.reconciled_until();
        let Some(brought) = self.brought else { return };
        body.collector = Some(brought.collector.clone());
        // Of days that the source does not have, all there is to say is said.
        let next = |day: NaiveDate| day.checked_add_days(Days::new(1)).unwrap_or(day);
        let told = body.holes.iter().fold(body.complete_through, |through, (from, to)| match to.pred_opt() {
            Some(last) if *from <= next(through) => through.max(last),
            _ => through,
        });
        body.complete_through = brought.complete_through.map_or(told, |known| known.min(told));
        body.reconciled_until = brought.reconciled_until.or(body.reconciled_until);
        if let Some((before, after)) = &brought.cursor {
            body.cursor_before.clone_from(before);
            // Until all is there, reading would begin again where it began.
            body.cursor_after.clone_from(if step.is_last { after } else { before });
        }
    }

    /// Reads files as a whole.
    async fn read(&self, found: &[Found]) -> Result<Vec<File>, Refusal> {
        let mut read = Vec::with_capacity(found.len());
        for file in found {
            match self.place.read(&self.name, &file.path).await {
                Ok(bytes) => read.push((file.path.clone(), bytes)),
                Err(error) => return Err(Refusal::new("unreachable", error.to_string())),
            }
        }
        let hashed = read.into_par_iter().map(|(path, bytes)| {
            let size = bytes.len() as u64;
            File { sha256: sha256_hex(&bytes), path, bytes, size }
        });
        Ok(hashed.collect())
    }

    /// Looks at files that will be streamed. One as long as no other is new: the hash of it will be known when it is
    /// read. Of the others it must be known before.
    async fn look(&self, found: &[Found], past: &Past) -> Result<Vec<File>, Refusal> {
        let unreachable = |error: Error| Refusal::new("unreachable", error.to_string());
        let mut files = Vec::with_capacity(found.len());
        for file in found {
            let size = self.place.size(&self.name, &file.path).await.map_err(unreachable)?;
            files.push(File { path: file.path.clone(), bytes: bytes::Bytes::new(), size, sha256: String::new() });
        }
        let mut lengths: BTreeMap<u64, usize> = BTreeMap::new();
        let landed = past.records.iter().flat_map(|(_, body)| body.inputs.iter().map(|input| input.bytes));
        landed.chain(files.iter().map(|file| file.size)).for_each(|size| *lengths.entry(size).or_default() += 1);
        let mut alike: Vec<&mut File> =
            files.iter_mut().filter(|file| lengths.get(&file.size).is_some_and(|n| *n > 1)).collect();
        let paths: Vec<&str> = alike.iter().map(|file| file.path.as_str()).collect();
        let runtime = Handle::current();
        let hashes = aside(|| okta_log::hashes(self.place, &runtime, &self.name, &paths));
        let hashes = hashes.map_err(unreachable)??;
        for (file, (sha256, size)) in alike.iter_mut().zip(hashes) {
            (file.sha256, file.size) = (sha256, size);
        }
        Ok(files)
    }

    /// Parses files that were read, and keeps what is new of them.
    async fn take(&self, reader: &Reader, files: &[File], past: &Past) -> Result<Result<(Vec<Page>, Rows), Refusal>> {
        let pages: Result<Vec<Page>, Refusal> = files.par_iter().map(|file| parsed(reader, file)).collect();
        let mut pages = match pages {
            Ok(pages) => pages,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(refusal) = self.check_content(reader, &pages) {
            return Ok(Err(refusal));
        }
        if self.dataset.stream == "leaves" {
            explode::part_overlapping_leaves(self.dataset, &mut pages);
        }
        for page in &mut pages {
            page.settle(self.dataset)?;
        }
        let committed = self.committed_keys(&pages, past).await?;
        let kept = write::keep(self.dataset, &pages, committed)?;
        Ok(Ok((pages, Rows::Kept(kept))))
    }

    /// Streams files, and writes what is new of them.
    async fn stream(
        &self,
        reader: &Reader,
        files: &mut [File],
        past: &Past,
    ) -> Result<Result<(Vec<Page>, Rows), Refusal>> {
        let raw = past.records.iter().flat_map(|(record, _)| record.files.iter().filter(|file| write::is_raw(file)));
        let committed = raw.filter_map(|file| past.current.file(file)).collect();
        let target = self.target(reader.rules.extract_date, past);
        let buckets = self.store.buckets().await?;
        let job = okta_log::Job { buckets, ..okta_log::Job::new(self.place, reader, target, committed, self.kept) };
        let listed: Vec<_> =
            files.iter().map(|file| okta_log::Listed { path: file.path.clone(), bytes: file.size }).collect();
        let landed = match aside(|| job.land(&listed))?? {
            Ok(landed) => landed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for (file, (sha256, _)) in files.iter_mut().zip(landed.wholes) {
            if !file.sha256.is_empty() && file.sha256 != sha256 {
                let message = format!("{} changed while it was read: land it again", file.path);
                return Ok(Err(Refusal::new("unreachable", message)));
            }
            file.sha256 = sha256;
        }
        let okta_log::Landed { pages, entries, accepted, duplicate, filtered, span, .. } = landed;
        if let Err(refusal) = self.check_content(reader, &pages) {
            return Ok(Err(refusal));
        }
        Ok(Ok((pages, Rows::Written { entries, accepted, duplicate, filtered, span })))
    }

    fn target(&self, extract_date: NaiveDate, past: &Past) -> write::Target<'_> {
        write::Target {
            store: self.store,
            dataset: self.dataset,
            source: &self.source.name,
            stream: &self.name,
            extract_date,
            version: past.head.as_ref().map_or(1, |record| record.version + 1),
            run_id: self.run_id,
        }
    }

    /// What shows only when all pages are read.
    fn check_content(&self, reader: &Reader, pages: &[Page]) -> Result<(), Refusal> {
        let records: u64 = pages.iter().map(|p| p.records).sum();
        if records == 0 {
            return if self.source.may_be_empty.contains(&self.name) {
                Ok(())
            } else {
                let message = format!(
                    "no rows: an expired token reads like this; if it is legal, add \"{}\" to may_be_empty",
                    self.name
                );
                Err(Refusal::new("empty_feed", message))
            };
        }
        let mut seen = vec![false; self.dataset.fields.len()];
        let mut columns = BTreeSet::new();
        for page in pages {
            seen.iter_mut().zip(&page.seen).for_each(|(a, b)| *a |= b);
            columns.extend(page.columns.iter().cloned());
        }
        // Where no record could be read, the quarantine says why.
        if columns.is_empty() { Ok(()) } else { reader.require(&seen, &columns.into_iter().collect::<Vec<_>>()) }
    }

    /// The keys of events that are committed already and may come again.
    async fn committed_keys(&self, pages: &[Page], past: &Past) -> Result<write::Keys> {
        let none = write::Keys::default();
        let Some(event_at) = self.dataset.event_at else { return Ok(none) };
        let batches = pages.iter().flat_map(|p| p.chunks.iter().map(|c| &c.batch));
        let Some(span) = write::span(batches, event_at) else { return Ok(none) };
        past.keys(self.store, self.dataset, span).await
    }

    fn body(
        &self,
        day: NaiveDate,
        files: &[File],
        pages: &[Page],
        rows: &Rows,
        control: &Control,
        past: &Past,
    ) -> Body {
        let columns: BTreeSet<String> = pages.iter().flat_map(|p| p.columns.iter().cloned()).collect();
        let batches = || pages.iter().flat_map(|p| p.chunks.iter().map(|c| &c.batch));
        let events = match rows {
            Rows::Kept(_) => self.dataset.event_at.and_then(|column| write::span(batches(), column)),
            Rows::Written { span, .. } => *span,
        };
        let content_day = self.dataset.content_day.and_then(|column| {
            let (first, last) = write::span(batches(), column)?;
            // A report speaks for the earliest of its days, a log of days for the last.
            Some(if self.dataset.feed == Feed::Full { first } else { last }.date_naive())
        });
        let complete_through = content_day.map_or(day, |content| content.min(day));
        let covers_from = (self.dataset.feed == Feed::Events).then(|| {
            let declared = self.source.stream.get(&self.name).and_then(|o| o.covers_days);
            let first = || events.map(|(first, _)| first.date_naive());
            control
                .from
                .or_else(|| declared.and_then(|n| day.checked_sub_days(Days::new(u64::from(n.saturating_sub(1))))))
                .or_else(first)
                .unwrap_or(day)
        });
        let mut warnings: Vec<String> = pages.iter().flat_map(|p| p.warnings.iter().cloned()).collect();
        warnings.sort();
        warnings.dedup();
        warnings.extend(checks::notes(pages));
        if self.dataset.feed == Feed::Full && rows.duplicate() > 0 {
            warnings.push(format!("duplicate_key: {} rows repeat a key; the last counts", rows.duplicate()));
        }
        if self.dataset.feed == Feed::Full && complete_through != day {
            warnings.push(format!("content_date: extracted on {day}, speaks for {complete_through}"));
        }
        let has_concealed = write::has_true(batches(), "is_concealed");
        if has_concealed {
            warnings.push(
                "concealed_names: Microsoft hides who used what; set displayConcealedNames=false in the tenant's report settings"
                    .to_owned(),
            );
        }
        let before: BTreeSet<&String> = past.records.iter().flat_map(|(_, before)| &before.columns).collect();
        warnings.extend(checks::drift(&before, &columns, self.dataset.keeps_extra()));
        let input = |(file, page): (&File, &Page)| Input {
            path: file.path.clone(),
            sha256: file.sha256.clone(),
            bytes: file.size,
            rows: page.records,
        };
        Body {
            fetched: pages.iter().map(Page::fetched).sum(),
            accepted: rows.accepted(),
            duplicate: rows.duplicate(),
            filtered: rows.filtered(),
            quarantined: pages.iter().map(Page::quarantined).sum(),
            coverage: Coverage::Complete,
            lacks: Vec::new(),
            covers_from,
            complete_through,
            watermark_at: events
                .map(|(_, newest)| newest)
                .max(past.records.last().and_then(|(_, before)| before.watermark_at)),
            holes: control.holes.clone(),
            has_concealed,
            inputs: files.iter().zip(pages).map(input).collect(),
            schema_fp: sha256_hex(columns.iter().cloned().collect::<Vec<_>>().join("\n").as_bytes())[..16].to_owned(),
            columns,
            warnings,
            quarantined_rows: checks::summary(pages),
            overrides: Vec::new(),
            employed: None,
            collector: None,
            cursor_before: None,
            cursor_after: None,
            reconciled_until: None,
        }
    }

    /// Of an HR feed of workers, those whose last day is not before the day of extraction.
    fn employed(&self, pages: &[Page], day: NaiveDate) -> Option<u64> {
        let is_of_workers = self.dataset.role == Role::Hr && self.dataset.stream == "workers";
        let batches = pages.iter().flat_map(|page| page.chunks.iter().map(|chunk| &chunk.batch));
        is_of_workers.then(|| write::not_before(batches, "end_on", day))?
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one commit, made where they are known")]
    async fn commit(
        &self,
        day: NaiveDate,
        files: &[File],
        pages: &[Page],
        rows: Rows,
        body: Body,
        is_older: bool,
        past: &mut Past,
    ) -> Result<Landing> {
        let (prev, target) = (past.head.as_ref(), self.target(day, past));
        let version = target.version;
        let mut entries = match rows {
            Rows::Kept(kept) => target.rows(&kept).await?,
            Rows::Written { entries, .. } => entries,
        };
        let inputs: Vec<(&str, &str)> = files.iter().map(|f| (f.path.as_str(), f.sha256.as_str())).collect();
        entries.extend(target.quarantine(&inputs, pages).await?);
        let mut said = serde_json::to_value(&body).context(ErrorKind::Internal, "the body of a landing")?;
        if body.inputs.len() > body::MOST_NAMED {
            entries.push(target.inputs(&body.inputs).await?);
            said["inputs"] = serde_json::json!([]);
        }
        let mut names: Vec<&str> = files.iter().map(|f| f.sha256.as_str()).collect();
        names.sort_unstable();
        let draft = Draft {
            commit_id: sha256_hex(format!("{} {day} {version} {}", self.chain(), names.join(" ")).as_bytes()),
            run_id: self.run_id.clone(),
            config_sha256: self.config.sha256.clone(),
            kind: if is_older { Kind::Backfill } else { Kind::Land },
            extract_date: Some(day),
            reads: BTreeMap::new(),
            files: entries,
            replaces: Vec::new(),
            body: said,
        };
        let commit = self.store.commit(&self.chain(), prev, draft).await?;
        let record = commit.settled(format_args!("landed {}", self.chain()))?;
        let outcome = match body.coverage {
            Coverage::Complete => Outcome::Landed { version },
            Coverage::Partial => Outcome::Partial { version },
        };
        let mut warnings = body.warnings.clone();
        warnings.extend(body.lacks.iter().map(|lack| format!("partial: {lack}")));
        let reasons: BTreeSet<&str> = pages.iter().flat_map(|p| p.rejects.iter().map(|r| r.reason)).collect();
        let landing = Landing {
            fetched: body.fetched,
            accepted: body.accepted,
            duplicate: body.duplicate,
            filtered: body.filtered,
            quarantined: body.quarantined,
            quarantine_reasons: reasons.into_iter().map(str::to_owned).collect(),
            ..self.landing(Some(day), outcome, warnings)
        };
        past.head = Some(record.clone());
        past.records.push((record, body));
        Ok(landing)
    }

    pub(super) fn refused(&self, day: Option<NaiveDate>, refusal: Refusal) -> Landing {
        let outcome = Outcome::Refused { reason_code: refusal.reason.to_owned(), message: refusal.message };
        self.landing(day, outcome, Vec::new())
    }

    pub(super) fn landing(&self, extract_date: Option<NaiveDate>, outcome: Outcome, warnings: Vec<String>) -> Landing {
        Landing {
            source: self.source.name.clone(),
            stream: self.name.clone(),
            extract_date,
            outcome,
            fetched: 0,
            accepted: 0,
            duplicate: 0,
            filtered: 0,
            quarantined: 0,
            warnings,
            quarantine_reasons: Vec::new(),
        }
    }
}

/// Does blocking work on a thread of its own, where waiting for the store is allowed.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| scope.spawn(work).join()).map_err(|_| Error::internal("a thread died while landing"))
}

fn parsed(reader: &Reader, file: &File) -> Result<Page, Refusal> {
    parse::file(reader, &file.path, &file.bytes).map_err(|refusal| refusal.within(&file.path))
}
