//! Whose signatures count: OpenSSH's `allowed_signers` file, and the check of a signature against it.
//!
//! One line a key: `principals [options] keytype base64 [comment]`; options `namespaces=`, `valid-after=` and
//! `valid-before=`. A time without `Z` is taken as UTC. Keys that are not Ed25519, and certificate authorities, are
//! passed over: they sign no snapshot.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use ssh_key::{Algorithm, PublicKey, SshSig};

use super::sign::{self, NAMESPACE};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result, text};

/// An `allowed_signers` file.
#[derive(Debug, Clone)]
pub struct AllowedSigners {
    keys: Vec<Allowed>,
}

#[derive(Debug, Clone)]
struct Allowed {
    principals: String,
    namespaces: Option<String>,
    valid_after: Option<DateTime<Utc>>,
    valid_before: Option<DateTime<Utc>>,
    key: PublicKey,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The file is no signature.
    Unreadable(String),
    /// It was not made over these bytes for this purpose.
    Altered(String),
    /// Nobody who is allowed to has signed.
    Foreign(String),
    /// Its key was not valid when it was made.
    Expired(String),
}

impl AllowedSigners {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Config, naming the line, when one is not in the form OpenSSH reads.
    pub fn parse(text: &str) -> Result<Self> {
        let mut keys = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let unreadable = |what: &str| Error::config(format!("line {} of allowed_signers: {what}", number + 1));
            keys.extend(read(line).map_err(unreadable)?);
        }
        Ok(Self { keys })
    }
}

/// Who made a signature over `sums`: the principals of the key. `principal` narrows the search to one name; `at` is the
/// time at which the key must have been valid.
///
/// # Errors
/// Why the signature does not count.
pub fn verify_signature(
    sums: &[u8],
    signature: &[u8],
    allowed: &AllowedSigners,
    principal: Option<&str>,
    at: Option<DateTime<Utc>>,
) -> std::result::Result<String, Refusal> {
    let key = own_key(sums, signature)?;
    let name = sign::fingerprint(&key);
    let mut refusal = Refusal::Foreign(format!("it is by {name}, a key that allowed_signers does not list"));
    for allowed in allowed.keys.iter().filter(|allowed| allowed.key.key_data() == key.key_data()) {
        let of = &allowed.principals;
        if !principal.is_none_or(|principal| matches(of, principal)) {
            refusal = Refusal::Foreign(format!("it is by {name}, the key of {of}"));
        } else if !allowed.namespaces.as_ref().is_none_or(|namespaces| matches(namespaces, NAMESPACE)) {
            refusal = Refusal::Foreign(format!("{name} must not sign for `{NAMESPACE}`"));
        } else if let Some((at, after)) = at.zip(allowed.valid_after).filter(|(at, after)| at < after) {
            refusal = Refusal::Expired(format!("{name} is valid from {after}, the run was at {at}"));
        } else if let Some((at, before)) = at.zip(allowed.valid_before).filter(|(at, before)| at > before) {
            refusal = Refusal::Expired(format!("{name} was valid until {before}, the run was at {at}"));
        } else {
            return Ok(of.clone());
        }
    }
    Err(refusal)
}

/// The key that made a signature over `sums`, whoever's it is.
///
/// # Errors
/// Why there is none.
pub(super) fn own_key(sums: &[u8], signature: &[u8]) -> std::result::Result<PublicKey, Refusal> {
    let unreadable = |e: ssh_key::Error| Refusal::Unreadable(format!("it is no SSH signature: {e}"));
    let signature = SshSig::from_pem(signature).map_err(unreadable)?;
    let key = PublicKey::from(signature.public_key().clone());
    if signature.namespace() != NAMESPACE {
        let detail = format!("it was made for `{}`, not for `{NAMESPACE}`", signature.namespace());
        return Err(Refusal::Altered(detail));
    }
    if !sign::is_usable(&key.algorithm()) {
        return Err(Refusal::Foreign(format!("it is by a key of type {}", key.algorithm())));
    }
    match key.verify(NAMESPACE, sums, &signature) {
        Ok(()) => Ok(key),
        Err(_) => Err(Refusal::Altered("it was not made over this SHA256SUMS".to_owned())),
    }
}

/// One line; nothing when its key signs no snapshot.
fn read(line: &str) -> std::result::Result<Option<Allowed>, &'static str> {
    let (principals, rest) = word(line).ok_or("it has no end of quote")?;
    let (mut options, mut rest) = ("", rest);
    if Algorithm::from_str(word(rest).ok_or("it has no end of quote")?.0).is_err() {
        (options, rest) = word(rest).ok_or("it has no end of quote")?;
    }
    let mut fields = rest.split_whitespace();
    let (Some(algorithm), Some(blob)) = (fields.next(), fields.next()) else { return Err("it names no key") };
    let mut allowed = Allowed {
        principals: principals.trim_matches('"').to_owned(),
        namespaces: None,
        valid_after: None,
        valid_before: None,
        key: match Algorithm::from_str(algorithm) {
            Ok(algorithm) if sign::is_usable(&algorithm) => {
                PublicKey::from_openssh(&format!("{algorithm} {blob}")).map_err(|_| "its key cannot be read")?
            }
            _ => return Ok(None),
        },
    };
    for option in split_outside_quotes(options, ',').into_iter().filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "cert-authority" => return Ok(None),
            "namespaces" => allowed.namespaces = Some(value.to_owned()),
            "valid-after" => allowed.valid_after = Some(instant(value).ok_or("valid-after is no time")?),
            "valid-before" => allowed.valid_before = Some(instant(value).ok_or("valid-before is no time")?),
            _ => return Err("it has an unknown option"),
        }
    }
    Ok(Some(allowed))
}

/// The first word, in which quotes keep blanks together, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Some((&text[..at], text[at..].trim_start())),
            _ => {}
        }
    }
    (!quoted).then_some((text, ""))
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without `Z`.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let naive = match digits.len() {
        8 => NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?.and_time(NaiveTime::MIN),
        12 => NaiveDateTime::parse_from_str(&format!("{digits}00"), "%Y%m%d%H%M%S").ok()?,
        14 => NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok()?,
        _ => return None,
    };
    Some(naive.and_utc())
}

/// Whether a name is in an OpenSSH pattern list: `*` and `?` stand for anything, `!` before a pattern excludes.
fn matches(patterns: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',').map(str::trim) {
        match pattern.strip_prefix('!') {
            Some(excluded) if is_like(excluded.as_bytes(), name.as_bytes()) => return false,
            None if is_like(pattern.as_bytes(), name.as_bytes()) => found = true,
            _ => {}
        }
    }
    found
}

fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    text::glob(name, pattern, *b"*?")
}

/// Reads the file.
///
/// # Errors
/// Usage when it cannot be read, Config when a line is not in OpenSSH's form.
pub(super) fn load(path: &std::path::Path) -> Result<AllowedSigners> {
    let text = std::fs::read_to_string(path).context(ErrorKind::Usage, format!("cannot read {}", path.display()))?;
    AllowedSigners::parse(&text).map_err(|e| e.at(path.display().to_string()))
}
