//! The circuit breaker: how much may become new at once. What is more is held as a whole until two persons let it go,
//! for a bad feed and a company that really shrank look alike to a program.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::batch::{Batch, Scope};
use super::book::Book;
use super::candidate::Candidate;
use crate::config::{AppRails, Rails};

/// Of fewer than so many, a share says nothing: [`AppRails::small_limit`] counts.
const FEW: u64 = 20;

/// What new candidates are held against: the last good state, so that half a feed cannot shrink it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    /// Seats by app.
    pub seats: BTreeMap<String, u64>,
    /// People that HR knew as not terminated.
    pub workers: u64,
    /// How many of those have been terminated since.
    pub terminated: u64,
}

/// A limit that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// What is held.
    pub scope: Scope,
    /// The limit: app, manager, organisation or terminations.
    pub rail: &'static str,
    /// How many there are.
    pub count: u64,
    /// How many there may be.
    pub limit: u64,
}

/// The limits that the new candidates of a run pass, one for each scope.
pub fn trips(
    candidates: &[Candidate],
    book: &Book,
    rails: &Rails,
    measures: &Measures,
    now: DateTime<Utc>,
) -> Vec<Trip> {
    let new: Vec<&Candidate> = candidates.iter().filter(|candidate| is_new(candidate, book)).collect();
    // Who let a batch go spoke of what was in it: only what came since counts.
    let count = |scope: &Scope| {
        let counted = new.iter().filter(|c| is_within(c, scope) && !is_let_go(c, scope, book, now));
        counted.count() as u64
    };
    let mut trips = Vec::new();
    let apps: BTreeSet<&str> = new.iter().map(|candidate| candidate.app_id.as_str()).collect();
    for app in apps {
        let scope = Scope::App(app.to_owned());
        let limit = limit_of_app(rails.of(app), measures.seats.get(app).copied().unwrap_or_default());
        let count = count(&scope);
        trips.extend((count > limit).then_some(Trip { scope, rail: "app", count, limit }));
    }
    let managers: BTreeSet<&str> = new.iter().filter_map(|c| Some(c.rung(0)?.who.key.as_str())).collect();
    for manager in managers {
        let (scope, limit) = (Scope::Manager(manager.to_owned()), u64::from(rails.manager_limit));
        let count = count(&scope);
        trips.extend((count > limit).then_some(Trip { scope, rail: "manager", count, limit }));
    }
    let few = rails.standard.small_limit;
    let (waiting, seats) = (count(&Scope::All), measures.seats.values().sum());
    let limit = limit_of_all(rails.organisation_share, rails.organisation_limit, few, seats);
    let left = limit_of_all(rails.terminations_share, rails.terminations_limit, few, measures.workers);
    // One batch holds everything, whichever limit is passed.
    if waiting > 0 && measures.terminated > left {
        let count = measures.terminated;
        trips.push(Trip { scope: Scope::All, rail: "terminations", count, limit: left });
    } else if waiting > limit {
        trips.push(Trip { scope: Scope::All, rail: "organisation", count: waiting, limit });
    }
    trips
}

/// The batch that holds a candidate of which nothing went outward yet.
pub fn held<'b>(candidate: &Candidate, book: &'b Book, now: DateTime<Utc>) -> Option<&'b Batch> {
    let opened = opened_run(candidate, book);
    let is_new = book.lives.get(&candidate.candidate_id).is_none_or(|life| life.is_new());
    let mut holding = book.batches.iter().filter(|batch| {
        is_new
            && opened <= batch.run
            && is_within(candidate, &batch.scope)
            && !is_let_go(candidate, &batch.scope, book, now)
    });
    holding.next_back()
}

/// Whether a run is a state to measure by, for what a scope is about: no limit held it, or people let it go.
pub fn is_good(book: &Book, run: u64, app_id: Option<&str>) -> bool {
    let concerns = |scope: &Scope| match scope {
        Scope::All => true,
        Scope::App(app) => app_id == Some(app),
        Scope::Manager(_) => false,
    };
    book.runs.contains(&run)
        && !book.batches.iter().any(|batch| batch.run == run && concerns(&batch.scope) && !batch.was_released())
}

fn is_new(candidate: &Candidate, book: &Book) -> bool {
    candidate.may_notify() && book.lives.get(&candidate.candidate_id).is_none_or(|life| life.is_new())
}

fn opened_run(candidate: &Candidate, book: &Book) -> u64 {
    book.lives.get(&candidate.candidate_id).map_or(u64::MAX, |life| life.opened_run)
}

fn is_within(candidate: &Candidate, scope: &Scope) -> bool {
    match scope {
        Scope::All => true,
        Scope::App(app) => candidate.app_id == *app,
        Scope::Manager(key) => candidate.rung(0).is_some_and(|rung| rung.who.key == *key),
    }
}

/// Whether two persons let a batch of the scope go in which the candidate was.
fn is_let_go(candidate: &Candidate, scope: &Scope, book: &Book, now: DateTime<Utc>) -> bool {
    let opened = opened_run(candidate, book);
    book.batches.iter().any(|batch| batch.scope == *scope && opened <= batch.run && batch.is_released(now))
}

fn limit_of_app(rails: &AppRails, seats: u64) -> u64 {
    if seats < FEW {
        return u64::from(rails.small_limit);
    }
    share_of(rails.share, seats).max(u64::from(rails.least))
}

/// A share of few would be none: so many are let pass.
fn limit_of_all(share: Decimal, limit: u32, few: u32, of: u64) -> u64 {
    share_of(share, of).min(u64::from(limit)).max(u64::from(few))
}

/// Whole ones: 5 % of 30 is one.
fn share_of(share: Decimal, of: u64) -> u64 {
    (share * Decimal::from(of)).floor().to_u64().unwrap_or_default()
}
