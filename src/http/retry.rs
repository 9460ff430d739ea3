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

/// The wait that a server asks for: `Retry-After` in seconds or as a date, else `x-rate-limit-reset` as Okta gives it
/// with a 429. Points in time are measured by the server's own clock where it shows one.
pub(super) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = |text: &str| httpdate::parse_http_date(text).ok().map(DateTime::<Utc>::from);
    let now = || text("date").and_then(date).unwrap_or_else(|| Clock::System.now());
    let until = |at: DateTime<Utc>| (at - now()).to_std().unwrap_or_default();
    if let Some(after) = text("retry-after") {
        return after.parse().ok().map(Duration::from_secs).or_else(|| date(after).map(until));
    }
    let reset = text("x-rate-limit-reset")?.parse().ok()?;
    DateTime::from_timestamp(reset, 0).map(until)
}
