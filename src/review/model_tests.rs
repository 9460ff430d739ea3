//! Whatever people, runs and days do in whatever order: the log explains every state, nothing goes out that was not
//! granted, and nobody decides what they may not. What is checked is read from entries anew, not from the code that is
//! tested.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::world::{World, candidate};
use super::*;
use crate::config::{AppRails, Decision, Mode, OnNoResponse, Rails};
use crate::log::{Entry, EntryKind};

/// How many seats there are.
const SEATS: usize = 4;
/// Everybody who may want to say something.
const PEOPLE: [&str; 7] = ["mia", "max", "board", "owner", "policy-owner", "ada", "eve"];

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    /// A run proposes some of the seats, under a policy that may be another one.
    Run { proposed: Vec<bool>, mode: Mode },
    /// Time passes.
    Pass(u64),
    /// What is due is done; or is sent, and the program dies before it is on record; or dies before it is sent.
    Review(Death),
    /// Somebody says something.
    Say { seat: usize, decision: Decision, by: usize, dies: bool },
    /// The same words again.
    Repeat(usize),
    /// Whoever carries actions out says what became of one.
    Outcome { seat: usize, kind: EntryKind },
    /// A limit holds the batch of the newest run.
    Trip,
    /// Somebody lets the newest batch go.
    Release(usize),
    /// The kill switch.
    Stop(bool),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Death {
    None,
    BeforeSending,
    BeforeRecording,
}

fn act() -> impl Strategy<Value = Act> {
    let mode = prop_oneof![Just(Mode::Shadow), Just(Mode::Notify), Just(Mode::DowngradeOnly), Just(Mode::Enforce)];
    let mode = prop_oneof![3 => Just(Mode::Enforce), 1 => mode];
    let decisions = vec![
        Decision::Accept,
        Decision::Accept,
        Decision::Deny,
        Decision::Hold,
        Decision::Confirm,
        Decision::Approve,
        Decision::Reject,
    ];
    let outcomes = vec![
        EntryKind::OutcomeExecuted,
        EntryKind::OutcomeVerified,
        EntryKind::OutcomeFailed,
        EntryKind::OutcomeRolledBack,
        EntryKind::CandidateReopened,
    ];
    prop_oneof![
        3 => (prop::collection::vec(prop::bool::weighted(0.8), SEATS), mode)
            .prop_map(|(proposed, mode)| Act::Run { proposed, mode }),
        3 => (1..20_u64).prop_map(Act::Pass),
        6 => prop_oneof![4 => Just(Death::None), 1 => Just(Death::BeforeSending), 1 => Just(Death::BeforeRecording)]
            .prop_map(Act::Review),
        8 => (0..SEATS, prop::sample::select(decisions), 0..PEOPLE.len(), prop::bool::weighted(0.2))
            .prop_map(|(seat, decision, by, dies)| Act::Say { seat, decision, by, dies }),
        1 => any::<prop::sample::Index>().prop_map(|at| Act::Repeat(at.index(1000))),
        2 => (0..SEATS, prop::sample::select(outcomes)).prop_map(|(seat, kind)| Act::Outcome { seat, kind }),
        1 => Just(Act::Trip),
        2 => (0..PEOPLE.len()).prop_map(Act::Release),
        1 => any::<bool>().prop_map(Act::Stop),
    ]
}

/// The world, and what it is to be held against.
struct Model {
    world: World,
    /// Answers that were given, to be given again.
    given: Vec<Answer>,
    /// How often each key left the house, and for what.
    outside: BTreeMap<String, (usize, String)>,
    /// Proposals that had another policy when they were last made.
    policies: BTreeMap<String, Candidate>,
}

impl Model {
    fn new(checked: &[bool], silence: OnNoResponse) -> Self {
        let policies = (0..SEATS).map(|n| {
            let action = if n % 2 == 0 { "reclaim" } else { "downgrade" };
            let is_checker_required = checked[n];
            let made =
                Candidate { is_checker_required, on_no_response: silence, action: action.to_owned(), ..candidate(n) };
            (made.candidate_id.clone(), made)
        });
        let policies: BTreeMap<String, Candidate> = policies.collect();
        let mut world = World::of(policies.values().cloned().collect());
        world.rails = Rails { standard: AppRails { ring: 100, ..AppRails::default() }, ..Rails::default() };
        Self { world, given: Vec::new(), outside: BTreeMap::new(), policies }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Run { proposed, mode } => {
                self.policies.values_mut().for_each(|candidate| candidate.mode = *mode);
                let made = self.policies.values().zip(proposed).filter(|(_, proposed)| **proposed);
                let made: Vec<Candidate> = made.map(|(candidate, _)| candidate.clone()).collect();
                self.world.run_with(made);
            }
            Act::Pass(days) => self.world.pass(*days),
            Act::Review(death) => self.review(*death),
            Act::Say { seat, decision, by, dies } => {
                let mut answer = self.world.answer(*seat, *decision, PEOPLE[*by]);
                match self.world.judge(&answer) {
                    Ok(Ruling::First(question)) if *dies => {
                        // Claimed, and dead before it was on record.
                        answer.question = question.clone();
                        let place = (answer.candidate_id.clone(), question);
                        self.world.claims.entry(place).or_insert_with(|| answer.clone());
                    }
                    Ok(_) => drop(self.world.give(answer.clone())),
                    Err(_) => {}
                }
                self.given.push(answer);
            }
            Act::Repeat(at) => {
                if let Some(answer) = self.given.get(at % self.given.len().max(1)).cloned() {
                    let before = self.world.entries.len();
                    let is_known = self.world.book().answers.contains_key(&answer.answer_id);
                    let _ = self.world.give(Answer { question: String::new(), ..answer });
                    assert!(!is_known || self.world.entries.len() == before, "the same answer was put down twice");
                }
            }
            Act::Outcome { seat, kind } => {
                // Whoever reports an outcome looks where the candidate stands, as the poll of a desk does.
                let id = candidate(*seat).candidate_id;
                let event = match kind {
                    EntryKind::OutcomeExecuted => Event::Execute,
                    EntryKind::OutcomeVerified => Event::Verify,
                    EntryKind::OutcomeFailed => Event::Fail,
                    EntryKind::OutcomeRolledBack => Event::RollBack,
                    _ => Event::Reopen,
                };
                if self.world.book().lives.get(&id).is_some_and(|life| life.state.after(event).is_ok()) {
                    self.world.tell(*kind, &id, json!({}));
                }
            }
            Act::Trip => {
                let name = Batch::name(self.world.run, &Scope::App("figma".into()));
                if !self.world.book().batches.iter().any(|batch| batch.name == name) {
                    let detail = json!({ "batch": name, "rail": "app", "run": self.world.run });
                    self.world.say(EntryKind::BreakerTripped, "job", detail);
                }
            }
            Act::Release(by) => {
                if let Some(batch) = self.world.book().batches.last() {
                    self.world.say(EntryKind::BreakerReleased, PEOPLE[*by], json!({ "batch": batch.name }));
                }
            }
            Act::Stop(set) => self.world.is_stopped = *set,
        }
    }

    /// As the job: claims without entries first, then what is due, until nothing is.
    fn review(&mut self, death: Death) {
        self.adopt();
        for round in 0..20 {
            assert!(round < 19, "a review that does not come to an end");
            let book = self.world.book();
            let before = self.world.clone();
            let plan = before.situation(&book).plan();
            if plan.steps.is_empty() || death == Death::BeforeSending {
                return;
            }
            let mut conclusions = Vec::new();
            for step in &plan.steps {
                if let Some(key) = step.key(&book) {
                    assert!(!self.world.is_stopped, "something went out while STOP is set");
                    self.goes_out(step, &key, &book);
                } else if let Step::Expire(candidate) | Step::Assume(candidate) = step {
                    let life = &book.lives[&candidate.candidate_id];
                    conclusions.push((candidate.candidate_id.clone(), life.question()));
                }
            }
            if death == Death::BeforeRecording {
                return;
            }
            // A question that is claimed is answered: the claim is what counts.
            if conclusions.into_iter().any(|place| self.world.claims.contains_key(&place)) {
                self.adopt();
                continue;
            }
            self.world.review();
        }
    }

    fn adopt(&mut self) {
        let claims: Vec<Answer> = self.world.claims.values().cloned().collect();
        let owed = owed(&claims, &self.world.book(), self.world.now());
        owed.into_iter().for_each(|entry| self.world.append(entry));
    }

    /// Something leaves the house: is it wanted, and is it the only one?
    fn goes_out(&mut self, step: &Step<'_>, key: &str, book: &Book) {
        let (candidate, what) = match step {
            Step::Ask { candidate, .. } => (candidate, "ask"),
            Step::Export(candidate) => (candidate, "export"),
            _ => return,
        };
        let id = &candidate.candidate_id;
        assert_ne!(candidate.mode, Mode::Shadow, "shadow has no outward effect");
        assert!(held(candidate, book, self.world.now()).is_none(), "{id} is held");
        let told = self.outside.entry(key.to_owned()).or_insert((0, id.clone()));
        told.0 += 1;
        assert_eq!(&told.1, id, "one key for two candidates");
        assert!(!book.sent.contains(key), "{key} is on record and went out again");
        if what == "export" {
            let may = candidate.mode == Mode::Enforce || candidate.action == "downgrade";
            assert!(may, "{:?} does not export {}", candidate.mode, candidate.action);
            granted(&self.world.entries, candidate);
        }
    }

    fn check(&self) {
        let book = self.world.book();
        assert_eq!(book.odd, [], "the log says what cannot be");
        for (id, life) in &book.lives {
            let entry = &self.world.entries[life.seq as usize];
            assert!(is_about(entry, id), "the log does not explain the state of {id}");
            decided_by_whom_they_may(&self.world.entries, &self.policies[id]);
        }
        let mut answers = BTreeSet::new();
        for entry in &self.world.entries {
            if let Some(answer) = said(entry, "answer_id") {
                assert!(answers.insert(answer.clone()), "answer {answer} is on record twice");
            }
        }
    }
}

fn said(entry: &Entry, member: &str) -> Option<String> {
    entry.detail().get(member)?.as_str().map(str::to_owned)
}

fn is_about(entry: &Entry, id: &str) -> bool {
    said(entry, "candidate_id").as_deref() == Some(id)
}

/// The entries about a candidate since its question was last opened, by kind.
fn of_round<'e>(entries: &'e [Entry], id: &str) -> Vec<&'e Entry> {
    let own: Vec<&Entry> = entries.iter().filter(|e| is_about(e, id)).collect();
    let opens = |e: &&Entry| {
        matches!(e.kind, EntryKind::CandidateOpened | EntryKind::OutcomeFailed | EntryKind::CandidateReopened)
    };
    let from = own.iter().rposition(opens).unwrap_or_default();
    own[from..].to_vec()
}

/// What a policy demands before an action goes out, looked up in the entries.
fn granted(entries: &[Entry], candidate: &Candidate) {
    let round = of_round(entries, &candidate.candidate_id);
    let of = |kind: EntryKind| round.iter().filter(|e| e.kind == kind).collect::<Vec<_>>();
    let accepts = of(EntryKind::DecisionAccept);
    assert_eq!(accepts.len(), 1, "{} went out without one yes", candidate.candidate_id);
    let maker = &accepts[0].actor;
    assert!(maker != "ada" && maker != "eve");
    for no in [EntryKind::DecisionDeny, EntryKind::HoldSet, EntryKind::DecisionSelfConfirm, EntryKind::CheckerReject] {
        assert!(of(no).is_empty(), "{} went out against {no}", candidate.candidate_id);
    }
    assert!(of(EntryKind::CandidateWithdrawn).is_empty() && of(EntryKind::CandidateExpired).is_empty());
    assert!(of(EntryKind::ExportCreated).is_empty(), "{} went out twice", candidate.candidate_id);
    if candidate.is_checker_required {
        let checks = of(EntryKind::CheckerApprove);
        assert_eq!(checks.len(), 1, "{} went out unchecked", candidate.candidate_id);
        assert!(checks[0].actor != *maker && checks[0].actor != "ada");
    }
}

/// Nobody decides about their own seat, confirms another's, or checks their own word.
fn decided_by_whom_they_may(entries: &[Entry], candidate: &Candidate) {
    let mut maker = None;
    for entry in entries.iter().filter(|e| is_about(e, &candidate.candidate_id)) {
        let is_policy = said(entry, "channel").as_deref() == Some("policy");
        match entry.kind {
            EntryKind::DecisionAccept if is_policy => maker = Some(entry.actor.clone()),
            EntryKind::DecisionAccept => {
                assert!(!["ada", "eve", "policy-owner"].contains(&entry.actor.as_str()));
                maker = Some(entry.actor.clone());
            }
            EntryKind::DecisionDeny | EntryKind::HoldSet => {
                assert!(!["ada", "eve"].contains(&entry.actor.as_str()), "{} by {}", entry.kind, entry.actor);
            }
            EntryKind::DecisionSelfConfirm => assert_eq!(entry.actor, "ada"),
            EntryKind::CheckerApprove | EntryKind::CheckerReject => {
                assert!(maker.as_deref() != Some(&entry.actor) && entry.actor != "ada" && entry.actor != "eve");
            }
            _ => {}
        }
    }
}

/// Somebody answers and dies before it is on record; the proposal goes and comes again, and they say the same again.
#[test]
fn an_answer_given_again_to_a_new_question_is_on_record_once() {
    let say = |dies| Act::Say { seat: 3, decision: Decision::Accept, by: 0, dies };
    let run = |is_proposed| Act::Run { proposed: vec![false, false, false, is_proposed], mode: Mode::Enforce };
    for again in [say(false), say(true)] {
        let mut model = Model::new(&[false; SEATS], OnNoResponse::Escalate);
        for act in [say(true), run(false), run(true), again, Act::Review(Death::None), Act::Review(Death::None)] {
            model.act(&act);
            model.check();
        }
        assert_eq!(model.world.state(3), State::Exported);
    }
}

/// What was said of a proposal that went is no word about the one that came after it.
#[test]
fn an_answer_to_a_question_that_is_gone_changes_nothing() {
    let run = |is_proposed| Act::Run { proposed: vec![false, false, false, is_proposed], mode: Mode::Enforce };
    let mut model = Model::new(&[false; SEATS], OnNoResponse::Escalate);
    let said = Act::Say { seat: 3, decision: Decision::Accept, by: 0, dies: true };
    for act in [said, run(false), run(true), Act::Review(Death::None)] {
        model.act(&act);
        model.check();
    }
    assert_eq!(model.world.state(3), State::Notified);
    assert!(model.world.entries.iter().any(|entry| entry.kind == EntryKind::DecisionLate));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_the_rules(
        checked in prop::collection::vec(any::<bool>(), SEATS),
        silence in prop_oneof![Just(OnNoResponse::Escalate), Just(OnNoResponse::Keep), Just(OnNoResponse::Approve)],
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut model = Model::new(&checked, silence);
        for act in &acts {
            model.act(act);
            model.check();
        }
        // In the end everything due is done once, and nothing is due twice.
        model.world.is_stopped = false;
        model.review(Death::None);
        let outside = model.outside.clone();
        model.review(Death::None);
        prop_assert_eq!(outside.len(), model.outside.len());
        model.check();
    }
}
