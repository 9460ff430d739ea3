//! Everything a stream has, or what came since: all pages, or nothing.

use std::collections::HashSet;

use chrono::{Days, NaiveDate, SecondsFormat, TimeDelta};

use super::read::{self, Api, Fetched, Listed, Pages, Values, absent, accepted, at, instant};
use super::spool::Batch;
use super::table::{Absent, Changes, Job, Nature, Parent, Pass, Stream as Table};
use super::unchanged::{Carried, Unchanged};
use super::{Brought, Stop};
use crate::base::text;
use crate::http::{Call, Response};
use crate::ingest::land::Stream;
use crate::ingest::page::Refusal;
use crate::ingest::past::Past;
use crate::ingest::{decode, json};

/// A list of a day that is not there may still come for so many days.
const SETTLED_DAYS: i64 = 3;
/// Times that a job is looked after: not quite two hours.
const MOST_LOOKS: u32 = 200;
/// Records that are asked for one by one, whether they are still there.
const MOST_ASKED: usize = 1000;
/// Characters of an id that names a folder.
const MOST_ID_CHARS: usize = 64;

/// Pages that one landing may have; a list that has more does not end.
const MOST_FILES: u64 = 1_000_000;

/// What has been written so far.
struct Written<'a> {
    stream: &'a Stream<'a>,
    api: &'a Api,
    batch: &'a Batch,
    past: &'a Past,
    /// The day of extraction: of the first answer, by the server's clock.
    day: Option<NaiveDate>,
    files: u64,
    /// How many records the source counts in the lists read so far; none when it did not count one.
    total: Option<u64>,
    /// Parents that were listed, and were no more when their own list was read.
    gone: usize,
    /// A page without records, and where it would be: written when no page has any.
    empty: Option<(String, bytes::Bytes)>,
}

/// Reads every list of a stream into a batch. None: nothing is due.
///
/// # Errors
/// Why the stream could not be read whole.
pub(super) async fn read(
    stream: &Stream<'_>,
    api: &Api,
    table: &'static Table,
    batch: &Batch,
    past: &Past,
) -> Result<Option<Brought>, Stop> {
    let mut written = Written { stream, api, batch, past, day: None, files: 0, total: Some(0), gone: 0, empty: None };
    let through = past.complete_through();
    let today = api.clock().today().day();
    let mut last = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let first = first_day(table.nature, through, today);
    let is_daily = matches!(table.nature, Nature::Daily { .. });
    let days: Vec<NaiveDate> = first
        .iter_days()
        .take_while(|day| !is_daily || *day <= last)
        .take(if is_daily { usize::MAX } else { 1 })
        .collect();
    let mut holes: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    let are_changes_enough = match table.nature {
        Nature::Changing(changes) => written.changes(changes, today).await?,
        _ => false,
    };
    'days: for day in days.iter().filter(|_| !are_changes_enough) {
        for pass in table.passes {
            let of_day = is_daily.then(|| format!("of-{}", day.format("%Y%m%d")));
            let folder: Vec<&str> =
                [pass.folder].into_iter().chain(of_day.as_deref()).filter(|one| !one.is_empty()).collect();
            let next = day.succ_opt().unwrap_or(*day);
            match written.pass(pass, read::days(*day, today), &folder.join("/")).await? {
                None => {}
                Some(Absent::Never) if (today - *day).num_days() > SETTLED_DAYS => match holes.last_mut() {
                    Some((_, to)) if *to == *day => *to = next,
                    _ => holes.push((*day, next)),
                },
                // Whatever comes after it waits for it.
                Some(_) => {
                    last = day.pred_opt().unwrap_or(*day);
                    break 'days;
                }
            }
        }
    }
    if written.files == 0 {
        match written.empty.take() {
            Some((path, bytes)) => {
                batch.write(&path, &bytes)?;
                written.files = 1;
            }
            None if is_daily && through.is_some() => return Ok(None),
            None if is_daily => return Err(Refusal::new("empty_feed", "there is no list of any day").into()),
            None => {
                return Err(Refusal::new("empty_feed", "every list was gone when it was read: land it again").into());
            }
        }
    }
    let mut brought = Brought::by(api);
    if written.gone > 0 {
        let gone = format!("gone: {} were listed, and were no more when their own list was read", written.gone);
        brought.warnings.push(gone);
    }
    brought.control.pages = Some(written.files);
    brought.control.rows = written.total;
    if !table.nature.is_full() {
        brought.control.from = Some(first);
        brought.control.holes = holes;
        brought.complete_through = Some(last);
    }
    Ok(Some(brought))
}

/// The first day to ask for.
fn first_day(nature: Nature, through: Option<NaiveDate>, today: NaiveDate) -> NaiveDate {
    let back = |days: u32| today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(today);
    match nature {
        Nature::Full | Nature::Changing(_) | Nature::Log => today,
        Nature::Since { overlap_days, kept_days } => {
            let again = through.and_then(|day| day.checked_sub_days(Days::new(u64::from(overlap_days))));
            again.map_or(back(kept_days), |day| day.max(back(kept_days)))
        }
        Nature::Daily { kept_days } => {
            let next = through.and_then(|day| day.checked_add_days(Days::new(1)));
            next.map_or(back(kept_days), |day| day.max(back(kept_days)))
        }
    }
}

impl Written<'_> {
    /// Reads one list, or that of each record of its parent list. Tells why there is no list, if there is none.
    async fn pass(&mut self, pass: &'static Pass, values: Values, folder: &str) -> Result<Option<Absent>, Stop> {
        let Some(parent) = pass.of else {
            let mut pages = Pages::new(self.api, pass, values.clone(), &[])?;
            let Some(first) = pages.answer().await? else { return Ok(None) };
            if let Some(why) = absent(pass, &first) {
                return Ok(Some(why));
            }
            let page = pages.take(first)?;
            let job = pass.job.filter(|job| page.total.is_some_and(|total| total > job.above));
            if let Some(job) = job
                && self.job(job, pass, &values, folder).await?
            {
                return Ok(None);
            }
            return self.list(pages, page, pass, folder).await.map(|()| None);
        };
        let parents = self.parents(parent, &values).await?;
        let today = self.api.clock().today().day();
        let unchanged = match parent.change {
            Some(change) => Unchanged::of(self.stream, self.past, &parents, change, today).await?,
            None => Unchanged::default(),
        };
        for Listed { id, .. } in parents {
            if let Some((name, page)) = unchanged.page(&id) {
                self.write(&self.path(&child(folder, id), &name), &page)?;
                continue;
            }
            let mut of = values.clone();
            of.insert("id".to_owned(), id.clone());
            let mut pages = Pages::new(self.api, pass, of, &[])?;
            let Some(first) = pages.answer().await? else { continue };
            if first.status == 404 && is_gone(self.api, &parent.list, &id, &values).await? {
                self.gone += 1;
                continue;
            }
            let page = pages.take(first)?;
            self.list(pages, page, pass, &child(folder, id)).await?;
        }
        Ok(None)
    }

    /// Reads what changed of a list, and writes the rest as it landed before. False, before anything was written: the list
    /// is to be read whole.
    async fn changes(&mut self, changes: &'static Changes, today: NaiveDate) -> Result<bool, Stop> {
        let Some(carried) = Carried::of(self.past, today) else { return Ok(false) };
        // What changed late on a day may be told after it.
        let mut values = read::days(carried.since.pred_opt().unwrap_or(carried.since), today);
        let an_hour_ago = (self.api.clock().now() - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Millis, true);
        values.insert("an_hour_ago".to_owned(), an_hour_ago);
        let Some(mut not_carried) = self.gone(changes, &values).await? else { return Ok(false) };
        let (mut pages, mut number) = (Pages::new(self.api, &changes.list, values, &[])?, 0);
        while let Some(page) = pages.page().await? {
            number += 1;
            let text = decode::decode(&page.bytes)?;
            let ids = json::records(&text, false)?.slices.into_iter().filter_map(|record| at(record, "/id"));
            not_carried.extend(ids.filter_map(|id| id.as_str().map(str::to_owned)));
            self.put(&page, &changes.list, changes.list.folder, number)?;
        }
        let stream = self.stream;
        carried.write(stream, &not_carried, |name, page| self.write(&self.path("", name), page)).await?;
        // Nobody counted the records that were not read.
        self.total = None;
        Ok(true)
    }

    /// The ids of the records of a list that are no more. None: that cannot be told.
    async fn gone(&self, changes: &'static Changes, values: &Values) -> Result<Option<HashSet<String>>, Stop> {
        let mut pages = Pages::new(self.api, &changes.gone, values.clone(), &[])?;
        let Some(first) = pages.answer().await? else { return Ok(None) };
        // Not everybody who may read the list may read the log.
        if first.status == 403 {
            return Ok(None);
        }
        let (mut next, mut named) = (Some(pages.take(first)?), HashSet::new());
        while let Some(page) = next {
            let text = decode::decode(&page.bytes)?;
            for event in json::records(&text, false)?.slices {
                let targets = at(event, "/target").unwrap_or_default();
                let records =
                    targets.as_array().into_iter().flatten().filter(|target| target["type"] == changes.target);
                named.extend(records.filter_map(|record| record["id"].as_str().map(str::to_owned)));
            }
            if named.len() > MOST_ASKED {
                return Ok(None);
            }
            next = pages.page().await?;
        }
        let mut gone = HashSet::new();
        for id in named.into_iter().filter(|id| is_name(id)) {
            if is_gone(self.api, &changes.list, &id, values).await? {
                gone.insert(id);
            }
        }
        Ok(Some(gone))
    }

    /// Reads a list to its end, from its first page on.
    async fn list(
        &mut self,
        mut pages: Pages<'_>,
        first: Fetched,
        pass: &'static Pass,
        folder: &str,
    ) -> Result<(), Stop> {
        let (mut number, mut total) = (0, None);
        let mut next = Some(first);
        while let Some(page) = next {
            number += 1;
            total = page.total.or(total);
            self.put(&page, pass, folder, number)?;
            next = pages.page().await?;
        }
        self.total = self.total.zip(total).map(|(all, total)| all + total);
        Ok(())
    }

    /// Has the server write a list down, waits until it is done, and reads that. False: it makes no jobs, or not for this
    /// credential.
    async fn job(&mut self, job: &'static Job, pass: &Pass, values: &Values, folder: &str) -> Result<bool, Stop> {
        let told = |response: &Response, pointer: &str| at(response.bytes(), pointer);
        let made = self.api.send(&self.api.order(job, pass, values)?).await?;
        if matches!(made.status, 403 | 404) {
            return Ok(false);
        }
        let made = accepted(made)?;
        let id = told(&made, job.id).and_then(|id| id.as_str().map(str::to_owned)).filter(|id| is_word(id));
        let odd = |what: &str| Refusal::new("source_error", format!("{}: {what}", job.path));
        let id = id.ok_or_else(|| odd("a job without an id that can be asked for"))?;
        let mut looks = 0;
        let total = loop {
            let seen = accepted(self.api.send(&self.api.about(job, &id, Call::get)).await?)?;
            let state = told(&seen, job.state).and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default();
            if state == job.done {
                break told(&seen, job.total).and_then(|total| total.as_u64());
            }
            if !job.going.contains(&&*state) {
                return Err(odd(&format!("the job ended as `{}`", text::display(&state))).into());
            }
            if looks == MOST_LOOKS {
                return Err(odd("the job does not come to an end: land it again").into());
            }
            self.api.wait_for_job(looks).await;
            looks += 1;
        };
        let mut of = values.clone();
        of.insert("id".to_owned(), id.clone());
        let mut pages = Pages::new(self.api, &job.results, of, &[])?;
        let first = pages.page().await?.ok_or_else(|| odd("a job without results"))?;
        self.list(pages, Fetched { total: total.or(first.total), ..first }, &job.results, folder).await?;
        // What stays there goes by itself after some days.
        _ = self.api.send(&self.api.about(job, &id, Call::delete)).await;
        Ok(true)
    }

    /// The records of a parent list.
    async fn parents(&mut self, parent: &'static Parent, values: &Values) -> Result<Vec<Listed>, Stop> {
        let mut pages = Pages::new(self.api, &parent.list, values.clone(), &[])?;
        let mut parents = Vec::new();
        while let Some(page) = pages.page().await? {
            self.day.get_or_insert(page.at.date_naive());
            if page.rows == 0 {
                self.put(&page, &parent.list, "", 1)?;
            }
            let text = decode::decode(&page.bytes)?;
            for record in json::records(&text, false)?.slices {
                let id = at(record, parent.id).and_then(|id| id.as_str().map(str::to_owned)).filter(|id| is_name(id));
                let message = || format!("{}: a record without an id that can be asked for", parent.list.path);
                let id = id.ok_or_else(|| Refusal::new("source_error", message()))?;
                let changed_at = parent.change.and_then(|change| instant(record, change.at));
                parents.push(Listed { id, changed_at });
            }
        }
        Ok(parents)
    }

    fn put(&mut self, page: &Fetched, pass: &Pass, folder: &str, number: usize) -> Result<(), Stop> {
        self.day.get_or_insert(page.at.date_naive());
        let path = self.path(folder, &format!("page-{number:06}.{}", pass.file));
        if page.rows == 0 {
            self.empty.get_or_insert((path, page.bytes.clone()));
            return Ok(());
        }
        self.write(&path, &page.bytes)
    }

    /// Where a file goes; some answer has come.
    fn path(&self, folder: &str, name: &str) -> String {
        let day = self.day.unwrap_or_else(|| self.api.clock().today().day());
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        format!("{}/{day}/{folder}{name}", self.stream.name)
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), Stop> {
        self.files += 1;
        if self.files > MOST_FILES {
            let message = format!("more than {MOST_FILES} pages: nothing is taken of a list that does not end");
            return Err(Refusal::new("too_many_pages", message).into());
        }
        Ok(self.batch.write(path, bytes)?)
    }
}

/// The folder of a record's own list.
fn child(folder: &str, id: String) -> String {
    if folder.is_empty() { id } else { format!("{folder}/{id}") }
}

/// Whether an id is a plain name, short enough for one of a folder.
fn is_name(id: &str) -> bool {
    id.len() <= MOST_ID_CHARS && is_word(id)
}

/// Whether a text is letters, digits, `-` and `_`.
fn is_word(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Whether a record that was listed is no more; that its own list is not to be seen proves nothing.
async fn is_gone(api: &Api, list: &Pass, id: &str, values: &Values) -> Result<bool, Stop> {
    let call = api.call(&Pass { query: &[], ..*list }, values, &[])?.below(id);
    Ok(api.send(&call).await?.status == 404)
}
