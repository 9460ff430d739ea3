//! CSV by RFC 4180: columns by header name, never by position; the delimiter as declared, never guessed.

use csv::{ByteRecord, ReaderBuilder};

use super::page::{Page, Refusal, Reject};
use super::reader::Reader;
use super::values::Raw;

/// A field longer than this is no field.
pub(super) const MAX_FIELD_BYTES: usize = 1 << 20;
/// A header with more columns than this is no header.
const MAX_COLUMNS: usize = 2000;

/// The rows of a CSV file below its header.
pub(super) struct Sheet<'b> {
    pub header: Vec<String>,
    rows: csv::Reader<&'b [u8]>,
}

impl<'b> Sheet<'b> {
    /// Reads the header.
    ///
    /// # Errors
    /// Refuses an open quote, a header that is no text, too wide, or names a column twice.
    pub(super) fn open(bytes: &'b [u8], delimiter: u8) -> Result<Self, Refusal> {
        if ends_in_quotes(bytes, delimiter) {
            return Err(Refusal::new("unterminated_quote", "a quote is still open at the end of the file: it was cut"));
        }
        let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
        let mut first = ByteRecord::new();
        rows.read_byte_record(&mut first).map_err(|e| unreadable(&e))?;
        if first.len() > MAX_COLUMNS {
            return Err(Refusal::new("too_many_columns", format!("{} columns, at most {MAX_COLUMNS}", first.len())));
        }
        let header: Vec<String> = first
            .iter()
            .map(|cell| std::str::from_utf8(cell).map(str::to_owned))
            .collect::<Result<_, _>>()
            .map_err(|_| Refusal::new("encoding", "the header is not UTF-8: export the file as UTF-8"))?;
        let mut names: Vec<String> = header.iter().map(|h| fold(h)).filter(|h| !h.is_empty()).collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Refusal::new("dup_header", format!("the column `{}` stands in the header twice", pair[0])));
        }
        Ok(Self { header, rows })
    }

    /// The next row; false after the last.
    pub(super) fn next(&mut self, row: &mut ByteRecord) -> Result<bool, Refusal> {
        let more = self.rows.read_byte_record(row).map_err(|e| unreadable(&e))?;
        if row.iter().any(|cell| cell.len() > MAX_FIELD_BYTES) {
            return Err(Refusal::new("field_too_large", format!("a field of more than {MAX_FIELD_BYTES} bytes")));
        }
        Ok(more)
    }
}

fn unreadable(error: &csv::Error) -> Refusal {
    Refusal::new("corrupt", format!("cannot be read as CSV: {error}"))
}

/// Reads a CSV file.
///
/// # Errors
/// A refusal of the whole file.
pub(super) fn read(bytes: &[u8], path: &str, reader: &Reader) -> Result<Page, Refusal> {
    let delimiter = reader.options.delimiter.map_or(b',', |c| c as u8);
    let mut sheet = Sheet::open(bytes, delimiter)?;
    let mut page = Page { columns: sheet.header.iter().map(|h| h.trim().to_owned()).collect(), ..Page::default() };
    page.columns.remove("");
    let places = places(reader, &sheet.header, &mut page);
    let has: Vec<bool> =
        places.iter().enumerate().map(|(i, p)| !p.is_empty() || reader.path_part(i, path).is_some()).collect();
    reader.require(&has, &sheet.header).map_err(|missing| better_delimiter(bytes, delimiter).unwrap_or(missing))?;
    page.seen = has;

    let extras: Vec<usize> = (0..sheet.header.len()).filter(|at| reader.is_extra(sheet.header[*at].trim())).collect();
    let subject = reader.dataset.index(reader.dataset.subject).and_then(|i| places[i].first().copied());
    let (mut row, mut number) = (ByteRecord::new(), 0);
    while sheet.next(&mut row)? {
        let first = row.get(0).unwrap_or_default();
        if reader.options.skip_rows_starting_with.iter().any(|prefix| first.starts_with(prefix.as_bytes())) {
            continue;
        }
        number += 1;
        let written = || written(&row, delimiter);
        if row.len() != sheet.header.len() {
            page.rejects.push(misshapen(reader, number, "width", &row, subject, &written));
            continue;
        }
        if row.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
            page.rejects.push(misshapen(reader, number, "invalid_utf8", &row, subject, &written));
            continue;
        }
        let cell = |i: usize| {
            let text = |at: &usize| row.get(*at).and_then(|c| std::str::from_utf8(c).ok());
            let filled = places[i].iter().filter_map(text).find(|t| !t.is_empty());
            filled.or_else(|| reader.path_part(i, path)).map_or(Raw::Missing, Raw::Text)
        };
        let extra = (!extras.is_empty()).then(|| {
            let cells = extras.iter().filter_map(|at| {
                let text = std::str::from_utf8(row.get(*at)?).ok()?;
                Some((sheet.header[*at].trim().to_owned(), text.into()))
            });
            serde_json::Value::Object(cells.collect()).to_string()
        });
        reader.record(&mut page, number, cell, written, extra, |row| vec![row])?;
    }
    page.records = number;
    Ok(page)
}

/// A row that cannot be read by columns. Of an HR row nothing is kept, since a shifted column could hold pay, but the
/// subject where it stands first.
fn misshapen(
    reader: &Reader,
    number: u64,
    reason: &'static str,
    row: &ByteRecord,
    subject: Option<usize>,
    written: &impl Fn() -> String,
) -> Reject {
    let raw = if reader.is_hr() { String::new() } else { written() };
    let at = if reader.is_hr() { subject.filter(|at| *at == 0) } else { subject };
    let named = at.and_then(|at| row.get(at)).and_then(|cell| std::str::from_utf8(cell).ok());
    Reject { subject: named.map(|s| s.trim().to_owned()), ..Reject::new(number, "", reason, &raw) }
}

fn written(row: &ByteRecord, delimiter: u8) -> String {
    let cells: Vec<_> = row.iter().map(String::from_utf8_lossy).collect();
    cells.join(&char::from(delimiter).to_string())
}

/// For each field the columns that may hold it: by exact name, else by name in other case or spacing. The first that is
/// filled counts.
fn places(reader: &Reader, header: &[String], page: &mut Page) -> Vec<Vec<usize>> {
    let mut respelled = Vec::new();
    let mut places = Vec::with_capacity(reader.names.len());
    for names in &reader.names {
        let exact: Vec<usize> = names.iter().filter_map(|name| header.iter().position(|h| h == name)).collect();
        let alike = || names.iter().find_map(|name| header.iter().position(|h| fold(h) == fold(name)));
        places.push(match exact.is_empty().then(alike).flatten() {
            Some(at) => {
                respelled.push(format!("`{}`", header[at]));
                vec![at]
            }
            None => exact,
        });
    }
    if !respelled.is_empty() {
        let names = respelled.join(", ");
        page.warnings.push(format!("header_spelling: other case or spaces than documented: {names}"));
    }
    places
}

/// A header name without case and spaces.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether another delimiter would have given the header more columns.
fn better_delimiter(bytes: &[u8], declared: u8) -> Option<Refusal> {
    let line = bytes.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|b| **b == delimiter).count();
    let best = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|d| (count(*d), *d == declared))?;
    (best != declared && count(best) > count(declared)).then(|| {
        let name = if best == b'\t' { "\\t".to_owned() } else { char::from(best).to_string() };
        let message =
            format!("the header looks delimited by `{name}`: declare `delimiter = \"{name}\"` for this stream");
        Refusal::new("delimiter", message)
    })
}

/// Whether the file ends inside a quoted field.
fn ends_in_quotes(bytes: &[u8], delimiter: u8) -> bool {
    let (mut quoted, mut at_start) = (false, true);
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if quoted {
            if b == b'"' {
                if bytes.get(i + 1) == Some(&b'"') {
                    i += 1;
                } else {
                    quoted = false;
                }
            }
        } else if b == b'"' && at_start {
            quoted = true;
        }
        at_start = !quoted && (b == delimiter || b == b'\n' || b == b'\r');
        i += 1;
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::tests::reader;
    use super::*;

    const HEADER: &str = "Assignment_ID,Employee_ID,Project_ID,Assignment_Start_Date,Assignment_End_Date";

    fn parse(text: &str) -> Result<Page, Refusal> {
        read(text.as_bytes(), "workers.csv", &reader("workday", "project_assignments"))
    }

    fn refused(text: &str) -> &'static str {
        parse(text).unwrap_err().reason
    }

    #[test]
    fn rows_are_found_by_header_whatever_the_line_ends() {
        for end in ["\n", "\r\n", "\r"] {
            let text =
                [HEADER, "a1,007,p1,2026-01-01,", "\"a\"\"2\",008,\"p,\n2\",2026-01-01,2026-12-31", "", ""].join(end);
            let page = parse(&text).unwrap();
            assert_eq!((page.rows.len(), page.rejects.len()), (2, 0), "{end:?}");
            assert_eq!(page.rows[1].values[0].text(), Some("a\"2"));
        }
    }

    #[test]
    fn headers_are_checked() {
        assert_eq!(refused(&format!("{HEADER},employee_id\n")), "dup_header");
        assert_eq!(refused("Assignment_ID,Employee_ID,Project_ID\n"), "missing_column");
        let hint = parse(&HEADER.replace("Project_ID", "Project ID ref")).unwrap_err();
        assert_eq!(hint.reason, "missing_column");
        let renamed = parse(&HEADER.replace("Employee_ID", "Employe_ID")).unwrap_err();
        assert!(renamed.message.contains("`Employe_ID`"), "{}", renamed.message);
        assert_eq!(refused(&HEADER.replace(',', ";")), "delimiter");
        assert_eq!(refused(&format!("{HEADER}\n\"a1,1,p,2026-01-01,\n")), "unterminated_quote");
        let page = parse(&format!("{}\n", HEADER.replace("Employee_ID", " EMPLOYEE_ID"))).unwrap();
        assert!(page.warnings[0].starts_with("header_spelling"));
        assert_eq!(
            refused(&vec!["c"; 3000].iter().enumerate().map(|(i, c)| format!("{c}{i}")).collect::<Vec<_>>().join(",")),
            "too_many_columns"
        );
    }

    #[test]
    fn an_hr_row_that_is_misshapen_leaves_nothing_but_its_first_column() {
        let text = "Employee_ID,Assignment_ID,Project_ID,Salary,Assignment_Start_Date\n7,a1,p1,99000,2026-01-01,x\n8,a2,p1,88000,bad\n";
        let page = parse(text).unwrap();
        let reasons: Vec<_> = page.rejects.iter().map(|r| (r.reason, r.subject.as_deref())).collect();
        assert_eq!(reasons, [("width", Some("7")), ("date_format", Some("8"))]);
        assert!(page.rejects.iter().all(|r| !r.raw.contains("99000") && !r.raw.contains("88000")));
        assert!(page.rejects[1].raw.contains("\"start_on\":\"bad\""));
    }
}
