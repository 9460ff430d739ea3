//! Parquet bytes that depend on the rows and on nothing else: not on threads, batches, release of the day or machine.

use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use ::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use ::parquet::arrow::{ArrowWriter, ProjectionMask};
use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::file::metadata::{ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::ColumnPath;
use arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use bytes::Bytes;
use rayon::prelude::*;
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
    created_by: "seatledger 2",
    batch_rows: 8192,
    row_group_rows: 1_048_576,
    page_rows: 20_000,
    page_bytes: 1_048_576,
    dictionary_page_bytes: 1_048_576,
    mini_batch_values: 1024,
    statistics_bytes: 64,
    zstd_level: 1,
};

/// The settings of files that are written while their rows still come: small row groups, which are held until they are
/// full and pruned by time. Statistics of `sorted` only, since every group has values of all kinds; no dictionary for what
/// hardly repeats, and its lengths apart, where they disturb no compression; numbers as their differences, for those of a
/// file are alike or ascend.
pub const STREAMED: Settings = Settings { created_by: "seatledger 3 streamed", row_group_rows: 65_536, ..SETTINGS };

/// The settings of the state of the seats and of months.
pub const LIGHT: Settings = Settings { created_by: "seatledger 1 light", row_group_rows: 262_144, ..SETTINGS };

/// What a file is that cannot be read.
const UNREADABLE: &str = "not a readable Parquet file";
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
    rows: u64,
}

impl<W: Write + Send> Encoder<W> {
    /// A file that begins.
    ///
    /// # Errors
    /// Internal, when the schema has no Parquet form.
    pub fn new(schema: &SchemaRef, into: W) -> Result<Self> {
        Self::with(schema, into, properties(SETTINGS)?.build())
    }

    /// A file that is read whole and written anew every day: light compression, and a dictionary only for the columns in
    /// `repeated`. Its bytes are not those of [`encode`].
    ///
    /// # Errors
    /// Internal, when the schema has no Parquet form.
    pub fn light(schema: &SchemaRef, into: W, repeated: &[&str]) -> Result<Self> {
        let mut light = properties(LIGHT)?
            .set_compression(Compression::LZ4_RAW)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None);
        for column in repeated {
            let path = ColumnPath::from(*column);
            light = light
                .set_column_dictionary_enabled(path.clone(), true)
                .set_column_statistics_enabled(path, EnabledStatistics::Chunk);
        }
        Self::with(schema, into, light.build())
    }

    fn with(schema: &SchemaRef, into: W, properties: WriterProperties) -> Result<Self> {
        let schema = plain(schema);
        let writer = ArrowWriter::try_new_with_options(into, Arc::clone(&schema), with_properties(properties))
            .context(ErrorKind::Internal, "this schema has no Parquet form")?;
        Ok(Self { writer, chunks: BatchCoalescer::new(Arc::clone(&schema), SETTINGS.batch_rows), schema, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Internal, when the batch has not the columns and types of the schema; Store, when they cannot be written.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
            .context(ErrorKind::Internal, UNWRITABLE)?;
        self.rows += batch.num_rows() as u64;
        self.chunks.push_batch(batch).context(ErrorKind::Internal, UNWRITABLE)?;
        self.drain()
    }

    /// Rows added so far.
    pub fn rows(&self) -> u64 {
        self.rows
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
            let columns = chunk.columns().iter().map(without_empty_nulls).collect::<Result<_>>()?;
            let chunk = RecordBatch::try_new(Arc::clone(&self.schema), columns);
            let chunk = chunk.context(ErrorKind::Internal, UNWRITABLE)?;
            self.writer.write(&chunk).context(ErrorKind::Store, "cannot write rows as Parquet")?;
        }
        Ok(())
    }
}

/// A column in which nothing is null, as if nothing could be: the writer cuts pages otherwise where it has to look, and
/// whether it has to is up to how rows were joined.
fn without_empty_nulls(column: &ArrayRef) -> Result<ArrayRef> {
    if column.nulls().is_none_or(|nulls| nulls.null_count() > 0) {
        return Ok(Arc::clone(column));
    }
    let data = column.to_data().into_builder().nulls(None).build();
    data.map(make_array).context(ErrorKind::Internal, UNWRITABLE)
}

/// The rows of a Parquet file, a batch at a time, in the order in which they lie in it.
pub struct Batches(ParquetRecordBatchReader);

impl Batches {
    /// Opens a file.
    ///
    /// # Errors
    /// Data, when it is not Parquet.
    pub fn open(bytes: Bytes) -> Result<Self> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(|builder| builder.with_batch_size(SETTINGS.batch_rows).build());
        reader.map(Self).context(ErrorKind::Data, UNREADABLE)
    }

    /// Opens a file for some of its columns.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn of_columns(bytes: Bytes, names: &[&str]) -> Result<Self> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).context(ErrorKind::Data, UNREADABLE)?;
        let only = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        let reader = builder.with_projection(only).with_batch_size(SETTINGS.batch_rows).build();
        reader.map(Self).context(ErrorKind::Data, UNREADABLE)
    }
}

impl Batches {
    /// The columns that are read.
    pub fn schema(&self) -> SchemaRef {
        arrow::array::RecordBatchReader::schema(&self.0)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|batch| batch.context(ErrorKind::Data, UNREADABLE))
    }
}

/// Reads a whole Parquet file; text comes as `Utf8`.
///
/// # Errors
/// Data, when the bytes are not Parquet or are damaged.
pub fn decode(bytes: Bytes) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(|builder| builder.with_batch_size(SETTINGS.batch_rows).build())
        .context(ErrorKind::Data, UNREADABLE)?;
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches = reader.collect::<Result<Vec<_>, _>>().context(ErrorKind::Data, UNREADABLE)?;
    Ok((schema, batches))
}

/// The schema and the number of rows that the footer of a file states; reads nothing else.
///
/// # Errors
/// Data, when there is no readable footer.
pub fn footer(file: File) -> Result<(SchemaRef, u64)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).context(ErrorKind::Data, UNREADABLE)?;
    let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).context(ErrorKind::Data, UNREADABLE)?;
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

/// The schema without metadata, which would carry traces of how the rows were made.
fn plain(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|f| f.as_ref().clone().with_metadata(Default::default()));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn properties(s: Settings) -> Result<WriterPropertiesBuilder> {
    let level = ZstdLevel::try_new(s.zstd_level).map_err(|e| Error::internal("no such zstd level").because(e))?;
    Ok(WriterProperties::builder()
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
        .set_bloom_filter_enabled(false))
}

fn with_properties(properties: WriterProperties) -> ArrowWriterOptions {
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true)
}

/// How files of one schema are written while their rows still come: row groups side by side, files in their order.
/// Columns must be flat.
pub struct Streamed {
    schema: SchemaRef,
    properties: WriterProperties,
    columns: ArrowRowGroupWriterFactory,
}

/// One row group, encoded.
pub struct Group {
    columns: Vec<ArrowColumnChunk>,
    rows: u64,
}

/// A file to which row groups are added.
pub struct Part {
    writer: SerializedFileWriter<Vec<u8>>,
    rows: u64,
}

impl Streamed {
    /// Of a schema of texts, whole numbers, days and instants, whose rows will be sorted by one column, and whose `unique`
    /// texts hardly repeat.
    ///
    /// # Errors
    /// Internal, when the schema has no Parquet form.
    pub fn new(schema: &SchemaRef, sorted: &str, unique: &[&str]) -> Result<Self> {
        let schema = plain(schema);
        let mut with = properties(STREAMED)?
            .set_statistics_enabled(EnabledStatistics::None)
            .set_column_statistics_enabled(ColumnPath::from(sorted), EnabledStatistics::Page);
        for field in schema.fields() {
            let (path, is_text) = (ColumnPath::from(field.name().as_str()), *field.data_type() == DataType::Utf8);
            if !is_text || unique.contains(&field.name().as_str()) {
                with = with.set_column_dictionary_enabled(path.clone(), false);
            }
            let apart = if is_text { Encoding::DELTA_LENGTH_BYTE_ARRAY } else { Encoding::DELTA_BINARY_PACKED };
            with = with.set_column_encoding(path, apart);
        }
        let properties = with.build();
        let (_, columns) = Self::writer(&schema, &properties)?;
        Ok(Self { schema, properties, columns })
    }

    fn writer(
        schema: &SchemaRef,
        properties: &WriterProperties,
    ) -> Result<(SerializedFileWriter<Vec<u8>>, ArrowRowGroupWriterFactory)> {
        ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), with_properties(properties.clone()))
            .and_then(ArrowWriter::into_serialized_writer)
            .context(ErrorKind::Internal, "this schema has no Parquet form")
    }

    /// Encodes a row group, its columns side by side: `column` makes each when its turn comes. Texts may come as views.
    ///
    /// # Errors
    /// Internal, when a column has not the type of the schema; whatever `column` says.
    pub fn group(&self, rows: usize, column: impl Fn(usize) -> Result<ArrayRef> + Sync) -> Result<Group> {
        let unwritable = "cannot write rows as Parquet";
        let writers = self.columns.create_column_writers(0).context(ErrorKind::Internal, unwritable)?;
        let encoded = writers.into_par_iter().enumerate().map(|(i, mut writer)| {
            let (array, field) = (column(i)?, self.schema.field(i));
            let is_view = *array.data_type() == DataType::Utf8View && *field.data_type() == DataType::Utf8;
            if array.len() != rows || !(is_view || array.data_type() == field.data_type()) {
                return Err(Error::internal(format!("column {} does not fit its schema", field.name())));
            }
            for start in (0..rows).step_by(STREAMED.batch_rows) {
                let part = array.slice(start, STREAMED.batch_rows.min(rows - start));
                compute_leaves(field, &part)
                    .and_then(|leaves| leaves.iter().try_for_each(|leaf| writer.write(leaf)))
                    .context(ErrorKind::Internal, unwritable)?;
            }
            writer.close().context(ErrorKind::Internal, unwritable)
        });
        Ok(Group { columns: encoded.collect::<Result<_>>()?, rows: rows as u64 })
    }

    /// Begins a file.
    ///
    /// # Errors
    /// Internal, as [`Streamed::new`].
    pub fn part(&self) -> Result<Part> {
        Ok(Part { writer: Self::writer(&self.schema, &self.properties)?.0, rows: 0 })
    }
}

impl Part {
    /// Adds a row group of the same [`Streamed`].
    ///
    /// # Errors
    /// Internal, when it is of another schema.
    pub fn add(&mut self, group: Group) -> Result<()> {
        let unwritable = "cannot add a row group";
        let mut writer = self.writer.next_row_group().context(ErrorKind::Internal, unwritable)?;
        for column in group.columns {
            column.append_to_row_group(&mut writer).context(ErrorKind::Internal, unwritable)?;
        }
        writer.close().context(ErrorKind::Internal, unwritable)?;
        self.rows += group.rows;
        Ok(())
    }

    /// The bytes of the file, and its rows.
    ///
    /// # Errors
    /// Internal, when the footer cannot be written.
    pub fn finish(self) -> Result<(Bytes, u64)> {
        let bytes = self.writer.into_inner().context(ErrorKind::Internal, "cannot write the footer")?;
        Ok((bytes.into(), self.rows))
    }
}
