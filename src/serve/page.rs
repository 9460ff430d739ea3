//! The page: what it shows, where it listens.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use rust_embed::RustEmbed;
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;

use super::guard::{Forms, cookie, guard};
use super::{Doors, Question, answer};
use crate::base::error::Context;
use crate::base::{Clock, Error, ErrorKind, Result, text};
use crate::config::Answers;

/// Bytes that a form may have.
const MOST_BYTES: usize = 8 << 10;

/// Templates, style and script: read from disk in development, embedded in a release.
#[derive(RustEmbed)]
#[folder = "reports/answers"]
struct Files;

/// What every request finds.
#[derive(Clone)]
pub(super) struct Shared(Arc<Inner>);

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

pub(super) struct Inner {
    pub(super) doors: Doors,
    pub(super) clock: Clock,
    pub(super) origin: String,
    /// What browsers may call it.
    pub(super) hosts: Vec<String>,
    /// The content policy: our one script and our one style, forms to ourselves, nothing else.
    pub(super) policy: String,
    pub(super) forms: Forms,
    script: String,
    style: String,
}

/// The page, ready to be served.
#[derive(Clone)]
pub struct Page(Shared);

impl Page {
    /// The page of a project.
    ///
    /// # Errors
    /// Config when its origin is none; Internal when a template is missing or the system gives no random numbers.
    pub fn new(options: &Answers, doors: Doors, clock: Clock) -> Result<Self> {
        let origin = Url::parse(&options.origin).context(ErrorKind::Config, "the origin of the page of answers")?;
        let host = origin.host_str().ok_or_else(|| Error::config("the page of answers has no host"))?;
        let named = origin.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let (script, style) = (file("page.js")?, file("style.css")?);
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
            hash(&script),
            hash(&style)
        );
        let inner = Inner {
            doors,
            clock,
            origin: options.origin.clone(),
            hosts: vec![named, options.bind.to_string()],
            policy,
            forms: Forms::new()?,
            script,
            style,
        };
        Ok(Self(Shared(Arc::new(inner))))
    }
}

/// The routes of the page: one that shows it, one that shows the question of a token, one that takes the answer.
pub fn router(page: &Page) -> Router {
    let shared = page.0.clone();
    Router::new()
        .route("/", get(open))
        .route("/question", post(answer::question))
        .route("/answer", post(answer::answer))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

/// Serves the page until the process ends. What is asked and answered is not logged: the decision log tells.
///
/// # Errors
/// Config when the address cannot be listened on.
pub async fn listen(page: &Page, bind: SocketAddr) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(bind).await;
    let listener = listener.context(ErrorKind::Config, format!("{bind}: cannot be listened on"))?;
    axum::serve(listener, router(page)).await.context(ErrorKind::Internal, "the page of answers")
}

/// The page as any link opens it: a form, and no question. Nothing is looked up, so nothing can be told or used up.
async fn open(State(shared): State<Shared>) -> Response {
    shared.show(StatusCode::OK, "open.html", context! {})
}

/// A question as its template sees it.
#[derive(Serialize)]
struct Shown<'q> {
    app: String,
    tier: String,
    proposal: String,
    last_use: String,
    holder: Option<String>,
    due_on: String,
    choices: Vec<&'static str>,
    reasons: Vec<(&'q str, String)>,
}

impl Inner {
    /// A page with one sentence.
    pub(super) fn say(&self, status: StatusCode, sentence: &str) -> Response {
        self.show(status, "said.html", context! { sentence })
    }

    /// The page of a question; `token` stays in it, and goes back with the answer.
    pub(super) fn ask(
        &self,
        status: StatusCode,
        question: &Question,
        token: &str,
        complaint: Option<&str>,
    ) -> Response {
        let line = |words: &str| text::display(&words.replace(['\n', '\r', '\t'], " "));
        let shown = Shown {
            app: line(&question.app),
            tier: line(&question.tier),
            proposal: line(&question.proposal),
            last_use: line(&question.last_use),
            holder: question.holder.as_deref().map(line),
            due_on: question.binding.due_on.to_string(),
            choices: question.binding.choices.iter().map(|choice| choice.as_str()).collect(),
            reasons: question.reasons.iter().map(|(code, meaning)| (code.as_str(), line(meaning))).collect(),
        };
        let is_deniable = shown.choices.contains(&"deny");
        self.show(status, "question.html", context! { q => Value::from(Serde(shown)), token, complaint, is_deniable })
    }

    fn show(&self, status: StatusCode, name: &str, more: Value) -> Response {
        let page = self.forms.pair().and_then(|(seed, form)| Ok((seed, self.render(name, &form, more)?)));
        // What is wrong inside is nobody's outside.
        let Ok((seed, page)) = page else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let mut response = (status, Html(page)).into_response();
        if let Some(cookie) = cookie(&seed, self.origin.starts_with("https:")) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response
    }

    fn render(&self, name: &str, form: &str, more: Value) -> Result<String> {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        let (frame, source) = (file("frame.html")?, file(name)?);
        templates.add_template("frame.html", &frame).context(ErrorKind::Internal, "the frame of the page")?;
        let context = context! { form, script => &self.script, style => &self.style, ..more };
        templates.render_named_str(name, &source, context).context(ErrorKind::Internal, "the page of answers")
    }
}

fn file(name: &str) -> Result<String> {
    let file = Files::get(name).ok_or_else(|| Error::internal(format!("no template answers/{name}")))?;
    Ok(String::from_utf8_lossy(&file.data).into_owned())
}
