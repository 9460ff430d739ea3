//! SSO attempts become rows of (app, account, day) in the pass that parses them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use arrow::array::{Date32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use chrono::NaiveDate;

use super::files::{day_number, day_use_schema};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;
/// Attempts after which rows of the same app, account and day become one: some 20 MB, and 30 more meanwhile.
const FULL_ROWS: usize = 250_000;

/// The attempts of one landing so far.
///
/// Most are the only one of their account in their app that day, so they are not looked up one by one, but sorted, as
/// they must be in the end.
pub struct Rollup {
    extract_day: i32,
    buckets: u32,
    apps: Interner,
    /// The accounts of the rows, one after the other.
    accounts: String,
    rows: Vec<Row>,
}

/// What one account did in one app on one day, or a part of it.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// The as-of date from which on it counts, and the bucket.
    place: (i32, u32),
    app: u32,
    day: i32,
    /// Where the account is.
    start: usize,
    length: usize,
    sign_ins: i64,
    failed_sign_ins: i64,
    /// Newest success, microseconds since 1970.
    last_at: Option<i64>,
}

/// Rows of one file of `day_use`, sorted by app, account and day.
#[derive(Debug)]
pub struct DayUse {
    /// The as-of date from which on they count: the later of the landing's day and their own.
    pub known_on: NaiveDate,
    /// The bucket of their accounts.
    pub bucket: u32,
    /// The rows, in the schema [`day_use_schema`].
    pub rows: RecordBatch,
}

impl Row {
    /// The order of its place, and of its app, which has this one among apps.
    fn rank(&self, app: u32) -> u128 {
        let (known_on, bucket) = self.place;
        let known_on = known_on.cast_unsigned() ^ (1 << 31);
        (u128::from(known_on) << 64) | (u128::from(bucket) << 32) | u128::from(app)
    }
}

impl Rollup {
    /// Nothing yet, for a landing of a day into a store of so many buckets (at least 1).
    pub fn new(extract_date: NaiveDate, buckets: u32) -> Self {
        Self {
            extract_day: day_number(extract_date),
            buckets: buckets.max(1),
            apps: Interner::default(),
            accounts: String::new(),
            rows: Vec::new(),
        }
    }

    /// Counts one SSO attempt of a user; `at` is in microseconds since 1970. Each event must be told once. Says whether
    /// so many rows are held that they should be written out ([`Rollup::take`]): rows of one key may lie in several files.
    pub fn add(&mut self, app_instance_id: &str, account_id: &str, at: i64, is_success: bool) -> bool {
        let day = i32::try_from(at.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX);
        let start = self.accounts.len();
        self.accounts.push_str(account_id);
        self.rows.push(Row {
            place: (day.max(self.extract_day), bucket(account_id, self.buckets)),
            app: self.apps.number(app_instance_id),
            day,
            start,
            length: account_id.len(),
            sign_ins: i64::from(is_success),
            failed_sign_ins: i64::from(!is_success),
            last_at: is_success.then_some(at),
        });
        if self.rows.len() < FULL_ROWS {
            return false;
        }
        self.fold();
        self.rows.len() > FULL_ROWS / 2
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sorts the rows, and makes one of those of the same app, account and day.
    fn fold(&mut self) {
        let (rows, accounts) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.accounts));
        let account = |row: &Row| &accounts[row.start..row.start + row.length];
        let ranks = self.apps.ranks();
        let key = |(row, i): (&Row, u32)| (row.rank(ranks[row.app as usize]), first_bytes(account(row)), i);
        let mut order: Vec<_> = rows.iter().zip(0..).map(key).collect();
        // Comparing two numbers needs no branch; whatever they leave open is settled among a few.
        order.sort_unstable_by_key(|(app, bytes, _)| (*app, *bytes));
        for alike in order.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)) {
            alike.sort_unstable_by_key(|(.., i)| (account(&rows[*i as usize]), rows[*i as usize].day));
        }
        for (.., i) in order {
            let row = rows[i as usize];
            match self.rows.last_mut() {
                Some(last)
                    if (last.place, last.app, last.day) == (row.place, row.app, row.day)
                        && self.accounts[last.start..] == *account(&row) =>
                {
                    last.last_at = last.last_at.max(row.last_at);
                    last.sign_ins += row.sign_ins;
                    last.failed_sign_ins += row.failed_sign_ins;
                }
                _ => {
                    let start = self.accounts.len();
                    self.accounts.push_str(account(&row));
                    self.rows.push(Row { start, ..row });
                }
            }
        }
    }

    /// Gives what was counted, a part a file, and forgets it.
    ///
    /// # Errors
    /// Internal, when the columns disagree.
    pub fn take(&mut self) -> Result<Vec<DayUse>> {
        self.fold();
        let (apps, accounts) = (std::mem::take(&mut self.apps).names(), std::mem::take(&mut self.accounts));
        let rows = std::mem::take(&mut self.rows);
        let parts = rows.chunk_by(|a, b| a.place == b.place);
        parts
            .map(|part| {
                let (known_on, bucket) = part[0].place;
                let text_bytes = part.iter().map(|row| row.length).sum();
                let mut app = StringBuilder::with_capacity(part.len(), text_bytes);
                let mut account = StringBuilder::with_capacity(part.len(), text_bytes);
                let mut days = Date32Builder::with_capacity(part.len());
                let mut counts = [Int64Builder::with_capacity(part.len()), Int64Builder::with_capacity(part.len())];
                let mut last = TimestampMicrosecondBuilder::with_capacity(part.len()).with_timezone("UTC");
                for row in part {
                    app.append_value(&apps[row.app as usize]);
                    account.append_value(&accounts[row.start..row.start + row.length]);
                    days.append_value(row.day);
                    counts[0].append_value(row.sign_ins);
                    counts[1].append_value(row.failed_sign_ins);
                    last.append_option(row.last_at);
                }
                let [mut sign_ins, mut failed] = counts;
                let rows = RecordBatch::try_new(
                    day_use_schema(),
                    vec![
                        Arc::new(app.finish()),
                        Arc::new(account.finish()),
                        Arc::new(days.finish()),
                        Arc::new(sign_ins.finish()),
                        Arc::new(failed.finish()),
                        Arc::new(last.finish()),
                    ],
                )
                .context(ErrorKind::Internal, "rows of day_use")?;
                Ok(DayUse { known_on: super::files::day_of(known_on)?, bucket, rows })
            })
            .collect()
    }
}

/// The first bytes of a text, as a number of the same order.
fn first_bytes(text: &str) -> u128 {
    let text = text.as_bytes();
    let mut first = [0; 16];
    let most = text.len().min(first.len());
    first[..most].copy_from_slice(&text[..most]);
    u128::from_be_bytes(first)
}

/// The bucket of an account: FNV-1a (64 bits) of its id, modulo the number of buckets.
pub fn bucket(account_id: &str, buckets: u32) -> u32 {
    if buckets <= 1 { 0 } else { (fnv1a(account_id.as_bytes()) % u64::from(buckets)) as u32 }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Texts by number, in the order of their arrival.
#[derive(Debug, Default)]
struct Interner(HashMap<Box<str>, u32, BuildHasherDefault<Mixed>>);

impl Interner {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.0.get(text) {
            return *number;
        }
        let number = self.0.len() as u32;
        self.0.insert(text.into(), number);
        number
    }

    /// The texts, by their numbers.
    fn names(self) -> Vec<Box<str>> {
        let mut names: Vec<_> = self.0.into_iter().collect();
        names.sort_unstable_by_key(|(_, number)| *number);
        names.into_iter().map(|(name, _)| name).collect()
    }

    /// For each text its place in their order.
    fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<_> = self.0.iter().collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len()];
        (0..).zip(order).for_each(|(rank, (_, number))| ranks[*number as usize] = rank);
        ranks
    }
}

/// A hasher for ids that a vendor made: eight bytes at a time, folded.
#[derive(Debug, Default)]
pub struct Mixed(u64);

impl Mixed {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0.rotate_left(23) ^ word) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.mix(rest.iter().fold(rest.len() as u64, |all, byte| all << 8 | u64::from(*byte)));
        }
    }

    fn write_u8(&mut self, _: u8) {}

    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }

    fn write_i32(&mut self, n: i32) {
        self.mix(u64::from(n as u32));
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

    use super::*;

    #[test]
    fn attempts_of_a_day_are_one_row_whatever_their_order() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let noon = i64::from(day_number(day)) * DAY_MICROS + DAY_MICROS / 2;
        let events = [("b", "u2", noon), ("a", "u1", noon), ("a", "u1", noon - 5), ("a", "u1", noon + DAY_MICROS)];
        let roll = |order: &mut dyn Iterator<Item = &(&str, &str, i64)>| {
            let mut rollup = Rollup::new(day, 1);
            order.for_each(|(app, account, at)| _ = rollup.add(app, account, *at, *app == "a"));
            rollup.take().unwrap()
        };
        let parts = roll(&mut events.iter());
        assert_eq!(
            parts.iter().map(|p| (p.known_on, p.rows.num_rows())).collect::<Vec<_>>(),
            [(day, 2), (day.succ_opt().unwrap(), 1)]
        );
        let rows = &parts[0].rows;
        assert_eq!(rows.column(3).as_primitive::<Int64Type>().values(), &[2, 0]);
        assert_eq!(rows.column(4).as_primitive::<Int64Type>().values(), &[0, 1]);
        assert_eq!(
            rows.column(5).as_primitive::<TimestampMicrosecondType>().iter().collect::<Vec<_>>(),
            [Some(noon), None]
        );
        let again = roll(&mut events.iter().rev());
        assert!(parts.iter().zip(&again).all(|(a, b)| a.rows == b.rows));
    }

    #[test]
    fn many_attempts_of_a_few_need_not_be_written_out_and_of_many_must() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let mut rollup = Rollup::new(day, 1);
        let mut add = |account: usize, n: usize| {
            let at = i64::from(day_number(day)) * DAY_MICROS + n as i64;
            rollup.add("a", &format!("of the same first bytes {account:06}"), at, n.is_multiple_of(2))
        };
        assert!((0..FULL_ROWS).all(|n| !add(n % 3, n)));
        assert_eq!((rollup.rows.len(), rollup.accounts.len()), (3, 3 * 30));
        let parts = rollup.take().unwrap();
        assert!(rollup.is_empty());
        let count = |column| parts[0].rows.column(column).as_primitive::<Int64Type>().values().iter().sum::<i64>();
        assert_eq!((count(3), count(4)), (FULL_ROWS as i64 / 2, FULL_ROWS as i64 / 2));
        let last = parts[0].rows.column(5).as_primitive::<TimestampMicrosecondType>().value(0) % DAY_MICROS;
        assert_eq!(last, (0..FULL_ROWS).rfind(|n| n.is_multiple_of(6)).unwrap() as i64);
        let mut add = |account: usize| rollup.add("a", &account.to_string(), 0, true);
        assert!((0..FULL_ROWS - 1).all(|n| !add(n)) && add(FULL_ROWS));
    }

    #[test]
    fn an_account_has_one_bucket() {
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8, "the published test vector");
        assert!((0..100).all(|n| bucket(&format!("00u{n}"), 8) < 8 && bucket(&format!("00u{n}"), 1) == 0));
    }
}
