//! Where a secret is kept. A file of the project holds only this; the secret itself is read when it is needed.

use std::path::PathBuf;

use super::section::Section;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// A variable of the environment: `env:NAME`.
    Env(String),
    /// A file that only its owner may read, relative to the project: `file:PATH`.
    File(PathBuf),
    /// What a program prints, run without a shell: `command:PROGRAM ARGUMENT..`.
    Command(Vec<String>),
}

impl SecretRef {
    /// Reads a reference.
    ///
    /// # Errors
    /// What to write instead; the text is not repeated, for it may be the secret.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const HELP: &str = "write env:NAME, file:PATH (mode 0600) or command:PROGRAM ARGUMENT..";
        let (kind, rest) = text.trim().split_once(':').ok_or(HELP)?;
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match (kind, rest.trim()) {
            ("env", name) if is_name(name) => Ok(Self::Env(name.to_owned())),
            ("file", path) if !path.is_empty() => Ok(Self::File(path.into())),
            ("command", line) if !line.is_empty() => {
                Ok(Self::Command(line.split_whitespace().map(str::to_owned).collect()))
            }
            _ => Err(HELP),
        }
    }
}

/// The reference under a key. What is none is not shown: it may be the secret.
pub(super) fn read(section: &Section<'_>, key: &str) -> Option<SecretRef> {
    let text = section.text(key)?;
    match SecretRef::parse(&text) {
        Ok(reference) => Some(reference),
        Err(help) => {
            section.refuse_unseen(key, format!("`{key}` must say where the secret is kept, never what it is"), help);
            None
        }
    }
}
