//! ServiceNow: the Table API. Values come beside what people see; an unknown field is left out unseen, so every spelling
//! that `schema` knows is asked for. A page may be short or empty before the end: only the missing `Link` ends a table.

use super::table::{Nature, Paging, Pass, Stream, TokenServer, Vendor};
use crate::config::Kind;

pub(super) const SERVICENOW: Vendor = Vendor {
    kind: Kind::Servicenow,
    tokens: &[TokenServer {
        url: "/oauth_token.do",
        scope: "",
        audience: "",
        form: &[("grant_type", "client_credentials")],
        has_basic_secret: false,
    }],
    patience: None,
    headers: &[],
    streams: &[
        table("contracts", "read on ast_contract", &[rows("api/now/table/ast_contract", &CONTRACTS)]),
        table("entitlements", "read on alm_license", &[rows("api/now/table/alm_license", &ENTITLEMENTS)]),
        table("cost_centers", "read on cmn_cost_center", &[rows("api/now/table/cmn_cost_center", &COST_CENTERS)]),
    ],
};

const CONTRACTS: Query = query(
    "sys_id,number,vendor,starts,ends,state,renewal_date,renewal_end_date,notice_days,notice_period_days,\
     cancellation_notice_days,auto_renew,renewable,uplift_percent,renewal_uplift_percent,currency,payment_amount,\
     total_cost,business_owner,business_owner.email,cost_center,po_number",
);
const ENTITLEMENTS: Query = query(
    "sys_id,contract,lease_id,software_model,product,publisher_part_number,part_number,line_type,purchased_rights,\
     active_rights,quantity,rights,unit_cost,currency,cost_cc,subscription_period,region,start_date,end_date,true_up,\
     true_down,true_down_date,suspended_unit_cost,contract_rate,exchange_rate",
);
const COST_CENTERS: Query = query("sys_id,code,name,owner,owner.email,manager,manager.email,parent");

type Query = [(&'static str, &'static str); 5];

const fn query(fields: &'static str) -> Query {
    [
        ("sysparm_query", "ORDERBYsys_id"),
        ("sysparm_display_value", "all"),
        ("sysparm_exclude_reference_link", "true"),
        ("sysparm_limit", "1000"),
        ("sysparm_fields", fields),
    ]
}

const fn table(name: &'static str, needs: &'static str, passes: &'static [Pass]) -> Stream {
    Stream { name, nature: Nature::Full, passes, needs, small: Some(&[("sysparm_limit", "1")]) }
}

const fn rows(path: &'static str, query: &'static Query) -> Pass {
    Pass { path, query, paging: Paging::Link, ..Pass::PLAIN }
}
