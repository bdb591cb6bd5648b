//! Exports that tell how far they are. The browser saves the file as it comes; the page that began it asks how many
//! lines have gone by, by a name that its link carries. Without JavaScript there is the file alone.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use askama::Template;
use askama::filters::HtmlSafe;
use axum::body::{Body, HttpBody};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use facteur_domain::UserId;
use facteur_gateway::{Chance, mint_token, token_hash};
use hyper::body::{Frame, SizeHint};

use super::{Access, Fields, Pages, ROOT, Trouble, Viewer, render};
use crate::api::export::Form;
use crate::app::App;

/// Exports that are remembered; the oldest makes room.
const KEPT: usize = 100;
/// How often a page asks for an export that has not begun.
const ASKED_MAX: u32 = 20;
/// The field of an export's address that names it.
const NAME: &str = "export";

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("/exports/{id}", Access::SignedIn, get(show));
}

/// The exports of this process.
#[derive(Debug, Default)]
pub(crate) struct Exports(Mutex<VecDeque<Arc<Export>>>);

/// An export.
#[derive(Debug)]
struct Export {
    id: String,
    /// Whose it is.
    user: UserId,
    /// Lines that went by, the heading among them.
    lines: AtomicU64,
    ended: AtomicBool,
    /// It came to its end, and did not break off.
    whole: AtomicBool,
}

impl Exports {
    fn find(&self, user: UserId, id: &str) -> Option<Arc<Export>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|export| export.id == id && export.user == user).cloned()
    }

    fn add(&self, export: Arc<Export>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| other.id != export.id || other.user != export.user);
        while kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(export);
    }
}

/// The link to an export, and the place where it tells how far it is.
#[derive(Template, Clone, Debug)]
#[template(path = "parts/export_link.html")]
pub(super) struct ExportLink {
    url: String,
    words: String,
    watch: String,
}

impl HtmlSafe for ExportLink {}

impl ExportLink {
    /// `url` ends with `?` or `&`.
    pub(super) fn new(words: String, url: &str) -> Self {
        let id = mint_token(Chance).token.into_inner();
        Self { url: format!("{url}{NAME}={id}"), watch: format!("{ROOT}/exports/{id}"), words }
    }
}

/// A CSV file as it is written, called `name` when it is saved.
pub(super) fn answer(
    app: &App,
    viewer: &Viewer,
    fields: &Fields,
    name: &'static str,
    body: Body,
) -> Response {
    let id = fields.get(NAME);
    if token_hash(id).is_none() {
        return Form::Csv.answer(name, body);
    }
    let export = Arc::new(Export {
        id: id.to_owned(),
        user: viewer.user.id,
        lines: AtomicU64::new(0),
        ended: AtomicBool::new(false),
        whole: AtomicBool::new(false),
    });
    app.exports.add(export.clone());
    Form::Csv.answer(name, Body::new(Counted { body, export, quoted: false }))
}

/// A body whose lines are counted as they go by.
struct Counted {
    body: Body,
    export: Arc<Export>,
    /// Within quotes a line break is part of a value.
    quoted: bool,
}

impl Counted {
    fn count(&mut self, octets: &[u8]) {
        let mut lines = 0;
        for octet in octets {
            match octet {
                b'"' => self.quoted = !self.quoted,
                b'\n' if !self.quoted => lines += 1,
                _ => {}
            }
        }
        self.export.lines.fetch_add(lines, Ordering::Relaxed);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.export.ended.store(true, Ordering::Release);
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(octets) = frame.data_ref() {
                    let octets = octets.clone();
                    self.count(&octets);
                }
            }
            Poll::Ready(None) => self.export.whole.store(true, Ordering::Release),
            _ => {}
        }
        polled
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Template)]
#[template(path = "parts/export.html")]
struct Progress {
    /// Where the rest is asked for; empty at the end.
    next: String,
    /// How far it is, in words.
    said: String,
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let asked = fields.get("asked").parse::<u32>().unwrap_or(0);
    let next = |asked: u32| format!("{ROOT}/exports/{}?asked={asked}", super::form::escaped(&id));
    let (key, lines, next) = match app.exports.find(viewer.user.id, &id) {
        None if asked >= ASKED_MAX => return Err(Trouble::NotFound),
        None => ("common-export-begins", 0, next(asked + 1)),
        Some(export) => {
            let ended = export.ended.load(Ordering::Acquire);
            let lines = export.lines.load(Ordering::Relaxed).saturating_sub(1);
            match (ended, export.whole.load(Ordering::Acquire)) {
                (false, _) => ("common-export-lines", lines, next(0)),
                (true, true) => ("common-export-whole", lines, String::new()),
                (true, false) => ("common-export-broken", lines, String::new()),
            }
        }
    };
    let page = viewer.page("common-export");
    let said = if key == "common-export-begins" { page.t(key) } else { page.t1(key, "count", lines) };
    render(&Progress { next, said })
}
