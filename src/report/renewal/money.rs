//! What a renewal costs: the bridge, the months, the seat, the cost center, the currency.

use rust_decimal::Decimal;

use super::Pack;
use crate::base::Result;
use crate::report::chart::{Bar, Caption, DotRow, Month, Segment, Step, bars, brief, columns, dots, waterfall};
use crate::report::format::{count, ledger, share, words};
use crate::report::frame::Frame;
use crate::report::pack::{Figure, Part, Sheet, table};

/// The steps as the page names them.
const STEPS: &[(&str, &str)] = &[
    ("current", "Today"),
    ("price", "Price"),
    ("unused_seats", "Unused seats"),
    ("tier_downgrades", "Downgrades"),
    ("joiners", "Joiners"),
    ("true_up", "True-up"),
    ("term", "Term"),
    ("credits", "Credits"),
    ("fx", "FX"),
    ("proposed", "Proposed"),
];
/// Bars of a waterfall between its two totals; the smallest others share one.
const MOST_STEPS: usize = 5;

pub(super) fn bridge(pack: &Pack<'_>) -> Result<Option<Part>> {
    let frame = pack.rows("marts.renewal_bridge")?;
    let reporting = frame.only("basis", "reporting")?;
    let currency = pack.currency();
    let cite = pack.cite("marts.renewal_bridge");
    let mut part = Part {
        id: "bridge",
        name: "Bridge",
        subtitle: format!(
            "Annual amount in {currency} at {} rates, from today to the next term; orange costs more, blue saves",
            pack.meta.rate_set
        ),
        ..Part::default()
    };
    let base = reporting.only("scenario", "base")?;
    let (from, to) = (step(&base, "current")?, step(&base, "proposed")?);
    part.title = match (from, to) {
        (Some(from), Some(to)) => {
            let (moved, way) = (to - from, if to < from { "falls" } else { "rises" });
            format!(
                "The annual amount {way} by {currency} {}: {}",
                ledger(Some(moved.abs()), currency),
                largest(&base)?
            )
        }
        _ => "No line of this contract converts: the bridge stands in its own currency".into(),
    };
    if from.is_some() {
        part.charts.push(Figure::plain(drawn("bridge-chart", &part.title, &base)?));
        let high = reporting.only("scenario", "high")?;
        if step(&high, "proposed")? != to {
            let title = format!(
                "With every candidate accepted it ends at {currency} {}",
                ledger(step(&high, "proposed")?, currency)
            );
            let svg = drawn("bridge-high-chart", &title, &high)?;
            part.charts.push(Figure { caption: Some(title), svg });
        }
        part.sheets.push(sheet(&reporting, format!("The bridge in {currency}"), currency, cite)?);
    }
    for own in
        frame.only("basis", "contract")?.texts("currency")?.into_iter().filter(|own| own != currency || from.is_none())
    {
        let rows = frame.only("basis", "contract")?.only("currency", &own)?;
        part.sheets.push(sheet(&rows, format!("The same lines in {own}"), &own, cite)?);
    }
    part.notes.push("Price, unused seats, downgrades, true-up and term can be moved by a decision or a negotiation; joiners, lapsing credits and the rate cannot.".into());
    Ok(Some(part))
}

fn step(rows: &Frame, name: &str) -> Result<Option<Decimal>> {
    let row = rows.only("step", name)?;
    if row.height() == 0 { Ok(None) } else { row.total("amount").map(Some) }
}

/// The step that moves most, in words.
fn largest(rows: &Frame) -> Result<String> {
    let mut most = ("nothing moves it", Decimal::ZERO);
    for (key, name) in &STEPS[1..STEPS.len() - 1] {
        let amount = step(rows, key)?.unwrap_or_default();
        if amount.abs() > most.1.abs() {
            most = (name, amount);
        }
    }
    Ok(match most.1.is_zero() {
        true => most.0.into(),
        false => format!("most of it {} {}", most.0.to_lowercase(), brief(most.1)),
    })
}

fn drawn(id: &str, title: &str, rows: &Frame) -> Result<String> {
    let mut moves = Vec::new();
    for (key, name) in &STEPS[1..STEPS.len() - 1] {
        moves.push((*name, step(rows, key)?.unwrap_or_default()));
    }
    let mut sizes: Vec<Decimal> = moves.iter().map(|(_, amount)| amount.abs()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(MOST_STEPS - 1).copied().unwrap_or_default();
    let mut steps =
        vec![Step { label: "Today".into(), amount: step(rows, "current")?.unwrap_or_default(), is_total: true }];
    let mut other = Decimal::ZERO;
    for (name, amount) in moves {
        if amount.is_zero() {
            continue;
        }
        match amount.abs() >= least {
            true => steps.push(Step { label: name.into(), amount, is_total: false }),
            false => other += amount,
        }
    }
    if !other.is_zero() {
        steps.push(Step { label: "Other".into(), amount: other, is_total: false });
    }
    steps.push(Step { label: "Proposed".into(), amount: step(rows, "proposed")?.unwrap_or_default(), is_total: true });
    waterfall(
        Caption { id, title, description: "From the annual amount today by signed steps to the proposed one" },
        &steps,
    )
}

fn sheet(rows: &Frame, caption: String, currency: &str, cite: usize) -> Result<Sheet> {
    let cases = [rows.only("scenario", "low")?, rows.only("scenario", "base")?, rows.only("scenario", "high")?];
    let mut lines = Vec::new();
    let mut total = None;
    for (key, name) in STEPS {
        let mut line = vec![(*name).to_owned()];
        for case in &cases {
            line.push(ledger(step(case, key)?, currency));
        }
        match *key {
            "proposed" => total = Some(line),
            _ => lines.push(line),
        }
    }
    Ok(Sheet {
        caption,
        table: table(&["Step"], &["With growth", "Recommended", "All accepted"], lines, total),
        is_folded: false,
        cite,
    })
}

pub(super) fn months(pack: &Pack<'_>) -> Result<Option<Part>> {
    let frame = pack.rows("marts.renewal_months")?.sorted(&[("month", false)])?;
    let currency = pack.currency();
    let (mut drawn, mut rows, mut material) = (Vec::new(), Vec::new(), 0);
    for row in 0..frame.height() {
        let amount = |column: &str| frame.amount(column, row);
        let variance = amount("variance_amount")?;
        let is_material = frame.flag("is_material", row)?;
        material += usize::from(is_material);
        let sign = match variance {
            Some(v) if v > Decimal::ZERO => "▲ unfavourable",
            Some(v) if v < Decimal::ZERO => "▼ favourable",
            _ => "",
        };
        let month = frame.text("month", row)?;
        drawn.push(Month {
            label: month.get(2..7).unwrap_or_default().to_owned(),
            actual: amount("actual_amount")?,
            forecast: amount("forecast_amount")?,
            plan: amount("budget_amount")?,
        });
        rows.push(vec![
            month.get(..7).unwrap_or_default().to_owned(),
            if is_material { sign.into() } else { String::new() },
            ledger(amount("budget_amount")?, currency),
            ledger(amount("actual_amount")?, currency),
            ledger(amount("forecast_amount")?, currency),
            ledger(variance, currency),
            share(amount("variance_share")?),
            ledger(amount("cash_amount")?, currency),
            ledger(amount("prior_year_amount")?, currency),
        ]);
    }
    if drawn.iter().all(|m| m.actual.is_none() && m.forecast.is_none() && m.plan.is_none()) {
        return Ok(None);
    }
    let title = match material {
        0 => "No month differs from its budget by more than 5%".to_owned(),
        n => format!("{n} of {} months differ from their budget by more than 5%", frame.height()),
    };
    let chart = columns(
        Caption { id: "months-chart", title: &title, description: "Actual, forecast and budget of each month" },
        &drawn,
    )?;
    let cite = pack.cite("marts.renewal_months");
    Ok(Some(Part {
        id: "months",
        name: "Budget",
        title,
        subtitle: format!("{currency}, accrued day by day over what invoices pay for; cash is the day they fall due"),
        charts: vec![Figure::plain(chart)],
        sheets: vec![Sheet {
            caption: "Month by month".into(),
            table: table(
                &["Month", "Material"],
                &["Budget", "Actual", "Forecast", "Variance", "Variance %", "Cash", "Year before"],
                rows,
                None,
            ),
            is_folded: true,
            cite,
        }],
        ..Part::default()
    }))
}

/// The region of a line, where it has one.
fn place(lines: &Frame, row: usize) -> Result<String> {
    let tier = Some(words(&lines.text("tier", row)?)).filter(|t| !t.is_empty()).unwrap_or(lines.text("sku_id", row)?);
    let region = lines.text("region", row)?;
    Ok(if region == "*" { tier } else { format!("{tier} {region}") })
}

pub(super) fn units(pack: &Pack<'_>) -> Result<Option<Part>> {
    let lines = pack
        .rows("marts.renewal_lines")?
        .only("line_type", "normal")?
        .sorted(&[("reporting_annual_amount", true), ("contract_line_id", false)])?;
    let currency = pack.currency();
    let (mut drawn, mut rows) = (Vec::new(), Vec::new());
    let mut dearest: Option<(String, Decimal)> = None;
    for row in 0..lines.height() {
        let amount = |column: &str| lines.amount(column, row);
        let label = format!("{} {}", lines.text("app_id", row)?, place(&lines, row)?);
        let values = [
            amount("reporting_annual_unit_amount")?,
            amount("cost_per_assigned_amount")?,
            amount("cost_per_active_amount")?,
        ];
        if let Some(over) = amount("over_cheapest_share")?.filter(|over| dearest.as_ref().is_none_or(|(_, d)| over > d))
        {
            dearest = Some((label.clone(), over));
        }
        if values.iter().any(Option::is_some) {
            drawn.push(DotRow { label: label.clone(), values });
        }
        rows.push(vec![
            label,
            count(lines.int("purchased_quantity", row)?),
            ledger(values[0], currency),
            ledger(values[1], currency),
            ledger(values[2], currency),
            ledger(amount("cost_per_use_amount")?, currency),
            share(amount("discount_share")?),
            share(amount("over_cheapest_share")?),
        ]);
    }
    let title = match dearest.filter(|(_, over)| over > &Decimal::ZERO) {
        Some((label, over)) => format!("{label} costs {} more than the same seat elsewhere", share(Some(over))),
        None => "A seat in use costs more than a seat bought, wherever some are idle".into(),
    };
    if drawn.is_empty() {
        return Ok(None);
    }
    let caption =
        Caption { id: "units-chart", title: &title, description: "Cost of a seat a year: bought, assigned, in use" };
    let chart = dots(caption, ["bought", "assigned", "in use 90 d"], &drawn)?;
    Ok(Some(Part {
        id: "units",
        name: "Unit cost",
        title,
        subtitle: format!("{currency} a seat and year; per use: a quarter of the year over feature uses of 90 days"),
        charts: vec![Figure::plain(chart)],
        sheets: vec![Sheet {
            caption: "What a seat costs".into(),
            table: table(
                &["Line"],
                &["Bought", "Per bought", "Per assigned", "Per in use", "Per use", "Below list", "Over cheapest"],
                rows,
                None,
            ),
            is_folded: true,
            cite: pack.cite("marts.renewal_lines"),
        }],
        notes: vec!["No benchmark is shown: none is on record with source, date and licence.".into()],
    }))
}

pub(super) fn showback(pack: &Pack<'_>) -> Result<Option<Part>> {
    let frame = pack.rows("marts.renewal_showback")?.sorted(&[("total_amount", true), ("cost_center_id", false)])?;
    let currency = pack.currency();
    let whole = frame.total("total_amount")?;
    if frame.height() == 0 || whole.is_zero() {
        return Ok(None);
    }
    let (mut rows, mut drawn) = (Vec::new(), Vec::new());
    for row in 0..frame.height() {
        let amount = |column: &str| frame.amount(column, row);
        let id = frame.text("cost_center_id", row)?;
        let label = if id == "none" { "Unallocated".to_owned() } else { id };
        let [total, saved] =
            [amount("total_amount")?.unwrap_or_default(), amount("identified_amount")?.unwrap_or_default()];
        let length = |amount: Decimal| rust_decimal::prelude::ToPrimitive::to_i64(&amount).unwrap_or_default();
        if drawn.len() < 15 && total > Decimal::ZERO {
            drawn.push(Bar {
                label: label.clone(),
                segments: vec![
                    Segment { length: length(total - saved), hue: 0 },
                    Segment { length: length(saved), hue: 1 },
                ],
                end: if saved.is_zero() {
                    brief(total)
                } else {
                    format!("{}, {} identified", brief(total), brief(saved))
                },
            });
        }
        rows.push(vec![
            label,
            frame.text("cost_center_name", row)?,
            count(frame.int("seat_count", row)?),
            count(frame.int("candidate_count", row)?),
            ledger(amount("direct_amount")?, currency),
            ledger(amount("shared_amount")?, currency),
            ledger(Some(total), currency),
            ledger(Some(saved), currency),
            ledger(amount("after_reclaim_amount")?, currency),
        ]);
    }
    let first = frame.text("cost_center_id", 0)?;
    let part = frame.amount("total_amount", 0)?.unwrap_or_default() / whole;
    let title = format!("{first} carries {} of the contract", share(Some(part)));
    let sum = |column: &str| frame.total(column).map(|a| ledger(Some(a), currency));
    let total = vec![
        "Total".into(),
        String::new(),
        count(frame.count("seat_count")?),
        count(frame.count("candidate_count")?),
        sum("direct_amount")?,
        sum("shared_amount")?,
        sum("total_amount")?,
        sum("identified_amount")?,
        sum("after_reclaim_amount")?,
    ];
    let caption = Caption {
        id: "showback-chart",
        title: &title,
        description: "Annual amount by cost center; the last part of each bar is identified as savings",
    };
    Ok(Some(Part {
        id: "showback",
        name: "Showback",
        subtitle: format!("{currency} a year by cost center of the holder; what nobody holds is shared by seats"),
        charts: vec![Figure::plain(bars(caption, &drawn)?)],
        sheets: vec![Sheet {
            caption: "By cost center".into(),
            table: table(
                &["Cost center", "Name"],
                &["Seats", "Candidates", "Direct", "Shared", "Total", "Identified", "After reclaim"],
                rows,
                Some(total),
            ),
            is_folded: true,
            cite: pack.cite("marts.renewal_showback"),
        }],
        title,
        ..Part::default()
    }))
}

pub(super) fn currencies(pack: &Pack<'_>) -> Result<Option<Part>> {
    let lines = pack.rows("marts.renewal_lines")?.sorted(&[("annual_currency", false), ("contract_line_id", false)])?;
    let mut rows = Vec::new();
    for row in 0..lines.height() {
        let own = lines.text("annual_currency", row)?;
        rows.push(vec![
            format!("{} {}", lines.text("app_id", row)?, place(&lines, row)?),
            lines.text("region", row)?,
            own.clone(),
            lines.text("fx_rate_on", row)?,
            ledger(lines.amount("annual_amount", row)?, &own),
            lines.amount("fx_rate", row)?.map_or("–".into(), |rate| rate.round_dp(6).normalize().to_string()),
            ledger(lines.amount("reporting_annual_amount", row)?, pack.currency()),
            ledger(lines.amount("budget_rate_amount", row)?, pack.currency()),
        ]);
    }
    let names = lines.texts("annual_currency")?;
    Ok(Some(Part {
        id: "currency",
        name: "Currency",
        title: match names.len() {
            1 => format!("All lines are in {}", names.join("")),
            _ => format!("The lines are in {}", names.join(" and ")),
        },
        subtitle: format!(
            "Contract currency beside {} at {} rates, and at budget rates: in constant currency",
            pack.currency(),
            pack.meta.rate_set
        ),
        sheets: vec![Sheet {
            caption: "Line by line".into(),
            table: table(
                &["Line", "Region", "Currency", "Rate of"],
                &["Annual", "Rate", pack.currency(), "At budget rates"],
                rows,
                None,
            ),
            is_folded: false,
            cite: pack.cite("marts.renewal_lines"),
        }],
        ..Part::default()
    }))
}
