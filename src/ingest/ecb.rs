//! ECB reference rates. In the history and daily files one column per currency becomes one row per day and currency; `N/A`
//! says that no rate was fixed: no row. The daily file separates by comma and space, and writes `30 October 2026`; both end
//! lines with a comma. The data portal (`format=csvdata`) writes one observation a line, an empty one where there is none.

use chrono::NaiveDate;
use csv::ByteRecord;

use super::csv::Sheet;
use super::page::{Page, Refusal, Reject, Row, Value};
use super::reader::Reader;
use super::values::{self, Raw};

/// What an observation of the data portal must say: day, currency, value, and that it is for one euro.
const OBSERVATION: [&str; 4] = ["TIME_PERIOD", "CURRENCY", "OBS_VALUE", "CURRENCY_DENOM"];

/// Reads a history or daily file, or observations of the data portal.
///
/// # Errors
/// A refusal of the whole file.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Page, Refusal> {
    let mut sheet = Sheet::open(bytes, b',')?;
    let header: Vec<String> = sheet.header.iter().map(|h| h.trim().to_owned()).collect();
    if header.iter().any(|name| name == OBSERVATION[0]) {
        return observations(&mut sheet, &header, reader);
    }
    let has: Vec<bool> = reader.names.iter().map(|names| names.contains(&header[0])).collect();
    reader.require(&has, &header)?;
    let currencies = &header[1..];
    if let Some(bad) = currencies.iter().find(|c| !c.is_empty() && !is_code(c)) {
        return Err(Refusal::new("missing_column", format!("`{bad}` is no currency: the file is not the ECB's")));
    }
    let mut page = page(&header, reader);
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
            match quote(number, day, currency, cell, reader) {
                Some(row) => page.rows.push(row),
                None => {
                    let subject = Some(currency.clone());
                    page.rejects.push(Reject { subject, ..reject("rate", "number_format") });
                }
            }
        }
    }
    Ok(page)
}

/// Reads a file with one observation a line.
fn observations(sheet: &mut Sheet<'_>, header: &[String], reader: &Reader) -> Result<Page, Refusal> {
    let place = |name: &str| {
        let missing = || Refusal::new("missing_column", format!("no column `{name}`: the file is not the ECB's"));
        header.iter().position(|h| h == name).ok_or_else(missing)
    };
    let [at_day, at_currency, at_rate, at_unit] =
        [place(OBSERVATION[0])?, place(OBSERVATION[1])?, place(OBSERVATION[2])?, place(OBSERVATION[3])?];
    let mut page = page(header, reader);
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
        if cells[at_unit] != "EUR" || !is_code(&cells[at_currency]) {
            return Err(Refusal::new("missing_column", "the observations are not units of a currency for one euro"));
        }
        if cells[at_rate].is_empty() {
            continue;
        }
        match day(&cells[at_day], reader) {
            None => page.rejects.push(reject("rate_on", "date_format")),
            Some(day) => match quote(number, day, &cells[at_currency], &cells[at_rate], reader) {
                Some(row) => page.rows.push(row),
                None => page.rejects.push(reject("rate", "number_format")),
            },
        }
    }
    Ok(page)
}

fn page(header: &[String], reader: &Reader) -> Page {
    let named = header.iter().filter(|h| !h.is_empty()).cloned();
    Page { columns: named.collect(), seen: vec![true; reader.dataset.fields.len()], ..Page::default() }
}

/// The row of a rate; none when it is no positive number.
fn quote(number: u64, day: i32, currency: &str, rate: &str, reader: &Reader) -> Option<Row> {
    match values::read(&reader.dataset.fields[2], Raw::Text(rate), &reader.rules) {
        Ok(rate @ Value::Decimal(1..)) => {
            let values = vec![Value::Date(day), Value::Text(currency.to_owned()), rate];
            Some(Row { number, values, extra: None })
        }
        _ => None,
    }
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
        let portal = rows(
            "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,TITLE\r\n\
             EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-10-30,1.1172,A,\"US dollar, spot\"\r\n\
             EXR.D.JPY.EUR.SP00.A,D,JPY,EUR,SP00,A,2026-10-30,175.68,A,Yen\r\n\
             EXR.D.CYP.EUR.SP00.A,D,CYP,EUR,SP00,A,2026-10-30,,M,Cyprus pound\r\n",
        );
        assert_eq!(portal, history[..2]);
    }

    #[test]
    fn what_is_not_the_ecbs_is_refused_and_bad_cells_are_kept_apart() {
        let reader = reader("ecb", "rates");
        assert_eq!(read(b"Day,USD\n", &reader).unwrap_err().reason, "missing_column");
        assert_eq!(read(b"Date,Dollar\n", &reader).unwrap_err().reason, "missing_column");
        let portal = |line: &str| {
            let head = "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\n";
            read(format!("{head}{line}\n").as_bytes(), &reader).map(|page| page.rejects[0].reason)
        };
        assert_eq!(portal("USD,GBP,2026-10-30,1.1").unwrap_err().reason, "missing_column");
        assert_eq!(read(b"CURRENCY,TIME_PERIOD,OBS_VALUE\n", &reader).unwrap_err().reason, "missing_column");
        assert_eq!(portal("USD,EUR,2026-10,1.1").unwrap(), "date_format");
        assert_eq!(portal("USD,EUR,2026-10-30,0").unwrap(), "number_format");
        let page = read(b"Date,USD,JPY\n2026-10-30,-1,1\n30/10/2026,1,1\n2026-10-29,1\n", &reader).unwrap();
        let reasons: Vec<_> = page.rejects.iter().map(|r| r.reason).collect();
        assert_eq!((page.rows.len(), reasons), (1, vec!["number_format", "date_format", "width"]));
    }
}
