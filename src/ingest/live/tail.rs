//! The end of a log, page by page as it grows: the next page is on its way while one is looked at.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::task::JoinHandle;

use super::read::{Api, accepted, at, repeated};
use crate::http::{Call, Response};
use crate::ingest::page::Refusal;
use crate::ingest::{decode, json, okta_log};
use crate::store::sha256_hex;

/// A log that is read from a request on.
pub(super) struct Tail {
    api: Arc<Api>,
    /// The answer that comes next; none after the last one.
    ahead: Option<JoinHandle<Result<Response, Refusal>>>,
    /// Addresses and hashes of pages that were there.
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

impl Tail {
    /// Sends the first request.
    pub(super) fn new(api: &Arc<Api>, first: Call) -> Self {
        let mut tail = Self { api: Arc::clone(api), ahead: None, seen: HashSet::new(), pages: Default::default() };
        tail.send(first, None);
        tail
    }

    /// Sends a request, as soon as what is left of the server's limit after the answer before is not for others.
    fn send(&mut self, call: Call, before: Option<Response>) {
        let api = Arc::clone(&self.api);
        self.ahead = Some(tokio::spawn(async move {
            if let Some(before) = before {
                api.keep_room(&before).await;
            }
            api.send(&call).await
        }));
    }

    /// The answer that was asked for; none after the last page.
    ///
    /// # Errors
    /// A refusal, when no answer came.
    pub(super) async fn answer(&mut self) -> Result<Option<Response>, Refusal> {
        let Some(ahead) = self.ahead.take() else { return Ok(None) };
        let given_up = |_| Refusal::new("unreachable", "a request was given up");
        ahead.await.map_err(given_up)?.map(Some)
    }

    /// Takes an answer as a page, and asks for the next one: an empty page has none yet.
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
        let is_empty = matches!(text.trim_ascii(), b"" | b"[]");
        if let Some(next) = next.as_ref().filter(|_| !is_empty) {
            if !self.seen.insert(sha256_hex(&text)) || !self.seen.insert(next.clone()) {
                return Err(repeated(&place));
            }
            self.send(self.api.follow(next)?, Some(response));
        }
        let events = if is_empty { Vec::new() } else { self.events(&text).map_err(within)? };
        if events.is_empty() {
            self.stop();
        }
        Ok(LogPage { text, events, at, next })
    }

    fn events(&mut self, text: &Bytes) -> Result<Vec<LogEvent>, Refusal> {
        let instant = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
        if let Some(events) = self.pages.events(text) {
            let event = |event: okta_log::Placed<'_>| {
                let published = event.published.as_deref().and_then(instant);
                (text.slice(event.at), published)
            };
            return Ok(events.into_iter().map(event).collect());
        }
        let records = json::records(text, false)?.slices;
        Ok(records.into_iter().map(|record| (text.slice_ref(record), published(record))).collect())
    }

    /// Gives up the request that is on its way.
    fn stop(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.stop();
    }
}

/// When an event happened, as far as it says so.
pub(super) fn published(record: &[u8]) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(at(record, "/published")?.as_str()?).ok().map(|at| at.to_utc())
}
