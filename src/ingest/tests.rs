//! Landings from folder to commit, on a store in a temporary folder.

use std::path::Path;

use arrow::array::AsArray;
use chrono::NaiveDate;

use super::okta_log::uses_of_landing;
use super::reader::Reader;
use super::*;
use crate::base::progress::Quiet;
use crate::base::{AsOf, ErrorKind};
use crate::config::{Kind, MappedRole, Source, StreamOptions};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn source(kind: &str) -> Source {
    let kind = <Kind as crate::config::Word>::parse(kind).unwrap();
    Source {
        name: kind.as_str().into(),
        kind,
        from: Some(format!("extracts/{}", kind.as_str())),
        live: None,
        streams: None,
        may_be_empty: Vec::new(),
        stream: Default::default(),
    }
}

/// A reader of one stream, extracted on 20 November 2026.
pub(super) fn reader(kind: &str, stream: &str) -> Reader {
    Reader::new(&source(kind), stream, dataset(kind, stream).unwrap(), day("2026-11-20"), None)
}

struct Bench {
    config: Config,
    store: Store,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn new(sources: Vec<Source>) -> Self {
        let mut bench = Self::with("name = \"okta\"\nkind = \"okta\"\nfrom = \"extracts/okta\"\n").await;
        bench.config.project.sources = sources;
        bench
    }

    /// A project with one source, as its file says.
    async fn with(source: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("name = \"t\"\nreporting_currency = \"EUR\"\n[[source]]\n{source}");
        std::fs::write(dir.path().join("seatledger.toml"), text).unwrap();
        let config = crate::config::load(dir.path()).unwrap();
        let store = Store::open("warehouse", dir.path()).unwrap();
        store.init(Clock::System, 1).await.unwrap();
        Self { config, store, _dir: dir }
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let file = self.config.root.join("extracts").join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    async fn land_with(&self, options: LandOptions) -> Vec<Landing> {
        land(&self.config, &self.store, &options, Clock::System, &Quiet).await.unwrap().landings
    }

    async fn land(&self) -> Vec<Landing> {
        self.land_with(LandOptions::default()).await
    }

    /// A column of text of what is in force at the end of 2026.
    async fn texts(&self, table: &str, column: &str) -> Vec<String> {
        let facts = landings(&self.config, &self.store, AsOf::new(day("2026-12-31"))).await.unwrap();
        let tables = files_in_force(&facts);
        let of = tables.iter().find(|t| format!("{}.{}", t.schema, t.table) == table).unwrap();
        let mut texts = Vec::new();
        for file in &of.files {
            let (_, batches) = crate::store::parquet::decode(self.store.get(&file.path).await.unwrap()).unwrap();
            for batch in batches {
                let values = batch.column_by_name(column).unwrap().as_string::<i32>().clone();
                texts.extend(values.iter().map(|v| v.unwrap_or_default().to_owned()));
            }
        }
        texts
    }

    async fn rows(&self, table: &str, as_of: &str) -> u64 {
        let tables = files_in_force(&landings(&self.config, &self.store, AsOf::new(day(as_of))).await.unwrap());
        let of = tables.iter().find(|t| format!("{}.{}", t.schema, t.table) == table).unwrap();
        of.files.iter().map(|f| f.rows).sum()
    }
}

fn reason(landing: &Landing) -> &str {
    match &landing.outcome {
        Outcome::Refused { reason_code, .. } => reason_code,
        _ => "landed",
    }
}

fn event(id: &str, at: &str) -> String {
    format!(r#"{{"uuid":"{id}","published":"{at}","eventType":"user.authentication.sso"}}"#)
}

#[tokio::test]
async fn overlapping_log_drops_land_each_event_once_and_again_changes_nothing() {
    let bench = Bench::new(vec![source("okta")]).await;
    let (a, b, c) =
        (event("a", "2026-11-01T10:00:00Z"), event("b", "2026-11-02T10:00:00Z"), event("c", "2026-11-03T10:00:00Z"));
    bench.put("okta/system_log/2026-11-02/1.ndjson", format!("{a}\n{b}\n{b}\n"));
    let first = bench.land().await;
    assert_eq!((first[0].fetched, first[0].accepted, first[0].duplicate), (3, 2, 1));
    bench.put("okta/system_log/2026-11-03/1.json", format!("[{c},{b}]"));
    let second = bench.land().await;
    assert_eq!(second[0].outcome, Outcome::AlreadyLanded);
    assert_eq!((second[1].accepted, second[1].duplicate), (1, 1));
    assert!(bench.land().await.iter().all(|l| l.outcome == Outcome::AlreadyLanded));
    assert_eq!(bench.rows("raw.okta_system_log", "2026-11-02").await, 2);
    assert_eq!(bench.rows("raw.okta_system_log", "2026-11-03").await, 3);
}

#[tokio::test]
async fn columns_that_are_new_are_kept_unread_but_never_of_hr() {
    let bench = Bench::new(vec![source("okta"), source("workday")]).await;
    let workers = "Employee_ID,Name,Worker_Type,Hire_Date";
    bench
        .put("okta/groups/2026-11-01.csv", "id,name\n00g1,Sales\n")
        .put("okta/apps/2026-11-01.json", r#"[{"id":"0oa1","label":"Slack"}]"#)
        .put("workday/workers/2026-11-01.csv", format!("{workers}\n7,Ada,employee,2025-01-07\n"));
    bench.land().await;
    for day in ["2026-11-02", "2026-11-03"] {
        bench
            .put(&format!("okta/groups/{day}.csv"), format!("id,name,orn\n00g1,Sales,orn:{day}\n"))
            .put(&format!("okta/apps/{day}.json"), r#"[{"id":"0oa1","label":"Slack","orn":{"n":1.50},"z":null}]"#)
            .put(&format!("workday/workers/{day}.csv"), format!("{workers},Salary\n7,Ada,employee,2025-01-07,99000\n"));
    }
    let landed = bench.land().await;
    let warning = |stream: &str| {
        let landing = landed.iter().find(|l| l.stream == stream && l.extract_date == Some(day("2026-11-02"))).unwrap();
        landing.warnings.iter().find(|w| w.starts_with("schema_drift")).unwrap().clone()
    };
    assert!(warning("groups").contains("kept unread in `extra`: `orn`"), "{}", warning("groups"));
    assert!(warning("workers").contains("not kept: `Salary`"), "{}", warning("workers"));
    assert_eq!(bench.texts("raw.okta_groups", "extra").await, [r#"{"orn":"orn:2026-11-03"}"#], "the day after, too");
    assert_eq!(bench.texts("raw.okta_apps", "extra").await, [r#"{"orn":{"n":1.5},"z":null}"#]);
    assert_eq!(bench.texts("raw.workday_workers", "worker_id").await, ["7"]);
    assert!(dataset("workday", "workers").unwrap().arrow_schema().index_of("extra").is_err());
}

#[tokio::test]
async fn a_refused_feed_keeps_the_landing_before_and_others_go_on() {
    let bench = Bench::new(vec![source("okta")]).await;
    bench.put("okta/groups/2026-11-01.json", r#"[{"id":"g1","profile":{"name":"A"}}]"#);
    bench.land().await;
    bench
        .put("okta/groups/2026-11-02.json", "[]")
        .put("okta/apps/2026-11-02.json", r#"[{"id":"0oa1","label":"Slack"}]"#);
    let report = land(&bench.config, &bench.store, &LandOptions::default(), Clock::System, &Quiet).await.unwrap();
    assert_eq!(report.exit_kind(), Some(ErrorKind::Data));
    assert_eq!(reason(&report.landings[1]), "empty_feed");
    assert_eq!(bench.rows("raw.okta_groups", "2026-11-02").await, 1);
    assert_eq!(bench.rows("raw.okta_apps", "2026-11-02").await, 1);
}

#[tokio::test]
async fn days_land_in_order_unless_backfilled() {
    let bench = Bench::new(vec![source("okta")]).await;
    bench.put("okta/groups/2026-11-02.json", r#"[{"id":"g2","profile":{"name":"B"}}]"#);
    bench.land().await;
    bench.put("okta/groups/2026-11-01.json", r#"[{"id":"g1","profile":{"name":"A"}}]"#);
    assert_eq!(reason(&bench.land().await[0]), "out_of_order");
    let landed = bench.land_with(LandOptions { backfill: true, ..LandOptions::default() }).await;
    assert_eq!(landed[0].outcome, Outcome::Landed { version: 2 });
    assert_eq!(bench.rows("history.okta_groups", "2026-11-02").await, 2);
    let facts = landings(&bench.config, &bench.store, AsOf::new(day("2026-11-02"))).await.unwrap();
    let in_force: Vec<_> = facts.iter().filter(|f| f.is_in_force).map(|f| f.extract_date).collect();
    assert_eq!(in_force, [day("2026-11-02")]);
}

#[tokio::test]
async fn missing_pages_make_a_partial_landing_and_late_ones_complete_it() {
    let bench = Bench::new(vec![source("microsoft365")]).await;
    let page = |sku: &str, next: &str| format!(r#"{{"value":[{{"skuId":"{sku}","consumedUnits":1}}]{next}}}"#);
    bench.put("microsoft365/subscribed_skus/2026-11-02/page-1.json", page("s1", r#","@odata.nextLink":"https://x""#));
    let first = bench.land().await;
    assert_eq!(first[0].outcome, Outcome::Partial { version: 1 });
    assert_eq!(bench.rows("raw.microsoft365_subscribed_skus", "2026-11-02").await, 0);
    bench.put("microsoft365/subscribed_skus/2026-11-02/page-2.json", page("s2", ""));
    assert_eq!(bench.land().await[0].outcome, Outcome::Landed { version: 2 });
    assert_eq!(bench.rows("raw.microsoft365_subscribed_skus", "2026-11-02").await, 2);
}

#[tokio::test]
async fn control_totals_coverage_and_drift_are_recorded() {
    let mut okta = source("okta");
    okta.stream.insert("system_log".into(), StreamOptions { covers_days: Some(7), ..StreamOptions::default() });
    let bench = Bench::new(vec![okta, source("workday")]).await;
    bench
        .put("okta/system_log/2026-11-07/1.json", format!("[{}]", event("a", "2026-11-05T00:00:00Z")))
        .put("okta/system_log/2026-11-07/_control.json", r#"{"rows":2,"holes":[["2026-11-03","2026-11-04"]]}"#)
        .put(
            "workday/workers/2026-11-06.csv",
            "Employee_ID,Hire_Date,Base_Pay\n001,2020-01-01,99000\n002,2020-01-01,99000\n",
        )
        .put(
            "workday/workers/2026-11-07.csv",
            "Employee_ID,Hire_Date,Base_Pay,Shoe\n001,2020-01-01,99000,42\n002,2021-01-01,99000,42\n",
        );
    let landed = bench.land().await;
    assert_eq!(landed[0].outcome, Outcome::Partial { version: 1 });
    assert!(landed[2].warnings.iter().any(|w| w.starts_with("schema_drift") && w.contains("`Shoe`")));
    let facts = landings(&bench.config, &bench.store, AsOf::new(day("2026-11-07"))).await.unwrap();
    let tables = audit_tables(&facts).unwrap();
    let show =
        |i: usize| arrow::util::pretty::pretty_format_batches(std::slice::from_ref(&tables[i].1)).unwrap().to_string();
    assert!(show(0).contains("2026-11-01"), "covers seven days: {}", show(0));
    assert!(show(1).contains("2026-11-03"), "{}", show(1));
}

#[tokio::test]
async fn quarantine_tells_whose_row_it_was_and_nothing_of_pay() {
    let bench = Bench::new(vec![source("workday")]).await;
    bench.put(
        "workday/workers/2026-11-07.csv",
        "Employee_ID,Hire_Date,Termination_Date,Base_Pay\n001,2020-01-01,2019-01-01,99001\n002,2020-01-01,,99002\n",
    );
    let landed = bench.land().await;
    assert_eq!(landed[0].quarantine_reasons, ["termination_before_hire"]);
    let facts = landings(&bench.config, &bench.store, AsOf::new(day("2026-11-07"))).await.unwrap();
    let tables = audit_tables(&facts).unwrap();
    let shown = arrow::util::pretty::pretty_format_batches(std::slice::from_ref(&tables[2].1)).unwrap().to_string();
    assert!(shown.contains("001"), "{shown}");
    let chain = crate::store::Chain::Raw { source: "workday".into(), stream: "workers".into() };
    let record = bench.store.head(&chain).await.unwrap().unwrap();
    for file in &record.files {
        let (_, batches) = crate::store::parquet::decode(bench.store.get(&file.path).await.unwrap()).unwrap();
        let text = arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
        assert!(!text.contains("9900"), "{text}");
    }
}

#[tokio::test]
async fn a_mapped_vendor_lands_by_the_projects_names() {
    let mut figma = source("mapped");
    let columns = [("account_id", "User ID"), ("sku_id", "Seat"), ("last_activity_on", "Last active")];
    let columns = columns.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let seats = StreamOptions { role: Some(MappedRole::Seats), columns, ..StreamOptions::default() };
    figma.stream.insert("editors".into(), seats);
    let bench = Bench::new(vec![figma]).await;
    bench.put("mapped/editors/20261107.csv", "User ID,Seat,Last active\n7,Full,2026-11-01\n7,Dev,\n8,Full,Never\n");
    let landed = bench.land().await;
    assert_eq!((landed[0].accepted, landed[0].quarantined), (3, 0));
    assert_eq!(bench.rows("raw.mapped_seats", "2026-11-07").await, 3);
}

fn sign_in(id: u32, at: &str) -> String {
    format!(
        r#"{{"uuid":"{id:032x}","published":"{at}","eventType":"user.authentication.sso","actor":{{"id":"00u{}","type":"User"}},"outcome":{{"result":"SUCCESS"}},"target":[{{"id":"0oa{}","type":"AppInstance"}}]}}"#,
        id % 11,
        id % 3
    )
}

#[tokio::test]
async fn sign_ins_that_are_rolled_up_on_the_way_are_those_of_the_landed_rows() {
    let bench = Bench::new(vec![source("okta")]).await;
    let day_before: String = (0..60).map(|i| sign_in(i, &format!("2026-11-01T10:{:02}:00.000Z", i)) + "\n").collect();
    // The first ten come again, and some are dated after the day of extraction.
    let next: String = (0..10).map(|i| sign_in(i, &format!("2026-11-01T10:{:02}:00.000Z", i)) + "\n").collect();
    let next = next
        + &(60..90)
            .map(|i| sign_in(i, &format!("2026-11-0{}T10:00:{:02}Z", 2 + i % 2, i - 60)) + "\n")
            .collect::<String>();
    bench
        .put("okta/system_log/2026-11-01/1.ndjson", day_before)
        .put("okta/system_log/2026-11-02/1.ndjson.zst", zstd::encode_all(next.as_bytes(), 3).unwrap());
    let landed = bench.land().await;
    assert_eq!((landed[1].fetched, landed[1].accepted, landed[1].duplicate), (40, 30, 10));
    let facts = landings(&bench.config, &bench.store, AsOf::new(day("2026-12-31"))).await.unwrap();
    for fact in &facts {
        assert!(!fact.day_use.is_empty() && fact.files.len() == 1);
        let again = uses_of_landing(&bench.store, fact, 1).await.unwrap();
        assert_eq!(again.len(), fact.day_use.len());
        for (part, file) in again.iter().zip(&fact.day_use) {
            let (_, rows) = crate::store::parquet::decode(bench.store.read(file).await.unwrap()).unwrap();
            assert_eq!(crate::store::day_use(&file.path), Some((part.known_on, part.bucket)));
            assert_eq!(rows.iter().map(|b| b.columns().to_vec()).collect::<Vec<_>>(), [part.rows.columns().to_vec()]);
        }
    }
    assert_eq!(facts[1].day_use.len(), 2, "what happens tomorrow is known tomorrow");
}

#[tokio::test]
async fn events_of_other_types_are_counted_and_do_not_land() {
    let project = "name = \"okta\"\nkind = \"okta\"\nfrom = \"extracts/okta\"\n[source.stream.system_log]\nkeep_events = [\"user.authentication.*\"]\n";
    let bench = Bench::with(project).await;
    let other = r#"{"uuid":"x","eventType":"system.import.start"}"#;
    bench.put(
        "okta/system_log/2026-11-02/1.ndjson",
        format!("{other}\n{}\n{other}\n", sign_in(1, "2026-11-02T10:00:00Z")),
    );
    let landed = bench.land().await;
    let landing = &landed[0];
    assert_eq!(landing.outcome, Outcome::Landed { version: 1 });
    assert_eq!((landing.fetched, landing.accepted, landing.filtered), (3, 1, 2));
    let facts = landings(&bench.config, &bench.store, AsOf::new(day("2026-11-02"))).await.unwrap();
    assert_eq!(inputs(&facts)[0]["filtered"], 2);
    let (_, table) = &audit_tables(&facts).unwrap()[0];
    assert_eq!(table.column_by_name("filtered").unwrap().as_primitive::<arrow::datatypes::Int64Type>().values(), &[2]);
}

#[tokio::test]
async fn the_same_bytes_under_another_name_land_once() {
    let bench = Bench::new(vec![source("okta")]).await;
    let lines = sign_in(1, "2026-11-02T10:00:00Z");
    bench.put("okta/system_log/2026-11-02/1.ndjson", &lines).put("okta/system_log/2026-11-02/2.ndjson", &lines);
    let landed = bench.land().await;
    assert_eq!((landed[0].fetched, landed[0].accepted), (1, 1));
    assert!(landed[0].warnings.iter().any(|w| w.starts_with("same_file")), "{:?}", landed[0].warnings);
    bench.put("okta/system_log/2026-11-03/other.ndjson", &lines);
    assert_eq!(bench.land().await[1].outcome, Outcome::AlreadyLanded);
}
