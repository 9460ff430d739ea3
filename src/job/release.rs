//! What people take back: a hold before its end, the hold on a batch, the kill switch; and setting that.

use serde_json::json;

use super::Job;
use super::decide::busy;
use super::entries::TRIES;
use super::facts::{Facts, People};
use crate::base::{Error, Result, text};
use crate::config::Decision;
use crate::log::{EntryKind, NewEntry};
use crate::review::{Answer, Batch, Life, Refusal, Scope, State, Who};
use crate::store::{Key, RunId, canonical};

impl Job {
    /// Takes a hold back before its end, or says that a batch may go.
    ///
    /// # Errors
    /// Usage when nothing such is held, or this person may not; a store error.
    pub async fn release(
        &self,
        about: &str,
        by: Option<&str>,
        reason_code: &str,
        note: Option<&str>,
    ) -> Result<String> {
        let identity = self.identity().await?;
        self.settle_log(&identity).await?;
        let (session, _) = self.reader(None).await?;
        let people = People::of(&session).await?;
        let (who, recorder) = self.deciders(by, &people, &identity)?;
        self.check_reason(reason_code)?;
        let run_id = RunId::new(self.clock);
        identity.commit(&run_id, &self.config.sha256).await?;
        let note = match note {
            Some(note) => Some(self.keep_note(note, None).await?),
            None => None,
        };
        for attempt in 0..=TRIES {
            let (version, book) = self.book().await?;
            let (entries, said) = match book.batches.iter().find(|batch| batch.name == about) {
                Some(batch) => {
                    let (entry, said) = self.release_batch(batch, &who, reason_code)?;
                    (vec![entry], said)
                }
                None => {
                    let facts = Facts::of(&session, &identity).await?;
                    let held = |life: &Life| life.state == State::Held;
                    let lives = self.meant(about, &session, &book, &identity, held).await?;
                    let entries = lives.iter().map(|life| self.release_hold(life, &facts, &who, reason_code));
                    let entries = entries.collect::<Result<Vec<_>>>()?;
                    (entries, format!("{} holds are taken back", lives.len()))
                }
            };
            let entries = entries.into_iter().map(|entry| by_another(entry, recorder.as_deref()));
            let entries = entries.map(|entry| entry.with_note(note.as_deref())).collect();
            if self.append_after(version, entries, &run_id, &format!("release {attempt}")).await? {
                return Ok(said);
            }
        }
        Err(busy())
    }

    fn release_batch(&self, batch: &Batch, who: &Who, reason_code: &str) -> Result<(NewEntry, String)> {
        let (now, name) = (self.clock.now(), &batch.name);
        let before = batch.approvers(now);
        if batch.is_released(now) {
            return Err(Error::usage(format!("batch {name} may go already: two persons said so")));
        }
        if !who.is_known {
            return Err(Error::usage("to let a batch go needs two persons that HR knows, no address alone"));
        }
        if before.contains(&who.key.as_str()) {
            let message = format!("you said so already: a second, different person must let batch {name} go as well");
            return Err(Error::usage(message));
        }
        let approvals = before.len() + 1;
        let detail = json!({
            "batch": name,
            "run": batch.run,
            "rail": batch.rail,
            "reason_code": reason_code,
            "approvals": approvals,
        });
        let app_id = if let Scope::App(app) = &batch.scope { Some(app.clone()) } else { None };
        let entry = NewEntry { app_id, ..NewEntry::new(now, EntryKind::BreakerReleased, who.key.clone(), detail) };
        let said = match approvals {
            1 => format!("batch {name}: one of two persons let it go; a second has 24 hours"),
            _ => format!("batch {name} may go: the next review within 24 hours of the first word takes it up"),
        };
        Ok((entry, said))
    }

    fn release_hold(&self, life: &Life, facts: &Facts, who: &Who, reason_code: &str) -> Result<NewEntry> {
        let today = self.clock.today().day();
        let answer = Answer {
            answer_id: String::new(),
            candidate_id: life.candidate_id.clone(),
            question: String::new(),
            decision: Decision::Hold.as_str().to_owned(),
            by_key: who.key.clone(),
            is_known: who.is_known,
            recorded_by_key: None,
            reason_code: Some(reason_code.to_owned()),
            expires_on: None,
            on: today,
            channel: "cli".to_owned(),
            note_sha256: None,
        };
        let place = |refusal: Refusal| Error::usage(refusal.message).at(life.candidate_id.clone());
        answer.may_release(life, facts.get(&life.candidate_id), today).map_err(place)?;
        let detail = json!({
            "candidate_id": life.candidate_id,
            "sku_id": life.sku_id,
            "reason_code": reason_code,
            "channel": "cli",
        });
        Ok(NewEntry {
            subject_key: Some(life.account_key.clone()),
            app_id: Some(life.app_id.clone()),
            ..NewEntry::new(self.clock.now(), EntryKind::HoldReleased, who.key.clone(), detail)
        })
    }

    /// Sets or clears the kill switch. Set, it holds before it is on record; cleared, it holds until it is.
    ///
    /// # Errors
    /// Usage when it is set or cleared already; a store error.
    pub async fn stop(&self, set: bool, reason_code: &str, note: Option<&str>) -> Result<()> {
        let identity = self.identity().await?;
        let (actor, run_id) = (self.actor(&identity)?, RunId::new(self.clock));
        identity.commit(&run_id, &self.config.sha256).await?;
        if self.is_stopped().await? == set {
            return Err(Error::usage(if set { "STOP is set already" } else { "STOP is not set" }));
        }
        let note = match note {
            Some(note) => Some(self.keep_note(note, None).await?),
            None => None,
        };
        let detail = json!({ "reason_code": reason_code });
        let kind = if set { EntryKind::StopSet } else { EntryKind::StopCleared };
        let entry = NewEntry::new(self.clock.now(), kind, actor, detail).with_note(note.as_deref());
        if set {
            let words = json!({ "run_id": run_id, "reason_code": reason_code });
            self.store.put_file(&Key::Stop, &canonical(&words)?.into()).await?;
        }
        self.append_entry(entry, &format!("stop {run_id}"), &run_id).await?;
        if !set {
            self.store.delete(Key::Stop.path()?.as_ref()).await?;
        }
        Ok(())
    }

    /// Whether nothing may go outward; anybody who can write to the store may say so.
    pub(super) async fn is_stopped(&self) -> Result<bool> {
        Ok(self.store.find(&Key::Stop).await?.is_some())
    }

    fn check_reason(&self, code: &str) -> Result<()> {
        let codes = &self.config.seeds.reason_codes;
        if codes.is_empty() || codes.iter().any(|known| known.code == code) {
            return Ok(());
        }
        let near = text::nearest(code, codes.iter().map(|known| known.code.as_str()));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Err(Error::usage(format!("`{code}` is not in seeds/reason_codes.csv{hint}")))
    }
}

/// The same, put down by somebody else for whoever did it.
fn by_another(mut entry: NewEntry, recorder: Option<&str>) -> NewEntry {
    if let Some(recorder) = recorder.filter(|recorder| *recorder != entry.actor) {
        entry.on_behalf_of = Some(std::mem::replace(&mut entry.actor, recorder.to_owned()));
    }
    entry
}
