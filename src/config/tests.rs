//! One good project, and every way in which its people can get it wrong.

use std::fs;

use super::*;

/// A file, a text in it, what replaces it; then the code, line, column, message and help or label this must give.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, (usize, usize), &'a str, &'a str);

const GOOD: &[(&str, &str)] = &[
    (
        "seatledger.toml",
        r#"name = "northwind"
reporting_currency = "EUR"

[freshness]
hr = 3

[[source]]
name = "okta"
kind = "okta"
from = "extracts/okta"
streams = ["system_log", "users", "apps", "app_users"]
may_be_empty = ["apps"]
[source.stream.system_log]
covers_days = 7
freshness_error_days = 2

[[source]]
name = "m365"
kind = "microsoft365"
from = "s3://extracts/m365"

[[source]]
name = "figma"
kind = "mapped"
from = "extracts/figma"
[source.stream.seats]
role = "seats"
format = "csv"
[source.stream.seats.columns]
account_id = "User ID"
sku_id = "Seat"

[snapshot]
key = "agent:keys/snapshots.pub"
"#,
    ),
    (
        "policies/m365.toml",
        r#"app   = "m365"
owner = "it@northwind.example"

[[version]]                              # the first
id             = "2026-02"
effective_from = 2026-02-01
signals        = ["feature_use"]
inactive_after_days     = 30
min_signal_coverage     = 0.250

[[version.tier_rule]]
tier = "E5"
downgrade_to = "E3"
features = ["audit"]
min_uses = 1
within_days = 90

[[version.override]]
region = "EMEA"
worker_type = "contractor"
inactive_after_days = 60

[[version.override]]
region = "EMEA"
tier = "E5"
mode = "notify"

[[version]]
id = "2026-06"
effective_from = 2026-06-01
"#,
    ),
    (
        "seeds/apps.csv",
        r#"app_id,name,vendor,owner_email,sensitivity,okta_app_ids,assignment_source,feature_source,feature_horizon_days,reclaim_consequence,suspend_worker_types
m365,Microsoft 365,Microsoft,it@northwind.example,high,0oa1|0oa2,m365/users,m365/office365_active_user_detail,180,data_deleted,*
figma,Figma,"Figma, Inc.",design@northwind.example,standard,,figma/seats,figma/seats,,none,
"#,
    ),
    (
        "seeds/tiers.csv",
        r#"app_id,tier,rank,sku_id,is_paid,is_default
m365,E3,1,sku-e3|SPE_E3,true,true
m365,E5,2,sku-e5,true,
figma,full,1,full,true,true
"#,
    ),
    (
        "seeds/identity_overrides.csv",
        r#"system,account_id,worker_id,effective_from,effective_to
okta,00u1,00042,2026-01-01,2026-06-01
okta,00u1,00043,2026-06-01,
"#,
    ),
    (
        "seeds/account_types.csv",
        r#"app_id,pattern,account_type
*,svc-*,service
"#,
    ),
    (
        "seeds/budget_rates.csv",
        r#"fiscal_year,currency,rate
2026,USD,1.08
"#,
    ),
    (
        "seeds/reason_codes.csv",
        r#"code,meaning,kind
project,Needed for a project,hold
"#,
    ),
    (
        "seeds/contract_clauses.csv",
        r#"contract_number,sku_id,clause,value,effective_from,reference
CT-1,,uplift_cap_percent,5,,order form 4
CT-1,SPE_E3,ramp_quantity,120,2026-07-01,amendment 1
CT-1,,zone,Europe/Berlin,,
"#,
    ),
    (
        "seeds/budget.csv",
        r#"contract_number,month,currency,amount
CT-1,2026-12-01,EUR,1000
"#,
    ),
    (
        "seeds/invoices.csv",
        r#"invoice_id,contract_number,kind,invoiced_on,period_from,period_to,currency,amount
I-1,CT-1,invoice,2026-01-01,2026-01-01,2027-01-01,EUR,12000.50
"#,
    ),
    (
        "drops/holds.csv",
        r#"app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor
m365,ana@northwind.example,,2026-01-01,2026-03-01,project,boss@northwind.example
"#,
    ),
];

/// A project on disk: the good one with some texts replaced and some files added.
pub(super) fn load_with(edits: &[(&str, &str, &str)], more: &[(&str, &str)]) -> Result<Config, Vec<Diagnostic>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in GOOD.iter().chain(more) {
        let mut text = text.to_string();
        for (_, old, new) in edits.iter().filter(|(file, _, _)| file == name) {
            assert!(text.contains(old), "{name} does not hold {old}");
            text = text.replacen(old, new, 1);
        }
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    load(folder.path())
}

fn check((file, old, new, code, (line, column), message, beside): &Case<'_>) {
    let found = load_with(&[(file, old, new)], &[]).expect_err(new);
    let place = format!("--> {file}:{line}:{column}\n");
    let is_it = |shown: &str| {
        shown.starts_with(&format!("error[{code}]: ")) && [&place, *message, *beside].iter().all(|p| shown.contains(p))
    };
    let shown: Vec<String> = found.iter().map(Diagnostic::to_string).collect();
    assert!(shown.iter().any(|one| is_it(one)), "{old} -> {new}: wanted {code} {place}{}", shown.join("\n"));
}

#[test]
fn a_hold_of_an_app_covers_the_feeds_it_rests_on() {
    let feeds = |app: &str| {
        let hold = format!("hr = 3\n[[retention.hold]]\napp = \"{app}\"\nreason = \"case 7\"");
        let config = load_with(&[("seatledger.toml", "hr = 3", &hold)], &[]).unwrap();
        match config.project.retention.holds.into_iter().next().map(|hold| hold.what) {
            Some(Held::App { app_id, feeds }) if app_id == app => {
                feeds.into_iter().map(|(source, stream)| format!("{source}/{stream}")).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    let directory = ["okta/app_users", "okta/system_log", "okta/users"];
    assert_eq!(feeds("m365"), [&["m365/office365_active_user_detail", "m365/users"][..], &directory].concat());
    assert_eq!(feeds("figma"), ["figma/seats"], "it does not stand in the directory");
}

#[test]
fn a_good_project_parses() {
    let config = load_with(&[], &[]).unwrap();
    assert_eq!(config.warnings, []);
    let project = &config.project;
    assert_eq!(
        (project.store.as_str(), project.rate_set, project.fiscal_year_start_month),
        ("warehouse", RateSet::Spot, 1)
    );
    assert_eq!(project.freshness, Freshness { hr: 3, ..Freshness::default() });
    assert_eq!(project.snapshot_key, Some(SnapshotKey::Agent("keys/snapshots.pub".into())));
    assert_eq!(project.sources[0].configured(&config.root), ["system_log", "users", "apps", "app_users"]);
    assert_eq!(project.sources[1].configured(&config.root).len(), 6, "a remote source has all streams of its kind");
    assert_eq!(project.sources[2].configured(&config.root), ["seats"]);
    assert_eq!(project.sources[2].stream["seats"].columns["account_id"], "User ID");
    let versions = &config.policies[0].versions;
    assert_eq!(versions[0].effective_to, Some(versions[1].effective_from));
    assert_eq!(versions[1].settings, Settings::standard());
    assert_eq!(versions[0].settings.counts_sign_in, Some(false));
    assert_eq!(versions[0].settings.min_signal_coverage.map(|share| share.to_string()), Some("0.25".to_owned()));
    assert_eq!((versions[0].overrides[1].key_count(), versions[0].overrides[1].line), (2, 23));
    assert_eq!(config.seeds.tiers[0].sku_ids, ["sku-e3", "SPE_E3"]);
    assert_eq!(config.seeds.apps[1].vendor, "Figma, Inc.");
    assert_eq!((config.drops.holds[0].target.line, config.drops.rejected.len()), (2, 0));
}

#[test]
fn each_error_of_project_file_has_its_place() {
    let cases: &[Case] = &[
        (
            "seatledger.toml",
            r#"kind = "okta""#,
            "kidn = \"okta\"\nkind = \"okta\"",
            "SL0102",
            (9, 1),
            "unknown key `kidn` in [[source]]",
            "did you mean `kind`?",
        ),
        ("seatledger.toml", "hr = 3", r#"hr = "3""#, "SL0103", (5, 6), "`hr` must be a whole number", "is string"),
        ("seatledger.toml", "hr = 3", "hr = -3", "SL0104", (5, 6), "`hr` = -3 is out of range", "use 0 to 36500"),
        (
            "seatledger.toml",
            r#"kind = "microsoft365""#,
            r#"kind = "microsoft356""#,
            "SL0104",
            (19, 8),
            "`kind` cannot be `microsoft356`",
            "did you mean `microsoft365`?",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[retention]\nraw_day = 3",
            "SL0102",
            (7, 1),
            "unknown key `raw_day` in [retention]",
            "did you mean `raw_days`?",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[[retention.hold]]\nsource = \"otka\"\nreason = \"case 7\"",
            "SL0104",
            (7, 10),
            "no source is called `otka`",
            "did you mean `okta`?",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[[retention.hold]]\nfrom = 2026-02-02\nto = 2026-02-01\nreason = \"case 7\"",
            "SL0104",
            (8, 6),
            "the hold ends before it begins on 2026-02-02",
            "both ends are included",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[[retention.hold]]\nreason = \"case 7\"",
            "SL0104",
            (7, 10),
            "a hold must say what it holds",
            "write all = true",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[[retention.hold]]\napp = \"m356\"\nreason = \"case 7\"",
            "SL0110",
            (7, 7),
            "no app of seeds/apps.csv is called `m356`",
            "did you mean `m365`?",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[[retention.hold]]\napp = \"m365\"\nall = true\nreason = \"case 7\"",
            "SL0104",
            (7, 7),
            "a hold must say what it holds",
            "write all = true",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[engine]\nmemory = \"4 gigabytes\"",
            "SL0104",
            (7, 10),
            "`4 gigabytes` is no size",
            "write a whole number and a unit",
        ),
        (
            "seatledger.toml",
            "hr = 3",
            "hr = 3\n[engine]\nengine = \"spark://host:7077\"",
            "SL0104",
            (7, 10),
            "`spark://host:7077` is no engine",
            "ballista://host:port",
        ),
        ("seatledger.toml", "from = \"extracts/okta\"\n", "", "SL0105", (7, 1), "[[source]] lacks `from`", ""),
        (
            "seatledger.toml",
            r#""users", "apps", "#,
            r#""user", "apps", "#,
            "SL0106",
            (11, 26),
            "kind `okta` has no stream `user`",
            "did you mean `users`?",
        ),
        (
            "seatledger.toml",
            "[source.stream.system_log]",
            "[source.stream.system_logs]",
            "SL0106",
            (13, 16),
            "kind `okta` has no stream `system_logs`",
            "did you mean `system_log`?",
        ),
        (
            "seatledger.toml",
            r#"name = "figma""#,
            r#"name = "okta""#,
            "SL0107",
            (23, 8),
            "two sources are called `okta`",
            "the first is on line 7",
        ),
        (
            "seatledger.toml",
            r#"name = "okta""#,
            r#"name = "Okta EU""#,
            "SL0104",
            (8, 8),
            "source name `Okta EU` has characters",
            "lower-case",
        ),
        (
            "seatledger.toml",
            r#""EUR""#,
            r#""EURO""#,
            "SL0104",
            (2, 22),
            "`EURO` is not a currency of ISO 4217",
            "three capital letters",
        ),
        ("seatledger.toml", "role = \"seats\"\n", "", "SL0105", (26, 16), "[seats] lacks `role`", ""),
        (
            "seatledger.toml",
            r#"sku_id = "Seat""#,
            r#"skuid = "Seat""#,
            "SL0108",
            (31, 1),
            "unknown canonical column `skuid`",
            "did you mean `sku_id`?",
        ),
        (
            "seatledger.toml",
            "agent:keys/snapshots.pub",
            "keys/snapshots.pub",
            "SL0104",
            (34, 7),
            "a public key cannot sign",
            "name the private key",
        ),
        (
            "seatledger.toml",
            "snapshots.pub",
            "snapshots",
            "SL0104",
            (34, 7),
            "`agent:` must be followed by a public key file",
            "use agent:",
        ),
        ("seatledger.toml", "s3://extracts", "ftp://extracts", "SL0104", (20, 8), "`ftp://` cannot be opened", "gs"),
        (
            "seatledger.toml",
            "covers_days = 7",
            r#"delimiter = ";;""#,
            "SL0104",
            (14, 13),
            "the delimiter is not one ASCII character",
            "",
        ),
        ("seatledger.toml", "hr = 3", "hr = 3\nhr = 4", "SL0101", (6, 1), "not valid TOML: duplicate key", ""),
    ];
    cases.iter().for_each(check);
}

#[test]
fn each_error_of_policies_has_its_place() {
    let cases: &[Case] = &[
        (
            "policies/m365.toml",
            "inactive_after_days     = 30",
            "inactive_after_day      = 30",
            "SL0202",
            (8, 1),
            "unknown key `inactive_after_day` in [[version]]",
            "did you mean `inactive_after_days`?",
        ),
        (
            "policies/m365.toml",
            "= 30\n",
            "= \"30\"\n",
            "SL0203",
            (8, 27),
            "`inactive_after_days` must be a whole number",
            "is string",
        ),
        (
            "policies/m365.toml",
            "effective_from = 2026-06-01",
            r#"effective_from = "2026-06-01""#,
            "SL0203",
            (30, 18),
            "`effective_from` must be a day",
            "is string",
        ),
        (
            "policies/m365.toml",
            "= 30\n",
            "= -30\n",
            "SL0204",
            (8, 27),
            "`inactive_after_days` = -30 is out of range",
            "use 1 to 36500",
        ),
        (
            "policies/m365.toml",
            r#""notify""#,
            r#""notfy""#,
            "SL0204",
            (26, 8),
            "`mode` cannot be `notfy`",
            "did you mean `notify`?",
        ),
        (
            "policies/m365.toml",
            "0.250",
            "1.25",
            "SL0204",
            (9, 27),
            "`min_signal_coverage` = 1.25 is not a share",
            "use 0 to 1",
        ),
        ("policies/m365.toml", "id = \"2026-06\"\n", "", "SL0205", (28, 1), "[[version]] lacks `id`", ""),
        (
            "policies/m365.toml",
            r#"id = "2026-06""#,
            r#"id = "2026-02""#,
            "SL0206",
            (29, 6),
            "two versions have the id `2026-02`",
            "also in the version on line 4",
        ),
        (
            "policies/m365.toml",
            "2026-06-01",
            "2026-02-01",
            "SL0206",
            (30, 18),
            "two versions begin on 2026-02-01: they overlap",
            "also in the version on line 4",
        ),
        (
            "policies/m365.toml",
            "within_days = 90",
            "within_days = 1",
            "SL0207",
            (16, 15),
            "window of the tier rule shorter than the source's reporting lag",
            "use >= 2",
        ),
        (
            "policies/m365.toml",
            r#"downgrade_to = "E3""#,
            r#"downgrade_to = "E5""#,
            "SL0208",
            (13, 16),
            "`E5` is not a lower tier than `E5`",
            "rank 2",
        ),
        (
            "policies/m365.toml",
            "tier = \"E5\"\ndown",
            "tier = \"E7\"\ndown",
            "SL0209",
            (12, 8),
            "app `m365` has no tier `E7`",
            "did you mean `E3`?",
        ),
        (
            "policies/m365.toml",
            "tier = \"E5\"\nmode",
            "tier = \"basic\"\nmode",
            "SL0209",
            (25, 8),
            "app `m365` has no tier `basic`",
            "known: E3, E5",
        ),
        (
            "policies/m365.toml",
            r#"mode = "notify""#,
            "inactive_after_days = 45",
            "SL0210",
            (26, 23),
            "the overrides on lines 18 and 23 can match one seat and set `inactive_after_days` differently",
            "set differently on line 21",
        ),
        (
            "policies/m365.toml",
            r#"mode = "notify""#,
            r#"on_no_response = "approve""#,
            "SL0211",
            (26, 18),
            "silence cannot approve on a high-sensitivity app",
            "`m365` is high",
        ),
        (
            "policies/m365.toml",
            r#"app   = "m365""#,
            r#"app   = "figma""#,
            "SL0213",
            (1, 9),
            "file `m365.toml` is not named after its app",
            "rename it to policies/figma.toml",
        ),
        ("policies/m365.toml", "mode = \"notify\"\n", "", "SL0205", (23, 1), "[[override]] has no setting", ""),
        (
            "policies/m365.toml",
            r#"signals        = ["feature_use"]"#,
            "signals        = []",
            "SL0204",
            (7, 18),
            "no signal counts as use",
            "",
        ),
    ];
    cases.iter().for_each(check);
}

#[test]
fn each_error_of_seeds_has_its_place() {
    let cases: &[Case] = &[
        (
            "seeds/apps.csv",
            "feature_source,",
            "feature_sources,",
            "SL0302",
            (1, 75),
            "unknown column `feature_sources`",
            "did you mean `feature_source`?",
        ),
        ("seeds/apps.csv", ",vendor,", ",", "SL0305", (1, 1), "the header lacks column `vendor`", ""),
        (
            "seeds/apps.csv",
            ",high,",
            ",hihg,",
            "SL0304",
            (2, 51),
            "column sensitivity: cannot be `hihg`",
            "did you mean `high`?",
        ),
        (
            "seeds/apps.csv",
            ",standard,,",
            ",standard,0oa2,",
            "SL0308",
            (3, 61),
            "Okta app `0oa2` is mapped twice, to `m365` and to `figma`",
            "",
        ),
        ("seeds/apps.csv", "figma,Figma", "m365,Figma", "SL0306", (3, 1), "m365 stands twice", "first on line 2"),
        (
            "seeds/apps.csv",
            "design@northwind.example",
            "design",
            "SL0303",
            (3, 27),
            "column owner_email: `design` is not an e-mail address",
            "",
        ),
        (
            "seeds/apps.csv",
            "m365/users",
            "m365/user",
            "SL0307",
            (2, 66),
            "source `m365` has no stream `user`",
            "did you mean `users`?",
        ),
        (
            "seeds/apps.csv",
            "none,\n",
            "none\n",
            "SL0301",
            (3, 1),
            "the record has 10 cells, the header 11",
            "double quotes",
        ),
        (
            "seeds/apps.csv",
            r#""Figma, Inc.""#,
            r#""Figma, Inc."#,
            "SL0301",
            (3, 13),
            "a quote is opened and never closed",
            "",
        ),
        (
            "seeds/tiers.csv",
            "figma,full",
            "figmo,full",
            "SL0307",
            (4, 1),
            "unknown app `figmo`",
            "did you mean `figma`?",
        ),
        (
            "seeds/tiers.csv",
            "sku-e5,true,",
            "sku-e5,true,true",
            "SL0308",
            (3, 23),
            "`m365` has two default tiers, `E3` and `E5`",
            "",
        ),
        (
            "seeds/tiers.csv",
            "sku-e5",
            "SPE_E3",
            "SL0308",
            (3, 11),
            "SKU `SPE_E3` of `m365` is listed twice, in `E3` and in `E5`",
            "",
        ),
        ("seeds/tiers.csv", "E5,2", "E5,two", "SL0303", (3, 9), "column rank: `two` is not a whole number", ""),
        (
            "seeds/account_types.csv",
            "service",
            "robot",
            "SL0304",
            (2, 9),
            "column account_type: cannot be `robot`",
            "break_glass",
        ),
        ("seeds/budget_rates.csv", "USD", "USX", "SL0304", (2, 6), "`USX` is not a currency of ISO 4217", ""),
        (
            "seeds/contract_clauses.csv",
            "uplift_cap_percent,5",
            "uplift_cap_percent,500",
            "SL0304",
            (2, 26),
            "column value: `uplift_cap_percent` cannot be 500",
            "use 0 to 100",
        ),
        (
            "seeds/contract_clauses.csv",
            "zone,Europe/Berlin",
            "zone,Europe/Berln",
            "SL0303",
            (4, 12),
            "column value: `Europe/Berln` is not a zone",
            "",
        ),
        (
            "seeds/contract_clauses.csv",
            "SPE_E3,ramp",
            ",ramp",
            "SL0308",
            (3, 6),
            "column sku_id: `ramp_quantity` is said of one SKU",
            "write the SKU",
        ),
        (
            "seeds/budget.csv",
            "2026-12-01",
            "2026-12-02",
            "SL0304",
            (2, 6),
            "column month: 2026-12-02 does not begin a month",
            "use YYYY-MM-01",
        ),
        (
            "seeds/invoices.csv",
            "2027-01-01",
            "2025-01-01",
            "SL0308",
            (2, 40),
            "is no period that is paid for",
            "period_to is the first day outside",
        ),
        (
            "seeds/invoices.csv",
            "12000.50",
            "-1",
            "SL0308",
            (2, 55),
            "column amount: -1 on a line of kind `invoice`",
            "a credit is negative",
        ),
        (
            "seeds/identity_overrides.csv",
            "00043,2026-06-01",
            "00043,2026-05-01",
            "SL0308",
            (3, 17),
            "account `00u1` is given to two workers at one time",
            "also on line 2",
        ),
    ];
    cases.iter().for_each(check);
}

#[test]
fn a_finding_looks_like_this() {
    let edit = (GOOD[1].0, "inactive_after_days     = 30", "inactive_after_days     = 1");
    let found = load_with(&[edit], &[]).unwrap_err();
    assert_eq!(found.len(), 1);
    let wanted = "\
error[SL0207]: inactivity window shorter than the source's reporting lag
 --> policies/m365.toml:8:27
8 | inactive_after_days     = 1
  |                           ^ source `m365.office365_active_user_detail` arrives up to 2 days late
  = help: use >= 2";
    assert_eq!(found[0].to_string(), wanted);
}

#[test]
fn all_errors_of_all_files_come_at_once() {
    let edits = [
        ("seatledger.toml", "\"EUR\"", "\"EURO\""),
        ("seatledger.toml", "hr = 3", "hr = -3"),
        ("policies/m365.toml", "\"notify\"", "\"notfy\""),
        ("seeds/apps.csv", ",high,", ",hihg,"),
        ("seeds/tiers.csv", "E5,2", "E5,two"),
    ];
    let more = [("drops/executed.csv", "app_id,account,action,executed_on\n")];
    let found = load_with(&edits, &more).unwrap_err();
    let files: Vec<&str> = found.iter().map(|one| one.file.as_str()).collect();
    assert!(GOOD[..4].iter().all(|(file, _)| files.contains(file)), "{files:?}");
    let (error, errors) = (to_error(found.clone()), found.iter().filter(|one| one.is_error()).count());
    assert_eq!(error.kind().exit_code(), 2);
    assert!(error.to_string().starts_with(&format!("the project has {errors} errors\n\nerror[SL04")), "{error}");
}

#[test]
fn files_are_where_they_belong() {
    let codes = |found: Vec<Diagnostic>| found.iter().map(|one| (one.code, one.file.clone())).collect::<Vec<_>>();
    let second = [("policies/other.toml", "app = \"m365\"\nowner = \"a@b.example\"\nversion = []\n")];
    assert_eq!(codes(load_with(&[], &second).unwrap_err()), [("SL0214", "policies/other.toml".to_owned())]);
    let unknown = [("policies/m356.toml", "app = \"m356\"\nowner = \"a@b.example\"\nversion = []\n")];
    assert_eq!(codes(load_with(&[], &unknown).unwrap_err()), [("SL0212", "policies/m356.toml".to_owned())]);
    let slip = [("drops/hold.csv", "app_id\n")];
    assert_eq!(codes(load_with(&[], &slip).unwrap_err()), [("SL0405", "drops/hold.csv".to_owned())]);

    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load(folder.path()).unwrap_err()[0].code, "SL0109");
    fs::write(folder.path().join(PROJECT_FILE), "name = \"small\"\nreporting_currency = \"EUR\"\n").unwrap();
    assert!(
        load(&folder.path().join(PROJECT_FILE)).unwrap().seeds.apps.is_empty(),
        "seeds are optional without policies"
    );
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join(GOOD[1].0), GOOD[1].1).unwrap();
    let missing = [("SL0309", "seeds/apps.csv".to_owned()), ("SL0309", "seeds/tiers.csv".to_owned())];
    assert_eq!(codes(load(folder.path()).unwrap_err()), missing);
}

#[test]
fn only_a_change_of_meaning_changes_a_version() {
    let hashes = |old: &str, new: &str| {
        let config = load_with(&[("policies/m365.toml", old, new)], &[]).unwrap();
        let versions = &config.policies[0].versions;
        (versions[0].content_sha256.clone(), versions[1].content_sha256.clone())
    };
    let as_written = hashes("# the first", "# the first");
    assert_eq!(hashes("   # the first", "# another remark"), as_written);
    assert_eq!(hashes("0.250", "0.25"), as_written);
    let edited = hashes("min_uses = 1", "min_uses = 2");
    assert_ne!(edited.0, as_written.0);
    assert_eq!(edited.1, as_written.1);
}

#[test]
fn overrides_that_cannot_meet_may_differ() {
    let meets_nobody = ("policies/m365.toml", "region = \"EMEA\"\ntier", "region = \"APAC\"\ntier");
    let differs = ("policies/m365.toml", "mode = \"notify\"", "inactive_after_days = 45");
    assert!(load_with(&[meets_nobody, differs], &[]).is_ok());
    let more_specific = ("policies/m365.toml", "tier = \"E5\"\nmode", "tier = \"E5\"\nworker_type = \"intern\"\nmode");
    assert!(load_with(&[more_specific, differs], &[]).is_ok());
}

#[test]
fn a_bad_row_of_a_drop_is_rejected_and_named() {
    let bad = "m365,a@b.example,,2026-01-01,,project,x
m365,a@b.example,,01/02/2026,2026-03-01,project,x
m365,a@b.example,,2026-03-01,2026-03-01,project,x
m356,a@b.example,,2026-01-01,2026-03-01,project,x
m365,a@b.example,,2026-01-01,2026-03-01,because,x
m365,,,2026-01-01,2026-03-01,project,x
m365,a@b.example,2026-01-01,2026-03-01,project,x
figma,a@b.example,full,2026-01-01,2026-03-01,project,
";
    let json = r#"{"worker_id": 42, "effective_from": "2026-01-01", "reason_code": "project"}

{"worker_id": "7", "effective_from": "2026-01-01", "reason_code": "because"}
"#;
    let edit = ("drops/holds.csv", "m365,ana", &format!("{bad}m365,ana")[..]);
    let config = load_with(&[edit], &[("drops/legal_holds.ndjson", json)]).unwrap();
    let rejected: Vec<_> = config.drops.rejected.iter().map(|r| (r.drop, r.line, r.reason_code)).collect();
    let wanted = [
        ("holds", 2, "missing_expiry"),
        ("holds", 3, "bad_date"),
        ("holds", 4, "expiry_before_start"),
        ("holds", 5, "unknown_app"),
        ("holds", 6, "unknown_reason_code"),
        ("holds", 7, "missing_value"),
        ("holds", 8, "width"),
    ];
    assert_eq!(rejected, wanted);
    assert_eq!(config.drops.holds.iter().map(|hold| hold.target.line).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(
        (config.drops.legal_holds[0].worker_id.as_str(), config.drops.legal_holds[0].effective_to),
        ("42", None)
    );
    assert_eq!(config.drops.legal_holds[1].reason_code, "because", "an unknown reason does not lift a legal hold");
    assert_eq!(config.warnings.len(), wanted.len());
    assert!(!config.warnings.iter().any(Diagnostic::is_error));
    let found = load_with(&[], &[("drops/legal_holds.ndjson", "[1]\n")]).unwrap_err();
    assert!(found[0].is_error(), "a legal hold that does not read stops the run");
}
