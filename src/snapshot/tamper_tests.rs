//! A generated set of everything that can be done to a sealed snapshot: each is found, and the right place is named.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::sign_tests::{line, signer};
use super::tests::{check, input};
use super::*;
use crate::log::{self, Checkpoint, Entry, EntryKind, Frontier, entry_hash};
use crate::store::{NO_HASH, canonical, parquet, sha256_hex};

const SUMS: &str = "SHA256SUMS";
const SIGNATURE: &str = "SHA256SUMS.sig";

/// An entry that says `detail`, after the one with hash `prev_hash`.
fn entry(seq: u64, prev_hash: &str, detail: &str) -> Entry {
    let at = chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let payload = json!({
        "seq": seq, "at": "2026-11-18T11:06:40.000000Z", "type": "decision.accept", "actor": "a", "on_behalf_of": null,
        "subject_key": "k", "app_id": "figma", "policy_version": null, "evidence_sha256": null,
        "detail": { "says": detail },
    });
    let payload = String::from_utf8(canonical(&payload).unwrap()).unwrap();
    Entry {
        seq,
        at,
        kind: EntryKind::parse("decision.accept").unwrap(),
        actor: "a".into(),
        on_behalf_of: None,
        subject_key: Some("k".into()),
        app_id: Some("figma".into()),
        policy_version: None,
        evidence_sha256: None,
        entry_hash: entry_hash(prev_hash, &payload),
        payload,
        prev_hash: prev_hash.to_owned(),
    }
}

/// Entries that follow each other.
fn chain(first: u64, prev_hash: &str, details: &[&str]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (seq, detail) in (first..).zip(details) {
        let prev = entries.last().map_or(prev_hash, |e| &e.entry_hash).to_owned();
        entries.push(entry(seq, &prev, detail));
    }
    entries
}

fn tree(entries: &[Entry]) -> Frontier {
    let mut tree = Frontier::default();
    entries.iter().for_each(|entry| tree.push(entry.payload.as_bytes()));
    tree
}

/// The log of a snapshot that holds all entries from `first` on.
fn sealed_log(entries: &[Entry], first: usize) -> SealedLog {
    SealedLog {
        entries: entries[first..].to_vec(),
        frontier_before: tree(&entries[..first]),
        prev_hash: first.checked_sub(1).map_or(NO_HASH, |last| &entries[last].entry_hash).to_owned(),
        first_seq: first as u64,
        origin: "seatledger/store".into(),
    }
}

fn entries() -> Vec<Entry> {
    chain(0, NO_HASH, &["one", "two", "three", "four", "five"])
}

/// A sealed snapshot to break; `signed` by key 1, which `allowed_signers` beside it lists.
struct Victim {
    dir: tempfile::TempDir,
    sealed: Sealed,
    options: VerifyOptions,
}

impl Victim {
    fn new(signed: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut input = input(&["a", "bb"]);
        input.log = Some(sealed_log(&entries(), 0));
        let mut options = VerifyOptions::default();
        if signed {
            input.signer = Some(signer(dir.path(), 1));
            let allowed = dir.path().join("allowed_signers");
            fs::write(&allowed, line(1, "")).unwrap();
            options.allowed_signers = Some(allowed);
        }
        let sealed = seal(input).unwrap();
        Self { dir, sealed, options }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    /// Breaks a fresh copy; what is found must not be nothing.
    fn broken(&self, what: &str, tamper: impl FnOnce(&Path)) -> Verification {
        let path = self.path();
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        write_folder(&self.sealed.files, &path).unwrap();
        tamper(&path);
        let found = verify(&path, &self.options).unwrap();
        assert!(!found.ok && !found.faults.is_empty(), "{what} was not found");
        found
    }

    fn files(&self) -> impl Iterator<Item = &str> {
        self.sealed.files.iter().map(|(path, _)| path.as_str())
    }
}

#[track_caller]
fn names(found: &Verification, what: &str, file: &str, fault: Fault) {
    assert!(found.faults.iter().any(|f| f.file == file && f.fault == fault), "{what}: not {file} {fault} in\n{found}");
}

#[track_caller]
fn names_at(found: &Verification, what: &str, file: &str, fault: Fault, at: &str) {
    let is_it = |f: &Finding| f.file == file && f.fault == fault && f.at.as_deref() == Some(at);
    assert!(found.faults.iter().any(is_it), "{what}: not {file} {fault} {at} in\n{found}");
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Puts other bytes in place of a file, and its hash into the manifest and the list.
fn forge(path: &Path, file: &str, bytes: &[u8]) {
    let old = sha256_hex(&fs::read(path.join(file)).unwrap());
    fs::write(path.join(file), bytes).unwrap();
    for listing in ["manifest.json", SUMS] {
        let text = fs::read_to_string(path.join(listing)).unwrap();
        let before = sha256_hex(text.as_bytes());
        let text = text.replace(&old, &sha256_hex(bytes));
        if listing == "manifest.json" && file != listing {
            fs::write(path.join(listing), &text).unwrap();
            edit_text(&path.join(SUMS), &before, &sha256_hex(text.as_bytes()));
        } else if listing == SUMS {
            fs::write(path.join(listing), text).unwrap();
        }
    }
}

fn edit_text(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{} has no `{old}`", path.display());
    fs::write(path, text.replace(old, new)).unwrap();
}

fn edit_manifest(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&fs::read(path.join("manifest.json")).unwrap()).unwrap();
    change(&mut manifest);
    forge(path, "manifest.json", &serde_json::to_vec_pretty(&manifest).unwrap());
}

#[test]
fn a_clean_snapshot_passes_and_says_who_signed() {
    let victim = Victim::new(true);
    write_folder(&victim.sealed.files, &victim.path()).unwrap();
    let found = verify(&victim.path(), &victim.options).unwrap();
    assert!(found.ok, "{found}");
    assert_eq!((found.signature, found.rows), (SignatureState::Valid, RowCheck::Recomputed));
    let said = found.to_string();
    let signer = victim.sealed.signer.as_ref().unwrap();
    let end = format!("0 faults; log entries 0 to 4; signed by snapshots@northwind.example with {signer}\n");
    assert!(said.starts_with("verified: ") && said.ends_with(&end), "{said}");
    let counted = VerifyOptions { rows: Rows::Count, ..VerifyOptions::default() };
    let found = verify(&victim.path(), &counted).unwrap();
    assert!(found.ok && found.rows == RowCheck::Counted && found.signature == SignatureState::Unchecked, "{found}");
    assert_eq!(
        found.bytes,
        victim
            .sealed
            .files
            .iter()
            .filter(|(p, _)| !p.starts_with(SUMS))
            .map(|(_, b)| b.get().unwrap().len() as u64)
            .sum::<u64>()
    );
}

#[test]
fn whatever_is_done_to_a_file_names_the_file() {
    let victim = Victim::new(true);
    let files: Vec<String> = victim.files().map(str::to_owned).collect();
    let mut tampered = 0;
    for (file, bytes) in &victim.sealed.files {
        let bytes = bytes.get().unwrap();
        let altered = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let what = format!("{what} of {file}");
            let found = victim.broken(&what, |path| edit(&path.join(file), change));
            assert!(found.faults.iter().any(|f| f.file == *file || file == SUMS), "{what}:\n{found}");
            if file == SUMS {
                names(&found, &what, SIGNATURE, Fault::Altered);
            } else if file != SIGNATURE {
                names(&found, &what, file, Fault::Altered);
            }
        };
        for at in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 2, bytes.len() - 1] {
            for bit in [0x01, 0x20, 0x80] {
                altered(&format!("bit {bit:x} of byte {at}"), &|bytes| bytes[at] ^= bit);
                tampered += 1;
            }
        }
        altered("the first half", &|bytes| bytes.truncate(bytes.len() / 2));
        altered("nothing", &|bytes| bytes.clear());
        altered("an added byte", &|bytes| bytes.push(b'x'));
        let found = victim.broken("a file deleted", |path| fs::remove_file(path.join(file)).unwrap());
        names(&found, "deleted", file, Fault::Missing);
        let renamed = format!("{file}.old");
        let found = victim.broken("a file renamed", |path| fs::rename(path.join(file), path.join(&renamed)).unwrap());
        names(&found, "renamed", file, Fault::Missing);
        if file != SUMS {
            names(&found, "renamed", &renamed, Fault::Unlisted);
        }
        tampered += 5;
    }
    let listed: Vec<&String> = files.iter().filter(|file| !file.starts_with(SUMS)).collect();
    for pair in listed.windows(2) {
        let found = victim.broken("a swap", |path| {
            fs::rename(path.join(pair[0]), path.join("x")).unwrap();
            fs::rename(path.join(pair[1]), path.join(pair[0])).unwrap();
            fs::rename(path.join("x"), path.join(pair[1])).unwrap();
        });
        names(&found, "swap", pair[0], Fault::Altered);
        names(&found, "swap", pair[1], Fault::Altered);
        tampered += 1;
    }
    for added in ["x", ".x", "data/x.parquet", "log/x.parquet", "sql/deep/er/x", "SHA256SUMS.old", "data/SHA256SUMS"] {
        let found = victim.broken("a file added", |path| {
            fs::create_dir_all(path.join(added).parent().unwrap()).unwrap();
            fs::write(path.join(added), b"x").unwrap();
        });
        names(&found, "added", added, Fault::Unlisted);
        tampered += 1;
    }
    assert!(tampered > 250, "{tampered}");
}

#[test]
fn whatever_is_done_to_the_list_names_the_list() {
    // Unsigned: nothing but the manifest helps.
    let victim = Victim::new(false);
    let (_, sums) = victim.sealed.files.iter().find(|(path, _)| path == SUMS).unwrap();
    let sums = String::from_utf8(sums.get().unwrap().to_vec()).unwrap();
    let lines: Vec<&str> = sums.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let file = &line[66..];
        let rewritten = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines: Vec<String> = lines.iter().map(|l| format!("{l}\n")).collect();
            change(&mut lines);
            victim.broken(&format!("line {}", at + 1), |path| fs::write(path.join(SUMS), lines.concat()).unwrap())
        };
        let digit = if line.starts_with('0') { "1" } else { "0" };
        let found = rewritten(&|lines| lines[at].replace_range(..1, digit));
        let named = if file == "manifest.json" { file } else { SUMS };
        names(&found, "an edited sum", named, Fault::Altered);
        let found = rewritten(&|lines| drop(lines.remove(at)));
        names(&found, "a removed line", file, Fault::Unlisted);
        names(&found, "a removed line", SUMS, Fault::Incomplete);
        let found = rewritten(&|lines| lines.insert(at, lines[at].clone()));
        names_at(&found, "a line twice", SUMS, Fault::Unreadable, &format!("line {}", at + 2));
        let found = rewritten(&|lines| lines[at].insert(0, '\\'));
        names_at(&found, "a line in another form", SUMS, Fault::Unreadable, &format!("line {}", at + 1));
        let found = rewritten(&|lines| lines[at] = lines[at].replace(file, &format!("../{file}")));
        names_at(&found, "a path outside", SUMS, Fault::Unreadable, &format!("line {}", at + 1));
    }
}

#[test]
fn a_consistent_forgery_is_stopped_by_the_signature() {
    let victim = Victim::new(true);
    let listed: Vec<String> = victim.files().filter(|f| !f.starts_with(SUMS)).map(str::to_owned).collect();
    for file in &listed {
        let found = victim.broken("a forgery", |path| {
            let mut bytes = fs::read(path.join(file)).unwrap();
            bytes.push(b'\n');
            forge(path, file, &bytes);
        });
        assert_eq!(found.signature, SignatureState::Altered, "{file}");
        names(&found, "forgery", SIGNATURE, Fault::Altered);
    }
    // The forger signs with his own key, and says so in the manifest or not.
    for says_so in [false, true] {
        let found = victim.broken("another key", |path| {
            let forger = signer(victim.dir.path(), 2);
            edit_manifest(path, |manifest| {
                manifest["tenant"] = "southwind".into();
                if says_so {
                    manifest["signer"] = fingerprint(&forger.public_key().unwrap()).into();
                }
            });
            fs::write(path.join(SIGNATURE), forger.sign(&fs::read(path.join(SUMS)).unwrap()).unwrap()).unwrap();
        });
        assert_eq!(found.signature, SignatureState::Foreign);
        names(&found, "another key", SIGNATURE, Fault::Foreign);
    }
    // He takes the signature away, and says so in the manifest or not.
    for says_so in [false, true] {
        let found = victim.broken("no signature", |path| {
            fs::remove_file(path.join(SIGNATURE)).unwrap();
            if says_so {
                edit_manifest(path, |manifest| {
                    manifest["signature"] = "none".into();
                    manifest["signer"] = Value::Null;
                });
            }
        });
        names(&found, "no signature", SIGNATURE, if says_so { Fault::Unsigned } else { Fault::Missing });
    }
    let found = victim.broken("an empty signature", |path| fs::write(path.join(SIGNATURE), "").unwrap());
    names(&found, "empty", SIGNATURE, Fault::Unreadable);
    let found = victim.broken("a signature for something else", |path| {
        let sums = fs::read(path.join(SUMS)).unwrap();
        let other = super::sign_tests::key(1).sign("git", ssh_key::HashAlg::Sha512, &sums).unwrap();
        fs::write(path.join(SIGNATURE), other.to_pem(ssh_key::LineEnding::LF).unwrap()).unwrap();
    });
    names(&found, "another purpose", SIGNATURE, Fault::Altered);

    // Without a time nobody knows whether the key was valid: the rightful key must not sign that either.
    let found = victim.broken("a run without a time", |path| {
        edit_manifest(path, |manifest| manifest["run_id"] = "once".into());
        let signature = signer(victim.dir.path(), 1).sign(&fs::read(path.join(SUMS)).unwrap()).unwrap();
        fs::write(path.join(SIGNATURE), signature).unwrap();
    });
    names(&found, "no time", "manifest.json", Fault::Unreadable);

    // The key of the right one, but not at that time, not that name.
    write_again(&victim);
    for (options, state) in [
        (r#"valid-before="20260101""#, SignatureState::Expired),
        (r#"valid-after="20270101""#, SignatureState::Expired),
        (r#"namespaces="git""#, SignatureState::Foreign),
    ] {
        fs::write(victim.options.allowed_signers.as_ref().unwrap(), line(1, options)).unwrap();
        let found = verify(&victim.path(), &victim.options).unwrap();
        assert_eq!(found.signature, state);
        names(&found, options, SIGNATURE, Fault::Foreign);
    }
}

fn write_again(victim: &Victim) {
    let _ = fs::remove_dir_all(victim.path());
    write_folder(&victim.sealed.files, &victim.path()).unwrap();
}

const LOG: &str = "log/00000000000000000000-00000000000000000004.parquet";

/// Rewrites the log of an unsigned snapshot, with every hash in list and manifest made to fit.
fn with_log(victim: &Victim, change: impl FnOnce(&mut Vec<Entry>)) -> Verification {
    victim.broken("the log", |path| write_log(path, change))
}

fn write_log(path: &Path, change: impl FnOnce(&mut Vec<Entry>)) {
    let mut entries = entries();
    change(&mut entries);
    let bytes = parquet::encode(&log::schema(), &[log::to_batch(&entries).unwrap()]).unwrap();
    forge(path, LOG, &bytes);
}

#[test]
fn whatever_is_done_to_the_log_names_the_entry() {
    let victim = Victim::new(false);
    let edited = |payload: &str| payload.replace("three", "THREE");

    let found = with_log(&victim, |e| e[2].payload = edited(&e[2].payload));
    names_at(&found, "edited text", LOG, Fault::Altered, "entry 2");
    names(&found, "edited text", "checkpoint", Fault::Altered);
    let found = with_log(&victim, |e| {
        e[2].payload = edited(&e[2].payload);
        e[2].entry_hash = entry_hash(&e[2].prev_hash, &e[2].payload);
    });
    names_at(&found, "edited text and hash", LOG, Fault::Altered, "entry 3");
    let found = with_log(&victim, |e| e[2].actor = "b".into());
    names_at(&found, "edited column", LOG, Fault::Altered, "entry 2");
    let found = with_log(&victim, |e| drop(e.remove(2)));
    names_at(&found, "dropped", LOG, Fault::Incomplete, "entry 3");
    let found = with_log(&victim, |e| drop(e.remove(0)));
    names_at(&found, "first dropped", LOG, Fault::Incomplete, "entry 1");
    let found = with_log(&victim, |e| drop(e.pop()));
    names(&found, "cut", LOG, Fault::Incomplete);
    names(&found, "cut", "checkpoint", Fault::Altered);
    let found = with_log(&victim, |e| e.swap(1, 2));
    names_at(&found, "reordered", LOG, Fault::Incomplete, "entry 2");
    let found = with_log(&victim, |e| e.insert(2, e[1].clone()));
    names_at(&found, "doubled", LOG, Fault::Incomplete, "entry 1");
    // A log that is whole in itself, but another one.
    let found = with_log(&victim, |e| *e = chain(0, NO_HASH, &["one", "two", "THREE", "four", "five"]));
    names(&found, "rewritten", LOG, Fault::Altered);
    names(&found, "rewritten", "checkpoint", Fault::Altered);

    let found =
        victim.broken("a log taken out of the manifest", |path| edit_manifest(path, |m| m["log"] = Value::Null));
    names(&found, "not in the manifest", LOG, Fault::Unlisted);
    let found = victim.broken("another log in the manifest", |path| {
        edit_manifest(path, |m| m["log"]["file"] = "../../etc/passwd".into());
    });
    names(&found, "elsewhere", "manifest.json", Fault::Altered);
    let found = victim.broken("bytes that are no log", |path| forge(path, LOG, b"PAR1 no PAR1"));
    names(&found, "no log", LOG, Fault::Unreadable);
    let found = victim.broken("another checkpoint", |path| {
        let other = Checkpoint { origin: "seatledger/store".into(), size: 5, root: tree(&entries()[..4]).root() };
        forge(path, "checkpoint", other.render().as_bytes());
    });
    names(&found, "another root", "checkpoint", Fault::Altered);
    let found = victim.broken("no checkpoint at all", |path| forge(path, "checkpoint", b"none"));
    names(&found, "no checkpoint", "checkpoint", Fault::Unreadable);
}

#[test]
fn a_log_rewritten_whole_contradicts_the_checkpoint_of_before() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("1"), dir.path().join("2"));
    let all = entries();
    for (path, entries, from) in [(&first, &all[..3], 0), (&second, &all[..], 3)] {
        let mut input = input(&["a"]);
        input.log = Some(sealed_log(entries, from));
        write_folder(&seal(input).unwrap().files, path).unwrap();
    }
    assert!(check(&first).unwrap().ok && check(&second).unwrap().ok);
    let since = |path: &Path, since: &Path| {
        verify(path, &VerifyOptions { since: Some(since.to_owned()), ..VerifyOptions::default() }).unwrap()
    };
    // A file, a snapshot, the same one.
    assert!(since(&second, &first.join("checkpoint")).ok && since(&second, &first).ok && since(&first, &first).ok);
    let point = |size: u64, root| {
        let path = dir.path().join(format!("point-{size}"));
        let point = Checkpoint { origin: "seatledger/store".into(), size, root };
        fs::write(&path, point.render()).unwrap();
        path
    };
    assert!(since(&second, &point(4, tree(&all[..4]).root())).ok, "between two snapshots");
    let found = since(&second, &point(4, tree(&all[..3]).root()));
    names(&found, "another past", "checkpoint", Fault::Inconsistent);
    let found = since(&first, &second);
    names(&found, "a shorter log", "checkpoint", Fault::Inconsistent);
    let log = "log/00000000000000000003-00000000000000000004.parquet";
    let found = since(&second, &point(2, tree(&all[..2]).root()));
    names(&found, "too long ago", log, Fault::Incomplete);
    assert!(found.faults[0].detail.ends_with("the snapshot whose log holds entry 2"), "{found}");
    let missing = VerifyOptions { since: Some(dir.path().join("none")), ..VerifyOptions::default() };
    assert_eq!(verify(&second, &missing).unwrap_err().kind(), crate::base::ErrorKind::Usage);

    // Everything is made to fit but what was published.
    let rewritten = dir.path().join("3");
    let other = chain(0, NO_HASH, &["one", "two", "THREE", "four", "five"]);
    let mut input = input(&["a"]);
    input.log = Some(sealed_log(&other, 0));
    write_folder(&seal(input).unwrap().files, &rewritten).unwrap();
    assert!(check(&rewritten).unwrap().ok);
    names(&since(&rewritten, &first), "rewritten", "checkpoint", Fault::Inconsistent);
}

#[test]
fn a_log_that_does_not_hold_is_not_sealed_and_an_empty_one_is() {
    let all = entries();
    let mut broken = input(&["a"]);
    broken.log = Some(SealedLog { first_seq: 1, ..sealed_log(&all, 0) });
    assert!(seal(broken).is_err());
    let mut broken = input(&["a"]);
    broken.log = Some(sealed_log(&all, 0));
    if let Some(log) = &mut broken.log {
        log.entries[1].actor = "b".into();
    }
    let error = seal(broken).unwrap_err();
    assert!(error.to_string().starts_with("decision log: entry 1: "), "{error}");

    let dir = tempfile::tempdir().unwrap();
    let mut quiet = input(&["a"]);
    quiet.log = Some(sealed_log(&all, 5));
    write_folder(&seal(quiet).unwrap().files, &dir.path().join("s")).unwrap();
    let found = check(&dir.path().join("s")).unwrap();
    assert!(found.ok && found.log.as_ref().unwrap().head_hash == all[4].entry_hash, "{found}");
}
