//! Desks against servers that speak the documented APIs and misbehave on request: one ticket a key, whatever is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;
use seatledger::base::{ErrorKind, Result};
use seatledger::config::{self, OktaToken, SecretRef};
use seatledger::http::{Auth, Client, Limits, Secret};
use seatledger::publish::tickets::{Action, Answer, Desk, Grant, Jira, Okta, Order, Said, ServiceNow, Ticket};
use serde_json::json;

use crate::stub::server::{Fault, Stub};
use crate::stub::{faults, jira, okta, servicenow};

fn limits() -> Limits {
    Limits {
        tries: 12,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
        timeout: Duration::from_millis(100),
        // Longer than a slow server is slow: what it may still do is done.
        settle: Duration::from_millis(180),
        most_bytes: 1 << 20,
        leave_percent: 0,
    }
}

fn server(stub: &Stub) -> config::Server {
    let secret = SecretRef::Env("UNUSED".to_owned());
    config::Server { url: stub.url.clone(), user: Some("robot".to_owned()), secret, private_network: false }
}

fn order(n: usize) -> Order {
    Order {
        key: format!("{n:064x}"),
        candidate_id: format!("candidate-{n}"),
        app_id: "figma".to_owned(),
        app: "Figma".to_owned(),
        tier: "professional".to_owned(),
        action: Action::Reclaim,
        target: None,
        account: format!("user{n}"),
        due_on: NaiveDate::from_ymd_opt(2026, 12, 4).unwrap(),
        approver: Some("boss@northwind.example".to_owned()),
        evidence: vec!["last_feature_use_on 2026-06-23, idle_days 148".to_owned()],
        evidence_sha256: "cd".repeat(32),
        policy_version: "figma 2026-02".to_owned(),
        undo: "assign professional again".to_owned(),
        batch: "17/figma".to_owned(),
        grant: Some(Grant { group_id: "00g1".to_owned(), user_id: format!("00u{n}") }),
    }
}

fn all(results: Vec<Result<Ticket>>) -> Vec<Ticket> {
    results.into_iter().map(Result::unwrap).collect()
}

/// How often somebody tried to make something.
fn creates(stub: &Stub, path: &str) -> usize {
    stub.log.lock().unwrap().iter().filter(|r| r.method == "POST" && r.path.ends_with(path)).count()
}

fn said(answers: &[Answer]) -> Vec<(&str, Said)> {
    answers.iter().map(|answer| (answer.key.as_str(), answer.said)).collect()
}

fn client(stub: &Stub, auth: &Auth) -> Client {
    Client::new(&stub.url, false, auth, limits()).unwrap()
}

fn servicenow_options(stub: &Stub) -> config::ServiceNow {
    let states = |states: &[&str]| states.iter().map(|state| (*state).to_owned()).collect();
    config::ServiceNow {
        server: server(stub),
        table: "sc_task".to_owned(),
        assignment_group: Some("9".repeat(32)),
        waiting_state: "-5".to_owned(),
        open_state: "1".to_owned(),
        duplicate_state: "7".to_owned(),
        executed_states: states(&["3"]),
        failed_states: states(&["4", "7"]),
        rolled_back_states: states(&["8"]),
    }
}

fn servicenow_desk(stub: &Stub) -> ServiceNow {
    let options = servicenow_options(stub);
    ServiceNow::new(client(stub, &ServiceNow::auth(&options, Secret::new("pass"))), options)
}

fn jira_options(stub: &Stub, approvers_field: Option<&str>) -> config::Jira {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    config::Jira {
        server: server(stub),
        project: "SAAS".to_owned(),
        issue_type: "Task".to_owned(),
        approvers_field: approvers_field.map(str::to_owned),
        release_transition: Some("hand over".to_owned()),
        approved_statuses: names(&["Approved"]),
        rejected_statuses: names(&["Rejected"]),
        executed_statuses: names(&["Done"]),
        failed_statuses: names(&["Failed"]),
        rolled_back_statuses: names(&["Rolled back"]),
    }
}

fn jira_desk(stub: &Stub, approvers_field: Option<&str>) -> Jira {
    let options = jira_options(stub, approvers_field);
    Jira::new(client(stub, &Jira::auth(&options, Secret::new("token"))), options)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_exports_to_servicenow_make_each_ticket_once() {
    let instance = servicenow::Instance::shared();
    let stub = Stub::faulty(servicenow::handler(&instance), faults(7, 15)).await;
    // The last one of a batch comes twice in it.
    let orders: Vec<Order> = (0..12).chain([11]).map(order).collect();
    let mut numbers = BTreeSet::new();
    let options = servicenow_options(&stub);
    let client = client(&stub, &ServiceNow::auth(&options, Secret::new("pass")));
    for turn in 0..1000 {
        // Another desk each time: nothing is remembered but what the server holds.
        let desk = ServiceNow::new(client.clone(), options.clone());
        let tickets = if turn % 2 == 0 { desk.ask(&orders).await } else { desk.release(&orders).await };
        numbers.extend(all(tickets).into_iter().map(|ticket| (ticket.key, ticket.id)));
    }
    let instance = instance.lock().unwrap();
    assert_eq!(
        (numbers.len(), instance.rows("sc_task").len(), instance.rows("sysapproval_approver").len()),
        (12, 12, 12)
    );
    assert!(creates(&stub, "/sc_task") > 12, "no fault hit a task while it was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_exports_to_jira_make_each_ticket_once() {
    // Searches see nothing for longer than most of the exports take.
    let site = jira::Site::shared(Duration::from_secs(2));
    let stub = Stub::faulty(jira::handler(&site), faults(11, 15)).await;
    let orders: Vec<Order> = (0..12).chain([11]).map(order).collect();
    let mut numbers = BTreeSet::new();
    let options = jira_options(&stub, None);
    let client = client(&stub, &Jira::auth(&options, Secret::new("token")));
    for turn in 0..1000 {
        let desk = Jira::new(client.clone(), options.clone());
        let tickets = if turn % 2 == 0 { desk.ask(&orders).await } else { desk.release(&orders).await };
        numbers.extend(all(tickets).into_iter().map(|ticket| (ticket.key, ticket.id)));
    }
    let site = site.lock().unwrap();
    assert_eq!((numbers.len(), site.issues.len()), (12, 12));
    assert!(creates(&stub, "/issue") > 12, "no fault hit an issue while it was made");
    assert!(site.issues.values().all(|issue| issue.status == "In fulfilment"));
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_under_every_fault_makes_one_ticket() {
    for fault in [Fault::Busy, Fault::Limited, Fault::Dropped, Fault::Lost, Fault::Torn, Fault::Slow, Fault::Late] {
        let first = std::sync::atomic::AtomicBool::new(true);
        let once = move |request: &crate::stub::server::Request| {
            let is_create =
                request.method == "POST" && !request.path.contains("search") && !request.path.contains("bulk");
            match is_create && first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                true => fault,
                false => Fault::None,
            }
        };
        let instance = servicenow::Instance::shared();
        let stub = Stub::faulty(servicenow::handler(&instance), once).await;
        all(servicenow_desk(&stub).ask(&[order(1)]).await);
        assert_eq!(instance.lock().unwrap().rows("sc_task").len(), 1, "{fault:?}");
        let first = std::sync::atomic::AtomicBool::new(true);
        let once = move |request: &crate::stub::server::Request| {
            let is_create = request.method == "POST" && request.path.ends_with("/issue");
            match is_create && first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                true => fault,
                false => Fault::None,
            }
        };
        let site = jira::Site::shared(Duration::from_secs(60));
        let stub = Stub::faulty(jira::handler(&site), once).await;
        all(jira_desk(&stub, None).ask(&[order(1)]).await);
        assert_eq!(site.lock().unwrap().issues.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn servicenow_carries_the_question_and_brings_the_answers() {
    let instance = servicenow::Instance::shared();
    instance.lock().unwrap().authorization = Some("Basic cm9ib3Q6cGFzcw==".to_owned());
    let stub = Stub::start(servicenow::handler(&instance)).await;
    let desk = servicenow_desk(&stub);
    let orders: Vec<Order> = (0..4).map(order).collect();
    let keys: Vec<String> = orders.iter().map(|order| order.key.clone()).collect();
    let tickets = all(desk.ask(&orders).await);
    assert!(tickets.iter().all(|ticket| ticket.is_new && ticket.id.starts_with("SCTASK")));
    assert!(tickets[0].link.as_ref().unwrap().contains("nav_to.do?uri=sc_task.do%3Fsys_id%3D"));
    {
        let instance = instance.lock().unwrap();
        let (task, approval) = (&instance.rows("sc_task")[0], &instance.rows("sysapproval_approver")[0]);
        assert_eq!((task["state"].as_str(), task["approval"].as_str()), ("-5", "requested"));
        assert_eq!(task["due_date"], "2026-12-04 23:59:59");
        assert!(
            task["description"].contains("last_feature_use_on 2026-06-23") && task["description"].contains("Undo: ")
        );
        assert_eq!((approval["state"].as_str(), &approval["approver"]), ("requested", &"1".repeat(32)));
    }
    assert!(desk.poll(&keys).await.unwrap().is_empty());
    {
        // What leaves is what is listed, and the credential stays in its header.
        let log = stub.log.lock().unwrap();
        let made: Vec<_> = log.iter().filter(|r| r.method == "POST" && r.path.ends_with("sc_task")).collect();
        let body = made[0].json();
        let mut fields: Vec<&String> = body.as_object().unwrap().keys().collect();
        fields.sort();
        let listed = [
            "approval",
            "assignment_group",
            "correlation_display",
            "correlation_id",
            "description",
            "due_date",
            "short_description",
            "state",
        ];
        assert_eq!(fields, listed);
        let is_clean = |r: &&crate::stub::server::Request| {
            !format!("{:?} {:?}", r.query, String::from_utf8_lossy(&r.body)).contains("pass")
        };
        assert!(log.iter().all(|request| is_clean(&request)));
    }
    {
        let mut instance = instance.lock().unwrap();
        let tasks: Vec<String> = instance.rows("sc_task").iter().map(|row| row["sys_id"].clone()).collect();
        let of = |n: usize| {
            let id = tasks[n].clone();
            move |row: &std::collections::BTreeMap<String, String>| row["sysapproval"] == id
        };
        instance.set("sysapproval_approver", of(0), &[("state", "approved"), ("sys_updated_by", "boss")]);
        let no = [("state", "rejected"), ("sys_updated_by", "admin"), ("comments", "2026-11-21 - she needs it")];
        instance.set("sysapproval_approver", of(1), &no);
        instance.set("sysapproval_approver", of(2), &[("state", "not requested")]);
    }
    let answers = desk.poll(&keys).await.unwrap();
    assert_eq!(said(&answers), [(keys[0].as_str(), Said::Approved), (keys[1].as_str(), Said::Rejected)]);
    assert_eq!((answers[0].asked.as_deref(), answers[0].entered_by.as_deref()), (Some("boss@northwind.example"), None));
    assert_eq!(answers[1].entered_by.as_deref(), Some("admin"));
    assert_eq!(answers[1].comment.as_deref(), Some("2026-11-21 - she needs it"));
    assert_eq!(desk.poll(&keys).await.unwrap(), answers);
    // The next step asks somebody else as well, in the same task.
    let mut next = order(2);
    next.approver = Some("head@northwind.example".to_owned());
    assert!(!all(desk.ask(&[next]).await)[0].is_new);
    assert_eq!(instance.lock().unwrap().rows("sysapproval_approver").len(), 5);
    all(desk.release(&orders[..1]).await);
    assert_eq!(instance.lock().unwrap().rows("sc_task")[0]["state"], "1");
    for (n, state) in ["3", "4", "8"].iter().enumerate() {
        let key = keys[n].clone();
        instance.lock().unwrap().set("sc_task", |row| row["correlation_id"] == key, &[("state", *state)]);
    }
    let outcomes: Vec<Said> = desk.poll(&keys).await.unwrap().iter().map(|answer| answer.said).skip(2).collect();
    assert_eq!(outcomes, [Said::Executed, Said::Failed, Said::RolledBack]);
    // What is done is not opened again.
    all(desk.release(&orders[..1]).await);
    assert_eq!(instance.lock().unwrap().rows("sc_task")[0]["state"], "3");
}

#[tokio::test]
async fn an_approval_that_would_ask_nobody_is_an_error_and_keeps_no_other_back() {
    let instance = servicenow::Instance::shared();
    let stub = Stub::start(servicenow::handler(&instance)).await;
    let mut gone = order(1);
    gone.approver = Some("gone@northwind.example".to_owned());
    let results = servicenow_desk(&stub).ask(&[gone, order(2)]).await;
    let error = results[0].as_ref().unwrap_err();
    assert!(error.kind() == ErrorKind::Data && !error.to_string().contains("gone@"), "{error}");
    assert!(results[1].is_ok());
    instance.lock().unwrap().drops_references = true;
    let error = servicenow_desk(&stub).ask(&[order(3)]).await.remove(0).unwrap_err();
    assert!(error.to_string().contains("the approval names nobody"), "{error}");
    instance.lock().unwrap().authorization = Some("Basic other".to_owned());
    let error = servicenow_desk(&stub).ask(&[order(4)]).await.remove(0).unwrap_err().to_string();
    assert!(
        error.contains("the credential is not accepted: User Not Authenticated") && !error.contains("pass"),
        "{error}"
    );
}

#[tokio::test]
async fn a_second_task_from_a_lost_answer_is_closed_and_the_first_one_counts() {
    let instance = servicenow::Instance::shared();
    let stub = Stub::start(servicenow::handler(&instance)).await;
    let ticket = all(servicenow_desk(&stub).ask(&[order(1)]).await).remove(0);
    {
        let mut instance = instance.lock().unwrap();
        let mut late = instance.rows("sc_task")[0].clone();
        late.extend([("sys_id".to_owned(), "f".repeat(32)), ("number".to_owned(), "SCTASK9999999".to_owned())]);
        instance.tables.get_mut("sc_task").unwrap().insert(0, late);
    }
    assert_eq!(all(servicenow_desk(&stub).ask(&[order(1)]).await)[0].id, ticket.id);
    let instance = instance.lock().unwrap();
    assert_eq!(instance.rows("sc_task")[0]["state"], "7");
    assert!(instance.rows("sc_task")[0]["close_notes"].contains(&ticket.id));
}

#[tokio::test]
async fn jira_carries_the_question_and_brings_the_answers() {
    let site = jira::Site::shared(Duration::ZERO);
    let stub = Stub::start(jira::handler(&site)).await;
    let desk = jira_desk(&stub, None);
    let orders: Vec<Order> = (0..3).map(order).collect();
    let keys: Vec<String> = orders.iter().map(|order| order.key.clone()).collect();
    let tickets = all(desk.ask(&orders).await);
    let number = |n: usize| tickets[n].id.rsplit_once('-').unwrap().1.parse::<u64>().unwrap();
    assert_eq!(
        tickets[0].link.as_ref().unwrap(),
        &stub.url.join(&format!("browse/{}", tickets[0].id)).unwrap().to_string()
    );
    {
        let mut site = site.lock().unwrap();
        let issue = &site.issues[&number(0)];
        assert_eq!(issue.fields["assignee"]["accountId"], "acc-boss");
        assert_eq!(issue.fields["duedate"], "2026-12-04");
        assert_eq!(issue.properties["seatledger"]["key"], keys[0]);
        site.set_status(number(0), "acc-boss", "Approved");
        site.set_status(number(1), "acc-head", "Rejected");
        let words = json!({ "author": { "accountId": "acc-head" }, "body": {
            "type": "doc", "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": "needs it" }] }] } });
        site.issues.get_mut(&number(1)).unwrap().comments.push(words);
    }
    let answers = desk.poll(&keys).await.unwrap();
    assert_eq!(said(&answers), [(keys[0].as_str(), Said::Approved), (keys[1].as_str(), Said::Rejected)]);
    assert_eq!((answers[0].asked.as_deref(), answers[0].entered_by.as_deref()), (Some("boss@northwind.example"), None));
    assert_eq!(answers[1].entered_by.as_deref(), Some("head@northwind.example"));
    assert_eq!(answers[1].comment.as_deref(), Some("needs it"));
    assert_eq!(answers[0].at.to_rfc3339(), "2026-11-21T09:01:00+00:00");
    let mut next = order(2);
    next.approver = Some("head@northwind.example".to_owned());
    all(desk.ask(&[next]).await);
    all(desk.release(&orders).await);
    {
        let mut site = site.lock().unwrap();
        assert_eq!(site.issues[&number(2)].fields["assignee"]["accountId"], "acc-head");
        assert_eq!(site.issues[&number(2)].status, "In fulfilment");
        site.set_status(number(0), "acc-x", "Done");
        site.set_status(number(0), "acc-x", "Rolled back");
        site.set_status(number(2), "acc-x", "Failed");
    }
    let outcomes: Vec<Said> = desk.poll(&keys).await.unwrap().iter().map(|answer| answer.said).skip(2).collect();
    assert_eq!(outcomes, [Said::Executed, Said::RolledBack, Said::Failed]);
}

#[tokio::test]
async fn service_management_approves_where_it_has_a_field_for_it() {
    let site = jira::Site::shared(Duration::ZERO);
    let stub = Stub::start(jira::handler(&site)).await;
    let desk = jira_desk(&stub, Some("customfield_10003"));
    let orders = [order(0)];
    all(desk.ask(&orders).await);
    {
        let mut site = site.lock().unwrap();
        let issue = site.issues.values_mut().next().unwrap();
        assert_eq!(issue.fields["customfield_10003"][0]["accountId"], "acc-boss");
        issue.approvals.push(
            json!({ "id": 5, "finalDecision": "declined", "completedDate": { "epochMillis": 1_795_255_200_000_i64 },
            "approvers": [{ "approver": { "accountId": "acc-boss" }, "approverDecision": "declined" },
                          { "approver": { "accountId": "acc-head" }, "approverDecision": "pending" }] }),
        );
    }
    let answers = desk.poll(&[orders[0].key.clone()]).await.unwrap();
    assert_eq!(said(&answers), [(orders[0].key.as_str(), Said::Rejected)]);
    assert!(answers[0].entered_by.is_none() && answers[0].answer_id.ends_with("/approval-5/acc-boss/rejected"));
}

#[tokio::test]
async fn the_executor_says_what_it_would_do_and_does_it_only_when_told() {
    let groups = okta::Shared::default();
    let members = (0..3).map(|n| format!("00u{n}")).collect::<BTreeSet<_>>();
    groups.lock().unwrap().insert("00g1".to_owned(), ("OKTA_GROUP", members.clone()));
    groups.lock().unwrap().insert("00g2".to_owned(), ("APP_GROUP", members));
    let stub = Stub::faulty(okta::handler(&groups), faults(3, 20)).await;
    let executor = |apply| {
        let options = config::Okta { server: server(&stub), token: OktaToken::Ssws, apply };
        Okta::new(client(&stub, &Okta::auth(&options, Secret::new("t"))), &options)
    };
    let dry = executor(false);
    let ticket = all(dry.release(&[order(1)]).await).remove(0);
    assert!(dry.is_dry() && !ticket.is_done && ticket.id == "would be taken out of group 00g1");
    assert_eq!(groups.lock().unwrap()["00g1"].1.len(), 3);
    assert!(stub.log.lock().unwrap().iter().all(|request| request.method == "GET"));
    let real = executor(true);
    for turn in 0..20 {
        let ticket = all(real.release(&[order(1)]).await).remove(0);
        assert!(ticket.is_done && ticket.is_new == (turn == 0), "{ticket:?}");
    }
    assert_eq!(groups.lock().unwrap()["00g1"].1.len(), 2);
    let mut other = order(2);
    other.action = Action::Suspend;
    let mut foreign = order(2);
    foreign.grant = Some(Grant { group_id: "00g2".to_owned(), user_id: "00u2".to_owned() });
    let mut none = order(2);
    none.grant = None;
    for refused in real.release(&[other, foreign, none]).await {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Data);
    }
    assert!(real.ask(&[order(2)]).await[0].is_err());
    assert_eq!(stub.log.lock().unwrap()[0].headers["authorization"], "SSWS t");
}
