//! ServiceNow: `ast_contract`, contract lines or software entitlements, `cmn_cost_center`. A value may be text, or
//! `{value, display_value}`, or `{link, value}`: the reader takes the value unless a path asks for the display.

use super::field::{Field, Rule, bool, date, decimal, id, int, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    full("contracts", "contract_id", &["contract_id"], CONTRACTS),
    full("entitlements", "contract_line_id", &["contract_line_id"], ENTITLEMENTS),
    full("cost_centers", "cost_center_id", &["cost_center_id"], COST_CENTERS),
];

const fn full(
    stream: &'static str,
    subject: &'static str,
    key: &'static [&'static str],
    fields: &'static [Field],
) -> Dataset {
    Dataset {
        kind: "servicenow",
        stream,
        feed: Feed::Full,
        role: Role::Itam,
        key,
        subject,
        content_day: None,
        event_at: None,
        fields,
    }
}

const CONTRACTS: &[Field] = &[
    id("contract_id", &["sys_id", "contract_id"]).required(),
    text("number", &["number"]),
    text("vendor", &["vendor.display_value", "vendor.name", "vendor_name", "vendor"]),
    date("starts_on", &["starts", "start_date", "starts_on"]).required(),
    date("ends_on", &["ends", "end_date", "ends_on"]).required(),
    text("state", &["state.display_value", "state"]),
    date("renewal_on", &["renewal_date", "renewal_end_date", "renewal_on"]),
    int("notice_days", &["notice_days", "notice_period_days", "cancellation_notice_days"]),
    bool("is_auto_renew", &["auto_renew", "is_auto_renew", "renewable"]),
    decimal("uplift_percent", 9, 4, &["uplift_percent", "renewal_uplift_percent"]),
    text("currency", &["currency", "payment_amount.currency_display_value", "total_cost.currency_display_value"])
        .rule(Rule::Currency),
    text(
        "owner_email",
        &["business_owner.email", "business_owner_email", "owner_email", "business_owner.display_value"],
    )
    .identifier(),
    id("cost_center_id", &["cost_center", "cost_center_id"]),
    text("po_number", &["po_number", "po_number.display_value"]),
];

const ENTITLEMENTS: &[Field] = &[
    id("contract_line_id", &["sys_id", "contract_line_id"]).required(),
    id("contract_id", &["contract", "lease_id", "contract_id"]).required(),
    text("app_name", &["software_model.display_value", "software_model_name", "product", "app_name", "software_model"]),
    text("sku_id", &["publisher_part_number", "part_number", "sku_id", "sku"]),
    text("line_type", &["line_type"]),
    int("quantity", &["purchased_rights", "active_rights", "quantity", "rights"]).required(),
    decimal("unit_price", 18, 6, &["unit_cost", "unit_price"]).required(),
    text("currency", &["currency", "cost_cc", "unit_cost.currency_display_value", "unit_cost"]).rule(Rule::Currency),
    text("billing_period", &["subscription_period.display_value", "subscription_period", "billing_period"]),
    text("region", &["region.display_value", "region"]),
    date("starts_on", &["start_date", "starts", "starts_on"]),
    date("ends_on", &["end_date", "ends", "ends_on"]),
    bool("has_true_up", &["true_up", "has_true_up"]),
    bool("has_true_down", &["true_down", "has_true_down"]),
    date("true_down_on", &["true_down_date", "true_down_on"]),
    decimal("suspended_unit_price", 18, 6, &["suspended_unit_cost", "suspended_unit_price"]),
    decimal("contract_rate", 28, 10, &["contract_rate", "exchange_rate"]),
];

const COST_CENTERS: &[Field] = &[
    id("cost_center_id", &["sys_id", "cost_center_id"]).required(),
    id("code", &["code"]),
    text("name", &["name"]),
    text("owner_email", &["owner.email", "owner_email", "manager.email", "owner.display_value"]).identifier(),
    id("parent_id", &["parent", "parent_id"]),
];
