//! One run: inputs of the as-of date in, models built, tables written, one record committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};

use super::inputs::Before;
use super::record::{self, Carried, PolicyVersion, RunBody};
use super::{Job, inputs};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Progress, Result};
use crate::engine::{self, Catalogue, Model, Session, Settings};
use crate::identity::{IdentityMap, Name};
use crate::ingest::{self, LandingFact};
use crate::store::{Chain, Current, Draft, FileEntry, Key, Kind, Record, RunId};
use crate::{log, policy};

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The day it speaks for.
    pub as_of: AsOf,
    /// Models to build, in the words of [`Catalogue::select`]; all of them when absent.
    pub select: Option<String>,
    /// Whether carried models are computed from all landings, as if there were no earlier run; changes no result.
    pub rebuild: bool,
    /// The engine's settings.
    pub settings: Settings,
}

/// A committed run, its tables still at hand.
pub struct Run {
    /// The committed record.
    pub record: Record,
    /// The session in which every table of the run can be read.
    pub session: Session,
    /// The models, for their text and contracts.
    pub catalogue: Catalogue,
    /// The reporting currency.
    pub currency: String,
    /// How many rows each table built by this run has.
    pub rows: BTreeMap<String, usize>,
    /// The keys that stand for names, those of this run among them.
    pub(super) identity: Arc<IdentityMap>,
    /// The landings it read.
    pub(super) landings: Vec<LandingFact>,
}

/// A run that is computed and checked, and of which nobody knows yet: nothing of it is stored.
pub struct Computed {
    /// The newest record when the run began: another one after it makes this run void.
    prev: Option<Record>,
    session: Session,
    catalogue: Catalogue,
    /// Keys made on the way stay here until the run is committed.
    identity: Arc<IdentityMap>,
    as_of: AsOf,
    built: Vec<engine::Built>,
    landings: Vec<LandingFact>,
    /// Tables of an earlier run of the day that this one keeps.
    kept: BTreeMap<String, FileEntry>,
    /// What the rows of carried tables rest on.
    carried: BTreeMap<String, Carried>,
    policies: BTreeMap<String, String>,
    reads: BTreeMap<String, u64>,
}

impl Computed {
    /// The session in which its tables can be read.
    pub(super) fn into_session(self) -> Session {
        self.session
    }
}

impl Job {
    /// Builds the models for an as-of date and commits the run. A failed check commits nothing.
    ///
    /// # Errors
    /// As [`Job::compute`] and [`Job::commit`].
    pub async fn build(&self, options: &RunOptions, progress: &dyn Progress) -> Result<Run> {
        let computed = self.compute(options, progress).await?;
        let (record, identity) = self.commit(&computed).await?;
        self.settle_log(&identity).await?;
        let rows = computed.built.iter().map(|table| (table.name.clone(), table.rows)).collect();
        let Computed { session, catalogue, landings, .. } = computed;
        let currency = self.config.project.reporting_currency.clone();
        Ok(Run { record, session, catalogue, currency, rows, identity: Arc::new(identity), landings })
    }

    /// Builds and checks the models for an as-of date, and stores nothing but what an aborted job owes to the log.
    ///
    /// # Errors
    /// A config error for models or an edited policy, a data error for a failed check.
    pub async fn compute(&self, options: &RunOptions, progress: &dyn Progress) -> Result<Computed> {
        self.computed(options, Before::Today, progress).await
    }

    pub(super) async fn computed(
        &self,
        options: &RunOptions,
        before: Before,
        progress: &dyn Progress,
    ) -> Result<Computed> {
        let catalogue = Catalogue::load()?;
        let identity = Arc::new(self.identity().await?);
        self.settle_log(&identity).await?;
        let keys = Arc::clone(&identity);
        let session = Session::new(&self.store, options.as_of, &options.settings)?
            .with_pseudonyms(Arc::new(move |id| keys.key(Name::id(id))));
        let records = self.store.records(&Chain::Runs).await?;
        let landings = register_inputs(self, &session).await?;
        let sign_ins = self.advance(&landings, options).await?;
        sign_ins.register(self, &session)?;
        inputs::register_earlier(self, &session, &catalogue, &records, before).await?;
        let head = log::head(&self.store).await?;
        inputs::register_log(self, &session, head.as_ref().map_or(0, |head| head.version)).await?;
        let versions = policy_versions(&session).await?;
        record::check_policies_unchanged(&head.as_ref().map(|head| head.notes.clone()).unwrap_or_default(), &versions)?;

        let (mut tables, mut carried) = (BTreeMap::new(), BTreeMap::new());
        let models: Vec<&Model> = match &options.select {
            None => catalogue.models().iter().collect(),
            Some(selection) => {
                let chosen = catalogue.select(selection)?;
                RunBody { tables, carried, .. } = of_the_day(&records, options.as_of)?;
                for table in tables.iter().filter(|(name, _)| !chosen.iter().any(|m| &m.name == *name)) {
                    let table = record::RunTable { name: table.0.clone(), file: table.1.clone() };
                    table.register(&session, &self.store).await?;
                }
                // Views are not kept: whatever the selection, they are there to be read.
                catalogue.models().iter().filter(|m| !m.is_table() || chosen.iter().any(|c| c.name == m.name)).collect()
            }
        };
        carried.extend(self.carry(&session, &models, &records, &landings, options.rebuild).await?);
        let built = engine::build(&session, &models, progress).await?;
        let mut reads = chains_read(&session).await?;
        reads.extend(sign_ins.reads);
        reads.extend(head.map(|head| (inputs::LOG.to_owned(), head.version)));
        Ok(Computed {
            as_of: options.as_of,
            reads,
            policies: versions.into_iter().filter(|v| v.is_in_force).map(|v| (v.key, v.sha256)).collect(),
            prev: records.last().cloned(),
            landings,
            kept: tables,
            carried,
            session,
            catalogue,
            identity,
            built,
        })
    }

    /// Writes the tables of a computed run, and commits it. What it owes to the log is appended by
    /// [`Job::settle_log`], now or by the next run, with the keys that come back.
    ///
    /// # Errors
    /// A store error, a conflict when another run committed since the computation began.
    pub async fn commit(&self, computed: &Computed) -> Result<(Record, IdentityMap)> {
        let run_id = RunId::new(self.clock);
        // Tables hold keys: which name each stands for is on record first.
        let identity = computed.identity.on(self.private.clone());
        identity.commit(&run_id, &self.config.sha256).await?;
        let mut tables = computed.kept.clone();
        for table in &computed.built {
            let (schema, name) = table.name.split_once('.').unwrap_or(("", &table.name));
            let key = |sha16: &str| Key::Table {
                schema: schema.to_owned(),
                table: name.to_owned(),
                as_of: computed.as_of,
                run_id: run_id.clone(),
                n: 0,
                sha16: sha16.to_owned(),
            };
            let file = self.store.put_encoded(key, table.encode()?, table.rows as u64).await?;
            tables.insert(table.name.clone(), file);
        }
        let missing = record::missing_tables(&computed.catalogue, &tables);
        if let Some(name) = missing.first() {
            return Err(Error::usage(format!("no run of {} holds `{name}`: run it whole first", computed.as_of)));
        }
        let (policies, carried) = (computed.policies.clone(), computed.carried.clone());
        let body = RunBody { as_of: computed.as_of.to_string(), tables: tables.clone(), policies, carried };
        let draft = Draft {
            commit_id: run_id.to_string(),
            run_id,
            kind: Kind::Run,
            config_sha256: self.config.sha256.clone(),
            extract_date: None,
            reads: computed.reads.clone(),
            files: tables.into_values().collect(),
            replaces: Vec::new(),
            body: serde_json::to_value(body).context(ErrorKind::Internal, "run record")?,
        };
        let commit = self.store.commit(&Chain::Runs, computed.prev.as_ref(), draft).await?;
        Ok((commit.settled("committed")?, identity))
    }
}

/// Makes everything the models may read from outside: landed rows, audit facts, configuration, seeds, drops, policies.
/// Gives the landings behind them.
pub(super) async fn register_inputs(job: &Job, session: &Session) -> Result<Vec<LandingFact>> {
    for (name, rows) in policy::tables(&job.config)? {
        session.register_rows(&name, rows)?;
    }
    let landings = ingest::landings(&job.config, &job.store, session.as_of()).await?;
    for (name, rows) in ingest::audit_tables(&landings)? {
        session.register_rows(&name, rows)?;
    }
    for raw in ingest::files_in_force(&landings) {
        let name = format!("{}.{}", raw.schema, raw.table);
        session.register_files(&name, raw.dataset.arrow_schema(), &raw.files, &job.store)?;
    }
    Ok(landings)
}

/// The newest landing of each chain that this run could see.
async fn chains_read(session: &Session) -> Result<BTreeMap<String, u64>> {
    let sql = "select source || '/' || stream as chain, max(landing) as version from audit.landings group by 1";
    let (_, batches) = session.query(sql).await?;
    Ok(batches
        .iter()
        .flat_map(|batch| {
            let versions = batch.column(1).as_primitive::<Int64Type>();
            (0..batch.num_rows())
                .map(|row| (text_at(batch, "chain", row), versions.value(row).unsigned_abs()))
                .collect::<Vec<_>>()
        })
        .collect())
}

/// The newest run of a day.
fn of_the_day(records: &[Record], as_of: AsOf) -> Result<RunBody> {
    let is_run = |r: &&Record| r.kind == Kind::Run && record::as_of(r) == Some(as_of);
    let current = Current::of(records);
    let body = records.iter().rev().find(is_run).map(|run| RunBody::current(run, &current)).transpose()?.flatten();
    body.ok_or_else(|| Error::usage(format!("no run of {as_of} to build on: run it whole first, without --select")))
}

async fn policy_versions(session: &Session) -> Result<Vec<PolicyVersion>> {
    let batch = session.table("policies.versions").await?;
    let text = |row: usize, column: &str| text_at(&batch, column, row);
    let day = |row: usize, column: &str| {
        let column = batch.column_by_name(column).map(AsArray::as_primitive::<Date32Type>);
        column.filter(|c| c.is_valid(row)).and_then(|c| c.value_as_date(row))
    };
    let today = session.as_of().day();
    Ok((0..batch.num_rows())
        .map(|row| {
            let line = batch.column_by_name("line").map(|c| c.as_primitive::<Int64Type>().value(row));
            PolicyVersion {
                key: format!("{}/{}", text(row, "app_id"), text(row, "policy_version_id")),
                sha256: text(row, "content_sha256"),
                place: format!("{}:{}", text(row, "file"), line.unwrap_or_default()),
                is_in_force: day(row, "effective_from").is_some_and(|from| from <= today)
                    && day(row, "effective_to").is_none_or(|to| today < to),
            }
        })
        .collect())
}

fn text_at(batch: &RecordBatch, column: &str, row: usize) -> String {
    batch.column_by_name(column).map_or(String::new(), |c| c.as_string::<i32>().value(row).to_owned())
}
