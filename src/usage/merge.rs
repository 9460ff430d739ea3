//! The state of a day is the state of a day before merged with what became known since. Both lie sorted by app and
//! account, so the merge streams: no table of keys, little memory, whatever the number of seats.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::NaiveDate;

use super::files::{Of, seat_state_schema};
use super::ring::{Ring, WORDS};
use super::sorted::{Heap, Sorted};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::store::parquet::{Encoder, SETTINGS};

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;
/// Rows that are built up before they are handed to the encoder: as many as it writes at once.
const BUILT_ROWS: usize = SETTINGS.batch_rows;
/// First of the words among the columns of a state.
const FIRST_WORD: usize = 6;
/// Columns whose values repeat.
pub(super) const REPEATED: [&str; 3] = ["source", "stream", "app_instance_id"];

/// Merges the state of one bucket with files of `day_use` of the landings that are named beside them.
///
/// `state` is the file and its day; none where nobody signed in before. Gives the new file and its rows; none when
/// nobody has signed in yet.
///
/// # Errors
/// Data, when a file is not what it should be.
pub(super) fn merge(
    of: Of<'_>,
    state: Option<(Bytes, NaiveDate)>,
    deltas: Vec<(Bytes, u64)>,
    as_of: NaiveDate,
) -> Result<Option<(Bytes, u64)>> {
    let mask = state.as_ref().map_or_else(Ring::default, |(_, before)| Ring::carried(*before, as_of));
    // What is asked for and not written is not taken.
    let room = state.iter().map(|(bytes, _)| bytes.len()).chain(deltas.iter().map(|(bytes, _)| bytes.len())).sum();
    let mut state = match state {
        Some((bytes, _)) => Sorted::open(bytes, 2)?,
        None => None,
    };
    let mut files = Vec::with_capacity(deltas.len());
    for (bytes, landing) in deltas {
        files.extend(Sorted::open(bytes, 0)?.map(|rows| (rows, landing as i64)));
    }
    let mut news = Heap::of(files);
    let mut out = Out::new(of, mask, room)?;
    loop {
        let mut told = Row::default();
        let key = news.next(|rows, row, landing| told.see_day(rows, row, landing, as_of))?;
        let Some(key) = key else { break };
        (told.app, told.account) = key;
        // Attempts that failed say nothing about use.
        if told.last_at.is_none() {
            continue;
        }
        let mut before = None;
        while let Some(rows) = &mut state {
            // Rows between two that changed are copied together.
            let end = rows.up_to(&told.app, &told.account);
            out.copy(rows, end)?;
            if end < rows.len() {
                rows.row = end;
                if rows.key().cmp(&(told.app.as_str(), told.account.as_str())) == Ordering::Equal {
                    before = Some(Row::of_state(rows, &mask));
                    if !rows.step()? {
                        state = None;
                    }
                }
                break;
            }
            if !rows.refill()? {
                state = None;
            }
        }
        out.put(match before {
            Some(before) => told.after(&before),
            None => told,
        })?;
    }
    while let Some(rows) = &mut state {
        let end = rows.len();
        out.copy(rows, end)?;
        if !rows.refill()? {
            state = None;
        }
    }
    out.finish()
}

/// What is known of one account in one app.
#[derive(Debug, Clone, Default)]
struct Row {
    app: String,
    account: String,
    /// Newest success, microseconds since 1970.
    last_at: Option<i64>,
    /// The newest landing that tells of its day.
    landing: i64,
    days: Ring,
}

impl Row {
    fn of_state(rows: &Sorted, mask: &Ring) -> Self {
        let mut days = Ring::default();
        for (word, kept) in days.0.iter_mut().enumerate() {
            *kept = rows.batch.column(FIRST_WORD + word).as_primitive::<Int64Type>().value(rows.row) as u64;
        }
        days.keep(mask);
        let (app, account) = rows.key();
        Self {
            app: app.to_owned(),
            account: account.to_owned(),
            last_at: Some(rows.batch.column(4).as_primitive::<TimestampMicrosecondType>().value(rows.row)),
            landing: rows.batch.column(5).as_primitive::<Int64Type>().value(rows.row),
            days,
        }
    }

    /// Both together. In any order and any grouping the same.
    fn after(mut self, before: &Self) -> Self {
        self.days.join(&before.days);
        if let Some(at) = before.last_at {
            self.see(at, before.landing);
        }
        self
    }

    /// A row of `day_use`.
    fn see_day(&mut self, rows: &RecordBatch, row: usize, landing: i64, as_of: NaiveDate) {
        if rows.column(3).as_primitive::<Int64Type>().value(row) > 0 {
            self.days.add(rows.column(2).as_primitive::<Date32Type>().value(row), as_of);
            self.see(rows.column(5).as_primitive::<TimestampMicrosecondType>().value(row), landing);
        }
    }

    fn see(&mut self, at: i64, landing: i64) {
        let day = |at: i64| at.div_euclid(DAY_MICROS);
        match self.last_at.map(|last| day(at).cmp(&day(last))) {
            None | Some(Ordering::Greater) => self.landing = landing,
            Some(Ordering::Equal) => self.landing = self.landing.max(landing),
            Some(Ordering::Less) => {}
        }
        self.last_at = Some(self.last_at.map_or(at, |last| last.max(at)));
    }
}

/// The rows of the new state.
struct Out {
    source: String,
    stream: String,
    mask: Ring,
    apps: StringBuilder,
    accounts: StringBuilder,
    last_at: Vec<i64>,
    landings: Vec<i64>,
    words: [Vec<i64>; WORDS],
    encoder: Encoder<Vec<u8>>,
}

impl Out {
    /// With room for a file of so many bytes.
    fn new(of: Of<'_>, mask: Ring, room: usize) -> Result<Self> {
        Ok(Self {
            source: of.source.to_owned(),
            stream: of.stream.to_owned(),
            mask,
            apps: StringBuilder::new(),
            accounts: StringBuilder::new(),
            last_at: Vec::with_capacity(BUILT_ROWS),
            landings: Vec::with_capacity(BUILT_ROWS),
            words: std::array::from_fn(|_| Vec::with_capacity(BUILT_ROWS)),
            encoder: Encoder::light(&seat_state_schema(), Vec::with_capacity(room), &REPEATED)?,
        })
    }

    /// Takes the rows of the old state up to one, as they are but for the days that are too old now.
    fn copy(&mut self, rows: &mut Sorted, end: usize) -> Result<()> {
        let unfit = |e| crate::base::Error::internal("rows of a state").because(e);
        while rows.row < end {
            let (from, to) = (rows.row, end.min(rows.row + BUILT_ROWS - self.last_at.len()));
            self.apps.append_array(&rows.apps.slice(from, to - from)).map_err(unfit)?;
            self.accounts.append_array(&rows.accounts.slice(from, to - from)).map_err(unfit)?;
            let last_at = rows.batch.column(4).as_primitive::<TimestampMicrosecondType>();
            self.last_at.extend_from_slice(&last_at.values()[from..to]);
            let column = |at: usize| &rows.batch.column(at).as_primitive::<Int64Type>().values()[from..to];
            self.landings.extend_from_slice(column(5));
            for (word, (kept, mask)) in self.words.iter_mut().zip(self.mask.0).enumerate() {
                kept.extend(column(FIRST_WORD + word).iter().map(|days| days & mask as i64));
            }
            rows.row = to;
            self.flush_when_full()?;
        }
        Ok(())
    }

    fn put(&mut self, told: Row) -> Result<()> {
        let Some(last_at) = told.last_at else { return Ok(()) };
        self.apps.append_value(&told.app);
        self.accounts.append_value(&told.account);
        self.last_at.push(last_at);
        self.landings.push(told.landing);
        self.words.iter_mut().zip(told.days.0).for_each(|(words, word)| words.push(word as i64));
        self.flush_when_full()
    }

    fn flush_when_full(&mut self) -> Result<()> {
        if self.last_at.len() == BUILT_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let rows = self.last_at.len();
        let text = |text: &str| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows)));
        let taken = |values: &mut Vec<i64>| std::mem::replace(values, Vec::with_capacity(BUILT_ROWS));
        let mut columns: Vec<arrow::array::ArrayRef> = vec![
            text(&self.source),
            text(&self.stream),
            Arc::new(self.apps.finish()),
            Arc::new(self.accounts.finish()),
            Arc::new(TimestampMicrosecondArray::from(taken(&mut self.last_at)).with_timezone("UTC")),
            Arc::new(Int64Array::from(taken(&mut self.landings))),
        ];
        let words = self.words.iter_mut().map(taken);
        columns.extend(words.map(|words| Arc::new(Int64Array::from(words)) as arrow::array::ArrayRef));
        let batch =
            RecordBatch::try_new(seat_state_schema(), columns).context(ErrorKind::Internal, "rows of a state")?;
        self.encoder.push(&batch)
    }

    fn finish(mut self) -> Result<Option<(Bytes, u64)>> {
        self.flush()?;
        let rows = self.encoder.rows();
        Ok(if rows > 0 { Some((self.encoder.finish()?.into(), rows)) } else { None })
    }
}
