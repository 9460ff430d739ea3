//! The end of a log, page by page as it grows. A page names the next one in its headers: that is asked for before the
//! page itself is here, so that the server looks for one while another is on its way and a third is looked at.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::channel::{mpsc, oneshot};
use futures::{SinkExt, StreamExt};
use tokio::task::JoinHandle;

use super::read::{Api, accepted, instant, repeated, rfc3339};
use crate::http::{Call, Response};
use crate::ingest::page::Refusal;
use crate::ingest::{decode, json, okta_log};
use crate::store::sha256_hex;

/// Two pages of a log that are as long and have the same first and last bytes are one: events have ids.
const TELLING_BYTES: usize = 4096;
/// A body that is longer has events in it.
const EMPTY_BYTES: u64 = 16;

/// A log that is read from a request on.
pub(super) struct Tail {
    api: Arc<Api>,
    /// Answers that are on their way, in their order.
    ahead: mpsc::Receiver<Task<Result<Response, Refusal>>>,
    _asking: Task<()>,
    /// Addresses and marks of pages that were there.
    seen: HashSet<String>,
    pages: okta_log::Pages,
}

/// A page of a log.
pub(super) struct LogPage {
    /// Its text.
    pub text: Bytes,
    pub events: Vec<LogEvent>,
    /// When it was sent, by the server's clock.
    pub at: DateTime<Utc>,
    /// Path and query of the next page.
    pub next: Option<String>,
}

/// An event as it is written, and when it happened, as far as it says so.
pub(super) type LogEvent = (Bytes, Option<DateTime<Utc>>);

/// What is done meanwhile, and given up when nobody wants it any more.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Tail {
    /// Sends the first request.
    pub(super) fn new(api: &Arc<Api>, first: Call) -> Self {
        // One answer waits, and one more is asked for.
        let (sender, ahead) = mpsc::channel(0);
        let asking = Task(tokio::spawn(ask(Arc::clone(api), first, sender)));
        Self { api: Arc::clone(api), ahead, _asking: asking, seen: HashSet::new(), pages: Default::default() }
    }

    /// The answer that comes next; none after the last page.
    ///
    /// # Errors
    /// A refusal, when no answer came.
    pub(super) async fn answer(&mut self) -> Result<Option<Response>, Refusal> {
        let Some(mut next) = self.ahead.next().await else { return Ok(None) };
        let given_up = |_| Refusal::new("unreachable", "a request was given up");
        (&mut next.0).await.map_err(given_up)?.map(Some)
    }

    /// Takes an answer as a page; an empty one has no next one yet.
    ///
    /// # Errors
    /// A refusal, when it is none, or one that was there before.
    pub(super) fn take(&mut self, response: Response) -> Result<LogPage, Refusal> {
        let response = accepted(response)?;
        let place = response.place().to_owned();
        let within = |refusal: Refusal| refusal.within(&place);
        let bytes = response.bytes().clone();
        let text = match decode::decode(&bytes).map_err(within)? {
            Cow::Borrowed(text) => bytes.slice_ref(text),
            Cow::Owned(text) => text.into(),
        };
        let (at, next) = (self.api.now(&response), response.next_link());
        let next = next.map(|address| self.api.own(&address)).transpose()?;
        let is_empty = is_empty(&text);
        if let Some(next) = next.as_ref().filter(|_| !is_empty)
            && (!self.seen.insert(mark(&text)) || !self.seen.insert(next.clone()))
        {
            return Err(repeated(&place));
        }
        let events = if is_empty { Vec::new() } else { self.events(&text).map_err(within)? };
        Ok(LogPage { text, events, at, next })
    }

    fn events(&mut self, text: &Bytes) -> Result<Vec<LogEvent>, Refusal> {
        if let Some(events) = self.pages.events(text) {
            let event = |event: okta_log::Placed<'_>| {
                let published = event.published.as_deref().and_then(rfc3339);
                (text.slice(event.at), published)
            };
            return Ok(events.into_iter().map(event).collect());
        }
        let records = json::records(text, false)?.slices;
        Ok(records.into_iter().map(|record| (text.slice_ref(record), published(record))).collect())
    }
}

/// Asks for one page after the other, as far as somebody takes them.
async fn ask(api: Arc<Api>, first: Call, mut pages: mpsc::Sender<Task<Result<Response, Refusal>>>) {
    let mut call = first;
    loop {
        let (heard, head) = oneshot::channel();
        let page = Task(tokio::spawn(page(Arc::clone(&api), call, heard)));
        if pages.send(page).await.is_err() {
            return;
        }
        // Where a page leads to, and whether it may, is judged by who takes it.
        let Ok(head) = head.await else { return };
        let next = head.next_link().and_then(|address| api.follow(&address).ok());
        let Some(next) = next else { return };
        // What is left of the server's limit may be for others.
        api.keep_room(&head).await;
        call = next;
    }
}

/// Reads a page; who waits for its head is told of it as soon as it is known that the page has events.
async fn page(api: Arc<Api>, call: Call, heard: oneshot::Sender<Response>) -> Result<Response, Refusal> {
    let mut heard = Some(heard);
    let mut tell = |head: Response| {
        if let Some(heard) = heard.take() {
            // Who gave up meanwhile needs no head.
            let _ = heard.send(head);
        }
    };
    let at_head = |head: Response| {
        if head.length().is_some_and(|length| length > EMPTY_BYTES) {
            tell(head);
        }
    };
    let response = api.send_hearing(&call, at_head).await?;
    if response.is_success() && !is_empty(response.bytes()) {
        tell(response.clone());
    }
    Ok(response)
}

/// Whether a page has no events.
fn is_empty(text: &[u8]) -> bool {
    matches!(text.trim_ascii(), b"" | b"[]")
}

/// What tells a page from others.
fn mark(text: &[u8]) -> String {
    let length = text.len().min(TELLING_BYTES);
    sha256_hex(&[&text.len().to_le_bytes(), &text[..length], &text[text.len() - length..]].concat())
}

/// When an event happened, as far as it says so.
pub(super) fn published(record: &[u8]) -> Option<DateTime<Utc>> {
    instant(record, "/published")
}
