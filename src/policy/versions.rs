//! The tables `policies.*`. Overrides and tier rules are numbered from 1 in the order of their file.

use super::columns::{Column, Table, day, decimal, flag, int, number, table, text};
use crate::base::Result;
use crate::config::{Override, PolicyFile, Settings, TierRule, Version};

type VersionRow<'a> = (&'a PolicyFile, &'a Version);
/// A part of a version with its number.
type Part<'a, T> = (VersionRow<'a>, usize, &'a T);

pub(super) fn tables(policies: &[PolicyFile]) -> Result<Vec<Table>> {
    let all: Vec<VersionRow<'_>> =
        policies.iter().flat_map(|policy| policy.versions.iter().map(move |version| (policy, version))).collect();
    let [rules, features] = tier_rules(&parts(&all, |version| &version.tier_rules))?;
    Ok(vec![versions(&all)?, overrides(&parts(&all, |version| &version.overrides))?, rules, features])
}

fn parts<'a, T>(versions: &[VersionRow<'a>], of: impl Fn(&'a Version) -> &'a Vec<T>) -> Vec<Part<'a, T>> {
    let numbered = |row: &VersionRow<'a>| {
        let row = *row;
        of(row.1).iter().enumerate().map(move |(i, part)| (row, i + 1, part)).collect::<Vec<_>>()
    };
    versions.iter().flat_map(numbered).collect()
}

fn versions(all: &[VersionRow<'_>]) -> Result<Table> {
    let mut columns = vec![
        text("app_id", all, |(p, _)| p.app_id.as_str()),
        text("policy_version_id", all, |(_, v)| v.id.as_str()),
        day("effective_from", all, |(_, v)| v.effective_from),
        day("effective_to", all, |(_, v)| v.effective_to),
        text("owner_email", all, |(p, _)| p.owner_email.as_str()),
        text("rationale", all, |(_, v)| v.rationale.as_deref()),
        text("approved_by", all, |(_, v)| v.approved_by.as_deref()),
    ];
    columns.extend(settings(all, |(_, v)| &v.settings)?);
    columns.extend([
        text("content_sha256", all, |(_, v)| v.content_sha256.as_str()),
        text("file", all, |(p, _)| p.file.as_str()),
        int("line", all, |(_, v)| number(v.line)),
    ]);
    table("policies.versions", columns)
}

fn overrides(all: &[Part<'_, Override>]) -> Result<Table> {
    let mut columns = vec![
        text("app_id", all, |((p, _), _, _)| p.app_id.as_str()),
        text("policy_version_id", all, |((_, v), _, _)| v.id.as_str()),
        int("override_index", all, |(_, i, _)| number(*i)),
        int("key_count", all, |(_, _, o)| number(o.key_count())),
        text("worker_type", all, |(_, _, o)| o.worker_type.as_deref()),
        text("region", all, |(_, _, o)| o.region.as_deref()),
        text("practice", all, |(_, _, o)| o.practice.as_deref()),
        text("tier", all, |(_, _, o)| o.tier.as_deref()),
        text("job_family", all, |(_, _, o)| o.job_family.as_deref()),
    ];
    columns.extend(settings(all, |(_, _, o)| &o.settings)?);
    columns.push(int("line", all, |(_, _, o)| number(o.line)));
    table("policies.overrides", columns)
}

fn tier_rules(all: &[Part<'_, TierRule>]) -> Result<[Table; 2]> {
    let features: Vec<_> = all.iter().flat_map(|part| part.2.features.iter().map(move |f| (part, f))).collect();
    let rules = table(
        "policies.tier_rules",
        [
            text("app_id", all, |((p, _), _, _)| p.app_id.as_str()),
            text("policy_version_id", all, |((_, v), _, _)| v.id.as_str()),
            int("rule_index", all, |(_, i, _)| number(*i)),
            text("tier", all, |(_, _, r)| r.tier.as_str()),
            text("downgrade_to", all, |(_, _, r)| r.downgrade_to.as_str()),
            int("min_uses", all, |(_, _, r)| r.min_uses),
            int("within_days", all, |(_, _, r)| i64::from(r.within_days)),
            int("line", all, |(_, _, r)| number(r.line)),
        ],
    )?;
    let features = table(
        "policies.tier_rule_features",
        [
            text("app_id", &features, |(((p, _), _, _), _)| p.app_id.as_str()),
            text("policy_version_id", &features, |(((_, v), _, _), _)| v.id.as_str()),
            int("rule_index", &features, |((_, i, _), _)| number(*i)),
            text("feature", &features, |(_, feature)| feature.as_str()),
        ],
    )?;
    Ok([rules, features])
}

/// The columns that a version and an override share.
fn settings<'a, T>(rows: &'a [T], of: impl Fn(&'a T) -> &'a Settings) -> Result<Vec<Column>> {
    let days = |name, get: fn(&Settings) -> Option<u32>| int(name, rows, |row| get(of(row)).map(i64::from));
    Ok(vec![
        text("mode", rows, |row| of(row).mode.map(|word| word.as_str())),
        flag("counts_feature_use", rows, |row| of(row).counts_feature_use),
        flag("counts_sign_in", rows, |row| of(row).counts_sign_in),
        days("inactive_after_days", |s| s.inactive_after_days),
        days("new_seat_grace_days", |s| s.new_seat_grace_days),
        days("leave_return_grace_days", |s| s.leave_return_grace_days),
        days("bench_grace_days", |s| s.bench_grace_days),
        days("upcoming_hold_days", |s| s.upcoming_hold_days),
        days("self_confirm_days", |s| s.self_confirm_days),
        text("idle_action", rows, |row| of(row).idle_action.map(|word| word.as_str())),
        text("orphan_action", rows, |row| of(row).orphan_action.map(|word| word.as_str())),
        days("leaver_due_days", |s| s.leaver_due_days),
        days("due_days", |s| s.due_days),
        text("on_no_response", rows, |row| of(row).on_no_response.map(|word| word.as_str())),
        flag("maker_checker", rows, |row| of(row).maker_checker),
        decimal("min_signal_coverage", (5, 4), rows, |row| of(row).min_signal_coverage)?,
    ])
}
