//! What a landed column is: its type, where a source keeps it, how a value is read, and how personal it is.

use arrow::datatypes::{DataType, TimeUnit};

/// The type of a landed or published column. Money and rates are decimal; there is no float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text; ids are text too.
    Text,
    /// A 64-bit integer.
    Int,
    /// True or false.
    Bool,
    /// A calendar day.
    Date,
    /// An instant, microseconds, UTC.
    Timestamp,
    /// A decimal of so many digits, so many of them after the point.
    Decimal(u8, i8),
}

impl Type {
    /// The Arrow type.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
        }
    }
}

/// How personal a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pii {
    /// Says nothing about a person.
    None,
    /// A key that means nothing outside the source.
    Pseudonym,
    /// Names a person to those who have the directory: login, e-mail, employee number.
    Identifier,
    /// A person's own data: name, manager, leave.
    Personal,
}

/// What a value of a field means, where the type alone does not say how to read and check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing special.
    Plain,
    /// An id: text for ever; a column that a spreadsheet turned into `1.0E+05` refuses the feed.
    Id,
    /// A Salesforce id: 15 characters become the 18 that do not depend on case.
    SalesforceId,
    /// A URL whose last path segment is the id.
    Link,
    /// Evidence of use: not before 2000, not in the future.
    Activity,
    /// Seconds since 1970.
    Epoch,
    /// Seconds since 1970, evidence of use.
    EpochActivity,
    /// An ISO 4217 code, alone or before a semicolon (`USD;509.95`).
    Currency,
    /// Made by the parser, not read.
    Computed,
}

/// One column of a landed dataset.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in the warehouse.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Header names or JSON paths at the source, the first that is there wins. `path:00g` takes the part of the file's
    /// path that begins so. A project may name others.
    pub from: &'static [&'static str],
    /// Whether a file without it is refused.
    pub required: bool,
    /// How personal it is.
    pub pii: Pii,
    /// How a value is read and checked.
    pub rule: Rule,
}

impl Field {
    pub(super) const fn new(name: &'static str, ty: Type, from: &'static [&'static str]) -> Self {
        Self { name, ty, from, required: false, pii: Pii::None, rule: Rule::Plain }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) const fn rule(self, rule: Rule) -> Self {
        Self { rule, ..self }
    }

    pub(super) const fn activity(self) -> Self {
        self.rule(Rule::Activity)
    }

    pub(super) const fn pseudonym(self) -> Self {
        Self { pii: Pii::Pseudonym, ..self }
    }

    pub(super) const fn identifier(self) -> Self {
        Self { pii: Pii::Identifier, ..self }
    }

    pub(super) const fn personal(self) -> Self {
        Self { pii: Pii::Personal, ..self }
    }
}

pub(super) const fn text(name: &'static str, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Text, from)
}

pub(super) const fn id(name: &'static str, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Text, from).rule(Rule::Id)
}

pub(super) const fn int(name: &'static str, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Int, from)
}

pub(super) const fn bool(name: &'static str, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Bool, from)
}

pub(super) const fn date(name: &'static str, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Date, from)
}

pub(super) const fn time(name: &'static str, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Timestamp, from)
}

pub(super) const fn decimal(name: &'static str, precision: u8, scale: i8, from: &'static [&'static str]) -> Field {
    Field::new(name, Type::Decimal(precision, scale), from)
}

/// Whether a Microsoft report hides who the row is about; the parser sees it on the user principal name.
pub(super) const CONCEALED: Field = Field::new("is_concealed", Type::Bool, &[]).rule(Rule::Computed);
