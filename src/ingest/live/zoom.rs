//! Zoom: users of one status at a time, for whoever is not asked for is not told of.

use super::table::{Nature, Paging, Pass, Stream, TokenServer, Vendor};
use crate::config::Kind;

pub(super) const ZOOM: Vendor = Vendor {
    kind: Kind::Zoom,
    tokens: &[TokenServer {
        url: "https://zoom.us/oauth/token",
        scope: "",
        audience: "",
        form: &[("grant_type", "account_credentials"), ("account_id", "{account_id}")],
        has_basic_secret: true,
    }],
    patience: None,
    headers: &[],
    streams: &[Stream {
        name: "users",
        nature: Nature::Full,
        passes: &[
            users("active", &[("status", "active"), ("page_size", "300")]),
            users("inactive", &[("status", "inactive"), ("page_size", "300")]),
            users("pending", &[("status", "pending"), ("page_size", "300")]),
        ],
        needs: "user:read:list_users:admin",
        small: Some(&[("page_size", "1")]),
    }],
};

const fn users(folder: &'static str, query: &'static [(&'static str, &'static str)]) -> Pass {
    let paging = Paging::Cursor { at: "/next_page_token", to: "next_page_token" };
    Pass { folder, path: "v2/users", query, paging, ..Pass::PLAIN }
}
