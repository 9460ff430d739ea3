//! One error type for the whole program: what happened, where, what to do, and who must act.

use std::fmt;

/// The result of anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who must act on an error; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line is wrong: the caller.
    Usage,
    /// The project file, a policy, a seed or a drop is wrong: the project's owner.
    Config,
    /// A source is staler than its limit: the owner of the feed.
    Stale,
    /// A source is unreachable, limited or partial: the owner of the source, or time.
    Source,
    /// A data check, feed check or reconciliation failed: the owner of the feed.
    Data,
    /// The object store refused or lost an operation: the platform engineer.
    Store,
    /// Evidence does not verify: the auditor and the platform engineer.
    Evidence,
    /// Another run holds or won the commit: nobody, run again.
    Conflict,
    /// A defect of this program: its authors.
    Internal,
}

impl ErrorKind {
    /// The process exit code of this kind (the table is in the README).
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage | Self::Config => 2,
            Self::Stale => 3,
            Self::Source => 4,
            Self::Data => 5,
            Self::Evidence => 6,
            Self::Store | Self::Internal => 70,
            Self::Conflict => 75,
        }
    }
}

/// An error with its kind and the path of contexts that led to it, outermost first.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    context: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A new error. The message says what happened and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), context: Vec::new(), source: None }
    }

    /// Shorthand for [`ErrorKind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Shorthand for [`ErrorKind::Config`].
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// Shorthand for [`ErrorKind::Data`].
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// Shorthand for [`ErrorKind::Store`].
    pub fn store(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Store, message)
    }

    /// Shorthand for [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds where it happened, in front of what is already known.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.context.insert(0, place.into());
        self
    }

    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in &self.context {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Turns a foreign error into ours, naming the kind and what was being done.
pub trait Context<T> {
    /// Wraps the error with a kind and a message.
    fn context(self, kind: ErrorKind, message: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context(self, kind: ErrorKind, message: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::new(kind, message).because(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_place_then_cause() {
        let cause = std::io::Error::other("disk full");
        let error = Error::store("cannot write part").because(cause).at("raw/okta/users");
        assert_eq!(error.to_string(), "raw/okta/users: cannot write part: disk full");
        assert_eq!(error.kind().exit_code(), 70);
    }
}
