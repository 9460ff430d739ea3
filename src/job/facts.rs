//! What a run says of its candidates, as far as their review is concerned: who is asked, and what they are told.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use chrono::NaiveDate;

use super::explain::rows;
use super::outward::{Ask, Notice, Order};
use crate::base::error::Context;
use crate::base::text::fold;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{Mode, OnNoResponse, Word};
use crate::engine::Session;
use crate::identity::{IdentityMap, Name};
use crate::policy::explain::Row;
use crate::publish;
use crate::publish::notices::LastUse;
use crate::review::{Audience, Candidate, LAST_STEP, Rung, Who};

/// What people see of a candidate. What was decided on is told as it was then.
const TOLD: &str = "select p.candidate_id, p.app_id, a.name as app, p.account_id, p.sku_id, p.tier, p.action, \
    p.target_tier, p.target_sku_id, p.mode, p.reason, p.episode_from, p.due_on, p.on_no_response, \
    p.is_checker_required or r.is_checker_required as is_checker_required, \
    r.policy_version_id, p.person_key, s.work_email as holder_address, v.owner_email as policy_owner, \
    r.evidence_sha256, r.rule, r.reason as told_reason, r.idle_since, r.idle_days, r.observed_through, \
    r.last_counted_use_on, r.evidence_grade, r.grant_paths, r.reclaim_consequence, r.evidence_terminated_on, \
    r.evidence_seat_ref, r.evidence_person_ref, r.evidence_sign_in_ref, r.evidence_feature_use_ref, \
    g.group_id, g.okta_user_id \
    from policy.candidates as p \
    inner join review.candidates as r on r.candidate_id = p.candidate_id \
    inner join core.apps as a on a.app_id = p.app_id \
    left join core.persons as s on s.person_key = p.person_key \
    left join policy.effective_policies as v on v.app_id = p.app_id \
    left join core.seat_grants as g \
        on g.app_id = p.app_id and g.account_id = p.account_id and g.sku_id = p.sku_id \
    order by p.app_id, p.candidate_id";

/// The candidates of one run.
pub(super) struct Facts {
    /// For the plan.
    pub candidates: Vec<Candidate>,
    /// Where each of them is.
    places: HashMap<String, usize>,
    /// For people, a row each.
    told: RecordBatch,
}

impl Facts {
    /// Reads them from the tables of a run.
    ///
    /// # Errors
    /// Internal when a table is not as its contract says.
    pub(super) async fn of(session: &Session, identity: &IdentityMap) -> Result<Self> {
        let (schema, batches) = session.query(TOLD).await?;
        let told = concat_batches(&schema, &batches).context(ErrorKind::Internal, "what is told of candidates")?;
        let mut ladders: BTreeMap<String, Vec<Rung>> = BTreeMap::new();
        let routes = "select candidate_id, step, person_key, email from review.routes order by candidate_id, step";
        for route in rows(session, routes).await? {
            let step = number(&route, "step").and_then(|step| u32::try_from(step).ok()).unwrap_or(LAST_STEP);
            let rung = rung(identity, step, text(&route, "person_key"), text(&route, "email"))?;
            ladders.entry(said(&route, "candidate_id")).or_default().extend(rung);
        }
        let people = People::of(session).await?;
        let mut candidates = Vec::with_capacity(told.num_rows());
        for row in publish::rows(&schema, &told)? {
            let ladder = ladders.remove(&said(&row, "candidate_id")).unwrap_or_default();
            candidates.push(candidate(&row, ladder, &people, identity)?);
        }
        let places = candidates.iter().enumerate().map(|(at, c)| (c.candidate_id.clone(), at)).collect();
        Ok(Self { candidates, places, told })
    }

    /// A candidate by its id.
    pub(super) fn get(&self, candidate_id: &str) -> Option<&Candidate> {
        self.candidates.get(*self.places.get(candidate_id)?)
    }

    /// What people see of a candidate; nothing of one that is not there.
    fn row(&self, candidate_id: &str) -> Row {
        let Some(place) = self.places.get(candidate_id) else { return Row::new() };
        let row = self.told.slice(*place, 1);
        // All of them could be read for the plan.
        publish::rows(&row.schema(), &row).ok().and_then(|mut rows| rows.next()).unwrap_or_default()
    }

    /// Hash of what a candidate rests on.
    pub(super) fn evidence_sha256(&self, candidate_id: &str) -> Option<String> {
        let place = *self.places.get(candidate_id)?;
        let hashes = self.told.column_by_name("evidence_sha256")?.as_string_opt::<i32>()?;
        hashes.is_valid(place).then(|| hashes.value(place).to_owned())
    }

    /// The order for a candidate's action.
    pub(super) fn order(&self, candidate: &Candidate, key: &str, run: u64) -> Order {
        let row = &self.row(&candidate.candidate_id);
        let (sku, target) = (said(row, "sku_id"), text(row, "target_sku_id"));
        let undo = match (candidate.action.as_str(), &target) {
            ("downgrade", Some(target)) => format!("move the account from {target} back to {sku}"),
            ("suspend", _) => "activate the account again".to_owned(),
            _ => format!("assign {sku} to the account again"),
        };
        let granted = text(row, "grant_paths").map(|paths| format!("; it was granted by {paths}"));
        Order {
            key: key.to_owned(),
            candidate_id: candidate.candidate_id.clone(),
            app_id: candidate.app_id.clone(),
            app: said(row, "app"),
            account_id: said(row, "account_id"),
            sku_id: sku,
            tier: said(row, "tier"),
            action: candidate.action.clone(),
            target_sku_id: target,
            target_tier: text(row, "target_tier"),
            grant_paths: text(row, "grant_paths"),
            group_id: text(row, "group_id"),
            okta_user_id: text(row, "okta_user_id"),
            due_on: candidate.due_on,
            approver: candidate.rung(0).and_then(|rung| rung.address.clone()),
            last_use: last_use(row),
            evidence: evidence(row),
            evidence_sha256: said(row, "evidence_sha256"),
            policy_version: candidate.policy_version.clone(),
            undo: format!("{undo}{}", granted.unwrap_or_default()),
            batch: format!("{run}/{}", candidate.app_id),
        }
    }

    /// The question about a candidate.
    #[allow(clippy::too_many_arguments, reason = "what the plan says of one question")]
    pub(super) fn ask(
        &self,
        candidate: &Candidate,
        key: &str,
        run: u64,
        audience: Audience,
        to: &str,
        step: u32,
        due_on: NaiveDate,
        is_reminder: bool,
    ) -> Ask {
        let order = self.order(candidate, &candidate.idempotency_key(), run);
        Ask {
            key: key.to_owned(),
            candidate_id: candidate.candidate_id.clone(),
            audience: audience.as_str().to_owned(),
            to: to.to_owned(),
            holder: candidate.holder_address.clone(),
            app: order.app.clone(),
            tier: order.tier.clone(),
            action: order.action.clone(),
            target_tier: order.target_tier.clone(),
            due_on,
            last_use: order.last_use.clone(),
            evidence: order.evidence.clone(),
            step,
            is_reminder,
            is_rehearsal: false,
            order,
        }
    }

    /// The word to the user of a candidate's seat.
    pub(super) fn notice(&self, candidate: &Candidate, key: &str, run: u64, to: &str, due_on: NaiveDate) -> Notice {
        let Order { candidate_id, app, tier, action, target_tier, last_use, .. } = self.order(candidate, key, run);
        Notice {
            key: key.to_owned(),
            candidate_id,
            to: to.to_owned(),
            app,
            tier,
            action,
            target_tier,
            due_on,
            last_use,
            is_rehearsal: false,
        }
    }
}

/// The candidates among these rows of `policy.candidates` whose policy may have any effect, and who is asked first.
///
/// # Errors
/// Internal when the rows are not as their contract says.
pub(super) fn acting(batches: &[RecordBatch], identity: &IdentityMap) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for batch in batches {
        for row in publish::rows(&batch.schema(), batch)? {
            if said(&row, "mode") != Mode::Shadow.as_str() {
                let asked = rung(identity, 0, text(&row, "approver_person_key"), text(&row, "approver_email"))?;
                candidates.push(candidate(&row, asked.into_iter().collect(), &People::default(), identity)?);
            }
        }
    }
    Ok(candidates)
}

fn candidate(row: &Row, ladder: Vec<Rung>, people: &People, identity: &IdentityMap) -> Result<Candidate> {
    let unreadable = |what: &str| Error::internal(format!("a candidate without a readable {what}"));
    let key = |id: &str| identity.key(Name::id(id));
    let holder = match text(row, "person_key") {
        Some(person) => Some(Who { key: key(&person)?, is_known: true }),
        None => None,
    };
    // Whoever answers for the policy comes after everybody who is asked.
    let checker = match text(row, "policy_owner") {
        Some(owner) => rung(identity, LAST_STEP + 1, people.one(&owner), Some(owner))?,
        None => None,
    };
    Ok(Candidate {
        candidate_id: said(row, "candidate_id"),
        app_id: said(row, "app_id"),
        account_key: key(&said(row, "account_id"))?,
        sku_id: said(row, "sku_id"),
        action: said(row, "action"),
        target_sku_id: text(row, "target_sku_id"),
        policy_version: said(row, "policy_version_id"),
        mode: Mode::parse(&said(row, "mode")).ok_or_else(|| unreadable("mode"))?,
        reason: said(row, "reason"),
        episode_from: day(row, "episode_from").ok_or_else(|| unreadable("first day"))?,
        due_on: day(row, "due_on").ok_or_else(|| unreadable("due date"))?,
        on_no_response: OnNoResponse::parse(&said(row, "on_no_response")).unwrap_or(OnNoResponse::Escalate),
        is_checker_required: row.get("is_checker_required").and_then(|v| v.as_bool()).unwrap_or(true),
        ladder: ladder.into_iter().filter(|rung| holder.as_ref() != Some(&rung.who)).collect(),
        checkers: checker.into_iter().collect(),
        holder_address: text(row, "holder_address"),
        holder,
    })
}

fn rung(identity: &IdentityMap, step: u32, person: Option<String>, address: Option<String>) -> Result<Option<Rung>> {
    let name = match (&person, &address) {
        (Some(person), _) => Name::id(person),
        (None, Some(address)) => Name::identifier(address),
        (None, None) => return Ok(None),
    };
    let who = Who { key: identity.key(name)?, is_known: person.is_some() };
    Ok(Some(Rung { step, who, address }))
}

/// What the verdict rests on, a line each: facts with the extract they came from, and nobody's name.
fn evidence(row: &Row) -> Vec<String> {
    let fact = |label: &str, column: &str| text(row, column).map(|value| format!("{label} {value}"));
    let from = |label: &str, column: &str| text(row, column).map(|value| format!("{label} from {value}"));
    let lines = [
        Some(format!(
            "reason {}, rule {} of policy {}",
            said(row, "told_reason"),
            said(row, "rule"),
            said(row, "policy_version_id")
        )),
        fact("left on", "evidence_terminated_on"),
        Some(format!("last use {}", last_use(row))),
        fact("observed through", "observed_through"),
        fact("evidence grade", "evidence_grade"),
        fact("what removal does:", "reclaim_consequence"),
        from("seat", "evidence_seat_ref"),
        from("person", "evidence_person_ref"),
        from("sign-in", "evidence_sign_in_ref"),
        from("feature use", "evidence_feature_use_ref"),
    ];
    lines.into_iter().flatten().collect()
}

/// How long ago a seat was used, as coarsely as people may know.
fn last_use(row: &Row) -> String {
    let days = day(row, "observed_through").zip(day(row, "last_counted_use_on"));
    let days = days.map(|(through, last)| u32::try_from((through - last).num_days()).unwrap_or(0));
    LastUse::of(days).as_str().to_owned()
}

/// Everybody HR knows, by what they are called: a person, or nobody where several are called so.
#[derive(Default)]
pub(super) struct People(HashMap<String, Option<String>>);

impl People {
    /// Reads them from the tables of a run.
    ///
    /// # Errors
    /// Internal when a table is not as its contract says.
    pub(super) async fn of(session: &Session) -> Result<Self> {
        let mut people: HashMap<String, Option<String>> = HashMap::new();
        for names in [
            "select email_folded, person_key from core.person_emails",
            "select worker_id, person_key from core.workers",
        ] {
            for batch in session.query(names).await?.1 {
                let [names, persons] = [0, 1].map(|column| batch.column(column).as_string::<i32>());
                for (name, person) in names.iter().zip(persons).filter_map(|(name, person)| name.zip(person)) {
                    let known = people.entry(fold(name)).or_insert_with(|| Some(person.to_owned()));
                    if known.as_deref() != Some(person) {
                        *known = None;
                    }
                }
            }
        }
        Ok(Self(people))
    }

    fn one(&self, name: &str) -> Option<String> {
        self.0.get(&fold(name))?.clone()
    }

    /// The key of whom an address or worker id means: a person, else the address itself.
    ///
    /// # Errors
    /// Usage when more than one person is meant.
    pub(super) fn who(&self, name: &str, identity: &IdentityMap) -> Result<Who> {
        match (self.one(name), self.0.contains_key(&fold(name))) {
            (Some(person), _) => Ok(Who { key: identity.key(Name::id(&person))?, is_known: true }),
            (None, false) => Ok(Who { key: identity.key(Name::identifier(name))?, is_known: false }),
            (None, true) => {
                Err(Error::usage(format!("more than one person has had the address `{name}`: give a worker id")))
            }
        }
    }
}

fn text(row: &Row, column: &str) -> Option<String> {
    match row.get(column)? {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn said(row: &Row, column: &str) -> String {
    text(row, column).unwrap_or_default()
}

fn number(row: &Row, column: &str) -> Option<i64> {
    row.get(column)?.as_i64()
}

fn day(row: &Row, column: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(row.get(column)?.as_str()?, "%Y-%m-%d").ok()
}
