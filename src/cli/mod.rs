//! Layer 7: the command line. One file a command; data on stdout, everything else on stderr.

mod build;
mod cluster;
mod decide;
mod demo;
mod describe;
mod docs;
mod doctor;
mod erase;
mod explain;
mod fsck;
mod gc;
mod identify;
mod ingest;
mod init;
mod log;
mod output;
mod preview;
mod report;
mod review;
mod run;
mod serve;
mod sources;
mod sql;
mod stop;
mod terminal;
mod validate;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::base::{AsOf, Clock, Error, Result};

/// Licence governance from extracts to evidence: who uses which seat, what it costs, what could be reclaimed.
#[derive(Debug, Parser)]
#[command(name = "seatledger", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Show no progress
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a whole company in the real formats, run it, and say what was found
    Demo(demo::Demo),
    /// Make an empty project with commented files, and its store
    Init(init::Init),
    /// Check the project file, policies, seeds and drops; write nothing
    Validate(validate::Validate),
    /// What would keep the next run from going well, and what to do about it
    Doctor(doctor::Doctor),
    /// Land every extract that is not landed yet
    Ingest(ingest::Ingest),
    /// How fresh, how whole and how far back each stream is
    Sources(sources::Sources),
    /// Build the models from what is landed, and commit the run
    Build(build::Build),
    /// Ingest, build, publish, seal and review: the whole job
    Run(run::RunCommand),
    /// Say what becomes of a candidate, take a hold back, let a held batch go
    #[command(subcommand)]
    Decide(decide::Decide),
    /// Do what is due after a run: ask, remind, escalate, hand actions over
    Review(review::ReviewCommand),
    /// Serve the page behind the links in notices, until it is stopped
    Serve(serve::Serve),
    /// Set or clear the kill switch: while it is set, nothing goes outward
    #[command(subcommand)]
    Stop(stop::Stop),
    /// Write the pages of a run again
    #[command(subcommand)]
    Report(report::Report),
    /// Which candidates a policy version would bring and take, before it takes effect
    Preview(preview::Preview),
    /// Why a seat got its verdict, and what would change it
    Explain(explain::Explain),
    /// Ask any table in SQL
    Sql(sql::Sql),
    /// What a table holds: its rows, columns, owner and checks
    Describe(describe::Describe),
    /// Every table, column and check on one page, with what each column is computed from
    Docs(docs::Docs),
    /// Check a sealed snapshot
    Verify(verify::Verify),
    /// What was decided and done, entry by entry
    Log(log::Log),
    /// Take a person out of the warehouse and its outputs; snapshots still verify
    Erase(erase::Erase),
    /// Whom a key of the evidence stands for; that you asked goes on record
    Identify(identify::Identify),
    /// Check that the store holds together, and list what nobody names
    Fsck(fsck::Fsck),
    /// List what has been kept long enough and what nobody names; with --apply, delete it
    Gc(gc::GcCommand),
    /// Be a part of a cluster that computes models: its scheduler, or one of its executors
    #[command(subcommand)]
    Cluster(cluster::Cluster),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The project a command works on.
#[derive(Debug, Args)]
struct ProjectArgs {
    /// The project: its folder or its seatledger.toml
    #[arg(long, short, default_value = ".", value_name = "DIR")]
    project: PathBuf,
}

/// The day a command speaks for.
#[derive(Debug, Args)]
struct AsOfArgs {
    /// The as-of date, YYYY-MM-DD; today (UTC) when absent
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    as_of: Option<AsOf>,
}

fn parse_day(text: &str) -> std::result::Result<AsOf, String> {
    AsOf::parse(text).map_err(|e| e.to_string())
}

/// A code, no sentence: the log is for ever, and nobody's name may slip into it.
fn parse_code(text: &str) -> std::result::Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    match !text.is_empty() && text.len() <= 64 && text.bytes().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("a code of lower-case letters, digits and underscores".to_owned()),
    }
}

/// Runs the program on the given arguments.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<u8> {
    let terminal = terminal::Terminal::new(cli.quiet);
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Error::internal("no runtime").because(e))?;
    let clock = Clock::System;
    match cli.command {
        Command::Demo(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Init(command) => runtime.block_on(command.run(clock)),
        Command::Validate(command) => command.run(),
        Command::Doctor(command) => runtime.block_on(command.run(clock)),
        Command::Sources(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Ingest(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Build(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Run(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Decide(command) => runtime.block_on(command.run(clock)),
        Command::Review(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Serve(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Stop(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Report(command) => runtime.block_on(command.run(clock)),
        Command::Preview(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Explain(command) => runtime.block_on(command.run(clock)),
        Command::Sql(command) => runtime.block_on(command.run(clock)),
        Command::Describe(command) => command.run(),
        Command::Docs(command) => runtime.block_on(command.run()),
        Command::Verify(command) => runtime.block_on(command.run()),
        Command::Erase(command) => runtime.block_on(command.run(clock)),
        Command::Identify(command) => runtime.block_on(command.run(clock)),
        Command::Log(command) => runtime.block_on(command.run(clock)),
        Command::Fsck(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Gc(command) => runtime.block_on(command.run(clock, &terminal)),
        Command::Cluster(command) => runtime.block_on(command.run(&terminal)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "seatledger", &mut script);
            output::write(&script)?;
            Ok(0)
        }
    }
}
