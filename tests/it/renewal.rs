//! The renewal pack: every figure of a page is one of a published table, bridges close, the workbook is as it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rust_decimal::Decimal;
use seatledger::base::money;

use super::demo::demo;
use super::project::{Row, Tables};
use super::ties::{asks_nothing_of_the_network, decimal};

fn folder() -> PathBuf {
    demo().outputs.folder.join("renewal")
}

/// Each contract in force with its page in the folder of a pack.
fn pages(tables: &Tables, folder: &Path) -> Vec<(Row, String)> {
    let decisions = tables.rows("marts.renewal_decisions").into_iter();
    let page = |row: &Row| fs::read_to_string(folder.join(format!("{}.html", row["contract_number"]))).unwrap();
    decisions.map(|row| (page(&row), row)).map(|(page, row)| (row, page)).collect()
}

/// An amount as the pages write it.
fn ledger(amount: &str, currency: &str) -> String {
    if amount.is_empty() {
        return "–".into();
    }
    let amount = decimal(amount);
    let text = money::display(amount.abs(), currency);
    let is_zero = text.bytes().all(|b| !(b'1'..=b'9').contains(&b));
    if amount.is_sign_negative() && !is_zero { format!("({text})") } else { text }
}

/// What the cells of a page say, markup aside.
fn cells(page: &str) -> Vec<String> {
    let cells = page.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1.split("</td>").next().unwrap());
    cells.map(|cell| cell.replace("<span class=\"sr\">minus </span>", "")).collect()
}

#[test]
fn every_bridge_closes_in_every_currency_and_begins_with_the_contract_lines() {
    let currencies = bridges_close(&demo().tables);
    assert!(currencies.contains("JPY") && currencies.contains("BGN"), "{currencies:?}");
}

/// Holds every bridge of a run to its end, and all of them to the contract lines they begin with; their currencies.
pub fn bridges_close(tables: &Tables) -> BTreeSet<String> {
    let mut ends: BTreeMap<[String; 4], (Decimal, Decimal)> = BTreeMap::new();
    for row in tables.rows("marts.renewal_bridge") {
        let entry = ends.entry(["contract_id", "scenario", "basis", "currency"].map(|c| row[c].clone())).or_default();
        match row["step"].as_str() {
            "proposed" => entry.1 += decimal(&row["amount"]),
            _ => entry.0 += decimal(&row["amount"]),
        }
    }
    assert!(ends.len() > 60, "{} bridges", ends.len());
    for (bridge, (moved, proposed)) in &ends {
        assert_eq!(moved, proposed, "{bridge:?}");
    }
    let lines = "select coalesce(annual_currency, 'XXX') as currency, sum(annual_amount) as amount \
                 from core.contract_lines where is_in_force group by 1 order by 1";
    let begins = "select currency, sum(amount) as amount from marts.renewal_bridge \
                  where basis = 'contract' and scenario = 'high' and step = 'current' group by 1 order by 1";
    assert_eq!(tables.ask(lines), tables.ask(begins));
    ends.into_keys().map(|[_, _, _, currency]| currency).collect()
}

#[test]
fn the_formula_of_recommended_seats_can_be_redone_from_its_columns() {
    let mut concurrent = 0;
    for pool in demo().tables.rows("marts.renewal_pools") {
        let int = |column: &str| pool[column].parse::<i64>().unwrap_or_default();
        concurrent += usize::from(pool["licence_metric"] == "concurrent");
        if pool["is_judged"] != "true" {
            assert_eq!(int("recommended_quantity"), int("purchased_quantity"), "{pool:?}");
            continue;
        }
        let base = Decimal::from(int("base_count"));
        let need = (base + decimal(&pool["joiner_seats"]) - Decimal::from(int("leaver_count"))).max(Decimal::ZERO);
        let seats = (need * (Decimal::ONE + decimal(&pool["buffer_share"]))).ceil();
        assert_eq!(
            Decimal::from(int("recommended_quantity")),
            seats.max(Decimal::from(int("minimum_quantity"))),
            "{pool:?}"
        );
    }
    assert!(concurrent > 0, "a pool of concurrent licences");
}

#[test]
fn the_tiles_and_tables_of_every_page_are_rows_of_the_marts() {
    pages_say_what_the_marts_say(&demo().tables, &folder());
}

/// Holds the tiles and tables of every page of a pack against the rows of the marts.
pub fn pages_say_what_the_marts_say(tables: &Tables, folder: &Path) {
    for (decision, page) in pages(tables, folder) {
        let shown = cells(&page);
        let contract = &decision["contract_id"];
        let of = |table: &str| tables.ask(&format!("select * from {table} where contract_id = '{contract}'"));
        let tile = |label: &str| {
            let rest =
                page.split_once(&format!("<div class=\"tile\">{label} ")).unwrap_or_else(|| panic!("no {label}")).1;
            let figure = rest.split_once("<b>").unwrap().1.split_once("</b>").unwrap().0;
            figure.replace("<span class=\"sr\">minus </span>", "")
        };
        assert_eq!(tile("Notice by"), decision["notice_on"]);
        assert_eq!(tile("Seats proposed"), money::thousands(&decision["recommended_quantity"]));
        assert_eq!(tile("Proposed a year"), ledger(&decision["proposed_amount"], "EUR"));
        assert_eq!(tile("Saving against unchanged"), ledger(&decision["saving_amount"], "EUR"));
        let mut checked = 0;
        let mut holds = |what: &str, text: String| {
            assert!(shown.contains(&text), "{} {what}: no cell says {text}", decision["contract_number"]);
            checked += 1;
        };
        let figures: [(&str, &[&str]); 4] = [
            (
                "marts.renewal_months",
                &[
                    "budget_amount",
                    "actual_amount",
                    "forecast_amount",
                    "variance_amount",
                    "cash_amount",
                    "prior_year_amount",
                ],
            ),
            (
                "marts.renewal_showback",
                &["direct_amount", "shared_amount", "total_amount", "identified_amount", "after_reclaim_amount"],
            ),
            ("marts.renewal_lines", &["reporting_annual_amount", "budget_rate_amount"]),
            ("marts.renewal_risks", &["amount"]),
        ];
        for (table, columns) in figures {
            // A contract of which nothing converts and nothing is budgeted has no months.
            let is_known = |row: &Row| columns.iter().any(|column| !row[*column].is_empty());
            let rows: Vec<Row> = of(table).into_iter().filter(is_known).collect();
            for (row, column) in rows.iter().flat_map(|row| columns.iter().map(move |column| (row, *column))) {
                holds(&format!("{table}.{column}"), ledger(&row[column], "EUR"));
            }
        }
        for row in
            of("marts.renewal_bridge").iter().filter(|row| row["basis"] == "reporting" || row["currency"] != "EUR")
        {
            holds(&format!("bridge {}", row["step"]), ledger(&row["amount"], &row["currency"]));
        }
        for row in of("marts.renewal_pools") {
            for column in [
                "purchased_quantity",
                "assigned_count",
                "active_90_count",
                "recommended_quantity",
                "high_saving_quantity",
            ] {
                holds(column, money::thousands(&row[column]));
            }
        }
        assert!(checked > 20, "{checked} figures");
    }
}

#[test]
fn the_page_of_all_contracts_adds_up() {
    portfolio_adds_up(&demo().tables, &folder());
}

/// Holds the totals of the page of all contracts against the sums of the marts.
pub fn portfolio_adds_up(tables: &Tables, folder: &Path) {
    let page = fs::read_to_string(folder.join("portfolio.html")).unwrap();
    let shown = cells(&page);
    for column in ["current_amount", "unchanged_amount", "proposed_amount", "saving_amount", "high_saving_amount"] {
        let total = ledger(&tables.value(&format!("select sum({column}) as n from marts.renewal_decisions")), "EUR");
        assert!(shown.contains(&total), "{column}: no cell says {total}");
    }
    for row in tables.rows("marts.renewal_decisions") {
        assert!(shown.contains(&row["contract_number"]), "{row:?}");
    }
}

#[test]
fn pages_ask_nothing_of_the_network_and_every_footnote_leads_somewhere() {
    let mut found = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "html") {
            asks_nothing_of_the_network(&path);
            let page = fs::read_to_string(&path).unwrap();
            for table in page.split("<table>").skip(1).map(|rest| rest.split("</table>").next().unwrap()) {
                let heads = table.matches("<th ").count();
                for row in table.split("<tr>").skip(2) {
                    assert_eq!(row.matches("<td").count(), heads, "{}: {row}", path.display());
                }
            }
            for cited in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(page.contains(&format!("id=\"{cited}\"")), "{}: #{cited}", path.display());
            }
            for question in page.split("<code>select ").skip(1).map(|rest| rest.split("</code>").next().unwrap()) {
                let sql = format!("select {}", question.replace("&#x27;", "'").replace("&#39;", "'"));
                assert!(!demo().tables.ask(&sql).is_empty() || sql.contains("renewal_candidates"), "{sql}");
            }
            found += 1;
        }
    }
    assert!(found > 10, "{found} pages");
}

#[test]
fn no_file_of_the_pack_names_anybody() {
    let people = demo().tables.ask("select display_name, work_email from core.persons where work_email is not null");
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for person in people.iter().take(200) {
            assert!(!text.contains(&person["work_email"]), "{} names {}", path.display(), person["work_email"]);
        }
    }
}

#[test]
fn the_pack_made_again_has_the_same_bytes() {
    let again = tempfile::TempDir::new().unwrap();
    demo()
        .project
        .with_job(async |job| job.renewal(None, None, Some(again.path())).await)
        .unwrap_or_else(|e| panic!("{e}"));
    let mut compared = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let other = again.path().join(path.file_name().unwrap());
        assert!(fs::read(&path).unwrap() == fs::read(&other).unwrap(), "{} differs", path.display());
        compared += 1;
    }
    assert!(compared > 12, "{compared} files");
    let error = demo().project.with_job(async |job| job.renewal(None, Some("CNTR0010002x"), None).await).unwrap_err();
    assert!(error.to_string().contains("did you mean `CNTR0010002`?"), "{error}");
}

#[test]
fn the_workbook_is_as_a_spreadsheet_reads_it() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workbook/read_back.py");
    let book = folder().join("renewal.xlsx");
    match Command::new("python3").arg(script).arg(book).output() {
        Ok(output) if output.status.code() == Some(77) => println!("{}", String::from_utf8_lossy(&output.stdout)),
        Ok(output) => assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => println!("skipped: no python3: {error}"),
    }
}

#[test]
fn every_deadline_to_come_is_in_the_calendar() {
    let text = fs::read_to_string(folder().join("notice.ics")).unwrap();
    let sql = "select notice_on from marts.renewal_decisions where notice_on >= $as_of order by notice_on, contract_id";
    let days: Vec<String> = demo().tables.ask(sql).into_iter().map(|row| row["notice_on"].replace('-', "")).collect();
    let starts = text.lines().filter_map(|line| line.strip_prefix("DTSTART;VALUE=DATE:").map(str::to_owned));
    assert_eq!(starts.collect::<Vec<_>>(), days);
    assert!(days.len() > 8 && text.lines().all(|line| line.len() <= 75));
}
