//! The renewal pack: a page a contract in force and one for all of them. The decision comes first, then what it rests on;
//! every table is footnoted with the statement that gives it.

mod contract;
mod money;
mod portfolio;
mod proof;
mod seats;
mod terms;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use serde::Serialize;

use super::context::{Table, Tile};
use super::format::words;
use super::frame::{Frame, Frames};
use super::{Proofs, RunMeta};
use crate::base::Result;

/// The tables of the pack; a page shows nothing else.
const TABLES: &[&str] = &[
    "marts.renewal_decisions",
    "marts.renewal_pools",
    "marts.renewal_bridge",
    "marts.renewal_pool_costs",
    "marts.renewal_months",
    "marts.renewal_clauses",
    "marts.renewal_steps",
    "marts.renewal_weeks",
    "marts.renewal_sensitivity",
    "marts.renewal_lines",
    "marts.renewal_showback",
    "marts.renewal_candidates",
    "marts.renewal_risks",
    "marts.source_freshness",
    "policy.effective_policies",
];

/// One page.
#[derive(Debug, Serialize)]
struct Document {
    tenant: String,
    as_of: String,
    title: String,
    facts: Vec<(String, String)>,
    banner: Option<String>,
    decision: Decision,
    parts: Vec<Part>,
    proofs: Vec<proof::Proof>,
    inputs: Vec<(String, u64)>,
}

/// What the first screen says.
#[derive(Debug, Serialize)]
struct Decision {
    verdict: String,
    sentence: String,
    tiles: Vec<Tile>,
    charts: Vec<Figure>,
    sheets: Vec<Sheet>,
    caveats: Vec<String>,
    signatures: Vec<&'static str>,
    cite: usize,
}

/// A message, its charts and its tables.
#[derive(Debug, Default, Serialize)]
struct Part {
    id: &'static str,
    name: &'static str,
    title: String,
    subtitle: String,
    charts: Vec<Figure>,
    sheets: Vec<Sheet>,
    notes: Vec<String>,
}

/// A chart; its caption is what the heading above it does not say.
#[derive(Debug, Serialize)]
struct Figure {
    caption: Option<String>,
    svg: String,
}

impl Figure {
    /// A chart whose message is the heading.
    fn plain(svg: String) -> Self {
        Self { caption: None, svg }
    }
}

/// A table with its caption and the footnote that says where it comes from.
#[derive(Debug, Serialize)]
struct Sheet {
    caption: String,
    table: Table,
    /// Shown only to who asks: the numbers behind a chart.
    is_folded: bool,
    cite: usize,
}

/// The tables of a page: all of them, or the rows of one contract.
struct Pack<'a> {
    frames: &'a BTreeMap<&'static str, Frame>,
    meta: &'a RunMeta,
    contract: Option<&'a str>,
    proofs: proof::Book<'a>,
}

impl Pack<'_> {
    /// The rows of a table that the page is about.
    fn rows(&self, table: &'static str) -> Result<Frame> {
        let frame = self.frames.get(table).ok_or_else(|| crate::base::Error::internal(format!("no {table}")))?;
        match self.contract {
            Some(contract) => frame.only("contract_id", contract),
            None => Ok(frame.clone()),
        }
    }

    /// A table of the run as a whole.
    fn all(&self, table: &'static str) -> Result<Frame> {
        self.frames.get(table).cloned().ok_or_else(|| crate::base::Error::internal(format!("no {table}")))
    }

    fn currency(&self) -> &str {
        &self.meta.reporting_currency
    }
}

/// The pages by name of file: `portfolio.html` and `<contract number>.html`.
pub(super) fn documents(
    tables: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<Vec<(String, serde_json::Value)>> {
    let source = Frames::new(tables);
    let frames: BTreeMap<&'static str, Frame> =
        TABLES.iter().map(|name| Ok((*name, source.get(name)?))).collect::<Result<_>>()?;
    let decisions = frames["marts.renewal_decisions"].clone();
    let mut pages = Vec::new();
    let pack = |contract| Pack { frames: &frames, meta, contract, proofs: proof::Book::new(proofs, contract) };
    pages.push(("portfolio.html".to_owned(), as_json(portfolio::page(&pack(None))?)?));
    let ids: Vec<String> =
        (0..decisions.height()).map(|row| decisions.text("contract_id", row)).collect::<Result<_>>()?;
    for (row, id) in ids.iter().enumerate() {
        let name = file_name(&decisions.text("contract_number", row)?, id);
        pages.push((name, as_json(contract::page(&pack(Some(id)))?)?));
    }
    Ok(pages)
}

fn as_json(document: Document) -> Result<serde_json::Value> {
    serde_json::to_value(document).map_err(|e| crate::base::Error::internal("a page").because(e))
}

/// A name that every file system takes: the number where it is plain, else the id's plain characters.
fn file_name(number: &str, id: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    let name = if number.is_empty() { plain(id) } else { plain(number) };
    format!("{name}.html")
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
fn table(texts: &[&str], numbers: &[&str], rows: Vec<Vec<String>>, total: Option<Vec<String>>) -> Table {
    let headings =
        texts.iter().map(|t| ((*t).to_owned(), false)).chain(numbers.iter().map(|n| ((*n).to_owned(), true)));
    Table { headings: headings.collect(), rows, total, hidden: 0 }
}

/// What a recommendation is called.
fn verdict(recommendation: &str) -> &'static str {
    match recommendation {
        "renew" => "Renew",
        "right_size" => "Renew with fewer seats",
        "downgrade" => "Renew in a lower tier",
        "drop" => "Let it end",
        _ => "Undecided: the evidence does not carry a recommendation",
    }
}

/// A clause as people call it.
fn clause(name: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("ai_terms", "Use of our data for AI"),
        ("co_term_on", "Co-term day"),
        ("fx_clause", "FX clause"),
        ("fx_rate", "Fixed FX rate"),
        ("has_true_down", "True-down right"),
        ("has_true_up", "True-up"),
        ("is_auto_renew", "Renews by itself"),
        ("payment_terms_days", "Payment terms, days"),
        ("po_number", "PO number"),
        ("renewal_on", "Renewal day"),
        ("renewal_term_months", "Next term, months"),
        ("true_down_on", "True-down day"),
        ("true_up_frequency", "True-up frequency"),
        ("true_up_grace_percent", "True-up grace, %"),
        ("true_up_measure", "True-up measure"),
        ("true_up_price", "True-up price"),
        ("term_discount_percent", "Term discount, %"),
        ("uplift_cap_percent", "Uplift cap, %"),
        ("uplift_percent", "Uplift, %"),
    ];
    if let Some((_, known)) = NAMES.iter().find(|(known, _)| *known == name) {
        return (*known).to_owned();
    }
    let text = words(name);
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
