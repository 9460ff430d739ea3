//! One small request for each stream: whether the credential is taken and may read it, and what clock and limits the
//! server shows. Nothing of the answer lands.

use super::read::{Api, absent, code, days, says_no};
use super::table::{Pass, Stream, vendor};
use crate::base::{Clock, Error, ErrorKind, Result};
use crate::config::Config;
use crate::http::{Limits, Response};

/// What an API said to a request for one stream.
#[derive(Debug)]
pub struct Probe {
    /// The source.
    pub source: String,
    /// The stream; empty when no stream could be asked for.
    pub stream: String,
    /// What the vendor calls the permission to read it.
    pub needs: &'static str,
    /// What came back.
    pub answer: Result<Answer>,
}

/// An answer, as far as it says something about the way to the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The vendor's code for why it does not give the stream; none when it does.
    pub refusal: Option<String>,
    /// Seconds by which the server's clock is ahead of ours, where it shows it.
    pub ahead_seconds: Option<i64>,
    /// The requests that the server allows in a window, and how many are left, where it says so.
    pub room: Option<(u64, u64)>,
}

/// Asks every API of the project for a little of each stream that it has a small request for.
pub async fn probe(config: &Config, limits: Limits, clock: Clock) -> Vec<Probe> {
    let mut probes = Vec::new();
    for source in &config.project.sources {
        let Some((live, vendor)) = source.live.as_ref().zip(vendor(source.kind)) else { continue };
        let api = match Api::open(config, live, vendor, limits, clock) {
            Ok(api) => api,
            Err(error) => {
                probes.push(Probe {
                    source: source.name.clone(),
                    stream: String::new(),
                    needs: "",
                    answer: Err(error),
                });
                continue;
            }
        };
        for stream in source.configured(&config.root) {
            let Some((table, small)) = vendor.stream(&stream).and_then(|table| Some((table, table.small?))) else {
                continue;
            };
            let answer = send(&api, table, small, clock).await;
            probes.push(Probe { source: source.name.clone(), stream, needs: table.needs, answer });
        }
    }
    probes
}

async fn send(api: &Api, table: &Stream, small: &[(&str, &str)], clock: Clock) -> Result<Answer> {
    if let Some(what) = api.unsaid(table) {
        return Err(Error::new(ErrorKind::Config, what));
    }
    let Some(first) = table.passes.first() else { return Err(Error::internal("a stream that asks for nothing")) };
    // Of lists that belong to others, those others stand for them.
    let pass: &Pass = first.of.map_or(first, |parent| &parent.list);
    let today = clock.today().day();
    let day = today.pred_opt().unwrap_or(today);
    let call = api.call(pass, &days(day, today), small)?;
    let sent = clock.now();
    let response = api.send(&call).await.map_err(|refusal| Error::new(ErrorKind::Source, refusal.message))?;
    let middle = sent + (clock.now() - sent) / 2;
    Ok(Answer {
        status: response.status,
        refusal: refusal(&response, pass),
        ahead_seconds: response.date().map(|date| (date - middle).num_seconds()),
        room: room(&response),
    })
}

/// Why a stream is not given; the vendor's code, else the status.
fn refusal(response: &Response, pass: &Pass) -> Option<String> {
    let is_moved = response.status == 302 && !pass.moved_to.is_empty();
    if is_moved || (response.is_success() && !says_no(response.bytes())) || absent(pass, response).is_some() {
        return None;
    }
    Some(code(response).unwrap_or_else(|| response.status.to_string()))
}

/// The requests of a window, and those left of it; Salesforce counts a day's in a header of its own.
fn room(response: &Response) -> Option<(u64, u64)> {
    response.room().or_else(|| {
        let (used, limit) = response.header("sforce-limit-info")?.split_once("api-usage=")?.1.split_once('/')?;
        let limit: u64 = limit.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()?;
        Some((limit, limit.saturating_sub(used.parse().ok()?)))
    })
}
