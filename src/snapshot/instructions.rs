//! The text of `VERIFY.txt`: the standard commands that check a snapshot, with this snapshot's values.
//!
//! Its form is a contract: a step is a numbered line, the lines after it up to a blank one or to `must print` are its
//! command, and the lines after `must print` are all that the command prints. `tests/auditor` runs them from there.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::manifest::{Log, Table, run_time};
use super::seal::SealInput;
use super::{FORMAT, NAMESPACE};

/// The text for one snapshot; `signer` is the fingerprint of the key that signs it.
pub(super) fn instructions(
    input: &SealInput,
    tables: &BTreeMap<String, Table>,
    log: Option<&Log>,
    signer: Option<&str>,
) -> String {
    let mut text = format!(
        "{FORMAT} of {tenant} for {as_of}, run {run}, seatledger {release}\n\n",
        tenant = input.tenant,
        as_of = input.as_of,
        run = input.run_id,
        release = input.release,
    );
    text.push_str(match signer {
        Some(_) => {
            "This snapshot is SIGNED. Whose key that is, you must know from elsewhere: get allowed_signers from the\n\
                    customer by another channel than this folder.\n"
        }
        None => {
            "This snapshot is NOT SIGNED: it proves that nothing changed since it was sealed only to someone who\n\
                 kept the SHA-256 of SHA256SUMS elsewhere.\n"
        }
    });
    if log.is_none() {
        text.push_str("No decision log is sealed in it.\n");
    }
    text.push_str("\nCheck it without seatledger: bash, GNU coreutils, OpenSSH and duckdb. Run in this folder.\n");

    let mut steps: Vec<(String, String, Option<String>)> = vec![
        (
            "The list is the one that was kept (compare with the value on the report of the run)".into(),
            "sha256sum SHA256SUMS".into(),
            None,
        ),
        ("Every listed file is as it was sealed (exit code 0)".into(), "sha256sum -c --strict SHA256SUMS".into(), None),
        (
            "There is no other file".into(),
            "find . ! -type d ! -path ./SHA256SUMS ! -path ./SHA256SUMS.sig | sed 's|^\\./||' | LC_ALL=C sort | \
             comm -13 <(awk '{print $2}' SHA256SUMS | LC_ALL=C sort) -"
                .into(),
            Some(String::new()),
        ),
    ];
    if let Some(signer) = signer {
        // The key must have been valid when it signed, not when somebody checks: keys are rotated.
        let at = run_time(input.run_id.as_str());
        let at = at.map(|at| at.format(" -Overify-time=%Y%m%d%H%M%SZ").to_string()).unwrap_or_default();
        steps.push((
            format!("The key {signer} signed the list (exit code 0); set ALLOWED_SIGNERS to its path, PRINCIPAL to the name in it"),
            format!(
                "ssh-keygen -Y verify -f \"$ALLOWED_SIGNERS\" -I \"$PRINCIPAL\" -n {NAMESPACE}{at} -s SHA256SUMS.sig < SHA256SUMS"
            ),
            None,
        ));
    }
    if !tables.is_empty() {
        let count = |(name, t): (&String, &Table)| {
            format!("select '{name}' as sealed, count(*) as n, {} as expected from '{}'", t.rows, t.file)
        };
        let counts: Vec<String> = tables.iter().map(count).collect();
        steps.push((
            "Every table has the rows that manifest.json says".into(),
            format!(
                "duckdb -csv -noheader -c \"select * from (\n  {}) where n <> expected\"",
                counts.join("\n  union all ")
            ),
            Some(String::new()),
        ));
    }
    if let Some(log) = log {
        steps.push(match log.file {
            Some(_) => entries(log),
            None => (
                format!("The decision log has no entry since the snapshot before; its newest is {}", log.head_hash),
                "ls log 2>/dev/null".into(),
                Some(String::new()),
            ),
        });
    }
    for (number, (what, command, expected)) in (1..).zip(steps) {
        let _ = write!(text, "\n{number}. {what}\n{command}\n");
        if let Some(expected) = expected {
            let _ = write!(text, "must print {}", if expected.is_empty() { "nothing\n" } else { "exactly\n" });
            text.push_str(&expected);
        }
    }
    text
}

/// The chain of the log: one query. A log cut at its end shows in `n` and `head` and nowhere else.
fn entries(log: &Log) -> (String, String, Option<String>) {
    let command = format!(
        "duckdb -csv -c \"select count(*) n, arg_max(entry_hash, seq) head,\n\
         \x20 count(*) filter (entry_hash <> sha256(prev_hash || chr(10) || payload)) altered,\n\
         \x20 count(*) filter (prev_hash <> coalesce(l, '{prev}')) broken,\n\
         \x20 count(*) filter (seq <> rn) gaps,\n\
         \x20 count(*) filter (seq <> cast(payload->>'$.seq' as bigint)) mismatch\n\
         \x20 from (select *, lag(entry_hash) over (order by seq) l, {first} + row_number() over (order by seq) - 1 rn\n\
         \x20   from 'log/*.parquet')\"",
        prev = log.prev_hash,
        first = log.first_seq,
    );
    let expected = format!("n,head,altered,broken,gaps,mismatch\n{},{},0,0,0,0\n", log.entries, log.head_hash);
    ("The decision log is whole and follows the snapshot before".into(), command, Some(expected))
}
