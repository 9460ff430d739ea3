//! `views.sql`: the tables of a sealed snapshot as views, so that DuckDB and whatever speaks to it open them in seconds.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::base::AsOf;
use crate::schema::sidecar::Sidecar;

/// A table in a file.
pub struct View<'a> {
    /// Its name, `<schema>.<table>`.
    pub name: &'a str,
    /// Its Parquet file, relative to the folder that holds the statements.
    pub file: String,
    /// Its contract, where a model makes it.
    pub sidecar: Option<&'a Sidecar>,
}

/// Statements that make a view of each table and say what it and its columns mean; the same tables give the same text.
///
/// Paths are relative: the folder may be mailed, copied or mounted, and its views still find their files. All is one
/// transaction: a database on disk would write through each of thousands of comments.
pub fn views(as_of: AsOf, run_id: &str, tables: &[View<'_>]) -> String {
    let mut out = format!(
        "-- The tables of run {run_id} as of {as_of}, as they were sealed: keys stand where names were.\n\
         -- In this folder:  duckdb -init views.sql\n\
         -- From elsewhere:  set file_search_path = 'THIS FOLDER', then read this file.\n\n\
         begin transaction;\n\n"
    );
    let schemas: BTreeSet<&str> = tables.iter().filter_map(|table| Some(table.name.split_once('.')?.0)).collect();
    for schema in schemas {
        let _ = writeln!(out, "create schema if not exists {schema};");
    }
    for View { name, file, sidecar } in tables {
        let _ = writeln!(out, "\ncreate or replace view {name} as select * from read_parquet({});", quoted(file));
        let Some(sidecar) = sidecar else { continue };
        let _ = writeln!(out, "comment on view {name} is {};", quoted(&sidecar.description));
        for column in &sidecar.column {
            let _ = writeln!(out, "comment on column {name}.\"{}\" is {};", column.name, quoted(&column.doc));
        }
    }
    out.push_str("\ncommit;\n");
    out
}

/// A text as SQL writes it, on one line.
fn quoted(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    format!("'{}'", words.join(" ").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_sidecar_stay_words() {
        assert_eq!(quoted("the app's\n  tier; drop"), "'the app''s tier; drop'");
    }
}
