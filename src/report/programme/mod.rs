//! Candidates and decisions: how far candidates got, who is waited for, why seats are kept, what came back.

mod tables;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::chart::{Bar, Caption, Queue, Segment, Stage, aging, bars, brief, funnel};
use super::context::Tile;
use super::format::{count, ledger, percent};
use super::listing::Listing;
use super::pack::{self, Decision, Figure, Kind, Pack, Part};
use super::{Proofs, RunMeta};
use crate::base::Result;
use tables::{
    AGING, APPROVERS, BOOMERANGS, BREAKERS, CAUSES, HOLDS, IDLE_HOLDS, OUTCOMES, PRACTICES, PRECISION, REALISATION,
    REASONS, REVIEWERS, STEPS_BY_APP, STEPS_BY_GROUP, TIMES,
};

pub(super) use tables::SAVINGS;

/// What the page is called.
const KIND: Kind = Kind { name: "candidates and decisions", quality: "quality.html", dictionary: "dictionary.html" };

/// The tables of the page; it shows nothing else.
pub(super) const TABLES: &[&str] = &[
    "marts.candidate_funnel",
    "marts.candidate_funnel_by_group",
    "marts.savings_by_state",
    "marts.savings_realisation",
    "marts.approval_aging",
    "marts.open_approvals",
    "marts.time_to_decide",
    "marts.candidates_by_app_and_practice",
    "marts.candidate_change_causes",
    "marts.candidate_changes",
    "marts.reclaimed_vs_denied",
    "marts.policy_precision",
    "marts.denial_reasons",
    "marts.exception_aging",
    "marts.holds_never_used",
    "marts.reviewer_quality",
    "marts.boomerang_seats",
    "review.breakers",
];

/// The steps of the funnel as people call them.
const STEPS: &[(&str, &str)] = &[
    ("found", "Found"),
    ("asked", "Asked"),
    ("answered", "Answered"),
    ("accepted", "Accepted"),
    ("approved", "Approved"),
    ("handed_over", "Handed over"),
    ("carried_out", "Carried out"),
    ("proved", "Proved gone"),
];
/// Ways of grouping candidates, and what their tables are called.
const GROUPS: &[(&str, &str)] = &[
    ("practice", "How far they got, by practice of the holder"),
    ("region", "How far they got, by region of the holder"),
    ("approver", "How far they got, by who decides; the review says whom a key means"),
];
/// What candidates wait for, in the order of their life.
const WAITS: &[(&str, &str)] = &[
    ("answer", "an answer"),
    ("second_person", "a second person"),
    ("export", "handing over"),
    ("desk", "the desk"),
    ("proof", "proof in the feed"),
];
/// The bands of waiting days, from the youngest.
const AGES: &[&str] = &["0-7", "8-14", "15-30", "31-90", "90+"];

pub(super) fn page(
    batches: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<serde_json::Value> {
    let tables = pack::tables(batches, TABLES)?;
    let pack = Pack::new(&tables, meta, proofs, None);
    let decision = decision(&pack)?;
    let parts = vec![
        steps(&pack)?,
        by_group(&pack)?,
        waiting(&pack)?,
        by_app(&pack)?,
        changes(&pack)?,
        answers(&pack)?,
        holds(&pack)?,
        reviewers(&pack)?,
        afterwards(&pack)?,
        breakers(&pack)?,
    ];
    pack.document(KIND, "Candidates and decisions".into(), decision, parts)
}

fn decision(pack: &Pack<'_>) -> Result<Decision> {
    let savings = pack.rows("marts.savings_by_state")?;
    let aging = pack.rows("marts.approval_aging")?;
    let tile = |label: &str, value: String, note: String| Tile { label: label.into(), value, note };
    let state = |name: &str| savings.only("savings_state", name);
    let saving = |label: &str, name: &str, what: &str| -> Result<Tile> {
        let rows = state(name)?;
        let value = ledger(Some(rows.total("annual_saving_amount")?), pack.currency());
        let note = format!("{} a year, {} {what}", pack.currency(), count(rows.count("candidate_count")?));
        Ok(tile(label, value, note))
    };
    let (waiting, overdue) = (aging.count("candidate_count")?, aging.count("overdue_count")?);
    let answers = aging.only("waits_for", "answer")?.count("candidate_count")?;
    let found = pack.rows("marts.candidate_funnel")?.only("step", "found")?;
    let unpriced = found.count("unpriced_count")?;
    let destructive = found.count("destructive_count")?;
    let mut caveats = vec![
        "States of savings stand side by side and are never added: a candidate goes from one to the next.".to_owned(),
        "A fall of the quantity bought is laid to seats that were gone before it, oldest first; it is realised when an \
         invoice carries it."
            .to_owned(),
    ];
    if unpriced > 0 {
        caveats.push(format!("Candidates without an amount, in no sum here: {}.", count(unpriced)));
    }
    if destructive > 0 {
        caveats.push(format!(
            "Removal deletes data or breaks a hold at the vendor for {} candidates: they are suspended instead.",
            count(destructive)
        ));
    }
    Ok(Decision {
        verdict: match (answers, overdue) {
            (0, _) => "Nobody has a question to answer".to_owned(),
            (n, 0) => format!("{} candidates wait for an answer, none is overdue", count(n)),
            (n, late) => format!("{} candidates wait for an answer, {} are overdue", count(n), count(late)),
        },
        sentence: format!(
            "{} found within 396 days; {} are not closed, {} came back after they were taken away.",
            count(found.count("candidate_count")?),
            count(waiting),
            count(i64::try_from(pack.rows("marts.boomerang_seats")?.height()).unwrap_or_default())
        ),
        tiles: vec![
            saving("Identified", "identified", "without an answer")?,
            saving("Accepted", "accepted", "agreed, seat still there")?,
            saving("Executed", "executed", "seats gone")?,
            saving("Contracted", "contracted", "bought no more")?,
            saving("Realised", "realised", "billed no more")?,
            tile("Overdue", count(overdue), format!("of {} that wait for an answer", count(answers))),
        ],
        caveats,
        cite: pack.cite("marts.savings_by_state"),
        ..Decision::default()
    })
}

fn steps(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.candidate_funnel")?;
    let (mut stages, mut reached) = (Vec::new(), BTreeMap::new());
    let found = frame.only("step", "found")?.count("candidate_count")?;
    for (step, name) in STEPS {
        let rows = frame.only("step", step)?;
        let n = rows.count("candidate_count")?;
        reached.insert(*step, n);
        stages.push(Stage {
            label: (*name).to_owned(),
            count: n,
            end: format!(
                "{} ({}), {} {}",
                count(n),
                percent(n, found),
                pack.currency(),
                brief(rows.total("annual_saving_amount")?)
            ),
            note: match (count(rows.count("waiting_count")?), count(rows.count("ended_count")?)) {
                _ if n == 0 => String::new(),
                (waiting, ended) if *step == "proved" => {
                    format!("{ended} seats gone for good, {waiting} to be watched")
                }
                (waiting, ended) => format!("{waiting} wait here, {ended} ended here"),
            },
        });
    }
    let title = format!(
        "{} of {} candidates were answered, {} are carried out",
        percent(reached["answered"], found),
        count(found),
        percent(reached["carried_out"], found)
    );
    let caption = Caption {
        id: "funnel-chart",
        title: &title,
        description: "Candidates that got at least so far, from found to proved gone, with their annual saving",
    };
    Ok(Part {
        id: "funnel",
        name: "Funnel",
        subtitle: format!(
            "Each bar counts all that got at least so far; saving in {} a year, of another state at each step",
            pack.currency()
        ),
        charts: vec![Figure::plain(funnel(caption, &stages)?)],
        sheets: vec![STEPS_BY_APP.of(pack)?, REALISATION.of(pack)?, SAVINGS.of(pack)?],
        title,
        ..Part::default()
    })
}

fn by_group(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.candidate_funnel_by_group")?;
    let mut sheets = Vec::new();
    for (way, caption) in GROUPS {
        sheets.push(Listing { caption, ..STEPS_BY_GROUP }.sheet(pack, &frame.only("grouped_by", way)?)?);
    }
    let practices = frame.only("grouped_by", "practice")?.sorted(&[("waiting_count", true), ("group_name", false)])?;
    let title = match practices.count("waiting_count")? {
        0 => "No practice that may be shown has open candidates".to_owned(),
        open => format!(
            "{} holds {} of {} open candidates",
            practices.text("group_name", 0)?,
            count(practices.int("waiting_count", 0)?),
            count(open)
        ),
    };
    Ok(Part {
        id: "groups",
        name: "Groups",
        title,
        subtitle:
            "Each step counts all that got at least so far; practices and regions of fewer than five people are one row"
                .into(),
        sheets,
        ..Part::default()
    })
}

fn waiting(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.approval_aging")?;
    let mut queues = Vec::new();
    for (wait, name) in WAITS {
        let rows = frame.only("waits_for", wait)?;
        if rows.height() == 0 {
            continue;
        }
        let of_age = |age: &&str| rows.only("waiting_days_band", age)?.count("candidate_count");
        let late = rows.count("overdue_count")?;
        queues.push(Queue {
            label: (*name).to_owned(),
            counts: AGES.iter().map(of_age).collect::<Result<_>>()?,
            end: match late {
                0 => count(rows.count("candidate_count")?),
                late => format!("{}, {} overdue", count(rows.count("candidate_count")?), count(late)),
            },
        });
    }
    let old = frame.only("waiting_days_band", "31-90")?.count("candidate_count")?
        + frame.only("waiting_days_band", "90+")?.count("candidate_count")?;
    let title = match frame.count("candidate_count")? {
        0 => "Nothing waits".to_owned(),
        n => format!("{} of {} open candidates have waited for more than 30 days", count(old), count(n)),
    };
    let caption = Caption { id: "aging-chart", title: &title, description: "What candidates wait for, by days waited" };
    let charts = if queues.is_empty() { Vec::new() } else { vec![Figure::plain(aging(caption, AGES, &queues)?)] };
    Ok(Part {
        id: "waiting",
        name: "Waiting",
        title,
        subtitle: "Days since it was opened while it waits for an answer, else since its state began".into(),
        charts,
        sheets: vec![AGING.of(pack)?, APPROVERS.of(pack)?, TIMES.of(pack)?],
        ..Part::default()
    })
}

fn by_app(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.candidates_by_app_and_practice")?;
    let mut ranked = Vec::new();
    for app in frame.texts("app_id")? {
        let rows = frame.only("app_id", &app)?;
        ranked.push((rows.count("candidate_count")?, rows.total("annual_saving_amount")?, app, rows));
    }
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    let mut drawn = Vec::new();
    for (n, saving, app, rows) in &ranked {
        let of = |action: &str| rows.only("action", action)?.count("candidate_count");
        let segment = |(hue, action): (usize, &&str)| Ok(Segment { length: of(action)?, hue });
        drawn.push(Bar {
            label: app.clone(),
            segments: ["reclaim", "downgrade", "suspend"].iter().enumerate().map(segment).collect::<Result<_>>()?,
            end: format!("{}, {} {}", count(*n), pack.currency(), brief(*saving)),
        });
    }
    let whole = frame.count("candidate_count")?;
    let title = match ranked.first() {
        Some((n, _, app, _)) => format!("{app} holds {} of {} candidates", percent(*n, whole), count(whole)),
        None => "No policy proposes anything".to_owned(),
    };
    let caption = Caption {
        id: "app-chart",
        title: &title,
        description: "Candidates of each app: seats to reclaim, then to downgrade, then to suspend",
    };
    Ok(Part {
        id: "apps",
        name: "Apps",
        charts: if drawn.is_empty() { Vec::new() } else { vec![Figure::plain(bars(caption, &drawn)?)] },
        title,
        subtitle: "Proposed today, answered or not; in the bars reclaim, then downgrade (orange), then suspend (green)"
            .into(),
        sheets: vec![PRACTICES.of(pack)?],
        ..Part::default()
    })
}

fn changes(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.candidate_change_causes")?;
    let of = |kind: &str| frame.only("change", kind)?.count("candidate_count").map(count);
    let since = if frame.height() > 0 { frame.text("compared_with_on", 0)? } else { String::new() };
    let title = match since.as_str() {
        "" => format!("First run: {} candidates, nothing to compare with", of("new")?),
        since => format!("{} new and {} gone since {since}, {} go on", of("new")?, of("gone")?, of("continuing")?),
    };
    Ok(Part {
        id: "changes",
        name: "Changes",
        title,
        subtitle:
            "Candidates of this run or the one before; a policy is the cause only where no use or HR fact explains it"
                .into(),
        sheets: vec![CAUSES.of(pack)?],
        notes: vec!["Each candidate by itself: marts.candidate_changes, among the sheets of this report.".into()],
        ..Part::default()
    })
}

fn answers(pack: &Pack<'_>) -> Result<Part> {
    let precision = pack.rows("marts.policy_precision")?;
    let (yes, no) = (precision.count("accepted_count")?, precision.count("denied_count")?);
    let title = match yes + no {
        0 => "Nobody has accepted or denied anything yet".to_owned(),
        n => format!("Approvers agreed with {} of {} proposals", percent(yes, n), count(n)),
    };
    Ok(Part {
        id: "answers",
        name: "Answers",
        title,
        subtitle: "Precision = accepted / (accepted + denied), over 396 days".into(),
        sheets: vec![PRECISION.of(pack)?, REASONS.of(pack)?, OUTCOMES.of(pack)?],
        ..Part::default()
    })
}

fn holds(pack: &Pack<'_>) -> Result<Part> {
    let aging = pack.rows("marts.exception_aging")?;
    let (active, ending) = (aging.count("active_count")?, aging.count("expiring_in_14_days_count")?);
    let idle = pack.rows("marts.holds_never_used")?;
    Ok(Part {
        id: "holds",
        name: "Holds",
        title: format!(
            "{} holds and exceptions are in force, {} end within 14 days, {} never stopped anything",
            count(active),
            count(ending),
            count(i64::try_from(idle.height()).unwrap_or_default())
        ),
        subtitle: "Those without effect, in force or expired, keep nothing but the list long".into(),
        sheets: vec![HOLDS.of(pack)?, IDLE_HOLDS.of(pack)?],
        ..Part::default()
    })
}

fn reviewers(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.reviewer_quality")?;
    let (all, bulk) = (frame.count("answer_count")?, frame.count("bulk_answer_count")?);
    Ok(Part {
        id: "reviewers",
        name: "Reviewers",
        title: match all {
            0 => "Nobody has answered yet".to_owned(),
            n => format!("{} of {} answers were given in bulk", percent(bulk, n), count(n)),
        },
        subtitle: "In bulk: within minutes that saw ten or more; never used: kept 60 days ago or earlier, no use since"
            .into(),
        sheets: vec![REVIEWERS.of(pack)?],
        ..Part::default()
    })
}

fn afterwards(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("marts.boomerang_seats")?;
    Ok(Part {
        id: "afterwards",
        name: "Afterwards",
        title: match frame.height() {
            0 => "No seat that was taken away came back".to_owned(),
            1 => "One seat that was taken away came back".to_owned(),
            n => format!("{n} seats that were taken away came back"),
        },
        subtitle: "A seat granted again leaves the state executed".into(),
        sheets: vec![BOOMERANGS.of(pack)?],
        ..Part::default()
    })
}

fn breakers(pack: &Pack<'_>) -> Result<Part> {
    let frame = pack.rows("review.breakers")?;
    let held = frame.height() - frame.only("state", "released")?.height();
    Ok(Part {
        id: "breakers",
        name: "Breakers",
        title: match (frame.height(), held) {
            (0, _) => "No limit has held a batch".to_owned(),
            (n, held) => format!("{n} batches were held by a limit, {held} still are"),
        },
        subtitle: "Two different persons release one, within 24 hours of each other".into(),
        sheets: vec![BREAKERS.of(pack)?],
        ..Part::default()
    })
}
