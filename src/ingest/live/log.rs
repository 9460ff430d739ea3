//! The Okta System Log: polled by its cursor, oldest first, in batches that land while the next one is fetched.
//!
//! A poll without `until` brings every event in the order in which Okta stored it. Its pages never end: the link to the
//! next one is the cursor, and it is put on record by the landing of the pages before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use futures::channel::mpsc::{Sender, channel};
use futures::{SinkExt, StreamExt};

use super::read::{Api, Values};
use super::spool::{Batch, Spool};
use super::table::{Pass, Stream as Table};
use super::tail::{LogPage, Tail};
use super::{Brought, Stop, land_batch, reconcile};
use crate::base::{Error, Result};
use crate::ingest::discover::Control;
use crate::ingest::land::Stream;
use crate::ingest::report::{Landing, Outcome};

/// Okta keeps events for so long.
const KEPT: TimeDelta = TimeDelta::days(90);
/// Where there is no cursor, reading begins so long before the newest event that landed.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// An event may become known so long after it happened, and still belong to its day.
const LATE: TimeDelta = TimeDelta::hours(1);
/// Pages that land together at most, ...
const BATCH_PAGES: usize = 200;
/// ... and bytes.
const BATCH_BYTES: usize = 128 << 20;

/// Where a poll begins.
struct Start {
    /// The cursor on record.
    cursor: Option<String>,
    /// The newest event that landed.
    watermark: Option<DateTime<Utc>>,
}

/// Polls a log, on a task of its own.
struct Poll {
    api: Arc<Api>,
    pass: &'static Pass,
    spool: Arc<Spool>,
    stream: String,
    start: Start,
}

/// Pages that came together.
struct Polled {
    batch: Batch,
    brought: Brought,
    pages: usize,
    /// Where reading goes on after them.
    cursor: Option<String>,
    /// The day on which the newest answer was sent.
    today: Option<NaiveDate>,
    /// Why there are no more, when it is no good reason.
    stopped: Option<Stop>,
}

/// Lands what came since the last poll.
///
/// # Errors
/// A store or conflict error; what went wrong at the source is in the landings.
pub(super) async fn land(
    stream: &Stream<'_>,
    api: &Arc<Api>,
    table: &'static Table,
    spool: &Arc<Spool>,
) -> Result<Vec<Landing>> {
    let Some(pass) = table.passes.first() else { return Ok(Vec::new()) };
    let past = stream.past().await?;
    let (mut landings, mut reconciled_until) = (Vec::new(), None);
    match reconcile::land(stream, api, pass, spool, &past).await {
        Ok(None) => {}
        Ok(Some((until, found))) => (landings, reconciled_until) = (found, Some(until)),
        Err(Stop::Run(error)) => return Err(error),
        // New events are worth more than a second look at old ones.
        Err(Stop::Stream(refusal)) => landings.push(stream.refused(None, refusal)),
    }
    let start = Start { cursor: past.cursor().map(str::to_owned), watermark: past.watermark() };
    let mut cursor = start.cursor.clone();
    let poll = Poll { api: Arc::clone(api), pass, spool: Arc::clone(spool), stream: stream.name.clone(), start };
    // While one batch lands, one waits and one is fetched.
    let (sender, mut receiver) = channel(0);
    let polling = tokio::spawn(poll.run(sender));
    while let Some(polled) = receiver.next().await {
        let Polled { batch, mut brought, pages, cursor: after, today, stopped } = polled?;
        if pages > 0 {
            brought.reconciled_until = reconciled_until;
            brought.cursor = Some((cursor.clone(), after.clone()));
            let landed = land_batch(stream, batch, &brought, false).await?;
            let is_refused = landed.iter().any(|landing| matches!(landing.outcome, Outcome::Refused { .. }));
            if landed.last().is_some_and(|last| last.outcome != Outcome::AlreadyLanded) {
                cursor = after;
            }
            landings.extend(landed);
            if is_refused {
                // What came later must not land before it.
                polling.abort();
                return Ok(landings);
            }
        } else if stopped.is_none() && landings.is_empty() {
            landings.push(stream.landing(today, Outcome::AlreadyLanded, brought.warnings));
        }
        match stopped {
            None => {}
            Some(Stop::Run(error)) => return Err(error),
            Some(Stop::Stream(refusal)) => landings.push(stream.refused(None, refusal)),
        }
    }
    polling.await.map_err(|_| Error::internal("polling ended without a reason"))?;
    Ok(landings)
}

impl Poll {
    async fn run(self, mut sender: Sender<Result<Polled>>) {
        // Nobody listens any more when landing failed before.
        if let Err(error) = self.read(&mut sender).await {
            let _ = sender.send(Err(error)).await;
        }
    }

    async fn read(&self, sender: &mut Sender<Result<Polled>>) -> Result<()> {
        let mut reading = match self.begin().await {
            Ok(reading) => reading,
            Err(Stop::Run(error)) => return Err(error),
            Err(stop) => {
                let polled = Polled { stopped: Some(stop), ..self.polled()? };
                let _ = sender.send(Ok(polled)).await;
                return Ok(());
            }
        };
        let mut has_more = true;
        while has_more {
            let mut polled = self.polled()?;
            has_more = reading.fill(&mut polled).await;
            if sender.send(Ok(polled)).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    fn polled(&self) -> Result<Polled> {
        let brought = Brought { is_in_order: true, ..Brought::by(&self.api) };
        Ok(Polled { batch: self.spool.batch()?, brought, pages: 0, cursor: None, today: None, stopped: None })
    }

    /// Asks for the first page: by the cursor on record; without one, or when the server does not take it any more, from
    /// a day before the newest event on.
    async fn begin(&self) -> Result<Reading<'_>, Stop> {
        let (api, watermark) = (&self.api, self.start.watermark);
        let mut warnings = Vec::new();
        let resumed = match &self.start.cursor {
            Some(cursor) => self.resume(cursor).await?,
            None => None,
        };
        if self.start.cursor.is_some() && resumed.is_none() {
            warnings.push("cursor_refused: read again from 24 hours before the newest event on".to_owned());
        }
        let (tail, page, oldest) = match resumed {
            Some((tail, page)) => {
                let oldest = page.at - KEPT;
                (tail, page, oldest)
            }
            None => {
                let oldest = api.server_now(self.pass).await? - KEPT;
                let since = watermark.map_or(oldest, |newest| (newest - OVERLAP).max(oldest));
                let since = since.to_rfc3339_opts(SecondsFormat::Millis, true);
                let mut tail = Tail::new(api, api.call(self.pass, &Values::new(), &[("since", &since)])?);
                let answer = tail.answer().await?;
                let page = tail.take(answer.ok_or_else(|| Error::internal("a poll without a first page"))?)?;
                (tail, page, oldest)
            }
        };
        // Of a day that Okta kept in part only, nobody can speak.
        let first_whole = oldest.date_naive() + Days::new(1);
        let (from, hole) = match watermark {
            None => (first_whole, None),
            Some(newest) if newest < oldest => (first_whole, Some((newest.date_naive(), first_whole))),
            Some(newest) => (newest.date_naive(), None),
        };
        let began = page.at;
        let holes = hole.into_iter().collect();
        let state = Reading {
            poll: self,
            tail,
            first: Some(page),
            began,
            newest: watermark,
            day: None,
            number: 0,
            from,
            holes,
            warnings,
        };
        Ok(state)
    }

    /// The first page by a cursor; none when the server does not take it.
    async fn resume(&self, cursor: &str) -> Result<Option<(Tail, LogPage)>, Stop> {
        let is_ours = cursor.split('?').next().is_some_and(|path| path.ends_with(self.pass.path));
        let Some(call) = self.api.follow(cursor).ok().filter(|_| is_ours) else { return Ok(None) };
        let mut tail = Tail::new(&self.api, call);
        match tail.answer().await? {
            None => Ok(None),
            Some(answer) if matches!(answer.status, 400 | 404 | 410) => Ok(None),
            Some(answer) => {
                let page = tail.take(answer)?;
                Ok(Some((tail, page)))
            }
        }
    }
}

/// A poll under way.
struct Reading<'a> {
    poll: &'a Poll,
    tail: Tail,
    first: Option<LogPage>,
    /// When it began, by the server's clock.
    began: DateTime<Utc>,
    /// The newest event seen.
    newest: Option<DateTime<Utc>>,
    /// The stream's day: an event that happened before it became known on it.
    day: Option<NaiveDate>,
    number: usize,
    /// The first day that the next batch speaks for.
    from: NaiveDate,
    holes: Vec<(NaiveDate, NaiveDate)>,
    warnings: Vec<String>,
}

impl Reading<'_> {
    /// Fills a batch; whether another one follows.
    async fn fill(&mut self, polled: &mut Polled) -> bool {
        polled.brought.control = Control { from: Some(self.from), holes: self.holes.clone(), ..Control::default() };
        polled.brought.warnings = std::mem::take(&mut self.warnings);
        let mut bytes = 0;
        while polled.pages < BATCH_PAGES && bytes < BATCH_BYTES {
            match self.step(polled).await {
                Ok(Some(more)) => bytes += more,
                Ok(None) => return false,
                Err(stop) => {
                    polled.stopped = Some(stop);
                    return false;
                }
            }
        }
        self.from = self.newest.map_or(self.from, |newest| newest.date_naive().max(self.from));
        true
    }

    /// Takes one page: its bytes; none when the log has no more for now.
    async fn step(&mut self, polled: &mut Polled) -> Result<Option<usize>, Stop> {
        let page = match self.first.take() {
            Some(page) => page,
            None => match self.tail.answer().await? {
                Some(answer) => self.tail.take(answer)?,
                None => return Ok(None),
            },
        };
        polled.today = Some(page.at.date_naive());
        let is_empty = page.events.is_empty();
        if !is_empty {
            self.put(&page, &polled.batch)?;
            polled.pages += 1;
        }
        polled.cursor = page.next.or(polled.cursor.take());
        // A busy log always has one more: what happens after this poll began is for the next one.
        let is_over = is_empty || self.newest.is_some_and(|newest| newest >= self.began);
        let known = if is_over { self.newest.max(Some(page.at)) } else { self.newest };
        // A day is closed once the log is an hour past it.
        let through = known.and_then(|known| (known - LATE).date_naive().pred_opt());
        polled.brought.complete_through = through;
        Ok((!is_over).then_some(page.text.len()))
    }

    /// Writes a page; one whose events count for several days, in so many parts.
    fn put(&mut self, page: &LogPage, batch: &Batch) -> Result<(), Stop> {
        let mut days: BTreeMap<NaiveDate, Vec<&[u8]>> = BTreeMap::new();
        for (event, at) in &page.events {
            self.newest = self.newest.max(*at);
            let sure = self.newest.map_or(page.at, |newest| (newest - LATE).min(page.at)).date_naive();
            self.day = self.day.max(Some(sure));
            let day = at.map_or(sure, |at| at.date_naive().max(sure)).max(self.day.unwrap_or(sure));
            days.entry(day).or_default().push(event);
        }
        self.number += 1;
        let is_whole = days.len() == 1;
        for (day, records) in days {
            let path = format!("{}/{day}/page-{:06}.json", self.poll.stream, self.number);
            if is_whole {
                batch.write(&path, &page.text)?;
            } else {
                batch.write(&path, &array(&records))?;
            }
        }
        Ok(())
    }
}

/// Records as a page has them.
pub(super) fn array(records: &[&[u8]]) -> Vec<u8> {
    [b"[".as_slice(), &records.join(b",\n".as_slice()), b"]"].concat()
}
