//! Judges an answer: may this person give it, does it say what it must, and does it come in time. The first valid answer
//! to a question counts; later ones are kept and change nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::book::{Book, Life};
use super::candidate::{Candidate, digest};
use super::life::{Event, Refusal, State};
use crate::config::{Decision, ReasonCode};
use crate::log::{EntryKind, NewEntry};

/// The decision that nobody made: it took too long.
pub const EXPIRE: &str = "expire";

/// What somebody answers. Nobody is named in it: it lies in the store as the claim to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What tells it from others: given twice, it counts once.
    pub answer_id: String,
    /// The candidate.
    pub candidate_id: String,
    /// The question it answers; empty until it is judged.
    pub question: String,
    /// accept, deny, hold, confirm, approve or reject.
    pub decision: String,
    /// Who answers.
    pub by_key: String,
    /// Whether HR knows that person.
    pub is_known: bool,
    /// Who put it down, when that is somebody else.
    pub recorded_by_key: Option<String>,
    /// Why.
    pub reason_code: Option<String>,
    /// Of a hold the first day outside.
    pub expires_on: Option<NaiveDate>,
    /// The day it was given.
    pub on: NaiveDate,
    /// By which way it came.
    pub channel: String,
    /// The commitment to what was said with it.
    pub note_sha256: Option<String>,
}

/// What becomes of an answer that may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It is the first to this question.
    First(String),
    /// The question is settled, or went on: it is kept, and changes nothing.
    Late(String),
    /// It is on record, as this entry.
    Known(u64),
}

impl Answer {
    /// The id of an answer that came with none: what it says.
    pub fn id_of(words: &[&str]) -> String {
        let mut id = digest(words);
        id.truncate(20);
        id
    }

    /// Judges it.
    ///
    /// # Errors
    /// Why it cannot be given: nothing of it goes on record.
    pub fn judge(
        &self,
        book: &Book,
        candidate: Option<&Candidate>,
        codes: &[ReasonCode],
        today: NaiveDate,
    ) -> Result<Ruling, Refusal> {
        if let Some(seq) = book.answers.get(&self.answer_id) {
            return Ok(Ruling::Known(*seq));
        }
        let unknown = || Refusal::new("unknown_candidate", format!("no run proposed {}", self.candidate_id));
        let life = book.lives.get(&self.candidate_id).ok_or_else(unknown)?;
        let (decision, event) = self
            .decision()
            .ok_or_else(|| Refusal::new("unknown_decision", format!("`{}` is no decision", self.decision)))?;
        self.is_complete(decision, codes, today)?;
        let is_extension = life.state == State::Held && decision == Decision::Hold;
        match (candidate, is_extension) {
            (_, true) => self.may_extend(life, candidate)?,
            (Some(candidate), false) => self.may_answer(decision, life, candidate)?,
            (None, false) => {
                life.state.after(event)?;
                let message = "the newest run does not propose it any more: run it, and it is withdrawn";
                return Err(Refusal::new("not_proposed", message));
            }
        }
        // Whoever is entitled and too late is heard, and that is all.
        let is_passed = candidate.is_some_and(|candidate| !is_extension && self.is_passed(decision, life, candidate));
        match life.state.after(event) {
            Ok(_) if is_passed => Ok(Ruling::Late("the question went on to the next person".to_owned())),
            Ok(_) => Ok(Ruling::First(self.question_to(life))),
            Err(_) if life.decided.is_some() && !life.state.is_asked_for() => {
                Ok(Ruling::Late(format!("somebody answered before: it is {}", life.state)))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// The name of the question it answers. A hold is extended as often as it runs out: each time is another question.
    pub fn question_to(&self, life: &Life) -> String {
        match (self.decision.as_str(), &life.decided) {
            ("approve" | "reject", _) => life.check(),
            ("hold", Some(decided)) if life.state == State::Held => format!("hold-{}", decided.seq),
            _ => life.question(),
        }
    }

    /// What is decided, and what that is for the candidate.
    pub fn decision(&self) -> Option<(Decision, Event)> {
        use crate::config::Word;
        let decision = Decision::parse(&self.decision)?;
        Some((
            decision,
            match decision {
                Decision::Accept => Event::Accept,
                Decision::Deny => Event::Deny,
                Decision::Hold => Event::Hold,
                Decision::Confirm => Event::Confirm,
                Decision::Approve => Event::Approve,
                Decision::Reject => Event::Reject,
            },
        ))
    }

    fn is_complete(&self, decision: Decision, codes: &[ReasonCode], today: NaiveDate) -> Result<(), Refusal> {
        match &self.reason_code {
            None if decision.needs_reason() => {
                let message = format!("to {decision} needs a reason, a code of seeds/reason_codes.csv");
                return Err(Refusal::new("missing_reason", message));
            }
            Some(code) if !codes.is_empty() && !codes.iter().any(|known| known.code == *code) => {
                return Err(Refusal::new("unknown_reason_code", format!("`{code}` is not in seeds/reason_codes.csv")));
            }
            _ => {}
        }
        match (decision, self.expires_on) {
            (Decision::Hold, None) => Err(Refusal::new("missing_expiry", "a hold must say when it expires")),
            (Decision::Hold, Some(end)) if end <= today => {
                Err(Refusal::new("expiry_not_ahead", format!("the hold would end on {end}, and today is {today}")))
            }
            _ => Ok(()),
        }
    }

    fn may_answer(&self, decision: Decision, life: &Life, candidate: &Candidate) -> Result<(), Refusal> {
        if decision == Decision::Confirm {
            let message =
                "only the person whose seat it is can say that they need it; whoever decides can deny or hold";
            return match candidate.is_holder(&self.by_key) {
                true => Ok(()),
                false => Err(Refusal::new("not_the_holder", message)),
            };
        }
        if candidate.is_holder(&self.by_key) {
            return Err(Refusal::new("is_the_holder", "nobody decides about their own seat"));
        }
        let is_checking = matches!(decision, Decision::Approve | Decision::Reject);
        if is_checking {
            return self.may_check(life, candidate);
        }
        let is_asked =
            candidate.ladder.iter().any(|rung| rung.who.key == self.by_key) || life.asked_keys.contains(&self.by_key);
        if !is_asked {
            let message = "only whoever is asked may decide, or somebody above them who is asked next";
            return Err(Refusal::new("not_asked", message));
        }
        if decision == Decision::Accept && candidate.is_checker_required && !self.is_known {
            let message = "a second person must check this, so both must be persons that HR knows, no address alone";
            return Err(Refusal::new("not_a_person", message));
        }
        Ok(())
    }

    /// Checker, maker and holder are three persons.
    fn may_check(&self, life: &Life, candidate: &Candidate) -> Result<(), Refusal> {
        if !candidate.is_checker_required {
            return Err(Refusal::new("no_checker", "this needs no second person"));
        }
        let maker = life.decided.as_ref().filter(|decided| decided.event == Event::Accept);
        if maker.is_some_and(|maker| maker.key == self.by_key) {
            return Err(Refusal::new("is_the_maker", "whoever accepted cannot check it: a second person must"));
        }
        if !self.is_known {
            let message = "whoever checks must be a person that HR knows, no address alone";
            return Err(Refusal::new("not_a_person", message));
        }
        let mut may = candidate.ladder.iter().chain(&candidate.checkers);
        match may.any(|rung| rung.who.key == self.by_key) {
            true => Ok(()),
            false => {
                let message = "only somebody of the line of approvers, or who answers for the policy, may check";
                Err(Refusal::new("not_asked", message))
            }
        }
    }

    /// Of a candidate that is held nobody is asked any more: whoever held it, was asked, or would be.
    fn may_extend(&self, life: &Life, candidate: Option<&Candidate>) -> Result<(), Refusal> {
        let is_of_ladder = candidate.is_some_and(|c| c.ladder.iter().any(|rung| rung.who.key == self.by_key));
        let has_decided = life.decided.as_ref().is_some_and(|decided| decided.key == self.by_key);
        let is_holder = candidate.is_some_and(|c| c.is_holder(&self.by_key));
        if !is_holder && (is_of_ladder || has_decided || life.asked_keys.contains(&self.by_key)) {
            return Ok(());
        }
        Err(Refusal::new("not_asked", "only whoever set the hold, or was asked, may extend it or take it back"))
    }

    /// Whether the question went past whoever answers: those above may answer before they are asked, those below not any
    /// more.
    fn is_passed(&self, decision: Decision, life: &Life, candidate: &Candidate) -> bool {
        let decides = matches!(decision, Decision::Accept | Decision::Deny | Decision::Hold);
        let is_above = candidate.ladder.iter().any(|rung| rung.step >= life.step && rung.who.key == self.by_key);
        let is_asked = life.asked.as_ref().is_some_and(|asked| asked.key == self.by_key);
        decides && !is_above && !is_asked
    }

    /// Whether somebody may take a hold back before its end.
    ///
    /// # Errors
    /// Why not.
    pub fn may_release(&self, life: &Life, candidate: Option<&Candidate>, today: NaiveDate) -> Result<(), Refusal> {
        if life.state != State::Held || life.is_released || life.held_until.is_some_and(|end| end <= today) {
            return Err(Refusal::new("not_held", "no hold of it is in force"));
        }
        self.may_extend(life, candidate)
    }

    /// The entry that puts it on record: as an answer that counts, or as a late one.
    pub fn entry(&self, at: DateTime<Utc>, life: &Life, counts: bool, evidence_sha256: Option<&str>) -> NewEntry {
        let kind = match self.decision().map(|(decision, _)| decision).filter(|_| counts) {
            None => EntryKind::DecisionLate,
            Some(Decision::Accept) => EntryKind::DecisionAccept,
            Some(Decision::Deny) => EntryKind::DecisionDeny,
            Some(Decision::Hold) => EntryKind::HoldSet,
            Some(Decision::Confirm) => EntryKind::DecisionSelfConfirm,
            Some(Decision::Approve) => EntryKind::CheckerApprove,
            Some(Decision::Reject) => EntryKind::CheckerReject,
        };
        let mut detail = json!({
            "candidate_id": self.candidate_id,
            "sku_id": life.sku_id,
            "action": life.action,
            "step": life.step,
            "question": self.question,
            "channel": self.channel,
            "answer_id": self.answer_id,
            "on": self.on,
        });
        let more = [
            ("reason_code", self.reason_code.clone()),
            ("effective_from", (kind == EntryKind::HoldSet).then(|| self.on.to_string())),
            ("expires_on", self.expires_on.map(|day| day.to_string())),
            ("confirmed_on", (kind == EntryKind::DecisionSelfConfirm).then(|| self.on.to_string())),
            ("decision", (kind == EntryKind::DecisionLate).then(|| self.decision.clone())),
        ];
        if let Some(detail) = detail.as_object_mut() {
            detail.extend(more.into_iter().filter_map(|(name, said)| Some((name.to_owned(), said?.into()))));
        }
        let (actor, on_behalf_of) = match &self.recorded_by_key {
            Some(recorder) if *recorder != self.by_key => (recorder.clone(), Some(self.by_key.clone())),
            _ => (self.by_key.clone(), None),
        };
        let entry = NewEntry {
            on_behalf_of,
            subject_key: Some(life.account_key.clone()),
            app_id: Some(life.app_id.clone()),
            policy_version: Some(life.policy_version.clone()),
            evidence_sha256: evidence_sha256.map(str::to_owned),
            ..NewEntry::new(at, kind, actor, detail)
        };
        entry.with_note(self.note_sha256.as_deref())
    }

    /// The entry that its claim is owed: it was the first to its question, so it counts, unless the question is gone.
    pub fn claimed(&self, at: DateTime<Utc>, life: &Life) -> NewEntry {
        let stands = self.stands(life);
        if self.decision == EXPIRE && stands && life.state.is_asked_for() {
            let due_on = life.asked.as_ref().map(|asked| asked.due_on);
            let detail = json!({
                "candidate_id": life.candidate_id,
                "sku_id": life.sku_id,
                "action": life.action,
                "question": self.question,
                "answer_id": self.answer_id,
                "due_on": due_on,
                "channel": self.channel,
            });
            return NewEntry {
                subject_key: Some(life.account_key.clone()),
                app_id: Some(life.app_id.clone()),
                policy_version: Some(life.policy_version.clone()),
                ..NewEntry::new(at, EntryKind::CandidateExpired, self.by_key.clone(), detail)
            };
        }
        let counts = stands && self.decision().is_some_and(|(_, event)| life.state.after(event).is_ok());
        let mut entry = self.entry(at, life, counts, None);
        if let Some(detail) = entry.detail.as_object_mut() {
            detail.insert("is_claim".to_owned(), true.into());
        }
        entry
    }

    /// Whether the question that it answers is still the one that is asked.
    fn stands(&self, life: &Life) -> bool {
        self.question == self.question_to(life)
    }
}

/// The entries that claims are owed for which there is none, each answer once: what was given again when its question was
/// gone claims two, and the one that stands is heard.
pub fn owed(claims: &[Answer], book: &Book, at: DateTime<Utc>) -> Vec<NewEntry> {
    let lives = claims.iter().filter_map(|answer| Some((answer, book.lives.get(&answer.candidate_id)?)));
    let mut owed: Vec<(&Answer, &Life)> = lives.filter(|(a, life)| !life.answered.contains(&a.question)).collect();
    owed.sort_by_key(|(answer, life)| !answer.stands(life));
    let mut known: BTreeSet<&str> = book.answers.keys().map(String::as_str).collect();
    owed.retain(|(answer, _)| known.insert(&answer.answer_id));
    owed.into_iter().map(|(answer, life)| answer.claimed(at, life)).collect()
}
