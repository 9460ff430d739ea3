//! One demo company for every test that only looks at it: made, landed, run and published once.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use seatledger::demo::{self, DemoOptions, DemoSummary};
use seatledger::job::Outputs;
use tempfile::TempDir;

use super::project::{Project, Tables};

/// The day it speaks for.
pub const AS_OF: &str = "2026-11-20";

/// The company, its run, and what the run left for people.
pub struct Demo {
    /// Where it is: the folder goes away with it.
    pub project: Project,
    /// What was made.
    pub summary: DemoSummary,
    /// The run of [`AS_OF`].
    pub tables: Tables,
    /// Its files.
    pub outputs: Outputs,
}

/// The demo; whoever asks first makes it.
pub fn demo() -> &'static Demo {
    static DEMO: OnceLock<Result<Demo, String>> = OnceLock::new();
    DEMO.get_or_init(|| make().map_err(|e| e.to_string())).as_ref().unwrap_or_else(|e| panic!("the demo: {e}"))
}

/// The smallest company in which every case is as it promises.
pub fn options() -> DemoOptions {
    DemoOptions { seats: 300, days: 150, ..DemoOptions::new(AS_OF.parse().unwrap()) }
}

fn make() -> seatledger::base::Result<Demo> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
    remove_leftovers(home);
    let folder = TempDir::with_prefix_in("demo-", home).unwrap();
    let summary = demo::write(folder.path(), &options())?;
    let project = Project::in_folder(folder);
    let tables = project.run(AS_OF)?;
    let outputs = project.publish(&tables)?;
    Ok(Demo { project, summary, tables, outputs })
}

/// A static is never dropped, so each process of tests leaves its demo behind: the next one clears the old ones away.
fn remove_leftovers(home: &Path) {
    for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
        let is_demo = entry.file_name().to_string_lossy().starts_with("demo-");
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_demo && age.is_some_and(|age| age > Duration::from_secs(3600)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
