//! Every path there is. A path is never put together anywhere else.

use chrono::NaiveDate;
use object_store::path::Path;

use super::record::{Chain, RunId};
use crate::base::{AsOf, Error, Result};

/// One place in the tree below the root of a store (design page `store.md`, section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// `store.json`: written once by `init`.
    Store,
    /// Created twice, then removed, to see whether the store honours put-if-absent.
    Probe {
        /// Names the probe, so that two never meet.
        run_id: RunId,
    },
    /// One record of a chain.
    Commit {
        /// The chain.
        chain: Chain,
        /// Its record, from 1.
        version: u64,
    },
    /// Landed rows of one extract date.
    Raw {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The day the rows became known.
        extract_date: NaiveDate,
        /// The run that wrote them.
        run_id: RunId,
        /// Number of the file within run and extract date.
        n: u32,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// Sign-ins of one landing, rolled up to days.
    DayUse {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The as-of date from which on they count.
        known_on: NaiveDate,
        /// The bucket of their accounts.
        bucket: u32,
        /// The run that wrote them.
        run_id: RunId,
        /// Number of the file within the landing.
        n: u32,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// The state of the seats of one bucket as of a day.
    SeatState {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The day it speaks for.
        as_of: AsOf,
        /// The bucket of its accounts.
        bucket: u32,
        /// The run that wrote it.
        run_id: RunId,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// What one shard made of the state of a day: the first to say it wins.
    Shard {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The day it speaks for.
        as_of: AsOf,
        /// Names what the shards started from: shards of other inputs never meet.
        inputs16: String,
        /// Which shard, from 1.
        shard: u32,
        /// Of how many.
        of: u32,
    },
    /// The use of one bucket in one month.
    SeatMonth {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The first day of the month.
        month: NaiveDate,
        /// The bucket of its accounts.
        bucket: u32,
        /// The run that wrote it.
        run_id: RunId,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// Rows of a model as one run wrote them.
    Table {
        /// Schema of the model.
        schema: String,
        /// Name of the model.
        table: String,
        /// The day the rows speak for.
        as_of: AsOf,
        /// The run that wrote them.
        run_id: RunId,
        /// Number of the file within the table.
        n: u32,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// Rows that a cluster reads while a run is computed; no record ever names them.
    Scratch {
        /// Schema of the table.
        schema: String,
        /// Name of the table.
        table: String,
        /// The computation that wrote them.
        run_id: RunId,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// A file of a sealed snapshot.
    Snapshot {
        /// The day it speaks for.
        as_of: AsOf,
        /// The attempt to seal it.
        seal_id: RunId,
        /// Its path below the snapshot's folder; empty: the folder itself.
        file: String,
    },
    /// Names and their keys, in a private store.
    Identity {
        /// The run that wrote them.
        run_id: RunId,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// What people said in their own words, in a private store.
    Notes {
        /// The run that kept them.
        run_id: RunId,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// Entries of the decision log, as one append wrote them.
    LogSegment {
        /// Number of its first entry.
        first: u64,
        /// Number of its last entry.
        last: u64,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// The erasure that is not through yet, in a private store.
    Erasure,
    /// The kill switch: while it is there, nothing goes outward.
    Stop,
    /// The answer to one question about a candidate: the first counts.
    Decision {
        /// The candidate.
        candidate_id: String,
        /// Which of its questions.
        question: String,
    },
    /// What a link to the page of answers was given out for.
    Link {
        /// sha256 of its token.
        token_sha256: String,
    },
    /// The n-th wrong code that came with a link, from 1.
    LinkMiss {
        /// sha256 of its token.
        token_sha256: String,
        /// Which one.
        nth: u32,
    },
    /// The answer that used a link up.
    LinkAnswer {
        /// sha256 of its token.
        token_sha256: String,
    },
    /// Something that goes outward once: whoever says so first sends it.
    Outward {
        /// Its idempotency key.
        key: String,
    },
    /// Which files a landing of very many read.
    Inputs {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The run that read them.
        run_id: RunId,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
    /// Rows refused at landing, with their raw bytes: restricted.
    Quarantine {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
        /// The run that refused them.
        run_id: RunId,
        /// Number of the file within the run.
        n: u32,
        /// First 16 hex digits of the file's SHA-256.
        sha16: String,
    },
}

impl Key {
    /// The path below the root.
    ///
    /// # Errors
    /// Config, when a name holds anything but ASCII letters, digits, `_` and `-`: names come from files people write
    /// and must not become paths of their own.
    pub fn path(&self) -> Result<Path> {
        let text = match self {
            Self::Store => "store.json".to_owned(),
            Self::Probe { run_id } => format!("probe-{}.json", segment(run_id.as_str())?),
            Self::Commit { chain, version } => format!("{}/{version:020}.json", folder(chain)?),
            Self::Raw { source, stream, extract_date, run_id, n, sha16 } => format!(
                "raw/{}/{}/extract_date={}/{}",
                segment(source)?,
                segment(stream)?,
                extract_date.format("%Y-%m-%d"),
                file_name(run_id, *n, sha16)?
            ),
            Self::DayUse { source, stream, known_on, bucket, run_id, n, sha16 } => format!(
                "usage/{}/{}/day_use/{}/b{bucket:02}-{}",
                segment(source)?,
                segment(stream)?,
                known_on.format("%Y-%m-%d"),
                file_name(run_id, *n, sha16)?
            ),
            Self::SeatState { source, stream, as_of, bucket, run_id, sha16 } => format!(
                "usage/{}/{}/seat_state/{as_of}/b{bucket:02}-{}",
                segment(source)?,
                segment(stream)?,
                file_name(run_id, 0, sha16)?
            ),
            Self::Shard { source, stream, as_of, inputs16, shard, of } => format!(
                "claims/shard/{}/{}/{as_of}/{}-{shard}-{of}.json",
                segment(source)?,
                segment(stream)?,
                segment(inputs16)?
            ),
            Self::SeatMonth { source, stream, month, bucket, run_id, sha16 } => format!(
                "usage/{}/{}/seat_month/{}/b{bucket:02}-{}",
                segment(source)?,
                segment(stream)?,
                month.format("%Y-%m-%d"),
                file_name(run_id, 0, sha16)?
            ),
            Self::Table { schema, table, as_of, run_id, n, sha16 } => format!(
                "tables/{}/{}/as_of={as_of}/{}",
                segment(schema)?,
                segment(table)?,
                file_name(run_id, *n, sha16)?
            ),
            Self::Scratch { schema, table, run_id, sha16 } => format!(
                "scratch/{}/{}/{}-{}.parquet",
                segment(run_id.as_str())?,
                segment(schema)?,
                segment(table)?,
                segment(sha16)?
            ),
            Self::Snapshot { as_of, seal_id, file } => {
                let folder = format!("snapshots/data/{as_of}/{}", segment(seal_id.as_str())?);
                if file.is_empty() { folder } else { format!("{folder}/{file}") }
            }
            Self::Identity { run_id, sha16 } => {
                format!("keys/{}-{}.parquet", segment(run_id.as_str())?, segment(sha16)?)
            }
            Self::Notes { run_id, sha16 } => {
                format!("notes/{}-{}.parquet", segment(run_id.as_str())?, segment(sha16)?)
            }
            Self::Erasure => "erasure.json".to_owned(),
            Self::Stop => "STOP".to_owned(),
            Self::Decision { candidate_id, question } => {
                format!("{DECISIONS}/{}-{}.json", segment(candidate_id)?, segment(question)?)
            }
            Self::Link { token_sha256 } => format!("claims/link/{}.json", segment(token_sha256)?),
            Self::LinkMiss { token_sha256, nth } => format!("claims/link-miss/{}-{nth}.json", segment(token_sha256)?),
            Self::LinkAnswer { token_sha256 } => format!("{LINK_ANSWERS}/{}.json", segment(token_sha256)?),
            Self::Outward { key } => format!("claims/export/{}.json", segment(key)?),
            Self::LogSegment { first, last, sha16 } => {
                format!("log/{first:020}-{last:020}-{}.parquet", segment(sha16)?)
            }
            Self::Inputs { source, stream, run_id, sha16 } => {
                format!("{INPUTS}/{}/{}/{}", segment(source)?, segment(stream)?, file_name(run_id, 0, sha16)?)
            }
            Self::Quarantine { source, stream, run_id, n, sha16 } => format!(
                "quarantine/{}/{}/{}/{n}-{}.parquet",
                segment(source)?,
                segment(stream)?,
                segment(run_id.as_str())?,
                segment(sha16)?
            ),
        };
        Path::parse(&text).map_err(|e| Error::internal(format!("{text} is no path in a store")).because(e))
    }
}

/// The folder of the lists of files that landings read.
const INPUTS: &str = "inputs";

/// The folder of the answers that were first.
pub(super) const DECISIONS: &str = "claims/decision";

/// The folder of the answers that came by a link.
pub(super) const LINK_ANSWERS: &str = "claims/link-answer";

/// The folder that holds the records of a chain.
pub(super) fn folder(chain: &Chain) -> Result<String> {
    Ok(match chain {
        Chain::Raw { source, stream } => format!("commits/raw/{}/{}", segment(source)?, segment(stream)?),
        Chain::Usage { source, stream } => format!("commits/usage/{}/{}", segment(source)?, segment(stream)?),
        Chain::Runs => "commits/runs".to_owned(),
        Chain::Snapshots => "snapshots/index".to_owned(),
        Chain::Identity => "commits/identity".to_owned(),
        Chain::Notes => "commits/notes".to_owned(),
        Chain::Log => "commits/log".to_owned(),
        Chain::Siem { transport } => format!("commits/siem/{}", segment(transport)?),
    })
}

/// The chain and the version of the record that lies at a path, whatever chains this release writes.
pub(super) fn record_at(path: &str) -> Option<(&str, u64)> {
    let (folder, file_name) = path.rsplit_once('/')?;
    let chain = match folder {
        "snapshots/index" => "snapshots",
        _ => folder.strip_prefix("commits/")?,
    };
    Some((chain, version_of(file_name)?))
}

/// The day a file speaks for, where its path says: of its extract, of its run or of its snapshot.
pub(super) fn day_in(path: &str) -> Option<NaiveDate> {
    let parts = path.split('/').map(|p| p.split_once('=').map_or(p, |(_, day)| day));
    parts.filter(|p| p.len() == 10).find_map(|p| NaiveDate::parse_from_str(p, "%Y-%m-%d").ok())
}

/// From which as-of date on the rows of a file of `day_use` count, and their bucket; none for any other file.
pub fn day_use(path: &str) -> Option<(NaiveDate, u32)> {
    bucketed(path, "day_use")
}

/// The as-of date and the bucket of a file of `seat_state`; none for any other file.
pub fn seat_state(path: &str) -> Option<(NaiveDate, u32)> {
    bucketed(path, "seat_state")
}

/// The first day of the month and the bucket of a file of `seat_month`; none for any other file.
pub fn seat_month(path: &str) -> Option<(NaiveDate, u32)> {
    bucketed(path, "seat_month")
}

fn bucketed(path: &str, folder: &str) -> Option<(NaiveDate, u32)> {
    let ["usage", _, _, found, day, name] = path.split('/').collect::<Vec<_>>()[..] else { return None };
    let bucket = name.strip_prefix('b')?.split_once('-')?.0.parse().ok()?;
    (found == folder).then_some((NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?, bucket))
}

/// Whether a file says which files a landing read.
pub fn is_inputs(path: &str) -> bool {
    path.split('/').next() == Some(INPUTS)
}

/// The version in the file name of a record, if it is one.
pub(super) fn version_of(file_name: &str) -> Option<u64> {
    let digits = file_name.strip_suffix(".json")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

fn file_name(run_id: &RunId, n: u32, sha16: &str) -> Result<String> {
    Ok(format!("{}-{n}-{}.parquet", segment(run_id.as_str())?, segment(sha16)?))
}

fn segment(name: &str) -> Result<&str> {
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Ok(name);
    }
    Err(Error::config(format!(
        "`{}` cannot name a folder of the store: use letters a-z, digits, `_` and `-`",
        crate::base::text::display(name)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Clock;

    #[test]
    fn paths_are_as_specified_and_names_cannot_leave_their_folder() {
        let chain = |source: &str| Chain::Raw { source: source.into(), stream: "users".into() };
        let path = Key::Commit { chain: chain("okta"), version: 7 }.path().unwrap();
        assert_eq!(path.as_ref(), "commits/raw/okta/users/00000000000000000007.json");
        let log = Key::LogSegment { first: 7, last: 12, sha16: "0123456789abcdef".into() }.path().unwrap();
        assert_eq!(log.as_ref(), "log/00000000000000000007-00000000000000000012-0123456789abcdef.parquet");
        let run_id = RunId::new(crate::base::Clock::System);
        let notes = Key::Notes { run_id: run_id.clone(), sha16: "0123456789abcdef".into() }.path().unwrap();
        assert_eq!(notes.as_ref(), format!("notes/{run_id}-0123456789abcdef.parquet"));
        let decision = Key::Decision { candidate_id: "c-0a".into(), question: "0".into() }.path().unwrap();
        assert_eq!(decision.as_ref(), "claims/decision/c-0a-0.json");
        assert_eq!(version_of("00000000000000000007.json"), Some(7));
        assert_eq!(version_of("7.json"), None);
        assert_eq!(record_at(path.as_ref()), Some(("raw/okta/users", 7)));
        assert_eq!(record_at("snapshots/index/00000000000000000002.json"), Some(("snapshots", 2)));
        assert_eq!(record_at("commits/runs/2.json"), None);
        assert_eq!(day_in("raw/okta/users/extract_date=2026-11-20/x.parquet"), NaiveDate::from_ymd_opt(2026, 11, 20));
        assert_eq!(day_in("quarantine/okta/users/01J/0-a.parquet"), None);
        let (source, stream, sha16) = ("okta".into(), "system_log".into(), "0123456789abcdef".into());
        let (known_on, run_id) = (NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(), RunId::new(Clock::System));
        let path = Key::DayUse { source, stream, known_on, bucket: 3, run_id, n: 1, sha16 }.path().unwrap();
        assert!(path.as_ref().starts_with("usage/okta/system_log/day_use/2026-11-20/b03-"), "{path}");
        assert_eq!((day_use(path.as_ref()), seat_state(path.as_ref())), (Some((known_on, 3)), None));
        for name in ["..", "", "a/b", "a b", "ü", "a%2Fb", "a#1"] {
            assert!(Key::Commit { chain: chain(name), version: 1 }.path().is_err(), "{name}");
        }
    }
}
