//! What is kept no longer than its class allows: `expire` records first, then the deletion of what nobody names.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::Job;
use super::record;
use crate::base::{Error, ErrorKind, Result};
use crate::engine::Catalogue;
use crate::ingest;
use crate::log::{EntryKind, NewEntry};
use crate::schema::Person;
use crate::store::{Chain, Current, Expiry, FindingKind, Gc, GcAction, GcItem, Kind, Record, RunId, unheld};

/// Paths that fit one record with room to spare.
const FILES_OF_A_RECORD: usize = 2000;

impl Job {
    /// Lists what retention and `gc` would take away; with `apply`, takes it away. What a hold of the project covers
    /// stays, and the listing says why.
    ///
    /// # Errors
    /// Evidence when a chain is broken; Conflict when another run commits meanwhile: run again; Store.
    pub async fn gc(&self, apply: bool) -> Result<Gc> {
        let now = self.clock.now();
        let holds = &self.config.project.retention.holds;
        self.refuse_when_broken().await?;
        if apply {
            // Entries are made of tables: no run may still owe them when its tables go.
            self.settle_log(&self.identity().await?).await?;
        }
        let mut may_go = ingest::expirable(&self.config, &self.store, now).await?;
        may_go.extend(self.expirable_runs(now.date_naive()).await?);
        may_go.extend(self.expirable_states().await?);
        may_go.extend(self.unsaid_notes(now).await?);
        let (persons, catalogue) = (self.held_persons().await?, Catalogue::load()?);
        let mut items = Vec::new();
        let mut goes: Vec<Expiry> = Vec::new();
        for expiry in may_go {
            if let Err(held) = unheld(&expiry, holds) {
                items.extend(held);
            } else if let Some(why) = self.holder(&catalogue, &expiry, &persons).await? {
                items.extend(expiry.items().map(|i| GcItem { action: GcAction::Hold, why: why.clone(), ..i }));
            } else {
                items.extend(expiry.items());
                goes.push(expiry);
            }
        }
        if apply {
            self.expire(goes).await?;
        }
        let mut gc = self.store.gc(now, apply, holds).await?;
        let private = self.private.gc(now, apply, holds).await?;
        gc.items.extend(private.items.into_iter().map(|item| GcItem { is_private: true, ..item }));
        gc.items.append(&mut items);
        let gc = gc.sorted();
        if apply {
            self.put_gc_on_record(&gc).await?;
        }
        Ok(gc)
    }

    /// Why files are kept that know a person under legal hold.
    async fn holder(
        &self,
        catalogue: &Catalogue,
        expiry: &Expiry,
        persons: &[(Person, String)],
    ) -> Result<Option<String>> {
        for (file, _) in &expiry.files {
            for (person, why) in persons {
                let knows = match &expiry.chain {
                    Chain::Runs => self.table_knows(catalogue, person, file).await?,
                    chain @ Chain::Usage { .. } => self.state_knows(person, chain, file).await?,
                    Chain::Notes => self.notes_tell_of(person, file).await?,
                    chain => ingest::knows(&self.config, &self.store, person, chain, file).await?,
                };
                if knows {
                    return Ok(Some(why.clone()));
                }
            }
        }
        Ok(None)
    }

    /// One entry of the decision log, when anything went.
    async fn put_gc_on_record(&self, gc: &Gc) -> Result<()> {
        let of = |action: GcAction| gc.items.iter().filter(move |item| item.action == action);
        let (expired, deleted) = (of(GcAction::Expire).count(), of(GcAction::Delete).count());
        if expired + deleted == 0 {
            return Ok(());
        }
        let identity = self.identity().await?;
        let detail = serde_json::json!({
            "expired": expired,
            "deleted": deleted,
            "deleted_bytes": of(GcAction::Delete).map(|item| item.bytes).sum::<u64>(),
            "held": of(GcAction::Hold).count(),
        });
        let entry = NewEntry::new(self.clock.now(), EntryKind::GcExecuted, self.actor(&identity)?, detail);
        let run_id = RunId::new(self.clock);
        identity.commit(&run_id, &self.config.sha256).await?;
        self.append_entry(entry, &format!("gc {run_id}"), &run_id).await
    }

    /// Few records, each within the size of one; those of one chain follow each other.
    async fn expire(&self, expiries: Vec<Expiry>) -> Result<()> {
        let run_id = RunId::new(self.clock);
        let mut newest: Option<Record> = None;
        for mut expiry in in_few_records(expiries) {
            if let Some(record) = newest.filter(|record| record.chain == expiry.prev.chain) {
                expiry.prev = record;
            }
            let store = if expiry.chain.is_private() { &self.private } else { &self.store };
            newest = Some(store.expire(&expiry, &run_id, &self.config.sha256).await?);
        }
        Ok(())
    }

    async fn refuse_when_broken(&self) -> Result<()> {
        for store in [&self.store, &self.private] {
            if let Some(broken) = store.fsck(false).await?.of_kind(FindingKind::Break).next() {
                let message = format!("{}: nothing goes while a chain is broken; `seatledger fsck`", broken.detail);
                return Err(Error::new(ErrorKind::Evidence, message).at(broken.path.clone()));
            }
        }
        Ok(())
    }

    /// The tables of runs that are too old, but for those that a younger run or the newest one names too.
    async fn expirable_runs(&self, today: NaiveDate) -> Result<Vec<Expiry>> {
        let records = self.store.records(&Chain::Runs).await?;
        let Some(prev) = records.last() else { return Ok(Vec::new()) };
        let days = self.config.project.retention.tables_days;
        let kept_from = today - Days::new(u64::from(days));
        let made = |run: &Record| run.run_id.made_at().map_or(NaiveDate::MAX, |at| at.date_naive());
        let runs: Vec<&Record> = records.iter().filter(|r| r.kind == Kind::Run).collect();
        let newest = runs.last().map(|run| run.version);
        let (kept, old): (Vec<&Record>, Vec<&Record>) =
            runs.into_iter().partition(|run| made(run) >= kept_from || Some(run.version) == newest);
        let current = Current::of(&records);
        let files = |run: &Record| run.files.iter().filter_map(|f| current.file(f)).collect::<Vec<_>>();
        let mut taken: BTreeSet<String> = kept.iter().flat_map(|run| files(run)).map(|f| f.path).collect();
        let mut found = Vec::new();
        for run in old {
            let day = record::as_of(run).map_or_else(|| made(run), |as_of| as_of.day());
            let goes = files(run).into_iter().filter(|file| taken.insert(file.path.clone()));
            let files: Vec<_> = goes.map(|file| (file, day)).collect();
            if !files.is_empty() {
                let why = format!("run {} of {day} is older than {days} days", run.run_id);
                let body = serde_json::json!({ "runs": [run.version] });
                found.push(Expiry { chain: Chain::Runs, prev: prev.clone(), files, why, body });
            }
        }
        Ok(found)
    }
}

/// Joins what is of one chain, as long as it fits a record. Expiries of one chain come one after the other.
fn in_few_records(expiries: Vec<Expiry>) -> Vec<Expiry> {
    let mut joined: Vec<Expiry> = Vec::new();
    for expiry in expiries {
        match joined.last_mut().filter(|e| e.chain == expiry.chain && e.files.len() < FILES_OF_A_RECORD) {
            Some(last) => {
                last.files.extend(expiry.files);
                merge(&mut last.body, expiry.body);
            }
            None => joined.push(expiry),
        }
    }
    joined
}

/// Joins the lists of two bodies, key by key.
fn merge(into: &mut serde_json::Value, other: serde_json::Value) {
    let (Some(into), serde_json::Value::Object(other)) = (into.as_object_mut(), other) else { return };
    for (key, value) in other {
        match (into.get_mut(&key).and_then(|v| v.as_array_mut()), value) {
            (Some(all), serde_json::Value::Array(more)) => all.extend(more),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}
