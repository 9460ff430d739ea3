//! Spend and allocation: what contracts cost, where it goes, what nobody uses, when it can change, and that it ties.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::chart::{Bar, Caption, Segment, bars, brief};
use super::context::Tile;
use super::format::{count, ledger, percent};
use super::frame::Frame;
use super::listing::Look::{Count, Money, MoneyIn, Number, Text, Words};
use super::listing::{Column, Listing};
use super::pack::{self, Decision, Figure, Kind, Pack, Part};
use super::programme::SAVINGS;
use super::quality::GAPS;
use super::{Proofs, RunMeta};
use crate::base::Result;

/// What the page is called.
const KIND: Kind = Kind { name: "spend and allocation", quality: "quality.html", dictionary: "dictionary.html" };

/// The tables of the page; it shows nothing else.
pub(super) const TABLES: &[&str] = &[
    "marts.spend",
    "marts.spend_reconciliation",
    "marts.focus_cost_and_usage",
    "marts.renewal_showback",
    "marts.tier_allocation",
    "marts.renewal_calendar",
    "marts.savings_by_state",
    "marts.data_gaps",
];

/// Bars of a chart; the others stand in the table.
const BARS: usize = 15;

const LINES: Listing = Listing {
    table: "marts.spend",
    caption: "Contract lines in force",
    columns: &[
        Column("Contract", "contract_number", Text),
        Column("Vendor", "vendor", Text),
        Column("App", "app_id", Text),
        Column("SKU", "source_sku_id", Text),
        Column("Region", "region", Text),
        Column("Term to", "term_to", Text),
        Column("Currency", "annual_currency", Text),
        Column("Bought", "quantity", Count),
        Column("Held", "assigned_count", Count),
        Column("A year", "annual_amount", MoneyIn("annual_currency")),
        Column("Converted", "reporting_annual_amount", Money),
    ],
    order: LARGEST_LINES,
    is_summed: true,
    is_folded: false,
};

const COSTS: Listing = Listing {
    table: "marts.focus_cost_and_usage",
    caption: "Four costs of the year that contains the day, by contract line",
    columns: &[
        Column("Contract", "billing_account_id", Text),
        Column("Service", "service_name", Text),
        Column("What", "charge_description", Text),
        Column("Currency", "billing_currency", Text),
        Column("List", "list_cost", MoneyIn("billing_currency")),
        Column("Contracted", "contracted_cost", MoneyIn("billing_currency")),
        Column("Billed", "billed_cost", MoneyIn("billing_currency")),
        Column("Billed by", "x_billed_basis", Text),
        Column("Effective", "effective_cost", MoneyIn("billing_currency")),
    ],
    order: &[("x_reporting_cost", true), ("x_contract_line_id", false)],
    is_summed: false,
    is_folded: false,
};

const SPLIT: Listing = Listing {
    table: "marts.spend",
    caption: "Where the cost of each line goes: carried by seats + held by nobody − beyond bought + credit + rounding",
    columns: &[
        Column("Contract", "contract_number", Text),
        Column("SKU", "source_sku_id", Text),
        Column("Region", "region", Text),
        Column("Converted", "reporting_annual_amount", Money),
        Column("Carried by seats", "reporting_allocated_amount", Money),
        Column("Held by nobody", "reporting_unassigned_amount", Money),
        Column("Beyond bought", "reporting_over_assigned_amount", Money),
        Column("Credit", "reporting_credit_amount", Money),
        Column("Rounding", "reporting_rounding_amount", Money),
    ],
    order: LARGEST_LINES,
    is_summed: true,
    is_folded: true,
};

/// The dearest lines first.
const LARGEST_LINES: &[(&str, bool)] = &[("reporting_annual_amount", true), ("contract_line_id", false)];

const PROOF: Listing = Listing {
    table: "marts.spend_reconciliation",
    caption: "Contract lines = carried by seats + held by nobody + beyond bought + credits + rounding",
    columns: &[
        Column("Basis", "basis", Words),
        Column("Currency", "currency", Text),
        Column("Line", "line_name", Words),
        Column("Items", "item_count", Number),
        Column("A year", "amount", MoneyIn("currency")),
    ],
    order: &[("basis", true), ("currency", false), ("position", false)],
    is_summed: false,
    is_folded: false,
};

const SHOWBACK: Listing = Listing {
    table: "marts.renewal_showback",
    caption: "Cost centers by contract",
    columns: &[
        Column("Cost center", "cost_center_id", Text),
        Column("Name", "cost_center_name", Text),
        Column("Contract", "contract_number", Text),
        Column("Vendor", "vendor", Text),
        Column("Seats", "seat_count", Count),
        Column("Used in 90 d", "active_90_count", Count),
        Column("Direct", "direct_amount", Money),
        Column("Shared", "shared_amount", Money),
        Column("Together", "total_amount", Money),
        Column("Identified", "identified_amount", Money),
        Column("After", "after_reclaim_amount", Money),
    ],
    order: &[("total_amount", true), ("contract_id", false), ("cost_center_id", false)],
    is_summed: true,
    is_folded: false,
};

const POSITION: Listing = Listing {
    table: "marts.tier_allocation",
    caption: "Bought, held, used and over by SKU and contract region",
    columns: &[
        Column("App", "app_id", Text),
        Column("Tier", "tier", Words),
        Column("Region", "region", Text),
        Column("Bought", "purchased_quantity", Count),
        Column("Held", "assigned_count", Count),
        Column("Used in 90 d", "active_90_count", Count),
        Column("Never used", "never_used_count", Count),
        Column("Unknown", "unknown_count", Count),
        Column("Candidates", "candidate_count", Count),
        Column("Over", "surplus_quantity", Number),
        Column("Cost a year", "reporting_annual_amount", Money),
        Column("Identified", "identified_saving_reporting_amount", Money),
    ],
    order: &[("reporting_annual_amount", true), ("app_id", false), ("sku_id", false), ("region", false)],
    is_summed: true,
    is_folded: false,
};

const RENEWALS: Listing = Listing {
    table: "marts.renewal_calendar",
    caption: "Contracts by their last day of notice",
    columns: &[
        Column("Contract", "contract_number", Text),
        Column("Vendor", "vendor", Text),
        Column("Notice by", "notice_on", Text),
        Column("Renews", "renewal_on", Text),
        Column("Stage", "stage", Words),
        Column("Renews by itself", "is_auto_renew", Text),
        Column("Days left", "days_left", Number),
        Column("Candidates", "candidate_count", Count),
        Column("Cost a year", "reporting_annual_amount", Money),
        Column("Identified", "identified_saving_reporting_amount", Money),
        Column("Cash-releasing", "cash_releasing_saving_reporting_amount", Money),
    ],
    order: &[("notice_on", false), ("contract_id", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) fn page(
    batches: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<serde_json::Value> {
    let tables = pack::tables(batches, TABLES)?;
    let pack = Pack::new(&tables, meta, proofs, None);
    let decision = decision(&pack)?;
    let parts = vec![
        apps(&pack)?,
        costs(&pack)?,
        allocation(&pack)?,
        position(&pack)?,
        renewals(&pack)?,
        savings(&pack)?,
        proof(&pack)?,
        gaps(&pack)?,
    ];
    pack.document(KIND, "Spend and allocation".into(), decision, parts)
}

fn decision(pack: &Pack<'_>) -> Result<Decision> {
    let (spend, seats) = (pack.rows("marts.spend")?, pack.rows("marts.tier_allocation")?);
    let currency = pack.currency();
    let total = |column: &str| spend.total(column).map(|amount| ledger(Some(amount), currency));
    let (held, active) = (seats.count("assigned_count")?, seats.count("active_90_count")?);
    let mut unconverted = 0;
    for row in 0..spend.height() {
        unconverted += i64::from(spend.amount("reporting_annual_amount", row)?.is_none());
    }
    let mut caveats = vec![format!(
        "Amounts in {currency} are at {} rates of {}; each line stands in its own currency beside it.",
        pack.meta.rate_set, pack.meta.as_of
    )];
    if unconverted > 0 {
        caveats.push(format!(
            "Contract lines without a price or a usable rate, in no amount in {currency}: {}.",
            count(unconverted)
        ));
    }
    let tile = |label: &str, value: String, note: String| Tile { label: label.into(), value, note };
    Ok(Decision {
        verdict: format!("Contracts in force cost {currency} {} a year", total("reporting_annual_amount")?),
        sentence: format!(
            "{} of {} seats were used within 90 days; seats nobody holds cost {currency} {} a year.",
            percent(active, held),
            count(held),
            total("reporting_unassigned_amount")?
        ),
        tiles: vec![
            tile(
                "Contracts",
                total("reporting_annual_amount")?,
                format!("{currency} a year, {} lines", spend.height()),
            ),
            tile("Carried by seats", total("reporting_allocated_amount")?, format!("{} seats", count(held))),
            tile(
                "Held by nobody",
                total("reporting_unassigned_amount")?,
                format!("{} seats", count(spend.count("unassigned_quantity")?)),
            ),
            tile(
                "Beyond bought",
                total("reporting_over_assigned_amount")?,
                format!("{} seats carried and not paid for", count(spend.count("over_assigned_quantity")?)),
            ),
        ],
        caveats,
        cite: pack.cite("marts.spend"),
        ..Decision::default()
    })
}

/// The groups of a frame by a text column, the largest amount first.
fn ranked(frame: &Frame, by: &str, amount: &str) -> Result<Vec<(Decimal, String)>> {
    let mut groups = Vec::new();
    for name in frame.texts(by)? {
        groups.push((frame.only(by, &name)?.total(amount)?, name));
    }
    groups.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(groups)
}

fn figure(
    pack: &Pack<'_>,
    id: &str,
    title: &str,
    description: &str,
    groups: &[(Decimal, String)],
) -> Result<Vec<Figure>> {
    let drawn: Vec<Bar> = groups
        .iter()
        .take(BARS)
        .map(|(amount, name)| Bar {
            label: if name.is_empty() { "(none)".into() } else { name.clone() },
            segments: vec![Segment { length: amount.round().to_i64().unwrap_or_default(), hue: 0 }],
            end: format!("{} {}", pack.currency(), brief(*amount)),
        })
        .collect();
    match drawn.is_empty() {
        true => Ok(Vec::new()),
        false => Ok(vec![Figure::plain(bars(Caption { id, title, description }, &drawn)?)]),
    }
}

fn apps(pack: &Pack<'_>) -> Result<Part> {
    let groups = ranked(&pack.rows("marts.spend")?, "vendor", "reporting_annual_amount")?;
    let whole: Decimal = groups.iter().map(|(amount, _)| *amount).sum();
    let title = match groups.first().filter(|_| !whole.is_zero()) {
        Some((most, vendor)) => format!("{vendor} is {} of the spend", super::format::share(Some(*most / whole))),
        None => "No contract line in force has a price".to_owned(),
    };
    Ok(Part {
        id: "vendors",
        name: "Vendors",
        charts: figure(pack, "vendors-chart", &title, "Annual cost of the contracts of each vendor", &groups)?,
        title,
        subtitle: format!("Annual cost of contract lines in force, in their own currency and in {}", pack.currency()),
        sheets: vec![LINES.of(pack)?, SPLIT.of(pack)?],
        ..Part::default()
    })
}

fn allocation(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.renewal_showback")?;
    let groups = ranked(&frame, "cost_center_id", "total_amount")?;
    let none = groups.iter().find(|(_, name)| name == "none").map(|(amount, _)| *amount).unwrap_or_default();
    let title = format!(
        "{} {} of {} are no cost center's",
        pack.currency(),
        ledger(Some(none), pack.currency()),
        ledger(Some(frame.total("total_amount")?), pack.currency())
    );
    Ok(Part {
        id: "allocation",
        name: "Allocation",
        charts: figure(pack, "allocation-chart", &title, "Annual cost that each cost center carries", &groups)?,
        title,
        subtitle: "Direct: seats of its people; shared: what nobody holds, by seats. none: what no cost center answers for, and rounding"
            .into(),
        sheets: vec![SHOWBACK.of(pack)?],
        notes: vec!["Rows of a contract add up to it to the last digit; lines without a rate are in no row.".into()],
    })
}

fn position(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.tier_allocation")?;
    let (mut over, mut short) = (0, 0);
    for row in 0..frame.height() {
        let surplus = frame.int("surplus_quantity", row)?;
        if frame.flag("is_paid", row)? {
            over += surplus.max(0);
            short += (-surplus).max(0);
        }
    }
    Ok(Part {
        id: "position",
        name: "Position",
        title: format!("{} paid seats are bought and not held, {} held beyond those bought", count(over), count(short)),
        subtitle: "Effective licence position; below zero in Over: more held than bought, a true-up question".into(),
        sheets: vec![POSITION.of(pack)?],
        ..Part::default()
    })
}

fn renewals(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.renewal_calendar")?;
    let (mut near, mut missed) = (0, 0);
    for row in 0..frame.height() {
        match frame.text("days_left", row)?.parse::<i64>() {
            Ok(0..=180) => near += 1,
            Ok(..0) => missed += 1,
            _ => {}
        }
    }
    Ok(Part {
        id: "renewals",
        name: "Renewals",
        title: format!("{near} last days of notice fall within 180 days, {missed} have passed"),
        subtitle: "A saving frees cash at the renewal, or earlier where the contract may be reduced".into(),
        sheets: vec![RENEWALS.of(pack)?],
        ..Part::default()
    })
}

fn costs(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows(COSTS.table)?;
    let billed = frame.only("x_billed_basis", "invoices")?.height();
    let mut below_list = 0;
    for row in 0..frame.height() {
        below_list += usize::from(frame.amount("contracted_cost", row)? < frame.amount("list_cost", row)?);
    }
    Ok(Part {
        id: "costs",
        name: "Four costs",
        title: format!("{billed} of {} lines are billed by invoices of their whole year", frame.height()),
        subtitle: format!(
            "{below_list} are below list; where no list price is stated, or invoices do not cover the year, the contract \
             speaks; the same lines lie in focus/"
        ),
        sheets: vec![COSTS.of(pack)?],
        ..Part::default()
    })
}

fn savings(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.savings_by_state")?;
    let of = |state: &str| {
        frame.only("savings_state", state)?.total("annual_saving_amount").map(|a| ledger(Some(a), pack.currency()))
    };
    Ok(Part {
        id: "savings",
        name: "Savings",
        title: format!(
            "{} identified, {} accepted, {} executed, {} contracted, {} realised, in {} a year",
            of("identified")?,
            of("accepted")?,
            of("executed")?,
            of("contracted")?,
            of("realised")?,
            pack.currency()
        ),
        subtitle: "Contracted: less is bought since the seat is gone; realised: an invoice carries it; never added up"
            .into(),
        sheets: vec![SAVINGS.of(pack)?],
        ..Part::default()
    })
}

fn proof(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.spend_reconciliation")?;
    let difference = frame.only("line_name", "difference")?;
    let mut open = 0;
    for row in 0..difference.height() {
        open += usize::from(difference.amount("amount", row)?.is_some_and(|amount| !amount.is_zero()));
    }
    Ok(Part {
        id: "proof",
        name: "Proof",
        title: match open {
            0 => "Spend ties to the contract lines in every currency".to_owned(),
            n => format!("{n} currencies do not tie"),
        },
        subtitle: "Each currency by itself, then everything that converts".into(),
        sheets: vec![PROOF.first(usize::MAX, pack, &frame)?],
        notes: vec!["The same lines in the columns of FOCUS 1.2 lie in focus/, as CSV and Parquet.".into()],
        ..Part::default()
    })
}

fn gaps(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.data_gaps")?;
    Ok(Part {
        id: "gaps",
        name: "Gaps",
        title: match frame.height() {
            0 => "No gaps in the data".to_owned(),
            n => format!("{} gaps: what these numbers do not cover", count(i64::try_from(n).unwrap_or_default())),
        },
        subtitle: "Unpriced, unmatched, unconverted, late".into(),
        sheets: vec![GAPS.of(pack)?],
        ..Part::default()
    })
}
