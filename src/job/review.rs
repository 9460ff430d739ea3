//! The step after a run: what people answered goes on record, what is due happens. Everything outward is claimed first,
//! sent next and put on record last; all that is concluded from the log is appended to that log or not at all, and
//! concluded again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::decide::Answered;
use super::facts::{Facts, People};
use super::links::Giver;
use super::outward::Outward;
use super::round::Round;
use super::{Job, Run, record};
use crate::base::{AsOf, Error, Result};
use crate::config::Mode;
use crate::engine::Session;
use crate::identity::IdentityMap;
use crate::review::Candidate;
use crate::store::{Chain, Kind, RunId};

/// How a review is done.
#[derive(Debug, Clone, Default)]
pub struct ReviewOptions {
    /// Say what is due, and do nothing.
    pub dry_run: bool,
    /// Send every question and notice to this one address, those of shadow policies too, and put nothing on record.
    pub rehearse_to: Option<String>,
    /// The day of the run to review; the newest one when absent.
    pub as_of: Option<AsOf>,
}

/// What a review did, or would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Review {
    /// The run.
    pub run: u64,
    /// What happened, one line each.
    pub lines: Vec<ReviewLine>,
    /// How many candidates wait, by what keeps them.
    pub waiting: BTreeMap<&'static str, usize>,
    /// The batches that a limit holds and nobody let go, with what to do.
    pub held: Vec<String>,
    /// Decisions of the drop that cannot be given: file, line and why.
    pub refused: Vec<String>,
    /// What could not be sent.
    pub failed: Vec<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewLine {
    /// ask, remind, escalate, tell, check, expire, accept, export, withdraw or answer.
    pub what: &'static str,
    /// The candidate.
    pub candidate_id: String,
    /// The app.
    pub app_id: String,
    /// What is proposed.
    pub action: String,
    /// To whom it went, where it went.
    pub to: String,
    /// By when.
    pub due_on: String,
    /// What it is called there.
    pub ticket: String,
}

impl Job {
    /// Reviews the newest run, by the doors of the project.
    ///
    /// # Errors
    /// As [`Job::review_by`].
    pub async fn review(&self, options: &ReviewOptions) -> Result<Review> {
        let (session, run) = self.newest(options.as_of).await?;
        let mut review = self.review_by(&session, run, options, &self.doors(session.as_of())?).await?;
        if !options.dry_run && options.rehearse_to.is_none() {
            self.hand_over_log(&mut review.failed).await?;
        }
        Ok(review)
    }

    /// Reviews a run that was just made.
    ///
    /// # Errors
    /// As [`Job::review_by`].
    pub async fn review_run(&self, run: &Run) -> Result<Review> {
        let as_of = run.session.as_of();
        if self.newest_day().await?.is_some_and(|newest| newest > as_of) {
            // A run of an earlier day redoes history: nothing follows from it.
            return Ok(Review { run: run.record.version, ..Review::default() });
        }
        let (doors, options) = (self.doors(as_of)?, ReviewOptions::default());
        let mut review = self.review_by(&run.session, run.record.version, &options, &doors).await?;
        self.hand_over_log(&mut review.failed).await?;
        Ok(review)
    }

    /// Reviews a run, and sends what is due by a door.
    ///
    /// # Errors
    /// A store error; Conflict when other runs append all the time; what could not be sent is in the result.
    pub async fn review_by(
        &self,
        session: &Session,
        run: u64,
        options: &ReviewOptions,
        door: &dyn Outward,
    ) -> Result<Review> {
        let identity = self.identity().await?;
        self.settle_log(&identity).await?;
        let mut facts = Facts::of(session, &identity).await?;
        let (actor, run_id) = (self.actor(&identity)?, RunId::new(self.clock));
        identity.commit(&run_id, &self.config.sha256).await?;
        let is_rehearsal = options.rehearse_to.is_some();
        if is_rehearsal {
            facts.candidates.iter_mut().filter(|c| c.mode == Mode::Shadow).for_each(|c| c.mode = Mode::Notify);
        }
        let mut review = Review { run, ..Review::default() };
        if !is_rehearsal && !options.dry_run {
            self.adopt_claims(&run_id).await?;
            self.adopt_links(&facts, &identity, &run_id, &mut review).await?;
            self.take_drops(&facts, session, &identity, &run_id, &mut review).await?;
            if let Some(desk) = door.polled() {
                self.poll(desk, &facts, session, &identity, &run_id, &mut review).await?;
            }
        }
        let round = Round {
            job: self,
            door,
            facts: &facts,
            run,
            day: session.as_of(),
            run_id: &run_id,
            actor: &actor,
            giver: Giver::default(),
            sent: BTreeMap::new(),
            left: BTreeSet::new(),
            review,
        };
        round.go(options).await
    }

    /// Answers of `drops/decisions`.
    async fn take_drops(
        &self,
        facts: &Facts,
        session: &Session,
        identity: &IdentityMap,
        run_id: &RunId,
        review: &mut Review,
    ) -> Result<()> {
        let rows = &self.config.drops.decisions;
        if rows.is_empty() {
            return Ok(());
        }
        let answers = self.answers(rows, "import", &People::of(session).await?, identity)?;
        let answered = self.put_down_each(answers, facts, identity, run_id).await?;
        for (row, answered) in rows.iter().zip(answered) {
            match answered {
                Answered::Counts | Answered::Late(_) => review.lines.push(ReviewLine {
                    what: if answered == Answered::Counts { "answer" } else { "late answer" },
                    candidate_id: row.candidate_id.clone(),
                    action: row.decision.to_string(),
                    ..ReviewLine::of("answer", None)
                }),
                Answered::Known(_) => {}
                Answered::Refused(refusal) => {
                    review.refused.push(format!("{}:{}: {} ({})", row.file, row.line, refusal, refusal.code));
                }
            }
        }
        Ok(())
    }

    async fn newest_day(&self) -> Result<Option<AsOf>> {
        let records = self.store.records(&Chain::Runs).await?;
        Ok(records.iter().filter(|r| r.kind == Kind::Run).filter_map(record::as_of).max())
    }

    /// The newest run of the newest day.
    async fn newest(&self, as_of: Option<AsOf>) -> Result<(Session, u64)> {
        let newest = self.newest_day().await?;
        if let (Some(asked), Some(newest)) = (as_of, newest)
            && asked != newest
        {
            let message = format!("the newest run is of {newest}: only that one is reviewed, others are history");
            return Err(Error::usage(message));
        }
        let (session, record) = self.reader(newest).await?;
        Ok((session, record.version))
    }
}

impl ReviewLine {
    pub(super) fn of(what: &'static str, candidate: Option<&&Candidate>) -> Self {
        let text = |of: fn(&Candidate) -> &str| candidate.map_or(String::new(), |c| of(c).to_owned());
        Self {
            what,
            candidate_id: text(|c| &c.candidate_id),
            app_id: text(|c| &c.app_id),
            action: text(|c| &c.action),
            to: String::new(),
            due_on: String::new(),
            ticket: String::new(),
        }
    }
}
