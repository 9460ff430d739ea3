//! What people keep of contracts beside the ITAM feed: clauses as they stand in the paper, the budget, the invoices.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::folder::Folder;
use super::seeds::{CODES, CONFLICT, records};
use super::sheet::{Columns, Row};
use super::word::words;
use super::zone::Zone;
use crate::base::money::is_currency;

words! {
    /// What a clause of a contract says.
    Clause {
        AiTerms = "ai_terms",
        Billing = "billing",
        CoTermOn = "co_term_on",
        FxClause = "fx_clause",
        FxRate = "fx_rate",
        LicenceMetric = "licence_metric",
        ListUnitPrice = "list_unit_price",
        MinimumQuantity = "minimum_quantity",
        NoticeMethod = "notice_method",
        PayingEntity = "paying_entity",
        PaymentTermsDays = "payment_terms_days",
        PriceHold = "price_hold",
        Proration = "proration",
        RampQuantity = "ramp_quantity",
        RenewalTermMonths = "renewal_term_months",
        TermDiscountPercent = "term_discount_percent",
        TrueUpFrequency = "true_up_frequency",
        TrueUpGracePercent = "true_up_grace_percent",
        TrueUpMeasure = "true_up_measure",
        TrueUpPrice = "true_up_price",
        UpliftBasis = "uplift_basis",
        UpliftCapPercent = "uplift_cap_percent",
        UpliftPercent = "uplift_percent",
        Zone = "zone",
    }
}

/// What a clause may be worth.
enum Form {
    Text,
    Day,
    Zone,
    /// A number from 0 to a limit, with so many decimal places.
    Number(u32, u32),
    Words(&'static [&'static str]),
}

impl Clause {
    fn form(self) -> Form {
        match self {
            Self::PayingEntity => Form::Text,
            Self::CoTermOn => Form::Day,
            Self::Zone => Form::Zone,
            Self::MinimumQuantity | Self::RampQuantity => Form::Number(100_000_000, 0),
            Self::PaymentTermsDays | Self::RenewalTermMonths => Form::Number(365, 0),
            Self::TermDiscountPercent | Self::TrueUpGracePercent | Self::UpliftCapPercent | Self::UpliftPercent => {
                Form::Number(100, 4)
            }
            Self::ListUnitPrice | Self::FxRate => Form::Number(100_000_000, 6),
            Self::AiTerms => Form::Words(&["open", "opt_out", "excluded"]),
            Self::Billing => Form::Words(&["monthly", "quarterly", "annually"]),
            Self::FxClause => Form::Words(&["none", "fixed"]),
            Self::LicenceMetric => Form::Words(&["named", "concurrent"]),
            Self::NoticeMethod => Form::Words(&["email", "portal", "letter"]),
            Self::PriceHold => Form::Words(&["none", "sku", "bundle"]),
            Self::Proration => Form::Words(&["days_365", "days_360", "months"]),
            Self::TrueUpFrequency => Form::Words(&["monthly", "quarterly", "annually", "at_renewal"]),
            Self::TrueUpMeasure => Form::Words(&["peak", "average", "provisioned"]),
            Self::TrueUpPrice => Form::Words(&["contracted", "list"]),
            Self::UpliftBasis => Form::Words(&["fixed", "cpi", "list"]),
        }
    }

    /// Whether it is said of one SKU, never of a whole contract.
    fn is_of_sku(self) -> bool {
        matches!(self, Self::LicenceMetric | Self::ListUnitPrice | Self::MinimumQuantity | Self::RampQuantity)
    }
}

/// A clause of a contract, from a day on.
#[derive(Debug, Clone)]
pub struct ContractClause {
    /// The contract's number, as the ITAM feed has it.
    pub contract_number: String,
    /// The SKU it is about; none: the whole contract.
    pub sku_id: Option<String>,
    /// What it says.
    pub clause: Clause,
    /// How it is written.
    pub value: String,
    /// The same as a number, where it is one.
    pub number: Option<Decimal>,
    /// The same as a day, where it is one.
    pub day: Option<NaiveDate>,
    /// First day it holds; none: from the beginning of the contract.
    pub effective_from: Option<NaiveDate>,
    /// Where it stands: document and section.
    pub reference: Option<String>,
}

/// What may be spent on a contract in a month.
#[derive(Debug, Clone)]
pub struct BudgetMonth {
    /// The contract's number.
    pub contract_number: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// ISO 4217 code.
    pub currency: String,
    /// The amount.
    pub amount: Decimal,
}

words! {
    /// Why an amount was invoiced.
    InvoiceKind { Invoice = "invoice", TrueUp = "true_up", Credit = "credit" }
}

/// A line of an invoice.
#[derive(Debug, Clone)]
pub struct Invoice {
    /// Its id in the ledger.
    pub invoice_id: String,
    /// The contract's number.
    pub contract_number: String,
    /// Why it was sent.
    pub kind: InvoiceKind,
    /// Its date.
    pub invoiced_on: NaiveDate,
    /// First day it pays for.
    pub period_from: NaiveDate,
    /// First day outside.
    pub period_to: NaiveDate,
    /// ISO 4217 code.
    pub currency: String,
    /// The amount without tax; a credit is negative.
    pub amount: Decimal,
}

pub(super) fn read_clauses(folder: &Folder<'_>) -> Vec<ContractClause> {
    let columns = Columns {
        required: &["contract_number", "clause", "value"],
        optional: &["sku_id", "effective_from", "reference"],
    };
    let key = ["contract_number", "sku_id", "effective_from", "clause"];
    records(folder, "contract_clauses", &columns, &key, |row| {
        let clause: Clause = row.word("clause")?;
        let (number, day) = read_value(row, clause)?;
        let sku_id = row.optional("sku_id");
        if sku_id.is_none() && clause.is_of_sku() {
            let found = row.at("sku_id", CONFLICT, format!("`{clause}` is said of one SKU, and none is named"));
            row.report(found.help("write the SKU as the contract line has it"));
        }
        let effective_from = row.optional("effective_from").and_then(|_| row.day("effective_from"));
        if effective_from.is_none() && clause == Clause::RampQuantity {
            row.report(row.at("effective_from", CONFLICT, "a step of a ramp needs its day"));
        }
        Some(ContractClause {
            contract_number: row.text("contract_number"),
            sku_id,
            clause,
            value: row.text("value"),
            number,
            day,
            effective_from,
            reference: row.optional("reference"),
        })
    })
}

/// The value as a number and as a day; `None`: it is not what the clause may be worth, and that is reported.
fn read_value(row: &Row<'_>, clause: Clause) -> Option<(Option<Decimal>, Option<NaiveDate>)> {
    match clause.form() {
        Form::Text => Some((None, None)),
        Form::Day => row.day("value").map(|day| (None, Some(day))),
        Form::Zone => {
            let zone = |text: &str| Zone::parse(text).map(|_| ());
            row.checked("value", "a zone such as Europe/Berlin", zone).map(|()| (None, None))
        }
        Form::Number(most, places) => {
            let number = row.decimal("value")?;
            if number < Decimal::ZERO || number > Decimal::from(most) || number.normalize().scale() > places {
                let message = format!("`{clause}` cannot be {number}");
                let help = format!("use 0 to {most} with at most {places} decimal places");
                row.report(row.at("value", CODES.value, message).help(help));
                return None;
            }
            Some((Some(number), None))
        }
        Form::Words(known) => {
            let text = row.text("value");
            if !known.contains(&text.as_str()) {
                let found = row.at("value", CODES.value, format!("`{clause}` cannot be `{text}`"));
                row.report(found.suggest(&text, known.iter().copied()));
                return None;
            }
            Some((None, None))
        }
    }
}

pub(super) fn read_budget(folder: &Folder<'_>) -> Vec<BudgetMonth> {
    let columns = Columns { required: &["contract_number", "month", "currency", "amount"], optional: &[] };
    records(folder, "budget", &columns, &["contract_number", "currency", "month"], |row| {
        let month = row.day("month")?;
        if month.day() != 1 {
            row.report(row.at("month", CODES.value, format!("{month} does not begin a month")).help("use YYYY-MM-01"));
        }
        Some(BudgetMonth {
            contract_number: row.text("contract_number"),
            month,
            currency: currency(row),
            amount: amount(row)?,
        })
    })
}

pub(super) fn read_invoices(folder: &Folder<'_>) -> Vec<Invoice> {
    let columns = Columns {
        required: &[
            "invoice_id",
            "contract_number",
            "kind",
            "invoiced_on",
            "period_from",
            "period_to",
            "currency",
            "amount",
        ],
        optional: &[],
    };
    // The days of a month or year are cut exactly; a longer period would be a mistake of the year.
    const LONGEST_DAYS: i64 = 3_660;
    records(folder, "invoices", &columns, &["invoice_id"], |row| {
        let (from, to) = (row.day("period_from")?, row.day("period_to")?);
        if to <= from || (to - from).num_days() > LONGEST_DAYS {
            let found = row.at("period_to", CONFLICT, format!("from {from} to {to} is no period that is paid for"));
            row.report(found.help("period_to is the first day outside, at most ten years later"));
            return None;
        }
        let (invoice_id, kind) = (row.text("invoice_id"), row.word("kind")?);
        let amount = amount(row)?;
        if (kind == InvoiceKind::Credit) != (amount < Decimal::ZERO) {
            let found = row.at("amount", CONFLICT, format!("{amount} on a line of kind `{kind}`"));
            row.report(found.help("a credit is negative, everything else is not"));
        }
        Some(Invoice {
            invoice_id,
            contract_number: row.text("contract_number"),
            kind,
            invoiced_on: row.day("invoiced_on")?,
            period_from: from,
            period_to: to,
            currency: currency(row),
            amount,
        })
    })
}

fn currency(row: &Row<'_>) -> String {
    let currency = row.text("currency");
    if !currency.is_empty() && !is_currency(&currency) {
        row.report(row.at("currency", CODES.value, format!("`{currency}` is not a currency of ISO 4217")));
    }
    currency
}

/// An amount as it is stored: at most four places.
fn amount(row: &Row<'_>) -> Option<Decimal> {
    let amount = row.decimal("amount")?;
    if amount.normalize().scale() > 4 {
        row.report(row.at("amount", CODES.value, format!("{amount} has more than 4 decimal places")));
        return None;
    }
    Some(amount)
}
