//! The processes of a cluster: one scheduler, any number of executors. They are Ballista's own, with our functions and
//! our way to open stores. No keys and no encryption: for a private network.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;

use super::super::settings;
use super::travel::{self, MESSAGE_BYTES};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// Seconds between two signs of life of an executor.
const HEARTBEAT_SECONDS: u64 = 10;
/// After so many seconds without one it is given up, and its tasks go to others; a job without any executor fails.
const SILENCE_SECONDS: u64 = 60;
/// Seconds an executor waits for its scheduler to come up.
const CONNECT_SECONDS: u16 = 30;
/// What a job leaves on an executor's disk goes after so many seconds without a change, at the latest.
const LEFTOVER_SECONDS: u64 = 24 * 3600;
/// Seconds between two looks for it.
const CLEAN_SECONDS: u64 = 600;

/// What a scheduler is told.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Where it listens.
    pub bind: SocketAddr,
    /// The name under which executors reach it; the address it listens on when absent.
    pub advertise: Option<String>,
}

/// What an executor is told.
#[derive(Debug, Clone)]
pub struct ExecutorOptions {
    /// The scheduler's host.
    pub scheduler_host: String,
    /// The scheduler's port.
    pub scheduler_port: u16,
    /// Where it hands out rows.
    pub bind: SocketAddr,
    /// The port at which it takes tasks.
    pub control_port: u16,
    /// The name under which others reach it; what the scheduler sees when absent.
    pub advertise: Option<String>,
    /// Tasks at once.
    pub concurrency: usize,
    /// The memory of all tasks together, in bytes; a share of the machine's when absent.
    pub memory: Option<u64>,
    /// The folder for rows between stages, and for what does not fit into memory.
    pub work_dir: PathBuf,
}

/// Serves as the scheduler of a cluster, for as long as the process lives.
///
/// # Errors
/// Usage when nobody could reach it; Source when it cannot listen.
pub async fn scheduler(options: SchedulerOptions) -> Result<()> {
    let SchedulerOptions { bind, advertise } = options;
    let reachable = advertise.or_else(|| (!bind.ip().is_unspecified()).then(|| bind.ip().to_string()));
    let external_host = reachable.ok_or_else(|| {
        Error::usage(format!("executors cannot call {}: name this machine by --advertise", bind.ip()))
    })?;
    let config = SchedulerConfig {
        bind_host: bind.ip().to_string(),
        bind_port: bind.port(),
        external_host,
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        executor_timeout_seconds: SILENCE_SECONDS,
        no_executors_grace_period_seconds: SILENCE_SECONDS,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES,
        grpc_client_max_message_size: MESSAGE_BYTES,
        override_config_producer: Some(Arc::new(|| travel::config(""))),
        override_session_builder: Some(Arc::new(|config| travel::state(config, RuntimeEnvBuilder::new().build_arc()?))),
        ..SchedulerConfig::default()
    };
    let failed = || format!("the scheduler at {bind} stopped");
    let cluster = BallistaCluster::new_from_config(&config).await.context(ErrorKind::Source, failed())?;
    start_server(cluster, bind, Arc::new(config)).await.context(ErrorKind::Source, failed())
}

/// Serves as an executor of a cluster until it is told to stop; then it finishes its tasks.
///
/// # Errors
/// Store when the working folder cannot be made; Source when there is no scheduler, or it cannot listen.
pub async fn executor(options: ExecutorOptions) -> Result<()> {
    let bind = options.bind;
    // Everything in the folder of rows is deleted at times: it must be nobody else's.
    let own = options.work_dir.join(format!("executor-{}", bind.port()));
    let (shuffle, spill) = (own.join("shuffle"), own.join("spill"));
    for folder in [&shuffle, &spill] {
        let unusable = || format!("cannot make {}", folder.display());
        std::fs::create_dir_all(folder).context(ErrorKind::Store, unusable())?;
    }
    let functions = travel::state(travel::config(""), Arc::default());
    let functions = functions.context(ErrorKind::Internal, "functions of an executor")?;
    let config = ExecutorProcessConfig {
        bind_host: bind.ip().to_string(),
        external_host: options.advertise,
        port: bind.port(),
        grpc_port: options.control_port,
        scheduler_host: options.scheduler_host,
        scheduler_port: options.scheduler_port,
        scheduler_connect_timeout_seconds: CONNECT_SECONDS,
        vcores: options.concurrency,
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        work_dir: Some(shuffle.display().to_string()),
        job_data_ttl_seconds: LEFTOVER_SECONDS,
        job_data_clean_up_interval_seconds: CLEAN_SECONDS,
        grpc_max_decoding_message_size: MESSAGE_BYTES,
        grpc_max_encoding_message_size: MESSAGE_BYTES,
        executor_heartbeat_interval_seconds: HEARTBEAT_SECONDS,
        memory_pool_size: options.memory.map(settings::pool_bytes),
        override_function_registry: Some(Arc::new((&functions).into())),
        override_config_producer: Some(Arc::new(|| travel::config(""))),
        override_runtime_producer: Some(Arc::new(move |config| {
            let runtime = RuntimeEnvBuilder::new()
                .with_temp_file_path(spill.clone())
                .with_max_temp_directory_size(settings::SPILL_BYTES)
                .build_arc()?;
            travel::open_store(config, &runtime)?;
            Ok(runtime)
        })),
        ..ExecutorProcessConfig::default()
    };
    let failed = || format!("the executor at {bind} stopped");
    start_executor_process(Arc::new(config)).await.context(ErrorKind::Source, failed())
}
