//! The tables of the page, in the order of its parts.

use crate::report::listing::Look::{Count, Money, Number, Share, Text, Words};
use crate::report::listing::{Column, Listing};

pub(super) const STEPS_BY_APP: Listing = Listing {
    table: "marts.candidate_funnel",
    caption: "How far the candidates of each app got",
    columns: &[
        Column("App", "app_id", Text),
        Column("Step", "step", Words),
        Column("Candidates", "candidate_count", Count),
        Column("Wait here", "waiting_count", Count),
        Column("Ended here", "ended_count", Count),
        Column("Saving a year", "annual_saving_amount", Money),
        Column("Unpriced", "unpriced_count", Count),
        Column("Removal destroys", "destructive_count", Count),
    ],
    order: &[("app_id", false), ("position", false)],
    is_summed: false,
    is_folded: true,
};

/// The same by practice, by region, by who decides: a table of each.
pub(super) const STEPS_BY_GROUP: Listing = Listing {
    table: "marts.candidate_funnel_by_group",
    caption: "",
    columns: &[
        Column("Group", "group_name", Text),
        Column("People", "people_count", Number),
        Column("Found", "found_count", Number),
        Column("Asked", "asked_count", Number),
        Column("Answered", "answered_count", Number),
        Column("Accepted", "accepted_count", Number),
        Column("Approved", "approved_count", Number),
        Column("Handed over", "handed_over_count", Number),
        Column("Carried out", "carried_out_count", Number),
        Column("Proved", "proved_count", Number),
        Column("Wait", "waiting_count", Number),
        Column("Saving a year", "annual_saving_amount", Money),
        Column("Carried out", "carried_out_saving_amount", Money),
    ],
    order: &[("found_count", true), ("group_name", false)],
    is_summed: false,
    is_folded: false,
};

pub(in crate::report) const SAVINGS: Listing = Listing {
    table: "marts.savings_by_state",
    caption: "Savings by state, app and action",
    columns: &[
        Column("State", "savings_state", Words),
        Column("App", "app_id", Text),
        Column("Action", "action", Words),
        Column("Cash-releasing", "is_cash_releasing", Text),
        Column("Cash from", "next_cash_on", Text),
        Column("Candidates", "candidate_count", Count),
        Column("Saving a year", "annual_saving_amount", Money),
        Column("Unpriced", "unpriced_count", Count),
    ],
    order: &[("savings_state", true), ("annual_saving_amount", true), ("app_id", false), ("action", false)],
    is_summed: false,
    is_folded: true,
};

pub(super) const REALISATION: Listing = Listing {
    table: "marts.savings_realisation",
    caption: "What became of savings, by the month in which they were agreed to",
    columns: &[
        Column("Month", "month", Text),
        Column("Agreed to", "accepted_count", Count),
        Column("Saving a year", "accepted_saving_amount", Money),
        Column("Executed", "executed_saving_amount", Money),
        Column("Contracted", "contracted_saving_amount", Money),
        Column("Realised", "realised_saving_amount", Money),
        Column("Realised of agreed", "realised_share", Share),
        Column("Unpriced", "unpriced_count", Count),
    ],
    order: &[("month", false)],
    is_summed: false,
    is_folded: false,
};

pub(super) const AGING: Listing = Listing {
    table: "marts.approval_aging",
    caption: "What waits, by app and age",
    columns: &[
        Column("App", "app_id", Text),
        Column("Waits for", "waits_for", Words),
        Column("Days", "waiting_days_band", Text),
        Column("Candidates", "candidate_count", Count),
        Column("Overdue", "overdue_count", Count),
        Column("Escalated", "escalated_count", Count),
        Column("Longest, days", "longest_waiting_days", Number),
        Column("Saving a year", "annual_saving_amount", Money),
    ],
    order: &[("longest_waiting_days", true), ("app_id", false), ("waits_for", false)],
    is_summed: false,
    is_folded: true,
};

pub(super) const APPROVERS: Listing = Listing {
    table: "marts.open_approvals",
    caption: "Who has to answer, by key; the review says whom a key means",
    columns: &[
        Column("Who", "approver_key", Text),
        Column("Next due", "next_due_on", Text),
        Column("Oldest since", "oldest_opened_on", Text),
        Column("Candidates", "candidate_count", Count),
        Column("Asked", "asked_count", Count),
        Column("Overdue", "overdue_count", Count),
        Column("Escalated", "escalated_count", Count),
        Column("Apps", "app_count", Number),
        Column("Saving a year", "annual_saving_amount", Money),
    ],
    order: &[("overdue_count", true), ("candidate_count", true), ("approver_key", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const TIMES: Listing = Listing {
    table: "marts.time_to_decide",
    caption: "How long answers took",
    columns: &[
        Column("App", "app_id", Text),
        Column("Answer", "decision", Words),
        Column("Step", "step", Number),
        Column("Answers", "candidate_count", Count),
        Column("Within 1 day", "within_1_day_count", Count),
        Column("3 days", "within_3_days_count", Count),
        Column("7 days", "within_7_days_count", Count),
        Column("14 days", "within_14_days_count", Count),
        Column("Late", "late_count", Count),
        Column("Mean, days", "mean_days", Number),
        Column("Longest", "longest_days", Number),
    ],
    order: &[("app_id", false), ("decision", false), ("step", false)],
    is_summed: false,
    is_folded: false,
};

pub(super) const PRACTICES: Listing = Listing {
    table: "marts.candidates_by_app_and_practice",
    caption: "Candidates by app, practice of the holder and action",
    columns: &[
        Column("App", "app_id", Text),
        Column("Practice", "practice", Text),
        Column("Action", "action", Words),
        Column("Candidates", "candidate_count", Count),
        Column("People", "person_count", Number),
        Column("Saving a year", "annual_saving_amount", Money),
        Column("Cash-releasing", "cash_releasing_saving_amount", Money),
        Column("Unpriced", "unpriced_candidate_count", Count),
    ],
    order: &[("candidate_count", true), ("app_id", false), ("practice", false), ("action", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const CAUSES: Listing = Listing {
    table: "marts.candidate_change_causes",
    caption: "Why the list changed, one cause a candidate",
    columns: &[
        Column("Change", "change", Words),
        Column("Cause", "cause", Words),
        Column("App", "app_id", Text),
        Column("Candidates", "candidate_count", Count),
        Column("Saving a year now", "annual_saving_amount", Money),
    ],
    order: &[("change", true), ("candidate_count", true), ("cause", false), ("app_id", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const PRECISION: Listing = Listing {
    table: "marts.policy_precision",
    caption: "How often approvers agreed, by rule",
    columns: &[
        Column("App", "app_id", Text),
        Column("Policy", "policy_version_id", Text),
        Column("Reason", "reason", Words),
        Column("Rule", "rule", Number),
        Column("Candidates", "candidate_count", Count),
        Column("Answered", "answered_count", Count),
        Column("Accepted", "accepted_count", Count),
        Column("Denied", "denied_count", Count),
        Column("Taken back", "taken_back_count", Count),
        Column("Precision", "precision_share", Share),
    ],
    order: &[
        ("candidate_count", true),
        ("app_id", false),
        ("policy_version_id", false),
        ("rule", false),
        ("reason", false),
    ],
    is_summed: true,
    is_folded: false,
};

pub(super) const REASONS: Listing = Listing {
    table: "marts.denial_reasons",
    caption: "Why seats were kept, and the rule it falls on",
    columns: &[
        Column("Reason given", "denial_code", Words),
        Column("Answer", "decision", Words),
        Column("App", "app_id", Text),
        Column("Policy", "policy_version_id", Text),
        Column("Reason", "reason", Words),
        Column("Rule", "rule", Number),
        Column("Newest", "newest_decided_on", Text),
        Column("Candidates", "candidate_count", Count),
    ],
    order: &[("candidate_count", true), ("denial_code", false), ("app_id", false), ("rule", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const OUTCOMES: Listing = Listing {
    table: "marts.reclaimed_vs_denied",
    caption: "What became of candidates, by practice and region; groups under five people put together",
    columns: &[
        Column("Practice", "practice", Text),
        Column("Region", "region", Text),
        Column("People", "people_count", Number),
        Column("Candidates", "candidate_count", Count),
        Column("Undecided", "undecided_count", Count),
        Column("Accepted", "accepted_count", Count),
        Column("Denied", "denied_count", Count),
        Column("Held", "held_count", Count),
        Column("Confirmed", "self_confirmed_count", Count),
        Column("Expired", "expired_count", Count),
        Column("Withdrawn", "withdrawn_count", Count),
        Column("Carried out", "carried_out_count", Count),
        Column("Undone", "rolled_back_count", Count),
    ],
    order: &[("candidate_count", true), ("practice", false), ("region", false)],
    is_summed: false,
    is_folded: false,
};

pub(super) const HOLDS: Listing = Listing {
    table: "marts.exception_aging",
    caption: "Holds and exceptions by reason",
    columns: &[
        Column("App", "app_id", Text),
        Column("Kind", "kind", Words),
        Column("Reason", "reason_code", Words),
        Column("Next ends", "next_expires_on", Text),
        Column("In force", "active_count", Count),
        Column("Over 90 d", "active_over_90_days_count", Count),
        Column("Over 180 d", "active_over_180_days_count", Count),
        Column("End in 14 d", "expiring_in_14_days_count", Count),
        Column("Stopped nothing", "active_never_used_count", Count),
        Column("Asked again", "asked_again_count", Count),
        Column("Upcoming", "upcoming_count", Count),
        Column("Expired", "expired_count", Count),
    ],
    order: &[("active_count", true), ("app_id", false), ("kind", false), ("reason_code", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const IDLE_HOLDS: Listing = Listing {
    table: "marts.holds_never_used",
    caption: "Holds and exceptions that never stopped an action",
    columns: &[
        Column("App", "app_id", Text),
        Column("Kind", "kind", Words),
        Column("Reason", "reason_code", Words),
        Column("State", "state", Words),
        Column("From", "effective_from", Text),
        Column("Ends", "expires_on", Text),
        Column("Days in force", "days_in_force", Number),
    ],
    order: &[("days_in_force", true), ("app_id", false), ("hold_id", false)],
    is_summed: false,
    is_folded: true,
};

pub(super) const REVIEWERS: Listing = Listing {
    table: "marts.reviewer_quality",
    caption: "Who answers how, by key",
    columns: &[
        Column("Who", "reviewer_key", Text),
        Column("Newest", "newest_answer_on", Text),
        Column("Answers", "answer_count", Count),
        Column("Agreed", "agreed_count", Count),
        Column("Refused", "refused_count", Count),
        Column("Held", "held_count", Count),
        Column("From below", "escalated_count", Count),
        Column("In bulk", "bulk_answer_count", Count),
        Column("Most a minute", "most_in_a_minute", Number),
        Column("Kept", "kept_count", Count),
        Column("Kept, never used", "kept_and_never_used_count", Count),
    ],
    order: &[("answer_count", true), ("reviewer_key", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const BOOMERANGS: Listing = Listing {
    table: "marts.boomerang_seats",
    caption: "Seats granted again",
    columns: &[
        Column("App", "app_id", Text),
        Column("SKU", "sku_id", Text),
        Column("Reason", "reason", Words),
        Column("Policy", "policy_version_id", Text),
        Column("Taken away", "executed_on", Text),
        Column("Granted again", "granted_again_on", Text),
        Column("Days without", "days_without", Number),
        Column("Saving gone", "annual_saving_amount", Money),
    ],
    order: &[("granted_again_on", true), ("app_id", false), ("candidate_id", false)],
    is_summed: true,
    is_folded: false,
};

pub(super) const BREAKERS: Listing = Listing {
    table: "review.breakers",
    caption: "Batches that a limit held",
    columns: &[
        Column("Batch", "batch", Text),
        Column("State", "state", Words),
        Column("Tripped", "tripped_on", Text),
        Column("Released by", "released_by_key", Text),
        Column("Reason", "release_reason", Words),
        Column("Counted", "counted", Number),
        Column("Allowed", "allowed", Number),
        Column("Said so far", "approval_count", Number),
    ],
    order: &[("tripped_on", true), ("batch", false)],
    is_summed: false,
    is_folded: false,
};
