//! BambooHR: a report of the fields that may land, of people who have left too, and requests for time off of a year either
//! way. People go by the id that requests and supervisors name them by; `employeeNumber` can be mapped in the project.

use super::table::{Nature, Pass, Stream, Vendor};
use crate::config::Kind;

pub(super) const BAMBOOHR: Vendor = Vendor {
    kind: Kind::Bamboohr,
    tokens: &[],
    patience: None,
    headers: &[],
    streams: &[
        Stream {
            name: "workers",
            nature: Nature::Full,
            passes: &[Pass {
                path: "api/v1/reports/custom",
                query: &[("format", "JSON"), ("onlyCurrent", "false")],
                post: WORKERS,
                ..Pass::PLAIN
            }],
            needs: "access to the fields",
            small: None,
        },
        Stream {
            name: "leaves",
            nature: Nature::Full,
            passes: &[Pass {
                path: "api/v1/time_off/requests",
                query: &[("start", "{a_year_ago}"), ("end", "{in_a_year}")],
                ..Pass::PLAIN
            }],
            needs: "access to time off",
            small: None,
        },
    ],
};

/// Nothing of pay, health or family is asked for.
const WORKERS: &str = r#"{"title": "seatledger", "fields": ["id", "workEmail", "displayName", "employmentHistoryStatus",
    "status", "hireDate", "terminationDate", "supervisorEId", "costCenter", "division", "location", "country"]}"#;
