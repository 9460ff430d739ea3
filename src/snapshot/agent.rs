//! A small client of ssh-agent: asks which keys it holds, and lets it sign. Nothing else, and nothing over a network.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ssh_key::{PublicKey, Signature};

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// OpenSSH's own limit of a message.
const MAX_MESSAGE: u32 = 256 * 1024;
/// A person may have to touch a token.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets the agent behind a socket sign with one of its keys.
///
/// # Errors
/// Config when there is no agent, it does not hold the key, or it refuses.
pub(super) fn sign(socket: &Path, key: &PublicKey, data: &[u8]) -> Result<Signature> {
    let unreachable = || format!("no ssh-agent answers at {}", socket.display());
    let mut agent = UnixStream::connect(socket).context(ErrorKind::Config, unreachable())?;
    for limited in [agent.set_read_timeout(Some(PATIENCE)), agent.set_write_timeout(Some(PATIENCE))] {
        limited.context(ErrorKind::Config, unreachable())?;
    }
    let blob = key.to_bytes().context(ErrorKind::Internal, "a public key has no wire form")?;
    let answer = ask(&mut agent, REQUEST_IDENTITIES, &[], IDENTITIES_ANSWER)?;
    if !identities(&answer).ok_or_else(malformed)?.contains(&blob.as_slice()) {
        let name = super::sign::fingerprint(key);
        return Err(Error::config(format!("ssh-agent does not hold the key {name}: load it with ssh-add")));
    }
    let mut request = Vec::new();
    put(&mut request, &blob)?;
    put(&mut request, data)?;
    request.extend(0_u32.to_be_bytes());
    let answer = ask(&mut agent, SIGN_REQUEST, &request, SIGN_RESPONSE)?;
    let (signature, _) = take(&answer).ok_or_else(malformed)?;
    Signature::try_from(signature).context(ErrorKind::Config, "ssh-agent answered with a signature that is none")
}

fn malformed() -> Error {
    Error::config("ssh-agent answered with something that is not its protocol")
}

/// Sends one message and takes the answer, which must be of one type.
fn ask(agent: &mut UnixStream, message: u8, content: &[u8], expected: u8) -> Result<Vec<u8>> {
    let mut request = Vec::with_capacity(content.len() + 5);
    let mut body = vec![message];
    body.extend(content);
    put(&mut request, &body)?;
    let mut exchange = || -> std::io::Result<Vec<u8>> {
        agent.write_all(&request)?;
        let mut length = [0; 4];
        agent.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > MAX_MESSAGE {
            return Err(std::io::Error::other("its answer is too long"));
        }
        let mut answer = vec![0; length as usize];
        agent.read_exact(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().context(ErrorKind::Config, "ssh-agent does not answer")?;
    match answer.split_first() {
        Some((kind, content)) if *kind == expected => Ok(content.to_vec()),
        Some(_) => Err(Error::config("ssh-agent refuses: the key may be locked, or its use was not confirmed")),
        None => Err(malformed()),
    }
}

/// The keys of an answer, as they travel.
fn identities(answer: &[u8]) -> Option<Vec<&[u8]>> {
    let (count, mut rest) = answer.split_first_chunk::<4>()?;
    let mut keys = Vec::new();
    for _ in 0..u32::from_be_bytes(*count) {
        let (key, after) = take(rest)?;
        let (_comment, after) = take(after)?;
        keys.push(key);
        rest = after;
    }
    Some(keys)
}

/// A string of the wire format and what follows it.
fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

fn put(out: &mut Vec<u8>, string: &[u8]) -> Result<()> {
    let length = u32::try_from(string.len()).context(ErrorKind::Internal, "a message for ssh-agent is too long")?;
    out.extend(length.to_be_bytes());
    out.extend(string);
    Ok(())
}
