//! What changes, told to the browser while it looks: server-sent events that say which parts of a page to ask
//! for again. Lossy on purpose; a page that hears nothing is as old as when it was loaded, and no worse.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use facteur_domain::SessionId;
use facteur_gateway::{Clock, Glimpse, NewsFeed};
use hyper::body::Frame;
use tokio_util::sync::CancellationToken;

use super::{Member, Pages, Permission};
use crate::app::App;

/// Streams open at once, over all workspaces: beyond, a browser is told to come back.
const STREAMS_MAX: usize = 500;
/// Something is written at least so often, so that proxies and dead links are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after this time and its browser asks again: a session that was ended meanwhile ends it then.
const LIFETIME: Duration = Duration::from_secs(300);
/// How long a browser waits before it asks again, in milliseconds.
const RETRY_MILLIS: u32 = 3_000;

/// Streams of one session at once. A browser keeps one for each page that is seen: whoever needs more has
/// forgotten some, and must not take the others' places.
const STREAMS_OF_SESSION_MAX: usize = 8;

static OPEN: LazyLock<Mutex<HashMap<SessionId, usize>>> = LazyLock::new(Mutex::default);

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/events", Permission::See, get(events));
}

/// A stream's place among those that may be open.
struct Seat(SessionId);

impl Seat {
    fn take(session: SessionId) -> Option<Self> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.get(&session).copied().unwrap_or(0);
        if all >= STREAMS_MAX || own >= STREAMS_OF_SESSION_MAX {
            return None;
        }
        open.insert(session, own + 1);
        Some(Self(session))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.0) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.0);
            }
        }
    }
}

async fn events(State(app): State<App>, member: Member) -> Response {
    let Some(seat) = Seat::take(member.session.id) else {
        let later = [(header::RETRY_AFTER, HeaderValue::from_static("30"))];
        return (StatusCode::SERVICE_UNAVAILABLE, later).into_response();
    };
    let clock = app.gateway.clock().clone();
    let source = Arc::new(tokio::sync::Mutex::new(Source {
        feed: app.gateway.news(member.workspace()),
        ends: clock.instant() + LIFETIME,
        stop: app.stop.clone(),
        clock,
        _seat: seat,
    }));
    let first = format!("retry: {RETRY_MILLIS}\n\n").into_bytes().into();
    let body = Body::new(Stream { first: Some(first), reading: None, source });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would keep events until it has a buffer full of them.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

/// Where a stream comes from.
struct Source {
    feed: NewsFeed,
    ends: std::time::Instant,
    stop: CancellationToken,
    clock: Clock,
    _seat: Seat,
}

impl Source {
    /// The next event or heartbeat; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        let beat = (self.clock.instant() + HEARTBEAT).min(self.ends);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            glimpse = self.feed.next() => glimpse.map(|glimpse| event(&glimpse)),
            () = self.clock.until(beat) => (beat < self.ends).then(|| Bytes::from_static(b": \n\n")),
        }
    }
}

fn event(glimpse: &Glimpse) -> Bytes {
    let messages: Vec<String> = glimpse.messages.iter().map(ToString::to_string).collect();
    let data = serde_json::json!({ "messages": messages, "more": glimpse.more, "phones": glimpse.phones });
    format!("event: changed\ndata: {data}\n\n").into_bytes().into()
}

type Reading = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

struct Stream {
    first: Option<Bytes>,
    reading: Option<Reading>,
    source: Arc<tokio::sync::Mutex<Source>>,
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let source = self.source.clone();
        let reading =
            self.reading.get_or_insert_with(|| Box::pin(async move { source.lock().await.next().await }));
        let Poll::Ready(read) = reading.as_mut().poll(context) else { return Poll::Pending };
        self.reading = None;
        Poll::Ready(read.map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use facteur_domain::{MessageId, SessionId};

    use super::*;

    #[test]
    fn a_session_has_so_many_streams_and_leaves_the_others_theirs() {
        let (one, other) = (SessionId::from_key(1), SessionId::from_key(2));
        let mut seats: Vec<Seat> = std::iter::from_fn(|| Seat::take(one)).collect();
        assert_eq!(seats.len(), STREAMS_OF_SESSION_MAX);
        assert!(Seat::take(other).is_some(), "two hundred tabs of one person are that person's trouble");
        seats.pop();
        assert!(Seat::take(one).is_some(), "a place that is left can be taken");
    }

    #[test]
    fn an_event_names_what_changed() {
        let messages = vec![MessageId::from_key(16)];
        let glimpse = Glimpse { messages, more: false, phones: true };
        assert_eq!(
            event(&glimpse),
            "event: changed\ndata: {\"messages\":[\"msg_000000000000G\"],\"more\":false,\"phones\":true}\n\n"
        );
    }
}
