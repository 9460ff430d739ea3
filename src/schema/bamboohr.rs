//! BambooHR: employees, time-off requests (not `whos_out`, which is lossy), and project assignments a project exports.

use super::field::{Field, bool, date, id, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    full("workers", &["worker_id", "start_on"], WORKERS),
    full("leaves", &["leave_id"], LEAVES),
    full("project_assignments", &["assignment_id"], PROJECT_ASSIGNMENTS),
];

const fn full(stream: &'static str, key: &'static [&'static str], fields: &'static [Field]) -> Dataset {
    Dataset {
        kind: "bamboohr",
        stream,
        feed: Feed::Full,
        role: Role::Hr,
        key,
        subject: "worker_id",
        content_day: None,
        event_at: None,
        fields,
    }
}

const WORKERS: &[Field] = &[
    id("worker_id", &["employeeNumber", "id", "worker_id"]).required().identifier(),
    id("person_id", &["person_id"]).pseudonym(),
    text("email", &["workEmail", "email"]).identifier(),
    text("display_name", &["displayName", "fullName1", "display_name"]).personal(),
    text("worker_type", &["employmentHistoryStatus", "employmentStatus", "worker_type"]),
    text("status", &["status"]),
    date("start_on", &["hireDate", "start_on"]).required().personal(),
    date("end_on", &["terminationDate", "end_on"]).personal(),
    id("manager_id", &["supervisorEId", "supervisorId", "manager_id"]).identifier(),
    id("cost_center_id", &["costCenter", "cost_center_id"]),
    text("practice", &["division", "practice"]),
    text("region", &["location", "region"]),
    text("country", &["country"]),
    text("job_family", &["jobFamily", "job_family"]),
    bool("is_primary", &["is_primary"]),
    date("email_valid_from", &["email_valid_from"]),
];

/// Only approved requests count; a model looks at the status.
const LEAVES: &[Field] = &[
    id("leave_id", &["id", "leave_id"]).required().pseudonym(),
    id("worker_id", &["employeeNumber", "employeeId", "worker_id"]).required().identifier(),
    date("start_on", &["start", "start_on"]).required().personal(),
    date("end_on", &["end", "end_on"]).personal(),
    date("estimated_end_on", &["estimated_end_on"]).personal(),
    text("status", &["status.status", "status"]).required().personal(),
];

const PROJECT_ASSIGNMENTS: &[Field] = &[
    id("assignment_id", &["id", "assignment_id"]).required().pseudonym(),
    id("worker_id", &["employeeNumber", "employeeId", "worker_id"]).required().identifier(),
    id("project_id", &["projectId", "project_id"]).required(),
    date("start_on", &["start", "start_on"]).required(),
    date("end_on", &["end", "end_on"]),
];
