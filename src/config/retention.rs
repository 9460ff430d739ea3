//! `[retention]` of the project file: how long what is kept, and what is held whatever its age.

use chrono::NaiveDate;

use super::section::Section;

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
    /// The files that speak for a day of this period, both ends included.
    Period(NaiveDate, NaiveDate),
}

pub(super) fn read(section: &Section<'_>, sources: &[&str]) -> Retention {
    section.only(&["raw_days", "tables_days", "quarantine_days", "snapshots_years", "hold"]);
    let standard = Retention::default();
    Retention {
        raw_days: section.days("raw_days", 1).unwrap_or(standard.raw_days),
        tables_days: section.days("tables_days", 1).unwrap_or(standard.tables_days),
        quarantine_days: section.days("quarantine_days", 1).unwrap_or(standard.quarantine_days),
        snapshots_years: section
            .whole("snapshots_years", 1..=100)
            .and_then(|years| u32::try_from(years).ok())
            .unwrap_or(standard.snapshots_years),
        holds: section.sections("hold").iter().filter_map(|hold| read_hold(hold, sources)).collect(),
    }
}

/// `None`: it does not say what it holds.
fn read_hold(section: &Section<'_>, sources: &[&str]) -> Option<StoreHold> {
    section.only(&["all", "source", "from", "to", "reason"]);
    section.need(&["reason"]);
    let reason = section.text("reason").unwrap_or_default();
    let has = |key: &str| section.has(key);
    let what = match (has("all"), has("source"), has("from") || has("to")) {
        (true, false, false) => {
            if !section.flag("all")? {
                section.refuse("all", "a hold that holds nothing", "write all = true, or remove the hold");
            }
            Held::All
        }
        (false, true, false) => {
            let source = section.text("source")?;
            if !sources.contains(&source.as_str()) {
                section.refuse_word("source", &source, format!("no source is called `{source}`"), sources);
            }
            Held::Source(source)
        }
        (false, false, true) => {
            section.need(&["from", "to"]);
            let (from, to) = (section.day("from")?, section.day("to")?);
            if to < from {
                section.refuse("to", format!("the hold ends before it begins on {from}"), "both ends are included");
            }
            Held::Period(from, to)
        }
        _ => {
            let key = if has("source") { "source" } else { "reason" };
            section.refuse(key, "a hold must say what it holds", "write all = true, or source, or from and to");
            return None;
        }
    };
    Some(StoreHold { what, reason })
}
