//! `[engine]` of the project file: where models are computed, and within how much memory. None of it changes a result.

use std::fmt;
use std::path::PathBuf;

use super::section::Section;
use crate::base::size;

/// The least memory that a run can be held to.
pub const LEAST_MEMORY: u64 = 64_000_000;

/// How models are computed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineOptions {
    /// Where.
    pub place: Place,
    /// The memory that the process may take, in bytes; unlimited when absent.
    pub memory: Option<u64>,
    /// The folder for what does not fit into it, relative to the project; the system's temporary folder when absent.
    pub spill: Option<PathBuf>,
}

/// Where models are computed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// In this process.
    #[default]
    Local,
    /// On a Ballista cluster.
    Cluster {
        /// The host of its scheduler.
        host: String,
        /// Its port.
        port: u16,
    },
}

impl Place {
    /// Reads `local` or `ballista://host:port`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "local" {
            return Ok(Self::Local);
        }
        let address = text.strip_prefix("ballista://").and_then(|rest| rest.trim_end_matches('/').rsplit_once(':'));
        let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '@', ' ']);
        match address.map(|(host, port)| (host, port.parse::<u16>())) {
            Some((host, Ok(port))) if is_host(host) && port > 0 => Ok(Self::Cluster { host: host.to_owned(), port }),
            _ => Err(format!("`{text}` is no engine: write local, or ballista://host:port of a scheduler")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Cluster { host, port } => write!(f, "ballista://{host}:{port}"),
        }
    }
}

/// The bytes of a memory limit.
///
/// # Errors
/// What to write instead.
pub fn parse_memory(text: &str) -> Result<u64, String> {
    let bytes = size::parse(text)?;
    match bytes >= LEAST_MEMORY {
        true => Ok(bytes),
        false => Err(format!("`{text}` is too little memory: give at least {}", size::show(LEAST_MEMORY))),
    }
}

pub(super) fn read(section: &Section<'_>) -> EngineOptions {
    section.only(&["engine", "memory", "spill"]);
    EngineOptions {
        place: parsed(section, "engine", Place::parse).unwrap_or_default(),
        memory: parsed(section, "memory", parse_memory),
        spill: section.text("spill").map(PathBuf::from),
    }
}

fn parsed<T>(section: &Section<'_>, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let text = section.text(key)?;
    parse(&text)
        .map_err(|message| {
            let (what, help) = message.split_once(": ").unwrap_or((&message, ""));
            section.refuse(key, what, help);
        })
        .ok()
}
