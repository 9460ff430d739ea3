//! The renewal pack: a page a contract in force and one for all of them. The decision comes first, then what it rests on;
//! every table is footnoted with the statement that gives it.

mod contract;
mod money;
mod portfolio;
mod seats;
mod terms;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::format::{plain, words};
use super::pack::{self, Kind, Pack, Scope};
use super::{Proofs, RunMeta};
use crate::base::Result;

/// What the pages are called.
const KIND: Kind = Kind { name: "renewal pack", quality: "../quality.html", dictionary: "../dictionary.html" };

/// The tables of the pack; a page shows nothing else.
pub(super) const TABLES: &[&str] = &[
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
];

/// The pages by name of file: `portfolio.html` and `<contract number>.html`.
pub(super) fn documents(
    tables: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<Vec<(String, serde_json::Value)>> {
    let frames = pack::tables(tables, TABLES)?;
    let decisions = frames["marts.renewal_decisions"].clone();
    let mut pages = vec![("portfolio.html".to_owned(), portfolio::page(&Pack::new(&frames, meta, proofs, None))?)];
    for row in 0..decisions.height() {
        let id = decisions.text("contract_id", row)?;
        let scope = Scope { column: "contract_id", text: &id };
        let page = contract::page(&Pack::new(&frames, meta, proofs, Some(scope)))?;
        pages.push((file_name(&decisions.text("contract_number", row)?, &id), page));
    }
    Ok(pages)
}

/// A name that every file system takes: the number where it is plain, else the id's plain characters.
fn file_name(number: &str, id: &str) -> String {
    let name = if number.is_empty() { plain(id) } else { plain(number) };
    format!("{name}.html")
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
