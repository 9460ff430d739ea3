//! Months as columns: actual solid, forecast hatched on top of it, the plan a line across both.

use rust_decimal::Decimal;

use super::canvas::{BLUE, Caption, Held, INK, LINE, ORANGE, SOFT, WIDTH, chart};
use super::{brief, reach};
use crate::base::Result;

const TOP: i32 = 30;
const HEIGHT: i32 = 170;
const FOOT: i32 = 26;
const LEFT: i32 = 56;

/// A month: what was, what is expected beside it, what was planned.
pub(in crate::report) struct Month {
    pub label: String,
    pub actual: Option<Decimal>,
    pub forecast: Option<Decimal>,
    pub plan: Option<Decimal>,
}

/// Draws the months from the left, from zero.
pub(in crate::report) fn columns(caption: Caption<'_>, months: &[Month]) -> Result<String> {
    let height =
        |m: &Month| (m.actual.unwrap_or_default() + m.forecast.unwrap_or_default()).max(m.plan.unwrap_or_default());
    let largest = months.iter().map(height).max().unwrap_or_default();
    let count = i32::try_from(months.len()).unwrap_or(1).max(1);
    let slot = (WIDTH - LEFT - 10) / count;
    let base = TOP + HEIGHT;
    let up = |amount: Decimal| reach(amount.max(Decimal::ZERO), largest, HEIGHT);
    chart(caption, TOP + HEIGHT + FOOT, |canvas| {
        for (n, (name, kind)) in (0i32..).zip([("actual", 0), ("forecast", 1), ("budget", 2)]) {
            let from = (LEFT + n * 110, 6);
            let to = (from.0 + 12, 16);
            match kind {
                0 => canvas.block(from, to, BLUE)?,
                1 => canvas.hatched(from, to, BLUE)?,
                _ => canvas.line(&[(from.0, 11), (to.0, 11)], ORANGE, 2)?,
            }
            canvas.small(name, (to.0 + 6, 11), Held::Left, SOFT)?;
        }
        canvas.line(&[(LEFT, base), (WIDTH - 10, base)], LINE, 1)?;
        canvas.small("0", (LEFT - 8, base), Held::Right, SOFT)?;
        canvas.small(&brief(largest), (LEFT - 8, TOP), Held::Right, SOFT)?;
        for (n, month) in (0i32..).zip(months) {
            let (left, right) = (LEFT + n * slot + 4, LEFT + (n + 1) * slot - 3);
            let solid = up(month.actual.unwrap_or_default());
            let whole = up(month.actual.unwrap_or_default() + month.forecast.unwrap_or_default());
            canvas.block((left, base - solid), (right, base), BLUE)?;
            if whole > solid {
                canvas.hatched((left, base - whole), (right, base - solid), BLUE)?;
            }
            if let Some(plan) = month.plan {
                canvas.line(&[(left - 2, base - up(plan)), (right + 2, base - up(plan))], ORANGE, 2)?;
            }
            if n % 2 == 0 {
                canvas.small(&month.label, ((left + right) / 2, base + 14), Held::Middle, INK)?;
            }
        }
        Ok(())
    })
}
