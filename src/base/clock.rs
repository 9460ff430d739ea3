//! The only place that knows the time. A run speaks for one as-of date; the wall clock names runs and nothing else.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::error::{Error, Result};

/// The UTC calendar day a run speaks for (`$as_of` in SQL). Nothing later than its end may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf(NaiveDate);

impl AsOf {
    /// The as-of date of a day.
    pub fn new(day: NaiveDate) -> Self {
        Self(day)
    }

    /// Parses `YYYY-MM-DD`.
    ///
    /// # Errors
    /// A usage error when the text is no such day.
    pub fn parse(text: &str) -> Result<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Self)
            .map_err(|_| Error::usage(format!("`{text}` is not a day: write it as YYYY-MM-DD")))
    }

    /// The day itself.
    pub fn day(self) -> NaiveDate {
        self.0
    }

    /// The first instant after the day: evidence must be strictly older.
    pub fn end(self) -> DateTime<Utc> {
        (self.0 + Days::new(1)).and_time(NaiveTime::MIN).and_utc()
    }
}

impl std::fmt::Display for AsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// Where the time of a run comes from: the system, or fixed by a test.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always the same instant.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The present instant, UTC.
    #[allow(clippy::disallowed_methods, reason = "the one reader of the wall clock")]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Fixed(instant) => instant,
        }
    }

    /// The default as-of date: yesterday would be complete, today is what an operator expects; the day of `now`.
    pub fn today(self) -> AsOf {
        AsOf(self.now().date_naive())
    }
}
