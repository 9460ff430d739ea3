//! The page of one contract: what to decide, then what that rests on.

use super::{KIND, Pack, money, seats, terms, verdict};
use crate::base::Result;
use crate::report::chart::{Caption, Measure, bullet};
use crate::report::context::Tile;
use crate::report::format::{count, ledger, share, words};
use crate::report::frame::Frame;
use crate::report::pack::{Decision, Figure, Part, Sheet, table};

pub(super) fn page(pack: &Pack<'_>) -> Result<serde_json::Value> {
    let row = pack.rows("marts.renewal_decisions")?;
    let title = format!(
        "{} {}: renewal of {}",
        row.text("vendor", 0)?,
        row.text("contract_number", 0)?,
        row.text("renewal_on", 0)?
    );
    let decision = decision(pack, &row)?;
    let parts = vec![
        terms::calendar(pack)?,
        money::bridge(pack)?,
        money::months(pack)?,
        seats::tiers(pack)?,
        seats::need(pack)?,
        seats::weeks(pack, &row)?,
        seats::sensitivity(pack, &row)?,
        money::units(pack)?,
        money::showback(pack)?,
        money::currencies(pack)?,
        seats::candidates(pack)?,
        terms::risks(pack)?,
        terms::negotiation(pack)?,
        method(pack)?,
    ];
    pack.document(KIND, title, decision, parts.into_iter().flatten().collect())
}

fn decision(pack: &Pack<'_>, row: &Frame) -> Result<Decision> {
    let currency = pack.currency();
    let cite = pack.cite("marts.renewal_decisions");
    let amount = |column: &str| row.amount(column, 0);
    let int = |column: &str| row.int(column, 0);
    let recommendation = row.text("recommendation", 0)?;
    let tile = |label: &str, value: String, note: String| Tile { label: label.into(), value, note };
    let days = row.text("days_left", 0)?;
    let left = match days.parse::<i64>() {
        Ok(days) if days < 0 => format!("{} days ago", -days),
        Ok(days) => format!("{days} days left"),
        Err(_) => "unproved".into(),
    };
    let mut measures = Vec::new();
    for (label, column, is_proposed) in [
        ("Today", "current_amount", false),
        ("Unchanged at renewal", "unchanged_amount", false),
        ("Proposed", "proposed_amount", true),
        ("If all candidates are accepted", "high_proposed_amount", false),
    ] {
        if let Some(amount) = amount(column)? {
            measures.push(Measure { label: label.into(), amount, is_proposed });
        }
    }
    let budget = amount("budget_amount")?;
    let sentence = sentence(row, currency)?;
    let chart = bullet(
        Caption {
            id: "decision-chart",
            title: &sentence,
            description: "Annual amount today, unchanged at the renewal, proposed, and with every candidate accepted",
        },
        &measures,
        budget.map(|budget| ("budget", budget)),
    )?;
    Ok(Decision {
        verdict: verdict(&recommendation).to_owned(),
        sentence,
        tiles: vec![
            tile(
                "Notice by",
                row.text("notice_on", 0)?,
                format!("{left}{}", if row.flag("is_auto_renew", 0)? { "; renews by itself" } else { "" }),
            ),
            tile(
                "Seats proposed",
                count(int("recommended_quantity")?),
                format!("{} bought, {} in use", count(int("purchased_quantity")?), count(int("active_90_count")?)),
            ),
            tile(
                "Proposed a year",
                ledger(amount("proposed_amount")?, currency),
                format!("{currency}; today {}", ledger(amount("current_amount")?, currency)),
            ),
            tile(
                "Saving against unchanged",
                ledger(amount("saving_amount")?, currency),
                format!(
                    "{} at least, {} at most",
                    ledger(amount("low_saving_amount")?, currency),
                    ledger(amount("high_saving_amount")?, currency)
                ),
            ),
        ],
        charts: if measures.is_empty() { Vec::new() } else { vec![Figure::plain(chart)] },
        sheets: vec![per_tier(pack)?],
        caveats: caveats(row)?,
        signatures: vec!["App owner", "Procurement", "Finance"],
        cite,
    })
}

/// One sentence that says why.
fn sentence(row: &Frame, currency: &str) -> Result<String> {
    let int = |column: &str| row.int(column, 0);
    let used = share(row.amount("utilisation_ratio", 0)?);
    let bought = count(int("purchased_quantity")?);
    let start = match row.text("recommendation", 0)?.as_str() {
        "undecided" => format!(
            "Only {} of the seats have evidence that can be relied on, so {used} in use of {bought} bought says too little",
            share(row.amount("graded_share", 0)?)
        ),
        _ => format!("{used} of {bought} bought seats were in use within 90 days"),
    };
    let need = format!("{} are needed with reserve", count(int("recommended_quantity")?));
    let open = int("candidate_count")?;
    let rest = match row.amount("high_saving_amount", 0)? {
        Some(high) if open > 0 => format!(
            "; {} candidates are still open: with all of them accepted the renewal costs {currency} {} {} than unchanged",
            count(open),
            ledger(Some(high.abs()), currency),
            if high.is_sign_negative() { "more" } else { "less" }
        ),
        _ => String::new(),
    };
    Ok(format!("{start}; {need}{rest}."))
}

fn caveats(row: &Frame) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let int = |column: &str| row.int(column, 0);
    let mut when = |holds: bool, text: String| {
        if holds {
            said.push(text);
        }
    };
    when(int("unknown_count")? > 0, format!("{} seats cannot be judged: they stay in.", count(int("unknown_count")?)));
    when(
        int("unproved_count")? > 0,
        format!("{} clauses are unproved: nothing is assumed of them.", int("unproved_count")?),
    );
    when(
        int("unconverted_line_count")? > 0,
        format!(
            "Contract lines that convert at no usable rate, and stand in their own currency only: {}.",
            int("unconverted_line_count")?
        ),
    );
    when(row.amount("budget_amount", 0)?.is_none(), "The twelve months from the renewal are not budgeted.".into());
    Ok(said)
}

fn per_tier(pack: &Pack<'_>) -> Result<Sheet> {
    let pools = pack.rows("marts.renewal_pools")?.sorted(&[
        ("app_id", false),
        ("tier_rank", true),
        ("sku_id", false),
        ("currency", false),
    ])?;
    let mut rows = Vec::new();
    for row in 0..pools.height() {
        let int = |column: &str| pools.int(column, row).map(count);
        rows.push(vec![
            pools.text("app_name", row)?,
            tier(&pools, row)?,
            int("purchased_quantity")?,
            int("assigned_count")?,
            int("active_90_count")?,
            int("low_saving_quantity")?,
            int("recommended_quantity")?,
            int("high_saving_quantity")?,
        ]);
    }
    let sum = |column: &str| pools.count(column).map(count);
    let total = vec![
        "Total".into(),
        String::new(),
        sum("purchased_quantity")?,
        sum("assigned_count")?,
        sum("active_90_count")?,
        sum("low_saving_quantity")?,
        sum("recommended_quantity")?,
        sum("high_saving_quantity")?,
    ];
    Ok(Sheet {
        caption: "Recommended seats by tier".into(),
        table: table(
            &["App", "Tier"],
            &["Bought", "Assigned", "In use 90 d", "With growth", "Recommended", "All accepted"],
            rows,
            Some(total),
        ),
        is_folded: false,
        cite: pack.cite("marts.renewal_pools"),
    })
}

/// The tier of a pool, its SKU where it has none, with the currency where the contract has several.
pub(super) fn tier(pools: &Frame, row: usize) -> Result<String> {
    let tier = Some(pools.text("tier", row)?).filter(|t| !t.is_empty()).unwrap_or(pools.text("sku_id", row)?);
    let currency = pools.text("currency", row)?;
    let alike = (0..pools.height()).filter(|r| pools.text("sku_id", *r).ok() == pools.text("sku_id", row).ok()).count();
    Ok(if alike > 1 { format!("{} {currency}", words(&tier)) } else { words(&tier) })
}

fn method(pack: &Pack<'_>) -> Result<Option<Part>> {
    let frame = pack.all("marts.source_freshness")?.sorted(&[("source", false), ("stream", false)])?;
    let mut rows = Vec::new();
    for row in 0..frame.height() {
        rows.push(vec![
            format!("{}/{}", frame.text("source", row)?, frame.text("stream", row)?),
            frame.text("status", row)?,
            frame.text("complete_through", row)?,
            count(frame.int("fetched_count", row)?),
            count(frame.int("accepted_count", row)?),
            count(frame.int("quarantined_count", row)?),
        ]);
    }
    Ok(Some(Part {
        id: "method",
        name: "Method",
        title: "How these numbers are made, and how to make them again".into(),
        subtitle: "Formulas, sources, and the statement behind each footnote".into(),
        notes: vec![
            "Recommended seats = max(minimum, ceil((base + joiners − leavers) × (1 + reserve))). Base = seats now minus accepted reclaims and downgrades, plus accepted downgrades into the tier; of a concurrent licence the 95th of a hundred days of sign-ins, at least the seats held, on leave or excepted.".into(),
            "Held, on leave, excepted, protected and unknown seats stay in the base by themselves. Open candidates move only the case “all accepted”; the case “with growth” sizes by the 95th percentile of how the number of people moved over windows as long as the time to the renewal.".into(),
            "Joiners = people with a dated start before the renewal × holders per person at work of their practice. Leavers = holders with a dated last day before the renewal who are no candidates.".into(),
            "Each step of the bridge is computed on the state the one before left, so nothing is left over: a check of the build compares the last step with the pools and the first with the contract lines.".into(),
            "Saving = the same seats at the price of the renewal − proposed. A seat freed within the term frees no cash before the renewal, unless the contract may be reduced earlier.".into(),
            "Actuals accrue invoices day by day over the period they pay for, at one set of rates, so that no month moves for its rate alone; forecast is today's amount, from the renewal on the proposed one.".into(),
            "Notice falls on the renewal minus the notice days, rolled back from Saturday or Sunday to Friday; the day ends in the contract's zone.".into(),
        ],
        sheets: vec![Sheet {
            caption: "Sources and control totals".into(),
            table: table(&["Stream", "Status", "Complete through"], &["Fetched", "Accepted", "Quarantined"], rows, None),
            is_folded: true,
            cite: pack.cite("marts.source_freshness"),
        }],
        ..Part::default()
    }))
}
