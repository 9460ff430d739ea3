//! GitHub: seats of Copilot in an organisation, and who holds a licence of an enterprise, a page a hundred.

use super::table::{Nature, Paging, Pass, Stream, TokenServer, Vendor};
use crate::config::Kind;

pub(super) const GITHUB: Vendor = Vendor {
    kind: Kind::Github,
    tokens: &[TokenServer {
        url: "/app/installations/{installation}/access_tokens",
        scope: "",
        audience: "",
        form: &[],
        has_basic_secret: false,
    }],
    patience: None,
    headers: &[("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")],
    streams: &[
        Stream {
            name: "copilot_seats",
            nature: Nature::Full,
            passes: &[Pass {
                path: "orgs/{organization}/copilot/billing/seats",
                query: &[("per_page", "100")],
                paging: Paging::Link,
                // Holders are counted, and one by two teams is listed twice.
                total: "-",
                ..Pass::PLAIN
            }],
            needs: "GitHub Copilot Business: read",
            small: Some(&[("per_page", "1")]),
        },
        Stream {
            name: "consumed_licenses",
            nature: Nature::Full,
            passes: &[Pass {
                path: "enterprises/{enterprise}/consumed-licenses",
                query: &[("per_page", "100")],
                paging: Paging::Link,
                ..Pass::PLAIN
            }],
            needs: "read:enterprise of a classic token, or Enterprise administration: read",
            small: Some(&[("per_page", "1")]),
        },
    ],
};
