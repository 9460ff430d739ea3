//! Terraform: what `terraform show -json` says of a state, read for the resources of Okta that grant something. A row is
//! one grant: a resource that lists users or groups becomes a row for each, and one row where it lists none. Of a
//! resource only the attributes named here are looked at, and none that the state marks as sensitive.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::json::{self, Json, cut};
use super::page::{Page, Refusal, Reject, Row, Value};
use super::reader::Reader;

/// The major version of the format; minor ones only add what may be ignored.
const FORMAT: &str = "1";

/// The types that are apps.
const APPS: &[&str] = &[
    "okta_app_auto_login",
    "okta_app_basic_auth",
    "okta_app_bookmark",
    "okta_app_oauth",
    "okta_app_saml",
    "okta_app_secure_password_store",
    "okta_app_shared_credentials",
    "okta_app_swa",
    "okta_app_three_field",
];

/// The document, and the keys by which others are told apart.
#[derive(Deserialize)]
struct Document {
    format_version: Option<String>,
    values: Option<Values>,
    planned_values: Option<IgnoredAny>,
    lineage: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Resource {
    address: Option<String>,
    mode: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    values: Option<Json>,
    sensitive_values: Option<Json>,
    /// An object that was replaced and waits to be destroyed.
    deposed_key: Option<String>,
}

/// What is wrong with a resource: the column and the reason.
type Wrong = (&'static str, &'static str);

/// What one resource declares of one pair; all absent where it says nothing of it.
#[derive(Debug, Default)]
struct Grant {
    okta_app_id: Option<String>,
    group_id: Option<String>,
    account_id: Option<String>,
    status: Option<String>,
    sku_id: Option<String>,
    priority: Option<i64>,
    tracks_all: Option<bool>,
}

/// Reads one state.
///
/// # Errors
/// A refusal of a file that is cut, is no state, or has a form that this release does not know.
pub(super) fn read(bytes: &[u8], path: &str, reader: &Reader) -> Result<Page, Refusal> {
    let text = bytes.trim_ascii();
    if json::value_end(text, 0)?.is_none_or(|end| !text[end..].trim_ascii().is_empty()) {
        return Err(cut());
    }
    // What the parser says may quote a value.
    let document: Document = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        Refusal::new("not_a_state", format!("{place} is not as `terraform show -json` writes a state"))
    })?;
    check(&document)?;
    let mut resources = Vec::new();
    document.values.and_then(|values| values.root_module).into_iter().for_each(|root| flatten(root, &mut resources));

    let mut page = Page {
        columns: reader.dataset.fields.iter().map(|field| field.name.to_owned()).collect(),
        seen: vec![true; reader.dataset.fields.len()],
        ..Page::default()
    };
    let workspace = workspace(path);
    let mut unread: BTreeMap<String, u64> = BTreeMap::new();
    for resource in &resources {
        page.records += 1;
        let kind = resource.kind.as_deref().unwrap_or_default();
        let is_current = resource.mode.as_deref() == Some("managed") && resource.deposed_key.is_none();
        let Some(grants) = grants(kind, resource).filter(|_| is_current) else {
            page.written += 1;
            if is_current {
                *unread.entry(kind.to_owned()).or_default() += 1;
            }
            continue;
        };
        let address = resource.address.clone().filter(|address| !address.is_empty());
        match (grants, address) {
            (Ok(grants), Some(address)) => {
                let resource_id = Marked::of(resource).text("id").ok().flatten();
                let row = |grant| row(reader, page.records, [&workspace, &address, kind], resource_id.as_ref(), grant);
                page.rows.extend(grants.into_iter().map(row));
            }
            (Ok(_), None) => page.rejects.push(reject(page.records, ("address", "missing_value"), resource)),
            (Err(wrong), _) => page.rejects.push(reject(page.records, wrong, resource)),
        }
    }
    if !unread.is_empty() {
        let list: Vec<String> = unread.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        page.warnings.push(format!("not_read: resources of types that grant nothing: {}", list.join(", ")));
    }
    Ok(page)
}

fn check(document: &Document) -> Result<(), Refusal> {
    let no_state = |what: &str| {
        let message = format!("{what}: land what `terraform show -json` says of the state");
        Err(Refusal::new("not_a_state", message))
    };
    if document.planned_values.is_some() {
        return no_state("a plan, which says what may become true");
    }
    match document.format_version.as_deref() {
        None if document.lineage.is_some() => no_state("Terraform's own state file, whose form is no contract"),
        None => no_state("no format_version"),
        Some(version) if version.split('.').next() == Some(FORMAT) => Ok(()),
        Some(version) => {
            let message = format!("format_version {version:?}: this release reads {FORMAT}.x");
            Err(Refusal::new("unsupported_version", message))
        }
    }
}

fn flatten(module: Module, resources: &mut Vec<Resource>) {
    resources.extend(module.resources);
    module.child_modules.into_iter().for_each(|child| flatten(child, resources));
}

/// The workspace of a state: what its path says besides the day, `default` where it says nothing else.
pub(super) fn workspace(path: &str) -> String {
    let endings = [".zst", ".gz", ".json", ".tfstate"];
    let name = endings.iter().fold(path, |path, ending| path.strip_suffix(ending).unwrap_or(path));
    let parts: Vec<String> = name.split('/').map(without_day).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "default".to_owned() } else { parts.join("/") }
}

/// A part of a path without the first day in it, and without what divided them.
fn without_day(part: &str) -> String {
    let is_day = |at: usize, len: usize, form: &str| {
        // A year may have a sign.
        let text = part.get(at..at + len).filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        text.is_some_and(|text| NaiveDate::parse_from_str(text, form).is_ok())
    };
    let day = (0..part.len()).find_map(|at| {
        let forms = [(10, "%Y-%m-%d"), (8, "%Y%m%d")];
        forms.into_iter().find(|(len, form)| is_day(at, *len, form)).map(|(len, _)| at..at + len)
    });
    let rest = day.map_or_else(|| part.to_owned(), |day| format!("{}{}", &part[..day.start], &part[day.end..]));
    rest.trim_matches(['-', '_', '.']).to_owned()
}

/// What a resource declares; none when its type grants nothing.
fn grants(kind: &str, resource: &Resource) -> Option<Result<Vec<Grant>, Wrong>> {
    let at = Marked::of(resource);
    Some(match kind {
        "okta_user" => user(at),
        "okta_group" => at.need("id", "group_id").map(|id| vec![Grant { group_id: Some(id), ..Grant::default() }]),
        "okta_app_user" => app_user(at),
        "okta_app_group_assignment" => app_group(at),
        "okta_app_group_assignments" => app_groups(at),
        "okta_group_memberships" => members(at),
        "okta_user_group_memberships" => groups_of_user(at),
        // Whom a rule makes a member is computed by Okta: only which groups it fills is known here.
        "okta_group_rule" => filled_groups(at),
        kind if APPS.contains(&kind) => app(at),
        _ => return None,
    })
}

fn user(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let (account_id, status) = (at.need("id", "account_id")?, at.optional("status"));
    Ok(vec![Grant { account_id: Some(account_id), status, ..Grant::default() }])
}

fn app(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let (okta_app_id, status) = (at.need("id", "okta_app_id")?, at.optional("status"));
    Ok(vec![Grant { okta_app_id: Some(okta_app_id), status, ..Grant::default() }])
}

fn app_user(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let okta_app_id = Some(at.need("app_id", "okta_app_id")?);
    let account_id = Some(at.need("user_id", "account_id")?);
    Ok(vec![Grant { okta_app_id, account_id, sku_id: at.sku(), ..Grant::default() }])
}

fn app_group(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let okta_app_id = Some(at.need("app_id", "okta_app_id")?);
    let group_id = Some(at.need("group_id", "group_id")?);
    Ok(vec![Grant { okta_app_id, group_id, sku_id: at.sku(), priority: at.whole("priority")?, ..Grant::default() }])
}

fn app_groups(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let okta_app_id = at.need("app_id", "okta_app_id")?;
    let of_app = || Grant { okta_app_id: Some(okta_app_id.clone()), ..Grant::default() };
    let grant = |group: Marked<'_>| -> Result<Grant, Wrong> {
        let group_id = Some(group.need("id", "group_id")?);
        Ok(Grant { group_id, sku_id: group.sku(), priority: group.whole("priority")?, ..of_app() })
    };
    let grants = at.list("group", "group_id")?.into_iter().map(grant).collect::<Result<Vec<_>, _>>()?;
    Ok(or_one(grants, of_app))
}

fn members(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let group_id = at.need("group_id", "group_id")?;
    let tracks_all = Some(at.get("track_all_users").is_some_and(|flag| flag.value == &Json::Bool(true)));
    let of_group = || Grant { group_id: Some(group_id.clone()), tracks_all, ..Grant::default() };
    let users = at.texts("users", "account_id")?;
    let grants = users.into_iter().map(|id| Grant { account_id: Some(id), ..of_group() }).collect();
    Ok(or_one(grants, of_group))
}

fn groups_of_user(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let account_id = at.need("user_id", "account_id")?;
    let of_user = || Grant { account_id: Some(account_id.clone()), ..Grant::default() };
    let groups = at.texts("groups", "group_id")?;
    let grants = groups.into_iter().map(|id| Grant { group_id: Some(id), ..of_user() }).collect();
    Ok(or_one(grants, of_user))
}

fn filled_groups(at: Marked<'_>) -> Result<Vec<Grant>, Wrong> {
    let of_rule = || Grant { status: at.optional("status"), ..Grant::default() };
    let groups = at.texts("group_assignments", "group_id")?;
    let grants = groups.into_iter().map(|id| Grant { group_id: Some(id), ..of_rule() }).collect();
    Ok(or_one(grants, of_rule))
}

/// The grants of a list, or the row that says there are none.
fn or_one(grants: Vec<Grant>, none: impl FnOnce() -> Grant) -> Vec<Grant> {
    if grants.is_empty() { vec![none()] } else { grants }
}

fn row(
    reader: &Reader,
    number: u64,
    [workspace, address, kind]: [&str; 3],
    resource_id: Option<&String>,
    grant: Grant,
) -> Row {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let mut columns = BTreeMap::from([
        ("workspace", Value::Text(workspace.to_owned())),
        ("address", Value::Text(address.to_owned())),
        ("resource_type", Value::Text(kind.to_owned())),
        ("resource_id", text(resource_id.cloned())),
        ("okta_app_id", text(grant.okta_app_id)),
        ("group_id", text(grant.group_id)),
        ("account_id", text(grant.account_id)),
        ("status", text(grant.status)),
        ("sku_id", text(grant.sku_id)),
        ("priority", grant.priority.map_or(Value::Null, Value::Int)),
        ("tracks_all", grant.tracks_all.map_or(Value::Null, Value::Bool)),
    ]);
    let values = reader.dataset.fields.iter().map(|field| columns.remove(field.name).unwrap_or(Value::Null));
    Row { number, values: values.collect(), extra: None }
}

/// Keeps a resource apart: its address and type, and nothing of its values.
fn reject(number: u64, (column, reason): Wrong, resource: &Resource) -> Reject {
    let raw = serde_json::json!({ "address": resource.address, "type": resource.kind }).to_string();
    let subject = ["user_id", "id"].iter().find_map(|key| Marked::of(resource).text(key).ok().flatten());
    Reject { subject, ..Reject::new(number, column, reason, &raw) }
}

/// A value of a resource beside what the state says of its being sensitive: `true`, or the same for its parts.
#[derive(Clone, Copy)]
struct Marked<'j> {
    value: &'j Json,
    mark: Option<&'j Json>,
}

impl<'j> Marked<'j> {
    fn of(resource: &'j Resource) -> Self {
        Self { value: resource.values.as_ref().unwrap_or(&Json::Null), mark: resource.sensitive_values.as_ref() }
    }

    fn is_sensitive(self) -> bool {
        self.mark == Some(&Json::Bool(true))
    }

    /// A part, as sensitive as the whole.
    fn part(self, value: &'j Json, mark: impl FnOnce(&'j Json) -> Option<&'j Json>) -> Self {
        let mark = if self.is_sensitive() { self.mark } else { self.mark.and_then(mark) };
        Self { value, mark }
    }

    fn get(self, key: &str) -> Option<Self> {
        Some(self.part(self.value.get(key)?, |mark| mark.get(key)))
    }

    /// The value itself as text; none when it is absent or empty.
    fn plain(self) -> Result<Option<String>, &'static str> {
        match self.value {
            Json::Null => Ok(None),
            _ if self.is_sensitive() => Err("sensitive_value"),
            Json::Text(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            _ => Err("wrong_type"),
        }
    }

    fn text(self, key: &str) -> Result<Option<String>, &'static str> {
        self.get(key).map_or(Ok(None), Self::plain)
    }

    /// A text without which the resource says nothing.
    fn need(self, key: &str, column: &'static str) -> Result<String, Wrong> {
        self.text(key).map_err(|reason| (column, reason))?.ok_or((column, "missing_value"))
    }

    /// A text that a row can do without.
    fn optional(self, key: &str) -> Option<String> {
        self.text(key).ok().flatten()
    }

    fn whole(self, key: &'static str) -> Result<Option<i64>, Wrong> {
        match self.get(key).filter(|found| !found.is_sensitive()).map(|found| found.value) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(number)) => number.parse().map(Some).map_err(|_| (key, "number_format")),
            Some(_) => Err((key, "wrong_type")),
        }
    }

    /// The elements of a list; none where it is absent.
    fn list(self, key: &str, column: &'static str) -> Result<Vec<Self>, Wrong> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(found) => match found.value {
                Json::Null => Ok(Vec::new()),
                _ if found.is_sensitive() => Err((column, "sensitive_value")),
                Json::List(items) => {
                    Ok(items.iter().enumerate().map(|(i, item)| found.part(item, |m| m.items().get(i))).collect())
                }
                _ => Err((column, "wrong_type")),
            },
        }
    }

    /// The texts of a set, each once.
    fn texts(self, key: &str, column: &'static str) -> Result<BTreeSet<String>, Wrong> {
        let text = |item: Self| item.plain().and_then(|text| text.ok_or("missing_value"));
        self.list(key, column)?.into_iter().map(|item| text(item).map_err(|reason| (column, reason))).collect()
    }

    /// The licence that a profile (JSON in a text) names, under the keys that Okta's app users have it; nothing else of it.
    fn sku(self) -> Option<String> {
        let profile: Json = serde_json::from_str(&self.optional("profile")?).ok()?;
        ["sku", "license", "licenseType", "licenses"].iter().find_map(|key| match profile.get(key)? {
            Json::List(items) => items.first()?.text().map(str::to_owned),
            one => one.text().map(str::to_owned),
        })
    }
}
