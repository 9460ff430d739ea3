//! Checks of a landing as a whole: is it all there, is it as large as usual, does too much of it not read.

use std::collections::{BTreeMap, BTreeSet};

use super::body::QuarantinedRow;
use super::discover::Control;
use super::page::{Page, Refusal};

/// Landings whose median size is the usual one.
const USUAL_LANDINGS: usize = 7;
/// A landing may set apart so many rows whatever their share, ...
const FREE_QUARANTINE: u64 = 10;
/// ... and no landing more than this.
const MAX_QUARANTINE: u64 = 1000;

/// Refuses a landing of which more than 1 % (and at least 10 rows), or more than 1,000 rows, are set apart.
pub(super) fn quarantine(pages: &[Page], fetched: u64, quarantined: u64) -> Result<(), Refusal> {
    let is_many = quarantined >= FREE_QUARANTINE && quarantined * 100 > fetched;
    if !is_many && quarantined <= MAX_QUARANTINE {
        return Ok(());
    }
    let mut reasons: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for page in pages {
        let kept = page.rejects.iter().map(|reject| ((reject.reason, reject.column), 1));
        let more = page.more_rejects.iter().map(|(reason, n)| (*reason, *n));
        kept.chain(more).for_each(|(reason, n)| *reasons.entry(reason).or_default() += n);
    }
    let mut list: Vec<_> = reasons.into_iter().collect();
    list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let list: Vec<String> = list
        .iter()
        .take(3)
        .map(
            |((reason, column), n)| {
                if column.is_empty() { format!("{reason} {n}") } else { format!("{reason} in `{column}` {n}") }
            },
        )
        .collect();
    let message = format!("{quarantined} of {fetched} rows cannot be read ({})", list.join(", "));
    Err(Refusal::new("too_many_quarantined", message))
}

/// Compares with the median of the last landings: half is refused, a third more or less is said.
pub(super) fn row_count(before: &[u64], rows: u64) -> Result<Option<String>, Refusal> {
    let mut last = before[before.len().saturating_sub(USUAL_LANDINGS)..].to_vec();
    last.sort_unstable();
    let Some(&median) = last.get(last.len() / 2) else { return Ok(None) };
    if median == 0 {
        return Ok(None);
    }
    if rows * 2 <= median {
        let message = format!("{rows} rows where {median} are usual: half the feed or more is missing");
        return Err(Refusal::new("row_count", message));
    }
    let is_odd = rows * 10 <= median * 7 || rows * 10 >= median * 13;
    Ok(is_odd.then(|| format!("row_count: {rows} rows where {median} are usual")))
}

/// Compares those who are employed by an HR feed with the median of the last landings: a feed of which half has left at
/// once is broken as one is of which half is missing.
pub(super) fn employed(before: &[u64], employed: u64) -> Result<(), Refusal> {
    row_count(before, employed).map(|_| ()).map_err(|_| {
        let message = format!("only {employed} have not left: usual are twice as many or more");
        Refusal::new("employed", message)
    })
}

/// What the source says is missing: later pages, more records, or what the control file counts.
pub(super) fn lacks(pages: &[Page], control: &Control) -> Vec<String> {
    let mut lacks = Vec::new();
    let records: u64 = pages.iter().map(|p| p.records).sum();
    let saying: Vec<bool> = pages.iter().filter_map(|p| p.paging.more).collect();
    if !saying.is_empty() && saying.iter().all(|more| *more) {
        lacks.push("the last page says that more follow".to_owned());
    }
    if let Some(total) = pages.iter().filter_map(|p| p.paging.total).max().filter(|total| records < *total) {
        lacks.push(format!("{records} records of the {total} that the source counts"));
    }
    if pages.iter().any(|p| p.paging.is_failed) {
        lacks.push("a page says that its call failed".to_owned());
    }
    if let Some(rows) = control.rows.filter(|rows| *rows != records) {
        lacks.push(format!("{records} records of the {rows} that _control.json counts"));
    }
    if let Some(files) = control.pages.filter(|files| *files != pages.len() as u64) {
        lacks.push(format!("{} files of the {files} that _control.json counts", pages.len()));
    }
    lacks
}

/// What the parsers noted, with numbers of rows.
pub(super) fn notes(pages: &[Page]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (what, n) in pages.iter().flat_map(|p| &p.counts) {
        *counts.entry(what).or_default() += n;
    }
    counts.into_iter().map(|(what, n)| format!("{what}: {n} rows")).collect()
}

/// Names that no landing before had: one may lack what is optional, or be of records that are as they were.
pub(super) fn drift(before: &BTreeSet<&String>, columns: &BTreeSet<String>, is_kept: bool) -> Option<String> {
    let new: Vec<String> = columns.iter().filter(|c| !before.contains(c)).map(|c| format!("`{c}`")).collect();
    let fate = if is_kept { "kept unread in `extra`" } else { "not kept" };
    (!before.is_empty() && !new.is_empty())
        .then(|| format!("schema_drift: new at the source, {fate}: {}", new.join(", ")))
}

/// The rows set apart, without what they say.
pub(super) fn summary(pages: &[Page]) -> Vec<QuarantinedRow> {
    let rejects = pages.iter().flat_map(|p| &p.rejects).take(MAX_QUARANTINE as usize);
    rejects
        .map(|r| QuarantinedRow { row_number: r.number, column: r.column.to_owned(), reason_code: r.reason.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::page::{Paging, Reject};
    use super::*;

    #[test]
    fn a_shrunken_feed_is_refused_and_an_odd_one_is_said() {
        let usual = [1000, 5, 100, 100, 100, 100, 100, 100];
        assert_eq!(row_count(&usual, 50).unwrap_err().reason, "row_count");
        assert!(row_count(&usual, 70).unwrap().is_some());
        assert_eq!(row_count(&usual, 71), Ok(None));
        assert!(row_count(&usual, 130).unwrap().is_some());
        assert_eq!(row_count(&[], 1), Ok(None));
    }

    #[test]
    fn a_feed_that_terminates_half_of_all_is_refused() {
        assert_eq!(employed(&[100, 100], 51), Ok(()));
        assert_eq!(employed(&[100, 100], 50).unwrap_err().reason, "employed");
        assert_eq!((employed(&[], 0), employed(&[0], 0)), (Ok(()), Ok(())));
    }

    #[test]
    fn the_limit_on_quarantine_is_one_percent_from_ten_rows() {
        let pages = |n: u64| {
            vec![Page { rejects: (0..n).map(|i| Reject::new(i, "c", "width", "")).collect(), ..Page::default() }]
        };
        assert!(quarantine(&pages(9), 9, 9).is_ok());
        assert!(quarantine(&pages(10), 1000, 10).is_ok());
        assert_eq!(quarantine(&pages(10), 999, 10).unwrap_err().reason, "too_many_quarantined");
        assert!(quarantine(&pages(1001), 10_000_000, 1001).is_err());
    }

    #[test]
    fn missing_pages_are_seen() {
        let page =
            |more, total| Page { records: 2, paging: Paging { more, total, is_failed: false }, ..Page::default() };
        let none = Control::default();
        assert!(lacks(&[page(Some(true), None), page(Some(false), None)], &none).is_empty());
        assert_eq!(lacks(&[page(Some(true), None), page(Some(true), None)], &none).len(), 1);
        assert_eq!(lacks(&[page(None, Some(5)), page(None, Some(5))], &none).len(), 1);
        assert!(lacks(&[page(None, Some(3))], &Control { rows: Some(2), pages: Some(1), ..none.clone() }).len() == 1);
        assert_eq!(lacks(&[page(None, None)], &Control { rows: Some(3), pages: Some(2), ..none }).len(), 2);
    }

    #[test]
    fn drift_names_new_columns_only() {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
        let drift = |before: &[&str], now: &[&str]| drift(&set(before).iter().collect(), &set(now), true);
        assert_eq!(drift(&[], &["a"]), None);
        assert_eq!(drift(&["a", "b"], &["a"]), None);
        assert!(drift(&["a"], &["a", "c"]).is_some_and(|w| w.contains("`c`")));
    }
}
