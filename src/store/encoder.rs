//! Parquet of the state of seats, batch by batch: the rows of one file are never all in memory at once.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::Compression;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use ::parquet::schema::types::ColumnPath;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;

use super::parquet::SETTINGS;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

/// Rows of a row group: small, so that little is buffered.
const ROW_GROUP_ROWS: usize = 262_144;

/// Writes rows as they come. The bytes depend on the rows alone: batches are cut anew.
pub struct Encoder {
    writer: ArrowWriter<Vec<u8>>,
    chunks: arrow::compute::BatchCoalescer,
    rows: u64,
}

impl Encoder {
    /// For rows that are read whole and often, and written anew every day: light compression, and a dictionary only for
    /// the columns in `repeated`.
    ///
    /// # Errors
    /// Internal, when the schema has no Parquet form.
    pub fn new(schema: &SchemaRef, repeated: &[&str]) -> Result<Self> {
        let mut properties = WriterProperties::builder()
            .set_created_by(SETTINGS.created_by.to_owned())
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(Compression::LZ4_RAW)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_data_page_row_count_limit(SETTINGS.page_rows)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None);
        for column in repeated {
            let path = ColumnPath::from(*column);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), true)
                .set_column_statistics_enabled(path, EnabledStatistics::Chunk);
        }
        let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options)
            .context(ErrorKind::Internal, "this schema has no Parquet form")?;
        let chunks = arrow::compute::BatchCoalescer::new(Arc::clone(schema), SETTINGS.batch_rows);
        Ok(Self { writer, chunks, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Internal, when they do not fit the schema.
    pub fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.chunks.push_batch(batch).context(ErrorKind::Internal, "rows of another schema")?;
        self.drain()
    }

    /// The file and its number of rows.
    ///
    /// # Errors
    /// Internal, when it cannot be finished.
    pub fn finish(mut self) -> Result<(Bytes, u64)> {
        self.chunks.finish_buffered_batch().context(ErrorKind::Internal, "rows of another schema")?;
        self.drain()?;
        let bytes = self.writer.into_inner().context(ErrorKind::Internal, "cannot write the footer")?;
        Ok((bytes.into(), self.rows))
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(chunk) = self.chunks.next_completed_batch() {
            self.writer.write(&chunk).context(ErrorKind::Internal, "cannot write rows as Parquet")?;
        }
        Ok(())
    }
}

/// The rows of a Parquet file, a batch at a time.
pub struct Batches(ParquetRecordBatchReader);

impl Batches {
    /// Opens a file.
    ///
    /// # Errors
    /// Data, when it is not Parquet.
    pub fn open(bytes: Bytes) -> Result<Self> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(|builder| builder.with_batch_size(SETTINGS.batch_rows).build());
        reader.map(Self).context(ErrorKind::Data, "not a readable Parquet file")
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|batch| batch.context(ErrorKind::Data, "not a readable Parquet file"))
    }
}
