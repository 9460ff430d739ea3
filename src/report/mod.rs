//! Layer 5: the pages a run leaves for people. Rows become frames, frames become a typed context (titles, formatted
//! cells, charts), the context goes through `reports/<name>/page.html`. No number is computed in the template, and
//! every number is a cell or a sum of cells of a published table.

mod access;
mod chart;
mod context;
mod dictionary;
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
use std::iter;

use arrow::array::RecordBatch;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use rust_embed::RustEmbed;

use crate::base::error::Context;
use crate::base::{AsOf, ErrorKind, Result};

pub use context::{Page, Section, Table};
pub use dictionary::{Dictionary, Input, render as render_dictionary};

/// Template, style and script of all pages: read from disk in development, embedded in a release.
#[derive(RustEmbed)]
#[folder = "reports/_shared"]
struct Shared;

/// The template of the page of a run.
#[derive(RustEmbed)]
#[folder = "reports/run"]
struct OfRun;

/// What a template is called among templates.
const PAGE: &str = "page.html";
/// How every page begins: what it may load, which is nothing.
const HEAD: &str = "head.html";

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

/// The tables that the page of a run is made from.
pub fn tables_of_run() -> &'static [&'static str] {
    sections::TABLES
}

/// The tables that the pages of a renewal pack are made from.
pub fn tables_of_renewal() -> impl Iterator<Item = &'static str> {
    renewal::TABLES.iter().chain(pack::HEADS).copied()
}

/// Renders the report of a run: one file that asks nothing of the network.
///
/// # Errors
/// An internal error when a table is not as its sidecar says or the template fails.
pub fn render(tables: &BTreeMap<String, RecordBatch>, meta: &RunMeta) -> Result<String> {
    let page = sections::page(&frame::Frames::new(tables), meta)?;
    Frame::new(&text::<OfRun>("page.html"))?.fill(Value::from(Serde(page)))
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
    fill_all(renewal::documents(tables, meta, proofs)?.into_iter().map(Ok))?.collect()
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

    /// All the tables its pages are made from.
    pub fn tables(self) -> impl Iterator<Item = &'static str> {
        self.sheets().iter().chain(pack::HEADS).copied()
    }

    /// Renders its pages, one after the other: the name of each file, from the folder of the day, and the file.
    ///
    /// # Errors
    /// As [`render`].
    pub fn pages<'a>(
        self,
        tables: &BTreeMap<String, RecordBatch>,
        meta: &'a RunMeta,
        proofs: &'a Proofs,
    ) -> Result<impl Iterator<Item = Result<(String, String)>> + use<'a>> {
        let one = |page| Ok(Box::new(iter::once(Ok((format!("{}.html", self.name()), page)))) as Documents<'a>);
        let pages = match self {
            Self::Programme => programme::page(tables, meta, proofs).and_then(one),
            Self::Access => access::pages(tables, meta, proofs).map(|pages| Box::new(pages) as Documents<'a>),
            Self::Spend => spend::page(tables, meta, proofs).and_then(one),
            Self::Quality => quality::page(tables, meta, proofs).and_then(one),
        }?;
        fill_all(pages)
    }
}

/// The name of a file, and what goes into its page.
type Named = (String, serde_json::Value);
/// Pages on their way: a company has many, and they need not all be there at once.
type Documents<'a> = Box<dyn Iterator<Item = Result<Named>> + 'a>;

/// Puts each page into the frame that reports share.
fn fill_all<I: Iterator<Item = Result<Named>>>(pages: I) -> Result<impl Iterator<Item = Result<(String, String)>>> {
    let frame = Frame::new(&text::<Shared>("page.html"))?;
    Ok(pages.map(move |page| {
        let (name, page) = page?;
        Ok((name, frame.fill(Value::from(Serde(page)))?))
    }))
}

/// A template with the style and the script that go into every page of it.
struct Frame {
    templates: Environment<'static>,
    style: String,
    script: String,
    script_sha256: String,
}

impl Frame {
    fn new(template: &str) -> Result<Self> {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, template) in [(PAGE, template.to_owned()), (HEAD, text::<Shared>(HEAD))] {
            templates.add_template_owned(name, template).context(ErrorKind::Internal, "a page's template")?;
        }
        let (style, script) = (text::<Shared>("style.css"), text::<Shared>("sort.js"));
        Ok(Self { templates, style, script_sha256: csp_hash(&script), script })
    }

    fn fill(&self, page: Value) -> Result<String> {
        let Self { style, script, script_sha256, .. } = self;
        let template = self.templates.get_template(PAGE);
        template
            .and_then(|template| template.render(context! { page, style, script_sha256, script }))
            .context(ErrorKind::Internal, "a page's template")
    }
}

fn text<F: RustEmbed>(name: &str) -> String {
    F::get(name).map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default()
}

/// The base64 SHA-256 by which the content policy allows the one fixed script.
fn csp_hash(script: &str) -> String {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script))
}
