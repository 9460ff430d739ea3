//! One list of an API, page by page: what is asked for, what came, and what comes next.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use chrono::{DateTime, Months, NaiveDate, Utc};
use sonic_rs::PointerNode;
use url::Url;

use super::table::{Absent, Job, Paging, Pass, Stream, Vendor};
use crate::base::{Clock, Error, ErrorKind, Result};
use crate::config::{Config, Live, Login};
use crate::http::{self, Auth, Call, Client, Limits, Response};
use crate::ingest::page::Refusal;
use crate::ingest::{decode, json};
use crate::store::sha256_hex;

/// Names and what they stand for in a table.
pub(super) type Values = BTreeMap<String, String>;

/// Reports come in one answer, a line or record for every person of a house.
const MOST_ANSWER_BYTES: usize = 256 << 20;
/// What requests are filled in with beside what the project says.
const OWN_VALUES: [&str; 6] = ["id", "since", "day", "today", "a_year_ago", "in_a_year"];

/// The API of one source.
pub(in crate::ingest) struct Api {
    client: Client,
    vendor: &'static Vendor,
    values: Values,
    limits: Limits,
    clock: Clock,
    /// Whether it is on this machine: where its files are, too.
    is_here: bool,
}

impl Api {
    /// The API of a source; its secrets are fetched, nothing is asked yet.
    ///
    /// # Errors
    /// Config, when a secret is not where it should be or an address may not be reached.
    pub(super) fn open(
        config: &Config,
        live: &Live,
        vendor: &'static Vendor,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self> {
        let left = (rust_decimal::Decimal::ONE - live.rate_share) * rust_decimal::Decimal::ONE_HUNDRED;
        let limits = Limits {
            leave_percent: u32::try_from(left.round()).unwrap_or(50),
            timeout: vendor.patience.unwrap_or(limits.timeout),
            most_bytes: limits.most_bytes.max(MOST_ANSWER_BYTES),
            ..limits
        };
        let auth = super::login::auth(live, vendor, &config.root, limits)?;
        let client = Client::new(&live.url, live.private_network, &auth, limits)?;
        let is_here = http::is_here(&live.url);
        Ok(Self { client, vendor, values: live.values.clone(), limits, clock, is_here })
    }

    pub(super) fn vendor(&self) -> &'static Vendor {
        self.vendor
    }

    /// The request for the first page of a list. `more` adds to the query, or replaces what is there.
    ///
    /// # Errors
    /// Internal, when the table names what nobody knows.
    pub(super) fn call(&self, pass: &Pass, of: &Values, more: &[(&str, &str)]) -> Result<Call> {
        let values = self.known(of);
        let path: Vec<String> = pass.path.split('/').map(|one| fill(one, &values)).collect::<Result<_>>()?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut call = match pass.post {
            "" => Call::get(&path),
            body => Call::post(&path).body("application/json", body).repeatable(),
        };
        for (name, value) in pass.query.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name)) {
            call = call.query(name, fill(value, &values)?);
        }
        for (name, value) in more {
            call = call.query(name, *value);
        }
        Ok(self.with_headers(call))
    }

    /// What requests are filled in with: what the project says, and what is said of one.
    fn known(&self, of: &Values) -> Values {
        let mut values = self.values.clone();
        values.extend(of.clone());
        values
    }

    fn with_headers(&self, call: Call) -> Call {
        self.vendor.headers.iter().fold(call, |call, (name, value)| call.header(name, *value))
    }

    /// The request that has a job made of a list.
    ///
    /// # Errors
    /// Internal, when the table names what nobody knows.
    pub(super) fn order(&self, job: &Job, pass: &Pass, of: &Values) -> Result<Call> {
        let (parameter, member) = job.asks;
        let asked = pass.query.iter().find(|(name, _)| *name == parameter).map_or("", |(_, asked)| asked);
        let mut told: BTreeMap<&str, String> = job.says.iter().map(|(name, value)| (*name, (*value).into())).collect();
        told.insert(member, fill(asked, &self.known(of))?);
        let path: Vec<&str> = job.path.split('/').collect();
        // One that is made twice is looked after once.
        Ok(self.with_headers(Call::post(&path).json(&told)?.repeatable()))
    }

    /// The request for what a job says of itself, or the one that does away with it.
    pub(super) fn about(&self, job: &Job, id: &str, call: fn(&[&str]) -> Call) -> Call {
        let path: Vec<&str> = job.path.split('/').chain([id]).collect();
        self.with_headers(call(&path))
    }

    /// Waits before a job is looked after once more, longer every time.
    pub(super) async fn wait_for_job(&self, looks: u32) {
        let wait = self.limits.first_wait.saturating_mul(1 << looks.min(6));
        tokio::time::sleep(wait.min(self.limits.longest_wait)).await;
    }

    /// What to say when the addresses of a stream name what the project does not say; none when it says all.
    pub(super) fn unsaid(&self, stream: &Stream) -> Option<String> {
        let lists = stream.passes.iter().flat_map(|pass| pass.of.map(|parent| &parent.list).into_iter().chain([pass]));
        let texts = lists.flat_map(|list| list.query.iter().map(|(_, value)| *value).chain([list.path]));
        let names = texts.flat_map(|text| text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)));
        let name = names.into_iter().find(|name| !OWN_VALUES.contains(name) && !self.values.contains_key(*name))?;
        Some(format!("[source.live] does not say `{name}`, which names what to read"))
    }

    /// The request for an address that the server named.
    ///
    /// # Errors
    /// A refusal, when it leads to another server.
    pub(super) fn follow(&self, address: &str) -> Result<Call, Refusal> {
        Ok(self.with_headers(self.client.follow(address).map_err(unreachable)?))
    }

    /// Path and query of an address that the server named.
    ///
    /// # Errors
    /// A refusal, when it leads to another server.
    pub(super) fn own(&self, address: &str) -> Result<String, Refusal> {
        self.client.own(address).map_err(unreachable)
    }

    /// Sends a request; any status is the caller's to judge.
    ///
    /// # Errors
    /// A refusal, when no answer came.
    pub(super) async fn send(&self, call: &Call) -> Result<Response, Refusal> {
        self.client.send(call).await.map_err(unreachable)
    }

    /// As [`Api::send`]; `at_head` hears of a good answer before its body is here.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub(super) async fn send_hearing(
        &self,
        call: &Call,
        at_head: impl FnMut(Response) + Send,
    ) -> Result<Response, Refusal> {
        self.client.send_hearing(call, at_head).await.map_err(unreachable)
    }

    /// Waits while what is left of the server's limit is for others.
    pub(super) async fn keep_room(&self, response: &Response) {
        self.client.keep_room(response).await;
    }

    /// The present, by the server's clock where an answer shows it.
    pub(super) fn now(&self, response: &Response) -> DateTime<Utc> {
        response.date().unwrap_or_else(|| self.clock.now())
    }

    /// The present, as the server answers a small request.
    ///
    /// # Errors
    /// A refusal, when it does not.
    pub(super) async fn server_now(&self, pass: &Pass) -> Result<DateTime<Utc>, Refusal> {
        let call = self.call(pass, &Values::new(), &[("limit", "1")]).map_err(unreachable)?;
        Ok(self.now(&accepted(self.send(&call).await?)?))
    }

    /// The present, by our own clock.
    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Follows the one redirect that a vendor documents: to a host it names, without the credential.
    async fn moved(&self, pass: &Pass, response: &Response) -> Result<Response, Refusal> {
        let place = response.place();
        let refuse = |what: &str| Refusal::new("unreachable", format!("{place}: status {}: {what}", response.status));
        let target = response.header("location").and_then(|target| Url::parse(target).ok());
        let target = target.ok_or_else(|| refuse("moved to no address"))?;
        let host = target.host_str().unwrap_or_default();
        let is_listed = pass.moved_to.iter().any(|one| match one.strip_prefix('.') {
            Some(_) => host.ends_with(one),
            None => host == *one,
        });
        let may_go = is_listed && target.scheme() == "https" || self.is_here && http::is_here(&target);
        if !may_go {
            return Err(refuse("moved to a host that the vendor does not document: that is not followed"));
        }
        let mut origin = target.clone();
        origin.set_path("");
        origin.set_query(None);
        let client = Client::new(&origin, false, &Auth::None, self.limits).map_err(unreachable)?;
        let call = client.follow(target.as_str()).map_err(unreachable)?;
        client.send(&call.header("Accept", "*/*")).await.map_err(unreachable)
    }
}

/// A record of a parent list.
pub(super) struct Listed {
    /// A segment of an address and the name of a folder.
    pub id: String,
    /// When its own list last changed, where it says so.
    pub changed_at: Option<DateTime<Utc>>,
}

/// What an answer of the server came to as a page.
pub(super) struct Fetched {
    pub bytes: Bytes,
    /// Records in it; of a file that is no JSON 1 when there is anything.
    pub rows: usize,
    /// How many records the server counts in all.
    pub total: Option<u64>,
    /// When it was sent, by the server's clock.
    pub at: DateTime<Utc>,
}

/// A list, page by page.
pub(super) struct Pages<'a> {
    api: &'a Api,
    pass: &'static Pass,
    of: Values,
    next: Option<Call>,
    /// The answer before, until the next request.
    before: Option<Response>,
    /// Addresses, cursors and hashes of pages that were there.
    seen: HashSet<String>,
    count: usize,
    rows: usize,
}

impl<'a> Pages<'a> {
    /// From the first page on.
    pub(super) fn new(api: &'a Api, pass: &'static Pass, of: Values, more: &[(&str, &str)]) -> Result<Self> {
        let first = match pass.paging {
            Paging::Number { to, first, .. } => api.call(pass, &of, &[more, &[(to, &first.to_string())]].concat()),
            _ => api.call(pass, &of, more),
        };
        Ok(Self::from(api, pass, of, first?))
    }

    /// From the page of a request on.
    pub(super) fn from(api: &'a Api, pass: &'static Pass, of: Values, call: Call) -> Self {
        Self { api, pass, of, next: Some(call), before: None, seen: HashSet::new(), count: 0, rows: 0 }
    }

    /// Sends the request for the next page; none after the last one.
    ///
    /// # Errors
    /// A refusal, when no answer came.
    pub(super) async fn answer(&mut self) -> Result<Option<Response>, Refusal> {
        let Some(call) = self.next.take() else { return Ok(None) };
        if let Some(before) = self.before.take() {
            self.api.keep_room(&before).await;
        }
        let response = self.api.send(&call).await?;
        if response.status == 302 && !self.pass.moved_to.is_empty() {
            return self.api.moved(self.pass, &response).await.map(Some);
        }
        Ok(Some(response))
    }

    /// Takes an answer as a page.
    ///
    /// # Errors
    /// A refusal, when it is none, or one that was there before.
    pub(super) fn take(&mut self, response: Response) -> Result<Fetched, Refusal> {
        let response = accepted(response)?;
        let place = response.place().to_owned();
        let within = |refusal: Refusal| refusal.within(&place);
        let text = decode::decode(response.bytes()).map_err(within)?;
        // Where lines are expected as well.
        if says_no(&text) {
            let why = code(&response).unwrap_or_else(|| "no reason given".to_owned());
            return Err(within(Refusal::new("source_error", format!("the source answered with an error: {why}"))));
        }
        let (mut rows, mut total) = (usize::from(!text.is_empty()), None);
        if self.pass.file.contains("json") && !text.trim_ascii().is_empty() {
            let records = json::records(&text, self.pass.file.starts_with("ndjson")).map_err(within)?;
            (rows, total) = (records.slices.len(), records.paging.total);
        } else if text.trim_ascii().is_empty() {
            rows = 0;
        }
        match self.pass.total {
            "" => {}
            "-" => total = None,
            pointer => total = at(&text, pointer).and_then(|value| value.as_u64()),
        }
        if rows > 0 && !self.seen.insert(sha256_hex(response.bytes())) {
            return Err(repeated(&place));
        }
        (self.count, self.rows) = (self.count + 1, self.rows + rows);
        self.next = self.following(&response, &text, rows, total)?;
        drop(text);
        let fetched = Fetched { bytes: response.bytes().clone(), rows, total, at: self.api.now(&response) };
        self.before = Some(response);
        Ok(fetched)
    }

    /// The next page.
    ///
    /// # Errors
    /// As [`Pages::answer`] and [`Pages::take`].
    pub(super) async fn page(&mut self) -> Result<Option<Fetched>, Refusal> {
        match self.answer().await? {
            Some(response) => self.take(response).map(Some),
            None => Ok(None),
        }
    }

    /// The request for the page after one.
    fn following(
        &mut self,
        response: &Response,
        text: &[u8],
        rows: usize,
        total: Option<u64>,
    ) -> Result<Option<Call>, Refusal> {
        let (name, value, is_address) = match self.pass.paging {
            Paging::None => return Ok(None),
            Paging::Link => ("", response.next_link(), true),
            Paging::Url(pointer) => ("", at(text, pointer).and_then(filled), true),
            Paging::Cursor { at: pointer, to } => (to, at(text, pointer).and_then(filled), false),
            Paging::Header { at: name, to } => {
                let cursor = response.header(name).filter(|cursor| !matches!(*cursor, "" | "null"));
                (to, cursor.map(str::to_owned), false)
            }
            Paging::Offset { to, size } | Paging::Number { to, size, .. } => {
                let is_last = match total {
                    Some(total) => rows == 0 || self.rows as u64 >= total,
                    None => rows < size,
                };
                let place = match self.pass.paging {
                    Paging::Number { first, .. } => first + self.count,
                    _ => self.rows,
                };
                (to, (!is_last).then(|| place.to_string()), false)
            }
        };
        let Some(value) = value else { return Ok(None) };
        let own = if is_address { Some(self.api.own(&value)?) } else { None };
        if !self.seen.insert(value.clone()) {
            return Err(repeated(response.place()));
        }
        match own {
            Some(own) => self.api.follow(&own).map(Some),
            None => self.api.call(self.pass, &self.of, &[(name, &value)]).map(Some).map_err(unreachable),
        }
    }
}

/// The days that requests are filled in with.
pub(super) fn days(since: NaiveDate, today: NaiveDate) -> Values {
    let year = Months::new(12);
    let (ago, hence) = (today.checked_sub_months(year), today.checked_add_months(year));
    let days = [
        ("since", since),
        ("day", since),
        ("today", today),
        ("a_year_ago", ago.unwrap_or(today)),
        ("in_a_year", hence.unwrap_or(today)),
    ];
    days.map(|(name, day)| (name.to_owned(), day.to_string())).into()
}

/// Fills in what braces name.
///
/// # Errors
/// Internal, when nobody knows it.
pub(super) fn fill(template: &str, values: &Values) -> Result<String> {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let known = after.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after)));
        let Some((value, after)) = known else {
            return Err(Error::internal(format!("nobody says what `{template}` asks for")));
        };
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The value at a JSON pointer of a page.
pub(super) fn at(text: &[u8], pointer: &str) -> Option<serde_json::Value> {
    let steps = pointer.split('/').skip(1);
    let path: Vec<PointerNode> =
        steps.map(|step| step.parse::<usize>().map_or_else(|_| step.into(), Into::into)).collect();
    let found = sonic_rs::get_from_slice(text, &path).ok()?;
    serde_json::from_str(found.as_raw_str()).ok()
}

/// The instant at a JSON pointer of a record.
pub(super) fn instant(record: &[u8], pointer: &str) -> Option<DateTime<Utc>> {
    rfc3339(at(record, pointer)?.as_str()?)
}

/// The instant that a text says.
pub(super) fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// What a value says, when it says anything.
fn filled(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Why there is no list, where an answer says so by a code that the vendor documents for it.
pub(super) fn absent(pass: &Pass, response: &Response) -> Option<Absent> {
    let said = (!pass.absent.is_empty()).then(|| code(response))??;
    pass.absent.iter().find(|(code, _)| *code == said).map(|(_, why)| *why)
}

/// Whether an answer says no whatever its status: Slack does so with 200.
pub(super) fn says_no(text: &[u8]) -> bool {
    at(text, "/ok") == Some(false.into())
}

/// The code by which a vendor says what is wrong. Its words may repeat what was sent.
pub(super) fn code(response: &Response) -> Option<String> {
    let text = response.bytes();
    let places = ["/errorCode", "/0/errorCode", "/error/code", "/error", "/code"];
    let found = places.iter().find_map(|pointer| at(text, pointer).and_then(filled));
    found.filter(|code| code.len() < 60 && !code.contains(char::is_whitespace))
}

/// An answer that says yes.
///
/// # Errors
/// A refusal, when it says no.
pub(super) fn accepted(response: Response) -> Result<Response, Refusal> {
    match response.is_success() {
        true => Ok(response),
        false => Err(unreachable(response.refused(code(&response).as_deref()))),
    }
}

/// A refusal for what the way to a server brought.
pub(super) fn unreachable(error: Error) -> Refusal {
    let reason = if error.kind() == ErrorKind::Config { "credential" } else { "unreachable" };
    Refusal::new(reason, error.to_string())
}

/// A refusal for a page that was there before.
pub(super) fn repeated(place: &str) -> Refusal {
    let what = "leads back to a page that was read before: nothing is taken of it; land it again";
    Refusal::new("repeated_page", format!("{place}: {what}"))
}

/// What there is to say about a way in.
pub(super) fn advice(name: &str, live: &Live) -> Option<String> {
    matches!(live.login, Login::Ssws(_)).then(|| {
        format!(
            "{name}: an SSWS token may whatever its administrator may: use auth = \"private_key_jwt\" with read scopes"
        )
    })
}
