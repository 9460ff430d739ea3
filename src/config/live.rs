//! `[source.live]`: where the API of a source is, and how one is known to it. What is asked of an API is no setting:
//! `ingest::live` holds it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use url::Url;

use super::kinds::Kind;
use super::outward::server_url;
use super::secret::{self, SecretRef};
use super::section::Section;
use super::word::words;

/// An API that no collector reads.
const NO_API: &str = "SL0111";

words! {
    /// How one proves to an API who asks.
    AuthKind {
        None = "none",
        Bearer = "bearer",
        Ssws = "ssws",
        Basic = "basic",
        ClientSecret = "client_secret",
        PrivateKeyJwt = "private_key_jwt",
        JwtBearer = "jwt_bearer",
        GithubApp = "github_app",
    }
}

/// The API of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Where it is: https, or http on this machine.
    pub url: Url,
    /// Whether its name may lead into a private network.
    pub private_network: bool,
    /// How one is known to it.
    pub login: Login,
    /// Where tokens are given out, when not where the vendor documents it.
    pub token_url: Option<Url>,
    /// What a token is asked for, when not what the vendor's streams need.
    pub scopes: Vec<String>,
    /// The share of a rate limit that may be used; the rest is left to others.
    pub rate_share: Decimal,
    /// What else the addresses of the kind hold, by name.
    pub values: BTreeMap<String, String>,
}

/// How one is known to an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    None,
    /// A token that does not change, after `Bearer`.
    Bearer(SecretRef),
    /// A token of an Okta administrator, after `SSWS`: it may whatever that person may.
    Ssws(SecretRef),
    /// A name and its password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        secret: SecretRef,
    },
    /// OAuth client credentials with a secret.
    ClientSecret {
        /// The client.
        client_id: String,
        /// Its secret.
        secret: SecretRef,
    },
    /// OAuth client credentials with an assertion that the client signs.
    PrivateKeyJwt {
        /// The client.
        client_id: String,
        /// The name of the key at the vendor.
        key_id: Option<String>,
        /// The key: RSA, PKCS#8 in PEM.
        key: SecretRef,
    },
    /// OAuth with an assertion for a user.
    JwtBearer {
        /// The client.
        client_id: String,
        /// The user.
        user: String,
        /// The key: RSA, PKCS#8 in PEM.
        key: SecretRef,
    },
    /// A GitHub App as it is installed in one organisation.
    GithubApp {
        /// The app.
        client_id: String,
        /// The number of its installation.
        installation: String,
        /// The key: RSA, PKCS#8 in PEM.
        key: SecretRef,
    },
}

/// The ways into the API of a kind, the one to choose first.
fn ways(kind: Kind) -> &'static [AuthKind] {
    match kind {
        Kind::Okta => &[AuthKind::PrivateKeyJwt, AuthKind::Bearer, AuthKind::Ssws],
        Kind::Microsoft365 | Kind::Zoom => &[AuthKind::ClientSecret, AuthKind::Bearer],
        Kind::Salesforce => &[AuthKind::JwtBearer, AuthKind::Bearer],
        Kind::Slack | Kind::Atlassian => &[AuthKind::Bearer],
        Kind::Github => &[AuthKind::GithubApp, AuthKind::Bearer],
        Kind::Servicenow => &[AuthKind::Basic, AuthKind::ClientSecret, AuthKind::Bearer],
        Kind::Workday | Kind::Bamboohr => &[AuthKind::Basic],
        Kind::Ecb => &[AuthKind::None],
        Kind::Terraform | Kind::Mapped => &[],
    }
}

/// What addresses of a kind hold one more thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// All.
    Every,
    /// Those of one stream, which is not read where nobody says it.
    Stream(&'static str),
}

/// What else the addresses of a kind hold: keys of `[source.live]`, and of which addresses each is a part.
const VALUES: &[(Kind, &str, Of)] = &[
    (Kind::Microsoft365, "tenant", Of::Every),
    (Kind::Zoom, "account_id", Of::Every),
    (Kind::Github, "organization", Of::Stream("copilot_seats")),
    (Kind::Github, "enterprise", Of::Stream("consumed_licenses")),
    (Kind::Atlassian, "organization", Of::Every),
    // Reports, by the stream that each is.
    (Kind::Workday, "tenant", Of::Every),
    (Kind::Workday, "owner", Of::Every),
    (Kind::Workday, "workers", Of::Stream("workers")),
    (Kind::Workday, "leaves", Of::Stream("leaves")),
    (Kind::Workday, "project_assignments", Of::Stream("project_assignments")),
];

impl Live {
    /// Whether all is said that the addresses of a stream of this kind hold.
    pub(super) fn leads_to(&self, kind: Kind, stream: &str) -> bool {
        let needed = VALUES.iter().filter(|(of, _, part)| *of == kind && matches!(part, Of::Stream(s) if *s == stream));
        needed.map(|(_, name, _)| name).all(|name| self.values.contains_key(*name))
    }
}

/// Reads the section of a source of a kind.
pub(super) fn read(section: &Section<'_>, kind: Kind) -> Option<Live> {
    let ways = ways(kind);
    if ways.is_empty() {
        let help = "drop its extracts into a folder and name it with `from`";
        let found = section.at(NO_API, section.span.clone(), format!("the API of `{}` cannot be read", kind.as_str()));
        section.report(found.help(help));
        return None;
    }
    let known: Vec<&str> = ways.iter().map(|way| way.as_str()).collect();
    let auth = match section.has("auth") {
        false => ways[0],
        true => {
            let auth: AuthKind = section.word("auth")?;
            if !ways.contains(&auth) {
                let message = format!("`{}` is no way into {}", auth.as_str(), kind.as_str());
                section.refuse_word("auth", auth.as_str(), message, &known);
                return None;
            }
            auth
        }
    };
    let mut keys = vec!["url", "auth", "private_network", "rate_share"];
    keys.extend(keys_of(auth));
    let values = || VALUES.iter().filter(|(of, ..)| *of == kind);
    keys.extend(values().map(|(_, name, _)| *name));
    section.only(&keys);
    section.need(&["url"]);
    let mut needed: Vec<&str> = values().filter(|(.., of)| *of == Of::Every).map(|(_, name, _)| *name).collect();
    if needed.is_empty() && !values().any(|(_, name, _)| section.has(name)) {
        // With none of them there would be nothing to read.
        needed.extend(values().map(|(_, name, _)| *name).take(1));
    }
    section.need(&needed);
    let login = read_login(section, auth);
    let values = values().filter_map(|(_, name, _)| Some(((*name).to_owned(), section.text(name)?))).collect();
    let url = server_url(section, "url");
    let rate_share = section.share("rate_share").unwrap_or(Decimal::new(5, 1));
    if rate_share.is_zero() {
        section.refuse("rate_share", "with no share of its limit an API cannot be read", "use 0.01 to 1");
    }
    Some(Live {
        url: url?,
        private_network: section.flag("private_network").unwrap_or(false),
        login: login?,
        token_url: server_url(section, "token_url"),
        scopes: section.plain_texts("scopes"),
        rate_share,
        values,
    })
}

/// The keys that one way has.
fn keys_of(auth: AuthKind) -> &'static [&'static str] {
    match auth {
        AuthKind::None => &[],
        AuthKind::Bearer | AuthKind::Ssws => &["secret"],
        AuthKind::Basic => &["user", "secret"],
        AuthKind::ClientSecret => &["client_id", "secret", "token_url", "scopes"],
        AuthKind::PrivateKeyJwt => &["client_id", "key_id", "secret", "token_url", "scopes"],
        AuthKind::JwtBearer => &["client_id", "user", "secret", "token_url"],
        AuthKind::GithubApp => &["client_id", "installation", "secret"],
    }
}

fn read_login(section: &Section<'_>, auth: AuthKind) -> Option<Login> {
    let optional = ["key_id", "token_url", "scopes"];
    let needed: Vec<&str> = keys_of(auth).iter().copied().filter(|key| !optional.contains(key)).collect();
    section.need(&needed);
    if auth == AuthKind::None {
        return Some(Login::None);
    }
    let secret = secret::read(section, "secret");
    let text = |key: &str| section.text(key);
    Some(match auth {
        AuthKind::None => Login::None,
        AuthKind::Bearer => Login::Bearer(secret?),
        AuthKind::Ssws => Login::Ssws(secret?),
        AuthKind::Basic => Login::Basic { user: text("user")?, secret: secret? },
        AuthKind::ClientSecret => Login::ClientSecret { client_id: text("client_id")?, secret: secret? },
        AuthKind::PrivateKeyJwt => {
            Login::PrivateKeyJwt { client_id: text("client_id")?, key_id: text("key_id"), key: secret? }
        }
        AuthKind::JwtBearer => Login::JwtBearer { client_id: text("client_id")?, user: text("user")?, key: secret? },
        AuthKind::GithubApp => {
            Login::GithubApp { client_id: text("client_id")?, installation: text("installation")?, key: secret? }
        }
    })
}
