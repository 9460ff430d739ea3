//! Hands messages to a mail server (RFC 5321, submission by RFC 6409): TLS first or STARTTLS, AUTH PLAIN, one connection
//! for many messages. By hand, because the crates that do it turn on features below the engine and make it anew.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::message::is_address;
use super::{Message, Post};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{self, Guard};
use crate::http::{Secret, Wire, connect, start_tls};

/// The time one step may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that one reply may have.
const MOST_BYTES: usize = 16 << 10;

/// A mail server.
pub struct Smtp {
    options: config::Smtp,
    login: Option<(String, Secret)>,
}

impl Smtp {
    /// The server of the options; `secret` is that of their login.
    pub fn new(options: config::Smtp, secret: Option<Secret>) -> Self {
        let login = options.login.as_ref().map(|(user, _)| user.clone()).zip(secret);
        Self { options, login }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.options.wire.host, self.options.wire.port)
    }

    async fn open(&self) -> Result<Session> {
        let wire = connect(&self.options.wire, self.options.private_network, PATIENCE).await?;
        let mut session = Session { wire, unread: Vec::new() };
        session.expect(220).await?;
        let mut offers = session.hello().await?;
        if self.options.wire.guard == Guard::StartTls {
            // Without it a stranger on the way could have taken the offer out.
            if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
                return Err(Error::new(ErrorKind::Source, "does not offer STARTTLS: nothing is sent in plain text"));
            }
            session.command("STARTTLS", 220).await?;
            // What came before TLS was up may be a stranger's.
            if !session.unread.is_empty() {
                return Err(Error::new(ErrorKind::Source, "says more than it should before TLS: nothing is sent"));
            }
            let wire = start_tls(session.wire, &self.options.wire.host, PATIENCE).await?;
            session = Session { wire, unread: Vec::new() };
            offers = session.hello().await?;
        }
        if let Some((user, secret)) = &self.login {
            let plain = |offer: &String| {
                let mut words = offer.split([' ', '=']);
                words.next().is_some_and(|w| w.eq_ignore_ascii_case("AUTH"))
                    && words.any(|w| w.eq_ignore_ascii_case("PLAIN"))
            };
            if !offers.iter().any(plain) {
                return Err(Error::new(ErrorKind::Source, "does not offer AUTH PLAIN"));
            }
            let login = Zeroizing::new(format!("\0{user}\0{}", secret.expose()));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", STANDARD.encode(login.as_bytes())));
            session.command(&line, 235).await.map_err(|e| e.at("the login is not accepted"))?;
        }
        Ok(session)
    }
}

#[async_trait]
impl Post for Smtp {
    fn channel(&self) -> &'static str {
        "smtp"
    }

    async fn send(&self, messages: &[Message]) -> Vec<Result<()>> {
        let mut results = Vec::with_capacity(messages.len());
        let mut open: Option<Session> = None;
        for message in messages {
            let session = match open.take() {
                Some(session) => Ok(session),
                None => self.open().await,
            };
            let result = match session {
                Ok(mut session) => {
                    let sent = session.send(message).await;
                    // After a refusal one may go on; after anything else nobody knows where the two sides are.
                    let can_go_on = sent.is_ok() || session.command("RSET", 250).await.is_ok();
                    open = can_go_on.then_some(session);
                    sent
                }
                Err(error) => Err(error),
            };
            results.push(result.map_err(|error| error.at(self.place())));
        }
        if let Some(mut session) = open {
            // It has what it was to have; how it says good-bye does not matter.
            let _ = session.command("QUIT", 221).await;
        }
        results
    }
}

struct Session {
    wire: Box<dyn Wire>,
    /// Bytes that came and were not read as a reply yet.
    unread: Vec<u8>,
}

impl Session {
    async fn hello(&mut self) -> Result<Vec<String>> {
        // A name of this machine would tell who runs it; an address literal is always allowed.
        self.command("EHLO [127.0.0.1]", 250).await
    }

    async fn send(&mut self, message: &Message) -> Result<()> {
        if !is_address(&message.from) || !is_address(&message.to) {
            return Err(Error::internal("a message from or to something that is no address"));
        }
        self.command(&format!("MAIL FROM:<{}>", message.from), 250).await?;
        self.command(&format!("RCPT TO:<{}>", message.to), 250).await?;
        self.command("DATA", 354).await?;
        self.write(&stuffed(&message.bytes)).await?;
        self.expect(250).await?;
        Ok(())
    }

    /// Sends one line and reads the reply, whose lines are the result.
    async fn command(&mut self, line: &str, code: u16) -> Result<Vec<String>> {
        let bytes = Zeroizing::new(format!("{line}\r\n").into_bytes());
        self.write(&bytes).await?;
        // The verb only: the rest holds addresses, or a password.
        let verb: String = line.chars().take_while(|c| c.is_ascii_alphabetic()).collect();
        self.expect(code).await.map_err(|error| error.at(verb))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let write = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        let broke = "the connection broke";
        tokio::time::timeout(PATIENCE, write).await.context(ErrorKind::Source, broke)?.context(ErrorKind::Source, broke)
    }

    /// Reads a reply. What the server says besides its code is not repeated: it may hold addresses.
    async fn expect(&mut self, code: u16) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let said = line.get(..3).and_then(|digits| digits.parse::<u16>().ok());
            let Some(said) = said else { return Err(Error::new(ErrorKind::Source, "a reply that is none")) };
            lines.push(line.get(4..).unwrap_or_default().trim().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return match said == code {
                    true => Ok(lines),
                    false => Err(Error::new(ErrorKind::Source, format!("status {said}"))),
                };
            }
            if lines.len() > 100 {
                return Err(Error::new(ErrorKind::Source, "a reply without an end"));
            }
        }
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.unread.len() > MOST_BYTES {
                return Err(Error::new(ErrorKind::Source, "a reply without an end"));
            }
            let read = tokio::time::timeout(PATIENCE, self.wire.read_buf(&mut self.unread)).await;
            let read = read.context(ErrorKind::Source, "no answer in time")?;
            if read.context(ErrorKind::Source, "the connection broke")? == 0 {
                return Err(Error::new(ErrorKind::Source, "the connection ended"));
            }
        }
    }
}

/// A message as it goes over the wire: a line that begins with a dot gets another one, and a dot alone ends it.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 16);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.first() == Some(&b'.') {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
    }
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn a_dot_in_a_message_does_not_end_it() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b\r\nc"), b"a\r\n..\r\n...b\r\nc\r\n.\r\n");
    }
}
