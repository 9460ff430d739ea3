//! CSV files with a header, read by RFC 4180. Our own reader because every cell must know its place in the file.

use std::ops::Range;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::diagnostic::{Diagnostic, Problems};
use super::folder::{Folder, SourceFile};
use super::section::{Codes, Spanned, is_email};
use super::word::Word;

type Cell = Spanned<String>;

/// The columns of one kind of CSV file.
pub(super) struct Columns {
    /// Refused without them.
    pub(super) required: &'static [&'static str],
    /// Empty when absent.
    pub(super) optional: &'static [&'static str],
}

/// A CSV file whose header is understood.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) file: SourceFile,
    header: Vec<Cell>,
    records: Vec<Vec<Cell>>,
}

/// One record of a sheet.
#[derive(Clone, Copy)]
pub(super) struct Row<'s> {
    sheet: &'s Sheet,
    cells: &'s [Cell],
    problems: &'s Problems,
    codes: &'static Codes,
}

impl Sheet {
    /// Reads a file. `None`: it is missing, or its header cannot be used and that is reported.
    pub(super) fn read(folder: &Folder<'_>, name: &str, columns: &Columns, codes: &'static Codes) -> Option<Self> {
        let file = folder.read(name, codes.syntax)?;
        let mut records = match split(file.text()) {
            Ok(records) => records.into_iter().filter(|cells| cells.len() > 1 || !cells[0].value.is_empty()),
            Err((place, message)) => {
                folder.problems.report(file.at(codes.syntax, place..place + 1, message));
                return None;
            }
        };
        let Some(header) = records.next() else {
            let wanted = [columns.required, columns.optional].concat().join(",");
            let found = file.at(codes.missing, 0..0, "has no header line");
            folder.problems.report(found.help(format!("the first line is: {wanted}")));
            return None;
        };
        let sheet = Self { header, records: records.collect(), file };
        sheet.header_is_good(columns, &folder.problems, codes).then_some(sheet)
    }

    fn header_is_good(&self, columns: &Columns, problems: &Problems, codes: &'static Codes) -> bool {
        let known = [columns.required, columns.optional].concat();
        let missing: Vec<&str> = known.iter().copied().filter(|column| self.index(column).is_none()).collect();
        let mut is_good = true;
        for (i, cell) in self.header.iter().enumerate() {
            if self.header[..i].iter().any(|earlier| earlier.value == cell.value) {
                let message = format!("column `{}` stands twice in the header", cell.value);
                problems.report(self.file.at(codes.unknown, cell.span.clone(), message));
                is_good = false;
            } else if !known.contains(&cell.value.as_str()) {
                let message = format!("unknown column `{}`: it is not read", cell.value);
                let found = self.file.at(codes.unknown, cell.span.clone(), message);
                match crate::base::text::nearest(&cell.value, missing.iter().copied()) {
                    Some(near) => {
                        problems.report(found.help(format!("did you mean `{near}`?")));
                        is_good = false;
                    }
                    None => problems.report(found.warning().help(format!("known: {}", known.join(", ")))),
                }
            }
        }
        for column in missing.iter().filter(|column| columns.required.contains(column)) {
            problems.report(self.file.at(codes.missing, 0..1, format!("the header lacks column `{column}`")));
            is_good = false;
        }
        is_good
    }

    fn index(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell.value == column)
    }

    /// The records below the header.
    pub(super) fn rows<'s>(&'s self, problems: &'s Problems, codes: &'static Codes) -> impl Iterator<Item = Row<'s>> {
        self.records.iter().map(move |cells| Row { sheet: self, cells, problems, codes })
    }
}

impl<'s> Row<'s> {
    /// The offset at which the record begins.
    pub(super) fn start(&self) -> usize {
        self.cells.first().map_or(0, |cell| cell.span.start)
    }

    /// The line the record begins on, from 1.
    pub(super) fn line(&self) -> usize {
        self.sheet.file.line(self.start())
    }

    /// Whether the record has as many cells as the header; an error says how many.
    pub(super) fn width(&self) -> Result<(), String> {
        match (self.cells.len(), self.sheet.header.len()) {
            (found, wanted) if found == wanted => Ok(()),
            (found, wanted) => Err(format!("the record has {found} cells, the header {wanted}")),
        }
    }

    /// The same as a question; a wrong width is reported.
    pub(super) fn is_whole(&self) -> bool {
        let width = self.width();
        if let Err(message) = &width {
            let found = self.sheet.file.at(self.codes.syntax, self.start()..self.start(), message);
            self.report(found.help("a cell that holds a comma is written in double quotes"));
        }
        width.is_ok()
    }

    /// The trimmed text of a cell; empty when the column is absent.
    pub(super) fn get(&self, column: &str) -> &'s str {
        self.cell(column).map_or("", |cell| cell.value.as_str())
    }

    fn cell(&self, column: &str) -> Option<&'s Cell> {
        self.cells.get(self.sheet.index(column)?)
    }

    /// A finding at a cell, to be completed and reported.
    pub(super) fn at(&self, column: &str, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let cell = self.cell(column).or(self.cells.first());
        let message = format!("column {column}: {}", message.into());
        self.sheet.file.at(code, cell.map_or(0..0, |cell| cell.span.clone()), message)
    }

    /// Reports a finding.
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.problems.report(diagnostic);
    }

    /// A text that is not empty.
    pub(super) fn text(&self, column: &str) -> String {
        let text = self.get(column);
        if text.is_empty() {
            self.report(self.at(column, self.codes.missing, "is empty"));
        }
        text.to_owned()
    }

    /// A text, or nothing.
    pub(super) fn optional(&self, column: &str) -> Option<String> {
        Some(self.get(column)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A text that looks like an e-mail address.
    pub(super) fn email(&self, column: &str) -> String {
        self.checked(column, "an e-mail address", |text| is_email(text).then(|| text.to_owned())).unwrap_or_default()
    }

    /// The values separated by `|`.
    pub(super) fn list(&self, column: &str) -> Vec<String> {
        self.get(column).split('|').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// A value that cannot be empty, in a form that `parse` understands.
    pub(super) fn checked<T>(&self, column: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(column);
        let value = parse(&text);
        if value.is_none() && !text.is_empty() {
            self.report(self.at(column, self.codes.kind, format!("`{text}` is not {expected}")));
        }
        value
    }

    /// A day.
    pub(super) fn day(&self, column: &str) -> Option<NaiveDate> {
        self.checked(column, "a day: write it as YYYY-MM-DD", parse_day)
    }

    /// A whole number.
    pub(super) fn whole(&self, column: &str) -> Option<i64> {
        self.checked(column, "a whole number", |text| text.parse().ok())
    }

    /// An amount with at most ten decimal places.
    pub(super) fn decimal(&self, column: &str) -> Option<Decimal> {
        self.checked(column, "a number with at most 10 decimal places", |text| {
            text.parse::<Decimal>().ok().filter(|number| number.normalize().scale() <= 10)
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, column: &str) -> Option<bool> {
        self.checked(column, "true or false", |text| text.to_ascii_lowercase().parse().ok())
    }

    /// One word of a closed vocabulary.
    pub(super) fn word<W: Word>(&self, column: &str) -> Option<W> {
        let text = self.text(column);
        let word = W::parse(&text);
        if word.is_none() && !text.is_empty() {
            let found = self.at(column, self.codes.value, format!("cannot be `{text}`"));
            self.report(found.suggest(&text, W::known()));
        }
        word
    }
}

/// Parses `YYYY-MM-DD` and nothing looser.
pub(super) fn parse_day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| day.to_string() == text)
}

/// Splits RFC 4180 text into records of trimmed cells; an error is a place and what is wrong there.
fn split(text: &str) -> Result<Vec<Vec<Cell>>, (usize, &'static str)> {
    let bytes = text.as_bytes();
    let (mut records, mut record, mut at) = (Vec::new(), Vec::new(), 0);
    while at < bytes.len() {
        let start = at;
        let value = if bytes[at] == b'"' {
            let (value, end) = quoted(text, at)?;
            at = end;
            value
        } else {
            at += text[at..].find([',', '\n', '\r']).unwrap_or(text.len() - at);
            text[start..at].to_owned()
        };
        record.push(Cell { value: value.trim().to_owned(), span: trimmed(text, start..at) });
        match bytes.get(at) {
            Some(b',') => {
                at += 1;
                if at == bytes.len() || matches!(bytes[at], b'\n' | b'\r') {
                    record.push(Cell { value: String::new(), span: at..at });
                } else {
                    continue;
                }
            }
            Some(b'\n' | b'\r') | None => {}
            Some(_) => return Err((at, "text after a closing quote; a quote inside a cell is written twice")),
        }
        at += if text[at..].starts_with("\r\n") { 2 } else { 1 };
        records.push(std::mem::take(&mut record));
    }
    Ok(records)
}

/// The content of the quoted cell that begins at `start`, and the offset after its closing quote.
fn quoted(text: &str, start: usize) -> Result<(String, usize), (usize, &'static str)> {
    let mut value = String::new();
    let mut at = start + 1;
    while let Some(length) = text[at..].find('"') {
        value.push_str(&text[at..at + length]);
        at += length + 1;
        if !text[at..].starts_with('"') {
            return Ok((value, at));
        }
        value.push('"');
        at += 1;
    }
    Err((start, "a quote is opened and never closed"))
}

/// The part of a span without surrounding blanks.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let start = span.end - text[span.clone()].trim_start().len();
    start..start + text[start..span.end].trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        let records = split(text).expect("splits");
        records.into_iter().map(|record| record.into_iter().map(|cell| cell.value).collect()).collect()
    }

    #[test]
    fn records_follow_rfc_4180() {
        assert_eq!(cells("a, b ,c\r\n1,\"x, \"\"y\"\"\nz\",\n"), [["a", "b", "c"], ["1", "x, \"y\"\nz", ""]]);
        assert_eq!(cells("a,b\n,\n\nc"), [vec!["a", "b"], vec!["", ""], vec![""], vec!["c"]]);
        assert_eq!(split("a,\"b\n"), Err((2, "a quote is opened and never closed")));
        assert!(split("\"a\"b,c").is_err());
    }
}
