//! A table of values on a ramp of one hue, each value in its cell; a blank is not zero.

use plotters::style::RGBColor;

use super::canvas::{BLUE, Caption, Held, INK, SOFT, WIDTH, chart, cut};
use crate::base::Result;

const ROW: i32 = 30;
const HEAD: i32 = 40;
const LEFT: i32 = 150;

/// What is drawn: names of columns and rows, a value and its text in each cell.
pub(in crate::report) struct Heat<'a> {
    pub across: &'a str,
    pub columns: Vec<String>,
    pub rows: Vec<(String, Vec<Option<i64>>)>,
}

/// Draws the table; the length of a bar in the cell says what the number says, so that no colour is needed.
pub(in crate::report) fn heat(caption: Caption<'_>, drawn: &Heat<'_>) -> Result<String> {
    let values = drawn.rows.iter().flat_map(|(_, cells)| cells.iter().flatten());
    let (least, most) = values.fold((i64::MAX, i64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let count = i32::try_from(drawn.columns.len()).unwrap_or(1).max(1);
    let slot = (WIDTH - LEFT - 4) / count;
    let rows = i32::try_from(drawn.rows.len()).unwrap_or_default();
    chart(caption, HEAD + rows * ROW + 4, |canvas| {
        canvas.small(drawn.across, (LEFT, 9), Held::Left, SOFT)?;
        for (n, name) in (0i32..).zip(&drawn.columns) {
            canvas.small(name, (LEFT + n * slot + slot / 2, 28), Held::Middle, INK)?;
        }
        for (r, (name, cells)) in (0i32..).zip(&drawn.rows) {
            let (top, middle) = (HEAD + r * ROW, HEAD + r * ROW + ROW / 2 - 2);
            canvas.text(&cut(name, 20), (LEFT - 10, middle), Held::Right, INK)?;
            for (n, value) in (0i32..).zip(cells) {
                let Some(value) = value else { continue };
                let left = LEFT + n * slot;
                let share = 100 * (value - least) / (most - least).max(1);
                // From a tenth of the hue to half of it: ink stays legible on every cell, in both styles.
                let part = |ground: u8, hue: u8| {
                    let mixed = i64::from(ground) + (i64::from(hue) - i64::from(ground)) * (10 + share * 4 / 10) / 100;
                    u8::try_from(mixed).unwrap_or_default()
                };
                let tint = RGBColor(part(255, BLUE.0), part(255, BLUE.1), part(255, BLUE.2));
                canvas.block((left, top), (left + slot - 2, top + ROW - 3), tint)?;
                canvas.text(&value.to_string(), (left + slot / 2, middle), Held::Middle, RGBColor(20, 20, 20))?;
            }
        }
        Ok(())
    })
}
