//! `seatledger.toml`: what the project is called, where it keeps its data, and which sources it collects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::format::{Item, StrftimeItems};

use super::engine::{self, EngineOptions};
use super::folder::Folder;
use super::kinds::Kind;
use super::live::{self, Live};
use super::outward::{self, Outward};
use super::rails::{self, Rails};
use super::renewal::{self, Renewal};
use super::retention::{self, NamedApp, Retention};
use super::section::{Codes, Section, Spanned, parse};
use super::word::words;
use super::zone::Zone;
use crate::base::money::is_currency;

const CODES: Codes = Codes { syntax: "SL0101", unknown: "SL0102", kind: "SL0103", value: "SL0104", missing: "SL0105" };
/// A stream name that the kind of the source does not have.
const UNKNOWN_STREAM: &str = "SL0106";
/// Two sources of one name.
const DUPLICATE_SOURCE: &str = "SL0107";
/// A canonical column that the stream does not have.
const COLUMN: &str = "SL0108";

/// The schemes of object stores that can be opened.
const SCHEMES: &[&str] = &["file", "s3", "gs", "az"];

words! {
    /// Which exchange rates convert money for reports.
    RateSet { Spot = "spot", Budget = "budget" }
}

words! {
    /// What a mapped stream says.
    MappedRole { Seats = "seats", Activity = "activity" }
}

words! {
    /// How the files of a stream are written.
    Format { Csv = "csv", Ndjson = "ndjson", Json = "json" }
}

/// The project file.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The project's name in reports.
    pub name: String,
    /// Where committed data lives: a folder relative to the project, or a URL.
    pub store: String,
    /// Where the identity map lives, apart from the store: a folder relative to the project, or a URL.
    pub private: String,
    /// How many buckets a new store spreads accounts over: each is merged by itself, so this many cores can help.
    pub buckets: u32,
    /// ISO 4217 code of the currency of reports.
    pub reporting_currency: String,
    /// Which rates convert into it.
    pub rate_set: RateSet,
    /// The first month of the fiscal year, 1 to 12.
    pub fiscal_year_start_month: u32,
    /// From which age data is too old to act on.
    pub freshness: Freshness,
    /// The key that signs snapshots; none leaves them unsigned.
    pub snapshot_key: Option<SnapshotKey>,
    /// How long what is kept.
    pub retention: Retention,
    /// How much may happen at once.
    pub rails: Rails,
    /// How a renewal is recommended.
    pub renewal: Renewal,
    /// Who changes grants in Okta for the house: ids or names (`alternateId`) of actors of its System Log, `*` for any
    /// text. None: no change is called out of band.
    pub automation_actors: Vec<String>,
    /// How models are computed.
    pub engine: EngineOptions,
    /// What leaves the house, and by which door.
    pub outward: Outward,
    /// The sources in the order of the file.
    pub sources: Vec<Source>,
}

/// The key that signs snapshots; a path is relative to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotKey {
    /// A private key file without a passphrase.
    File(PathBuf),
    /// The public key file of a key that ssh-agent holds.
    Agent(PathBuf),
}

/// The error limits of freshness, in days, by class of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// The Okta System Log.
    pub okta_log: u32,
    /// HR feeds.
    pub hr: u32,
    /// Directory and assignment feeds.
    pub assignments: u32,
    /// Vendor reports and activity feeds.
    pub vendor_reports: u32,
    /// Contracts and entitlements.
    pub itam: u32,
    /// Exchange rates; an older rate converts nothing.
    pub fx: u32,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { okta_log: 1, hr: 2, assignments: 2, vendor_reports: 7, itam: 30, fx: 10 }
    }
}

/// One source of extracts.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name below `raw/`: lower-case letters, digits and underscores.
    pub name: String,
    /// What system it is.
    pub kind: Kind,
    /// Where extracts are dropped: a folder relative to the project, or a URL; the streams are its sub-folders. Only a
    /// source with an API of its own may have none.
    pub from: Option<String>,
    /// The API that is read.
    pub live: Option<Live>,
    /// The streams named in the file; see [`Source::configured`].
    pub streams: Option<Vec<String>>,
    /// Streams that may bring an empty extract.
    pub may_be_empty: Vec<String>,
    /// Settings by stream.
    pub stream: BTreeMap<String, StreamOptions>,
}

impl Source {
    /// The streams that are collected: those the file names; else the declared ones of a mapped source; else those that
    /// the API is read for, and those with a sub-folder of the folder on this machine. Of a folder that is elsewhere, or
    /// not there yet, all of the kind.
    pub fn configured(&self, root: &Path) -> Vec<String> {
        if let Some(streams) = &self.streams {
            return streams.clone();
        }
        if self.kind == Kind::Mapped {
            return self.stream.keys().cloned().collect();
        }
        let is_read = |stream: &str| self.live.as_ref().is_some_and(|live| live.leads_to(self.kind, stream));
        let folder = self.local_folder(root).filter(|folder| self.live.is_some() || folder.is_dir());
        let is_dropped =
            |stream: &str| self.from.is_some() && folder.as_ref().is_none_or(|folder| folder.join(stream).is_dir());
        let names = self.kind.streams().map(|stream| stream.name);
        names.filter(|name| is_read(name) || is_dropped(name)).map(str::to_owned).collect()
    }

    /// The name under which `schema` knows a stream of this source: its own, or the role of a mapped one.
    pub fn dataset<'s>(&'s self, stream: &'s str) -> Option<&'s str> {
        match self.kind {
            Kind::Mapped => self.stream.get(stream)?.role.map(MappedRole::as_str),
            _ => Some(stream),
        }
    }

    /// The folder on this machine in which extracts are dropped.
    fn local_folder(&self, root: &Path) -> Option<PathBuf> {
        let from = self.from.as_ref()?;
        match from.strip_prefix("file://") {
            Some(path) => Some(PathBuf::from(path)),
            None => (!from.contains("://")).then(|| root.join(from)),
        }
    }
}

/// Settings of one stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StreamOptions {
    /// What a mapped stream says; only and always there for kind `mapped`.
    pub role: Option<MappedRole>,
    /// How its files are written; by default what the kind uses.
    pub format: Option<Format>,
    /// An event drop covers this many days up to its extract date.
    pub covers_days: Option<u32>,
    /// Of a System Log the events that are kept, as globs on their type; empty: all. The others are counted.
    pub keep_events: Vec<String>,
    /// The CSV delimiter, one ASCII character.
    pub delimiter: Option<char>,
    /// Rows that begin with one of these are no data.
    pub skip_rows_starting_with: Vec<String>,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: bool,
    /// The `strftime` format of dates, where the source lets its author choose.
    pub date_format: Option<String>,
    /// Words that mean nothing is known, besides the empty one.
    pub null_tokens: Vec<String>,
    /// From which age in days the stream is too old to act on.
    pub freshness_error_days: Option<u32>,
    /// The zone of times written without one: `UTC`, an IANA name or an offset such as `+02:00`.
    pub zone: Option<Zone>,
    /// The name at the source (header or JSON path) by canonical column.
    pub columns: BTreeMap<String, String>,
}

/// Reads the project file, and which apps it names; what is wrong in it is reported. `None`: there is nothing to
/// go on with.
pub(super) fn read(folder: &Folder<'_>, name: &str) -> Option<(Project, Vec<NamedApp>)> {
    let file = folder.read(name, CODES.syntax)?;
    let document = parse(&file, &folder.problems, &CODES)?;
    let root = Section::root(&file, &document, &folder.problems, &CODES);
    root.only(&[
        "name",
        "store",
        "private",
        "buckets",
        "reporting_currency",
        "rate_set",
        "fiscal_year_start_month",
        "freshness",
        "snapshot",
        "retention",
        "rails",
        "renewal",
        "automation_actors",
        "engine",
        "tickets",
        "notices",
        "answers",
        "siem",
        "source",
    ]);
    root.need(&["name", "reporting_currency"]);

    let reporting_currency = root.text("reporting_currency").unwrap_or_default();
    if root.has("reporting_currency") && !is_currency(&reporting_currency) {
        let message = format!("`{reporting_currency}` is not a currency of ISO 4217");
        root.refuse("reporting_currency", message, "use three capital letters, such as EUR");
    }
    let sections = root.sections("source");
    let sources: Vec<(Source, &Section<'_>)> = sections.iter().filter_map(|s| Some((read_source(s)?, s))).collect();
    for (i, (source, section)) in sources.iter().enumerate() {
        if let Some((_, first)) = sources[..i].iter().find(|(earlier, _)| earlier.name == source.name) {
            let message = format!("two sources are called `{}`", source.name);
            let label = format!("the first is on line {}", first.line());
            root.report(section.at(DUPLICATE_SOURCE, section.span_of("name"), message).label(label));
        }
    }
    let names: Vec<&str> = sources.iter().map(|(source, _)| source.name.as_str()).collect();
    let retention = root.section("retention").map(|section| retention::read(&section, &names));
    let (retention, mut named_apps) = retention.unwrap_or_default();
    let project = Project {
        name: root.text("name").unwrap_or_default(),
        store: location(&root, "store").unwrap_or_else(|| "warehouse".to_owned()),
        private: location(&root, "private").unwrap_or_else(|| "private".to_owned()),
        buckets: root.whole("buckets", 1..=64).unwrap_or(1) as u32,
        reporting_currency,
        rate_set: root.word("rate_set").unwrap_or(RateSet::Spot),
        fiscal_year_start_month: root.whole("fiscal_year_start_month", 1..=12).unwrap_or(1) as u32,
        freshness: root.section("freshness").map(|section| read_freshness(&section)).unwrap_or_default(),
        snapshot_key: root.section("snapshot").and_then(|section| read_snapshot_key(&section)),
        retention,
        rails: root.section("rails").map(|section| rails::read(&section, &mut named_apps)).unwrap_or_default(),
        renewal: root.section("renewal").map(|section| renewal::read(&section)).unwrap_or_default(),
        automation_actors: read_actors(&root),
        engine: root.section("engine").map(|section| engine::read(&section)).unwrap_or_default(),
        outward: outward::read(&root),
        sources: sources.into_iter().map(|(source, _)| source).collect(),
    };
    Some((project, named_apps))
}

/// One that stands for everybody would hide every change.
fn read_actors(root: &Section<'_>) -> Vec<String> {
    let actors = root.plain_texts("automation_actors");
    if actors.iter().any(|actor| actor.trim_matches(['*', '?']).is_empty()) {
        let help = "name each, such as terraform@northwind.example or the client id of its service app";
        root.refuse("automation_actors", "an automation actor stands for everybody", help);
    }
    actors
}

fn read_freshness(section: &Section<'_>) -> Freshness {
    section.only(&["okta_log", "hr", "assignments", "vendor_reports", "itam", "fx"]);
    let standard = Freshness::default();
    Freshness {
        okta_log: section.days("okta_log", 0).unwrap_or(standard.okta_log),
        hr: section.days("hr", 0).unwrap_or(standard.hr),
        assignments: section.days("assignments", 0).unwrap_or(standard.assignments),
        vendor_reports: section.days("vendor_reports", 0).unwrap_or(standard.vendor_reports),
        itam: section.days("itam", 0).unwrap_or(standard.itam),
        fx: section.days("fx", 0).unwrap_or(standard.fx),
    }
}

fn read_snapshot_key(section: &Section<'_>) -> Option<SnapshotKey> {
    section.only(&["key"]);
    section.need(&["key"]);
    let text = section.text("key")?;
    let (agent, path) = match text.strip_prefix("agent:") {
        Some(path) => (true, path.trim()),
        None => (false, text.as_str()),
    };
    let is_public = Path::new(path).extension().is_some_and(|extension| extension == "pub");
    if path.contains("://") {
        section.refuse("key", "`key` cannot be a URL", "use a path on this machine, or agent:<path of the .pub file>");
    } else if agent && !is_public {
        section.refuse("key", "`agent:` must be followed by a public key file", "use agent:<path of the .pub file>");
    } else if !agent && is_public {
        let help = "name the private key, or write agent: before it when ssh-agent holds the private one";
        section.refuse("key", "a public key cannot sign", help);
    }
    Some(if agent { SnapshotKey::Agent(path.into()) } else { SnapshotKey::File(path.into()) })
}

/// `None`: the kind is not known, and without it nothing about the streams can be said.
fn read_source(section: &Section<'_>) -> Option<Source> {
    section.only(&["name", "kind", "from", "streams", "may_be_empty", "live", "stream"]);
    section.need(if section.has("live") { &["name", "kind"] } else { &["name", "kind", "from"] });
    let name = section.text("name").unwrap_or_default();
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        let message = format!("source name `{name}` has characters that a path must not have");
        section.refuse("name", message, "use lower-case letters, digits and underscores");
    }
    let from = location(section, "from");
    let kind: Kind = section.word("kind")?;
    let live = section.section("live").and_then(|section| live::read(&section, kind));
    let options = section.section("stream");
    let declared = options.as_ref().map(Section::keys).unwrap_or_default();
    let known: Vec<&str> = match kind {
        Kind::Mapped => declared.iter().map(|key| key.value.as_str()).collect(),
        kind => kind.streams().map(|stream| stream.name).collect(),
    };
    if known.is_empty() {
        let found = section.at(CODES.missing, section.span.clone(), format!("mapped source `{name}` has no stream"));
        section.report(found.help("declare it as [source.stream.<name>] with role, format and columns"));
    }
    let check = |stream: &Spanned<String>| {
        if !known.contains(&stream.value.as_str()) {
            let message = format!("kind `{}` has no stream `{}`", kind.as_str(), stream.value);
            let found = section.at(UNKNOWN_STREAM, stream.span.clone(), message);
            section.report(found.suggest(&stream.value, known.iter().copied()));
        }
    };
    declared.iter().for_each(check);
    let named = |key: &str| -> Option<Vec<String>> {
        let streams = section.texts(key)?;
        streams.iter().for_each(check);
        Some(streams.into_iter().map(|stream| stream.value).collect())
    };
    let (streams, may_be_empty) = (named("streams"), named("may_be_empty").unwrap_or_default());
    let read = |key: &Spanned<String>| {
        let options = options.as_ref()?.section(&key.value)?;
        Some((key.value.clone(), read_stream(&options, kind)))
    };
    let stream = declared.iter().filter_map(read).collect();
    Some(Source { name, kind, from, live, streams, may_be_empty, stream })
}

/// A folder, or a URL of a scheme that can be opened.
fn location(section: &Section<'_>, key: &str) -> Option<String> {
    let text = section.text(key)?;
    if let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| !SCHEMES.contains(scheme)) {
        let message = format!("`{scheme}://` cannot be opened");
        section.refuse(key, message, format!("use a folder, or a URL of {}", SCHEMES.join(", ")));
    }
    Some(text)
}

fn read_stream(section: &Section<'_>, kind: Kind) -> StreamOptions {
    // The form of a state is Terraform's, and nobody's to choose.
    if kind == Kind::Terraform {
        section.only(&["freshness_error_days"]);
        let freshness_error_days = section.days("freshness_error_days", 0);
        return StreamOptions { freshness_error_days, ..StreamOptions::default() };
    }
    let mut keys = vec![
        "format",
        "covers_days",
        "delimiter",
        "skip_rows_starting_with",
        "decimal_comma",
        "date_format",
        "null_tokens",
        "freshness_error_days",
        "zone",
        "columns",
    ];
    let role: Option<MappedRole> = if kind == Kind::Mapped {
        keys.push("role");
        section.need(&["role", "format", "columns"]);
        section.word("role")
    } else {
        None
    };
    let has_events = section.name.trim_matches(['[', ']']) == "system_log" && kind == Kind::Okta;
    if has_events {
        keys.push("keep_events");
    }
    section.only(&keys);
    let date_format = section.text("date_format");
    if date_format.as_ref().is_some_and(|format| StrftimeItems::new(format).any(|item| item == Item::Error)) {
        section.refuse("date_format", "the date format cannot be read", "use strftime letters, such as %d.%m.%Y");
    }
    let zone = section.text("zone").and_then(|text| {
        let zone = Zone::parse(&text);
        if zone.is_none() {
            section.refuse(
                "zone",
                "there is no such zone",
                "use an IANA name (Europe/Berlin), UTC or an offset (+02:00)",
            );
        }
        zone
    });
    StreamOptions {
        role,
        format: section.word("format"),
        covers_days: section.days("covers_days", 1),
        keep_events: if has_events { section.plain_texts("keep_events") } else { Vec::new() },
        delimiter: read_delimiter(section),
        skip_rows_starting_with: section.plain_texts("skip_rows_starting_with"),
        decimal_comma: section.flag("decimal_comma").unwrap_or(false),
        date_format,
        null_tokens: section.plain_texts("null_tokens"),
        freshness_error_days: section.days("freshness_error_days", 0),
        zone,
        columns: read_columns(section, kind, role),
    }
}

fn read_delimiter(section: &Section<'_>) -> Option<char> {
    let text = section.raw_text("delimiter")?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r') => Some(c),
        _ => {
            section.refuse("delimiter", "the delimiter is not one ASCII character", "use one of , ; | or \\t");
            None
        }
    }
}

/// The names of columns at the source; those that are not mapped have their canonical name there.
fn read_columns(section: &Section<'_>, kind: Kind, role: Option<MappedRole>) -> BTreeMap<String, String> {
    let Some(columns) = section.section("columns") else { return BTreeMap::new() };
    let name = section.name.trim_matches(['[', ']']);
    let Some(stream) = kind.stream(role.map_or(name, |role| role.as_str())) else { return BTreeMap::new() };
    for key in columns.keys().into_iter().filter(|key| !stream.has_column(&key.value)) {
        let found = section.at(COLUMN, key.span, format!("unknown canonical column `{}`", key.value));
        section.report(found.suggest(&key.value, stream.columns()));
    }
    let names = columns.keys().into_iter().filter_map(|key| Some((key.value.clone(), columns.text(&key.value)?)));
    names.collect()
}
