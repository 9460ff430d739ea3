//! Microsoft Graph: users by pages of what `$select` names, SKUs, and usage reports by way of a redirect to a storage
//! host, which answers nobody who shows a credential.

use serde_json::{Map, Value, json};

use super::{Holds, TOKEN, Vendor, form, number, origin};
use crate::stub::server::{Reply, Request};

/// The most users of a page where their sign-ins are asked for.
const MOST_WITH_SIGN_INS: usize = 500;
const MOST: usize = 999;

pub static GRAPH: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

fn failed(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "code": code, "message": message, "innerError": {} } }))
}

fn unknown() -> Reply {
    failed(401, "InvalidAuthenticationToken", "Access token is empty.")
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("POST", ["northwind", "oauth2", "v2.0", "token"]) => {
            let form = form(request);
            let is_known = form["grant_type"] == "client_credentials"
                && form["client_secret"] == TOKEN
                && form["scope"] == "https://graph.microsoft.com/.default";
            match is_known {
                true => Reply::json(200, &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN })),
                false => Reply::json(401, &json!({ "error": "invalid_client" })),
            }
        }
        ("GET", ["v1.0", "users"]) => users(holds, request),
        ("GET", ["v1.0", "subscribedSkus"]) => match request.query.keys().find(|key| *key != "$select") {
            Some(_) => failed(400, "Request_UnsupportedQuery", "the query is not supported"),
            None => Reply::json(200, &json!({ "value": holds.of("subscribedSkus") })),
        },
        ("GET", ["v1.0", "reports", call]) => match call.split_once('(') {
            Some((report, period)) if holds.files.contains_key(report) && period.starts_with("period=") => {
                Reply::new(302).with("Location", format!("{}/storage/{report}.csv?sig=s1gnature", origin(request)))
            }
            _ => failed(400, "BadRequest", "no such report"),
        },
        ("GET", ["storage", file]) => {
            if request.headers.contains_key("authorization") {
                return Reply::new(400);
            }
            let bytes = holds.files.get(file.trim_end_matches(".csv")).filter(|_| request.query["sig"] == "s1gnature");
            bytes.map_or(Reply::new(403), |bytes| Reply {
                status: 200,
                headers: vec![("Content-Type", "application/octet-stream".to_owned())],
                body: bytes.clone(),
            })
        }
        _ => failed(404, "ResourceNotFound", "Invalid version or resource"),
    }
}

fn users(holds: &Holds, request: &Request) -> Reply {
    let select = request.query.get("$select").map(String::as_str).unwrap_or("id,userPrincipalName,displayName,mail");
    let selected: Vec<&str> = select.split(',').collect();
    let most = if selected.contains(&"signInActivity") { MOST_WITH_SIGN_INS } else { MOST };
    let top = number(request, "$top").unwrap_or(100);
    if top > most {
        return failed(400, "Request_BadRequest", "page size is too large");
    }
    let from = match request.query.get("$skiptoken").map(|token| token.strip_prefix("m~").map(str::parse)) {
        None => 0,
        Some(Some(Ok(from))) => from,
        Some(_) => return failed(400, "Directory_ExpiredPageToken", "the page token has expired"),
    };
    let (users, more) = holds.slice(holds.of("users"), from, top);
    let kept = |user: &Value| -> Value {
        let user = user.as_object().unwrap();
        user.iter().filter(|(key, _)| selected.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let mut page = Map::from_iter([("value".to_owned(), users.iter().map(kept).collect())]);
    if more {
        let next = format!("$select={select}&$top={top}&$skiptoken=m~{}", from + users.len());
        page.insert("@odata.nextLink".to_owned(), format!("{}/v1.0/users?{next}", origin(request)).into());
    }
    Reply::json(200, &page.into())
}

/// Users with a licence by a group, one assigned directly, and none; a guest without an address.
pub fn users_of(n: usize) -> Vec<Value> {
    let group = "5a0a42de-4c79-4ac5-bd2c-000000000001";
    let user = |i: usize| {
        let sku = ["c7df2760-2c81-4ef7-b578-5b5392b571df", "05e9a617-0261-4cee-bb44-138d3ef5d965"][i % 2];
        let by = if i.is_multiple_of(3) { json!(group) } else { Value::Null };
        let licences = if i % 5 == 4 { json!([]) } else { json!([{ "disabledPlans": [], "skuId": sku }]) };
        let states = if i % 5 == 4 {
            json!([])
        } else {
            json!([{ "skuId": sku, "disabledPlans": [], "assignedByGroup": by, "state": "Active", "error": "None" }])
        };
        json!({
            "id": format!("1f0534ac-371b-412f-88c8-{i:012x}"),
            "userPrincipalName": format!("User{i}@northwind.example"),
            "mail": if i % 7 == 6 { Value::Null } else { json!(format!("user{i}@northwind.example")) },
            "displayName": format!("User Nº {i}"),
            "employeeId": format!("{:04}", 1000 + i),
            "accountEnabled": i % 11 != 10,
            "userType": if i % 7 == 6 { "Guest" } else { "Member" },
            "createdDateTime": "2024-03-01T08:00:00Z",
            "assignedLicenses": licences,
            "licenseAssignmentStates": states,
            "signInActivity": { "lastSuccessfulSignInDateTime": "2026-11-10T07:30:00Z" },
            "businessPhones": [],
        })
    };
    (0..n).map(user).collect()
}

/// One SKU in use, and one that is suspended with seats consumed, as the documentation shows.
pub fn skus() -> Vec<Value> {
    let sku = |id: &str, name: &str, status: &str, enabled: u32, suspended: u32| {
        let units = json!({ "enabled": enabled, "suspended": suspended, "warning": 0, "lockedOut": 0 });
        json!({ "skuId": id, "skuPartNumber": name, "capabilityStatus": status, "consumedUnits": 14, "prepaidUnits": units })
    };
    vec![
        sku("c7df2760-2c81-4ef7-b578-5b5392b571df", "ENTERPRISEPREMIUM", "Enabled", 25, 0),
        sku("d17b27af-3f49-4822-99f9-56a661538792", "CRMSTANDARD", "Suspended", 0, 25),
    ]
}
