//! Seal, break, verify.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use chrono::DateTime;

use super::*;
use crate::base::{AsOf, Clock, ErrorKind};
use crate::store::{NO_HASH, RunId, parquet, sha256_hex};

const TABLE: &str = "policy.evaluations";

fn rows(accounts: &[&str]) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![
        Field::new("account_id", DataType::Utf8, false),
        Field::new("uses", DataType::Int64, true),
        Field::new("saving_amount", DataType::Decimal128(18, 4), true),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(accounts.to_vec())),
        Arc::new(accounts.iter().map(|a| (a.len() > 1).then_some(i64::MAX)).collect::<Int64Array>()),
        Arc::new(Decimal128Array::from(vec![-125_000; accounts.len()]).with_precision_and_scale(18, 4).unwrap()),
    ];
    RecordBatch::try_new(schema, columns).unwrap()
}

fn table(accounts: &[&str]) -> crate::base::Result<SealedTable> {
    let rows = rows(accounts);
    let mut table = Sealing::begin(TABLE, &rows.schema(), &["account_id".into()], &std::env::temp_dir())?;
    table.push(&rows)?;
    table.finish()
}

pub(super) fn input(accounts: &[&str]) -> SealInput {
    SealInput {
        as_of: AsOf::parse("2026-11-20").unwrap(),
        tenant: "northwind".into(),
        run_id: RunId::new(Clock::Fixed(DateTime::from_timestamp(1_795_000_000, 0).unwrap())),
        prev_index_sha256: NO_HASH.into(),
        runner: "tests".into(),
        approver: None,
        signer: None,
        log: None,
        release: "0.1.0".into(),
        config_sha256: "c".into(),
        policy_versions: BTreeMap::from([("figma/v1".into(), "p".into())]),
        tables: vec![table(accounts).unwrap()],
        policies: vec![("figma.toml".into(), b"app = \"figma\"\n".to_vec())],
        sql: vec![("policy/evaluations.sql".into(), "select 1\n".into())],
        inputs: serde_json::json!([{ "source": "okta", "stream": "users", "fetched": 5, "accepted": 3, "duplicate": 1, "quarantined": 1 }]),
        completeness: serde_json::json!({ "seats": 2 }),
    }
}

#[test]
fn a_large_table_waits_on_disk_and_is_there_whenever_it_is_wanted() {
    let mut accounts: Vec<String> = (0..40_000).map(|n| sha256_hex(format!("{n}").as_bytes())).collect();
    accounts.sort();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let dir = tempfile::tempdir().unwrap();
    let sealed = seal(input(&accounts)).unwrap();
    let (_, table) = sealed.files.iter().find(|(path, _)| path.starts_with("data/")).unwrap();
    let FileBytes::SetAside(file) = table else { panic!("{table:?}") };
    assert!(file.lock().unwrap().is_rolled());
    assert_eq!(table.get().unwrap(), table.get().unwrap());
    for name in ["one", "two"] {
        write_folder(&sealed.files, &dir.path().join(name)).unwrap();
        let found = verify(&dir.path().join(name), &VerifyOptions::default()).unwrap();
        assert!(found.ok, "{found}");
    }
}

pub(super) fn seal_at(path: &Path, input: SealInput) -> crate::base::Result<Sealed> {
    let sealed = seal(input)?;
    write_folder(&sealed.files, path)?;
    Ok(sealed)
}

pub(super) fn check(path: &Path) -> crate::base::Result<Verification> {
    verify(path, &VerifyOptions::default())
}

fn faults(path: &Path) -> Vec<(String, Fault)> {
    check(path).unwrap().faults.into_iter().map(|f| (f.file, f.fault)).collect()
}

pub(super) fn shell(folder: &Path, command: &str) -> (bool, String) {
    let output = Command::new("bash").args(["-c", command]).current_dir(folder).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_sealed_snapshot_verifies_with_and_without_us() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let sealed = seal_at(&one, input(&["a", "bb"])).unwrap();
    assert_eq!((sealed.listed, sealed.rows), (7, 2));
    let verification = check(&one).unwrap();
    assert!(verification.ok, "{verification}");
    assert_eq!(verification.to_string(), "verified: 7 files checked, 0 faults; the snapshot is not signed\n");

    let text = std::fs::read_to_string(one.join("VERIFY.txt")).unwrap();
    let command = |start: &str| text.lines().find(|l| l.starts_with(start)).unwrap().to_owned();
    assert!(shell(&one, &command("sha256sum -c")).0);
    assert_eq!(shell(&one, &command("find ")), (true, String::new()));
    let sums = std::fs::read(one.join("SHA256SUMS")).unwrap();
    assert_eq!(sealed.sums_sha256, sha256_hex(&sums));

    seal_at(&two, input(&["a", "bb"])).unwrap();
    let data = "data/policy.evaluations/part-00000.parquet";
    assert_eq!(std::fs::read(one.join(data)).unwrap(), std::fs::read(two.join(data)).unwrap());
    assert_eq!(seal_at(&one, input(&["a"])).unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no draft stays");
}

#[test]
fn any_flipped_bit_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    seal_at(&path, input(&["a", "bb"])).unwrap();
    let sums = std::fs::read_to_string(path.join("SHA256SUMS")).unwrap();
    let files: Vec<&str> = sums.lines().map(|l| &l[66..]).chain(["SHA256SUMS"]).collect();
    for file in files {
        let sealed = std::fs::read(path.join(file)).unwrap();
        // Every byte of the list, which is parsed; a spread of the others, which are only hashed.
        let step = if file == "SHA256SUMS" { 1 } else { sealed.len() / 16 + 1 };
        for at in (0..sealed.len()).step_by(step) {
            for bit in [0x01, 0x20, 0x80] {
                let mut bytes = sealed.clone();
                bytes[at] ^= bit;
                std::fs::write(path.join(file), bytes).unwrap();
                assert!(!check(&path).unwrap().ok, "{file} byte {at} bit {bit}");
            }
        }
        std::fs::write(path.join(file), sealed).unwrap();
    }
    assert!(check(&path).unwrap().ok);
}

#[test]
fn extra_missing_and_linked_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    seal_at(&path, input(&["a", "bb"])).unwrap();
    std::fs::write(path.join("data/extra.parquet"), b"x").unwrap();
    std::fs::rename(path.join("inputs.json"), dir.path().join("inputs.json")).unwrap();
    let expected = [("data/extra.parquet".to_owned(), Fault::Unlisted), ("inputs.json".to_owned(), Fault::Missing)];
    assert_eq!(faults(&path), expected);

    std::fs::remove_file(path.join("data/extra.parquet")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("inputs.json"), path.join("inputs.json")).unwrap();
    assert_eq!(faults(&path), [("inputs.json".to_owned(), Fault::Unreadable)]);
    assert_eq!(check(&dir.path().join("none")).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_forger_who_lists_his_file_is_found_by_the_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    seal_at(&path, input(&["a", "bb"])).unwrap();
    let file = "data/policy.evaluations/part-00000.parquet";
    let (schema, batches) = parquet::decode(std::fs::read(path.join(file)).unwrap().into()).unwrap();
    let row = vec![batches[0].slice(0, 1), batches[0].slice(0, 1)];
    let forged = parquet::encode(&schema, &row).unwrap();
    forge(&path, file, &forged);
    assert!(faults(&path).contains(&("SHA256SUMS".to_owned(), Fault::Altered)));

    // He also gives the manifest his hash: rows, logical hash and grain still tell.
    let manifest = std::fs::read_to_string(path.join("manifest.json")).unwrap();
    let (_, honest) = manifest.split_once("\"sha256\": \"").unwrap();
    let manifest = manifest.replace(&honest[..64], &sha256_hex(&forged));
    forge(&path, "manifest.json", manifest.as_bytes());
    let verification = check(&path).unwrap();
    let details: Vec<_> = verification.faults.iter().map(|f| f.detail.as_str()).collect();
    assert!(details.contains(&r#"["a"] occurs twice, account_id must be unique"#), "{details:?}");
    assert!(details.iter().any(|d| d.contains("logical hash")), "{details:?}");

    forge(&path, file, b"PAR1 not really PAR1");
    assert!(!check(&path).unwrap().ok);
}

#[test]
fn lost_rows_and_repeated_grain_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut lost = input(&["a"]);
    lost.inputs[0]["accepted"] = 2.into();
    seal_at(&dir.path().join("lost"), lost).unwrap();
    assert_eq!(faults(&dir.path().join("lost")), [("inputs.json".to_owned(), Fault::Incomplete)]);

    let error = table(&["a", "a"]).unwrap_err();
    assert!(error.to_string().starts_with(r#"policy.evaluations: ["a"] occurs twice"#), "{error}");
    let mut twice = input(&["a"]);
    twice.tables.push(twice.tables[0].clone());
    assert_eq!(seal_at(&dir.path().join("twice"), twice).unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft stays");
}

#[test]
fn the_logical_hash_is_that_of_the_documented_text() {
    let rows = rows(&["a", "\"\u{e9}\n"]);
    let mut content = logical::Content::new(&rows.schema(), &["account_id".into()]).unwrap();
    content.push(&rows).unwrap();
    let text = "[\"a\",null,\"-12.5000\"]\n[\"\\\"\u{e9}\\n\",\"9223372036854775807\",\"-12.5000\"]\n";
    assert_eq!(content.sha256(), sha256_hex(text.as_bytes()));
}

/// Puts other bytes in place of a file and its hash in place of the listed one.
fn forge(path: &Path, file: &str, bytes: &[u8]) {
    let sealed = sha256_hex(&std::fs::read(path.join(file)).unwrap());
    std::fs::write(path.join(file), bytes).unwrap();
    let sums = std::fs::read_to_string(path.join("SHA256SUMS")).unwrap();
    std::fs::write(path.join("SHA256SUMS"), sums.replace(&sealed, &sha256_hex(bytes))).unwrap();
}
