//! The decision log read as lives: where every candidate stands and who said what, which batches are held, what went
//! out. A fold over entries and nothing else, so that the log explains every state.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::batch::Batch;
use super::candidate::digest;
use super::life::{Event, Refusal, State};
use crate::log::{Entry, EntryKind, NewEntry};

/// One candidate, as the log tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// Its id.
    pub candidate_id: String,
    /// The app.
    pub app_id: String,
    /// The key of the account.
    pub account_key: String,
    /// The SKU.
    pub sku_id: String,
    /// What is proposed.
    pub action: String,
    /// The policy version that proposed it.
    pub policy_version: String,
    /// The run that opened it.
    pub opened_run: u64,
    /// Where it stands.
    pub state: State,
    /// The entry that says so.
    pub seq: u64,
    /// When it was made.
    pub since: DateTime<Utc>,
    /// How often the question was opened again.
    pub round: u32,
    /// How far the question went up.
    pub step: u32,
    /// Who is asked now.
    pub asked: Option<Asked>,
    /// Everybody who was ever asked.
    pub asked_keys: BTreeSet<String>,
    /// Whether the user was told in this round.
    pub is_holder_told: bool,
    /// Whether a second person was asked to check.
    pub is_checker_asked: bool,
    /// The questions whose answer is on record.
    pub answered: BTreeSet<String>,
    /// Who answered last, and how.
    pub decided: Option<Decided>,
    /// Who checked.
    pub checked_by: Option<String>,
    /// How often its action went out.
    pub exports: u32,
    /// Its ticket, once there is one.
    pub ticket: Option<String>,
    /// Of a hold the first day outside.
    pub held_until: Option<NaiveDate>,
    /// Whether the hold was taken back.
    pub is_released: bool,
    /// When its action was carried out.
    pub executed_on: Option<NaiveDate>,
}

impl Life {
    /// The key of its action the n-th time that it goes out: 0 the first, which is the candidate's own.
    pub fn order_key(&self, n: u32) -> String {
        let first = digest(&[&self.candidate_id, &self.action, &self.policy_version]);
        if n == 0 { first } else { digest(&["again", &first, &n.to_string()]) }
    }
}

/// Somebody who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub key: String,
    /// The day.
    pub on: NaiveDate,
    /// The day the answer is due.
    pub due_on: NaiveDate,
    /// Whether they were reminded.
    pub is_reminded: bool,
}

/// An answer that counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// By whom.
    pub key: String,
    /// What.
    pub event: Event,
    /// Its entry.
    pub seq: u64,
    /// The question it answered.
    pub question: String,
}

impl Life {
    /// The name of the question to whoever decides: who claims its answer first is heard.
    pub fn question(&self) -> String {
        self.in_round(self.step.to_string())
    }

    /// The name of the question to a second person.
    pub fn check(&self) -> String {
        self.in_round("check".to_owned())
    }

    fn in_round(&self, question: String) -> String {
        if self.round == 0 { question } else { format!("r{}-{question}", self.round) }
    }

    /// Whether nobody was asked about it and nothing of it went out: what a limit on new candidates counts.
    pub fn is_new(&self) -> bool {
        self.asked_keys.is_empty() && self.exports == 0 && (self.state == State::Open || self.state.is_granted())
    }
}

/// Everything the log says that reviewing rests on.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Every candidate there ever was.
    pub lives: BTreeMap<String, Life>,
    /// The entry of each answer by its id.
    pub answers: BTreeMap<String, u64>,
    /// Batches that a limit held.
    pub batches: Vec<Batch>,
    /// The keys of all that went outward.
    pub sent: BTreeSet<String>,
    /// Runs of which the log tells.
    pub runs: BTreeSet<u64>,
    /// Entries that say what cannot be, and why: they change nothing.
    pub odd: Vec<(u64, Refusal)>,
}

impl Book {
    /// Reads entries, in the order of the log.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut book = Self::default();
        entries.into_iter().for_each(|entry| book.add(entry));
        book
    }

    /// Adds one entry.
    pub fn add(&mut self, entry: &Entry) {
        let said = Said(entry.detail());
        if let Some(id) = said.text("answer_id") {
            self.answers.entry(id.to_owned()).or_insert(entry.seq);
        }
        match entry.kind {
            EntryKind::BreakerTripped => self.batches.extend(
                said.text("batch")
                    .and_then(|name| Batch::tripped(name, said.text("rail").unwrap_or_default(), entry.at)),
            ),
            EntryKind::BreakerReleased => {
                let who = entry.on_behalf_of.as_ref().unwrap_or(&entry.actor);
                let batch = self.batches.iter_mut().find(|batch| said.text("batch") == Some(&batch.name));
                batch.into_iter().for_each(|batch| batch.approve(who, entry.at));
            }
            EntryKind::EvaluationCompleted if !said.flag("is_history") => self.runs.extend(said.number("run")),
            _ => {}
        }
        let Some(candidate_id) = said.text("candidate_id") else { return };
        if matches!(entry.kind, EntryKind::NotifySent | EntryKind::EscalationStep | EntryKind::ExportCreated) {
            self.sent.extend(said.text("key").map(str::to_owned));
        }
        if entry.kind == EntryKind::HoldReleased {
            self.lives.get_mut(candidate_id).into_iter().for_each(|life| life.is_released = true);
            return;
        }
        // A late answer settles no question, unless it was the first to one that is gone.
        let settles = entry.kind != EntryKind::DecisionLate || said.flag("is_claim");
        if let (Some(question), Some(life)) =
            (said.text("question").filter(|_| settles), self.lives.get_mut(candidate_id))
        {
            life.answered.insert(question.to_owned());
        }
        let Some(event) = event(entry.kind) else { return };
        let told = match self.lives.get_mut(candidate_id) {
            Some(life) => life.happen(event, entry, &said),
            None if event == Event::Open => {
                self.lives.insert(candidate_id.to_owned(), Life::born(candidate_id, entry, &said));
                Ok(())
            }
            None => Err(Refusal::new("unknown_candidate", format!("nobody opened {candidate_id}"))),
        };
        self.odd.extend(told.err().map(|refusal| (entry.seq, refusal)));
    }

    /// Whether an entry that is to be made says something that can be, as the log stands.
    pub fn admits(&self, entry: &NewEntry) -> bool {
        let life = entry.detail.get("candidate_id").and_then(Value::as_str).map(|id| self.lives.get(id));
        match (life, event(entry.kind)) {
            (Some(Some(life)), Some(event)) => life.state.after(event).is_ok(),
            (Some(None), Some(event)) => event == Event::Open,
            _ => true,
        }
    }

    /// The lives of an account that the log tells of, newest last.
    pub fn of_account(&self, app_id: &str, account_key: &str) -> Vec<&Life> {
        let is_meant = |life: &&Life| life.app_id == app_id && life.account_key == account_key;
        let mut lives: Vec<&Life> = self.lives.values().filter(is_meant).collect();
        lives.sort_by_key(|life| life.seq);
        lives
    }
}

impl Life {
    fn born(candidate_id: &str, entry: &Entry, said: &Said) -> Self {
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            candidate_id: candidate_id.to_owned(),
            app_id: own(entry.app_id.as_deref()),
            account_key: own(entry.subject_key.as_deref()),
            sku_id: own(said.text("sku_id")),
            action: own(said.text("action")),
            policy_version: own(entry.policy_version.as_deref()),
            opened_run: said.number("run").unwrap_or_default(),
            state: State::Open,
            seq: entry.seq,
            since: entry.at,
            round: 0,
            step: 0,
            asked: None,
            asked_keys: BTreeSet::new(),
            is_holder_told: false,
            is_checker_asked: false,
            answered: BTreeSet::new(),
            decided: None,
            checked_by: None,
            exports: 0,
            ticket: None,
            held_until: None,
            is_released: false,
            executed_on: None,
        }
    }

    fn happen(&mut self, event: Event, entry: &Entry, said: &Said) -> Result<(), Refusal> {
        let before = self.state;
        let next = before.after(event)?;
        if next != before {
            (self.state, self.seq, self.since) = (next, entry.seq, entry.at);
        }
        let who = entry.on_behalf_of.as_ref().unwrap_or(&entry.actor);
        self.ticket = said.text("ticket").map(str::to_owned).or(self.ticket.take());
        match event {
            Event::Open => {
                // A new life under an old name: its old answers are claimed, so its questions have other names.
                let (round, candidate_id) = (self.round + 1, self.candidate_id.clone());
                let answered = std::mem::take(&mut self.answered);
                *self = Self { round, answered, ..Self::born(&candidate_id, entry, said) };
            }
            Event::Ask if said.text("audience") == Some("user") => self.is_holder_told = true,
            Event::Ask if said.text("audience") == Some("checker") => self.is_checker_asked = true,
            Event::Ask | Event::Escalate => {
                let on = said.day("on").unwrap_or(entry.at.date_naive());
                let key = said.text("approver_key").unwrap_or_default().to_owned();
                let step = said.number("step").and_then(|step| u32::try_from(step).ok()).unwrap_or_default();
                match &mut self.asked {
                    Some(asked) if asked.key == key && step == self.step => asked.is_reminded = true,
                    _ => {
                        let due_on = said.day("due_on").unwrap_or(on);
                        self.asked_keys.insert(key.clone());
                        (self.step, self.asked) = (step, Some(Asked { key, on, due_on, is_reminded: false }));
                    }
                }
            }
            Event::Accept | Event::Deny | Event::Hold | Event::Confirm => {
                let question = said.text("question").unwrap_or_default().to_owned();
                self.decided = Some(Decided { key: who.clone(), event, seq: entry.seq, question });
                self.is_checker_asked = false;
                if event == Event::Hold {
                    (self.held_until, self.is_released) = (said.day("expires_on"), false);
                }
            }
            Event::Approve | Event::Reject => self.checked_by = Some(who.clone()),
            Event::Export => self.exports += 1,
            Event::Execute => self.executed_on = said.day("executed_on").or(Some(entry.at.date_naive())),
            Event::Fail | Event::Reopen => {
                (self.round, self.step, self.asked) = (self.round + 1, 0, None);
                (self.checked_by, self.is_holder_told, self.executed_on) = (None, false, None);
            }
            Event::Expire | Event::Verify | Event::RollBack | Event::Withdraw => {}
        }
        Ok(())
    }
}

/// What an entry about a candidate means for it; none when it changes nothing.
pub(super) fn event(kind: EntryKind) -> Option<Event> {
    Some(match kind {
        EntryKind::CandidateOpened => Event::Open,
        EntryKind::NotifySent => Event::Ask,
        EntryKind::EscalationStep => Event::Escalate,
        EntryKind::DecisionAccept => Event::Accept,
        EntryKind::DecisionDeny => Event::Deny,
        EntryKind::HoldSet => Event::Hold,
        EntryKind::DecisionSelfConfirm => Event::Confirm,
        EntryKind::CandidateExpired => Event::Expire,
        EntryKind::CheckerApprove => Event::Approve,
        EntryKind::CheckerReject => Event::Reject,
        EntryKind::ExportCreated => Event::Export,
        EntryKind::OutcomeExecuted => Event::Execute,
        EntryKind::OutcomeVerified => Event::Verify,
        EntryKind::OutcomeFailed => Event::Fail,
        EntryKind::CandidateReopened => Event::Reopen,
        EntryKind::OutcomeRolledBack => Event::RollBack,
        EntryKind::CandidateWithdrawn => Event::Withdraw,
        _ => return None,
    })
}

/// What the detail of an entry says.
struct Said(Map<String, Value>);

impl Said {
    fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str()
    }

    fn flag(&self, member: &str) -> bool {
        self.0.get(member).and_then(Value::as_bool).unwrap_or_default()
    }

    fn number(&self, member: &str) -> Option<u64> {
        self.0.get(member)?.as_u64()
    }

    fn day(&self, member: &str) -> Option<NaiveDate> {
        NaiveDate::parse_from_str(self.text(member)?, "%Y-%m-%d").ok()
    }
}
