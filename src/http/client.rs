//! The client: one origin, one credential, limits on everything.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::tls::Version;
use url::Url;
use zeroize::Zeroizing;

use super::call::{Call, Response};
use super::grant::Tokens;
use super::reach::{Resolver, is_here};
use super::retry::{Limits, asked_wait, is_limited, shared_wait};
use super::secret::Secret;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// How a client proves who it is.
#[derive(Clone)]
pub enum Auth {
    /// Not at all.
    None,
    /// A name and its password.
    Basic(String, Secret),
    /// A word and a token: `Bearer`, `SSWS`, `Splunk`.
    Token(&'static str, Secret),
    /// Tokens that are given out for a while.
    Granted(Arc<Tokens>),
}

/// Speaks to one server.
#[derive(Clone)]
pub struct Client {
    base: Url,
    inner: reqwest::Client,
    credential: Credential,
    limits: Limits,
}

/// What goes with every request.
#[derive(Clone)]
enum Credential {
    Fixed(Option<HeaderValue>),
    Granted(Arc<Tokens>),
}

/// Headers that one request goes with.
type Sent = Vec<(HeaderName, HeaderValue)>;

/// How one try ended.
enum Try {
    /// With an answer to act on, to a request with this credential.
    Answered(Response, Sent),
    /// The server did nothing.
    NotDone(Failure),
    /// Nobody knows whether the server did anything.
    Unclear(Failure),
}

struct Failure {
    why: String,
    /// The wait that the server asks for.
    wait: Option<Duration>,
}

impl Client {
    /// A client of one server. `private_network`: its name may lead into a private network.
    ///
    /// # Errors
    /// Config when the address may not be reached or the credential cannot be sent.
    pub fn new(base: &Url, private_network: bool, auth: &Auth, limits: Limits) -> Result<Self> {
        let resolver = Resolver { private_network };
        let address = match base.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        let address: Option<std::net::IpAddr> = address;
        if !is_here(base) && (base.scheme() != "https" || address.is_some_and(|address| !resolver.allows(address))) {
            let what = format!("{}: not an address that may be reached: use https", origin(base));
            return Err(Error::config(what));
        }
        let inner = reqwest::Client::builder()
            .user_agent(concat!("seatledger/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .min_tls_version(Version::TLS_1_2)
            .timeout(limits.timeout)
            .connect_timeout(limits.timeout)
            .dns_resolver(Arc::new(resolver))
            .build()
            .context(ErrorKind::Internal, "an HTTP client")?;
        Ok(Self { base: base.clone(), inner, credential: credential(auth)?, limits })
    }

    /// Where its server is.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The limits it keeps.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sends a request. One that may be done twice is sent again when it fails; any other only when the server
    /// certainly did nothing. An answer with any other status than 429 and those of a failing server is the caller's
    /// to judge.
    ///
    /// # Errors
    /// Source, naming host and path.
    pub async fn send(&self, call: &Call) -> Result<Response> {
        self.send_hearing(call, |_| {}).await
    }

    /// As [`Client::send`]; `at_head` hears of a good answer as soon as its headers are here, and its body is not. When a
    /// body breaks off, it hears of the next answer, too.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_hearing(&self, call: &Call, mut at_head: impl FnMut(Response) + Send) -> Result<Response> {
        let (mut tried, mut is_renewed) = (0, false);
        loop {
            let failure = match self.attempt(call, &mut at_head).await? {
                // A token may end before its time, once.
                Try::Answered(response, sent)
                    if response.status == 401 && !is_renewed && self.learn(&response, &sent).await =>
                {
                    is_renewed = true;
                    continue;
                }
                Try::Answered(response, _) => return Ok(response),
                Try::NotDone(failure) => failure,
                Try::Unclear(failure) if call.is_repeatable => failure,
                Try::Unclear(failure) => {
                    let what = format!("{}; nobody knows whether it was carried out", failure.why);
                    return Err(self.error(call, &what, tried));
                }
            };
            self.pause(call, &failure, tried, Duration::ZERO).await?;
            tried += 1;
        }
    }

    /// Sends a request that must not be done twice. Before it is sent again after an unclear end, `look` says whether it
    /// was done; what is found then is the result.
    ///
    /// # Errors
    /// As [`Client::send`], and those of `read` and `look`.
    pub async fn send_once<T, R, L, F>(&self, call: &Call, read: R, look: L) -> Result<T>
    where
        R: Fn(&Response) -> Result<T> + Send + Sync,
        L: Fn() -> F + Send + Sync,
        F: Future<Output = Result<Option<T>>> + Send,
        T: Send,
    {
        let mut tried = 0;
        loop {
            match self.attempt(call, &mut |_| {}).await? {
                Try::Answered(response, _) => return read(&response),
                Try::NotDone(failure) => self.pause(call, &failure, tried, Duration::ZERO).await?,
                Try::Unclear(failure) => {
                    let waited = self.pause(call, &failure, tried, self.limits.settle).await;
                    if let Some(found) = look().await? {
                        return Ok(found);
                    }
                    waited?;
                }
            }
            tried += 1;
        }
    }

    /// Waits until the server has room again, when an answer says that what is left of its limit is for others.
    pub async fn keep_room(&self, response: &Response) {
        if let Some(wait) = shared_wait(&response.headers, self.limits.leave_percent) {
            tokio::time::sleep(wait.min(self.limits.longest_wait)).await;
        }
    }

    /// What a refusal of the credential teaches: whether another try makes sense.
    async fn learn(&self, response: &Response, sent: &Sent) -> bool {
        match &self.credential {
            Credential::Fixed(_) => false,
            Credential::Granted(tokens) => tokens.refused(sent, &response.headers).await,
        }
    }

    /// Waits before the next try, at least for `least`. An error: there is none.
    async fn pause(&self, call: &Call, failure: &Failure, tried: u32, least: Duration) -> Result<()> {
        if tried + 1 >= self.limits.tries {
            tokio::time::sleep(least).await;
            return Err(self.error(call, &failure.why, tried));
        }
        let wait = match failure.wait {
            Some(asked) if asked > self.limits.longest_wait => {
                tokio::time::sleep(least).await;
                let what = format!("{}, and asks to come back in {} s", failure.why, asked.as_secs());
                return Err(self.error(call, &what, tried));
            }
            // All who are told the same time must not come back at the same time.
            Some(asked) => asked + self.limits.wait(0),
            None => self.limits.wait(tried),
        };
        tokio::time::sleep(wait.max(least)).await;
        Ok(())
    }

    async fn attempt(&self, call: &Call, at_head: &mut (impl FnMut(Response) + Send)) -> Result<Try> {
        let url = call.url(&self.base)?;
        let credential: Sent = match &self.credential {
            Credential::Fixed(None) => Vec::new(),
            Credential::Fixed(Some(value)) => vec![(AUTHORIZATION, value.clone())],
            Credential::Granted(tokens) => {
                let place = format!("{}{}", origin(&url), url.path());
                tokens.headers(call.method.as_str(), &place).await?
            }
        };
        let mut request = self.inner.request(call.method.clone(), url);
        if !call.headers.iter().any(|(name, _)| *name == "Accept") {
            request = request.header("Accept", "application/json");
        }
        for (name, value) in &credential {
            request = request.header(name, value.clone());
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some((content_type, bytes)) = &call.body {
            request = request.header(CONTENT_TYPE, *content_type).body(bytes.clone());
        }
        let failed = |error: &reqwest::Error| Failure { why: describe(error), wait: None };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_builder() => return Err(Error::internal("a request that cannot be sent")),
            Err(error) if error.is_connect() => return Ok(Try::NotDone(failed(&error))),
            Err(error) => return Ok(Try::Unclear(failed(&error))),
        };
        let head = Response {
            status: response.status().as_u16(),
            place: self.place(call),
            headers: response.headers().clone(),
            body: Bytes::new(),
        };
        if head.is_success() {
            at_head(head.clone());
        }
        let body = match self.read(response).await {
            Ok(body) => body,
            Err(Ended::Early(error)) => return Ok(Try::Unclear(failed(&error))),
            Err(Ended::TooLong) => {
                let what = format!("the answer has more than {} bytes", self.limits.most_bytes);
                return Err(self.error(call, &what, 0));
            }
        };
        let failure = || Failure { why: format!("status {}", head.status), wait: asked_wait(&head.headers) };
        Ok(match head.status {
            429 => Try::NotDone(failure()),
            403 if is_limited(&head.headers) => Try::NotDone(failure()),
            408 | 500 | 502 | 503 | 504 => Try::Unclear(failure()),
            _ => Try::Answered(Response { body, ..head }, credential),
        })
    }

    /// The body, as far as it may be long.
    async fn read(&self, mut response: reqwest::Response) -> Result<Bytes, Ended> {
        let most = self.limits.most_bytes;
        let length = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
        if length > most {
            return Err(Ended::TooLong);
        }
        let mut body = BytesMut::with_capacity(length);
        while let Some(chunk) = response.chunk().await.map_err(Ended::Early)? {
            if body.len() + chunk.len() > most {
                return Err(Ended::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Method, host and path; a query may hold names.
    fn place(&self, call: &Call) -> String {
        let path = call.url(&self.base).map(|url| url.path().to_owned()).unwrap_or_default();
        format!("{} {}{path}", call.method, origin(&self.base))
    }

    fn error(&self, call: &Call, why: &str, tried: u32) -> Error {
        let tries = if tried == 0 { String::new() } else { format!(" after {} tries", tried + 1) };
        Error::new(ErrorKind::Source, format!("{}: {why}{tries}", self.place(call)))
    }
}

/// How reading a body ended when not at its end.
enum Ended {
    Early(reqwest::Error),
    TooLong,
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn credential(auth: &Auth) -> Result<Credential> {
    let text = match auth {
        Auth::None => return Ok(Credential::Fixed(None)),
        Auth::Granted(tokens) => return Ok(Credential::Granted(Arc::clone(tokens))),
        Auth::Basic(user, secret) => basic(user, secret),
        Auth::Token(word, secret) => Zeroizing::new(format!("{word} {}", secret.expose())),
    };
    let mut value =
        HeaderValue::from_str(&text).map_err(|_| Error::config("a secret has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(Credential::Fixed(Some(value)))
}

/// A name and its password as a header has them.
pub(super) fn basic(user: &str, secret: &Secret) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{user}:{}", secret.expose()));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

/// What went wrong, without the address: its query may hold names.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    // The innermost cause says what happened; those around it repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error.is_connect() {
        true => format!("no connection: {cause}"),
        false => format!("the connection broke: {cause}"),
    }
}
