//! `policies/<app_id>.toml`: when a seat counts as idle and what then happens, in effective-dated versions.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::diagnostic::Problems;
use super::folder::{Folder, SourceFile, hex_sha256};
use super::policy_check::Checks;
use super::project::Project;
use super::section::{Codes, Section, parse};
use super::seeds::{self, Seeds};
use super::word::words;

pub(super) const CODES: Codes =
    Codes { syntax: "SL0201", unknown: "SL0202", kind: "SL0203", value: "SL0204", missing: "SL0205" };
/// Two versions of one id, or beginning on one day.
const DUPLICATE_VERSION: &str = "SL0206";
/// A file that is not named after its app.
const FILE_NAME: &str = "SL0213";
/// Two files for one app.
const DUPLICATE_FILE: &str = "SL0214";

words! {
    /// Which outward effects a policy may have.
    Mode { Shadow = "shadow", Notify = "notify", DowngradeOnly = "downgrade_only", Enforce = "enforce" }
}

words! {
    /// What counts as use.
    Signal { FeatureUse = "feature_use", SignIn = "sign_in" }
}

words! {
    /// What happens to an idle seat.
    IdleAction { Reclaim = "reclaim", DowngradeFirst = "downgrade_first", Suspend = "suspend" }
}

words! {
    /// What happens to an account that matches no person.
    OrphanAction { Review = "review", Reclaim = "reclaim" }
}

words! {
    /// What an approver's silence means.
    OnNoResponse { Escalate = "escalate", Keep = "keep", Approve = "approve" }
}

/// One policy file.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    /// The app it governs.
    pub app_id: String,
    /// Who answers for it.
    pub owner_email: String,
    /// The file, relative to the project folder.
    pub file: String,
    /// The file as it was read.
    pub text: String,
    /// Its versions, the earliest first.
    pub versions: Vec<Version>,
}

/// One version of a policy.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its id, unique within the file.
    pub id: String,
    /// The first day it governs.
    pub effective_from: NaiveDate,
    /// The first day it no longer does; none for the last version.
    pub effective_to: Option<NaiveDate>,
    /// Why it is as it is.
    pub rationale: Option<String>,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// Every setting, written or standard.
    pub settings: Settings,
    /// In the order of the file.
    pub tier_rules: Vec<TierRule>,
    /// In the order of the file.
    pub overrides: Vec<Override>,
    /// Hash of what the version says; comments and layout do not change it.
    pub content_sha256: String,
    /// Its line in the file.
    pub line: usize,
}

/// The settings of a version, where each is set, or of an override, where those are set that it changes.
/// Fields named `_days` count whole days.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the names and meanings are those of the policy file")]
pub struct Settings {
    pub mode: Option<Mode>,
    pub counts_feature_use: Option<bool>,
    pub counts_sign_in: Option<bool>,
    pub inactive_after_days: Option<u32>,
    pub new_seat_grace_days: Option<u32>,
    pub leave_return_grace_days: Option<u32>,
    pub bench_grace_days: Option<u32>,
    pub upcoming_hold_days: Option<u32>,
    pub self_confirm_days: Option<u32>,
    pub idle_action: Option<IdleAction>,
    pub orphan_action: Option<OrphanAction>,
    pub leaver_due_days: Option<u32>,
    pub due_days: Option<u32>,
    pub on_no_response: Option<OnNoResponse>,
    pub maker_checker: Option<bool>,
    pub min_signal_coverage: Option<Decimal>,
}

/// The keys of a policy file that are settings.
pub(super) const SETTINGS: &[&str] = &[
    "mode",
    "signals",
    "inactive_after_days",
    "new_seat_grace_days",
    "leave_return_grace_days",
    "bench_grace_days",
    "upcoming_hold_days",
    "self_confirm_days",
    "idle_action",
    "orphan_action",
    "leaver_due_days",
    "due_days",
    "on_no_response",
    "maker_checker",
    "min_signal_coverage",
];

/// The keys of an override that say which seats it is for.
pub(super) const OVERRIDE_KEYS: &[&str] = &["worker_type", "region", "practice", "tier", "job_family"];

impl Settings {
    /// What holds when a version says nothing.
    pub fn standard() -> Self {
        Self {
            mode: Some(Mode::Shadow),
            counts_feature_use: Some(true),
            counts_sign_in: Some(true),
            inactive_after_days: Some(90),
            new_seat_grace_days: Some(30),
            leave_return_grace_days: Some(14),
            bench_grace_days: Some(45),
            upcoming_hold_days: Some(30),
            self_confirm_days: Some(60),
            idle_action: Some(IdleAction::DowngradeFirst),
            orphan_action: Some(OrphanAction::Review),
            leaver_due_days: Some(2),
            due_days: Some(14),
            on_no_response: Some(OnNoResponse::Escalate),
            maker_checker: Some(false),
            min_signal_coverage: Some(Decimal::new(30, 2)),
        }
    }

    /// Reads what a table sets; the rest is as in `base`.
    fn read(section: &Section<'_>, base: &Self) -> Self {
        let signals = section.words::<Signal>("signals");
        if signals.as_ref().is_some_and(Vec::is_empty) {
            section.refuse("signals", "no signal counts as use", "name feature_use, sign_in or both");
        }
        let counts = |signal: Signal| signals.as_ref().map(|signals| signals.contains(&signal));
        Self {
            mode: section.word("mode").or(base.mode),
            counts_feature_use: counts(Signal::FeatureUse).or(base.counts_feature_use),
            counts_sign_in: counts(Signal::SignIn).or(base.counts_sign_in),
            inactive_after_days: section.days("inactive_after_days", 1).or(base.inactive_after_days),
            new_seat_grace_days: section.days("new_seat_grace_days", 0).or(base.new_seat_grace_days),
            leave_return_grace_days: section.days("leave_return_grace_days", 0).or(base.leave_return_grace_days),
            bench_grace_days: section.days("bench_grace_days", 0).or(base.bench_grace_days),
            upcoming_hold_days: section.days("upcoming_hold_days", 0).or(base.upcoming_hold_days),
            self_confirm_days: section.days("self_confirm_days", 0).or(base.self_confirm_days),
            idle_action: section.word("idle_action").or(base.idle_action),
            orphan_action: section.word("orphan_action").or(base.orphan_action),
            leaver_due_days: section.days("leaver_due_days", 0).or(base.leaver_due_days),
            due_days: section.days("due_days", 0).or(base.due_days),
            on_no_response: section.word("on_no_response").or(base.on_no_response),
            maker_checker: section.flag("maker_checker").or(base.maker_checker),
            min_signal_coverage: section.share("min_signal_coverage").or(base.min_signal_coverage),
        }
    }
}

/// A rule that finds seats of a dearer tier than their use asks for.
#[derive(Debug, Clone)]
pub struct TierRule {
    /// The tier it judges.
    pub tier: String,
    /// The lower tier it moves to.
    pub downgrade_to: String,
    /// Uses of any of these count.
    pub features: Vec<String>,
    /// Fewer uses than this are too few.
    pub min_uses: i64,
    /// Within this many days.
    pub within_days: u32,
    /// Its line in the file.
    pub line: usize,
}

/// Settings for some of the seats. A key that is none matches any seat.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names and meanings are those of the policy file")]
pub struct Override {
    pub worker_type: Option<String>,
    pub region: Option<String>,
    pub practice: Option<String>,
    pub tier: Option<String>,
    pub job_family: Option<String>,
    pub settings: Settings,
    /// Its line in the file.
    pub line: usize,
}

impl Override {
    /// How many keys it names: of two overrides, the one with more wins.
    pub fn key_count(&self) -> usize {
        [&self.worker_type, &self.region, &self.practice, &self.tier, &self.job_family].into_iter().flatten().count()
    }
}

/// Reads all policies; what is wrong in them is reported.
pub(super) fn read(folder: &Folder<'_>, project: Option<&Project>, seeds: &Seeds) -> Vec<PolicyFile> {
    let names = folder.names("policies", &["toml"]);
    if !names.is_empty() {
        seeds::require(folder, "apps", seeds.apps.len());
        seeds::require(folder, "tiers", seeds.tiers.len());
    }
    let mut files: HashMap<String, String> = HashMap::new();
    names.iter().filter_map(|name| read_file(folder, name, project, seeds, &mut files)).collect()
}

fn read_file(
    folder: &Folder<'_>,
    name: &str,
    project: Option<&Project>,
    seeds: &Seeds,
    files: &mut HashMap<String, String>,
) -> Option<PolicyFile> {
    let file = folder.read(&format!("policies/{name}"), CODES.syntax)?;
    parse_file(&file, &folder.problems, name, project, seeds, files)
}

/// The policies of these texts by file name, for who reads what was checked when it was written: what they refer to is
/// not looked up, and what is no policy is left out.
pub fn policies_of(texts: &BTreeMap<String, String>) -> Vec<PolicyFile> {
    let (problems, seeds, mut files) = (Problems::default(), Seeds::default(), HashMap::new());
    let parsed = texts.iter().filter_map(|(name, text)| {
        let file = SourceFile::new(&format!("policies/{name}"), text.clone());
        parse_file(&file, &problems, name, None, &seeds, &mut files)
    });
    parsed.collect()
}

fn parse_file(
    file: &SourceFile,
    problems: &Problems,
    name: &str,
    project: Option<&Project>,
    seeds: &Seeds,
    files: &mut HashMap<String, String>,
) -> Option<PolicyFile> {
    let document = parse(file, problems, &CODES)?;
    let root = Section::root(file, &document, problems, &CODES);
    root.only(&["app", "owner", "version"]);
    root.need(&["app", "owner", "version"]);
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let app_id = root.text("app").unwrap_or_else(|| stem.to_owned());
    if let Some(other) = files.insert(app_id.clone(), file.name.clone()) {
        let found = root.at(DUPLICATE_FILE, root.span_of("app"), format!("app `{app_id}` has two policy files"));
        root.report(found.label(format!("the other is {other}")).help("move the versions into one file"));
    } else if app_id != stem {
        let found = root.at(FILE_NAME, root.span_of("app"), format!("file `{name}` is not named after its app"));
        root.report(found.help(format!("rename it to policies/{app_id}.toml")));
    }
    let checks = Checks { project, seeds, app: seeds.app(&app_id), app_id: &app_id };
    checks.app_is_known(&root);
    let sections = root.sections("version");
    let mut versions: Vec<Version> = sections.iter().map(|section| read_version(section, &checks)).collect();
    refuse_duplicates(&versions, &sections);
    versions.sort_by_key(|version| version.effective_from);
    for i in 1..versions.len() {
        versions[i - 1].effective_to = Some(versions[i].effective_from);
    }
    let owner_email = root.email("owner").unwrap_or_default();
    Some(PolicyFile { app_id, owner_email, file: file.name.clone(), text: file.raw.clone(), versions })
}

fn refuse_duplicates(versions: &[Version], sections: &[Section<'_>]) {
    for (i, (version, section)) in versions.iter().zip(sections).enumerate() {
        let refuse = |key: &str, message: String, earlier: usize| {
            let label = format!("also in the version on line {}", versions[earlier].line);
            if section.has(key) {
                section.report(section.at(DUPLICATE_VERSION, section.span_of(key), message).label(label));
            }
        };
        if let Some(earlier) = versions[..i].iter().position(|earlier| earlier.id == version.id) {
            refuse("id", format!("two versions have the id `{}`", version.id), earlier);
        }
        if let Some(earlier) = versions[..i].iter().position(|earlier| earlier.effective_from == version.effective_from)
        {
            refuse(
                "effective_from",
                format!("two versions begin on {}: they overlap", version.effective_from),
                earlier,
            );
        }
    }
}

fn read_version(section: &Section<'_>, checks: &Checks<'_>) -> Version {
    let own = ["id", "effective_from", "rationale", "approved_by", "tier_rule", "override"];
    section.only(&[&own, SETTINGS].concat());
    section.need(&["id", "effective_from"]);
    let settings = Settings::read(section, &Settings::standard());
    checks.settings_are_safe(section, &settings);
    let overrides = section.sections("override");
    checks.overrides_agree(&overrides);
    Version {
        id: section.text("id").unwrap_or_default(),
        effective_from: section.day("effective_from").unwrap_or_default(),
        effective_to: None,
        rationale: section.text("rationale"),
        approved_by: section.text("approved_by"),
        tier_rules: section.sections("tier_rule").iter().map(|rule| read_tier_rule(rule, checks)).collect(),
        overrides: overrides.iter().map(|section| read_override(section, &settings, checks)).collect(),
        settings,
        content_sha256: hex_sha256(section.canonical().as_bytes()),
        line: section.line(),
    }
}

fn read_tier_rule(section: &Section<'_>, checks: &Checks<'_>) -> TierRule {
    let keys = ["tier", "downgrade_to", "features", "min_uses", "within_days"];
    section.only(&keys);
    section.need(&keys);
    let rule = TierRule {
        tier: section.text("tier").unwrap_or_default(),
        downgrade_to: section.text("downgrade_to").unwrap_or_default(),
        features: section.plain_texts("features"),
        min_uses: section.whole("min_uses", 1..=1_000_000).unwrap_or(1),
        within_days: section.days("within_days", 1).unwrap_or(1),
        line: section.line(),
    };
    if section.has("features") && rule.features.is_empty() {
        section.refuse("features", "no feature is named", "name the features that justify the tier");
    }
    checks.tier_rule_goes_down(section, &rule);
    rule
}

fn read_override(section: &Section<'_>, version: &Settings, checks: &Checks<'_>) -> Override {
    section.only(&[OVERRIDE_KEYS, SETTINGS].concat());
    for (keys, lack) in [(OVERRIDE_KEYS, "no key: it is for every seat"), (SETTINGS, "no setting: it changes nothing")]
    {
        if !keys.iter().any(|key| section.has(key)) {
            let found = section.at(CODES.missing, section.span.clone(), format!("{} has {lack}", section.name));
            section.report(found.help(format!("use any of {}", keys.join(", "))));
        }
    }
    let found = Override {
        worker_type: section.text("worker_type"),
        region: section.text("region"),
        practice: section.text("practice"),
        tier: section.text("tier"),
        job_family: section.text("job_family"),
        settings: Settings::read(section, &Settings::default()),
        line: section.line(),
    };
    if let Some(tier) = &found.tier {
        checks.tier_is_known(section, "tier", tier);
    }
    let settings = &found.settings;
    let counts_feature_use = settings.counts_feature_use.or(version.counts_feature_use);
    checks.settings_are_safe(section, &Settings { counts_feature_use, ..settings.clone() });
    found
}
