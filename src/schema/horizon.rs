//! How far back a source itself can tell. What nobody collected by then is lost at the source, and a hole for ever.

use std::fmt;

use chrono::{Days, Months, NaiveDate};

use super::Dataset;

/// How far back a source can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Horizon {
    /// So many days.
    Days(u32),
    /// So many calendar months.
    Months(u32),
}

use Horizon::{Days as D, Months as M};

/// By kind and stream, as the vendors document it.
const HORIZONS: &[(&str, &str, Horizon)] = &[
    // System Log API: events are kept 90 days; an older `since` gives nothing, and no error.
    ("okta", "system_log", D(90)),
    // Usage reports of Microsoft Graph: the longest period is D180.
    ("microsoft365", "office365_active_user_detail", D(180)),
    ("microsoft365", "m365_app_user_detail", D(180)),
    ("microsoft365", "teams_user_activity_user_detail", D(180)),
    ("microsoft365", "email_activity_user_detail", D(180)),
    // Copilot seats: `last_activity_at` is kept 90 days, then it is null.
    ("github", "copilot_seats", D(90)),
    // admin.analytics.getFile: files of the last 13 months.
    ("slack", "member_analytics", M(13)),
    // LoginHistory: six months.
    ("salesforce", "login_history", M(6)),
];

impl Dataset {
    /// How far back the source can tell; none where it tells of the present, or of all there ever was.
    pub fn horizon(&self) -> Option<Horizon> {
        let is_this = |(kind, stream, _): &&(&str, &str, Horizon)| *kind == self.kind && *stream == self.stream;
        HORIZONS.iter().find(is_this).map(|(.., horizon)| *horizon)
    }
}

impl Horizon {
    /// The first day the source can still tell of on a day.
    pub fn reaches_back_to(self, day: NaiveDate) -> NaiveDate {
        let first = match self {
            Self::Days(days) => day.checked_sub_days(Days::new(u64::from(days))),
            Self::Months(months) => day.checked_sub_months(Months::new(months)),
        };
        first.unwrap_or(NaiveDate::MIN)
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days} days"),
            Self::Months(months) => write!(f, "{months} months"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{dataset, datasets};

    #[test]
    fn every_horizon_is_of_a_stream_and_is_found() {
        for (kind, stream, horizon) in HORIZONS {
            let found = dataset(kind, stream).unwrap_or_else(|| panic!("no stream {kind}/{stream}"));
            assert_eq!(found.horizon(), Some(*horizon), "{kind}/{stream}");
        }
        assert_eq!(datasets().iter().filter(|d| d.horizon().is_some()).count(), HORIZONS.len());
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(D(90).reaches_back_to(day("2026-11-28")), day("2026-08-30"));
        assert_eq!(M(13).reaches_back_to(day("2026-03-31")), day("2025-02-28"));
    }
}
