//! `demo`: a whole company in the real formats, run once.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use super::output;
use super::parse_day;
use super::run::build_and_publish;
use super::terminal::Terminal;
use crate::base::error::Context;
use crate::base::{AsOf, Clock, Error, ErrorKind, Result, money};
use crate::demo::{self, DemoOptions};
use crate::engine::Settings;
use crate::ingest::LandOptions;
use crate::job::{Job, Outputs, Run, RunOptions};

/// Make a whole company in the real formats, run it, and say what was found
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where to make it; a new or empty folder
    #[arg(default_value = "seatledger-demo")]
    dir: PathBuf,
    /// About how many seats the company holds
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(200..=20_000_000))]
    seats: u32,
    /// Days of history
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(150..=1200))]
    days: u32,
    /// The seed; the same seed makes the same bytes
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The day the run speaks for
    #[arg(long, default_value = "2026-11-20", value_parser = parse_day, value_name = "DAY")]
    as_of: AsOf,
}

impl Demo {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let made = self.make(terminal)?;
        let job = Job::open(&self.dir, clock).await?;
        let report = job.ingest(&LandOptions::default(), terminal).await?;
        super::ingest::complain(&report, terminal);
        let options = RunOptions { as_of: self.as_of, select: None, rebuild: false, settings: Settings::default() };
        let (run, outputs) = build_and_publish(&job, &options, terminal).await?;
        let landed = report.landings.iter().map(|l| l.accepted).sum::<u64>();
        output::write(self.summary(&run, &outputs, landed, &made).await?.as_bytes())?;
        Ok(report.exit_kind().map_or(0, |kind| kind.exit_code()))
    }

    /// Writes the company, or takes the one that the same options made before.
    fn make(&self, terminal: &Terminal) -> Result<String> {
        let day: NaiveDate = self.as_of.day();
        let options = DemoOptions { seats: self.seats as usize, days: self.days, seed: self.seed, as_of: day };
        let marker = self.dir.join(".demo");
        let wanted = format!("{options:?}\n");
        if std::fs::read_to_string(&marker).is_ok_and(|made| made == wanted) {
            terminal.say("the company is there already; running it again");
            return Ok("already there".into());
        }
        if std::fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_some()) {
            let dir = self.dir.display();
            return Err(Error::usage(format!("{dir} is not empty: name a new folder, or remove it")));
        }
        let summary = demo::write(&self.dir, &options)?;
        std::fs::write(&marker, wanted).context(ErrorKind::Store, format!("cannot write {}", marker.display()))?;
        Ok(format!("{} people, {} sign-in events", summary.people, summary.events))
    }

    async fn summary(&self, run: &Run, outputs: &Outputs, landed: u64, made: &str) -> Result<String> {
        let dir = self.dir.display();
        let (_, verdicts) = run
            .session
            .query(
                "select verdict, count(*) as seats from policy.evaluations group by verdict order by seats desc, verdict",
            )
            .await?;
        let (_, totals) = run
            .session
            .query(
                "select count(*) as candidates, coalesce(sum(annual_saving_amount), 0) as saving \
                 from policy.candidates",
            )
            .await?;
        let (_, example) = run
            .session
            .query(
                "select app_id, account_id from policy.candidates where reason = 'inactive' \
                 order by candidate_id limit 1",
            )
            .await?;
        let cell = |batches: &[arrow::array::RecordBatch], column: usize, row: usize| {
            batches.first().filter(|b| row < b.num_rows()).map_or(String::new(), |b| {
                arrow::util::display::array_value_to_string(b.column(column), row).unwrap_or_default()
            })
        };
        let mut text = format!("Northwind, as of {} ({made}; {landed} rows landed)\n\n", self.as_of);
        let rows = verdicts.first().map_or(0, arrow::array::RecordBatch::num_rows);
        for row in 0..rows {
            let seats = money::thousands(&cell(&verdicts, 1, row));
            text.push_str(&format!("  {:<10} {seats:>8} seats\n", cell(&verdicts, 0, row)));
        }
        let currency = &run.currency;
        let saving = cell(&totals, 1, 0).parse().map(|a| money::display(a, currency)).unwrap_or_default();
        text.push_str(&format!(
            "\n  {} candidates, {currency} {saving} a year identified (nothing acts: policies start in shadow)\n",
            money::thousands(&cell(&totals, 0, 0)),
        ));
        text.push_str(&format!(
            "\nNext:\n  open {report}\n  seatledger explain {app} {account} --project {dir}\n  \
             seatledger sql \"select * from marts.tier_allocation\" --project {dir} --format table\n  \
             seatledger verify {snapshot}\n",
            report = outputs.report.display(),
            app = cell(&example, 0, 0),
            account = cell(&example, 1, 0),
            snapshot = outputs.snapshot.display(),
        ));
        Ok(text)
    }
}
