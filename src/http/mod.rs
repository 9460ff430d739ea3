//! Layer 2: the one way to a server. A client speaks to one origin, with one credential, and gives up within limits; what
//! it says about a failure names host and path, never a query, a header or a secret.

mod call;
mod client;
mod grant;
mod jwt;
mod next;
mod reach;
mod retry;
mod secret;
mod wire;

#[cfg(test)]
mod tests;

pub use call::{Call, Response};
pub use client::{Auth, Client};
pub use grant::{Grant, Proof, Tokens};
pub use jwt::SigningKey;
pub use reach::is_here;
pub use retry::Limits;
pub use secret::Secret;
pub use wire::{Wire, connect, start_tls};
