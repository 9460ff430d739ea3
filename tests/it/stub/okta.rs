//! Groups of an Okta organisation and who is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::server::{Reply, Request};

/// Members by group, and the type of each group.
pub type Shared = Arc<Mutex<BTreeMap<String, (&'static str, BTreeSet<String>)>>>;

/// Answers as the organisation would.
pub fn handler(shared: &Shared) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let shared = shared.clone();
    move |request| {
        let mut groups = shared.lock().unwrap();
        let segments = request.segments();
        match (request.method.as_str(), &segments[..]) {
            ("GET", ["api", "v1", "groups", id]) => match groups.get(*id) {
                Some((kind, _)) => {
                    let name = format!("group {id}");
                    Reply::json(200, &json!({ "id": id, "type": kind, "profile": { "name": name } }))
                }
                None => Reply::json(404, &json!({ "errorCode": "E0000007", "errorSummary": "Not found: group" })),
            },
            ("GET", ["api", "v1", "users", user, "groups"]) => {
                let of = groups.iter().filter(|(_, (_, members))| members.contains(*user));
                Reply::json(200, &of.map(|(id, _)| json!({ "id": id })).collect::<Vec<Value>>().into())
            }
            ("DELETE", ["api", "v1", "groups", id, "users", user]) => {
                if let Some((_, members)) = groups.get_mut(*id) {
                    members.remove(*user);
                }
                Reply::new(204)
            }
            _ => Reply::new(404),
        }
    }
}
