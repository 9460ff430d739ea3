//! Slack: members by cursor, and the analytics file of each day, a gzip of lines.

use super::table::{Absent, Nature, Paging, Pass, Stream, Vendor};
use crate::config::Kind;

pub(super) const SLACK: Vendor = Vendor {
    kind: Kind::Slack,
    tokens: &[],
    patience: None,
    headers: &[],
    streams: &[
        Stream {
            name: "users",
            nature: Nature::Full,
            passes: &[Pass {
                path: "api/users.list",
                query: &[("limit", "200")],
                paging: Paging::Cursor { at: "/response_metadata/next_cursor", to: "cursor" },
                ..Pass::PLAIN
            }],
            needs: "users:read and users:read.email",
            small: Some(&[("limit", "1")]),
        },
        Stream {
            name: "member_analytics",
            // Files of 13 months.
            nature: Nature::Daily { kept_days: 395 },
            passes: &[Pass {
                path: "api/admin.analytics.getFile",
                query: &[("type", "member"), ("date", "{day}")],
                file: "ndjson.gz",
                absent: &[
                    ("file_not_found", Absent::Never),
                    ("data_not_available", Absent::Never),
                    ("file_not_yet_available", Absent::Yet),
                ],
                ..Pass::PLAIN
            }],
            needs: "admin.analytics:read",
            small: Some(&[]),
        },
    ],
};
