//! Atlassian: the accounts of claimed domains, each page naming the address of the next.

use super::table::{Nature, Paging, Pass, Stream, Vendor};
use crate::config::Kind;

pub(super) const ATLASSIAN: Vendor = Vendor {
    kind: Kind::Atlassian,
    tokens: &[],
    patience: None,
    headers: &[("Accept", "application/json")],
    streams: &[Stream {
        name: "managed_accounts",
        nature: Nature::Full,
        passes: &[Pass {
            path: "admin/v1/orgs/{organization}/users",
            paging: Paging::Url("/links/next"),
            ..Pass::PLAIN
        }],
        needs: "an API key of an organisation administrator; with scopes, read:accounts:admin",
        // The length of a page cannot be chosen.
        small: Some(&[]),
    }],
};
