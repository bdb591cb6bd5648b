//! What HTTP alone costs: the send's request read and parsed, an answer of the same size, and nothing in
//! between. The ceiling of `bench/ceilings.sh`.
//!
//! `cargo run --release -p facteur-http --example bare -- ADDRESS`

#![expect(clippy::disallowed_methods, reason = "nothing here is shut down in order")]

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// As a send is answered.
const ANSWER: &str = r#"{"data":{"from_number":null,"sender_id":"MyCompany","to_number":"+33612345678","type":"OUTBOUND","content":"Your appointment is confirmed for tomorrow at 10:30, see you there. #000123","start_date":"2026-11-25T10:30:00","id":"msg_1M3PF7F7G0042","status":"queued","parts":1,"encoding":"gsm7","send_at":"2026-11-25T10:30:00.000Z","class":"transactional"}}"#;

async fn answer(body: Bytes) -> (StatusCode, [(header::HeaderName, HeaderValue); 1], &'static str) {
    let read: Result<serde_json::Value, _> = serde_json::from_slice(&body);
    let status = if read.is_ok() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], ANSWER)
}

#[tokio::main]
async fn main() {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:13999".to_owned());
    let listener = TcpListener::bind(address).await.expect("the address is free");
    let app = Router::new().route("/v1/api/sms", post(answer));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // As the product's own listener does.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
