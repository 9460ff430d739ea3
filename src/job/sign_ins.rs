//! The state of the seats on its way through a run: brought to the as-of date, shown to the models as
//! `usage.sign_ins`, expired, erased.

use super::{Job, RunOptions};
use crate::base::{AsOf, Result};
use crate::engine::Session;
use crate::ingest::{self, LandingFact};
use crate::schema::{Person, Pii};
use crate::store::{Chain, Expiry, FileEntry, RunId};
use crate::usage::{self, Advance, Of, Shard, State, Told};

/// What the models call the states.
pub(super) const STATES: &str = "usage.sign_ins";
/// What the models call the months that are over.
pub(super) const MONTHS: &str = "usage.sign_in_months";

impl Job {
    /// Brings the state of every System Log to the day of a run, from the newest state that holds; to rebuild it, from
    /// nothing.
    ///
    /// # Errors
    /// A store error; Conflict when other runs change it again and again.
    pub(super) async fn advance(&self, landings: &[LandingFact], options: &RunOptions) -> Result<SignIns> {
        let run_id = RunId::new(self.clock);
        let mut sign_ins = SignIns::default();
        for (source, stream) in ingest::logs(&self.config) {
            let told = told(landings, &source, &stream);
            let of = Of { source: &source, stream: &stream };
            let advance = self.advance_of(of, options.as_of, &run_id);
            let advance = Advance { rebuild: options.rebuild, memory: options.settings.memory, ..advance };
            sign_ins.add(&source, &stream, advance.run(&told).await?);
            sign_ins.months.extend(advance.months(&told).await?);
        }
        Ok(sign_ins)
    }

    /// Merges one shard of the state of every System Log. True when the states are on record: this shard was the last,
    /// or the day is done already.
    ///
    /// # Errors
    /// A store error; Conflict when another run changes the state meanwhile.
    pub async fn shard(&self, as_of: AsOf, shard: Shard) -> Result<bool> {
        let landings = ingest::landings(&self.config, &self.store, as_of).await?;
        let (run_id, mut is_whole) = (RunId::new(self.clock), true);
        for (source, stream) in ingest::logs(&self.config) {
            let advance = self.advance_of(Of { source: &source, stream: &stream }, as_of, &run_id);
            is_whole &= advance.run_shard(&told(&landings, &source, &stream), shard).await?;
        }
        Ok(is_whole)
    }

    fn advance_of<'a>(&'a self, of: Of<'a>, as_of: AsOf, run_id: &'a RunId) -> Advance<'a> {
        let config_sha256 = &self.config.sha256;
        Advance { store: &self.store, of, as_of, run_id, config_sha256, rebuild: false, memory: None }
    }

    /// The states of the day that are on record.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn sign_ins(&self, as_of: AsOf) -> Result<SignIns> {
        let mut sign_ins = SignIns::default();
        for (source, stream) in ingest::logs(&self.config) {
            let of = Of { source: &source, stream: &stream };
            sign_ins.add(&source, &stream, usage::state(&self.store, of, as_of).await?);
            sign_ins.months.extend(usage::months(&self.store, of, as_of).await?);
        }
        Ok(sign_ins)
    }

    /// The states that are needed no more.
    pub(super) async fn expirable_states(&self) -> Result<Vec<Expiry>> {
        let mut found = Vec::new();
        for (source, stream) in ingest::logs(&self.config) {
            let kept_days = self.config.project.retention.raw_days;
            found.extend(usage::expirable(&self.store, Of { source: &source, stream: &stream }, kept_days).await?);
        }
        Ok(found)
    }

    /// Takes a person out of every state.
    pub(super) async fn erase_from_states(&self, person: &Person, run_id: &RunId, apply: bool) -> Result<usize> {
        let mut changed = 0;
        for (source, stream) in ingest::logs(&self.config) {
            let (of, is_gone) = (Of { source: &source, stream: &stream }, of_person(person, &source));
            changed += usage::erase(&self.store, of, &is_gone, run_id, &self.config.sha256, apply).await?;
        }
        Ok(changed)
    }

    /// Whether a state knows a person.
    pub(super) async fn state_knows(&self, person: &Person, chain: &Chain, file: &FileEntry) -> Result<bool> {
        let Chain::Usage { source, .. } = chain else { return Ok(false) };
        usage::knows(&self.store, file, &of_person(person, source)).await
    }
}

fn told(landings: &[LandingFact], source: &str, stream: &str) -> Vec<Told> {
    let of_log = landings.iter().filter(|fact| fact.source == source && fact.stream == stream);
    let told = |fact: &LandingFact| Told {
        version: fact.version,
        extract_date: fact.extract_date,
        files: fact.day_use.clone(),
    };
    of_log.map(told).collect()
}

fn of_person<'p>(person: &'p Person, source: &'p str) -> impl Fn(&str) -> bool + Sync + 'p {
    move |account: &str| person.is_named(account, Pii::Identifier, Some(source))
}

/// The states of all System Logs of a project as of one day.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    files: Vec<FileEntry>,
    months: Vec<FileEntry>,
    /// The chain of each and the record it is of.
    pub reads: Vec<(String, u64)>,
}

impl SignIns {
    fn add(&mut self, source: &str, stream: &str, state: State) {
        if state.version > 0 {
            self.reads.push((format!("usage/{source}/{stream}"), state.version));
        }
        self.files.extend(state.files);
    }

    /// Shows them to the models.
    pub(super) fn register(&self, job: &Job, session: &Session) -> Result<()> {
        session.register_files(MONTHS, usage::seat_month_schema(), &self.months, &job.store)?;
        session.register_files(STATES, usage::seat_state_schema(), &self.files, &job.store)
    }
}
