//! Programme, access review, spend, data quality and FOCUS: every figure is a cell or a sum of what its footnote asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rust_decimal::{Decimal, RoundingStrategy};
use seatledger::base::money;
use seatledger::report::Report;

use super::demo::demo;
use super::project::{Row, Tables};
use super::scenarios::told;
use super::ties::{asks_nothing_of_the_network, decimal};

/// The columns that FOCUS 1.2 makes mandatory.
const MANDATORY: [&str; 21] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
];

fn folder() -> &'static Path {
    &demo().outputs.folder
}

/// Every page of these reports in the folder of a day.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["programme.html", "spend.html", "quality.html"].map(|n| folder.join(n)).into();
    pages.extend(fs::read_dir(folder.join("access")).unwrap().map(|entry| entry.unwrap().path()));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
    pages.sort();
    pages
}

/// What a piece of a page says, markup aside.
fn said(markup: &str) -> String {
    let text: String = markup.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let text = text.replace("minus (", "(").replace("&#x27;", "'").replace("&#x2f;", "/").replace("&quot;", "\"");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

fn ledger(amount: Decimal, currency: &str) -> String {
    let text = money::display(amount.abs(), currency);
    let is_zero = text.bytes().all(|b| !(b'1'..=b'9').contains(&b));
    if amount.is_sign_negative() && !is_zero { format!("({text})") } else { text }
}

/// Every way in which a page may write a value of a row.
fn written(row: &Row, column: &str) -> Vec<String> {
    let value = &row[column];
    if value.is_empty() {
        return vec!["–".into()];
    }
    let mut ways = vec![value.clone(), value.replace('_', " "), value.replace('-', "−"), value.replace('|', ", ")];
    match value.as_str() {
        "true" => ways.push("yes".into()),
        "false" => ways.push("no".into()),
        _ => {}
    }
    if value.bytes().all(|b| b.is_ascii_digit()) {
        ways.push(money::thousands(value));
    }
    if let Ok(number) = value.parse::<Decimal>() {
        let currencies = row.iter().filter(|(name, _)| name.ends_with("currency")).map(|(_, code)| code.as_str());
        ways.extend(currencies.chain(["EUR"]).map(|currency| ledger(number, currency)));
        let share = number * Decimal::ONE_HUNDRED;
        ways.push(format!("{:.1}%", share.round_dp_with_strategy(1, RoundingStrategy::MidpointNearestEven)));
    }
    ways
}

/// A table of a page.
struct Shown {
    caption: String,
    /// What its footnote asks.
    question: String,
    rows: Vec<Vec<String>>,
    total: Vec<String>,
}

/// The tables of a page.
fn tables(page: &str) -> Vec<Shown> {
    let cells = |row: &str| -> Vec<String> {
        row.split("<td")
            .skip(1)
            .map(|cell| said(cell.split_once('>').unwrap().1.split("</td>").next().unwrap()))
            .collect()
    };
    let mut found = Vec::new();
    for table in page.split("<table>").skip(1).map(|rest| rest.split("</table>").next().unwrap()) {
        let caption = said(table.split("<caption>").nth(1).unwrap().split("</caption>").next().unwrap());
        let (caption, n) = caption.rsplit_once(" [q").unwrap();
        let proof = page.split_once(&format!("id=\"q{}\"", n.trim_end_matches(']'))).unwrap().1;
        let question = said(proof.split("<code>").nth(1).unwrap().split("</code>").next().unwrap());
        let body = table.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
        let rows = body.split("<tr>").skip(1).map(cells).collect();
        let total = table.split("<tfoot>").nth(1).map(cells).unwrap_or_default();
        found.push(Shown { caption: caption.to_owned(), question, rows, total });
    }
    found
}

#[test]
fn every_figure_of_a_table_is_a_cell_or_a_sum_of_what_its_footnote_asks() {
    let checked = figures_are_asked(&demo().tables, folder());
    assert!(checked > 1000, "{checked} cells");
}

#[test]
fn a_day_on_which_people_decided_shows_what_they_decided() {
    let (project, tables) = told("40-accept");
    let outputs = project.publish(&tables).unwrap();
    assert!(figures_are_asked(&tables, &outputs.folder) > 50);
    let page = fs::read_to_string(outputs.folder.join("programme.html")).unwrap();
    let funnel = page.split_once("id=\"funnel-chart-t\"").unwrap().1.split_once("</svg>").unwrap().0;
    let steps: Vec<String> =
        said(funnel).split('\n').map(str::trim).filter(|t| t.contains("EUR")).map(str::to_owned).collect();
    let reached = |step: &str| {
        let sql =
            format!("select coalesce(sum(candidate_count), 0) as n from marts.candidate_funnel where step = '{step}'");
        tables.value(&sql)
    };
    let names = ["found", "asked", "answered", "accepted", "approved", "handed_over", "carried_out", "proved"];
    let expected: Vec<String> = names.map(reached).into();
    let shown: Vec<String> = steps.iter().map(|step| step.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(shown, expected);
    assert_eq!(expected.last().map(String::as_str), Some("2"), "Ida's and Ivo's seats are proved gone");
    assert_eq!(
        tile(&page, "Executed"),
        ledger(
            decimal(
                &tables.value("select sum(annual_saving_amount) as n from review.candidates where state = 'verified'",)
            ),
            "EUR"
        )
    );
}

/// Holds every cell of every table against the rows its footnote asks for; the number of cells.
pub fn figures_are_asked(run: &Tables, folder: &Path) -> usize {
    let mut checked = 0;
    for path in pages(folder) {
        let page = fs::read_to_string(&path).unwrap();
        for Shown { caption, question, rows, total } in tables(&page) {
            // This one counts rows by reviewer: a test of its own.
            if caption == "Who has to decide" {
                continue;
            }
            let place = format!("{}: {caption}", path.display());
            let asked = run.ask(&question);
            let known: Vec<BTreeSet<String>> =
                asked.iter().map(|row| row.keys().flat_map(|column| written(row, column)).collect()).collect();
            for row in &rows {
                let is_one = known.iter().any(|known| row.iter().all(|cell| known.contains(cell)));
                assert!(is_one, "{place}: no row of `{question}` says {row:?}");
                checked += row.len();
            }
            let sum = |column: &String| -> Decimal {
                asked.iter().map(|row| row[column].parse::<Decimal>().unwrap_or_default()).sum()
            };
            let columns = asked.first().map(|row| row.keys().collect::<Vec<_>>()).unwrap_or_default();
            let sums: BTreeSet<String> = columns
                .into_iter()
                .map(sum)
                .flat_map(|sum| [ledger(sum, "EUR"), money::thousands(&sum.normalize().to_string())])
                .collect();
            for cell in total.iter().filter(|cell| !cell.is_empty() && *cell != "Total") {
                assert!(sums.contains(cell), "{place}: {cell} is no sum of a column");
                checked += 1;
            }
        }
    }
    checked
}

/// The figure of a tile.
fn tile(page: &str, label: &str) -> String {
    let rest = page.split_once(&format!("<div class=\"tile\">{label} ")).unwrap_or_else(|| panic!("no {label}")).1;
    said(rest.split_once("<b>").unwrap().1.split_once("</b>").unwrap().0)
}

#[test]
fn the_first_screens_say_what_the_tables_say() {
    first_screens_say_what_the_tables_say(&demo().tables, folder());
}

/// Holds the tiles of the first screens against the tables.
pub fn first_screens_say_what_the_tables_say(tables: &Tables, folder: &Path) {
    let count = |sql: &str| money::thousands(&tables.value(sql));
    let amount = |sql: &str| ledger(decimal(&tables.value(sql)), "EUR");
    let identified = "select sum(annual_saving_amount) as n from review.candidates where state in ('open', 'notified')";
    let expected = [
        ("programme.html", "Identified", amount(identified)),
        ("programme.html", "Accepted", "0.00".into()),
        (
            "spend.html",
            "Contracts",
            amount("select sum(reporting_annual_amount) as n from core.contract_lines where is_in_force"),
        ),
        (
            "spend.html",
            "Carried by seats",
            amount("select sum(reporting_annual_amount) as n from marts.seat_usage where contract_line_id is not null"),
        ),
        ("quality.html", "Streams", count("select count(*) as n from config.streams")),
        ("quality.html", "Quarantined", count("select sum(quarantined_count) as n from marts.source_freshness")),
        (
            "access/index.html",
            "Findings",
            count("select count(*) as n from marts.access_findings where state = 'open'"),
        ),
        (
            "access/index.html",
            "Questions",
            count("select count(*) as n from review.candidates where state in ('open', 'notified')"),
        ),
    ];
    for (file, label, figure) in expected {
        assert_eq!(tile(&fs::read_to_string(folder.join(file)).unwrap(), label), figure, "{file} {label}");
    }
}

#[test]
fn a_reviewer_is_shown_all_they_must_decide_and_nothing_of_anybody_else() {
    let mut by_reviewer: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in demo().tables.rows("marts.access_reviews") {
        by_reviewer.entry(row["reviewer_key"].clone()).or_default().push(row);
    }
    assert!(by_reviewer.len() > 5, "{} reviewers", by_reviewer.len());
    let names = |rows: &[Row]| -> BTreeSet<String> {
        let columns = ["item_id", "holder_name", "account_name", "account_id", "person_key", "reviewer_email"];
        rows.iter().flat_map(|row| columns.map(|column| row[column].clone())).filter(|n| n.len() > 3).collect()
    };
    let index = fs::read_to_string(folder().join("access/index.html")).unwrap();
    let decides = tables(&index).into_iter().find(|table| table.caption == "Who has to decide").unwrap().rows;
    assert_eq!(decides.len(), by_reviewer.len());
    for (reviewer, rows) in &by_reviewer {
        let file = format!("{}.html", reviewer.replace(' ', "-"));
        let page = said(&fs::read_to_string(folder().join("access").join(&file)).unwrap());
        for row in rows {
            assert!(page.contains(&row["item_id"]), "{file} lacks {}", row["item_id"]);
        }
        let own = names(rows);
        for (_, others) in by_reviewer.iter().filter(|(other, _)| *other != reviewer) {
            for name in names(others).difference(&own) {
                let is_part_of_own = own.iter().any(|mine| mine.contains(name.as_str()));
                assert!(is_part_of_own || !page.contains(name.as_str()), "{file} tells of {name}");
            }
        }
        let of = |item: &str| rows.iter().filter(|row| row["item"] == item).count().to_string();
        let late = rows.iter().filter(|row| row["is_overdue"] == "true").count().to_string();
        let risk = rows.iter().map(|row| row["risk_score"].parse::<u32>().unwrap()).max().unwrap().to_string();
        let line = decides.iter().find(|line| line[1] == file).unwrap_or_else(|| panic!("{file} is not in the index"));
        assert_eq!(line[2..], [risk, of("question"), late, of("finding")], "{file}");
    }
}

#[test]
fn pages_ask_nothing_of_the_network_and_lead_to_files_that_are_there() {
    for path in pages(folder()) {
        asks_nothing_of_the_network(&path);
        let page = fs::read_to_string(&path).unwrap();
        for cited in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(page.contains(&format!("id=\"{cited}\"")), "{}: #{cited}", path.display());
        }
        assert!(
            page.contains("quality.html\">Data quality</a>") || path.ends_with("quality.html"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn only_reviews_name_anybody() {
    let people = demo().tables.ask("select display_name, work_email from core.persons where work_email is not null");
    for file in
        ["programme.html", "spend.html", "quality.html", "programme/candidate_changes.csv", "focus/cost_and_usage.csv"]
    {
        let text = fs::read_to_string(folder().join(file)).unwrap();
        for person in people.iter().take(200) {
            assert!(!text.contains(&person["work_email"]), "{file} names {}", person["work_email"]);
        }
    }
    let sheet = fs::read_to_string(folder().join("access/access_reviews.csv")).unwrap();
    let heads = sheet.lines().next().unwrap();
    assert!(!heads.contains("holder_name") && !heads.contains("account_name"), "{heads}");
}

#[test]
fn reports_made_again_have_the_same_bytes() {
    let again = tempfile::TempDir::new().unwrap();
    let mut compared = 0;
    for report in Report::ALL {
        let written = demo().project.with_job(async |job| job.report(*report, None, Some(again.path())).await).unwrap();
        for path in written {
            let file = path.strip_prefix(again.path()).unwrap();
            assert!(fs::read(&path).unwrap() == fs::read(folder().join(file)).unwrap(), "{} differs", file.display());
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared} files");
}

#[test]
fn focus_has_its_columns_and_ties_to_spend_in_every_currency() {
    let text = fs::read_to_string(folder().join("focus/cost_and_usage.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let rows: Vec<BTreeMap<String, String>> = reader
        .records()
        .map(|record| heads.iter().map(str::to_owned).zip(record.unwrap().iter().map(str::to_owned)).collect())
        .collect();
    for column in MANDATORY {
        assert!(heads.iter().any(|head| head == column), "no {column}");
    }
    let mut sums: BTreeMap<String, [Decimal; 2]> = BTreeMap::new();
    for row in &rows {
        let is_purchase = row["ChargeCategory"] == "Purchase";
        let may_be_null = |column: &&str| match *column {
            "ChargeClass" => true,
            "PricingQuantity" | "PricingUnit" => !is_purchase,
            _ => false,
        };
        for column in MANDATORY.iter().filter(|column| !may_be_null(column)) {
            assert!(!row[*column].is_empty(), "{column} of {row:?}");
        }
        for column in ["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"] {
            let instant = &row[column];
            assert!(instant.len() == 20 && instant.ends_with("T00:00:00Z"), "{column} {instant}");
        }
        assert!(is_purchase || row["ChargeCategory"] == "Credit" && decimal(&row["BilledCost"]).is_sign_negative());
        let sum = sums.entry(row["BillingCurrency"].clone()).or_default();
        for (sum, column) in sum.iter_mut().zip(["ContractedCost", "EffectiveCost"]) {
            *sum += decimal(&row[column]);
        }
    }
    let spend: BTreeMap<String, [Decimal; 2]> = demo()
        .tables
        .ask(
            "select annual_currency as currency, sum(annual_amount) as amount from marts.spend \
             where annual_amount is not null group by annual_currency",
        )
        .into_iter()
        .map(|row| (row["currency"].clone(), [decimal(&row["amount"]); 2]))
        .collect();
    assert_eq!(sums, spend);
    assert!(sums.len() > 3 && sums.contains_key("JPY"), "{:?}", sums.keys());
    let metadata: serde_json::Value =
        serde_json::from_slice(&fs::read(folder().join("focus/metadata.json")).unwrap()).unwrap();
    assert_eq!(metadata["Schema"][0]["FocusVersion"], "1.2");
    assert_eq!(metadata["Schema"][0]["ColumnDefinition"].as_array().unwrap().len(), heads.len());
    assert!(fs::read(folder().join("focus/cost_and_usage.parquet")).unwrap().starts_with(b"PAR1"));
}
