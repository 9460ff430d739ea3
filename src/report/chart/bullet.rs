//! Horizontal measures on one scale from zero, with one target line across them.

use rust_decimal::Decimal;

use super::canvas::{BLUE, Caption, GREY, Held, INK, LINE, ORANGE, WIDTH, chart, cut};
use super::{brief, reach};
use crate::base::Result;

const ROW: i32 = 30;
const LABELS: i32 = 210;
const ENDS: i32 = 90;
const FOOT: i32 = 26;

/// A bar.
pub(in crate::report) struct Measure {
    pub label: String,
    pub amount: Decimal,
    /// What the page recommends.
    pub is_proposed: bool,
}

/// Draws the measures; the target, where there is one, as a dashed line with its name.
pub(in crate::report) fn bullet(
    caption: Caption<'_>,
    measures: &[Measure],
    target: Option<(&str, Decimal)>,
) -> Result<String> {
    let largest = measures.iter().map(|m| m.amount).chain(target.map(|t| t.1)).max().unwrap_or_default();
    let rows = i32::try_from(measures.len()).unwrap_or_default();
    let x = |amount: Decimal| LABELS + reach(amount.max(Decimal::ZERO), largest, WIDTH - LABELS - ENDS);
    chart(caption, rows * ROW + FOOT, |canvas| {
        canvas.line(&[(LABELS, 2), (LABELS, rows * ROW + 2)], LINE, 1)?;
        for (n, measure) in (0i32..).zip(measures) {
            let (top, middle) = (n * ROW + 6, n * ROW + ROW / 2 + 2);
            let hue = if measure.is_proposed { BLUE } else { GREY };
            canvas.text(&cut(&measure.label, 30), (LABELS - 8, middle), Held::Right, INK)?;
            canvas.block((LABELS, top), (x(measure.amount), top + ROW - 10), hue)?;
            canvas.text(&brief(measure.amount), (WIDTH - 8, middle), Held::Right, INK)?;
        }
        if let Some((name, amount)) = target {
            canvas.dashed((x(amount), 0), (x(amount), rows * ROW + 6), ORANGE)?;
            let label = format!("{name} {}", brief(amount));
            canvas.small(&label, (x(amount), rows * ROW + 16), Held::Middle, INK)?;
        }
        Ok(())
    })
}
