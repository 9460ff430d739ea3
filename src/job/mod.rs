//! Layer 6: composes a run out of the rooms below: land, build, publish, seal. It keeps the run record, and with it
//! what a later run, an `explain` or an auditor reads.

mod carry;
mod decide;
mod dictionary;
mod doctor;
mod doctor_apis;
mod doors;
mod entries;
mod erase;
mod explain;
mod facts;
mod fsck;
mod gc;
mod identify;
mod inputs;
mod limits;
mod links;
mod notes;
mod outputs;
pub mod outward;
mod outward_files;
mod pages;
mod poll;
mod preview;
mod record;
mod release;
mod renewal;
mod replay;
mod review;
mod round;
mod run;
mod seal;
mod siem;
mod sign_ins;
mod sources;

use std::path::Path;

use crate::base::{AsOf, Clock, Error, Progress, Result};
use crate::config::{self, Config};
use crate::engine::{self, Catalogue, Session, Settings};
use crate::identity::IdentityMap;
use crate::ingest::{self, LandOptions, LandReport};
use crate::store::{Chain, Current, Kind, Record, RunId, Store};

use record::{RunBody, RunTable};

pub use decide::{Answered, Given};
pub use dictionary::{dictionary, write_dictionary};
pub use doctor::{Finding, Grade, doctor};
pub use doors::Doors;
pub use erase::Erasure;
pub use fsck::Stores;
pub use notes::Words;
pub use outputs::Outputs;
pub use outward_files::Files;
pub use replay::{Replay, replay};
pub use review::{Review, ReviewLine, ReviewOptions};
pub use run::{Computed, Run, RunOptions};
pub use sources::{Hole, Last, SourceLine, State};

/// An opened project: its configuration, its store, and the clock that names runs.
pub struct Job {
    /// The validated project.
    pub config: Config,
    /// Where landings, tables and records are.
    pub store: Store,
    /// Where the identity map and the notes are, apart from everything else.
    pub private: Store,
    /// The clock.
    pub clock: Clock,
}

impl Job {
    /// Validates the project and opens its store, making it on first use.
    ///
    /// # Errors
    /// Every error of every file of the project at once; a store error when the store refuses conditional puts.
    pub async fn open(project: &Path, clock: Clock) -> Result<Self> {
        let job = Self::unchecked(project, clock)?;
        job.store.init(clock, job.config.project.buckets).await?;
        job.private.init(clock, 1).await?;
        Ok(job)
    }

    /// Validates the project and opens its store to look only: a store that is not there is not made.
    ///
    /// # Errors
    /// As [`Job::open`]; a store error when there is no store.
    pub async fn look(project: &Path, clock: Clock) -> Result<Self> {
        let job = Self::unchecked(project, clock)?;
        job.store.check().await?;
        Ok(job)
    }

    /// Validates the project and works on stores that are at hand, making them on first use.
    ///
    /// # Errors
    /// As [`Job::open`].
    pub async fn over(project: &Path, store: Store, private: Store, clock: Clock) -> Result<Self> {
        let config = config::load(project).map_err(config::to_error)?;
        let job = Self { config, store, private, clock };
        job.store.init(clock, job.config.project.buckets).await?;
        job.private.init(clock, 1).await?;
        Ok(job)
    }

    fn unchecked(project: &Path, clock: Clock) -> Result<Self> {
        Self::of(config::load(project).map_err(config::to_error)?, clock)
    }

    /// A project that was read, with stores of which nothing is known yet.
    fn of(config: Config, clock: Clock) -> Result<Self> {
        let open = |place: &str| Store::open_with(place, &config.root, config::store_options());
        let (store, private) = (open(&config.project.store)?, open(&config.project.private)?);
        Ok(Self { config, store, private, clock })
    }

    /// The keys that stand for names, as they are on record.
    ///
    /// # Errors
    /// A store error; Evidence when a file of the map is not what its record says.
    pub async fn identity(&self) -> Result<IdentityMap> {
        IdentityMap::open(self.private.clone()).await
    }

    /// Lands every extract that is not landed yet.
    ///
    /// # Errors
    /// A store or conflict error; what a feed got wrong is in the report.
    pub async fn ingest(&self, options: &LandOptions, progress: &dyn Progress) -> Result<LandReport> {
        if options.accepted.is_empty() {
            return ingest::land(&self.config, &self.store, options, self.clock, progress).await;
        }
        // Who sets a check aside goes on record, as a key.
        let identity = self.identity().await?;
        let options = LandOptions { actor: self.actor(&identity)?, ..options.clone() };
        identity.commit(&RunId::new(self.clock), &self.config.sha256).await?;
        ingest::land(&self.config, &self.store, &options, self.clock, progress).await
    }

    /// The tables of the newest run, of one as-of date or of any, for reading.
    ///
    /// # Errors
    /// A usage error when there is no such run.
    pub async fn reader(&self, as_of: Option<AsOf>) -> Result<(Session, Record)> {
        let records = self.store.records(&Chain::Runs).await?;
        let current = Current::of(&records);
        let (newest, day) = newest_run(&records, as_of)?;
        let session = Session::new(&self.store, day, &Settings::here(&self.config))?;
        run::register_inputs(self, &session).await?;
        self.sign_ins(day).await?.register(self, &session)?;
        let catalogue = Catalogue::load()?;
        inputs::register_earlier(self, &session, &catalogue, &records, inputs::Before::Today).await?;
        inputs::register_log(self, &session, newest.reads.get(inputs::LOG).copied().unwrap_or_default()).await?;
        let body = RunBody::current(&newest, &current)?;
        let expired = || Error::usage(format!("the tables of the run of {day} have expired: run that day again"));
        for (name, file) in body.ok_or_else(expired)?.tables {
            RunTable { name, file }.register(&session, &self.store).await?;
        }
        engine::register_views(&session, catalogue.models()).await?;
        Ok((session, newest))
    }
}

/// The newest run, or the newest of a day, and its day.
///
/// # Errors
/// A usage error when there is no such run.
fn newest_run(records: &[Record], as_of: Option<AsOf>) -> Result<(Record, AsOf)> {
    let is_meant = |r: &&Record| r.kind == Kind::Run && (as_of.is_none() || record::as_of(r) == as_of);
    let Some(newest) = records.iter().rev().find(is_meant).cloned() else {
        let day = as_of.map_or(String::new(), |d| format!(" for {d}"));
        return Err(Error::usage(format!("there is no run{day} yet: `seatledger run` makes one")));
    };
    let day = record::as_of(&newest).ok_or_else(|| Error::internal("a run record without as-of date"))?;
    Ok((newest, day))
}
