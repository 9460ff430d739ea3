//! A line over equal steps from zero, with level lines across and one upright threshold.

use super::canvas::{BLUE, Caption, Held, INK, LINE, ORANGE, SOFT, WIDTH, chart};
use crate::base::Result;

const TOP: i32 = 22;
const HEIGHT: i32 = 190;
const FOOT: i32 = 34;
const LEFT: i32 = 52;
const RIGHT: i32 = 150;

/// What is drawn.
pub(in crate::report) struct Lines<'a> {
    /// The values with the name of their place, from the left.
    pub points: &'a [(String, i64)],
    /// What the line is called, at its end.
    pub name: &'a str,
    /// Levels across: name and value.
    pub levels: &'a [(String, i64)],
    /// A place that decides something: index and name.
    pub threshold: Option<(usize, String)>,
    /// Whether a value holds until the next one, as a step.
    pub is_stepped: bool,
}

/// Draws the line; the axis begins at zero.
pub(in crate::report) fn lines(caption: Caption<'_>, drawn: &Lines<'_>) -> Result<String> {
    let values = drawn.points.iter().chain(drawn.levels).map(|(_, value)| *value);
    let largest = values.max().unwrap_or(0).max(1);
    let y = |value: i64| TOP + HEIGHT - i32::try_from(i64::from(HEIGHT) * value / largest).unwrap_or_default();
    let last = i32::try_from(drawn.points.len()).unwrap_or_default() - 1;
    let x = |n: i32| LEFT + (WIDTH - LEFT - RIGHT) * n / last.max(1);
    chart(caption, TOP + HEIGHT + FOOT, |canvas| {
        canvas.line(&[(LEFT, y(0)), (x(last), y(0))], LINE, 1)?;
        canvas.small("0", (LEFT - 8, y(0)), Held::Right, SOFT)?;
        let mut taken: Vec<i32> = Vec::new();
        let place = |wanted: i32, taken: &mut Vec<i32>| {
            let mut at = wanted;
            while taken.iter().any(|t| (t - at).abs() < 15) {
                at += 3;
            }
            taken.push(at);
            at
        };
        for (name, value) in drawn.levels {
            canvas.line(&[(LEFT, y(*value)), (x(last), y(*value))], SOFT, 1)?;
            let at = place(y(*value), &mut taken);
            canvas.small(&format!("{name} {value}"), (x(last) + 8, at), Held::Left, SOFT)?;
        }
        let mut path = Vec::new();
        for (n, (name, value)) in (0i32..).zip(drawn.points) {
            if let (true, Some((_, before))) = (drawn.is_stepped, path.last().copied()) {
                path.push((x(n), before));
            }
            path.push((x(n), y(*value)));
            let every = (last / 8).max(1);
            if n % every == 0 || last <= 10 {
                canvas.small(name, (x(n), TOP + HEIGHT + 16), Held::Middle, SOFT)?;
            }
        }
        if let Some((n, name)) = &drawn.threshold {
            let at = x(i32::try_from(*n).unwrap_or_default());
            canvas.dashed((at, TOP - 8), (at, y(0)), ORANGE)?;
            canvas.small(name, (at + 6, TOP - 10), Held::Left, INK)?;
        }
        canvas.line(&path, BLUE, 2)?;
        if let Some((end, (_, value))) = path.last().zip(drawn.points.last()) {
            canvas.dot(*end, 4, BLUE)?;
            let at = place(end.1, &mut taken);
            canvas.small(&format!("{} {value}", drawn.name), (end.0 + 8, at), Held::Left, INK)?;
        }
        Ok(())
    })
}
