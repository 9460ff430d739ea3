//! An Okta organisation as its API is documented: lists by `Link` headers, the System Log polled or bounded, OAuth for a
//! service app with `private_key_jwt` and, where it is demanded, DPoP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use seatledger::base::Clock;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::server::{Reply, Request};

/// The key of the service app.
pub const KEY: &str = include_str!("../../fixtures/live/key.pem");
/// A token of an administrator.
pub const SSWS: &str = "00s3cr3t-canary-token";

/// What an organisation holds.
pub struct Org {
    pub users: Vec<Value>,
    pub groups: Vec<Value>,
    pub members: BTreeMap<String, Vec<Value>>,
    pub apps: Vec<Value>,
    pub app_users: BTreeMap<String, Vec<Value>>,
    /// Events in the order in which they were stored.
    pub log: Vec<Value>,
    /// Events that polls do not bring.
    pub skipped: BTreeSet<String>,
    /// The server's clock.
    pub now: DateTime<Utc>,
    /// Records of a page at most.
    pub page: usize,
    /// Whether cursors of the log from before are refused.
    pub refuses_cursors: bool,
    pub demands_dpop: bool,
    pub tokens: Tokens,
}

/// What the token server gave out.
#[derive(Default)]
pub struct Tokens {
    pub given: usize,
    valid: Option<String>,
    proofs: BTreeSet<String>,
    /// Seconds by which the server's clock is ahead of ours.
    pub ahead: i64,
}

pub type Shared = Arc<Mutex<Org>>;

impl Org {
    /// A small organisation: people, groups, apps, and three days of sign-ins.
    pub fn small() -> Self {
        let now: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        let user = |n: usize| {
            let status = if n % 4 == 3 { "DEPROVISIONED" } else { "ACTIVE" };
            json!({
                "id": format!("00uUSER{n:013}"), "status": status, "created": "2024-01-01T08:00:00.000Z",
                "activated": "2024-01-01T08:00:00.000Z", "statusChanged": null, "lastLogin": null,
                "lastUpdated": "2024-01-01T08:00:00.000Z", "passwordChanged": null, "type": { "id": "otyc04" },
                "profile": { "login": format!("p{n}@northwind.example"), "email": format!("p{n}@northwind.example"),
                             "employeeNumber": format!("{n:05}") },
            })
        };
        let users: Vec<Value> = (0..10).map(user).collect();
        let group = |n: usize| {
            json!({
                "id": format!("00gGROUP{n:012}"), "type": "OKTA_GROUP", "profile": { "name": format!("group {n}") },
                "lastMembershipUpdated": "2026-11-19T08:00:00.000Z", "lastUpdated": "2024-01-01T08:00:00.000Z",
            })
        };
        let groups: Vec<Value> = (0..3).map(group).collect();
        // The first two groups hold the same people, byte for byte; the third nobody.
        let members: BTreeMap<String, Vec<Value>> =
            groups[..2].iter().map(|group| (group["id"].as_str().unwrap().to_owned(), users[..3].to_vec())).collect();
        let app = |n: usize| {
            json!({
                "id": format!("0oaAPP{n:014}"), "name": format!("app_{n}"), "label": format!("App {n}"),
                "status": "ACTIVE", "signOnMode": "SAML_2_0",
            })
        };
        let apps: Vec<Value> = (0..3).map(app).collect();
        let app_user = |user: &Value| {
            json!({
                "id": user["id"], "externalId": null, "created": "2026-01-05T08:00:00.000Z", "scope": "USER",
                "status": "ACTIVE", "statusChanged": "2026-01-05T08:00:00.000Z", "syncState": "DISABLED",
                "credentials": { "userName": user["profile"]["login"] }, "profile": {},
            })
        };
        let app_users = apps[..2]
            .iter()
            .map(|app| (app["id"].as_str().unwrap().to_owned(), users[..5].iter().map(app_user).collect()))
            .collect();
        let log = (0..9).map(|n| event(n, now - TimeDelta::hours(9) + TimeDelta::minutes(n as i64))).collect();
        Self {
            users,
            groups,
            members,
            apps,
            app_users,
            log,
            skipped: BTreeSet::new(),
            now,
            page: 3,
            refuses_cursors: false,
            demands_dpop: false,
            tokens: Tokens::default(),
        }
    }

    pub fn shared(self) -> Shared {
        Arc::new(Mutex::new(self))
    }

    /// The users that a filter finds, those who are deprovisioned among them; without one, all others. None: no filter
    /// is known that reads so.
    fn found(&self, filter: Option<&str>) -> Option<Vec<Value>> {
        let is_deprovisioned = |user: &Value| user["status"] == "DEPROVISIONED";
        let updated = |user: &Value| user["lastUpdated"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        let since = filter.and_then(|text| text.strip_prefix("lastUpdated gt \"")?.strip_suffix('"')?.parse().ok());
        let is_found: &dyn Fn(&Value) -> bool = match filter {
            None => &|user| !is_deprovisioned(user),
            Some("status eq \"DEPROVISIONED\"") => &is_deprovisioned,
            Some(_) => {
                let since: DateTime<Utc> = since?;
                return Some(self.users.iter().filter(|user| updated(user) > since).cloned().collect());
            }
        };
        Some(self.users.iter().filter(|user| is_found(user)).cloned().collect())
    }
}

/// A sign-in to the first app.
pub fn event(n: usize, at: DateTime<Utc>) -> Value {
    json!({
        "uuid": format!("{n:08x}-0000-11f1-aaaa-000000000001"),
        "published": at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "eventType": "user.authentication.sso", "version": "0", "severity": "INFO",
        "actor": { "id": format!("00uUSER{:013}", n % 10), "type": "User", "alternateId": "p@northwind.example",
                   "displayName": "P", "detailEntry": null },
        "outcome": { "result": "SUCCESS", "reason": null },
        "target": [{ "id": "0oaAPP00000000000000", "type": "AppInstance", "alternateId": "App 0", "displayName": "App 0",
                     "detailEntry": null }],
        "authenticationContext": { "authenticationStep": 0, "externalSessionId": "s" },
        "debugContext": { "debugData": { "signOnMode": "SAML 2.0" } },
    })
}

/// Answers as the organisation would.
pub fn handler(shared: &Shared) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let shared = shared.clone();
    move |request| {
        let mut org = shared.lock().unwrap();
        let segments = request.segments();
        let reply = match (request.method.as_str(), &segments[..]) {
            ("POST", ["oauth2", "v1", "token"]) => token(&mut org, request),
            _ if !is_allowed(&mut org, request) => refusal(401, "E0000011", "Invalid token provided"),
            ("GET", ["api", "v1", "logs"]) => logs(&org, request),
            ("GET", ["api", "v1", "users"]) => match org.found(request.query.get("filter").map(String::as_str)) {
                Some(found) => list(&org, request, &found),
                None => refusal(400, "E0000031", "Invalid search criteria."),
            },
            ("GET", ["api", "v1", "users", id]) => one(&org.users, id),
            ("GET", ["api", "v1", "groups"]) => list(&org, request, &org.groups),
            ("GET", ["api", "v1", "groups", id]) => one(&org.groups, id),
            ("GET", ["api", "v1", "groups", id, "users"]) => children(&org, request, &org.groups, &org.members, id),
            ("GET", ["api", "v1", "apps"]) => list(&org, request, &org.apps),
            ("GET", ["api", "v1", "apps", id]) => one(&org.apps, id),
            ("GET", ["api", "v1", "apps", id, "users"]) => children(&org, request, &org.apps, &org.app_users, id),
            _ => refusal(404, "E0000022", "The endpoint does not support the provided HTTP method"),
        };
        let now = if segments.first() == Some(&"oauth2") { machine(&org) } else { org.now };
        reply
            .with("Date", now.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .with("x-rate-limit-limit", "600")
            .with("x-rate-limit-remaining", "599")
            .with("x-rate-limit-reset", (now.timestamp() + 60).to_string())
    }
}

/// The token server's time: assertions are signed by the clock of this machine.
fn machine(org: &Org) -> DateTime<Utc> {
    Clock::System.now() + TimeDelta::seconds(org.tokens.ahead)
}

fn refusal(status: u16, code: &str, summary: &str) -> Reply {
    Reply::json(status, &json!({ "errorCode": code, "errorSummary": summary, "errorLink": code, "errorCauses": [] }))
}

fn one(all: &[Value], id: &str) -> Reply {
    match all.iter().find(|one| one["id"] == id) {
        Some(found) => Reply::json(200, found),
        None => refusal(404, "E0000007", "Not found: Resource not found"),
    }
}

fn children(org: &Org, request: &Request, parents: &[Value], of: &BTreeMap<String, Vec<Value>>, id: &str) -> Reply {
    if !parents.iter().any(|one| one["id"] == id) {
        return refusal(404, "E0000007", "Not found: Resource not found");
    }
    list(org, request, of.get(id).map_or(&[], Vec::as_slice))
}

/// A page of a list, with the link to the next one.
fn list(org: &Org, request: &Request, all: &[Value]) -> Reply {
    let limit: usize = request.query["limit"].parse().unwrap();
    let from: usize = request.query.get("after").map_or(0, |after| after.parse().unwrap());
    let to = (from + limit.min(org.page)).min(all.len());
    let reply = Reply::json(200, &json!(all[from..to]));
    let reply = reply.with("link", format!("<{}>; rel=\"self\"", address(request, None)));
    match to < all.len() {
        true => reply.with("link", format!("<{}>; rel=\"next\"", address(request, Some(to)))),
        false => reply,
    }
}

/// The address of a request, going on after a record.
fn address(request: &Request, after: Option<usize>) -> String {
    let mut url = url::Url::parse(&format!("http://{}{}", request.headers["host"], request.path)).unwrap();
    let kept = request.query.iter().filter(|(name, _)| after.is_none() || !matches!(name.as_str(), "after" | "since"));
    url.query_pairs_mut().extend_pairs(kept);
    if let Some(after) = after {
        url.query_pairs_mut().append_pair("after", &after.to_string());
    }
    url.to_string()
}

fn logs(org: &Org, request: &Request) -> Reply {
    let published = |event: &Value| event["published"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let time = |name: &str| request.query.get(name).map(|text| text.parse::<DateTime<Utc>>().unwrap());
    let limit = request.query["limit"].parse::<usize>().unwrap().min(org.page);
    let after: Option<usize> = request.query.get("after").map(|after| after.parse().unwrap());
    if org.refuses_cursors && after.is_some() {
        return refusal(400, "E0000031", "Invalid search criteria.");
    }
    if let Some(until) = time("until") {
        let mut found: Vec<&Value> = org.log.iter().filter(|event| published(event) < until).collect();
        found.sort_by_key(|event| published(event));
        // A next link of a bounded read keeps its bounds.
        let since = time("since").or_else(|| request.query.get("from").map(|t| t.parse().unwrap())).unwrap();
        // The one filter that is asked for: by the beginning of the type.
        let filter = request.query.get("filter").map(|text| text.strip_prefix("eventType sw \"").unwrap());
        let start = filter.map_or("", |text| text.trim_end_matches('"'));
        let is_wanted = |event: &Value| event["eventType"].as_str().unwrap().starts_with(start);
        found.retain(|event| published(event) >= since && is_wanted(event));
        let from = after.unwrap_or(0);
        let to = (from + limit).min(found.len());
        let reply = Reply::json(200, &json!(found[from..to]));
        let next = format!("{}&from={}", address(request, Some(to)), since.to_rfc3339().replace('+', "%2B"));
        return if to < found.len() { reply.with("link", format!("<{next}>; rel=\"next\"")) } else { reply };
    }
    let polled: Vec<&Value> =
        org.log.iter().filter(|event| !org.skipped.contains(event["uuid"].as_str().unwrap())).collect();
    let since = time("since").unwrap_or(org.now - TimeDelta::days(7)).max(org.now - TimeDelta::days(90));
    let from = after.unwrap_or_else(|| polled.iter().take_while(|event| published(event) < since).count());
    let to = (from + limit).min(polled.len());
    let reply = Reply::json(200, &json!(polled[from.min(to)..to]));
    reply.with("link", format!("<{}>; rel=\"next\"", address(request, Some(to))))
}

/// Whether the credential of a request is good.
fn is_allowed(org: &mut Org, request: &Request) -> bool {
    let Some((word, token)) = request.headers.get("authorization").and_then(|text| text.split_once(' ')) else {
        return false;
    };
    match word {
        "SSWS" => token == SSWS,
        "Bearer" => !org.demands_dpop && org.tokens.valid.as_deref() == Some(token),
        "DPoP" => {
            let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
            let proof = proof(org, request);
            org.tokens.valid.as_deref() == Some(token) && proof.is_some_and(|claims| claims["ath"] == hash)
        }
        _ => false,
    }
}

fn token(org: &mut Org, request: &Request) -> Reply {
    let refuse = |error: &str| Reply::json(400, &json!({ "error": error, "error_description": "said by a stub" }));
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let address = format!("http://{}{}", request.headers["host"], request.path);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    if form["grant_type"] != "client_credentials" || form["client_assertion_type"] != kind {
        return refuse("unsupported_grant_type");
    }
    let pem: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec());
    let Some((header, claims)) = verified(&form["client_assertion"], |_| Some(public)) else {
        return refuse("invalid_client");
    };
    let now = machine(org).timestamp();
    let is_timely = (claims["iat"].as_i64().unwrap() - now).abs() < 60 && claims["exp"].as_i64().unwrap() > now;
    let is_named = claims["iss"] == "0oaSERVICE" && claims["sub"] == "0oaSERVICE" && claims["aud"] == address;
    if !is_timely || !is_named || header["kid"] != "k1" || !form["scope"].contains("okta.logs.read") {
        return refuse("invalid_client");
    }
    if org.demands_dpop {
        if !request.headers.contains_key("dpop") {
            return refuse("invalid_dpop_proof");
        }
        match proof(org, request) {
            Some(claims) if claims["nonce"] == "nonce-1" => {}
            Some(_) => return refuse("use_dpop_nonce").with("dpop-nonce", "nonce-1"),
            None => return refuse("invalid_dpop_proof"),
        }
    }
    org.tokens.given += 1;
    let text = format!("token-s3cr3t-canary-{}", org.tokens.given);
    org.tokens.valid = Some(text.clone());
    let kind = if org.demands_dpop { "DPoP" } else { "Bearer" };
    Reply::json(200, &json!({ "token_type": kind, "expires_in": 3600, "access_token": text }))
}

/// The claims of the DPoP proof of a request, when it is good and was not there before.
fn proof(org: &mut Org, request: &Request) -> Option<Value> {
    let (header, claims) = verified(request.headers.get("dpop")?, |header| {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(header["jwk"][name].as_str()?).ok();
        let point = [vec![4], part("x")?, part("y")?].concat();
        Some(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point))
    })?;
    let address = format!("http://{}{}", request.headers["host"], request.path);
    let is_right = header["typ"] == "dpop+jwt" && claims["htm"] == request.method.as_str() && claims["htu"] == address;
    (is_right && org.tokens.proofs.insert(claims["jti"].as_str()?.to_owned())).then_some(claims)
}

/// Header and claims of a token whose signature is right.
fn verified(token: &str, key: impl FnOnce(&Value) -> Option<UnparsedPublicKey<Vec<u8>>>) -> Option<(Value, Value)> {
    let (text, signature) = token.rsplit_once('.')?;
    let (header, claims) = text.split_once('.')?;
    let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let (header, claims) = (part(header)?, part(claims)?);
    key(&header)?.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    Some((header, claims))
}
