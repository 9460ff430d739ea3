//! Tokens that are given out for a while: how one is asked for, how long it is used, and how it goes with a request.

use std::time::{Duration, Instant};

use chrono::DateTime;
use futures::future::BoxFuture;
use futures::lock::Mutex;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::call::{Call, Response};
use super::client::{Auth, Client};
use super::jwt::{ProofKey, SigningKey};
use super::retry::Limits;
use super::secret::Secret;
use crate::base::{Clock, Error, ErrorKind, Result};

/// A token is given up so long before it expires.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a token lives whose server does not say.
const USUAL_LIFE: Duration = Duration::from_secs(600);
/// How long an assertion is valid, in seconds.
const ASSERTION_SECONDS: i64 = 300;
/// Clocks that differ by less than this, in seconds, count as equal.
const CLOCKS_AGREE: i64 = 30;
/// Times a token is asked for: once, and after each thing that the server taught.
const ROUNDS: usize = 4;

/// What proves to a token server who asks.
#[derive(Clone)]
pub enum Proof {
    /// A secret in the form.
    Secret {
        /// The client.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// A secret in the header.
    SecretInHeader {
        /// The client.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// An assertion that the client signs (RFC 7523, `private_key_jwt`).
    Assertion {
        /// The client.
        client_id: String,
        /// The name of the key at the server.
        key_id: Option<String>,
        /// The key.
        key: SigningKey,
    },
    /// An assertion for a user (RFC 7523, `jwt-bearer`).
    ForUser {
        /// The client.
        client_id: String,
        /// The user.
        user: String,
        /// The key.
        key: SigningKey,
    },
    /// A GitHub App: a signed token of its own goes for one of its installation.
    App {
        /// The app.
        client_id: String,
        /// The key.
        key: SigningKey,
    },
}

/// How tokens are asked for.
#[derive(Clone)]
pub struct Grant {
    /// Where.
    pub url: Url,
    /// Whether that name may lead into a private network.
    pub private_network: bool,
    /// Who asks.
    pub proof: Proof,
    /// Whom an assertion is for; the address itself when absent.
    pub audience: Option<String>,
    /// What else the form says: `grant_type`, `scope`, ...
    pub form: Vec<(String, String)>,
}

/// Tokens of one grant, each used until shortly before it expires.
pub struct Tokens {
    client: Client,
    grant: Grant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Seconds by which the server's clock is ahead of ours.
    ahead: i64,
    /// The key that tokens are bound to, once the server demands it.
    proof: Option<ProofKey>,
    /// What the server wants to see in the next proof.
    nonce: Option<String>,
}

struct Token {
    text: Secret,
    until: Instant,
}

/// A server's answer, in the words of OAuth and of GitHub.
#[derive(Deserialize)]
struct Given {
    #[serde(alias = "token")]
    access_token: Option<String>,
    expires_in: Option<u64>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: Option<String>,
}

impl Tokens {
    /// Tokens of a grant; nothing is asked for yet.
    ///
    /// # Errors
    /// Config when the address may not be reached.
    pub fn new(grant: Grant, limits: Limits) -> Result<Self> {
        let client = Client::new(&grant.url, grant.private_network, &Auth::None, limits)?;
        Ok(Self { client, grant, state: Mutex::default() })
    }

    /// The headers that a request to a place (without query) goes with.
    pub(super) fn headers<'a>(
        &'a self,
        method: &'a str,
        place: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(HeaderName, HeaderValue)>>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            if state.token.as_ref().is_none_or(|token| token.until <= Instant::now()) {
                state.token = Some(self.ask(&mut state).await?);
            }
            let State { token: Some(token), ahead, proof, nonce } = &*state else {
                return Err(Error::internal("a token that was given is gone"));
            };
            let word = if proof.is_some() { "DPoP" } else { "Bearer" };
            let mut headers = vec![(AUTHORIZATION, sensitive(&format!("{word} {}", token.text.expose()))?)];
            if let Some(key) = proof {
                let proof = key.proof(method, place, now() + ahead, nonce.as_deref(), Some(token.text.expose()))?;
                headers.push((DPOP, sensitive(proof.expose())?));
            }
            Ok(headers)
        })
    }

    /// Learns from an answer of 401 that some headers brought: whether it is worth another try.
    pub(super) async fn refused(&self, sent: &[(HeaderName, HeaderValue)], headers: &HeaderMap) -> bool {
        let mut state = self.state.lock().await;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let is_about_nonce = text("www-authenticate").is_some_and(|said| said.contains("use_dpop_nonce"));
        if let Some(nonce) = text("dpop-nonce").filter(|_| is_about_nonce) {
            state.nonce = Some(nonce.to_owned());
            return true;
        }
        // Somebody else may have asked for a new one meanwhile.
        let is_in_use = state.token.as_ref().is_some_and(|token| {
            sent.iter().any(|(_, value)| value.to_str().is_ok_and(|value| value.ends_with(token.text.expose())))
        });
        if is_in_use {
            state.token = None;
        }
        true
    }

    async fn ask(&self, state: &mut State) -> Result<Token> {
        let mut answer = self.send(state).await?;
        for _ in 1..ROUNDS {
            if answer.is_success() || !self.learn(state, &answer)? {
                break;
            }
            answer = self.send(state).await?;
        }
        if !answer.is_success() {
            return Err(answer.refused(said(&answer).as_deref()));
        }
        let given: Given = answer.json()?;
        let text = given.access_token.filter(|text| !text.is_empty() && !text.contains(char::is_control));
        let text = text.ok_or_else(|| Error::new(ErrorKind::Source, "an answer without a token"))?;
        let until = given.expires_at.and_then(|at| DateTime::parse_from_rfc3339(&at).ok()).map(|at| {
            let seconds = at.timestamp() - now() - state.ahead;
            Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
        });
        let life = given.expires_in.map(Duration::from_secs).or(until).unwrap_or(USUAL_LIFE);
        // One that lives shorter than the margin is still good for half of its life.
        let used = life.saturating_sub(MARGIN).max(life / 2);
        Ok(Token { text: Secret::new(&text), until: Instant::now() + used })
    }

    /// What a refusal teaches: that tokens must be bound, a nonce, or the right time. Whether it taught anything.
    fn learn(&self, state: &mut State, answer: &Response) -> Result<bool> {
        let mut has_learnt = false;
        let nonce = answer.header("dpop-nonce").map(str::to_owned);
        if nonce.is_some() && nonce != state.nonce {
            (state.nonce, has_learnt) = (nonce, true);
        }
        if state.proof.is_none() && said(answer).is_some_and(|error| error.contains("dpop")) {
            (state.proof, has_learnt) = (Some(ProofKey::make()?), true);
        }
        let ahead = answer.date().map_or(state.ahead, |date| date.timestamp() - now());
        if (ahead - state.ahead).abs() > CLOCKS_AGREE {
            (state.ahead, has_learnt) = (ahead, true);
        }
        Ok(has_learnt)
    }

    async fn send(&self, state: &State) -> Result<Response> {
        let (at, url) = (now() + state.ahead, self.grant.url.as_str());
        let audience = self.grant.audience.as_deref().unwrap_or(url);
        let mut form = self.grant.form.clone();
        let mut add = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        let mut header = None;
        match &self.grant.proof {
            Proof::Secret { client_id, secret } => {
                add("client_id", client_id);
                add("client_secret", secret.expose());
            }
            Proof::SecretInHeader { client_id, secret } => header = Some(super::client::basic(client_id, secret)),
            Proof::Assertion { client_id, key_id, key } => {
                let claims = json!({
                    "iss": client_id, "sub": client_id, "aud": audience, "iat": at, "exp": at + ASSERTION_SECONDS,
                });
                add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                add("client_assertion", key.sign(key_id.as_deref(), &claims)?.expose());
            }
            Proof::ForUser { client_id, user, key } => {
                let claims = json!({ "iss": client_id, "sub": user, "aud": audience, "exp": at + ASSERTION_SECONDS });
                add("assertion", key.sign(None, &claims)?.expose());
            }
            Proof::App { client_id, key } => {
                // A minute back: GitHub's own advice for clocks that differ.
                let claims = json!({ "iss": client_id, "iat": at - 60, "exp": at + ASSERTION_SECONDS });
                header = Some(format!("Bearer {}", key.sign(None, &claims)?.expose()).into());
            }
        }
        let mut call = Call::post(&[]).repeatable();
        if !form.is_empty() {
            call = call.form(&form);
        }
        if let Some(header) = header {
            call = call.header("Authorization", header.as_str());
        }
        if let Some(key) = &state.proof {
            call = call.header("DPoP", key.proof("POST", url, at, state.nonce.as_deref(), None)?.expose());
        }
        self.client.send(&call).await
    }
}

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The code of a refusal; its description may repeat what was sent.
fn said(answer: &Response) -> Option<String> {
    answer.json::<Refused>().ok()?.error.filter(|code| code.len() < 60 && !code.contains(' '))
}

/// The present second, by our clock.
fn now() -> i64 {
    Clock::System.now().timestamp()
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::config("a token that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}
