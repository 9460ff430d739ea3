//! The tables `seeds.*`.

use super::columns::{Table, day, decimal, flag, int, number, table, text};
use crate::base::Result;
use crate::config::Seeds;

pub(super) fn tables(seeds: &Seeds) -> Result<Vec<Table>> {
    let mut all = apps(seeds)?;
    all.extend(tiers(seeds)?);
    let Seeds {
        account_types,
        identity_overrides,
        budget_rates,
        critical_roles,
        worker_statuses,
        sod_rules,
        role_grants,
        reason_codes,
        ..
    } = seeds;
    all.extend(contracts(seeds)?);
    let positions: Vec<_> = account_types.iter().enumerate().collect();
    all.push(table(
        "seeds.account_types",
        [
            text("app_id", &positions, |(_, a)| a.app_id.as_str()),
            text("pattern", &positions, |(_, a)| a.pattern.as_str()),
            text("account_type", &positions, |(_, a)| a.account_type.as_str()),
            int("position", &positions, |(i, _)| number(i + 1)),
        ],
    )?);
    all.push(table(
        "seeds.identity_overrides",
        [
            text("system", identity_overrides, |o| o.system.as_str()),
            text("account_id", identity_overrides, |o| o.account_id.as_str()),
            text("worker_id", identity_overrides, |o| o.worker_id.as_str()),
            day("effective_from", identity_overrides, |o| o.effective_from),
            day("effective_to", identity_overrides, |o| o.effective_to),
        ],
    )?);
    all.push(table(
        "seeds.budget_rates",
        [
            int("fiscal_year", budget_rates, |r| r.fiscal_year),
            text("currency", budget_rates, |r| r.currency.as_str()),
            decimal("rate", (28, 10), budget_rates, |r| r.rate)?,
        ],
    )?);
    all.push(table("seeds.critical_roles", [text("job_family", critical_roles, |family| family.as_str())])?);
    all.push(table("seeds.worker_statuses", [text("status", worker_statuses, |status| status.as_str())])?);
    all.push(table(
        "seeds.sod_rules",
        [
            text("rule_id", sod_rules, |r| r.rule_id.as_str()),
            text("grant_a", sod_rules, |r| r.grant_a.as_str()),
            text("grant_b", sod_rules, |r| r.grant_b.as_str()),
            text("severity", sod_rules, |r| r.severity.as_str()),
        ],
    )?);
    all.push(table(
        "seeds.role_grants",
        [
            text("app_id", role_grants, |r| r.app_id.as_str()),
            text("practice", role_grants, |r| r.practice.as_deref()),
            text("job_family", role_grants, |r| r.job_family.as_deref()),
            text("worker_type", role_grants, |r| r.worker_type.as_deref()),
        ],
    )?);
    all.push(table(
        "seeds.reason_codes",
        [
            text("code", reason_codes, |r| r.code.as_str()),
            text("meaning", reason_codes, |r| r.meaning.as_str()),
            text("kind", reason_codes, |r| r.kind.as_str()),
        ],
    )?);
    Ok(all)
}

/// What people keep of contracts. Where no clause is dated it holds from the beginning of the contract.
fn contracts(seeds: &Seeds) -> Result<Vec<Table>> {
    let Seeds { contract_clauses, budget, invoices, .. } = seeds;
    Ok(vec![
        table(
            "seeds.contract_clauses",
            [
                text("contract_number", contract_clauses, |c| c.contract_number.as_str()),
                text("sku_id", contract_clauses, |c| c.sku_id.as_deref()),
                text("clause", contract_clauses, |c| c.clause.as_str()),
                text("value", contract_clauses, |c| c.value.as_str()),
                decimal("number", (18, 6), contract_clauses, |c| c.number)?,
                day("day", contract_clauses, |c| c.day),
                day("effective_from", contract_clauses, |c| c.effective_from),
                text("reference", contract_clauses, |c| c.reference.as_deref()),
            ],
        )?,
        table(
            "seeds.budget",
            [
                text("contract_number", budget, |b| b.contract_number.as_str()),
                day("month", budget, |b| b.month),
                text("currency", budget, |b| b.currency.as_str()),
                decimal("amount", (18, 4), budget, |b| b.amount)?,
            ],
        )?,
        table(
            "seeds.invoices",
            [
                text("invoice_id", invoices, |i| i.invoice_id.as_str()),
                text("contract_number", invoices, |i| i.contract_number.as_str()),
                text("kind", invoices, |i| i.kind.as_str()),
                day("invoiced_on", invoices, |i| i.invoiced_on),
                day("period_from", invoices, |i| i.period_from),
                day("period_to", invoices, |i| i.period_to),
                text("currency", invoices, |i| i.currency.as_str()),
                decimal("amount", (18, 4), invoices, |i| i.amount)?,
            ],
        )?,
    ])
}

fn apps(seeds: &Seeds) -> Result<Vec<Table>> {
    let apps = &seeds.apps;
    let okta: Vec<_> = apps.iter().flat_map(|a| a.okta_app_ids.iter().map(move |id| (a, id))).collect();
    let features: Vec<_> = apps.iter().flat_map(|a| a.feature_sources.iter().map(move |named| (a, named))).collect();
    let suspended: Vec<_> = apps.iter().flat_map(|a| a.suspend_worker_types.iter().map(move |t| (a, t))).collect();
    Ok(vec![
        table(
            "seeds.apps",
            [
                text("app_id", apps, |a| a.app_id.as_str()),
                text("name", apps, |a| a.name.as_str()),
                text("vendor", apps, |a| a.vendor.as_str()),
                text("owner_email", apps, |a| a.owner_email.as_str()),
                text("sensitivity", apps, |a| a.sensitivity.as_str()),
                text("assignment_source", apps, |a| a.assignment_source.as_str()),
                text("reclaim_consequence", apps, |a| a.reclaim_consequence.as_str()),
                int("feature_horizon_days", apps, |a| a.feature_horizon_days),
            ],
        )?,
        table(
            "seeds.app_okta_ids",
            [text("app_id", &okta, |(a, _)| a.app_id.as_str()), text("okta_app_id", &okta, |(_, id)| id.as_str())],
        )?,
        table(
            "seeds.app_feature_sources",
            [
                text("app_id", &features, |(a, _)| a.app_id.as_str()),
                text("source", &features, |(_, (source, _))| source.as_str()),
                text("stream", &features, |(_, (_, stream))| stream.as_str()),
            ],
        )?,
        table(
            "seeds.app_suspend_worker_types",
            [
                text("app_id", &suspended, |(a, _)| a.app_id.as_str()),
                text("worker_type", &suspended, |(_, worker_type)| worker_type.as_str()),
            ],
        )?,
    ])
}

/// Of the SKU ids of a tier the first listed is the one we use; the others lead to it.
fn tiers(seeds: &Seeds) -> Result<Vec<Table>> {
    let tiers = &seeds.tiers;
    let skus: Vec<_> = tiers.iter().flat_map(|t| t.sku_ids.iter().map(move |sku_id| (t, sku_id))).collect();
    Ok(vec![
        table(
            "seeds.tiers",
            [
                text("app_id", tiers, |t| t.app_id.as_str()),
                text("tier", tiers, |t| t.tier.as_str()),
                int("tier_rank", tiers, |t| t.rank),
                text("sku_id", tiers, |t| t.sku_ids.first().map(String::as_str)),
                flag("is_paid", tiers, |t| t.is_paid),
                flag("is_default", tiers, |t| t.is_default),
            ],
        )?,
        table(
            "seeds.tier_skus",
            [
                text("app_id", &skus, |(t, _)| t.app_id.as_str()),
                text("tier", &skus, |(t, _)| t.tier.as_str()),
                text("sku_id", &skus, |(t, _)| t.sku_ids.first().map(String::as_str)),
                text("source_sku_id", &skus, |(_, sku_id)| sku_id.as_str()),
            ],
        )?,
    ])
}
