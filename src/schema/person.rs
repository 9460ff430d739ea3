//! One person as data knows them: what has to be found to be taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use serde::{Deserialize, Serialize};

use super::Pii;
use crate::base::error::Context;
use crate::base::text::fold;
use crate::base::{ErrorKind, Result};

/// Shorter names are looked for as whole values only: they would be found in any text.
const MIN_MENTION: usize = 5;

/// Shorter ids are not looked for in people's own words: they would be any number.
const MIN_ID: usize = 3;

/// The names by which data knows one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The key of the person in the tables of a run.
    pub person_key: String,
    /// Ids by the source that gave them.
    pub ids: BTreeMap<String, BTreeSet<String>>,
    /// Accounts by the app they are of, `okta` for the directory.
    pub accounts: BTreeMap<String, BTreeSet<String>>,
    /// Logins and addresses, folded.
    pub identifiers: BTreeSet<String>,
    /// Names as people write them, folded.
    pub names: BTreeSet<String>,
}

impl Person {
    /// Whether a value of a class names the person; ids are those of one source, or of any.
    pub fn is_named(&self, text: &str, pii: Pii, source: Option<&str>) -> bool {
        let is_id = || match source {
            Some(source) => self.ids.get(source).is_some_and(|ids| ids.contains(text)),
            None => text == self.person_key || self.ids.values().any(|ids| ids.contains(text)),
        };
        match pii {
            Pii::None => false,
            Pii::Pseudonym => is_id(),
            Pii::Identifier => is_id() || self.identifiers.contains(&fold(text)),
            Pii::Personal => self.names.contains(&fold(text)) || self.identifiers.contains(&fold(text)) || is_id(),
        }
    }

    /// Whether a longer text holds a name, an address or an id of the person somewhere.
    pub fn is_mentioned(&self, text: &str) -> bool {
        let folded = fold(text);
        let ids = self.ids.values().chain(self.accounts.values()).flatten().map(String::as_str);
        let known = self.identifiers.iter().chain(&self.names).map(String::as_str).chain(ids);
        known.filter(|name| name.len() >= MIN_MENTION).any(|name| folded.contains(&fold(name)))
    }

    /// Whether people's own words tell of the person: besides what [`Person::is_mentioned`] finds, a short name or id
    /// that stands by itself, and the words of a name in any order. It rather finds too much than too little.
    pub fn is_told_of(&self, text: &str) -> bool {
        let folded = fold(&text.replace(char::is_control, " "));
        let is_within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let stands = |name: &str| {
            let mut found = folded.match_indices(name).filter(|_| !name.is_empty());
            found.any(|(at, _)| {
                let (before, after) = (&folded[..at], &folded[at + name.len()..]);
                !is_within(before.chars().next_back()) && !is_within(after.chars().next())
            })
        };
        let is_said = |name: &String| {
            let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
            words.peek().is_some() && words.all(stands)
        };
        let is_known_by = |id: &str| id.len() >= MIN_ID && stands(&fold(id));
        self.is_mentioned(text)
            || self.names.iter().any(is_said)
            || self.identifiers.iter().map(String::as_str).chain(self.all_ids()).any(is_known_by)
    }

    /// Every id, whoever gave it.
    pub fn all_ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.ids.values().chain(self.accounts.values()).flatten().map(String::as_str);
        ids.chain([self.person_key.as_str()])
    }

    /// How many ids, addresses and names there are.
    pub fn name_count(&self) -> usize {
        self.all_ids().count() + self.identifiers.len() + self.names.len()
    }
}

/// The rows with those texts emptied that are gone, by column and text.
///
/// # Errors
/// Internal when the rows do not fit their own schema.
pub fn without_texts(batch: &RecordBatch, is_gone: impl Fn(&str, &str) -> bool) -> Result<RecordBatch> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        let Some(texts) = column.as_string_opt::<i32>() else { return Arc::clone(column) };
        if !texts.iter().flatten().any(|text| is_gone(field.name(), text)) {
            return Arc::clone(column);
        }
        let kept = texts.iter().map(|text| text.filter(|text| !is_gone(field.name(), text)));
        Arc::new(kept.collect::<StringArray>()) as ArrayRef
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).context(ErrorKind::Internal, "rows without a person")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_by_what_each_source_calls_them() {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
        let person = Person {
            person_key: "1001".into(),
            ids: BTreeMap::from([("workday".into(), set(&["1001"])), ("slack".into(), set(&["U07ADA"]))]),
            accounts: BTreeMap::from([("slack".into(), set(&["U07ADA"]))]),
            identifiers: set(&["ada@x.example"]),
            names: set(&["ada"]),
        };
        assert!(person.is_named("1001", Pii::Pseudonym, Some("workday")));
        assert!(!person.is_named("1001", Pii::Pseudonym, Some("slack")), "another's id in another system");
        assert!(person.is_named("1001", Pii::Pseudonym, None));
        assert!(person.is_named("Ada@X.example", Pii::Identifier, Some("slack")));
        assert!(person.is_named("ADA", Pii::Personal, None) && !person.is_named("ADA", Pii::None, None));
        assert!(person.is_mentioned(r#"{"login":"Ada@x.example"}"#) && person.is_mentioned("U07ADA;"));
        assert!(!person.is_mentioned("adamant 1001"), "short names only as whole values");

        let berg = Person { names: set(&["ada berg"]), ..person.clone() };
        for told in [
            "Ada left.",
            "all\nada\nsaid",
            "asked 1001",
            "see U07ADA",
            "write to ADA@x.example!",
            "\u{201c}ada\u{201d}",
        ] {
            assert!(person.is_told_of(told), "{told}");
        }
        assert!(berg.is_told_of("Berg, Ada") && berg.is_told_of("ADA  BERG") && !berg.is_told_of("Ada Mann"));
        for other in ["adamant", "10011 seats", "in 2026 the team grew", ""] {
            assert!(!person.is_told_of(other), "{other}");
        }
    }

    #[test]
    fn texts_are_emptied_where_they_are_gone() {
        let texts = |texts: [Option<&str>; 2]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let of = |a, b| RecordBatch::try_from_iter_with_nullable([("a", a, true), ("b", b, true)]).unwrap();
        let rows = of(texts([Some("x"), Some("y")]), texts([Some("x"), None]));
        let left = without_texts(&rows, |column, text| column == "b" && text == "x").unwrap();
        assert_eq!(left, of(texts([Some("x"), Some("y")]), texts([None, None])));
    }
}
