//! How numbers look on a page.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::base::money::{display, thousands};

/// An amount in the minor units of its currency; nothing for null.
pub(super) fn money(amount: Option<Decimal>, currency: &str) -> String {
    amount.map_or(String::new(), |a| display(a, currency))
}

/// A count, its thousands apart.
pub(super) fn count(n: i64) -> String {
    let digits = thousands(&n.unsigned_abs().to_string());
    if n < 0 { format!("-{digits}") } else { digits }
}

/// A count whose sign is the message.
pub(super) fn signed(n: i64) -> String {
    if n < 0 { format!("−{}", thousands(&n.unsigned_abs().to_string())) } else { count(n) }
}

/// A share with one decimal; a dash when there is nothing to share.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let share = Decimal::from(part) * Decimal::ONE_HUNDRED / Decimal::from(whole);
    format!("{}%", share.round_dp_with_strategy(1, RoundingStrategy::MidpointNearestEven))
}

/// A share as a percentage with one decimal; a dash for null.
pub(super) fn share(share: Option<Decimal>) -> String {
    share.map_or("–".into(), |share| {
        let percent = (share * Decimal::ONE_HUNDRED).round_dp_with_strategy(1, RoundingStrategy::MidpointNearestEven);
        format!("{percent:.1}%").replace('-', "−")
    })
}

/// An amount as accountants write it: what is below zero stands in parentheses; a dash for null.
pub(super) fn ledger(amount: Option<Decimal>, currency: &str) -> String {
    match amount.map(|a| (a, display(a.abs(), currency))) {
        None => "–".into(),
        Some((a, text)) if a.is_sign_negative() && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) => {
            format!("({text})")
        }
        Some((_, text)) => text,
    }
}

/// A word of a table as people read it.
pub(super) fn words(text: &str) -> String {
    text.replace('_', " ")
}

/// What of a text every file system takes in a name.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// So many of something.
pub(super) fn several(n: i64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", count(n)) }
}
