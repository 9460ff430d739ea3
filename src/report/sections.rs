//! The sections of a run's page, each a message with its rows.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::RunMeta;
use super::chart::{Bar, Caption, Segment, bars};
use super::context::{Page, Section, Table, Tile};
use super::format::{count, money, percent, signed};
use super::frame::{Frame, Frames};
use crate::base::Result;
use crate::base::money::display;

/// Rows of a long table that are shown; the rest is counted.
const SHOWN: usize = 25;

/// The tables of the page; it shows nothing else.
pub(super) const TABLES: &[&str] = &[
    "marts.app_utilization",
    "marts.candidate_changes",
    "marts.candidates_by_app_and_practice",
    "marts.data_gaps",
    "marts.renewal_calendar",
    "marts.source_freshness",
    "marts.spend",
    "marts.tier_allocation",
    "policy.effective_policies",
];

pub(super) fn page(frames: &Frames<'_>, meta: &RunMeta) -> Result<Page> {
    let policies = frames.get("policy.effective_policies")?;
    Ok(Page {
        tenant: meta.tenant.clone(),
        as_of: meta.as_of.to_string(),
        facts: facts(meta, &policies)?,
        banner: banner(&policies)?,
        tiles: tiles(frames, meta)?,
        sections: vec![
            changes(frames, meta)?,
            candidates(frames, meta)?,
            allocation(frames, meta)?,
            utilization(frames)?,
            spend(frames, meta)?,
            renewals(frames, meta)?,
            gaps(frames, meta)?,
            freshness(frames)?,
        ],
    })
}

fn facts(meta: &RunMeta, policies: &Frame) -> Result<Vec<(String, String)>> {
    let mut versions = Vec::new();
    for row in 0..policies.height() {
        versions.push(format!("{} {}", policies.text("app_id", row)?, policies.text("policy_version_id", row)?));
    }
    let fact = |name: &str, value: String| (name.to_owned(), value);
    Ok(vec![
        fact("Currency", format!("{}, {} rates", meta.reporting_currency, meta.rate_set)),
        fact("Run", format!("{}, release {}", meta.run_id, meta.release)),
        fact("Policies", if versions.is_empty() { "none in force".into() } else { versions.join(", ") }),
        fact("Snapshot", format!("SHA256SUMS {}", meta.snapshot_sha256)),
    ])
}

fn banner(policies: &Frame) -> Result<Option<String>> {
    let mut shadow = 0;
    for row in 0..policies.height() {
        shadow += usize::from(policies.text("mode", row)? == "shadow");
    }
    Ok((shadow > 0).then(|| {
        format!(
            "Shadow: {shadow} of {} policies only report. Nothing is sent or changed for their apps.",
            policies.height()
        )
    }))
}

fn tiles(frames: &Frames<'_>, meta: &RunMeta) -> Result<Vec<Tile>> {
    let allocation = frames.get("marts.tier_allocation")?;
    let candidates = frames.get("marts.candidates_by_app_and_practice")?;
    let spend = frames.get("marts.spend")?;
    let tile = |label: &str, value: String, note: String| Tile { label: label.into(), value, note };
    let currency = &meta.reporting_currency;
    Ok(vec![
        tile(
            "Seats",
            count(allocation.count("assigned_count")?),
            format!("{} bought", count(allocation.count("purchased_quantity")?)),
        ),
        tile(
            "Annual spend",
            display(spend.total("reporting_annual_amount")?, currency),
            format!("{currency}, contract lines in force"),
        ),
        tile("Candidates", count(candidates.count("candidate_count")?), "seats a policy proposes to act on".into()),
        tile(
            "Identified a year",
            display(candidates.total("annual_saving_amount")?, currency),
            format!("{currency}; unpriced candidates: {}", count(candidates.count("unpriced_candidate_count")?)),
        ),
    ])
}

fn changes(frames: &Frames<'_>, meta: &RunMeta) -> Result<Section> {
    let frame =
        frames.get("marts.candidate_changes")?.sorted(&[("annual_saving_amount", true), ("candidate_id", false)])?;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for row in 0..frame.height() {
        let change = frame.text("change", row)?;
        *kinds.entry(change.clone()).or_default() += 1;
        // The first run has nothing to compare with: its candidates stand below.
        if change == "continuing" || frame.text("compared_with_on", row)?.is_empty() {
            continue;
        }
        rows.push(vec![
            change,
            frame.text("app_id", row)?,
            frame.text("account_id", row)?,
            frame.text("action", row)?,
            frame.text("cause", row)?,
            money(frame.amount("annual_saving_amount", row)?, &meta.reporting_currency),
        ]);
    }
    let since = if frame.height() > 0 { frame.text("compared_with_on", 0)? } else { String::new() };
    let of = |kind: &str| count(kinds.get(kind).copied().unwrap_or_default() as i64);
    let title = if since.is_empty() {
        format!("First run: {} candidates, nothing to compare with", of("new"))
    } else {
        format!("{} new, {} gone, {} continuing candidates since {since}", of("new"), of("gone"), of("continuing"))
    };
    let headings = [("Change", false), ("App", false), ("Account", false), ("Action", false), ("Cause", false)];
    Ok(Section {
        id: "changes",
        title,
        subtitle: format!("Against the run before this as-of date; {} a year", meta.reporting_currency),
        chart: None,
        table: table(&headings, &[("Saving", true)], rows, None),
        note: None,
        source: "marts.candidate_changes",
    })
}

fn candidates(frames: &Frames<'_>, meta: &RunMeta) -> Result<Section> {
    let frame = frames.get("marts.candidates_by_app_and_practice")?.sorted(&[
        ("candidate_count", true),
        ("app_id", false),
        ("practice", false),
        ("action", false),
    ])?;
    let actions = ["reclaim", "downgrade", "suspend"];
    let mut apps: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    let mut rows = Vec::new();
    for row in 0..frame.height() {
        let (app, action) = (frame.text("app_id", row)?, frame.text("action", row)?);
        let seats = frame.int("candidate_count", row)?;
        if let Some(at) = actions.iter().position(|a| *a == action) {
            apps.entry(app.clone()).or_default()[at] += seats;
        }
        rows.push(vec![
            app,
            frame.text("practice", row)?,
            action,
            count(seats),
            money(frame.amount("annual_saving_amount", row)?, &meta.reporting_currency),
            count(frame.int("unpriced_candidate_count", row)?),
        ]);
    }
    let mut ranked: Vec<(String, [i64; 3])> = apps.into_iter().collect();
    ranked.sort_by_key(|(app, by)| (-by.iter().sum::<i64>(), app.clone()));
    let drawn: Vec<Bar> = ranked
        .iter()
        .map(|(app, by)| Bar {
            label: app.clone(),
            segments: by.iter().enumerate().map(|(hue, length)| Segment { length: *length, hue }).collect(),
            end: actions
                .iter()
                .zip(by)
                .filter(|(_, n)| **n > 0)
                .map(|(a, n)| format!("{} {a}", count(*n)))
                .collect::<Vec<_>>()
                .join(", "),
        })
        .collect();
    let (seats, saving) = (frame.count("candidate_count")?, frame.total("annual_saving_amount")?);
    let title = match ranked.first() {
        Some((app, by)) => {
            format!("{} candidates; {app} holds {}", count(seats), percent(by.iter().sum::<i64>(), seats))
        }
        None => "No candidates".into(),
    };
    let total = vec![
        "Total".into(),
        String::new(),
        String::new(),
        count(seats),
        display(saving, &meta.reporting_currency),
        count(frame.count("unpriced_candidate_count")?),
    ];
    let chart =
        chart("candidates-chart", &title, "Candidates of each app by action: reclaim, downgrade, suspend", &drawn)?;
    Ok(Section {
        id: "candidates",
        title,
        subtitle: format!("Seats by app, practice of the holder and action; identified saving in {} a year", meta.reporting_currency),
        chart,
        table: table(
            &[("App", false), ("Practice", false), ("Action", false)],
            &[("Candidates", true), ("Saving", true), ("Unpriced", true)],
            rows,
            Some(total),
        ),
        note: Some("Savings are identified, not cash: money stops at renewal, or at the true-down date where the contract has that right.".into()),
        source: "marts.candidates_by_app_and_practice",
    })
}

fn allocation(frames: &Frames<'_>, meta: &RunMeta) -> Result<Section> {
    let frame = frames.get("marts.tier_allocation")?.sorted(&[
        ("app_id", false),
        ("tier_rank", true),
        ("sku_id", false),
        ("region", false),
    ])?;
    let (mut rows, mut drawn, mut over) = (Vec::new(), Vec::new(), 0);
    for row in 0..frame.height() {
        let int = |column: &str| frame.int(column, row);
        let (assigned, active, surplus) = (int("assigned_count")?, int("active_90_count")?, int("surplus_quantity")?);
        let tier = Some(frame.text("tier", row)?).filter(|t| !t.is_empty()).unwrap_or(frame.text("sku_id", row)?);
        let paid = frame.flag("is_paid", row)?;
        over += i64::from(paid && surplus < 0);
        let region = frame.text("region", row)?;
        let label = format!(
            "{} {tier}{}",
            frame.text("app_id", row)?,
            if region == "*" { String::new() } else { format!(" {region}") }
        );
        if paid {
            drawn.push(Bar {
                label,
                segments: vec![
                    Segment { length: active, hue: 0 },
                    Segment { length: assigned - active, hue: 1 },
                    Segment { length: surplus.max(0), hue: 3 },
                ],
                end: format!("{} of {}", count(active), count(int("purchased_quantity")?)),
            });
        }
        rows.push(vec![
            frame.text("app_id", row)?,
            tier,
            region,
            count(int("purchased_quantity")?),
            count(assigned),
            count(active),
            count(int("never_used_count")?),
            count(int("unknown_count")?),
            count(int("candidate_count")?),
            signed(surplus),
            money(frame.amount("reporting_annual_amount", row)?, &meta.reporting_currency),
        ]);
    }
    let sum = |column: &str| frame.count(column).map(count);
    let total = vec![
        "Total".into(),
        String::new(),
        String::new(),
        sum("purchased_quantity")?,
        sum("assigned_count")?,
        sum("active_90_count")?,
        sum("never_used_count")?,
        sum("unknown_count")?,
        sum("candidate_count")?,
        String::new(),
        display(frame.total("reporting_annual_amount")?, &meta.reporting_currency),
    ];
    let outside =
        frames.get("marts.spend")?.total("reporting_annual_amount")? - frame.total("reporting_annual_amount")?;
    let assigned = frame.count("assigned_count")?;
    let title = format!(
        "{} of {} seats were used in 90 days",
        percent(frame.count("active_90_count")?, assigned),
        count(assigned)
    );
    let chart = chart(
        "allocation-chart",
        &title,
        "Each tier: seats active in 90 days, assigned but not active, bought but not assigned",
        &drawn,
    )?;
    Ok(Section {
        id: "allocation",
        title,
        subtitle: format!(
            "Bought, assigned and active seats by tier and contract region; {} a year",
            meta.reporting_currency
        ),
        chart,
        table: table(
            &[("App", false), ("Tier", false), ("Region", false)],
            &[
                ("Bought", true),
                ("Assigned", true),
                ("Active 90 d", true),
                ("Never used", true),
                ("Unknown", true),
                ("Candidates", true),
                ("Surplus", true),
                ("Annual cost", true),
            ],
            rows,
            Some(total),
        ),
        note: Some(format!(
            "In the chart: active in 90 days, then assigned without use, then bought without holder. Pools that hold more seats than were bought: {over}; that is legal, and a true-up question. Region * is a contract line for all regions. Credits and lines of no app belong to no pool: {} {} make up the difference to the spend below.",
            meta.reporting_currency,
            display(outside, &meta.reporting_currency)
        )),
        source: "marts.tier_allocation",
    })
}

fn utilization(frames: &Frames<'_>) -> Result<Section> {
    let frame = frames.get("marts.app_utilization")?.sorted(&[("seat_count", true), ("app_id", false)])?;
    let (mut rows, mut drawn, mut weak) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..frame.height() {
        let int = |column: &str| frame.int(column, row);
        let (seats, active, app) = (int("seat_count")?, int("active_90_count")?, frame.text("app_name", row)?);
        let is_weak = frame.flag("has_weak_sign_in_signal", row)?;
        if is_weak {
            weak.push(app.clone());
        }
        drawn.push(Bar {
            label: app.clone(),
            segments: vec![Segment { length: active, hue: 0 }, Segment { length: seats - active, hue: 3 }],
            end: format!("{}{}", percent(active, seats), if is_weak { " weak signal" } else { "" }),
        });
        rows.push(vec![
            app,
            count(seats),
            count(int("active_30_count")?),
            count(int("active_60_count")?),
            count(active),
            percent(active, seats),
            count(int("grade_feature_count")?),
            count(int("grade_sign_in_count")?),
            count(int("grade_weak_count")?),
            count(int("grade_none_count")? + int("ungraded_count")?),
            if is_weak { "weak".into() } else { String::new() },
            frame.text("observed_through", row)?,
        ]);
    }
    let title = match weak.as_slice() {
        [] => "Use of every app rests on evidence that can carry it".to_owned(),
        apps => format!("The sign-ins of {} say too little to judge by", apps.join(", ")),
    };
    let chart = chart("utilization-chart", &title, "Seats of each app used in 90 days, and the rest", &drawn)?;
    Ok(Section {
        id: "utilization",
        title,
        subtitle: "Seats with any recorded use, and the evidence it rests on: feature use, SSO sign-in, weak sign-in, none".into(),
        chart,
        table: table(
            &[("App", false)],
            &[
                ("Seats", true),
                ("30 d", true),
                ("60 d", true),
                ("90 d", true),
                ("Share 90 d", true),
                ("Feature", true),
                ("Sign-in", true),
                ("Weak", true),
                ("None", true),
                ("Signal", false),
                ("Observed through", false),
            ],
            rows,
            None,
        ),
        note: Some("Weak: few of an app's seats signed in within 30 days, so the app may keep long sessions; its quiet seats are unknown, never idle.".into()),
        source: "marts.app_utilization",
    })
}

fn spend(frames: &Frames<'_>, meta: &RunMeta) -> Result<Section> {
    let frame = frames.get("marts.spend")?;
    let mut currencies: BTreeMap<String, ([Decimal; 4], Option<Decimal>)> = BTreeMap::new();
    let mut apps: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut unconverted = 0;
    for row in 0..frame.height() {
        let amount = |column: &str| frame.amount(column, row).map(Option::unwrap_or_default);
        let (sums, converted) = currencies.entry(frame.text("annual_currency", row)?).or_default();
        sums[0] += amount("annual_amount")?;
        sums[1] += amount("allocated_amount")?;
        sums[2] += amount("unassigned_amount")?;
        sums[3] += amount("annual_amount")? - amount("allocated_amount")? - amount("unassigned_amount")?;
        match frame.amount("reporting_annual_amount", row)? {
            Some(amount) => *converted.get_or_insert_default() += amount,
            None => unconverted += 1,
        }
        let app = Some(frame.text("app_id", row)?).filter(|a| !a.is_empty()).unwrap_or("(no app)".into());
        *apps.entry(app).or_default() += amount("reporting_annual_amount")?;
    }
    let mut ranked: Vec<_> = apps.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let whole = frame.total("reporting_annual_amount")?;
    let drawn: Vec<Bar> = ranked
        .iter()
        .map(|(app, amount)| Bar {
            label: app.clone(),
            segments: vec![Segment { length: amount.round().try_into().unwrap_or_default(), hue: 0 }],
            end: display(*amount, &meta.reporting_currency),
        })
        .collect();
    let rows = currencies
        .iter()
        .map(|(currency, (sums, converted))| {
            let mut cells = vec![currency.clone()];
            cells.extend(sums.iter().map(|a| display(*a, currency)));
            cells.push(money(*converted, &meta.reporting_currency));
            cells
        })
        .collect();
    let mut total = vec!["Total".to_owned()];
    total.extend(std::iter::repeat_n(String::new(), 4));
    total.push(display(whole, &meta.reporting_currency));
    let title = format!(
        "Contracts in force cost {} {} a year",
        meta.reporting_currency,
        display(whole, &meta.reporting_currency)
    );
    let chart = chart("spend-chart", &title, "Annual contract cost of each app in the reporting currency", &drawn)?;
    Ok(Section {
        id: "spend",
        title,
        subtitle: format!(
            "Contract currency beside {} at {} rates; rows sum to the contract lines",
            meta.reporting_currency, meta.rate_set
        ),
        chart,
        table: table(
            &[("Currency", false)],
            &[
                ("Contract lines", true),
                ("Carried by seats", true),
                ("Held by nobody", true),
                ("Over-assigned, credits, rounding", true),
                (meta.reporting_currency.as_str(), true),
            ],
            rows,
            Some(total),
        ),
        note: (unconverted > 0).then(|| {
            format!(
                "Lines without a usable rate: {unconverted}. They stand in their own currency and in no converted sum."
            )
        }),
        source: "marts.spend",
    })
}

fn renewals(frames: &Frames<'_>, meta: &RunMeta) -> Result<Section> {
    let frame = frames.get("marts.renewal_calendar")?.sorted(&[("notice_on", false), ("contract_id", false)])?;
    let (mut rows, mut near) = (Vec::new(), 0);
    for row in 0..frame.height() {
        let left = frame.text("days_left", row)?;
        near += usize::from(left.parse::<i64>().is_ok_and(|d| (0..=60).contains(&d)));
        rows.push(vec![
            frame.text("contract_number", row)?,
            frame.text("vendor", row)?,
            frame.text("renewal_on", row)?,
            frame.text("notice_on", row)?,
            left,
            frame.text("is_auto_renew", row)?,
            count(frame.int("candidate_count", row)?),
            money(frame.amount("reporting_annual_amount", row)?, &meta.reporting_currency),
            money(frame.amount("identified_saving_reporting_amount", row)?, &meta.reporting_currency),
            frame.text("unproved_clauses", row)?,
        ]);
    }
    Ok(Section {
        id: "renewals",
        title: format!("{near} notice deadlines fall within 60 days"),
        subtitle: format!("Contracts in force by the last day to give notice; {} a year", meta.reporting_currency),
        chart: None,
        table: table(
            &[("Contract", false), ("Vendor", false), ("Renews", false), ("Notice by", false)],
            &[
                ("Days left", true),
                ("Auto-renews", false),
                ("Candidates", true),
                ("Annual cost", true),
                ("Identified", true),
                ("Unproved clauses", false),
            ],
            rows,
            None,
        ),
        note: None,
        source: "marts.renewal_calendar",
    })
}

fn gaps(frames: &Frames<'_>, meta: &RunMeta) -> Result<Section> {
    let frame = frames.get("marts.data_gaps")?.sorted(&[
        ("amount_at_stake", true),
        ("affected_count", true),
        ("gap_id", false),
    ])?;
    let mut rows = Vec::new();
    for row in 0..frame.height() {
        rows.push(vec![
            frame.text("kind", row)?.replace('_', " "),
            [frame.text("subject", row)?, frame.text("account_id", row)?].join("/").trim_end_matches('/').to_owned(),
            frame.text("detail", row)?,
            count(frame.int("affected_count", row)?),
            money(frame.amount("amount_at_stake", row)?, &meta.reporting_currency),
        ]);
    }
    Ok(Section {
        id: "gaps",
        title: match frame.height() {
            0 => "No gaps in the data".into(),
            n => format!("{} gaps: what these numbers do not cover", count(n as i64)),
        },
        subtitle: format!(
            "Unpriced, unmatched, uncovered; amounts overlap and are not added up; {}",
            meta.reporting_currency
        ),
        chart: None,
        table: table(
            &[("Gap", false), ("Subject", false), ("Detail", false)],
            &[("Rows", true), ("At stake", true)],
            rows,
            None,
        ),
        note: None,
        source: "marts.data_gaps",
    })
}

fn freshness(frames: &Frames<'_>) -> Result<Section> {
    let frame = frames.get("marts.source_freshness")?.sorted(&[("source", false), ("stream", false)])?;
    let (mut rows, mut bad) = (Vec::new(), 0);
    for row in 0..frame.height() {
        let status = frame.text("status", row)?;
        bad += usize::from(status != "ok");
        rows.push(vec![
            frame.text("source", row)?,
            frame.text("stream", row)?,
            status,
            frame.text("problem", row)?,
            frame.text("complete_through", row)?,
            frame.text("age_days", row)?,
            count(frame.int("fetched_count", row)?),
            count(frame.int("accepted_count", row)?),
            count(frame.int("duplicate_count", row)?),
            count(frame.int("filtered_count", row)?),
            count(frame.int("quarantined_count", row)?),
        ]);
    }
    Ok(Section {
        id: "freshness",
        title: match bad {
            0 => "Every source is fresh and complete".into(),
            n => format!("{n} of {} streams are late, partial or missing", frame.height()),
        },
        subtitle: "By the day each stream is complete through; control totals of the landing in force".into(),
        chart: None,
        table: table(
            &[("Source", false), ("Stream", false), ("Status", false), ("Problem", false), ("Complete through", false)],
            &[
                ("Age, days", true),
                ("Fetched", true),
                ("Accepted", true),
                ("Duplicate", true),
                ("Filtered", true),
                ("Quarantined", true),
            ],
            rows,
            None,
        ),
        note: Some("Fetched = accepted + duplicate + filtered + quarantined, always.".into()),
        source: "marts.source_freshness",
    })
}

fn chart(id: &str, title: &str, description: &str, drawn: &[Bar]) -> Result<Option<String>> {
    if drawn.is_empty() {
        return Ok(None);
    }
    bars(Caption { id, title, description }, drawn).map(Some)
}

fn table(
    texts: &[(&str, bool)],
    numbers: &[(&str, bool)],
    mut rows: Vec<Vec<String>>,
    total: Option<Vec<String>>,
) -> Table {
    let hidden = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    let headings = texts.iter().chain(numbers).map(|(name, number)| ((*name).to_owned(), *number)).collect();
    Table { headings, rows, total, hidden }
}
