//! Seats of a contract: how they stand, how many are needed, how they were used, what depends on the window.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Pack;
use super::contract::tier;
use crate::base::Result;
use crate::report::chart::{Bar, Caption, Heat, Lines, Segment, Stack, bars, heat, lines, stacked};
use crate::report::format::{count, ledger, percent, share, signed, words};
use crate::report::frame::Frame;
use crate::report::pack::{Figure, Part, Sheet, table};

fn pools(pack: &Pack<'_>) -> Result<Frame> {
    pack.rows("marts.renewal_pools")?.sorted(&[
        ("app_id", false),
        ("tier_rank", true),
        ("sku_id", false),
        ("currency", false),
    ])
}

pub(super) fn tiers(pack: &Pack<'_>) -> Result<Option<Part>> {
    let pools = pools(pack)?;
    let (mut rows, mut drawn) = (Vec::new(), Vec::new());
    for row in 0..pools.height() {
        let int = |column: &str| pools.int(column, row);
        let kept = int("held_count")?
            + int("on_leave_count")?
            + int("other_grace_count")?
            + int("excepted_count")?
            + int("protected_count")?
            + int("review_count")?;
        let label = format!("{} {}", pools.text("app_name", row)?, tier(&pools, row)?);
        if int("assigned_count")? > 0 {
            drawn.push(Stack {
                label: label.clone(),
                parts: vec![int("keep_count")?, int("candidate_count")?, kept, int("unknown_count")?],
                end: count(int("assigned_count")?),
            });
        }
        let mut cells = vec![label];
        for column in [
            "purchased_quantity",
            "assigned_count",
            "active_30_count",
            "active_60_count",
            "active_90_count",
            "never_used_count",
            "candidate_count",
            "over_tiered_count",
            "held_count",
            "on_leave_count",
            "excepted_count",
            "unknown_count",
        ] {
            cells.push(count(int(column)?));
        }
        cells.push(signed(int("unassigned_quantity")?));
        rows.push(cells);
    }
    let (active, bought) = (pools.count("active_90_count")?, pools.count("purchased_quantity")?);
    let title = format!("{} of {} bought seats were in use within 90 days", percent(active, bought), count(bought));
    let caption =
        Caption { id: "tiers-chart", title: &title, description: "Seats of each tier by what the policy says of them" };
    let chart = stacked(caption, &["in use, kept", "candidate", "held, leave, grace, protected", "unknown"], &drawn)?;
    Ok(Some(Part {
        id: "tiers",
        name: "Seats",
        title,
        subtitle: "Assigned seats by verdict; their number at the end".into(),
        charts: if drawn.is_empty() { Vec::new() } else { vec![Figure::plain(chart)] },
        sheets: vec![Sheet {
            caption: "Seats by tier".into(),
            table: table(
                &["Tier"],
                &[
                    "Bought",
                    "Assigned",
                    "30 d",
                    "60 d",
                    "90 d",
                    "Never",
                    "Candidates",
                    "Over-tiered",
                    "Held",
                    "Leave",
                    "Excepted",
                    "Unknown",
                    "Not assigned",
                ],
                rows,
                None,
            ),
            is_folded: false,
            cite: pack.cite("marts.renewal_pools"),
        }],
        ..Part::default()
    }))
}

pub(super) fn need(pack: &Pack<'_>) -> Result<Option<Part>> {
    let pools = pools(pack)?;
    let mut rows = Vec::new();
    let mut spans = Vec::new();
    for row in 0..pools.height() {
        let int = |column: &str| pools.int(column, row);
        let blank = |column: &str| pools.text(column, row).map(|t| if t.is_empty() { "–".into() } else { t });
        let base = match pools.text("licence_metric", row)?.as_str() {
            "concurrent" => format!("{} (concurrent)", count(int("base_count")?)),
            _ => count(int("base_count")?),
        };
        rows.push(vec![
            format!("{} {}", pools.text("app_name", row)?, tier(&pools, row)?),
            count(int("assigned_count")?),
            count(int("accepted_reclaim_count")?),
            format!("{} / {}", int("accepted_downgrade_count")?, int("accepted_downgrade_in_count")?),
            base,
            pools.amount("joiner_seats", row)?.map_or("–".into(), |seats| format!("{:.1}", seats.round_dp(1))),
            count(int("leaver_count")?),
            share(pools.amount("buffer_share", row)?),
            blank("minimum_quantity")?,
            blank("next_ramp_quantity")?,
            format!("{} / {} / {}", int("need_p50_count")?, int("need_p80_count")?, int("need_p95_count")?),
            count(int("recommended_quantity")?),
        ]);
        if spans.is_empty() && int("window_count")? > 0 {
            spans.push(format!(
                "Growth is back-tested over {} windows as long as the time to the renewal (at most a year, two years back): the number of people moved by {} (median), {} (80th percentile), {} (95th percentile).",
                int("window_count")?,
                share(pools.amount("growth_p50_share", row)?),
                share(pools.amount("growth_p80_share", row)?),
                share(pools.amount("growth_p95_share", row)?)
            ));
        }
    }
    let (needed, bought) = (pools.count("recommended_quantity")?, pools.count("purchased_quantity")?);
    Ok(Some(Part {
        id: "need",
        name: "Need",
        title: format!(
            "{} seats are recommended, {} {} than bought",
            count(needed),
            count((needed - bought).abs()),
            if needed < bought { "fewer" } else { "more" }
        ),
        subtitle: "max(minimum, ceil((base + joiners − leavers) × (1 + reserve))), every term of it".into(),
        sheets: vec![Sheet {
            caption: "The formula, term by term".into(),
            table: table(
                &["Tier"],
                &[
                    "Assigned",
                    "− reclaims",
                    "Tier out / in",
                    "= base",
                    "+ joiners",
                    "− leavers",
                    "Reserve",
                    "Minimum",
                    "Ramp",
                    "P50 / P80 / P95",
                    "Recommended",
                ],
                rows,
                None,
            ),
            is_folded: false,
            cite: pack.cite("marts.renewal_pools"),
        }],
        notes: spans,
        ..Part::default()
    }))
}

pub(super) fn weeks(pack: &Pack<'_>, decision: &Frame) -> Result<Option<Part>> {
    let frame = pack.all("marts.renewal_weeks")?;
    let apps = decision.text("app_ids", 0)?;
    let (mut charts, mut rows, mut title) = (Vec::new(), Vec::new(), None);
    for (at, app) in apps.split('|').enumerate() {
        let weeks = frame.only("app_id", app)?.sorted(&[("week_to", false)])?;
        if weeks.height() < 2 {
            continue;
        }
        let mut points = Vec::new();
        for row in 0..weeks.height() {
            let day = weeks.text("week_to", row)?;
            points.push((day.get(5..).unwrap_or_default().to_owned(), weeks.int("active_count", row)?));
            rows.push(vec![app.to_owned(), day, count(weeks.int("active_count", row)?)]);
        }
        let levels = [
            ("bought".to_owned(), weeks.int("purchased_quantity", 0)?),
            ("assigned".to_owned(), weeks.int("assigned_count", 0)?),
        ];
        let last = points.last().map_or(0, |(_, active)| *active);
        let said = format!(
            "{app}: {} accounts signed in during the last week, {} seats are bought",
            count(last),
            count(levels[0].1)
        );
        let id = format!("weeks-chart-{at}");
        let caption = Caption {
            id: &id,
            title: &said,
            description: "Accounts with a sign-in in each week, beside seats bought and assigned",
        };
        let svg = lines(
            caption,
            &Lines { points: &points, name: "signed in", levels: &levels, threshold: None, is_stepped: false },
        )?;
        charts.push(Figure { caption: title.is_some().then(|| said.clone()), svg });
        title.get_or_insert(said);
    }
    let Some(title) = title else { return Ok(None) };
    Ok(Some(Part {
        id: "weeks",
        name: "Use",
        title,
        subtitle: "Accounts with a paid seat and an SSO sign-in, by week; what is bought and assigned is today's"
            .into(),
        charts,
        sheets: vec![Sheet {
            caption: "Week by week".into(),
            table: table(&["App", "Week to"], &["Accounts"], rows, None),
            is_folded: true,
            cite: pack.cite("marts.renewal_weeks"),
        }],
        notes: vec![
            "Sessions may last longer than a week: an account that signed in nowhere may still be in use.".into(),
        ],
    }))
}

pub(super) fn sensitivity(pack: &Pack<'_>, decision: &Frame) -> Result<Option<Part>> {
    let frame = pack.rows("marts.renewal_sensitivity")?.sorted(&[("window_days", false), ("buffer_percent", false)])?;
    if frame.height() == 0 {
        return Ok(None);
    }
    let mut needed: BTreeMap<i64, Vec<Option<i64>>> = BTreeMap::new();
    let mut points: Vec<(String, i64)> = Vec::new();
    let (mut buffers, mut rows, mut edges) = (Vec::new(), Vec::new(), [0, 0]);
    for row in 0..frame.height() {
        let int = |column: &str| frame.int(column, row);
        let (window, buffer, seats) = (int("window_days")?, int("buffer_percent")?, int("needed_quantity")?);
        if !needed.contains_key(&window) {
            points.push((format!("{window} d"), int("assigned_count")? - int("idle_count")?));
        }
        needed.entry(window).or_default().push(Some(seats));
        if !buffers.contains(&buffer) {
            buffers.push(buffer);
        }
        if buffer == 10 && window == 30 {
            edges[0] = seats;
        }
        if buffer == 10 && window == 180 {
            edges[1] = seats;
        }
        rows.push(vec![
            window.to_string(),
            format!("{buffer}%"),
            count(int("idle_count")?),
            count(seats),
            ledger(frame.amount("reporting_annual_amount", row)?, pack.currency()),
        ]);
    }
    let title = format!("A window of 30 days needs {} seats, one of 180 days {}", count(edges[0]), count(edges[1]));
    let at = points.iter().position(|(name, _)| name == "90 d").map(|at| (at, "90 days".to_owned()));
    let levels = [("bought".to_owned(), decision.int("purchased_quantity", 0)?)];
    let survival = lines(
        Caption {
            id: "survival-chart",
            title: &title,
            description: "Seats left when every seat idle longer than the window is given back",
        },
        &Lines { points: &points, name: "kept", levels: &levels, threshold: at, is_stepped: true },
    )?;
    let grid = heat(
        Caption {
            id: "sensitivity-chart",
            title: "Seats needed by window and reserve",
            description: "Rows are windows of inactivity, columns reserves",
        },
        &Heat {
            across: "reserve",
            columns: buffers.iter().map(|b| format!("{b}%")).collect(),
            rows: needed.into_iter().map(|(window, cells)| (format!("idle ≥ {window} days"), cells)).collect(),
        },
    )?;
    Ok(Some(Part {
        id: "sensitivity",
        name: "Sensitivity",
        title,
        subtitle: "Every seat idle that long given back, minimums kept; above: seats kept by window without reserve"
            .into(),
        charts: vec![
            Figure::plain(survival),
            Figure { caption: Some("Seats needed by window and reserve".into()), svg: grid },
        ],
        sheets: vec![Sheet {
            caption: "By window and reserve".into(),
            table: table(&[], &["Window, days", "Reserve", "Idle seats", "Seats needed", "Annual cost"], rows, None),
            is_folded: true,
            cite: pack.cite("marts.renewal_sensitivity"),
        }],
        notes: vec!["Held, on leave, excepted, protected and unknown seats are never given back here either.".into()],
    }))
}

/// Seats, savings and unpriced candidates by action, reason and state.
type Counted = BTreeMap<(String, String, String), (i64, Decimal, i64)>;

pub(super) fn candidates(pack: &Pack<'_>) -> Result<Option<Part>> {
    let frame = pack.rows("marts.renewal_candidates")?;
    let currency = pack.currency();
    let (mut counted, mut ages): (Counted, [i64; 4]) = (BTreeMap::new(), [0; 4]);
    let (mut all, mut cash) = (Decimal::ZERO, Decimal::ZERO);
    for row in 0..frame.height() {
        let key = (frame.text("action", row)?, frame.text("reason", row)?, frame.text("savings_state", row)?);
        let entry = counted.entry(key).or_default();
        let saving = frame.amount("annual_saving_amount", row)?;
        entry.0 += 1;
        entry.1 += saving.unwrap_or_default();
        entry.2 += i64::from(saving.is_none());
        all += saving.unwrap_or_default();
        if frame.flag("is_cash_releasing", row)? {
            cash += saving.unwrap_or_default();
        }
        ages[match frame.int("open_days", row)? {
            ..=7 => 0,
            8..=14 => 1,
            15..=30 => 2,
            _ => 3,
        }] += 1;
    }
    let total = i64::try_from(frame.height()).unwrap_or_default();
    let mut ranked: Vec<_> = counted.into_iter().collect();
    ranked.sort_by(|a, b| (b.1.0, &a.0).cmp(&(a.1.0, &b.0)));
    let drawn: Vec<Bar> = ranked
        .iter()
        .map(|((action, reason, _), (seats, saving, _))| Bar {
            label: format!("{action}: {}", words(reason)),
            segments: vec![Segment { length: *seats, hue: 1 }],
            end: format!("{}, {currency} {}", count(*seats), crate::report::chart::brief(*saving)),
        })
        .collect();
    let rows = ranked
        .iter()
        .map(|((action, reason, state), (seats, saving, unpriced))| {
            vec![
                action.clone(),
                words(reason),
                state.clone(),
                count(*seats),
                ledger(Some(*saving), currency),
                count(*unpriced),
            ]
        })
        .collect();
    let title = match total {
        0 => "No seat of this contract is a candidate".to_owned(),
        n => format!("{} candidates, {currency} {} a year identified", count(n), ledger(Some(all), currency)),
    };
    let caption = Caption { id: "candidates-chart", title: &title, description: "Candidates by action and reason" };
    Ok(Some(Part {
        id: "candidates",
        name: "Candidates",
        charts: if drawn.is_empty() { Vec::new() } else { vec![Figure::plain(bars(caption, &drawn)?)] },
        subtitle: "Seats a policy proposes to act on; states of savings are never added up".into(),
        sheets: if total == 0 {
            Vec::new()
        } else {
            vec![Sheet {
                caption: "By action, reason and state".into(),
                table: table(
                    &["Action", "Reason", "State"],
                    &["Candidates", "Saving a year", "Unpriced"],
                    rows,
                    Some(vec![
                        "Total".into(),
                        String::new(),
                        String::new(),
                        count(total),
                        ledger(Some(all), currency),
                        String::new(),
                    ]),
                ),
                is_folded: false,
                cite: pack.cite("marts.renewal_candidates"),
            }]
        },
        notes: match total {
            0 => Vec::new(),
            _ => vec![
                format!(
                    "Of the saving {currency} {} releases cash, at the renewal or the true-down date; the rest avoids a purchase.",
                    ledger(Some(cash), currency)
                ),
                format!("Open for 0–7 days: {}, 8–14: {}, 15–30: {}, longer: {}.", ages[0], ages[1], ages[2], ages[3]),
            ],
        },
        title,
    }))
}
