//! The log in a store: what was appended comes back, and whatever somebody did to it is named.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::base::{Clock, ErrorKind};
use crate::store::{Chain, Commit, NO_HASH, Record, RunId, Store, hex, parquet, sha256_hex};

fn clock() -> Clock {
    Clock::Fixed(DateTime::from_timestamp(1_795_000_000, 0).unwrap())
}

fn new(n: usize) -> NewEntry {
    NewEntry {
        subject_key: n.is_multiple_of(2).then(|| format!("key-{n}")),
        evidence_sha256: n.is_multiple_of(3).then(|| "ab".repeat(32)),
        ..NewEntry::new(clock().now(), EntryKind::ALL[n % EntryKind::ALL.len()], "seatledger", json!({ "n": n }))
    }
}

/// A store whose log holds one segment for each count.
async fn log_of(counts: &[usize]) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open("warehouse", dir.path()).unwrap();
    let mut n = 0;
    for count in counts {
        let commit = put(&store, (n..n + count).map(new).collect(), &format!("append-{n}")).await;
        assert!(matches!(commit, Some(Commit::Written(_))), "{commit:?}");
        n += count;
    }
    (dir, store)
}

async fn put(store: &Store, entries: Vec<NewEntry>, commit_id: &str) -> Option<Commit> {
    let reads = BTreeMap::from([("runs".to_owned(), entries.len() as u64)]);
    append(store, entries, reads, BTreeMap::new(), commit_id, &RunId::new(clock()), "c").await.unwrap()
}

#[tokio::test]
async fn what_was_appended_comes_back_and_the_head_stands_for_it() {
    let (_dir, store) = log_of(&[]).await;
    assert_eq!(head(&store).await.unwrap(), None);
    assert!(entries(&store, 0).await.unwrap().is_empty());
    assert_eq!(put(&store, Vec::new(), "nothing").await, None);

    let (_dir, store) = log_of(&[1, 40, 3]).await;
    let found = entries(&store, 0).await.unwrap();
    assert_eq!(check_entries(&found, 0, NO_HASH), []);
    assert!(found.iter().map(|e| e.seq).eq(0..44));
    assert_eq!((found[7].kind, &found[8].subject_key), (EntryKind::ALL[7], &Some("key-8".to_owned())));
    for from in [1, 17, 40, 41, 43, 44, 99] {
        assert_eq!(entries(&store, from).await.unwrap(), found[(from as usize).min(44)..]);
    }

    let head = head(&store).await.unwrap().unwrap();
    assert_eq!((head.version, head.size, &head.head_hash), (3, 44, &found[43].entry_hash));
    assert_eq!(head.reads, BTreeMap::from([("runs".to_owned(), 3)]));
    let mut tree = Frontier::default();
    found.iter().for_each(|entry| tree.push(entry.payload.as_bytes()));
    assert_eq!((head.root, &head.frontier), (tree.root(), &tree));

    let segments = segments(&store).await.unwrap();
    let spans: Vec<_> = segments.iter().map(|s| (s.first, s.last, s.file.rows)).collect();
    assert_eq!(spans, [(0, 0, 1), (1, 40, 40), (41, 43, 3)]);
    assert_eq!((segments[1].file.min_at, segments[2].head.clone()), (Some(clock().now()), head));
}

#[tokio::test]
async fn an_effect_is_appended_once_and_a_late_writer_learns_of_the_other() {
    let (_dir, store) = log_of(&[2, 1]).await;
    let Some(Commit::AlreadyThere(record)) = put(&store, vec![new(0), new(1)], "append-0").await else { panic!() };
    assert_eq!(record.version, 1, "also when others appended since");
    assert_eq!(head(&store).await.unwrap().unwrap().size, 3);

    let run_id = RunId::new(clock());
    let append = |id: &'static str| append(&store, vec![new(9)], BTreeMap::new(), BTreeMap::new(), id, &run_id, "c");
    let (one, two) = futures::join!(append("one"), append("two"));
    let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
    let written = [&one, &two].iter().filter(|c| matches!(c, Commit::Written(_))).count();
    assert!(written == 2 || matches!((&one, &two), (Commit::Conflict(_), _) | (_, Commit::Conflict(_))));
    assert_eq!(entries(&store, 0).await.unwrap().len(), 3 + written);
}

#[tokio::test]
async fn a_store_has_the_id_it_was_made_with() {
    let (_dir, store) = log_of(&[]).await;
    assert_eq!(store.id().await.unwrap_err().kind(), ErrorKind::Store);
    store.init(clock(), 1).await.unwrap();
    let id = store.id().await.unwrap();
    store.init(clock(), 1).await.unwrap();
    assert_eq!((id.len(), store.id().await.unwrap()), (26, id.clone()));
    assert_eq!(Checkpoint::of(&id, &Frontier::default()).origin, format!("seatledger/{id}"));
}

#[tokio::test]
async fn every_way_to_tamper_with_entries_is_named() {
    let (_dir, store) = log_of(&[6]).await;
    let sound = entries(&store, 0).await.unwrap();
    let faults = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = sound.clone();
        change(&mut entries);
        // As a verifier sees them: written and read again.
        let batches = [to_batch(&entries[..2.min(entries.len())]).unwrap(), to_batch(&entries[2..]).unwrap()];
        let read = from_batches(&batches).unwrap();
        let faults = check_entries(&read, 0, NO_HASH);
        faults.into_iter().map(|fault| (fault.seq, fault.kind)).collect::<Vec<_>>()
    };
    use FaultKind::{Altered, Broken, Gap, Mismatch};
    assert_eq!(faults(&|_| {}), []);
    assert_eq!(faults(&|e| e[3].payload = e[3].payload.replace("\"n\":3", "\"n\":4")), [(3, Altered)]);
    let forged = |e: &mut Vec<Entry>| {
        e[3].payload = e[3].payload.replace("\"n\":3", "\"n\":4");
        e[3].entry_hash = entry_hash(&e[3].prev_hash, &e[3].payload);
    };
    assert_eq!(faults(&forged), [(4, Broken)]);
    assert_eq!(faults(&|e| e[0].prev_hash = "1".repeat(64)), [(0, Broken), (0, Altered)]);
    assert_eq!(faults(&|e| drop(e.remove(0))), [(1, Gap), (1, Broken)]);
    assert_eq!(faults(&|e| drop(e.remove(3))), [(4, Gap), (4, Broken)]);
    assert_eq!(faults(&|e| e.insert(3, e[2].clone())), [(2, Gap), (2, Broken)]);
    let swapped = [(4, Gap), (4, Broken), (3, Gap), (3, Broken), (5, Gap), (5, Broken)];
    assert_eq!(faults(&|e| e.swap(3, 4)), swapped);

    let columns: [&dyn Fn(&mut Entry); 8] = [
        &|e| e.at += chrono::Duration::microseconds(1),
        &|e| e.kind = EntryKind::KeyRotated,
        &|e| e.actor.push('x'),
        &|e| e.on_behalf_of = Some(String::new()),
        &|e| e.subject_key = None,
        &|e| e.app_id = Some("figma".into()),
        &|e| e.policy_version = Some("2".into()),
        &|e| e.evidence_sha256 = Some("cd".repeat(32)),
    ];
    for (at, column) in columns.iter().enumerate() {
        assert_eq!(faults(&|e| column(&mut e[2])), [(2, Mismatch)], "column {at}");
    }
    assert_eq!(faults(&|e| e[2].seq = 9), [(9, Gap), (9, Mismatch), (3, Gap)]);

    // A text that says the same in another way, or says more, is not what this program writes.
    for (from, to) in [
        ("{\"actor\"", "{ \"actor\""),
        ("{\"actor\"", "{\"actor\":\"x\",\"actor\""),
        ("\"detail\"", "\"a\":1,\"detail\""),
    ] {
        let rewritten = |e: &mut Vec<Entry>| {
            e[5].payload = e[5].payload.replace(from, to);
            e[5].entry_hash = entry_hash(&e[5].prev_hash, &e[5].payload);
        };
        assert_eq!(faults(&rewritten), [(5, Mismatch)], "{to}");
    }
    let unreadable = |e: &mut Vec<Entry>| {
        e[5].payload = "[".repeat(100_000);
        e[5].entry_hash = entry_hash(&e[5].prev_hash, &e[5].payload);
    };
    assert_eq!(faults(&unreadable), [(5, Mismatch)]);
}

#[tokio::test]
async fn rows_that_are_no_log_are_refused() {
    let (_dir, store) = log_of(&[3]).await;
    let batch = to_batch(&entries(&store, 0).await.unwrap()).unwrap();
    let error = from_batches(&[batch.project(&[0, 1, 2]).unwrap()]).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Evidence, "has not the columns of a decision log")
    );

    let replaced = |at: usize, column: arrow::array::ArrayRef| {
        let mut columns = batch.columns().to_vec();
        columns[at] = column;
        from_batches(&[arrow::array::RecordBatch::try_new(nullable(), columns).unwrap()]).unwrap_err().to_string()
    };
    use arrow::array::{Int64Array, StringArray};
    assert_eq!(replaced(0, std::sync::Arc::new(Int64Array::from(vec![0, -1, 2]))), "row 2: has no `seq`");
    let kinds = StringArray::from(vec!["stop.set", "stop.set", "stop.gone"]);
    let message = replaced(2, std::sync::Arc::new(kinds));
    assert_eq!(message, "row 3: has type `stop.gone`, which this release does not know");
    let payloads = StringArray::from(vec![Some("{}"), Some("{}"), None]);
    assert_eq!(replaced(9, std::sync::Arc::new(payloads)), "row 3: has no `payload`");
}

/// The columns of a log, as a foreign writer may declare them.
fn nullable() -> arrow::datatypes::SchemaRef {
    let fields = schema().fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
    std::sync::Arc::new(arrow::datatypes::Schema::new(fields))
}

#[tokio::test]
async fn a_segment_that_is_not_what_was_appended_is_named() {
    let (dir, store) = log_of(&[2, 3, 2]).await;
    let path = segments(&store).await.unwrap()[1].file.path.clone();
    let file = dir.path().join("warehouse").join(&path);
    let bytes = std::fs::read(&file).unwrap();
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    std::fs::write(&file, altered).unwrap();
    let error = entries(&store, 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Evidence);
    assert!(error.to_string().starts_with(&format!("{path}: its SHA-256")), "{error}");
    assert_eq!(entries(&store, 5).await.unwrap().len(), 2, "only what is asked for is opened");
    std::fs::remove_file(&file).unwrap();
    assert!(entries(&store, 0).await.unwrap_err().to_string().contains(&path));
}

/// Forges the newest record: the hash of the file in it, and the record itself, are made to fit the change.
async fn forge(dir: &tempfile::TempDir, store: &Store, change: impl FnOnce(&mut Vec<Entry>, &mut Record)) -> String {
    let mut record = store.head(&Chain::Log).await.unwrap().unwrap();
    let mut entries =
        from_batches(&parquet::decode(store.get(&record.files[0].path).await.unwrap()).unwrap().1).unwrap();
    change(&mut entries, &mut record);
    let bytes = parquet::encode(&schema(), &[to_batch(&entries).unwrap()]).unwrap();
    let sha256 = sha256_hex(&bytes);
    let file = &mut record.files[0];
    file.path = file.path.replace(&file.sha256[..16], &sha256[..16]);
    file.sha256 = sha256;
    let root: PathBuf = dir.path().join("warehouse");
    std::fs::write(root.join(&file.path), &bytes).unwrap();
    let name = format!("commits/log/{:020}.json", record.version);
    std::fs::write(root.join(name), crate::store::canonical(&record).unwrap()).unwrap();
    record.files[0].path.clone()
}

#[tokio::test]
async fn a_forger_who_fits_the_record_to_his_file_is_found_by_chain_and_tree() {
    let (dir, store) = log_of(&[2, 4]).await;
    let path =
        forge(&dir, &store, |entries, _| entries[1].payload = entries[1].payload.replace("n\":3", "n\":4")).await;
    let error = entries(&store, 0).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{path}: entry 3: altered: its hash is not that of its payload"));

    let (dir, store) = log_of(&[2, 4]).await;
    let path = forge(&dir, &store, |entries, _| drop(entries.pop())).await;
    let error = entries(&store, 0).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("{path}: does not end in entry 5")), "{error}");

    // He gives the last entry a sound hash and the record its head: the tree still tells.
    let (dir, store) = log_of(&[2, 4]).await;
    let path = forge(&dir, &store, |entries, record| {
        let last = &mut entries[3];
        last.payload = last.payload.replace("n\":5", "n\":6");
        last.entry_hash = entry_hash(&last.prev_hash, &last.payload);
        record.body["head_hash"] = last.entry_hash.clone().into();
    })
    .await;
    let error = entries(&store, 0).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("{path}: does not end in entry 5")), "{error}");
}

#[tokio::test]
async fn nothing_is_appended_to_a_log_whose_records_contradict_themselves() {
    let changes: [fn(&mut Record); 7] = [
        |r| r.body["tree_size"] = 7.into(),
        |r| r.body["root"] = hex(&[0; 32]).into(),
        |r| r.body["head_hash"] = "x".into(),
        |r| r.body["frontier"]["size"] = 3.into(),
        |r| r.body["first"] = 1.into(),
        |r| r.files[0].rows = 9,
        |r| r.files.clear(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let (dir, store) = log_of(&[2, 4]).await;
        let mut record = store.head(&Chain::Log).await.unwrap().unwrap();
        change(&mut record);
        let place = dir.path().join("warehouse/commits/log/00000000000000000002.json");
        std::fs::write(place, crate::store::canonical(&record).unwrap()).unwrap();
        let reads = BTreeMap::new();
        let error =
            append(&store, vec![new(6)], reads, BTreeMap::new(), "more", &RunId::new(clock()), "c").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Evidence, "change {at}");
        assert!(error.to_string().starts_with("record 2 of log: "), "change {at}: {error}");
        assert!(head(&store).await.is_err(), "change {at}");
    }
}

#[tokio::test]
async fn the_same_entries_make_the_same_bytes() {
    let (_one, one) = log_of(&[3, 2]).await;
    let (_two, two) = log_of(&[3, 2]).await;
    let (one, two) = (segments(&one).await.unwrap(), segments(&two).await.unwrap());
    assert_eq!(one, two);
}
