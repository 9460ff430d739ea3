//! ECB reference rates: one column per currency becomes one row per day and currency. `N/A` says that no rate was fixed:
//! no row. The daily file separates by comma and space, and writes `30 October 2026`; both files end lines with a comma.

use chrono::NaiveDate;
use csv::ByteRecord;

use super::csv::Sheet;
use super::page::{Page, Refusal, Reject, Row, Value};
use super::reader::Reader;
use super::values::{self, Raw};

/// Reads a history or daily file.
///
/// # Errors
/// A refusal of the whole file.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Page, Refusal> {
    let mut sheet = Sheet::open(bytes, b',')?;
    let header: Vec<String> = sheet.header.iter().map(|h| h.trim().to_owned()).collect();
    let has: Vec<bool> = reader.names.iter().map(|names| names.contains(&header[0])).collect();
    reader.require(&has, &header)?;
    let currencies = &header[1..];
    if let Some(bad) = currencies.iter().find(|c| !c.is_empty() && !is_code(c)) {
        return Err(Refusal::new("missing_column", format!("`{bad}` is no currency: the file is not the ECB's")));
    }
    let named = header.iter().filter(|h| !h.is_empty()).cloned();
    let mut page = Page { columns: named.collect(), seen: vec![true; reader.dataset.fields.len()], ..Page::default() };
    let mut row = ByteRecord::new();
    while sheet.next(&mut row)? {
        page.records += 1;
        let cells: Vec<String> = row.iter().map(|c| String::from_utf8_lossy(c).trim().to_owned()).collect();
        let number = page.records;
        let reject = |column, reason| Reject::new(number, column, reason, &cells.join(","));
        if cells.len() != header.len() {
            page.rejects.push(reject("", "width"));
            continue;
        }
        let Some(day) = day(&cells[0], reader) else {
            page.rejects.push(reject("rate_on", "date_format"));
            continue;
        };
        for (currency, cell) in currencies.iter().zip(&cells[1..]) {
            if currency.is_empty() || cell.is_empty() || cell == "N/A" {
                continue;
            }
            match values::read(&reader.dataset.fields[2], Raw::Text(cell), &reader.rules) {
                Ok(rate @ Value::Decimal(1..)) => {
                    let values = vec![Value::Date(day), Value::Text(currency.clone()), rate];
                    page.rows.push(Row { number, values, extra: None });
                }
                _ => {
                    let subject = Some(currency.clone());
                    page.rejects.push(Reject { subject, ..reject("rate", "number_format") });
                }
            }
        }
    }
    Ok(page)
}

fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn day(text: &str, reader: &Reader) -> Option<i32> {
    let day = ["%Y-%m-%d", "%d %B %Y"].iter().find_map(|f| NaiveDate::parse_from_str(text, f).ok())?;
    // A rate of tomorrow would be a slip of the pen.
    (day <= reader.rules.extract_date).then(|| values::days_since_epoch(day))
}

#[cfg(test)]
mod tests {
    use super::super::tests::reader;
    use super::*;

    fn rows(text: &str) -> Vec<(i32, String, i128)> {
        let page = read(text.as_bytes(), &reader("ecb", "rates")).unwrap();
        assert!(page.rejects.is_empty(), "{:?}", page.rejects);
        let row = |r: &Row| match &r.values[..] {
            [Value::Date(d), Value::Text(c), Value::Decimal(n)] => (*d, c.clone(), *n),
            other => panic!("{other:?}"),
        };
        page.rows.iter().map(row).collect()
    }

    #[test]
    fn both_layouts_become_long_and_not_available_is_no_row() {
        let history = rows("Date,USD,JPY,CYP,\n2026-10-30,1.1172,175.68,N/A,\n2026-10-29,1.1,175,N/A,\n");
        assert_eq!(history.len(), 4);
        assert_eq!(history[0], (20_756, "USD".into(), 11_172_000_000));
        let daily = rows("Date, USD, JPY, \n30 October 2026, 1.1172, 175.68, \n");
        assert_eq!(daily, history[..2]);
    }

    #[test]
    fn what_is_not_the_ecbs_is_refused_and_bad_cells_are_kept_apart() {
        let reader = reader("ecb", "rates");
        assert_eq!(read(b"Day,USD\n", &reader).unwrap_err().reason, "missing_column");
        assert_eq!(read(b"Date,Dollar\n", &reader).unwrap_err().reason, "missing_column");
        let page = read(b"Date,USD,JPY\n2026-10-30,-1,1\n30/10/2026,1,1\n2026-10-29,1\n", &reader).unwrap();
        let reasons: Vec<_> = page.rejects.iter().map(|r| r.reason).collect();
        assert_eq!((page.rows.len(), reasons), (1, vec!["number_format", "date_format", "width"]));
    }
}
