//! The accept loop over real sockets: slow clients, large bodies, the end.

use std::time::Duration;

use facteur_http::Options;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::world::{GOOD, World};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) world: World,
    address: std::net::SocketAddr,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Server {
    pub(crate) async fn start(options: Options) -> Self {
        let world = World::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        tracker.spawn(facteur_http::serve(
            listener,
            world.gateway.clone(),
            options,
            stop.clone(),
            tracker.clone(),
        ));
        Self { world, address, stop, tracker }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// The head and body of a request to send.
    pub(crate) fn send(&self, body: &str) -> String {
        format!("{}{body}", self.head(body.len()))
    }

    fn head(&self, length: usize) -> String {
        format!(
            "POST /v1/api/sms HTTP/1.1\r\nHost: facteur\r\nAuthorization: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            self.world.key
        )
    }

    pub(crate) async fn finish(self) {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(PATIENCE, self.tracker.wait()).await.expect("every connection ends");
    }
}

/// Everything until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    read.expect("the server closes").expect("the connection is not reset");
    String::from_utf8_lossy(&text).into_owned()
}

/// One answer with its body, by its length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut piece = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut piece)).await;
        let read = read.expect("an answer in time").expect("the connection stands");
        assert!(read > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.expect("a length").parse().expect("a number") {
                return text;
            }
        }
    }
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let server = Server::start(Options::default()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(server.send(GOOD).as_bytes()).await.expect("written");
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(server.world.kept().await, 3);
    server.finish().await;
}

/// Requirement `seed-endpoint`.
#[tokio::test]
async fn a_fragment_that_reaches_the_server_changes_nothing() {
    let server = Server::start(Options::default()).await;
    let mut stream = server.connect().await;
    let request = server.send(GOOD).replace("/v1/api/sms", "/v1/api/sms#france");
    stream.write_all(request.as_bytes()).await.expect("written");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    server.finish().await;
}

#[tokio::test]
async fn a_client_that_has_said_all_still_gets_its_answer() {
    let server = Server::start(Options::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(server.send(GOOD).as_bytes()).await.expect("written");
    stream.shutdown().await.expect("half closed");
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    server.finish().await;
}

#[tokio::test]
async fn a_large_body_is_refused_in_words_and_not_by_a_broken_connection() {
    let server = Server::start(Options::default()).await;
    for length in [70_000, 300_000] {
        let mut stream = server.connect().await;
        stream.write_all(server.send(&"x".repeat(length)).as_bytes()).await.expect("written");
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413 "), "{length}");
    }
    // Declared, and never sent.
    let mut stream = server.connect().await;
    stream.write_all(server.head(1_000_000_000).as_bytes()).await.expect("written");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
    server.finish().await;
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded_too() {
    let server = Server::start(Options::default()).await;
    let mut stream = server.connect().await;
    let head = server.head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    stream.write_all(head.as_bytes()).await.expect("written");
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    for _ in 0..3 {
        stream.write_all(chunk.as_bytes()).await.expect("written");
    }
    stream.write_all(b"0\r\n\r\n").await.expect("written");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
    server.finish().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let options = Options { body_timeout: Duration::from_millis(100), ..Options::default() };
    let server = Server::start(options).await;
    let mut stream = server.connect().await;
    stream.write_all(server.head(100).as_bytes()).await.expect("written");
    stream.write_all(b"{\"sender").await.expect("written");
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.contains("REQUEST_TIMEOUT"), "{text}");
    server.finish().await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_504_and_says_how_to_repeat_it() {
    let options = Options { request_timeout: Duration::from_millis(100), ..Options::default() };
    let server = Server::start(options).await;
    // Without a key nobody may repeat it blindly; "retryable" is what programs look at.
    for (more, retryable) in [("", false), ("Idempotency-Key: k1\r\n", true)] {
        let mut stream = server.connect().await;
        let head = server.head(100).replace("Host: facteur\r\n", &format!("Host: facteur\r\n{more}"));
        stream.write_all(head.as_bytes()).await.expect("written");
        let text = rest(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 504 ") && text.contains("\"code\":\"GATEWAY_TIMEOUT\""), "{text}");
        assert!(
            text.contains("Idempotency-Key") && text.contains(&format!("\"retryable\":{retryable}")),
            "{text}"
        );
    }
    server.finish().await;
}

#[tokio::test]
async fn headers_that_do_not_come_close_the_connection() {
    let options = Options { header_timeout: Duration::from_millis(100), ..Options::default() };
    let server = Server::start(options).await;
    for start in ["", "POST /v1/api/sms HTTP/1.1\r\nHost: fac"] {
        let mut stream = server.connect().await;
        stream.write_all(start.as_bytes()).await.expect("written");
        assert!(!rest(&mut stream).await.contains(" 200 "), "{start}");
    }
    server.finish().await;
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_their_turn() {
    let server = Server::start(Options { max_connections: 1, ..Options::default() }).await;
    let mut first = server.connect().await;
    first.write_all(server.send(GOOD).as_bytes()).await.expect("written");
    answer(&mut first).await;
    let mut second = server.connect().await;
    second.write_all(server.send(GOOD).as_bytes()).await.expect("written");
    let mut octet = [0];
    let early = tokio::time::timeout(Duration::from_millis(100), second.peek(&mut octet)).await;
    assert!(early.is_err(), "the first connection has the only place");
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200 "));
    server.finish().await;
}

#[tokio::test]
async fn a_stop_lets_the_request_in_flight_finish_and_closes_idle_connections() {
    let server = Server::start(Options::default()).await;
    let mut idle = server.connect().await;
    idle.write_all(server.send(GOOD).as_bytes()).await.expect("written");
    answer(&mut idle).await;
    let mut busy = server.connect().await;
    let head = server.head(GOOD.len()).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    busy.write_all(head.as_bytes()).await.expect("written");
    // The server says "go on" once it waits for the body: the request is in flight.
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    busy.read_exact(&mut go_on).await.expect("an interim answer");
    assert!(go_on.starts_with(b"HTTP/1.1 100 "));
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    busy.write_all(GOOD.as_bytes()).await.expect("written");
    let text = rest(&mut busy).await;
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert_eq!(server.world.kept().await, 2);
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    server.finish().await;
}

#[tokio::test]
async fn silent_connections_give_their_places_to_those_that_have_something_to_say() {
    const PLACES: usize = 16;
    let server = Server::start(Options { max_connections: PLACES, ..Options::default() }).await;
    let mut busy = server.connect().await;
    let head = server.head(GOOD.len()).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    busy.write_all(head.as_bytes()).await.expect("written");
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    busy.read_exact(&mut go_on).await.expect("an interim answer");
    let mut silent = Vec::new();
    for place in 1..PLACES {
        let mut one = server.connect().await;
        // Some have never said a word, some have had an answer.
        if place % 2 == 0 {
            one.write_all(server.send(GOOD).as_bytes()).await.expect("written");
            answer(&mut one).await;
        }
        silent.push(one);
    }
    // The header timeout would be ten seconds.
    let mut late = server.connect().await;
    late.write_all(server.send(GOOD).as_bytes()).await.expect("written");
    let heard = tokio::time::timeout(Duration::from_secs(5), answer(&mut late)).await;
    assert!(heard.is_ok_and(|text| text.starts_with("HTTP/1.1 200 ")), "a silent one makes room soon");
    busy.write_all(GOOD.as_bytes()).await.expect("written");
    assert!(
        answer(&mut busy).await.starts_with("HTTP/1.1 200 "),
        "one with a request under way keeps its place"
    );
    let mut closed = 0;
    for mut one in silent {
        let mut octet = [0];
        closed += usize::from(
            tokio::time::timeout(Duration::from_millis(1), one.read(&mut octet))
                .await
                .is_ok_and(|read| read.is_ok_and(|octets| octets == 0)),
        );
    }
    assert!((1..PLACES - 1).contains(&closed), "not all of them: {closed}");
    server.finish().await;
}

/// The audit log says where a change came from: as a trusted proxy says, and not as anybody else does.
#[tokio::test]
async fn a_trusted_proxy_says_who_asks() {
    for (trusted, origin) in [("127.0.0.1", "198.51.100.9"), ("192.0.2.1", "127.0.0.1")] {
        let trusted_proxies = vec![trusted.parse().expect("an address")];
        let server = Server::start(Options { trusted_proxies, ..Options::default() }).await;
        let body = r#"{"number": "+33639980001"}"#;
        let request = format!(
            "POST /v2/api/opt_outs HTTP/1.1\r\nHost: facteur\r\nAuthorization: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\
             X-Forwarded-For: 203.0.113.5, 198.51.100.9\r\n\r\n{body}",
            server.world.key,
            body.len()
        );
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.expect("written");
        let told = rest(&mut stream).await;
        assert!(told.starts_with("HTTP/1.1 201"), "{told}");
        let (store, workspace) = (server.world.gateway.store(), server.world.workspace());
        let filter = facteur_store::AuditFilter { action: Some("opt_out.".to_owned()), ..Default::default() };
        let lines = store.audit_lines(Some(workspace), filter, 9).await.expect("read");
        assert_eq!(lines[0].1.origin.as_deref(), Some(origin), "with {trusted} trusted");
        drop(stream);
        server.finish().await;
    }
}
