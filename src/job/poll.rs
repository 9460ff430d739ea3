//! What was said at the desk: answers of those who were asked there, and what became of the actions it was handed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;

use super::decide::Answered;
use super::entries::TRIES;
use super::facts::{Facts, People};
use super::review::{Review, ReviewLine};
use super::{Job, decide};
use crate::base::Result;
use crate::config::{Decided, Decision};
use crate::engine::Session;
use crate::identity::IdentityMap;
use crate::log::{EntryKind, NewEntry};
use crate::publish::tickets::{Answer, Desk, Said};
use crate::review::{Event, Life, Refusal};
use crate::store::RunId;

/// How answers of a desk are told from those of drops.
const CHANNEL: &str = "itsm";

impl Job {
    /// Reads what a desk was told since, and puts it on record. A desk that cannot be read stops nothing: it is asked
    /// again the next time.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn poll(
        &self,
        desk: &dyn Desk,
        facts: &Facts,
        session: &Session,
        identity: &IdentityMap,
        run_id: &RunId,
        review: &mut Review,
    ) -> Result<()> {
        let (_, book) = self.book().await?;
        let asked: BTreeMap<String, &Life> =
            book.lives.values().filter(|life| is_at_desk(life)).flat_map(keys).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = asked.keys().cloned().collect();
        let said = match desk.poll(&keys).await {
            Ok(said) => said,
            Err(error) => {
                review.failed.push(format!("{} could not be asked what was answered: {error}", desk.name()));
                return Ok(());
            }
        };
        let (answers, outcomes): (Vec<Answer>, Vec<Answer>) =
            said.into_iter().partition(|answer| matches!(answer.said, Said::Approved | Said::Rejected));
        let mut rows = Vec::new();
        for answer in &answers {
            let Some(life) = asked.get(&answer.key) else { continue };
            if !book.answers.contains_key(&answer_id(answer)) {
                rows.extend(self.decided(answer, life).map(|row| (row, life, answer.comment.as_deref())));
            }
        }
        self.take_answers(rows, facts, &People::of(session).await?, identity, run_id, review).await?;
        let outcomes: Vec<(&str, Answer)> = outcomes
            .into_iter()
            .filter_map(|outcome| Some((asked.get(&outcome.key)?.candidate_id.as_str(), outcome)))
            .collect();
        self.take_outcomes(&outcomes, identity, run_id, review).await
    }

    /// What an answer decides. Of a ticket that waits for its second person it is that person's.
    fn decided(&self, answer: &Answer, life: &Life) -> Option<Decided> {
        let is_check = life.state.is_granted();
        let decision = match (answer.said, is_check) {
            (Said::Approved, false) => Decision::Accept,
            (Said::Approved, true) => Decision::Approve,
            (Said::Rejected, false) => Decision::Deny,
            (Said::Rejected, true) => Decision::Reject,
            _ => return None,
        };
        Some(Decided {
            candidate_id: life.candidate_id.clone(),
            decision,
            reason_code: answer.comment.as_deref().and_then(|comment| self.reason_in(comment)),
            expires_on: None,
            decided_by: answer.entered_by.clone().or_else(|| answer.asked.clone())?,
            decided_on: answer.at.date_naive(),
            answer_id: Some(answer_id(answer)),
            file: answer.ticket.clone(),
            line: 0,
        })
    }

    /// The first word of a comment that is a reason; where the project lists none, its first word.
    fn reason_in(&self, comment: &str) -> Option<String> {
        let mut words =
            comment.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).filter(|w| !w.is_empty());
        let codes = &self.config.seeds.reason_codes;
        match codes.is_empty() {
            true => words.next().map(str::to_owned),
            false => words.find_map(|word| codes.iter().find(|code| code.code == word)).map(|code| code.code.clone()),
        }
    }

    async fn take_answers(
        &self,
        rows: Vec<(Decided, &&Life, Option<&str>)>,
        facts: &Facts,
        people: &People,
        identity: &IdentityMap,
        run_id: &RunId,
        review: &mut Review,
    ) -> Result<()> {
        let decided: Vec<Decided> = rows.iter().map(|(row, ..)| row.clone()).collect();
        let mut answers = self.answers(&decided, CHANNEL, people, identity)?;
        for (answer, (_, life, comment)) in answers.iter_mut().zip(&rows) {
            if let (Ok(answer), Some(comment)) = (answer, comment.filter(|comment| !comment.trim().is_empty())) {
                answer.note_sha256 = Some(self.keep_note(comment, Some(&life.account_key)).await?);
            }
        }
        let outcomes = self.put_down_each(answers, facts, identity, run_id).await?;
        for (row, answered) in decided.iter().zip(outcomes) {
            let line = |what| ReviewLine {
                candidate_id: row.candidate_id.clone(),
                action: row.decision.as_str().to_owned(),
                ticket: row.file.clone(),
                ..ReviewLine::of(what, None)
            };
            match answered {
                Answered::Counts => review.lines.push(line("answer")),
                Answered::Late(_) => review.lines.push(line("late answer")),
                Answered::Known(_) => {}
                Answered::Refused(refusal) => review.refused.push(self.said_at(&row.file, &refusal)),
            }
        }
        Ok(())
    }

    fn said_at(&self, ticket: &str, refusal: &Refusal) -> String {
        let codes: Vec<&str> = self.config.seeds.reason_codes.iter().map(|code| code.code.as_str()).collect();
        let help = match refusal.code {
            "missing_reason" => format!("; begin the comment with one of {}", codes.join(", ")),
            _ => String::new(),
        };
        format!("{ticket}: {refusal} ({}){help}", refusal.code)
    }

    /// Puts on record what became of actions, each once.
    async fn take_outcomes(
        &self,
        outcomes: &[(&str, Answer)],
        identity: &IdentityMap,
        run_id: &RunId,
        review: &mut Review,
    ) -> Result<()> {
        let actor = self.actor(identity)?;
        for attempt in 0..TRIES {
            let (version, mut book) = self.book().await?;
            let (mut entries, mut lines) = (Vec::new(), Vec::new());
            for (candidate_id, outcome) in outcomes {
                let Some(life) = book.lives.get_mut(*candidate_id) else { continue };
                let (kind, event, what) = match outcome.said {
                    Said::Executed => (EntryKind::OutcomeExecuted, Event::Execute, "executed"),
                    Said::Failed => (EntryKind::OutcomeFailed, Event::Fail, "failed"),
                    Said::RolledBack => (EntryKind::OutcomeRolledBack, Event::RollBack, "rolled back"),
                    Said::Approved | Said::Rejected => continue,
                };
                // What was read before follows from nothing any more; what is of an earlier round says nothing of this one.
                let Ok(state) = life.state.after(event) else { continue };
                if outcome.key != life.order_key(life.exports.saturating_sub(1)) {
                    continue;
                }
                entries.push(entry(kind, life, outcome, &actor, self.clock.now(), outcome.at.date_naive()));
                lines.push(ReviewLine {
                    candidate_id: life.candidate_id.clone(),
                    app_id: life.app_id.clone(),
                    action: life.action.clone(),
                    ticket: outcome.ticket.clone(),
                    ..ReviewLine::of(what, None)
                });
                life.state = state;
            }
            if entries.is_empty() {
                return Ok(());
            }
            if self.append_after(version, entries, run_id, &format!("outcomes {attempt}")).await? {
                review.lines.extend(lines);
                return Ok(());
            }
        }
        Err(decide::busy())
    }
}

/// Whether a desk may have something to say about a candidate.
fn is_at_desk(life: &Life) -> bool {
    use crate::review::State as S;
    matches!(life.state, S::Notified | S::Accepted | S::Approved | S::Exported | S::Executed | S::Reopened)
}

/// The keys of its tickets.
fn keys(life: &Life) -> impl Iterator<Item = (String, &Life)> {
    (0..life.exports.max(1)).map(move |n| (life.order_key(n), life))
}

fn answer_id(answer: &Answer) -> String {
    format!("{CHANNEL}-{}", answer.answer_id)
}

fn entry(
    kind: EntryKind,
    life: &Life,
    outcome: &Answer,
    actor: &str,
    now: chrono::DateTime<chrono::Utc>,
    on: NaiveDate,
) -> NewEntry {
    let detail = json!({
        "candidate_id": life.candidate_id,
        "sku_id": life.sku_id,
        "action": life.action,
        "ticket": outcome.ticket,
        "answer_id": answer_id(outcome),
        "channel": CHANNEL,
        "executed_on": on.to_string(),
        "on": on.to_string(),
    });
    NewEntry {
        subject_key: Some(life.account_key.clone()),
        app_id: Some(life.app_id.clone()),
        policy_version: Some(life.policy_version.clone()),
        ..NewEntry::new(now, kind, actor, detail)
    }
}
