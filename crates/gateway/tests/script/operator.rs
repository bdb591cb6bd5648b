//! An operator that does what a test tells it, over links in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use facteur_gateway::{Dial, Dialling, Stream};
use facteur_smpp::session::Limits;
use facteur_smpp::{Event, Session, ShortMessage, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::TaskTracker;

/// What the operator does with a submit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Takes it.
    Take,
    /// Takes it, and says so this much later.
    TakeLate(Duration),
    /// Refuses it.
    Refuse(Status),
    /// Refuses it, hangs up, and lets nobody in for a while.
    RefuseAndHangUp(Status, Duration),
    /// Takes it, says nothing, hangs up, and lets nobody in for a while.
    HangUp(Duration),
}

/// A submit that came.
#[derive(Clone, Debug)]
pub(crate) struct Submit {
    /// From 1.
    pub(crate) part: u8,
}

type Script = Box<dyn FnMut(&Submit) -> Act + Send>;

struct Books {
    script: Script,
    submits: Vec<Submit>,
    shut_until: Instant,
    next: u64,
}

/// The operator.
#[derive(Clone)]
pub(crate) struct Operator(Arc<Mutex<Books>>);

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the operator of a script")
    }
}

fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the operator's own clock, a virtual one")]
    let now = tokio::time::Instant::now();
    now.into_std()
}

impl Operator {
    /// One that lets nobody in until `shut` is over.
    pub(crate) fn new(shut: Duration, script: impl FnMut(&Submit) -> Act + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Books {
            script: Box::new(script),
            submits: Vec::new(),
            shut_until: instant() + shut,
            next: 0,
        })))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().expect("no panic holds it")
    }

    /// The submits that came, in order.
    pub(crate) fn submits(&self) -> Vec<Submit> {
        self.books().submits.clone()
    }

    /// How often each part came.
    pub(crate) fn times(&self) -> BTreeMap<u8, usize> {
        let mut times = BTreeMap::new();
        for submit in self.submits() {
            *times.entry(submit.part).or_default() += 1;
        }
        times
    }
}

impl Dial for Operator {
    fn dial(&self, _: &str) -> Dialling {
        let this = self.clone();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            if instant() < this.books().shut_until {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (near, far) = tokio::io::duplex(64 * 1024);
            TaskTracker::new().spawn(this.serve(far));
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

impl Operator {
    async fn serve(self, mut stream: DuplexStream) {
        let limits = Limits { window: 10, response_timeout: Duration::from_secs(8), ..Limits::default() };
        let mut session = Session::server("SCRIPT", limits, instant());
        let mut input = BytesMut::new();
        let mut answers: BTreeMap<(Instant, u64), (u32, Result<String, Status>)> = BTreeMap::new();
        loop {
            while let Some(event) = session.poll_event() {
                match event {
                    Event::BindRequest { sequence, .. } => session.answer_bind(sequence, Ok(())),
                    Event::Submit { sequence, message } => {
                        let (act, number) = self.note(&message.view());
                        let id = format!("{number:08x}");
                        let (after, result) = match act {
                            Act::Take => (Duration::from_millis(20), Ok(id)),
                            Act::TakeLate(after) => (after, Ok(id)),
                            Act::Refuse(status) => (Duration::from_millis(20), Err(status)),
                            Act::RefuseAndHangUp(status, _) => {
                                session.answer_submit(sequence, Err(status));
                                let _ = stream.write_all(&session.output().split()).await;
                                return;
                            }
                            // What else stands in the pipe was not read.
                            Act::HangUp(_) => return,
                        };
                        answers.insert((instant() + after, number), (sequence, result));
                    }
                    Event::Closed { .. } => return,
                    _ => {}
                }
            }
            while let Some(first) = answers.first_entry().filter(|first| first.key().0 <= instant()) {
                let (sequence, result) = first.remove();
                session.answer_submit(sequence, result.as_deref().map_err(|status| *status));
            }
            let output = session.output().split();
            if !output.is_empty() && stream.write_all(&output).await.is_err() {
                return;
            }
            let next = answers.keys().next().map(|(at, _)| *at);
            let deadline = [session.deadline(), next].into_iter().flatten().min();
            let deadline = deadline.unwrap_or_else(|| instant() + Duration::from_secs(60));
            tokio::select! {
                biased;
                read = stream.read_buf(&mut input) => {
                    if !matches!(read, Ok(octets) if octets > 0) {
                        return;
                    }
                    session.receive(&input, instant());
                    input.clear();
                }
                () = tokio::time::sleep_until(deadline.into()) => session.tick(instant()),
            }
        }
    }

    fn note(&self, message: &ShortMessage<'_>) -> (Act, u64) {
        let part = match (message.esm_class & 0x40, message.content()) {
            (0x40, [5, 0, 3, _, _, part, ..]) => *part,
            _ => 1,
        };
        let mut books = self.books();
        let submit = Submit { part };
        let act = (books.script)(&submit);
        books.submits.push(submit);
        books.next += 1;
        if let Act::HangUp(shut) | Act::RefuseAndHangUp(_, shut) = act {
            books.shut_until = instant() + shut;
        }
        (act, books.next)
    }
}
