//! One request, and what came back.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::retry;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result, text};

/// Characters of a server's own words that an error repeats.
const MAX_SAID: usize = 200;

/// One request, not sent yet.
#[derive(Clone)]
pub struct Call {
    pub(super) method: Method,
    path: Path,
    query: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<(&'static str, Bytes)>,
    /// Whether doing it twice is doing it once.
    pub(super) is_repeatable: bool,
}

#[derive(Clone)]
enum Path {
    /// Below the base of the client; an id with a slash in it stays one segment.
    Segments(Vec<String>),
    /// Path and query as the server wrote them.
    Written(String),
}

impl Call {
    fn new(method: Method, path: &[&str]) -> Self {
        let is_repeatable = method.is_idempotent();
        let path = Path::Segments(path.iter().map(|segment| (*segment).to_owned()).collect());
        Self { method, path, query: Vec::new(), headers: Vec::new(), body: None, is_repeatable }
    }

    /// Asks for what is there. A path is given in segments: an id with a slash in it stays one segment.
    pub fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    /// Asks for a path and query of the client's server as they are written: a cursor that the server gave.
    pub fn at(path_and_query: &str) -> Self {
        Self { path: Path::Written(path_and_query.to_owned()), ..Self::new(Method::GET, &[]) }
    }

    /// Sends something new.
    pub fn post(path: &[&str]) -> Self {
        Self::new(Method::POST, path)
    }

    /// Sets what is there.
    pub fn put(path: &[&str]) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Changes some of what is there.
    pub fn patch(path: &[&str]) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Takes something away.
    pub fn delete(path: &[&str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// One segment further down; of a request that was given in segments.
    #[must_use]
    pub fn below(mut self, segment: &str) -> Self {
        if let Path::Segments(path) = &mut self.path {
            path.push(segment.to_owned());
        }
        self
    }

    /// Adds to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends bytes along.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.body = Some((content_type, bytes.into()));
        self
    }

    /// Sends names and values along, as the form of a page would.
    #[must_use]
    pub fn form(self, pairs: &[(String, String)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body("application/x-www-form-urlencoded", text)
    }

    /// Sends a JSON text along.
    ///
    /// # Errors
    /// Internal when the value has no JSON form.
    pub fn json(self, value: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value).context(ErrorKind::Internal, "the body of a request")?;
        Ok(self.body("application/json", bytes))
    }

    /// The caller knows that doing it twice is doing it once: a search by POST, a PATCH that sets what it says.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    pub(super) fn url(&self, base: &Url) -> Result<Url> {
        let mut url = base.clone();
        let path = match &self.path {
            Path::Segments(path) => path,
            Path::Written(text) => {
                let (path, query) = text.split_once('?').map_or((text.as_str(), None), |(p, q)| (p, Some(q)));
                url.set_path(path);
                url.set_query(query);
                return Ok(url);
            }
        };
        // `.` and `..` would be resolved, and lead elsewhere.
        if path.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return Err(Error::internal("an empty or relative segment in the path of a request"));
        }
        url.path_segments_mut()
            .map_err(|()| Error::internal("a server's address cannot have a path"))?
            .pop_if_empty()
            .extend(path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// What a server answered.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Method, host and path, for messages.
    pub(super) place: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Response {
    /// Whether the server did what it was asked for.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// When it was sent, by the server's clock.
    pub fn date(&self) -> Option<DateTime<Utc>> {
        retry::date(self.header("date")?)
    }

    /// Bytes of the body, where the headers say so.
    pub fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// The requests that the server allows in a window and those left of it, where its headers say so.
    pub fn room(&self) -> Option<(u64, u64)> {
        retry::room(&self.headers)
    }

    /// Method, host and path, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The JSON value of a body.
    ///
    /// # Errors
    /// Source when it is no such value. Nothing of the body is shown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|e| {
            let what = format!("{}: the answer is not what is documented (line {})", self.place, e.line());
            Error::new(ErrorKind::Source, what)
        })
    }

    /// The error of an answer that is a refusal. `said` is what the server's documented error field says, if anything.
    pub fn refused(&self, said: Option<&str>) -> Error {
        let advice = match self.status {
            401 => ": the credential is not accepted",
            403 => ": the credential may not do this",
            404 => ": there is no such thing, or the credential may not see it",
            300..=399 => ": redirects are not followed; name the right address",
            _ => "",
        };
        let said = said.map(text::display).filter(|said| !said.is_empty()).map(|said| {
            let short: String = said.chars().take(MAX_SAID).collect();
            format!(": {short}")
        });
        let message = format!("{}: status {}{advice}{}", self.place, self.status, said.unwrap_or_default());
        Error::new(ErrorKind::Source, message)
    }
}
