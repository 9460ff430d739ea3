//! What people said at ServiceNow: approvals by who was asked, outcomes by the state of the task.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::servicenow::{ServiceNow, Task, display, value};
use super::{Answer, Said};
use crate::base::{Error, ErrorKind, Result};

impl ServiceNow {
    /// The addresses of who was asked, by task.
    pub(super) async fn approvers(&self, tasks: impl Iterator<Item = &Task>) -> Result<BTreeMap<String, Vec<String>>> {
        let ids: Vec<&str> = tasks.map(|task| task.sys_id.as_str()).collect();
        let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if ids.is_empty() {
            return Ok(asked);
        }
        let query = format!("sysapprovalIN{}", ids.join(","));
        for row in self.rows("sysapproval_approver", &query, "sys_id,sysapproval,approver.email").await? {
            asked.entry(value(&row, "sysapproval")).or_default().push(value(&row, "approver.email"));
        }
        Ok(asked)
    }

    pub(super) async fn answers(&self, tasks: &BTreeMap<String, Task>) -> Result<Vec<Answer>> {
        let by_id: BTreeMap<&str, (&String, &Task)> =
            tasks.iter().map(|(key, task)| (task.sys_id.as_str(), (key, task))).collect();
        if by_id.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = Vec::new();
        for (key, task) in tasks {
            answers.extend(self.outcome(key, task)?);
        }
        const FIELDS: &str =
            "sys_id,sysapproval,state,comments,approver.email,approver.user_name,sys_updated_by,sys_updated_on";
        let query = format!("sysapprovalIN{}", by_id.keys().copied().collect::<Vec<_>>().join(","));
        for row in self.rows("sysapproval_approver", &query, FIELDS).await? {
            let said = match value(&row, "state").as_str() {
                "approved" => Said::Approved,
                "rejected" => Said::Rejected,
                _ => continue,
            };
            let Some((key, task)) = by_id.get(value(&row, "sysapproval").as_str()) else { continue };
            let (user, entered) = (value(&row, "approver.user_name"), value(&row, "sys_updated_by"));
            answers.push(Answer {
                answer_id: format!("servicenow/{}/{}", value(&row, "sys_id"), said.as_str()),
                key: (*key).clone(),
                ticket: task.number.clone(),
                said,
                asked: Some(value(&row, "approver.email")).filter(|address| !address.is_empty()),
                entered_by: (user != entered).then_some(entered),
                at: instant(&value(&row, "sys_updated_on"))?,
                comment: Some(display(&row, "comments")).filter(|words| !words.trim().is_empty()),
            });
        }
        Ok(answers)
    }

    fn outcome(&self, key: &str, task: &Task) -> Result<Option<Answer>> {
        let options = &self.options;
        let states = [
            (&options.executed_states, Said::Executed),
            (&options.failed_states, Said::Failed),
            (&options.rolled_back_states, Said::RolledBack),
        ];
        let Some((_, said)) = states.into_iter().find(|(states, _)| states.contains(&task.state)) else {
            return Ok(None);
        };
        let at = if task.closed_at.is_empty() { &task.updated_at } else { &task.closed_at };
        Ok(Some(Answer {
            answer_id: format!("servicenow/{}/{}", task.sys_id, said.as_str()),
            key: key.to_owned(),
            ticket: task.number.clone(),
            said,
            asked: None,
            entered_by: None,
            at: instant(at)?,
            comment: Some(task.close_notes.clone()).filter(|words| !words.trim().is_empty()),
        }))
    }
}

/// A time as the API stores it: UTC, without saying so.
fn instant(text: &str) -> Result<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .map(|at| at.and_utc())
        .map_err(|_| Error::new(ErrorKind::Source, format!("ServiceNow: `{}` is no time", super::order::clean(text))))
}
