//! What is asked of the API of a vendor: tables, no code. Texts in braces are filled in when a request is made: `{id}`
//! from the parent record, the days `{since}`, `{day}`, `{today}`, `{a_year_ago}` and `{in_a_year}`, the time
//! `{an_hour_ago}`, any other from `[source.live]`.

use std::time::Duration;

use crate::config::Kind;

/// The API of one kind of source.
pub(super) struct Vendor {
    pub kind: Kind,
    /// Where tokens are given out, for the ways in that need one.
    pub tokens: &'static [TokenServer],
    /// How long an answer may take, when longer than usual.
    pub patience: Option<Duration>,
    /// Headers of every request.
    pub headers: &'static [(&'static str, &'static str)],
    pub streams: &'static [Stream],
}

/// Where a vendor gives out tokens, and what it wants to be told.
pub(super) struct TokenServer {
    /// A path at the API's own origin, or a whole address.
    pub url: &'static str,
    /// What a token is asked for; empty: nothing is said. The project may name others.
    pub scope: &'static str,
    /// Whom an assertion is for; empty: the address itself.
    pub audience: &'static str,
    /// What else the form says, `grant_type` among it.
    pub form: &'static [(&'static str, &'static str)],
    /// Whether a client secret goes into the header, not the form.
    pub has_basic_secret: bool,
}

/// One stream, by its name in `schema`.
pub(super) struct Stream {
    pub name: &'static str,
    pub nature: Nature,
    /// Read one after the other; together they are the stream.
    pub passes: &'static [Pass],
    /// What the vendor calls the permission to read it.
    pub needs: &'static str,
    /// What makes a request for it small, in the place of what the first list asks for; none: nothing does.
    pub small: Option<&'static [(&'static str, &'static str)]>,
}

/// What one read of a stream brings.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "a word of tables stays when the last table that uses it goes")]
pub(super) enum Nature {
    /// Everything there is: all of it, or nothing of it lands.
    Full,
    /// As well, but one can ask for what changed.
    Changing(&'static Changes),
    /// What happened since a day, `{since}`: so many days before the last one that is complete, at first so many days
    /// back as the vendor keeps.
    Since { overlap_days: u32, kept_days: u32 },
    /// A report a day, `{day}`: each day that is over since the last one that landed, at most so many back.
    Daily { kept_days: u32 },
    /// An Okta System Log: events without end, by a cursor that is kept.
    Log,
}

/// How one asks for what changed of a list since a day, `{since}`. Its records land from JSON, texts and times alone.
pub(super) struct Changes {
    /// The records that changed or came, whatever their state is by now.
    pub list: Pass,
    /// Events since then that name records which may be no more. Each is asked for by its id, below the list.
    pub gone: Pass,
    /// The type of the targets of such an event that are records.
    pub target: &'static str,
}

/// A list that is read page by page.
#[derive(Clone, Copy)]
pub(super) struct Pass {
    /// The folder of its pages, below the day; empty: none.
    pub folder: &'static str,
    /// Its path below the address of the API, with `/` between segments.
    pub path: &'static str,
    pub query: &'static [(&'static str, &'static str)],
    pub paging: Paging,
    /// A list whose records each have a list of this kind; their ids also name folders.
    pub of: Option<&'static Parent>,
    /// Where a page says how many records there are in all, as a JSON pointer; empty: nowhere, or where `json` looks; a
    /// dash: what stands there counts something else.
    pub total: &'static str,
    /// The ending of its files: `json`, `csv`, `ndjson.gz`.
    pub file: &'static str,
    /// Hosts that an answer of 302 may lead to, once, without the credential; one that begins with a dot is a domain.
    pub moved_to: &'static [&'static str],
    /// What is sent along, as JSON, where the list is asked for by POST; empty: it is not.
    pub post: &'static str,
    /// The vendor's codes for a day of which there is no list.
    pub absent: &'static [(&'static str, Absent)],
    /// How it is read instead when its first page counts more records than are worth asking for page by page.
    pub job: Option<&'static Job>,
}

/// A list that the server writes down by itself: it is asked to, looked after until it is done, and read in large pieces.
pub(super) struct Job {
    /// Worth it above so many records.
    pub above: u64,
    /// Where it is made by POST; below its id it is looked after, and done away with in the end.
    pub path: &'static str,
    /// What it is told beside what the list is asked for: members and their values.
    pub says: &'static [(&'static str, &'static str)],
    /// The parameter of the list's query that it is told as well, and under which name.
    pub asks: (&'static str, &'static str),
    /// JSON pointers into what it says of itself: its id, its state, the number of its records.
    pub id: &'static str,
    pub state: &'static str,
    pub total: &'static str,
    /// The state of one that is done, and those of one that will be; any other has failed.
    pub done: &'static str,
    pub going: &'static [&'static str],
    /// What it has written, `{id}` being its own.
    pub results: Pass,
}

/// Why there is no list of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// There never will be.
    Never,
    /// There will be one.
    Yet,
}

/// A list of which each record has a list of its own.
#[derive(Clone, Copy)]
pub(super) struct Parent {
    /// The list.
    pub list: Pass,
    /// Where in a record its id is, as a JSON pointer.
    pub id: &'static str,
    /// How one knows that a list need not be read again.
    pub change: Option<Change>,
}

/// How the record of a parent tells of changes of its list. What lands of such a list is its key alone: the parent and the
/// record.
#[derive(Clone, Copy)]
pub(super) struct Change {
    /// Where it says when its list last changed, records that left it among that, as a JSON pointer.
    pub at: &'static str,
    /// What a record of the list calls its id.
    pub id: &'static str,
}

/// How one page leads to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "a word of tables stays when the last table that uses it goes")]
pub(super) enum Paging {
    /// There is one.
    None,
    /// By the header `Link` with `rel="next"`.
    Link,
    /// By an address in the page, at a JSON pointer.
    Url(&'static str),
    /// By a cursor in the page, at a JSON pointer, that goes into this parameter of the query.
    Cursor { at: &'static str, to: &'static str },
    /// By a cursor in a header, that goes into this parameter of the query; `null` ends it.
    Header { at: &'static str, to: &'static str },
    /// By the number of records to skip, in this parameter; ends with a page of fewer records than asked for.
    Offset { to: &'static str, size: usize },
    /// By a number that counts pages from the first one, in this parameter; ends like an offset.
    Number { to: &'static str, first: usize, size: usize },
}

impl Pass {
    /// A JSON list in one page; tables say what differs.
    pub(super) const PLAIN: Self = Self {
        folder: "",
        path: "",
        query: &[],
        paging: Paging::None,
        of: None,
        total: "",
        file: "json",
        moved_to: &[],
        post: "",
        absent: &[],
        job: None,
    };
}

impl Nature {
    /// Whether what lands is everything there is.
    pub(super) fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::Changing(_))
    }
}

impl Vendor {
    pub(super) fn stream(&self, name: &str) -> Option<&'static Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }
}

/// The vendors whose APIs are read.
const VENDORS: &[&Vendor] = &[
    &super::okta::OKTA,
    &super::graph::GRAPH,
    &super::salesforce::SALESFORCE,
    &super::slack::SLACK,
    &super::zoom::ZOOM,
    &super::github::GITHUB,
    &super::atlassian::ATLASSIAN,
    &super::servicenow::SERVICENOW,
    &super::workday::WORKDAY,
    &super::bamboohr::BAMBOOHR,
    &super::ecb::ECB,
];

/// The API of a kind.
pub(super) fn vendor(kind: Kind) -> Option<&'static Vendor> {
    VENDORS.iter().copied().find(|vendor| vendor.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Feed, Field, Type, dataset};

    #[test]
    fn tables_say_what_can_be_done() {
        for vendor in VENDORS {
            for stream in vendor.streams {
                let place = format!("{}/{}", vendor.kind, stream.name);
                let found = dataset(vendor.kind.as_str(), stream.name).unwrap_or_else(|| panic!("{place}: no stream"));
                assert_eq!(stream.nature.is_full(), found.feed == Feed::Full, "{place}: nature");
                if let Nature::Changing(_) = stream.nature {
                    let is_carried = |field: &Field| matches!(field.ty, Type::Text | Type::Timestamp);
                    assert!(found.fields.iter().all(is_carried), "{place}: only texts and times are carried");
                }
                assert!(!stream.passes.is_empty(), "{place}: nothing is asked for");
                let folders: std::collections::BTreeSet<_> = stream.passes.iter().map(|pass| pass.folder).collect();
                assert_eq!(folders.len(), stream.passes.len(), "{place}: passes share a folder");
                for pass in stream.passes {
                    let parent = pass.of.map(|parent| &parent.list);
                    for list in parent.into_iter().chain([pass]) {
                        assert!(!list.path.is_empty() && !list.path.starts_with('/'), "{place}: path");
                        assert!(!list.path.contains('?'), "{place}: a query belongs into `query`");
                    }
                    assert_eq!(pass.path.contains("{id}"), pass.of.is_some(), "{place}: {{id}} and its parent");
                    if pass.of.is_some_and(|parent| parent.change.is_some()) {
                        let names: Vec<&str> = found.fields.iter().map(|field| field.name).collect();
                        assert!(names == found.key && names.len() == 2, "{place}: more lands than a list's key");
                    }
                }
            }
        }
    }
}
