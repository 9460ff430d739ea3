//! The catalogue of sources: every stream that is collected or needed, how good it is, and what its last landing brought.
//! How good is what the models say of all that has landed by now, whether or not a run has seen it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::explain::rows;
use super::{Job, run};
use crate::base::error::Context;
use crate::base::progress::Quiet;
use crate::base::{AsOf, ErrorKind, Result};
use crate::engine::{self, Catalogue, Session, Settings};
use crate::ingest::{LandingFact, Totals};
use crate::schema::{Horizon, dataset};

/// The models that say how good a stream is.
const MODELS: &str = "+marts.source_freshness";
const STATES: &str = "select f.source, f.stream, f.kind, f.role, f.feed, f.status, f.problem, f.is_configured, \
    f.freshness_warn_days, f.freshness_error_days, f.complete_through, f.age_days, f.first_collected_on as covered_from, \
    s.is_concealed, f.used_by_apps \
    from marts.source_freshness as f \
    inner join core.source_status as s on s.source = f.source and s.stream = f.stream \
    order by f.source, f.stream";
/// The days before the first collected one are `covered_from`.
const HOLES: &str = "select source, stream, hole_from, hole_to, hole_kind from core.source_holes \
    where hole_kind <> 'before_first' order by source, stream, hole_from";

/// One stream.
#[derive(Debug, Serialize)]
pub struct SourceLine {
    /// How good it is.
    #[serde(flatten)]
    pub state: State,
    /// How far back the source itself can tell; none where it tells of the present, or of all there ever was.
    pub horizon: Option<String>,
    /// The first day it can tell of today.
    pub reaches_back_to: Option<NaiveDate>,
    /// Days, half-open, that no landing speaks for.
    pub holes: Vec<Hole>,
    /// The landing of the newest day; none when nothing ever landed.
    pub last: Option<Last>,
}

/// What the models say of a stream.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// The source.
    pub source: String,
    /// Its stream.
    pub stream: String,
    /// The kind of the source.
    pub kind: Option<String>,
    /// What the stream is needed for.
    pub role: Option<String>,
    /// `full` or `events`.
    pub feed: Option<String>,
    /// `ok`, `warn` or `error`.
    pub status: String,
    /// `never_landed`, `stale`, `partial`, `concealed_names`, `late` or `hole`; none when ok.
    pub problem: Option<String>,
    /// Whether the project collects it; one that it does not is needed by an app.
    pub is_configured: bool,
    /// From which age on it is late, in days.
    pub freshness_warn_days: Option<i64>,
    /// From which age on it is too old to act on, in days.
    pub freshness_error_days: i64,
    /// The last day it is complete for.
    pub complete_through: Option<NaiveDate>,
    /// Whole days since then.
    pub age_days: Option<i64>,
    /// The first day it was collected for.
    pub covered_from: Option<NaiveDate>,
    /// Whether the newest landing conceals names.
    pub is_concealed: bool,
    /// The apps that rest on it, joined by `|`.
    pub used_by_apps: Option<String>,
}

/// Days, half-open, that no landing of an event feed speaks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hole {
    /// The first of them.
    #[serde(rename = "hole_from")]
    pub from: NaiveDate,
    /// The first day after them.
    #[serde(rename = "hole_to")]
    pub to: NaiveDate,
    /// `gap`, `declared` or `partial`.
    #[serde(rename = "hole_kind")]
    pub kind: String,
}

/// A landing.
#[derive(Debug, Serialize)]
pub struct Last {
    /// Its version in the chain of the stream.
    pub landing: u64,
    /// The day of extraction.
    pub extract_date: NaiveDate,
    /// When it was committed.
    pub committed_at: Option<DateTime<Utc>>,
    /// `complete` or `partial`.
    pub coverage: &'static str,
    /// Whether its rows count.
    pub is_in_force: bool,
    /// Its control totals.
    #[serde(flatten)]
    pub totals: Totals,
    /// What was odd about it and what it lacks, each `code: words`.
    pub warnings: Vec<String>,
}

impl State {
    /// Whether it is too old to act on, or nothing ever landed.
    pub fn is_stale(&self) -> bool {
        matches!(self.problem.as_deref(), Some("never_landed" | "stale"))
    }
}

impl SourceLine {
    /// The days that are lost: the source cannot tell of them any more, and nobody collected them.
    pub fn lost(&self) -> Option<(NaiveDate, NaiveDate)> {
        let next = self.state.complete_through?.succ_opt()?;
        let is_events = self.state.feed.as_deref() == Some("events");
        self.reaches_back_to.filter(|first| is_events && next < *first).map(|first| (next, first))
    }
}

impl Job {
    /// Every stream that is collected or that an app rests on, as of a day.
    ///
    /// # Errors
    /// A store error; a config error of the models.
    pub async fn sources(&self, as_of: AsOf) -> Result<Vec<SourceLine>> {
        let (session, landings) = self.models(as_of, MODELS).await?;
        let states = typed::<State>(&session, STATES).await?;
        let mut holes: BTreeMap<(String, String), Vec<Hole>> = BTreeMap::new();
        for hole in typed::<HoleOf>(&session, HOLES).await? {
            holes.entry((hole.source, hole.stream)).or_default().push(hole.hole);
        }
        let line = |state: State| {
            let of_stream = landings.iter().filter(|l| (&l.source, &l.stream) == (&state.source, &state.stream));
            let last = of_stream.max_by_key(|l| (l.extract_date, l.version)).map(Last::of);
            let known = state.kind.as_deref().and_then(|kind| dataset(kind, &state.stream));
            let horizon = known.and_then(|dataset| dataset.horizon());
            SourceLine {
                holes: holes.remove(&(state.source.clone(), state.stream.clone())).unwrap_or_default(),
                horizon: horizon.as_ref().map(Horizon::to_string),
                reaches_back_to: horizon.map(|horizon| horizon.reaches_back_to(as_of.day())),
                last,
                state,
            }
        };
        Ok(states.into_iter().map(line).collect())
    }

    /// Models computed over what has landed by now, for reading: nothing is checked and nothing stored.
    ///
    /// # Errors
    /// A store error; a config error of the models.
    pub(super) async fn models(&self, as_of: AsOf, selection: &str) -> Result<(Session, Vec<LandingFact>)> {
        let catalogue = Catalogue::load()?;
        let models = catalogue.select(selection)?;
        let session = Session::new(&self.store, as_of, &Settings::here(&self.config))?;
        let landings = run::register_inputs(self, &session).await?;
        self.carry(&session, &models, &[], &landings, true).await?;
        engine::compute(&session, &models, &Quiet).await?;
        Ok((session, landings))
    }
}

impl Last {
    fn of(landing: &LandingFact) -> Self {
        Self {
            landing: landing.version,
            extract_date: landing.extract_date,
            committed_at: landing.committed_at,
            coverage: landing.coverage(),
            is_in_force: landing.is_in_force,
            totals: landing.totals(),
            warnings: landing.warnings(),
        }
    }
}

#[derive(Deserialize)]
struct HoleOf {
    source: String,
    stream: String,
    #[serde(flatten)]
    hole: Hole,
}

/// The rows of a question, typed.
pub(super) async fn typed<T: DeserializeOwned>(session: &Session, sql: &str) -> Result<Vec<T>> {
    let values = rows(session, sql).await?.into_iter().map(|row| serde_json::from_value(Value::Object(row)));
    values.collect::<Result<_, _>>().context(ErrorKind::Internal, "rows that are not as their contract says")
}
