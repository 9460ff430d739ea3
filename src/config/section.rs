//! Reads a TOML table key by key and reports whatever is not as it should be at its own place.

use std::ops::{Range, RangeInclusive};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use toml_edit::{Item, TableLike, Value};

use super::diagnostic::{Diagnostic, Problems};
use super::folder::SourceFile;
use super::word::Word;

/// No number of days in a file may be larger: about a hundred years.
const MAX_DAYS: i64 = 36_500;

/// The codes under which one kind of file reports the errors that every file can have.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) syntax: &'static str,
    pub(super) unknown: &'static str,
    pub(super) kind: &'static str,
    pub(super) value: &'static str,
    pub(super) missing: &'static str,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A table of a TOML file.
#[derive(Clone)]
pub(super) struct Section<'a> {
    pub(super) file: &'a SourceFile,
    problems: &'a Problems,
    codes: &'static Codes,
    table: &'a dyn TableLike,
    /// Its header, or the start of the file.
    pub(super) span: Range<usize>,
    /// Its name in messages.
    pub(super) name: String,
}

/// Parses a file as TOML; a syntax error is reported.
pub(super) fn parse<'f>(
    file: &'f SourceFile,
    problems: &Problems,
    codes: &'static Codes,
) -> Option<toml_edit::Document<&'f str>> {
    toml_edit::Document::parse(file.text())
        .map_err(|error| {
            let span = error.span().unwrap_or_default();
            problems.report(file.at(codes.syntax, span, format!("not valid TOML: {}", error.message())));
        })
        .ok()
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(
        file: &'a SourceFile,
        document: &'a toml_edit::Document<&'a str>,
        problems: &'a Problems,
        codes: &'static Codes,
    ) -> Self {
        Self { file, problems, codes, table: document.as_table(), span: 0..0, name: "this file".to_owned() }
    }

    /// The line of the header, from 1.
    pub(super) fn line(&self) -> usize {
        self.file.line(self.span.start)
    }

    /// Whether the key is written here.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where the value of a key stands; the header when it is absent.
    pub(super) fn span_of(&self, key: &str) -> Range<usize> {
        self.table.get(key).and_then(Item::span).unwrap_or_else(|| self.span.clone())
    }

    /// The value of a key in a form in which only a change of meaning is a change.
    pub(super) fn canonical_of(&self, key: &str) -> Option<String> {
        self.table.get(key).map(canonical_item)
    }

    /// This table in a form in which only a change of meaning is a change: keys sorted, no comments, no layout.
    pub(super) fn canonical(&self) -> String {
        canonical_table(self.table)
    }

    /// A finding at a place of this file, to be completed and reported.
    pub(super) fn at(&self, code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        self.file.at(code, span, message)
    }

    /// Reports a finding.
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.problems.report(diagnostic);
    }

    /// Reports a value that is of the right type but not allowed.
    pub(super) fn refuse(&self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.report(self.at(self.codes.value, self.span_of(key), message).help(help));
    }

    /// Reports a value that may be a secret: its place, and nothing of its line.
    pub(super) fn refuse_unseen(&self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let mut found = self.at(self.codes.value, self.span_of(key), message).help(help);
        found.snippet = None;
        self.report(found);
    }

    /// Reports a name that is none of the known ones, with the nearest.
    pub(super) fn refuse_word(&self, key: &str, written: &str, message: impl Into<String>, known: &[&str]) {
        self.report(self.at(self.codes.value, self.span_of(key), message).suggest(written, known.iter().copied()));
    }

    /// Reports every key but these.
    pub(super) fn only(&self, known: &[&str]) {
        for (key, item) in self.table.iter().filter(|(key, _)| !known.contains(key)) {
            let span = self.table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span()).unwrap_or_default();
            let found = self.at(self.codes.unknown, span, format!("unknown key `{key}` in {}", self.name));
            self.report(found.suggest(key, known.iter().copied()));
        }
    }

    /// Reports each of these keys that is absent.
    pub(super) fn need(&self, keys: &[&str]) {
        for key in keys.iter().filter(|key| !self.has(key)) {
            self.report(self.at(self.codes.missing, self.span.clone(), format!("{} lacks `{key}`", self.name)));
        }
    }

    fn typed<T>(&self, key: &str, expected: &str, get: impl Fn(&'a Item) -> Option<T>) -> Option<T> {
        let item = self.table.get(key)?;
        let value = get(item);
        if value.is_none() {
            self.wrong_type(key, expected, item.type_name(), self.span_of(key));
        }
        value
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &str, span: Range<usize>) {
        let found = self.at(self.codes.kind, span, format!("`{key}` must be {expected}")).label(format!("is {found}"));
        self.report(found);
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = self.raw_text(key)?.trim();
        if text.is_empty() {
            self.refuse(key, format!("`{key}` is empty"), "write it or remove the line");
        }
        Some(text.to_owned())
    }

    /// A text as it is, blanks and all.
    pub(super) fn raw_text(&self, key: &str) -> Option<&'a str> {
        self.typed(key, "text in quotes", Item::as_str)
    }

    /// A text that looks like an e-mail address.
    pub(super) fn email(&self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        if !text.is_empty() && !is_email(&text) {
            self.refuse(key, format!("`{text}` is not an e-mail address"), "write it as name@domain");
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", Item::as_bool)
    }

    /// A whole number within limits.
    pub(super) fn whole(&self, key: &str, limits: RangeInclusive<i64>) -> Option<i64> {
        let number = self.typed(key, "a whole number", Item::as_integer)?;
        if limits.contains(&number) {
            return Some(number);
        }
        let help = format!("use {} to {}", limits.start(), limits.end());
        self.refuse(key, format!("`{key}` = {number} is out of range"), help);
        None
    }

    /// A number of days, at least `least`.
    pub(super) fn days(&self, key: &str, least: u32) -> Option<u32> {
        self.whole(key, i64::from(least)..=MAX_DAYS).and_then(|days| u32::try_from(days).ok())
    }

    /// A share between 0 and 1 with at most four decimal places, read as written and never as a float.
    pub(super) fn share(&self, key: &str) -> Option<Decimal> {
        self.typed(key, "a number from 0 to 1", |item| (item.is_float() || item.is_integer()).then_some(()))?;
        let written = self.file.text().get(self.span_of(key)).unwrap_or_default().replace('_', "");
        let share = written.parse::<Decimal>().ok().or_else(|| Decimal::from_scientific(&written).ok());
        match share.map(|share| share.normalize()) {
            Some(share) if share.scale() <= 4 && (Decimal::ZERO..=Decimal::ONE).contains(&share) => Some(share),
            _ => {
                let message = format!("`{key}` = {written} is not a share");
                self.refuse(key, message, "use 0 to 1 with at most 4 decimal places, such as 0.30");
                None
            }
        }
    }

    /// A day, written without quotes.
    pub(super) fn day(&self, key: &str) -> Option<NaiveDate> {
        let expected = "a day, written without quotes as 2026-02-01";
        self.typed(key, expected, |item| {
            let written = item.as_datetime().filter(|written| written.time.is_none())?;
            let date = written.date?;
            NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        })
    }

    /// One word of a closed vocabulary.
    pub(super) fn word<W: Word>(&self, key: &str) -> Option<W> {
        let written = self.raw_text(key)?;
        self.known_word(key, written, self.span_of(key))
    }

    /// A list of words of a closed vocabulary.
    pub(super) fn words<W: Word>(&self, key: &str) -> Option<Vec<W>> {
        let written = self.texts(key)?;
        Some(written.into_iter().filter_map(|word| self.known_word(key, &word.value, word.span)).collect())
    }

    fn known_word<W: Word>(&self, key: &str, written: &str, span: Range<usize>) -> Option<W> {
        let word = W::parse(written);
        if word.is_none() {
            let found = self.at(self.codes.value, span, format!("`{key}` cannot be `{written}`"));
            self.report(found.suggest(written, W::known()));
        }
        word
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<Spanned<String>>> {
        let array = self.typed(key, "a list of texts", Item::as_array)?;
        let mut texts = Vec::new();
        for value in array {
            let span = value.span().unwrap_or_else(|| self.span_of(key));
            match value.as_str() {
                Some(text) => texts.push(Spanned { value: text.to_owned(), span }),
                None => self.wrong_type(key, "a list of texts", value.type_name(), span),
            }
        }
        Some(texts)
    }

    /// A list of texts, without their places.
    pub(super) fn plain_texts(&self, key: &str) -> Vec<String> {
        self.texts(key).unwrap_or_default().into_iter().map(|text| text.value).collect()
    }

    /// A sub-table.
    pub(super) fn section(&self, key: &str) -> Option<Section<'a>> {
        let table = self.typed(key, "a table", Item::as_table_like)?;
        let span = self.table.key(key).and_then(toml_edit::Key::span).unwrap_or_else(|| self.span_of(key));
        Some(Self { table, span, name: format!("[{key}]"), ..self.clone() })
    }

    /// The repeated tables under one key.
    pub(super) fn sections(&self, key: &str) -> Vec<Section<'a>> {
        let Some(item) = self.table.get(key) else { return Vec::new() };
        let tables: Option<Vec<_>> = match item {
            Item::ArrayOfTables(tables) => {
                Some(tables.iter().map(|table| (table as &'a dyn TableLike, table.span())).collect())
            }
            Item::Value(Value::Array(values)) => {
                let table = |value: &'a Value| Some((value.as_inline_table()? as &'a dyn TableLike, value.span()));
                values.iter().map(table).collect()
            }
            _ => None,
        };
        let Some(tables) = tables else {
            let expected = format!("a repeated table, written as [[{key}]]");
            self.wrong_type(key, &expected, item.type_name(), self.span_of(key));
            return Vec::new();
        };
        let section = |(table, span): (&'a dyn TableLike, Option<Range<usize>>)| Self {
            table,
            span: span.unwrap_or_default(),
            name: format!("[[{key}]]"),
            ..self.clone()
        };
        tables.into_iter().map(section).collect()
    }

    /// The keys written here with their places.
    pub(super) fn keys(&self) -> Vec<Spanned<String>> {
        let place = |key: &str| self.table.key(key).and_then(toml_edit::Key::span).unwrap_or_else(|| self.span.clone());
        self.table.iter().map(|(key, _)| Spanned { value: key.to_owned(), span: place(key) }).collect()
    }
}

/// Whether a text has the outer form of an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
    })
}

fn canonical_item(item: &Item) -> String {
    match item {
        Item::None => String::new(),
        Item::Value(value) => canonical_value(value),
        Item::Table(table) => canonical_table(table),
        Item::ArrayOfTables(tables) => canonical_list(tables.iter().map(|table| canonical_table(table))),
    }
}

fn canonical_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => format!("{:?}", number.value()),
        Value::Boolean(flag) => flag.value().to_string(),
        Value::Datetime(instant) => instant.value().to_string(),
        Value::Array(values) => canonical_list(values.iter().map(canonical_value)),
        Value::InlineTable(table) => canonical_table(table),
    }
}

fn canonical_list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn canonical_table(table: &dyn TableLike) -> String {
    let mut entries: Vec<String> =
        table.iter().map(|(key, item)| format!("{key:?}={}", canonical_item(item))).collect();
    entries.sort();
    format!("{{{}}}", entries.join(","))
}
