//! Stores that misbehave: what a commit makes of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use async_trait::async_trait;
use chrono::DateTime;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions, PutOptions,
    PutPayload, PutResult,
};

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
    Store { objects: Arc::new(objects), local: None, name: "test".into() }
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
    store.init(clock()).await.unwrap();
    store.init(clock()).await.unwrap();
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

#[tokio::test]
async fn an_answer_that_got_lost_is_no_failure() {
    for fault in [Fault::WritesThenFails, Fault::FailsTwice, Fault::WritesThenSaysPrecondition] {
        let store = over(Faulty::new(fault));
        let first = written(&store, None, "one").await;
        assert_eq!(store.records(&Chain::Runs).await.unwrap(), [first], "{fault:?}");
    }
}

#[tokio::test]
async fn a_store_that_never_answers_ends_in_run_again() {
    let error = over(Faulty::new(Fault::AlwaysFails)).commit(&Chain::Runs, None, draft("one")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_store_that_overwrites_is_refused() {
    let store = over(Faulty::new(Fault::Overwrites));
    let error = store.init(clock()).await.unwrap_err();
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

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    WritesThenFails,
    WritesThenSaysPrecondition,
    FailsTwice,
    AlwaysFails,
    Overwrites,
}

/// A store in memory whose creates go wrong.
#[derive(Debug)]
struct Faulty {
    inner: InMemory,
    fault: Fault,
    creates: AtomicUsize,
    is_lost: AtomicBool,
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self { inner: InMemory::new(), fault, creates: AtomicUsize::new(0), is_lost: AtomicBool::new(false) }
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.fault)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, data: PutPayload, mut opts: PutOptions) -> object_store::Result<PutResult> {
        let timeout = || failed("timeout");
        match self.fault {
            Fault::AlwaysFails => return Err(timeout()),
            Fault::FailsTwice if self.creates.fetch_add(1, Ordering::SeqCst) < 2 => return Err(timeout()),
            Fault::Overwrites => opts.mode = PutMode::Overwrite,
            _ => {}
        }
        let result = self.inner.put_opts(at, data, opts).await?;
        let loses = matches!(self.fault, Fault::WritesThenFails | Fault::WritesThenSaysPrecondition);
        if loses && !self.is_lost.swap(true, Ordering::SeqCst) {
            return Err(match self.fault {
                Fault::WritesThenFails => timeout(),
                _ => StoreError::Precondition { path: at.to_string(), source: "412".into() },
            });
        }
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        opts: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, opts).await
    }

    async fn get_opts(&self, at: &Path, opts: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(at, opts).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, opts: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, opts).await
    }
}
