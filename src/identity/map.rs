//! The map itself: names on one side, random 128-bit keys on the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::rows::{random, take_out};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result, text};
use crate::store::parquet::Batches;
use crate::store::{Chain, Draft, FileEntry, Key, Kind, Record, RunId, Store, hex, live_files, unhex};

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// An id of a source, exact: account, worker, leave.
    Id(Box<str>),
    /// A login or e-mail address, in the form in which names are compared.
    Identifier(Box<str>),
}

impl Name {
    /// An id.
    pub fn id(text: &str) -> Self {
        Self::Id(text.into())
    }

    /// A login or address, however it is spelled.
    pub fn identifier(text: &str) -> Self {
        Self::Identifier(text::fold(text).into())
    }

    /// The name itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Id(text) | Self::Identifier(text) => text,
        }
    }

    /// `id` or `identifier`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Id(_) => "id",
            Self::Identifier(_) => "identifier",
        }
    }

    fn parse(kind: &str, text: &str) -> Option<Self> {
        match kind {
            "id" => Some(Self::Id(text.into())),
            "identifier" => Some(Self::Identifier(text.into())),
            _ => None,
        }
    }
}

/// A key: its text is its 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pseudonym([u8; 16]);

impl Pseudonym {
    fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }

    fn text(self) -> String {
        hex(&self.0)
    }
}

/// The keys of a private store, and those made since it was opened.
#[derive(Debug)]
pub struct IdentityMap {
    store: Store,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default, Clone)]
struct Keys {
    /// As the store had them; shared by whoever opened it once.
    read: Arc<HashMap<Name, Pseudonym>>,
    /// Made since, and committed.
    made: BTreeMap<Name, Pseudonym>,
    /// Made and not committed yet.
    new: BTreeMap<Name, Pseudonym>,
    /// The newest record known.
    head: Option<Record>,
}

impl Keys {
    fn get(&self, name: &Name) -> Option<Pseudonym> {
        self.read.get(name).or_else(|| self.made.get(name)).or_else(|| self.new.get(name)).copied()
    }

    fn all(&self) -> impl Iterator<Item = (&Name, &Pseudonym)> {
        self.read.iter().chain(&self.made).chain(&self.new)
    }
}

impl IdentityMap {
    /// Reads the map of a private store.
    ///
    /// # Errors
    /// A store error; Evidence when a committed file is not what its record says.
    pub async fn open(store: Store) -> Result<Self> {
        let records = store.records(&Chain::Identity).await?;
        let files = live_files(&records);
        let mut read = HashMap::with_capacity(files.values().map(|file| file.rows as usize).sum());
        for file in files.values() {
            for batch in Batches::open(store.read(file).await?)? {
                read.extend(rows(&batch?)?);
            }
        }
        let keys = Keys { read: Arc::new(read), head: records.last().cloned(), ..Keys::default() };
        Ok(Self { store, keys: Mutex::new(keys) })
    }

    /// The same keys, bound to a private store that is in the same state.
    pub fn on(&self, store: Store) -> Self {
        let keys = self.lock().clone();
        Self { store, keys: Mutex::new(keys) }
    }

    /// The key of a name: 32 hex digits, random, made when the name is seen for the first time.
    ///
    /// # Errors
    /// Internal when the system gives no random numbers.
    pub fn key(&self, name: Name) -> Result<String> {
        let mut keys = self.lock();
        if let Some(key) = keys.get(&name) {
            return Ok(key.text());
        }
        let key = Pseudonym(random::<16>()?);
        keys.new.insert(name, key);
        Ok(key.text())
    }

    /// The key of a name that has one.
    pub fn known(&self, name: &Name) -> Option<String> {
        self.lock().get(name).map(Pseudonym::text)
    }

    /// The keys that names have.
    pub fn keys_of(&self, names: &BTreeSet<Name>) -> BTreeSet<String> {
        let keys = self.lock();
        names.iter().filter_map(|name| keys.get(name).map(Pseudonym::text)).collect()
    }

    /// The names a key stands for; none when it stands for nobody, or nobody any more.
    pub fn names(&self, key: &str) -> Vec<Name> {
        let Some(key) = Pseudonym::parse(key) else { return Vec::new() };
        let keys = self.lock();
        let mut names: Vec<Name> = keys.all().filter(|(_, k)| **k == key).map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// Puts the new keys on record, before anything that holds them is.
    ///
    /// # Errors
    /// Conflict when another run made keys meanwhile; a store error.
    pub async fn commit(&self, run_id: &RunId, config_sha256: &str) -> Result<()> {
        let new = self.lock().new.clone();
        if new.is_empty() {
            return Ok(());
        }
        let file = self.write(&new, run_id).await?;
        let head = self.lock().head.clone();
        let draft = Draft {
            // The effect, so that a run that tries again finds it done.
            commit_id: file.sha256.clone(),
            run_id: run_id.clone(),
            config_sha256: config_sha256.to_owned(),
            kind: Kind::Append,
            extract_date: None,
            reads: BTreeMap::new(),
            files: vec![file],
            replaces: Vec::new(),
            body: serde_json::Value::Null,
        };
        let commit = self.store.commit(&Chain::Identity, head.as_ref(), draft).await?;
        let head = commit.settled("named new persons or accounts")?;
        let mut keys = self.lock();
        keys.head = Some(head);
        keys.new.retain(|name, _| !new.contains_key(name));
        keys.made.extend(new);
        Ok(())
    }

    /// Takes names out of the map: the files that hold them are replaced, and deleted at once. The keys they had stay
    /// in evidence and mean nothing any more. Counts the names that were there.
    ///
    /// # Errors
    /// As [`IdentityMap::commit`].
    pub async fn erase(&self, names: &BTreeSet<Name>, run_id: &RunId, config_sha256: &str) -> Result<usize> {
        self.commit(run_id, config_sha256).await?;
        let is_kept = |batch: &RecordBatch| -> Result<BooleanArray> {
            Ok(rows(batch)?.iter().map(|(name, _)| Some(!names.contains(name))).collect())
        };
        let erased = take_out(&self.store, &Chain::Identity, is_kept, || place(run_id), run_id, config_sha256).await?;
        let head = self.store.head(&Chain::Identity).await?;
        let mut keys = self.lock();
        keys.head = head;
        Arc::make_mut(&mut keys.read).retain(|name, _| !names.contains(name));
        keys.made.retain(|name, _| !names.contains(name));
        Ok(erased)
    }

    async fn write(&self, keys: &BTreeMap<Name, Pseudonym>, run_id: &RunId) -> Result<FileEntry> {
        let column = |values: Vec<&str>| Arc::new(StringArray::from(values)) as _;
        let texts: Vec<String> = keys.values().map(|key| key.text()).collect();
        let batch = RecordBatch::try_new(
            schema(),
            vec![
                column(keys.keys().map(Name::kind).collect()),
                column(keys.keys().map(Name::text).collect()),
                column(texts.iter().map(String::as_str).collect()),
            ],
        )
        .context(ErrorKind::Internal, "the identity map")?;
        self.store.put_parquet(place(run_id), &schema(), &[batch]).await
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(run_id: &RunId) -> impl FnOnce(&str) -> Key {
    |sha16| Key::Identity { run_id: run_id.clone(), sha16: sha16.to_owned() }
}

fn schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![text("kind"), text("name"), text("key")]))
}

fn rows(batch: &RecordBatch) -> Result<Vec<(Name, Pseudonym)>> {
    let unreadable = || Error::new(ErrorKind::Evidence, "a file of the identity map is not one");
    let column = |name: &str| {
        let column = batch.column_by_name(name).filter(|c| *c.data_type() == DataType::Utf8);
        column.map(|c| c.as_string::<i32>()).ok_or_else(unreadable)
    };
    let (kinds, names, keys) = (column("kind")?, column("name")?, column("key")?);
    (0..batch.num_rows())
        .map(|i| {
            let name = Name::parse(kinds.value(i), names.value(i)).ok_or_else(unreadable)?;
            Ok((name, Pseudonym::parse(keys.value(i)).ok_or_else(unreadable)?))
        })
        .collect()
}
