//! Finds the seats that an `explain` means, and gathers their evidence.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Job;
use crate::base::{AsOf, Error, Result, text};
use crate::engine::Session;
use crate::policy::explain::{Explanation, Row, explain};
use crate::publish;

impl Job {
    /// Explains every seat of an account in an app: the account by its id, its e-mail or its user name.
    ///
    /// # Errors
    /// A usage error when there is no run, no such app or no such account, with the nearest name.
    pub async fn explain(&self, app: &str, account: &str, as_of: Option<AsOf>) -> Result<Vec<Explanation>> {
        let (session, _) = self.reader(as_of).await?;
        let seats = seats_of(&session, app).await?;
        let meant: Vec<&Row> = seats.iter().filter(|seat| is_meant(seat, account)).collect();
        if meant.is_empty() {
            let known = seats.iter().flat_map(|s| ["account_id", "account_email"].map(|c| s.get(c)?.as_str()));
            let hint =
                text::nearest(account, known.flatten()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(Error::usage(format!("`{account}` holds no seat of {app} as of {}{hint}", session.as_of())));
        }
        let files = extract_files(&session).await?;
        let mut explanations = Vec::new();
        for seat in meant {
            let evidence = one(&session, "policy.seat_evidence", seat).await?;
            let evaluation = one(&session, "policy.evaluations", seat).await?;
            explanations.push(explain(&evidence, evaluation, &files));
        }
        Ok(explanations)
    }
}

/// The ids of the accounts of an app that are meant: by id, e-mail or user name.
///
/// # Errors
/// As [`Job::explain`].
pub(super) async fn accounts(session: &Session, app: &str, account: &str) -> Result<Vec<String>> {
    let seats = seats_of(session, app).await?;
    let meant = seats.iter().filter(|seat| is_meant(seat, account));
    let mut ids: Vec<String> = meant.filter_map(|seat| seat.get("account_id")?.as_str().map(str::to_owned)).collect();
    ids.dedup();
    Ok(ids)
}

fn is_meant(seat: &Row, account: &str) -> bool {
    let wanted = text::fold(account);
    let names = ["account_id", "account_email", "account_user_name"];
    names.iter().any(|c| seat.get(*c).and_then(Value::as_str).is_some_and(|v| text::fold(v) == wanted))
}

async fn seats_of(session: &Session, app: &str) -> Result<Vec<Row>> {
    let seats = rows(
        session,
        &format!(
            "select app_id, account_id, sku_id, account_email, account_user_name from core.seats where app_id = {} \
             order by account_id, sku_id",
            literal(app)
        ),
    )
    .await?;
    if seats.is_empty() {
        let apps = rows(session, "select distinct app_id from core.seats order by app_id").await?;
        let known = apps.iter().filter_map(|r| r.get("app_id")?.as_str());
        let hint = text::nearest(app, known).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(Error::usage(format!("no app `{app}` has seats as of {}{hint}", session.as_of())));
    }
    Ok(seats)
}

async fn one(session: &Session, table: &str, seat: &Row) -> Result<Row> {
    let equal = ["app_id", "account_id", "sku_id"]
        .map(|c| format!("{c} = {}", literal(seat.get(c).and_then(Value::as_str).unwrap_or_default())));
    let sql = format!("select * from {table} where {}", equal.join(" and "));
    rows(session, &sql).await?.pop().ok_or_else(|| Error::internal(format!("a seat without a row in {table}")))
}

/// The extract files behind each `source/stream@landing`.
async fn extract_files(session: &Session) -> Result<BTreeMap<String, String>> {
    let sql =
        "select source || '/' || stream || '@' || cast(landing as varchar) as ref, input_files from audit.landings";
    let text = |row: &Row, c: &str| row.get(c).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(rows(session, sql).await?.iter().map(|r| (text(r, "ref"), text(r, "input_files"))).collect())
}

pub(super) async fn rows(session: &Session, sql: &str) -> Result<Vec<Row>> {
    let (schema, batches) = session.query(sql).await?;
    let rows = batches.iter().map(|batch| publish::rows(&schema, batch)).collect::<Result<Vec<_>>>()?;
    Ok(rows.into_iter().flatten().collect())
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
