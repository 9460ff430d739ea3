//! The rows of a model on their way out of an engine: held to their schema and their grain, and kept in memory, or in
//! a file where they are too many.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::pretty::pretty_format_batches;
use bytes::Bytes;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::spill_file::{SpillFile, SpillWriter};

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::schema::Grain;
use crate::store::parquet::{self, Encoder};

/// The rows of a table.
#[derive(Clone)]
pub(super) enum Rows {
    /// At hand.
    Memory(Vec<RecordBatch>),
    /// A Parquet file with the bytes that will be committed; it goes away with its last reader.
    File(Arc<dyn SpillFile>),
}

impl Rows {
    /// The rows as a Parquet file.
    ///
    /// # Errors
    /// Internal when the rows do not fit the schema; Store when the file cannot be read.
    pub(super) fn encode(&self, schema: &SchemaRef) -> Result<Bytes> {
        match self {
            Self::Memory(batches) => parquet::encode(schema, batches),
            Self::File(file) => {
                let path = file.path().ok_or_else(|| Error::internal("spilled rows without a path"))?;
                let unreadable = || format!("cannot read {}", path.display());
                Ok(std::fs::read(path).context(ErrorKind::Store, unreadable())?.into())
            }
        }
    }

    /// The rows in memory.
    ///
    /// # Errors
    /// As [`Rows::encode`].
    pub(super) fn batches(&self, schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
        match self {
            Self::Memory(batches) => Ok(batches.clone()),
            Self::File(_) => Ok(parquet::decode(self.encode(schema)?)?.1),
        }
    }
}

/// Takes the rows of one model.
pub(super) struct Intake {
    name: String,
    schema: SchemaRef,
    /// Present for rows that come sorted by it.
    grain: Option<Grain>,
    disk: Arc<DiskManager>,
    /// The bytes that may stay in memory.
    room: usize,
    bytes: usize,
    count: usize,
    batches: Vec<RecordBatch>,
    file: Option<Spilling>,
}

/// A file that rows are written to, and who writes them.
type Spilling = (Arc<dyn SpillFile>, Encoder<Box<dyn SpillWriter>>);

impl Intake {
    /// For a model's rows, sorted by the columns of its grain where there are any. Of those bytes that find no room in
    /// memory, a file is made.
    ///
    /// # Errors
    /// Data when the schema has not the columns of the grain.
    pub(super) fn new(
        name: &str,
        schema: &SchemaRef,
        grain: &[String],
        disk: &Arc<DiskManager>,
        room: usize,
    ) -> Result<Self> {
        let grain = if grain.is_empty() { None } else { Some(Grain::new(schema, grain)?) };
        let (name, schema, disk) = (name.to_owned(), Arc::clone(schema), Arc::clone(disk));
        Ok(Self { name, schema, grain, disk, room, bytes: 0, count: 0, batches: Vec::new(), file: None })
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// Data when two rows are one by the grain; Store when they cannot be written to disk.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
            .context(ErrorKind::Internal, "rows do not fit their schema")?;
        self.check(&batch)?;
        self.count += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        match &mut self.file {
            Some((_, encoder)) => encoder.push(&batch),
            None => {
                self.batches.push(batch);
                if self.bytes > self.room { self.spill() } else { Ok(()) }
            }
        }
    }

    /// Holds rows to the grain.
    fn check(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(grain) = &mut self.grain else { return Ok(()) };
        let name = |at: usize| batch.schema_ref().field(at).name().clone();
        if let Some(at) = grain.columns().iter().find(|at| batch.column(**at).null_count() > 0) {
            return Err(Error::data(format!("grain column `{}` holds nulls", name(*at))));
        }
        if let Some(row) = grain.repeated(batch)? {
            let names: Vec<_> = grain.columns().iter().map(|at| name(*at)).collect();
            let shown = show(&[batch.slice(row, 1)])?;
            return Err(Error::data(format!("two rows of one ({}):\n{shown}", names.join(", "))));
        }
        Ok(())
    }

    /// Forgets everything: the rows come once more.
    pub(super) fn restart(&mut self) {
        (self.bytes, self.count, self.file) = (0, 0, None);
        self.batches.clear();
        if let Some(grain) = &mut self.grain {
            grain.restart();
        }
    }

    /// How many rows there are, and the rows.
    ///
    /// # Errors
    /// Store when the last of them cannot be written to disk.
    pub(super) fn finish(self) -> Result<(usize, Rows)> {
        match self.file {
            None => Ok((self.count, Rows::Memory(self.batches))),
            Some((file, encoder)) => {
                encoder.finish()?.finish().context(ErrorKind::Store, "cannot write spilled rows")?;
                Ok((self.count, Rows::File(file)))
            }
        }
    }

    fn spill(&mut self) -> Result<()> {
        let failed = || format!("cannot write the rows of {} to the spill folder", self.name);
        let file = self.disk.create_tmp_file(&self.name).context(ErrorKind::Store, failed())?;
        let mut encoder = Encoder::new(&self.schema, file.open_writer().context(ErrorKind::Store, failed())?)?;
        for batch in self.batches.drain(..) {
            encoder.push(&batch)?;
        }
        self.file = Some((file, encoder));
        Ok(())
    }
}

/// Rows for people.
pub(super) fn show(batches: &[RecordBatch]) -> Result<String> {
    Ok(pretty_format_batches(batches).context(ErrorKind::Internal, "rows to show")?.to_string())
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::execution::runtime_env::RuntimeEnv;

    use super::*;

    fn batch(from: i64, to: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new((from..to).collect::<Int64Array>());
        let words: ArrayRef = Arc::new((from..to).map(|n| Some(format!("word {}", n % 97))).collect::<StringArray>());
        RecordBatch::try_from_iter_with_nullable([("number", numbers, true), ("word", words, true)]).unwrap()
    }

    fn taken(room: usize, batches: &[RecordBatch]) -> Result<(usize, Rows)> {
        let disk = Arc::clone(&RuntimeEnv::default().disk_manager);
        let mut intake = Intake::new("core.seats", &batches[0].schema(), &["number".to_owned()], &disk, room)?;
        batches.iter().try_for_each(|batch| intake.push(batch))?;
        intake.restart();
        batches.iter().try_for_each(|batch| intake.push(batch))?;
        intake.finish()
    }

    #[test]
    fn rows_without_room_have_the_same_bytes_in_a_file() {
        let batches = [batch(0, 5000), batch(5000, 5001), batch(5001, 30_000)];
        let schema = batches[0].schema();
        let (count, held) = taken(usize::MAX, &batches).unwrap();
        let (spilled_count, spilled) = taken(100_000, &batches).unwrap();
        assert!(matches!((&held, &spilled), (Rows::Memory(_), Rows::File(_))));
        assert_eq!([count, spilled_count], [30_000; 2]);
        assert_eq!(spilled.encode(&schema).unwrap(), held.encode(&schema).unwrap());
        let rows = |rows: &Rows| arrow::compute::concat_batches(&schema, &rows.batches(&schema).unwrap()).unwrap();
        assert_eq!(rows(&spilled).columns(), rows(&held).columns());
    }

    #[test]
    fn two_rows_of_one_grain_are_found_across_batches_and_files() {
        for room in [0, usize::MAX] {
            let error = taken(room, &[batch(0, 10), batch(9, 20)]).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Data);
            assert!(error.to_string().contains("two rows of one (number)"), "{error}");
        }
    }
}
