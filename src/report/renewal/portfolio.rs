//! The page of all contracts in force: which deadlines come first, and what they decide.

use rust_decimal::Decimal;

use super::{KIND, Pack, file_name, terms, verdict};
use crate::base::Result;
use crate::report::chart::{Caption, Span, Step, brief, timeline, waterfall};
use crate::report::context::Tile;
use crate::report::format::{count, ledger, share};
use crate::report::frame::Frame;
use crate::report::pack::{Decision, Figure, Part, Sheet, table};

/// Days ahead that the calendar shows.
const AHEAD: i64 = 180;

pub(super) fn page(pack: &Pack<'_>) -> Result<serde_json::Value> {
    let rows = pack.rows("marts.renewal_decisions")?.sorted(&[("days_left", false), ("contract_id", false)])?;
    let decision = decision(pack, &rows)?;
    let parts = vec![calendar(pack, &rows)?, contracts(pack, &rows)?, bridge(pack)?, risks(pack, &rows)?];
    pack.document(KIND, format!("Renewals of {}", pack.meta.tenant), decision, parts)
}

fn days(rows: &Frame, row: usize) -> Result<Option<i64>> {
    Ok(rows.text("days_left", row)?.parse().ok())
}

fn decision(pack: &Pack<'_>, rows: &Frame) -> Result<Decision> {
    let currency = pack.currency();
    let (mut near, mut value, mut missed) = (0, Decimal::ZERO, 0);
    for row in 0..rows.height() {
        match days(rows, row)? {
            Some(0..=60) => {
                near += 1;
                value += rows.amount("unchanged_amount", row)?.unwrap_or_default();
            }
            Some(..0) => missed += 1,
            _ => {}
        }
    }
    let tile = |label: &str, value: String, note: String| Tile { label: label.into(), value, note };
    let total = |column: &str| rows.total(column).map(|a| ledger(Some(a), currency));
    let mut caveats = Vec::new();
    if missed > 0 {
        caveats.push(match missed {
            1 => "One last day of notice has passed already.".to_owned(),
            n => format!("{n} last days of notice have passed already."),
        });
    }
    let unconverted = rows.count("unconverted_line_count")?;
    if unconverted > 0 {
        caveats
            .push(format!("Contract lines that convert at no usable rate and are in no amount here: {unconverted}."));
    }
    caveats.push("Cases of savings stand side by side and are never added to each other.".into());
    Ok(Decision {
        verdict: format!("{near} last days of notice fall within 60 days"),
        sentence: format!(
            "{currency} {} a year stands on them at the prices of the renewals; {} contracts in force cost {} today.",
            ledger(Some(value), currency),
            rows.height(),
            total("current_amount")?
        ),
        tiles: vec![
            tile("Today", total("current_amount")?, format!("{currency} a year, contract lines in force")),
            tile("Unchanged", total("unchanged_amount")?, "the same seats at the prices of the renewals".into()),
            tile(
                "Proposed",
                total("proposed_amount")?,
                format!(
                    "{} seats, {} bought",
                    count(rows.count("recommended_quantity")?),
                    count(rows.count("purchased_quantity")?)
                ),
            ),
            tile(
                "All accepted",
                total("high_proposed_amount")?,
                format!("with {} candidates accepted", count(rows.count("candidate_count")?)),
            ),
        ],
        charts: Vec::new(),
        sheets: Vec::new(),
        caveats,
        signatures: Vec::new(),
        cite: pack.cite("marts.renewal_decisions"),
    })
}

fn calendar(pack: &Pack<'_>, rows: &Frame) -> Result<Part> {
    let (mut spans, mut near) = (Vec::new(), 0);
    for row in 0..rows.height() {
        let Some(left) = days(rows, row)?.filter(|left| *left <= AHEAD) else { continue };
        near += 1;
        let until = rows.text("renewal_on", row)?.parse::<chrono::NaiveDate>().ok();
        let end = until.map_or(left, |day| (day - pack.meta.as_of.day()).num_days());
        spans.push(Span {
            label: format!("{} {}", rows.text("vendor", row)?, rows.text("contract_number", row)?),
            deadline: Some(left),
            end,
            note: format!("{} {}", pack.currency(), rows.amount("unchanged_amount", row)?.map_or("–".into(), brief)),
            is_urgent: left <= 30,
        });
    }
    let title = format!("{near} of {} contracts reach their last day of notice within {AHEAD} days", rows.height());
    let caption = Caption {
        id: "calendar-chart",
        title: &title,
        description: "From the last day of notice to the renewal of each contract, in days from today, with its amount",
    };
    Ok(Part {
        id: "calendar",
        name: "Calendar",
        charts: vec![Figure::plain(timeline(caption, AHEAD, &spans)?)],
        title,
        subtitle:
            "The dot is the last day of notice, ringed when it is within 30 days or past; the bar ends at the renewal"
                .into(),
        ..Part::default()
    })
}

fn contracts(pack: &Pack<'_>, rows: &Frame) -> Result<Part> {
    let currency = pack.currency();
    let mut lines = Vec::new();
    for row in 0..rows.height() {
        let amount = |column: &str| rows.amount(column, row).map(|a| ledger(a, currency));
        lines.push(vec![
            rows.text("contract_number", row)?,
            rows.text("vendor", row)?,
            verdict(&rows.text("recommendation", row)?).split(':').next().unwrap_or_default().to_owned(),
            rows.text("notice_on", row)?,
            days(rows, row)?.map_or("–".into(), |d| d.to_string().replace('-', "−")),
            share(rows.amount("utilisation_ratio", row)?),
            count(rows.int("purchased_quantity", row)?),
            count(rows.int("recommended_quantity", row)?),
            amount("current_amount")?,
            amount("unchanged_amount")?,
            amount("proposed_amount")?,
            amount("saving_amount")?,
            amount("high_saving_amount")?,
        ]);
    }
    let total = |column: &str| rows.total(column).map(|a| ledger(Some(a), currency));
    let foot = vec![
        "Total".into(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        count(rows.count("purchased_quantity")?),
        count(rows.count("recommended_quantity")?),
        total("current_amount")?,
        total("unchanged_amount")?,
        total("proposed_amount")?,
        total("saving_amount")?,
        total("high_saving_amount")?,
    ];
    let first = (rows.height() > 0).then(|| rows.text("contract_number", 0)).transpose()?.unwrap_or_default();
    Ok(Part {
        id: "contracts",
        name: "Contracts",
        title: format!("{} contracts in force, the nearest deadline first", rows.height()),
        subtitle: format!(
            "{currency} a year; a page for each lies beside this one, such as {}",
            file_name(&first, &first)
        ),
        sheets: vec![Sheet {
            caption: "Contracts".into(),
            table: table(
                &["Contract", "Vendor", "Verdict", "Notice by"],
                &["Days left", "In use", "Bought", "Seats", "Today", "Unchanged", "Proposed", "Saving", "At most"],
                lines,
                Some(foot),
            ),
            is_folded: false,
            cite: pack.cite("marts.renewal_decisions"),
        }],
        ..Part::default()
    })
}

fn bridge(pack: &Pack<'_>) -> Result<Part> {
    let currency = pack.currency();
    let base = pack.rows("marts.renewal_bridge")?.only("basis", "reporting")?.only("scenario", "base")?;
    let names = [
        ("price", "Price"),
        ("unused_seats", "Unused"),
        ("tier_downgrades", "Downgrades"),
        ("joiners", "Joiners"),
        ("true_up", "True-up"),
        ("term", "Term"),
        ("credits", "Credits"),
        ("fx", "FX"),
    ];
    let amount = |step: &str| base.only("step", step)?.total("amount");
    let (from, to) = (amount("current")?, amount("proposed")?);
    let mut steps = vec![Step { label: "Today".into(), amount: from, is_total: true }];
    let mut rows = vec![vec!["Today".into(), ledger(Some(from), currency)]];
    for (key, name) in names {
        let moved = amount(key)?;
        if !moved.is_zero() {
            steps.push(Step { label: name.into(), amount: moved, is_total: false });
        }
        rows.push(vec![name.into(), ledger(Some(moved), currency)]);
    }
    steps.push(Step { label: "Proposed".into(), amount: to, is_total: true });
    let title = format!(
        "All renewals together {} by {currency} {} a year",
        if to < from { "save" } else { "add" },
        ledger(Some((to - from).abs()), currency)
    );
    let title = title.replace("save by", "save").replace("add by", "add");
    let caption = Caption {
        id: "bridge-chart",
        title: &title,
        description: "From the annual amount of all contracts today to that of their next terms",
    };
    Ok(Part {
        id: "bridge",
        name: "Bridge",
        charts: vec![Figure::plain(waterfall(caption, &steps)?)],
        title,
        subtitle: format!(
            "Annual amounts in {currency} at {} rates, each contract at its own renewal",
            pack.meta.rate_set
        ),
        sheets: vec![Sheet {
            caption: "The bridge".into(),
            table: table(&["Step"], &[currency], rows, Some(vec!["Proposed".into(), ledger(Some(to), currency)])),
            is_folded: false,
            cite: pack.cite("marts.renewal_bridge"),
        }],
        ..Part::default()
    })
}

fn risks(pack: &Pack<'_>, decisions: &Frame) -> Result<Part> {
    let frame = pack.rows("marts.renewal_risks")?.sorted(&[
        ("severity", true),
        ("amount", true),
        ("contract_id", false),
        ("risk", false),
    ])?;
    let high = (0..frame.height()).filter(|row| frame.int("severity", *row).ok() == Some(3)).count();
    let mut rows = Vec::new();
    for row in 0..frame.height() {
        let contract = decisions.only("contract_id", &frame.text("contract_id", row)?)?;
        rows.push(vec![
            ["low", "medium", "high"][usize::try_from(frame.int("severity", row)? - 1).unwrap_or_default().min(2)]
                .into(),
            contract.text("vendor", 0)?,
            contract.text("contract_number", 0)?,
            terms::risk(&frame.text("risk", row)?).into(),
            count(frame.int("affected_count", row)?),
            ledger(frame.amount("amount", row)?, pack.currency()),
        ]);
    }
    Ok(Part {
        id: "risks",
        name: "Risks",
        title: format!("{high} high risks of {}", frame.height()),
        subtitle: format!("What stands on each, {} a year; they overlap and are not added up", pack.currency()),
        sheets: vec![Sheet {
            caption: "Risks".into(),
            table: table(&["Severity", "Vendor", "Contract", "Risk"], &["How many", "Amount"], rows, None),
            is_folded: false,
            cite: pack.cite("marts.renewal_risks"),
        }],
        ..Part::default()
    })
}
