//! What every chart draws with: blocks, lines and text on an SVG area, in the colours of the page.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::finish;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

/// Okabe-Ito's blue.
pub(in crate::report) const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Okabe-Ito's orange.
pub(in crate::report) const ORANGE: RGBColor = RGBColor(230, 159, 0);
/// Okabe-Ito's green.
pub(in crate::report) const GREEN: RGBColor = RGBColor(0, 158, 115);
/// What recedes.
pub(in crate::report) const GREY: RGBColor = RGBColor(148, 148, 148);
/// Text, and what must be seen first.
pub(in crate::report) const INK: RGBColor = RGBColor(0, 0, 0);
/// Text that explains.
pub(in crate::report) const SOFT: RGBColor = RGBColor(91, 100, 112);
/// Hairlines.
pub(in crate::report) const LINE: RGBColor = RGBColor(216, 221, 227);
/// The ground of the page.
pub(in crate::report) const GROUND: RGBColor = RGBColor(255, 255, 255);

/// The width of every chart; the page scales it.
pub(in crate::report) const WIDTH: i32 = 760;

/// What a chart is called, for those who see it and for those who do not.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Caption<'a> {
    /// Its anchor, unique on the page.
    pub id: &'a str,
    /// Its message.
    pub title: &'a str,
    /// What it shows.
    pub description: &'a str,
}

/// Where a text is held.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) enum Held {
    /// At its left end.
    Left,
    /// In the middle.
    Middle,
    /// At its right end.
    Right,
}

/// An area that is drawn on.
pub(in crate::report) struct Canvas<'a, 'b> {
    area: &'b DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a chart of a height.
pub(in crate::report) fn chart(
    caption: Caption<'_>,
    height: i32,
    draw: impl FnOnce(&Canvas<'_, '_>) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&Canvas { area: &area })?;
        area.present().map_err(|e| e.to_string()).context(ErrorKind::Internal, "a chart")?;
    }
    Ok(finish(&svg, caption))
}

impl Canvas<'_, '_> {
    fn done<E: std::fmt::Display>(drawn: std::result::Result<(), E>) -> Result<()> {
        drawn.map_err(|e| e.to_string()).context(ErrorKind::Internal, "a chart")
    }

    /// A filled block between two corners; nothing when it has no extent.
    pub(in crate::report) fn block(&self, from: (i32, i32), to: (i32, i32), hue: RGBColor) -> Result<()> {
        if from.0 == to.0 || from.1 == to.1 {
            return Ok(());
        }
        Self::done(self.area.draw(&Rectangle::new([from, to], hue.filled())))
    }

    /// An outlined block: planned, not yet so.
    pub(in crate::report) fn outline(&self, from: (i32, i32), to: (i32, i32), hue: RGBColor) -> Result<()> {
        Self::done(self.area.draw(&Rectangle::new([from, to], hue.stroke_width(1))))
    }

    /// A hatched block: expected, not measured. Slanted lines, clipped to the block.
    pub(in crate::report) fn hatched(&self, from: (i32, i32), to: (i32, i32), hue: RGBColor) -> Result<()> {
        let ((left, right), (top, bottom)) =
            ((from.0.min(to.0), from.0.max(to.0)), (from.1.min(to.1), from.1.max(to.1)));
        let height = bottom - top;
        for start in (left - height..right).step_by(4) {
            let (x0, x1) = (start.max(left), (start + height).min(right));
            if x1 > x0 {
                self.line(&[(x0, bottom - (x0 - start)), (x1, bottom - (x1 - start))], hue, 1)?;
            }
        }
        self.outline((left, top), (right, bottom), hue)
    }

    /// A line through points.
    pub(in crate::report) fn line(&self, points: &[(i32, i32)], hue: RGBColor, width: u32) -> Result<()> {
        Self::done(self.area.draw(&PathElement::new(points.to_vec(), hue.stroke_width(width))))
    }

    /// A dashed line from one point straight to another.
    pub(in crate::report) fn dashed(&self, from: (i32, i32), to: (i32, i32), hue: RGBColor) -> Result<()> {
        let steps = ((to.0 - from.0).abs().max((to.1 - from.1).abs()) / 4).max(1);
        let at = |n: i32| (from.0 + (to.0 - from.0) * n / steps, from.1 + (to.1 - from.1) * n / steps);
        for n in (0..steps).step_by(2) {
            self.line(&[at(n), at((n + 1).min(steps))], hue, 2)?;
        }
        Ok(())
    }

    /// A dot.
    pub(in crate::report) fn dot(&self, at: (i32, i32), radius: i32, hue: RGBColor) -> Result<()> {
        Self::done(self.area.draw(&Circle::new(at, radius, hue.filled())))
    }

    /// A ring: the same place, another thing.
    pub(in crate::report) fn ring(&self, at: (i32, i32), radius: i32, hue: RGBColor) -> Result<()> {
        Self::done(self.area.draw(&Circle::new(at, radius, hue.stroke_width(2))))
    }

    /// A text, its middle at this height.
    pub(in crate::report) fn text(&self, text: &str, at: (i32, i32), held: Held, hue: RGBColor) -> Result<()> {
        self.sized(text, at, held, hue, 13)
    }

    /// A small text.
    pub(in crate::report) fn small(&self, text: &str, at: (i32, i32), held: Held, hue: RGBColor) -> Result<()> {
        self.sized(text, at, held, hue, 11)
    }

    fn sized(&self, text: &str, at: (i32, i32), held: Held, hue: RGBColor, size: u32) -> Result<()> {
        let anchor = match held {
            Held::Left => HPos::Left,
            Held::Middle => HPos::Center,
            Held::Right => HPos::Right,
        };
        let style = ("sans-serif", size).into_text_style(self.area).color(&hue).pos(Pos::new(anchor, VPos::Center));
        Self::done(self.area.draw_text(text, &style, at))
    }
}

/// A label that fits its area; the whole text stands in the table beside the chart.
pub(in crate::report) fn cut(label: &str, most: usize) -> String {
    if label.chars().count() <= most {
        return label.to_owned();
    }
    label.chars().take(most - 1).chain(['…']).collect()
}
