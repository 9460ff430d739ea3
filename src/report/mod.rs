//! Layer 5: the pages a run leaves for people. Rows become frames, frames become a typed context (titles, formatted
//! cells, charts), the context goes through `reports/<name>/page.html`. No number is computed in the template, and
//! every number is a cell or a sum of cells of a published table.

mod access;
mod chart;
mod context;
mod format;
mod frame;
mod listing;
mod pack;
mod programme;
mod proof;
mod quality;
mod renewal;
mod sections;
mod spend;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use rust_embed::RustEmbed;

use crate::base::error::Context;
use crate::base::{AsOf, ErrorKind, Result};

pub use context::{Page, Section, Table};

/// Templates, style and script: read from disk in development, embedded in a release.
#[derive(RustEmbed)]
#[folder = "reports"]
struct Files;

/// What the page says of the run itself.
#[derive(Debug, Clone)]
pub struct RunMeta {
    /// The project's name.
    pub tenant: String,
    /// The day the numbers speak for.
    pub as_of: AsOf,
    /// The run that made them.
    pub run_id: String,
    /// The program's version.
    pub release: String,
    /// The currency everything is converted to.
    pub reporting_currency: String,
    /// The rate set of the conversion.
    pub rate_set: String,
    /// Hash of the sealed snapshot's SHA256SUMS.
    pub snapshot_sha256: String,
}

/// What footnotes rest on.
#[derive(Debug, Clone, Default)]
pub struct Proofs {
    /// The statement of each model, by table.
    pub sql: BTreeMap<String, String>,
    /// Rows and hash of the file of each published table.
    pub files: BTreeMap<String, (u64, String)>,
    /// The newest landing of each stream that the run could see.
    pub reads: BTreeMap<String, u64>,
}

/// Renders the report of a run: one file that asks nothing of the network.
///
/// # Errors
/// An internal error when a table is not as its sidecar says or the template fails.
pub fn render(tables: &BTreeMap<String, RecordBatch>, meta: &RunMeta) -> Result<String> {
    let page = sections::page(&frame::Frames::new(tables), meta)?;
    fill("run/page.html", Value::from(Serde(page)))
}

/// Renders the renewal pack: the name of each file, and the file.
///
/// # Errors
/// As [`render`].
pub fn render_renewal(
    tables: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<Vec<(String, String)>> {
    let pages = renewal::documents(tables, meta, proofs)?.into_iter();
    pages.map(|(name, page)| Ok((name, fill("_shared/page.html", Value::from(Serde(page)))?))).collect()
}

/// A report beside the page of a run and the renewal pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// Candidates and decisions.
    Programme,
    /// Access reviews, a page for each who must decide.
    Access,
    /// Spend and allocation.
    Spend,
    /// Data quality and freshness.
    Quality,
}

impl Report {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Programme, Self::Access, Self::Spend, Self::Quality];

    /// What its files are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Programme => "programme",
            Self::Access => "access",
            Self::Spend => "spend",
            Self::Quality => "quality",
        }
    }

    /// The tables it shows, which lie beside its pages as sheets.
    pub fn sheets(self) -> &'static [&'static str] {
        match self {
            Self::Programme => programme::TABLES,
            Self::Access => access::TABLES,
            Self::Spend => spend::TABLES,
            Self::Quality => quality::TABLES,
        }
    }

    /// Renders its pages: the name of each file, from the folder of the day, and the file.
    ///
    /// # Errors
    /// As [`render`].
    pub fn pages(
        self,
        tables: &BTreeMap<String, RecordBatch>,
        meta: &RunMeta,
        proofs: &Proofs,
    ) -> Result<Vec<(String, String)>> {
        let one = |page| Ok(vec![(format!("{}.html", self.name()), page)]);
        let pages = match self {
            Self::Programme => programme::page(tables, meta, proofs).and_then(one),
            Self::Access => access::pages(tables, meta, proofs),
            Self::Spend => spend::page(tables, meta, proofs).and_then(one),
            Self::Quality => quality::page(tables, meta, proofs).and_then(one),
        }?;
        pages.into_iter().map(|(name, page)| Ok((name, fill("_shared/page.html", Value::from(Serde(page)))?))).collect()
    }
}

fn fill(template: &str, page: Value) -> Result<String> {
    let script = text("_shared/sort.js");
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates
        .render_named_str(
            template,
            &text(template),
            context! { page, style => text("_shared/style.css"), script_sha256 => csp_hash(&script), script },
        )
        .context(ErrorKind::Internal, "a page's template")
}

fn text(path: &str) -> String {
    Files::get(path).map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default()
}

/// The base64 SHA-256 by which the content policy allows the one fixed script.
fn csp_hash(script: &str) -> String {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script))
}
