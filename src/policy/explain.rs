//! Why a seat got its verdict: each rule of the evaluation table with the values it compared, in the order of the
//! table, the one that decided, and what would change it. Reads `policy.seat_evidence` and `policy.evaluations`; it
//! computes nothing that they do not say.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::money;

/// A row as names and values.
pub type Row = Map<String, Value>;

/// One rule of the table: its predicate's column, the columns it compares, and the columns that name its sources.
struct Rule {
    number: i64,
    name: &'static str,
    holds: &'static str,
    compares: &'static [&'static str],
    sources: &'static [&'static str],
}

/// The evaluation table of the policy semantics, rules 1 to 13; 14 is what remains.
const RULES: &[Rule] = &[
    Rule {
        number: 1,
        name: "protected account",
        holds: "rule_01_holds",
        compares: &["account_type", "is_ambiguous", "is_person_quarantined"],
        sources: &["seat_ref"],
    },
    Rule {
        number: 2,
        name: "legal hold",
        holds: "rule_02_holds",
        compares: &["legal_hold_from", "legal_hold_to"],
        sources: &[],
    },
    Rule {
        number: 3,
        name: "leaver",
        holds: "rule_03_holds",
        compares: &["terminated_on", "next_start_on", "upcoming_hold_days", "is_hr_good", "is_directory_landed"],
        sources: &["person_ref"],
    },
    Rule {
        number: 4,
        name: "exception",
        holds: "rule_04_holds",
        compares: &["exception_from", "exception_until", "exception_reason_code"],
        sources: &["exception_ref"],
    },
    Rule {
        number: 5,
        name: "hold or upcoming assignment",
        holds: "rule_05_holds",
        compares: &["hold_from", "hold_until", "hold_reason_code", "next_assignment_on", "upcoming_hold_days"],
        sources: &["hold_ref", "person_ref"],
    },
    Rule {
        number: 6,
        name: "leave",
        holds: "rule_06_holds",
        compares: &["leave_from", "leave_to", "is_leave_open_ended", "leave_return_grace_days", "leave_grace_until"],
        sources: &["person_ref"],
    },
    Rule {
        number: 7,
        name: "bench",
        holds: "rule_07_holds",
        compares: &["bench_from", "bench_grace_days", "bench_grace_until"],
        sources: &["person_ref"],
    },
    Rule {
        number: 8,
        name: "self-confirmed",
        holds: "rule_08_holds",
        compares: &["confirmed_on", "self_confirm_days", "confirmed_until"],
        sources: &[],
    },
    Rule {
        number: 9,
        name: "new seat",
        holds: "rule_09_holds",
        compares: &["assigned_on", "assigned_on_is_observed", "new_seat_grace_days", "new_seat_until"],
        sources: &["seat_ref"],
    },
    Rule {
        number: 10,
        name: "cannot tell",
        holds: "rule_10_holds",
        compares: &[
            "failing_sources",
            "evidence_grade",
            "sign_in_seat_share",
            "min_signal_coverage",
            "last_counted_use_on",
        ],
        sources: &["last_feature_use_ref", "last_sign_in_ref"],
    },
    Rule {
        number: 11,
        name: "no person",
        holds: "rule_11_holds",
        compares: &["person_key", "match_rule"],
        sources: &["seat_ref"],
    },
    Rule {
        number: 12,
        name: "inactive",
        holds: "rule_12_holds",
        compares: &[
            "last_feature_use_on",
            "counts_feature_use",
            "last_sign_in_on",
            "counts_sign_in",
            "assigned_on",
            "idle_since",
            "idle_since_is_at_least",
            "observed_through",
            "idle_days",
            "inactive_after_days",
        ],
        sources: &["last_feature_use_ref", "last_sign_in_ref", "seat_ref"],
    },
    Rule {
        number: 13,
        name: "over-tiered",
        holds: "rule_13_holds",
        compares: &[
            "tier",
            "tier_rule_target_tier",
            "tier_rule_uses",
            "tier_rule_min_uses",
            "tier_rule_within_days",
            "tier_rule_from",
            "tier_rule_through",
        ],
        sources: &["last_feature_use_ref"],
    },
];

/// One rule as it was judged for one seat.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Its number in the evaluation table.
    pub rule: i64,
    /// What it asks.
    pub name: &'static str,
    /// Whether its predicate holds by itself.
    pub holds: bool,
    /// Whether it is the first that holds.
    pub decides: bool,
    /// The values compared, in the order in which the rule names them.
    pub compared: Row,
    /// Where the values come from: `source/stream@landing` or `file:line`, with the extract files.
    pub sources: BTreeMap<String, String>,
}

/// The whole answer about one seat.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The verdict's row.
    pub evaluation: Row,
    /// The rules in the order of the table.
    pub rules: Vec<Judged>,
    /// For a seat that is no candidate: what stopped it, and when that ends.
    pub why_not: Option<String>,
}

/// Explains one seat from its two rows; `files` names the extract files of a `source/stream@landing`.
pub fn explain(evidence: &Row, evaluation: Row, files: &BTreeMap<String, String>) -> Explanation {
    let decided = evaluation.get("rule").and_then(Value::as_i64);
    let rules: Vec<Judged> = RULES.iter().map(|r| judge(r, evidence, decided, files)).collect();
    let why_not = (text(&evaluation, "verdict") != "candidate").then(|| why_not(&evaluation, &rules));
    Explanation { evaluation, rules, why_not }
}

fn judge(rule: &Rule, evidence: &Row, decided: Option<i64>, files: &BTreeMap<String, String>) -> Judged {
    let value = |name: &&'static str| evidence.get(*name).cloned().unwrap_or(Value::Null);
    let sources = rule.sources.iter().filter_map(|name| evidence.get(*name)?.as_str());
    Judged {
        rule: rule.number,
        name: rule.name,
        holds: evidence.get(rule.holds).and_then(Value::as_bool).unwrap_or(false),
        decides: decided == Some(rule.number),
        compared: rule.compares.iter().map(|name| ((*name).to_owned(), value(name))).collect(),
        sources: sources.map(|s| (s.to_owned(), files.get(s).cloned().unwrap_or_default())).collect(),
    }
}

fn why_not(evaluation: &Row, rules: &[Judged]) -> String {
    let until = match text(evaluation, "flips_on").as_str() {
        "" => String::new(),
        day => format!("; without further use it is judged anew on {day}"),
    };
    let stopped = match rules.iter().find(|r| r.decides) {
        Some(rule) => format!("rule {} ({}) holds: {}", rule.rule, rule.name, compared(rule)),
        None if text(evaluation, "reason") == "no_policy" => "no policy version is in force".to_owned(),
        None => match rules.iter().find(|r| r.rule == 12) {
            Some(rule) => format!("rule 12 ({}) is the first that fails: {}", rule.name, compared(rule)),
            None => String::new(),
        },
    };
    stopped + &until
}

/// The values in one line; nothing where a rule has only its own settings to show.
fn compared(rule: &Judged) -> String {
    let is_fact = |(name, value): (&String, &Value)| value.is_string() && !name.ends_with("coverage");
    if !rule.holds && !rule.compared.iter().any(is_fact) {
        return String::new();
    }
    let shown = rule.compared.iter().filter(|(_, v)| !v.is_null());
    shown.map(|(name, value)| format!("{name} {}", plain(value))).collect::<Vec<_>>().join(", ")
}

/// The files of a landing, the first of many.
fn first_files(files: &str) -> String {
    let all: Vec<&str> = files.split(';').collect();
    match all[..] {
        [first, _, _, _, ..] => format!("{first} and {} more", all.len() - 1),
        _ => all.join(" "),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(row: &Row, column: &str) -> String {
    row.get(column).filter(|v| !v.is_null()).map(plain).unwrap_or_default()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = &self.evaluation;
        let get = |column: &str| text(row, column);
        let or = |column: &str, other: &str| Some(get(column)).filter(|t| !t.is_empty()).unwrap_or(other.to_owned());
        let action = Some(get("action")).filter(|a| !a.is_empty()).map_or(String::new(), |action| {
            let target = Some(get("target_tier")).filter(|t| !t.is_empty());
            format!("  {action}{}", target.map_or(String::new(), |t| format!(" -> {t}")))
        });
        writeln!(
            f,
            "{}  {} / {}  account {}  person {}{action}  as of {}",
            get("verdict").to_uppercase(),
            get("app_id"),
            or("tier", &get("sku_id")),
            get("account_id"),
            or("person_key", "none"),
            get("as_of"),
        )?;
        writeln!(
            f,
            "policy     {} {}  rule {}  {}",
            get("app_id"),
            or("policy_version_id", "none in force"),
            get("rule"),
            get("reason")
        )?;
        for rule in &self.rules {
            let mark = if rule.decides {
                "✔"
            } else if rule.holds {
                "·"
            } else {
                "–"
            };
            let values = compared(rule);
            writeln!(
                f,
                "  {mark} {:>2} {:<28} {}",
                rule.rule,
                rule.name,
                if values.is_empty() { "none" } else { &values }
            )?;
            for (source, files) in rule.sources.iter().filter(|_| rule.decides || rule.rule == 12) {
                writeln!(f, "       {source}  {}", first_files(files))?;
            }
        }
        if let Some(why_not) = &self.why_not {
            writeln!(f, "no candidate because {why_not}")?;
        }
        writeln!(f, "flips if   {}", or("flip", "nothing changes it"))?;
        let saving = get("annual_saving_amount");
        let money = if saving.is_empty() {
            or("saving_gap", "no saving")
        } else {
            let currency = get("annual_saving_currency");
            let shown = saving.parse().map_or(saving, |amount| money::display(amount, &currency));
            format!("{currency} {shown} a year")
        };
        writeln!(
            f,
            "money      {money}{}",
            Some(get("cash_on")).filter(|d| !d.is_empty()).map_or(String::new(), |d| format!("; cash from {d}"))
        )
    }
}
