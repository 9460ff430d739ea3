use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

fn small() -> DemoOptions {
    let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    DemoOptions { seats: 400, days: 150, ..DemoOptions::new(as_of) }
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(dir).unwrap().to_owned(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

fn plain(path: &Path, bytes: &[u8]) -> String {
    let bytes = match path.extension().unwrap().to_str().unwrap() {
        "gz" => {
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
            out
        }
        "zst" => zstd::decode_all(bytes).unwrap(),
        _ => bytes.to_vec(),
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn same_options_same_bytes_and_every_file_is_well_formed() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let summary = write(one.path(), &small()).unwrap();
    write(two.path(), &small()).unwrap();
    let written = files(one.path());
    assert!(written == files(two.path()));
    assert_eq!(summary.files, written.len() as u64);
    let mut uuids = 0;
    for (path, bytes) in &written {
        let (name, text) = (path.to_str().unwrap(), plain(path, bytes));
        if name.contains(".ndjson") {
            for line in text.lines() {
                let event: serde_json::Value =
                    serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}"));
                uuids += u64::from(event.get("uuid").is_some());
            }
        } else if name.contains(".json") {
            serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        } else if name.ends_with(".toml") {
            toml::from_str::<toml::Table>(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        } else if name.contains(".csv") && !name.contains("figma") {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let width = reader.headers().unwrap().len();
            reader.records().for_each(|r| assert_eq!(r.unwrap().len(), width, "{name}"));
        }
    }
    assert_eq!(uuids, summary.events);
}

#[test]
fn seeds_and_drops_have_the_agreed_headers() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &small()).unwrap();
    for (file, header) in [
        (
            "seeds/apps.csv",
            "app_id,name,vendor,owner_email,sensitivity,okta_app_ids,assignment_source,feature_source,feature_horizon_days,reclaim_consequence,suspend_worker_types",
        ),
        ("seeds/tiers.csv", "app_id,tier,rank,sku_id,is_paid,is_default"),
        ("seeds/account_types.csv", "app_id,pattern,account_type"),
        ("seeds/identity_overrides.csv", "system,account_id,worker_id,effective_from,effective_to"),
        ("seeds/budget_rates.csv", "fiscal_year,currency,rate"),
        ("seeds/critical_roles.csv", "job_family"),
        ("seeds/sod_rules.csv", "rule_id,grant_a,grant_b,severity"),
        ("seeds/reason_codes.csv", "code,meaning,kind"),
        ("drops/holds.csv", "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor"),
        ("drops/exceptions.csv", "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor"),
        ("drops/self_confirmations.csv", "app_id,account_id,sku_id,confirmed_on"),
        ("drops/executed.csv", "app_id,account_id,sku_id,action,target_sku_id,executed_on"),
        ("drops/legal_holds.csv", "worker_id,effective_from,effective_to,reason_code"),
    ] {
        let text = std::fs::read_to_string(dir.path().join(file)).unwrap();
        assert_eq!(text.lines().next(), Some(header), "{file}");
    }
}

#[test]
fn cases_have_names_and_accounts_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let cases = write(dir.path(), &small()).unwrap().cases;
    let names: std::collections::BTreeSet<_> = cases.iter().map(|c| c.name).collect();
    let seats: std::collections::BTreeSet<_> = cases.iter().map(|c| (c.app_id, &c.account_id, c.sku_id)).collect();
    assert_eq!((names.len(), seats.len()), (cases.len(), cases.len()));
    assert!(write(dir.path(), &small()).is_err(), "a folder that holds something is left alone");
}
