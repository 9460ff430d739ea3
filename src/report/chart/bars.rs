//! Ranked horizontal bars of one or more segments, labelled at their end.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{HUES, finish};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

const WIDTH: i32 = 760;
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
pub(in crate::report) fn bars(id: &str, title: &str, description: &str, bars: &[Bar]) -> Result<String> {
    let longest =
        bars.iter().map(|b| b.segments.iter().map(|s| s.length.max(0)).sum::<i64>()).max().unwrap_or(0).max(1);
    let height = i32::try_from(bars.len()).unwrap_or_default() * ROW + 8;
    let mut svg = String::new();
    {
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let draw = |element: Result<(), _>| element.context(ErrorKind::Internal, "a chart");
        let text =
            |anchor: HPos| ("sans-serif", 13).into_text_style(&area).color(&BLACK).pos(Pos::new(anchor, VPos::Center));
        for (at, bar) in (0i32..).zip(bars) {
            let (top, middle) = (at * ROW + 7, at * ROW + ROW / 2 + 4);
            draw(
                area.draw_text(&cut(&bar.label, 26), &text(HPos::Right), (LABELS - 8, middle))
                    .map_err(|e| e.to_string()),
            )?;
            let mut from = LABELS;
            for segment in &bar.segments {
                let scaled = i64::from(WIDTH - LABELS - ENDS) * segment.length.max(0) / longest;
                let to = from + i32::try_from(scaled).unwrap_or_default();
                if to > from {
                    let hue = HUES[segment.hue % HUES.len()].filled();
                    // One pixel of ground between neighbours.
                    let block = Rectangle::new([(from, top), ((to - 1).max(from), top + ROW - 8)], hue);
                    draw(area.draw(&block).map_err(|e| e.to_string()))?;
                }
                from = to;
            }
            draw(area.draw_text(&bar.end, &text(HPos::Left), (from + 6, middle)).map_err(|e| e.to_string()))?;
        }
        area.present().map_err(|e| e.to_string()).context(ErrorKind::Internal, "a chart")?;
    }
    Ok(finish(&svg, id, title, description))
}

/// A label that fits its area; the whole text stands in the table beside the chart.
fn cut(label: &str, most: usize) -> String {
    if label.chars().count() <= most {
        return label.to_owned();
    }
    label.chars().take(most - 1).chain(['…']).collect()
}
