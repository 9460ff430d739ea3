//! What stands before every answer of the page: headers that keep it to itself, and the proof that a form is our own.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::page::Shared;
use super::token::same;
use crate::base::Result;
use crate::identity::random;
use crate::store::hex;

/// The cookie that a form must come back with.
const COOKIE: &str = "seatledger_form";

/// Proves that a form was given out by this process, to this browser.
pub(super) struct Forms {
    key: [u8; 32],
}

impl Forms {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { key: random()? })
    }

    /// The cookie to set and the field to hide in the form.
    pub(super) fn pair(&self) -> Result<(String, String)> {
        let seed = hex(&random::<32>()?);
        let field = self.field(&seed);
        Ok((seed, field))
    }

    fn field(&self, seed: &str) -> String {
        hex(&Sha256::new().chain_update(self.key).chain_update(seed).finalize())
    }

    /// Whether cookie and field belong together.
    pub(super) fn is_ours(&self, headers: &HeaderMap, field: &str) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let named = |pair: &str| pair.trim().strip_prefix(COOKIE)?.strip_prefix('=').map(str::to_owned);
        let seed = cookies.flat_map(|line| line.split(';')).find_map(named);
        seed.is_some_and(|seed| seed.len() == 64 && same(&self.field(&seed), field))
    }
}

/// The header that sets the cookie: for this page, this browser session, and never with a request from elsewhere.
pub(super) fn cookie(seed: &str, is_https: bool) -> Option<HeaderValue> {
    let secure = if is_https { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{COOKIE}={seed}; Path=/; HttpOnly; SameSite=Strict{secure}")).ok()
}

/// Refuses what is not for this page, and puts the headers on whatever goes out.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let refused = refusal(&shared, request.method(), request.headers());
    let mut response = match refused {
        Some(status) => status.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_SECURITY_POLICY, &shared.policy);
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("x-robots-tag"), "noindex");
    response
}

fn refusal(shared: &Shared, method: &Method, headers: &HeaderMap) -> Option<StatusCode> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // A name of somebody else's that leads here must not show our page as theirs.
    if !text(header::HOST).is_some_and(|host| shared.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))) {
        return Some(StatusCode::MISDIRECTED_REQUEST);
    }
    if method != Method::POST {
        return None;
    }
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let is_ours = text(header::ORIGIN) == Some(&shared.origin) && site.is_none_or(|site| site == "same-origin");
    (!is_ours).then_some(StatusCode::FORBIDDEN)
}
