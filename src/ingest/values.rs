//! From what a source writes to a typed value, by the field's type and rule. Nothing is guessed: what does not have the
//! declared form is kept apart with its reason.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::{Decimal, RoundingStrategy};

use super::page::Value;
use crate::base::money::is_currency;
use crate::config::Zone;
use crate::schema::{Field, Rule, Type};

/// Evidence of use is not older than this.
const FIRST_ACTIVITY_YEAR: i32 = 2000;
/// No other instant is older or younger than this.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;
/// Whole numbers up to here survive every tool on the way.
const MAX_EXACT: u64 = 1 << 53;

/// A value as it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Raw<'a> {
    Missing,
    Text(&'a str),
    /// A JSON number in its own digits.
    Number(&'a str),
    /// A JSON number beyond what JSON readers keep exactly.
    Inexact,
    Bool(bool),
    /// A JSON object or array where a value should be.
    Nested,
}

/// What the project and the source declare about the values of a stream.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub extract_date: NaiveDate,
    pub date_format: Option<String>,
    pub decimal_comma: bool,
    pub null_tokens: Vec<String>,
    /// The zone of times written without one; none: such a time is not understood.
    pub zone: Option<Zone>,
}

/// Why a value cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The row is kept apart.
    Row(&'static str),
    /// The whole feed is refused: what made this spoilt the column.
    Feed(&'static str),
}

/// Reads one value.
pub(super) fn read(field: &Field, raw: Raw<'_>, rules: &Rules) -> Result<Value, Fault> {
    let text = match raw {
        Raw::Missing => return Ok(Value::Null),
        Raw::Nested => return Err(Fault::Row("wrong_type")),
        Raw::Inexact => return Err(Fault::Row("number_too_large")),
        Raw::Bool(b) => return from_bool(field, b),
        Raw::Number(text) => text,
        Raw::Text(text) => {
            if text.contains('\0') {
                return Err(Fault::Row("nul"));
            }
            text.trim()
        }
    };
    if text.is_empty() || rules.null_tokens.iter().any(|t| t == text) {
        return Ok(Value::Null);
    }
    match field.ty {
        Type::Text => read_text(field.rule, text),
        Type::Int => read_int(text),
        Type::Bool => read_bool(text),
        Type::Date => read_date(field.rule, text, rules),
        Type::Timestamp => read_time(field.rule, text, rules),
        Type::Decimal(precision, scale) => read_decimal(text, precision, scale, rules.decimal_comma),
    }
}

fn from_bool(field: &Field, b: bool) -> Result<Value, Fault> {
    match field.ty {
        Type::Bool => Ok(Value::Bool(b)),
        Type::Text => Ok(Value::Text(b.to_string())),
        _ => Err(Fault::Row("wrong_type")),
    }
}

fn read_text(rule: Rule, text: &str) -> Result<Value, Fault> {
    let owned = match rule {
        Rule::Id if is_mangled(text) => return Err(Fault::Feed("mangled_ids")),
        Rule::SalesforceId => salesforce_id(text).ok_or(Fault::Row("bad_id"))?,
        Rule::Link => text.trim_end_matches('/').rsplit('/').next().unwrap_or(text).to_owned(),
        Rule::Currency => return read_currency(text),
        _ => text.to_owned(),
    };
    Ok(Value::Text(owned))
}

/// Whether a spreadsheet wrote this id as a number: `1.0E+05`.
fn is_mangled(id: &str) -> bool {
    let Some((mantissa, exponent)) = id.split_once(['E', 'e']) else { return false };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let signed = exponent.strip_prefix('+').or_else(|| exponent.strip_prefix('-'));
    let decimal = mantissa.split_once(['.', ',']);
    signed.is_some_and(digits) && decimal.map_or_else(|| digits(mantissa), |(a, b)| digits(a) && digits(b))
}

/// The 18 characters of a Salesforce id: 15 that depend on case, and 3 that say which are capitals.
fn salesforce_id(id: &str) -> Option<String> {
    if !id.bytes().all(|b| b.is_ascii_alphanumeric()) || (id.len() != 15 && id.len() != 18) {
        return None;
    }
    let suffix = id.as_bytes()[..15].chunks(5).map(|five| {
        let bits = five.iter().enumerate().fold(0, |n, (i, b)| n | (usize::from(b.is_ascii_uppercase()) << i));
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
    });
    if id.len() == 18 { Some(id.to_owned()) } else { Some(id.chars().chain(suffix).collect()) }
}

fn read_currency(text: &str) -> Result<Value, Fault> {
    let code = match text.split_once(';') {
        Some((code, _)) => code.trim(),
        // An amount where the currency may stand too.
        None if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '$') => return Ok(Value::Null),
        None => text,
    };
    if is_currency(code) { Ok(Value::Text(code.to_owned())) } else { Err(Fault::Row("unknown_currency")) }
}

fn read_int(text: &str) -> Result<Value, Fault> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Row("number_format"));
    }
    match whole.parse::<i64>() {
        Ok(n) if n.unsigned_abs() <= MAX_EXACT => Ok(Value::Int(n)),
        _ => Err(Fault::Row("number_too_large")),
    }
}

fn read_bool(text: &str) -> Result<Value, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Ok(Value::Bool(true)),
        "false" | "no" | "n" | "0" => Ok(Value::Bool(false)),
        _ => Err(Fault::Row("wrong_type")),
    }
}

fn read_date(rule: Rule, text: &str, rules: &Rules) -> Result<Value, Fault> {
    if is_never(text) {
        return Ok(Value::Null);
    }
    let format = rules.date_format.as_deref().unwrap_or("%Y-%m-%d");
    let date = match NaiveDate::parse_from_str(text, format) {
        Ok(date) => date,
        // Some sources write a day as its midnight.
        Err(_) if rules.date_format.is_none() && text.len() > 10 => match parse_time(text, rules)? {
            Some(time) => time.date(),
            None => return Ok(Value::Null),
        },
        Err(_) => return Err(Fault::Row("date_format")),
    };
    if date.year() == 9999 {
        return Ok(Value::Null);
    }
    check_day(rule, date, rules)?;
    Ok(Value::Date(days_since_epoch(date)))
}

fn read_time(rule: Rule, text: &str, rules: &Rules) -> Result<Value, Fault> {
    if is_never(text) {
        return Ok(Value::Null);
    }
    let time = match rule {
        Rule::Epoch | Rule::EpochActivity => {
            let seconds: i64 = text.parse().map_err(|_| Fault::Row("date_format"))?;
            DateTime::from_timestamp(seconds, 0).ok_or(Fault::Row("out_of_range"))?.naive_utc()
        }
        _ => match parse_time(text, rules)? {
            Some(time) => time,
            None => return Ok(Value::Null),
        },
    };
    if time.and_utc().timestamp() == 0 {
        return Ok(Value::Null);
    }
    check_day(rule, time.date(), rules)?;
    Ok(Value::Time(time.and_utc().timestamp_micros()))
}

/// The ways sources write "no such day".
fn is_never(text: &str) -> bool {
    text.eq_ignore_ascii_case("never")
        || ["1900-01-01", "0001-01-01", "0000-00-00"].iter().any(|d| text.starts_with(d))
        || text.starts_with("1970-01-01T00:00:00")
}

/// An instant, UTC; none for the end of time, which means open.
fn parse_time(text: &str, rules: &Rules) -> Result<Option<NaiveDateTime>, Fault> {
    let zoned = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%z"));
    let time = match zoned {
        Ok(time) => time.naive_utc(),
        Err(_) => {
            let local = parse_local(text).ok_or(Fault::Row("date_format"))?;
            // Of an hour that the clocks had twice the earlier one; of one they skipped none.
            let instants = rules.zone.ok_or(Fault::Row("no_zone"))?.instants(local);
            instants.earliest().ok_or(Fault::Row("dst_gap"))?.naive_utc()
        }
    };
    Ok((time.year() < 9999).then_some(time))
}

/// A time written without a zone.
fn parse_local(text: &str) -> Option<NaiveDateTime> {
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

/// Whether a time without a zone falls into an hour that the clocks of its zone had twice.
pub(super) fn is_twice(field: &Field, raw: Raw<'_>, rules: &Rules) -> bool {
    let (Type::Timestamp | Type::Date, Raw::Text(text), Some(zone @ Zone::Named(_))) = (field.ty, raw, rules.zone)
    else {
        return false;
    };
    parse_local(text.trim()).is_some_and(|local| matches!(zone.instants(local), LocalResult::Ambiguous(..)))
}

fn check_day(rule: Rule, day: NaiveDate, rules: &Rules) -> Result<(), Fault> {
    if matches!(rule, Rule::Activity | Rule::EpochActivity) {
        if day.year() < FIRST_ACTIVITY_YEAR || day.year() > rules.extract_date.year() + 2 {
            return Err(Fault::Row("out_of_range"));
        }
        if day > rules.extract_date + Days::new(1) {
            return Err(Fault::Row("future_activity"));
        }
    }
    if YEARS.contains(&day.year()) { Ok(()) } else { Err(Fault::Row("out_of_range")) }
}

/// Whether a value lies after the day of extraction: legal for a day, used once its time has come.
pub(super) fn is_ahead(field: &Field, value: &Value, rules: &Rules) -> bool {
    let today = days_since_epoch(rules.extract_date);
    matches!(field.rule, Rule::Activity | Rule::EpochActivity)
        && match value {
            Value::Date(day) => *day > today,
            Value::Time(at) => at.div_euclid(86_400_000_000) > i64::from(today),
            _ => false,
        }
}

/// Days since 1970-01-01.
pub(super) fn days_since_epoch(day: NaiveDate) -> i32 {
    (day.and_time(NaiveTime::MIN).and_utc().timestamp() / 86_400) as i32
}

/// A decimal, scaled to its field. Thousands separators only where they cannot be a decimal sign.
fn read_decimal(text: &str, precision: u8, scale: i8, decimal_comma: bool) -> Result<Value, Fault> {
    let wrong = Fault::Row("number_format");
    let amount = text.split_once(';').map_or(text, |(_, amount)| amount.trim());
    let (point, group) = if decimal_comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = amount.split_once(point).map_or((amount, None), |(w, f)| (w, Some(f)));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let groups: Vec<&str> = unsigned.split(group).collect();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let grouped = groups.len() == 1
        || ((groups.len() > 2 || fraction.is_some())
            && groups[0].len() <= 3
            && groups[1..].iter().all(|g| g.len() == 3));
    if !grouped || !groups.iter().all(|g| digits(g)) || !fraction.is_none_or(digits) {
        return Err(wrong);
    }
    let mut plain = whole.replace(group, "");
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    let number = plain.parse::<Decimal>().map_err(|_| Fault::Row("number_too_large"))?;
    let places = u32::try_from(scale).unwrap_or(0);
    let mut rounded = number.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
    rounded.rescale(places);
    let scaled = rounded.mantissa();
    if rounded.scale() != places || scaled.unsigned_abs() >= 10u128.pow(u32::from(precision)) {
        return Err(Fault::Row("number_too_large"));
    }
    Ok(Value::Decimal(scaled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::dataset;

    #[test]
    fn clocks_that_change_skip_an_hour_and_repeat_one() {
        let login = field("salesforce", "users", "last_login_at");
        let berlin = Rules { zone: Zone::parse("Europe/Berlin"), ..rules() };
        let at = |text| read(login, Raw::Text(text), &berlin);
        assert_eq!(at("2026-07-01 12:00:00"), at("2026-07-01T10:00:00Z"));
        assert_eq!(at("2026-03-29 02:30:00"), Err(Fault::Row("dst_gap")));
        assert_eq!(at("2026-10-25 02:30:00"), at("2026-10-25T00:30:00Z"), "the earlier of the two");
        assert!(is_twice(login, Raw::Text("2026-10-25 02:30:00"), &berlin));
        assert!(!is_twice(login, Raw::Text("2026-10-25 03:30:00"), &berlin));
        assert!(!is_twice(login, Raw::Text("2026-10-25T02:30:00Z"), &berlin), "its zone is written");
    }

    fn rules() -> Rules {
        Rules {
            extract_date: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
            date_format: None,
            decimal_comma: false,
            null_tokens: vec!["-".into()],
            zone: None,
        }
    }

    fn field(kind: &str, stream: &str, name: &str) -> &'static Field {
        let d = dataset(kind, stream).unwrap();
        &d.fields[d.index(name).unwrap()]
    }

    fn text(f: &Field, text: &str) -> Result<Value, Fault> {
        read(f, Raw::Text(text), &rules())
    }

    #[test]
    fn ids_stay_text() {
        let worker = field("workday", "workers", "worker_id");
        assert_eq!(text(worker, "000123  "), Ok(Value::Text("000123".into())));
        assert_eq!(read(worker, Raw::Number("9007199254740993"), &rules()), Ok(Value::Text("9007199254740993".into())));
        assert_eq!(text(worker, "1.0E+05"), Err(Fault::Feed("mangled_ids")));
        assert_eq!(text(worker, "1E5A"), Ok(Value::Text("1E5A".into())));
        let sf = field("salesforce", "users", "account_id");
        assert_eq!(text(sf, "005000000000001"), Ok(Value::Text("005000000000001AAA".into())));
        assert_eq!(text(sf, "00530000003xqAb"), Ok(Value::Text("00530000003xqAbAAI".into())));
        let app = field("okta", "app_users", "okta_app_id");
        assert_eq!(text(app, "https://x.okta.com/api/v1/apps/0oa1"), Ok(Value::Text("0oa1".into())));
    }

    #[test]
    fn instants_need_a_zone_and_a_sane_year() {
        let login = field("salesforce", "users", "last_login_at");
        let at = |t: &str| text(login, t);
        assert_eq!(at("2023-06-01T12:00:00.000+0000"), at("2023-06-01T14:00:00+02:00"));
        assert_eq!(at("2023-06-01 12:00:00"), Err(Fault::Row("no_zone")));
        assert_eq!(at("1999-12-31T00:00:00Z"), Err(Fault::Row("out_of_range")));
        assert_eq!(at("2026-11-22T00:00:00Z"), Err(Fault::Row("future_activity")));
        assert!(is_ahead(login, &at("2026-11-21T23:59:59Z").unwrap(), &rules()));
        assert_eq!(at("1970-01-01T00:00:00.000Z"), Ok(Value::Null));
        assert_eq!(at("Never"), Ok(Value::Null));
        assert_eq!(at("-"), Ok(Value::Null));
        let slack = field("slack", "users", "last_active_at");
        assert_eq!(read(slack, Raw::Number("1793750400"), &rules()), Ok(Value::Time(1_793_750_400_000_000)));
        assert_eq!(read(slack, Raw::Number("1793750400000"), &rules()), Err(Fault::Row("out_of_range")));
    }

    #[test]
    fn days_have_the_declared_form() {
        let hired = field("workday", "workers", "start_on");
        assert_eq!(text(hired, "1987-03-01"), Ok(Value::Date(6268)));
        assert_eq!(text(hired, "03/04/2026"), Err(Fault::Row("date_format")));
        assert_eq!(text(hired, "45992"), Err(Fault::Row("date_format")));
        let declared = Rules { date_format: Some("%d/%m/%Y".into()), ..rules() };
        assert_eq!(read(hired, Raw::Text("03/04/2026"), &declared), text(hired, "2026-04-03"));
        assert_eq!(read(hired, Raw::Text("2026-04-03"), &declared), Err(Fault::Row("date_format")));
        assert_eq!(text(hired, "0000-00-00"), Ok(Value::Null));
        assert_eq!(text(field("workday", "workers", "end_on"), "9999-12-31"), Ok(Value::Null));
        assert_eq!(text(field("workday", "workers", "end_on"), "2031-01-01"), Ok(Value::Date(22_280)));
        let refresh = field("microsoft365", "m365_app_user_detail", "report_refresh_on");
        assert_eq!(text(refresh, "2026-11-18T00:00:00Z"), text(refresh, "2026-11-18"));
    }

    #[test]
    fn numbers_keep_their_locale() {
        let price = field("servicenow", "entitlements", "unit_price");
        assert_eq!(text(price, "USD;509.95"), Ok(Value::Decimal(509_950_000)));
        assert_eq!(text(price, "2,839.99"), Ok(Value::Decimal(2_839_990_000)));
        assert_eq!(text(price, "1,234"), Err(Fault::Row("number_format")));
        assert_eq!(text(price, "509,95"), Err(Fault::Row("number_format")));
        assert_eq!(text(price, "$509.95"), Err(Fault::Row("number_format")));
        let comma = Rules { decimal_comma: true, ..rules() };
        assert_eq!(read(price, Raw::Text("1.234,5"), &comma), Ok(Value::Decimal(1_234_500_000)));
        let units = field("servicenow", "entitlements", "quantity");
        assert_eq!(text(units, "9007199254740993"), Err(Fault::Row("number_too_large")));
        assert_eq!(text(units, "12a"), Err(Fault::Row("number_format")));
        let currency = field("servicenow", "entitlements", "currency");
        assert_eq!(text(currency, "USD;509.95"), Ok(Value::Text("USD".into())));
        assert_eq!(text(currency, "XQZ"), Err(Fault::Row("unknown_currency")));
        assert_eq!(text(currency, "509.95"), Ok(Value::Null));
        assert_eq!(text(field("okta", "users", "display_name"), "a\0b"), Err(Fault::Row("nul")));
    }
}
