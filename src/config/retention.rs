//! `[retention]` of the project file: how long what is kept, and what is held whatever its age.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::NaiveDate;

use super::diagnostic::{Diagnostic, Problems};
use super::project::Project;
use super::section::Section;
use super::seeds::Seeds;

/// An app that the catalogue does not have.
const UNKNOWN_APP: &str = "SL0110";

/// How long what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Landed rows, days after their extract date; what was in force since then is kept longer.
    pub raw_days: u32,
    /// Tables of a run, days after it; the newest run is kept longer.
    pub tables_days: u32,
    /// Rows set apart at landing, days after it.
    pub quarantine_days: u32,
    /// Sealed snapshots and the log; nothing of this program deletes them, ever.
    pub snapshots_years: u32,
    /// What is kept whatever its age.
    pub holds: Vec<StoreHold>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 396, tables_days: 396, quarantine_days: 90, snapshots_years: 7, holds: Vec::new() }
    }
}

/// Files that are not deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHold {
    /// Which files.
    pub what: Held,
    /// Why, for whoever wonders.
    pub reason: String,
}

/// The files that a hold covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Every file.
    All,
    /// The files of one source, and the tables made of it.
    Source(String),
    /// What the seats of one app were judged by: the extracts of its feeds, and every table.
    App {
        /// The app.
        app_id: String,
        /// Source and stream of what its seats, signs of use and contracts rest on.
        feeds: BTreeSet<(String, String)>,
    },
    /// The files that speak for a day of this period, both ends included.
    Period(NaiveDate, NaiveDate),
}

/// An app that the project file names, and what to say when the catalogue does not have it.
pub(super) struct NamedApp {
    app_id: String,
    unknown: Diagnostic,
}

impl NamedApp {
    /// An app named at a place of a section.
    pub(super) fn new(section: &Section<'_>, place: Range<usize>, app_id: &str) -> Self {
        let message = format!("no app of seeds/apps.csv is called `{app_id}`");
        Self { app_id: app_id.to_owned(), unknown: section.at(UNKNOWN_APP, place, message) }
    }
}

/// Reads the section; the apps that its holds name come apart, for the catalogue is read later.
pub(super) fn read(section: &Section<'_>, sources: &[&str]) -> (Retention, Vec<NamedApp>) {
    section.only(&["raw_days", "tables_days", "quarantine_days", "snapshots_years", "hold"]);
    let (standard, mut apps) = (Retention::default(), Vec::new());
    let retention = Retention {
        raw_days: section.days("raw_days", 1).unwrap_or(standard.raw_days),
        tables_days: section.days("tables_days", 1).unwrap_or(standard.tables_days),
        quarantine_days: section.days("quarantine_days", 1).unwrap_or(standard.quarantine_days),
        snapshots_years: section
            .whole("snapshots_years", 1..=100)
            .and_then(|years| u32::try_from(years).ok())
            .unwrap_or(standard.snapshots_years),
        holds: section.sections("hold").iter().filter_map(|hold| read_hold(hold, sources, &mut apps)).collect(),
    };
    (retention, apps)
}

/// Lays the holds of apps to the feeds that the catalogue names; an app it does not have is reported, whoever named it.
pub(super) fn find_feeds(project: &mut Project, named: Vec<NamedApp>, seeds: &Seeds, problems: &Problems) {
    for NamedApp { app_id, unknown } in named {
        if seeds.app(&app_id).is_none() {
            problems.report(unknown.suggest(&app_id, seeds.apps.iter().map(|app| app.app_id.as_str())));
        }
    }
    for hold in &mut project.retention.holds {
        if let Held::App { app_id, feeds } = &mut hold.what {
            *feeds = seeds.app(app_id).map(|app| app.feeds(&project.sources)).unwrap_or_default();
        }
    }
}

/// `None`: it does not say what it holds.
fn read_hold(section: &Section<'_>, sources: &[&str], apps: &mut Vec<NamedApp>) -> Option<StoreHold> {
    section.only(&["all", "source", "app", "from", "to", "reason"]);
    section.need(&["reason"]);
    let reason = section.text("reason").unwrap_or_default();
    let has = |key: &str| section.has(key);
    let what = match (has("all"), has("source"), has("app"), has("from") || has("to")) {
        (true, false, false, false) => {
            if !section.flag("all")? {
                section.refuse("all", "a hold that holds nothing", "write all = true, or remove the hold");
            }
            Held::All
        }
        (false, true, false, false) => {
            let source = section.text("source")?;
            if !sources.contains(&source.as_str()) {
                section.refuse_word("source", &source, format!("no source is called `{source}`"), sources);
            }
            Held::Source(source)
        }
        (false, false, true, false) => {
            let app_id = section.text("app")?;
            apps.push(NamedApp::new(section, section.span_of("app"), &app_id));
            Held::App { app_id, feeds: BTreeSet::new() }
        }
        (false, false, false, true) => {
            section.need(&["from", "to"]);
            let (from, to) = (section.day("from")?, section.day("to")?);
            if to < from {
                section.refuse("to", format!("the hold ends before it begins on {from}"), "both ends are included");
            }
            Held::Period(from, to)
        }
        _ => {
            let key = ["source", "app"].into_iter().find(|key| has(key)).unwrap_or("reason");
            section.refuse(key, "a hold must say what it holds", "write all = true, or source, or app, or from and to");
            return None;
        }
    };
    Some(StoreHold { what, reason })
}
