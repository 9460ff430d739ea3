//! What leaves the house, and by which door: `[tickets]`, `[notices]`, `[answers]` and `[siem]` of the project file.
//! Without them tickets and notices are files, and nothing is sent anywhere.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::{Host, Url};

use super::secret::{self, SecretRef};
use super::section::Section;
use super::word::words;

words! {
    /// Where actions are asked for and handed over.
    DeskKind { Files = "files", ServiceNow = "servicenow", Jira = "jira" }
}

words! {
    /// How a token is presented to Okta.
    OktaToken { Bearer = "bearer", Ssws = "ssws" }
}

/// The doors that are open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outward {
    /// Where actions are asked for and handed over.
    pub tickets: Tickets,
    /// How people are told; none: nobody is.
    pub notices: Option<Notices>,
    /// The page behind the links in notices; none: there are no links.
    pub answers: Option<Answers>,
    /// Who watches the decision log.
    pub siem: Siem,
}

impl Outward {
    /// Where each secret is kept, with the section that says so.
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let Tickets { servicenow, jira, okta, .. } = &self.tickets;
        let login = self.notices.as_ref().and_then(|notices| notices.smtp.as_ref()?.login.as_ref());
        let all = [
            ("tickets.servicenow", servicenow.as_ref().map(|desk| &desk.server.secret)),
            ("tickets.jira", jira.as_ref().map(|desk| &desk.server.secret)),
            ("tickets.okta", okta.as_ref().map(|executor| &executor.server.secret)),
            ("notices", login.map(|(_, secret)| secret)),
            ("siem.splunk", self.siem.splunk.as_ref().map(|splunk| &splunk.server.secret)),
        ];
        all.into_iter().filter_map(|(section, secret)| Some((section.to_owned(), secret?))).collect()
    }
}

/// A server, and how one is known to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where it is: https, or http on this machine.
    pub url: Url,
    /// Who asks, where a password belongs to a name.
    pub user: Option<String>,
    /// Its password or token.
    pub secret: SecretRef,
    /// Whether its name may lead into a private network.
    pub private_network: bool,
}

/// `[tickets]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tickets {
    /// The desk in use.
    pub desk: DeskKind,
    /// ServiceNow, when it is the desk.
    pub servicenow: Option<ServiceNow>,
    /// Jira, when it is the desk.
    pub jira: Option<Jira>,
    /// The executor of group removals, when one is wanted.
    pub okta: Option<Okta>,
}

impl Default for DeskKind {
    /// Files need no server.
    fn default() -> Self {
        Self::Files
    }
}

/// `[tickets.servicenow]`; states are the numbers of the table's `state` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNow {
    /// The instance.
    pub server: Server,
    /// The table of the tasks.
    pub table: String,
    /// `sys_id` of the group that carries actions out.
    pub assignment_group: Option<String>,
    /// A task that waits for its approval.
    pub waiting_state: String,
    /// A task that may be carried out.
    pub open_state: String,
    /// A task that is a second one for the same action.
    pub duplicate_state: String,
    /// The action was carried out.
    pub executed_states: Vec<String>,
    /// It was not, and will not be.
    pub failed_states: Vec<String>,
    /// It was, and was taken back.
    pub rolled_back_states: Vec<String>,
}

/// `[tickets.jira]`; statuses are compared as people write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jira {
    /// The site.
    pub server: Server,
    /// The project's key.
    pub project: String,
    /// The name of the type of issue.
    pub issue_type: String,
    /// The custom field of approvers where Jira Service Management approves; else the assignee does, by a status.
    pub approvers_field: Option<String>,
    /// The transition that hands an issue over to who carries it out.
    pub release_transition: Option<String>,
    /// The approver agreed.
    pub approved_statuses: Vec<String>,
    /// The approver refused.
    pub rejected_statuses: Vec<String>,
    /// The action was carried out.
    pub executed_statuses: Vec<String>,
    /// It was not, and will not be.
    pub failed_statuses: Vec<String>,
    /// It was, and was taken back.
    pub rolled_back_statuses: Vec<String>,
}

/// `[tickets.okta]`: removals from groups, by a credential of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Okta {
    /// The organisation.
    pub server: Server,
    /// How the token is presented.
    pub token: OktaToken,
    /// Whether anything is removed: without it the executor only says what it would do.
    pub apply: bool,
}

/// `[notices]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notices {
    /// The address of the sender.
    pub from: String,
    /// The name beside it.
    pub from_name: Option<String>,
    /// Where answers by mail go.
    pub reply_to: Option<String>,
    /// The server that sends; none: notices are files.
    pub smtp: Option<Smtp>,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// How and where.
    pub wire: Wire,
    /// The login and its password.
    pub login: Option<(String, SecretRef)>,
    /// Whether its name may lead into a private network.
    pub private_network: bool,
}

/// A connection that is not HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// Its protection.
    pub guard: Guard,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// TLS from the first byte.
    Tls,
    /// TLS after the server agreed to it in plain text; without its word nothing is sent.
    StartTls,
    /// Nothing; on this machine only.
    Plain,
}

/// `[answers]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Where the page listens.
    pub bind: SocketAddr,
    /// What a browser calls it: scheme, host and port.
    pub origin: String,
    /// The program, and its arguments, that brings a code to somebody by another way than mail.
    pub codes: Vec<String>,
}

/// `[siem]`: each transport that is named gets every entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Siem {
    /// A file of JSON lines, relative to the project.
    pub file: Option<PathBuf>,
    /// Splunk's HTTP Event Collector.
    pub splunk: Option<Splunk>,
    /// A syslog collector.
    pub syslog: Option<Syslog>,
}

/// `[siem.splunk]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splunk {
    /// The collector.
    pub server: Server,
    /// The index; none: the token's own.
    pub index: Option<String>,
    /// Whether to wait until events are indexed.
    pub ack: bool,
}

/// `[siem.syslog]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syslog {
    /// How and where.
    pub wire: Wire,
    /// The private enterprise number in the name of the structured data.
    pub enterprise: u32,
    /// Whether its name may lead into a private network.
    pub private_network: bool,
}

/// Reads the four sections.
pub(super) fn read(root: &Section<'_>) -> Outward {
    Outward {
        tickets: root.section("tickets").map(|section| read_tickets(&section)).unwrap_or_default(),
        notices: root.section("notices").and_then(|section| read_notices(&section)),
        answers: root.section("answers").and_then(|section| read_answers(&section)),
        siem: root.section("siem").map(|section| read_siem(&section)).unwrap_or_default(),
    }
}

fn read_tickets(section: &Section<'_>) -> Tickets {
    section.only(&["desk", "servicenow", "jira", "okta"]);
    let desk: DeskKind = section.word("desk").unwrap_or_default();
    if desk != DeskKind::Files && !section.has(desk.as_str()) {
        let help = format!("add [tickets.{}] with its url and secret", desk.as_str());
        section.refuse("desk", format!("nothing says where {} is", desk.as_str()), help);
    }
    Tickets {
        desk,
        servicenow: section.section("servicenow").and_then(|section| read_servicenow(&section)),
        jira: section.section("jira").and_then(|section| read_jira(&section)),
        okta: section.section("okta").and_then(|section| read_okta(&section)),
    }
}

fn read_servicenow(section: &Section<'_>) -> Option<ServiceNow> {
    let mut keys = SERVER_KEYS.to_vec();
    keys.extend(["table", "assignment_group", "waiting_state", "open_state", "duplicate_state"]);
    keys.extend(["executed_states", "failed_states", "rolled_back_states"]);
    section.only(&keys);
    let server = read_server(section);
    let table = section.text("table").unwrap_or_else(|| "sc_task".to_owned());
    if !table.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        section.refuse("table", format!("`{table}` is no table"), "use its name, such as sc_task");
    }
    let assignment_group = section.text("assignment_group");
    if assignment_group.as_ref().is_some_and(|id| id.len() != 32 || !id.bytes().all(|b| b.is_ascii_hexdigit())) {
        section.refuse("assignment_group", "a group is named by its sys_id", "copy the 32 hex digits of the group");
    }
    let state = |key: &str, standard: &str| section.text(key).unwrap_or_else(|| standard.to_owned());
    Some(ServiceNow {
        server: server?,
        table,
        assignment_group,
        waiting_state: state("waiting_state", "-5"),
        open_state: state("open_state", "1"),
        duplicate_state: state("duplicate_state", "7"),
        executed_states: words_of(section, "executed_states", &["3"]),
        failed_states: words_of(section, "failed_states", &["4", "7"]),
        rolled_back_states: words_of(section, "rolled_back_states", &[]),
    })
}

fn read_jira(section: &Section<'_>) -> Option<Jira> {
    let mut keys = SERVER_KEYS.to_vec();
    keys.extend(["project", "issue_type", "approvers_field", "release_transition", "approved_statuses"]);
    keys.extend(["rejected_statuses", "executed_statuses", "failed_statuses", "rolled_back_statuses"]);
    section.only(&keys);
    section.need(&["user", "project"]);
    let server = read_server(section);
    let project = section.text("project").unwrap_or_default();
    let is_key = project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !project.is_empty() && !is_key {
        section.refuse("project", format!("`{project}` is no key of a project"), "use capital letters, such as SAAS");
    }
    let approvers_field = section.text("approvers_field");
    if approvers_field.as_ref().is_some_and(|field| !field.starts_with("customfield_")) {
        section.refuse("approvers_field", "the field is named by its id", "write customfield_ and its number");
    }
    Some(Jira {
        server: server?,
        project,
        issue_type: section.text("issue_type").unwrap_or_else(|| "Task".to_owned()),
        approvers_field,
        release_transition: section.text("release_transition"),
        approved_statuses: words_of(section, "approved_statuses", &["Approved"]),
        rejected_statuses: words_of(section, "rejected_statuses", &["Rejected", "Declined"]),
        executed_statuses: words_of(section, "executed_statuses", &["Done"]),
        failed_statuses: words_of(section, "failed_statuses", &["Failed"]),
        rolled_back_statuses: words_of(section, "rolled_back_statuses", &["Rolled back"]),
    })
}

fn read_okta(section: &Section<'_>) -> Option<Okta> {
    section.only(&["url", "secret", "private_network", "token", "apply"]);
    let server = read_server(section);
    let token = section.word("token").unwrap_or(OktaToken::Bearer);
    Some(Okta { server: server?, token, apply: section.flag("apply").unwrap_or(false) })
}

fn read_notices(section: &Section<'_>) -> Option<Notices> {
    section.only(&["from", "from_name", "reply_to", "smtp", "user", "secret", "private_network"]);
    section.need(&["from"]);
    let smtp = wire(section, "smtp", &[("smtps", Guard::Tls, 465), ("smtp", Guard::StartTls, 587)]);
    let login = match (section.text("user"), secret::read(section, "secret")) {
        (Some(user), Some(secret)) => Some((user, secret)),
        (Some(_), None) => {
            section.need(&["secret"]);
            None
        }
        (None, Some(_)) => {
            section.need(&["user"]);
            None
        }
        (None, None) => None,
    };
    let private_network = section.flag("private_network").unwrap_or(false);
    Some(Notices {
        from: section.email("from")?,
        from_name: section.text("from_name"),
        reply_to: section.email("reply_to"),
        smtp: smtp.map(|wire| Smtp { wire, login, private_network }),
    })
}

fn read_answers(section: &Section<'_>) -> Option<Answers> {
    section.only(&["bind", "origin", "codes"]);
    section.need(&["codes"]);
    let codes: Vec<String> = section.text("codes")?.split_whitespace().map(str::to_owned).collect();
    let bind = section.text("bind").unwrap_or_else(|| "127.0.0.1:8470".to_owned());
    let Ok(bind) = bind.parse::<SocketAddr>() else {
        section.refuse(
            "bind",
            format!("`{bind}` is no address"),
            "write an address and a port, such as 127.0.0.1:8470",
        );
        return None;
    };
    let Some(origin) = section.text("origin") else {
        return Some(Answers { bind, origin: format!("http://{bind}"), codes });
    };
    let url = Url::parse(&origin).ok().filter(is_guarded).filter(|url| url.path() == "/" && url.query().is_none());
    let Some(url) = url else {
        let help = "write scheme, host and port: https, or http on this machine";
        section.refuse("origin", format!("`{origin}` is no origin of the page"), help);
        return None;
    };
    Some(Answers { bind, origin: url.origin().ascii_serialization(), codes })
}

fn read_siem(section: &Section<'_>) -> Siem {
    section.only(&["file", "splunk", "syslog"]);
    Siem {
        file: section.text("file").map(PathBuf::from),
        splunk: section.section("splunk").and_then(|section| read_splunk(&section)),
        syslog: section.section("syslog").and_then(|section| read_syslog(&section)),
    }
}

fn read_splunk(section: &Section<'_>) -> Option<Splunk> {
    section.only(&["url", "secret", "private_network", "index", "ack"]);
    let server = read_server(section);
    Some(Splunk { server: server?, index: section.text("index"), ack: section.flag("ack").unwrap_or(false) })
}

fn read_syslog(section: &Section<'_>) -> Option<Syslog> {
    section.only(&["address", "enterprise", "private_network"]);
    section.need(&["address"]);
    let wire = wire(section, "address", &[("tls", Guard::Tls, 6514), ("tcp", Guard::Plain, 514)]);
    // 32473 is the number that RFC 5612 keeps for documentation: nobody else's.
    let enterprise = section.whole("enterprise", 1..=i64::from(u32::MAX)).and_then(|n| u32::try_from(n).ok());
    let private_network = section.flag("private_network").unwrap_or(false);
    Some(Syslog { wire: wire?, enterprise: enterprise.unwrap_or(32473), private_network })
}

const SERVER_KEYS: [&str; 4] = ["url", "user", "secret", "private_network"];

fn read_server(section: &Section<'_>) -> Option<Server> {
    section.need(&["url", "secret"]);
    let url = server_url(section, "url");
    let secret = secret::read(section, "secret");
    let private_network = section.flag("private_network").unwrap_or(false);
    Some(Server { url: url?, user: section.text("user"), secret: secret?, private_network })
}

/// The address of a server under a key.
pub(super) fn server_url(section: &Section<'_>, key: &str) -> Option<Url> {
    let text = section.text(key)?;
    let has_login = |url: &Url| !url.username().is_empty() || url.password().is_some();
    let url = Url::parse(&text).ok().filter(is_guarded).filter(|url| !has_login(url) && url.query().is_none());
    if url.is_none() {
        let help = "use https (http on this machine only), without login and query";
        section.refuse_unseen(key, format!("`{key}` names no server that may be used"), help);
    }
    url
}

/// A `scheme://host:port` of one of the schemes, each with its guard and its port.
fn wire(section: &Section<'_>, key: &str, schemes: &[(&str, Guard, u16)]) -> Option<Wire> {
    let text = section.text(key)?;
    let found = Url::parse(&text).ok().and_then(|url| {
        let (_, guard, standard) = schemes.iter().find(|(scheme, ..)| *scheme == url.scheme())?;
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let is_bare = url.username().is_empty() && matches!(url.path(), "" | "/") && url.query().is_none();
        is_bare.then(|| Wire { guard: *guard, port: url.port().unwrap_or(*standard), host })
    });
    let Some(mut wire) = found else {
        let forms: Vec<String> = schemes.iter().map(|(scheme, ..)| format!("{scheme}://host:port")).collect();
        section.refuse_unseen(key, format!("`{key}` names no server"), format!("write {}", forms.join(" or ")));
        return None;
    };
    let is_here = is_loopback(&wire.host);
    if wire.guard == Guard::StartTls && is_here {
        wire.guard = Guard::Plain;
    }
    if wire.guard == Guard::Plain && !is_here {
        let secure: Vec<&str> = schemes.iter().filter(|(_, guard, _)| *guard == Guard::Tls).map(|s| s.0).collect();
        section.refuse(key, "plain text may not leave this machine", format!("use {}://", secure.join(", ")));
        return None;
    }
    Some(wire)
}

/// Whether nobody on the way can read along: https, or a server on this machine.
fn is_guarded(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        ("http", Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn words_of(section: &Section<'_>, key: &str, standard: &[&str]) -> Vec<String> {
    match section.has(key) {
        true => section.plain_texts(key),
        false => standard.iter().map(|word| (*word).to_owned()).collect(),
    }
}
