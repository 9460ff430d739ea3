//! Tables of a page, declared: which columns of a published table stand in it, under which headings, in which look.

use super::context::Table;
use super::format::{count, ledger, share, words};
use super::frame::Frame;
use super::pack::{Pack, Sheet};
use crate::base::Result;

/// Rows of a table that a page shows; the others are counted, and stand in the file beside the page.
const SHOWN: usize = 30;

/// How the cells of a column look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// As it is.
    Text,
    /// A word of a table as people read it.
    Words,
    /// Several texts, a bar between them in the table.
    List,
    /// A whole number.
    Count,
    /// A number as it is.
    Number,
    /// An amount in the reporting currency.
    Money,
    /// An amount in the currency that another column names.
    MoneyIn(&'static str),
    /// A share as a percentage.
    Share,
}

/// A column: its heading, its name in the table, its look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column(pub &'static str, pub &'static str, pub Look);

/// A table of a page.
pub(super) struct Listing {
    pub table: &'static str,
    pub caption: &'static str,
    pub columns: &'static [Column],
    /// The columns by which rows are put in order, each rising or falling.
    pub order: &'static [(&'static str, bool)],
    /// Whether counts and amounts are added up below; never what overlaps, or is of several states or currencies.
    pub is_summed: bool,
    /// Shown only to who asks.
    pub is_folded: bool,
}

impl Listing {
    /// The rows the page is about, in order; of many the first.
    pub(super) fn of(&self, pack: &Pack<'_>) -> Result<Sheet> {
        self.sheet(pack, &pack.rows(self.table)?)
    }

    /// The same of some rows.
    pub(super) fn sheet(&self, pack: &Pack<'_>, frame: &Frame) -> Result<Sheet> {
        self.first(SHOWN, pack, frame)
    }

    /// The same of some rows, at most so many.
    pub(super) fn first(&self, most: usize, pack: &Pack<'_>, frame: &Frame) -> Result<Sheet> {
        let frame = &frame.sorted(self.order)?;
        let shown = frame.height().min(most);
        let cells = |row: usize| self.columns.iter().map(|column| column.cell(pack, frame, row)).collect();
        let rows = (0..shown).map(cells).collect::<Result<_>>()?;
        let is_number = |look: Look| !matches!(look, Look::Text | Look::Words | Look::List);
        let headings = self.columns.iter().map(|Column(heading, _, look)| ((*heading).to_owned(), is_number(*look)));
        let total = match self.is_summed && frame.height() > 1 {
            true => Some(self.total(pack, frame)?),
            false => None,
        };
        Ok(Sheet {
            caption: self.caption.to_owned(),
            table: Table { headings: headings.collect(), rows, total, hidden: frame.height() - shown },
            is_folded: self.is_folded,
            cite: pack.cite(self.table),
        })
    }

    fn total(&self, pack: &Pack<'_>, frame: &Frame) -> Result<Vec<String>> {
        let cell = |(at, Column(_, name, look)): (usize, &Column)| match look {
            Look::Count => frame.count(name).map(count),
            Look::Money => Ok(ledger(Some(frame.total(name)?), pack.currency())),
            _ => Ok(if at == 0 { "Total".to_owned() } else { String::new() }),
        };
        self.columns.iter().enumerate().map(cell).collect()
    }
}

impl Column {
    fn cell(&self, pack: &Pack<'_>, frame: &Frame, row: usize) -> Result<String> {
        let Self(_, name, look) = *self;
        let text = || frame.text(name, row);
        Ok(match look {
            Look::Money => ledger(frame.amount(name, row)?, pack.currency()),
            Look::MoneyIn(currency) => ledger(frame.amount(name, row)?, &frame.text(currency, row)?),
            Look::Share => share(frame.amount(name, row)?),
            _ if text()?.is_empty() => "–".to_owned(),
            Look::Text => text()?,
            Look::Words => words(&text()?),
            Look::List => text()?.replace('|', ", "),
            Look::Count => count(frame.int(name, row)?),
            Look::Number => text()?.replace('-', "−"),
        })
    }
}
