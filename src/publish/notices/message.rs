//! A notice as a message (RFC 5322), text and HTML. The same notice is the same bytes.

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use rust_embed::RustEmbed;
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;

use super::{Item, Notice};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result, text};
use crate::config::Notices;
use crate::store::hex;

/// Templates: read from disk in development, embedded in a release.
#[derive(RustEmbed)]
#[folder = "reports/notices"]
struct Files;

/// Characters of a name in a notice.
const MAX_NAME: usize = 80;
/// Items that one message lists.
const MAX_ITEMS: usize = 200;

/// A message, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id without the brackets: the same for the same notice.
    pub id: String,
    /// Who sends it.
    pub from: String,
    /// Who gets it.
    pub to: String,
    /// Headers and body, lines ended by CR LF.
    pub bytes: Vec<u8>,
}

/// An item as a template sees it.
#[derive(Serialize)]
struct Shown {
    app: String,
    tier: String,
    what: String,
    last_use: &'static str,
    due_on: String,
    link: Option<String>,
}

impl Shown {
    fn of(item: &Item) -> Self {
        Self {
            app: name(&item.app),
            tier: name(&item.tier),
            what: item.action.proposal(item.target.as_deref().map(name).as_deref()),
            last_use: item.last_use.as_str(),
            due_on: item.due_on.to_string(),
            link: item.link.clone(),
        }
    }
}

/// Writes a notice.
///
/// # Errors
/// Data when the address is none; Internal when there is nothing to say, or a template fails.
pub fn compose(notice: &Notice, sender: &Notices) -> Result<Message> {
    check(notice)?;
    let items: Vec<Shown> = notice.items.iter().map(Shown::of).collect();
    let subject = subject(notice, &items);
    let (plain, html) = render(notice, &items)?;
    let id = message_id(notice, &sender.from);
    let boundary = format!("=_{}", id.split('@').next().unwrap_or_default());
    let parts = vec![MimePart::new("text/plain", normal(&plain)), MimePart::new("text/html", normal(&html))];
    let body = MimePart::new(
        ContentType::new("multipart/alternative").attribute("boundary", boundary),
        BodyPart::Multipart(parts),
    );
    let from_name = sender.from_name.as_deref().map(name);
    let mut message = MessageBuilder::new()
        .from(Address::new_address(from_name, sender.from.clone()))
        .to(notice.to.clone())
        .subject(subject)
        .date(notice.at.timestamp())
        .message_id(id.clone())
        // Nobody's holiday answer is an answer.
        .header("Auto-Submitted", Text::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Text::new("All"))
        .body(body);
    if let Some(address) = &sender.reply_to {
        message = message.reply_to(address.clone());
    }
    let bytes = message.write_to_vec().context(ErrorKind::Internal, "a message")?;
    Ok(Message { id, from: sender.from.clone(), to: notice.to.clone(), bytes })
}

fn check(notice: &Notice) -> Result<()> {
    if notice.items.is_empty() || notice.items.len() > MAX_ITEMS {
        return Err(Error::internal(format!("a notice about {} candidates", notice.items.len())));
    }
    if !is_address(&notice.to) {
        return Err(Error::data("somebody to be told has no address that mail can reach: correct the HR feed"));
    }
    let leads_on = |link: &String| {
        let is_plain = link.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>'));
        let is_here = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        is_plain && Url::parse(link).is_ok_and(|url| url.scheme() == "https" || url.scheme() == "http" && is_here(&url))
    };
    match notice.items.iter().filter_map(|item| item.link.as_ref()).all(leads_on) {
        true => Ok(()),
        false => Err(Error::internal("a link in a notice that is no address of the page")),
    }
}

/// Whether mail can be sent there, and the text cannot end a header or a command.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    let is_domain = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(is_local)
        && (3..=255).contains(&domain.len())
        && domain.contains('.')
        && domain.bytes().all(is_domain)
}

/// A name as it may stand in a notice: one line, nothing invisible, not long.
fn name(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    text::display(&spaced).trim().chars().take(MAX_NAME).collect()
}

fn subject(notice: &Notice, items: &[Shown]) -> String {
    let rehearsal = if notice.is_rehearsal { "[rehearsal] " } else { "" };
    let reminder = if notice.nth > 0 { "Reminder: " } else { "" };
    let due_on = items.iter().map(|item| item.due_on.as_str()).min().unwrap_or_default();
    let what = match items {
        [item] => format!("{} {}", item.app, item.tier),
        items => format!("{} licences", items.len()),
    };
    format!("{rehearsal}{reminder}{what}: please answer by {due_on}")
}

fn render(notice: &Notice, items: &[Shown]) -> Result<(String, String)> {
    let render = |extension: &str| -> Result<String> {
        let file = format!("{}.{extension}", notice.audience.as_str());
        let template = Files::get(&file).ok_or_else(|| Error::internal(format!("no template notices/{file}")))?;
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        // A line of the template that only says `if` or `for` is no line of the text.
        templates.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .context(ErrorKind::Internal, "templates")?,
        );
        let source = String::from_utf8_lossy(&template.data);
        templates
            .render_named_str(
                &file,
                &source,
                context! { items => Value::from(Serde(items)), is_rehearsal => notice.is_rehearsal, is_reminder => notice.nth > 0 },
            )
            .context(ErrorKind::Internal, format!("the template notices/{file}"))
    };
    Ok((render("txt")?, render("html")?))
}

/// Lines ended as mail ends them.
fn normal(text: &str) -> String {
    text.lines().map(|line| format!("{line}\r\n")).collect()
}

/// The id of a notice: what it says, to whom, and for the how-manieth time; not when.
fn message_id(notice: &Notice, from: &str) -> String {
    let mut keys: Vec<&str> = notice.items.iter().map(|item| item.key.as_str()).collect();
    keys.sort_unstable();
    let mut hash = Sha256::new();
    for part in [notice.audience.as_str(), &text::fold(&notice.to), &notice.nth.to_string()].into_iter().chain(keys) {
        hash.update(part);
        hash.update([0]);
    }
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    format!("seatledger.{}@{domain}", &hex(&hash.finalize())[..32])
}
