//! A traced request is followed to its receipt, over a restart, in the caller's own trace.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::common::{Far, PATIENCE, Product};
use facteur_smsc::{Habits, Options};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector: tells each span that it is sent.
async fn collector() -> (String, UnboundedReceiver<Value>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
    let (told, spans) = unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let told = told.clone();
            open.spawn(async move {
                let mut octets = Vec::new();
                while stream.read_buf(&mut octets).await.unwrap_or(0) > 0 {
                    let text = String::from_utf8_lossy(&octets).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| {
                        let (name, value) = line.split_once(": ")?;
                        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
                    });
                    if body.len() < length.expect("a length") {
                        continue;
                    }
                    let sent: Value = serde_json::from_str(body).expect("JSON");
                    let spans = sent["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
                    for span in spans {
                        let _ = told.send(span.clone());
                    }
                    octets.clear();
                    let answer =
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, spans, tasks)
}

async fn next(spans: &mut UnboundedReceiver<Value>) -> Value {
    tokio::time::timeout(PATIENCE, spans.recv()).await.expect("in time").expect("the collector lives")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_traced_to_its_receipt_over_a_restart() {
    // Receipts come after the restart.
    let wait = Duration::from_secs(5);
    let late = Habits { receipt_delay: wait..=wait, messages_per_s: 0 };
    let habits = [late.clone(), late.clone(), late.clone(), late];
    let far = Far::start(Options { habits, ..Options::default() }).await;
    let (endpoint, mut spans, _collector) = collector().await;
    let more = format!("[traces]\nendpoint = \"{endpoint}\"\n");
    let mut product = Product::serve(&far.address(), false, &more).await;
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let body = json!({"sender_id": "MyCompany", "to": "+33612345678", "message": "Bonjour"});
    let id = product.post("/v1/api/sms", &body, &[("traceparent", &traceparent)]).await.id();
    let unsampled = format!("00-{TRACE}-{PARENT}-00");
    let quiet = product.post("/v1/api/sms", &body, &[("traceparent", &unsampled)]).await.id();
    product.post("/v1/api/sms", &body, &[("traceparent", "nonsense")]).await.id();
    let list = json!({"messages": [body]});
    let listed = product.post("/v2/api/messages/batch", &list, &[("traceparent", &traceparent)]).await.data();
    let listed = listed["messages"][0]["id"].as_str().expect("accepted").to_owned();
    let mut told = Vec::new();
    while told.len() < 4 {
        told.push(next(&mut spans).await);
    }
    product.stop().await;
    product.restart().await;
    while told.len() < 6 {
        told.push(next(&mut spans).await);
    }
    for message in [&id, &listed] {
        let of = |span: &&Value| span["attributes"][0]["value"]["stringValue"] == json!(message);
        let mine: Vec<&Value> = told.iter().filter(of).collect();
        let names: Vec<&str> = mine.iter().filter_map(|span| span["name"].as_str()).collect();
        assert_eq!(names, ["sms accepted", "sms submitted", "sms delivered"], "{told:#?}");
        for span in mine {
            assert_eq!((&span["traceId"], &span["parentSpanId"]), (&json!(TRACE), &json!(PARENT)), "{span}");
        }
    }
    let kept = |story: &Value| {
        story["story"].as_array().expect("a story").iter().any(|step| step["what"] == "traced")
    };
    assert!(kept(&product.message(&id).await) && !kept(&product.message(&quiet).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_nothing_is_kept_of_a_trace() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, "").await;
    let body = json!({"sender_id": "MyCompany", "to": "+33612345678", "message": "Bonjour"});
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let id = product.post("/v1/api/sms", &body, &[("traceparent", &traceparent)]).await.id();
    let message = product.reaches(&id, &["delivered"]).await;
    assert!(!message.to_string().contains(TRACE), "{message}");
}
