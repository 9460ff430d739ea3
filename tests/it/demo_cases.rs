//! Every case of the demo comes out as its name promises: verdict and reason, and where its story says more, that too.

use std::collections::BTreeMap;

use super::demo::demo;
use super::project::Row;

/// What stories promise beyond verdict and reason: case, table, column, value.
const PROMISES: &[(&str, &str, &str, &str)] = &[
    ("leaver", "policy.evaluations", "action", "reclaim"),
    ("leaver_whose_files_would_go", "policy.evaluations", "action", "suspend"),
    ("leaver_high_sensitivity", "policy.candidates", "due_on", "2026-11-21"),
    ("inactive_downgrade", "policy.evaluations", "action", "downgrade"),
    ("inactive_downgrade", "policy.evaluations", "target_tier", "e3"),
    ("inactive_reclaim", "policy.evaluations", "action", "reclaim"),
    ("inactive_suspend", "policy.evaluations", "action", "suspend"),
    ("seasonal_suspended", "policy.evaluations", "action", "suspend"),
    ("over_tiered", "policy.evaluations", "action", "downgrade"),
    ("downgraded_long_ago", "policy.evaluations", "action", "reclaim"),
    ("unpriced", "policy.evaluations", "saving_gap", "no_contract_line"),
    ("manager_left", "policy.candidates", "approver_route", "manager_chain"),
    ("manager_cycle", "policy.candidates", "approver_route", "cost_center_owner"),
    ("no_manager", "policy.candidates", "approver_route", "cost_center_owner"),
];

#[test]
fn every_case_has_the_verdict_and_reason_it_promises() {
    let evaluations = by_seat("policy.evaluations");
    let mut faults = Vec::new();
    for case in &demo().summary.cases {
        let place = format!("{} ({} {} {})", case.name, case.app_id, case.account_id, case.sku_id);
        match evaluations.get(&seat(case.app_id, &case.account_id, case.sku_id)) {
            None => faults.push(format!("{place}: no such seat")),
            Some(row) if row["verdict"] == case.verdict && row["reason"] == case.reason => {}
            Some(row) => faults.push(format!(
                "{place}: {}, {} instead of {}, {}: {} | {row:?}",
                row["verdict"], row["reason"], case.verdict, case.reason, case.story
            )),
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), demo().summary.cases.len(), faults.join("\n"));
}

#[test]
fn every_rule_of_the_evaluation_table_has_a_case() {
    let evaluations = by_seat("policy.evaluations");
    let cases = demo().summary.cases.iter().filter_map(|c| evaluations.get(&seat(c.app_id, &c.account_id, c.sku_id)));
    let mut rules: Vec<u32> = cases.map(|row| row["rule"].parse().unwrap()).collect();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(rules, (1..=14).collect::<Vec<_>>());
}

#[test]
fn stories_keep_what_they_say_beyond_the_verdict() {
    let mut faults = Vec::new();
    for (name, table, column, wanted) in PROMISES {
        let case = demo().summary.cases.iter().find(|c| c.name == *name).unwrap_or_else(|| panic!("no case {name}"));
        let rows = by_seat(table);
        let found = rows.get(&seat(case.app_id, &case.account_id, case.sku_id)).map(|row| row[*column].as_str());
        if found != Some(wanted) {
            faults.push(format!("{name}: {column} of {table} is {found:?}, promised `{wanted}`: {}", case.story));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn by_seat(table: &str) -> BTreeMap<[String; 3], Row> {
    let rows = demo().tables.rows(table).into_iter();
    rows.map(|row| (seat(&row["app_id"], &row["account_id"], &row["sku_id"]), row)).collect()
}

fn seat(app_id: &str, account_id: &str, sku_id: &str) -> [String; 3] {
    [app_id, account_id, sku_id].map(str::to_owned)
}
