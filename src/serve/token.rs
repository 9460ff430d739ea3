//! Tokens and codes: 32 random bytes in a link, six digits by another way. What is kept are hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Days, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Binding;
use crate::base::Result;
use crate::identity::random;
use crate::store::{hex, sha256_hex};

/// Days that a token is good for at most.
pub const MOST_DAYS: u64 = 14;
/// Wrong codes after which a token is worth nothing.
pub const MOST_MISSES: u32 = 5;

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// sha256 of the token, 64 hex digits.
    pub token_sha256: String,
    /// sha256 of token and code, 64 hex digits: a code cannot be guessed from it without the token.
    pub code_sha256: String,
    /// What it is good for.
    pub binding: Binding,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// The link's part of what a person gets; it is kept nowhere.
pub struct Token(Zeroizing<String>);

impl Token {
    /// The link: the token stands behind `#`, which no server and no log sees.
    pub fn link(&self, origin: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("{origin}/#{}", *self.0))
    }
}

/// Six digits that come by another way than the link; one person's links may share them.
pub struct Code(Zeroizing<String>);

impl Code {
    /// A new one.
    ///
    /// # Errors
    /// Internal when the system gives no random numbers.
    pub fn new() -> Result<Self> {
        Ok(Self(Zeroizing::new(format!("{:06}", digits()?))))
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// A token for a question, to be answered with a code.
///
/// # Errors
/// Internal when the system gives no random numbers.
pub fn issue(binding: Binding, code: &Code, now: DateTime<Utc>) -> Result<(Token, Issued)> {
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::<32>()?));
    // To the end of the due day, and never longer than a fortnight.
    let due = (binding.due_on + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    let issued = Issued {
        token_sha256: token_sha256(&token),
        code_sha256: code_sha256(&token, code.digits()),
        binding,
        expires_at: due.min(now + Days::new(MOST_DAYS)),
    };
    Ok((Token(token), issued))
}

/// A number of six digits, each as likely as any other.
fn digits() -> Result<u32> {
    const ALL: u32 = 1_000_000;
    loop {
        let number = u32::from_le_bytes(random::<4>()?);
        // The rest of the range would favour small numbers.
        if number < u32::MAX - u32::MAX % ALL {
            return Ok(number % ALL);
        }
    }
}

/// Whether a text has the form of a token at all.
pub(super) fn is_token(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

pub(super) fn token_sha256(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

fn code_sha256(token: &str, code: &str) -> String {
    hex(&Sha256::new().chain_update(token).chain_update([0]).chain_update(code).finalize())
}

impl Issued {
    /// Whether this is the token that was given out.
    pub(super) fn is_token(&self, token: &str) -> bool {
        same(&self.token_sha256, &token_sha256(token))
    }

    /// Whether this is the code that went with it.
    pub(super) fn is_code(&self, token: &str, code: &str) -> bool {
        same(&self.code_sha256, &code_sha256(token, code))
    }
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
