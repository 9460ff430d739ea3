//! The program as people and cron use it: the binary, its output, its exit codes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use seatledger::base::ErrorKind;
use seatledger::engine::Settings;
use seatledger::job::RunOptions;
use serde_json::Value;
use tempfile::TempDir;

use super::project::Project;
use super::ties::copy_folder;

/// What one call of the program came to.
pub struct Called {
    code: i32,
    pub out: String,
    pub err: String,
    bytes: Vec<u8>,
}

impl Called {
    /// The same, if it ended as it should.
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// Calls the program.
pub fn seatledger(args: &[&str]) -> Called {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_seatledger")).args(args).output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Called { code: status.code().expect("an exit code"), out: text(&stdout), err: text(&stderr), bytes: stdout }
}

/// The demo as the program makes it: its folder, and what the program said.
struct Demo {
    folder: String,
    said: String,
}

impl Demo {
    /// Calls the program on the demo.
    fn call(&self, args: &[&str]) -> Called {
        seatledger(&[args, &["--project", &self.folder]].concat())
    }

    /// Its sealed snapshot, as the last line of the summary names it.
    fn snapshot(&self) -> &str {
        self.said.lines().last().unwrap().trim().strip_prefix("seatledger verify ").unwrap()
    }
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let home = TempDir::with_prefix_in("demo-", env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let folder = home.join("company").display().to_string();
        let said = seatledger(&["demo", &folder, "--seats", "300", "--days", "150"]).with_code(0).out;
        Demo { folder, said }
    })
}

#[test]
fn the_demo_says_what_it_found_and_four_commands_that_work() {
    let said = &demo().said;
    assert!(said.starts_with("Northwind, as of 2026-11-20"), "{said}");
    for word in ["candidate", "keep", "unknown", "protected", "a year identified"] {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
    let next: Vec<&str> = said.split_once("\nNext:\n").expect("what next").1.lines().map(str::trim).collect();
    assert_eq!(next.len(), 4, "{next:?}");
    assert!(Path::new(next[0].strip_prefix("open ").unwrap()).is_file(), "{}", next[0]);
    for command in &next[1..] {
        let args = words(command.strip_prefix("seatledger ").unwrap());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert!(!seatledger(&args).with_code(0).out.is_empty(), "{command}");
    }

    // The same company again is run again; another one needs another folder.
    let again = seatledger(&["demo", &demo().folder, "--seats", "301", "--days", "150"]).with_code(2);
    assert!(again.err.contains("is not empty"), "{}", again.err);
}

#[test]
fn the_log_alone_is_made_and_landed_day_by_day() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("log").display().to_string();
    let of = |seats: &'static str, rest: &[&'static str]| {
        let company = ["demo", &folder, "--only", "log", "--seats", seats, "--days", "150", "--events", "300000"];
        seatledger(&[&company, rest].concat())
    };
    let total = |rows: &Value, of: &str| -> u64 {
        rows.as_array().unwrap().iter().map(|row| row[of].as_str().unwrap().parse::<u64>().unwrap()).sum()
    };
    let (mut events, mut repeats, mut fetched, mut duplicate) = (0, 0, 0, 0);
    for (from, to, compression) in [
        ("2026-06-24", "2026-06-24", "none"),
        ("2026-06-25", "2026-06-25", "gzip"),
        ("2026-06-26", "2026-06-28", "zstd"),
    ] {
        let made = of("300", &["--from", from, "--to", to, "--compression", compression]).with_code(0).json();
        events += made["events"].as_u64().unwrap();
        repeats += made["repeats"].as_u64().unwrap();
        let landed = seatledger(&["ingest", "--project", &folder, "--format", "json"]).with_code(0).json();
        assert_eq!(total(&landed, "quarantined"), 0, "{landed}");
        fetched += total(&landed, "fetched");
        duplicate += total(&landed, "duplicate");
        std::fs::remove_dir_all(Path::new(&folder).join("extracts/okta/system_log")).unwrap();
    }
    assert!(repeats > 0 && (fetched, duplicate) == (events, repeats), "{events} {repeats}: {fetched} {duplicate}");

    assert!(of("301", &[]).with_code(2).err.contains("is not empty"));
    assert!(of("300", &["--from", "2026-06-23"]).with_code(2).err.contains("2026-06-24 to 2026-11-20"));
    assert!(seatledger(&["demo", &folder, "--from", "2026-11-20"]).with_code(2).err.contains("--only"));
}

#[test]
fn explain_says_rule_and_sources_for_every_verdict() {
    let sql = "select verdict, min(app_id || ' ' || account_id) as seat from policy.evaluations group by verdict";
    let seats = demo().call(&["sql", sql, "--format", "json"]).with_code(0).json();
    let seats = seats.as_array().unwrap();
    assert!(seats.len() >= 7, "{} of the eight verdicts", seats.len());
    for row in seats {
        let verdict = row["verdict"].as_str().unwrap();
        let (app, account) = row["seat"].as_str().unwrap().split_once(' ').unwrap();
        let text = demo().call(&["explain", app, account]).with_code(0).out;
        assert!(text.contains(&verdict.to_uppercase()), "{verdict}: {text}");
        assert!(text.contains("policy     ") && text.contains("  rule "), "no rule: {text}");
        assert!(text.lines().any(names_a_landing), "no source: {text}");
        assert!(text.contains("flips if   "), "{text}");
        assert!(verdict == "candidate" || text.contains("no candidate because"), "{text}");
    }
    let (app, account) = seats[0]["seat"].as_str().unwrap().split_once(' ').unwrap();
    let json = demo().call(&["explain", app, account, "--format", "json"]).with_code(0).json();
    let explained = &json.as_array().unwrap()[0];
    assert_eq!(explained["evaluation"]["app_id"], app);
    assert_eq!(explained["rules"].as_array().unwrap().len(), 13);
    assert!(explained["rules"][11]["compared"].get("idle_days").is_some(), "{explained}");
}

#[test]
fn a_note_goes_on_record_by_its_hash_and_is_read_with_a_reason() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad/52-row-count");
    let project = Project::base()
        .with("seeds/reason_codes.csv", "code,meaning,kind\ndivested,sold with its business,override\n")
        .with_files_of(&fixture);
    let folder = project.path().display().to_string();
    let call = |args: &[&str]| seatledger(&[args, &["--project", &folder]].concat());
    let words = "the business in Lyon was sold";
    let refused = call(&["ingest", "--note", words]).with_code(2);
    assert!(refused.err.contains("--accept-row-count"), "a note says why: {}", refused.err);
    call(&["run", "-q", "--as-of", "2026-11-20", "--accept-row-count", "okta/groups=divested", "--note", words])
        .with_code(0);

    let listed = |more: &[&str], code| {
        let args = [&["log", "--type", "threshold.overridden", "--format", "json"], more].concat();
        call(&args).with_code(code)
    };
    let plain = listed(&[], 0);
    let detail: Value = serde_json::from_str(plain.json()[0]["detail"].as_str().unwrap()).unwrap();
    assert!(
        !plain.out.contains("Lyon") && detail["note_sha256"].as_str().is_some_and(|hash| hash.len() == 64),
        "{detail}"
    );
    listed(&["--notes"], 2);
    let told = listed(&["--notes", "--reason", "audit_sample"], 0).json();
    assert_eq!((told.as_array().unwrap().len(), told[0]["note"].as_str()), (1, Some(words)));
    assert_eq!(told[0]["note_salt"].as_str().map(str::len), Some(64));
    call(&["fsck", "--deep"]).with_code(0);

    fs::remove_dir_all(project.path().join("private")).unwrap();
    let lost = listed(&["--notes", "--reason", "audit_sample"], 6).json();
    assert_eq!(lost[0]["note"], "(not in this private store)");
    assert!(call(&["fsck"]).with_code(6).out.contains("never had the words"));
}

#[test]
fn names_that_are_not_known_are_met_with_the_nearest() {
    let sql = "select app_id, account_id from policy.evaluations where app_id = 'jira' order by account_id limit 1";
    let seat = demo().call(&["sql", sql, "--format", "json"]).with_code(0).json();
    let account = seat[0]["account_id"].as_str().unwrap();
    let typo = format!("{account}x");
    for (args, hint) in [
        (vec!["explain", "jirra", account], "did you mean `jira`?".to_owned()),
        (vec!["explain", "jira", &typo], format!("did you mean `{account}`?")),
        (vec!["sql", "select * from marts.spnd"], "spnd".to_owned()),
        (vec!["build", "--as-of", "2026-11-20", "--select", "marts.spnd"], "marts.spend".to_owned()),
    ] {
        let called = demo().call(&args).with_code(2);
        assert!(called.err.contains(&hint), "{args:?}: {}", called.err);
        assert!(called.out.is_empty(), "{args:?}: an error is no data");
    }
    let called = seatledger(&["describe", "marts.spnd"]).with_code(2);
    assert!(called.err.contains("did you mean `marts.spend`?"), "{}", called.err);
    assert!(
        demo()
            .call(&["explain", "jira", account, "--as-of", "2026-11-19"])
            .with_code(2)
            .err
            .contains("no run for 2026-11-19")
    );
}

#[test]
fn sql_prints_every_form_and_only_reads() {
    let ask = |format: &[&str]| {
        let sql = "select app_id, seat_count from marts.app_utilization order by app_id";
        demo().call(&[&["sql", sql], format].concat()).with_code(0)
    };
    let csv = ask(&[]).out;
    assert!(csv.starts_with("\"app_id\",\"seat_count\"\r\n"), "{csv}");
    let rows = csv.lines().count() - 1;
    assert_eq!(csv, ask(&["--format", "csv"]).out);
    assert_eq!(ask(&["--format", "json"]).json().as_array().unwrap().len(), rows);
    let ndjson = ask(&["--format", "ndjson"]).out;
    let objects: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), rows);
    let table = ask(&["--format", "table"]).out;
    assert!(table.starts_with("+--") && table.lines().count() == rows + 4, "{table}");
    let parquet = ask(&["--format", "parquet"]).bytes;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));

    let as_of = demo().call(&["sql", "select $as_of as d", "--format", "json"]).with_code(0).json();
    assert_eq!(as_of[0]["d"], "2026-11-20");
    let target = TempDir::new().unwrap();
    let copy = format!("copy (select 1 as a) to '{}/x.csv'", target.path().display());
    for sql in ["drop table marts.spend", "create table t as select 1 as a", "set x = 1", &copy] {
        demo().call(&["sql", sql]).with_code(2);
    }
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "sql has written a file");
}

#[test]
fn describe_prints_the_contract_of_a_table() {
    let all = seatledger(&["describe"]).with_code(0).out;
    for table in ["marts.spend", "policy.evaluations", "core.seats", "raw.okta_users"] {
        assert!(all.contains(table), "no {table}");
    }
    let spend = seatledger(&["describe", "marts.spend"]).with_code(0).out;
    for part in ["owner finance", "one row per  contract_line_id", "reads ", "checked ", "annual_amount"] {
        assert!(spend.contains(part), "no `{part}` in {spend}");
    }
    let raw = seatledger(&["describe", "raw.okta_users", "--format", "json"]).with_code(0).json();
    assert!(raw.as_array().unwrap().iter().any(|c| c["column"] == "account_id" && c["required"] == "true"), "{raw}");
}

#[test]
fn verify_tells_an_altered_snapshot() {
    let sealed = demo().snapshot();
    assert!(seatledger(&["verify", sealed]).with_code(0).out.starts_with("verified"));
    let copy = TempDir::new().unwrap();
    copy_folder(Path::new(sealed), copy.path());
    let file = copy.path().join("policy/jira.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("90", "30")).unwrap();
    let path = copy.path().display().to_string();
    let called = seatledger(&["verify", &path]).with_code(6);
    assert!(called.out.contains("policy/jira.toml") && called.out.contains("NOT VERIFIED"), "{}", called.out);
    let json = seatledger(&["verify", &path, "--format", "json"]).with_code(6).json();
    assert_eq!((&json["ok"], &json["faults"][0]["fault"]), (&false.into(), &"altered".into()));
    seatledger(&["verify", "/nowhere"]).with_code(2);
}

#[test]
fn validate_finds_every_error_of_every_file_and_writes_nothing() {
    let edit = |project: Project, file: &str, old: &str, new: &str| {
        let text = fs::read_to_string(project.path().join(file)).unwrap();
        assert!(text.contains(old), "{file} has no `{old}`");
        project.with(file, &text.replacen(old, new, 1))
    };
    let project = Project::base();
    let path = project.path().display().to_string();
    let valid = seatledger(&["validate", "--project", &path]).with_code(0).out;
    assert!(valid.contains("story: 5 sources, 2 policies, 2 apps: valid"), "{valid}");

    let project = edit(project, "seatledger.toml", "\"EUR\"", "\"EURO\"");
    let project = edit(project, "policies/figma.toml", "inactive_after_days", "inactive_after_dais");
    let project = edit(project, "policies/wiki.toml", "\"reclaim\"", "\"reclame\"");
    let project = edit(project, "seeds/account_types.csv", ",service", ",servise");
    let before = listing(project.path());
    let called = seatledger(&["validate", "--project", &path]).with_code(2);
    for place in
        ["seatledger.toml:2:", "policies/figma.toml:10:1", "policies/wiki.toml:9:", "seeds/account_types.csv:2:"]
    {
        assert!(called.out.contains(&format!("--> {place}")), "no {place} in {}", called.out);
    }
    assert!(called.out.contains("did you mean `inactive_after_days`?"), "{}", called.out);
    assert!(called.out.contains("did you mean `reclaim`?"), "{}", called.out);
    assert!(called.out.contains("4 errors; nothing was written"), "{}", called.out);
    let json = seatledger(&["validate", "--project", &path, "--format", "json"]).with_code(2).json();
    for found in json.as_array().unwrap() {
        assert!(
            found["line"].as_u64() > Some(0) && found["column"].as_u64() > Some(0) && found["code"].is_string(),
            "{found}"
        );
    }
    // Commands that would write meet the same errors first.
    let called = seatledger(&["run", "--project", &path, "--as-of", "2026-11-20"]).with_code(2);
    assert!(called.err.contains("--> seeds/account_types.csv:2:"), "{}", called.err);
    assert_eq!(listing(project.path()), before, "something was written");
}

#[test]
fn exit_codes_say_who_must_act() {
    // Nobody: everything is there.
    let project = Project::base();
    let path = project.path().display().to_string();
    let run = |as_of: &str| seatledger(&["run", "--project", &path, "--as-of", as_of]);
    run("2026-11-20").with_code(0);
    // The owner of the feed: it is staler than its limit.
    run("2026-11-25").with_code(3);
    // The owner of the source, or time: pages are missing.
    let project = project.with("extracts/okta/groups/2026-11-20/_control.json", "{\"rows\": 9}");
    let project = project.with("extracts/okta/groups/2026-11-20/g.csv", "id,name\n00g-1,Designers\n");
    let ingest = || seatledger(&["ingest", "--project", &path, "--format", "json"]);
    let partial = ingest().with_code(4);
    let groups = partial.json().as_array().unwrap().iter().find(|l| l["stream"] == "groups").unwrap().clone();
    assert!(groups["outcome"].as_str().unwrap().starts_with("partial"), "{groups}");
    // The owner of the feed: it cannot be what it says it is.
    let _project = project.with("extracts/okta/groups/2026-11-21.json", "[]");
    let refused = ingest().with_code(5);
    assert!(refused.err.contains("okta/groups 2026-11-21: refused (empty_feed)"), "{}", refused.err);
    // The caller.
    seatledger(&[]).with_code(2);
    seatledger(&["run", "--as-of", "tomorrow"]).with_code(2);
    let called = seatledger(&["ingest", "--project", &path, "--source", "octa"]).with_code(2);
    assert!(called.err.contains("no source is called `octa`"), "{}", called.err);
    let called = seatledger(&["run", "--project", "/nowhere"]).with_code(2);
    assert!(called.err.contains("there is no project file here"), "{}", called.err);
}

#[test]
fn of_two_runs_at_once_one_counts_and_the_other_is_told_so() {
    let project = Project::base();
    project.land().unwrap();
    let options = RunOptions {
        as_of: seatledger::base::AsOf::parse("2026-11-20").unwrap(),
        select: None,
        rebuild: false,
        settings: Settings { partitions: 1, ..Settings::default() },
    };
    let quiet = seatledger::base::progress::Quiet;
    let ended = project
        .with_job(async |job| {
            let (one, other) = tokio::join!(job.build(&options, &quiet), job.build(&options, &quiet));
            Ok([one.map(drop).map_err(|e| e.kind()), other.map(drop).map_err(|e| e.kind())])
        })
        .unwrap();
    assert_eq!(ended.iter().filter(|end| end.is_ok()).count(), 1, "{ended:?}");
    assert!(ended.contains(&Err(ErrorKind::Conflict)), "{ended:?}");
    assert_eq!(ErrorKind::Conflict.exit_code(), 75);
}

#[test]
fn init_makes_a_valid_project_once() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("tenant").display().to_string();
    seatledger(&["init", &path, "--name", "tenant"]).with_code(0);
    seatledger(&["validate", "--project", &path]).with_code(0);
    let called = seatledger(&["init", &path]).with_code(2);
    assert!(called.err.contains("nothing was changed"), "{}", called.err);
}

#[test]
fn help_version_and_completions_are_data() {
    let version = seatledger(&["--version"]).with_code(0).out;
    assert_eq!(version.trim(), concat!("seatledger ", env!("CARGO_PKG_VERSION")));
    let help = seatledger(&["--help"]).with_code(0).out;
    for command in [
        "demo",
        "init",
        "validate",
        "doctor",
        "ingest",
        "sources",
        "build",
        "run",
        "explain",
        "sql",
        "describe",
        "verify",
        "fsck",
        "gc",
        "completions",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "no {command} in {help}");
    }
    let bash = seatledger(&["completions", "bash"]).with_code(0).out;
    assert!(bash.contains("_seatledger()") && bash.contains("complete -F _seatledger"), "{bash}");
}

/// Whether a line begins with `source/stream@landing`.
fn names_a_landing(line: &str) -> bool {
    let (stream, landing) = line.trim().split_once('@').unwrap_or_default();
    stream.contains('/') && !stream.contains(' ') && landing.starts_with(|c: char| c.is_ascii_digit())
}

/// The words of a command line, quoted ones whole.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('"').zip([false, true].into_iter().cycle());
    quoted
        .flat_map(|(part, is_quoted)| match is_quoted {
            true => vec![part.to_owned()],
            false => part.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}

/// Every file of a folder with its bytes.
fn listing(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                found.insert(path.clone(), Vec::new());
                open.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}
