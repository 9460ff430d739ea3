//! A server that says what a test tells it to, and loses what a test wants lost. One request a connection, so that every
//! fault hits exactly one request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What came in.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The segments of the path.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }
}

/// What goes out.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self { status, headers: Vec::new(), body: value.to_string().into_bytes() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nothing is done: 503.
    Busy,
    /// Nothing is done: 429, come back at once.
    Limited,
    /// Nothing is done, and the connection ends.
    Dropped,
    /// It is done, and the connection ends before the answer.
    Lost,
    /// It is done, and the answer breaks off.
    Torn,
    /// It is done, and the answer comes when nobody waits any more.
    Slow,
    /// It is done when nobody waits any more.
    Late,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;
type Faults = dyn Fn(&Request) -> Fault + Send + Sync;

/// A server on this machine; it ends with the test.
pub struct Stub {
    pub url: Url,
    /// Each request as it came, faulty ones too.
    pub log: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    /// How long `Slow` and `Late` take: longer than any client of a test waits.
    pub const SLOW: Duration = Duration::from_millis(150);

    pub async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::faulty(handler, |_| Fault::None).await
    }

    pub async fn faulty(
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        faults: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (handler, faults): (Arc<Handler>, Arc<Faults>) = (Arc::new(handler), Arc::new(faults));
        let keep = log.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, faults, keep) = (handler.clone(), faults.clone(), keep.clone());
                tokio::spawn(async move {
                    let mut stream = stream;
                    if let Some(request) = read(&mut stream).await {
                        keep.lock().unwrap().push(request.clone());
                        answer(stream, &request, &*handler, faults(&request)).await;
                    }
                });
            }
        });
        Self { url, log, task }
    }

    pub fn count(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

async fn answer(mut stream: TcpStream, request: &Request, handler: &Handler, fault: Fault) {
    let reply = match fault {
        Fault::Dropped => return,
        Fault::Busy => Reply::new(503),
        Fault::Limited => Reply::new(429).with("Retry-After", "0"),
        Fault::Late => {
            tokio::time::sleep(Stub::SLOW).await;
            handler(request)
        }
        _ => handler(request),
    };
    if fault == Fault::Lost {
        return;
    }
    if fault == Fault::Slow {
        tokio::time::sleep(Stub::SLOW).await;
    }
    let mut head =
        format!("HTTP/1.1 {} x\r\nConnection: close\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&reply.body);
    if fault == Fault::Torn {
        bytes.truncate(bytes.len() - 1);
    }
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let url = Url::parse(&format!("http://stub{target}")).ok()?;
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    Some(Request { method, path: url.path().to_owned(), query, headers, body })
}
