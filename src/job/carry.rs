//! What carried models go on from: their rows as of an earlier run, and the landings that run had not seen. Without a
//! usable earlier run the first are none and the second are all, so that the same statement computes everything anew.

use std::collections::{BTreeMap, BTreeSet};

use super::Job;
use super::record::{self, Carried};
use crate::base::{AsOf, Result};
use crate::engine::{self, Model, OwnTable, Session};
use crate::ingest::LandingFact;
use crate::schema::{Dataset, datasets};
use crate::store::{Current, FileEntry, Kind, Record, parquet, sha256_hex};

/// The schema of the tables with what an earlier run had not seen.
const FRESH: &str = "fresh.";
/// The schema of the settings that decide the rows of a carried model, as its text does.
const SETTINGS: &str = "config.";

/// A run from which a model can go on.
struct Base {
    version: u64,
    as_of: AsOf,
    file: FileEntry,
}

impl Job {
    /// Gives each carried model among these its rows of the newest run before this day that still holds, and what has
    /// landed since; all landings, when none does or `rebuild` says so. Tells what the new rows will rest on.
    ///
    /// # Errors
    /// Store, when the rows of an earlier run cannot be read; Evidence, when they are not those of its record.
    pub(super) async fn carry(
        &self,
        session: &Session,
        models: &[&Model],
        runs: &[Record],
        landings: &[LandingFact],
        rebuild: bool,
    ) -> Result<BTreeMap<String, Carried>> {
        let current = Current::of(runs);
        let mut carried = BTreeMap::new();
        for model in models.iter().filter(|model| model.is_carried()) {
            let read = Read::by(model, landings);
            let model_sha256 = text_hash(session, model).await?;
            let base = match rebuild {
                true => None,
                false => newest_base(runs, &current, session.as_of(), model, &model_sha256, &read)?,
            };
            if let Some(base) = &base {
                // That it has the bytes of its record is known before a model goes on from it.
                self.store.read(&base.file).await?;
            }
            let files = read.files_after(base.as_ref().map(|base| base.as_of));
            let before = Vec::from_iter(base.as_ref().map(|base| base.file.clone()));
            let mut own = vec![OwnTable { name: model.before(), schema: engine::schema_of(model)?, files: &before }];
            own.extend(files.iter().map(|(dataset, files)| OwnTable {
                name: format!("{FRESH}{}", dataset.table()),
                schema: dataset.arrow_schema(),
                files,
            }));
            session.register_own(&model.name, &own, &self.store)?;
            let landings_sha256 = read.hash_up_to(session.as_of());
            let from = base.map(|base| base.version);
            carried.insert(model.name.clone(), Carried { model_sha256, landings_sha256, from });
        }
        Ok(carried)
    }
}

/// What a model reads of what has landed.
struct Read<'a> {
    datasets: Vec<&'static Dataset>,
    landings: Vec<&'a LandingFact>,
}

impl<'a> Read<'a> {
    fn by(model: &Model, landings: &'a [LandingFact]) -> Self {
        let tables: BTreeSet<&str> = model.reads.iter().filter_map(|table| table.strip_prefix(FRESH)).collect();
        let datasets = datasets().iter().filter(|d| tables.contains(d.table().as_str())).collect();
        let is_read = |fact: &&LandingFact| fact.counts() && tables.contains(fact.dataset.table().as_str());
        Self { datasets, landings: landings.iter().filter(is_read).collect() }
    }

    /// The files of each dataset that landed for a day after this one.
    fn files_after(&self, since: Option<AsOf>) -> Vec<(&'static Dataset, Vec<FileEntry>)> {
        let is_new = |fact: &&&LandingFact| since.is_none_or(|day| fact.extract_date > day.day());
        let files = |dataset: &'static Dataset| {
            let new = self.landings.iter().filter(is_new).filter(|fact| fact.dataset.table() == dataset.table());
            (dataset, new.flat_map(|fact| fact.files.iter().cloned()).collect())
        };
        self.datasets.iter().map(|dataset| files(dataset)).collect()
    }

    /// A hash of the landings up to a day and of their bytes: another one when something landed late behind that day,
    /// expired, or lost a person to an erasure.
    fn hash_up_to(&self, day: AsOf) -> String {
        let lines: BTreeSet<String> = self
            .landings
            .iter()
            .filter(|fact| fact.extract_date <= day.day())
            .map(|fact| {
                let files: Vec<_> = fact.files.iter().map(|file| file.sha256.as_str()).collect();
                format!("{}/{}@{} {}\n", fact.source, fact.stream, fact.version, files.join(" "))
            })
            .collect();
        sha256_hex(lines.into_iter().collect::<String>().as_bytes())
    }

    /// Whether every stream that tells of something by now did so by that day: how far all streams reach is then a day
    /// that only moves forward.
    fn knows_every_stream_by(&self, day: AsOf) -> bool {
        let streams = |is_counted: &dyn Fn(&LandingFact) -> bool| {
            let counted = self.landings.iter().filter(|fact| fact.is_complete() && is_counted(fact));
            counted.map(|fact| (fact.source.as_str(), fact.stream.as_str())).collect::<BTreeSet<_>>()
        };
        streams(&|_| true) == streams(&|fact| fact.extract_date <= day.day())
    }
}

/// The newest run before a day with rows of a model that are what the landings behind them say today.
fn newest_base(
    runs: &[Record],
    current: &Current,
    as_of: AsOf,
    model: &Model,
    model_sha256: &str,
    read: &Read<'_>,
) -> Result<Option<Base>> {
    let days = runs.iter().filter(|run| run.kind == Kind::Run).filter_map(|run| Some((record::as_of(run)?, run)));
    let mut earlier: Vec<_> = days.filter(|(day, _)| *day < as_of).collect();
    earlier.sort_by_key(|(day, run)| std::cmp::Reverse((*day, run.version)));
    for (day, run) in earlier {
        let Some((carried, file)) = record::carried(run, &model.name)? else { continue };
        let holds = carried.model_sha256 == model_sha256
            && current.file(&file).is_some_and(|now| now.path == file.path)
            && read.knows_every_stream_by(day)
            && carried.landings_sha256 == read.hash_up_to(day);
        if holds {
            return Ok(Some(Base { version: run.version, as_of: day, file }));
        }
    }
    Ok(None)
}

/// A hash of all that decides a model's rows beside what has landed: its text, and the settings it reads.
async fn text_hash(session: &Session, model: &Model) -> Result<String> {
    let mut text = format!("{}\n{}\n", model.sql, model.sidecar_text);
    for table in model.reads.iter().filter(|table| table.starts_with(SETTINGS)) {
        let rows = session.table(table).await?;
        let bytes = parquet::encode(&rows.schema(), std::slice::from_ref(&rows))?;
        text.push_str(&format!("{table} {}\n", sha256_hex(&bytes)));
    }
    Ok(sha256_hex(text.as_bytes()))
}
