//! A customer is told what became of a message, though the product is killed in between.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::common::{PATIENCE, Product};

/// What came: `webhook-id` and the body.
pub(crate) type Heard = (String, Value);

/// Reads one request; answers 200 on `/hook`, and nothing on `/hang`.
async fn hear(mut stream: TcpStream, heard: UnboundedSender<Heard>) {
    let mut octets = Vec::new();
    loop {
        if stream.read_buf(&mut octets).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&octets).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let length: usize = field("content-length").and_then(|text| text.parse().ok()).expect("a length");
        if body.len() < length {
            continue;
        }
        let id = field("webhook-id").expect("an id");
        let _ = heard.send((id, serde_json::from_str(body).expect("JSON")));
        if head.starts_with("POST /hang") {
            std::future::pending::<()>().await;
        }
        let answered = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        if answered.is_err() {
            return;
        }
        octets.clear();
    }
}

/// Listens; what it started ends when the set is dropped.
pub(crate) async fn receiver() -> (String, UnboundedReceiver<Heard>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (heard, hearing) = unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.spawn(hear(stream, heard.clone()));
        }
    });
    (address, hearing, tasks)
}

pub(crate) async fn next(hearing: &mut UnboundedReceiver<Heard>) -> Heard {
    let next = tokio::time::timeout(PATIENCE, hearing.recv());
    next.await.expect("something comes in time").expect("the receiver lives")
}

#[tokio::test]
async fn a_delivery_survives_kill_9() {
    let (address, mut hearing, _receiver) = receiver().await;
    let mut product = Product::dev(&[]).await;
    let body = json!({ "url": format!("{address}/hang"), "topics": ["sms.delivered"] });
    let made = product.post("/v2/api/webhooks", &body, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let endpoint = made.id();
    let message = product.send("+33639980001", "Bonjour").await.id();
    let (first, told) = next(&mut hearing).await;
    assert_eq!((&told["topic"], &told["version"]), (&json!("sms.delivered"), &json!("2.0")));
    let data = &told["data"];
    assert_eq!(data["id"], message);
    assert_eq!((&data["content"], &data["to_number"]), (&json!("Bonjour"), &json!("+33639980001")));
    assert_eq!((&data["status"], &data["from_name"]), (&json!("delivered"), &json!("MyCompany")));
    assert!(data["sent_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{data}");
    // It was told, but never answered: nobody knows, so it is told again under the same id.
    product.kill();
    product.restart().await;
    let (again, repeated) = next(&mut hearing).await;
    assert_eq!((&again, &repeated), (&first, &told));
    let path = format!("/v2/api/webhooks/{endpoint}/deliveries");
    assert_eq!(product.get(&path).await.json()["data"][0]["status"], "pending");
    product.stop().await;
}
