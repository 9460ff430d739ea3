//! What a policy must not say, given the catalogue and the sources it rests on.

use super::kinds::Kind;
use super::policy::{OVERRIDE_KEYS, OnNoResponse, SETTINGS, Settings, TierRule};
use super::project::Project;
use super::section::Section;
use super::seeds::{App, Seeds, Sensitivity, Tier};
use crate::base::text::fold;

/// A window shorter than the reporting lag of a source.
const LAG: &str = "SL0207";
/// A tier rule that does not lead to a lower tier.
const NOT_LOWER: &str = "SL0208";
/// A tier that the app does not have.
const UNKNOWN_TIER: &str = "SL0209";
/// Two overrides that contradict each other.
const CONFLICT: &str = "SL0210";
/// Silence as consent where the damage is high.
const APPROVE: &str = "SL0211";
/// An app that the catalogue does not have.
const UNKNOWN_APP: &str = "SL0212";

/// What the policy of one app is checked against.
pub(super) struct Checks<'a> {
    pub(super) project: Option<&'a Project>,
    pub(super) seeds: &'a Seeds,
    pub(super) app: Option<&'a App>,
    pub(super) app_id: &'a str,
}

impl Checks<'_> {
    /// Without a catalogue that is reported once, not at every policy.
    pub(super) fn app_is_known(&self, root: &Section<'_>) {
        if self.app.is_none() && !self.seeds.apps.is_empty() && root.has("app") {
            let message = format!("app `{}` is not in seeds/apps.csv", self.app_id);
            let found = root.at(UNKNOWN_APP, root.span_of("app"), message);
            root.report(found.suggest(self.app_id, self.seeds.apps.iter().map(|app| app.app_id.as_str())));
        }
    }

    /// The window covers what reports bring late, and silence decides nothing where the damage is high.
    pub(super) fn settings_are_safe(&self, section: &Section<'_>, settings: &Settings) {
        if settings.counts_feature_use == Some(true) && section.has("inactive_after_days") {
            self.window_covers_lag(section, "inactive_after_days", settings.inactive_after_days, "inactivity window");
        }
        let is_high = self.app.is_some_and(|app| app.sensitivity == Sensitivity::High);
        if is_high && settings.on_no_response == Some(OnNoResponse::Approve) {
            let message = "silence cannot approve on a high-sensitivity app";
            let found = section.at(APPROVE, section.span_of("on_no_response"), message);
            let label = format!("`{}` is high in seeds/apps.csv", self.app_id);
            section.report(found.label(label).help("use \"escalate\" or \"keep\""));
        }
    }

    fn window_covers_lag(&self, section: &Section<'_>, key: &str, days: Option<u32>, window: &str) {
        let slowest = self.feature_lags().max_by_key(|(lag, _)| *lag);
        let (Some(days), Some((lag, source))) = (days, slowest) else { return };
        if days < lag {
            let message = format!("{window} shorter than the source's reporting lag");
            let found = section.at(LAG, section.span_of(key), message);
            let label = format!("source `{source}` arrives up to {lag} days late");
            section.report(found.label(label).help(format!("use >= {lag}")));
        }
    }

    /// The lag in days of each feature source of the app that the project collects.
    fn feature_lags(&self) -> impl Iterator<Item = (u32, String)> {
        let kind_of = |name: &str| -> Option<Kind> {
            self.project?.sources.iter().find(|source| source.name == name).map(|source| source.kind)
        };
        let sources = self.app.iter().flat_map(|app| &app.feature_sources);
        sources.filter_map(move |(source, stream)| {
            Some((kind_of(source)?.reporting_lag_days(), format!("{source}.{stream}")))
        })
    }

    /// The tier stands in the ladder of the app; where there is none at all, that is reported elsewhere.
    pub(super) fn tier_is_known(&self, section: &Section<'_>, key: &str, tier: &str) -> Option<&Tier> {
        let known = self.seeds.tier(self.app_id, tier);
        if known.is_none() && self.app.is_some() && !self.seeds.tiers.is_empty() && !tier.is_empty() {
            let message = format!("app `{}` has no tier `{tier}` in seeds/tiers.csv", self.app_id);
            let found = section.at(UNKNOWN_TIER, section.span_of(key), message);
            section.report(found.suggest(tier, self.seeds.tiers_of(self.app_id).map(|tier| tier.tier.as_str())));
        }
        known
    }

    /// A tier rule moves to a lower tier of the same app, and its window covers what reports bring late.
    pub(super) fn tier_rule_goes_down(&self, section: &Section<'_>, rule: &TierRule) {
        let tier = self.tier_is_known(section, "tier", &rule.tier);
        let target = self.tier_is_known(section, "downgrade_to", &rule.downgrade_to);
        if let (Some(tier), Some(target)) = (tier, target)
            && target.rank >= tier.rank
        {
            let message = format!("`{}` is not a lower tier than `{}`", target.tier, tier.tier);
            let found = section.at(NOT_LOWER, section.span_of("downgrade_to"), message);
            let label = format!("rank {}, and `{}` has rank {}", target.rank, tier.tier, tier.rank);
            section.report(found.label(label).help("the ranks are in seeds/tiers.csv; higher is dearer"));
        }
        if section.has("within_days") {
            self.window_covers_lag(section, "within_days", Some(rule.within_days), "window of the tier rule");
        }
    }

    /// Two overrides with the same number of keys that can match one seat set no field differently.
    pub(super) fn overrides_agree(&self, overrides: &[Section<'_>]) {
        for (i, later) in overrides.iter().enumerate() {
            for earlier in overrides[..i].iter().filter(|earlier| can_tie(earlier, later)) {
                for key in SETTINGS.iter().filter(|key| later.has(key) && earlier.has(key)) {
                    if earlier.canonical_of(key) != later.canonical_of(key) {
                        let (first, second) = (earlier.line(), later.line());
                        let message = format!(
                            "the overrides on lines {first} and {second} can match one seat and set `{key}` differently"
                        );
                        let found = later.at(CONFLICT, later.span_of(key), message);
                        let place = earlier.file.line(earlier.span_of(key).start);
                        let help = "give one of them a further key, so that it is the more specific one";
                        later.report(found.label(format!("set differently on line {place}")).help(help));
                    }
                }
            }
        }
    }
}

/// Whether two overrides have the same number of keys and no shared key with different values.
fn can_tie(a: &Section<'_>, b: &Section<'_>) -> bool {
    let count = |section: &Section<'_>| OVERRIDE_KEYS.iter().filter(|key| section.has(key)).count();
    let value = |section: &Section<'_>, key: &str| section.canonical_of(key).map(|text| fold(&text));
    count(a) == count(b)
        && OVERRIDE_KEYS.iter().filter(|key| a.has(key) && b.has(key)).all(|key| value(a, key) == value(b, key))
}
