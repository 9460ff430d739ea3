//! Keys are made once, stay, and can be taken away.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::*;
use crate::base::{Clock, ErrorKind};
use crate::store::{Chain, RunId, Store, sha256_hex};

async fn store(dir: &tempfile::TempDir) -> Store {
    let store = Store::open("private", dir.path()).unwrap();
    store.init(Clock::System, 1).await.unwrap();
    store
}

fn run() -> RunId {
    RunId::new(Clock::System)
}

#[tokio::test]
async fn a_name_keeps_its_key_and_spelling_does_not_matter_to_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let map = IdentityMap::open(store(&dir).await).await.unwrap();
    let ada = map.key(Name::identifier("Ada@X.example")).unwrap();
    assert_eq!(ada.len(), 32);
    assert_eq!(map.key(Name::identifier(" ada@x.EXAMPLE")).unwrap(), ada);
    assert_ne!(map.key(Name::id("ada@x.example")).unwrap(), ada, "an id is not an address");
    assert_ne!(map.key(Name::id("ADA@x.example")).unwrap(), map.key(Name::id("ada@x.example")).unwrap());
    map.commit(&run(), "c").await.unwrap();
    map.commit(&run(), "c").await.unwrap();
    let again = IdentityMap::open(store(&dir).await).await.unwrap();
    assert_eq!(again.known(&Name::identifier("ada@x.example")), Some(ada));
    assert_eq!(store(&dir).await.records(&Chain::Identity).await.unwrap().len(), 1, "nothing new, nothing said");
}

#[tokio::test]
async fn two_runs_that_name_the_same_person_do_not_both_count() {
    let dir = tempfile::tempdir().unwrap();
    let one = IdentityMap::open(store(&dir).await).await.unwrap();
    let two = IdentityMap::open(store(&dir).await).await.unwrap();
    one.key(Name::id("7")).unwrap();
    two.key(Name::id("7")).unwrap();
    one.commit(&run(), "c").await.unwrap();
    assert_eq!(two.commit(&run(), "c").await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn an_erased_name_is_gone_from_every_byte_and_comes_back_as_another() {
    let dir = tempfile::tempdir().unwrap();
    let map = IdentityMap::open(store(&dir).await).await.unwrap();
    let (ada, eve) = (Name::identifier("ada@x.example"), Name::identifier("eve@x.example"));
    let (old, kept) = (map.key(ada.clone()).unwrap(), map.key(eve.clone()).unwrap());
    map.commit(&run(), "c").await.unwrap();
    assert_eq!(map.erase(&BTreeSet::from([ada.clone(), Name::id("nobody")]), &run(), "c").await.unwrap(), 1);
    assert_eq!(map.erase(&BTreeSet::from([ada.clone()]), &run(), "c").await.unwrap(), 0, "once is enough");
    let again = IdentityMap::open(store(&dir).await).await.unwrap();
    assert_eq!((again.known(&ada), again.known(&eve)), (None, Some(kept)));
    assert_ne!(again.key(ada).unwrap(), old);
    let files = std::fs::read_dir(dir.path().join("private/keys")).unwrap();
    assert_eq!(files.count(), 1, "the file that held it is deleted");
}

#[tokio::test]
async fn veiled_rows_join_and_are_sorted_anew() {
    let dir = tempfile::tempdir().unwrap();
    let map = IdentityMap::open(store(&dir).await).await.unwrap();
    let fields = ["account_id", "email", "name"].map(|n| Field::new(n, DataType::Utf8, true));
    let fields = fields.into_iter().chain([Field::new("n", DataType::Int64, true)]).collect::<Vec<_>>();
    let ids: Vec<String> = (0..50).map(|i| format!("a{i:02}")).collect();
    let rows = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![
            Arc::new(StringArray::from(ids.clone())),
            Arc::new(StringArray::from(vec![Some("Ada@x.example"); 50])),
            Arc::new(StringArray::from(vec![Some("Ada"); 50])),
            Arc::new(Int64Array::from_iter_values(0..50)),
        ],
    )
    .unwrap();
    let shown = [Shown::IdKeys, Shown::IdentifierKeys, Shown::Nothing, Shown::AsItIs];
    let veiled = sorted(&veil(&rows, &shown, &map).unwrap(), &["account_id".into()]).unwrap();
    let keys: Vec<&str> = veiled.column(0).as_string::<i32>().iter().flatten().collect();
    assert!(keys.is_sorted());
    let numbers = veiled.column(3).as_primitive::<arrow::datatypes::Int64Type>();
    for (key, number) in keys.iter().zip(numbers.values()) {
        assert_eq!(map.known(&Name::id(&ids[*number as usize])).as_deref(), Some(*key));
    }
    assert_eq!(veiled.column(2).null_count(), 50);
    assert_eq!(veiled.column(1).as_string::<i32>().value(0), map.key(Name::identifier("ADA@x.example")).unwrap());
}

#[tokio::test]
async fn a_note_is_what_its_commitment_says_until_it_is_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let notes = Notes::of(&store);
    assert!(notes.files().await.unwrap().is_empty());
    let [about, other] = [Some("k1"), None].map(|subject| Note::new("she needs it, says Ada", subject).unwrap());
    assert_ne!(about.commitment, other.commitment, "the salt hides that the words are the same");
    // As an auditor computes it, who was given words and salt.
    let salt = (0..64).step_by(2).map(|at| u8::from_str_radix(&about.salt[at..at + 2], 16).unwrap());
    assert_eq!(sha256_hex(&salt.chain(about.text.bytes()).collect::<Vec<_>>()), about.commitment);
    assert!(about.is_genuine() && !Note { text: "she does not".into(), ..about.clone() }.is_genuine());
    assert!(!Note { salt: "zz".repeat(32), ..about.clone() }.is_genuine());

    notes.keep(&[about.clone(), other.clone()], &run(), "c").await.unwrap();
    let kept = notes.files().await.unwrap().remove(0);
    assert_eq!(kept.notes.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&about, &other]));
    let gone = |note: &Note| note.subject_key.as_deref() == Some("k1");
    assert_eq!(notes.erase(gone, &run(), "c").await.unwrap(), 1);
    assert_eq!(notes.erase(gone, &run(), "c").await.unwrap(), 0, "once is enough");
    let left = notes.files().await.unwrap().remove(0);
    assert_eq!((left.notes, left.commitments), (vec![other], kept.commitments), "what it was is not forgotten");
    assert_eq!(notes.erase(|_| true, &run(), "c").await.unwrap(), 1);
    assert_eq!(notes.files().await.unwrap()[0].file, None);
    assert_eq!(std::fs::read_dir(dir.path().join("private/notes")).unwrap().count(), 0, "no file is left of it");
    let found = store.fsck(true).await.unwrap();
    assert!(found.ok && found.findings.is_empty(), "{found}");
}

#[tokio::test]
async fn notes_that_are_kept_at_once_all_stay() {
    let dir = tempfile::tempdir().unwrap();
    let notes = Notes::of(&store(&dir).await);
    let keep = async |text: String| notes.keep(&[Note::new(&text, None).unwrap()], &run(), "c").await;
    let kept = futures::future::join_all((0..6).map(|n| keep(format!("note {n}")))).await;
    assert!(kept.iter().all(Result::is_ok), "{kept:?}");
    let mut texts: Vec<String> =
        notes.files().await.unwrap().into_iter().flat_map(|file| file.notes).map(|note| note.text).collect();
    texts.sort();
    assert_eq!(texts, (0..6).map(|n| format!("note {n}")).collect::<Vec<_>>());
}
