//! A project folder of a test's own: copied, changed, landed and run in process, as often as the test likes.
#![allow(dead_code, reason = "stories, properties and command tests each use a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Utc};
use seatledger::base::progress::Quiet;
use seatledger::base::{AsOf, Clock, Result};
use seatledger::config::Place;
use seatledger::engine::Settings;
use seatledger::ingest::{LandOptions, LandReport, Outcome};
use seatledger::job::{Job, Outputs, Run, RunOptions};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// One row of a table: text by column, empty where the value is NULL.
pub type Row = BTreeMap<String, String>;

/// A project in a folder that goes away with it.
pub struct Project {
    folder: TempDir,
    runtime: Arc<Runtime>,
    clock: Clock,
    settings: Settings,
}

/// The tables of one run.
pub struct Tables {
    /// The run itself.
    pub run: Run,
    runtime: Arc<Runtime>,
}

impl Project {
    /// The tiny project that every story starts from.
    pub fn base() -> Self {
        Self::copy_of(&scenarios().join("_base"))
    }

    /// A project without any file.
    pub fn empty() -> Self {
        Self::in_folder(TempDir::new().unwrap())
    }

    /// A project with the files of a folder.
    pub fn copy_of(folder: &Path) -> Self {
        Self::in_folder(TempDir::new().unwrap()).with_files_of(folder)
    }

    /// The project that is in a folder, or will be.
    pub fn in_folder(folder: TempDir) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let settings = Settings { partitions: 2, ..Settings::default() };
        Self { folder, runtime: Arc::new(runtime), clock: Clock::Fixed(long_after()), settings }
    }

    /// The same with the files of a folder laid over it.
    #[must_use]
    pub fn with_files_of(self, folder: &Path) -> Self {
        copy(folder, self.path());
        self
    }

    /// The same with one file written anew.
    #[must_use]
    pub fn with(self, file: &str, text: &str) -> Self {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The same with a file of these bytes.
    #[must_use]
    pub fn with_bytes(self, file: &str, bytes: &[u8]) -> Self {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// The same with a secret in a file that nobody else may read.
    #[must_use]
    pub fn with_secret(self, file: &str, secret: &str) -> Self {
        let project = self.with(file, secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(project.path().join(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
        project
    }

    /// The same without a file that is there.
    #[must_use]
    pub fn without(self, file: &str) -> Self {
        fs::remove_file(self.path().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        self
    }

    /// The same, worked on at another time.
    #[must_use]
    pub fn at(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same, planned in so many partitions.
    #[must_use]
    pub fn in_partitions(self, partitions: usize) -> Self {
        let settings = Settings { partitions, ..self.settings.clone() };
        Self { settings, ..self }
    }

    /// The same, computed within so many bytes of memory; without a limit when absent.
    #[must_use]
    pub fn within(self, memory: Option<u64>) -> Self {
        let settings = Settings { memory, ..self.settings.clone() };
        Self { settings, ..self }
    }

    /// The same, computed elsewhere.
    #[must_use]
    pub fn computed_at(self, place: Place) -> Self {
        let settings = Settings { place, ..self.settings.clone() };
        Self { settings, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Lands what is not landed yet.
    pub fn land(&self) -> Result<LandReport> {
        self.land_with(&LandOptions::default())
    }

    /// The same with options.
    pub fn land_with(&self, options: &LandOptions) -> Result<LandReport> {
        self.with_job(async |job| job.ingest(options, &Quiet).await)
    }

    /// Runs one day over what has landed.
    pub fn build(&self, as_of: &str) -> Result<Tables> {
        self.build_of(as_of, None, false)
    }

    /// The same as if there were no earlier run; of some models only, where those of a run of the day are there.
    pub fn rebuild(&self, as_of: &str, select: Option<&str>) -> Result<Tables> {
        self.build_of(as_of, select, true)
    }

    fn build_of(&self, as_of: &str, select: Option<&str>, rebuild: bool) -> Result<Tables> {
        let settings = self.settings.clone();
        let select = select.map(str::to_owned);
        let options = RunOptions { as_of: AsOf::parse(as_of)?, select, rebuild, settings };
        let run = self.runtime.block_on(async { self.open().await?.build(&options, &Quiet).await })?;
        Ok(Tables { run, runtime: self.runtime.clone() })
    }

    /// Lands everything, which must go well, and runs one day.
    pub fn run(&self, as_of: &str) -> Result<Tables> {
        for landing in self.land()?.landings {
            if let Outcome::Refused { reason_code, message } = &landing.outcome {
                panic!("{}/{} is refused ({reason_code}): {message}", landing.source, landing.stream);
            }
        }
        self.build(as_of)
    }

    /// Writes what people open after a run.
    pub fn publish(&self, tables: &Tables) -> Result<Outputs> {
        self.with_job(async |job| job.publish(&tables.run).await)
    }

    /// Opens the project for whatever else a test asks of it.
    pub fn with_job<T>(&self, act: impl AsyncFnOnce(Job) -> Result<T>) -> Result<T> {
        self.runtime.block_on(async { act(self.open().await?).await })
    }

    /// Waits for something that opens the project itself.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    async fn open(&self) -> Result<Job> {
        Job::open(self.path(), self.clock).await
    }
}

impl Tables {
    /// Every row of a table.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        rows_of(&self.runtime.block_on(self.run.session.table(table)).unwrap_or_else(|e| panic!("{table}: {e}")))
    }

    /// The rows of a question.
    pub fn ask(&self, sql: &str) -> Vec<Row> {
        let (_, batches) = self.runtime.block_on(self.run.session.query(sql)).unwrap_or_else(|e| panic!("{sql}: {e}"));
        batches.iter().flat_map(rows_of).collect()
    }

    /// The one value of a question.
    pub fn value(&self, sql: &str) -> String {
        let [row] = &self.ask(sql)[..] else { panic!("{sql}: not one row") };
        row.values().next().unwrap_or_else(|| panic!("{sql}: no column")).clone()
    }

    /// The stored bytes of a table, by their hash in the run record.
    pub fn sha256(&self, table: &str) -> String {
        let sha256 = &self.run.record.body["tables"][table]["sha256"];
        sha256.as_str().unwrap_or_else(|| panic!("the run has no table {table}")).to_owned()
    }
}

/// Does one thing for each item, on as many threads as there are cores, and gathers what comes back in order.
/// Not on rayon's own threads: landing waits for those.
pub fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let thread = || {
            let turns = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            turns.map_while(|at| Some((at, work(items.get(at)?)))).collect::<Vec<_>>()
        };
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        running.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, found)| found).collect()
}

/// The folder of the stories.
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// However late it is, a run speaks for its as-of date.
fn long_after() -> DateTime<Utc> {
    "2027-03-01T06:00:00Z".parse().unwrap()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The rows of a batch.
pub fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let cells: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
    let row =
        |at| schema.fields().iter().zip(&cells).map(|(f, c)| (f.name().clone(), c.value(at).to_string())).collect();
    (0..batch.num_rows()).map(row).collect()
}
