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

/// The ids of the page, each with how often it is there.
fn ids() -> BTreeMap<&'static str, usize> {
    let mut ids = BTreeMap::new();
    for id in page().split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        *ids.entry(id).or_default() += 1;
    }
    ids
}

/// A column of the page: its place, and what it links to.
struct Column {
    id: &'static str,
    from: BTreeSet<&'static str>,
    into: BTreeSet<&'static str>,
}

fn links(markup: &'static str) -> BTreeSet<&'static str> {
    markup.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The columns of the page by name.
fn columns() -> &'static BTreeMap<String, Column> {
    static COLUMNS: OnceLock<BTreeMap<String, Column>> = OnceLock::new();
    COLUMNS.get_or_init(|| {
        let mut columns = BTreeMap::new();
        for article in page().split("<article id=\"").skip(1) {
            let table = article.split('"').next().unwrap();
            for row in article.split("<tr id=\"").skip(1) {
                let id = row.split('"').next().unwrap();
                let cells: Vec<&str> = row.split("</tr>").next().unwrap().split("<td>").skip(1).collect();
                let name = cells[0].split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
                let column = Column { id, from: links(cells[2]), into: links(cells[3]) };
                assert!(columns.insert(format!("{table}.{name}"), column).is_none(), "{table}.{name} twice");
            }
        }
        columns
    })
}

#[test]
fn every_table_and_column_stands_in_it_once() {
    let ids = ids();
    assert!(ids.values().all(|n| *n == 1), "{:?}", ids.iter().filter(|(_, n)| **n > 1).collect::<Vec<_>>());
    let mut count = 0;
    for model in Catalogue::load().unwrap().models() {
        assert!(ids.contains_key(model.name.as_str()), "no {}", model.name);
        for column in &model.sidecar.column {
            assert!(columns().contains_key(&format!("{}.{}", model.name, column.name)), "no {}", column.name);
            count += 1;
        }
    }
    assert!(count > 2000, "{count} columns");
}

#[test]
fn every_link_leads_somewhere_and_back() {
    let ids = ids();
    let lost: Vec<_> = links(page()).into_iter().filter(|target| !ids.contains_key(target)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let there: BTreeSet<(&str, &str)> =
        columns().values().flat_map(|c| c.from.iter().map(|from| (*from, c.id))).collect();
    let back: BTreeSet<(&str, &str)> = columns().values().flat_map(|c| c.into.iter().map(|to| (c.id, *to))).collect();
    assert!(there.len() > 3000, "{} edges", there.len());
    assert_eq!(there, back);
}

#[test]
fn lineage_is_what_the_statements_say() {
    let names: BTreeMap<&str, &str> = columns().iter().map(|(name, column)| (column.id, name.as_str())).collect();
    let named = |ids: &BTreeSet<&str>| -> BTreeSet<&str> { ids.iter().map(|id| names[id]).collect() };
    let from = |column: &str| named(&columns()[column].from);
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
    assert!(named(&columns()["seeds.invoices.amount"].into).contains("core.invoices.reporting_amount"));
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
