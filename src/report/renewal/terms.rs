//! What was agreed: the calendar, the clauses, the risks, and what to ask for.

use rust_decimal::Decimal;

use super::{Pack, clause};
use crate::base::Result;
use crate::report::chart::{Bar, Caption, Segment, Span, bars, timeline};
use crate::report::format::{count, ledger, words};
use crate::report::pack::{Figure, Part, Sheet, table};

pub(super) fn calendar(pack: &Pack<'_>) -> Result<Option<Part>> {
    let decision = pack.rows("marts.renewal_decisions")?;
    let steps = pack.rows("marts.renewal_steps")?.sorted(&[("days_before", true)])?;
    let clauses = pack.rows("marts.renewal_clauses")?.sorted(&[("position", false)])?;
    let notice = decision.text("days_left", 0)?.parse::<i64>().ok();
    let mut spans = Vec::new();
    let mut lines = Vec::new();
    for row in 0..steps.height() {
        let (left, title) = (steps.int("days_left", row)?, steps.text("title", row)?);
        if left >= 0 {
            spans.push(Span {
                label: title.clone(),
                deadline: Some(left),
                end: left,
                note: format!("{} ({left} d)", steps.text("due_on", row)?),
                is_urgent: left <= 30,
            });
        }
        lines.push(vec![
            format!("T−{}", steps.int("days_before", row)?),
            title,
            steps.text("due_on", row)?,
            match steps.text("state", row)?.as_str() {
                "past" => "past".into(),
                "due" => "due".into(),
                _ => "later".into(),
            },
            steps.int("days_left", row)?.to_string(),
        ]);
    }
    let end =
        (0..steps.height()).filter_map(|row| steps.int("days_left", row).ok().zip(steps.int("days_before", row).ok()));
    let renewal = end.map(|(left, before)| left + before).max().unwrap_or(0);
    spans.push(Span {
        label: "last day of notice".into(),
        deadline: notice,
        end: renewal,
        note: decision.text("notice_on", 0)?,
        is_urgent: notice.is_none_or(|days| days <= 30),
    });
    let unproved = decision.int("unproved_count", 0)?;
    let title = match notice {
        None => "Nobody can show when notice must be given".to_owned(),
        Some(days) if days < 0 => format!("The last day of notice has passed, {} days ago", -days),
        Some(days) => format!("Notice can be given for {days} more days; the contract renews in {renewal}"),
    };
    let mut rows = Vec::new();
    for row in 0..clauses.height() {
        let value = clauses.text("value", row)?;
        rows.push(vec![
            clause(&clauses.text("clause", row)?),
            match (value.is_empty(), clauses.flag("is_unproved", row)?) {
                (true, true) => "unproved".into(),
                (true, false) => "–".into(),
                _ => words(&value),
            },
            clauses.text("source", row)?,
            clauses.text("reference", row)?,
        ]);
    }
    let days = (renewal + 10).clamp(60, 365);
    let caption = Caption {
        id: "calendar-chart",
        title: &title,
        description: "Steps still to come and the last day of notice, in days from today",
    };
    Ok(Some(Part {
        id: "calendar",
        name: "Calendar",
        charts: vec![Figure::plain(timeline(caption, days, &spans)?)],
        title,
        subtitle: format!("Steps counted back from the renewal; clauses from feed and paper, {unproved} unproved"),
        sheets: vec![
            Sheet {
                caption: "Steps".into(),
                table: table(&["Step", "What", "Due", "State"], &["Days left"], lines, None),
                is_folded: true,
                cite: pack.cite("marts.renewal_steps"),
            },
            Sheet {
                caption: "Clauses".into(),
                table: table(&["Clause", "What it says", "Kept in", "Stands in"], &[], rows, None),
                is_folded: false,
                cite: pack.cite("marts.renewal_clauses"),
            },
        ],
        ..Part::default()
    }))
}

/// A risk in words.
pub(super) fn risk(name: &str) -> &'static str {
    match name {
        "notice_passed" => "the day of notice has passed and it renews by itself",
        "notice_near" => "days until the last day of notice",
        "over_budget" => "proposed above budget",
        "clauses_unproved" => "clauses nobody can show",
        "held_by_leavers" => "seats held by people who left",
        "held_by_nobody_known" => "seats whose account matches no person",
        "claimed_by_two_persons" => "seats that two persons claim",
        "use_unknown" => "seats whose use nobody can tell",
        "more_held_than_bought" => "seats held beyond those bought",
        "app_of_high_sensitivity" => "an app of high sensitivity",
        "removal_destroys_data" => "taking a seat away destroys data",
        _ => "another risk",
    }
}

pub(super) fn risks(pack: &Pack<'_>) -> Result<Option<Part>> {
    let frame = pack.rows("marts.renewal_risks")?.sorted(&[("severity", true), ("amount", true), ("risk", false)])?;
    if frame.height() == 0 {
        return Ok(None);
    }
    let (mut rows, mut drawn, mut high) = (Vec::new(), Vec::new(), 0);
    for row in 0..frame.height() {
        let name = frame.text("risk", row)?;
        let severity = frame.int("severity", row)?;
        let amount = frame.amount("amount", row)?;
        high += usize::from(severity == 3);
        let word = match severity {
            3 => "high",
            2 => "medium",
            _ => "low",
        };
        if let Some(amount) = amount.filter(|a| *a > Decimal::ZERO) {
            drawn.push(Bar {
                label: words(&name),
                segments: vec![Segment {
                    length: rust_decimal::prelude::ToPrimitive::to_i64(&amount).unwrap_or_default(),
                    hue: if severity == 3 { 1 } else { 3 },
                }],
                end: format!("{} {}, {word}", pack.currency(), crate::report::chart::brief(amount)),
            });
        }
        rows.push(vec![
            word.into(),
            risk(&name).into(),
            count(frame.int("affected_count", row)?),
            ledger(amount, pack.currency()),
        ]);
    }
    let title = match high {
        0 => format!("{} risks, none of them high", frame.height()),
        n => format!("{n} high risks of {}", frame.height()),
    };
    let caption =
        Caption { id: "risks-chart", title: &title, description: "What stands on each risk a year; they overlap" };
    Ok(Some(Part {
        id: "risks",
        name: "Risks",
        charts: if drawn.is_empty() { Vec::new() } else { vec![Figure::plain(bars(caption, &drawn)?)] },
        title,
        subtitle: format!("What stands on each, {} a year; they overlap and are not added up", pack.currency()),
        sheets: vec![Sheet {
            caption: "Risks".into(),
            table: table(&["Severity", "Risk"], &["How many", "Amount"], rows, None),
            is_folded: false,
            cite: pack.cite("marts.renewal_risks"),
        }],
        ..Part::default()
    }))
}

pub(super) fn negotiation(pack: &Pack<'_>) -> Result<Option<Part>> {
    let clauses = pack.rows("marts.renewal_clauses")?.sorted(&[("position", false)])?;
    let decision = pack.rows("marts.renewal_decisions")?;
    let mut asks = Vec::new();
    for row in 0..clauses.height() {
        if !clauses.flag("is_gap", row)? {
            continue;
        }
        let value = clauses.text("value", row)?;
        asks.push(vec![
            clause(&clauses.text("clause", row)?),
            if value.is_empty() { "unproved".into() } else { words(&value) },
            clauses.text("standard", row)?,
            clauses.text("ask", row)?,
        ]);
    }
    let currency = pack.currency();
    let amount = |column: &str| decision.amount(column, 0).map(|a| ledger(a, currency));
    let levers = vec![
        vec![
            "Open with: every candidate accepted".into(),
            count(decision.int("high_saving_quantity", 0)?),
            amount("high_proposed_amount")?,
        ],
        vec![
            "Settle at: recommended".into(),
            count(decision.int("recommended_quantity", 0)?),
            amount("proposed_amount")?,
        ],
        vec![
            "Walk away above: the same seats at the new price".into(),
            count(decision.int("purchased_quantity", 0)?),
            amount("unchanged_amount")?,
        ],
    ];
    Ok(Some(Part {
        id: "negotiation",
        name: "Negotiation",
        title: match asks.len() {
            0 => "Every clause meets our standard".into(),
            n => format!("{n} clauses to ask for"),
        },
        subtitle: "For procurement only: what to ask, and between which amounts".into(),
        sheets: vec![
            Sheet {
                caption: "Positions".into(),
                table: table(&["Position"], &["Seats", &format!("{currency} a year")], levers, None),
                is_folded: false,
                cite: pack.cite("marts.renewal_decisions"),
            },
            Sheet {
                caption: "Clauses below our standard".into(),
                table: table(&["Clause", "Says", "Standard", "Ask for"], &[], asks, None),
                is_folded: false,
                cite: pack.cite("marts.renewal_clauses"),
            },
        ],
        ..Part::default()
    }))
}
