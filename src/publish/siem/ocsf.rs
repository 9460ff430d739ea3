//! One entry as an OCSF event. Classes and activities are those of the published schema; the entry itself goes along as
//! `raw_data`, so that whoever has the events can check the chain.

use serde_json::{Map, Value, json};

use super::Speaker;
use crate::log::Entry;

/// The version of the schema that events follow.
pub const OCSF_VERSION: &str = "1.9.0";

/// What becomes of a kind of entry.
enum Shape {
    /// 3004: something of ours was made, changed or ended.
    Entity(&'static str, Activity),
    /// 3007: a user got or lost a privilege.
    User(Privilege),
    /// 2003: a control held, or was set aside.
    Control(Activity),
    /// 2008: access is not as it was decided.
    Access(Activity),
    /// 6005: somebody read detail of a person.
    Read,
}

#[derive(Clone, Copy)]
enum Activity {
    Create,
    Update,
    End,
}

enum Privilege {
    Assign,
    Remove,
}

fn shape(kind: &str) -> Shape {
    use Activity::{Create, End, Update};
    match kind {
        "candidate.opened" => Shape::Entity("candidate", Create),
        "candidate.withdrawn" | "candidate.expired" => Shape::Entity("candidate", End),
        "candidate.reopened" => Shape::Access(Update),
        "outcome.failed" => Shape::Access(Create),
        "outcome.executed" | "outcome.verified" => Shape::User(Privilege::Remove),
        "outcome.rolled_back" => Shape::User(Privilege::Assign),
        "hold.set" | "legal_hold.set" => Shape::Entity("hold", Create),
        "hold.released" | "hold.expired" | "legal_hold.released" => Shape::Entity("hold", End),
        "exception.set" => Shape::Entity("exception", Create),
        "exception.released" | "exception.expired" => Shape::Entity("exception", End),
        "policy.activated" => Shape::Entity("policy", Create),
        "threshold.overridden" => Shape::Entity("threshold", Update),
        "breaker.tripped" | "stop.set" => Shape::Control(Create),
        "breaker.released" | "stop.cleared" => Shape::Control(End),
        "evaluation.completed" => Shape::Entity("run", Create),
        "snapshot.published" => Shape::Entity("snapshot", Create),
        "gc.executed" => Shape::Entity("files", End),
        "erasure.executed" => Shape::Entity("person", End),
        "key.rotated" => Shape::Entity("key", Update),
        "access.read" => Shape::Read,
        // notify, decision, escalation, checker, export: something happened to a candidate.
        _ => Shape::Entity("candidate", Update),
    }
}

/// 1 informational, 3 medium, 4 high.
fn severity(kind: &str) -> u8 {
    match kind {
        "breaker.tripped" => 4,
        "stop.set" | "threshold.overridden" | "outcome.failed" | "outcome.rolled_back" | "candidate.reopened" => 3,
        _ => 1,
    }
}

/// The event of an entry.
pub fn event(entry: &Entry, speaker: &Speaker) -> Value {
    let (kind, detail) = (entry.kind.as_str(), entry.detail());
    let (class_uid, activity_id, mut own) = match shape(kind) {
        Shape::Entity(what, activity) => (3004, entity_activity(activity), entity(entry, &detail, what)),
        Shape::User(privilege) => (3007, privilege_activity(&privilege), user(entry, &detail)),
        Shape::Control(activity) => (2003, finding_activity(activity), control(entry, &detail, activity)),
        Shape::Access(activity) => (2008, finding_activity(activity), access(entry, &detail)),
        Shape::Read => (6005, 1, read(&detail)),
    };
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("activity_id", json!(activity_id));
    put("category_uid", json!(class_uid / 1000));
    put("class_uid", json!(class_uid));
    put("type_uid", json!(class_uid * 100 + activity_id));
    put("severity_id", json!(severity(kind)));
    put("time", json!(entry.at.timestamp_millis()));
    put("message", json!(kind));
    put(
        "metadata",
        json!({
            "version": OCSF_VERSION,
            "product": { "name": "seatledger", "vendor_name": "seatledger", "version": speaker.release },
            "uid": entry.entry_hash,
            "sequence": entry.seq,
            "event_code": kind,
            "log_name": "decision log",
            "tenant_uid": speaker.tenant,
        }),
    );
    // Of findings the one who acted is no attribute.
    if !matches!(class_uid, 2003 | 2008) {
        put("actor", json!({ "user": { "uid": entry.actor } }));
    }
    put("raw_data", json!(entry.payload));
    put("unmapped", json!({ "prev_hash": entry.prev_hash, "actor": entry.actor, "on_behalf_of": entry.on_behalf_of }));
    event.append(&mut own);
    Value::Object(event)
}

fn entity_activity(activity: Activity) -> u32 {
    match activity {
        Activity::Create => 1,
        Activity::Update => 3,
        Activity::End => 4,
    }
}

fn finding_activity(activity: Activity) -> u32 {
    match activity {
        Activity::Create => 1,
        Activity::Update => 2,
        Activity::End => 3,
    }
}

fn privilege_activity(privilege: &Privilege) -> u32 {
    match privilege {
        Privilege::Assign => 14,
        Privilege::Remove => 15,
    }
}

fn entity(entry: &Entry, detail: &Map<String, Value>, what: &str) -> Map<String, Value> {
    let said = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
    let uid = match what {
        "policy" => entry.policy_version.clone(),
        "candidate" => said("candidate_id"),
        _ => None,
    };
    // Where nothing else names it, the entry that tells of it does.
    let uid = uid.or_else(|| entry.subject_key.clone()).unwrap_or_else(|| entry.entry_hash.clone());
    let mut own = Map::new();
    let type_id = if what == "policy" { 5 } else { 99 };
    own.insert("entity".to_owned(), json!({ "type": what, "type_id": type_id, "uid": uid }));
    if let Some(reason) = said("reason_code").or_else(|| said("reason")) {
        own.insert("comment".to_owned(), reason.into());
    }
    own
}

fn user(entry: &Entry, detail: &Map<String, Value>) -> Map<String, Value> {
    let mut own = Map::new();
    own.insert("user".to_owned(), holder(entry));
    if let Some(sku) = detail.get("sku_id").and_then(Value::as_str) {
        own.insert("privileges".to_owned(), json!([sku]));
    }
    if let Some(app) = &entry.app_id {
        own.insert("resources".to_owned(), json!([{ "uid": app, "type": "application" }]));
    }
    own
}

/// Whose seat it is, by the key that stands for the account.
fn holder(entry: &Entry) -> Value {
    json!({ "uid": entry.subject_key.as_deref().unwrap_or("unknown") })
}

fn control(entry: &Entry, detail: &Map<String, Value>, activity: Activity) -> Map<String, Value> {
    let is_stop = entry.kind.as_str().starts_with("stop.");
    let name = if is_stop { "kill switch" } else { "circuit breaker" };
    let batch = detail.get("batch").and_then(Value::as_str);
    let uid = batch.map_or_else(|| name.replace(' ', "-"), |batch| format!("breaker/{batch}"));
    let (title, status_id) = match activity {
        Activity::End => (format!("{name} released"), 1),
        _ => (format!("{name} holds everything back"), 3),
    };
    let mut own = Map::new();
    own.insert("finding_info".to_owned(), json!({ "uid": uid, "title": title }));
    own.insert(
        "compliance".to_owned(),
        json!({ "control": name, "standards": ["SOC 2 CC6.3"], "status_id": status_id }),
    );
    if let Some(app) = &entry.app_id {
        own.insert("resources".to_owned(), json!([{ "uid": app, "type": "application" }]));
    }
    own
}

fn access(entry: &Entry, detail: &Map<String, Value>) -> Map<String, Value> {
    let said = |name: &str| detail.get(name).and_then(Value::as_str);
    let uid = said("candidate_id").unwrap_or(&entry.entry_hash);
    let title = said("finding").unwrap_or("access that was to end has not ended");
    let mut own = Map::new();
    own.insert("finding_info".to_owned(), json!({ "uid": uid, "title": title }));
    own.insert("access_analysis_result".to_owned(), json!({ "accessors": [holder(entry)] }));
    if let Some(app) = &entry.app_id {
        own.insert("resources".to_owned(), json!([{ "uid": app, "type": "application" }]));
    }
    own
}

fn read(detail: &Map<String, Value>) -> Map<String, Value> {
    let table = detail.get("table").and_then(Value::as_str).unwrap_or("identity");
    let mut own = Map::new();
    own.insert("table".to_owned(), json!({ "name": table }));
    own.insert("src_endpoint".to_owned(), json!({ "svc_name": "seatledger" }));
    own
}
