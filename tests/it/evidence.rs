//! What goes on record stays there, can be computed again, and names nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use seatledger::base::{Clock, ErrorKind};
use seatledger::engine::Settings;
use seatledger::identity::Name;
use seatledger::job::{self, Job, RunOptions, Words};
use seatledger::log::{self, Entry, EntryKind};
use seatledger::snapshot::{self, VerifyOptions};
use seatledger::store::{Chain, FindingKind, GcAction, Store, parquet, sha256_hex};
use tempfile::TempDir;

use super::fault::{Fault, FaultStore, Op};
use super::project::{Project, scenarios};

const DAY: &str = "2026-11-20";
/// What data calls Ida, who is a candidate in two apps.
const IDA: &[&str] = &["ida@northwind.example", "f-ida", "00u-ida", "Ida,", "\"Ida\""];

fn entries(project: &Project) -> Vec<Entry> {
    project.with_job(async |job| log::entries(&job.store, 0).await).unwrap()
}

fn count(entries: &[Entry], kind: EntryKind) -> usize {
    entries.iter().filter(|entry| entry.kind == kind).count()
}

fn detail(entry: &Entry) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&entry.payload).unwrap()["detail"].clone()
}

#[test]
fn what_a_run_concludes_goes_on_record_once() {
    let project = Project::base().with_files_of(&scenarios().join("05-hold"));
    let tables = project.run(DAY).unwrap();
    project.publish(&tables).unwrap();
    let candidates = tables.rows("policy.candidates").len();
    let first = entries(&project);
    assert!(candidates > 0 && count(&first, EntryKind::CandidateOpened) == candidates);
    assert!(count(&first, EntryKind::HoldSet) > 0, "answers of people are entries");
    assert_eq!(count(&first, EntryKind::PolicyActivated), 2);
    assert_eq!(count(&first, EntryKind::EvaluationCompleted), 1);
    assert_eq!(count(&first, EntryKind::SnapshotPublished), 1);
    assert!(first.iter().all(|e| !e.payload.contains("f-ida") && !e.payload.contains("northwind")), "keys, no names");

    let again = project.run(DAY).unwrap();
    project.publish(&again).unwrap();
    let second = entries(&project);
    let new: Vec<EntryKind> = second[first.len()..].iter().map(|e| e.kind).collect();
    assert_eq!(new, [EntryKind::EvaluationCompleted, EntryKind::SnapshotPublished], "nothing else is new");
    assert_eq!(detail(&second[first.len()])["candidates"], detail(first.iter().rev().nth(1).unwrap())["candidates"]);
}

#[test]
fn a_candidate_that_is_none_any_more_is_withdrawn_and_a_job_that_was_killed_loses_no_entry() {
    let project = Project::base();
    project.land().unwrap();
    let commit_only = |day: &str| {
        let as_of = seatledger::base::AsOf::parse(day).unwrap();
        let settings = Settings { partitions: 2, ..Settings::default() };
        let options = RunOptions { as_of, select: None, rebuild: false, settings };
        project
            .with_job(async |job| {
                let computed = job.compute(&options, &seatledger::base::progress::Quiet).await?;
                job.commit(&computed).await
            })
            .unwrap()
    };
    // Committed, and killed before a word of it was logged.
    commit_only(DAY);
    assert_eq!(entries(&project).len(), 0);
    let exception = scenarios().join("04-exception");
    let project = project.with_files_of(&exception);
    let tables = project.run("2026-11-21").unwrap();
    let log = entries(&project);
    let runs: Vec<serde_json::Value> = log
        .iter()
        .filter(|e| e.kind == EntryKind::EvaluationCompleted)
        .map(|entry| detail(entry)["as_of"].clone())
        .collect();
    assert_eq!(runs, [DAY, "2026-11-21"], "the run before got its entries, too");
    let opened = count(&log, EntryKind::CandidateOpened);
    let withdrawn = count(&log, EntryKind::CandidateWithdrawn);
    assert!(withdrawn > 0, "an exception ends a candidate");
    assert_eq!(opened - withdrawn, tables.rows("policy.candidates").len());
    // A run of a day that is past redoes history and says so.
    project.build(DAY).unwrap();
    let last = entries(&project).pop().unwrap();
    assert_eq!(detail(&last)["is_history"], true);
}

#[test]
fn a_snapshot_is_computed_again_byte_for_byte_whatever_the_order_of_its_inputs() {
    let project = Project::base().with_files_of(&scenarios().join("22-overrides"));
    let outputs = project.publish(&project.run(DAY).unwrap()).unwrap();
    let replay = |path: &Path, partitions: usize| {
        project.with_job(async |_| job::replay(path, &Settings { partitions, ..Settings::default() }).await).unwrap()
    };
    for partitions in [1, 2, 7] {
        let replay = replay(&outputs.snapshot, partitions);
        assert!(replay.ok && replay.tables > 20 && replay.rows > 20, "{replay}");
    }
    let other = TempDir::new().unwrap();
    copy(&outputs.snapshot, other.path());
    for file in files_below(&other.path().join("data")) {
        let table = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        if !["policy.", "review.", "marts."].iter().any(|concluding| table.starts_with(concluding)) {
            reverse(&file);
        }
    }
    assert!(replay(other.path(), 2).ok, "inputs in another order");

    // A conclusion that does not follow, and rules that the policy files do not say.
    let seats = other.path().join("data/core.seats/part-00000.parquet");
    let (schema, batches) = parquet::decode(fs::read(&seats).unwrap().into()).unwrap();
    fs::write(&seats, parquet::encode(&schema, &[batches[0].slice(1, batches[0].num_rows() - 1)]).unwrap()).unwrap();
    let policy = other.path().join("policy/figma.toml");
    let text = fs::read_to_string(&policy).unwrap();
    assert!(text.contains("inactive_after_days = 90"));
    fs::write(&policy, text.replace("inactive_after_days = 90", "inactive_after_days = 30")).unwrap();
    let replay = replay(other.path(), 2);
    assert!(replay.differences.iter().any(|d| d.contains("data/policy.evaluations/")), "{replay}");
    assert!(replay.differences.iter().any(|d| d.contains("policies.versions")), "{replay}");
}

#[test]
fn a_snapshot_names_nobody_and_the_index_chains_them() {
    let project = Project::base();
    let tables = project.run(DAY).unwrap();
    let outputs = project.publish(&tables).unwrap();
    let mut names: Vec<String> = Vec::new();
    for (table, column) in
        [("core.persons", "work_email"), ("core.persons", "display_name"), ("core.seats", "account_id")]
    {
        names.extend(tables.rows(table).iter().map(|row| row[column].clone()).filter(|name| name.len() > 4));
    }
    assert!(names.len() > 10);
    let sealed = cells(&outputs.snapshot);
    for name in &names {
        let found: Vec<_> = sealed.iter().filter(|(_, text)| text.contains(name.as_str())).map(|(f, _)| f).collect();
        // The rules name their owner, as an office.
        assert!(found.iter().all(|file| file.starts_with("policy")), "{name} in {found:?}");
    }
    let next = project.publish(&project.run("2026-11-21").unwrap()).unwrap();
    let index = project.with_job(async |job| job.store.records(&Chain::Snapshots).await).unwrap();
    assert_eq!(index.len(), 2);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(next.snapshot.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["prev_index_sha256"], index[0].sha256);
    let sums = fs::read(next.snapshot.join("SHA256SUMS")).unwrap();
    assert_eq!(index[1].body["sums_sha256"], sha256_hex(&sums));
    let stored = project.path().join("warehouse").join(index[1].body["directory"].as_str().unwrap());
    let folder = project.path().join("warehouse/snapshots/index");
    let verify = |path: &Path, index: &Path| {
        let (since, index) = (Some(outputs.snapshot.clone()), Some(index.to_owned()));
        snapshot::verify(path, &VerifyOptions { since, index, ..VerifyOptions::default() }).unwrap()
    };
    for path in [&next.snapshot, &stored] {
        let verification = verify(path, &folder);
        assert!(verification.ok, "{verification}");
    }
    // An index without the snapshot, one that was edited, one with a hole.
    let other = TempDir::new().unwrap();
    copy(&folder, other.path());
    let record = |version: u64| other.path().join(format!("{version:020}.json"));
    fs::remove_file(record(2)).unwrap();
    assert!(verify(&next.snapshot, other.path()).to_string().contains("never published"));
    copy(&folder, other.path());
    let text = fs::read_to_string(record(1)).unwrap();
    fs::write(record(1), text.replace("2026-11-20", "2026-11-19")).unwrap();
    assert!(verify(&next.snapshot, other.path()).to_string().contains("one was altered"));
    fs::remove_file(record(1)).unwrap();
    assert!(verify(&next.snapshot, other.path()).to_string().contains("record 1 is missing"));
}

#[test]
fn an_erased_person_is_nowhere_and_every_snapshot_still_verifies() {
    // A story in which states of Terraform and changes in the log name her too.
    let project = Project::base().with_files_of(&scenarios().join("57-out-of-band-change"));
    let earlier = project.publish(&project.run(DAY).unwrap()).unwrap();
    let others = project.run("2026-11-21").unwrap();
    let outputs = project.publish(&others).unwrap();
    let kept: Vec<String> = candidate_ids(&others.rows("policy.candidates"), "f-ian");
    assert!(holders(&project).len() > 5, "the search finds what is there: {:?}", holders(&project));
    assert!(
        holders(&project).iter().any(|file| file.starts_with("warehouse/raw/terraform/")),
        "{:?}",
        holders(&project)
    );
    let erase = |name: &str, apply: bool| {
        project.with_job(async |job| job.erase(name, "gdpr_17_1_a", "dpo@northwind.example", None, apply).await)
    };
    assert_eq!(erase("nobody@northwind.example", true).unwrap_err().kind(), ErrorKind::Usage);
    let looked = erase("Ida@northwind.example", false).unwrap();
    assert!(!looked.applied && looked.landed_files > 3 && looked.run_tables > 5 && looked.keys > 3, "{looked}");
    let done = erase("Ida@northwind.example", true).unwrap();
    assert_eq!(
        (done.landed_files, done.run_tables, done.outputs),
        (looked.landed_files, looked.run_tables, looked.outputs)
    );

    assert_eq!(holders(&project), Vec::<String>::new());
    for snapshot in [&earlier.snapshot, &outputs.snapshot] {
        assert!(snapshot::verify(snapshot, &VerifyOptions::default()).unwrap().ok);
        assert!(project.with_job(async |_| job::replay(snapshot, &Settings::default()).await).unwrap().ok);
    }
    let fsck = project.with_job(async |job| job.store.fsck(true).await).unwrap();
    for kind in [FindingKind::Break, FindingKind::Missing, FindingKind::Altered] {
        assert!(fsck.of_kind(kind).next().is_none(), "{fsck}");
    }
    let last = entries(&project).pop().unwrap();
    assert_eq!((last.kind, detail(&last)["outcome"].as_str()), (EntryKind::ErasureExecuted, Some("erased")));
    assert_eq!(erase("Ida@northwind.example", true).unwrap_err().kind(), ErrorKind::Usage, "nobody is known by it");

    // The others keep their seats, and their candidates the ids they had.
    let after = project.run("2026-11-21").unwrap();
    assert_eq!(candidate_ids(&after.rows("policy.candidates"), "f-ian"), kept);
    assert!(after.rows("core.seats").iter().all(|seat| seat["account_id"] != "f-ida"));
    assert_eq!(holders(&project), Vec::<String>::new());
}

#[test]
fn an_erasure_that_was_cut_off_is_brought_to_its_end_by_the_next_one() {
    let project = Project::base();
    let outputs = project.publish(&project.run(DAY).unwrap()).unwrap();
    let erase = async |job: Job, name: &str| job.erase(name, "gdpr_17_1_a", "dpo@northwind.example", None, true).await;
    // The landed rows are without Ida, the tables of the run are about to be.
    let dies = |op: &Op| (op.name == "create" && op.path.starts_with("commits/runs/")).then_some(Fault::DiesBefore);
    let cut_off = project.with_job(async |job| {
        let dying = FaultStore::new(job.store.object_store(), dies);
        erase(Job { store: Store::over(Arc::new(dying), "dying"), ..job }, "ida@northwind.example").await
    });
    assert!(cut_off.is_err());
    assert!(
        holders(&project).iter().any(|file| file == "private/erasure.json"),
        "it is known what is still to be done"
    );
    let next = project.with_job(async |job| erase(job, "nobody@northwind.example").await);
    assert_eq!(next.unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(holders(&project), Vec::<String>::new());
    let last = entries(&project).pop().unwrap();
    assert_eq!((last.kind, detail(&last)["outcome"].as_str()), (EntryKind::ErasureExecuted, Some("erased")));
    assert!(snapshot::verify(&outputs.snapshot, &VerifyOptions::default()).unwrap().ok);
}

#[test]
fn a_legal_hold_forbids_to_erase_and_the_refusal_is_on_record() {
    let project = Project::base().with(
        "drops/legal_holds.csv",
        "worker_id,effective_from,effective_to,reason_code\n1002,2026-01-01,,litigation\n",
    );
    project.run(DAY).unwrap();
    let before = holders(&project);
    let refused = project.with_job(async |job| job.erase("1002", "gdpr_17_1_a", "dpo", None, true).await).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("litigation"), "{refused}");
    let last = entries(&project).pop().unwrap();
    assert_eq!(detail(&last)["legal_hold"], "litigation");
    assert_eq!(holders(&project), before);
}

#[test]
fn a_legal_hold_keeps_what_knows_the_person() {
    let hold = "worker_id,effective_from,effective_to,reason_code\n1002,2026-01-01,,litigation\n";
    let later = Clock::Fixed("2029-01-01T06:00:00Z".parse().unwrap());
    let listed = |project: Project| {
        project.run(DAY).unwrap();
        project.run("2026-11-21").unwrap();
        let gc = project.at(later).with_job(async |job| job.gc(false).await).unwrap();
        let paths = |action| gc.of_action(action).map(|i| i.path.clone()).collect::<Vec<_>>();
        (paths(GcAction::Expire), paths(GcAction::Hold), gc.of_action(GcAction::Hold).map(|i| i.why.clone()).collect())
    };
    let (all, none, _): (_, _, Vec<String>) = listed(Project::base());
    assert!(all.iter().any(|path| path.starts_with("raw/figma/activity/")) && none.is_empty(), "{all:?}");
    let (goes, held, why) = listed(Project::base().with("drops/legal_holds.csv", hold));
    assert_eq!(goes.len() + held.len(), all.len());
    assert!(held.iter().any(|path| path.starts_with("raw/figma/activity/")), "Ida used it: {held:?}");
    assert!(why.iter().all(|why| why.contains("litigation") && why.contains("drops/legal_holds.csv:2")), "{why:?}");
}

#[test]
fn a_legal_hold_of_an_app_keeps_what_its_seats_were_judged_by() {
    let later = Clock::Fixed("2029-01-01T06:00:00Z".parse().unwrap());
    let listed = |app: &str| {
        let base = Project::base();
        let text = fs::read_to_string(base.path().join("seatledger.toml")).unwrap();
        let hold = format!("{text}\n[[retention.hold]]\napp = \"{app}\"\nreason = \"case 7\"\n");
        let project = base.with("seatledger.toml", &hold);
        project.run(DAY).unwrap();
        project.run("2026-11-21").unwrap();
        let refused = project.with_job(async |job| job.erase("1002", "gdpr_17_1_a", "dpo", None, true).await);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config, "it forbids to erase");
        let gc = project.at(later).with_job(async |job| job.gc(true).await).unwrap();
        assert!(gc.of_action(GcAction::Hold).all(|item| item.why == "case 7"));
        let folders = |action| {
            let feed = |path: &str| path.split('/').take(3).collect::<Vec<_>>().join("/");
            gc.of_action(action).map(|item| feed(&item.path)).collect::<BTreeSet<_>>()
        };
        (folders(GcAction::Hold), folders(GcAction::Delete))
    };
    let is_table = |folder: &String| folder.starts_with("tables/");
    // Its seats are those of the directory, and its use are sign-ins.
    let (held, gone) = listed("wiki");
    assert!(held.contains("raw/okta/system_log") && held.iter().any(is_table), "{held:?}");
    assert!(gone.contains("raw/figma/activity") && !gone.iter().any(is_table), "{gone:?}");
    let (held, gone) = listed("figma");
    for feed in ["raw/figma/activity", "raw/okta/system_log"] {
        assert!(held.contains(feed) && !gone.contains(feed), "{feed}: {held:?} {gone:?}");
    }
}

#[test]
fn what_people_say_is_committed_to_shown_to_who_may_read_it_and_erased_with_whom_it_is_about() {
    let project = Project::base();
    project.run(DAY).unwrap();
    let [ida, ian] = ["f-ida", "f-ian"].map(|id| {
        project.with_job(async |job| Ok(job.identity().await?.known(&Name::id(id)))).unwrap().expect("has a key")
    });
    // About her by key alone; about another, and it names her; about him.
    let said = [
        (&ida, "the works council asked why the seat is idle"),
        (&ian, "her colleague ida@northwind.example needs the same"),
        (&ian, "he agreed to give it back"),
    ];
    for (key, words) in said {
        project.with_job(async |job| job.identify(key, "audit_sample", Some(words)).await).unwrap();
    }
    let outputs = project.publish(&project.run("2026-11-21").unwrap()).unwrap();
    let read = || {
        let told = project.with_job(async |job| job.read_notes(0, "audit_sample").await).unwrap();
        told.into_iter().filter_map(|(entry, words)| Some((entry, words?))).collect::<Vec<(Entry, Words)>>()
    };
    let told = read();
    assert_eq!(told.len(), 3);
    for ((entry, words), (key, text)) in told.iter().zip(said) {
        let Words::Kept(note) = words else { panic!("{words:?}") };
        assert_eq!((note.text.as_str(), entry.subject_key.as_ref()), (text, Some(key)));
        // Words and salt open the commitment in the sealed log.
        let salt = (0..64).step_by(2).map(|at| u8::from_str_radix(&note.salt[at..at + 2], 16).unwrap());
        let opened = sha256_hex(&salt.chain(note.text.bytes()).collect::<Vec<_>>());
        assert_eq!(detail(entry)["note_sha256"], opened);
        assert!(cells(&outputs.snapshot).values().any(|text| text.contains(&opened)));
    }
    let last = entries(&project).pop().unwrap();
    assert_eq!(
        (last.kind, detail(&last)["table"].as_str()),
        (EntryKind::AccessRead, Some("notes")),
        "who asks is on record"
    );
    let holding = |words: &str| {
        let mut files = Vec::new();
        for below in ["warehouse", "private", "outputs"] {
            let found = cells(&project.path().join(below)).into_iter().filter(|(_, text)| text.contains(words));
            files.extend(found.map(|(file, _)| format!("{below}/{file}")));
        }
        files
    };
    for (_, words) in said {
        let files = holding(words);
        assert!(files.len() == 1 && files[0].starts_with("private/notes/"), "{words}: {files:?}");
    }

    let erase = |note: &str, apply: bool| {
        let (basis, approver) = ("gdpr_17_1_a", "dpo@northwind.example");
        project.with_job(async |job| job.erase("ida@northwind.example", basis, approver, Some(note), apply).await)
    };
    let named = erase("as Ida asked", true).unwrap_err();
    assert!(named.kind() == ErrorKind::Usage && named.to_string().contains("say it without"), "{named}");
    assert_eq!(erase("request 4711", false).unwrap().notes, 2);
    assert_eq!(erase("request 4711", true).unwrap().notes, 2);
    assert_eq!(holders(&project), Vec::<String>::new());
    assert_eq!([holding(said[0].1), holding(said[1].1)], [Vec::<String>::new(), Vec::new()]);
    let after = read();
    assert_eq!(
        after.iter().map(|(entry, _)| entry.payload.clone()).take(3).collect::<Vec<_>>(),
        told.iter().map(|(entry, _)| entry.payload.clone()).collect::<Vec<_>>()
    );
    let texts = |(_, words): &(Entry, Words)| match words {
        Words::Kept(note) => note.text.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(after.iter().map(texts).collect::<Vec<_>>(), ["Erased", "Erased", said[2].1, "request 4711"]);
    assert!(snapshot::verify(&outputs.snapshot, &VerifyOptions::default()).unwrap().ok);
    let next = project.publish(&project.run("2026-11-22").unwrap()).unwrap();
    assert!(snapshot::verify(&next.snapshot, &VerifyOptions::default()).unwrap().ok);
    let found = project.with_job(async |job| job.fsck(true).await).unwrap();
    assert!(found.store.ok && found.private.ok, "{} {}", found.store, found.private);

    // Another private store in its place: what the log commits to is missed.
    fs::rename(project.path().join("private"), project.path().join("elsewhere")).unwrap();
    assert!(read().iter().all(|(_, words)| *words == Words::Missing));
    let found = project.with_job(async |job| job.fsck(false).await).unwrap();
    assert_eq!(found.private.of_kind(FindingKind::Missing).count(), 4, "{}", found.private);
}

#[test]
fn words_that_nothing_commits_to_go_with_gc_unless_they_are_held() {
    let hold = "worker_id,effective_from,effective_to,reason_code\n1002,2026-01-01,,litigation\n";
    let unsaid = |project: Project, day: &str| {
        project.run(DAY).unwrap();
        for words in ["Ida wants it", "nobody in particular"] {
            project.with_job(async |job| job.keep_note(words, None).await).unwrap();
        }
        let project = project.at(Clock::Fixed(format!("{day}T06:00:00Z").parse().unwrap()));
        let gc = project.with_job(async |job| job.gc(true).await).unwrap();
        let of = |action| gc.of_action(action).filter(|item| item.path.starts_with("notes/")).count();
        let counts = [GcAction::Expire, GcAction::Delete, GcAction::Hold].map(of);
        let private = project.with_job(async |job| job.private.fsck(true).await).unwrap();
        assert!(private.ok, "{private}");
        (counts, cells(&project.path().join("private/notes")).len())
    };
    assert_eq!(unsaid(Project::base(), "2027-03-05"), ([0, 0, 0], 2), "an entry may still come");
    assert_eq!(unsaid(Project::base(), "2027-03-09"), ([2, 2, 0], 0));
    assert_eq!(unsaid(Project::base().with("drops/legal_holds.csv", hold), "2027-03-09"), ([1, 1, 1], 1));
}

fn candidate_ids(candidates: &[super::project::Row], account: &str) -> Vec<String> {
    candidates.iter().filter(|c| c["account_id"] == account).map(|c| c["candidate_id"].clone()).collect()
}

/// The files of warehouse, private store and outputs that know Ida.
fn holders(project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    for below in ["warehouse", "private", "outputs"] {
        let known = cells(&project.path().join(below));
        let holds = |text: &str| IDA.iter().any(|name| text.to_lowercase().contains(&name.to_lowercase()));
        found.extend(known.into_iter().filter(|(_, text)| holds(text)).map(|(file, _)| format!("{below}/{file}")));
    }
    found
}

/// Every file below a folder as text; of Parquet the cells.
fn cells(folder: &Path) -> BTreeMap<String, String> {
    let text = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        if file.extension().is_some_and(|e| e == "parquet") {
            let (_, batches) = parquet::decode(bytes.into()).unwrap();
            return batches.iter().map(words).collect();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let name = |file: &Path| file.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    files_below(folder).iter().map(|file| (name(file), text(file))).collect()
}

/// All texts of a batch, each in quotes.
fn words(batch: &RecordBatch) -> String {
    let columns = batch.columns().iter().filter_map(|c| c.as_string_opt::<i32>());
    columns.flat_map(|c| c.iter().flatten().map(|text| format!("\"{text}\"\n")).collect::<Vec<_>>()).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => found.extend(files_below(&path)),
            path => found.push(path),
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}

/// Writes the rows of a file in the opposite order.
fn reverse(file: &Path) {
    let (schema, batches) = parquet::decode(fs::read(file).unwrap().into()).unwrap();
    let rows = arrow::compute::concat_batches(&schema, &batches).unwrap();
    let order: UInt32Array = (0..rows.num_rows() as u32).rev().collect();
    let reversed = arrow::compute::take_record_batch(&rows, &order).unwrap();
    fs::write(file, parquet::encode(&schema, &[reversed]).unwrap()).unwrap();
}
