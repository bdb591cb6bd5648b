//! More than can be done: refused at once and in words, and what is accepted is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use facteur_gateway::Clock;
use facteur_smsc::Options;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::common::{Far, PATIENCE, Product, until};

/// The figure of this name, its labels summed.
async fn figure(product: &Product, name: &str) -> f64 {
    let text = product.raw("GET", "/metrics", &[], Vec::new()).await.text;
    let ours = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    ours.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn past_capacity_requests_are_refused_at_once_and_what_is_accepted_is_kept() {
    let far = Far::start(Options::default()).await;
    // A transaction for each message, and any queue too long: a machine of any speed is past its capacity.
    let sending = "[sending]\naccept_target = \"10ms\"\n";
    let product = Product::serve_on("batch_max = 1", &far.address(), false, sending).await;
    let (clock, stop) = (Clock::system(), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for client in 0..256_u32 {
        let (door, clock, stop) = (crate::common::Door::clone(&product), clock.clone(), stop.clone());
        clients.spawn(async move {
            let (mut kept, mut refused) = (Vec::new(), Vec::new());
            for turn in 0_u32.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let from = clock.instant();
                let to = format!("+336{:08}", client * 10_000 + turn);
                let answer = door.send(&to, "Bonjour").await;
                let took = clock.instant() - from;
                match answer.status {
                    200 => kept.push(took),
                    503 => {
                        assert_eq!(answer.code(), "SERVICE_UNAVAILABLE");
                        assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.text);
                        refused.push(took);
                        // A client that honours Retry-After would wait longer; this one presses on.
                        clock.pause(Duration::from_millis(20)).await;
                    }
                    other => panic!("{other}: {}", answer.text),
                }
            }
            (kept, refused)
        });
    }
    clock.pause(Duration::from_secs(4)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (more_kept, more_refused) in clients.join_all().await {
        kept.extend(more_kept);
        refused.extend(more_refused);
    }
    assert!(!refused.is_empty() && !kept.is_empty(), "{} kept, {} refused", kept.len(), refused.len());
    kept.sort_unstable();
    let slow = kept[kept.len() * 95 / 100];
    assert!(slow < Duration::from_secs(3), "what is accepted is accepted soon: {slow:?}");
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let (kept, refused) = (kept.len() as f64, refused.len() as f64);
    assert!(
        (figure(&product, "facteur_messages_accepted_total").await - kept).abs() < 0.5,
        "each 200 is kept"
    );
    assert!((figure(&product, "facteur_requests_shed_total").await - refused).abs() < 0.5);
    assert_eq!(product.send("+33612345678", "Après").await.status, 200, "and when it is over, it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_cost_others_nothing_and_are_closed() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, "").await;
    let address = product.api.strip_prefix("http://").expect("plain HTTP").to_owned();
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(&address).await.expect("a connection"));
    }
    until("all are open", async || {
        (figure(&product, "facteur_http_connections").await >= 400.0).then_some(())
    })
    .await;
    assert_eq!(product.send("+33612345678", "Bonjour").await.status, 200);
    // The header timeout, 10 s, is theirs too.
    for mut stream in idle {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "an idle connection is closed");
    }
}
