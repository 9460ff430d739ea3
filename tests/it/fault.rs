//! A store that misbehaves on demand: it fails, forgets to answer, dies, dawdles, cuts, flips or lags.
#![allow(dead_code, reason = "a test takes the faults it needs")]

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// One operation asked of the store.
#[derive(Debug, Clone)]
pub struct Op {
    /// Its number, from 1, in the order in which they came.
    pub number: usize,
    /// `create`, `put`, `parts`, `get`, `head`, `list`, `delete` or `copy`.
    pub name: &'static str,
    /// On what; of a listing the prefix.
    pub path: String,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.number, self.name, self.path)
    }
}

/// What a client is told when something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// No answer, or 503.
    Unavailable,
    /// 409.
    Exists,
    /// 412.
    Precondition,
    /// 403.
    Denied,
}

impl Answer {
    fn error(self, op: &Op) -> Error {
        let (path, source) = (op.path.clone(), format!("fault injected at {op}").into());
        match self {
            Self::Unavailable => Error::Generic { store: "fault", source },
            Self::Exists => Error::AlreadyExists { path, source },
            Self::Precondition => Error::Precondition { path, source },
            Self::Denied => Error::PermissionDenied { path, source },
        }
    }
}

/// What goes wrong with one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the client hears of an error.
    Fails(Answer),
    /// It happens, and the client hears of an error all the same.
    HappensThenFails(Answer),
    /// Nothing happens; this and every later operation fails: the client is as good as dead.
    DiesBefore,
    /// It happens; its answer and every later operation fail.
    DiesAfter,
    /// It happens later.
    Late(Duration),
    /// A read lacks its last byte.
    ShortRead,
    /// A read has one bit of this byte (modulo the length) the other way round.
    FlippedBit(usize),
    /// A listing lacks its last object.
    ListLags,
}

type Script = Box<dyn FnMut(&Op) -> Option<Fault> + Send>;

/// A store over another one, which does what its script says.
pub struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    script: Mutex<Script>,
    count: AtomicUsize,
    log: Mutex<Vec<Op>>,
    is_dead: AtomicBool,
    overwrites: bool,
}

impl FaultStore {
    /// The faults of a script, asked before each operation.
    pub fn new(inner: Arc<dyn ObjectStore>, script: impl FnMut(&Op) -> Option<Fault> + Send + 'static) -> Self {
        Self {
            inner,
            script: Mutex::new(Box::new(script)),
            count: AtomicUsize::new(0),
            log: Mutex::default(),
            is_dead: AtomicBool::new(false),
            overwrites: false,
        }
    }

    /// No faults: it only counts.
    pub fn sound(inner: Arc<dyn ObjectStore>) -> Self {
        Self::new(inner, |_| None)
    }

    /// One fault, at one operation.
    pub fn at(inner: Arc<dyn ObjectStore>, number: usize, fault: Fault) -> Self {
        Self::new(inner, move |op| (op.number == number).then_some(fault))
    }

    /// One fault, the first time that an operation of this name touches a path with this beginning.
    pub fn once(inner: Arc<dyn ObjectStore>, name: &'static str, prefix: &'static str, fault: Fault) -> Self {
        Self::nth(inner, 1, name, prefix, fault)
    }

    /// One fault, the n-th time that an operation of this name touches a path with this beginning.
    pub fn nth(inner: Arc<dyn ObjectStore>, n: usize, name: &'static str, prefix: &'static str, fault: Fault) -> Self {
        let mut seen = 0;
        Self::new(inner, move |op| {
            let is_meant = op.name == name && op.path.starts_with(prefix);
            seen += usize::from(is_meant);
            (is_meant && seen == n).then_some(fault)
        })
    }

    /// Faults of every passing kind at a share of the operations, in thousandths. The same seed draws the same numbers.
    pub fn seeded(inner: Arc<dyn ObjectStore>, seed: u64, thousandths: u64) -> Self {
        let draw = Draw::new(seed);
        Self::new(inner, move |_| {
            let is_faulty = draw.below(1000) < thousandths;
            let fault = match draw.below(8) {
                0 | 1 => Fault::Fails(Answer::Unavailable),
                2 | 3 => Fault::HappensThenFails(Answer::Unavailable),
                4 => Fault::HappensThenFails(Answer::Precondition),
                5 => Fault::DiesBefore,
                6 => Fault::DiesAfter,
                _ => Fault::Late(Duration::from_millis(draw.below(5))),
            };
            is_faulty.then_some(fault)
        })
    }

    /// The same as a store without put-if-absent: what is there is overwritten.
    #[must_use]
    pub fn overwriting(self) -> Self {
        Self { overwrites: true, ..self }
    }

    /// The operations so far.
    pub fn log(&self) -> Vec<Op> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many operations there were so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn begin(&self, name: &'static str, path: String) -> (Op, Option<Fault>) {
        let op = Op { number: self.count.fetch_add(1, Ordering::SeqCst) + 1, name, path };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(op.clone());
        let fault = if self.is_dead.load(Ordering::SeqCst) {
            Some(Fault::DiesBefore)
        } else {
            self.script.lock().unwrap_or_else(PoisonError::into_inner)(&op)
        };
        if matches!(fault, Some(Fault::DiesBefore | Fault::DiesAfter)) {
            self.is_dead.store(true, Ordering::SeqCst);
        }
        (op, fault)
    }

    /// Does something under the fault that is due.
    async fn act<T>(&self, name: &'static str, path: String, act: impl Future<Output = Result<T>>) -> Result<T> {
        let (op, fault) = self.begin(name, path);
        match fault {
            Some(Fault::Fails(answer)) => return Err(answer.error(&op)),
            Some(Fault::DiesBefore) => return Err(Answer::Unavailable.error(&op)),
            Some(Fault::Late(wait)) => tokio::time::sleep(wait).await,
            _ => {}
        }
        let done = act.await?;
        match fault {
            Some(Fault::HappensThenFails(answer)) => Err(answer.error(&op)),
            Some(Fault::DiesAfter) => Err(Answer::Unavailable.error(&op)),
            _ => Ok(done),
        }
    }
}

impl fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({:?})", self.inner)
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(&self, at: &Path, data: PutPayload, mut opts: PutOptions) -> Result<PutResult> {
        let name = if opts.mode == PutMode::Create { "create" } else { "put" };
        if self.overwrites {
            opts.mode = PutMode::Overwrite;
        }
        self.act(name, at.to_string(), self.inner.put_opts(at, data, opts)).await
    }

    async fn put_multipart_opts(&self, at: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.act("parts", at.to_string(), self.inner.put_multipart_opts(at, opts)).await
    }

    async fn get_opts(&self, at: &Path, opts: GetOptions) -> Result<GetResult> {
        let name = if opts.head { "head" } else { "get" };
        let (op, fault) = self.begin(name, at.to_string());
        match fault {
            Some(Fault::Fails(answer) | Fault::HappensThenFails(answer)) => return Err(answer.error(&op)),
            Some(Fault::DiesBefore | Fault::DiesAfter) => return Err(Answer::Unavailable.error(&op)),
            Some(Fault::Late(wait)) => tokio::time::sleep(wait).await,
            _ => {}
        }
        let got = self.inner.get_opts(at, opts).await?;
        if !matches!(fault, Some(Fault::ShortRead | Fault::FlippedBit(_))) {
            return Ok(got);
        }
        let (meta, range, attributes) = (got.meta.clone(), got.range.clone(), got.attributes.clone());
        let mut bytes = got.bytes().await?.to_vec();
        match fault {
            Some(Fault::FlippedBit(place)) if !bytes.is_empty() => {
                let place = place % bytes.len();
                bytes[place] ^= 1;
            }
            _ => drop(bytes.pop()),
        }
        let payload = GetResultPayload::Stream(stream::once(async { Ok(Bytes::from(bytes)) }).boxed());
        Ok(GetResult { payload, meta, range, attributes })
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // Asked for one by one, so that each deletion is an operation of its own.
        let (op, fault) = self.begin("delete", String::new());
        match fault {
            Some(Fault::Fails(answer)) => stream::once(async move { Err(answer.error(&op)) }).boxed(),
            Some(Fault::DiesBefore) => stream::once(async move { Err(Answer::Unavailable.error(&op)) }).boxed(),
            Some(Fault::HappensThenFails(_) | Fault::DiesAfter) => {
                let done = self.inner.delete_stream(paths).try_collect::<Vec<_>>();
                let lost = async move { done.await.and_then(|_| Err(Answer::Unavailable.error(&op))) };
                stream::once(lost).boxed()
            }
            _ => self.inner.delete_stream(paths),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (op, fault) = self.begin("list", prefix.map_or(String::new(), Path::to_string));
        match fault {
            Some(Fault::Fails(answer) | Fault::HappensThenFails(answer)) => {
                stream::once(async move { Err(answer.error(&op)) }).boxed()
            }
            Some(Fault::DiesBefore | Fault::DiesAfter) => {
                stream::once(async move { Err(Answer::Unavailable.error(&op)) }).boxed()
            }
            Some(Fault::ListLags) => {
                let listed = self.inner.list(prefix).try_collect::<Vec<_>>();
                let cut = async move {
                    let mut listed = listed.await?;
                    listed.sort_by(|a, b| a.location.cmp(&b.location));
                    listed.pop();
                    Ok::<_, Error>(stream::iter(listed.into_iter().map(Ok)))
                };
                stream::once(cut).try_flatten().boxed()
            }
            _ => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map_or(String::new(), Path::to_string);
        self.act("list", path, self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, opts: CopyOptions) -> Result<()> {
        self.act("copy", to.to_string(), self.inner.copy_opts(from, to, opts)).await
    }
}

/// Numbers by chance, the same ones for the same seed.
#[derive(Debug)]
pub struct Draw(AtomicU64);

impl Draw {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A number from 0 to below `limit` (splitmix64).
    pub fn below(&self, limit: u64) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}
