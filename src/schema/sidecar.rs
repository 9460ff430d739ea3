//! The contract of a published table: `sql/<schema>/<table>.toml`, beside the SQL that makes it.

use arrow::datatypes::{DataType, TimeUnit};
use serde::Deserialize;

use super::Type;
use crate::base::{Error, Result};

/// What a table promises: its grain, its columns, its checks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// What one row is and what the table is for.
    pub description: String,
    /// The columns that identify a row; unique and never null. Rows are written in this order.
    pub grain: Vec<String>,
    /// Who answers for the numbers: finance, procurement, platform or security.
    pub owner: String,
    /// `view`, `table`, `carried` or `on_demand` where it is not the folder's habit.
    pub materialised: Option<Materialised>,
    /// The columns, in order.
    pub column: Vec<Column>,
    /// Statements whose rows are failures.
    #[serde(default)]
    pub check: Vec<Check>,
}

/// When a model's rows are computed, and whether they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Materialised {
    /// Computed by each build, once for all its readers, and not kept.
    View,
    /// Computed by whoever reads it; a build that needs none of it computes none of it.
    OnDemand,
    /// Computed by each build, written and committed.
    Table,
    /// As a table, from its own rows of an earlier run and what has landed since.
    Carried,
}

/// One column of a published table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as `text`, `int`, `bool`, `date`, `timestamp` or `decimal(p,s)`.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it means, with its unit.
    pub doc: String,
    /// How personal it is: none, pseudonym, identifier or personal.
    #[serde(default = "none")]
    pub pii: String,
    /// Whether it may leave the house; by default whatever does not name a person.
    disclose: Option<bool>,
}

fn none() -> String {
    "none".into()
}

impl Column {
    /// The Arrow type the engine casts to.
    ///
    /// # Errors
    /// A config error for a type that is not in the list.
    pub fn arrow_type(&self) -> Result<DataType> {
        Ok(parse_type(&self.ty)?.arrow())
    }

    /// Whether the column may leave the house.
    pub fn disclosed(&self) -> bool {
        self.disclose.unwrap_or(!matches!(self.pii.as_str(), "identifier" | "personal"))
    }
}

/// What the sidecar of a table calls an Arrow type: the way back from [`Column::arrow_type`]; none for a type that no table
/// has.
pub fn type_name(ty: &DataType) -> Option<String> {
    Some(match ty {
        DataType::Utf8 => "text".to_owned(),
        DataType::Int64 => "int".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => "timestamp".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        _ => return None,
    })
}

/// A statement that returns the rows that are wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What holds when no row comes back.
    pub name: String,
    /// The statement.
    pub sql: String,
}

impl Sidecar {
    /// Reads a sidecar.
    ///
    /// # Errors
    /// A config error with the place the parser stopped at.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let sidecar: Self = toml::from_str(text).map_err(|e| Error::config(e.to_string()).at(file))?;
        for key in &sidecar.grain {
            if !sidecar.column.iter().any(|c| &c.name == key) {
                return Err(Error::config(format!("grain names `{key}`, which is no column")).at(file));
            }
        }
        Ok(sidecar)
    }
}

fn parse_type(text: &str) -> Result<Type> {
    let decimal = || {
        let (p, s) = text.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
        Some(Type::Decimal(p.trim().parse().ok()?, s.trim().parse().ok()?))
    };
    match text {
        "text" => Ok(Type::Text),
        "int" => Ok(Type::Int),
        "bool" => Ok(Type::Bool),
        "date" => Ok(Type::Date),
        "timestamp" => Ok(Type::Timestamp),
        _ => decimal().ok_or_else(|| {
            Error::config(format!("unknown type `{text}`: use text, int, bool, date, timestamp or decimal(p,s)"))
        }),
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Int => f.write_str("int"),
            Self::Bool => f.write_str("bool"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
        }
    }
}
