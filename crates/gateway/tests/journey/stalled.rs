//! An operator that neither reads nor says anything any more, on a network whose pipes are short.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use facteur_gateway::{Clock, Config, Dial, Dialling, Gateway, Link, RouteConfig, Stream};
use facteur_smpp::session::Limits;
use facteur_store::{Options, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_util::task::TaskTracker;

const DELIVER_SM: u32 = 5;
const BIND_TRANSCEIVER_RESP: u32 = 0x8000_0009;

fn pdu(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("short");
    let head = [length, command, 0, sequence].map(u32::to_be_bytes).concat();
    [head.as_slice(), body].concat()
}

/// A network with one operator, which answers the bind, sends some messages, and then only holds the line.
#[derive(Debug, Default)]
struct Stalled {
    dialled: Arc<AtomicUsize>,
    tasks: TaskTracker,
}

impl Dial for Stalled {
    fn dial(&self, _: &str) -> Dialling {
        self.dialled.fetch_add(1, Ordering::SeqCst);
        let (ours, theirs) = duplex(1_024);
        self.tasks.spawn(operator(theirs));
        Box::pin(async move { Ok(Box::new(ours) as Box<dyn Stream>) })
    }
}

async fn operator(mut line: DuplexStream) {
    let mut bind = [0; 512];
    let read = line.read(&mut bind).await.expect("a bind");
    assert!(read > 16);
    let sequence = u32::from_be_bytes(bind[12..16].try_into().expect("four octets"));
    line.write_all(&pdu(BIND_TRANSCEIVER_RESP, sequence, b"stalled\0")).await.expect("written");
    // No service type, a phone, a short code, no text: enough to be answered. The answers fill the line.
    let body = b"\0\x01\x0133612345678\0\x03\x0036180\0\0\0\0\0\0\0\0\0\0\0";
    for sequence in 1..=200 {
        if line.write_all(&pdu(DELIVER_SM, sequence, body)).await.is_err() {
            return;
        }
    }
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_operator_neither_reads_nor_speaks_is_given_up_and_tried_again() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let limits = Limits {
        enquire_link: Duration::from_millis(300),
        response_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let route = RouteConfig {
        name: "stalled".to_owned(),
        address: "operator:2775".to_owned(),
        system_id: "facteur".to_owned(),
        password: facteur_domain::Redacted::new("secret".to_owned()),
        system_type: String::new(),
        link: Link::Transceiver,
        binds: 1,
        limits,
        per_second: 0,
        tls: None,
        rebind_max: Duration::from_millis(300),
        cost: 1,
        opt_out_errors: Vec::new(),
        throttle_errors: Vec::new(),
        sandbox: false,
    };
    let network = Arc::new(Stalled::default());
    let (dialled, tasks) = (network.dialled.clone(), network.tasks.clone());
    let path = folder.path().join("facteur.db");
    let config = Config { routes: vec![route], ..Config::default() };
    let gateway =
        Gateway::start_in(config, Clock::system(), network, |sink| Store::open(Options::new(path), sink))
            .await
            .expect("starts");
    let again = async {
        while dialled.load(Ordering::SeqCst) < 2 {
            gateway.clock().pause(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("the dead link is given up");
    gateway.shut_down(Duration::from_secs(1)).await;
    tasks.close();
}
