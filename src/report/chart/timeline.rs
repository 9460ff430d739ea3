//! Days on one axis: a row a thing, from its deadline to its end, with marks on it.

use super::canvas::{BLUE, Caption, GREY, Held, INK, LINE, ORANGE, SOFT, WIDTH, chart, cut};
use crate::base::Result;

const ROW: i32 = 28;
const LABELS: i32 = 220;
const ENDS: i32 = 120;
const HEAD: i32 = 26;

/// A row: a deadline and the day after which it is of no use, counted in days from today.
pub(in crate::report) struct Span {
    pub label: String,
    /// The deadline; none: nobody knows.
    pub deadline: Option<i64>,
    /// The end.
    pub end: i64,
    /// What stands at the end.
    pub note: String,
    /// Whether the deadline is near or past: a ring around it, beside the colour.
    pub is_urgent: bool,
}

/// Draws the spans over so many days from today on; what lies beyond is cut with an arrow.
pub(in crate::report) fn timeline(caption: Caption<'_>, days: i64, spans: &[Span]) -> Result<String> {
    let plot = i64::from(WIDTH - LABELS - ENDS);
    let x = |day: i64| LABELS + i32::try_from(day.clamp(0, days) * plot / days.max(1)).unwrap_or_default();
    let rows = i32::try_from(spans.len()).unwrap_or_default();
    chart(caption, HEAD + rows * ROW + 6, |canvas| {
        let marks = [0, 30, 60, 90, 120, 150, 180, 270, 365];
        let mut last = -60;
        for day in marks.into_iter().filter(|day| *day <= days) {
            canvas.line(&[(x(day), HEAD - 6), (x(day), HEAD + rows * ROW)], LINE, 1)?;
            let name = if day == 0 { "today".to_owned() } else { format!("+{day} d") };
            if x(day) - last >= 44 {
                canvas.small(&name, (x(day), 10), Held::Middle, SOFT)?;
                last = x(day);
            }
        }
        for (n, span) in (0i32..).zip(spans) {
            let middle = HEAD + n * ROW + ROW / 2;
            canvas.text(&cut(&span.label, 30), (LABELS - 14, middle), Held::Right, INK)?;
            let from = span.deadline.unwrap_or(0);
            canvas.line(&[(x(from), middle), (x(span.end), middle)], GREY, 4)?;
            if span.end <= days {
                canvas.block((x(span.end) - 3, middle - 7), (x(span.end) + 3, middle + 7), SOFT)?;
            } else {
                let tip = x(days);
                canvas.line(&[(tip - 6, middle - 5), (tip, middle), (tip - 6, middle + 5)], GREY, 2)?;
            }
            if let Some(deadline) = span.deadline.filter(|day| *day <= days) {
                canvas.dot((x(deadline), middle), 6, if span.is_urgent { ORANGE } else { BLUE })?;
                if span.is_urgent {
                    canvas.ring((x(deadline), middle), 10, ORANGE)?;
                }
            }
            canvas.small(&span.note, (LABELS + (WIDTH - LABELS - ENDS) + 10, middle), Held::Left, INK)?;
        }
        Ok(())
    })
}
