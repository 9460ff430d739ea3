//! Orders as people read them, and as files.

use chrono::NaiveDate;

use super::{Action, Desk, Files, Order};
use crate::base::ErrorKind;

fn order(n: u8) -> Order {
    Order {
        key: format!("{n:02x}").repeat(32),
        candidate_id: format!("c{n}"),
        app_id: "figma".to_owned(),
        app: "Figma".to_owned(),
        tier: "professional".to_owned(),
        action: Action::Downgrade,
        target: Some("starter".to_owned()),
        account: "anna@northwind.example".to_owned(),
        due_on: NaiveDate::from_ymd_opt(2026, 12, 4).unwrap(),
        approver: Some("boss@northwind.example".to_owned()),
        evidence: vec!["last_feature_use_on 2026-06-23".to_owned()],
        evidence_sha256: "ab".repeat(32),
        policy_version: "figma 2026-02".to_owned(),
        undo: "assign professional to anna@northwind.example".to_owned(),
        batch: "17/figma".to_owned(),
        grant: None,
    }
}

#[tokio::test]
async fn a_batch_of_files_grows_and_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Files::new(folder.path());
    let first: Vec<_> = desk.release(&[order(1), order(1)]).await.into_iter().map(Result::unwrap).collect();
    assert!(first[0].is_new && first[0].id == "17-figma/tickets.csv");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("17-figma").join(name)).unwrap();
    assert_eq!(read("tickets.csv").lines().count(), 2);
    let before = (read("tickets.csv"), read("tickets.json"), read("undo.csv"));
    let mut changed = order(1);
    changed.tier = "enterprise".to_owned();
    assert!(!desk.release(&[changed]).await[0].as_ref().unwrap().is_new);
    assert_eq!((read("tickets.csv"), read("tickets.json"), read("undo.csv")), before);
    assert!(desk.release(&[order(2)]).await[0].as_ref().unwrap().is_new);
    assert_eq!(read("tickets.csv").lines().count(), 3);
    assert!(read("undo.csv").contains("assign professional to anna@northwind.example"));
    desk.ask(&[order(3)]).await[0].as_ref().unwrap();
    assert!(!read("questions.csv").contains(&order(1).key) && !folder.path().join("17-figma/undo.json").exists());
    assert!(desk.poll(&[order(1).key]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_is_inert_and_a_batch_stays_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut order = order(1);
    order.batch = "../../etc".to_owned();
    order.account = "=HYPERLINK(\"x\")\u{202e}\r\nnext".to_owned();
    let ticket = Files::new(folder.path()).release(&[order]).await.remove(0).unwrap();
    assert_eq!(ticket.id, "------etc/tickets.csv");
    let text = std::fs::read_to_string(folder.path().join(&ticket.id)).unwrap();
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")  next\"") && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn an_order_reads_line_by_line_and_hides_nothing() {
    let mut order = order(1);
    order.evidence = vec!["used \u{202e}never\nfrom today".to_owned(); 70];
    let lines = order.lines();
    assert_eq!(order.title(), "Downgrade to starter: Figma professional");
    assert_eq!(lines[0], "Account: anna@northwind.example");
    assert!(lines.contains(&"- used never from today".to_owned()) && lines.contains(&"- and 10 lines more".to_owned()));
    assert!(lines.iter().all(|line| !line.contains(crate::base::text::is_invisible)));
}

#[test]
fn what_is_written_into_queries_is_what_it_should_be() {
    assert!(order(1).check().is_ok());
    for key in ["", "AB", &"A".repeat(64), &format!("{}^", "a".repeat(63))] {
        assert_eq!(Order { key: key.to_owned(), ..order(1) }.check().unwrap_err().kind(), ErrorKind::Internal);
    }
    for approver in ["", "a", "a@b^active=false", "a@b\"", "a@b c", "a@b,c@d", "a@b\u{202e}"] {
        let result = Order { approver: Some(approver.to_owned()), ..order(1) }.check();
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Data, "{approver}");
    }
}

#[test]
fn a_project_gets_the_desk_it_names_and_no_executor_unasked() {
    let options = crate::config::Tickets::default();
    let root = std::path::Path::new("/project");
    assert_eq!(super::open(&options, root, root).unwrap().name(), "files");
    assert!(super::executor(&options, root).unwrap().is_none());
}
