use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};

use super::tables;
use crate::config::{self, STREAMS};
use crate::schema;

const FILES: &[(&str, &str)] = &[
    (
        "seatledger.toml",
        r#"
name = "northwind"
reporting_currency = "EUR"
[[source]]
name = "okta"
kind = "okta"
from = "extracts/okta"
streams = ["system_log", "users"]
[source.stream.users]
freshness_error_days = 0
[[source]]
name = "hris"
kind = "workday"
from = "extracts/hris"
"#,
    ),
    (
        "policies/zoom.toml",
        r#"
app = "zoom"
owner = "it@northwind.example"
[[version]]
id = "1"
effective_from = 2026-01-01
[[version.override]]
region = "EMEA"
due_days = 7
"#,
    ),
    (
        "seeds/apps.csv",
        "app_id,name,vendor,owner_email,sensitivity,assignment_source,reclaim_consequence\n\
         zoom,Zoom,Zoom,it@northwind.example,standard,okta,none\n",
    ),
    ("seeds/tiers.csv", "app_id,tier,rank,sku_id,is_paid\nzoom,pro,2,2|two,true\n"),
    ("seeds/budget_rates.csv", "fiscal_year,currency,rate\n2026,USD,1.08\n"),
    ("extracts/hris/workers/2026-01-01.csv", ""),
];

fn published() -> Vec<(String, RecordBatch)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    tables(&config::load(folder.path()).unwrap()).unwrap()
}

fn of<'a>(all: &'a [(String, RecordBatch)], name: &str) -> &'a RecordBatch {
    &all.iter().find(|(known, _)| known == name).unwrap().1
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let values = batch.column_by_name(column).unwrap().as_string::<i32>();
    values.iter().map(|value| value.map(str::to_owned)).collect()
}

fn ints(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().collect()
}

#[test]
fn every_table_is_there_once_even_when_empty() {
    let all = published();
    let mut names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 32);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 32);
    assert_eq!(of(&all, "drops.rejected").num_rows(), 0);
    let types: Vec<DataType> =
        of(&all, "seeds.budget_rates").schema().fields().iter().map(|f| f.data_type().clone()).collect();
    assert_eq!(types, [DataType::Int64, DataType::Utf8, DataType::Decimal128(28, 10)]);
}

#[test]
fn streams_are_those_named_or_found() {
    let all = published();
    let streams = of(&all, "config.streams");
    let named = |words: [&str; 3]| words.map(|word| Some(word.to_owned())).to_vec();
    assert_eq!(texts(streams, "stream"), named(["system_log", "users", "workers"]));
    assert_eq!(texts(streams, "feed"), named(["events", "full", "full"]));
    assert_eq!(texts(streams, "role"), named(["log", "directory", "hr"]));
    assert_eq!(ints(streams, "freshness_warn_days"), [Some(1), Some(0), Some(1)]);
    assert_eq!(ints(streams, "freshness_error_days"), [Some(1), Some(0), Some(2)]);
}

#[test]
fn values_arrive_as_written() {
    let all = published();
    let versions = of(&all, "policies.versions");
    assert_eq!(ints(versions, "due_days"), [Some(14)]);
    let coverage = versions.column_by_name("min_signal_coverage").unwrap().as_primitive::<Decimal128Type>();
    assert_eq!(coverage.value_as_string(0), "0.3000");
    let overrides = of(&all, "policies.overrides");
    assert_eq!((ints(overrides, "due_days"), ints(overrides, "inactive_after_days")), (vec![Some(7)], vec![None]));
    assert_eq!((ints(overrides, "override_index"), ints(overrides, "key_count")), (vec![Some(1)], vec![Some(1)]));
    let skus = of(&all, "seeds.tier_skus");
    assert_eq!(texts(skus, "sku_id"), [Some("2".to_owned()), Some("2".to_owned())]);
    assert_eq!(texts(skus, "source_sku_id"), [Some("2".to_owned()), Some("two".to_owned())]);
}

#[test]
fn config_and_schema_know_the_same_streams_and_columns() {
    assert_eq!(STREAMS.len(), schema::datasets().len());
    for stream in STREAMS {
        let dataset = schema::dataset(stream.kind.as_str(), stream.name).unwrap();
        let fields: Vec<&str> = dataset.fields.iter().map(|field| field.name).collect();
        assert_eq!(stream.columns().collect::<Vec<_>>(), fields, "{}", dataset.table());
    }
}
