//! Addresses that a server names: the next page in a `Link` header or in a body. They lead nowhere but to the server
//! itself.

use url::Url;

use super::call::{Call, Response};
use super::client::Client;
use crate::base::{Error, ErrorKind, Result};

/// An address that is longer than this is none.
const MOST_BYTES: usize = 8192;

impl Response {
    /// The address that the `Link` headers (RFC 8288) call `next`.
    pub fn next_link(&self) -> Option<String> {
        let headers = self.headers.get_all("link").iter();
        headers.filter_map(|header| header.to_str().ok()).find_map(next_of)
    }
}

impl Client {
    /// The request for an address that the server named, in full or without its origin. Path and query stay as they
    /// are written.
    ///
    /// # Errors
    /// Source, when it leads to another origin: the credential goes to one only.
    pub fn follow(&self, address: &str) -> Result<Call> {
        self.own(address).map(|path_and_query| Call::at(&path_and_query))
    }

    /// Path and query of an address of this client's server.
    ///
    /// # Errors
    /// As [`Client::follow`].
    pub fn own(&self, address: &str) -> Result<String> {
        let refuse = |what: &str| {
            let place = self.base().origin().ascii_serialization();
            Err(Error::new(ErrorKind::Source, format!("{place}: the next page {what}")))
        };
        if address.len() > MOST_BYTES {
            return refuse("has an address that is too long");
        }
        let Ok(url) = self.base().join(address) else { return refuse("has an address that cannot be read") };
        if url.origin() != self.base().origin() || has_login(&url) {
            return refuse("would be at another server: that is not followed");
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(format!("{}{query}", url.path()))
    }
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// The target with the relation `next` in one header, which may hold several links.
fn next_of(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let start = rest.find('<')?;
        let end = start + rest[start..].find('>')?;
        let (target, after) = (&rest[start + 1..end], &rest[end + 1..]);
        // A comma within the next target ends nothing: only the first one counts.
        let parameters = parts(after, ',').next().unwrap_or_default();
        let is_next = parts(parameters, ';').filter_map(|one| one.split_once('=')).any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.to_owned());
        }
        rest = after.get(parameters.len() + 1..)?;
    }
}

/// The parts of a text between separators that stand outside quotes.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Auth, Limits};

    #[test]
    fn the_next_link_is_found_among_others() {
        let okta = "<https://a.okta.com/api/v1/users?limit=1>; rel=\"self\", <https://a.okta.com/api/v1/users?after=x,y&limit=1>; rel=\"next\"";
        assert_eq!(next_of(okta).as_deref(), Some("https://a.okta.com/api/v1/users?after=x,y&limit=1"));
        assert_eq!(
            next_of("</p?a=1>; title=\"a, b; rel=next\"; rel=prev, </p?a=3>;rel=\"last Next\"").as_deref(),
            Some("/p?a=3")
        );
        assert_eq!(next_of("</p>; REL=next").as_deref(), Some("/p"));
        for none in ["", "<", "</p>", "</p>; rel=\"nextish\"", "</p>; rel=prev,"] {
            assert_eq!(next_of(none), None, "{none}");
        }
    }

    #[test]
    fn no_address_leads_to_another_server() {
        let base = Url::parse("https://a.okta.com/base").unwrap();
        let client = Client::new(&base, false, &Auth::None, Limits::default()).unwrap();
        let path = |address: &str| client.follow(address).map(|call| call.url(&base).unwrap().to_string());
        let whole = "https://a.okta.com/api/v1/logs?after=1%2F2+3&x";
        assert_eq!(path(whole).unwrap(), whole);
        assert_eq!(path("/api/v1/logs?after=1").unwrap(), "https://a.okta.com/api/v1/logs?after=1");
        assert_eq!(path("https://a.okta.com:443/x").unwrap(), "https://a.okta.com/x");
        for elsewhere in [
            "https://evil.example/api",
            "http://a.okta.com/api",
            "https://a.okta.com:8443/api",
            "//evil.example/api",
            "https://a.okta.com@evil.example/",
            "https://user:pw@a.okta.com/",
            "file:///etc/passwd",
        ] {
            let error = path(elsewhere).unwrap_err();
            assert!(error.kind() == ErrorKind::Source && !error.to_string().contains("evil"), "{error}");
        }
        assert!(path(&format!("/{}", "x".repeat(9000))).is_err());
    }
}
