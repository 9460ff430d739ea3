//! What a check found, for people (`Display`) and machines (JSON).

use std::fmt;

use serde::Serialize;

/// The result of `verify`.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Files that `SHA256SUMS` lists.
    pub checked: usize,
    /// Bytes that were hashed.
    pub bytes: u64,
    /// Whether and how the snapshot is signed.
    pub signature: SignatureState,
    /// The fingerprint of the key that signed, where a signature holds.
    pub signer: Option<String>,
    /// To whom `allowed_signers` gives that key; there when the signature is valid.
    pub principal: Option<String>,
    /// The entries of the decision log in the snapshot, as the manifest has them; absent when it seals none.
    pub log: Option<LogSegment>,
    /// What was done with the rows of the tables.
    pub rows: RowCheck,
    /// What is wrong, file by file.
    pub faults: Vec<Finding>,
}

/// The part of the decision log that a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSegment {
    /// The number of its first entry.
    pub first_seq: u64,
    /// How many entries it has.
    pub entries: u64,
    /// Hash of the newest entry of the log.
    pub head_hash: String,
}

/// How a snapshot is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureState {
    /// There is no signature.
    Unsigned,
    /// It holds for the key that made it; nobody said whose key that may be.
    Unchecked,
    /// It is by a key that may sign.
    Valid,
    /// It is by a key that may not sign.
    Foreign,
    /// It does not fit the list of files.
    Altered,
    /// It is by a key that was not valid at the time.
    Expired,
    /// It is no signature.
    Unreadable,
}

/// How far the rows of the tables were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowCheck {
    /// Rows and columns are those of the files' footers.
    Counted,
    /// Every row was read, hashed and compared.
    Recomputed,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Path below the snapshot.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// Where in the file, where that is known: a row group or a log entry.
    pub at: Option<String>,
    /// Why this is known.
    pub detail: String,
}

/// The ways in which a file can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// It is not what was sealed.
    Altered,
    /// It was sealed and is gone.
    Missing,
    /// It was not sealed.
    Unlisted,
    /// It does not hold all it must.
    Incomplete,
    /// It cannot be read.
    Unreadable,
    /// A signature was asked for, and there is none.
    Unsigned,
    /// It is signed by somebody who may not sign.
    Foreign,
    /// It contradicts what was published before.
    Inconsistent,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Unlisted => "unlisted",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
            Self::Unsigned => "unsigned",
            Self::Foreign => "foreign",
            Self::Inconsistent => "inconsistent",
        })
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.faults {
            let at = finding.at.as_ref().map(|at| format!(", {at}")).unwrap_or_default();
            writeln!(f, "{:<12}  {}{at}: {}", finding.fault, finding.file, finding.detail)?;
        }
        let verdict = if self.ok { "verified" } else { "NOT VERIFIED" };
        write!(f, "{verdict}: {} files checked, {} faults", self.checked, self.faults.len())?;
        if let Some(log) = self.log.as_ref().filter(|log| log.entries > 0) {
            write!(f, "; log entries {} to {}", log.first_seq, log.first_seq + log.entries - 1)?;
        }
        if self.rows == RowCheck::Counted {
            f.write_str("; rows counted, not recomputed (--rows all)")?;
        }
        let signer = self.signer.as_deref().unwrap_or("no key");
        match self.signature {
            SignatureState::Unsigned => f.write_str("; the snapshot is not signed")?,
            SignatureState::Unchecked => {
                write!(f, "; signed with {signer}, not checked whether it may sign (--allowed-signers)")?;
            }
            SignatureState::Valid => {
                write!(f, "; signed by {} with {signer}", self.principal.as_deref().unwrap_or("nobody"))?;
            }
            _ => f.write_str("; THE SIGNATURE DOES NOT HOLD")?,
        }
        f.write_str("\n")
    }
}
