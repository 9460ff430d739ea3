//! Layer 1: the contract of every landed dataset and of every published table.
//!
//! A dataset is a table of fields: what the column is called here, where each source keeps it, how personal it is.
//! Only what is listed is ever read. For HR feeds that is a promise: pay and medical columns that lie in the same
//! tables cannot land, because no field names them.

mod atlassian;
mod bamboohr;
mod ecb;
mod field;
mod github;
mod grain;
mod horizon;
mod mapped;
mod microsoft365;
mod okta;
mod person;
mod salesforce;
mod servicenow;
pub mod sidecar;
mod slack;
mod terraform;
mod workday;
mod zoom;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};

pub use field::{Field, Pii, Rule, Type};
pub use grain::Grain;
pub use horizon::Horizon;
pub use person::{Person, without_texts};

/// The column that keeps what is new at a source: a JSON object by the source's names.
pub const EXTRA: &str = "extra";

/// How a stream grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Every extract holds everything; the newest complete one counts.
    Full,
    /// Extracts add events; what is committed stays.
    Events,
}

impl Feed {
    /// The word in tables: `full` or `events`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Events => "events",
        }
    }
}

/// What a stream is needed for; decides its freshness limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Workers, leaves, project assignments.
    Hr,
    /// Accounts and groups identity rests on.
    Directory,
    /// Sign-in events.
    Log,
    /// Who holds which seat.
    Assignment,
    /// A vendor's usage report.
    Report,
    /// Usage events or daily counters.
    Activity,
    /// Contracts and entitlements.
    Itam,
    /// Exchange rates.
    Fx,
    /// What infrastructure as code says there should be.
    Declared,
}

impl Role {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hr => "hr",
            Self::Directory => "directory",
            Self::Log => "log",
            Self::Assignment => "assignment",
            Self::Report => "report",
            Self::Activity => "activity",
            Self::Itam => "itam",
            Self::Fx => "fx",
            Self::Declared => "declared",
        }
    }
}

/// One stream of one kind of source.
#[derive(Debug, Clone, Copy)]
pub struct Dataset {
    /// The kind of source: okta, microsoft365, ...
    pub kind: &'static str,
    /// The stream: users, system_log, ...
    pub stream: &'static str,
    /// How it grows.
    pub feed: Feed,
    /// What it is needed for.
    pub role: Role,
    /// The columns that identify a row within a landing. Those that are not required may be null.
    pub key: &'static [&'static str],
    /// The column that names who a quarantined row was about.
    pub subject: &'static str,
    /// The day column that says for which day the extract speaks, where it is not the day of extraction.
    pub content_day: Option<&'static str>,
    /// The column that says when an event happened.
    pub event_at: Option<&'static str>,
    /// The columns.
    pub fields: &'static [Field],
}

impl Dataset {
    /// The name of its table below `raw` and `history`.
    pub fn table(&self) -> String {
        format!("{}_{}", self.kind, self.stream)
    }

    /// The place of a column among the fields.
    pub fn index(&self, column: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == column)
    }

    /// Whether columns that are new at the source are kept beside the fields, as one JSON text `extra`. Never of HR:
    /// only what is listed lands. Not of the System Log and the exchange rates, whose unknown parts are skipped unread,
    /// nor of Terraform, whose states hold secrets.
    pub fn keeps_extra(&self) -> bool {
        !matches!(self.role, Role::Hr | Role::Log | Role::Fx | Role::Declared)
    }

    /// The Arrow schema of its landed files: where a row comes from, then the fields, then `extra`; all nullable.
    pub fn arrow_schema(&self) -> SchemaRef {
        let origin = [
            ("source", Type::Text),
            ("stream", Type::Text),
            ("extract_date", Type::Date),
            ("landing", Type::Int),
            ("row_number", Type::Int),
        ];
        let extra = self.keeps_extra().then_some((EXTRA, Type::Text));
        let fields = origin.into_iter().chain(self.fields.iter().map(|f| (f.name, f.ty))).chain(extra);
        Arc::new(Schema::new(fields.map(|(name, ty)| ArrowField::new(name, ty.arrow(), true)).collect::<Vec<_>>()))
    }
}

/// Every dataset there is, by kind and stream.
pub fn datasets() -> &'static [Dataset] {
    static ALL: LazyLock<Vec<Dataset>> = LazyLock::new(|| {
        [
            okta::DATASETS,
            microsoft365::DATASETS,
            salesforce::DATASETS,
            github::DATASETS,
            slack::DATASETS,
            zoom::DATASETS,
            atlassian::DATASETS,
            workday::DATASETS,
            bamboohr::DATASETS,
            servicenow::DATASETS,
            ecb::DATASETS,
            terraform::DATASETS,
            mapped::DATASETS,
        ]
        .concat()
    });
    &ALL
}

/// The dataset of a kind and stream. Of a mapped source the stream is its role: `seats` or `activity`.
pub fn dataset(kind: &str, stream: &str) -> Option<&'static Dataset> {
    datasets().iter().find(|d| d.kind == kind && d.stream == stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_is_sound() {
        for d in datasets() {
            let named = |column: &str| d.index(column).map(|i| d.fields[i]);
            assert!(d.key.iter().all(|k| named(k).is_some()), "{}: key", d.table());
            assert!(
                named(d.key[0]).is_some_and(|f| f.required || f.rule == Rule::Computed),
                "{}: first key",
                d.table()
            );
            assert!(named(d.subject).is_some(), "{}: subject", d.table());
            assert!(d.content_day.is_none_or(|c| named(c).is_some_and(|f| f.ty == Type::Date)), "{}", d.table());
            assert_eq!(d.event_at.is_some(), d.feed == Feed::Events, "{}: event_at", d.table());
            for f in d.fields {
                assert!(f.rule == Rule::Computed || !f.from.is_empty(), "{}.{}", d.table(), f.name);
                assert_eq!(d.fields.iter().filter(|g| g.name == f.name).count(), 1, "{}.{}", d.table(), f.name);
            }
        }
    }

    #[test]
    fn hr_fields_name_no_pay_and_no_medical_column() {
        let forbidden = ["pay", "salary", "compensation", "birth", "leave_of_absence_type", "description", "type"];
        for d in datasets().iter().filter(|d| d.role == Role::Hr) {
            for from in d.fields.iter().flat_map(|f| f.from) {
                let name = from.to_lowercase();
                let allowed = ["worker_type", "employee_type"].iter().any(|a| name.contains(a));
                assert!(allowed || !forbidden.iter().any(|f| name.contains(f)), "{}: {from}", d.table());
            }
        }
    }
}
