//! `seeds/*.csv`: the catalogue of apps and tiers, and the small tables that people keep by hand.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::contracts::{self, BudgetMonth, ContractClause, Invoice};
use super::diagnostic::Diagnostic;
use super::folder::Folder;
use super::kinds::Kind;
use super::project::{Project, Source};
use super::roles::{self, RoleGrant};
use super::section::Codes;
use super::sheet::{Columns, Row, Sheet};
use super::word::words;
use crate::base::money::is_currency;
use crate::base::text::fold;

pub(super) const CODES: Codes =
    Codes { syntax: "SL0301", unknown: "SL0302", kind: "SL0303", value: "SL0304", missing: "SL0305" };
/// Two records with one key.
const DUPLICATE: &str = "SL0306";
/// A name that nothing else knows.
const REFERENCE: &str = "SL0307";
/// Records that cannot be true together.
pub(super) const CONFLICT: &str = "SL0308";
/// A file that is needed and missing, or that nothing reads.
const FILE: &str = "SL0309";

/// The name that stands for the directory where an app is expected.
pub const DIRECTORY: &str = "okta";

words! {
    /// How much damage a wrong account does.
    Sensitivity { Standard = "standard", High = "high" }
}

words! {
    /// What taking a seat away does at the vendor.
    ReclaimConsequence {
        None = "none",
        DataMoved = "data_moved",
        DataDeleted = "data_deleted",
        HoldBroken = "hold_broken",
    }
}

words! {
    /// Accounts that belong to no single person.
    AccountType { Service = "service", Admin = "admin", Shared = "shared", BreakGlass = "break_glass" }
}

/// Everything in `seeds/`.
#[derive(Debug, Clone, Default)]
pub struct Seeds {
    /// The catalogue of apps.
    pub apps: Vec<App>,
    /// The ladder of tiers of each app.
    pub tiers: Vec<Tier>,
    /// Patterns that tell service accounts from people.
    pub account_types: Vec<AccountPattern>,
    /// Accounts given to a worker by hand.
    pub identity_overrides: Vec<IdentityOverride>,
    /// Exchange rates fixed for a fiscal year.
    pub budget_rates: Vec<BudgetRate>,
    /// Job families whose candidates need a second person.
    pub critical_roles: Vec<String>,
    /// Status words of the HR feed that say no more than its dates do; any other unknown word protects.
    pub worker_statuses: Vec<String>,
    /// Grants that one person must not hold together.
    pub sod_rules: Vec<SodRule>,
    /// Which apps people of a role are expected to have.
    pub role_grants: Vec<RoleGrant>,
    /// The reasons that holds and denials may give.
    pub reason_codes: Vec<ReasonCode>,
    /// Clauses of contracts that the ITAM feed does not bring.
    pub contract_clauses: Vec<ContractClause>,
    /// The budget by contract and month.
    pub budget: Vec<BudgetMonth>,
    /// What was invoiced.
    pub invoices: Vec<Invoice>,
}

/// One app of the catalogue.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id: lower-case letters, digits, `_` and `-`; also the name of its policy file.
    pub app_id: String,
    /// Its name for people.
    pub name: String,
    /// Who sells it.
    pub vendor: String,
    /// Who answers for it.
    pub owner_email: String,
    /// Standard or high.
    pub sensitivity: Sensitivity,
    /// The Okta apps that sign in to it.
    pub okta_app_ids: Vec<String>,
    /// `okta`, or `<source>/<stream>` of its seat list.
    pub assignment_source: String,
    /// Source and stream of each feature feed.
    pub feature_sources: Vec<(String, String)>,
    /// A feature feed keeps the last activity this many days; none: for ever.
    pub feature_horizon_days: Option<i64>,
    /// What taking a seat away does.
    pub reclaim_consequence: ReclaimConsequence,
    /// Worker types whose seats are suspended, never reclaimed; `*` all.
    pub suspend_worker_types: Vec<String>,
}

impl App {
    /// Source and stream of what its seats, signs of use and contracts rest on: the feed that lists its seats, its
    /// feature feeds, the directory and its log where the app stands there, and every contract feed, for a contract
    /// names its apps in rows. Who a person is, which HR says, is not among them.
    pub fn feeds(&self, sources: &[Source]) -> BTreeSet<(String, String)> {
        let of_kind = |kind: Kind, streams: &'static [&'static str]| {
            let sources = sources.iter().filter(move |source| source.kind == kind);
            sources
                .flat_map(move |source| streams.iter().map(move |stream| (source.name.clone(), (*stream).to_owned())))
        };
        let mut feeds: BTreeSet<(String, String)> = self.feature_sources.iter().cloned().collect();
        feeds.extend(self.assignment_source.split_once('/').map(|(s, stream)| (s.to_owned(), stream.to_owned())));
        if self.assignment_source == DIRECTORY || !self.okta_app_ids.is_empty() {
            feeds.extend(of_kind(Kind::Okta, &["users", "app_users", "system_log"]));
        }
        feeds.extend(of_kind(Kind::Servicenow, &["contracts", "entitlements", "cost_centers"]));
        feeds
    }
}

/// One tier of an app.
#[derive(Debug, Clone)]
pub struct Tier {
    /// The app.
    pub app_id: String,
    /// The tier's name.
    pub tier: String,
    /// Higher is dearer.
    pub rank: i64,
    /// The ids under which vendor and contracts know it; the first is the one we use.
    pub sku_ids: Vec<String>,
    /// Whether it costs anything.
    pub is_paid: bool,
    /// Whether an assignment that names no SKU means this tier.
    pub is_default: bool,
}

/// A pattern that gives accounts a type.
#[derive(Debug, Clone)]
pub struct AccountPattern {
    /// The app, `*` for any, `okta` for the directory.
    pub app_id: String,
    /// A glob on the user name.
    pub pattern: String,
    /// The type it gives.
    pub account_type: AccountType,
}

/// An account given to a worker by hand for a time.
#[derive(Debug, Clone)]
pub struct IdentityOverride {
    /// `okta` or an app.
    pub system: String,
    /// The account's id there.
    pub account_id: String,
    /// Whose it is.
    pub worker_id: String,
    /// First day.
    pub effective_from: NaiveDate,
    /// First day outside; none: open.
    pub effective_to: Option<NaiveDate>,
}

/// A budget rate.
#[derive(Debug, Clone)]
pub struct BudgetRate {
    /// The fiscal year.
    pub fiscal_year: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Units of the currency for one of the reporting currency.
    pub rate: Decimal,
}

/// A rule of separated duties.
#[derive(Debug, Clone)]
pub struct SodRule {
    /// Its id.
    pub rule_id: String,
    /// One grant.
    pub grant_a: String,
    /// The grant that must not go with it.
    pub grant_b: String,
    /// How bad it is.
    pub severity: String,
}

/// A reason a person may give.
#[derive(Debug, Clone)]
pub struct ReasonCode {
    /// The code.
    pub code: String,
    /// What it means.
    pub meaning: String,
    /// What it is given for.
    pub kind: String,
}

impl Seeds {
    /// The app of an id.
    pub fn app(&self, app_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.app_id == app_id)
    }

    /// A tier of an app.
    pub fn tier(&self, app_id: &str, tier: &str) -> Option<&Tier> {
        self.tiers.iter().find(|known| known.app_id == app_id && known.tier == tier)
    }

    /// The tiers of an app.
    pub fn tiers_of<'s>(&'s self, app_id: &'s str) -> impl Iterator<Item = &'s Tier> {
        self.tiers.iter().filter(move |tier| tier.app_id == app_id)
    }

    fn app_ids(&self) -> impl Iterator<Item = &str> {
        self.apps.iter().map(|app| app.app_id.as_str())
    }
}

/// Reads all seeds; what is wrong in them is reported. A missing file is an empty table.
pub(super) fn read(folder: &Folder<'_>, project: Option<&Project>) -> Seeds {
    let known = [
        "apps",
        "tiers",
        "account_types",
        "identity_overrides",
        "budget_rates",
        "critical_roles",
        "worker_statuses",
        "sod_rules",
        "role_grants",
        "reason_codes",
        "contract_clauses",
        "budget",
        "invoices",
    ];
    folder.refuse_strays("seeds", &known.map(|name| format!("{name}.csv")), &["csv"], FILE);
    let mut seeds = Seeds { apps: read_apps(folder, project), ..Seeds::default() };
    seeds.tiers = read_tiers(folder, &seeds);
    seeds.account_types = read_account_types(folder, &seeds);
    seeds.identity_overrides = read_identity_overrides(folder, &seeds);
    seeds.budget_rates = read_budget_rates(folder);
    let critical = Columns { required: &["job_family"], optional: &[] };
    seeds.critical_roles =
        records(folder, "critical_roles", &critical, &["job_family"], |row| Some(row.text("job_family")));
    let statuses = Columns { required: &["status"], optional: &[] };
    seeds.worker_statuses = records(folder, "worker_statuses", &statuses, &["status"], |row| Some(row.text("status")));
    let sod = Columns { required: &["rule_id", "grant_a", "grant_b", "severity"], optional: &[] };
    seeds.sod_rules = records(folder, "sod_rules", &sod, &["rule_id"], |row| {
        let [rule_id, grant_a, grant_b, severity] =
            ["rule_id", "grant_a", "grant_b", "severity"].map(|column| row.text(column));
        Some(SodRule { rule_id, grant_a, grant_b, severity })
    });
    seeds.role_grants = roles::read(folder, &seeds);
    let reasons = Columns { required: &["code", "meaning", "kind"], optional: &[] };
    seeds.reason_codes = records(folder, "reason_codes", &reasons, &["code"], |row| {
        let [code, meaning, kind] = ["code", "meaning", "kind"].map(|column| row.text(column));
        Some(ReasonCode { code, meaning, kind })
    });
    seeds.contract_clauses = contracts::read_clauses(folder);
    seeds.budget = contracts::read_budget(folder);
    seeds.invoices = contracts::read_invoices(folder);
    seeds
}

/// Reports a seed that policies cannot do without.
pub(super) fn require(folder: &Folder<'_>, name: &str, rows: usize) {
    if rows == 0 && !folder.names("seeds", &["csv"]).contains(&format!("{name}.csv")) {
        let found = Diagnostic::file(FILE, format!("seeds/{name}.csv"), "is missing, and there are policies");
        folder.problems.report(found.help(format!("list what the policies name in seeds/{name}.csv")));
    }
}

/// Reads the records of one file; records of another width or with a key seen before are reported.
pub(super) fn records<T>(
    folder: &Folder<'_>,
    name: &str,
    columns: &Columns,
    key: &[&str],
    mut read: impl FnMut(&Row<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(sheet) = Sheet::read(folder, &format!("seeds/{name}.csv"), columns, &CODES) else { return Vec::new() };
    let mut seen: HashMap<Vec<String>, usize> = HashMap::new();
    let mut all = Vec::new();
    for row in sheet.rows(&folder.problems, &CODES).filter(Row::is_whole) {
        let values: Vec<String> = key.iter().map(|column| row.get(column).to_owned()).collect();
        if let Some(first) = seen.get(&values) {
            let found = row.at(key[key.len() - 1], DUPLICATE, format!("{} stands twice", values.join(", ")));
            row.report(found.label(format!("first on line {first}")));
        } else {
            seen.insert(values, row.line());
        }
        all.extend(read(&row));
    }
    all
}

fn read_apps(folder: &Folder<'_>, project: Option<&Project>) -> Vec<App> {
    let columns = Columns {
        required: &[
            "app_id",
            "name",
            "vendor",
            "owner_email",
            "sensitivity",
            "assignment_source",
            "reclaim_consequence",
        ],
        optional: &["okta_app_ids", "feature_source", "feature_horizon_days", "suspend_worker_types"],
    };
    let mut okta_apps: HashMap<String, String> = HashMap::new();
    records(folder, "apps", &columns, &["app_id"], |row| {
        let app_id = row.text("app_id");
        if !app_id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')) {
            let found = row.at("app_id", CODES.value, format!("`{app_id}` cannot name a file"));
            row.report(found.help("use lower-case letters, digits, _ and -"));
        }
        if app_id == DIRECTORY {
            row.report(row.at("app_id", CODES.value, format!("`{DIRECTORY}` means the directory, not an app")));
        }
        let okta_app_ids = row.list("okta_app_ids");
        for okta_app_id in &okta_app_ids {
            if let Some(other) = okta_apps.insert(okta_app_id.clone(), app_id.clone()) {
                let message = format!("Okta app `{okta_app_id}` is mapped twice, to `{other}` and to `{app_id}`");
                row.report(row.at("okta_app_ids", CONFLICT, message));
            }
        }
        let assignment_source = row.text("assignment_source");
        check_assignment_source(row, project, &assignment_source);
        let mut feature_sources = Vec::new();
        for text in row.list("feature_source") {
            match text.split_once('/') {
                Some((source, stream)) => {
                    check_stream(row, "feature_source", project, source, stream);
                    feature_sources.push((source.to_owned(), stream.to_owned()));
                }
                None => refuse_source(row, "feature_source", &text),
            }
        }
        let feature_horizon_days = row.optional("feature_horizon_days").and_then(|_| {
            let days = |text: &str| text.parse().ok().filter(|days| (1..=36_500).contains(days));
            row.checked("feature_horizon_days", "a number of days, at least 1", days)
        });
        // A wrong value is reported; the app stays known, so that one error does not make many.
        Some(App {
            name: row.text("name"),
            vendor: row.text("vendor"),
            owner_email: row.email("owner_email"),
            sensitivity: row.word("sensitivity").unwrap_or(Sensitivity::Standard),
            reclaim_consequence: row.word("reclaim_consequence").unwrap_or(ReclaimConsequence::None),
            suspend_worker_types: row.list("suspend_worker_types"),
            app_id,
            okta_app_ids,
            assignment_source,
            feature_sources,
            feature_horizon_days,
        })
    })
}

fn check_assignment_source(row: &Row<'_>, project: Option<&Project>, assignment_source: &str) {
    match assignment_source.split_once('/') {
        Some((source, stream)) => check_stream(row, "assignment_source", project, source, stream),
        None if assignment_source == DIRECTORY || assignment_source.is_empty() => {}
        None => refuse_source(row, "assignment_source", assignment_source),
    }
}

fn refuse_source(row: &Row<'_>, column: &str, text: &str) {
    let found = row.at(column, CODES.value, format!("`{text}` names no stream"));
    row.report(found.help("write it as <source>/<stream>, such as salesforce/login_history"));
}

/// A source that the project does not collect is legal: its signals then do not count as collected.
fn check_stream(row: &Row<'_>, column: &str, project: Option<&Project>, source: &str, stream: &str) {
    let Some(project) = project else { return };
    let names = project.sources.iter().map(|source| source.name.as_str());
    let Some(source) = project.sources.iter().find(|known| known.name == source) else {
        let found = row.at(column, REFERENCE, format!("source `{source}` is not in the project file: not collected"));
        row.report(found.suggest(source, names).warning());
        return;
    };
    let known = known_streams(source);
    if !known.contains(&stream) {
        let found = row.at(column, REFERENCE, format!("source `{}` has no stream `{stream}`", source.name));
        row.report(found.suggest(stream, known));
    }
}

fn known_streams(source: &Source) -> Vec<&str> {
    match source.kind {
        Kind::Mapped => source.stream.keys().map(String::as_str).collect(),
        kind => kind.streams().map(|stream| stream.name).collect(),
    }
}

/// Where there is no catalogue that is reported once, not at every name.
pub(super) fn check_app(row: &Row<'_>, column: &str, seeds: &Seeds, also: &[&str]) -> String {
    let app_id = row.text(column);
    if !app_id.is_empty() && !seeds.apps.is_empty() && seeds.app(&app_id).is_none() && !also.contains(&app_id.as_str())
    {
        let found = row.at(column, REFERENCE, format!("unknown app `{app_id}`"));
        row.report(found.suggest(&app_id, seeds.app_ids().chain(also.iter().copied())));
    }
    app_id
}

fn read_tiers(folder: &Folder<'_>, seeds: &Seeds) -> Vec<Tier> {
    let columns = Columns { required: &["app_id", "tier", "rank", "sku_id", "is_paid"], optional: &["is_default"] };
    let mut defaults: HashMap<String, String> = HashMap::new();
    let mut skus: HashMap<(String, String), String> = HashMap::new();
    records(folder, "tiers", &columns, &["app_id", "tier"], |row| {
        let app_id = check_app(row, "app_id", seeds, &[]);
        let tier = row.text("tier");
        row.text("sku_id");
        let sku_ids = row.list("sku_id");
        for sku_id in &sku_ids {
            if let Some(other) = skus.insert((app_id.clone(), sku_id.clone()), tier.clone()) {
                let message = format!("SKU `{sku_id}` of `{app_id}` is listed twice, in `{other}` and in `{tier}`");
                row.report(row.at("sku_id", CONFLICT, message));
            }
        }
        let is_default = row.optional("is_default").is_some() && row.flag("is_default").unwrap_or(false);
        if is_default && let Some(other) = defaults.insert(app_id.clone(), tier.clone()) {
            let message = format!("`{app_id}` has two default tiers, `{other}` and `{tier}`");
            row.report(row.at("is_default", CONFLICT, message));
        }
        let rank = row.whole("rank").unwrap_or_default();
        let is_paid = row.flag("is_paid").unwrap_or(true);
        Some(Tier { app_id, tier, rank, sku_ids, is_paid, is_default })
    })
}

fn read_account_types(folder: &Folder<'_>, seeds: &Seeds) -> Vec<AccountPattern> {
    let columns = Columns { required: &["app_id", "pattern", "account_type"], optional: &[] };
    records(folder, "account_types", &columns, &["app_id", "pattern"], |row| {
        let app_id = check_app(row, "app_id", seeds, &["*", DIRECTORY]);
        Some(AccountPattern { app_id, pattern: row.text("pattern"), account_type: row.word("account_type")? })
    })
}

/// From, to, and the line that says so.
type Period = (NaiveDate, Option<NaiveDate>, usize);

fn read_identity_overrides(folder: &Folder<'_>, seeds: &Seeds) -> Vec<IdentityOverride> {
    let columns =
        Columns { required: &["system", "account_id", "worker_id", "effective_from"], optional: &["effective_to"] };
    let key = ["system", "account_id", "effective_from"];
    let mut periods: HashMap<(String, String), Vec<Period>> = HashMap::new();
    records(folder, "identity_overrides", &columns, &key, |row| {
        let system = check_app(row, "system", seeds, &[DIRECTORY]);
        let account_id = row.text("account_id");
        let worker_id = row.text("worker_id");
        let from = row.day("effective_from")?;
        let to = match row.optional("effective_to") {
            Some(_) => Some(row.day("effective_to")?),
            None => None,
        };
        if to.is_some_and(|to| to <= from) {
            let found = row.at("effective_to", CONFLICT, "does not lie after effective_from");
            row.report(found.help("effective_to is the first day outside"));
        }
        let earlier = periods.entry((system.clone(), fold(&account_id))).or_default();
        let overlaps = |(other_from, other_to, _): &&Period| {
            other_to.is_none_or(|end| from < end) && to.is_none_or(|end| *other_from < end) && *other_from != from
        };
        if let Some((_, _, line)) = earlier.iter().find(overlaps) {
            let message = format!("account `{account_id}` is given to two workers at one time");
            row.report(row.at("effective_from", CONFLICT, message).label(format!("also on line {line}")));
        }
        earlier.push((from, to, row.line()));
        Some(IdentityOverride { system, account_id, worker_id, effective_from: from, effective_to: to })
    })
}

fn read_budget_rates(folder: &Folder<'_>) -> Vec<BudgetRate> {
    let columns = Columns { required: &["fiscal_year", "currency", "rate"], optional: &[] };
    records(folder, "budget_rates", &columns, &["fiscal_year", "currency"], |row| {
        let currency = row.text("currency");
        if !currency.is_empty() && !is_currency(&currency) {
            row.report(row.at("currency", CODES.value, format!("`{currency}` is not a currency of ISO 4217")));
        }
        let rate = row.decimal("rate")?;
        if rate <= Decimal::ZERO {
            row.report(row.at("rate", CODES.value, format!("{rate} is not above 0")));
        }
        Some(BudgetRate { fiscal_year: row.whole("fiscal_year")?, currency, rate })
    })
}
