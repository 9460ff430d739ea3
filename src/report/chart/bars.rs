//! Ranked horizontal bars of one or more segments, labelled at their end.

use super::HUES;
use super::canvas::{Caption, Held, INK, WIDTH, chart, cut};
use crate::base::Result;

const ROW: i32 = 26;
const LABELS: i32 = 190;
const ENDS: i32 = 190;

/// One bar: its name, its segments from the left, what stands at its end.
pub(in crate::report) struct Bar {
    pub label: String,
    pub segments: Vec<Segment>,
    pub end: String,
}

/// A part of a bar: its length in the chart's unit and its hue, an index into [`HUES`].
pub(in crate::report) struct Segment {
    pub length: i64,
    pub hue: usize,
}

/// Draws the bars from the top, all to one scale from zero.
pub(in crate::report) fn bars(caption: Caption<'_>, bars: &[Bar]) -> Result<String> {
    let longest =
        bars.iter().map(|b| b.segments.iter().map(|s| s.length.max(0)).sum::<i64>()).max().unwrap_or(0).max(1);
    let height = i32::try_from(bars.len()).unwrap_or_default() * ROW + 8;
    chart(caption, height, |canvas| {
        for (at, bar) in (0i32..).zip(bars) {
            let (top, middle) = (at * ROW + 7, at * ROW + ROW / 2 + 4);
            canvas.text(&cut(&bar.label, 26), (LABELS - 8, middle), Held::Right, INK)?;
            let mut from = LABELS;
            for segment in &bar.segments {
                let scaled = i64::from(WIDTH - LABELS - ENDS) * segment.length.max(0) / longest;
                let to = from + i32::try_from(scaled).unwrap_or_default();
                if to > from {
                    // One pixel of ground between neighbours.
                    canvas.block((from, top), ((to - 1).max(from), top + ROW - 8), HUES[segment.hue % HUES.len()])?;
                }
                from = to;
            }
            canvas.text(&bar.end, (from + 6, middle), Held::Left, INK)?;
        }
        Ok(())
    })
}
