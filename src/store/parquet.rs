//! Parquet bytes that depend on the rows and on nothing else: not on threads, batches, release of the day or machine.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::metadata::{ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use serde::Serialize;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// Everything that decides the bytes, in code and never in configuration. Change it only with `created_by`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Settings {
    /// Written into every file; counts up when any other setting changes.
    pub created_by: &'static str,
    /// Rows handed to the writer at once: pages close within a batch.
    pub batch_rows: usize,
    /// Rows of a row group.
    pub row_group_rows: usize,
    /// Rows of a data page.
    pub page_rows: usize,
    /// Bytes of a data page, before compression.
    pub page_bytes: usize,
    /// Bytes of a dictionary page.
    pub dictionary_page_bytes: usize,
    /// Values the writer looks at before it asks whether the page is full.
    pub mini_batch_values: usize,
    /// Bytes of a minimum or maximum in the statistics.
    pub statistics_bytes: usize,
    /// Level of the zstd compression.
    pub zstd_level: i32,
}

/// The settings of this release.
pub const SETTINGS: Settings = Settings {
    created_by: "seatledger 1",
    batch_rows: 8192,
    row_group_rows: 1_048_576,
    page_rows: 20_000,
    page_bytes: 1_048_576,
    dictionary_page_bytes: 1_048_576,
    mini_batch_values: 1024,
    statistics_bytes: 64,
    zstd_level: 1,
};

/// Writes rows as one Parquet file.
///
/// # Errors
/// Internal, when a batch has not the columns and types of the schema.
pub fn encode(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Bytes> {
    let schema = plain(schema);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(&schema), options()?)
        .context(ErrorKind::Internal, "this schema has no Parquet form")?;
    let mut chunks = BatchCoalescer::new(Arc::clone(&schema), SETTINGS.batch_rows);
    let unwritable = "rows do not fit the schema they are written with";
    for batch in batches {
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
            .context(ErrorKind::Internal, unwritable)?;
        chunks.push_batch(batch).context(ErrorKind::Internal, unwritable)?;
        drain(&mut chunks, &mut writer)?;
    }
    chunks.finish_buffered_batch().context(ErrorKind::Internal, unwritable)?;
    drain(&mut chunks, &mut writer)?;
    Ok(writer.into_inner().context(ErrorKind::Internal, "cannot write the footer")?.into())
}

/// Reads a whole Parquet file; text comes as `Utf8`.
///
/// # Errors
/// Data, when the bytes are not Parquet or are damaged.
pub fn decode(bytes: Bytes) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let unreadable = "not a readable Parquet file";
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(|builder| builder.with_batch_size(SETTINGS.batch_rows).build())
        .context(ErrorKind::Data, unreadable)?;
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches = reader.collect::<Result<Vec<_>, _>>().context(ErrorKind::Data, unreadable)?;
    Ok((schema, batches))
}

/// The schema and the number of rows that the footer of a file states; reads nothing else.
///
/// # Errors
/// Data, when there is no readable footer.
pub fn footer(file: File) -> Result<(SchemaRef, u64)> {
    let unreadable = "not a readable Parquet file";
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).context(ErrorKind::Data, unreadable)?;
    let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).context(ErrorKind::Data, unreadable)?;
    Ok((Arc::clone(reader.schema()), rows))
}

/// As [`footer`], of who has the last bytes of a file; none when a readable footer is not whole in them.
pub fn footer_within(tail: &[u8]) -> Option<(SchemaRef, u64)> {
    let (before, end) = tail.split_last_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*end.first_chunk()?)).ok()?;
    let footer = before.get(before.len().checked_sub(length)?..).filter(|_| end.ends_with(b"PAR1"))?;
    // Neither is looked at.
    let skip = ParquetStatisticsPolicy::SkipAll;
    let options = ParquetMetaDataOptions::default()
        .with_column_stats_policy(skip.clone())
        .with_encoding_stats_policy(skip.clone())
        .with_size_stats_policy(skip);
    let metadata = ParquetMetaDataReader::decode_metadata_with_options(footer, Some(&options)).ok()?;
    let rows = u64::try_from(metadata.file_metadata().num_rows()).ok()?;
    let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), Default::default()).ok()?;
    Some((Arc::clone(metadata.schema()), rows))
}

/// The row groups of a file that do not decode, counted from 0. Damage can also leave rows that decode as others.
///
/// # Errors
/// Data, when there is no readable footer.
pub fn damaged_row_groups(file: &File) -> Result<Vec<usize>> {
    let metadata = ArrowReaderMetadata::load(file, Default::default());
    let metadata = metadata.context(ErrorKind::Data, "its footer cannot be read")?;
    let decodes = |group: usize| -> Result<(), Box<dyn std::error::Error>> {
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file.try_clone()?, metadata.clone());
        reader.with_row_groups(vec![group]).build()?.try_for_each(|batch| batch.map(|_| ()).map_err(Into::into))
    };
    // Damaged bytes may trip the decoder.
    let sound = |group: &usize| catch_unwind(AssertUnwindSafe(|| decodes(*group).is_ok())).unwrap_or(false);
    Ok((0..metadata.metadata().num_row_groups()).filter(|group| !sound(group)).collect())
}

fn drain(chunks: &mut BatchCoalescer, writer: &mut ArrowWriter<Vec<u8>>) -> Result<()> {
    while let Some(chunk) = chunks.next_completed_batch() {
        writer.write(&chunk).context(ErrorKind::Internal, "cannot write rows as Parquet")?;
    }
    Ok(())
}

/// The schema without metadata, which would carry traces of how the rows were made.
fn plain(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|f| f.as_ref().clone().with_metadata(Default::default()));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn options() -> Result<ArrowWriterOptions> {
    let s = SETTINGS;
    let level = ZstdLevel::try_new(s.zstd_level).map_err(|e| Error::internal("no such zstd level").because(e))?;
    let properties = WriterProperties::builder()
        .set_created_by(s.created_by.to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(s.row_group_rows))
        .set_data_page_row_count_limit(s.page_rows)
        .set_data_page_size_limit(s.page_bytes)
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(s.dictionary_page_bytes)
        .set_write_batch_size(s.mini_batch_values)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(s.statistics_bytes))
        .set_column_index_truncate_length(Some(s.statistics_bytes))
        .set_bloom_filter_enabled(false)
        .build();
    Ok(ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true))
}
