//! What is due: a pure function of the candidates of the newest run, the log, the limits and the day. Doing it is for
//! others; asked again after it was done, it asks for nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::book::{Book, Life};
use super::candidate::{Candidate, digest};
use super::life::State;
use super::people::Rung;
use super::rails;
use crate::config::{OnNoResponse, Rails};

/// The last step of the ladder: the owner of the app.
pub const LAST_STEP: u32 = 3;

/// What the plan is made of.
pub struct Situation<'a> {
    /// The newest run.
    pub run: u64,
    /// The day it speaks for.
    pub day: NaiveDate,
    /// The instant at which words to let a batch go are counted.
    pub now: DateTime<Utc>,
    /// What the run proposes.
    pub candidates: &'a [Candidate],
    /// What the log says.
    pub book: &'a Book,
    /// The limits of the project.
    pub rails: &'a Rails,
    /// Whether the kill switch is set.
    pub is_stopped: bool,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Whoever decides.
    Approver,
    /// The user of the seat.
    User,
    /// A second person, who is to check.
    Checker,
}

impl Audience {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::User => "user",
            Self::Checker => "checker",
        }
    }
}

/// One thing that is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<'a> {
    /// Somebody is asked, told or reminded.
    Ask {
        /// What about.
        candidate: &'a Candidate,
        /// Who.
        audience: Audience,
        /// The key of who.
        key: String,
        /// Where.
        address: Option<String>,
        /// How far up the question is.
        step: u32,
        /// The day the answer is due.
        due_on: NaiveDate,
        /// Why now.
        why: Why,
    },
    /// Nobody answered, and the seat is kept.
    Expire(&'a Candidate),
    /// Nobody answered, and the policy takes that for a yes.
    Assume(&'a Candidate),
    /// The action goes out.
    Export(&'a Candidate),
    /// It was granted, and the run does not propose it any more.
    Withdraw(&'a Life),
}

/// Why somebody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// For the first time.
    First,
    /// Half of the time is over.
    Reminder,
    /// The one before did not answer.
    Escalation,
}

/// What keeps something that is due from happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// The kill switch.
    Stopped,
    /// A freeze of the project.
    Frozen,
    /// A limit on new candidates.
    Breaker,
    /// Its policy has no such effect.
    Mode,
    /// The roll-out has not come this far.
    Ring,
    /// A second person has not agreed yet.
    Unchecked,
    /// There is nobody who could be asked.
    Nobody,
}

impl Obstacle {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Frozen => "frozen",
            Self::Breaker => "breaker",
            Self::Mode => "mode",
            Self::Ring => "ring",
            Self::Unchecked => "unchecked",
            Self::Nobody => "nobody",
        }
    }
}

/// What is due, and what would be if nothing were in its way.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// What is due.
    pub steps: Vec<Step<'a>>,
    /// Candidates with which something would happen, and what keeps it.
    pub kept: BTreeMap<&'a str, Obstacle>,
}

impl<'a> Situation<'a> {
    /// Makes the plan: by app and candidate, the same one for the same situation.
    pub fn plan(&self) -> Plan<'a> {
        let mut plan = Plan::default();
        // Of what nobody decided the run says itself that it is none any more.
        let proposed: BTreeSet<&str> = self.candidates.iter().map(|c| c.candidate_id.as_str()).collect();
        let granted = self.book.lives.values().filter(|life| life.state.is_granted());
        let is_gone = |life: &&Life| !proposed.contains(life.candidate_id.as_str());
        plan.steps.extend(granted.filter(is_gone).map(Step::Withdraw));
        let ringed = self.ringed();
        for candidate in self.candidates {
            // A candidate that is not on record yet is none.
            let Some(life) = self.book.lives.get(&candidate.candidate_id) else { continue };
            let (due, is_export) = match self.due(candidate, life) {
                Due::Nothing => continue,
                Due::Kept(obstacle) => {
                    plan.kept.insert(&candidate.candidate_id, obstacle);
                    continue;
                }
                Due::Steps(steps) => (steps, false),
                Due::Export => (vec![Step::Export(candidate)], true),
            };
            match self.obstacle(candidate, is_export, &ringed) {
                Some(obstacle) if !due.is_empty() => drop(plan.kept.insert(&candidate.candidate_id, obstacle)),
                _ => plan.steps.extend(due),
            }
        }
        plan
    }

    fn due(&self, candidate: &'a Candidate, life: &Life) -> Due<'a> {
        if life.state.is_granted() {
            return match candidate.is_checker_required && life.state != State::Approved {
                true => self
                    .ask_checker(candidate, life)
                    .map_or(Due::Kept(Obstacle::Unchecked), |ask| Due::Steps(vec![ask])),
                false => Due::Export,
            };
        }
        if !life.state.is_asked_for() {
            return Due::Nothing;
        }
        let Some(asked) = &life.asked else {
            let Some(rung) = candidate.rung(life.step) else { return Due::Kept(Obstacle::Nobody) };
            let due_on = self.due_on(candidate);
            let mut steps = vec![ask(candidate, rung, Audience::Approver, due_on, Why::First)];
            steps.extend(self.tell_holder(candidate, life, due_on));
            return Due::Steps(steps);
        };
        if self.day >= asked.due_on {
            return Due::Steps(self.when_overdue(candidate, life));
        }
        let mut steps = Vec::new();
        let half = asked.on + Days::new(u64::try_from((asked.due_on - asked.on).num_days()).unwrap_or_default() / 2);
        let rung = candidate.ladder.iter().find(|rung| rung.who.key == asked.key);
        if let Some(rung) = rung
            && !asked.is_reminded
            && self.day >= half
            && self.day > asked.on
        {
            let rung = Rung { step: life.step, ..rung.clone() };
            steps.push(ask(candidate, &rung, Audience::Approver, asked.due_on, Why::Reminder));
        }
        steps.extend(self.tell_holder(candidate, life, asked.due_on));
        Due::Steps(steps)
    }

    fn when_overdue(&self, candidate: &'a Candidate, life: &Life) -> Vec<Step<'a>> {
        match candidate.on_no_response {
            OnNoResponse::Keep => vec![Step::Expire(candidate)],
            OnNoResponse::Approve => vec![Step::Assume(candidate)],
            OnNoResponse::Escalate => {
                let is_next = |rung: &&Rung| {
                    rung.step > life.step && rung.address.is_some() && !life.asked_keys.contains(&rung.who.key)
                };
                match candidate.ladder.iter().filter(is_next).min_by_key(|rung| rung.step) {
                    Some(rung) => {
                        let due_on = self.day + Days::new(candidate.window_days());
                        vec![ask(candidate, rung, Audience::Approver, due_on, Why::Escalation)]
                    }
                    // Even the owner of the app did not answer: nothing happens to the seat.
                    None => vec![Step::Expire(candidate)],
                }
            }
        }
    }

    /// The first above the maker who may check.
    fn ask_checker(&self, candidate: &'a Candidate, life: &Life) -> Option<Step<'a>> {
        let maker = life.decided.as_ref().map_or("", |decided| &decided.key);
        let may = |rung: &&Rung| {
            let who = &rung.who;
            who.is_known && rung.address.is_some() && who.key != maker && !candidate.is_holder(&who.key)
        };
        let above = candidate.ladder.iter().filter(|rung| rung.step > life.step);
        let others = candidate.ladder.iter().filter(|rung| rung.step <= life.step);
        let rung = above.chain(&candidate.checkers).chain(others).find(may).filter(|_| !life.is_checker_asked)?;
        let due_on = self.day + Days::new(candidate.window_days());
        Some(ask(candidate, rung, Audience::Checker, due_on, Why::First))
    }

    /// The day the policy says, unless less than half of the time is left of it.
    fn due_on(&self, candidate: &Candidate) -> NaiveDate {
        let window = candidate.window_days();
        let half = self.day + Days::new(window.div_ceil(2));
        if candidate.due_on >= half { candidate.due_on } else { self.day + Days::new(window) }
    }

    fn tell_holder(&self, candidate: &'a Candidate, life: &Life, due_on: NaiveDate) -> Option<Step<'a>> {
        let holder = candidate.holder.as_ref().filter(|_| candidate.asks_holder() && !life.is_holder_told)?;
        Some(Step::Ask {
            candidate,
            audience: Audience::User,
            key: holder.key.clone(),
            address: candidate.holder_address.clone(),
            step: life.step,
            due_on,
            why: Why::First,
        })
    }

    fn obstacle(&self, candidate: &Candidate, is_export: bool, ringed: &BTreeMap<&str, bool>) -> Option<Obstacle> {
        let is_allowed = if is_export { candidate.may_export() } else { candidate.may_notify() };
        if !is_allowed {
            return Some(Obstacle::Mode);
        }
        if self.is_stopped {
            return Some(Obstacle::Stopped);
        }
        if self.rails.frozen(&candidate.app_id, self.day).is_some() {
            return Some(Obstacle::Frozen);
        }
        if rails::held(candidate, self.book, self.now).is_some() {
            return Some(Obstacle::Breaker);
        }
        let is_in_ring = ringed.get(candidate.candidate_id.as_str()).copied().unwrap_or_default();
        (is_export && !is_in_ring).then_some(Obstacle::Ring)
    }

    /// Which candidates the roll-out has come to: of each app and cycle the first by the hash of person, app and cycle,
    /// so that a wider ring holds the narrower one, and the same people are not always the first.
    fn ringed(&self) -> BTreeMap<&'a str, bool> {
        let mut groups: BTreeMap<(&str, String), Vec<(String, &'a str)>> = BTreeMap::new();
        for candidate in self.candidates {
            let cycle = candidate.episode_from.format("%Y-%m").to_string();
            let person = candidate.holder.as_ref().map_or(&candidate.account_key, |holder| &holder.key);
            let place = digest(&[person, &candidate.app_id, &cycle]);
            groups.entry((&candidate.app_id, cycle)).or_default().push((place, &candidate.candidate_id));
        }
        let mut ringed = BTreeMap::new();
        for ((app, _), mut group) in groups {
            group.sort();
            let width = (group.len() * self.rails.of(app).ring as usize).div_ceil(100);
            ringed.extend(group.into_iter().enumerate().map(|(at, (_, candidate))| (candidate, at < width)));
        }
        ringed
    }
}

/// What is due with one candidate.
enum Due<'a> {
    Nothing,
    Steps(Vec<Step<'a>>),
    Export,
    Kept(Obstacle),
}

fn ask<'a>(candidate: &'a Candidate, rung: &Rung, audience: Audience, due_on: NaiveDate, why: Why) -> Step<'a> {
    Step::Ask {
        candidate,
        audience,
        key: rung.who.key.clone(),
        address: rung.address.clone(),
        step: rung.step,
        due_on,
        why,
    }
}

impl Step<'_> {
    /// The key under which it goes outward once; none when it does not. What is asked in another round is another thing.
    pub fn key(&self, book: &Book) -> Option<String> {
        let life = |candidate: &Candidate| book.lives.get(&candidate.candidate_id);
        match self {
            Self::Ask { candidate, audience, key, step, why, .. } => {
                let round = life(candidate).map_or(0, |life| life.round).to_string();
                let is_reminder = if *why == Why::Reminder { "again" } else { "" };
                let (step, audience) = (step.to_string(), audience.as_str());
                Some(digest(&["ask", &candidate.candidate_id, &round, &step, audience, key, is_reminder]))
            }
            Self::Export(candidate) => Some(match life(candidate).map_or(0, |life| life.exports) {
                0 => candidate.idempotency_key(),
                n => digest(&["again", &candidate.idempotency_key(), &n.to_string()]),
            }),
            Self::Expire(_) | Self::Assume(_) | Self::Withdraw(_) => None,
        }
    }
}
