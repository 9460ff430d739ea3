//! Ten companies of chance: on every page of each, every figure is one that a query gives, spend ties to the contract
//! lines, and every bridge closes. One of them is restated under another rate set, and under its own again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use seatledger::demo::{self, DemoOptions};
use tempfile::TempDir;

use super::demo::AS_OF;
use super::project::{Project, Row, Tables, in_parallel};
use super::{renewal, reports, ties};

/// Their seeds; none is that of the demo.
const SEEDS: [u64; 10] = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

/// Columns beside amounts that a rate set decides: what says which rate it was, and whether a difference is worth a word.
const OF_RATES: &[&str] = &["fx_rate", "fx_rate_on", "rate_set", "gap_reason", "is_material"];

/// What contracts, invoices and budgets say: no rate set changes it.
const AS_WRITTEN: &[&str] = &[
    "annual_amount",
    "annual_unit_amount",
    "allocated_amount",
    "billed_cost",
    "budget_amount",
    "contract_annual_saving_amount",
    "contracted_cost",
    "credit_amount",
    "effective_cost",
    "list_cost",
    "over_assigned_amount",
    "rounding_amount",
    "unassigned_amount",
];

fn company(seed: u64) -> Project {
    let folder = TempDir::new().unwrap();
    let options = DemoOptions { seats: 200, days: 60, seed, ..DemoOptions::new(AS_OF.parse().unwrap()) };
    demo::write(folder.path(), &options).unwrap_or_else(|e| panic!("company {seed}: {e}"));
    Project::in_folder(folder).in_partitions(1)
}

#[test]
fn every_figure_of_ten_companies_is_asked_and_every_sum_ties() {
    let faults = in_parallel(&SEEDS, |seed| {
        let told = catch_unwind(AssertUnwindSafe(|| hold(*seed)));
        told.err().map(|_| format!("company {seed}")).into_iter().collect()
    });
    assert!(faults.is_empty(), "{faults:?}: what was wrong stands above");
}

/// Makes a company, runs it, and holds all that it leaves for people against its tables.
fn hold(seed: u64) {
    let project = company(seed);
    let tables = project.run(AS_OF).unwrap_or_else(|e| panic!("company {seed}: {e}"));
    let outputs = project.publish(&tables).unwrap_or_else(|e| panic!("company {seed}: {e}"));
    ties::spend_ties(&tables);
    ties::contract_lines_tie_to_the_feed(&tables);
    ties::page_says_what_the_marts_say(&tables, &outputs);
    renewal::bridges_close(&tables);
    renewal::pages_say_what_the_marts_say(&tables, &outputs.folder.join("renewal"));
    renewal::portfolio_adds_up(&tables, &outputs.folder.join("renewal"));
    reports::first_screens_say_what_the_tables_say(&tables, &outputs.folder);
    let checked = reports::figures_are_asked(&tables, &outputs.folder);
    assert!(checked > 1000, "company {seed}: {checked} cells");
}

#[test]
fn another_rate_set_changes_what_it_converts_and_its_own_gives_the_same_bytes() {
    let project = company(21);
    let file = project.path().join("seatledger.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("rate_set = \"spot\""), "{text}");
    let first = project.run(AS_OF).unwrap();
    fs::write(&file, text.replace("rate_set = \"spot\"", "rate_set = \"budget\"")).unwrap();
    let other = project.build(AS_OF).unwrap();
    fs::write(&file, text).unwrap();
    let again = project.build(AS_OF).unwrap();

    let mut changed = BTreeMap::<String, BTreeSet<String>>::new();
    let mut compared = 0;
    for table in published(&first) {
        assert_eq!(first.sha256(&table), again.sha256(&table), "{table} under its own rate set");
        let (own, others) = (whatever_the_rate(&table, &first), whatever_the_rate(&table, &other));
        assert_eq!(own.len(), others.len(), "{table}: another rate set makes no row and takes none");
        for (row, restated) in own.iter().zip(&others) {
            let of_table = row.iter().filter(|(column, value)| restated[*column] != **value);
            changed.entry(table.clone()).or_default().extend(of_table.map(|(column, _)| column.clone()));
        }
        compared += 1;
    }
    assert!(compared > 40, "{compared} tables");
    let may_change = |column: &String| {
        let is_money = ["_amount", "_cost", "_share"].iter().any(|end| column.ends_with(end))
            || column == "amount"
            || column == "amount_at_stake";
        OF_RATES.contains(&column.as_str()) || (is_money && !AS_WRITTEN.contains(&column.as_str()))
    };
    for (table, columns) in &changed {
        let beyond: Vec<_> = columns.iter().filter(|column| !may_change(column)).collect();
        assert!(beyond.is_empty(), "the rate set changes {beyond:?} of {table}");
    }
    assert!(changed["marts.spend"].contains("reporting_annual_amount"), "{:?}", changed["marts.spend"]);
    assert!(changed["policy.verdicts"].is_empty() && changed["marts.renewal_pools"].is_empty());
}

/// The rows of a table but those that are about rates themselves, in the order they are kept in. Amounts of which a row says
/// that they are in the currency of a contract are written out of reach of those that may change.
fn whatever_the_rate(table: &str, tables: &Tables) -> Vec<Row> {
    let is_of_rates = |row: &Row| match table {
        "marts.data_gaps" => ["no_rate", "stale_rate"].contains(&row["kind"].as_str()),
        // An amount is over its budget or is not, by the rate that compares them.
        "marts.renewal_risks" => row["risk"] == "over_budget",
        _ => false,
    };
    let contract = |mut row: Row| {
        let is_contract = match table {
            "marts.renewal_bridge" | "marts.spend_reconciliation" => row["basis"] != "reporting",
            _ => false,
        };
        if is_contract {
            let amount = row.remove("amount").unwrap();
            row.insert("as_written".into(), amount);
        }
        row
    };
    tables.rows(table).into_iter().filter(|row| !is_of_rates(row)).map(contract).collect()
}

/// The tables that conclude, in order.
fn published(tables: &Tables) -> Vec<String> {
    let all = tables.run.record.body["tables"].as_object().unwrap().keys().cloned();
    all.filter(|name| ["policy.", "review.", "marts."].iter().any(|schema| name.starts_with(schema))).collect()
}
