//! Footnotes: for every table of a page the statement that gives its rows, the model behind it and the hash of its file.

use std::cell::RefCell;

use serde::Serialize;

use super::Proofs;
use super::pack::Scope;

/// A footnote.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Proof {
    pub n: usize,
    pub table: String,
    /// What gives the rows, ready to be asked.
    pub question: String,
    /// The model that made the table.
    pub model: String,
    pub sha256: String,
    pub rows: u64,
}

/// The footnotes of a page, numbered as they come.
pub(super) struct Book<'a> {
    source: &'a Proofs,
    cited: RefCell<Vec<Proof>>,
}

impl<'a> Book<'a> {
    pub(super) fn new(source: &'a Proofs) -> Self {
        Self { source, cited: RefCell::default() }
    }

    /// The number of the footnote of a table, or of the rows of it that a scope has.
    pub(super) fn cite(&self, table: &str, scope: Option<Scope<'_>>) -> usize {
        let mut cited = self.cited.borrow_mut();
        if let Some(known) = cited.iter().find(|p| p.table == table) {
            return known.n;
        }
        let n = cited.len() + 1;
        let whose = scope.map_or(String::new(), |Scope { column, text }| {
            format!(" where {column} = '{}'", text.replace('\'', "''"))
        });
        let (rows, sha256) = self.source.files.get(table).cloned().unwrap_or_default();
        cited.push(Proof {
            n,
            table: table.to_owned(),
            question: format!("select * from {table}{whose}"),
            model: self.source.sql.get(table).cloned().unwrap_or_default(),
            sha256,
            rows,
        });
        n
    }

    /// All that were cited.
    pub(super) fn cited(&self) -> Vec<Proof> {
        self.cited.borrow().clone()
    }

    /// The newest landing of each stream the run could see.
    pub(super) fn inputs(&self) -> Vec<(String, u64)> {
        self.source.reads.iter().map(|(chain, version)| (chain.clone(), *version)).collect()
    }
}
