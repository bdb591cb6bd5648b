//! Sends spans to a collector: OTLP over HTTP in its JSON form, which every collector takes. Best effort:
//! what cannot be sent is dropped, and messages never wait for it.

use std::time::Duration;

use facteur_gateway::{Chance, Clock, Span};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::task::TaskTracker;

use crate::failure::Failure;

/// Spans that may wait for the collector; more are dropped.
const WAITING_MAX: usize = 8_192;
/// Spans of one request at most.
const BATCH: usize = 512;
/// How long a span may wait for others to go with it.
const GATHER: Duration = Duration::from_secs(1);
/// How long the collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end waits for the last spans.
const FLUSH: Duration = Duration::from_secs(2);
/// SpanKind: an internal step, and the server's side of a request (OTLP, trace.proto).
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
/// StatusCode: unset, and error.
const UNSET: u8 = 0;
const ERROR: u8 = 2;

/// The exporter, running.
pub(crate) struct Exporter {
    tasks: TaskTracker,
    sender: Sender<Span>,
}

impl Exporter {
    /// Starts towards this OTLP/HTTP address.
    pub(crate) fn start(endpoint: String) -> Result<Self, Failure> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::new("the HTTP client for traces does not start").because(error))?;
        let (sender, spans) = channel(WAITING_MAX);
        let tasks = TaskTracker::new();
        tasks.spawn(run(client, endpoint, spans));
        tasks.close();
        Ok(Self { tasks, sender })
    }

    /// Where the gateway puts its spans.
    pub(crate) fn sender(&self) -> Sender<Span> {
        self.sender.clone()
    }

    /// Sends what is left, when the gateway is gone.
    pub(crate) async fn end(self) {
        drop(self.sender);
        // Best effort, as all of it.
        let _ = tokio::time::timeout(FLUSH, self.tasks.wait()).await;
    }
}

async fn run(client: Client, endpoint: String, mut spans: Receiver<Span>) {
    let clock = Clock::system();
    let mut trouble = false;
    let mut batch = Vec::new();
    while spans.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() < BATCH {
            clock.pause(if spans.is_closed() { Duration::ZERO } else { GATHER }).await;
            while batch.len() < BATCH
                && let Ok(span) = spans.try_recv()
            {
                batch.push(span);
            }
        }
        let body = document(&batch);
        let sent =
            client.post(&endpoint).json(&body).send().await.and_then(reqwest::Response::error_for_status);
        match sent {
            Ok(_) => trouble = false,
            // Told once, until it works again.
            Err(error) if !trouble => {
                tracing::warn!(error = %error.without_url(), "traces are not taken by their collector");
                trouble = true;
            }
            Err(_) => {}
        }
        batch.clear();
    }
}

/// An ExportTraceServiceRequest in JSON: ids in hexadecimal, instants as decimal strings.
fn document(batch: &[Span]) -> Value {
    let spans: Vec<Value> = batch.iter().map(|span| one(span, u64::from_be_bytes(Chance.octets()))).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", "facteur")]},
        "scopeSpans": [{"scope": {"name": "facteur", "version": env!("CARGO_PKG_VERSION")}, "spans": spans}],
    }]})
}

fn one(span: &Span, id: u64) -> Value {
    let nanos = |at: facteur_domain::Timestamp| format!("{}000000", at.millis());
    let attributes: Vec<Value> = span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    json!({
        "traceId": format!("{:032x}", span.context.trace),
        "spanId": format!("{:016x}", id.max(1)),
        "parentSpanId": format!("{:016x}", span.context.parent),
        "name": span.name,
        "kind": if span.name == "sms accepted" { SERVER } else { INTERNAL },
        "startTimeUnixNano": nanos(span.start),
        "endTimeUnixNano": nanos(span.end),
        "attributes": attributes,
        "status": {"code": if span.failed { ERROR } else { UNSET }},
    })
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

#[cfg(test)]
mod tests {
    use facteur_domain::Timestamp;

    use super::*;

    #[test]
    fn a_span_is_written_as_otlp_says() {
        let context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect("a context");
        let span = Span {
            name: "sms delivered",
            context,
            start: Timestamp::from_millis(1_700_000_000_123),
            end: Timestamp::from_millis(1_700_000_001_000),
            attributes: vec![("messaging.message.id", "msg_1".to_owned())],
            failed: false,
        };
        let written = one(&span, 0xb7);
        assert_eq!(written["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(
            (&written["spanId"], &written["parentSpanId"]),
            (&"00000000000000b7".into(), &"00f067aa0ba902b7".into())
        );
        assert_eq!(written["startTimeUnixNano"], "1700000000123000000");
        assert_eq!(written["attributes"][0]["value"]["stringValue"], "msg_1");
        assert_eq!(document(&[span])["resourceSpans"][0]["resource"]["attributes"][0]["key"], "service.name");
    }
}
