//! Workday: reports as a service, each one answer without pages. Their names are the tenant's, and so are their columns.

use super::table::{Nature, Pass, Stream, Vendor};
use crate::config::Kind;

pub(super) const WORKDAY: Vendor = Vendor {
    kind: Kind::Workday,
    tokens: &[],
    headers: &[],
    streams: &[
        report("workers", &[json("ccx/service/customreport2/{tenant}/{owner}/{workers}")]),
        report("leaves", &[json("ccx/service/customreport2/{tenant}/{owner}/{leaves}")]),
        report("project_assignments", &[json("ccx/service/customreport2/{tenant}/{owner}/{project_assignments}")]),
    ],
};

const fn report(name: &'static str, passes: &'static [Pass]) -> Stream {
    Stream { name, nature: Nature::Full, passes }
}

const fn json(path: &'static str) -> Pass {
    Pass { path, query: &[("format", "json")], ..Pass::PLAIN }
}
