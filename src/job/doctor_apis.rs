//! What the doctor asks of the APIs of sources: one small request a stream.

use std::collections::BTreeMap;

use super::doctor::Finding;
use crate::base::{Clock, Error, ErrorKind};
use crate::config::Config;
use crate::http::Limits;
use crate::ingest::{self, Answer, Probe};

/// Clocks that differ by more, in seconds, are worth a look: logins that are signed fail beyond 300.
const MOST_SKEW_SECONDS: i64 = 60;
/// Less than this share of a window's requests is little.
const LITTLE_ROOM_PERCENT: u64 = 10;

/// Whether each API takes the credential and gives each stream, and what its clock and limits say.
pub(super) async fn apis(config: &Config, clock: Clock) -> Vec<Finding> {
    let probes = ingest::probe(config, Limits { tries: 2, ..Limits::default() }, clock).await;
    let mut findings: Vec<Finding> = probes.iter().map(access).collect();
    let mut sources: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    for probe in &probes {
        sources.entry(&probe.source).or_default().extend(probe.answer.as_ref().ok());
    }
    for (source, answers) in sources {
        findings.extend(skew(source, &answers));
        findings.extend(headroom(source, &answers));
    }
    findings
}

fn access(probe: &Probe) -> Finding {
    let of = [probe.source.as_str(), probe.stream.as_str()].join("/").trim_end_matches('/').to_owned();
    let answer = match &probe.answer {
        Ok(answer) => answer,
        Err(error) => {
            let fix = "check `url`, the network and the credential in [source.live]";
            return Finding::problem("api", of, error, fix);
        }
    };
    let Some(code) = &answer.refusal else { return Finding::ok("api", of, "may be read") };
    let said = |what: &str| Error::new(ErrorKind::Source, format!("{what} ({code})"));
    // 401 is about the credential as a whole, whatever stream was asked for.
    let is_unknown = answer.status == 401 || matches!(code.as_str(), "invalid_auth" | "token_revoked" | "not_authed");
    match is_unknown {
        true => Finding::problem("api", of, &said("the credential is not accepted"), "renew it at the vendor"),
        false => {
            let fix = format!("grant it at the vendor: {}", probe.needs);
            Finding::problem("api", of, &said("the credential may not read it"), fix)
        }
    }
}

fn skew(source: &str, answers: &[&Answer]) -> Option<Finding> {
    let ahead = answers.iter().find_map(|answer| answer.ahead_seconds)?;
    Some(match ahead.abs() > MOST_SKEW_SECONDS {
        false => Finding::ok("clock", source, format!("{ahead} s between its clock and ours")),
        true => {
            let found = format!("its clock is {ahead} s ahead of ours");
            Finding::warning(
                "clock",
                source,
                found,
                "set the clock of this machine: logins that are signed fail beyond 300 s",
            )
        }
    })
}

fn headroom(source: &str, answers: &[&Answer]) -> Option<Finding> {
    let share = |(limit, left): (u64, u64)| left * 100 / limit.max(1);
    let (limit, left) = answers.iter().filter_map(|answer| answer.room).min_by_key(|room| share(*room))?;
    let found = format!("{left} of {limit} requests of a window are left");
    Some(match share((limit, left)) < LITTLE_ROOM_PERCENT {
        false => Finding::ok("limit", source, found),
        true => {
            let fix = "somebody else uses them up: run at another time, or lower `rate_share` there";
            Finding::warning("limit", source, found, fix)
        }
    })
}
