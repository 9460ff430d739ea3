//! A dot plot: a few values of each row on one scale from zero, told apart by shape as well as colour.

use rust_decimal::Decimal;

use super::canvas::{BLUE, Caption, GREY, Held, INK, LINE, ORANGE, SOFT, WIDTH, chart, cut};
use super::{brief, reach};
use crate::base::Result;

const ROW: i32 = 28;
const LABELS: i32 = 210;
const ENDS: i32 = 70;
const HEAD: i32 = 26;

/// A row: its name, and its values in the order of the names.
pub(in crate::report) struct DotRow {
    pub label: String,
    pub values: [Option<Decimal>; 3],
}

/// Draws the rows; the last value has its figure beside it.
pub(in crate::report) fn dots(caption: Caption<'_>, names: [&str; 3], rows: &[DotRow]) -> Result<String> {
    let largest = rows.iter().flat_map(|row| row.values.iter().flatten()).max().copied().unwrap_or_default();
    let count = i32::try_from(rows.len()).unwrap_or_default();
    let x = |value: Decimal| LABELS + reach(value, largest, WIDTH - LABELS - ENDS);
    chart(caption, HEAD + count * ROW + 4, |canvas| {
        let mark = |n: usize, at: (i32, i32)| match n {
            0 => canvas.block((at.0 - 4, at.1 - 4), (at.0 + 4, at.1 + 4), GREY),
            1 => canvas.ring(at, 5, BLUE),
            _ => canvas.dot(at, 5, ORANGE),
        };
        let mut at = LABELS;
        for (n, name) in names.iter().enumerate() {
            mark(n, (at + 5, 11))?;
            canvas.small(name, (at + 16, 11), Held::Left, SOFT)?;
            at += 36 + i32::try_from(name.chars().count()).unwrap_or_default() * 7;
        }
        for (n, row) in (0i32..).zip(rows) {
            let middle = HEAD + n * ROW + ROW / 2;
            canvas.text(&cut(&row.label, 28), (LABELS - 10, middle), Held::Right, INK)?;
            canvas.line(&[(LABELS, middle), (WIDTH - ENDS, middle)], LINE, 1)?;
            for (kind, value) in row.values.iter().enumerate() {
                if let Some(value) = value {
                    mark(kind, (x(*value), middle))?;
                }
            }
            if let Some(value) = row.values.iter().flatten().max() {
                canvas.small(&brief(*value), (x(*value) + 10, middle), Held::Left, INK)?;
            }
        }
        Ok(())
    })
}
