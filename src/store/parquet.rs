//! Parquet bytes that depend on the rows and on nothing else: not on threads, batches, release of the day or machine.

use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::{Compression, ZstdLevel};
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

/// What a batch is that does not belong into a file.
const UNWRITABLE: &str = "rows do not fit the schema they are written with";

/// Writes rows as one Parquet file.
///
/// # Errors
/// Internal, when a batch has not the columns and types of the schema.
pub fn encode(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Bytes> {
    let mut encoder = Encoder::new(schema, Vec::new())?;
    for batch in batches {
        encoder.push(batch)?;
    }
    Ok(encoder.finish()?.into())
}

/// Writes rows as one Parquet file, batch by batch: the bytes are those of [`encode`], however the rows are cut.
pub struct Encoder<W: Write + Send> {
    writer: ArrowWriter<W>,
    chunks: BatchCoalescer,
    schema: SchemaRef,
}

impl<W: Write + Send> Encoder<W> {
    /// A file that begins.
    ///
    /// # Errors
    /// Internal, when the schema has no Parquet form.
    pub fn new(schema: &SchemaRef, into: W) -> Result<Self> {
        let schema = plain(schema);
        let writer = ArrowWriter::try_new_with_options(into, Arc::clone(&schema), options()?)
            .context(ErrorKind::Internal, "this schema has no Parquet form")?;
        Ok(Self { writer, chunks: BatchCoalescer::new(Arc::clone(&schema), SETTINGS.batch_rows), schema })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Internal, when the batch has not the columns and types of the schema; Store, when they cannot be written.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
            .context(ErrorKind::Internal, UNWRITABLE)?;
        self.chunks.push_batch(batch).context(ErrorKind::Internal, UNWRITABLE)?;
        self.drain()
    }

    /// Ends the file and gives back what it was written into.
    ///
    /// # Errors
    /// As [`Encoder::push`].
    pub fn finish(mut self) -> Result<W> {
        self.chunks.finish_buffered_batch().context(ErrorKind::Internal, UNWRITABLE)?;
        self.drain()?;
        self.writer.into_inner().context(ErrorKind::Store, "cannot write the footer")
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(chunk) = self.chunks.next_completed_batch() {
            self.writer.write(&chunk).context(ErrorKind::Store, "cannot write rows as Parquet")?;
        }
        Ok(())
    }
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
