//! Charts as SVG text, one file a kind. Colours become classes, so that the page's style decides them in light, dark
//! and print; every chart has a title and a description for those who cannot see it.

mod aging;
mod bars;
mod bullet;
mod canvas;
mod columns;
mod dots;
mod funnel;
mod heat;
mod lines;
mod stacked;
mod timeline;
mod waterfall;

pub(super) use aging::{Queue, aging};
pub(super) use bars::{Bar, Segment, bars};
pub(super) use bullet::{Measure, bullet};
pub(super) use canvas::Caption;
pub(super) use columns::{Month, columns};
pub(super) use dots::{DotRow, dots};
pub(super) use funnel::{Stage, funnel};
pub(super) use heat::{Heat, heat};
pub(super) use lines::{Lines, lines};
pub(super) use stacked::{Stack, stacked};
pub(super) use timeline::{Span, timeline};
pub(super) use waterfall::{Step, waterfall};

use canvas::{BLUE, GREEN, GREY, GROUND, INK, LINE, ORANGE, SOFT};
use plotters::style::RGBColor;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Okabe-Ito hues; class `f1` and on, in this order.
pub(super) const HUES: [RGBColor; 4] = [BLUE, ORANGE, GREEN, GREY];

/// What each colour is called in the style sheet; `f` fills, `s` strokes.
const CLASSES: [(RGBColor, &str); 8] =
    [(BLUE, "1"), (ORANGE, "2"), (GREEN, "3"), (GREY, "4"), (INK, "t"), (SOFT, "o"), (LINE, "l"), (GROUND, "g")];

/// Makes a drawn SVG part of the page: named, described, coloured by class.
fn finish(svg: &str, caption: Caption<'_>) -> String {
    let Caption { id, title, description } = caption;
    let body = svg.find("<svg").map_or(svg, |at| &svg[at..]);
    let inner = body.find('>').map_or("", |at| &body[at + 1..]);
    let view = attribute(body, "viewBox").unwrap_or_default();
    let mut text = format!(
        "<svg role=\"img\" viewBox=\"{view}\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title>\
         <desc id=\"{id}-d\">{}</desc>{inner}",
        escape(title),
        escape(description)
    );
    for (hue, class) in CLASSES {
        let hex = format!("#{:02X}{:02X}{:02X}", hue.0, hue.1, hue.2);
        text = text.replace(&format!("fill=\"{hex}\""), &format!("class=\"f{class}\""));
        text = text.replace(&format!("stroke=\"{hex}\""), &format!("class=\"s{class}\""));
    }
    text.replace("font-family=\"sans-serif\"", "").replace("opacity=\"1\" ", "").replace(" stroke=\"none\"", "")
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let from = tag.find(&format!("{name}=\""))? + name.len() + 2;
    tag[from..].split('"').next()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// How far a value reaches along so many pixels, when the largest takes them all.
fn reach(value: Decimal, largest: Decimal, pixels: i32) -> i32 {
    if largest.is_zero() {
        return 0;
    }
    (value * Decimal::from(pixels) / largest).round().to_i32().unwrap_or_default()
}

/// An amount for the end of a bar: three digits are enough there, the table has all of them.
pub(super) fn brief(amount: Decimal) -> String {
    let size = amount.abs();
    let (unit, letter) = match size {
        s if s >= Decimal::from(1_000_000) => (Decimal::from(1_000_000), " M"),
        s if s >= Decimal::from(1_000) => (Decimal::from(1_000), " k"),
        _ => (Decimal::ONE, ""),
    };
    let scaled = size / unit;
    let places = match scaled {
        _ if letter.is_empty() => 0,
        s if s >= Decimal::ONE_HUNDRED => 0,
        s if s >= Decimal::TEN => 1,
        _ => 2,
    };
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "−" } else { "" };
    format!("{sign}{:.*}{letter}", places, scaled.round_dp(places as u32))
}
