//! `views.sql`: every sealed table by its name, found from the folder, with what its columns mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use seatledger::store::parquet;

use super::demo::demo;

/// The parts of the statements that begin alike.
fn statements<'t>(text: &'t str, begin: &'t str) -> impl Iterator<Item = &'t str> {
    text.lines().filter_map(move |line| line.strip_prefix(begin)?.strip_suffix(';'))
}

#[test]
fn every_sealed_table_is_a_view_over_its_file() {
    let outputs = &demo().outputs;
    let text = fs::read_to_string(outputs.folder.join("views.sql")).unwrap();
    let views: BTreeMap<&str, &str> = statements(&text, "create or replace view ")
        .map(|view| view.strip_suffix("')").unwrap().split_once(" as select * from read_parquet('").unwrap())
        .collect();
    let sealed = fs::read_dir(outputs.snapshot.join("data")).unwrap();
    let sealed: BTreeSet<String> = sealed.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(views.keys().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), sealed);
    assert!(views.len() > 60 && views.contains_key("marts.tier_allocation"), "{}", views.len());

    let mut columns = BTreeMap::new();
    for (name, file) in &views {
        let bytes = fs::read(outputs.folder.join(file)).unwrap_or_else(|e| panic!("{name}: {file}: {e}"));
        columns.insert(*name, parquet::decode(bytes.into()).unwrap().0);
    }
    let mut said = 0;
    for comment in statements(&text, "comment on column ") {
        let (column, words) = comment.split_once("\" is '").unwrap();
        let (view, column) = column.split_once(".\"").unwrap();
        assert!(columns[view].index_of(column).is_ok(), "{view} has no {column}");
        assert!(words.len() > 1, "nothing is said of {view}.{column}");
        said += 1;
    }
    assert!(said > 500, "{said} columns");
    let made = columns.keys().filter(|name| name.starts_with("marts."));
    let described: BTreeSet<&str> =
        statements(&text, "comment on view ").filter_map(|c| Some(c.split_once(" is '")?.0)).collect();
    assert!(made.clone().count() > 30 && made.into_iter().all(|name| described.contains(name)));
}

#[test]
fn every_schema_is_made_before_its_views() {
    let text = fs::read_to_string(demo().outputs.folder.join("views.sql")).unwrap();
    let schemas: BTreeSet<&str> = statements(&text, "create schema if not exists ").collect();
    let used = statements(&text, "create or replace view ").map(|view| view.split_once('.').unwrap().0);
    assert_eq!(used.collect::<BTreeSet<_>>(), schemas);
    assert!(text.rfind("create schema").unwrap() < text.find("create or replace view").unwrap());
}
