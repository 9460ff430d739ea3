//! A secret while it is in use.

use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{self, SecretRef};

/// A secret. It has no `Debug`, no `Display` and no serial form, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret that is at hand.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Fetches a secret from where it is kept; paths are relative to `root`.
    ///
    /// # Errors
    /// Config, naming the place and never what lies there.
    pub fn fetch(reference: &SecretRef, root: &Path) -> Result<Self> {
        let text = fetch(reference, root)?;
        let secret = text.trim();
        // A control character would end a header early.
        if secret.is_empty() || secret.contains(char::is_control) {
            return Err(Error::config("a secret is empty or more than one line: look at where it is kept"));
        }
        Ok(Self::new(secret))
    }

    /// Fetches a key, which may have several lines.
    ///
    /// # Errors
    /// As [`Secret::fetch`].
    pub fn fetch_key(reference: &SecretRef, root: &Path) -> Result<Self> {
        fetch(reference, root).map(Self)
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn fetch(reference: &SecretRef, root: &Path) -> Result<Zeroizing<String>> {
    match reference {
        SecretRef::Env(name) => {
            let help = || Error::config(format!("the variable {name} of the environment holds no secret: set it"));
            config::env(name).map(Zeroizing::new).ok_or_else(help)
        }
        SecretRef::File(path) => read_file(&root.join(path)),
        SecretRef::Command(words) => run(words, root),
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>> {
    let place = path.display().to_string();
    let meta = std::fs::metadata(path).context(ErrorKind::Config, format!("{place}: no secret can be read"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(Error::config(format!("{place}: others may read this secret: chmod 600 it")));
        }
    }
    if !meta.is_file() {
        return Err(Error::config(format!("{place}: is no file")));
    }
    let text = std::fs::read_to_string(path).context(ErrorKind::Config, format!("{place}: no secret can be read"))?;
    Ok(Zeroizing::new(text))
}

/// What a program prints. Its other output is dropped: nobody knows what a helper says when it fails.
fn run(words: &[String], root: &Path) -> Result<Zeroizing<String>> {
    let (program, arguments) = words.split_first().ok_or_else(|| Error::config("no program is named for a secret"))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().context(ErrorKind::Config, format!("{program}: cannot be run for a secret"))?;
    let printed = Zeroizing::new(String::from_utf8_lossy(&output.stdout).into_owned());
    if !output.status.success() {
        return Err(Error::config(format!("{program}: ended with {} and gave no secret", output.status)));
    }
    Ok(printed)
}
