//! Okta: the System Log by its cursor, the directory in full, but for users that did not change and members of groups that
//! say they did not.
//! Limits are those the API documents; groups and their members come in the pages it recommends.

use super::table::{Change, Changes, Nature, Paging, Parent, Pass, Stream, TokenServer, Vendor};
use crate::config::Kind;

pub(super) static OKTA: Vendor = Vendor {
    kind: Kind::Okta,
    tokens: &[TokenServer {
        url: "/oauth2/v1/token",
        scope: "okta.logs.read okta.users.read okta.groups.read okta.apps.read",
        audience: "",
        form: &[("grant_type", "client_credentials")],
        has_basic_secret: false,
    }],
    patience: None,
    headers: &[],
    streams: &[
        Stream {
            name: "system_log",
            nature: Nature::Log,
            passes: &[list("api/v1/logs", &[("limit", "1000"), ("sortOrder", "ASCENDING")])],
            needs: "okta.logs.read",
            small: ONE,
        },
        Stream {
            name: "users",
            nature: Nature::Changing(&Changes {
                // Unlike the plain list, one with a filter has those who are deprovisioned.
                list: Pass {
                    folder: "changed",
                    ..list("api/v1/users", &[("limit", "200"), ("filter", "lastUpdated gt \"{since}T00:00:00.000Z\"")])
                },
                gone: list(
                    "api/v1/logs",
                    &[
                        ("limit", "1000"),
                        ("sortOrder", "ASCENDING"),
                        ("since", "{since}T00:00:00.000Z"),
                        // Without an end it would be a poll, which has none. Who is deleted later is seen the next day.
                        ("until", "{an_hour_ago}"),
                        ("filter", "eventType sw \"user.lifecycle.delete\""),
                    ],
                ),
                target: "User",
            }),
            // The plain list leaves out whoever is deprovisioned.
            passes: &[
                Pass { folder: "active", ..list("api/v1/users", &[("limit", "200")]) },
                Pass {
                    folder: "deprovisioned",
                    ..list("api/v1/users", &[("limit", "200"), ("filter", "status eq \"DEPROVISIONED\"")])
                },
            ],
            needs: "okta.users.read",
            small: ONE,
        },
        Stream { name: "groups", nature: Nature::Full, passes: &[GROUPS], needs: "okta.groups.read", small: ONE },
        Stream {
            name: "group_members",
            nature: Nature::Full,
            passes: &[Pass {
                of: Some(&Parent {
                    list: GROUPS,
                    id: "/id",
                    change: Some(Change { at: "/lastMembershipUpdated", id: "id" }),
                }),
                ..list("api/v1/groups/{id}/users", &[("limit", "200")])
            }],
            needs: "okta.groups.read",
            small: ONE,
        },
        Stream { name: "apps", nature: Nature::Full, passes: &[APPS], needs: "okta.apps.read", small: ONE },
        Stream {
            name: "app_users",
            nature: Nature::Full,
            passes: &[Pass {
                of: Some(&Parent { list: APPS, id: "/id", change: None }),
                ..list("api/v1/apps/{id}/users", &[("limit", "500")])
            }],
            needs: "okta.apps.read",
            small: ONE,
        },
    ],
};

const ONE: Option<&[(&str, &str)]> = Some(&[("limit", "1")]);

const GROUPS: Pass = list("api/v1/groups", &[("limit", "200")]);
const APPS: Pass = list("api/v1/apps", &[("limit", "200")]);

const fn list(path: &'static str, query: &'static [(&'static str, &'static str)]) -> Pass {
    Pass { path, query, paging: Paging::Link, ..Pass::PLAIN }
}
