//! Erases a person: out of what landed, out of the tables of every run, out of the pages people opened, out of what
//! people said, and out of the identity map. Snapshots and the log stay as they are: the keys in them stand for nobody
//! any more, and nobody has the words that commitments in them are to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Job;
use super::explain::{literal, rows};
use super::outputs::OUTPUTS;
use super::record::{self, RunBody};
use crate::base::error::Context;
use crate::base::text::fold;
use crate::base::{Error, ErrorKind, Result};
use crate::config::LegalHold;
use crate::engine::{Catalogue, Model, Session};
use crate::identity::{IdentityMap, Name};
use crate::ingest;
use crate::log::{EntryKind, NewEntry};
use crate::policy::explain::Row;
use crate::schema::{Person, Pii, without_texts};
use crate::store::{Chain, Current, FileEntry, Key, Kind, RunId, canonical, parquet};

/// Columns by which a row of a run's table is about somebody.
const SUBJECTS: &[&str] = &["person_key", "worker_id", "account_id", "okta_account_id", "account_ref", "email_folded"];

/// What erasing a person changes.
#[derive(Debug, Default, Serialize)]
pub struct Erasure {
    /// Whether it was done, or only looked at.
    pub applied: bool,
    /// Ids, logins, addresses and names by which data knows the person.
    pub names: usize,
    /// Files of landed rows, and of what was made of them, that are written anew without the person.
    pub landed_files: usize,
    /// Tables of runs that are written anew.
    pub run_tables: usize,
    /// Files of `outputs/` that are written anew or removed.
    pub outputs: usize,
    /// Keys taken out of the identity map.
    pub keys: usize,
    /// Notes about the person that are taken away.
    pub notes: usize,
}

/// What is still to be done when an erasure is cut off; kept in the private store until it is through.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    run_id: RunId,
    subject_key: String,
    basis: String,
    approver: String,
    person: Person,
    /// Every key the person had: the map has forgotten them when notes are looked through again.
    #[serde(default)]
    keys: BTreeSet<String>,
    /// The commitment to what was said with it.
    #[serde(default)]
    pub(super) note_sha256: Option<String>,
}

impl Job {
    /// Erases a person, named by worker id, person key or address; without `apply` says what that would change. An
    /// erasure that was cut off is brought to its end first. A note says why, and must outlive the person.
    ///
    /// # Errors
    /// Usage when nobody or more than one is known by that name, or the note tells of them; Config when a legal hold covers the person: the
    /// refusal goes on record; Conflict when another run commits meanwhile: repeat it.
    pub async fn erase(
        &self,
        name: &str,
        basis: &str,
        approver: &str,
        note: Option<&str>,
        apply: bool,
    ) -> Result<Erasure> {
        let identity = self.identity().await?;
        // Entries are made of tables as they were: no run may still owe them when tables change.
        self.settle_log(&identity).await?;
        if let Some(pending) = self.pending_erasure().await? {
            self.carry_out(&identity, &pending).await?;
        }
        let (session, _) = self.reader(None).await?;
        let person = person(&session, name).await?;
        if note.is_some_and(|note| person.is_told_of(note)) {
            return Err(Error::usage("the note tells of the person: it would be erased with them; say it without"));
        }
        let note_sha256 = match note.filter(|_| apply) {
            Some(note) => Some(self.keep_note(note, None).await?),
            None => None,
        };
        let pending = Pending {
            run_id: RunId::new(self.clock),
            subject_key: identity.key(Name::id(&person.person_key))?,
            basis: basis.to_owned(),
            approver: identity.key(Name::identifier(approver))?,
            keys: identity.keys_of(&names_of(&person)),
            note_sha256,
            person,
        };
        self.refuse_when_held(&identity, &pending, apply).await?;
        if apply {
            identity.commit(&pending.run_id, &self.config.sha256).await?;
            self.private.put_file(&Key::Erasure, &canonical(&pending)?.into()).await?;
            return self.carry_out(&identity, &pending).await;
        }
        let Pending { person, run_id, keys, .. } = &pending;
        Ok(Erasure {
            applied: false,
            names: person.name_count(),
            landed_files: ingest::erase(&self.config, &self.store, person, run_id, false).await?
                + self.erase_from_states(person, run_id, false).await?,
            run_tables: self.erase_from_runs(person, run_id, false).await?,
            outputs: self.outputs_naming(person)?.len() + self.erase_from_reviews(person, false)?,
            keys: names_of(person).iter().filter(|name| identity.known(name).is_some()).count(),
            notes: self.erase_notes(person, keys, run_id, false).await?,
        })
    }

    /// The erasure that was cut off, if one was.
    pub(super) async fn pending_erasure(&self) -> Result<Option<Pending>> {
        let bytes = self.private.find(&Key::Erasure).await?;
        let pending = bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose();
        pending.context(ErrorKind::Store, "the erasure that was cut off")
    }

    /// Each step may be repeated: what is gone is not found again.
    async fn carry_out(&self, identity: &IdentityMap, pending: &Pending) -> Result<Erasure> {
        let Pending { person, run_id, keys, .. } = pending;
        let landed_files = ingest::erase(&self.config, &self.store, person, run_id, true).await?
            + self.erase_from_states(person, run_id, true).await?;
        let run_tables = self.erase_from_runs(person, run_id, true).await?;
        let outputs = self.outputs_naming(person)?;
        for folder in outputs.iter().map(|(folder, _)| folder).collect::<BTreeSet<_>>() {
            self.republish(folder).await?;
        }
        let handed_out = self.erase_from_reviews(person, true)?;
        let notes = self.erase_notes(person, keys, run_id, true).await?;
        let keys = identity.erase(&names_of(person), run_id, &self.config.sha256).await?;
        let detail = json!({
            "outcome": "erased",
            "basis": pending.basis,
            "approver": pending.approver,
            "landed_files": landed_files,
            "run_tables": run_tables,
            "keys": keys,
            "notes": notes,
        });
        self.put_on_record(identity, pending, detail).await?;
        self.private.delete(Key::Erasure.path()?.as_ref()).await?;
        Ok(Erasure {
            applied: true,
            names: person.name_count(),
            landed_files,
            run_tables,
            outputs: outputs.len() + handed_out,
            keys,
            notes,
        })
    }

    async fn put_on_record(&self, identity: &IdentityMap, pending: &Pending, detail: serde_json::Value) -> Result<()> {
        let actor = self.actor(identity)?;
        identity.commit(&pending.run_id, &self.config.sha256).await?;
        let entry = NewEntry {
            subject_key: Some(pending.subject_key.clone()),
            ..NewEntry::new(self.clock.now(), EntryKind::ErasureExecuted, actor, detail)
        };
        let entry = entry.with_note(pending.note_sha256.as_deref());
        self.append_entry(entry, &format!("erase {}", pending.run_id), &pending.run_id).await
    }

    /// A legal duty to keep goes before a wish to erase.
    async fn refuse_when_held(&self, identity: &IdentityMap, pending: &Pending, apply: bool) -> Result<()> {
        let today = self.clock.now().date_naive();
        let holds = self.config.drops.legal_holds.iter().filter(|hold| {
            let is_open = hold.effective_from <= today && hold.effective_to.is_none_or(|end| today < end);
            is_open && pending.person.is_named(&hold.worker_id, Pii::Pseudonym, None)
        });
        let of_person = holds.map(|hold| (hold.reason_code.clone(), format!("{}:{}", hold.file, hold.line)));
        let of_store = self.config.project.retention.holds.iter();
        let of_store = of_store.map(|hold| (hold.reason.clone(), "[[retention.hold]] of the project".to_owned()));
        let Some((reason, place)) = of_person.chain(of_store).next() else { return Ok(()) };
        if apply {
            let detail = json!({ "outcome": "refused", "basis": pending.basis, "legal_hold": reason });
            self.put_on_record(identity, pending, detail).await?;
        }
        Err(Error::config(format!("a legal hold ({reason}) forbids it: release the hold first")).at(place))
    }

    /// The persons under legal hold today, as the newest run knows them, and why. What knows them is kept.
    pub(super) async fn held_persons(&self) -> Result<Vec<(Person, String)>> {
        let today = self.clock.now().date_naive();
        let is_open = |hold: &&LegalHold| hold.effective_from <= today && hold.effective_to.is_none_or(|to| today < to);
        let holds: Vec<&LegalHold> = self.config.drops.legal_holds.iter().filter(is_open).collect();
        if holds.is_empty() {
            return Ok(Vec::new());
        }
        let is_unknown = |error: &Error| error.kind() == ErrorKind::Usage;
        let session = match self.reader(None).await {
            Err(error) if is_unknown(&error) => None,
            read => Some(read?.0),
        };
        let mut held = Vec::new();
        for hold in holds {
            let known = match &session {
                None => Ok(self.nameless(&hold.worker_id)),
                Some(session) => person(session, &hold.worker_id).await,
            };
            let known = known.or_else(|error| match is_unknown(&error) {
                true => Ok(self.nameless(&hold.worker_id)),
                false => Err(error),
            })?;
            held.push((known, format!("legal hold ({}), {}:{}", hold.reason_code, hold.file, hold.line)));
        }
        Ok(held)
    }

    /// Somebody of whom the newest run knows nothing: the id alone, at every source.
    fn nameless(&self, worker_id: &str) -> Person {
        let ids = self.config.project.sources.iter();
        let ids = ids.map(|source| (source.name.clone(), BTreeSet::from([worker_id.to_owned()])));
        Person { person_key: worker_id.to_owned(), ids: ids.collect(), ..Person::default() }
    }

    /// Whether a table of a run knows a person.
    pub(super) async fn table_knows(&self, catalogue: &Catalogue, person: &Person, file: &FileEntry) -> Result<bool> {
        let name = file.path.split('/').skip(1).take(2).collect::<Vec<_>>().join(".");
        for batch in parquet::decode(self.store.read(file).await?)?.1 {
            if without_person(person, catalogue.get(&name), &batch)? != batch {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the tables of every run anew that know the person.
    async fn erase_from_runs(&self, person: &Person, run_id: &RunId, apply: bool) -> Result<usize> {
        let catalogue = Catalogue::load()?;
        let records = self.store.records(&Chain::Runs).await?;
        let current = Current::of(&records);
        let (mut seen, mut moves) = (BTreeSet::new(), Vec::new());
        for run in records.iter().filter(|record| record.kind == Kind::Run) {
            let Some(as_of) = record::as_of(run) else { continue };
            for (name, file) in RunBody::read(run)?.tables {
                let Some(file) = current.file(&file).filter(|file| seen.insert(file.path.clone())) else { continue };
                let (schema, batches) = parquet::decode(self.store.read(&file).await?)?;
                let without = |batch| without_person(person, catalogue.get(&name), batch);
                let kept = batches.iter().map(without).collect::<Result<Vec<_>>>()?;
                if kept == batches {
                    continue;
                }
                let (folder, table) = name.split_once('.').unwrap_or(("", &name));
                let key = |sha16: &str| Key::Table {
                    schema: folder.to_owned(),
                    table: table.to_owned(),
                    as_of,
                    run_id: run_id.clone(),
                    n: 0,
                    sha16: sha16.to_owned(),
                };
                let new = if apply { Some(self.store.put_parquet(key, &schema, &kept).await?) } else { None };
                moves.push((file, new));
            }
        }
        if apply {
            self.store.replace(&Chain::Runs, &moves, run_id, &self.config.sha256).await?;
        }
        Ok(moves.len())
    }

    /// The files people opened that name the person, each with the folder of its day.
    fn outputs_naming(&self, person: &Person) -> Result<Vec<(PathBuf, PathBuf)>> {
        let mut found = Vec::new();
        let folders = std::fs::read_dir(self.config.root.join(OUTPUTS)).into_iter().flatten().flatten();
        for folder in folders.map(|entry| entry.path()).filter(|path| path.is_dir()) {
            for file in super::outputs::opened(&folder) {
                let bytes = std::fs::read(&file).context(ErrorKind::Store, format!("{}", file.display()))?;
                let names_it = match file.extension().is_some_and(|extension| extension == "parquet") {
                    true => parquet::decode(bytes.into())?.1.iter().any(|batch| mentions(person, batch)),
                    false => person.is_mentioned(&unescaped(&String::from_utf8_lossy(&bytes))),
                };
                if names_it {
                    found.push((folder.clone(), file));
                }
            }
        }
        Ok(found)
    }

    /// Questions, notices and actions about the person, of every day.
    fn erase_from_reviews(&self, person: &Person, apply: bool) -> Result<usize> {
        let folders = std::fs::read_dir(self.config.root.join(OUTPUTS)).into_iter().flatten().flatten();
        let folders = folders.map(|entry| entry.path()).filter(|path| path.is_dir());
        folders.map(|day| super::outward_files::erase(&day, |text| person.is_mentioned(text), apply)).sum()
    }

    /// Writes the files of a day anew from the tables of its run; removes them when those have expired.
    async fn republish(&self, folder: &Path) -> Result<()> {
        let as_of = folder.file_name().and_then(|name| crate::base::AsOf::parse(&name.to_string_lossy()).ok());
        if let Some(as_of) = as_of
            && let Ok((session, record)) = self.reader(Some(as_of)).await
        {
            return self.write_pages(&session, &Catalogue::load()?, &record, folder).await;
        }
        for file in super::outputs::opened(folder) {
            std::fs::remove_file(&file).context(ErrorKind::Store, format!("cannot remove {}", file.display()))?;
        }
        Ok(())
    }
}

/// Every name that may have a key.
pub(super) fn names_of(person: &Person) -> BTreeSet<Name> {
    let ids = person.all_ids().map(Name::id);
    // An address may serve as an id, and an id as a login.
    let addresses = person.identifiers.iter().flat_map(|text| [Name::id(text), Name::identifier(text)]);
    ids.chain(person.all_ids().map(Name::identifier)).chain(addresses).collect()
}

/// What a page says, as it was before it was made safe for one.
fn unescaped(page: &str) -> String {
    let pairs = [("&#x27;", "'"), ("&#x2f;", "/"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    pairs.iter().fold(page.to_owned(), |text, (safe, plain)| text.replace(safe, plain))
}

fn mentions(person: &Person, batch: &RecordBatch) -> bool {
    let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    texts.flat_map(|column| column.iter().flatten()).any(|text| person.is_mentioned(text))
}

/// The rows of a run's table without those about the person, and without the person's name in those of others.
fn without_person(person: &Person, model: Option<&Model>, batch: &RecordBatch) -> Result<RecordBatch> {
    let text = |column: &str| batch.column_by_name(column).and_then(|c| c.as_string_opt::<i32>());
    let system = text("app_id").or_else(|| text("system"));
    let is_account = |row: usize, id: &str| match system {
        Some(system) if system.is_valid(row) => {
            person.accounts.get(system.value(row)).is_some_and(|ids| ids.contains(id))
        }
        _ => person.is_named(id, Pii::Identifier, None),
    };
    let is_about = |row: usize| {
        SUBJECTS.iter().any(|subject| {
            let Some(id) = text(subject).filter(|c| c.is_valid(row)).map(|c| c.value(row)) else { return false };
            match *subject {
                "account_id" => is_account(row, id),
                _ => person.is_named(id, Pii::Identifier, None),
            }
        })
    };
    let mask: BooleanArray = (0..batch.num_rows()).map(|row| Some(!is_about(row))).collect();
    let rows = filter_record_batch(batch, &mask).context(ErrorKind::Internal, "cannot drop rows")?;
    let columns = model.map(|model| &model.sidecar.column[..]).unwrap_or_default();
    let classes: BTreeMap<&str, Pii> = columns
        .iter()
        .map(|column| match column.pii.as_str() {
            "pseudonym" => (column.name.as_str(), Pii::Pseudonym),
            "identifier" => (column.name.as_str(), Pii::Identifier),
            "personal" => (column.name.as_str(), Pii::Personal),
            _ => (column.name.as_str(), Pii::None),
        })
        .collect();
    // A model of another release said nothing we can read: look everywhere.
    let class = |column: &str| classes.get(column).copied().unwrap_or(Pii::Identifier);
    without_texts(&rows, |column, text| person.is_named(text, class(column), None))
}

/// Finds the one person whom a name means, and everything they are called.
async fn person(session: &Session, name: &str) -> Result<Person> {
    let wanted = literal(&fold(name));
    let known = "select person_key, person_key as name from core.persons \
                 union all select person_key, worker_id from core.workers \
                 union all select person_key, work_email from core.persons \
                 union all select person_key, email_folded from core.person_emails";
    let sql = format!("select distinct person_key from ({known}) as k where fold_text(name) = {wanted}");
    let found = rows(session, &sql).await?;
    let person_key = match &found[..] {
        [one] => text(one, "person_key").unwrap_or_default(),
        [] => {
            let day = session.as_of();
            return Err(Error::usage(format!(
                "nobody is known by that name as of {day}: give a worker id or an address"
            )));
        }
        _ => return Err(Error::usage("more than one person has had that address: give a worker id")),
    };
    let p = literal(&person_key);
    let mut person = Person { person_key, ..Person::default() };
    let accounts = format!(
        "select a.source, a.system, a.account_id, a.external_id, a.employee_number, a.email, a.user_name, a.display_name \
         from core.accounts as a inner join core.identity_crosswalk as x \
         on x.system = a.system and x.account_id = a.account_id where x.person_key = {p}"
    );
    for row in rows(session, &accounts).await? {
        for id in ["account_id", "external_id", "employee_number"] {
            add(&mut person.ids, text(&row, "source"), text(&row, id));
        }
        add(&mut person.accounts, text(&row, "system"), text(&row, "account_id"));
        person.identifiers.extend(["email", "user_name"].iter().filter_map(|c| text(&row, c)).map(|t| fold(&t)));
        person.names.extend(text(&row, "display_name").map(|t| fold(&t)));
    }
    let refs = format!(
        "select t.source, t.account_ref from core.activity_accounts as t inner join core.identity_crosswalk as x \
         on x.system = t.app_id and x.account_id = t.account_id where x.person_key = {p}"
    );
    for row in rows(session, &refs).await? {
        let account_ref = text(&row, "account_ref");
        // An activity feed names an account by its id or by an address.
        if account_ref.as_ref().is_some_and(|name| name.contains('@')) {
            person.identifiers.extend(account_ref.map(|t| fold(&t)));
        } else {
            add(&mut person.ids, text(&row, "source"), account_ref);
        }
    }
    for (table, id) in [
        ("core.employment_spells", "worker_id"),
        ("core.leaves", "leave_id"),
        ("core.project_assignments", "assignment_id"),
    ] {
        let sql = format!("select distinct source, {id} as id from {table} where person_key = {p}");
        for row in rows(session, &sql).await? {
            add(&mut person.ids, text(&row, "source"), text(&row, "id"));
        }
    }
    let addresses = format!(
        "select email_folded as email, null as name from core.person_emails where person_key = {p} \
         union all select work_email, display_name from core.persons where person_key = {p} \
         union all select email, display_name from core.employment_spells where person_key = {p}"
    );
    for row in rows(session, &addresses).await? {
        person.identifiers.extend(text(&row, "email").map(|t| fold(&t)));
        person.names.extend(text(&row, "name").map(|t| fold(&t)));
    }
    Ok(person)
}

fn text(row: &Row, column: &str) -> Option<String> {
    row.get(column).and_then(|value| value.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn add(ids: &mut BTreeMap<String, BTreeSet<String>>, of: Option<String>, id: Option<String>) {
    if let (Some(of), Some(id)) = (of, id) {
        ids.entry(of).or_default().insert(id);
    }
}

impl fmt::Display for Erasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, landed_files, run_tables, outputs, keys, notes, .. } = self;
        let done = if self.applied { "erased" } else { "would erase" };
        writeln!(
            f,
            "{done}: {names} names; {landed_files} landed files, {run_tables} tables of runs and {outputs} files of \
             outputs/ written anew; {keys} keys that stand for nobody any more; {notes} notes taken away"
        )?;
        match self.applied {
            true => writeln!(f, "run the newest day again: its tables were computed with the person"),
            false => writeln!(f, "nothing was changed: add --apply"),
        }
    }
}
