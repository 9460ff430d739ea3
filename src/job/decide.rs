//! Answers on their way to the log: judged, claimed, put on record. The claim is what counts; an answer whose claim was
//! made and whose entry was not is put on record by whoever comes next.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::Job;
use super::entries::TRIES;
use super::facts::{Facts, People};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{self, Decided, Decision};
use crate::engine::Session;
use crate::identity::IdentityMap;
use crate::log::{self, NewEntry};
use crate::review::{self, Answer, Book, Candidate, Life, Refusal, Ruling, State, Who};
use crate::store::{Commit, Key, RunId, canonical};

/// Places of a candidate's id in the name of a claim.
const ID_LENGTH: usize = 22;

/// A decision as somebody gives it.
#[derive(Debug, Clone)]
pub struct Given {
    /// A candidate, `app/account`, or of a release a batch.
    pub about: String,
    /// What is decided.
    pub decision: Decision,
    /// Why.
    pub reason_code: Option<String>,
    /// Of a hold the first day outside.
    pub expires_on: Option<NaiveDate>,
    /// Who decides: an address or a worker id; the user of the machine when absent.
    pub by: Option<String>,
    /// What else they said.
    pub note: Option<String>,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It counts.
    Counts,
    /// It came too late: on record, and without effect.
    Late(String),
    /// It was on record before, as this entry.
    Known(u64),
    /// It cannot be given: nothing is on record.
    Refused(Refusal),
}

impl Job {
    /// The log as it stands: its newest record, and what its entries say.
    pub(super) async fn book(&self) -> Result<(u64, Book)> {
        let version = log::head(&self.store).await?.map_or(0, |head| head.version);
        Ok((version, Book::of(&log::entries(&self.store, 0).await?)))
    }

    /// Puts down what somebody decides about a candidate, or about every open candidate of an account.
    ///
    /// # Errors
    /// Usage when nobody or nothing is meant, or too many persons are; a store error. What cannot be decided is said of
    /// each candidate.
    pub async fn decide(&self, given: &Given) -> Result<Vec<(String, Answered)>> {
        let identity = self.identity().await?;
        self.settle_log(&identity).await?;
        let (session, _) = self.reader(None).await?;
        let facts = Facts::of(&session, &identity).await?;
        let people = People::of(&session).await?;
        let (who, recorder) = self.deciders(given.by.as_deref(), &people, &identity)?;
        let (_, book) = self.book().await?;
        let is_meant = |life: &Life| match given.decision {
            Decision::Hold => life.state.is_asked_for() || life.state == State::Held,
            Decision::Approve | Decision::Reject => life.state == State::Accepted,
            _ => life.state.is_asked_for(),
        };
        let lives = self.meant(&given.about, &session, &book, &identity, is_meant).await?;
        let today = self.clock.today().day();
        let mut answers = Vec::new();
        for life in lives {
            let note_sha256 = match &given.note {
                Some(note) => Some(self.keep_note(note, Some(&life.account_key)).await?),
                None => None,
            };
            let (reason, end) = (given.reason_code.clone(), given.expires_on);
            let until = end.map_or(String::new(), |day| day.to_string());
            let mut answer = Answer {
                answer_id: String::new(),
                candidate_id: life.candidate_id.clone(),
                question: String::new(),
                decision: given.decision.as_str().to_owned(),
                by_key: who.key.clone(),
                is_known: who.is_known,
                recorded_by_key: recorder.clone(),
                reason_code: reason,
                expires_on: end,
                on: today,
                channel: "cli".to_owned(),
                note_sha256,
            };
            let words = [&*answer.candidate_id, &answer.question_to(life), &answer.decision, &answer.by_key, &until];
            let reason = answer.reason_code.as_deref().unwrap_or_default();
            answer.answer_id = Answer::id_of(&[&words[..], &[reason, "cli"]].concat());
            answers.push(answer);
        }
        let ids: Vec<String> = answers.iter().map(|answer| answer.candidate_id.clone()).collect();
        let run_id = RunId::new(self.clock);
        let answered = self.put_down(answers, Some(&facts), &identity, &run_id).await?;
        Ok(ids.into_iter().zip(answered).collect())
    }

    /// The answers that rows of a file give, with who gave them. A row that names nobody is an answer by nobody known.
    ///
    /// # Errors
    /// Internal when no key can be made.
    pub(super) fn answers(
        &self,
        rows: &[Decided],
        channel: &str,
        people: &People,
        identity: &IdentityMap,
    ) -> Result<Vec<Result<Answer, Refusal>>> {
        let recorder = self.actor(identity)?;
        let answer = |row: &Decided| {
            let who = match people.who(&row.decided_by, identity) {
                Ok(who) => who,
                Err(error) if error.kind() == ErrorKind::Usage => {
                    return Ok(Err(Refusal::new("ambiguous_person", error.to_string())));
                }
                Err(error) => return Err(error),
            };
            let day = |day: Option<NaiveDate>| day.map_or(String::new(), |day| day.to_string());
            let (on, until) = (day(Some(row.decided_on)), day(row.expires_on));
            let words = [&*row.candidate_id, row.decision.as_str(), &row.decided_by, &on, &until];
            let id = row.answer_id.clone();
            Ok(Ok(Answer {
                answer_id: id.unwrap_or_else(|| {
                    Answer::id_of(&[&words[..], &[row.reason_code.as_deref().unwrap_or_default()]].concat())
                }),
                candidate_id: row.candidate_id.clone(),
                question: String::new(),
                decision: row.decision.as_str().to_owned(),
                by_key: who.key,
                is_known: who.is_known,
                recorded_by_key: Some(recorder.clone()),
                reason_code: row.reason_code.clone(),
                expires_on: row.expires_on,
                on: row.decided_on,
                channel: channel.to_owned(),
                note_sha256: None,
            }))
        };
        rows.iter().map(answer).collect()
    }

    /// What becomes of the rows of a file of decisions; with `apply`, they are put down.
    ///
    /// # Errors
    /// As [`Job::decide`].
    pub async fn import(&self, rows: &[Decided], apply: bool) -> Result<Vec<Answered>> {
        let identity = self.identity().await?;
        self.settle_log(&identity).await?;
        let (session, _) = self.reader(None).await?;
        let (facts, people) = (Facts::of(&session, &identity).await?, People::of(&session).await?);
        let answers = self.answers(rows, "import", &people, &identity)?;
        if apply {
            return self.put_down_each(answers, &facts, &identity, &RunId::new(self.clock)).await;
        }
        let (_, book) = self.book().await?;
        let (codes, today) = (&self.config.seeds.reason_codes, self.clock.today().day());
        let mut settled = BTreeSet::new();
        let answered = answers.into_iter().map(|answer| {
            let answer = match answer {
                Ok(answer) => answer,
                Err(refusal) => return Answered::Refused(refusal),
            };
            match answer.judge(&book, facts.get(&answer.candidate_id), codes, today) {
                Ok(Ruling::Known(seq)) => Answered::Known(seq),
                Ok(Ruling::First(_)) if settled.insert(answer.candidate_id.clone()) => Answered::Counts,
                Ok(Ruling::First(_)) => Answered::Late("a line before answers it".to_owned()),
                Ok(Ruling::Late(why)) => Answered::Late(why),
                Err(refusal) => Answered::Refused(refusal),
            }
        });
        Ok(answered.collect())
    }

    /// Puts down those answers that are some.
    pub(super) async fn put_down_each(
        &self,
        answers: Vec<Result<Answer, Refusal>>,
        facts: &Facts,
        identity: &IdentityMap,
        run_id: &RunId,
    ) -> Result<Vec<Answered>> {
        let given = answers.iter().filter_map(|answer| answer.as_ref().ok()).cloned().collect();
        let mut put_down = self.put_down(given, Some(facts), identity, run_id).await?.into_iter();
        let answered = answers.into_iter().map(|answer| match answer {
            Ok(_) => put_down.next().ok_or_else(|| Error::internal("an answer that nothing became of")),
            Err(refusal) => Ok(Answered::Refused(refusal)),
        });
        answered.collect()
    }

    /// Judges answers, claims what they answer, and puts them on record. Without facts they were judged before.
    pub(super) async fn put_down(
        &self,
        answers: Vec<Answer>,
        facts: Option<&Facts>,
        identity: &IdentityMap,
        run_id: &RunId,
    ) -> Result<Vec<Answered>> {
        let mut answered: Vec<Option<Answered>> = vec![None; answers.len()];
        identity.commit(run_id, &self.config.sha256).await?;
        let (mut round, mut conflicts) = (0, 0);
        while answered.iter().any(Option::is_none) {
            let (version, book) = self.book().await?;
            let (mut outcomes, mut entries, mut asked) = (Vec::new(), Vec::new(), BTreeSet::new());
            for (at, answer) in answers.iter().enumerate().filter(|(at, _)| answered[*at].is_none()) {
                // What one answer changes, the next about the same candidate must know.
                if asked.insert(&answer.candidate_id) {
                    let (outcome, entry) = self.settle(answer, facts, &book).await?;
                    outcomes.push((at, outcome));
                    entries.extend(entry);
                }
            }
            round += 1;
            if entries.is_empty() || self.append_after(version, entries, run_id, &format!("answers {round}")).await? {
                outcomes.into_iter().for_each(|(at, outcome)| answered[at] = Some(outcome));
            } else {
                conflicts += 1;
            }
            if conflicts > TRIES {
                return Err(busy());
            }
        }
        Ok(answered.into_iter().flatten().collect())
    }

    /// What becomes of one answer as the log stands, and the entry that says so.
    async fn settle(
        &self,
        answer: &Answer,
        facts: Option<&Facts>,
        book: &Book,
    ) -> Result<(Answered, Option<NewEntry>)> {
        let candidate = facts.and_then(|facts| facts.get(&answer.candidate_id));
        let codes = &self.config.seeds.reason_codes;
        let ruling = match facts {
            Some(_) => answer.judge(book, candidate, codes, self.clock.today().day()),
            None => Ok(Ruling::First(answer.question.clone())),
        };
        let Some(life) = book.lives.get(&answer.candidate_id) else {
            let unknown = Refusal::new("unknown_candidate", format!("no run proposed {}", answer.candidate_id));
            return Ok((Answered::Refused(ruling.err().unwrap_or(unknown)), None));
        };
        let evidence = facts.and_then(|facts| facts.evidence_sha256(&answer.candidate_id));
        let mut answer = answer.clone();
        let late = match ruling {
            Err(refusal) => return Ok((Answered::Refused(refusal), None)),
            Ok(Ruling::Known(seq)) => return Ok((Answered::Known(seq), None)),
            Ok(Ruling::Late(why)) => {
                answer.question = answer.question_to(life);
                Some(why)
            }
            Ok(Ruling::First(question)) => {
                answer.question = question;
                let first = self.claim_answer(&answer).await?;
                let is_first = first.answer_id == answer.answer_id;
                (!is_first).then(|| "somebody answered at the same time, and was first".to_owned())
            }
        };
        let entry = answer.entry(self.clock.now(), life, late.is_none(), evidence.as_deref());
        Ok((late.map_or(Answered::Counts, Answered::Late), Some(entry)))
    }

    /// Claims the question that an answer is to; gives the answer that was first.
    pub(super) async fn claim_answer(&self, answer: &Answer) -> Result<Answer> {
        let key = Key::Decision { candidate_id: answer.candidate_id.clone(), question: answer.question.clone() };
        let first = self.store.claim(&key, &canonical(answer)?.into()).await?;
        serde_json::from_slice(&first).context(ErrorKind::Evidence, format!("the claim of {}", answer.candidate_id))
    }

    /// Puts answers on record whose claim was made and whose entry was not: whoever gave them died in between.
    pub(super) async fn adopt_claims(&self, run_id: &RunId) -> Result<usize> {
        for attempt in 0.. {
            let (version, book) = self.book().await?;
            let is_owed = |name: &str| {
                let parts = name.get(..ID_LENGTH).zip(name.get(ID_LENGTH + 1..));
                parts.is_some_and(|(id, question)| book.lives.get(id).is_some_and(|l| !l.answered.contains(question)))
            };
            let mut claims = Vec::new();
            for claim in self.store.decisions(is_owed).await? {
                claims.push(serde_json::from_slice(&claim).context(ErrorKind::Evidence, "a claim")?);
            }
            let entries = review::owed(&claims, &book, self.clock.now());
            let count = entries.len();
            if count == 0 || self.append_after(version, entries, run_id, &format!("claims {attempt}")).await? {
                return Ok(count);
            }
            if attempt == TRIES {
                break;
            }
        }
        Err(busy())
    }

    /// Appends entries that were concluded from the log as one of its records left it. False: somebody else appended
    /// meanwhile, and nothing was.
    pub(super) async fn append_after(
        &self,
        version: u64,
        entries: Vec<NewEntry>,
        run_id: &RunId,
        what: &str,
    ) -> Result<bool> {
        let (reads, notes, id) = (self.seen_by_log().await?, BTreeMap::new(), format!("{what} {run_id}"));
        let config = &self.config.sha256;
        let commit = log::append_after(&self.store, version, entries, reads, notes, &id, run_id, config).await?;
        Ok(!matches!(commit, Some(Commit::Conflict(_))))
    }

    /// Who decides, and who puts it down when that is somebody else.
    pub(super) fn deciders(
        &self,
        by: Option<&str>,
        people: &People,
        identity: &IdentityMap,
    ) -> Result<(Who, Option<String>)> {
        let own = people.who(&config::actor(), identity)?;
        match by {
            Some(name) => Ok((people.who(name, identity)?, Some(own.key))),
            None => Ok((own, None)),
        }
    }

    /// The candidates that are meant by an id, or by app and account (its id or an address).
    pub(super) async fn meant<'b>(
        &self,
        about: &str,
        session: &Session,
        book: &'b Book,
        identity: &IdentityMap,
        is_meant: impl Fn(&Life) -> bool,
    ) -> Result<Vec<&'b Life>> {
        if let Some(life) = book.lives.get(about) {
            return Ok(vec![life]);
        }
        let Some((app, account)) = about.split_once('/') else {
            let known = book.lives.keys().map(String::as_str);
            let near =
                crate::base::text::nearest(about, known).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(Error::usage(format!("nothing is called `{about}`: give a candidate or app/account{near}")));
        };
        let mut lives = Vec::new();
        for id in super::explain::accounts(session, app, account).await? {
            let key = identity.key(crate::identity::Name::id(&id))?;
            let of_account = book.of_account(app, &key);
            let before = lives.len();
            lives.extend(of_account.iter().copied().filter(|life| is_meant(life)));
            // Where nothing is open, whoever decides hears what became of the newest.
            if lives.len() == before {
                lives.extend(of_account.last());
            }
        }
        if lives.is_empty() {
            return Err(Error::usage(format!("`{about}` has no candidate to decide about: see review.candidates")));
        }
        Ok(lives)
    }
}

pub(super) fn busy() -> Error {
    Error::new(ErrorKind::Conflict, "other runs append to the decision log all the time: run again")
}

/// The answer that the program itself gives to an open question, in place of whoever was asked.
pub(super) fn own_answer(candidate: &Candidate, life: &Life, decision: &str, actor: &str, on: NaiveDate) -> Answer {
    let question = life.question();
    Answer {
        answer_id: Answer::id_of(&[&candidate.candidate_id, &question, decision, "policy"]),
        candidate_id: candidate.candidate_id.clone(),
        question,
        decision: decision.to_owned(),
        by_key: actor.to_owned(),
        is_known: false,
        recorded_by_key: None,
        reason_code: None,
        expires_on: None,
        on,
        channel: "policy".to_owned(),
        note_sha256: None,
    }
}
