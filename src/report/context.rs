//! What the template prints: every cell formatted, every title a sentence.

use serde::Serialize;

/// The whole page.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The project's name.
    pub tenant: String,
    /// The as-of date.
    pub as_of: String,
    /// One line each about currency, rates, run, policies, snapshot.
    pub facts: Vec<(String, String)>,
    /// A line across the page when no policy acts yet.
    pub banner: Option<String>,
    /// The figures at the top.
    pub tiles: Vec<Tile>,
    /// The sections, in order.
    pub sections: Vec<Section>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub struct Tile {
    /// What it counts.
    pub label: String,
    /// The figure.
    pub value: String,
    /// Its basis.
    pub note: String,
}

/// One message, its chart and its table.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The anchor.
    pub id: &'static str,
    /// The message, as a sentence.
    pub title: String,
    /// Units and basis.
    pub subtitle: String,
    /// A finished `<svg>`.
    pub chart: Option<String>,
    /// The rows behind it.
    pub table: Table,
    /// What the numbers leave out.
    pub note: Option<String>,
    /// The published table the rows come from.
    pub source: &'static str,
}

/// A table of formatted cells.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// The headings, and whether a column holds numbers.
    pub headings: Vec<(String, bool)>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
    /// Sums over all rows, also those not shown.
    pub total: Option<Vec<String>>,
    /// Rows that are not shown.
    pub hidden: usize,
}
