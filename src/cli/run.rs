//! `run`: the whole job, for cron.

use arrow::array::AsArray;
use clap::Args;

use super::build::ModelArgs;
use super::ingest::{self, LandArgs};
use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{AsOfArgs, ProjectArgs, review};
use crate::base::{Clock, ErrorKind, Result};
use crate::ingest::LandReport;
use crate::job::{Job, Outputs, Run, RunOptions};
use crate::usage::Shard;

/// Ingest, build, publish, seal and review: the whole job
#[derive(Debug, Args)]
pub(super) struct RunCommand {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    land: LandArgs,
    #[command(flatten)]
    models: ModelArgs,
    /// Merge only a part of the sign-in state, such as 1/4: each shard on a core or machine of its own, after the day has
    /// landed. The last of them goes on with the run
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// How to print the summary
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl RunCommand {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let options = self.models.options(&job.config, clock, &self.as_of);
        let report = job.ingest(&self.land.options(&job, options.settings.memory).await?, terminal).await?;
        ingest::complain(&report, terminal);
        if let Some(shard) = self.shard
            && !job.shard(options.as_of, shard).await?
        {
            terminal.say(&format!("shard {}/{} is merged; the last one goes on with the run", shard.number, shard.of));
            return Ok(report.exit_kind().map_or(0, |kind| kind.exit_code()));
        }
        let (run, outputs) = build_and_publish(&job, &options, terminal).await?;
        print_summary(self.format, &run, &outputs).await?;
        let review = job.review_run(&run).await?;
        review::complain(&review, terminal);
        match exit_code(&run, &report, terminal).await? {
            0 => Ok(review::exit_code(&review)),
            code => Ok(code),
        }
    }
}

/// Builds, commits, and writes what people open.
pub(super) async fn build_and_publish(job: &Job, options: &RunOptions, terminal: &Terminal) -> Result<(Run, Outputs)> {
    let run = job.build(options, terminal).await?;
    let outputs = job.publish(&run).await?;
    Ok((run, outputs))
}

async fn print_summary(format: Option<ListFormat>, run: &Run, outputs: &Outputs) -> Result<()> {
    let (schema, batches) = run
        .session
        .query(
            "select verdict, reason, action, count(*) as seats, sum(annual_saving_amount) as annual_saving_amount, \
             annual_saving_currency from policy.evaluations group by verdict, reason, action, annual_saving_currency \
             order by verdict, reason, action, annual_saving_currency",
        )
        .await?;
    output::rows(format, &schema, &batches)?;
    if format.is_none_or(|f| f == ListFormat::Table) {
        for path in [&outputs.candidates, &outputs.report, &outputs.snapshot] {
            output::write(format!("{}\n", path.display()).as_bytes())?;
        }
    }
    Ok(())
}

/// 5 when a feed was refused, 4 when one is partial, 3 when a configured source is staler than its limit.
async fn exit_code(run: &Run, report: &LandReport, terminal: &Terminal) -> Result<u8> {
    if let Some(kind) = report.exit_kind() {
        return Ok(kind.exit_code());
    }
    let (_, stale) = run
        .session
        .query(
            "select source || '/' || stream || case when has_landed then ' is complete through ' \
             || coalesce(cast(complete_through as varchar), 'no day') || ', more than ' || cast(freshness_error_days as varchar) \
             || ' days before the as-of date' else ' has never landed' end as stale \
             from core.source_status where is_configured and is_stale order by source, stream",
        )
        .await?;
    let stale: Vec<&str> = stale.iter().flat_map(|b| b.column(0).as_string::<i32>().iter().flatten()).collect();
    for line in &stale {
        terminal.error(&format!("{line}: what rests on it is unknown, not idle"));
    }
    Ok(if stale.is_empty() { 0 } else { ErrorKind::Stale.exit_code() })
}
