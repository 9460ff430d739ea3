//! The program killed at any moment, and six of it at once: the store on disk stays whole, and the day's answer the same.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use seatledger::store::{Chain, Fsck, Store};

use super::fault::Draw;
use super::project::Project;

const DAY: &str = "2026-11-20";
/// How often the program is killed, unless `SEATLEDGER_KILLS` says.
const KILLS: u64 = 20;
/// Kills before a store is begun anew, so that each part of a first run is hit as well.
const KILLS_OF_A_STORE: u64 = 4;

#[test]
fn a_program_killed_at_any_moment_leaves_a_whole_store() {
    let kills = seatledger::config::env("SEATLEDGER_KILLS").and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let project = Project::base();
    let began = Instant::now();
    assert_eq!(start(project.path()).wait().unwrap().code(), Some(0));
    let takes = began.elapsed();
    let expected = candidates(project.path());

    let draw = Draw::new(kills);
    for kill in 0..kills {
        if kill % KILLS_OF_A_STORE == 0 {
            for folder in ["warehouse", "outputs"] {
                let _ = fs::remove_dir_all(project.path().join(folder));
            }
        }
        // One writer, or two at once.
        let mut writers: Vec<Child> = (0..=kill % 2).map(|_| start(project.path())).collect();
        for writer in &mut writers {
            std::thread::sleep(Duration::from_micros(draw.below(takes.as_micros() as u64)));
            let _ = writer.kill();
        }
        for mut writer in writers {
            writer.wait().unwrap();
        }
        let found = fsck(project.path());
        assert!(found.ok, "kill {kill} of {kills}: {:?}", found.findings);
        if kill % KILLS_OF_A_STORE == KILLS_OF_A_STORE - 1 || kill + 1 == kills {
            assert_eq!(start(project.path()).wait().unwrap().code(), Some(0), "after kill {kill}");
            assert!(candidates(project.path()) == expected, "after kill {kill} the candidates are others");
            assert!(fsck(project.path()).ok);
        }
    }
}

#[test]
fn six_programs_at_once_commit_one_after_the_other_or_not_at_all() {
    let project = Project::base();
    assert_eq!(start(project.path()).wait().unwrap().code(), Some(0));
    let (before, expected) = (runs(project.path()), candidates(project.path()));
    let six: Vec<Child> = (0..6).map(|_| start(project.path())).collect();
    let codes: Vec<Option<i32>> = six.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    let won = codes.iter().filter(|code| **code == Some(0)).count();
    assert!(won >= 1 && codes.iter().all(|code| matches!(code, Some(0 | 75))), "{codes:?}");
    assert_eq!(runs(project.path()), before + won, "{codes:?}");
    assert!(candidates(project.path()) == expected);
    assert!(fsck(project.path()).ok);
}

fn start(project: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_seatledger"))
        .args(["run", "--quiet", "--partitions", "1", "--as-of", DAY, "--project"])
        .arg(project)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts")
}

fn candidates(project: &Path) -> Vec<u8> {
    fs::read(project.join("outputs").join(DAY).join("candidates.csv")).unwrap()
}

fn fsck(project: &Path) -> Fsck {
    with_store(project, async |store| store.fsck(true).await)
}

fn runs(project: &Path) -> usize {
    with_store(project, async |store| store.records(&Chain::Runs).await).len()
}

fn with_store<T>(project: &Path, look: impl AsyncFnOnce(Store) -> seatledger::base::Result<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(look(Store::open("warehouse", project).unwrap())).unwrap()
}
