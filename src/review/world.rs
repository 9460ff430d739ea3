//! A small world to review: people, candidates, a log, days that pass.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use serde_json::{Value, json};

use super::*;
use crate::config::{AppRails, Decision, Mode, OnNoResponse, Rails, ReasonCode};
use crate::log::{Entry, EntryKind, NewEntry};

/// The first day.
pub fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

/// The world as it stands.
#[derive(Clone)]
pub struct World {
    pub entries: Vec<Entry>,
    pub candidates: Vec<Candidate>,
    pub claims: BTreeMap<(String, String), Answer>,
    pub rails: Rails,
    pub run: u64,
    pub day: NaiveDate,
    pub is_stopped: bool,
}

pub fn who(key: &str) -> Who {
    Who { key: key.to_owned(), is_known: !key.contains('@') }
}

pub fn rung(step: u32, key: &str) -> Rung {
    Rung { step, who: who(key), address: Some(format!("{key}@northwind.example")) }
}

/// A seat of ada's, decided by mia, then max, then the board, then whoever owns the app.
pub fn candidate(n: usize) -> Candidate {
    Candidate {
        candidate_id: format!("c-{n:020}"),
        app_id: "figma".to_owned(),
        account_key: format!("account-{n}"),
        sku_id: "FIG-PRO".to_owned(),
        action: "reclaim".to_owned(),
        target_sku_id: None,
        policy_version: "2026-01".to_owned(),
        mode: Mode::Enforce,
        reason: "inactive".to_owned(),
        episode_from: first(),
        due_on: first() + Days::new(14),
        on_no_response: OnNoResponse::Escalate,
        is_checker_required: false,
        holder: Some(who("ada")),
        holder_address: Some("ada@northwind.example".to_owned()),
        ladder: vec![rung(0, "mia"), rung(1, "max"), rung(2, "board"), rung(3, "owner")],
        checkers: vec![rung(4, "policy-owner")],
    }
}

impl World {
    /// A world of some candidates, opened by its first run.
    pub fn of(candidates: Vec<Candidate>) -> Self {
        let mut world = Self {
            entries: Vec::new(),
            candidates: Vec::new(),
            claims: BTreeMap::new(),
            rails: Rails { standard: AppRails { least: 1000, small_limit: 1000, ..AppRails::default() }, ..wide() },
            run: 0,
            day: first(),
            is_stopped: false,
        };
        world.run_with(candidates);
        world
    }

    /// A run that proposes these: what is new is opened, what is gone and not decided is withdrawn.
    pub fn run_with(&mut self, candidates: Vec<Candidate>) {
        self.run += 1;
        let book = self.book();
        let is_proposed = |life: &Life| candidates.iter().any(|c| c.candidate_id == life.candidate_id);
        let gone = book.lives.values().filter(|l| matches!(l.state, State::Open | State::Notified) && !is_proposed(l));
        for life in gone {
            self.tell(EntryKind::CandidateWithdrawn, &life.candidate_id, json!({ "reason": "activity" }));
        }
        for candidate in &candidates {
            let life = book.lives.get(&candidate.candidate_id);
            if life.is_none_or(|life| life.state == State::Withdrawn) {
                self.open(candidate);
            }
        }
        self.candidates = candidates;
        self.say(EntryKind::EvaluationCompleted, "job", json!({ "run": self.run }));
    }

    pub fn open(&mut self, candidate: &Candidate) {
        let detail = json!({ "candidate_id": candidate.candidate_id, "sku_id": candidate.sku_id,
                             "action": candidate.action, "run": self.run });
        let entry = NewEntry {
            subject_key: Some(candidate.account_key.clone()),
            app_id: Some(candidate.app_id.clone()),
            policy_version: Some(candidate.policy_version.clone()),
            ..NewEntry::new(self.now(), EntryKind::CandidateOpened, "job", detail)
        };
        self.append(entry);
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.day.and_time(NaiveTime::MIN).and_utc()
    }

    pub fn pass(&mut self, days: u64) {
        self.day = self.day + Days::new(days);
    }

    pub fn append(&mut self, new: NewEntry) {
        let payload = json!({ "detail": new.detail }).to_string();
        self.entries.push(Entry {
            seq: self.entries.len() as u64,
            at: new.at,
            kind: new.kind,
            actor: new.actor,
            on_behalf_of: new.on_behalf_of,
            subject_key: new.subject_key,
            app_id: new.app_id,
            policy_version: new.policy_version,
            evidence_sha256: new.evidence_sha256,
            payload,
            prev_hash: String::new(),
            entry_hash: String::new(),
        });
    }

    pub fn say(&mut self, kind: EntryKind, actor: &str, detail: Value) {
        self.append(NewEntry::new(self.now(), kind, actor, detail));
    }

    pub fn tell(&mut self, kind: EntryKind, candidate_id: &str, mut detail: Value) {
        detail["candidate_id"] = candidate_id.into();
        self.say(kind, "job", detail);
    }

    pub fn book(&self) -> Book {
        Book::of(&self.entries)
    }

    pub fn state(&self, n: usize) -> State {
        self.book().lives[&candidate(n).candidate_id].state
    }

    /// What is due, in words.
    pub fn due(&self) -> Vec<String> {
        let book = self.book();
        let situation = self.situation(&book);
        let plan = situation.plan();
        let due = plan.steps.iter().map(|step| match step {
            Step::Ask { audience, key, step, due_on, why, .. } => {
                format!("{why:?} {} {key} {step} {}", audience.as_str(), (*due_on - first()).num_days())
            }
            Step::Expire(_) => "expire".to_owned(),
            Step::Assume(_) => "assume".to_owned(),
            Step::Export(c) => format!("export {}", c.candidate_id.trim_start_matches("c-").trim_start_matches('0')),
            Step::Withdraw(_) => "withdraw".to_owned(),
        });
        due.chain(plan.kept.values().map(|why| format!("waits: {}", why.as_str()))).collect()
    }

    pub fn situation<'a>(&'a self, book: &'a Book) -> Situation<'a> {
        Situation {
            run: self.run,
            day: self.day,
            now: self.now(),
            candidates: &self.candidates,
            book,
            rails: &self.rails,
            is_stopped: self.is_stopped,
        }
    }

    /// Does what is due, once, as the job does.
    pub fn review(&mut self) -> Vec<String> {
        let book = self.book();
        let world = self.clone();
        let plan = world.situation(&book).plan();
        let mut sent = Vec::new();
        for step in &plan.steps {
            let key = step.key(&book).unwrap_or_default();
            match step {
                Step::Ask { candidate, audience, key: who, step, due_on, why, .. } => {
                    let kind = match why {
                        Why::Escalation => EntryKind::EscalationStep,
                        _ => EntryKind::NotifySent,
                    };
                    let detail = json!({ "audience": audience.as_str(), "approver_key": who, "step": step,
                                         "due_on": due_on, "on": self.day, "key": key });
                    self.tell(kind, &candidate.candidate_id, detail);
                }
                Step::Export(candidate) => {
                    self.tell(EntryKind::ExportCreated, &candidate.candidate_id, json!({ "key": key }));
                }
                Step::Expire(candidate) => {
                    let question = book.lives[&candidate.candidate_id].question();
                    self.tell(EntryKind::CandidateExpired, &candidate.candidate_id, json!({ "question": question }));
                }
                Step::Assume(candidate) => {
                    let question = book.lives[&candidate.candidate_id].question();
                    let detail = json!({ "question": question, "channel": "policy" });
                    self.tell(EntryKind::DecisionAccept, &candidate.candidate_id, detail);
                }
                Step::Withdraw(life) => {
                    self.tell(EntryKind::CandidateWithdrawn, &life.candidate_id, json!({}));
                }
            }
            sent.extend((!key.is_empty()).then_some(key));
        }
        sent
    }

    /// An answer of somebody to a candidate.
    pub fn answer(&self, n: usize, decision: Decision, by: &str) -> Answer {
        let until = (decision == Decision::Hold).then(|| self.day + Days::new(30));
        let reason = decision.needs_reason().then(|| "busy_season".to_owned());
        let words = [&candidate(n).candidate_id, decision.as_str(), by, &self.day.to_string()];
        Answer {
            answer_id: Answer::id_of(&words),
            candidate_id: candidate(n).candidate_id,
            question: String::new(),
            decision: decision.as_str().to_owned(),
            by_key: by.to_owned(),
            is_known: who(by).is_known,
            recorded_by_key: None,
            reason_code: reason,
            expires_on: until,
            on: self.day,
            channel: "cli".to_owned(),
            note_sha256: None,
        }
    }

    pub fn judge(&self, answer: &Answer) -> Result<Ruling, Refusal> {
        let codes = [ReasonCode { code: "busy_season".into(), meaning: String::new(), kind: String::new() }];
        let candidate = self.candidates.iter().find(|c| c.candidate_id == answer.candidate_id);
        answer.judge(&self.book(), candidate, &codes, self.day)
    }

    /// Judges an answer, claims what it answers, and puts it on record, as the job does.
    pub fn give(&mut self, mut answer: Answer) -> Result<Ruling, Refusal> {
        let ruling = self.judge(&answer)?;
        let book = self.book();
        let life = &book.lives[&answer.candidate_id];
        let counts = match &ruling {
            Ruling::Known(_) => return Ok(ruling),
            Ruling::Late(_) => {
                answer.question = answer.question_to(life);
                false
            }
            Ruling::First(question) => {
                answer.question = question.clone();
                let place = (answer.candidate_id.clone(), question.clone());
                self.claims.entry(place).or_insert_with(|| answer.clone()).answer_id == answer.answer_id
            }
        };
        let entry = answer.entry(self.now(), life, counts, None);
        self.append(entry);
        Ok(ruling)
    }

    pub fn decide(&mut self, n: usize, decision: Decision, by: &str) -> Result<Ruling, Refusal> {
        self.give(self.answer(n, decision, by))
    }
}

/// Limits that a small world does not meet.
fn wide() -> Rails {
    Rails {
        organisation_share: 1.into(),
        organisation_limit: 1_000_000,
        manager_limit: 1_000_000,
        terminations_share: 1.into(),
        terminations_limit: 1_000_000,
        ..Rails::default()
    }
}
