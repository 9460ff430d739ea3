//! What every report of more than one message is made of: a first screen, parts that carry it, footnotes. A pack is the
//! published tables, or the rows of them that one reader is shown.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use serde::Serialize;

use super::context::{Table, Tile};
use super::frame::{Frame, Frames};
use super::proof::{Book, Proof};
use super::{Proofs, RunMeta};
use crate::base::{Error, Result};

/// Which report a page is of, and where the pages on data quality and on all tables lie from there.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Kind {
    pub name: &'static str,
    pub quality: &'static str,
    pub dictionary: &'static str,
}

/// One page.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub tenant: String,
    pub as_of: String,
    pub kind: Kind,
    pub title: String,
    pub facts: Vec<(String, String)>,
    pub banner: Option<String>,
    pub decision: Decision,
    pub parts: Vec<Part>,
    pub proofs: Vec<Proof>,
    pub inputs: Vec<(String, u64)>,
}

/// What the first screen says.
#[derive(Debug, Default, Serialize)]
pub(super) struct Decision {
    pub verdict: String,
    pub sentence: String,
    pub tiles: Vec<Tile>,
    pub charts: Vec<Figure>,
    pub sheets: Vec<Sheet>,
    pub caveats: Vec<String>,
    pub signatures: Vec<&'static str>,
    pub cite: usize,
}

/// A message, its charts and its tables.
#[derive(Debug, Default, Serialize)]
pub(super) struct Part {
    pub id: &'static str,
    pub name: &'static str,
    pub title: String,
    pub subtitle: String,
    pub charts: Vec<Figure>,
    pub sheets: Vec<Sheet>,
    pub notes: Vec<String>,
}

/// A chart; its caption is what the heading above it does not say.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub caption: Option<String>,
    pub svg: String,
}

impl Figure {
    /// A chart whose message is the heading.
    pub(super) fn plain(svg: String) -> Self {
        Self { caption: None, svg }
    }
}

/// A table with its caption and the footnote that says where it comes from.
#[derive(Debug, Serialize)]
pub(super) struct Sheet {
    pub caption: String,
    pub table: Table,
    /// Shown only to who asks: the numbers behind a chart.
    pub is_folded: bool,
    pub cite: usize,
}

/// The published tables a report shows, by name.
pub(super) type Tables = BTreeMap<&'static str, Frame>;

/// The tables that head every page.
pub(super) const HEADS: &[&str] = &["marts.source_freshness", "policy.effective_policies"];

/// Takes the named tables out of a run's, and those that head every page.
pub(super) fn tables(batches: &BTreeMap<String, RecordBatch>, names: &[&'static str]) -> Result<Tables> {
    let frames = Frames::new(batches);
    names.iter().chain(HEADS).map(|name| Ok((*name, frames.get(name)?))).collect()
}

/// The rows that one page is about: those in which a column holds a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub column: &'static str,
    pub text: &'a str,
}

/// What a page is made of: all rows of the tables, or those of its scope.
pub(super) struct Pack<'a> {
    tables: &'a Tables,
    pub meta: &'a RunMeta,
    scope: Option<Scope<'a>>,
    pub proofs: Book<'a>,
}

impl<'a> Pack<'a> {
    pub(super) fn new(tables: &'a Tables, meta: &'a RunMeta, proofs: &'a Proofs, scope: Option<Scope<'a>>) -> Self {
        Self { tables, meta, scope, proofs: Book::new(proofs) }
    }

    /// The rows of a table that the page is about.
    pub(super) fn rows(&self, table: &'static str) -> Result<Frame> {
        match self.scope {
            Some(Scope { column, text }) => self.all(table)?.only(column, text),
            None => self.all(table),
        }
    }

    /// A table of the run as a whole.
    pub(super) fn all(&self, table: &'static str) -> Result<Frame> {
        self.tables.get(table).cloned().ok_or_else(|| Error::internal(format!("no {table}")))
    }

    /// The number of the footnote of a table, of the rows the page is about.
    pub(super) fn cite(&self, table: &'static str) -> usize {
        let is_in_scope = |scope: &Scope<'_>| self.tables.get(table).is_some_and(|frame| frame.has(scope.column));
        self.proofs.cite(table, self.scope.filter(is_in_scope))
    }

    pub(super) fn currency(&self) -> &str {
        &self.meta.reporting_currency
    }

    /// A finished page: heads, parts and the footnotes they cited.
    pub(super) fn document(
        &self,
        kind: Kind,
        title: String,
        decision: Decision,
        parts: Vec<Part>,
    ) -> Result<serde_json::Value> {
        let document = Document {
            tenant: self.meta.tenant.clone(),
            as_of: self.meta.as_of.to_string(),
            kind,
            title,
            facts: facts(self)?,
            banner: banner(self)?,
            decision,
            parts,
            proofs: self.proofs.cited(),
            inputs: self.proofs.inputs(),
        };
        serde_json::to_value(document).map_err(|e| Error::internal("a page").because(e))
    }
}

/// The lines that head every page.
fn facts(pack: &Pack<'_>) -> Result<Vec<(String, String)>> {
    let policies = pack.all("policy.effective_policies")?;
    let mut versions = Vec::new();
    for row in 0..policies.height() {
        versions.push(format!("{} {}", policies.text("app_id", row)?, policies.text("policy_version_id", row)?));
    }
    let freshness = pack.all("marts.source_freshness")?;
    let mut late = Vec::new();
    for row in 0..freshness.height() {
        let status = freshness.text("status", row)?;
        if status != "ok" {
            let stream = format!("{}/{}", freshness.text("source", row)?, freshness.text("stream", row)?);
            late.push(format!("{stream} {status}"));
        }
    }
    let meta = pack.meta;
    let fact = |name: &str, value: String| (name.to_owned(), value);
    Ok(vec![
        fact("Currency", format!("{}, {} rates of {}", meta.reporting_currency, meta.rate_set, meta.as_of)),
        fact("Run", format!("{}, release {}", meta.run_id, meta.release)),
        fact("Policies", if versions.is_empty() { "none in force".into() } else { versions.join(", ") }),
        fact(
            "Snapshot",
            match meta.snapshot_sha256.as_str() {
                "" => "not sealed".to_owned(),
                sums => format!("SHA256SUMS {sums}"),
            },
        ),
        fact("Sources", if late.is_empty() { "all fresh and complete".into() } else { late.join(", ") }),
    ])
}

fn banner(pack: &Pack<'_>) -> Result<Option<String>> {
    let policies = pack.all("policy.effective_policies")?;
    let mut shadow = 0;
    for row in 0..policies.height() {
        shadow += usize::from(policies.text("mode", row)? == "shadow");
    }
    Ok((shadow > 0).then(|| {
        format!("Shadow: {shadow} of {} policies only report; nothing is sent or changed.", policies.height())
    }))
}

/// A table with text columns first, then numbers.
pub(super) fn table(texts: &[&str], numbers: &[&str], rows: Vec<Vec<String>>, total: Option<Vec<String>>) -> Table {
    let headings =
        texts.iter().map(|t| ((*t).to_owned(), false)).chain(numbers.iter().map(|n| ((*n).to_owned(), true)));
    Table { headings: headings.collect(), rows, total, hidden: 0 }
}
