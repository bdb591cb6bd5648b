//! One link: carries octets between a stream and a server session, and keeps its time. What the
//! session says is handled in `duties`.

mod answers;
mod duties;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use facteur_smpp::Session;
use foldhash::fast::FixedState;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::now;
use crate::outgoing::Outgoing;
use crate::world::{LinkEntry, Shared};
use answers::Answers;

/// Octets read at a time.
const READ_MAX: usize = 64 * 1024;
/// Octets waiting to be written beyond which nothing more is read or offered.
const OUTPUT_MAX: usize = 256 * 1024;
/// How long the last octets and an unbind's answer may take at the end.
const PARTING_MAX: Duration = Duration::from_secs(1);

/// How a link ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// After what is waiting has been written.
    Flush,
    /// At once.
    Cut,
}

/// One link and its session.
pub(crate) struct Link {
    shared: Arc<Shared>,
    id: u64,
    session: Session,
    wake: Arc<Notify>,
    account: Option<usize>,
    /// Accepts nothing and answers nothing.
    half_open: bool,
    in_flight: HashMap<u64, Outgoing, FixedState>,
    next_token: u64,
    answers: Answers,
    unbind_at: Option<Instant>,
    parting: Option<Instant>,
    reads: bool,
    byte_by_byte: bool,
    end: Option<End>,
}

impl Link {
    /// Takes a place for a link; `None` when there are too many.
    pub(crate) fn open(shared: Arc<Shared>) -> Option<Self> {
        let wake = Arc::new(Notify::new());
        let mut world = shared.world();
        if world.links.len() >= shared.options.links_max {
            return None;
        }
        world.next_link += 1;
        world.stats.links += 1;
        let (id, half_open) = (world.next_link, world.faults.half_open);
        world.links.insert(id, LinkEntry { wake: Arc::clone(&wake), order: None });
        drop(world);
        let limits = shared.options.limits.clone();
        let session = Session::server(&shared.options.system_id, limits, now().into_std());
        Some(Self {
            shared,
            id,
            session,
            wake,
            account: None,
            half_open,
            in_flight: HashMap::default(),
            next_token: 0,
            answers: Answers::default(),
            unbind_at: None,
            parting: None,
            reads: true,
            byte_by_byte: false,
            end: None,
        })
    }

    /// Runs until the link ends.
    pub(crate) async fn run<S: AsyncRead + AsyncWrite>(mut self, stream: S, stop: CancellationToken) {
        let (mut reader, writer) = tokio::io::split(stream);
        let mut writer = std::pin::pin!(writer);
        let mut input = BytesMut::with_capacity(READ_MAX);
        loop {
            self.work();
            if self.end.is_some() {
                break;
            }
            let deadline = self.deadline();
            let unwritten = self.session.output().len();
            // Orders before octets: a link told not to read, or cut, takes nothing more.
            tokio::select! {
                biased;
                () = stop.cancelled(), if self.parting.is_none() => self.part(),
                written = write(&mut writer, self.session.output(), self.byte_by_byte), if unwritten > 0 => {
                    if written.is_err() {
                        self.gone();
                    }
                }
                () = self.wake.notified() => {}
                read = reader.read_buf(&mut input), if self.reads && unwritten < OUTPUT_MAX => match read {
                    Ok(octets) if octets > 0 => self.take(&mut input),
                    _ => self.gone(),
                },
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
        if self.end == Some(End::Flush) {
            let last = async {
                while !self.session.output().is_empty() {
                    write(&mut writer, self.session.output(), self.byte_by_byte).await?;
                }
                writer.shutdown().await
            };
            if !matches!(tokio::time::timeout(PARTING_MAX, last).await, Ok(Ok(()))) {
                tracing::debug!(link = self.id, "the last octets were not taken");
            }
        }
        self.close();
    }

    fn take(&mut self, input: &mut BytesMut) {
        if !self.half_open {
            self.session.receive(input, now().into_std());
        }
        input.clear();
    }

    fn gone(&mut self) {
        self.end = Some(End::Cut);
    }

    /// Unbinds, and gives that a moment.
    fn part(&mut self) {
        let now = now();
        self.parting = Some(now + PARTING_MAX);
        if self.account.is_none() {
            self.end = Some(End::Cut);
        } else {
            self.session.unbind(now.into_std());
        }
    }

    /// When to look again at the latest.
    fn deadline(&self) -> Instant {
        let session = if self.half_open { None } else { self.session.deadline().map(Instant::from_std) };
        let own = [session, self.answers.next(), self.unbind_at, self.parting];
        let idle = now() + Duration::from_hours(1);
        own.into_iter().flatten().min().map_or(idle, |first| first.min(idle))
    }

    /// Gives back what was not acknowledged, and the link's place.
    fn close(mut self) {
        let mut world = self.shared.world();
        let mut left: Vec<(u64, Outgoing)> = self.in_flight.drain().collect();
        // Each goes to the front: the one offered last goes first.
        left.sort_unstable_by_key(|(token, _)| std::cmp::Reverse(*token));
        for (_, outgoing) in left {
            world.lost(outgoing);
        }
        if let Some(index) = self.account {
            world.stats.bound -= 1;
            let account = world.accounts.get(index);
            account.bound -= 1;
            account.receivers.retain(|(link, _)| *link != self.id);
            account.wake();
        }
        world.links.remove(&self.id);
        world.stats.links -= 1;
        drop(world);
        self.shared.changed.notify_waiters();
    }
}

/// Writes what the stream takes, or one octet.
async fn write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    output: &mut BytesMut,
    byte_by_byte: bool,
) -> std::io::Result<()> {
    let length = if byte_by_byte { output.len().min(1) } else { output.len() };
    let written = writer.write(&output[..length]).await?;
    if written == 0 {
        return Err(std::io::ErrorKind::WriteZero.into());
    }
    output.advance(written);
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::write;

    #[tokio::test]
    async fn octets_leave_together_or_one_by_one() {
        for (byte_by_byte, written) in [(false, "abc"), (true, "a")] {
            let mut stream = Vec::new();
            let mut output = BytesMut::from("abc");
            write(&mut stream, &mut output, byte_by_byte).await.expect("memory takes everything");
            assert_eq!(stream, written.as_bytes());
            assert_eq!(output.len(), 3 - written.len());
        }
    }
}
