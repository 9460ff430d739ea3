//! What goes on record: the entries that committed runs and snapshots owe to the decision log. They are derived from
//! what is committed, so a job that was killed before it wrote them loses none: the next one does.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::record::{self, RunBody};
use super::{Job, seal};
use crate::base::{Error, ErrorKind, Result};
use crate::engine::Catalogue;
use crate::identity::{IdentityMap, Name, sorted, veil};
use crate::log::{self, EntryKind, NewEntry};
use crate::review::Book;
use crate::store::{Chain, Commit, Current, FileEntry, Kind, Record, parquet, sha256_hex};
use crate::{config, ingest, snapshot};

/// Times an append is tried again when other runs append too.
pub(super) const TRIES: u32 = 20;
/// What policies propose.
const PROPOSED: &str = "policy.candidates";
/// What became of it. A row without a number of an entry is in a state that the run found.
const CANDIDATES: &str = "review.candidates";
/// The states that a run finds, and the entry each is owed.
const FOUND: &[(&str, EntryKind)] = &[
    ("open", EntryKind::CandidateOpened),
    ("withdrawn", EntryKind::CandidateWithdrawn),
    ("verified", EntryKind::OutcomeVerified),
    ("reopened", EntryKind::CandidateReopened),
];

/// Tables in which people's answers arrive: what a row says when it comes, and when it is gone.
const ANSWERS: &[(&str, EntryKind, Option<EntryKind>)] = &[
    ("core.holds", EntryKind::HoldSet, Some(EntryKind::HoldReleased)),
    ("core.exceptions", EntryKind::ExceptionSet, Some(EntryKind::ExceptionReleased)),
    ("core.legal_holds", EntryKind::LegalHoldSet, Some(EntryKind::LegalHoldReleased)),
    ("core.self_confirmations", EntryKind::DecisionSelfConfirm, None),
    ("core.executed_actions", EntryKind::OutcomeVerified, None),
];
/// The file of rows that were answers before they were rows: the log has them.
const FROM_LOG: &str = "log";
/// Under what the log notes the limits that the project sets.
const RAILS: &str = "rails";
/// Where a row of an answer stands in its file says nothing about it.
const PLACES: &[&str] = &["file", "line", "source_line"];

impl Job {
    /// Appends what the log does not hold yet of committed runs and snapshots, oldest first.
    ///
    /// # Errors
    /// Store and Evidence errors; Conflict when other runs append all the time.
    pub async fn settle_log(&self, identity: &IdentityMap) -> Result<()> {
        for _ in 0..TRIES {
            let mut seen = self.seen_by_log().await?;
            let records = self.store.records(&Chain::Runs).await?;
            let index = self.store.records(&Chain::Snapshots).await?;
            let mut is_behind = false;
            let current = Current::of(&records);
            let is_new = |record: &Record| seen.get(&record.chain).is_none_or(|version| record.version > *version);
            let runs =
                records.iter().filter(|run| run.kind == Kind::Run).map(|run| (run, latest_before(&records, run)));
            let snapshots = index.iter().zip(std::iter::once(None).chain(index.iter().map(Some)));
            let owed: Vec<_> = runs.chain(snapshots).filter(|(record, _)| is_new(record)).collect();
            for (record, before) in owed {
                let after = log::head(&self.store).await?.map_or(0, |head| head.version);
                let (chain, effect, entries, notes) = match record.kind {
                    Kind::Run => {
                        let (entries, notes) = self.entries_of_run(record, before, &current, identity).await?;
                        (Chain::Runs, "run", entries, notes)
                    }
                    _ => {
                        let entries = self.entries_of_snapshot(record, before, identity)?;
                        (Chain::Snapshots, "snapshot", entries, BTreeMap::new())
                    }
                };
                // What was read wrong once must not go on record for ever.
                self.store.look_again(&chain, record).await?;
                // An entry may hold keys made for it: they are on record first.
                identity.commit(&record.run_id, &record.config_sha256).await?;
                seen.insert(record.chain.clone(), record.version);
                let (commit_id, reads) = (format!("{effect} {}", record.version), seen.clone());
                let (run_id, config) = (&record.run_id, &record.config_sha256);
                let commit =
                    log::append_after(&self.store, after, entries, reads, notes, &commit_id, run_id, config).await?;
                if let Some(Commit::Conflict(_)) = commit {
                    is_behind = true;
                    break;
                }
            }
            if !is_behind {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Conflict, "other runs append to the decision log all the time: run again"))
    }

    /// Appends one entry about something that is done, once.
    ///
    /// # Errors
    /// As [`Job::settle_log`].
    pub(super) async fn append_entry(&self, entry: NewEntry, commit_id: &str, by: &crate::store::RunId) -> Result<()> {
        for _ in 0..TRIES {
            let (reads, entries) = (self.seen_by_log().await?, vec![entry.clone()]);
            let config = &self.config.sha256;
            match log::append(&self.store, entries, reads, BTreeMap::new(), commit_id, by, config).await? {
                Some(Commit::Conflict(_)) => {}
                _ => return Ok(()),
            }
        }
        Err(Error::new(ErrorKind::Conflict, "other runs append to the decision log all the time: run again"))
    }

    /// By chain, the newest run and snapshot that have their entries.
    pub(super) async fn seen_by_log(&self) -> Result<BTreeMap<String, u64>> {
        Ok(log::head(&self.store).await?.map(|head| head.reads).unwrap_or_default())
    }

    /// Who acts, as a key: the log outlives people.
    pub(super) fn actor(&self, identity: &IdentityMap) -> Result<String> {
        identity.key(Name::identifier(&config::actor()))
    }

    async fn entries_of_run(
        &self,
        run: &Record,
        before: Option<&Record>,
        current: &Current,
        identity: &IdentityMap,
    ) -> Result<(Vec<NewEntry>, BTreeMap<String, String>)> {
        let (at, actor) = (made_at(run), self.actor(identity)?);
        let body = RunBody::read(run)?;
        let new = |kind: EntryKind, detail: serde_json::Value| NewEntry::new(at, kind, actor.clone(), detail);
        let mut entries = Vec::new();
        let mut notes = BTreeMap::new();
        let known = log::head(&self.store).await?.map(|head| head.notes).unwrap_or_default();
        for (key, sha256) in &body.policies {
            let note = record::policy_note(key);
            if known.contains_key(&note) {
                continue;
            }
            let (app_id, version) = key.split_once('/').unwrap_or((key, ""));
            entries.push(NewEntry {
                app_id: Some(app_id.to_owned()),
                policy_version: Some(version.to_owned()),
                evidence_sha256: Some(sha256.clone()),
                ..new(EntryKind::PolicyActivated, json!({ "as_of": body.as_of, "run": run.version }))
            });
            notes.insert(note, format!("{sha256} {}", body.as_of));
        }
        // A run of an earlier day than the newest redoes history: it opens and withdraws nothing.
        let is_history = before.is_some_and(|b| record::as_of(b) > record::as_of(run));
        let before_body = before.map(|before| RunBody::current(before, current)).transpose()?.flatten();
        if !is_history {
            entries.extend(self.overrides(run, before, &actor).await?);
            let catalogue = Catalogue::load()?;
            for (table, came, gone) in ANSWERS {
                let (old, now) = self.rows(&catalogue, table, before_body.as_ref(), &body, identity).await?;
                let (old, now) = (Rows::of(old)?, Rows::of(Some(now))?);
                for (hash, row) in now.without(&old) {
                    entries.push(
                        row.entry(new(*came, json!({ "table": table, "run": run.version, "channel": "drop" })), hash),
                    );
                }
                for (hash, row) in old.without(&now) {
                    if let Some(gone) = gone {
                        entries.push(row.entry(new(*gone, json!({ "table": table, "run": run.version })), hash));
                    }
                }
            }
            let (old, now) = self.rows(&catalogue, CANDIDATES, before_body.as_ref(), &body, identity).await?;
            // What people said after the day of the run, the run could not know.
            let book = Book::of(&log::entries(&self.store, 0).await?);
            let found = found(old.as_ref(), &now, run.version, &new);
            entries.extend(found.into_iter().filter(|entry| book.admits(entry)));
            entries.extend(self.trips(run, &body, identity, &book, at, &actor).await?);
            let rails = self.config.project.rails.overrides();
            let hash = hash_of(&rails);
            // Whoever loosens or tightens a limit of everybody goes on record, once.
            if known.get(RAILS).map_or(!rails.is_empty(), |said| *said != hash) {
                let limits: BTreeMap<String, String> = rails.into_iter().collect();
                entries.push(new(EntryKind::ThresholdOverridden, json!({ "check": RAILS, "limits": limits })));
                notes.insert(RAILS.to_owned(), hash);
            }
        }
        let files = |table: &str| body.tables.get(table).map(|f| json!({ "sha256": f.sha256, "rows": f.rows }));
        entries.push(NewEntry {
            evidence_sha256: body.tables.get("policy.evaluations").map(|f| f.sha256.clone()),
            ..new(
                EntryKind::EvaluationCompleted,
                json!({
                    "as_of": body.as_of,
                    "run": run.version,
                    "run_id": run.run_id,
                    "record_sha256": run.sha256,
                    "is_history": is_history,
                    "evaluations": files("policy.evaluations"),
                    "candidates": files(PROPOSED),
                }),
            )
        });
        Ok((entries, notes))
    }

    /// That a snapshot was published; before it, that another key signs than signed the one before.
    fn entries_of_snapshot(
        &self,
        sealed: &Record,
        before: Option<&Record>,
        identity: &IdentityMap,
    ) -> Result<Vec<NewEntry>> {
        let said = |key: &str| sealed.body.get(key).cloned().unwrap_or_default();
        let (at, actor) = (made_at(sealed), self.actor(identity)?);
        let old = before.map(|before| before.body.get("signer").cloned().unwrap_or_default());
        let rotated = old.filter(|old| *old != said("signer")).map(|old| {
            let detail = json!({ "index": sealed.version, "old": old, "new": said("signer") });
            NewEntry::new(at, EntryKind::KeyRotated, actor.clone(), detail)
        });
        let mut entry = NewEntry::new(
            at,
            EntryKind::SnapshotPublished,
            actor.clone(),
            json!({
                "as_of": said("as_of"),
                "index": sealed.version,
                "record_sha256": sealed.sha256,
                "directory": said("directory"),
                "run": said("run"),
                "signer": said("signer"),
            }),
        );
        entry.evidence_sha256 = said("sums_sha256").as_str().map(str::to_owned);
        Ok(rotated.into_iter().chain([entry]).collect())
    }

    /// Checks that somebody set aside, in the landings that this run was the first to read.
    async fn overrides(&self, run: &Record, before: Option<&Record>, actor: &str) -> Result<Vec<NewEntry>> {
        let mut entries = Vec::new();
        for (name, newest) in &run.reads {
            let Some(chain) = Chain::parse(&format!("raw/{name}")) else { continue };
            let read_before = before.and_then(|b| b.reads.get(name)).copied().unwrap_or_default();
            for version in read_before + 1..=*newest {
                let landing = self.store.record(&chain, version).await?;
                for set_aside in ingest::overrides(&landing)? {
                    let detail = json!({
                        "landing": format!("{chain}@{version}"),
                        "check": set_aside.check,
                        "finding": set_aside.finding,
                        "reason": set_aside.reason,
                    });
                    let at = made_at(&landing);
                    let entry = NewEntry::new(at, EntryKind::ThresholdOverridden, actor, detail);
                    entries.push(entry.with_note(set_aside.note_sha256.as_deref()));
                }
            }
        }
        Ok(entries)
    }

    /// A table of the run before and of this one, as they may be sealed. Nothing where the one before is gone.
    async fn rows(
        &self,
        catalogue: &Catalogue,
        table: &str,
        before: Option<&RunBody>,
        now: &RunBody,
        identity: &IdentityMap,
    ) -> Result<(Option<RecordBatch>, RecordBatch)> {
        let model = catalogue.get(table).ok_or_else(|| Error::internal(format!("no model {table}")))?;
        let shown = seal::shown(&model.sidecar)?;
        let read = async |file: &FileEntry| -> Result<RecordBatch> {
            let (schema, batches) = parquet::decode(self.store.read(file).await?)?;
            let rows = arrow::compute::concat_batches(&schema, &batches)
                .map_err(|e| Error::internal(format!("rows of {table}")).because(e))?;
            sorted(&veil(&rows, &shown, identity)?, &model.sidecar.grain)
        };
        let current = now.tables.get(table).ok_or_else(|| Error::internal(format!("a run without {table}")))?;
        let rows = read(current).await?;
        let old = match before.and_then(|b| b.tables.get(table)) {
            Some(file) if file.sha256 == current.sha256 => Some(rows.clone()),
            Some(file) => Some(read(file).await?),
            None => None,
        };
        Ok((old, rows))
    }
}

fn hash_of(rails: &[(String, String)]) -> String {
    let lines: Vec<String> = rails.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    sha256_hex(lines.concat().as_bytes())
}

/// The newest run of the newest day before this one.
fn latest_before<'a>(records: &'a [Record], run: &Record) -> Option<&'a Record> {
    let earlier = records.iter().filter(|r| r.kind == Kind::Run && r.version < run.version);
    earlier.max_by_key(|r| (record::as_of(r), r.version))
}

fn made_at(record: &Record) -> DateTime<Utc> {
    record.run_id.made_at().unwrap_or_default()
}

/// Rows by what they say, wherever they stand.
struct Rows {
    batch: Option<RecordBatch>,
    by_hash: BTreeMap<String, usize>,
}

/// One row of an answer.
struct Answer<'a>(&'a RecordBatch, usize);

impl Rows {
    fn of(batch: Option<RecordBatch>) -> Result<Self> {
        let Some(batch) = batch else { return Ok(Self { batch: None, by_hash: BTreeMap::new() }) };
        let schema = batch.schema();
        let kept = (0..schema.fields().len()).filter(|i| !PLACES.contains(&schema.field(*i).name().as_str()));
        let said = batch.project(&kept.collect::<Vec<_>>()).map_err(|e| Error::internal("rows").because(e))?;
        let is_new = |row: &usize| text(&batch, "file", *row).is_none_or(|file| file != FROM_LOG);
        let by_hash = snapshot::row_hashes(&said)?.into_iter().zip(0..).filter(|(_, row)| is_new(row)).collect();
        Ok(Self { batch: Some(batch), by_hash })
    }

    fn without<'a>(&'a self, other: &Self) -> Vec<(&'a String, Answer<'a>)> {
        let Some(batch) = &self.batch else { return Vec::new() };
        let own = self.by_hash.iter().filter(|(hash, _)| !other.by_hash.contains_key(*hash));
        own.map(|(hash, row)| (hash, Answer(batch, *row))).collect()
    }
}

impl Answer<'_> {
    fn entry(&self, entry: NewEntry, hash: &str) -> NewEntry {
        let text = |column: &str| text(self.0, column, self.1);
        let mut detail = entry.detail.clone();
        if let Some(detail) = detail.as_object_mut() {
            for column in ["sku_id", "action", "target_sku_id", "reason_code", "actor"] {
                detail.extend(text(column).map(|value| (column.to_owned(), value.into())));
            }
            for column in ["effective_from", "effective_to", "expires_on", "confirmed_on", "executed_on"] {
                detail.extend(day(self.0, column, self.1).map(|value| (column.to_owned(), value.into())));
            }
        }
        NewEntry {
            on_behalf_of: text("actor"),
            subject_key: text("account_id").or_else(|| text("person_key")),
            app_id: text("app_id"),
            evidence_sha256: Some(hash.to_owned()),
            detail,
            ..entry
        }
    }
}

/// What a run found of candidates, beyond what the one before had: that one's is on record, though perhaps under a later
/// day than this run speaks for.
fn found(
    old: Option<&RecordBatch>,
    now: &RecordBatch,
    run: u64,
    new: &impl Fn(EntryKind, serde_json::Value) -> NewEntry,
) -> Vec<NewEntry> {
    let owed = |batch: &RecordBatch| -> BTreeMap<(usize, String), usize> {
        let has_entry = |row: usize| batch.column_by_name("state_entry_seq").is_some_and(|seq| seq.is_valid(row));
        let rows = (0..batch.num_rows()).filter(|row| !has_entry(*row));
        let rows = rows.filter_map(|row| {
            let state = text(batch, "state", row)?;
            let kind = FOUND.iter().position(|(found, _)| *found == state)?;
            Some(((kind, text(batch, "candidate_id", row)?), row))
        });
        rows.collect()
    };
    let before = old.map(owed).unwrap_or_default();
    let after = owed(now).into_iter().filter(|(key, _)| !before.contains_key(key));
    let entry = |kind: EntryKind, row: usize| {
        let text = |column: &str| text(now, column, row);
        let mut detail = json!({
            "candidate_id": text("candidate_id"),
            "sku_id": text("sku_id"),
            "action": text("action"),
            "reason": text("state_reason"),
            "due_on": day(now, "due_on", row),
            "run": run,
        });
        if kind == EntryKind::CandidateReopened {
            detail["finding"] = json!(text("state_reason"));
        }
        NewEntry {
            subject_key: text("account_id"),
            app_id: text("app_id"),
            policy_version: text("policy_version_id"),
            evidence_sha256: text("evidence_sha256"),
            ..new(kind, detail)
        }
    };
    after.map(|((kind, _), row)| entry(FOUND[kind].1, row)).collect()
}

fn text(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let texts = batch.column_by_name(column)?.as_string_opt::<i32>()?;
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

fn day(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let column: &ArrayRef = batch.column_by_name(column)?;
    let days = column.as_primitive_opt::<arrow::datatypes::Date32Type>()?;
    days.is_valid(row).then(|| days.value_as_date(row).map(|d| d.to_string()))?
}
