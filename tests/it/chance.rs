//! Numbers that depend on a seed alone, for tests that try a great many cases.

use chrono::{Days, NaiveDate};

/// The next of a row of numbers (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }

    /// So many to so many days ago, as a number.
    pub fn ago(&mut self, from: u64, to: u64) -> i64 {
        -((from + self.below(to - from + 1)) as i64)
    }

    /// A day up to so many before another one; now and then the one after it, as sources ahead of UTC tell of.
    pub fn day(&mut self, before: NaiveDate, days: u64) -> NaiveDate {
        if self.percent(15) { before + Days::new(1) } else { before - Days::new(self.below(days)) }
    }
}
