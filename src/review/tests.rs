//! What is due, who may decide, what holds a batch: case by case.

use std::collections::BTreeMap;

use chrono::Days;
use serde_json::json;

use super::world::{World, candidate, first, rung, who};
use super::*;
use crate::config::{AppRails, Decision, Freeze, Mode, OnNoResponse, Rails};
use crate::log::EntryKind;

fn code(outcome: Result<Ruling, Refusal>) -> &'static str {
    outcome.unwrap_err().code
}

#[test]
fn a_question_goes_up_step_by_step_and_ends_with_the_owner_of_the_app() {
    let mut world = World::of(vec![candidate(1)]);
    assert_eq!(world.due(), ["First approver mia 0 14", "First user ada 0 14"]);
    world.review();
    assert_eq!((world.state(1), world.due()), (State::Notified, vec![]), "asked once");
    world.pass(7);
    assert_eq!(world.due(), ["Reminder approver mia 0 14"]);
    world.review();
    assert!(world.due().is_empty(), "reminded once");
    world.pass(7);
    assert_eq!(world.due(), ["Escalation approver max 1 28"]);
    world.review();
    world.pass(14);
    world.review();
    world.pass(14);
    assert_eq!(world.due(), ["Escalation approver owner 3 56"]);
    world.review();
    world.pass(14);
    assert_eq!(world.due(), ["expire"]);
    world.review();
    assert_eq!((world.state(1), world.due()), (State::Expired, vec![]), "never without a decision");
    assert!(world.book().odd.is_empty());
}

#[test]
fn silence_means_what_the_policy_says() {
    let silent = |on_no_response| {
        let mut world = World::of(vec![Candidate { on_no_response, ..candidate(1) }]);
        world.review();
        world.pass(14);
        world.review();
        world
    };
    assert_eq!(silent(OnNoResponse::Keep).state(1), State::Expired);
    let mut world = silent(OnNoResponse::Approve);
    assert_eq!((world.state(1), world.due()), (State::Accepted, vec!["export 1".to_owned()]));
    world.review();
    assert_eq!(world.state(1), State::Exported);
}

#[test]
fn whoever_is_asked_late_has_the_time_they_are_due() {
    let mut world = World::of(vec![candidate(1)]);
    world.pass(7);
    assert_eq!(world.due()[0], "First approver mia 0 14", "half of the time is left");
    world.pass(1);
    assert_eq!(world.due()[0], "First approver mia 0 22", "less than half");
}

#[test]
fn nobody_is_asked_who_has_no_address_and_nobody_at_all_is_said() {
    let unreachable = |rungs: Vec<Rung>| World::of(vec![Candidate { ladder: rungs, holder: None, ..candidate(1) }]);
    let mute = Rung { address: None, ..rung(0, "mia") };
    assert_eq!(unreachable(vec![mute.clone(), rung(3, "owner")]).due(), ["First approver owner 3 14"]);
    assert_eq!(unreachable(vec![mute]).due(), ["waits: nobody"]);
}

#[test]
fn who_may_decide() {
    let mut world = World::of(vec![candidate(1)]);
    world.review();
    assert_eq!(code(world.decide(1, Decision::Accept, "ada")), "is_the_holder");
    assert_eq!(code(world.decide(1, Decision::Deny, "ada")), "is_the_holder");
    assert_eq!(code(world.decide(1, Decision::Accept, "eve")), "not_asked");
    assert_eq!(code(world.decide(1, Decision::Confirm, "mia")), "not_the_holder");
    assert_eq!(code(world.decide(1, Decision::Approve, "max")), "no_checker");
    assert_eq!(code(world.decide(2, Decision::Accept, "mia")), "unknown_candidate");
    assert_eq!(world.state(1), State::Notified);
    assert_eq!(world.decide(1, Decision::Accept, "max"), Ok(Ruling::First("0".into())), "somebody above");
    assert_eq!(world.state(1), State::Accepted);
}

#[test]
fn whoever_was_passed_over_is_heard_and_changes_nothing() {
    let mut world = World::of(vec![candidate(1)]);
    world.review();
    world.pass(14);
    world.review();
    assert!(matches!(world.decide(1, Decision::Accept, "mia"), Ok(Ruling::Late(_))));
    assert_eq!((world.state(1), world.entries.last().unwrap().kind), (State::Notified, EntryKind::DecisionLate));
    assert_eq!(world.decide(1, Decision::Deny, "max"), Ok(Ruling::First("1".into())));
    assert!(matches!(world.decide(1, Decision::Accept, "owner"), Ok(Ruling::Late(_))));
    assert_eq!(world.state(1), State::Denied);
}

#[test]
fn an_answer_says_what_it_must() {
    let world = World::of(vec![candidate(1)]);
    let hold = world.answer(1, Decision::Hold, "mia");
    let judged = |answer: Answer| world.judge(&answer).unwrap_err().code;
    assert_eq!(judged(Answer { expires_on: None, ..hold.clone() }), "missing_expiry");
    assert_eq!(judged(Answer { expires_on: Some(world.day), ..hold.clone() }), "expiry_not_ahead");
    assert_eq!(judged(Answer { reason_code: None, ..hold.clone() }), "missing_reason");
    assert_eq!(judged(Answer { reason_code: Some("because".into()), ..hold }), "unknown_reason_code");
    let deny = world.answer(1, Decision::Deny, "mia");
    assert_eq!(judged(Answer { reason_code: None, ..deny }), "missing_reason");
}

#[test]
fn the_same_answer_twice_counts_once_and_of_two_the_first_does() {
    let mut world = World::of(vec![candidate(1)]);
    let accept = world.answer(1, Decision::Accept, "mia");
    assert_eq!(world.give(accept.clone()), Ok(Ruling::First("0".into())));
    let length = world.entries.len();
    assert_eq!(world.give(accept), Ok(Ruling::Known(length as u64 - 1)));
    assert_eq!(world.entries.len(), length);
    assert!(matches!(world.decide(1, Decision::Deny, "max"), Ok(Ruling::Late(_))));
    assert_eq!(world.state(1), State::Accepted);
}

#[test]
fn checker_maker_and_holder_are_three_persons() {
    let checked = || vec![Candidate { is_checker_required: true, ..candidate(1) }];
    let mut world = World::of(checked());
    assert_eq!(code(world.decide(1, Decision::Approve, "max")), "not_now");
    assert_eq!(code(world.decide(1, Decision::Accept, "owner@northwind.example")), "not_asked");
    world.decide(1, Decision::Accept, "mia").unwrap();
    assert_eq!(world.due(), ["First checker max 1 14"], "nothing goes out, a second person is asked");
    world.review();
    assert_eq!(world.due(), ["waits: unchecked"]);
    assert_eq!(code(world.decide(1, Decision::Approve, "mia")), "is_the_maker");
    assert_eq!(code(world.decide(1, Decision::Approve, "ada")), "is_the_holder");
    assert_eq!(code(world.decide(1, Decision::Approve, "eve")), "not_asked");
    world.decide(1, Decision::Approve, "policy-owner").unwrap();
    assert_eq!((world.state(1), world.due()), (State::Approved, vec!["export 1".to_owned()]));

    let mut world = World::of(checked());
    world.decide(1, Decision::Accept, "mia").unwrap();
    world.decide(1, Decision::Reject, "max").unwrap();
    assert_eq!((world.state(1), world.due()), (State::Rejected, vec![]));
}

#[test]
fn an_address_alone_is_no_second_person() {
    let mut checked = Candidate { is_checker_required: true, ..candidate(1) };
    checked.ladder.push(rung(3, "desk@northwind.example"));
    let mut world = World::of(vec![checked]);
    assert_eq!(code(world.decide(1, Decision::Accept, "desk@northwind.example")), "not_a_person");
    world.decide(1, Decision::Accept, "mia").unwrap();
    assert_eq!(code(world.decide(1, Decision::Approve, "desk@northwind.example")), "not_a_person");
}

#[test]
fn a_hold_is_extended_by_a_new_answer_and_taken_back_by_whoever_set_it() {
    let mut world = World::of(vec![candidate(1)]);
    world.decide(1, Decision::Hold, "mia").unwrap();
    world.run_with(Vec::new());
    world.pass(10);
    assert_eq!(code(world.decide(1, Decision::Hold, "eve")), "not_asked");
    world.decide(1, Decision::Hold, "mia").unwrap();
    world.pass(10);
    world.decide(1, Decision::Hold, "mia").unwrap();
    let book = world.book();
    let life = &book.lives[&candidate(1).candidate_id];
    assert_eq!((life.state, life.held_until), (State::Held, Some(world.day + Days::new(30))));
    let answer = |by| world.answer(1, Decision::Hold, by);
    assert_eq!(answer("mia").may_release(life, None, world.day), Ok(()));
    assert_eq!(answer("ada").may_release(life, None, world.day).unwrap_err().code, "not_asked");
    assert_eq!(answer("mia").may_release(life, None, world.day + Days::new(30)).unwrap_err().code, "not_held");
}

#[test]
fn what_a_mode_does_not_allow_waits() {
    let with = |mode, action: &str| {
        let candidate = Candidate { mode, action: action.to_owned(), ..candidate(1) };
        let mut world = World::of(vec![candidate]);
        let asks = world.due();
        world.decide(1, Decision::Accept, "mia").unwrap();
        (asks[0].clone(), world.due()[0].clone())
    };
    let (asked, waits) = ("First approver mia 0 14".to_owned(), "waits: mode".to_owned());
    assert_eq!(with(Mode::Shadow, "reclaim"), (waits.clone(), waits.clone()));
    assert_eq!(with(Mode::Notify, "downgrade"), (asked.clone(), waits.clone()));
    assert_eq!(with(Mode::DowngradeOnly, "reclaim"), (asked.clone(), waits));
    assert_eq!(with(Mode::DowngradeOnly, "downgrade"), (asked.clone(), "export 1".to_owned()));
    assert_eq!(with(Mode::Enforce, "reclaim"), (asked, "export 1".to_owned()));
}

#[test]
fn stop_and_freeze_hold_what_is_due_and_lose_nothing() {
    let mut world = World::of(vec![candidate(1)]);
    world.is_stopped = true;
    assert_eq!(world.due(), ["waits: stopped"]);
    world.is_stopped = false;
    let freeze = |app: Option<&str>, to: u64| Freeze {
        from: first(),
        to: first() + Days::new(to),
        app: app.map(str::to_owned),
        reason: "quarter close".to_owned(),
    };
    world.rails.freezes = vec![freeze(Some("wiki"), 9)];
    assert_eq!(world.due().len(), 2);
    world.rails.freezes = vec![freeze(Some("figma"), 9), freeze(None, 0)];
    assert_eq!(world.due(), ["waits: frozen"]);
    world.pass(10);
    assert_eq!(world.due()[0], "First approver mia 0 24");
}

#[test]
fn a_wider_ring_holds_the_narrower_one() {
    let people = |n: usize| Candidate { holder: Some(who(&format!("p{n}"))), ..candidate(n) };
    let mut world = World::of((1..=40).map(people).collect());
    (1..=40).for_each(|n| drop(world.decide(n, Decision::Accept, "mia")));
    let mut out: Vec<Vec<String>> = Vec::new();
    for ring in [1, 10, 50, 100] {
        world.rails.standard.ring = ring;
        let due: Vec<String> = world.due().into_iter().filter(|due| due.starts_with("export")).collect();
        assert!(out.last().is_none_or(|narrower| narrower.iter().all(|one| due.contains(one))));
        out.push(due);
    }
    assert_eq!(out.iter().map(Vec::len).collect::<Vec<_>>(), [1, 4, 20, 40]);
    world.candidates.iter_mut().for_each(|c| c.episode_from = first() + Days::new(30));
    world.rails.standard.ring = 10;
    let next: Vec<String> = world.due().into_iter().filter(|due| due.starts_with("export")).collect();
    assert_ne!(next, out[1], "in another cycle others are the first");
}

#[test]
fn what_was_granted_and_is_proposed_no_more_does_not_go_out() {
    let mut world = World::of(vec![candidate(1)]);
    world.decide(1, Decision::Accept, "mia").unwrap();
    world.run_with(Vec::new());
    assert_eq!(world.due(), ["withdraw"]);
    world.review();
    assert_eq!((world.state(1), world.due()), (State::Withdrawn, vec![]));
}

#[test]
fn what_did_not_hold_is_asked_anew_and_goes_out_under_another_key() {
    let mut world = World::of(vec![candidate(1)]);
    world.decide(1, Decision::Accept, "mia").unwrap();
    let first_key = world.review();
    assert_eq!(first_key, [candidate(1).idempotency_key()]);
    world.tell(EntryKind::OutcomeFailed, &candidate(1).candidate_id, json!({}));
    assert_eq!(world.due()[0], "First approver mia 0 14");
    world.pass(1);
    assert_eq!(world.decide(1, Decision::Accept, "mia"), Ok(Ruling::First("r1-0".into())));
    let second_key = world.review();
    assert!(second_key.len() == 1 && second_key != first_key);
    assert_eq!(world.state(1), State::Exported);
    assert!(world.book().odd.is_empty());
}

/// Candidates of an app with so many seats, and the limits that trip.
fn tripped(count: usize, seats: u64, rails: &Rails) -> Vec<(String, u64)> {
    let world = World::of((1..=count).map(candidate).collect());
    let measures = Measures { seats: BTreeMap::from([("figma".to_owned(), seats)]), ..Measures::default() };
    let trips = trips(&world.candidates, &world.book(), rails, &measures, world.now());
    trips.into_iter().map(|trip| (trip.scope.to_string(), trip.limit)).collect()
}

#[test]
fn the_limits_are_those_of_the_design() {
    let of_app = Rails { manager_limit: 1000, organisation_share: 1.into(), ..Rails::default() };
    let trips = |count, seats| tripped(count, seats, &of_app);
    assert_eq!((trips(2, 19), trips(3, 19)), (vec![], vec![("figma".to_owned(), 2)]), "under 20 seats: 2");
    assert_eq!((trips(10, 50), trips(11, 50)), (vec![], vec![("figma".to_owned(), 10)]), "at least 10");
    assert_eq!((trips(30, 300), trips(31, 300)), (vec![], vec![("figma".to_owned(), 30)]), "10 % of its seats");
    let of_all = Rails { manager_limit: 1000, ..Rails::default() };
    assert_eq!(tripped(50, 1000, &of_all), []);
    assert_eq!(tripped(51, 1000, &of_all), [("all".to_owned(), 50)], "5 % of all seats");
    assert_eq!(tripped(501, 100_000, &of_all), [("all".to_owned(), 500)], "or 500");
    assert_eq!(tripped(25, 10_000, &Rails::default()), []);
    assert_eq!(tripped(26, 10_000, &Rails::default()), [("manager:mia".to_owned(), 25)]);
    let own = AppRails { least: 40, ..AppRails::default() };
    let own = Rails { apps: BTreeMap::from([("figma".to_owned(), own)]), ..of_app.clone() };
    assert_eq!(tripped(40, 50, &own), []);
}

#[test]
fn people_who_leave_all_at_once_hold_everything() {
    let world = World::of(vec![candidate(1)]);
    let trip = |workers, terminated| {
        let seats = BTreeMap::from([("figma".to_owned(), 1000)]);
        let measures = Measures { seats, workers, terminated };
        let trips = trips(&world.candidates, &world.book(), &Rails::default(), &measures, world.now());
        trips.into_iter().map(|trip| (trip.rail, trip.limit)).collect::<Vec<_>>()
    };
    assert_eq!((trip(1000, 20), trip(1000, 21)), (vec![], vec![("terminations", 20)]), "2 % of workers");
    assert_eq!((trip(100_000, 50), trip(100_000, 51)), (vec![], vec![("terminations", 50)]), "or 50");
}

#[test]
fn shadow_trips_nothing() {
    let shadow = |n| Candidate { mode: Mode::Shadow, ..candidate(n) };
    let world = World::of((1..=100).map(shadow).collect());
    assert_eq!(trips(&world.candidates, &world.book(), &Rails::default(), &Measures::default(), world.now()), []);
}

#[test]
fn a_trip_holds_the_whole_batch_until_two_persons_let_it_go_for_a_day() {
    let mut world = World::of((1..=3).map(candidate).collect());
    let trip = |world: &mut World| {
        let batch = Batch::name(world.run, &Scope::App("figma".into()));
        world.say(EntryKind::BreakerTripped, "job", json!({ "batch": batch, "rail": "app", "run": world.run }));
        batch
    };
    let batch = trip(&mut world);
    assert!(!is_good(&world.book(), 1, Some("figma")) && is_good(&world.book(), 1, Some("wiki")));
    assert_eq!(world.due(), ["waits: breaker"; 3]);
    world.decide(1, Decision::Accept, "mia").unwrap();
    assert_eq!(world.due(), ["waits: breaker"; 3], "granted or not");
    let release = |world: &mut World, by: &str| world.say(EntryKind::BreakerReleased, by, json!({ "batch": batch }));
    release(&mut world, "mia");
    release(&mut world, "mia");
    assert_eq!(world.due(), ["waits: breaker"; 3], "one person is one person");
    release(&mut world, "max");
    assert_eq!(world.due().iter().filter(|due| due.starts_with("First approver")).count(), 2);
    assert!(is_good(&world.book(), 1, Some("figma")), "people answer for what they let go");
    let mut later = world.clone();
    later.pass(1);
    assert_eq!(later.due(), ["waits: breaker"; 3], "a day later it is held again");
    world.review();
    world.pass(1);
    assert_eq!(world.due(), [""; 0], "what went out went out");

    // Candidates of a later run are another batch.
    world.pass(1);
    let more: Vec<Candidate> = (1..=4).map(|n| Candidate { episode_from: first(), ..candidate(n) }).collect();
    world.run_with(more);
    trip(&mut world);
    assert!(world.due().contains(&"waits: breaker".to_owned()));
}

#[test]
fn entries_that_say_what_cannot_be_are_seen_and_change_nothing() {
    let mut world = World::of(vec![candidate(1)]);
    world.tell(EntryKind::ExportCreated, &candidate(1).candidate_id, json!({ "key": "k" }));
    world.tell(EntryKind::DecisionAccept, "c-nobody", json!({}));
    let book = world.book();
    assert_eq!((world.state(1), book.odd.len()), (State::Open, 2));
}
