//! The APIs of vendors that are read: what each holds, served as its documentation says.

pub mod atlassian;
pub mod bamboohr;
pub mod ecb;
pub mod github;
pub mod graph;
pub mod itam;
pub mod salesforce;
pub mod slack;
pub mod workday;
pub mod zoom;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::server::{Reply, Request};

/// The secret that every vendor here takes, and the access token that it gives for one.
pub const TOKEN: &str = super::okta_org::SSWS;

/// What a vendor holds, by the name it has there.
#[derive(Clone, Default)]
pub struct Holds {
    /// Records.
    pub records: BTreeMap<String, Vec<Value>>,
    /// Files as they are.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The most records of a page, whatever is asked for.
    pub page: usize,
}

/// One vendor.
pub struct Vendor {
    /// Answers a request of somebody it knows.
    pub answer: fn(&Holds, &Request) -> Reply,
    /// Answers one who is not known.
    pub unknown: fn() -> Reply,
    /// The word before the token; none: the vendor knows everybody.
    pub scheme: Option<&'static str>,
}

impl Holds {
    /// A vendor that gives pages of so many records.
    pub fn in_pages(page: usize) -> Self {
        Self { page, ..Self::default() }
    }

    /// The same with records.
    #[must_use]
    pub fn with(mut self, name: &str, records: Vec<Value>) -> Self {
        self.records.insert(name.to_owned(), records);
        self
    }

    /// The same with a file.
    #[must_use]
    pub fn with_file(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.to_owned(), bytes.into());
        self
    }

    /// So many of some records from one on, and whether there are more.
    pub fn slice<'r>(&self, records: &'r [Value], from: usize, most: usize) -> (&'r [Value], bool) {
        let from = from.min(records.len());
        let to = records.len().min(from + most.min(self.page));
        (&records[from..to], to < records.len())
    }

    /// The records of a name.
    pub fn of(&self, name: &str) -> &[Value] {
        self.records.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The address of the server as the caller knows it.
pub fn origin(request: &Request) -> String {
    format!("http://{}", request.headers["host"])
}

/// The form that was sent.
pub fn form(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

/// The claims of a signed token; that it is signed well is Okta's to check.
pub fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default()
}

/// A number of the query.
pub fn number(request: &Request, name: &str) -> Option<usize> {
    request.query.get(name)?.parse().ok()
}

/// Answers as the vendor would whoever shows its token, or asks for one.
pub fn handler(vendor: &'static Vendor, holds: Holds) -> Box<dyn Fn(&Request) -> Reply + Send + Sync> {
    Box::new(move |request| {
        let is_token_call = request.method == "POST" && request.path.contains("token");
        let shown = request.headers.get("authorization").map(String::as_str);
        let is_known = match vendor.scheme {
            None => true,
            Some("Basic") => shown.is_some_and(|shown| shown.starts_with("Basic ")),
            Some(scheme) => shown == Some(&format!("{scheme} {TOKEN}")),
        };
        match is_token_call || is_known || request.path.starts_with("/storage/") {
            true => (vendor.answer)(&holds, request),
            false => (vendor.unknown)(),
        }
    })
}
