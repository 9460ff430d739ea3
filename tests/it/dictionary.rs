//! The data dictionary: every table and column stands in it once, every link leads somewhere, lineage is what one works
//! out by hand from the statements.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use seatledger::engine::Catalogue;
use seatledger::job;
use tokio::runtime::Runtime;

use super::demo::demo;
use super::ties::asks_nothing_of_the_network;

fn page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| Runtime::new().unwrap().block_on(job::dictionary()).unwrap())
}

/// The ids of a page, each with how often it is there.
fn ids() -> BTreeMap<&'static str, usize> {
    let mut ids = BTreeMap::new();
    for id in page().split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        *ids.entry(id).or_default() += 1;
    }
    ids
}

/// What a cell of a column links to.
fn links(column: &str, cell: &str) -> BTreeSet<&'static str> {
    let row = page().split_once(&format!("<tr id=\"{column}\">")).unwrap_or_else(|| panic!("no {column}")).1;
    let row = row.split_once("</tr>").unwrap().0;
    let cell = row.split_once(&format!("data-is=\"{cell}\">")).unwrap().1.split_once("</td>").unwrap().0;
    cell.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_table_and_column_stands_in_it_once() {
    let ids = ids();
    assert!(ids.values().all(|n| *n == 1), "{:?}", ids.iter().filter(|(_, n)| **n > 1).collect::<Vec<_>>());
    let mut columns = 0;
    for model in Catalogue::load().unwrap().models() {
        assert!(ids.contains_key(model.name.as_str()), "no {}", model.name);
        for column in &model.sidecar.column {
            let id = format!("{}.{}", model.name, column.name);
            assert!(ids.contains_key(id.as_str()), "no {id}");
            columns += 1;
        }
    }
    assert!(columns > 2000, "{columns} columns");
}

#[test]
fn every_link_leads_somewhere_and_back() {
    let ids = ids();
    let targets: BTreeSet<&str> =
        page().split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let lost: Vec<_> = targets.iter().filter(|target| !ids.contains_key(**target)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let columns: Vec<&str> = ids.keys().copied().filter(|id| page().contains(&format!("<tr id=\"{id}\">"))).collect();
    let edges = |cell: &str| -> BTreeSet<(&str, &str)> {
        columns.iter().flat_map(|column| links(column, cell).into_iter().map(move |other| (*column, other))).collect()
    };
    let there = edges("from");
    assert!(there.len() > 3000, "{} edges", there.len());
    let back: BTreeSet<(&str, &str)> = edges("into").into_iter().map(|(from, into)| (into, from)).collect();
    assert_eq!(there, back);
}

#[test]
fn lineage_is_what_the_statements_say() {
    let from = |column: &str| links(column, "from");
    // a plain column, under its own name
    assert_eq!(from("staging.cost_centers.code"), BTreeSet::from(["raw.servicenow_cost_centers.code"]));
    // an end that is shifted, of the line or else of its contract
    assert_eq!(
        from("staging.contract_lines.term_to"),
        BTreeSet::from(["raw.servicenow_contracts.ends_on", "raw.servicenow_entitlements.ends_on"])
    );
    // through a filter, a join and a conversion: the days say which invoices there are, not what they amount to
    assert_eq!(
        from("core.invoices.reporting_amount"),
        BTreeSet::from([
            "core.fx_rates.currency_rate",
            "core.fx_rates.is_usable",
            "core.fx_rates.reporting_rate",
            "seeds.invoices.amount"
        ])
    );
    // a sum over groups
    assert_eq!(
        from("marts.savings_by_state.annual_saving_amount"),
        BTreeSet::from(["review.candidates.annual_saving_amount"])
    );
    // rows of the run before are columns of the model that made them
    assert_eq!(from("earlier.review_candidates.state"), BTreeSet::from(["review.candidates.state"]));
    assert!(links("seeds.invoices.amount", "into").contains("core.invoices.reporting_amount"));
}

#[test]
fn it_is_a_page_of_its_own_with_the_same_bytes_every_time() {
    let again = Runtime::new().unwrap().block_on(job::dictionary()).unwrap();
    assert!(again == page(), "two pages differ");
    let file = demo().outputs.folder.join("dictionary.html");
    asks_nothing_of_the_network(&file);
    assert!(fs::read_to_string(file).unwrap() == page(), "the page beside the reports differs");
    for report in ["programme.html", "spend.html", "quality.html"] {
        let text = fs::read_to_string(demo().outputs.folder.join(report)).unwrap();
        assert!(text.contains("href=\"dictionary.html\""), "{report} does not lead to it");
    }
}
