//! States as Terraform writes them, and what is none.

use super::page::{Page, Refusal, Value};
use super::terraform::{read, workspace};
use super::tests::reader;

/// A state of these resources, two of them in nested modules.
fn state(resources: &str) -> String {
    format!(
        r#"{{"format_version":"1.0","terraform_version":"1.9.8","values":{{"outputs":{{"key":{{"sensitive":true,
        "value":"hunter2","type":"string"}}}},"root_module":{{"resources":[{resources}],"child_modules":[
        {{"address":"module.a","resources":[{}],"child_modules":[{{"address":"module.a.module.b","resources":[{}]}}]}}]}}}}}}"#,
        resource(
            "module.a.okta_group.design",
            r#"{"id":"00g-design","name":"Design","description":"","skip_users":false,"users":null}"#,
            "{}"
        ),
        resource(
            "module.a.module.b.okta_app_user.wiki[\"ida@northwind.example\"]",
            r#"{"id":"0ua1","app_id":"0oa-wiki","user_id":"00u-ida","username":"ida","password":"hunter2",
            "profile":"{\"license\":\"FIG-PRO\",\"salary\":\"hunter2\"}","retain_assignment":false}"#,
            r#"{"password":true}"#
        )
    )
}

/// A managed resource whose type stands in its address.
fn resource(address: &str, values: &str, sensitive: &str) -> String {
    let kind = address.split('.').find(|part| part.starts_with("okta_")).unwrap_or("aws_s3_bucket");
    serde_json::json!({
        "address": address, "mode": "managed", "type": kind, "name": "x", "schema_version": 0,
        "provider_name": "registry.terraform.io/okta/okta",
        "values": serde_json::from_str::<serde_json::Value>(values).unwrap(),
        "sensitive_values": serde_json::from_str::<serde_json::Value>(sensitive).unwrap(),
    })
    .to_string()
}

fn landed(text: &str) -> Result<Page, Refusal> {
    read(text.as_bytes(), "2026-11-20/prod.json", &reader("terraform", "state"))
}

/// The rows as `type app group account sku priority tracks_all`, `-` where there is nothing.
fn rows(page: &Page) -> Vec<String> {
    let reader = reader("terraform", "state");
    let columns = ["resource_type", "okta_app_id", "group_id", "account_id", "sku_id", "priority", "tracks_all"];
    let word = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Int(n) => n.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => panic!("{other:?}"),
    };
    let row = |row: &super::page::Row| {
        let cells = columns.map(|column| word(&row.values[reader.dataset.index(column).unwrap()]));
        cells.join(" ")
    };
    page.rows.iter().map(row).collect()
}

#[test]
fn every_grant_of_every_module_becomes_a_row() {
    let resources = [
        resource("okta_user.ada", r#"{"id":"00u-ada","login":"ada@northwind.example","status":"ACTIVE"}"#, "{}"),
        resource("okta_app_saml.figma", r#"{"id":"0oa-figma","label":"Figma","status":"ACTIVE"}"#, "{}"),
        resource(
            "okta_app_group_assignment.figma",
            r#"{"id":"00g-design","app_id":"0oa-figma","group_id":"00g-design","priority":2,"profile":"{}"}"#,
            "{}",
        ),
        resource(
            "okta_app_group_assignments.wiki",
            r#"{"id":"0oa-wiki","app_id":"0oa-wiki","group":[{"id":"00g-1","priority":0,"profile":"{\"sku\":\"W\"}"},
            {"id":"00g-2","priority":1,"profile":null}]}"#,
            r#"{"group":[{},{}]}"#,
        ),
        resource("okta_app_group_assignments.none", r#"{"app_id":"0oa-none","group":[]}"#, "{}"),
        resource(
            "okta_group_memberships.design",
            r#"{"group_id":"00g-design","users":["00u-ida","00u-ada","00u-ada"],"track_all_users":true}"#,
            r#"{"users":[false,false,false]}"#,
        ),
        resource("okta_user_group_memberships.ida", r#"{"user_id":"00u-ida","groups":["00g-3"]}"#, "{}"),
        resource("okta_group_rule.all", r#"{"status":"ACTIVE","group_assignments":["00g-4"]}"#, "{}"),
    ];
    let page = landed(&state(&resources.join(","))).unwrap();
    assert_eq!(
        rows(&page),
        [
            "okta_user - - 00u-ada - - -",
            "okta_app_saml 0oa-figma - - - - -",
            "okta_app_group_assignment 0oa-figma 00g-design - - 2 -",
            "okta_app_group_assignments 0oa-wiki 00g-1 - W 0 -",
            "okta_app_group_assignments 0oa-wiki 00g-2 - - 1 -",
            "okta_app_group_assignments 0oa-none - - - - -",
            "okta_group_memberships - 00g-design 00u-ada - - true",
            "okta_group_memberships - 00g-design 00u-ida - - true",
            "okta_user_group_memberships - 00g-3 00u-ida - - -",
            "okta_group_rule - 00g-4 - - - -",
            "okta_group - 00g-design - - - -",
            "okta_app_user 0oa-wiki - 00u-ida FIG-PRO - -",
        ]
    );
    assert_eq!((page.records, page.written, page.rejects.len()), (10, 0, 0));
    assert_eq!(page.fetched(), 12, "{:?}", page.warnings);
}

#[test]
fn no_secret_lands_and_none_is_quoted() {
    let sensitive = [
        resource("okta_app_user.a", r#"{"app_id":"0oa-x","user_id":"hunter2"}"#, r#"{"user_id":true}"#),
        resource("okta_group_memberships.b", r#"{"group_id":"00g-1","users":["hunter2"]}"#, r#"{"users":[true]}"#),
        resource(
            "okta_app_group_assignment.c",
            r#"{"app_id":"0oa-x","group_id":"00g-1","profile":"{\"sku\":\"hunter2\"}","priority":1}"#,
            r#"{"profile":true}"#,
        ),
        resource(
            "okta_app_group_assignments.d",
            r#"{"app_id":"0oa-x","group":[{"id":"hunter2"}]}"#,
            r#"{"group":true}"#,
        ),
        resource("okta_user.e", r#"{"id":7,"password":"hunter2"}"#, r#"{"password":true}"#),
    ];
    let page = landed(&state(&sensitive.join(","))).unwrap();
    let wrong: Vec<_> = page.rejects.iter().map(|r| (r.number, r.column, r.reason)).collect();
    assert_eq!(
        wrong,
        [
            (1, "account_id", "sensitive_value"),
            (2, "account_id", "sensitive_value"),
            (4, "group_id", "sensitive_value"),
            (5, "account_id", "wrong_type"),
        ]
    );
    assert_eq!(rows(&page)[0], "okta_app_group_assignment 0oa-x 00g-1 - - 1 -");
    assert!(!format!("{page:?}").contains("hunter2"), "{page:?}");

    let torn = r#"{"format_version":"1.0","values":"hunter2"}"#;
    let refusal = landed(torn).unwrap_err();
    assert!(refusal.reason == "not_a_state" && !refusal.message.contains("hunter2"), "{refusal:?}");
}

#[test]
fn what_grants_nothing_is_counted_and_named() {
    let more = [
        resource("aws_s3_bucket.logs", r#"{"id":"logs"}"#, "{}"),
        resource("okta_auth_server.api", r#"{"id":"aus1"}"#, "{}"),
        resource("okta_group.found", r#"{"id":"00g-9"}"#, "{}").replace("\"managed\"", "\"data\""),
        resource("okta_group.old", r#"{"id":"00g-8"}"#, "{}").replacen('{', "{\"deposed_key\":\"ab12cd34\",", 1),
    ];
    let page = landed(&state(&more.join(","))).unwrap();
    assert_eq!((page.rows.len(), page.written, page.fetched()), (2, 4, 6));
    assert_eq!(page.warnings, ["not_read: resources of types that grant nothing: aws_s3_bucket 1, okta_auth_server 1"]);
    assert_eq!(landed(r#"{"format_version":"1.0"}"#).unwrap().records, 0, "an empty state is one");
}

#[test]
fn other_documents_are_refused_with_what_to_do() {
    let refused = |text: &str| landed(text).map(|page| page.records).unwrap_err();
    let plan = state("").replacen('{', "{\"planned_values\":{},\"resource_changes\":[],", 1);
    assert!(refused(&plan).message.starts_with("a plan"), "{:?}", refused(&plan));
    let own = r#"{"version":4,"terraform_version":"1.9.8","serial":3,"lineage":"0d","outputs":{},"resources":[]}"#;
    assert!(refused(own).message.starts_with("Terraform's own state file"), "{:?}", refused(own));
    assert_eq!(refused("{\"errors\":[]}").reason, "not_a_state");
    let later = refused(r#"{"format_version":"2.0","values":{}}"#);
    assert_eq!(
        (later.reason, later.message.as_str()),
        ("unsupported_version", "format_version \"2.0\": this release reads 1.x")
    );
    assert!(landed(&state("").replace("\"1.0\"", "\"1.7\"")).is_ok(), "minor versions only add");
    let whole = state("");
    for end in [whole.len() - 1, whole.len() / 2] {
        assert_eq!(refused(&whole[..end]).reason, "truncated");
    }
    assert_eq!(refused("{\"format_version\":\"1.0\"}{").reason, "truncated");
}

#[test]
fn the_path_names_the_workspace() {
    for (path, name) in [
        ("2026-11-20.json", "default"),
        ("2026-11-20/prod.json.gz", "prod"),
        ("prod/2026-11-20.json", "prod"),
        ("2026-11-20/eu/prod.json", "eu/prod"),
        ("prod_20261120.json.zst", "prod"),
        ("identity-2026-11-20.tfstate.json", "identity"),
        ("2026-11-20/prod.eu.json", "prod.eu"),
    ] {
        assert_eq!(workspace(path), name, "{path}");
    }
}
