//! Orders as people read them.

use chrono::NaiveDate;

use super::{Action, Order};
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
    assert!(super::open(&options, root).unwrap().is_none());
    assert!(super::executor(&options, root).unwrap().is_none());
}
