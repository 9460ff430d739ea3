//! Layer 5: a whole company in the real formats, made from a seed. Same options, same bytes.

mod apps;
mod cases;
mod clauses;
mod company;
mod event;
mod hr;
mod itam;
pub mod live;
mod log;
mod microsoft;
mod okta;
mod out;
mod project;
mod rng;
mod roster;
mod seats;
mod text;
mod vendors;
mod volume;

use std::ops::RangeInclusive;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;

pub use cases::Case;
pub use log::LogOptions;
pub use out::Compression;

use crate::base::{Error, Result};
use company::Person;
use log::Log;
use out::{Job, Out};
use roster::Roster;
use text::{Calendar, Day, put};

/// What company to make.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// About how many seats it holds; never fewer than the seeded cases need.
    pub seats: usize,
    /// Days of history.
    pub days: u32,
    /// The seed of all chance.
    pub seed: u64,
    /// The last day.
    pub as_of: NaiveDate,
    /// Size and files of the Okta log.
    pub log: LogOptions,
}

impl DemoOptions {
    /// A company of 20,000 seats and 400 days that ends on a day.
    pub fn new(as_of: NaiveDate) -> Self {
        Self { seats: 20_000, days: 400, seed: 7, as_of, log: LogOptions::default() }
    }

    /// About how many people are at work.
    fn people(&self) -> usize {
        self.seats * 10 / 22
    }
}

/// What was made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DemoSummary {
    /// People at work on the last day.
    pub people: usize,
    /// Seats held on the last day.
    pub seats: usize,
    /// Events in the Okta log.
    pub events: u64,
    /// Files written.
    pub files: u64,
    /// Their bytes on disk.
    pub bytes: u64,
    /// Accounts whose verdict is known beforehand.
    pub cases: Vec<Case>,
}

/// Landings on which the larger reports and group members are there.
const RECENT: usize = 4;

/// What the README of a company with APIs says beside the rest.
const LIVE: &str = "\n## APIs\n\nOf each `[source.live]` a server on this machine told what lies in `apis/`, as the vendor documents; what no API \
    can tell lies in `extracts/`.\nThe servers are gone when the command ends; `seatledger demo --live`, with the same options, starts them \
    again. `secrets/` opens nothing else.\n";

/// Makes the project folder `dir`, which must be new or empty.
///
/// # Errors
/// A usage error when the folder holds something already or cannot be written.
pub fn write(dir: &Path, options: &DemoOptions) -> Result<DemoSummary> {
    make(dir, options, None)
}

/// Makes the same company with APIs that tell what they can, at these doors. What they tell lies in `apis/`, and the
/// project file names them.
///
/// # Errors
/// As [`write`].
pub fn write_live(dir: &Path, options: &DemoOptions, doors: &live::Doors) -> Result<DemoSummary> {
    make(dir, options, Some(doors))
}

fn make(dir: &Path, options: &DemoOptions, doors: Option<&live::Doors>) -> Result<DemoSummary> {
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::usage(format!("{} is not empty: name a new folder, or remove it", dir.display())));
    }
    let calendar = Calendar::new(options.as_of);
    let out = if doors.is_some() { Out::new(dir).told(calendar) } else { Out::new(dir) };
    let days = options.days as Day;
    let mut people: Vec<Person> = company::people(options.people(), days, options.seed).collect();
    let mut chance = seats::Chance::new(days, options.seed);
    let mut seats = Vec::new();
    people.iter().enumerate().for_each(|(n, person)| chance.seats(person, n, &mut seats));
    seats.iter_mut().for_each(|seat| seat.name(&people[seat.person]));
    let by_chance = seats.len();
    let (cases, drops) = cases::add(&mut people, &mut seats);

    let monthly = landings(calendar, days, |_| true);
    let sparse = landings(calendar, days, |date| calendar.day(date) > -190 || date.month() % 3 == 1);
    let mut roster = Roster::default();
    roster.add(&people, &seats, 0);
    let log = Log::new(roster, calendar, days, options.seed, options.log);
    let vendors = vendors::Vendors { people: &people, seats: &seats, calendar };
    let mut jobs: Vec<Job<'_>> = Vec::new();
    jobs.extend(log.jobs(&out, 1 - days..=0));
    jobs.extend(okta::jobs(&out, &people, &seats, calendar, &sparse, RECENT));
    jobs.extend(microsoft::jobs(&out, &people, &seats, calendar, &sparse, RECENT));
    jobs.extend(vendors.jobs(&out, &monthly, days));
    jobs.extend(hr::jobs(&out, &people, calendar, &monthly));
    jobs.extend(itam::jobs(&out, &people, &seats, calendar, &monthly, options.seed));
    jobs.into_par_iter().try_for_each(|job| job())?;
    let held = project::Seats { all: &seats, by_chance: &seats[..by_chance] };
    project::write(&out, &people, held, calendar, &drops, options.seed)?;
    let mut readme = readme(options, &cases);
    match doors {
        None => out.file("seatledger.toml", project::PROJECT)?,
        Some(doors) => {
            out.file("seatledger.toml", doors.project(project::PROJECT))?;
            doors.secrets(&out, options.seed)?;
            readme.push_str(LIVE);
        }
    }
    out.file("README.md", readme)?;
    out.file("cases.csv", case_table(&cases))?;

    let ((people, seats), (files, bytes)) = (log.roster().totals(), out.written());
    Ok(DemoSummary { people, seats, events: log.written().events, files, bytes, cases })
}

/// What was made of a log.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LogSummary {
    /// People at work on the last day of the history.
    pub people: usize,
    /// Seats held on the last day of the history.
    pub seats: usize,
    /// Days made.
    pub days: usize,
    /// Events, each time they are told.
    pub events: u64,
    /// Events of them that are told again.
    pub repeats: u64,
    /// Files written.
    pub files: u64,
    /// Their bytes before compression.
    pub text_bytes: u64,
    /// Their bytes on disk.
    pub bytes: u64,
}

/// Makes in `dir`, beside other days that are there, only the Okta log of these days of the company's history, and a project file
/// that reads it. A day has the bytes that it has when all are made; memory is that of people and seats, some 80 bytes a
/// seat, whatever the number of events.
///
/// # Errors
/// A usage error when days are not of the history, or the folder cannot be written.
pub fn write_log(dir: &Path, options: &DemoOptions, days: RangeInclusive<NaiveDate>) -> Result<LogSummary> {
    let calendar = Calendar::new(options.as_of);
    let (first, last) = (calendar.day(*days.start()), calendar.day(*days.end()));
    if first > last || first < 1 - options.days as Day || last > 0 {
        return Err(Error::usage(format!(
            "{} to {} is not within the history: it has the days {} to {}",
            days.start(),
            days.end(),
            calendar.date(1 - options.days as Day),
            options.as_of
        )));
    }
    let out = Out::new(dir);
    let log = Log::new(roster(options), calendar, options.days as Day, options.seed, options.log);
    (first..=last).try_for_each(|day| log.clear(&out, day))?;
    log.jobs(&out, first..=last).into_par_iter().try_for_each(|job| job())?;
    let ((people, seats), (files, bytes), written) = (log.roster().totals(), out.written(), log.written());
    out.file("seatledger.toml", project::LOG_ONLY)?;
    let log::Written { events, repeats, text_bytes } = written;
    let days = (last - first + 1) as usize;
    Ok(LogSummary { people, seats, days, events, repeats, files, text_bytes, bytes })
}

/// The same people and seats as of the whole company, one person at a time.
fn roster(options: &DemoOptions) -> Roster {
    let days = options.days as Day;
    let mut roster = Roster::with_capacity(options.people() * 9 / 8, options.seats);
    let mut chance = seats::Chance::new(days, options.seed);
    let mut held = Vec::new();
    for (n, person) in company::people(options.people(), days, options.seed).enumerate() {
        held.clear();
        chance.seats(&person, n, &mut held);
        roster.add(std::slice::from_ref(&person), &held, n);
    }
    let (mut people, mut seats) = (Vec::new(), Vec::new());
    cases::add(&mut people, &mut seats);
    roster.add(&people, &seats, 0);
    roster
}

/// The days on which full feeds were collected: the first of all, the first of each wanted month, the as-of date.
fn landings(calendar: Calendar, days: Day, is_wanted: impl Fn(NaiveDate) -> bool) -> Vec<Day> {
    let firsts = (2 - days..0).filter(|day| calendar.date(*day).day() == 1 && is_wanted(calendar.date(*day)));
    std::iter::once(1 - days).chain(firsts).chain([0]).collect()
}

fn case_table(cases: &[Case]) -> String {
    let mut text = String::from("name,app_id,account_id,email,sku_id,verdict,reason,story\n");
    for c in cases {
        put!(
            text,
            "{},{},{},{},{},{},{},{}\n",
            c.name,
            c.app_id,
            text::Cell(&c.account_id),
            text::Cell(&c.email),
            c.sku_id,
            c.verdict,
            c.reason,
            text::Cell(c.story)
        );
    }
    text
}

fn readme(options: &DemoOptions, cases: &[Case]) -> String {
    let mut text = format!(
        "# Northwind\n\nA company that does not exist, made by `seatledger demo` (about {} seats, {} days up to {}, seed {}). The extracts\n\
         have the formats of the real systems; every name, address and id is invented. Nothing here acts: all policies are in shadow.\n\n\
         `seatledger.toml` the sources, `policies/` one file an app, `seeds/` the catalogue, `drops/` what people hand in,\n\
         `extracts/` what was collected.\n\n## Cases\n\nAccounts whose verdict is known beforehand (also in `cases.csv`). \
         `seatledger explain <app> <account>` shows why.\n\n| case | app | account | verdict, reason | what it shows |\n| --- | --- | --- | --- | --- |\n",
        options.seats, options.days, options.as_of, options.seed
    );
    for c in cases {
        put!(
            text,
            "| {} | {} | {} ({}) | {}, {} | {} |\n",
            c.name,
            c.app_id,
            c.account_id,
            c.email,
            c.verdict,
            c.reason,
            c.story
        );
    }
    text
}

#[cfg(test)]
mod tests;
