//! What a policy version would change, before it takes effect: its verdicts over the facts of a run, beside those of the
//! run. Nothing is stored.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::inputs::Before;
use super::{Job, RunOptions, newest_run};
use crate::base::text::nearest;
use crate::base::{AsOf, Error, Progress, Result};
use crate::config::{Config, Version};
use crate::engine::Settings;
use crate::store::Chain;

/// The models that are concluded anew: facts stay as the run has them.
const MODELS: &str = "policy.*";
/// What the versions differ in, the largest sums first.
const QUESTION: &str = "select change, action, reason, becomes, region, worker_type, override_indexes, candidate_count, \
                        annual_saving_amount, reporting_currency from policy.candidate_change_segments \
                        where app_id = '$app' and change <> 'continuing' \
                        order by change, annual_saving_amount desc nulls last, candidate_count desc, action, reason, \
                        becomes, region, worker_type, override_indexes";

/// A version that was put in force for a moment, and what came of it.
pub struct Preview {
    /// Its id.
    pub version: String,
    /// The day whose facts it was tried on.
    pub as_of: AsOf,
    /// The columns of the rows.
    pub schema: SchemaRef,
    /// Candidates won and lost, by reason and segment, with their money.
    pub rows: Vec<RecordBatch>,
}

impl Job {
    /// Puts a version of a policy in force on the day of the newest run, or of a run of that day, and says which candidates
    /// come and go by it; without a version the one that takes effect next. Stores nothing.
    ///
    /// # Errors
    /// A usage error for a day without a run, or a policy or version that is not there.
    pub async fn preview(
        &self,
        app: &str,
        version: Option<&str>,
        as_of: Option<AsOf>,
        settings: Settings,
        progress: &dyn Progress,
    ) -> Result<Preview> {
        let (_, as_of) = newest_run(&self.store.records(&Chain::Runs).await?, as_of)?;
        let (config, version) = with_version(&self.config, app, version, as_of)?;
        let (store, private) = (self.store.clone(), self.private.clone());
        let job = Self { config, store, private, clock: self.clock };
        let options = RunOptions { as_of, select: Some(MODELS.to_owned()), rebuild: false, settings };
        let session = job.computed(&options, Before::Tomorrow, progress).await?.into_session();
        let (schema, rows) = session.query(&QUESTION.replace("$app", app)).await?;
        Ok(Preview { version, as_of, schema, rows })
    }
}

/// The project with a version of a policy in force on a day, and the id of the version.
fn with_version(config: &Config, app: &str, version: Option<&str>, as_of: AsOf) -> Result<(Config, String)> {
    let mut config = config.clone();
    let apps: Vec<String> = config.policies.iter().map(|policy| policy.app_id.clone()).collect();
    let Some(policy) = config.policies.iter_mut().find(|policy| policy.app_id == app) else {
        let hint =
            nearest(app, apps.iter().map(String::as_str)).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(Error::usage(format!("no policy is for the app `{app}`{hint}")));
    };
    let day = as_of.day();
    let is_meant = |found: &&Version| match version {
        Some(id) => found.id == id,
        None => found.effective_from > day,
    };
    let Some(chosen) = policy.versions.iter().find(is_meant).cloned() else {
        return Err(Error::usage(match version {
            Some(id) => format!("the policy of `{app}` has no version `{id}`"),
            None => format!("no version of the policy of `{app}` takes effect after {as_of}: name one with --version"),
        }));
    };
    // Versions that took effect stay, whatever of them: the log knows them.
    policy.versions.retain(|v| v.id != chosen.id && v.effective_from <= day);
    for earlier in &mut policy.versions {
        earlier.effective_to = Some(earlier.effective_to.map_or(day, |to| to.min(day)));
    }
    let id = chosen.id.clone();
    policy.versions.push(Version { effective_from: day, effective_to: None, ..chosen });
    Ok((config, id))
}
