//! `cluster`: the processes behind `--engine ballista://host:port`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::terminal::Terminal;
use crate::base::Result;
use crate::config;
use crate::engine::{self, ExecutorOptions, SchedulerOptions};

/// A part of a cluster
///
/// Every machine runs the same release, opens the same store (the same folder at the same path, or a bucket with
/// credentials of its own), and stands in a private network: nothing is encrypted, nobody is asked for a key.
#[derive(Debug, Subcommand)]
pub(super) enum Cluster {
    /// Takes plans and hands out their tasks; one a cluster
    Scheduler(Scheduler),
    /// Computes tasks; any number a cluster
    Executor(Executor),
}

#[derive(Debug, Args)]
pub(super) struct Scheduler {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "IP:PORT")]
    bind: SocketAddr,
    /// The name of this machine for executors; the address it listens on when absent
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Executor {
    /// The scheduler
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "HOST:PORT", value_parser = parse_address)]
    scheduler: (String, u16),
    /// Where it hands out rows; it takes tasks at the next port
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "IP:PORT")]
    bind: SocketAddr,
    /// The name of this machine for others; the address the scheduler sees when absent
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
    /// Tasks at once; the cores of the machine by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: Option<u16>,
    /// The memory of all tasks together, such as 4GB; what does not fit goes to disk. A share of the machine's memory
    /// when absent
    #[arg(long, value_name = "SIZE", value_parser = config::parse_memory)]
    memory: Option<u64>,
    /// The folder for rows between the stages of a plan: a fast disk, with room for the largest model a few times over
    #[arg(long, value_name = "DIR")]
    work_dir: PathBuf,
}

impl Cluster {
    pub(super) async fn run(self, terminal: &Terminal) -> Result<u8> {
        match self {
            Self::Scheduler(Scheduler { bind, advertise }) => {
                terminal.say(&format!("scheduler at {bind}; runs use it with --engine ballista://{bind}"));
                engine::scheduler(SchedulerOptions { bind, advertise }).await?;
            }
            Self::Executor(options) => {
                let options = options.options();
                let (bind, tasks) = (options.bind, options.concurrency);
                terminal.say(&format!("executor at {bind}, {tasks} tasks at once; SIGTERM lets it finish them"));
                engine::executor(options).await?;
            }
        }
        Ok(0)
    }
}

impl Executor {
    fn options(self) -> ExecutorOptions {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let (scheduler_host, scheduler_port) = self.scheduler;
        ExecutorOptions {
            scheduler_host,
            scheduler_port,
            control_port: self.bind.port().wrapping_add(1),
            bind: self.bind,
            advertise: self.advertise,
            concurrency: self.concurrency.map_or_else(cores, usize::from),
            memory: self.memory,
            work_dir: self.work_dir,
        }
    }
}

fn parse_address(text: &str) -> Result<(String, u16), String> {
    let address = text.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    address.filter(|(host, _)| !host.is_empty()).ok_or_else(|| format!("`{text}` is no HOST:PORT"))
}
