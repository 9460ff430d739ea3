//! Files of a System Log landed into a store in a temporary folder.

use std::path::Path;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::super::tests::reader;
use super::super::write::is_raw;
use super::chunks::PIECE_BYTES;
use super::*;
use crate::base::Clock;
use crate::store::{RunId, Store, parquet};

/// Lands files with pieces of a size, on so many cores.
pub(super) async fn land_with(
    root: &Path,
    files: &[(&str, Vec<u8>)],
    committed: &[FileEntry],
    piece_bytes: usize,
    cores: usize,
) -> (Store, Result<Result<Landed, Refusal>>) {
    let kept = Kept { buffers: Buffers::new(piece_bytes), ..Kept::within(None) };
    land_after((&kept, PART_GROUPS), root, files, committed, cores).await
}

/// Lands files after others of which something was kept, in files of so many row groups.
async fn land_after(
    (kept, part_groups): (&Kept, usize),
    root: &Path,
    files: &[(&str, Vec<u8>)],
    committed: &[FileEntry],
    cores: usize,
) -> (Store, Result<Result<Landed, Refusal>>) {
    let (store, reader, run_id) =
        (Store::open("store", root).unwrap(), reader("okta", "system_log"), RunId::new(Clock::System));
    store.init(Clock::System, 1).await.unwrap();
    let listed: Vec<Listed> = files
        .iter()
        .map(|(path, bytes)| {
            let file = root.join("extracts/system_log").join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
            Listed { path: (*path).to_owned(), bytes: bytes.len() as u64 }
        })
        .collect();
    let (place, pool) =
        (Place::Folder(root.join("extracts")), rayon::ThreadPoolBuilder::new().num_threads(cores).build().unwrap());
    let target = Target {
        store: &store,
        dataset: reader.dataset,
        source: "okta",
        stream: "system_log",
        extract_date: reader.rules.extract_date,
        version: 3,
        run_id: &run_id,
    };
    let job = Job {
        cores: Cores::Pool(&pool),
        buckets: 2,
        part_groups,
        ..Job::new(&place, &reader, target, committed.to_vec(), kept)
    };
    let landed = std::thread::scope(|scope| scope.spawn(|| job.land(&listed)).join().unwrap());
    (store, landed)
}

async fn rows(store: &Store, entries: &[FileEntry], folder: &str) -> Vec<RecordBatch> {
    let mut rows = Vec::new();
    for entry in entries.iter().filter(|entry| entry.path.starts_with(folder)) {
        let (_, batches) = parquet::decode(store.read(entry).await.unwrap()).unwrap();
        assert_eq!(batches.iter().map(|b| b.num_rows() as u64).sum::<u64>(), entry.rows);
        rows.extend(batches);
    }
    rows
}

fn text(batches: &[RecordBatch], column: &str) -> Vec<String> {
    let of = |b: &RecordBatch| b.column_by_name(column).unwrap().as_string::<i32>().clone();
    let arrays: Vec<StringArray> = batches.iter().map(of).collect();
    arrays.iter().flatten().map(|t| t.unwrap_or("-").to_owned()).collect()
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let of = |b: &RecordBatch| b.column_by_name("row_number").unwrap().as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(of).collect()
}

/// An event of a second of 20 November 2026; every seventh is no sign-in of a person.
pub(super) fn event(id: u64, second: u64) -> String {
    let (hour, minute, seconds) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let kind = if id.is_multiple_of(7) { "SystemPrincipal" } else { "User" };
    let result = if id.is_multiple_of(5) { "FAILURE" } else { "SUCCESS" };
    format!(
        r#"{{"actor":{{"id":"00u{}","type":"{kind}","alternateId":"zoë\t{}"}},"eventType":"user.authentication.sso","outcome":{{"result":"{result}"}},"target":[{{"id":"0oa{}","type":"AppInstance","alternateId":"App \"{}\""}}],"uuid":"{id:032x}","published":"2026-11-20T{hour:02}:{minute:02}:{seconds:02}.000Z"}}"#,
        id % 40,
        id % 40,
        id % 3,
        id % 3
    )
}

fn zstd(text: &str) -> Vec<u8> {
    ::zstd::encode_all(text.as_bytes(), 3).unwrap()
}

#[tokio::test]
async fn the_same_lands_whatever_the_size_of_pieces_and_the_number_of_cores() {
    // Out of order, with blank lines, a broken line, and events that come again in the same and in the other file.
    let mut first: String =
        (0..400).map(|i| event(i, i * 37 % 401) + if i % 9 == 0 { "\r\n\n" } else { "\n" }).collect();
    first.push_str("{\"uuid\":\n");
    first.push_str(&event(3, 111));
    let second: String = (390..700).map(|i| event(i, i * 53 % 86_400) + "\n").collect();
    let page = format!("[{},{}]", event(1, 37), event(900, 5));
    let files = [
        ("2026-11-20/1.ndjson", first.into_bytes()),
        ("2026-11-20/2.ndjson.zst", zstd(&second)),
        ("2026-11-20/3.json", page.into_bytes()),
    ];
    let mut found = Vec::new();
    for (piece_bytes, cores) in [(PIECE_BYTES, 1), (PIECE_BYTES, 3), (1, 2), (700, 1), (700, 4), (20_000, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let (store, landed) = land_with(dir.path(), &files, &[], piece_bytes, cores).await;
        let landed = landed.unwrap().unwrap();
        let raw = rows(&store, &landed.entries, "raw/").await;
        let mut in_place = numbers(&raw);
        in_place.sort_unstable();
        let sums: Vec<String> = landed.entries.iter().map(|entry| entry.sha256.clone()).collect();
        let rejects: Vec<(u64, &str)> =
            landed.pages.iter().flat_map(|p| &p.rejects).map(|r| (r.number, r.reason)).collect();
        let fetched: Vec<u64> = landed.pages.iter().map(Page::fetched).collect();
        assert_eq!((landed.accepted, landed.duplicate, landed.filtered), (701, 12, 0), "{piece_bytes} {cores}");
        assert_eq!((fetched, rejects), (vec![402, 310, 2], vec![(401, "invalid_json")]), "{piece_bytes} {cores}");
        assert_eq!(in_place[398..404], [399, 400, 412, 413, 414, 415], "the place in the landing");
        let instants: Vec<i64> = raw
            .iter()
            .flat_map(|b| {
                b.column_by_name("published_at").unwrap().as_primitive::<TimestampMicrosecondType>().values().to_vec()
            })
            .collect();
        assert!(instants.is_sorted());
        found.push((sums, landed.wholes, landed.span));
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "byte for byte");
}

#[tokio::test]
async fn columns_and_sign_ins_are_those_of_the_events() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..100).map(|i| event(i, i) + "\n").collect();
    let (store, landed) = land_with(dir.path(), &[("1.ndjson", lines.into_bytes())], &[], 4096, 2).await;
    let landed = landed.unwrap().unwrap();
    let raw = rows(&store, &landed.entries, "raw/").await;
    assert_eq!(raw[0].schema().fields().len(), 19);
    assert_eq!(text(&raw, "event_id")[9], format!("{:032x}", 9));
    assert_eq!(text(&raw, "actor_alternate_id")[9], "zoë\t9");
    assert_eq!(text(&raw, "app_instance_label")[1], "App \"1\"");
    assert_eq!(text(&raw, "session_id")[1], "-");
    assert_eq!(text(&raw, "stream")[99], "system_log");
    let uses = rows(&store, &landed.entries, "usage/").await;
    let count = |column: &str| -> i64 {
        uses.iter()
            .map(|b| b.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().iter().sum::<i64>())
            .sum()
    };
    // Of 100 events 15 are not of a person (0, 7, ..); of the others those that 5 divides failed.
    assert_eq!((count("sign_ins"), count("failed_sign_ins")), (68, 17));
    assert!(uses.len() > 1, "two buckets");
}

#[tokio::test]
async fn row_groups_are_full_and_each_is_in_the_order_of_time() {
    let dir = tempfile::tempdir().unwrap();
    let group = parquet::STREAMED.row_group_rows as u64;
    let lines: String = (0..group + 1000).map(|i| event(i, i * 7919 % 86_400) + "\n").collect();
    let (store, landed) = land_with(dir.path(), &[("1.ndjson.zst", zstd(&lines))], &[], 1 << 20, 2).await;
    let landed = landed.unwrap().unwrap();
    let raw: Vec<&FileEntry> = landed.entries.iter().filter(|entry| is_raw(entry)).collect();
    assert_eq!((raw.len(), raw[0].rows), (1, group + 1000), "groups of one file");
    assert_eq!(landed.span, raw[0].min_at.zip(raw[0].max_at));
    let batches = rows(&store, &landed.entries, "raw/").await;
    let at: Vec<i64> = batches
        .iter()
        .flat_map(|b| {
            b.column_by_name("published_at").unwrap().as_primitive::<TimestampMicrosecondType>().values().to_vec()
        })
        .collect();
    let (full, rest) = at.split_at(group as usize);
    assert!(full.is_sorted() && rest.is_sorted() && !at.is_sorted());
    let mut places = numbers(&batches);
    places.sort_unstable();
    assert!(places.into_iter().eq(1..=(group + 1000) as i64));
}

#[tokio::test]
async fn an_event_counts_once_in_whichever_file_of_the_landing_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let group = parquet::STREAMED.row_group_rows as u64;
    let all = (0..group + 1000).chain(0..100).chain(group..group + 10);
    let lines: String = all.map(|i| event(i, i / 8) + "\n").collect();
    let kept = Kept::within(None);
    let files = [("1.ndjson", lines.into_bytes())];
    let (_, landed) = land_after((&kept, 1), dir.path(), &files, &[], 2).await;
    let landed = landed.unwrap().unwrap();
    let raw: Vec<&FileEntry> = landed.entries.iter().filter(|entry| is_raw(entry)).collect();
    let rows: Vec<u64> = raw.iter().map(|entry| entry.rows).collect();
    assert_eq!((rows, landed.accepted, landed.duplicate), (vec![group, 1000], group + 1000, 110));
    assert!(raw[0].min_at < raw[0].max_at && raw[0].max_at < raw[1].min_at, "each with its own time");
    assert_eq!(landed.span, raw[0].min_at.zip(raw[1].max_at));
}

#[tokio::test]
async fn committed_events_come_no_second_time_and_only_what_may_be_met_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let lines = |from: u64, to: u64| (from..to).map(|i| event(i, i) + "\n").collect::<String>().into_bytes();
    let (_, landed) = land_with(dir.path(), &[("1.ndjson", lines(0, 50))], &[], 4096, 2).await;
    let mut committed: Vec<FileEntry> = landed.unwrap().unwrap().entries.into_iter().filter(is_raw).collect();
    // Of another day, and not even there.
    let elsewhere = FileEntry {
        path: "raw/okta/system_log/gone.parquet".into(),
        min_at: committed[0].min_at.map(|at| at - chrono::Days::new(9)),
        max_at: committed[0].max_at.map(|at| at - chrono::Days::new(9)),
        ..committed[0].clone()
    };
    committed.push(elsewhere.clone());
    let (_, landed) = land_with(dir.path(), &[("2.ndjson", lines(40, 60))], &committed, 300, 2).await;
    let landed = landed.unwrap().unwrap();
    assert_eq!((landed.accepted, landed.duplicate), (10, 10));
    let near = FileEntry { max_at: committed[0].max_at, ..elsewhere };
    let (_, landed) = land_with(dir.path(), &[("3.ndjson", lines(40, 60))], &[near], 300, 2).await;
    assert!(landed.is_err(), "what may be met must be readable");
}

#[tokio::test]
async fn the_files_of_the_landing_before_are_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let lines = |from: u64, to: u64| (from..to).map(|i| event(i, i) + "\n").collect::<String>().into_bytes();
    let kept = Kept::within(None);
    let (_, landed) = land_after((&kept, PART_GROUPS), dir.path(), &[("1.ndjson", lines(0, 50))], &[], 2).await;
    let entries = landed.unwrap().unwrap().entries;
    let committed: Vec<_> = entries.into_iter().filter(is_raw).collect();
    std::fs::remove_file(dir.path().join("store").join(&committed[0].path)).unwrap();
    let (_, landed) = land_after((&kept, PART_GROUPS), dir.path(), &[("2.ndjson", lines(40, 60))], &committed, 2).await;
    let landed = landed.unwrap().unwrap();
    assert_eq!((landed.accepted, landed.duplicate), (10, 10));
    let (_, landed) = land_after((&kept, PART_GROUPS), dir.path(), &[("3.ndjson", lines(40, 60))], &committed, 2).await;
    assert!(landed.is_err(), "of one landing only are they kept");
}

#[tokio::test]
async fn a_file_that_is_refused_is_named_and_stops_the_landing() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..2000).map(|i| event(i, i) + "\n").collect();
    let packed = zstd(&lines);
    let cut = packed[..packed.len() - 20].to_vec();
    let files = [("1.ndjson", lines.clone().into_bytes()), ("2.ndjson.zst", cut), ("3.ndjson", lines.into_bytes())];
    let (_, landed) = land_with(dir.path(), &files, &[], 4096, 2).await;
    let refusal = landed.unwrap().unwrap_err();
    assert_eq!(refusal.reason, "truncated");
    assert!(refusal.message.starts_with("2.ndjson.zst: "), "{}", refusal.message);
    let deep = format!("{}\n{{\"a\":{}1{}}}\n", event(1, 1), "[".repeat(70), "]".repeat(70));
    let (_, landed) = land_with(dir.path(), &[("4.ndjson", deep.into_bytes())], &[], 4096, 2).await;
    assert_eq!(landed.unwrap().unwrap_err().reason, "too_deep");
}

#[tokio::test]
async fn more_bad_records_than_may_be_are_counted_but_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (_, landed) = land_with(dir.path(), &[("1.ndjson", "{]\n".repeat(3000).into_bytes())], &[], 100, 2).await;
    let landed = landed.unwrap().unwrap();
    let page = &landed.pages[0];
    assert_eq!((page.rejects.len(), page.quarantined(), page.fetched(), page.records), (1001, 3000, 3000, 3000));
    let refusal = super::super::checks::quarantine(&landed.pages, 3000, 3000).unwrap_err();
    assert!(refusal.message.contains("invalid_json 3000"), "{}", refusal.message);
    assert!(landed.entries.is_empty());
}

#[test]
fn a_page_is_its_events_and_a_page_that_is_no_array_is_odd() {
    let text = r#"[ {"uuid":"a","published":"2026-02-10T16:19:37.608Z"}, {"uuid":"b"}]"#;
    let mut pages = Pages::default();
    for _ in 0..2 {
        let events = pages.events(text.as_bytes()).unwrap();
        let found: Vec<_> = events.iter().map(|event| (&text[event.at.clone()], event.published.as_deref())).collect();
        let first = r#"{"uuid":"a","published":"2026-02-10T16:19:37.608Z"}"#;
        assert_eq!(found, [(first, Some("2026-02-10T16:19:37.608Z")), (r#" {"uuid":"b"}"#, None)]);
    }
    assert_eq!(pages.events(b"[]").map(|events| events.len()), Some(0));
    for odd in ["null", "", "{}", "[{]", "[{}] x", r#"[{"published":"\ud800"}]"#] {
        assert!(pages.events(odd.as_bytes()).is_none(), "{odd}");
    }
}
