//! Ages: how many wait in each row, from the youngest at the left to the oldest, the older the darker.

use plotters::style::RGBColor;

use super::canvas::{BLUE, Caption, Held, INK, SOFT, WIDTH, chart, cut};
use crate::base::Result;
use crate::base::money::thousands;

const ROW: i32 = 34;
const LABELS: i32 = 190;
const ENDS: i32 = 190;
const HEAD: i32 = 26;
/// Ink on every tint, in both styles of the page.
const ON_TINT: RGBColor = RGBColor(20, 20, 20);

/// What waits: for what, how many of each age, what stands at the end.
pub(in crate::report) struct Queue {
    pub label: String,
    pub counts: Vec<i64>,
    pub end: String,
}

/// Draws the queues to one scale from zero; an age with room for it has its count in it.
pub(in crate::report) fn aging(caption: Caption<'_>, ages: &[&str], queues: &[Queue]) -> Result<String> {
    let longest = queues.iter().map(|q| q.counts.iter().sum::<i64>()).max().unwrap_or(0).max(1);
    let steps = ages.len().max(2) - 1;
    // From an eighth of the hue to five eighths: the next age is always darker, and ink stays legible.
    let tint = |age: usize| {
        let share = 12 + i64::try_from(50 * age / steps).unwrap_or_default();
        let part = |hue: u8| u8::try_from(255 + (i64::from(hue) - 255) * share / 100).unwrap_or_default();
        RGBColor(part(BLUE.0), part(BLUE.1), part(BLUE.2))
    };
    let rows = i32::try_from(queues.len()).unwrap_or_default();
    chart(caption, HEAD + rows * ROW + 4, |canvas| {
        let mut at = LABELS;
        for (age, name) in ages.iter().enumerate() {
            canvas.block((at, 5), (at + 12, 17), tint(age))?;
            canvas.small(name, (at + 17, 11), Held::Left, SOFT)?;
            at += 36 + i32::try_from(name.chars().count()).unwrap_or_default() * 7;
        }
        for (n, queue) in (0i32..).zip(queues) {
            let (top, middle) = (HEAD + n * ROW + 4, HEAD + n * ROW + ROW / 2 - 1);
            canvas.text(&cut(&queue.label, 26), (LABELS - 8, middle), Held::Right, INK)?;
            let x = |count: i64| {
                LABELS + i32::try_from(i64::from(WIDTH - LABELS - ENDS) * count / longest).unwrap_or_default()
            };
            let mut sum = 0;
            for (age, count) in queue.counts.iter().enumerate() {
                let (from, to) = (x(sum), x(sum + count));
                sum += count;
                // One pixel of ground between neighbours; one person waiting is seen too.
                let to = if *count > 0 { (to - 1).max(from + 1) } else { from };
                canvas.block((from, top), (to, top + ROW - 10), tint(age))?;
                let text = thousands(&count.to_string());
                if to - from > 8 + 7 * i32::try_from(text.len()).unwrap_or_default() {
                    canvas.small(&text, ((from + to) / 2, middle), Held::Middle, ON_TINT)?;
                }
            }
            canvas.text(&queue.end, (x(sum) + 8, middle), Held::Left, INK)?;
        }
        Ok(())
    })
}
