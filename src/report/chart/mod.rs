//! Charts as SVG text, one file a kind. Colours become classes, so that the page's style decides them in light, dark
//! and print; every chart has a title and a description for those who cannot see it.

mod bars;

pub(super) use bars::{Bar, Segment, bars};

use plotters::style::RGBColor;

/// Okabe-Ito hues; class `f1` and on, in this order.
pub(super) const HUES: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(230, 159, 0), RGBColor(0, 158, 115), RGBColor(148, 148, 148)];

/// Makes a drawn SVG part of the page: named, described, coloured by class.
fn finish(svg: &str, id: &str, title: &str, description: &str) -> String {
    let body = svg.find("<svg").map_or(svg, |at| &svg[at..]);
    let inner = body.find('>').map_or("", |at| &body[at + 1..]);
    let view = attribute(body, "viewBox").unwrap_or_default();
    let mut text = format!(
        "<svg role=\"img\" viewBox=\"{view}\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title>\
         <desc id=\"{id}-d\">{}</desc>{inner}",
        escape(title),
        escape(description)
    );
    for (at, hue) in HUES.iter().enumerate() {
        let hex = format!("#{:02X}{:02X}{:02X}", hue.0, hue.1, hue.2);
        text = text.replace(&format!("fill=\"{hex}\""), &format!("class=\"f{}\"", at + 1));
    }
    text.replace("fill=\"#000000\"", "class=\"ft\"").replace("font-family=\"sans-serif\"", "")
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let from = tag.find(&format!("{name}=\""))? + name.len() + 2;
    tag[from..].split('"').next()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
