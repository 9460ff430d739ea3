//! Workday: reports as a service, each one answer without pages. Their names are the tenant's, and so are their columns.

use std::time::Duration;

use super::table::{Nature, Pass, Stream, Vendor};
use crate::config::Kind;

pub(super) const WORKDAY: Vendor = Vendor {
    kind: Kind::Workday,
    tokens: &[],
    // A report is made when it is asked for, and comes in one answer.
    patience: Some(Duration::from_secs(30 * 60)),
    headers: &[],
    streams: &[
        report("workers", &[json("ccx/service/customreport2/{tenant}/{owner}/{workers}")]),
        report("leaves", &[json("ccx/service/customreport2/{tenant}/{owner}/{leaves}")]),
        report("project_assignments", &[json("ccx/service/customreport2/{tenant}/{owner}/{project_assignments}")]),
    ],
};

const fn report(name: &'static str, passes: &'static [Pass]) -> Stream {
    Stream { name, nature: Nature::Full, passes, needs: "the report, shared with the user", small: None }
}

const fn json(path: &'static str) -> Pass {
    Pass { path, query: &[("format", "json")], ..Pass::PLAIN }
}
