//! `demo`: a whole company in the real formats, run once.

use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate, TimeDelta};
use clap::{Args, ValueEnum};

use super::output;
use super::parse_day;
use super::run::build_and_publish;
use super::terminal::Terminal;
use crate::base::error::Context;
use crate::base::{AsOf, Clock, Error, ErrorKind, Result, money};
use crate::demo::live::Doors;
use crate::demo::{self, Compression, DemoOptions, DemoSummary, LogOptions};
use crate::engine::Settings;
use crate::ingest::{LandOptions, LandReport};
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
    /// About how many events the Okta log holds; by default what the seats make by themselves
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    events: Option<u64>,
    /// How the files of the Okta log are compressed
    #[arg(long, default_value = "zstd")]
    compression: Packing,
    /// Read what APIs can tell from servers on this machine that speak as the vendors document, and only the rest from files
    #[arg(long, conflicts_with = "only")]
    live: bool,
    /// Make only this part, in this folder or one where it was begun, and run nothing
    #[arg(long)]
    only: Option<Part>,
    /// The first day to make of the history, which is the same whatever days are made
    #[arg(long, requires = "only", value_parser = parse_day, value_name = "DAY")]
    from: Option<AsOf>,
    /// The last day to make
    #[arg(long, requires = "only", value_parser = parse_day, value_name = "DAY")]
    to: Option<AsOf>,
}

/// What can be made alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The Okta log and a project file that reads it
    Log,
}

/// Compressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Packing {
    /// Zstandard
    Zstd,
    /// gzip
    Gzip,
    /// Plain text
    None,
}

impl From<Packing> for Compression {
    fn from(packing: Packing) -> Self {
        match packing {
            Packing::Zstd => Self::Zstd,
            Packing::Gzip => Self::Gzip,
            Packing::None => Self::None,
        }
    }
}

impl Demo {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        if self.only == Some(Part::Log) {
            return self.make_log();
        }
        let made = if self.live { self.make_live(terminal).await? } else { self.make(terminal, demo::write)? };
        let job = Job::open(&self.dir, clock).await?;
        let report = match self.live {
            true => self.read_live(&job, terminal).await?,
            false => job.ingest(&LandOptions::default(), terminal).await?,
        };
        super::ingest::complain(&report, terminal);
        let options =
            RunOptions { as_of: self.as_of, select: None, rebuild: false, settings: Settings::of(&job.config) };
        let (run, outputs) = build_and_publish(&job, &options, terminal).await?;
        let landed = report.landings.iter().map(|l| l.accepted).sum::<u64>();
        output::write(self.summary(&run, &outputs, landed, &made).await?.as_bytes())?;
        Ok(report.exit_kind().map_or(0, |kind| kind.exit_code()))
    }

    /// Writes the company, or takes the one that the same options made before.
    fn make(
        &self,
        terminal: &Terminal,
        write: impl FnOnce(&Path, &DemoOptions) -> Result<DemoSummary>,
    ) -> Result<String> {
        let options = self.options();
        if self.is_begun(&options)? {
            terminal.say("the company is there already; running it again");
            return Ok("already there".into());
        }
        let summary = write(&self.dir, &options)?;
        self.mark(&options)?;
        Ok(format!("{} people, {} sign-in events", summary.people, summary.events))
    }

    /// The same of a company with APIs.
    async fn make_live(&self, terminal: &Terminal) -> Result<String> {
        let doors = Doors::take(|_| None).await?;
        self.make(terminal, |dir, options| demo::write_live(dir, options, &doors))
    }

    /// Lands what files and APIs tell, an hour after the last day.
    async fn read_live(&self, job: &Job, terminal: &Terminal) -> Result<LandReport> {
        let live = |name: &str| job.config.project.sources.iter().find(|source| source.name == name)?.live.as_ref();
        let doors = Doors::take(|source| live(source).map(|live| live.url.clone())).await?;
        let open = doors.open(&self.dir, self.as_of)?;
        let night = Job::open(&self.dir, Clock::Fixed(self.as_of.end() + TimeDelta::hours(1))).await?;
        let report = night.ingest(&LandOptions::default(), terminal).await;
        drop(open);
        report
    }

    /// Writes days of the log beside those that the same options made before.
    fn make_log(&self) -> Result<u8> {
        let options = self.options();
        // Days may be compressed differently: they are the same days.
        let log = LogOptions { compression: Compression::default(), ..options.log };
        let history = DemoOptions { log, ..options.clone() };
        if !self.is_begun(&history)? {
            std::fs::create_dir_all(&self.dir)
                .context(ErrorKind::Usage, format!("cannot make {}", self.dir.display()))?;
            self.mark(&history)?;
        }
        let first = options.as_of - Days::new(u64::from(options.days) - 1);
        let from = self.from.map_or(first, |from| from.day());
        let to = self.to.map_or(options.as_of, |to| to.day());
        let summary = demo::write_log(&self.dir, &options, from..=to)?;
        let mut json = serde_json::to_vec(&summary).context(ErrorKind::Internal, "JSON")?;
        json.push(b'\n');
        output::write(&json)?;
        Ok(0)
    }

    fn options(&self) -> DemoOptions {
        let as_of: NaiveDate = self.as_of.day();
        let log = LogOptions { events: self.events, compression: self.compression.into() };
        DemoOptions { seats: self.seats as usize, days: self.days, seed: self.seed, as_of, log }
    }

    /// Whether the folder holds what these options make; otherwise it must be empty.
    fn is_begun(&self, options: &DemoOptions) -> Result<bool> {
        if std::fs::read_to_string(self.marker()).is_ok_and(|made| made == self.mark_of(options)) {
            return Ok(true);
        }
        if std::fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_some()) {
            let dir = self.dir.display();
            return Err(Error::usage(format!("{dir} is not empty: name a new folder, or remove it")));
        }
        Ok(false)
    }

    fn mark(&self, options: &DemoOptions) -> Result<()> {
        let marker = self.marker();
        std::fs::write(&marker, self.mark_of(options))
            .context(ErrorKind::Store, format!("cannot write {}", marker.display()))
    }

    fn marker(&self) -> PathBuf {
        self.dir.join(".demo")
    }

    fn mark_of(&self, options: &DemoOptions) -> String {
        match self.only {
            Some(part) => format!("only {part:?} of {options:?}\n"),
            None if self.live => format!("live {options:?}\n"),
            None => format!("{options:?}\n"),
        }
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
        if self.live {
            text.push_str(
                "\nThe APIs answer while this command runs; run again, it starts them at the same addresses.\n",
            );
        }
        Ok(text)
    }
}
