//! The same models on a cluster: a scheduler and two executors of this program, over the project's own store. Every
//! table has the bytes, every view the rows that it has when it is computed here.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use seatledger::base::ErrorKind;
use seatledger::config::Place;
use seatledger::engine::{Catalogue, ExecutorOptions, SchedulerOptions, executor, scheduler};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::demo;
use super::project::{Project, Tables};

#[test]
fn a_cluster_computes_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    seatledger::demo::write(folder.path(), &demo::options()).unwrap();
    let project = Project::in_folder(folder);
    let here = Computed::of(&project.run(demo::AS_OF).unwrap());

    let cluster = Cluster::start();
    let project = project.computed_at(cluster.place.clone());
    let there = Computed::of(&project.build(demo::AS_OF).unwrap());

    assert!(
        here.tables.len() > 40 && here.views.values().any(|rows| rows.len() > 100),
        "there is something to compare"
    );
    assert_eq!(there.tables, here.tables);
    for (view, rows) in &here.views {
        assert!(there.views[view] == *rows, "{view} has other rows");
    }
    for executor in ["executor-a", "executor-b"] {
        let jobs = cluster.work.path().join(executor);
        assert!(files_below(&jobs) > 0, "{executor} had nothing to do");
    }
    assert_eq!(files_below(&project.path().join("warehouse/scratch")), 0, "what was laid out for the cluster is gone");
}

#[test]
fn a_cluster_that_is_not_there_is_named() {
    let [port] = free_ports();
    let project = Project::base().computed_at(Place::Cluster { host: "127.0.0.1".to_owned(), port });
    project.land().unwrap();
    let error = project.build("2026-03-01").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Source);
    let (address, message) = (format!("ballista://127.0.0.1:{port}"), error.to_string());
    assert!(message.contains(&address) && message.contains("seatledger cluster scheduler"), "{message}");
}

/// What a run computed: the hash of every table, the rows of every view.
struct Computed {
    tables: BTreeMap<String, String>,
    views: BTreeMap<String, Vec<String>>,
}

impl Computed {
    fn of(tables: &Tables) -> Self {
        let catalogue = Catalogue::load().unwrap();
        let (kept, views): (Vec<_>, Vec<_>) = catalogue.models().iter().partition(|model| model.is_table());
        let rows = |view: &str| {
            let mut rows: Vec<String> = tables.rows(view).iter().map(|row| format!("{row:?}")).collect();
            rows.sort();
            rows
        };
        Self {
            tables: kept.iter().map(|model| (model.name.clone(), tables.sha256(&model.name))).collect(),
            views: views.iter().map(|model| (model.name.clone(), rows(&model.name))).collect(),
        }
    }
}

/// A scheduler and two executors on loopback; they go away with it.
struct Cluster {
    place: Place,
    work: TempDir,
    runtime: Option<Runtime>,
}

impl Cluster {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let work = TempDir::new().unwrap();
        let [port, a, b, control_a, control_b] = free_ports();
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        runtime.spawn(scheduler(SchedulerOptions { bind: at(port), advertise: None }));
        for (name, rows, control_port) in [("executor-a", a, control_a), ("executor-b", b, control_b)] {
            runtime.spawn(executor(ExecutorOptions {
                scheduler_host: "127.0.0.1".to_owned(),
                scheduler_port: port,
                bind: at(rows),
                control_port,
                advertise: None,
                concurrency: 1,
                memory: Some(512_000_000),
                work_dir: work.path().join(name),
            }));
        }
        Self { place: Place::Cluster { host: "127.0.0.1".to_owned(), port }, work, runtime: Some(runtime) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// Ports that nobody listens on.
fn free_ports<const N: usize>() -> [u16; N] {
    let taken: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    taken.map(|listener| listener.local_addr().unwrap().port())
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}
