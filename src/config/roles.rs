//! `seeds/role_grants.csv`: which apps people of a role are expected to have.

use super::folder::Folder;
use super::seeds::{CODES, Seeds, check_app, records};
use super::sheet::Columns;

/// Whom an app is expected of; what is none is any.
#[derive(Debug, Clone)]
pub struct RoleGrant {
    /// The app.
    pub app_id: String,
    /// People of this practice.
    pub practice: Option<String>,
    /// People of this job family.
    pub job_family: Option<String>,
    /// People of this worker type.
    pub worker_type: Option<String>,
}

/// A line that names nothing would expect the app of everybody, by a slip of the pen.
pub(super) fn read(folder: &Folder<'_>, seeds: &Seeds) -> Vec<RoleGrant> {
    let columns = Columns { required: &["app_id"], optional: &["practice", "job_family", "worker_type"] };
    records(folder, "role_grants", &columns, &["app_id", "practice", "job_family", "worker_type"], |row| {
        let app_id = check_app(row, "app_id", seeds, &[]);
        let [practice, job_family, worker_type] =
            ["practice", "job_family", "worker_type"].map(|name| row.optional(name));
        if practice.is_none() && job_family.is_none() && worker_type.is_none() {
            let found = row.at("app_id", CODES.missing, "the line says of no role that it expects the app");
            row.report(found.help("write a practice, a job_family or a worker_type"));
        }
        Some(RoleGrant { app_id, practice, job_family, worker_type })
    })
}
