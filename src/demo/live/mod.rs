//! The APIs of the company, on this machine: a server a source, which speaks as the vendor documents and tells what the
//! extracts of the same company would have held. What no API can tell, what a list held on earlier days and what happened
//! before the vendor's memory begins, is dropped as files: as with a company that comes with some history.

mod shelf;
mod vendors;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, DATE};
use axum::http::{Request, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use self::shelf::Shelf;
use self::vendors::Vendor;
use super::out::Out;
use super::rng::{hash, hex32};
use super::text::{Calendar, Day, put};
use crate::base::error::Context;
use crate::base::{AsOf, ErrorKind, Result};

/// Where lies what the APIs tell.
const FOLDER: &str = "apis";
/// Of what happens the vendors tell so many days; of a list they tell what it holds today.
const DAYS: Day = 60;
/// Streams of what happens.
const HAPPENS: [&str; 3] = ["okta/system_log", "salesforce/login_history", "slack/member_analytics"];
/// The most bytes of a form that asks for a token.
const MOST_FORM_BYTES: usize = 8 << 10;

/// How a vendor knows who asks.
enum Shown {
    Nobody,
    /// By a token that does not change.
    Bearer,
    /// By a name and a password.
    Basic(&'static str),
    /// By a token that is given out here, for a secret in a header of its own or in the form.
    Granted {
        at: &'static str,
        is_in_header: bool,
    },
}

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `GET`, `POST`.
    pub method: String,
    /// Segments of the path, as they were sent.
    pub path: Vec<String>,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// The header `Authorization`.
    pub shown: Option<String>,
    /// What was sent along.
    pub body: Vec<u8>,
}

impl Asked {
    fn new(method: &str, path_and_query: &str, shown: Option<&str>, body: &[u8]) -> Self {
        let url = Url::parse(&format!("http://here{path_and_query}")).ok();
        let path = url.iter().flat_map(Url::path_segments).flatten().map(str::to_owned).collect();
        let query = url.iter().flat_map(Url::query_pairs).map(|(name, value)| (name.into(), value.into())).collect();
        Self { method: method.to_owned(), path, query, shown: shown.map(str::to_owned), body: body.to_owned() }
    }

    fn text(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.query.get(name)?.parse().ok()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What answers in the place of an API, if it does.
pub type Before = dyn Fn(&Asked) -> Option<Answer> + Send + Sync;

/// The API of one source.
struct Api {
    vendor: &'static Vendor,
    shelf: Shelf,
    /// Its address, as next pages name it.
    url: Url,
    secret: String,
    as_of: AsOf,
    before: Arc<Before>,
}

impl Api {
    fn answer(&self, asked: &Asked) -> Answer {
        let answer = match (self.before)(asked).or_else(|| self.gate(asked)) {
            Some(answer) => Ok(answer),
            None => (self.vendor.answer)(self, asked),
        };
        let answer = answer.unwrap_or_else(|error| Answer::new(500, error.to_string()));
        answer.with("date", self.now(asked).format("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    /// When it answers: lists were collected late on the last day, and what happens an hour after it was over, when no
    /// event of it is on its way any more.
    fn now(&self, asked: &Asked) -> DateTime<Utc> {
        let is_log = asked.path.last().is_some_and(|last| last == "logs");
        self.as_of.end() + if is_log { TimeDelta::hours(1) } else { -TimeDelta::seconds(1) }
    }

    /// The answer to who asks for a token, or shows nothing that counts.
    fn gate(&self, asked: &Asked) -> Option<Answer> {
        let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{}", self.secret)));
        let token = || hex32(hash(&format!("token {}", self.secret)));
        let expected = match &self.vendor.shown {
            Shown::Nobody => return None,
            Shown::Bearer => format!("Bearer {}", self.secret),
            Shown::Basic(user) => basic(user),
            Shown::Granted { at, is_in_header } if asked.path.join("/") == *at => {
                let form: BTreeMap<_, _> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
                let is_known = match is_in_header {
                    true => asked.shown.as_deref() == Some(&basic(vendors::CLIENT)),
                    false => form.get("client_secret") == Some(&self.secret),
                };
                let token =
                    format!("{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":3599}}", token());
                return Some(match asked.method == "POST" && is_known {
                    true => Answer::new(200, token),
                    false => Answer::new(401, "{\"error\":\"invalid_client\"}"),
                });
            }
            // A report lies at a storage host, which is told the secret of nobody.
            Shown::Granted { .. } if asked.path.first().is_some_and(|first| first == vendors::STORAGE) => {
                return asked.shown.as_ref().map(|_| Answer::new(400, ""));
            }
            Shown::Granted { .. } => format!("Bearer {}", token()),
        };
        (asked.shown.as_deref() != Some(&expected)).then(|| Answer::new(self.vendor.refuses.0, self.vendor.refuses.1))
    }

    /// The folder of a list as it was on the last day.
    fn today(&self, stream: &str) -> String {
        format!("{stream}/{}", self.as_of)
    }
}

/// The addresses at which the APIs will answer.
pub struct Doors(Vec<(&'static Vendor, TcpListener, Url)>);

/// The APIs, until it is dropped.
pub struct Open(Vec<JoinHandle<()>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Doors {
    /// Takes a port of this machine for each API: the one that a project names already, or one that is free.
    ///
    /// # Errors
    /// Usage, when a port is taken.
    pub async fn take(known: impl Fn(&str) -> Option<Url>) -> Result<Self> {
        let mut doors = Vec::new();
        for vendor in vendors::ALL {
            let port = known(vendor.source).and_then(|url| url.port()).unwrap_or(0);
            let doing = || format!("the API of {}: port {port} of this machine cannot be had", vendor.source);
            let listener = TcpListener::bind(("127.0.0.1", port)).await.context(ErrorKind::Usage, doing())?;
            let at: SocketAddr = listener.local_addr().context(ErrorKind::Usage, doing())?;
            let url = Url::parse(&format!("http://{at}/")).context(ErrorKind::Internal, "an address")?;
            doors.push((vendor, listener, url));
        }
        Ok(Self(doors))
    }

    /// Answers from now on for a company that was made in a folder.
    ///
    /// # Errors
    /// Usage, when a secret is not where it should be.
    pub fn open(self, dir: &Path, as_of: AsOf) -> Result<Open> {
        self.open_behind(dir, as_of, Arc::new(|_| None))
    }

    /// The same behind something that may answer first.
    ///
    /// # Errors
    /// As [`Doors::open`].
    pub fn open_behind(self, dir: &Path, as_of: AsOf, before: Arc<Before>) -> Result<Open> {
        let mut open = Open(Vec::new());
        for (vendor, listener, url) in self.0 {
            let secret = match vendor.shown {
                Shown::Nobody => String::new(),
                _ => {
                    let at = dir.join(secret_at(vendor));
                    std::fs::read_to_string(&at).context(ErrorKind::Usage, format!("cannot read {}", at.display()))?
                }
            };
            let shelf = Shelf::new(dir.join(FOLDER).join(vendor.source));
            let api = Api { vendor, shelf, url, secret, as_of, before: Arc::clone(&before) };
            let router = axum::Router::new().fallback(take).with_state(Arc::new(api));
            open.0.push(tokio::spawn(async move { _ = axum::serve(listener, router).await }));
        }
        Ok(open)
    }

    /// The project file with the addresses, and where the secrets are.
    pub(super) fn project(&self, text: &str) -> String {
        let mut sources = text.split("[[source]]\n");
        let mut project = sources.next().unwrap_or_default().to_owned();
        for source in sources {
            put!(project, "[[source]]\n{}\n", source.trim_end());
            let is_of = |vendor: &Vendor| source.starts_with(&format!("name = \"{}\"\n", vendor.source));
            if let Some((vendor, _, url)) = self.0.iter().find(|(vendor, ..)| is_of(vendor)) {
                put!(project, "\n[source.live]\nurl = \"{url}\"\n{}", vendor.login.replace("{url}", url.as_str()));
                if !matches!(vendor.shown, Shown::Nobody) {
                    put!(project, "secret = \"file:{}\"\n", secret_at(vendor));
                }
            }
            project.push('\n');
        }
        project
    }

    /// Writes secrets that open nothing but these doors.
    pub(super) fn secrets(&self, out: &Out, seed: u64) -> Result<()> {
        let guarded = self.0.iter().filter(|(vendor, ..)| !matches!(vendor.shown, Shown::Nobody));
        guarded
            .map(|(vendor, ..)| out.secret(&secret_at(vendor), &hex32(hash(&format!("{seed} {}", vendor.source)))))
            .collect()
    }
}

/// Answers a request.
async fn take(State(api): State<Arc<Api>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MOST_FORM_BYTES).await.unwrap_or_default();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let shown = head.headers.get(AUTHORIZATION).and_then(|shown| shown.to_str().ok());
    let asked = Asked::new(head.method.as_str(), target, shown, &body);
    // Files are read and unpacked.
    let answer = tokio::task::spawn_blocking(move || api.answer(&asked)).await;
    let answer = answer.unwrap_or_else(|error| Answer::new(500, error.to_string()));
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    debug_assert!(response.headers().contains_key(DATE), "collectors go by the server's clock");
    response
}

fn secret_at(vendor: &Vendor) -> String {
    format!("secrets/{}", vendor.source)
}

/// Where a file of the company lies when APIs tell it what they can: below `extracts`, or where they find it.
pub(super) fn place(path: &str, calendar: Calendar) -> Option<String> {
    let rest = path.strip_prefix("extracts/")?;
    let (source, of) = rest.split_once('/')?;
    let (stream, file) = of.split_once('/')?;
    let day: NaiveDate = file.get(..10)?.parse().ok()?;
    let is_told = vendors::ALL.iter().any(|vendor| vendor.source == source);
    let name = format!("{source}/{stream}");
    let first = if HAPPENS.iter().any(|one| *one == name) { 1 - DAYS } else { 0 };
    (is_told && calendar.day(day) >= first).then(|| format!("{FOLDER}/{rest}"))
}
