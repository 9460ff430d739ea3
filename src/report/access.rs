//! Access reviews: a page for everybody who must decide something, with only that in it, and one for who sees to it all.

use std::collections::BTreeMap;
use std::iter;

use arrow::array::RecordBatch;

use super::chart::{Bar, Caption, Segment, bars};
use super::context::{Table, Tile};
use super::format::{count, plain, several, words};
use super::frame::Frame;
use super::listing::Look::{Count, List, Money, Number, Text, Words};
use super::listing::{Column, Listing};
use super::pack::{self, Decision, Figure, Kind, Pack, Part, Scope, Sheet, Tables};
use super::{Named, Proofs, RunMeta};
use crate::base::Result;

/// The tables of the pages; they show nothing else.
pub(super) const TABLES: &[&str] = &["marts.access_reviews", "marts.access_findings", "marts.access_controls", DRIFT];

/// What the pages are called.
const KIND: Kind = Kind { name: "access review", quality: "../quality.html", dictionary: "../dictionary.html" };
/// The one table of which a page has its reader's rows.
const REVIEWS: &str = "marts.access_reviews";
/// Where Okta and the states of Terraform differ.
const DRIFT: &str = "marts.assignment_drift";
/// Ranked by risk, then by what is due first.
const BY_RISK: &[(&str, bool)] = &[("risk_score", true), ("due_on", false), ("amount", true), ("item_id", false)];

const QUESTIONS: Listing = Listing {
    table: REVIEWS,
    caption: "Seats to decide about",
    columns: &[
        Column("Risk", "risk_score", Number),
        Column("Due", "due_on", Text),
        Column("App", "system_name", Text),
        Column("Tier", "tier", Words),
        Column("Holder", "holder_name", Text),
        Column("Account", "account_name", Text),
        Column("Proposal", "proposal", Words),
        Column("Why", "kind", Words),
        Column("Last use", "last_use", Text),
        Column("Evidence", "evidence_grade", Words),
        Column("Saving a year", "amount", Money),
        Column("Candidate", "candidate_id", Text),
    ],
    order: BY_RISK,
    is_summed: false,
    is_folded: false,
};

const FINDINGS: Listing = Listing {
    table: REVIEWS,
    caption: "Findings to see to",
    columns: &[
        Column("Risk", "risk_score", Number),
        Column("Severity", "severity", Words),
        Column("What", "kind", Words),
        Column("App", "system_name", Text),
        Column("Account", "account_name", Text),
        Column("Holder", "holder_name", Text),
        Column("Detail", "detail", Text),
        Column("What to do", "remediation", Text),
        Column("Since", "first_seen_on", Text),
        Column("Days", "days_open", Number),
        Column("At stake", "amount", Money),
        Column("Finding", "finding_id", Text),
    ],
    order: BY_RISK,
    is_summed: false,
    is_folded: false,
};

const CONTROLS: Listing = Listing {
    table: "marts.access_controls",
    caption: "Controls",
    columns: &[
        Column("What should hold", "title", Text),
        Column("State", "state", Text),
        Column("Not judged because", "not_judged_because", Text),
        Column("Judged but for", "coverage_gap", Text),
        Column("Controls", "controls", List),
        Column("Open", "open_count", Count),
        Column("Over 30 d", "open_over_30_days_count", Count),
        Column("Closed", "closed_count", Count),
        Column("Days to close", "mean_days_to_close", Number),
        Column("Highest risk", "highest_risk_score", Number),
    ],
    order: &[("open_count", true), ("kind", false)],
    is_summed: true,
    is_folded: false,
};

const RANKED: Listing = Listing {
    table: "marts.access_findings",
    caption: "Open findings by risk, without names",
    columns: &[
        Column("Risk", "risk_score", Number),
        Column("Severity", "severity", Words),
        Column("What", "kind", Words),
        Column("System", "system", Text),
        Column("Detail", "detail", Text),
        Column("Owner", "owner_role", Words),
        Column("First seen", "first_seen_on", Text),
        Column("Last seen", "last_seen_on", Text),
        Column("Days", "days_open", Number),
        Column("At stake", "amount_at_stake", Money),
        Column("Finding", "finding_id", Text),
    ],
    order: &[("risk_score", true), ("finding_id", false)],
    is_summed: false,
    is_folded: false,
};

const DRIFTS: Listing = Listing {
    table: DRIFT,
    caption: "Grants that differ, without names",
    columns: &[
        Column("What", "drift_kind", Words),
        Column("Of", "grant_kind", Words),
        Column("App", "app_id", Text),
        Column("App in Okta", "okta_app_id", Text),
        Column("Group", "group_id", Text),
        Column("Workspace", "workspace", Text),
        Column("Declared licence", "declared_sku_id", Text),
        Column("Licence in Okta", "held_sku_id", Text),
        Column("First seen", "first_seen_on", Text),
        Column("Last seen", "last_seen_on", Text),
        Column("Drift", "drift_id", Text),
    ],
    order: &[("first_seen_on", false), ("drift_id", false)],
    is_summed: false,
    is_folded: false,
};

/// The pages by name of file: `access/index.html` and one for each reviewer, each made when it is asked for.
pub(super) fn pages<'a>(
    batches: &BTreeMap<String, RecordBatch>,
    meta: &'a RunMeta,
    proofs: &'a Proofs,
) -> Result<impl Iterator<Item = Result<Named>> + use<'a>> {
    let mut tables = pack::tables(batches, TABLES)?;
    let first = ("access/index.html".to_owned(), index(&Pack::new(&tables, meta, proofs, None))?);
    let of_each = tables[REVIEWS].by("reviewer_key")?.map(move |(reviewer, rows)| {
        // Looking through the rows of everybody for every page would cost more than all else.
        tables.insert(REVIEWS, rows);
        Ok((format!("access/{}", file_name(&reviewer)), review(&tables, meta, proofs, &reviewer)?))
    });
    Ok(iter::once(Ok(first)).chain(of_each))
}

fn file_name(reviewer: &str) -> String {
    format!("{}.html", plain(&reviewer.replace(' ', "-")))
}

fn tile(label: &str, value: i64, note: String) -> Tile {
    Tile { label: label.into(), value: count(value), note }
}

fn height(frame: &Frame) -> i64 {
    i64::try_from(frame.height()).unwrap_or_default()
}

fn overdue(frame: &Frame) -> Result<i64> {
    (0..frame.height()).try_fold(0, |sum, row| Ok(sum + i64::from(frame.flag("is_overdue", row)?)))
}

fn highest(frame: &Frame) -> Result<i64> {
    (0..frame.height()).try_fold(0, |most, row| Ok(frame.int("risk_score", row)?.max(most)))
}

/// The page of one reviewer.
fn review(tables: &Tables, meta: &RunMeta, proofs: &Proofs, reviewer: &str) -> Result<serde_json::Value> {
    let pack = Pack::new(tables, meta, proofs, Some(Scope { column: "reviewer_key", text: reviewer }));
    let rows = pack.rows(REVIEWS)?;
    let (questions, findings) = (rows.only("item", "question")?, rows.only("item", "finding")?);
    let (asked, found, late) = (height(&questions), height(&findings), overdue(&questions)?);
    let mut caveats = Vec::new();
    for (consequence, what) in
        [("data_deleted", "deletes data"), ("hold_broken", "breaks a hold"), ("data_moved", "moves data")]
    {
        let seats = questions.only("reclaim_consequence", consequence)?;
        if seats.height() > 0 {
            let apps = seats.texts("system_name")?.join(", ");
            caveats.push(format!("Taking a seat of {apps} away {what} at the vendor."));
        }
    }
    let decision = Decision {
        verdict: match (asked, found) {
            (0, found) => format!("{} to see to", several(found, "finding")),
            (asked, 0) => format!("{} to decide about", several(asked, "seat")),
            (asked, found) => {
                format!("{} to decide about, {} to see to", several(asked, "seat"), several(found, "finding"))
            }
        },
        sentence: match late {
            0 => "Nothing is overdue. Nothing happens without your decision.".into(),
            late => format!("{} are overdue. Nothing happens without your decision.", count(late)),
        },
        tiles: vec![
            tile("Seats", asked, "wait for your answer".into()),
            tile("Overdue", late, "of them".into()),
            tile("Findings", found, "of what you own".into()),
            tile("Highest risk", highest(&rows)?, "severity × sensitivity × days open, up to 32".into()),
        ],
        caveats,
        cite: pack.cite(REVIEWS),
        ..Decision::default()
    };
    let mut parts = Vec::new();
    if asked > 0 {
        parts.push(Part {
            id: "questions",
            name: "Seats",
            title: "Keep the seat, or let it go".into(),
            subtitle: format!("By risk, then by what is due first; saving in {} a year if it goes", pack.currency()),
            sheets: vec![whole(&QUESTIONS, &pack, &questions)?],
            notes: vec![
                "Answer in the ticket or the mail, or: seatledger decide accept CANDIDATE, or deny CANDIDATE --reason CODE."
                    .into(),
            ],
            ..Part::default()
        });
    }
    if found > 0 {
        parts.push(Part {
            id: "findings",
            name: "Findings",
            title: "See to these accounts and pools".into(),
            subtitle: "Each closes by itself when its condition ends; costs overlap and are not added up".into(),
            sheets: vec![whole(&FINDINGS, &pack, &findings)?],
            ..Part::default()
        });
    }
    let who = match rows.text("reviewer_email", 0)? {
        address if address.is_empty() => reviewer.to_owned(),
        address => address,
    };
    pack.document(KIND, format!("Access review of {who}"), decision, parts)
}

/// All rows: a reviewer must see everything there is to decide.
fn whole(listing: &Listing, pack: &Pack<'_>, rows: &Frame) -> Result<Sheet> {
    listing.first(usize::MAX, pack, rows)
}

/// The page for who sees to it that everybody decides.
fn index(pack: &Pack<'_>) -> Result<serde_json::Value> {
    let (reviews, controls) = (pack.rows(REVIEWS)?, pack.rows("marts.access_controls")?);
    let findings = pack.rows("marts.access_findings")?.only("state", "open")?;
    let questions = reviews.only("item", "question")?;
    let late = overdue(&questions)?;
    let state = |name: &str| controls.only("state", name).map(|rows| height(&rows));
    let blind = state("not judged")?;
    let decision = Decision {
        verdict: format!("{} findings are open, {} answers are overdue", count(height(&findings)), count(late)),
        sentence: format!(
            "Of {} controls {} have findings, {} are judged without one, {blind} cannot be judged.",
            controls.height(),
            state("finding")?,
            state("ok")?
        ),
        tiles: vec![
            tile("Findings", height(&findings), "open".into()),
            tile("Over 30 days", controls.count("open_over_30_days_count")?, "of them".into()),
            tile("Closed", controls.count("closed_count")?, "within 396 days".into()),
            tile("Questions", height(&questions), format!("wait for an answer, {} overdue", count(late))),
        ],
        caveats: vec![
            "Findings overlap: their costs are never added up. What no source tells is not judged, never ok.".into(),
        ],
        cite: pack.cite("marts.access_controls"),
        ..Decision::default()
    };
    let mut parts = vec![kinds(pack, &controls)?, reviewers(pack, &reviews)?, ranked(pack, &findings)?];
    let drifts = pack.rows(DRIFT)?;
    // Without a state there is nothing to say; the controls say why.
    if drifts.height() > 0 {
        parts.push(drift(pack, &drifts.only("state", "open")?)?);
    }
    pack.document(KIND, "Access review".into(), decision, parts)
}

fn kinds(pack: &Pack<'_>, controls: &Frame) -> Result<Part> {
    let sorted = controls.sorted(CONTROLS.order)?;
    let mut drawn = Vec::new();
    for row in 0..sorted.height() {
        let (open, old) = (sorted.int("open_count", row)?, sorted.int("open_over_30_days_count", row)?);
        drawn.push(Bar {
            label: words(&sorted.text("kind", row)?),
            segments: vec![Segment { length: open - old, hue: 0 }, Segment { length: old, hue: 1 }],
            end: match sorted.text("state", row)?.as_str() {
                "finding" => format!("{}, highest risk {}", count(open), sorted.text("highest_risk_score", row)?),
                state => state.to_owned(),
            },
        });
    }
    let open = controls.only("state", "finding")?.height();
    let title = format!("{open} of {} kinds of finding are open", controls.height());
    let caption = Caption {
        id: "kinds-chart",
        title: &title,
        description: "Open findings of each kind: up to 30 days old, then older",
    };
    Ok(Part {
        id: "controls",
        name: "Controls",
        charts: vec![Figure::plain(bars(caption, &drawn)?)],
        title,
        subtitle: "In the bars up to 30 days open, then longer (orange)".into(),
        sheets: vec![CONTROLS.of(pack)?],
        ..Part::default()
    })
}

fn reviewers(pack: &Pack<'_>, reviews: &Frame) -> Result<Part> {
    let mut rows = Vec::new();
    for (reviewer, theirs) in reviews.by("reviewer_key")? {
        let questions = theirs.only("item", "question")?;
        let address = theirs.text("reviewer_email", 0)?;
        let numbers =
            [highest(&theirs)?, height(&questions), overdue(&questions)?, height(&theirs) - height(&questions)];
        rows.push((numbers, reviewer, address));
    }
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let cells = rows.iter().map(|(numbers, reviewer, address)| {
        let who = if address.is_empty() { reviewer } else { address };
        let texts = [who.clone(), file_name(reviewer)].into_iter();
        texts.chain(numbers.iter().map(|n| count(*n))).collect()
    });
    let texts = ["Who", "Page"].map(|name| (name.to_owned(), false));
    let numbers = ["Highest risk", "Seats", "Overdue", "Findings"].map(|name| (name.to_owned(), true));
    Ok(Part {
        id: "reviewers",
        name: "Reviewers",
        title: format!(
            "{} people and desks have something to decide",
            count(i64::try_from(rows.len()).unwrap_or_default())
        ),
        subtitle: "Each page holds what its reader must decide and nothing of anybody else: hand it to them alone"
            .into(),
        sheets: vec![Sheet {
            caption: "Who has to decide".into(),
            table: Table {
                headings: texts.into_iter().chain(numbers).collect(),
                rows: cells.collect(),
                total: None,
                hidden: 0,
            },
            is_folded: false,
            cite: pack.cite(REVIEWS),
        }],
        ..Part::default()
    })
}

fn ranked(pack: &Pack<'_>, findings: &Frame) -> Result<Part> {
    Ok(Part {
        id: "ranked",
        name: "Findings",
        title: format!("The gravest of {} open findings", count(height(findings))),
        subtitle: "Risk = severity (1 to 4) × sensitivity (1 or 2) × band of days open (1 to 4)".into(),
        sheets: vec![RANKED.sheet(pack, findings)?],
        ..Part::default()
    })
}

fn drift(pack: &Pack<'_>, drifts: &Frame) -> Result<Part> {
    let of = |kind: &str| drifts.only("drift_kind", kind).map(|rows| count(height(&rows)));
    Ok(Part {
        id: "drift",
        name: "Drift",
        title: format!("{} grants differ from what Terraform declares", count(height(drifts))),
        subtitle: format!(
            "{} are declared and not in Okta, {} in Okta and not declared, {} have another licence; only of what states manage",
            of("not_in_okta")?,
            of("not_in_terraform")?,
            of("differs")?
        ),
        sheets: vec![DRIFTS.sheet(pack, drifts)?],
        ..Part::default()
    })
}
