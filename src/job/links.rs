//! Links to the page of answers: given out with a question, kept as claims by the hash of their token, and taken back as
//! answers. A link is good for one question as it stood; who answers what is judged like every other answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::Days;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::Job;
use super::decide::Answered;
use super::facts::Facts;
use super::outward::Link;
use super::review::{Review, ReviewLine};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::Answers;
use crate::identity::IdentityMap;
use crate::publish::tickets::Action;
use crate::review::{Answer, Audience, Book, Candidate, Step};
use crate::serve::{self, AnswerDesk, Binding, Choice, Claims, Code, Issued, MOST_DAYS, Outcome, Question};
use crate::store::{Chain, Key, Kind, RunId, canonical};

/// By which way these answers come, in the decision log.
const CHANNEL: &str = "link";
/// The kind of a reason that a denial may give.
const DENIAL: &str = "denial";
/// What a denial may give as its reason where the project names none.
const REASONS: [(&str, &str); 2] = [("still_needed", "it is needed"), ("wrong_data", "the evidence is wrong")];

/// Gives links out: one code for each person and review.
#[derive(Default)]
pub(super) struct Giver(BTreeMap<String, Arc<Code>>);

impl Giver {
    /// A link for a question, on record before anybody has it. None where no link decides.
    ///
    /// # Errors
    /// Store when it cannot be put on record.
    pub(super) async fn give(&mut self, job: &Job, facts: &Facts, step: &Step<'_>) -> Result<Option<Link>> {
        let Step::Ask { candidate, audience, key, address: Some(to), step, due_on, .. } = step else { return Ok(None) };
        let Some(choices) = choices(candidate, *audience) else { return Ok(None) };
        let binding = Binding {
            candidate_id: candidate.candidate_id.clone(),
            step: if *audience == Audience::User { 0 } else { *step },
            approver_key: key.clone(),
            choices,
            policy_version: candidate.policy_version.clone(),
            evidence_sha256: facts.evidence_sha256(&candidate.candidate_id).unwrap_or_default(),
            due_on: *due_on,
        };
        let code = match self.0.get(to) {
            Some(code) => code.clone(),
            None => self.0.entry(to.clone()).or_insert(Arc::new(Code::new()?)).clone(),
        };
        let (token, issued) = serve::issue(binding, &code, job.clock.now())?;
        let kept = Key::Link { token_sha256: issued.token_sha256.clone() };
        job.store.claim(&kept, &canonical(&issued)?.into()).await?;
        Ok(Some(Link { token, code }))
    }
}

/// What a person may answer by link; none where a second person must agree: that app or role is critical.
fn choices(candidate: &Candidate, audience: Audience) -> Option<BTreeSet<Choice>> {
    match audience {
        _ if candidate.is_checker_required => None,
        Audience::Approver => Some(BTreeSet::from([Choice::Accept, Choice::Deny])),
        Audience::User => Some(BTreeSet::from([Choice::Confirm])),
        Audience::Checker => None,
    }
}

impl Job {
    /// Serves the page of answers until the process ends.
    ///
    /// # Errors
    /// Config when the project names no page, or its address cannot be listened on.
    pub async fn serve(self) -> Result<()> {
        let page = self.page_options()?.clone();
        let bind = page.bind;
        serve::listen(&Arc::new(self).page()?, bind).await
    }

    /// The page of answers over this project.
    ///
    /// # Errors
    /// As [`Job::serve`].
    pub fn page(self: Arc<Self>) -> Result<serve::Page> {
        let (answers, clock) = (self.page_options()?.clone(), self.clock);
        let window = Arc::new(Window { job: self, seen: Mutex::default() });
        serve::Page::new(&answers, serve::Doors { claims: window.clone(), desk: window }, clock)
    }

    fn page_options(&self) -> Result<&Answers> {
        let answers = self.config.project.outward.answers.as_ref();
        answers.ok_or_else(|| Error::config("the project names no page of answers: add [answers] to seatledger.toml"))
    }

    /// Puts answers on record whose link was used and whose entry was not made: whoever took them died in between.
    pub(super) async fn adopt_links(
        &self,
        facts: &Facts,
        identity: &IdentityMap,
        run_id: &RunId,
        review: &mut Review,
    ) -> Result<()> {
        let (_, book) = self.book().await?;
        let mut answers = Vec::new();
        for claim in self.store.link_answers(|name| !book.answers.contains_key(name)).await? {
            let given: serve::Answered = read(&claim, "an answer by link")?;
            // What could not count for so long never will; its claim stays.
            if given.at + Days::new(MOST_DAYS) >= self.clock.now() {
                answers.push(answer(&given, facts.get(&given.binding.candidate_id)));
            }
        }
        let answered = self.put_down(answers.clone(), Some(facts), identity, run_id).await?;
        for (answer, answered) in answers.into_iter().zip(answered) {
            match answered {
                Answered::Known(_) => {}
                Answered::Refused(why) => {
                    review.refused.push(format!("an answer by link to {}: {why} ({})", answer.candidate_id, why.code));
                }
                Answered::Counts | Answered::Late(_) => review.lines.push(ReviewLine {
                    candidate_id: answer.candidate_id,
                    action: answer.decision,
                    ..ReviewLine::of(if answered == Answered::Counts { "answer" } else { "late answer" }, None)
                }),
            }
        }
        Ok(())
    }
}

/// An answer as every other way brings it.
fn answer(given: &serve::Answered, candidate: Option<&Candidate>) -> Answer {
    let by_key = &given.binding.approver_key;
    let is_known = candidate.is_some_and(|candidate| {
        candidate.is_holder(by_key) || candidate.ladder.iter().any(|rung| rung.who.key == *by_key && rung.who.is_known)
    });
    Answer {
        answer_id: given.answer_id.clone(),
        candidate_id: given.binding.candidate_id.clone(),
        question: String::new(),
        decision: given.choice.as_str().to_owned(),
        by_key: by_key.clone(),
        is_known,
        recorded_by_key: None,
        reason_code: given.reason_code.clone(),
        expires_on: None,
        on: given.at.date_naive(),
        channel: CHANNEL.to_owned(),
        note_sha256: None,
    }
}

/// What the page sees of a project.
struct Window {
    job: Arc<Job>,
    /// The candidates of the newest run, and which run that is.
    seen: Mutex<Option<(u64, Arc<Facts>)>>,
}

impl Window {
    async fn facts(&self, identity: &IdentityMap) -> Result<Arc<Facts>> {
        let mut seen = self.seen.lock().await;
        let records = self.job.store.records(&Chain::Runs).await?;
        let newest = records.iter().rev().find(|record| record.kind == Kind::Run).map(|record| record.version);
        if let Some((run, facts)) = seen.as_ref()
            && Some(*run) == newest
        {
            return Ok(facts.clone());
        }
        let (session, record) = self.job.reader(None).await?;
        let facts = Arc::new(Facts::of(&session, identity).await?);
        *seen = Some((record.version, facts.clone()));
        Ok(facts)
    }

    fn question(&self, binding: &Binding, facts: &Facts, book: &Book) -> Option<Question> {
        let candidate = facts.get(&binding.candidate_id)?;
        let life = book.lives.get(&binding.candidate_id).filter(|life| life.state.is_asked_for())?;
        let audience = match candidate.is_holder(&binding.approver_key) {
            true => Audience::User,
            false => Audience::Approver,
        };
        let (step, due_on) = match (audience, &life.asked) {
            (Audience::User, _) if life.is_holder_told => (0, binding.due_on),
            (Audience::Approver, Some(asked)) if asked.key == binding.approver_key => (life.step, asked.due_on),
            _ => return None,
        };
        let order = facts.order(candidate, &candidate.idempotency_key(), life.opened_run);
        let proposal = Action::parse(&order.action)?.proposal(order.target_tier.as_deref());
        Some(Question {
            binding: Binding {
                candidate_id: binding.candidate_id.clone(),
                step,
                approver_key: binding.approver_key.clone(),
                choices: choices(candidate, audience).unwrap_or_default(),
                policy_version: candidate.policy_version.clone(),
                evidence_sha256: facts.evidence_sha256(&candidate.candidate_id).unwrap_or_default(),
                due_on,
            },
            is_critical: candidate.is_checker_required,
            app: order.app,
            tier: order.tier,
            proposal,
            last_use: order.last_use,
            holder: candidate.holder_address.clone().filter(|_| audience == Audience::Approver),
            reasons: if audience == Audience::Approver { self.reasons() } else { Vec::new() },
        })
    }

    /// The reasons that a denial may give: those the project keeps for denials, else all it knows.
    fn reasons(&self) -> Vec<(String, String)> {
        let codes = &self.job.config.seeds.reason_codes;
        let is_kept = codes.iter().any(|reason| reason.kind == DENIAL);
        let mut codes: Vec<_> = codes
            .iter()
            .filter(|reason| !is_kept || reason.kind == DENIAL)
            .map(|reason| (reason.code.clone(), reason.meaning.clone()))
            .collect();
        if codes.is_empty() {
            codes.extend(REASONS.map(|(code, meaning)| (code.to_owned(), meaning.to_owned())));
        }
        codes
    }

    async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        let kept = self.job.store.find(key).await?;
        kept.map(|bytes| read(&bytes, "the claim of a link")).transpose()
    }
}

fn read<T: DeserializeOwned>(bytes: &Bytes, what: &'static str) -> Result<T> {
    serde_json::from_slice(bytes).context(ErrorKind::Evidence, what)
}

#[async_trait]
impl Claims for Window {
    async fn find(&self, token_sha256: &str) -> Result<Option<Issued>> {
        self.read(&Key::Link { token_sha256: token_sha256.to_owned() }).await
    }

    async fn miss(&self, token_sha256: &str) -> Result<u32> {
        // Each miss is a claim of its own, so that none is lost where several come at once.
        let own = canonical(&RunId::new(self.job.clock))?.into();
        for nth in self.misses(token_sha256).await? + 1.. {
            let key = Key::LinkMiss { token_sha256: token_sha256.to_owned(), nth };
            if self.job.store.claim(&key, &own).await? == own {
                return Ok(nth);
            }
        }
        Ok(u32::MAX)
    }

    async fn misses(&self, token_sha256: &str) -> Result<u32> {
        let key = |nth| Key::LinkMiss { token_sha256: token_sha256.to_owned(), nth };
        let mut count = 0;
        while count < serve::MOST_MISSES && self.job.store.find(&key(count + 1)).await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    async fn burned(&self, token_sha256: &str) -> Result<Option<serve::Answered>> {
        self.read(&Key::LinkAnswer { token_sha256: token_sha256.to_owned() }).await
    }

    async fn burn(&self, answer: &serve::Answered) -> Result<Option<serve::Answered>> {
        let key = Key::LinkAnswer { token_sha256: answer.answer_id.clone() };
        let own: Bytes = canonical(answer)?.into();
        let first = self.job.store.claim(&key, &own).await?;
        if first == own { Ok(None) } else { read(&first, "the claim of a link").map(Some) }
    }
}

#[async_trait]
impl AnswerDesk for Window {
    async fn look(&self, issued: &Issued) -> Result<Option<Question>> {
        let facts = self.facts(&self.job.identity().await?).await?;
        let (_, book) = self.job.book().await?;
        Ok(self.question(&issued.binding, &facts, &book))
    }

    async fn answer(&self, given: &serve::Answered) -> Result<Outcome> {
        let identity = self.job.identity().await?;
        let facts = self.facts(&identity).await?;
        let answer = answer(given, facts.get(&given.binding.candidate_id));
        let run_id = RunId::new(self.job.clock);
        let answered = self.job.put_down(vec![answer], Some(&facts), &identity, &run_id).await?.pop();
        Ok(match answered {
            Some(Answered::Late(by)) => Outcome::Late { by },
            Some(Answered::Refused(why)) => Outcome::Refused { why: why.message },
            Some(Answered::Counts | Answered::Known(_)) | None => Outcome::Counted,
        })
    }
}
