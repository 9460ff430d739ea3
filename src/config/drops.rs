//! `drops/*.csv` or `*.ndjson`: what managers and other systems hand in. A row that cannot be used is rejected with its
//! line and listed; it never stops a run and is never silently ignored. Only a file that cannot be read is an error.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::folder::{Folder, SourceFile};
use super::section::Codes;
use super::seeds::Seeds;
use super::sheet::{Columns, Row, Sheet, parse_day};
use super::word::{Word, words};

const CODES: Codes = Codes { syntax: "SL0401", unknown: "SL0402", kind: "SL0403", value: "SL0403", missing: "SL0402" };
/// A row that is rejected; a warning.
const REJECTED: &str = "SL0404";
/// A file that nothing reads.
const FILE: &str = "SL0405";

words! {
    /// What was done to a seat.
    ExecutedAction { Reclaim = "reclaim", Downgrade = "downgrade", Suspend = "suspend" }
}

/// The account and SKU a row speaks of, and where the row stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// An app of the catalogue.
    pub app_id: String,
    /// The vendor's id, the Okta id or the e-mail of the account.
    pub account_ref: String,
    /// The SKU; none: all of the account.
    pub sku_ref: Option<String>,
    /// The file, relative to the project folder.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A hold or an exception.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// What is held.
    pub target: Target,
    /// First day.
    pub effective_from: NaiveDate,
    /// First day outside.
    pub expires_on: NaiveDate,
    /// A code of `seeds/reason_codes.csv`.
    pub reason_code: String,
    /// Who asked for it.
    pub actor: Option<String>,
}

/// A person's word that a seat is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfConfirmation {
    /// What is needed.
    pub target: Target,
    /// When it was said.
    pub confirmed_on: NaiveDate,
}

/// An action that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// The seat.
    pub target: Target,
    /// What was done.
    pub action: ExecutedAction,
    /// The SKU it was moved to.
    pub target_sku_ref: Option<String>,
    /// When.
    pub executed_on: NaiveDate,
}

/// A legal hold on a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct LegalHold {
    /// The worker.
    pub worker_id: String,
    /// First day.
    pub effective_from: NaiveDate,
    /// First day outside; none: open.
    pub effective_to: Option<NaiveDate>,
    /// A code, known or not; may be empty.
    pub reason_code: String,
    /// The file, relative to the project folder.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

words! {
    /// What somebody decides about a candidate.
    Decision {
        Accept = "accept",
        Deny = "deny",
        Hold = "hold",
        Confirm = "confirm",
        Approve = "approve",
        Reject = "reject",
    }
}

impl Decision {
    /// Whether it must say why.
    pub fn needs_reason(self) -> bool {
        matches!(self, Self::Deny | Self::Hold)
    }
}

/// A decision about a candidate, as a row says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The candidate.
    pub candidate_id: String,
    /// What was decided.
    pub decision: Decision,
    /// Why; always there for a denial and a hold.
    pub reason_code: Option<String>,
    /// Of a hold the first day outside.
    pub expires_on: Option<NaiveDate>,
    /// Who decided: an address, or the id of a worker.
    pub decided_by: String,
    /// When.
    pub decided_on: NaiveDate,
    /// What tells this answer from others; rows that give none are told apart by what they say.
    pub answer_id: Option<String>,
    /// The file, relative to the project folder.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The drop, such as `holds`.
    pub drop: &'static str,
    /// The file, relative to the project folder.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong, in one word.
    pub reason_code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
}

/// Everything in `drops/`.
#[derive(Debug, Clone, Default)]
pub struct Drops {
    /// Holds.
    pub holds: Vec<Hold>,
    /// Exceptions.
    pub exceptions: Vec<Hold>,
    /// Self-confirmations.
    pub self_confirmations: Vec<SelfConfirmation>,
    /// Executed actions.
    pub executed: Vec<Executed>,
    /// Legal holds.
    pub legal_holds: Vec<LegalHold>,
    /// Decisions about candidates.
    pub decisions: Vec<Decided>,
    /// Rows of any of these that cannot be used.
    pub rejected: Vec<Rejected>,
}

const NAMES: [&str; 6] = ["holds", "exceptions", "self_confirmations", "executed", "legal_holds", "decisions"];
const HOLD: Columns = Columns {
    required: &["app_id", "account_id", "effective_from", "expires_on", "reason_code"],
    optional: &["sku_id", "actor"],
};
const SELF_CONFIRMATION: Columns =
    Columns { required: &["app_id", "account_id", "confirmed_on"], optional: &["sku_id"] };
const EXECUTED: Columns =
    Columns { required: &["app_id", "account_id", "action", "executed_on"], optional: &["sku_id", "target_sku_id"] };
const LEGAL_HOLD: Columns =
    Columns { required: &["worker_id", "effective_from", "reason_code"], optional: &["effective_to"] };
const DECISION: Columns = Columns {
    required: &["candidate_id", "decision", "decided_by", "decided_on"],
    optional: &["reason_code", "expires_on", "answer_id"],
};

/// Reads all drops.
pub(super) fn read(folder: &Folder<'_>, seeds: &Seeds) -> Drops {
    let known: Vec<String> =
        NAMES.iter().flat_map(|name| ["csv", "ndjson"].map(|extension| format!("{name}.{extension}"))).collect();
    folder.refuse_strays("drops", &known, &["csv", "ndjson"], FILE);
    let mut rejected = Vec::new();
    let mut reader = Reader { folder, seeds, rejected: &mut rejected };
    let drops = Drops {
        holds: reader.read("holds", &HOLD, read_hold),
        exceptions: reader.read("exceptions", &HOLD, read_hold),
        self_confirmations: reader.read("self_confirmations", &SELF_CONFIRMATION, |entry| {
            Ok(SelfConfirmation { target: entry.target()?, confirmed_on: entry.day("confirmed_on")? })
        }),
        executed: reader.read("executed", &EXECUTED, |entry| {
            let action = entry.need("action")?;
            Ok(Executed {
                target: entry.target()?,
                action: ExecutedAction::parse(action)
                    .ok_or_else(|| ("unknown_action", format!("`{action}` is not reclaim, downgrade or suspend")))?,
                target_sku_ref: entry.optional("target_sku_id"),
                executed_on: entry.day("executed_on")?,
            })
        }),
        legal_holds: reader.read("legal_holds", &LEGAL_HOLD, read_legal_hold),
        decisions: reader.read("decisions", &DECISION, read_decision),
        rejected: Vec::new(),
    };
    Drops { rejected, ..drops }
}

/// Reads decisions from one file, CSV unless its name ends in `.ndjson`.
pub(super) fn read_decisions(folder: &Folder<'_>, name: &str, seeds: &Seeds) -> (Vec<Decided>, Vec<Rejected>) {
    let mut rejected = Vec::new();
    let mut reader = Reader { folder, seeds, rejected: &mut rejected };
    let decisions = match name.ends_with(".ndjson") {
        true => reader.read_ndjson("decisions", name, &DECISION, read_decision),
        false => reader.read_csv("decisions", name, &DECISION, read_decision),
    };
    (decisions, rejected)
}

/// Why an entry is rejected: a code and a sentence.
type Reject = (&'static str, String);

fn read_hold(entry: &Entry<'_>) -> Result<Hold, Reject> {
    if entry.get("expires_on").is_empty() {
        return Err(("missing_expiry", "a hold or exception must say when it expires".to_owned()));
    }
    let (effective_from, expires_on) = (entry.day("effective_from")?, entry.day("expires_on")?);
    entry.period_is_good(effective_from, expires_on)?;
    let (reason_code, actor) = (entry.reason_code()?, entry.optional("actor"));
    Ok(Hold { target: entry.target()?, effective_from, expires_on, reason_code, actor })
}

/// A reason that is missing or unknown does not lift a legal hold: the models list the row and it still protects.
fn read_legal_hold(entry: &Entry<'_>) -> Result<LegalHold, Reject> {
    let effective_from = entry.day("effective_from")?;
    let effective_to = entry.optional("effective_to").map(|_| entry.day("effective_to")).transpose()?;
    if let Some(end) = effective_to {
        entry.period_is_good(effective_from, end)?;
    }
    Ok(LegalHold {
        worker_id: entry.need("worker_id")?.to_owned(),
        effective_from,
        effective_to,
        reason_code: entry.get("reason_code").to_owned(),
        file: entry.file.to_owned(),
        line: entry.line,
    })
}

fn read_decision(entry: &Entry<'_>) -> Result<Decided, Reject> {
    let word = entry.need("decision")?;
    let known = Decision::known().collect::<Vec<_>>().join(", ");
    let decision = Decision::parse(word).ok_or_else(|| ("unknown_decision", format!("`{word}` is none of {known}")))?;
    let reason_code = match entry.get("reason_code") {
        "" if decision.needs_reason() => {
            return Err(("missing_reason", format!("column reason_code is empty: to {decision} needs a reason")));
        }
        "" => None,
        _ => Some(entry.reason_code()?),
    };
    let expires_on = match (decision, entry.get("expires_on")) {
        (Decision::Hold, "") => {
            return Err(("missing_expiry", "a hold must say when it expires".to_owned()));
        }
        (Decision::Hold, _) => Some(entry.day("expires_on")?),
        _ => None,
    };
    Ok(Decided {
        candidate_id: entry.need("candidate_id")?.to_owned(),
        decision,
        reason_code,
        expires_on,
        decided_by: entry.need("decided_by")?.to_owned(),
        decided_on: entry.day("decided_on")?,
        answer_id: entry.optional("answer_id"),
        file: entry.file.to_owned(),
        line: entry.line,
    })
}

/// One entry of a drop, whatever the format of its file.
struct Entry<'a> {
    seeds: &'a Seeds,
    file: &'a str,
    line: usize,
    values: BTreeMap<&'static str, String>,
}

impl Entry<'_> {
    fn get(&self, column: &str) -> &str {
        self.values.get(column).map_or("", String::as_str)
    }

    fn optional(&self, column: &str) -> Option<String> {
        Some(self.get(column)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn need(&self, column: &str) -> Result<&str, Reject> {
        match self.get(column) {
            "" => Err(("missing_value", format!("column {column} is empty"))),
            text => Ok(text),
        }
    }

    fn day(&self, column: &str) -> Result<NaiveDate, Reject> {
        let text = self.need(column)?;
        parse_day(text).ok_or_else(|| ("bad_date", format!("column {column}: `{text}` is not a day as YYYY-MM-DD")))
    }

    fn period_is_good(&self, from: NaiveDate, to: NaiveDate) -> Result<(), Reject> {
        if to <= from {
            return Err(("expiry_before_start", format!("it ends on {to}, not after its start on {from}")));
        }
        Ok(())
    }

    /// Without a list of codes every code is good.
    fn reason_code(&self) -> Result<String, Reject> {
        let code = self.need("reason_code")?;
        let codes = &self.seeds.reason_codes;
        if !codes.is_empty() && !codes.iter().any(|known| known.code == code) {
            return Err(("unknown_reason_code", format!("`{code}` is not in seeds/reason_codes.csv")));
        }
        Ok(code.to_owned())
    }

    fn target(&self) -> Result<Target, Reject> {
        let app_id = self.need("app_id")?;
        if self.seeds.app(app_id).is_none() {
            return Err(("unknown_app", format!("`{app_id}` is not in seeds/apps.csv")));
        }
        Ok(Target {
            app_id: app_id.to_owned(),
            account_ref: self.need("account_id")?.to_owned(),
            sku_ref: self.optional("sku_id"),
            file: self.file.to_owned(),
            line: self.line,
        })
    }
}

struct Reader<'a, 'f> {
    folder: &'a Folder<'f>,
    seeds: &'a Seeds,
    rejected: &'a mut Vec<Rejected>,
}

impl Reader<'_, '_> {
    /// Reads one drop from its CSV file, its NDJSON file, or both.
    fn read<T>(
        &mut self,
        drop: &'static str,
        columns: &Columns,
        read: impl Fn(&Entry<'_>) -> Result<T, Reject>,
    ) -> Vec<T> {
        let mut all = self.read_csv(drop, &format!("drops/{drop}.csv"), columns, &read);
        all.extend(self.read_ndjson(drop, &format!("drops/{drop}.ndjson"), columns, &read));
        all
    }

    fn read_csv<T>(
        &mut self,
        drop: &'static str,
        name: &str,
        columns: &Columns,
        read: impl Fn(&Entry<'_>) -> Result<T, Reject>,
    ) -> Vec<T> {
        let Some(sheet) = Sheet::read(self.folder, name, columns, &CODES) else { return Vec::new() };
        let rows = sheet.rows(&self.folder.problems, &CODES);
        rows.filter_map(|row| self.accept(drop, &sheet.file, row.start(), csv_values(&row, columns), &read)).collect()
    }

    fn read_ndjson<T>(
        &mut self,
        drop: &'static str,
        name: &str,
        columns: &Columns,
        read: impl Fn(&Entry<'_>) -> Result<T, Reject>,
    ) -> Vec<T> {
        let Some(file) = self.folder.read(name, CODES.syntax) else { return Vec::new() };
        let (mut all, mut start) = (Vec::new(), 0);
        for line in file.text().split_inclusive('\n') {
            if !line.trim().is_empty() {
                all.extend(self.accept(drop, &file, start, json_values(line, columns), &read));
            }
            start += line.len();
        }
        all
    }

    fn accept<T>(
        &mut self,
        drop: &'static str,
        file: &SourceFile,
        start: usize,
        values: Result<BTreeMap<&'static str, String>, Reject>,
        read: impl Fn(&Entry<'_>) -> Result<T, Reject>,
    ) -> Option<T> {
        let line = file.line(start);
        let entry = values.map(|values| Entry { seeds: self.seeds, file: &file.name, line, values });
        match entry.and_then(|entry| read(&entry)) {
            Ok(value) => Some(value),
            Err((reason_code, message)) => {
                let found = file.at(REJECTED, start..start, format!("row rejected ({reason_code}): {message}"));
                // A legal hold that does not read would lift a protection unseen: nothing runs until it does.
                let found = if drop == "legal_holds" { found } else { found.warning() };
                self.folder.problems.report(found);
                self.rejected.push(Rejected { drop, file: file.name.clone(), line, reason_code, message });
                None
            }
        }
    }
}

fn columns_of(columns: &Columns) -> impl Iterator<Item = &'static str> {
    columns.required.iter().chain(columns.optional).copied()
}

fn csv_values(row: &Row<'_>, columns: &Columns) -> Result<BTreeMap<&'static str, String>, Reject> {
    row.width().map_err(|message| ("width", message))?;
    Ok(columns_of(columns).map(|column| (column, row.get(column).to_owned())).collect())
}

fn json_values(line: &str, columns: &Columns) -> Result<BTreeMap<&'static str, String>, Reject> {
    let bad = |message: String| ("bad_json", message);
    let value: Value = serde_json::from_str(line).map_err(|error| bad(format!("not valid JSON: {error}")))?;
    let object = value.as_object().ok_or_else(|| bad("the line is not a JSON object".to_owned()))?;
    let text = |column: &'static str| match object.get(column) {
        None | Some(Value::Null) => Ok((column, String::new())),
        Some(Value::String(text)) => Ok((column, text.trim().to_owned())),
        Some(Value::Number(number)) => Ok((column, number.to_string())),
        Some(_) => Err(bad(format!("field {column} is not a text"))),
    };
    columns_of(columns).map(text).collect()
}
