//! Layer 2: the object store. Every path ([`Key`]) and every commit ([`Store::commit`]); others only call it.

mod commit;
#[cfg(test)]
#[path = "../../tests/it/fault.rs"]
pub(crate) mod fault;
mod fsck;
mod gc;
mod key;
mod live;
mod local;
pub mod parquet;
mod record;
mod tree;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, WriteMultipart};
use serde::{Deserialize, Serialize};
use url::Url;

pub use commit::Commit;
pub use fsck::{Finding, FindingKind, Fsck};
pub use gc::{Expiry, Gc, GcAction, GcItem, unheld};
pub use key::{Key, day_use, is_inputs, seat_month, seat_state};
pub use live::{Current, live_files};
pub use record::{Chain, Draft, FORMAT, FileEntry, Kind, NO_HASH, Record, RunId, canonical, hex, sha256_hex, unhex};

use crate::base::error::Context;
use crate::base::{Clock, Error, ErrorKind, Result};

/// The format `store.json` names.
const STORE_FORMAT: &str = "seatledger-store/1";
/// Files above this many bytes go to a bucket in parts.
const MULTIPART_BYTES: usize = 16 << 20;

/// One tree of commits and files: a folder or a bucket.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The folder, when the store is one.
    local: Option<PathBuf>,
    name: String,
}

/// What `init` writes once.
#[derive(Serialize, Deserialize)]
struct Identity {
    format: String,
    store_id: String,
    buckets: u32,
    bucket_hash: String,
    put_if_absent: String,
}

impl Store {
    /// Opens a store: a folder (relative to `base`) or a `file://`, `s3://`, `gs://` or `az://` URL. Contacts nothing;
    /// a missing folder is made.
    ///
    /// # Errors
    /// Config when the text names no store.
    pub fn open(url_or_path: &str, base: &std::path::Path) -> Result<Self> {
        Self::open_with(url_or_path, base, [])
    }

    /// As [`Store::open`], with options of the bucket (region, endpoint, credentials) by their `object_store` names.
    ///
    /// # Errors
    /// Config when the text names no store or an option is wrong.
    pub fn open_with(
        url_or_path: &str,
        base: &std::path::Path,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        if !url_or_path.contains("://") {
            return Self::folder(base.join(url_or_path));
        }
        let url = Url::parse(url_or_path).context(ErrorKind::Config, "store: not a URL")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config("store: a URL must not hold credentials: give them in the environment"));
        }
        match url.scheme() {
            "file" => Self::folder(
                url.to_file_path().map_err(|()| Error::config(format!("store: {url} names no local folder")))?,
            ),
            "s3" | "gs" | "az" => {
                let (bucket, prefix) = object_store::parse_url_opts(&url, options)
                    .context(ErrorKind::Config, format!("store: cannot use {url}"))?;
                Ok(Self { objects: Arc::new(PrefixStore::new(bucket, prefix)), local: None, name: url.to_string() })
            }
            scheme => Err(Error::config(format!(
                "store: `{scheme}://` is not supported: use a folder, file://, s3://, gs:// or az://"
            ))),
        }
    }

    /// A store over objects that are at hand, for tests and for programs that embed this one. They must honour
    /// put-if-absent: [`Store::init`] finds out.
    pub fn over(objects: Arc<dyn ObjectStore>, name: &str) -> Self {
        Self { objects, local: None, name: name.to_owned() }
    }

    fn folder(folder: PathBuf) -> Result<Self> {
        let name = folder.display().to_string();
        let unusable = || format!("store: cannot use the folder {name}");
        let root = std::fs::create_dir_all(&folder)
            .and_then(|()| folder.canonicalize())
            .context(ErrorKind::Store, unusable())?;
        let objects = LocalFileSystem::new_with_prefix(&root).context(ErrorKind::Store, unusable())?;
        Ok(Self { objects: Arc::new(objects), local: Some(root), name })
    }

    /// The scheme of [`Store::url`].
    pub const SCHEME: &str = "seatledger";

    /// Where [`Store::object_store`] is registered in DataFusion; a file of the store is `url().join(path)`.
    pub fn url(&self) -> Result<Url> {
        Url::parse(&format!("{}://store/", Self::SCHEME)).context(ErrorKind::Internal, "the store's own URL")
    }

    /// The URL under which other machines open this store, where the same folder is there, or the same bucket.
    ///
    /// # Errors
    /// Usage when nobody else can.
    pub fn location(&self) -> Result<Url> {
        let url = match &self.local {
            Some(folder) => Url::from_directory_path(folder).ok(),
            None => Url::parse(&self.name).ok(),
        };
        url.ok_or_else(|| Error::usage(format!("no other machine can open the store {}", self.name)))
    }

    /// The objects, rooted at the store.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// The folder, when the store is one.
    pub fn local(&self) -> Option<&std::path::Path> {
        self.local.as_deref()
    }

    /// The folder or URL as it was given, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes sure the store is initialised, and clears what dead writers left on a local disk. The first time, it
    /// proves that the store refuses to create a key twice: every commit rests on that. `buckets` counts the first time
    /// only.
    ///
    /// # Errors
    /// Store when it cannot be written, or overwrites where it must refuse.
    pub async fn init(&self, clock: Clock, buckets: u32) -> Result<()> {
        self.sweep(clock).await?;
        let path = Key::Store.path()?;
        match self.fetch(&path).await {
            Err(StoreError::NotFound { .. }) => {}
            _ => return self.check().await,
        }
        let run_id = RunId::new(clock);
        self.prove(&run_id).await?;
        let identity = Identity {
            format: STORE_FORMAT.to_owned(),
            store_id: run_id.to_string(),
            buckets,
            bucket_hash: "fnv1a_64".to_owned(),
            put_if_absent: "held".to_owned(),
        };
        // Whoever loses this race checks what the winner wrote.
        match self.create(&path, &record::canonical(&identity)?.into()).await {
            Ok(()) => Ok(()),
            Err(cause) => self.check().await.map_err(|e| e.because(cause)),
        }
    }

    /// Proves anew what [`Store::init`] proved: that it can be written, and refuses to create a key twice. The key is
    /// taken away again.
    ///
    /// # Errors
    /// As [`Store::init`].
    pub async fn probe(&self, clock: Clock) -> Result<()> {
        self.prove(&RunId::new(clock)).await
    }

    /// How many buckets accounts are spread over; fixed when the store was made.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub async fn buckets(&self) -> Result<u32> {
        Ok(self.identity().await?.buckets.max(1))
    }

    /// Makes sure the store was initialised, by a release this one understands.
    ///
    /// # Errors
    /// Store when it was not, or cannot be read.
    pub async fn check(&self) -> Result<()> {
        self.identity().await.map(|_| ())
    }

    /// The name `init` gave the store; nobody else has it.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub async fn id(&self) -> Result<String> {
        Ok(self.identity().await?.store_id)
    }

    async fn identity(&self) -> Result<Identity> {
        let bytes = match self.fetch(&Key::Store.path()?).await {
            Ok(bytes) => bytes,
            Err(StoreError::NotFound { .. }) => {
                return Err(Error::store(format!(
                    "{} holds no store yet: `seatledger run` makes it; if it should be there, check `store` in \
                     seatledger.toml",
                    self.name
                )));
            }
            Err(cause) => return Err(Error::store(format!("cannot read store.json of {}", self.name)).because(cause)),
        };
        let identity: Identity = serde_json::from_slice(&bytes)
            .context(ErrorKind::Store, format!("store.json of {} is unreadable", self.name))?;
        if identity.format == STORE_FORMAT {
            return Ok(identity);
        }
        Err(Error::store(format!(
            "{} has format `{}`, this release reads `{STORE_FORMAT}`",
            self.name, identity.format
        )))
    }

    /// Writes rows as one Parquet file under a name that nobody else can use; `key` names it from the first 16 hex
    /// digits of its SHA-256. The file is invisible until a record names it.
    ///
    /// # Errors
    /// Internal when the rows do not fit the schema, Store when the file is not there afterwards.
    pub async fn put_parquet(
        &self,
        key: impl FnOnce(&str) -> Key,
        schema: &SchemaRef,
        batches: &[RecordBatch],
    ) -> Result<FileEntry> {
        let rows = batches.iter().map(|b| b.num_rows() as u64).sum();
        self.put_encoded(key, parquet::encode(schema, batches)?, rows).await
    }

    /// As [`Store::put_parquet`], of a file that is encoded already.
    ///
    /// # Errors
    /// Store when the file is not there afterwards.
    pub async fn put_encoded(&self, key: impl FnOnce(&str) -> Key, bytes: Bytes, rows: u64) -> Result<FileEntry> {
        let sha256 = sha256_hex(&bytes);
        let path = key(&sha256[..16]).path()?;
        self.put(&path, &bytes).await.context(ErrorKind::Store, format!("cannot write {path}"))?;
        Ok(FileEntry { path: path.into(), sha256, bytes: bytes.len() as u64, rows, min_at: None, max_at: None })
    }

    /// Writes a file under a name that nobody else can use; it is invisible until a record names it or its folder.
    ///
    /// # Errors
    /// Store when the file is not there afterwards.
    pub async fn put_file(&self, key: &Key, bytes: &Bytes) -> Result<()> {
        let path = key.path()?;
        self.put(&path, bytes).await.context(ErrorKind::Store, format!("cannot write {path}"))
    }

    /// Says something under a key that only the first may say; gives what the first said.
    ///
    /// # Errors
    /// Store when it can be neither written nor read.
    pub async fn claim(&self, key: &Key, bytes: &Bytes) -> Result<Bytes> {
        let path = key.path()?;
        let Err(cause) = self.create(&path, bytes).await else { return Ok(bytes.clone()) };
        // Whatever went wrong, somebody may have been first; perhaps it was this very claim.
        match self.find(key).await? {
            Some(first) => Ok(first),
            None => Err(Error::store(format!("cannot write {path} of {}", self.name)).because(cause)),
        }
    }

    /// What each decision that was claimed says, whether or not the log has it; by the name of its claim.
    ///
    /// # Errors
    /// Store when one cannot be listed or read.
    pub async fn decisions(&self, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Bytes>> {
        self.claims(key::DECISIONS, is_wanted).await
    }

    /// The answers that came by a link, whether or not the log has them; by the hash of its token.
    ///
    /// # Errors
    /// As [`Store::decisions`].
    pub async fn link_answers(&self, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Bytes>> {
        self.claims(key::LINK_ANSWERS, is_wanted).await
    }

    async fn claims(&self, folder: &str, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Bytes>> {
        let listed: Vec<_> = self
            .objects
            .list(Some(&Path::from(folder)))
            .try_collect()
            .await
            .context(ErrorKind::Store, format!("cannot list {folder}"))?;
        let mut paths: Vec<&Path> = listed.iter().map(|object| &object.location).collect();
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            if path.filename().and_then(|name| name.strip_suffix(".json")).is_some_and(&is_wanted) {
                found.push(self.get(path.as_ref()).await?);
            }
        }
        Ok(found)
    }

    /// The bytes of a file that may not be there.
    ///
    /// # Errors
    /// Store when it cannot be read.
    pub async fn find(&self, key: &Key) -> Result<Option<Bytes>> {
        let path = key.path()?;
        match self.fetch(&path).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(cause) => Err(Error::store(format!("cannot read {path} of {}", self.name)).because(cause)),
        }
    }

    /// Deletes a file that no record needs any more; that it is gone already is no error.
    ///
    /// # Errors
    /// Store when the store refuses, as a bucket under object lock does.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let failed = || format!("cannot delete {path} of {}", self.name);
        let parsed = Path::parse(path).context(ErrorKind::Store, failed())?;
        match self.objects.delete(&parsed).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(cause) => Err(Error::store(failed()).because(cause)),
        }
    }

    /// The bytes of one file.
    ///
    /// # Errors
    /// Store when it cannot be read.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        let unreadable = || format!("cannot read {path} of {}", self.name);
        let parsed = Path::parse(path).context(ErrorKind::Store, unreadable())?;
        self.fetch(&parsed).await.context(ErrorKind::Store, unreadable())
    }

    /// The bytes of a file, which must be those its record names.
    ///
    /// # Errors
    /// Store when it cannot be read, Evidence when it is another file than was committed.
    pub async fn read(&self, file: &FileEntry) -> Result<Bytes> {
        let bytes = self.get(&file.path).await?;
        if sha256_hex(&bytes) == file.sha256 {
            return Ok(bytes);
        }
        let message = "its SHA-256 is not the one in its record: restore it from a backup of the store";
        Err(Error::new(ErrorKind::Evidence, message).at(file.path.clone()))
    }

    async fn fetch(&self, path: &Path) -> object_store::Result<Bytes> {
        self.objects.get(path).await?.bytes().await
    }

    /// Writes a new file whose name holds its hash, and reads back its length.
    async fn put(&self, path: &Path, bytes: &Bytes) -> object_store::Result<()> {
        if self.local.is_some() {
            match self.create(path, bytes).await {
                // The name holds the hash: what is there is what was to be written.
                Err(StoreError::AlreadyExists { .. }) | Ok(()) => {}
                Err(e) => return Err(e),
            }
        } else if bytes.len() > MULTIPART_BYTES {
            let mut parts = WriteMultipart::new(self.objects.put_multipart(path).await?);
            parts.put(bytes.clone());
            parts.finish().await?;
        } else {
            self.objects.put(path, bytes.clone().into()).await?;
        }
        let (stored, written) = (self.objects.head(path).await?.size, bytes.len() as u64);
        if stored == written {
            return Ok(());
        }
        Err(failed(format!("{stored} of {written} bytes are there")))
    }

    /// Put-if-absent, the one primitive.
    async fn create(&self, path: &Path, bytes: &Bytes) -> object_store::Result<()> {
        let Some(root) = self.local.clone() else {
            return self.objects.put_opts(path, bytes.clone().into(), PutMode::Create.into()).await.map(|_| ());
        };
        let (target, bytes) = (root.join(path.as_ref()), bytes.clone());
        let created = tokio::task::spawn_blocking(move || local::create(&root, &target, &bytes));
        match created.await? {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(StoreError::AlreadyExists { path: path.to_string(), source: e.into() })
            }
            created => created.map_err(failed),
        }
    }

    /// Creates one key twice; the second time must be refused.
    async fn prove(&self, run_id: &RunId) -> Result<()> {
        let path = Key::Probe { run_id: run_id.clone() }.path()?;
        let first = self.create(&path, &Bytes::from_static(b"1")).await;
        first.context(ErrorKind::Store, format!("{} cannot be written", self.name))?;
        let second = self.create(&path, &Bytes::from_static(b"2")).await;
        // Left behind, it does no harm.
        let _ = self.objects.delete(&path).await;
        match second {
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(()),
            Err(e) => {
                Err(Error::store(format!("{} answers a second create with an unknown error", self.name)).because(e))
            }
            Ok(()) => Err(Error::store(format!(
                "{} overwrites where it must refuse: two runs could lose each other's commits; use a store that honours \
                 conditional puts (If-None-Match)",
                self.name
            ))),
        }
    }

    /// Removes the half-written files of dead writers, on a local disk.
    async fn sweep(&self, clock: Clock) -> Result<()> {
        let Some(root) = self.local.clone() else { return Ok(()) };
        let swept = tokio::task::spawn_blocking(move || local::sweep(&root, clock.now().into())).await;
        let unswept = || format!("cannot look through {}", self.name);
        swept.context(ErrorKind::Internal, unswept())?.context(ErrorKind::Store, unswept()).map(|_| ())
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Generic { store: "seatledger", source: source.into() }
}

#[cfg(test)]
mod tests;
