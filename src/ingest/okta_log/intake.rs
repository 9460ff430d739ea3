//! What the events of a landing become, in the order of its files: each counts once, goes into the rollup when it is a
//! sign-in, and into a row group. Nothing here depends on which core parsed what, or when.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::{Array, ArrayRef, Date32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::compute::interleave;
use chrono::{DateTime, Utc};

use super::Stored;
use super::committed::Committed;
use super::event::{ACTOR, APP};
use super::parse::{Events, Parsed};
use super::seen::{BLOCK, Seen};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::ingest::page::Page;
use crate::ingest::values::days_since_epoch;
use crate::ingest::write::Target;
use crate::store::parquet::{self, STREAMED, Streamed};
use crate::usage::Rollup;

/// Row groups of a file.
pub(super) const PART_GROUPS: usize = 8;
/// Records set apart whose text is kept: with one more the landing is refused, and only their number counts.
const KEPT_REJECTS: usize = 1001;
/// Columns before those of the dataset.
const ORIGIN: usize = 5;

/// A landing on its way.
pub(super) struct Intake<'a> {
    pub target: &'a Target<'a>,
    pub streamed: &'a Streamed,
    pub committed: Committed<'a>,
    pub buckets: u32,
    /// Where files are written.
    pub stores: SyncSender<Stored>,
    pub totals: Totals,
    /// Row groups of a file.
    part_groups: usize,
    /// The ids of the file whose events come now, their first and last instant, and the row groups it has so far.
    seen: Seen,
    span: Option<(i64, i64)>,
    groups: usize,
    rollup: Rollup,
    group: Rows,
    /// The row group that is being encoded, on all cores: more at once would be no faster.
    encoding: Option<Encoding>,
    /// The file that is being filled.
    part: Option<parquet::Part>,
    rejects: usize,
    /// Events read so far.
    read: i64,
}

/// What the landing came to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub accepted: u64,
    pub duplicate: u64,
    pub filtered: u64,
    /// First and last instant of the events that were read, kept or not.
    pub span: Option<(i64, i64)>,
}

/// Rows of a row group, as they came.
#[derive(Default)]
struct Rows {
    events: Vec<Arc<Events>>,
    /// Which of them, and which event of it.
    picks: Vec<(usize, usize)>,
    numbers: Vec<i64>,
}

/// A row group that is being encoded.
struct Encoding {
    group: Receiver<Result<parquet::Group>>,
    /// First and last instant of its file, when it is the last one of it.
    ends: Option<(i64, i64)>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        target: &'a Target<'a>,
        streamed: &'a Streamed,
        committed: Committed<'a>,
        (buckets, part_groups): (u32, usize),
        stores: SyncSender<Stored>,
    ) -> Self {
        Self {
            target,
            streamed,
            committed,
            buckets,
            stores,
            totals: Totals::default(),
            part_groups,
            seen: Seen::default(),
            span: None,
            groups: 0,
            rollup: Rollup::new(target.extract_date, buckets),
            group: Rows::default(),
            encoding: None,
            part: None,
            rejects: 0,
            read: 0,
        }
    }

    /// Takes what a piece of a file held; `page` is the file's.
    ///
    /// # Errors
    /// A store error.
    pub(super) fn take<'s>(&mut self, parsed: Parsed, page: &mut Page, scope: &rayon::Scope<'s>) -> Result<()>
    where
        'a: 's,
    {
        let Parsed { records, filtered, ahead, rejects, paging, read, events } = parsed;
        for mut reject in rejects {
            reject.number += page.records;
            if self.rejects < KEPT_REJECTS {
                page.rejects.push(reject);
            } else {
                *page.more_rejects.entry((reject.reason, reject.column)).or_default() += 1;
            }
            self.rejects += 1;
        }
        page.records += records;
        page.written += events.at.len() as u64 + filtered;
        page.paging = paging;
        if ahead > 0 {
            *page.counts.entry("activity_ahead").or_default() += ahead;
        }
        self.totals.filtered += filtered;
        self.events(Arc::new(events), scope)?;
        self.read += i64::from(read);
        Ok(())
    }

    fn events<'s>(&mut self, events: Arc<Events>, scope: &rayon::Scope<'s>) -> Result<()>
    where
        'a: 's,
    {
        let mut attempts = events.attempts.iter().peekable();
        let mut place = None;
        for block in 0..events.keys.len().div_ceil(BLOCK) {
            let rows = block * BLOCK..events.keys.len().min((block + 1) * BLOCK);
            std::hint::black_box(self.seen.touch(&events.keys[rows.clone()]));
            for row in rows {
                let attempt = attempts.next_if(|(of, _)| *of as usize == row);
                let at = events.at[row];
                self.totals.span = Some(widened(self.totals.span, at));
                if !self.seen.insert(events.keys[row]) || self.committed.holds(at, events.keys[row])? {
                    self.totals.duplicate += 1;
                    continue;
                }
                self.totals.accepted += 1;
                self.span = Some(widened(self.span, at));
                if let Some((_, is_success)) = attempt {
                    let [app, actor] = [APP, ACTOR].map(|text| events.texts[text].value(row));
                    if self.rollup.add(app, actor, at, *is_success) {
                        self.put_rollup()?;
                    }
                }
                let of = *place.get_or_insert_with(|| {
                    self.group.events.push(Arc::clone(&events));
                    self.group.events.len() - 1
                });
                self.group.picks.push((of, row));
                self.group.numbers.push(self.read + i64::from(events.places[row]) + 1);
                if self.group.picks.len() == STREAMED.row_group_rows {
                    self.encode(scope)?;
                    place = None;
                }
            }
        }
        Ok(())
    }

    fn put_rollup(&mut self) -> Result<()> {
        let full = std::mem::replace(&mut self.rollup, Rollup::new(self.target.extract_date, self.buckets));
        self.store(Stored::Uses(Box::new(full)))
    }

    fn store(&self, what: Stored) -> Result<()> {
        // The thread that stores says itself what went wrong.
        self.stores.send(what).map_err(|_| Error::internal("files are no longer written"))
    }

    /// Has the rows that were gathered encoded on other cores, once those before them are.
    fn encode<'s>(&mut self, scope: &rayon::Scope<'s>) -> Result<()>
    where
        'a: 's,
    {
        let rows = std::mem::take(&mut self.group);
        if rows.picks.is_empty() {
            return Ok(());
        }
        self.add()?;
        let (sender, receiver) = sync_channel(1);
        let (streamed, target) = (self.streamed, self.target);
        scope.spawn(move |_| _ = sender.send(rows.encode(streamed, target)));
        self.groups += 1;
        let ends = if self.groups == self.part_groups { self.end_part() } else { None };
        self.encoding = Some(Encoding { group: receiver, ends });
        Ok(())
    }

    /// The events that follow lie in the next file: what is in this one is known there. Gives its first and last instant.
    fn end_part(&mut self) -> Option<(i64, i64)> {
        self.groups = 0;
        let ids = std::mem::take(&mut self.seen);
        let span = self.span.take()?;
        self.committed.add(span, ids);
        Some(span)
    }

    /// Adds the row group that is encoded to the file that is being filled, and has that written when it is full.
    fn add(&mut self) -> Result<()> {
        let Some(Encoding { group, ends }) = self.encoding.take() else { return Ok(()) };
        let group = group.recv().context(ErrorKind::Internal, "a row group was not encoded")??;
        let part = match &mut self.part {
            Some(part) => part,
            none => none.insert(self.streamed.part()?),
        };
        part.add(group)?;
        if let Some(span) = ends
            && let Some(part) = self.part.take()
        {
            let (bytes, rows) = part.finish()?;
            self.store(Stored::Rows { bytes, rows, span })?;
        }
        Ok(())
    }

    /// Writes what is held; there are no more pieces. Gives the ids of each file, too, as far as they are held.
    ///
    /// # Errors
    /// A store error.
    pub(super) fn finish<'s>(mut self, scope: &rayon::Scope<'s>) -> Result<(Totals, Vec<Option<Arc<Seen>>>)>
    where
        'a: 's,
    {
        self.encode(scope)?;
        let ends = self.end_part();
        if let Some(last) = &mut self.encoding {
            last.ends = last.ends.or(ends);
        }
        self.add()?;
        if !self.rollup.is_empty() {
            self.put_rollup()?;
        }
        Ok((self.totals, self.committed.into_added()))
    }
}

fn widened(span: Option<(i64, i64)>, at: i64) -> (i64, i64) {
    let (first, last) = span.unwrap_or((at, at));
    (first.min(at), last.max(at))
}

impl Totals {
    /// The span as instants.
    pub(super) fn instants(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.span.and_then(instants)
    }
}

/// A span in microseconds as instants.
pub(super) fn instants((first, last): (i64, i64)) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    Some((DateTime::from_timestamp_micros(first)?, DateTime::from_timestamp_micros(last)?))
}

impl Rows {
    /// Encodes the rows, by time; of one instant as they came.
    fn encode(self, streamed: &Streamed, target: &Target<'_>) -> Result<parquet::Group> {
        let Self { events, picks, numbers } = self;
        let at = |(of, row): (usize, usize)| events[of].at[row];
        let mut order: Vec<(i64, u32)> = picks.iter().zip(0..).map(|(pick, i)| (at(*pick), i)).collect();
        order.sort_unstable();
        let picks: Vec<(usize, usize)> = order.iter().map(|(_, i)| picks[*i as usize]).collect();
        let rows = picks.len();
        streamed.group(rows, |column| {
            Ok(match column.checked_sub(ORIGIN) {
                None => origin(column, target, rows, &order, &numbers),
                Some(1) => {
                    let at = order.iter().map(|(at, _)| *at);
                    Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))
                }
                Some(field) => {
                    let text = if field == 0 { 0 } else { field - 1 };
                    let arrays: Vec<&dyn Array> = events.iter().map(|e| &e.texts[text] as &dyn Array).collect();
                    interleave(&arrays, &picks).context(ErrorKind::Internal, "rows cannot be gathered")?
                }
            })
        })
    }
}

/// Where rows come from: source, stream, extract date, landing, and the place in it.
fn origin(column: usize, target: &Target<'_>, rows: usize, order: &[(i64, u32)], numbers: &[i64]) -> ArrayRef {
    let text = |text: &str| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows)));
    match column {
        0 => text(target.source),
        1 => text(target.stream),
        2 => Arc::new(Date32Array::from_value(days_since_epoch(target.extract_date), rows)),
        3 => Arc::new(Int64Array::from_value(target.version as i64, rows)),
        _ => Arc::new(Int64Array::from_iter_values(order.iter().map(|(_, i)| numbers[*i as usize]))),
    }
}
