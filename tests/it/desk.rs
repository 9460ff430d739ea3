//! A review with ServiceNow as its desk and mail as its post, from the question to what became of the action.

use std::fs;

use seatledger::job::{Review, ReviewOptions};
use seatledger::log::{self, EntryKind};
use seatledger::review::{Book, State};

use super::answers::files;
use super::project::Project;
use super::review::acting;
use super::stub::server::Stub;
use super::stub::servicenow::{self, Instance};

const DAY: &str = "2026-11-20";
/// Nowhere but where it is kept.
const SECRET: &str = "pl4nted-s3cret";

/// The project of the stories with a desk, mail as files, and a secret in a file.
fn at_the_desk(stub: &Stub) -> Project {
    let project = acting("enforce");
    let settings = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    let doors = format!(
        "\n[tickets]\ndesk = \"servicenow\"\n\n[tickets.servicenow]\nurl = \"{}\"\nuser = \"robot\"\n\
         secret = \"file:password\"\nrolled_back_states = [\"8\"]\n\n[notices]\nfrom = \"licences@northwind.example\"\n\n\
         [siem]\nfile = \"outputs/siem.ndjson\"\n",
        stub.url
    );
    let settings = settings.replacen("\n[[source]]", &format!("{doors}\n[[source]]"), 1);
    let project = project.with("seatledger.toml", &settings).with("password", &format!("{SECRET}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(project.path().join("password"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    project
}

fn review(project: &Project) -> Review {
    let review = project.with_job(async |job| job.review(&ReviewOptions::default()).await).unwrap();
    assert_eq!(review.failed, Vec::<String>::new());
    review
}

fn whats(review: &Review) -> Vec<&'static str> {
    let mut whats: Vec<_> = review.lines.iter().map(|line| line.what).collect();
    whats.sort_unstable();
    whats
}

fn book(project: &Project) -> Book {
    Book::of(&project.with_job(async |job| log::entries(&job.store, 0).await).unwrap())
}

#[test]
fn what_is_decided_at_the_desk_is_decided_and_what_is_done_there_is_done() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let instance = Instance::shared();
    for (id, name) in [("5", "mia"), ("6", "eve")] {
        let email = format!("{name}@northwind.example");
        let row = [("sys_id", id.repeat(32)), ("email", email), ("user_name", name.into()), ("active", "true".into())];
        let row = row.map(|(field, value)| (field.to_owned(), value)).into();
        instance.lock().unwrap().tables.entry("sys_user".to_owned()).or_default().push(row);
    }
    let stub = runtime.block_on(Stub::start(servicenow::handler(&instance)));
    let project = at_the_desk(&stub);
    project.run(DAY).unwrap();
    let asked = review(&project);
    assert_eq!(whats(&asked), ["ask", "ask", "ask", "tell", "tell", "tell"]);
    assert!(asked.lines.iter().filter(|line| line.what == "ask").all(|line| line.ticket.starts_with("SCTASK")));
    assert_eq!(whats(&review(&project)), Vec::<&str>::new());
    let counts = || {
        let instance = instance.lock().unwrap();
        (instance.rows("sc_task").len(), instance.rows("sysapproval_approver").len())
    };
    assert_eq!(counts(), (3, 3));
    let letters = project.path().join("outputs").join(DAY).join("notices");
    assert_eq!(fs::read_dir(letters).unwrap().count(), 6, "mails beside the tickets");

    // One is approved, one rejected for a reason, one approved by somebody else than who was asked.
    let ticket = |at: usize| instance.lock().unwrap().rows("sc_task")[at]["sys_id"].clone();
    let (yes, no, odd) = (ticket(0), ticket(1), ticket(2));
    let answer = |task: &str, state: &str, by: &str, words: &str| {
        let values = [("state", state), ("sys_updated_by", by), ("comments", words)];
        instance.lock().unwrap().set("sysapproval_approver", |row| row["sysapproval"] == task, &values);
    };
    answer(&yes, "approved", "mia", "");
    answer(&no, "rejected", "mia", "busy_season: the quarter closes");
    answer(&odd, "approved", "eve", "");
    let decided = review(&project);
    assert_eq!(whats(&decided), ["answer", "answer", "export"], "{decided:?}");
    assert!(decided.refused.len() == 1 && decided.refused[0].contains("not_asked"), "{:?}", decided.refused);
    assert_eq!(whats(&review(&project)), Vec::<&str>::new(), "read again, nothing follows");
    let state_of = |task: &str| {
        instance.lock().unwrap().rows("sc_task").iter().find(|t| t["sys_id"] == task).unwrap()["state"].clone()
    };
    assert_eq!((state_of(&yes), state_of(&no)), ("1".to_owned(), "-5".to_owned()), "only what was agreed to is let go");
    let mut states: Vec<State> =
        book(&project).lives.values().map(|life| life.state).filter(|s| *s != State::Open).collect();
    states.sort();
    assert_eq!(states, [State::Notified, State::Denied, State::Exported]);
    let entries = project.with_job(async |job| log::entries(&job.store, 0).await).unwrap();
    let denied = entries.iter().find(|entry| entry.kind == EntryKind::DecisionDeny).unwrap();
    assert_eq!(denied.detail()["reason_code"], "busy_season");
    assert!(denied.note().is_some() && !denied.payload.contains("quarter"), "words are a commitment");

    let close = |state: &str| instance.lock().unwrap().set("sc_task", |row| row["sys_id"] == yes, &[("state", state)]);
    close("3");
    assert_eq!(whats(&review(&project)), ["executed"]);
    assert_eq!(whats(&review(&project)), Vec::<&str>::new());
    close("8");
    assert_eq!(whats(&review(&project)), ["rolled back"]);
    // Who watches had every entry once, in the order of the log.
    let entries = project.with_job(async |job| log::entries(&job.store, 0).await).unwrap();
    let events = fs::read_to_string(project.path().join("outputs/siem.ndjson")).unwrap();
    let uid = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["metadata"]["uid"].clone();
    let hashes: Vec<_> = entries.iter().map(|entry| serde_json::Value::from(entry.entry_hash.clone())).collect();
    assert_eq!(events.lines().map(uid).collect::<Vec<_>>(), hashes);
    let book = book(&project);
    assert_eq!((book.odd.len(), counts()), (0, (3, 3)));
    assert!(book.lives.values().any(|life| life.state == State::RolledBack));
    for file in files(project.path()).into_iter().filter(|file| !file.ends_with("password")) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", file.display());
    }
    // Who watches and who does the work learn nobody's name but those they must know.
    let work = format!("{:?}", instance.lock().unwrap().rows("sc_task"));
    for name in ["eve@", "Ida", "Ian", "Ivo"] {
        assert!(!events.contains(name) && !work.contains(name), "{name}");
    }
}
