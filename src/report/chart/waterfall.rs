//! A waterfall: from one total to another by signed steps, each beginning where the one before ended.

use rust_decimal::Decimal;

use super::canvas::{BLUE, Caption, Held, INK, LINE, ORANGE, SOFT, WIDTH, chart, cut};
use super::{brief, reach};
use crate::base::{Error, Result};

const TOP: i32 = 30;
const HEIGHT: i32 = 210;
const FOOT: i32 = 46;

/// A bar of the waterfall.
pub(in crate::report) struct Step {
    pub label: String,
    /// The total, or what the step adds.
    pub amount: Decimal,
    pub is_total: bool,
}

/// Draws the steps from the left. What costs more is orange, what saves is blue, and both have their sign.
pub(in crate::report) fn waterfall(caption: Caption<'_>, steps: &[Step]) -> Result<String> {
    let mut running = Decimal::ZERO;
    let mut bars = Vec::new();
    for step in steps {
        let (low, high) = match step.is_total {
            true => {
                if running != step.amount && !bars.is_empty() {
                    return Err(Error::internal(format!("a bridge ends at {running}, not at {}", step.amount)));
                }
                running = step.amount;
                (Decimal::ZERO, step.amount)
            }
            false => {
                let before = running;
                running += step.amount;
                (before.min(running), before.max(running))
            }
        };
        bars.push((low, high, running));
    }
    let largest = bars.iter().map(|(_, high, _)| *high).max().unwrap_or_default();
    let y = |amount: Decimal| TOP + HEIGHT - reach(amount, largest, HEIGHT);
    let slot = (WIDTH - 20) / i32::try_from(steps.len()).unwrap_or(1).max(1);
    chart(caption, TOP + HEIGHT + FOOT, |canvas| {
        canvas.line(&[(10, y(Decimal::ZERO)), (WIDTH - 10, y(Decimal::ZERO))], LINE, 1)?;
        for (n, (step, (low, high, after))) in (0i32..).zip(steps.iter().zip(&bars)) {
            let (left, right) = (10 + n * slot + 8, 10 + (n + 1) * slot - 8);
            let hue = match (step.is_total, step.amount.is_sign_negative()) {
                (true, _) => SOFT,
                (false, true) => BLUE,
                (false, false) => ORANGE,
            };
            // A step too small for a block is still a line.
            let (top, bottom) = (y(*high), y(*low).max(y(*high) + 2));
            canvas.block((left, top), (right, bottom), hue)?;
            let plus = if !step.is_total && step.amount > Decimal::ZERO { "+" } else { "" };
            canvas.text(&format!("{plus}{}", brief(step.amount)), ((left + right) / 2, top - 11), Held::Middle, INK)?;
            if n + 1 < i32::try_from(steps.len()).unwrap_or_default() {
                canvas.line(&[(right, y(*after)), (right + 16, y(*after))], SOFT, 1)?;
            }
            let most = usize::try_from(slot / 7).unwrap_or(8).max(6);
            canvas.small(&cut(&step.label, most), ((left + right) / 2, TOP + HEIGHT + 16), Held::Middle, INK)?;
        }
        Ok(())
    })
}
