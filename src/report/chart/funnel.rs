//! A funnel: steps from the top, each as wide as what got so far, with what waits and ended beside it.

use super::canvas::{BLUE, Caption, GREY, Held, INK, LINE, SOFT, WIDTH, chart, cut};
use crate::base::Result;

const ROW: i32 = 42;
const BAR: i32 = 26;
const LABELS: i32 = 150;
const ENDS: i32 = 270;

/// A step: its name, how many got so far, what its end says and what explains it.
pub(in crate::report) struct Stage {
    pub label: String,
    pub count: i64,
    pub end: String,
    pub note: String,
}

/// Draws the steps, all to the scale of the first; the lines between them say how many fell away.
pub(in crate::report) fn funnel(caption: Caption<'_>, stages: &[Stage]) -> Result<String> {
    let largest = stages.iter().map(|s| s.count).max().unwrap_or(0).max(1);
    let width = |count: i64| {
        let scaled = i32::try_from(i64::from(WIDTH - LABELS - ENDS) * count / largest).unwrap_or_default();
        // What is there is seen, however little of the whole it is.
        if count > 0 { scaled.max(2) } else { 0 }
    };
    let middle = LABELS + (WIDTH - LABELS - ENDS) / 2;
    let side = |count: i64| (middle - width(count) / 2, middle - width(count) / 2 + width(count));
    let rows = i32::try_from(stages.len()).unwrap_or_default();
    chart(caption, rows * ROW, |canvas| {
        canvas.line(&[(middle, BAR), (middle, (rows - 1) * ROW + BAR)], LINE, 1)?;
        for (n, stage) in (0i32..).zip(stages) {
            let (top, at) = (n * ROW + 4, n * ROW + 4 + BAR / 2);
            let (left, right) = side(stage.count);
            canvas.text(&cut(&stage.label, 20), (LABELS - 10, at), Held::Right, INK)?;
            canvas.block((left, top), (right, top + BAR), if n == 0 { GREY } else { BLUE })?;
            if let Some(next) = stages.get(usize::try_from(n).unwrap_or_default() + 1) {
                let (below_left, below_right) = side(next.count);
                canvas.line(&[(left, top + BAR), (below_left, top + ROW)], LINE, 1)?;
                canvas.line(&[(right, top + BAR), (below_right, top + ROW)], LINE, 1)?;
            }
            canvas.text(&stage.end, (WIDTH - ENDS + 12, at - 6), Held::Left, INK)?;
            canvas.small(&stage.note, (WIDTH - ENDS + 12, at + 10), Held::Left, SOFT)?;
        }
        Ok(())
    })
}
