//! Layer 5: a whole company in the real formats, made from a seed. Same options, same bytes.

mod apps;
mod cases;
mod company;
mod hr;
mod itam;
mod log;
mod microsoft;
mod okta;
mod out;
mod project;
mod rng;
mod seats;
mod text;
mod vendors;

use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;

pub use cases::Case;

use crate::base::{Error, Result};
use out::{Job, Out};
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
}

impl DemoOptions {
    /// A company of 20,000 seats and 400 days that ends on a day.
    pub fn new(as_of: NaiveDate) -> Self {
        Self { seats: 20_000, days: 400, seed: 7, as_of }
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

/// Makes the project folder `dir`, which must be new or empty.
///
/// # Errors
/// A usage error when the folder holds something already or cannot be written.
pub fn write(dir: &Path, options: &DemoOptions) -> Result<DemoSummary> {
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::usage(format!("{} is not empty: name a new folder, or remove it", dir.display())));
    }
    let out = Out::new(dir);
    let calendar = Calendar::new(options.as_of);
    let days = options.days as Day;
    let mut people = company::people(options.seats * 10 / 22, days, options.seed);
    let mut seats = seats::seats(&people, days, options.seed);
    let by_chance = seats.len();
    let (cases, drops) = cases::add(&mut people, &mut seats);

    let monthly = landings(calendar, days, |_| true);
    let sparse = landings(calendar, days, |date| calendar.day(date) > -190 || date.month() % 3 == 1);
    let log = log::Log::new(&people, &seats, calendar);
    let vendors = vendors::Vendors { people: &people, seats: &seats, calendar };
    let mut jobs: Vec<Job<'_>> = Vec::new();
    jobs.extend(log.jobs(&out, days));
    jobs.extend(okta::jobs(&out, &people, &seats, calendar, &sparse, RECENT));
    jobs.extend(microsoft::jobs(&out, &people, &seats, calendar, &sparse, RECENT));
    jobs.extend(vendors.jobs(&out, &monthly, days));
    jobs.extend(hr::jobs(&out, &people, calendar, &monthly));
    jobs.extend(itam::jobs(&out, &people, &seats, calendar, &monthly, options.seed));
    jobs.into_par_iter().try_for_each(|job| job())?;
    project::write(&out, &people, &seats[..by_chance], calendar, &drops, options.seed)?;
    out.file("README.md", &readme(options, &cases))?;
    out.file("cases.csv", &case_table(&cases))?;

    let (files, bytes) = out.written();
    Ok(DemoSummary {
        people: people
            .iter()
            .filter(|p| !p.spells.is_empty() && p.start() <= 0 && p.end().is_none_or(|e| e >= 0))
            .count(),
        seats: seats.iter().filter(|s| s.stands(0)).count(),
        events: log.events(),
        files,
        bytes,
        cases,
    })
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
