//! Signs `SHA256SUMS` as `ssh-keygen -Y sign` does: SSHSIG, with a key file or with a key that ssh-agent holds.

use std::path::{Path, PathBuf};

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use super::agent;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::SnapshotKey;

/// What a signature is for: one made for anything else is none.
pub const NAMESPACE: &str = "seatledger-snapshot";

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// An OpenSSH private key file without a passphrase.
    File(PathBuf),
    /// A key that ssh-agent holds.
    Agent {
        /// The agent's socket, the value of `SSH_AUTH_SOCK`.
        socket: PathBuf,
        /// The OpenSSH public key file that names the key.
        public_key: PathBuf,
    },
}

impl Signer {
    /// The signer that a project names; `agent` is the value of `SSH_AUTH_SOCK`.
    ///
    /// # Errors
    /// Config when the key is in an agent and there is none.
    pub fn of(key: &SnapshotKey, project: &Path, agent: Option<String>) -> Result<Self> {
        match (key, agent) {
            (SnapshotKey::File(path), _) => Ok(Self::File(project.join(path))),
            (SnapshotKey::Agent(path), Some(socket)) => {
                Ok(Self::Agent { socket: socket.into(), public_key: project.join(path) })
            }
            (SnapshotKey::Agent(_), None) => Err(Error::config(
                "the key that signs snapshots is in ssh-agent, and SSH_AUTH_SOCK names none: start ssh-agent and ssh-add \
                 the key",
            )),
        }
    }

    /// The public half of the key.
    ///
    /// # Errors
    /// Config when the key cannot be read or is not Ed25519.
    pub fn public_key(&self) -> Result<PublicKey> {
        let key = match self {
            Self::File(path) => private_key(path)?.public_key().clone(),
            Self::Agent { public_key: path, .. } => PublicKey::read_openssh_file(path)
                .context(ErrorKind::Config, format!("cannot read the public key {}", path.display()))?,
        };
        match is_usable(&key.algorithm()) {
            true => Ok(key),
            false => Err(Error::config(format!(
                "snapshots are signed with Ed25519, this key is {}: make one with ssh-keygen -t ed25519",
                key.algorithm()
            ))),
        }
    }

    /// Signs the bytes of `SHA256SUMS`; the armoured text of `SHA256SUMS.sig`.
    ///
    /// # Errors
    /// Config when the key cannot be read, has a passphrase, or the agent does not hold it or refuses.
    pub fn sign(&self, sums: &[u8]) -> Result<String> {
        let key = self.public_key()?;
        let unsigned = "cannot sign the snapshot";
        let signature = match self {
            Self::File(path) => private_key(path)?.sign(NAMESPACE, HashAlg::Sha512, sums),
            Self::Agent { socket, .. } => {
                let data =
                    SshSig::signed_data(NAMESPACE, HashAlg::Sha512, sums).context(ErrorKind::Internal, unsigned)?;
                let signature = agent::sign(socket, &key, &data)?;
                SshSig::new(key.key_data().clone(), NAMESPACE, HashAlg::Sha512, signature)
            }
        };
        let signature = signature.context(ErrorKind::Config, unsigned)?;
        // An agent could answer anything.
        key.verify(NAMESPACE, sums, &signature).context(ErrorKind::Config, "the key's own signature does not hold")?;
        signature.to_pem(LineEnding::LF).context(ErrorKind::Internal, unsigned)
    }
}

/// The SHA-256 fingerprint by which people know a key, as `ssh-keygen -l` prints it.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Ed25519, in a file or in a hardware token.
pub(super) fn is_usable(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Ed25519 | Algorithm::SkEd25519)
}

fn private_key(path: &Path) -> Result<PrivateKey> {
    let key = PrivateKey::read_openssh_file(path)
        .context(ErrorKind::Config, format!("cannot read {} as an OpenSSH private key", path.display()))?;
    if key.is_encrypted() {
        return Err(Error::config(format!(
            "{path} has a passphrase: load it with ssh-add into ssh-agent and write key = \"agent:{path}.pub\"",
            path = path.display()
        )));
    }
    Ok(key)
}
