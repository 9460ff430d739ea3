//! What people read ties to what was computed: seats, spend, candidates, the page, the sheet, the sealed snapshot.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use rust_decimal::{Decimal, RoundingStrategy};
use seatledger::base::money;
use seatledger::job::Outputs;
use seatledger::snapshot;
use tempfile::TempDir;

use super::demo::{Demo, demo};
use super::project::Tables;

#[test]
fn every_seat_is_evaluated_once_and_no_other() {
    let tables = &demo().tables;
    let seats = tables.value("select count(*) as n from core.seats");
    assert_eq!(seats, tables.value("select count(*) as n from policy.evaluations"));
    assert_eq!(
        seats,
        tables.value(
            "select count(*) as n from core.seats as s inner join policy.evaluations as e \
             on e.app_id = s.app_id and e.account_id = s.account_id and e.sku_id = s.sku_id"
        )
    );
    assert_eq!(seats, tables.value("select sum(assigned_count) as n from marts.tier_allocation"));
    assert_eq!(seats, tables.value("select sum(seat_count) as n from marts.app_utilization"));
    assert_eq!(seats, tables.value("select count(*) as n from marts.seat_usage"));
}

#[test]
fn spend_is_the_sum_of_the_contract_lines_in_every_currency() {
    spend_ties(&demo().tables);
}

/// Holds spend against the contract lines, and each line of it to its parts.
pub fn spend_ties(tables: &Tables) {
    let by_currency = |sql: &str| -> BTreeMap<String, (Decimal, String)> {
        let rows = tables.ask(sql).into_iter();
        rows.map(|r| (r["currency"].clone(), (decimal(&r["amount"]), r["lines"].clone()))).collect()
    };
    let lines = by_currency(
        "select coalesce(annual_currency, 'XXX') as currency, sum(annual_amount) as amount, count(*) as lines \
         from core.contract_lines where is_in_force group by 1",
    );
    let spend = by_currency(
        "select coalesce(annual_currency, 'XXX') as currency, sum(annual_amount) as amount, count(*) as lines \
         from marts.spend group by 1",
    );
    assert_eq!(lines, spend);
    assert!(lines.len() > 1, "the demo pays in several currencies");

    for row in tables.rows("marts.spend") {
        let sum = decimal(&row["allocated_amount"]) + decimal(&row["unassigned_amount"])
            - decimal(&row["over_assigned_amount"])
            + decimal(&row["credit_amount"])
            + decimal(&row["rounding_amount"]);
        assert_eq!(sum, decimal(&row["annual_amount"]), "{row:?}");
    }
    let difference: Vec<_> =
        tables.rows("marts.spend_reconciliation").into_iter().filter(|r| r["line_name"] == "difference").collect();
    assert_eq!(difference.len(), lines.len() + 1, "one a currency and one of the reporting currency: {difference:?}");
    assert!(difference.iter().all(|r| decimal(&r["amount"]).is_zero()), "{difference:?}");
}

#[test]
fn contract_lines_are_the_prices_and_quantities_of_the_feed() {
    contract_lines_tie_to_the_feed(&demo().tables);
}

/// Redoes every contract line from what the ITAM feed says of it.
pub fn contract_lines_tie_to_the_feed(tables: &Tables) {
    let feed: BTreeMap<_, _> = tables
        .rows("raw.servicenow_entitlements")
        .into_iter()
        .map(|r| (r["contract_line_id"].clone(), (decimal(&r["unit_price"]), decimal(&r["quantity"]))))
        .collect();
    let mut checked = 0;
    for line in tables.ask("select * from core.contract_lines where is_in_force and periods_per_year is not null") {
        let (price, quantity) = feed[&line["contract_line_id"]];
        let exact = price * quantity * decimal(&line["periods_per_year"]);
        let amount = exact.round_dp_with_strategy(4, RoundingStrategy::MidpointNearestEven);
        assert_eq!(amount, decimal(&line["annual_amount"]), "{line:?}");
        checked += 1;
    }
    assert!(checked > 10, "{checked} lines");
}

#[test]
fn candidates_by_app_and_practice_are_the_candidates() {
    let tables = &demo().tables;
    let practice_of: BTreeMap<String, String> =
        tables.rows("core.persons").into_iter().map(|p| (p["person_key"].clone(), p["practice"].clone())).collect();
    let mut counted: BTreeMap<[String; 3], (u64, Decimal)> = BTreeMap::new();
    for candidate in tables.rows("policy.candidates") {
        let practice = practice_of.get(&candidate["person_key"]).filter(|p| !p.is_empty());
        let key =
            [candidate["app_id"].clone(), practice.map_or("none".into(), Clone::clone), candidate["action"].clone()];
        let entry = counted.entry(key).or_default();
        entry.0 += 1;
        entry.1 += decimal(&candidate["annual_saving_amount"]);
    }
    let published: BTreeMap<[String; 3], (u64, Decimal)> = tables
        .rows("marts.candidates_by_app_and_practice")
        .into_iter()
        .map(|r| {
            let key = ["app_id", "practice", "action"].map(|c| r[c].clone());
            (key, (r["candidate_count"].parse().unwrap(), decimal(&r["annual_saving_amount"])))
        })
        .collect();
    assert_eq!(counted, published);
    assert!(!counted.is_empty());
}

#[test]
fn the_figures_of_the_page_are_sums_of_the_marts() {
    let Demo { tables, outputs, .. } = demo();
    page_says_what_the_marts_say(tables, outputs);
}

/// Holds the figures at the top of the page of a run against the sums of the marts.
pub fn page_says_what_the_marts_say(tables: &Tables, outputs: &Outputs) {
    let page = fs::read_to_string(&outputs.report).unwrap();
    let sum = |sql: &str| decimal(&tables.value(sql));
    let count = |sql: &str| money::thousands(&tables.value(sql));
    let tiles = BTreeMap::from([
        ("Seats", count("select count(*) as n from policy.evaluations")),
        (
            "Annual spend",
            money::display(
                sum("select sum(reporting_annual_amount) as n from core.contract_lines where is_in_force"),
                "EUR",
            ),
        ),
        ("Candidates", count("select count(*) as n from policy.candidates")),
        (
            "Identified a year",
            money::display(sum("select sum(annual_saving_amount) as n from policy.candidates"), "EUR"),
        ),
    ]);
    for (label, figure) in &tiles {
        assert_eq!(tile(&page, label), figure.as_str(), "{label}");
    }
    let bought = count("select sum(purchased_quantity) as n from marts.tier_allocation");
    assert!(page.contains(&format!("{bought} bought")), "{bought} bought");
}

#[test]
fn the_page_asks_nothing_of_the_network() {
    asks_nothing_of_the_network(&demo().outputs.report);
}

/// Fails where a page could send for anything, or is too large for a mail.
pub fn asks_nothing_of_the_network(file: &Path) {
    let page = fs::read_to_string(file).unwrap();
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    assert!(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"), "no content policy");
    for attribute in ["src=", "href=", "action=", "data=", "srcset=", "poster="] {
        for found in page.split(attribute).skip(1) {
            let target = found.trim_start_matches(['"', '\'']);
            let shown: String = target.chars().take(80).collect();
            let beside = target.split(['"', '\'']).next().unwrap_or_default();
            let beside = beside.split_once('#').map_or(beside, |(page, _)| page);
            let is_beside = beside.ends_with(".html") && file.parent().unwrap().join(beside).is_file();
            assert!(target.starts_with('#') || target.starts_with("data:") || is_beside, "{attribute}{shown}");
        }
    }
    for call in ["@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "sendBeacon", "import("] {
        assert!(!page.contains(call), "the page has `{call}`");
    }
}

#[test]
fn no_cell_of_the_candidates_sheet_is_a_formula() {
    let Demo { tables, outputs, .. } = demo();
    let mut sheet = csv::Reader::from_path(&outputs.candidates).unwrap();
    let headings = sheet.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = sheet.records().map(Result::unwrap).collect();
    for (record, line) in records.iter().zip(2..) {
        for (heading, cell) in headings.iter().zip(record) {
            let is_formula = cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
            assert!(!is_formula || cell.parse::<Decimal>().is_ok(), "line {line}, {heading}: {cell}");
        }
    }
    let candidates = tables.value("select count(*) as n from policy.candidates");
    assert_eq!(records.len().to_string(), candidates);
    let json: Vec<serde_json::Value> =
        serde_json::from_slice(&fs::read(outputs.folder.join("candidates.json")).unwrap()).unwrap();
    assert_eq!(json.len(), records.len());

    // What the sidecar does not disclose is in none of them.
    let model = tables.run.catalogue.get("policy.candidates").unwrap();
    for column in model.sidecar.column.iter().filter(|c| !c.disclosed()) {
        assert!(headings.iter().all(|h| h != column.name), "{} leaves the house", column.name);
        assert!(json.iter().all(|row| row.get(&column.name).is_none()), "{} leaves the house", column.name);
    }
}

#[test]
fn the_snapshot_verifies_with_and_without_this_program() {
    let path = &demo().outputs.snapshot;
    let verification = snapshot::verify(path, &snapshot::VerifyOptions::default()).unwrap();
    assert!(verification.ok, "{verification}");
    match Command::new("sha256sum").args(["--check", "--quiet", "--strict", "SHA256SUMS"]).current_dir(path).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("skipped sha256sum: {error}"),
    }
}

#[test]
fn a_flipped_byte_fails_verification_and_is_named() {
    let copy = TempDir::new().unwrap();
    copy_folder(&demo().outputs.snapshot, copy.path());
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(copy.path().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["signature"], "none", "unsigned, and it says so");
    let file = "data/policy.evaluations/part-00000.parquet";
    let mut bytes = fs::read(copy.path().join(file)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(copy.path().join(file), bytes).unwrap();
    let verification = snapshot::verify(copy.path(), &snapshot::VerifyOptions::default()).unwrap();
    assert!(!verification.ok);
    assert!(verification.faults.iter().any(|f| f.file == file), "{verification}");
}

/// The figure of a tile: `..class="tile">LABEL<b>FIGURE</b>..`.
fn tile<'p>(page: &'p str, label: &str) -> &'p str {
    let start = format!("<div class=\"tile\">{label}<b>");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no tile `{label}`")).1;
    rest.split_once("</b>").unwrap().0
}

/// An amount as a table shows it; nothing counts as zero.
pub fn decimal(text: &str) -> Decimal {
    if text.is_empty() { Decimal::ZERO } else { text.parse().unwrap_or_else(|e| panic!("`{text}`: {e}")) }
}

/// Copies a folder into one that is there.
pub fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
