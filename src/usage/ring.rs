//! The days of use of the last months, a bit a day: seven words of 64 days.

use chrono::NaiveDate;

use super::files::day_number;

/// Words of a ring: room for 448 days.
pub const WORDS: usize = 7;
/// Days before and with the as-of date that are told one by one (13 months); older ones are forgotten at every merge.
pub const KEPT_DAYS: i32 = 396;

/// A set of days. The bit of a day is `day % 64` of word `(day / 64) % 7`, days counted from 1970-01-01. It speaks for
/// one as-of date: which day a bit means follows from that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ring(pub [u64; WORDS]);

impl Ring {
    /// Adds a day, when it is one of the kept days of an as-of date.
    pub fn add(&mut self, day: i32, as_of: NaiveDate) {
        if Self::kept(as_of).contains(&day) {
            let (word, bit) = place(day);
            self.0[word] |= bit;
        }
    }

    /// Adds the days of another ring of the same as-of date.
    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Forgets the days that `mask` does not hold.
    pub fn keep(&mut self, mask: &Self) {
        self.0.iter_mut().zip(mask.0).for_each(|(mine, kept)| *mine &= kept);
    }

    /// The days that a ring of an earlier as-of date still tells at a later one. Without it, bits of a word that is
    /// stepped into again would return after 448 days.
    pub fn carried(from: NaiveDate, to: NaiveDate) -> Self {
        Self::of(*Self::kept(to).start(), day_number(from))
    }

    /// Days told, later than `after` and up to `through`, both of them within the kept days.
    pub fn count(&self, after: i32, through: i32) -> u32 {
        let mut days = *self;
        days.keep(&Self::of(after.saturating_add(1).max(through - (WORDS as i32 * 64 - 1)), through));
        days.0.iter().map(|word| word.count_ones()).sum()
    }

    /// A run of days, both ends in it; none when it ends before it begins.
    fn of(first: i32, last: i32) -> Self {
        let mut ring = Self::default();
        for start in (first.div_euclid(64)..=last.div_euclid(64)).map(|word| word * 64) {
            let (from, to) = ((first - start).max(0), (last - start).min(63));
            if from <= to {
                ring.0[place(start).0] |= u64::MAX << from & u64::MAX >> (63 - to);
            }
        }
        ring
    }

    fn kept(as_of: NaiveDate) -> std::ops::RangeInclusive<i32> {
        let today = day_number(as_of);
        today - KEPT_DAYS + 1..=today
    }
}

fn place(day: i32) -> (usize, u64) {
    (day.div_euclid(64).rem_euclid(WORDS as i32) as usize, 1 << day.rem_euclid(64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Three years of steps of any length: a ring tells what a set of days tells.
        #[test]
        fn a_ring_is_a_set_of_days(steps in proptest::collection::vec((1u64..70, 0i32..500), 1..60)) {
            let mut as_of = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
            let (mut ring, mut days) = (Ring::default(), BTreeSet::new());
            for (step, ago) in steps {
                let next = as_of + Days::new(step);
                ring.keep(&Ring::carried(as_of, next));
                as_of = next;
                let (today, day) = (day_number(as_of), day_number(as_of) - ago);
                ring.add(day, as_of);
                days.insert(day);
                days.retain(|d| *d > today - KEPT_DAYS);
                for window in [1, 30, 60, 90, KEPT_DAYS] {
                    let expected = days.range(today - window + 1..=today).count();
                    prop_assert_eq!(ring.count(today - window, today) as usize, expected);
                }
            }
        }
    }
}
