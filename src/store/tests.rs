//! Stores that misbehave: what a commit makes of them.

use std::collections::BTreeMap;

use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use chrono::DateTime;
use object_store::memory::InMemory;

use super::fault::{Answer, Fault, FaultStore, Op};
use super::*;

fn clock() -> Clock {
    Clock::Fixed(DateTime::from_timestamp(1_795_000_000, 0).unwrap())
}

fn draft(commit_id: &str) -> Draft {
    Draft {
        commit_id: commit_id.into(),
        run_id: RunId::new(clock()),
        config_sha256: "c".into(),
        kind: Kind::Run,
        extract_date: None,
        reads: BTreeMap::from([("raw/okta/users".into(), 3)]),
        files: Vec::new(),
        replaces: Vec::new(),
        body: serde_json::json!({ "z": 1, "a": [true, null] }),
    }
}

fn over(objects: impl ObjectStore) -> Store {
    Store::over(Arc::new(objects), "test")
}

async fn written(store: &Store, prev: Option<&Record>, commit_id: &str) -> Record {
    match store.commit(&Chain::Runs, prev, draft(commit_id)).await.unwrap() {
        Commit::Written(record) => record,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_chain_grows_by_one_and_a_late_writer_learns_whose_place_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open("warehouse", dir.path()).unwrap();
    assert!(store.check().await.unwrap_err().to_string().contains("holds no store yet"));
    store.init(clock(), 1).await.unwrap();
    store.init(clock(), 1).await.unwrap();
    assert_eq!(store.head(&Chain::Runs).await.unwrap(), None);

    let first = written(&store, None, "one").await;
    let second = written(&store, Some(&first), "two").await;
    assert_eq!(store.records(&Chain::Runs).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.head(&Chain::Runs).await.unwrap(), Some(second.clone()));

    let late = store.commit(&Chain::Runs, Some(&first), draft("three")).await.unwrap();
    assert_eq!(late, Commit::Conflict(second.clone()));
    let again = store.commit(&Chain::Runs, Some(&first), draft("two")).await.unwrap();
    assert_eq!(again, Commit::AlreadyThere(second));
}

#[tokio::test]
async fn an_altered_or_missing_record_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open("warehouse", dir.path()).unwrap();
    let first = written(&store, None, "one").await;
    let second = written(&store, Some(&first), "two").await;
    written(&store, Some(&second), "three").await;

    let path = dir.path().join("warehouse/commits/runs/00000000000000000001.json");
    let bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        std::fs::write(&path, altered).unwrap();
        let error = store.records(&Chain::Runs).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Evidence, "byte {at}: {error}");
    }
    std::fs::remove_file(&path).unwrap();
    let error = store.records(&Chain::Runs).await.unwrap_err();
    assert!(error.to_string().starts_with("record 1 of runs: missing"), "{error}");
}

#[tokio::test]
async fn files_are_put_once_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let local = Store::open("warehouse", dir.path()).unwrap();
    for store in [local, over(InMemory::new())] {
        let (schema, batches) = rows(9000, 1000);
        let run_id = RunId::new(clock());
        let key = |sha16: &str| Key::Raw {
            source: "okta".into(),
            stream: "users".into(),
            extract_date: DateTime::from_timestamp(0, 0).unwrap().date_naive(),
            run_id: run_id.clone(),
            n: 1,
            sha16: sha16.into(),
        };
        let file = store.put_parquet(key, &schema, &batches).await.unwrap();
        let again = store.put_parquet(key, &schema, &batches).await.unwrap();
        assert_eq!((file.rows, &file), (9000, &again));
        let bytes = store.get(&file.path).await.unwrap();
        assert_eq!((bytes.len() as u64, sha256_hex(&bytes)), (file.bytes, file.sha256));
    }
}

#[test]
fn parquet_bytes_do_not_depend_on_what_could_be_null_and_is_not() {
    let schema = Arc::new(Schema::new(vec![Field::new("word", DataType::Utf8, true)]));
    let words = StringArray::from_iter_values((0..50_000).map(|n| format!("word {n:035}")));
    let (offsets, values, _) = words.clone().into_parts();
    let looked_at = StringArray::new(offsets, values, Some(NullBuffer::new_valid(50_000)));
    let encoded = [words, looked_at].map(|words| {
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(words)]).unwrap();
        parquet::encode(&schema, &[batch]).unwrap()
    });
    assert!(encoded[0] == encoded[1]);
}

#[test]
fn parquet_bytes_do_not_depend_on_batches_and_types_survive() {
    let (schema, batches) = rows(50_000, 1000);
    let expected = parquet::encode(&schema, &batches).unwrap();
    for size in [8192, 20_480, 50_000] {
        let (_, batches) = rows(50_000, size);
        assert!(parquet::encode(&schema, &batches).unwrap() == expected, "batches of {size}");
    }
    let (read, found) = parquet::decode(expected).unwrap();
    assert_eq!(read, schema);
    assert_eq!(
        arrow::compute::concat_batches(&schema, &found).unwrap(),
        arrow::compute::concat_batches(&schema, &batches).unwrap()
    );
    let (_, none) = parquet::decode(parquet::encode(&schema, &[]).unwrap()).unwrap();
    assert!(none.is_empty());
    assert!(parquet::decode(Bytes::from_static(b"PAR1 no PAR1")).is_err());
}

/// A store in memory in which something goes wrong with what is put into it, by the number of the put, from 1.
fn faulty(fault: impl Fn(usize) -> Option<Fault> + Send + 'static) -> Store {
    let mut puts = 0;
    let script = move |op: &Op| {
        let is_put = matches!(op.name, "create" | "put");
        puts += usize::from(is_put);
        is_put.then(|| fault(puts)).flatten()
    };
    over(FaultStore::new(Arc::new(InMemory::new()), script))
}

#[tokio::test]
async fn an_answer_that_got_lost_is_no_failure() {
    for (fault, times) in [
        (Fault::HappensThenFails(Answer::Unavailable), 1),
        (Fault::Fails(Answer::Unavailable), 2),
        (Fault::HappensThenFails(Answer::Precondition), 1),
    ] {
        let store = faulty(move |nth| (nth <= times).then_some(fault));
        let first = written(&store, None, "one").await;
        assert_eq!(store.records(&Chain::Runs).await.unwrap(), [first], "{fault:?}");
    }
}

#[tokio::test]
async fn a_store_that_never_answers_ends_in_run_again() {
    let store = faulty(|_| Some(Fault::Fails(Answer::Unavailable)));
    let error = store.commit(&Chain::Runs, None, draft("one")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_store_that_overwrites_is_refused() {
    let store = over(FaultStore::sound(Arc::new(InMemory::new())).overwriting());
    let error = store.init(clock(), 1).await.unwrap_err();
    assert!(error.to_string().contains("overwrites where it must refuse"), "{error}");
    assert!(store.check().await.is_err(), "store.json must not be there");
}

#[test]
fn what_cannot_be_a_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refusal = |url: &str| Store::open(url, dir.path()).unwrap_err().to_string();
    assert!(refusal("ftp://x/y").contains("`ftp://` is not supported"));
    assert!(!refusal("s3://key:secret@bucket/x").contains("secret"));
    let folder = Store::open(&format!("file://{}/a%20b", dir.path().display()), dir.path()).unwrap();
    assert_eq!(folder.local.unwrap().file_name().unwrap(), "a b");
}

/// A run record that names one file of a day, in a store of its own.
async fn with_one_file(store: &Store, day: &str) -> (Record, FileEntry) {
    let (schema, batches) = rows(10, 10);
    let run_id = RunId::new(clock());
    let as_of = crate::base::AsOf::parse(day).unwrap();
    let (schema_name, table) = ("policy".to_owned(), "candidates".to_owned());
    let key = |sha16: &str| Key::Table { schema: schema_name, table, as_of, run_id, n: 0, sha16: sha16.into() };
    let file = store.put_parquet(key, &schema, &batches).await.unwrap();
    let draft = Draft { files: vec![file.clone()], ..draft("one") };
    let Commit::Written(record) = store.commit(&Chain::Runs, None, draft).await.unwrap() else { panic!() };
    (record, file)
}

fn found(fsck: &Fsck) -> Vec<(FindingKind, &str)> {
    fsck.findings.iter().map(|f| (f.kind, f.path.as_str())).collect()
}

#[tokio::test]
async fn fsck_names_what_is_wrong_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open("warehouse", dir.path()).unwrap();
    store.init(clock(), 1).await.unwrap();
    let (first, file) = with_one_file(&store, "2026-11-20").await;
    let sound = store.fsck(true).await.unwrap();
    assert_eq!((sound.ok, sound.chains, sound.records, sound.files, found(&sound)), (true, 1, 1, 1, vec![]));

    let root = dir.path().join("warehouse");
    let write = |path: &str, bytes: &[u8]| {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), bytes).unwrap();
    };
    let harmless = [
        (FindingKind::Orphan, "raw/okta/users/extract_date=2026-11-20/x.parquet"),
        (FindingKind::Orphan, "snapshots/data/2026-11-20/other/SHA256SUMS"),
        (FindingKind::Leftover, "raw/okta/users/extract_date=2026-11-20/x.parquet#17"),
        (FindingKind::Unknown, "commits/runs/notes.txt"),
        (FindingKind::Unknown, "notes.txt"),
    ];
    harmless.iter().for_each(|(_, path)| write(path, b"x"));
    for known in ["STOP", "snapshots/data/2026-11-20/mine/SHA256SUMS"] {
        write(known, b"x");
    }
    let mut sealed = draft("two");
    sealed.body = serde_json::json!({ "directory": "snapshots/data/2026-11-20/mine" });
    let Commit::Written(second) = store.commit(&Chain::Runs, Some(&first), sealed).await.unwrap() else { panic!() };
    let fsck = store.fsck(true).await.unwrap();
    assert_eq!((fsck.ok, found(&fsck)), (true, harmless.to_vec()));

    let worst = |fsck: &Fsck| (fsck.ok, fsck.findings[0].kind, fsck.findings[0].path.clone());
    let bytes = std::fs::read(root.join(&file.path)).unwrap();
    let mut flipped = bytes.clone();
    flipped[40] ^= 1;
    write(&file.path, &flipped);
    assert!(store.fsck(false).await.unwrap().ok, "the length is right");
    assert_eq!(worst(&store.fsck(true).await.unwrap()), (false, FindingKind::Altered, file.path.clone()));
    write(&file.path, &bytes[1..]);
    assert_eq!(worst(&store.fsck(false).await.unwrap()), (false, FindingKind::Altered, file.path.clone()));
    std::fs::remove_file(root.join(&file.path)).unwrap();
    assert_eq!(worst(&store.fsck(false).await.unwrap()), (false, FindingKind::Missing, file.path.clone()));
    write(&file.path, &bytes);

    written(&store, Some(&second), "three").await;
    let path = "commits/runs/00000000000000000002.json";
    let record = std::fs::read(root.join(path)).unwrap();
    for broken in [&record[1..], &[&record[..], b" "].concat(), b""] {
        write(path, broken);
        assert_eq!(store.fsck(false).await.unwrap().findings[0].kind, FindingKind::Break);
        let refused = store.gc(clock().now() + chrono::Days::new(99), true, &[]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Evidence, "{refused}");
    }
    std::fs::remove_file(root.join(path)).unwrap();
    let fsck = store.fsck(false).await.unwrap();
    assert!(fsck.findings[0].detail.contains("record 2 of runs is missing"), "{:?}", fsck.findings[0]);
}

#[tokio::test]
async fn gc_takes_old_orphans_and_replaced_files_and_keeps_what_is_held() {
    use crate::config::{Held, StoreHold};
    let store = over(InMemory::new());
    let (first, file) = with_one_file(&store, "2026-11-20").await;
    let orphan = "raw/okta/users/extract_date=2026-11-01/x.parquet";
    let sealed = "snapshots/data/2026-11-20/mine/SHA256SUMS";
    for path in [orphan, sealed, "notes.txt"] {
        store.objects.put(&Path::from(path), Bytes::from_static(b"x").into()).await.unwrap();
    }
    let mut draft = draft("two");
    draft.kind = Kind::Expire;
    draft.replaces = vec![file.path.clone(), sealed.to_owned()];
    draft.body = serde_json::json!({ "directory": "snapshots/data/2026-11-20/mine/" });
    store.commit(&Chain::Runs, Some(&first), draft).await.unwrap();
    let records = store.records(&Chain::Runs).await.unwrap();
    assert!(live_files(&records[..1]).contains_key(file.path.as_str()) && live_files(&records).is_empty());

    let written = store.objects.head(&Path::from(orphan)).await.unwrap().last_modified;
    let late = written + chrono::Days::new(8);
    let actions = |gc: &Gc| gc.items.iter().map(|i| (i.action, i.path.clone())).collect::<Vec<_>>();
    let both = |action| vec![(action, orphan.to_owned()), (action, file.path.clone())];
    let early = store.gc(written + chrono::Days::new(6), true, &[]).await.unwrap();
    assert_eq!(actions(&early), both(GcAction::Wait));
    let listed = store.gc(late, false, &[]).await.unwrap();
    assert_eq!((listed.applied, actions(&listed)), (false, both(GcAction::Delete)));

    let day = |d| chrono::NaiveDate::from_ymd_opt(2026, 11, d).unwrap();
    let hold = |what| [StoreHold { what, reason: "case 7".into() }];
    let app = |feeds: &[(&str, &str)]| {
        let feeds = feeds.iter().map(|(source, stream)| ((*source).to_owned(), (*stream).to_owned()));
        Held::App { app_id: "figma".into(), feeds: feeds.collect() }
    };
    for (what, held) in [
        (Held::All, [true, true]),
        (Held::Source("okta".into()), [true, true]),
        (Held::Source("slack".into()), [false, true]),
        (app(&[("okta", "users")]), [true, true]),
        (app(&[("okta", "groups"), ("slack", "users")]), [false, true]),
        (Held::Period(day(1), day(1)), [true, false]),
        (Held::Period(day(2), day(19)), [false, false]),
        (Held::Period(day(15), day(20)), [false, true]),
    ] {
        let gc = store.gc(late, false, &hold(what.clone())).await.unwrap();
        let is_held = |path: &str| gc.of_action(GcAction::Hold).any(|i| i.path == path && i.why == "case 7");
        assert_eq!([is_held(orphan), is_held(&file.path)], held, "{what:?}");
    }
    assert_eq!(actions(&store.gc(late, true, &hold(Held::All)).await.unwrap()), both(GcAction::Hold));
    assert_eq!(actions(&store.gc(late, true, &[]).await.unwrap()), both(GcAction::Delete));
    assert!(actions(&store.gc(late, true, &[]).await.unwrap()).is_empty());
    assert!(store.get(orphan).await.is_err() && store.get(&file.path).await.is_err());
    assert!(store.get(sealed).await.is_ok() && store.get("notes.txt").await.is_ok(), "what is sealed or unknown stays");
    assert!(store.fsck(true).await.unwrap().ok);
}

#[test]
fn the_end_of_a_file_says_what_its_footer_does() {
    let (schema, batches) = rows(5000, 1000);
    let bytes = parquet::encode(&schema, &batches).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let footer = parquet::footer(file).unwrap();
    assert_eq!(footer.1, 5000);
    let length = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize + 8;
    for tail in [bytes.len(), length + 1, length] {
        assert_eq!(parquet::footer_within(&bytes[bytes.len() - tail..]), Some(footer.clone()), "{tail}");
    }
    for tail in [length - 1, 8, 7, 0] {
        assert_eq!(parquet::footer_within(&bytes[bytes.len() - tail..]), None, "{tail}");
    }
    assert_eq!(parquet::footer_within(&bytes[..bytes.len() - 1]), None);
}

fn rows(count: usize, batch: usize) -> (SchemaRef, Vec<RecordBatch>) {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("seats", DataType::Int64, true),
        Field::new("on", DataType::Date32, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("amount", DataType::Decimal128(18, 4), true),
        Field::new("is_paid", DataType::Boolean, true),
    ]));
    let numbers: Vec<i64> = (0..count as i64).collect();
    let batches = numbers.chunks(batch).map(|chunk| {
        let some = |n: &i64| (n % 7 != 0).then_some(*n);
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(chunk.iter().map(|n| format!("account-{n}")))),
            Arc::new(chunk.iter().map(some).collect::<Int64Array>()),
            Arc::new(chunk.iter().map(|n| some(n).map(|n| n as i32)).collect::<Date32Array>()),
            Arc::new(chunk.iter().map(some).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            Arc::new(
                chunk
                    .iter()
                    .map(|n| some(n).map(i128::from))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(18, 4)
                    .unwrap(),
            ),
            Arc::new(chunk.iter().map(|n| some(n).map(|n| n % 2 == 0)).collect::<arrow::array::BooleanArray>()),
        ];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    });
    let batches = batches.collect();
    (schema, batches)
}
