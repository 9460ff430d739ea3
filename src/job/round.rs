//! One review on its way: the plan is made, done and put on record, and made again until nothing is due.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Job;
use super::decide;
use super::entries::TRIES;
use super::facts::Facts;
use super::links::Giver;
use super::outward::{Ask, Links, Notice, Order, Outward, Sent};
use super::review::{Review, ReviewLine, ReviewOptions};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::log::{EntryKind, NewEntry};
use crate::review::{Audience, Batch, Book, Candidate, EXPIRE, Life, Situation, Step, Why};
use crate::store::{Key, RunId, canonical};

/// Whoever claimed something outward has so long to put it on record; then it is sent again, under the same key.
const PATIENCE_MINUTES: i64 = 15;
/// How often what follows from what was just done is looked for.
const ROUNDS: usize = 10;

/// Who claimed something outward, and when.
#[derive(Serialize, Deserialize)]
struct Claim {
    pub run_id: RunId,
    at: DateTime<Utc>,
}

/// One review on its way.
pub(super) struct Round<'a> {
    pub job: &'a Job,
    pub door: &'a dyn Outward,
    pub facts: &'a Facts,
    pub run: u64,
    pub day: AsOf,
    pub run_id: &'a RunId,
    pub actor: &'a str,
    pub giver: Giver,
    /// What was sent and may not be on record yet, by key.
    pub sent: BTreeMap<String, Sent>,
    /// What is not to be tried again: somebody else is at it, or it failed.
    pub left: BTreeSet<String>,
    pub review: Review,
}

impl Round<'_> {
    pub(super) async fn go(mut self, options: &ReviewOptions) -> Result<Review> {
        let (mut rounds, mut conflicts) = (0, 0);
        loop {
            let (version, book) = self.job.book().await?;
            let situation = Situation {
                run: self.run,
                day: self.day.day(),
                now: self.job.clock.now(),
                candidates: &self.facts.candidates,
                book: &book,
                rails: &self.job.config.project.rails,
                is_stopped: self.job.is_stopped().await?,
            };
            let plan = situation.plan();
            self.review.waiting.clear();
            plan.kept.values().for_each(|why| *self.review.waiting.entry(why.as_str()).or_default() += 1);
            self.review.held = held(&book, situation.now, self.run);
            if let Some(to) = &options.rehearse_to {
                self.rehearse(&plan.steps, &book, to).await?;
                return Ok(self.review);
            }
            let is_left = |step: &&Step<'_>| step.key(&book).is_none_or(|key| !self.left.contains(&key));
            let steps: Vec<&Step<'_>> = plan.steps.iter().filter(is_left).collect();
            if options.dry_run {
                for step in steps {
                    let would = self.would(step, &book).await;
                    self.review.lines.push(ReviewLine { ticket: would.unwrap_or_default(), ..line(step) });
                }
                return Ok(self.review);
            }
            let (mut lines, mut entries) = (Vec::new(), Vec::new());
            for (line, entry) in self.perform(&steps, &book).await? {
                lines.push(line);
                entries.push(entry);
            }
            if entries.is_empty() {
                return Ok(self.review);
            }
            if self.job.append_after(version, entries, self.run_id, &format!("review {}", rounds + conflicts)).await? {
                self.review.lines.extend(lines);
                rounds += 1;
            } else {
                conflicts += 1;
            }
            if conflicts > TRIES as usize {
                return Err(decide::busy());
            }
            if rounds == ROUNDS {
                return Err(Error::internal("a review that does not come to an end"));
            }
        }
    }

    /// Does what is due, and gives what is to be put on record of it.
    async fn perform(&mut self, steps: &[&Step<'_>], book: &Book) -> Result<Vec<(ReviewLine, NewEntry)>> {
        self.send(steps, book).await?;
        let mut done = Vec::new();
        for step in steps {
            let entry = match step {
                Step::Expire(candidate) => self.conclude(candidate, book, EXPIRE).await?,
                Step::Assume(candidate) => self.conclude(candidate, book, "accept").await?,
                Step::Withdraw(life) => Some(self.entry(
                    EntryKind::CandidateWithdrawn,
                    life,
                    json!({
                        "reason": "not_proposed",
                        "run": self.run,
                    }),
                )),
                Step::Ask { .. } | Step::Export(_) => self.entry_of_sent(step, book),
            };
            if let Some(entry) = entry {
                let ticket = step.key(book).and_then(|key| self.sent.get(&key)?.ticket.clone());
                done.push((ReviewLine { ticket: ticket.unwrap_or_default(), ..line(step) }, entry));
            }
        }
        Ok(done)
    }

    /// Answers an open question in place of whoever was asked, unless they were first.
    async fn conclude(&self, candidate: &Candidate, book: &Book, decision: &str) -> Result<Option<NewEntry>> {
        let Some(life) = book.lives.get(&candidate.candidate_id) else { return Ok(None) };
        let answer = decide::own_answer(candidate, life, decision, self.actor, self.day.day());
        let first = self.job.claim_answer(&answer).await?;
        Ok(Some(first.claimed(self.job.clock.now(), life)))
    }

    /// Claims and sends what goes outward, and remembers what came of it.
    async fn send(&mut self, steps: &[&Step<'_>], book: &Book) -> Result<()> {
        let (mut asks, mut notices, mut orders) = (Vec::new(), Vec::new(), Vec::new());
        let mut links = Links::new();
        for step in steps {
            let Some(key) = step.key(book).filter(|key| !self.sent.contains_key(key)) else { continue };
            if !self.claim(&key).await? {
                self.left.insert(key);
            } else {
                if let Step::Ask { audience, .. } = step
                    && self.door.brings_links(*audience)
                    && let Some(link) = self.giver.give(self.job, self.facts, step).await?
                {
                    links.insert(key.clone(), link);
                }
                match self.thing(step, &key) {
                    Thing::Ask(ask) => asks.push(*ask),
                    Thing::Notice(notice) => notices.push(notice),
                    Thing::Order(order) => orders.push(*order),
                    Thing::Nothing => {}
                }
            }
        }
        // The switch may have been set since the plan was made.
        if (asks.len() + notices.len() + orders.len()) == 0 || self.job.is_stopped().await? {
            asks.iter()
                .map(|ask| &ask.key)
                .chain(notices.iter().map(|n| &n.key))
                .chain(orders.iter().map(|o| &o.key))
                .for_each(|key| self.left.extend([key.clone()]));
            return Ok(());
        }
        let sent = if asks.is_empty() { Vec::new() } else { self.door.ask(&asks, &links).await };
        self.remember(asks.into_iter().map(|ask| (ask.key, ask.candidate_id)), sent);
        let sent = if notices.is_empty() { Vec::new() } else { self.door.tell(&notices, &links).await };
        self.remember(notices.into_iter().map(|notice| (notice.key, notice.candidate_id)), sent);
        let sent = if orders.is_empty() { Vec::new() } else { self.door.order(&orders).await };
        self.remember(orders.into_iter().map(|order| (order.key, order.candidate_id)), sent);
        Ok(())
    }

    fn remember(&mut self, things: impl Iterator<Item = (String, String)>, sent: Vec<Result<Sent>>) {
        for ((key, candidate_id), sent) in things.zip(sent) {
            match sent {
                Ok(sent) => drop(self.sent.insert(key, sent)),
                Err(error) => {
                    self.review.failed.push(format!("{candidate_id}: {error}"));
                    self.left.insert(key);
                }
            }
        }
    }

    /// Whether something outward is this review's to send: nobody claimed it, or whoever did is gone.
    async fn claim(&self, key: &str) -> Result<bool> {
        let now = self.job.clock.now();
        let own = Claim { run_id: self.run_id.clone(), at: now };
        let first = self.job.store.claim(&Key::Outward { key: key.to_owned() }, &canonical(&own)?.into()).await?;
        let first: Claim =
            serde_json::from_slice(&first).context(ErrorKind::Evidence, format!("the claim of {key}"))?;
        Ok(first.run_id == *self.run_id || now - first.at >= Duration::minutes(PATIENCE_MINUTES))
    }

    fn thing(&self, step: &Step<'_>, key: &str) -> Thing {
        match step {
            Step::Ask { candidate, audience, address: Some(to), step, due_on, why, .. } => match audience {
                Audience::User => Thing::Notice(self.facts.notice(candidate, key, self.run, to, *due_on)),
                _ => {
                    let is_reminder = *why == Why::Reminder;
                    let (facts, run) = (self.facts, self.run);
                    Thing::Ask(Box::new(facts.ask(candidate, key, run, *audience, to, *step, *due_on, is_reminder)))
                }
            },
            Step::Export(candidate) => Thing::Order(Box::new(self.facts.order(candidate, key, self.run))),
            _ => Thing::Nothing,
        }
    }

    /// What an action would do, said by whoever would carry it out.
    async fn would(&mut self, step: &Step<'_>, book: &Book) -> Option<String> {
        let (Step::Export(candidate), key) = (step, step.key(book)?) else { return None };
        match self.door.would(&self.facts.order(candidate, &key, self.run)).await? {
            Ok(would) => Some(would),
            Err(error) => {
                self.review.failed.push(format!("{}: {error}", candidate.candidate_id));
                None
            }
        }
    }

    /// The entry about something that went out.
    fn entry_of_sent(&self, step: &Step<'_>, book: &Book) -> Option<NewEntry> {
        let key = step.key(book)?;
        let sent = self.sent.get(&key)?;
        let day = self.day.day();
        match step {
            Step::Ask { candidate, audience, key: who, step, due_on, why, .. } => {
                let life = book.lives.get(&candidate.candidate_id)?;
                let kind = match why {
                    Why::Escalation => EntryKind::EscalationStep,
                    _ => EntryKind::NotifySent,
                };
                let detail = json!({
                    "audience": audience.as_str(),
                    "approver_key": who,
                    "step": step,
                    "due_on": due_on,
                    "on": day,
                    "channel": self.door.channel(),
                    "is_reminder": *why == Why::Reminder,
                    "ticket": sent.ticket,
                    "key": key,
                });
                Some(self.entry(kind, life, detail))
            }
            Step::Export(candidate) => {
                let life = book.lives.get(&candidate.candidate_id)?;
                let detail = json!({
                    "key": key,
                    "desk": sent.desk.unwrap_or_else(|| self.door.desk()),
                    "ticket": sent.ticket,
                    "batch": format!("{}/{}", self.run, candidate.app_id),
                    "target_sku_id": candidate.target_sku_id,
                    "on": day,
                });
                Some(self.entry(EntryKind::ExportCreated, life, detail))
            }
            _ => None,
        }
    }

    fn entry(&self, kind: EntryKind, life: &Life, mut detail: serde_json::Value) -> NewEntry {
        if let Some(detail) = detail.as_object_mut() {
            let own = [("candidate_id", &life.candidate_id), ("sku_id", &life.sku_id), ("action", &life.action)];
            detail.extend(own.map(|(name, said)| (name.to_owned(), said.clone().into())));
            detail.retain(|_, said| !said.is_null());
        }
        NewEntry {
            subject_key: Some(life.account_key.clone()),
            app_id: Some(life.app_id.clone()),
            policy_version: Some(life.policy_version.clone()),
            evidence_sha256: self.facts.evidence_sha256(&life.candidate_id),
            ..NewEntry::new(self.job.clock.now(), kind, self.actor, detail)
        }
    }

    /// Sends questions and notices to one address, and forgets it.
    async fn rehearse(&mut self, steps: &[Step<'_>], book: &Book, to: &str) -> Result<()> {
        let (mut asks, mut notices) = (Vec::new(), Vec::new());
        for step in steps {
            let Some(key) = step.key(book) else { continue };
            match self.thing(step, &crate::review::digest(&["rehearsal", &key])) {
                Thing::Ask(ask) => asks.push(Ask { to: to.to_owned(), is_rehearsal: true, ..*ask }),
                Thing::Notice(notice) => notices.push(Notice { to: to.to_owned(), is_rehearsal: true, ..notice }),
                Thing::Order(_) | Thing::Nothing => continue,
            }
            self.review.lines.push(ReviewLine { to: to.to_owned(), ..line(step) });
        }
        let mut sent = if asks.is_empty() { Vec::new() } else { self.door.ask(&asks, &Links::new()).await };
        sent.extend(if notices.is_empty() { Vec::new() } else { self.door.tell(&notices, &Links::new()).await });
        self.review.failed.extend(sent.into_iter().filter_map(|sent| Some(sent.err()?.to_string())));
        Ok(())
    }
}

/// What goes out by a door.
enum Thing {
    Ask(Box<Ask>),
    Notice(Notice),
    Order(Box<Order>),
    Nothing,
}

fn line(step: &Step<'_>) -> ReviewLine {
    match step {
        Step::Ask { candidate, audience, address, due_on, why, .. } => {
            let what = match (audience, why) {
                (Audience::User, _) => "tell",
                (Audience::Checker, _) => "check",
                (_, Why::First) => "ask",
                (_, Why::Reminder) => "remind",
                (_, Why::Escalation) => "escalate",
            };
            let to = address.clone().unwrap_or_default();
            ReviewLine { to, due_on: due_on.to_string(), ..ReviewLine::of(what, Some(candidate)) }
        }
        Step::Expire(candidate) => ReviewLine::of("expire", Some(candidate)),
        Step::Assume(candidate) => ReviewLine::of("accept", Some(candidate)),
        Step::Export(candidate) => ReviewLine::of("export", Some(candidate)),
        Step::Withdraw(life) => ReviewLine {
            candidate_id: life.candidate_id.clone(),
            app_id: life.app_id.clone(),
            action: life.action.clone(),
            ..ReviewLine::of("withdraw", None)
        },
    }
}

/// The batches of a run that a limit holds, with what to do.
fn held(book: &Book, now: DateTime<Utc>, run: u64) -> Vec<String> {
    let of_run = |batch: &&Batch| batch.run == run && !batch.is_released(now);
    let line = |batch: &Batch| {
        let said = match batch.approvers(now).len() {
            0 => "two different persons let it go",
            _ => "a second, different person lets it go",
        };
        format!(
            "batch {} is held by the limit `{}`: look at what it is made of (`seatledger review --dry-run`, the feeds of \
             the day); if it is right, {said} within 24 hours: `seatledger decide release {} --reason CODE`",
            batch.name, batch.rail, batch.name
        )
    };
    book.batches.iter().filter(of_run).map(line).collect()
}
