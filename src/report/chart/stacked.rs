//! Bars of one hundred percent: how the parts of several wholes compare.

use super::HUES;
use super::canvas::{Caption, GROUND, Held, INK, SOFT, WIDTH, chart, cut};
use crate::base::Result;

const ROW: i32 = 34;
const LABELS: i32 = 190;
const ENDS: i32 = 80;
const HEAD: i32 = 24;

/// A whole and its parts, in the order of the legend.
pub(in crate::report) struct Stack {
    pub label: String,
    pub parts: Vec<i64>,
    pub end: String,
}

/// Draws the stacks; a part of six percent or more has its count in it, and the first row is headed by the names.
pub(in crate::report) fn stacked(caption: Caption<'_>, names: &[&str], stacks: &[Stack]) -> Result<String> {
    let rows = i32::try_from(stacks.len()).unwrap_or_default();
    let plot = i64::from(WIDTH - LABELS - ENDS);
    chart(caption, HEAD + rows * ROW + 4, |canvas| {
        let mut at = LABELS;
        for (n, name) in names.iter().enumerate() {
            canvas.block((at, 6), (at + 10, 16), HUES[n % HUES.len()])?;
            canvas.small(name, (at + 15, 11), Held::Left, SOFT)?;
            at += 30 + i32::try_from(name.chars().count()).unwrap_or_default() * 7;
        }
        for (n, stack) in (0i32..).zip(stacks) {
            let (top, middle) = (HEAD + n * ROW + 4, HEAD + n * ROW + ROW / 2);
            let whole = stack.parts.iter().sum::<i64>().max(1);
            canvas.text(&cut(&stack.label, 26), (LABELS - 8, middle), Held::Right, INK)?;
            let mut sum = 0;
            for (part, hue) in stack.parts.iter().zip(HUES.iter().cycle()) {
                let x = |seats: i64| LABELS + i32::try_from(plot * seats / whole).unwrap_or_default();
                let (from, to) = (x(sum), x(sum + part));
                sum += part;
                // One pixel of ground between neighbours.
                canvas.block((from, top), ((to - 1).max(from), top + ROW - 10), *hue)?;
                if part * 100 >= whole * 6 {
                    canvas.small(&part.to_string(), ((from + to) / 2, middle), Held::Middle, GROUND)?;
                }
            }
            canvas.text(&stack.end, (LABELS + i32::try_from(plot).unwrap_or_default() + 8, middle), Held::Left, INK)?;
        }
        Ok(())
    })
}
