//! What the files of `usage/` hold.

use std::sync::{Arc, LazyLock};

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef, TimeUnit};
use chrono::{NaiveDate, NaiveTime};

use super::rollup::DayUse;
use crate::base::{Error, Result};
use crate::store::{FileEntry, Key, RunId, Store};

/// Rows of `day_use`: one an app instance, account and day within one file. Counts of several files add up.
pub fn day_use_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("app_instance_id", DataType::Utf8, false),
            Field::new("account_id", DataType::Utf8, false),
            Field::new("used_on", DataType::Date32, false),
            Field::new("sign_ins", DataType::Int64, false),
            Field::new("failed_sign_ins", DataType::Int64, false),
            Field::new("last_at", instant(), true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Rows of `seat_state`: one an app instance and account that ever signed in, sorted by both. `landing` is the newest
/// that tells of the day of `last_at`; `w0` to `w6` are a [`super::Ring`].
pub fn seat_state_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields = vec![
            Field::new("source", DataType::Utf8, false),
            Field::new("stream", DataType::Utf8, false),
            Field::new("app_instance_id", DataType::Utf8, false),
            Field::new("account_id", DataType::Utf8, false),
            Field::new("last_at", instant(), false),
            Field::new("landing", DataType::Int64, false),
        ];
        fields.extend((0..super::ring::WORDS).map(|word| Field::new(format!("w{word}"), DataType::Int64, false)));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Rows of `seat_month`: one an app instance and account that signed in in a month, sorted by both. Bit 0 of `days` is
/// the first of the month.
pub fn seat_month_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("source", DataType::Utf8, false),
            Field::new("stream", DataType::Utf8, false),
            Field::new("month", DataType::Date32, false),
            Field::new("app_instance_id", DataType::Utf8, false),
            Field::new("account_id", DataType::Utf8, false),
            Field::new("days", DataType::Int64, false),
            Field::new("sign_ins", DataType::Int64, false),
            Field::new("last_at", instant(), false),
        ]))
    });
    Arc::clone(&SCHEMA)
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Whose files they are.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// Source as the project names it.
    pub source: &'a str,
    /// Stream of the source.
    pub stream: &'a str,
}

/// Writes rolled-up rows, a file a part, which says its first and last day at midnight; `n` numbers the files of a landing and counts on.
///
/// # Errors
/// A store error.
pub async fn put_day_use(
    store: &Store,
    of: Of<'_>,
    run_id: &RunId,
    n: &mut u32,
    parts: Vec<DayUse>,
) -> Result<Vec<FileEntry>> {
    let mut files = Vec::with_capacity(parts.len());
    for part in parts {
        let key = |sha16: &str| Key::DayUse {
            source: of.source.to_owned(),
            stream: of.stream.to_owned(),
            known_on: part.known_on,
            bucket: part.bucket,
            run_id: run_id.clone(),
            n: *n,
            sha16: sha16.to_owned(),
        };
        let file = store.put_parquet(key, &day_use_schema(), std::slice::from_ref(&part.rows)).await?;
        let days = part.rows.column(2).as_primitive::<Date32Type>();
        let midnight = |day: Option<i32>| Some(day_of(day?).ok()?.and_time(NaiveTime::MIN).and_utc());
        let (min_at, max_at) = (midnight(arrow::compute::min(days)), midnight(arrow::compute::max(days)));
        files.push(FileEntry { min_at, max_at, ..file });
        *n += 1;
    }
    Ok(files)
}

/// Days since 1970-01-01.
pub(super) fn day_number(day: NaiveDate) -> i32 {
    day.to_epoch_days()
}

/// The day of a number of [`day_number`].
pub(super) fn day_of(number: i32) -> Result<NaiveDate> {
    NaiveDate::from_epoch_days(number).ok_or_else(|| Error::internal(format!("{number} is no day")))
}
