//! A code on its way to a person: by a program of the house that knows another way than mail.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::message::is_address;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// How long one waits before looking again whether the program has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// How often one looks: 30 seconds in all.
const GLANCES: u32 = 1500;

/// The program that brings codes.
pub struct Courier {
    words: Vec<String>,
    root: PathBuf,
}

impl Courier {
    /// A program with its arguments, run in the folder of the project without a shell.
    pub fn new(words: &[String], root: impl Into<PathBuf>) -> Self {
        Self { words: words.to_vec(), root: root.into() }
    }

    /// Hands a code over: the address is the last argument, the digits are a line on standard input.
    ///
    /// # Errors
    /// Config when the program cannot be run; Source when it fails or takes longer than 30 seconds.
    pub async fn bring(&self, to: &str, digits: &str) -> Result<()> {
        // What begins with a dash would be an option of the program.
        if !is_address(to) || to.starts_with('-') {
            return Err(Error::data("somebody who is asked has no address that a code can reach: correct the HR feed"));
        }
        let (program, arguments) =
            self.words.split_first().ok_or_else(|| Error::config("[answers] codes names no program"))?;
        let mut command = Command::new(program);
        command.args(arguments).arg(to).current_dir(&self.root);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context(ErrorKind::Config, format!("{program}: cannot be run to bring a code"))?;
        let (name, line) = (program.clone(), format!("{digits}\n"));
        tokio::task::spawn_blocking(move || hand_over(child, &name, line.as_bytes()))
            .await
            .context(ErrorKind::Internal, "a code on its way")?
    }
}

fn hand_over(mut child: Child, name: &str, line: &[u8]) -> Result<()> {
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read it says by its end whether it brought anything.
        let _ = input.write_all(line);
    }
    for _ in 0..GLANCES {
        match child.try_wait().context(ErrorKind::Source, format!("{name}: brings a code"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                return Err(Error::new(ErrorKind::Source, format!("{name}: ended with {status} and brought no code")));
            }
            None => std::thread::sleep(GLANCE),
        }
    }
    let _ = child.kill().and_then(|()| child.wait());
    Err(Error::new(ErrorKind::Source, format!("{name}: took longer than 30 seconds to bring a code")))
}
