//! The workbook of the renewal pack: what it is, a summary with live formulas, every table as it is published, what each
//! column means, and checks that say PASS.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type};
use rust_decimal::Decimal;

use super::xlsx::{Book, Cell, Sheet, Style, column};
use crate::base::{AsOf, Error, Result};
use crate::schema::sidecar::Sidecar;

/// A published table that goes into the workbook.
pub struct Data<'a> {
    /// Its name, `<schema>.<table>`.
    pub name: &'a str,
    /// Its contract; columns that may not leave the house are not in the rows.
    pub sidecar: &'a Sidecar,
    /// Its rows.
    pub rows: RecordBatch,
    /// The hash of its file in the run.
    pub sha256: String,
}

/// What the workbook says of the run.
pub struct About {
    /// The project's name.
    pub tenant: String,
    /// The day it speaks for.
    pub as_of: AsOf,
    /// The run.
    pub run_id: String,
    /// The program's version.
    pub release: String,
    /// Reporting currency and the rates of conversion.
    pub currency: String,
    /// The rate set.
    pub rate_set: String,
    /// Hash of the sealed snapshot's SHA256SUMS.
    pub snapshot_sha256: String,
    /// Policy versions in force.
    pub policies: String,
}

/// A sheet never has more rows than this; a longer table is cut there and says so.
const MOST_ROWS: usize = 1_048_575;

/// The workbook as bytes; the same tables give the same bytes.
///
/// # Errors
/// Internal for a table that is not as its contract says.
pub fn workbook(about: &About, data: &[Data<'_>]) -> Result<Vec<u8>> {
    let places: BTreeMap<&str, Place<'_>> = data.iter().map(|d| (short(d.name), Place { data: d })).collect();
    let checks = checks(&places)?;
    let mut sheets = vec![about_sheet(about, data), summary(about, &places, &checks)?];
    sheets.extend(data.iter().map(data_sheet).collect::<Result<Vec<_>>>()?);
    sheets.extend([dictionary(data), checks_sheet(&checks), evidence(data)]);
    let book = Book {
        title: format!("{}: renewal pack as of {}", about.tenant, about.as_of),
        as_of: about.as_of,
        run_id: format!("run {}", about.run_id),
        properties: vec![
            ("run id", about.run_id.clone()),
            ("policies", about.policies.clone()),
            ("snapshot sha256sums", about.snapshot_sha256.clone()),
        ],
        sheets,
    };
    book.encode()
}

fn short(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, table)| table)
}

/// The sheet of a table; a name of a sheet has 31 characters at most.
fn sheet_name(name: &str) -> String {
    format!("Data_{}", short(name)).chars().take(31).collect()
}

/// Where a table stands in the workbook, and what its rows say.
struct Place<'a> {
    data: &'a Data<'a>,
}

impl Place<'_> {
    fn index(&self, name: &str) -> Result<usize> {
        self.data.rows.schema().index_of(name).map_err(|e| Error::internal(e.to_string()))
    }

    /// The cells of a column, as a formula names them.
    fn range(&self, name: &str) -> Result<String> {
        let letter = column(self.index(name)?);
        Ok(format!("{}!${letter}$2:${letter}${}", sheet_name(self.data.name), self.data.rows.num_rows().max(1) + 1))
    }

    fn text(&self, name: &str, row: usize) -> Result<String> {
        let cells = self.data.rows.column(self.index(name)?);
        Ok(if cells.is_null(row) { String::new() } else { cells.as_string::<i32>().value(row).to_owned() })
    }

    fn number(&self, name: &str, row: usize) -> Result<Decimal> {
        Ok(match cell(&self.data.rows, self.index(name)?, row)? {
            Cell::Number(number, _) => number,
            _ => Decimal::ZERO,
        })
    }

    /// The formula of a sum over the rows in which columns hold texts (a text, or a cell that holds it), and its value.
    fn sum(&self, amount: &str, wanted: &[(&str, &str, &str)]) -> Result<(String, Decimal)> {
        let mut formula = format!("SUMIFS({}", self.range(amount)?);
        for (name, said, _) in wanted {
            formula.push_str(&format!(",{},{said}", self.range(name)?));
        }
        formula.push(')');
        if wanted.is_empty() {
            formula = format!("SUM({})", self.range(amount)?);
        }
        let mut sum = Decimal::ZERO;
        for row in 0..self.data.rows.num_rows() {
            let mut holds = true;
            for (name, _, text) in wanted {
                holds &= self.text(name, row)? == *text;
            }
            if holds {
                sum += self.number(amount, row)?;
            }
        }
        Ok((formula, sum))
    }
}

fn place<'p, 'a>(places: &'p BTreeMap<&str, Place<'a>>, name: &str) -> Result<&'p Place<'a>> {
    places.get(name).ok_or_else(|| Error::internal(format!("the workbook needs {name}")))
}

fn about_sheet(about: &About, data: &[Data<'_>]) -> Sheet {
    let title = |text: String| vec![Cell::Text(text, Style::Title)];
    let line = |name: &str, text: String| vec![Cell::Text(name.into(), Style::Head), Cell::Text(text, Style::Note)];
    let mut rows = vec![
        title(format!("{}: renewal pack", about.tenant)),
        Vec::new(),
        line(
            "Purpose",
            "What to renew, for how many seats and at which price: the pages of the renewal pack as tables.".into(),
        ),
        line("As of", about.as_of.to_string()),
        line("Run", format!("{}, release {}", about.run_id, about.release)),
        line(
            "Currency",
            format!(
                "{} at {} rates; a column of another currency has its code beside it",
                about.currency, about.rate_set
            ),
        ),
        line("Policies", about.policies.clone()),
        line("Snapshot", format!("SHA256SUMS {}", about.snapshot_sha256)),
        Vec::new(),
        line("Summary", "Live formulas over the data sheets: choose the case in the yellow cell".into()),
        line(
            "Data_*",
            "Values as they are published, one table a sheet, ready for a pivot; nothing in them is a formula".into(),
        ),
        line("Dictionary", "What each column means".into()),
        line("Checks", "What ties to what: expected, actual, difference, PASS or FAIL".into()),
        line("Evidence", "The statement and the hash behind each table".into()),
    ];
    rows.push(line("Tables", data.iter().map(|d| short(d.name)).collect::<Vec<_>>().join(", ")));
    Sheet { name: "About".into(), widths: vec![16, 110], rows, tab: "5B6470", is_protected: true, ..Sheet::default() }
}

/// The case that formulas ask for.
const CASE: &str = "$B$3";

fn summary(about: &About, places: &BTreeMap<&str, Place<'_>>, checks: &[Check]) -> Result<Sheet> {
    let (decisions, bridge) = (place(places, "renewal_decisions")?, place(places, "renewal_bridge")?);
    let all = if checks.iter().all(Check::holds) { "PASS" } else { "FAIL" };
    let last = checks.len() + 1;
    let mut rows = vec![
        vec![Cell::Text(format!("Renewals of {} in {}", about.tenant, about.currency), Style::Title)],
        vec![
            Cell::Text("Checks".into(), Style::Head),
            Cell::Says(
                format!("IF(COUNTIF(Checks!$F$2:$F${last},\"FAIL\")=0,\"PASS\",\"FAIL\")"),
                all.into(),
                Style::Head,
            ),
        ],
        vec![
            Cell::Text("Case".into(), Style::Head),
            Cell::Text("base".into(), Style::Input),
            Cell::text("low, base or high: the case of the saving"),
        ],
        Vec::new(),
    ];
    let heads = [
        "Contract",
        "Vendor",
        "Recommendation",
        "Notice by",
        "Seats bought",
        "Today",
        "Price",
        "Unchanged",
        "Proposed",
        "Saving",
    ];
    rows.push(heads.iter().map(|h| Cell::Text((*h).into(), Style::Head)).collect());
    let first = rows.len() + 1;
    let mut totals = [Decimal::ZERO; 5];
    for row in 0..decisions.data.rows.num_rows() {
        let at = rows.len() + 1;
        let id = decisions.text("contract_id", row)?;
        let key = format!("\"{id}\"");
        let of = |step: &str| {
            bridge.sum(
                "amount",
                &[
                    ("contract_id", key.as_str(), id.as_str()),
                    ("scenario", CASE, "base"),
                    ("basis", "\"reporting\"", "reporting"),
                    ("step", &format!("\"{step}\""), step),
                ],
            )
        };
        let (today, price, proposed) = (of("current")?, of("price")?, of("proposed")?);
        let unchanged = today.1 + price.1;
        for (total, amount) in totals.iter_mut().zip([today.1, price.1, unchanged, proposed.1, unchanged - proposed.1])
        {
            *total += amount;
        }
        let notice = cell(&decisions.data.rows, decisions.index("notice_on")?, row)?;
        rows.push(vec![
            Cell::text(decisions.text("contract_number", row)?),
            Cell::text(decisions.text("vendor", row)?),
            Cell::text(decisions.text("recommendation", row)?.replace('_', " ")),
            notice,
            Cell::Number(decisions.number("purchased_quantity", row)?, Style::Count),
            Cell::Formula(today.0, today.1, Style::Amount),
            Cell::Formula(price.0, price.1, Style::Amount),
            Cell::Formula(format!("F{at}+G{at}"), unchanged, Style::Amount),
            Cell::Formula(proposed.0, proposed.1, Style::Amount),
            Cell::Formula(format!("H{at}-I{at}"), unchanged - proposed.1, Style::Amount),
        ]);
    }
    let last = rows.len();
    if last >= first {
        let mut total = vec![Cell::Text("Total".into(), Style::Total)];
        total.extend((0..4).map(|_| Cell::Bare(Style::Total)));
        for (letter, amount) in ["F", "G", "H", "I", "J"].iter().zip(totals) {
            total.push(Cell::Formula(format!("SUM({letter}{first}:{letter}{last})"), amount, Style::Total));
        }
        rows.push(total);
    }
    Ok(Sheet {
        name: "Summary".into(),
        widths: vec![16, 14, 18, 12, 13, 15, 15, 15, 15, 15],
        rows,
        frozen: (first - 1, 1),
        tab: "0072B2",
        choice: Some(("B3", "low,base,high")),
        ..Sheet::default()
    })
}

/// Two sums that must be one.
struct Check {
    name: &'static str,
    expected: (String, Decimal),
    actual: (String, Decimal),
}

impl Check {
    /// Half a minor unit: what a spreadsheet's arithmetic may lose.
    fn holds(&self) -> bool {
        (self.expected.1 - self.actual.1).abs() < Decimal::new(5, 3)
    }
}

fn checks(places: &BTreeMap<&str, Place<'_>>) -> Result<Vec<Check>> {
    let bridge = |case: &str, step: &str| {
        place(places, "renewal_bridge")?.sum(
            "amount",
            &[
                ("scenario", &format!("\"{case}\""), case),
                ("basis", "\"reporting\"", "reporting"),
                ("step", &format!("\"{step}\""), step),
            ],
        )
    };
    let sum = |table: &str, column: &str| place(places, table)?.sum(column, &[]);
    let mut all = vec![
        Check {
            name: "Today = contract lines",
            expected: sum("spend", "reporting_annual_amount")?,
            actual: bridge("base", "current")?,
        },
        Check {
            name: "Showback = contract lines",
            expected: sum("spend", "reporting_annual_amount")?,
            actual: sum("renewal_showback", "total_amount")?,
        },
        Check {
            name: "Proposed of decisions = end of bridge",
            expected: sum("renewal_decisions", "proposed_amount")?,
            actual: bridge("base", "proposed")?,
        },
        Check {
            name: "Seats bought of pools = of decisions",
            expected: sum("renewal_pools", "purchased_quantity")?,
            actual: sum("renewal_decisions", "purchased_quantity")?,
        },
        Check {
            name: "Seats recommended of pools = of decisions",
            expected: sum("renewal_pools", "recommended_quantity")?,
            actual: sum("renewal_decisions", "recommended_quantity")?,
        },
    ];
    for (name, case) in
        [("Bridge closes, low", "low"), ("Bridge closes, base", "base"), ("Bridge closes, high", "high")]
    {
        let (mut formula, mut amount) = (String::new(), Decimal::ZERO);
        for step in
            ["current", "price", "unused_seats", "tier_downgrades", "joiners", "true_up", "term", "credits", "fx"]
        {
            let (part, value) = bridge(case, step)?;
            if !formula.is_empty() {
                formula.push('+');
            }
            formula.push_str(&part);
            amount += value;
        }
        all.push(Check { name, expected: (formula, amount), actual: bridge(case, "proposed")? });
    }
    Ok(all)
}

fn checks_sheet(checks: &[Check]) -> Sheet {
    let mut rows = vec![heads(&["#", "Check", "Expected", "Actual", "Difference", "Result"])];
    for (n, check) in (1_i64..).zip(checks) {
        let at = n + 1;
        let said = if check.holds() { "PASS" } else { "FAIL" };
        rows.push(vec![
            Cell::Number(Decimal::from(n), Style::Count),
            Cell::text(check.name),
            Cell::Formula(check.expected.0.clone(), check.expected.1, Style::Amount),
            Cell::Formula(check.actual.0.clone(), check.actual.1, Style::Amount),
            Cell::Formula(format!("C{at}-D{at}"), check.expected.1 - check.actual.1, Style::Amount),
            Cell::Says(format!("IF(ABS(E{at})<0.005,\"PASS\",\"FAIL\")"), said.into(), Style::Head),
        ]);
    }
    let widths = vec![5, 44, 18, 18, 14, 10];
    Sheet { name: "Checks".into(), widths, rows, frozen: (1, 0), tab: "009E73", is_protected: true, ..Sheet::default() }
}

fn heads(names: &[&str]) -> Vec<Cell> {
    names.iter().map(|name| Cell::Text((*name).to_owned(), Style::Head)).collect()
}

fn data_sheet(data: &Data<'_>) -> Result<Sheet> {
    let schema = data.rows.schema();
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let mut widths: Vec<usize> = names.iter().map(|name| name.len() + 4).collect();
    let mut rows = vec![heads(&names)];
    for row in 0..data.rows.num_rows().min(MOST_ROWS) {
        let cells: Vec<Cell> = (0..names.len()).map(|c| cell(&data.rows, c, row)).collect::<Result<_>>()?;
        for (width, cell) in widths.iter_mut().zip(&cells) {
            if let Cell::Text(text, _) = cell {
                *width = (*width).max(text.chars().count() + 2).min(48);
            }
        }
        rows.push(cells);
    }
    Ok(Sheet {
        name: sheet_name(data.name),
        widths,
        rows,
        frozen: (1, 2),
        table: Some(short(data.name).to_owned()),
        tab: "949494",
        ..Sheet::default()
    })
}

fn dictionary(data: &[Data<'_>]) -> Sheet {
    let mut rows = vec![heads(&["table", "column", "type", "meaning", "owner"])];
    for one in data {
        for column in one.sidecar.column.iter().filter(|c| c.disclosed()) {
            rows.push(vec![
                Cell::text(one.name),
                Cell::text(&column.name),
                Cell::text(&column.ty),
                Cell::Text(column.doc.clone(), Style::Note),
                Cell::text(&one.sidecar.owner),
            ]);
        }
    }
    let table = Some("dictionary".to_owned());
    let widths = vec![28, 32, 16, 90, 14];
    Sheet { name: "Dictionary".into(), widths, rows, frozen: (1, 2), table, tab: "E69F00", ..Sheet::default() }
}

fn evidence(data: &[Data<'_>]) -> Sheet {
    let mut rows = vec![heads(&["table", "rows", "statement", "sha256 of its file in the run"])];
    for one in data {
        rows.push(vec![
            Cell::text(one.name),
            Cell::Number(Decimal::from(one.rows.num_rows()), Style::Count),
            Cell::text(format!("select * from {}", one.name)),
            Cell::text(&one.sha256),
        ]);
    }
    let table = Some("evidence".to_owned());
    Sheet {
        name: "Evidence".into(),
        widths: vec![28, 10, 48, 70],
        rows,
        frozen: (1, 1),
        table,
        tab: "E69F00",
        ..Sheet::default()
    }
}

/// A value as a cell; its type says how it is shown, its name whether it is a share.
fn cell(rows: &RecordBatch, at: usize, row: usize) -> Result<Cell> {
    let (cells, name) = (rows.column(at), rows.schema().field(at).name().clone());
    if cells.is_null(row) {
        return Ok(Cell::Blank);
    }
    Ok(match cells.data_type() {
        DataType::Utf8 => Cell::text(cells.as_string::<i32>().value(row)),
        DataType::Int64 => Cell::Number(Decimal::from(cells.as_primitive::<Int64Type>().value(row)), Style::Count),
        DataType::Boolean => Cell::Flag(cells.as_boolean().value(row)),
        DataType::Date32 => match cells.as_primitive::<Date32Type>().value_as_date(row) {
            Some(day) => Cell::Day(day),
            None => Cell::Blank,
        },
        DataType::Decimal128(_, scale) => {
            let scale = u32::try_from(*scale).unwrap_or_default();
            let value = cells.as_primitive::<Decimal128Type>().value(row);
            let number = Decimal::try_from_i128_with_scale(value, scale).map_err(|e| Error::internal(e.to_string()))?;
            let is_share = ["_share", "_ratio"].iter().any(|ending| name.ends_with(ending));
            let style = match (is_share, scale) {
                (true, _) => Style::Percent,
                (false, ..=4) => Style::Amount,
                _ => Style::Rate,
            };
            Cell::Number(number, style)
        }
        other => return Err(Error::internal(format!("`{name}` is {other}, which no sheet shows"))),
    })
}
