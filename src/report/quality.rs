//! Data quality and freshness: what every other page rests on, and what it does not cover.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::chart::{Bar, Caption, Segment, bars};
use super::context::Tile;
use super::format::{count, percent, words};
use super::listing::Look::{Count, Money, Number, Text, Words};
use super::listing::{Column, Listing};
use super::pack::{self, Decision, Figure, Kind, Pack, Part};
use super::{Proofs, RunMeta};
use crate::base::Result;

/// What the page is called.
const KIND: Kind = Kind { name: "data quality", quality: "", dictionary: "dictionary.html" };

/// The tables of the page; it shows nothing else.
pub(super) const TABLES: &[&str] =
    &["marts.source_freshness", "marts.match_rates", "marts.quarantine_reasons", "marts.data_gaps"];

const STREAMS: Listing = Listing {
    table: "marts.source_freshness",
    caption: "Streams: how fresh, how complete",
    columns: &[
        Column("Source", "source", Text),
        Column("Stream", "stream", Text),
        Column("Status", "status", Text),
        Column("Problem", "problem", Words),
        Column("Newest extract", "newest_extract_date", Text),
        Column("Complete through", "complete_through", Text),
        Column("Collected since", "first_collected_on", Text),
        Column("Age, days", "age_days", Number),
        Column("Late after", "freshness_warn_days", Number),
        Column("Stale after", "freshness_error_days", Number),
        Column("Holes", "hole_count", Count),
    ],
    order: &[("source", false), ("stream", false)],
    is_summed: false,
    is_folded: false,
};

const CONTROL_TOTALS: Listing = Listing {
    table: "marts.source_freshness",
    caption: "Control totals of the newest landing: fetched = accepted + duplicate + filtered + quarantined",
    columns: &[
        Column("Source", "source", Text),
        Column("Stream", "stream", Text),
        Column("Landing", "newest_landing", Number),
        Column("Landings", "landing_count", Number),
        Column("Fetched", "fetched_count", Count),
        Column("Accepted", "accepted_count", Count),
        Column("Duplicate", "duplicate_count", Count),
        Column("Filtered", "filtered_count", Count),
        Column("Quarantined", "quarantined_count", Count),
    ],
    order: &[("source", false), ("stream", false)],
    is_summed: true,
    is_folded: false,
};

const MATCHES: Listing = Listing {
    table: "marts.match_rates",
    caption: "How accounts were matched to people",
    columns: &[
        Column("System", "system", Text),
        Column("By", "match_rule", Words),
        Column("Accounts", "account_count", Count),
        Column("With seats", "with_seats_count", Count),
    ],
    order: &[("system", false), ("position", false), ("match_rule", false)],
    is_summed: true,
    is_folded: false,
};

const QUARANTINE: Listing = Listing {
    table: "marts.quarantine_reasons",
    caption: "Rows set apart, by reason",
    columns: &[
        Column("Source", "source", Text),
        Column("Stream", "stream", Text),
        Column("Reason", "reason_code", Words),
        Column("Newest", "newest_extract_date", Text),
        Column("Rows", "row_count", Count),
    ],
    order: &[("row_count", true), ("source", false), ("stream", false), ("reason_code", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const GAPS: Listing = Listing {
    table: "marts.data_gaps",
    caption: "What the numbers do not cover; amounts overlap and are not added up",
    columns: &[
        Column("Gap", "kind", Words),
        Column("Subject", "subject", Text),
        Column("Detail", "detail", Text),
        Column("Touches", "affected_count", Number),
        Column("At stake a year", "amount_at_stake", Money),
    ],
    order: &[("amount_at_stake", true), ("affected_count", true), ("gap_id", false)],
    is_summed: false,
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
    let parts = vec![streams(&pack)?, totals(&pack)?, matches(&pack)?, quarantine(&pack)?, gaps(&pack)?];
    pack.document(KIND, "Data quality and freshness".into(), decision, parts)
}

fn decision(pack: &Pack<'_>) -> Result<Decision> {
    let streams = pack.rows("marts.source_freshness")?;
    let of = |status: &str| streams.only("status", status).map(|rows| rows.height());
    let (late, bad) = (of("warn")?, of("error")?);
    let matches = pack.rows("marts.match_rates")?;
    let accounts = matches.count("account_count")?;
    let known = accounts
        - matches.only("match_rule", "none")?.count("account_count")?
        - matches.only("match_rule", "ambiguous")?.count("account_count")?;
    let fetched = streams.count("fetched_count")?;
    let apart = streams.count("quarantined_count")?;
    let tile = |label: &str, value: String, note: String| Tile { label: label.into(), value, note };
    Ok(Decision {
        verdict: match (late, bad) {
            (0, 0) => "Every source is fresh and complete".to_owned(),
            (late, 0) => format!("{late} of {} streams are late or have holes", streams.height()),
            (late, bad) => {
                format!("{bad} of {} streams cannot be relied on, {late} more are late or have holes", streams.height())
            }
        },
        sentence: "A seat that rests on a stream which cannot be relied on is unknown, never idle.".into(),
        tiles: vec![
            tile("Streams", count(height(streams.height())), format!("{late} warn, {bad} error")),
            tile("Rows", count(fetched), "fetched by the newest landings".into()),
            tile("Quarantined", count(apart), format!("{} of them", percent(apart, fetched))),
            tile("Matched", percent(known, accounts), format!("of {} accounts, to one person each", count(accounts))),
        ],
        cite: pack.cite("marts.source_freshness"),
        ..Decision::default()
    })
}

fn height(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or_default()
}

fn streams(pack: &Pack<'_>) -> Result<Part> {
    let frame =
        pack.rows("marts.source_freshness")?.sorted(&[("age_days", true), ("source", false), ("stream", false)])?;
    let mut drawn = Vec::new();
    for row in 0..frame.height() {
        let (age, status) = (frame.text("age_days", row)?, frame.text("status", row)?);
        if age == "0" && status == "ok" {
            continue;
        }
        let source = frame.text("source", row)?;
        drawn.push(Bar {
            label: frame.text("stream", row)?,
            segments: vec![Segment { length: age.parse().unwrap_or_default(), hue: usize::from(status != "ok") }],
            end: match (age.as_str(), frame.text("problem", row)?) {
                ("", problem) => format!("{}, {source}", words(&problem)),
                (age, problem) if problem.is_empty() => format!("{age} d, {source}"),
                (age, problem) => format!("{age} d, {}, {source}", words(&problem)),
            },
        });
    }
    let ok = frame.only("status", "ok")?.height();
    let title = format!("{ok} of {} streams are fresh and complete", frame.height());
    let caption = Caption { id: "age-chart", title: &title, description: "Age of each stream in days, by its content" };
    Ok(Part {
        id: "streams",
        name: "Freshness",
        charts: if drawn.is_empty() { Vec::new() } else { vec![Figure::plain(bars(caption, &drawn)?)] },
        title,
        subtitle: "Days from the last day it is complete through to the as-of date; orange is late, partial or missing; fresh of the day is not drawn"
            .into(),
        sheets: vec![STREAMS.first(usize::MAX, pack, &frame)?],
        ..Part::default()
    })
}

fn totals(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.source_freshness")?;
    let accepted = frame.count("accepted_count")?;
    Ok(Part {
        id: "totals",
        name: "Control totals",
        title: format!(
            "{} of {} fetched rows were accepted",
            percent(accepted, frame.count("fetched_count")?),
            count(frame.count("fetched_count")?)
        ),
        subtitle: "Duplicates and filtered events are counted and not kept; what cannot be read is set apart".into(),
        sheets: vec![CONTROL_TOTALS.first(usize::MAX, pack, &frame)?],
        ..Part::default()
    })
}

fn matches(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.match_rates")?;
    let of = |rule: &str| frame.only("match_rule", rule)?.count("account_count").map(count);
    Ok(Part {
        id: "matches",
        name: "Identity",
        title: format!("{} accounts match nobody, {} more than one person", of("none")?, of("ambiguous")?),
        subtitle: "The first rule that hits decides; an account of two persons is protected, one of nobody is reviewed"
            .into(),
        sheets: vec![MATCHES.first(usize::MAX, pack, &frame)?],
        ..Part::default()
    })
}

fn quarantine(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.quarantine_reasons")?;
    Ok(Part {
        id: "quarantine",
        name: "Quarantine",
        title: match frame.count("row_count")? {
            0 => "No row was set apart".to_owned(),
            n => format!("{} rows of the landings in force were set apart", count(n)),
        },
        subtitle: "Each with its row and reason; people whose row could not be read are protected".into(),
        sheets: vec![QUARANTINE.of(pack)?],
        ..Part::default()
    })
}

fn gaps(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.data_gaps")?;
    Ok(Part {
        id: "gaps",
        name: "Gaps",
        title: format!("{} gaps", count(height(frame.height()))),
        subtitle: format!("With the amount that stands on each, in {} a year", pack.currency()),
        sheets: vec![GAPS.of(pack)?],
        ..Part::default()
    })
}
