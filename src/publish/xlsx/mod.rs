//! Workbooks, written part by part: no spreadsheet library of the tree leaves the features of the others alone, and what a
//! flat workbook needs is small. Text is only ever text, never a formula; the same cells give the same bytes.

mod parts;
mod zip;

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::base::{AsOf, Result};

/// How a cell is shown; the number is its place in `styles.xml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain = 0,
    Head = 1,
    Count = 2,
    Amount = 3,
    Day = 4,
    Percent = 5,
    Title = 6,
    Rate = 7,
    Note = 8,
    Total = 9,
    Input = 10,
}

/// A cell.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Blank,
    /// No value, but a look.
    Bare(Style),
    Text(String, Style),
    Number(Decimal, Style),
    Day(NaiveDate),
    Flag(bool),
    /// A formula and the number it gives.
    Formula(String, Decimal, Style),
    /// A formula and the text it gives.
    Says(String, String, Style),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into(), Style::Plain)
    }
}

/// A sheet: rows of cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheet {
    /// At most 31 characters, none of `[]:*?/\`.
    pub name: String,
    /// Width of each column, in characters.
    pub widths: Vec<usize>,
    pub rows: Vec<Vec<Cell>>,
    /// Rows and columns that stay while the others scroll.
    pub frozen: (usize, usize),
    /// The name of the table that the sheet is from its first row on.
    pub table: Option<String>,
    /// Six hex digits.
    pub tab: &'static str,
    /// Whether cells cannot be changed by mistake.
    pub is_protected: bool,
    /// A cell that takes one of some words only, and the words with commas between them.
    pub choice: Option<(&'static str, &'static str)>,
}

/// A workbook.
pub(super) struct Book {
    pub title: String,
    pub as_of: AsOf,
    /// What stands at the foot of every printed page, and in the properties.
    pub run_id: String,
    /// Properties beside the usual ones.
    pub properties: Vec<(&'static str, String)>,
    pub sheets: Vec<Sheet>,
}

/// The name of a column: A, B, .., Z, AA.
pub(super) fn column(mut at: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'A' + u8::try_from(at % 26).unwrap_or_default()));
        match (at / 26).checked_sub(1) {
            Some(rest) => at = rest,
            None => return name,
        }
    }
}

/// Texts, each once.
#[derive(Default)]
struct Strings {
    places: HashMap<String, usize>,
    all: Vec<String>,
}

impl Strings {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        self.places.insert(text.to_owned(), self.all.len());
        self.all.push(text.to_owned());
        self.all.len() - 1
    }
}

impl Book {
    /// The bytes of the workbook.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut strings = Strings::default();
        let mut sheets = Vec::new();
        let mut tables = 0;
        for (n, sheet) in (1..).zip(&self.sheets) {
            let is_table = sheet.table.is_some() && sheet.rows.len() > 1;
            sheets.push((
                format!("xl/worksheets/sheet{n}.xml"),
                parts::sheet(sheet, &self.run_id, is_table, &mut strings),
            ));
            if is_table {
                tables += 1;
                sheets.push((format!("xl/worksheets/_rels/sheet{n}.xml.rels"), parts::sheet_relations(tables)));
                sheets.push((format!("xl/tables/table{tables}.xml"), parts::table(sheet, tables)));
            }
        }
        let mut all = vec![
            ("[Content_Types].xml".to_owned(), parts::content_types(self.sheets.len(), tables)),
            ("_rels/.rels".to_owned(), parts::relations()),
            ("docProps/core.xml".to_owned(), parts::core(self)),
            ("docProps/app.xml".to_owned(), parts::app()),
            ("docProps/custom.xml".to_owned(), parts::custom(self)),
            ("xl/workbook.xml".to_owned(), parts::workbook(self)),
            ("xl/_rels/workbook.xml.rels".to_owned(), parts::workbook_relations(self.sheets.len())),
            ("xl/styles.xml".to_owned(), parts::STYLES.to_owned()),
            ("xl/sharedStrings.xml".to_owned(), parts::strings(&strings.all)),
        ];
        all.append(&mut sheets);
        let bytes: Vec<(String, Vec<u8>)> = all.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
        zip::pack(&bytes, self.as_of.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_spreadsheets_do() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(column), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn text_stays_text_whatever_it_begins_with() {
        let sheet = Sheet {
            name: "Data".into(),
            rows: vec![vec![Cell::text("=cmd|' /C calc'!A0"), Cell::Number(Decimal::new(-125_000, 4), Style::Amount)]],
            ..Sheet::default()
        };
        let mut strings = Strings::default();
        let xml = parts::sheet(&sheet, "run", false, &mut strings);
        assert!(xml.contains("<c r=\"A1\" s=\"0\" t=\"s\"><v>0</v></c><c r=\"B1\" s=\"3\"><v>-12.5</v></c>"), "{xml}");
        assert!(!xml.contains("<f>"));
        assert_eq!(strings.all, ["=cmd|' /C calc'!A0"]);
    }
}
