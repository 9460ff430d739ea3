//! When to try again, and when to stop.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;

use crate::base::Clock;

/// How long one is patient with a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Times a request is sent at most.
    pub tries: u32,
    /// The longest wait before the second try; it doubles with every further one.
    pub first_wait: Duration,
    /// The longest wait there is. A server that asks for more is left alone until the next run.
    pub longest_wait: Duration,
    /// The time one try may take, answer and all.
    pub timeout: Duration,
    /// The time a server gets to finish what it may still be doing, before one looks whether it did.
    pub settle: Duration,
    /// Bytes that an answer may have.
    pub most_bytes: usize,
    /// Of the requests that a server allows, those left to others, in percent: beyond them one waits for the next
    /// window.
    pub leave_percent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(90),
            timeout: Duration::from_secs(30),
            settle: Duration::from_secs(5),
            most_bytes: 32 << 20,
            leave_percent: 0,
        }
    }
}

impl Limits {
    /// The wait after a failed try, counted from 0: at random up to a bound that doubles, so that clients which failed
    /// together do not come back together.
    pub(super) fn wait(&self, tried: u32) -> Duration {
        let bound = self.first_wait.saturating_mul(1u32.checked_shl(tried).unwrap_or(u32::MAX)).min(self.longest_wait);
        bound.mul_f64(chance())
    }
}

/// A number from 0 to 1. Where the system gives no random numbers, the middle.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::getrandom(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

/// The wait that a server asks for: `Retry-After` in seconds or as a date, else the end of its window.
pub(super) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    if let Some(after) = text(headers, "retry-after") {
        return after.parse().ok().map(Duration::from_secs).or_else(|| date(after).map(|at| until(headers, at)));
    }
    window_end(headers)
}

/// The wait after which a window begins anew, when so few requests are left of this one that they are for others.
pub(super) fn shared_wait(headers: &HeaderMap, leave_percent: u32) -> Option<Duration> {
    let (limit, left) = room(headers)?;
    (leave_percent > 0 && left * 100 <= limit * u64::from(leave_percent)).then(|| window_end(headers))?
}

/// The requests that a server allows in a window, and those left of it.
pub(super) fn room(headers: &HeaderMap) -> Option<(u64, u64)> {
    let number = |what: &str| NAMES.iter().find_map(|name| text(headers, &format!("{name}{what}"))?.parse().ok());
    Some((number("limit")?, number("remaining")?))
}

/// Whether an answer of 403 is one of 429: GitHub's way to say that a limit is reached.
pub(super) fn is_limited(headers: &HeaderMap) -> bool {
    text(headers, "retry-after").is_some()
        || NAMES.iter().any(|name| text(headers, &format!("{name}remaining")) == Some("0"))
}

/// How headers about limits begin: at Okta; at GitHub and others.
const NAMES: [&str; 2] = ["x-rate-limit-", "x-ratelimit-"];
/// A number of seconds above this is a point in time.
const MOST_SECONDS: i64 = 1_000_000_000;

/// The wait until a window ends. Points in time are measured by the server's own clock where it shows one.
fn window_end(headers: &HeaderMap) -> Option<Duration> {
    let reset: i64 = NAMES.iter().find_map(|name| text(headers, &format!("{name}reset"))?.parse().ok())?;
    if reset < MOST_SECONDS {
        return u64::try_from(reset).ok().map(Duration::from_secs);
    }
    DateTime::from_timestamp(reset, 0).map(|at| until(headers, at))
}

fn until(headers: &HeaderMap, at: DateTime<Utc>) -> Duration {
    let now = text(headers, "date").and_then(date).unwrap_or_else(|| Clock::System.now());
    (at - now).to_std().unwrap_or_default()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

pub(super) fn date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}
