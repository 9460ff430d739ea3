//! What an operator may choose about the engine, and what is chosen for everybody: the README of this folder says why.
//! None of it changes a result.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::config::SpillCompression;
use datafusion::execution::context::SessionConfig;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use super::pool::Pool;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::config::{Config, Place};

/// Rows of a batch. The bytes of a table do not rest on it, but the pace of everything does.
const BATCH_ROWS: usize = 8192;
/// What the program itself takes of a memory limit, in bytes, but no more than a quarter of it: its code, and what it
/// knows of names and files.
const PROGRAM_BYTES: u64 = 256 << 20;
/// The share of what is left that operators may reserve, in percent.
const POOL_PERCENT: u64 = 50;
/// The share that tables may hold; those that are too many lie in files. Batches on their way take the rest.
const TABLES_PERCENT: u64 = 20;
/// What tables may hold where there is no limit: of the others a file is made anyway, and read as it is asked for.
const TABLES_BYTES: u64 = 64 << 20;
/// Files on disk that one sort merges at once under a limit: it takes memory for each, and leaves none to the next sort.
const MERGED_AT_ONCE: usize = 8;
/// What may lie in the spill folder at once.
pub(super) const SPILL_BYTES: u64 = 100_000_000_000;
/// The smaller side of a join up to this size goes to every partition instead of being partitioned: people, policies,
/// apps, so that seats stay where they are.
pub(super) const BROADCAST_BYTES: usize = 64 << 20;
/// The same in rows, where the size is not known.
pub(super) const BROADCAST_ROWS: usize = 2_000_000;

/// What an operator may choose about the engine; none of it changes a result.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Partitions of a plan; the number of cores by default.
    pub partitions: usize,
    /// The memory that the process may take, in bytes; unlimited when absent.
    pub memory: Option<u64>,
    /// The folder for what does not fit into it; the system's temporary folder when absent.
    pub spill: Option<PathBuf>,
    /// Where models are computed.
    pub place: Place,
}

impl Default for Settings {
    fn default() -> Self {
        let partitions = std::thread::available_parallelism().map_or(2, usize::from);
        Self { partitions, memory: None, spill: None, place: Place::Local }
    }
}

impl Settings {
    /// The same on this machine, wherever runs are computed: questions are answered here.
    pub fn here(config: &Config) -> Self {
        Self { place: Place::Local, ..Self::of(config) }
    }

    /// What the project file says.
    pub fn of(config: &Config) -> Self {
        let options = &config.project.engine;
        Self {
            memory: options.memory,
            spill: options.spill.as_ref().map(|folder| config.root.join(folder)),
            place: options.place.clone(),
            ..Self::default()
        }
    }

    /// The settings of a session.
    pub(super) fn session(&self) -> SessionConfig {
        let mut config =
            tuned(SessionConfig::new()).with_target_partitions(self.partitions).with_information_schema(true);
        if let Some(pool) = self.memory.map(pool_bytes) {
            // What a sort sets aside to merge in must leave it something to sort in.
            let reserved = usize::try_from(pool / 32).unwrap_or(usize::MAX) / self.partitions.max(1);
            let execution = &mut config.options_mut().execution;
            execution.sort_spill_reservation_bytes = execution.sort_spill_reservation_bytes.min(reserved);
        }
        config
    }

    /// Memory and disk of a session.
    ///
    /// # Errors
    /// Store, when the spill folder cannot be used.
    pub(super) fn runtime(&self) -> Result<Arc<RuntimeEnv>> {
        let mut builder = RuntimeEnvBuilder::new();
        if let Some(folder) = &self.spill {
            let unusable = || format!("cannot use the spill folder {}", folder.display());
            std::fs::create_dir_all(folder).context(ErrorKind::Store, unusable())?;
            builder = builder.with_temp_file_path(folder);
        }
        if let Some(memory) = self.memory {
            let pool = Pool::new(usize::try_from(pool_bytes(memory)).unwrap_or(usize::MAX));
            builder = builder.with_memory_pool(Arc::new(pool)).with_max_spill_merge_fan_in(MERGED_AT_ONCE);
        }
        let runtime = builder.with_max_temp_directory_size(SPILL_BYTES).build_arc();
        runtime.context(ErrorKind::Store, "cannot set up memory and spill folder")
    }
}

impl Settings {
    /// The bytes that tables may hold in memory.
    pub(super) fn room(&self) -> usize {
        let room = self.memory.map_or(TABLES_BYTES, |memory| left_of(memory) / 100 * TABLES_PERCENT);
        usize::try_from(room).unwrap_or(usize::MAX)
    }
}

/// What operators may reserve of a memory limit.
pub(super) fn pool_bytes(memory: u64) -> u64 {
    left_of(memory) / 100 * POOL_PERCENT
}

/// What the program leaves of a memory limit.
fn left_of(memory: u64) -> u64 {
    memory - PROGRAM_BYTES.min(memory / 4)
}

/// What is chosen for every session, of this process and of a cluster.
pub(super) fn tuned(config: SessionConfig) -> SessionConfig {
    let mut config = config.with_batch_size(BATCH_ROWS);
    let options = config.options_mut();
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.spill_compression = SpillCompression::Lz4Frame;
    options.optimizer.hash_join_single_partition_threshold = BROADCAST_BYTES;
    options.optimizer.hash_join_single_partition_threshold_rows = BROADCAST_ROWS;
    config
}
