//! The zone of times that a source writes without one.

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// A fixed offset, or a zone of the IANA database, whose clocks may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Hours and minutes east of UTC, all the year.
    Offset(FixedOffset),
    /// By name: `Europe/Berlin`.
    Named(Tz),
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self::Named(Tz::UTC);

    /// Reads `UTC`, `Z`, an offset (`+02:00`) or an IANA name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Z" => Some(Self::UTC),
            _ if text.starts_with(['+', '-']) => text.parse().ok().map(Self::Offset),
            _ => text.parse().ok().map(Self::Named),
        }
    }

    /// The instants that clocks of the zone showed as this time: none in an hour they skipped, two in one they had
    /// twice.
    pub fn instants(self, local: NaiveDateTime) -> LocalResult<DateTime<Utc>> {
        match self {
            Self::Offset(offset) => offset.from_local_datetime(&local).map(|at| at.to_utc()),
            Self::Named(zone) => zone.from_local_datetime(&local).map(|at| at.to_utc()),
        }
    }
}
