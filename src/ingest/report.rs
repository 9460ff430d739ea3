//! What a landing came to, for people and for the exit code.

use chrono::NaiveDate;
use serde::Serialize;

use crate::base::ErrorKind;
use crate::http::Limits;

/// What to land.
#[derive(Debug, Clone, Default)]
pub struct LandOptions {
    /// The day of files whose path names none.
    pub extract_date: Option<NaiveDate>,
    /// Whether files older than the newest landing are wanted.
    pub backfill: bool,
    /// The sources to land; empty: all.
    pub sources: Vec<String>,
    /// The key of who answers for accepting a feed of an unusual size; the job gives it.
    pub actor: String,
    /// Feeds whose size is accepted, whatever is usual.
    pub accepted: Vec<AcceptedSize>,
    /// The commitment to what that person said with it.
    pub note_sha256: Option<String>,
    /// The bytes that the process may take; unlimited when absent.
    pub memory: Option<u64>,
    /// How patient to be with APIs.
    pub limits: Limits,
}

/// Why the size of a feed is accepted, and who answers for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acceptance<'a> {
    pub reason: &'a str,
    pub actor: &'a str,
    pub note_sha256: Option<&'a str>,
}

/// A feed that may land although it has half its usual rows or less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSize {
    /// The source.
    pub source: String,
    /// Its stream.
    pub stream: String,
    /// Why, a code of kind `override` in `seeds/reason_codes.csv`.
    pub reason: String,
}

/// What became of every extract that was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LandReport {
    /// One entry per source, stream and day.
    pub landings: Vec<Landing>,
}

/// What became of the files of one stream and day.
#[derive(Debug, Clone, Serialize)]
pub struct Landing {
    /// The source.
    pub source: String,
    /// The stream.
    pub stream: String,
    /// The day of extraction; none when no file says it.
    pub extract_date: Option<NaiveDate>,
    /// What became of it.
    pub outcome: Outcome,
    /// Rows that came: accepted + duplicate + filtered + quarantined.
    pub fetched: u64,
    /// Rows that landed.
    pub accepted: u64,
    /// Rows that were there already.
    pub duplicate: u64,
    /// Events whose type the project does not keep.
    pub filtered: u64,
    /// Rows set apart.
    pub quarantined: u64,
    /// What is odd and still landed, each `code: words`.
    pub warnings: Vec<String>,
    /// The reason codes of the rows set apart, without repeats.
    pub quarantine_reasons: Vec<String>,
}

/// The outcome of one landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Committed, complete.
    Landed {
        /// Its version in the chain of the stream.
        version: u64,
    },
    /// The same files were committed before; nothing changed.
    AlreadyLanded,
    /// Committed, but the source has more than came.
    Partial {
        /// Its version in the chain of the stream.
        version: u64,
    },
    /// Not committed; the landing before stays in force.
    Refused {
        /// Why, in one word.
        reason_code: String,
        /// Why, in words, with what to do.
        message: String,
    },
}

/// Reasons that speak of the source, not of what it brought.
const AT_THE_SOURCE: [&str; 4] = ["source_error", "unreachable", "credential", "repeated_page"];

impl Outcome {
    /// Who must act on it.
    fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Landed { .. } | Self::AlreadyLanded => None,
            Self::Partial { .. } => Some(ErrorKind::Source),
            Self::Refused { reason_code, .. } if AT_THE_SOURCE.contains(&reason_code.as_str()) => {
                Some(ErrorKind::Source)
            }
            Self::Refused { .. } => Some(ErrorKind::Data),
        }
    }
}

impl LandReport {
    /// The worst that happened: a refused feed before a partial one.
    pub fn exit_kind(&self) -> Option<ErrorKind> {
        let kinds = self.landings.iter().filter_map(|l| l.outcome.kind());
        kinds.max_by_key(|kind| kind.exit_code())
    }
}

impl std::fmt::Display for LandReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |test: fn(&Outcome) -> bool| self.landings.iter().filter(|l| test(&l.outcome)).count();
        write!(
            f,
            "{} extracts landed, {} there already, {} refused",
            of(|o| matches!(o, Outcome::Landed { .. } | Outcome::Partial { .. })),
            of(|o| *o == Outcome::AlreadyLanded),
            of(|o| matches!(o, Outcome::Refused { .. })),
        )
    }
}
