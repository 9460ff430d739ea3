//! Workday: a tenant's RaaS reports (the report's author names the columns: a project maps its own) and the tables
//! a Fivetran connector lands.

use super::field::{Field, bool, date, id, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    full("workers", &["worker_id", "start_on"], WORKERS),
    full("leaves", &["leave_id"], LEAVES),
    full("project_assignments", &["assignment_id"], PROJECT_ASSIGNMENTS),
];

const fn full(stream: &'static str, key: &'static [&'static str], fields: &'static [Field]) -> Dataset {
    Dataset {
        kind: "workday",
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
    id("worker_id", &["Employee_ID", "Worker_ID", "worker_code", "worker_id"]).required().identifier(),
    id("person_id", &["Universal_ID", "universal_id", "person_id"]).pseudonym(),
    text("email", &["Email_-_Work", "Work_Email", "email"]).identifier(),
    text("display_name", &["Name", "Worker", "display_name"]).personal(),
    text("worker_type", &["Worker_Type", "employee_type", "worker_type"]),
    text("status", &["Worker_Status", "Status", "status"]),
    date("start_on", &["Hire_Date", "hire_date", "start_on"]).required().personal(),
    date("end_on", &["Termination_Date", "end_employment_date", "termination_date", "end_on"]).personal(),
    id("manager_id", &["Worker_s_Manager_group.Manager_ID", "Manager_ID", "manager_id"]).identifier(),
    id("cost_center_id", &["Cost_Center_ID", "Cost_Center", "cost_center_id"]),
    text("practice", &["Practice", "Team", "practice"]),
    text("region", &["Region", "region"]),
    text("country", &["Location_Address_-_Country", "Country", "home_country", "country"]),
    text("job_family", &["Job_Family", "job_family"]),
    bool("is_primary", &["Is_Primary_Job", "is_primary_job", "is_primary"]),
    date("email_valid_from", &["Email_Valid_From", "email_valid_from"]),
];

/// Of a leave only when: neither its type nor its description is ever read.
const LEAVES: &[Field] = &[
    id("leave_id", &["Leave_Request_ID", "leave_request_event_id", "leave_id"]).required().pseudonym(),
    id("worker_id", &["Employee_ID", "Worker_ID", "worker_id"]).required().identifier(),
    date("start_on", &["Leave_Start_Date", "First_Day_of_Leave", "leave_start_date", "start_on"]).required().personal(),
    date("end_on", &["Leave_End_Date", "Actual_Last_Day_of_Leave", "leave_end_date", "end_on"]).personal(),
    date(
        "estimated_end_on",
        &["Estimated_Last_Day_of_Leave", "Estimated_Leave_End_Date", "estimated_leave_end_date", "estimated_end_on"],
    )
    .personal(),
    text("status", &["Leave_Status", "status"]).personal(),
];

const PROJECT_ASSIGNMENTS: &[Field] = &[
    id("assignment_id", &["Assignment_ID", "Resource_Plan_Line_ID", "assignment_id"]).required().pseudonym(),
    id("worker_id", &["Employee_ID", "Worker_ID", "worker_id"]).required().identifier(),
    id("project_id", &["Project_ID", "Project", "project_id"]).required(),
    date("start_on", &["Assignment_Start_Date", "Start_Date", "start_date", "start_on"]).required(),
    date("end_on", &["Assignment_End_Date", "End_Date", "end_date", "end_on"]),
];
