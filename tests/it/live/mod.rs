//! Collectors against servers that speak as the vendors document, and misbehave on request. `suite` is written once for
//! all vendors: a vendor brings a [`Subject`] and says `conformance!`.

mod developers;
mod okta;
mod okta_log;
mod suite;
mod vendors;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seatledger::base::{AsOf, Clock};
use seatledger::http::Limits;
use seatledger::ingest::{self, LandOptions, LandReport, Landing, Outcome};
use seatledger::store::{Chain, Record};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::project::{Project, Row, rows_of};
use super::stub::server::{Reply, Request, Stub};

/// Answers requests.
pub type Handler = Box<dyn Fn(&Request) -> Reply + Send + Sync>;
/// Answers the n-th request for data, given how it would be answered.
type Bend = Box<dyn Fn(usize, &Request, &dyn Fn(&Request) -> Reply) -> Reply + Send + Sync>;

/// A collector and its stub.
pub struct Subject {
    pub kind: &'static str,
    /// The lines of `[source.live]` but its address, which `{url}` stands for.
    pub login: &'static str,
    /// The streams that are read.
    pub streams: &'static [&'static str],
    /// The API with the data of the suite; lists have several pages.
    pub start: fn() -> Handler,
    /// Whether its tokens are given out for a while.
    pub has_tokens: bool,
    /// A page without records.
    pub empty: &'static str,
    /// The day of extraction, by the stub's clock.
    pub day: &'static str,
}

/// Declares the tests of a subject.
macro_rules! conformance {
    ($subject:ident) => {
        $crate::live::conformance!($subject; reads_everything_once, resumes_from_every_page, obeys_every_form_of_limit,
            balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server, refuses_an_empty_answer,
            refuses_a_page_for_people, refuses_a_cut_page, ends_when_a_page_comes_back, takes_records_in_any_order,
            takes_unknown_fields, refuses_a_huge_string, follows_no_link_to_another_host, lands_as_files_do);
    };
    ($subject:ident; $($name:ident),+) => {
        $(#[test] fn $name() { $crate::live::suite::$name(&$subject); })+
    };
}
pub(crate) use conformance;

/// A project that reads a stub.
pub struct Live {
    pub stub: Stub,
    pub project: Project,
    bend: Arc<Mutex<(usize, Arc<Bend>)>>,
    /// Bodies of good answers.
    pub said: Arc<Mutex<Vec<Vec<u8>>>>,
    streams: &'static [&'static str],
    kind: &'static str,
    _runtime: Runtime,
}

impl Live {
    pub fn new(subject: &Subject) -> Self {
        Self::over((subject.start)(), subject)
    }

    /// Over a server that the test holds the strings of.
    pub fn over(handler: Handler, subject: &Subject) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let none: Bend = Box::new(|_, request, answer| answer(request));
        let bend = Arc::new(Mutex::new((0, Arc::new(none))));
        let said = Arc::new(Mutex::new(Vec::new()));
        let (bent, heard) = (bend.clone(), said.clone());
        let stub = runtime.block_on(Stub::start(move |request| {
            if request.path.contains("token") {
                return handler(request);
            }
            let (n, how) = {
                let mut bend = bent.lock().unwrap();
                bend.0 += 1;
                (bend.0 - 1, bend.1.clone())
            };
            let reply = how(n, request, &*handler);
            if reply.status == 200 {
                heard.lock().unwrap().push(reply.body.clone());
            }
            reply
        }));
        let project = project(subject, stub.url.as_str());
        let Subject { streams, kind, .. } = *subject;
        Self { stub, project, bend, said, streams, kind, _runtime: runtime }
    }

    /// From now on requests for data are answered so.
    pub fn bend(
        &self,
        bend: impl Fn(usize, &Request, &dyn Fn(&Request) -> Reply) -> Reply + Send + Sync + 'static,
    ) -> &Self {
        *self.bend.lock().unwrap() = (0, Arc::new(Box::new(bend)));
        self
    }

    /// From now on all is well.
    pub fn heal(&self) -> &Self {
        self.bend(|_, request, answer| answer(request))
    }

    /// Requests for data since the last bend.
    pub fn count(&self) -> usize {
        self.bend.lock().unwrap().0
    }

    pub fn land(&self) -> Vec<Landing> {
        land(&self.project).landings
    }

    /// Lands, and each stream must land something.
    pub fn land_all(&self) -> &Self {
        let landings = self.land();
        for stream in self.streams {
            let of = landings.iter().filter(|landing| landing.stream == **stream);
            let outcomes: Vec<&Outcome> = of.map(|landing| &landing.outcome).collect();
            assert!(
                !outcomes.is_empty() && outcomes.iter().all(|o| matches!(o, Outcome::Landed { .. })),
                "{stream}: {outcomes:?}"
            );
        }
        self
    }

    /// Lands, and nothing does: the codes by which streams are refused, and all that is said.
    pub fn refused(&self) -> (BTreeSet<String>, String) {
        let report = land(&self.project);
        let mut codes = BTreeSet::new();
        let mut all = String::new();
        for landing in &report.landings {
            let Outcome::Refused { reason_code, message } = &landing.outcome else { panic!("{landing:?}") };
            codes.insert(reason_code.clone());
            all.push_str(message);
            all.push('\n');
        }
        (codes, all)
    }

    pub fn records(&self, stream: &str) -> Vec<Record> {
        records(&self.project, self.kind, stream)
    }

    /// The rows in force of every stream, without where they come from, sorted.
    pub fn content(&self) -> BTreeMap<String, Vec<Row>> {
        content(&self.project)
    }
}

/// A project with one source, which is read at an address.
fn project(subject: &Subject, url: &str) -> Project {
    let streams: Vec<String> = subject.streams.iter().map(|stream| format!("\"{stream}\"")).collect();
    let text = format!(
        "name = \"t\"\nreporting_currency = \"EUR\"\n[[source]]\nname = \"{0}\"\nkind = \"{0}\"\nstreams = [{1}]\n\
         [source.live]\nurl = \"{url}\"\n{2}\n",
        subject.kind,
        streams.join(", "),
        subject.login.replace("{url}", url)
    );
    let noon = format!("{}T12:00:00Z", subject.day).parse().unwrap();
    let project = Project::in_folder(TempDir::new().unwrap()).at(Clock::Fixed(noon)).with("seatledger.toml", &text);
    secret(project.path(), "key.pem", include_str!("../../fixtures/live/key.pem"));
    secret(project.path(), "token", super::stub::okta_org::SSWS);
    project
}

/// A file that only its owner may read.
fn secret(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Patience that a test has time for.
pub fn limits() -> Limits {
    Limits {
        tries: 5,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(40),
        timeout: Duration::from_secs(20),
        settle: Duration::from_millis(1),
        ..Limits::default()
    }
}

pub fn land(project: &Project) -> LandReport {
    let report = project.land_with(&LandOptions { limits: limits(), ..LandOptions::default() }).unwrap();
    let spool = project.path().join("private-spool");
    assert_eq!(fs::read_dir(spool).map_or(0, Iterator::count), 0, "nothing stays on its way");
    report
}

pub fn records(project: &Project, source: &str, stream: &str) -> Vec<Record> {
    let chain = Chain::Raw { source: source.to_owned(), stream: stream.to_owned() };
    project.with_job(async |job| job.store.records(&chain).await).unwrap()
}

fn content(project: &Project) -> BTreeMap<String, Vec<Row>> {
    let read = async |job: seatledger::job::Job| {
        let facts = ingest::landings(&job.config, &job.store, AsOf::parse("2099-12-31")?).await?;
        let mut content: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| fact.is_in_force) {
            let rows = content.entry(fact.stream.clone()).or_default();
            for file in &fact.files {
                let (_, batches) = seatledger::store::parquet::decode(job.store.read(file).await?)?;
                rows.extend(batches.iter().flat_map(rows_of));
            }
        }
        Ok(content)
    };
    let mut content = project.with_job(read).unwrap();
    for rows in content.values_mut() {
        for row in rows.iter_mut() {
            ["source", "stream", "extract_date", "landing", "row_number"].iter().for_each(|name| _ = row.remove(*name));
        }
        rows.sort();
    }
    content
}
