//! Days, instants and escaped text, written straight into the output.

use std::fmt;

use chrono::{Datelike, Days, NaiveDate};

/// Days after the as-of date; negative is before it.
pub type Day = i32;

/// Appends formatted text to a `String`, which cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($out, $($arg)*);
    }};
}
pub(super) use put;

/// Turns days into dates.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    as_of: NaiveDate,
}

impl Calendar {
    /// A calendar in which day 0 is the as-of date.
    pub fn new(as_of: NaiveDate) -> Self {
        Self { as_of }
    }

    /// The date of a day.
    pub fn date(self, day: Day) -> NaiveDate {
        let distance = Days::new(u64::from(day.unsigned_abs()));
        let date = if day < 0 { self.as_of.checked_sub_days(distance) } else { self.as_of.checked_add_days(distance) };
        date.unwrap_or(self.as_of)
    }

    /// The day of a date.
    pub fn day(self, date: NaiveDate) -> Day {
        (date - self.as_of).num_days() as Day
    }

    /// Monday to Friday.
    pub fn is_workday(self, day: Day) -> bool {
        (self.as_of.weekday().num_days_from_monday() as Day + day).rem_euclid(7) < 5
    }

    /// The date, or the given text when there is none.
    pub fn or(self, day: Option<Day>, none: &'static str) -> Maybe<NaiveDate> {
        day.map_or(Maybe::None(none), |d| Maybe::Some(self.date(d)))
    }

    /// A time of a day, chosen by the key, in hours when an office of that region works.
    pub fn instant(self, day: Day, key: u64) -> Instant {
        Instant { date: self.date(day), ms: (7 * 3_600_000 + key % 32_400_000) as u32 }
    }
}

/// A value, or how its absence is written.
pub enum Maybe<T> {
    /// The value.
    Some(T),
    /// What is written instead.
    None(&'static str),
}

impl<T: fmt::Display> fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Some(value) => value.fmt(f),
            Self::None(text) => f.write_str(text),
        }
    }
}

/// An instant in UTC, to the millisecond.
#[derive(Clone, Copy)]
pub struct Instant {
    date: NaiveDate,
    ms: u32,
}

impl Instant {
    /// An instant from a date and the milliseconds since midnight.
    pub fn new(date: NaiveDate, ms: u32) -> Self {
        Self { date, ms }
    }

    /// Milliseconds since 1970.
    pub fn epoch_ms(self) -> i64 {
        (self.date.to_epoch_days() as i64) * 86_400_000 + i64::from(self.ms)
    }

    /// `2026-02-10T16:19:37` followed by a zone as the vendor writes it.
    pub fn with(self, zone: &'static str) -> String {
        let s = self.ms / 1000;
        format!("{}T{:02}:{:02}:{:02}{zone}", self.date, s / 3600, s / 60 % 60, s % 60)
    }
}

/// `2026-02-10T16:19:37.608Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.ms / 1000;
        write!(f, "{}T{:02}:{:02}:{:02}.{:03}Z", self.date, s / 3600, s / 60 % 60, s % 60, self.ms % 1000)
    }
}

/// A JSON string, quoted and escaped.
pub struct Js<'a>(pub &'a str);

impl fmt::Display for Js<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
            f.write_str(&rest[..at])?;
            match rest.as_bytes()[at] {
                b'"' => f.write_str("\\\"")?,
                b'\\' => f.write_str("\\\\")?,
                other => write!(f, "\\u{other:04x}")?,
            }
            rest = &rest[at + 1..];
        }
        f.write_str(rest)?;
        f.write_str("\"")
    }
}

/// A JSON string in ASCII, everything else as `\uXXXX`, as some vendors write it.
pub struct JsAscii<'a>(pub &'a str);

impl fmt::Display for JsAscii<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for unit in self.0.encode_utf16() {
            match char::from_u32(u32::from(unit)) {
                Some(c) if (' '..='~').contains(&c) && c != '"' && c != '\\' => write!(f, "{c}")?,
                _ => write!(f, "\\u{unit:04x}")?,
            }
        }
        f.write_str("\"")
    }
}

/// A JSON string or null.
pub struct JsOpt<'a>(pub Option<&'a str>);

impl fmt::Display for JsOpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => Js(text).fmt(f),
            None => f.write_str("null"),
        }
    }
}

/// A CSV field, quoted when it must be (RFC 4180).
pub struct Cell<'a>(pub &'a str);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains([',', ';', '"', '\n', '\r']) {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        } else {
            f.write_str(self.0)
        }
    }
}
