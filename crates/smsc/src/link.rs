//! One link: drives a server session over a stream. Everything that came together is handled
//! together, under one lock, and answered with one write.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use facteur_smpp::session::{BindKind, Credentials, SendError};
use facteur_smpp::{Event, Session, Status};
use foldhash::fast::FixedState;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::{Moment, now};
use crate::due::Due;
use crate::faults::Faults;
use crate::journey::When;
use crate::outgoing::Outgoing;
use crate::world::{LinkEntry, Order, Shared, World};

/// Octets read at a time.
const READ_MAX: usize = 64 * 1024;
/// Octets waiting to be written beyond which nothing more is read or offered.
const OUTPUT_MAX: usize = 256 * 1024;
/// How long an incomplete group of reversed answers waits.
const GROUP_WAIT: Duration = Duration::from_millis(50);
/// How long the last octets and an unbind's answer may take at the end.
const PARTING_MAX: Duration = Duration::from_secs(1);

/// A well framed deliver_sm whose body ends in the middle of service_type (section 4.6.1).
const BAD_PDU: [u8; 20] =
    [0, 0, 0, 20, 0, 0, 0, 5, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xF0, b'C', b'M', b'T', b'X'];
/// What a lost web browser would say: as a command_length, over a thousand million.
const GARBAGE: &[u8] = b"GET / HTTP/1.1\r\nHost: smsc\r\n\r\n";

/// How a link ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// After what is waiting has been written.
    Flush,
    /// At once.
    Cut,
}

/// An answer that is ready but not given.
type Held = (u32, Result<String, Status>);

/// One link and its session.
pub(crate) struct Link {
    shared: Arc<Shared>,
    id: u64,
    session: Session,
    wake: Arc<Notify>,
    account: Option<usize>,
    receives: bool,
    /// Accepts nothing and answers nothing.
    half_open: bool,
    in_flight: HashMap<u64, Outgoing, FixedState>,
    next_token: u64,
    late: Due<Held>,
    group: Vec<Held>,
    group_leaves: Option<Instant>,
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
            receives: false,
            half_open,
            in_flight: HashMap::default(),
            next_token: 0,
            late: Due::default(),
            group: Vec::new(),
            group_leaves: None,
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
            tokio::select! {
                biased;
                () = stop.cancelled(), if self.parting.is_none() => self.part(),
                written = write(&mut writer, self.session.output(), self.byte_by_byte), if unwritten > 0 => {
                    if written.is_err() {
                        self.gone();
                    }
                }
                read = reader.read_buf(&mut input), if self.reads && unwritten < OUTPUT_MAX => match read {
                    Ok(octets) if octets > 0 => self.take(&mut input),
                    _ => self.gone(),
                },
                () = self.wake.notified() => {}
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
        let own = [session, self.late.next(), self.group_leaves, self.unbind_at, self.parting];
        let idle = now() + Duration::from_hours(1);
        own.into_iter().flatten().min().map_or(idle, |first| first.min(idle))
    }

    /// Everything there is to do without waiting.
    fn work(&mut self) {
        let shared = Arc::clone(&self.shared);
        let moment = shared.moment();
        let mut world = shared.world();
        self.obey(&mut world, moment);
        self.run_timers(moment);
        while self.end.is_none()
            && let Some(event) = self.session.poll_event()
        {
            self.handle(event, &mut world, moment);
        }
        if self.end.is_none() {
            self.give_late_answers(&mut world, moment);
            self.offer(&mut world, moment);
        }
        drop(world);
        shared.changed.notify_waiters();
    }

    fn obey(&mut self, world: &mut World, moment: Moment) {
        self.reads = !world.faults.stop_reading;
        self.byte_by_byte = world.faults.byte_by_byte;
        match world.links.get_mut(&self.id).and_then(|entry| entry.order.take()) {
            Some(Order::Cut) => self.end = Some(End::Cut),
            Some(Order::Unbind) if self.account.is_some() => self.session.unbind(moment.at.into_std()),
            Some(Order::Unbind) | None => {}
        }
    }

    fn run_timers(&mut self, moment: Moment) {
        let now = moment.at.into_std();
        if !self.half_open && self.session.deadline().is_some_and(|deadline| deadline <= now) {
            self.session.tick(now);
        }
        if self.unbind_at.is_some_and(|at| at <= moment.at) {
            self.unbind_at = None;
            self.session.unbind(now);
        }
        if self.parting.is_some_and(|at| at <= moment.at) {
            self.end = Some(End::Cut);
        }
    }

    fn handle(&mut self, event: Event, world: &mut World, moment: Moment) {
        match event {
            Event::BindRequest { sequence, credentials } => self.bind(sequence, &credentials, world, moment),
            Event::Submit { sequence, message } => {
                let Some(account) = self.account else { return };
                let cut = world.faults.cut_now();
                let window = self.shared.options.window_max;
                if window > 0 && self.late.len() + self.group.len() >= window {
                    world.stats.submits += 1;
                    world.stats.throttled += 1;
                    return self.give(sequence, Err(Status::THROTTLED), &mut world.faults);
                }
                let answer = world.submit(account, &message.view(), moment);
                match (cut, answer.when) {
                    (Some(false), _) => {}
                    (Some(true), _) | (None, When::Now) => {
                        self.answer((sequence, answer.result), world, moment);
                    }
                    (None, When::After(delay)) => {
                        self.late.push(moment.at + delay, (sequence, answer.result))
                    }
                    (None, When::Never) => {}
                }
                if cut.is_some() {
                    self.end = Some(End::Flush);
                }
            }
            Event::DeliverAnswered { token, status } => {
                let Some(outgoing) = self.in_flight.remove(&token) else { return };
                if status == Status::OK {
                    world.acknowledged(&outgoing);
                } else {
                    world.refused(outgoing, moment);
                }
            }
            Event::Lost { token } => {
                if let Some(outgoing) = self.in_flight.remove(&token) {
                    world.lost(outgoing);
                }
            }
            Event::Faulty { why } => tracing::debug!(link = self.id, why, "a PDU was passed over"),
            Event::Closed { why } => {
                tracing::debug!(link = self.id, ?why, "a link ends");
                self.end = Some(End::Flush);
            }
            Event::Unbinding
            | Event::Bound { .. }
            | Event::BindRefused(_)
            | Event::Answered { .. }
            | Event::Deliver { .. } => {}
        }
    }

    fn bind(&mut self, sequence: u32, credentials: &Credentials, world: &mut World, moment: Moment) {
        let options = &self.shared.options;
        let Credentials { kind, system_id, password, .. } = credentials;
        let result = match world.faults.refuse_binds {
            Some(status) => Err(status),
            None => world.accounts.bind(system_id, password, options),
        };
        match result {
            Ok(account) => {
                world.stats.binds += 1;
                world.stats.bound += 1;
                self.account = Some(account);
                self.receives = *kind != BindKind::Transmitter;
                if self.receives {
                    world.accounts.get(account).receivers.push((self.id, Arc::clone(&self.wake)));
                }
                self.unbind_at = options.unbind_every.map(|every| moment.at + every);
            }
            Err(status) => {
                world.stats.binds_refused += 1;
                tracing::debug!(link = self.id, ?status, "a bind was refused");
            }
        }
        self.session.answer_bind(sequence, result.map(|_| ()));
    }

    /// Gives an answer, or puts it into its group.
    fn answer(&mut self, held: Held, world: &mut World, moment: Moment) {
        let group = world.faults.answers_reversed_by;
        if group < 2 && self.group.is_empty() {
            return self.give(held.0, held.1, &mut world.faults);
        }
        self.group.push(held);
        self.group_leaves.get_or_insert(moment.at + GROUP_WAIT);
        if self.group.len() >= group {
            self.give_group(&mut world.faults);
        }
    }

    fn give_group(&mut self, faults: &mut Faults) {
        self.group_leaves = None;
        while let Some((sequence, result)) = self.group.pop() {
            self.give(sequence, result, faults);
        }
    }

    fn give(&mut self, sequence: u32, result: Result<String, Status>, faults: &mut Faults) {
        if Faults::strike(&mut faults.bad_pdus) {
            self.session.output().extend_from_slice(&BAD_PDU);
        }
        if Faults::strike(&mut faults.garbage) {
            self.session.output().extend_from_slice(GARBAGE);
        }
        self.session.answer_submit(sequence, result.as_deref().map_err(|status| *status));
    }

    fn give_late_answers(&mut self, world: &mut World, moment: Moment) {
        while let Some(held) = self.late.pop(moment.at) {
            self.answer(held, world, moment);
        }
        if self.group_leaves.is_some_and(|at| at <= moment.at) {
            self.give_group(&mut world.faults);
        }
    }

    /// Sends what waits for the account, as far as the window and the output allow.
    fn offer(&mut self, world: &mut World, moment: Moment) {
        let Some(account) = self.account.filter(|_| self.receives) else { return };
        while self.session.room() > 0 && self.session.output().len() < OUTPUT_MAX {
            let Some(outgoing) = world.accounts.get(account).queue.pop_front() else { return };
            let token = self.next_token;
            let sent =
                outgoing.with_message(|message| self.session.deliver(message, token, moment.at.into_std()));
            match sent {
                Ok(()) => {
                    self.next_token += 1;
                    world.offered(&outgoing);
                    self.in_flight.insert(token, outgoing);
                }
                Err(SendError::WindowFull | SendError::NotBound) => {
                    return world.accounts.get(account).queue.push_front(outgoing);
                }
                Err(error) => {
                    tracing::warn!(%error, "a receipt or reply cannot be sent");
                    world.dropped(&outgoing);
                }
            }
        }
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
