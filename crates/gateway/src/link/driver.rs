//! The task of one bind: connects, drives the session, and tells the gateway what happens.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use facteur_domain::{Message, PartId};
use facteur_smpp::receipt::Receipt as ReadReceipt;
use facteur_smpp::session::{BindKind, ClosedBy, Credentials, SendError};
use facteur_smpp::{Disposition, Event, Received, Session, Status};
use facteur_store::{Answer, AnswerOutcome, Waiting};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::connect::{Stream, Target};
use super::flying::Flying;
use super::handed::Handed;
use super::mo;
use super::translate::{self, Outgoing};
use crate::Clock;
use crate::inbound::{Arrival, Content};
use crate::meters::Write;
use crate::outcome::Outcomes;
use crate::route::{Bind, Route};

const READ_BUFFER: usize = 64 * 1024;
/// Octets waiting to be written above which nothing more is read: a peer that floods without
/// reading is slowed by TCP.
const OUTPUT_PAUSE: usize = 1024 * 1024;
/// How long a session that is over may take to write its last octets.
const LINGER: Duration = Duration::from_secs(2);
const REBIND_FIRST: Duration = Duration::from_millis(250);
/// A session that lasted this long was a good one: the next bind is tried at once.
const GOOD_SESSION: Duration = Duration::from_secs(10);
/// How long a message that was throttled or put off waits before it is offered again, at first.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// One bind's task.
pub(crate) struct Link {
    pub(crate) kind: BindKind,
    pub(crate) route: Arc<Route>,
    /// What others see of it; `None` for a receiver.
    pub(crate) bind: Option<Arc<Bind>>,
    pub(crate) target: Target,
    pub(crate) outcomes: Outcomes,
    pub(crate) clock: Clock,
    pub(crate) attempts_max: u16,
    /// Cancelled to ask it to finish what is under way and unbind.
    pub(crate) drain: CancellationToken,
    /// Cancelled to make it stop at once.
    pub(crate) stop: CancellationToken,
}

/// What belongs to one session.
struct Run<'a> {
    link: &'a Link,
    session: Session,
    /// Given to us, not yet written: the window is full, or the pace holds it back.
    handed: Handed,
    /// When the pace may let the next part go, if it is what holds it back.
    paced_until: Option<Instant>,
    flying: Flying,
    answers: Vec<Answer>,
    again: Vec<Waiting>,
    /// Messages all of whose parts are answered or lost.
    settled: Vec<Message>,
    arrivals: Vec<Arrival>,
    /// Deliveries that are kept, or could not be: to be answered.
    kept: UnboundedSender<Vec<(u32, Status)>>,
    bound_at: Option<Instant>,
    closed: Option<ClosedBy>,
}

impl Link {
    /// Binds, and binds again, until told to stop.
    pub(crate) async fn run(self, mut outgoing: UnboundedReceiver<Vec<Outgoing>>) {
        let mut wait = REBIND_FIRST;
        while !self.drain.is_cancelled() && !self.stop.is_cancelled() {
            let lasted = match self.target.connect().await {
                Ok(stream) => self.session(stream, &mut outgoing).await,
                Err(why) => {
                    self.trouble(&format!("cannot connect: {why}"));
                    None
                }
            };
            // What was given to us between two sessions goes back to the queue.
            self.return_unsent(&mut outgoing);
            wait = match lasted {
                Some(lasted) if lasted >= GOOD_SESSION => REBIND_FIRST,
                _ => (wait * 2).min(self.route.config.rebind_max).max(REBIND_FIRST),
            };
            let half = wait.as_millis().try_into().unwrap_or(u64::MAX) / 2;
            let jitter = Duration::from_millis(self.clock.chance_below(half));
            tokio::select! {
                biased;
                () = self.clock.pause(wait / 2 + jitter) => (),
                () = self.drain.cancelled() => (),
                () = self.stop.cancelled() => (),
            }
        }
        outgoing.close();
        self.return_unsent(&mut outgoing);
    }

    fn return_unsent(&self, outgoing: &mut UnboundedReceiver<Vec<Outgoing>>) {
        let mut unsent = Vec::new();
        while let Ok(batch) = outgoing.try_recv() {
            unsent.extend(batch.into_iter().map(Outgoing::into_waiting));
        }
        if let Some(bind) = &self.bind {
            for waiting in &unsent {
                bind.release(waiting.message.class, waiting.parts_owed.count_ones() as usize);
                self.unwritten(waiting, waiting.parts_owed);
            }
        }
        self.outcomes.give_back(unsent);
    }

    /// These parts were handed over and will not be written.
    fn unwritten(&self, waiting: &Waiting, parts: u16) {
        let meters = self.outcomes.backlog.meters(&waiting.message);
        meters.release(&waiting.message, parts.count_ones() as usize);
    }

    fn trouble(&self, what: &str) {
        tracing::warn!(route = self.route.config.name, bind = ?self.kind, "{what}");
        self.route.trouble(self.clock.now(), what.to_owned());
    }

    /// Drives one session to its end; how long it was bound, if it was.
    async fn session(
        &self,
        stream: Box<dyn Stream>,
        outgoing: &mut UnboundedReceiver<Vec<Outgoing>>,
    ) -> Option<Duration> {
        let credentials = Credentials {
            kind: self.kind,
            system_id: self.route.config.system_id.clone(),
            password: self.route.config.password.show().clone(),
            system_type: self.route.config.system_type.clone(),
        };
        let session = Session::client(&credentials, self.route.config.limits.clone(), self.clock.instant());
        let (kept, mut to_answer) = unbounded_channel();
        let mut run = Run {
            link: self,
            session,
            handed: Handed::default(),
            paced_until: None,
            flying: Flying::default(),
            answers: Vec::new(),
            again: Vec::new(),
            settled: Vec::new(),
            arrivals: Vec::new(),
            kept,
            bound_at: None,
            closed: None,
        };
        let ended = run.drive(stream, outgoing, &mut to_answer).await;
        let why = match (&run.closed, ended) {
            (Some(why), _) => format!("session closed: {}", describe(why)),
            (None, Err(why)) => format!("link lost: {why}"),
            (None, Ok(())) => "link closed by the operator".to_owned(),
        };
        if let Some(bind) = &self.bind {
            bind.closed();
        }
        run.session.link_lost();
        run.settle();
        run.abandon_handed();
        let bound_at = run.bound_at;
        self.outcomes.bind_changed(&self.route);
        if self.drain.is_cancelled() {
            tracing::info!(route = self.route.config.name, "{why}");
        } else {
            self.trouble(&why);
        }
        bound_at.map(|at| self.clock.instant().saturating_duration_since(at))
    }
}

fn describe(why: &ClosedBy) -> String {
    match why {
        ClosedBy::Us => "unbound".to_owned(),
        ClosedBy::Peer => "the operator unbound".to_owned(),
        ClosedBy::Link => "the link went".to_owned(),
        ClosedBy::Silence => "no answer to a bind or an enquire_link".to_owned(),
        ClosedBy::Refused(status) => {
            format!("the bind was refused: {}", status.name().unwrap_or("a private status"))
        }
        ClosedBy::Garbage => "octets that are no SMPP".to_owned(),
    }
}

impl Run<'_> {
    async fn drive(
        &mut self,
        stream: Box<dyn Stream>,
        outgoing: &mut UnboundedReceiver<Vec<Outgoing>>,
        to_answer: &mut UnboundedReceiver<Vec<(u32, Status)>>,
    ) -> io::Result<()> {
        let clock = &self.link.clock;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut input = BytesMut::with_capacity(READ_BUFFER);
        let (mut unflushed, mut draining, mut lingers) = (false, false, None);
        loop {
            self.settle();
            let waiting = self.session.output().len();
            if self.closed.is_some() {
                // The last octets (an unbind's answer, say) are for a peer that may not read any more.
                let until = *lingers.get_or_insert_with(|| clock.instant() + LINGER);
                if waiting == 0 && !unflushed || clock.instant() >= until {
                    return Ok(());
                }
            }
            if draining && self.closed.is_none() && self.flying.is_empty() && self.handed.is_empty() {
                self.session.unbind(clock.instant());
                draining = false;
                continue;
            }
            let deadline = [self.session.deadline(), self.paced_until, self.handed.next_wake(), lingers];
            let deadline = deadline.into_iter().flatten().min();
            tokio::select! {
                biased;
                () = self.link.stop.cancelled() => return Ok(()),
                pushed = push(&mut writer, self.session.output()), if waiting > 0 || unflushed => {
                    unflushed = pushed?;
                    if !unflushed && !self.flying.is_empty() {
                        facteur_store::crash::point("gateway.submit.written");
                    }
                }
                Some(answers) = to_answer.recv() => {
                    self.answer(answers);
                    while let Ok(answers) = to_answer.try_recv() {
                        self.answer(answers);
                    }
                }
                read = reader.read_buf(&mut input), if waiting < OUTPUT_PAUSE && self.closed.is_none() => {
                    if read? == 0 {
                        return Ok(());
                    }
                    self.session.receive(&input, clock.instant());
                    input.clear();
                }
                batch = outgoing.recv(), if self.closed.is_none() && self.link.bind.is_some() => {
                    let Some(batch) = batch else { return Ok(()) };
                    self.enqueue(batch);
                    while let Ok(batch) = outgoing.try_recv() {
                        self.enqueue(batch);
                    }
                    self.write();
                }
                () = wait(clock, deadline) => {
                    self.session.tick(clock.instant());
                    self.write();
                }
                () = self.link.drain.cancelled(), if !draining && self.bound_at.is_some() && self.session.is_bound() => {
                    draining = true;
                    if let Some(bind) = &self.link.bind {
                        // Nothing more is given to us; what is under way is waited for.
                        bind.closed();
                    }
                }
            }
        }
    }

    fn answer(&mut self, answers: Vec<(u32, Status)>) {
        for (sequence, status) in answers {
            self.session.answer_deliver(sequence, status);
        }
    }

    fn enqueue(&mut self, batch: Vec<Outgoing>) {
        for outgoing in batch {
            self.handed.push(outgoing);
        }
    }

    /// Writes what the window, the pace and the rates of workspaces and senders have room for.
    fn write(&mut self) {
        self.paced_until = None;
        let Some(bind) = &self.link.bind else { return };
        let at = (self.link.clock.now(), self.link.clock.instant());
        self.wake(Some(at.1));
        let route = &self.link.route;
        let (mut written, mut paced) = (0_usize, false);
        let mut recalled = Vec::new();
        while self.session.room() > 0 {
            if let Some(waiting) = self.recall_first() {
                recalled.push(waiting);
                continue;
            }
            let Some((outgoing, owed)) = self.handed.first() else { break };
            let message = &outgoing.waiting().message;
            let (id, class) = (message.id, message.class);
            match self.link.outcomes.backlog.meters(message).write(message, at.1, || route.draw(at.1)) {
                Write::Now => {}
                Write::Rests(until) => {
                    // Those behind it go on, and the way is theirs.
                    bind.release(class, owed.count_ones() as usize);
                    self.handed.rest(until);
                    continue;
                }
                Write::NoRoom => {
                    paced = true;
                    break;
                }
            }
            let index = u8::try_from(owed.trailing_zeros()).unwrap_or(u8::MAX);
            if *owed == outgoing.waiting().parts_owed {
                self.flying.take_off(outgoing.waiting().clone(), *owed, at.1);
            }
            match translate::submit(&mut self.session, outgoing, index, at) {
                Ok(()) => {}
                Err(why @ (SendError::TooLong(_) | SendError::HoldsZero(_))) => {
                    // Cannot be: every part was cut to fit. Refused rather than offered for ever.
                    tracing::error!(message = %id, %why, "a part does not fit a PDU");
                    self.landed(PartId::new(id, index), AnswerOutcome::Refused { word: why.to_string() });
                }
                // The room was there a moment ago: the session is closing.
                Err(SendError::NotBound | SendError::WindowFull) => {
                    self.link.outcomes.give_back(recalled);
                    return;
                }
            }
            self.handed.written();
            bind.release(class, 1);
            written += 1;
        }
        self.link.outcomes.give_back(recalled);
        bind.window(self.session.room());
        if written > 0 {
            bind.health().wrote(at.1);
        }
        if paced {
            self.paced_until = route.next_room(at.1);
        }
        if written > 0 && route.limit() > 0 {
            // More may be handed over ahead of the pace.
            self.link.outcomes.backlog.wake.notify_one();
        }
    }

    /// Messages whose rest is over by `now` join the others again; all of them without a `now`.
    fn wake(&mut self, now: Option<Instant>) {
        for (class, parts) in self.handed.wake(now) {
            if let Some(bind) = &self.link.bind {
                bind.reserve(class, parts);
            }
        }
    }

    /// Takes the next message back where its recipient has said STOP since it was judged: once a STOP is on disk,
    /// no marketing is written that it covers. A message of which a part was written is finished: half a text
    /// helps nobody.
    fn recall_first(&mut self) -> Option<Waiting> {
        let stops = self.link.outcomes.store.fresh_stops();
        let (outgoing, owed) = self.handed.first()?;
        if *owed != outgoing.waiting().parts_owed || !outgoing.is_overtaken(stops) {
            return None;
        }
        let (outgoing, owed) = self.handed.take_first()?;
        let waiting = outgoing.into_waiting();
        if let Some(bind) = &self.link.bind {
            bind.release(waiting.message.class, owed.count_ones() as usize);
        }
        Some(waiting)
    }

    /// Empties the session's events, and passes on what they mean in batches.
    fn settle(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.on(event);
        }
        if !self.answers.is_empty() {
            let answers = std::mem::take(&mut self.answers);
            let again = std::mem::take(&mut self.again);
            let settled = std::mem::take(&mut self.settled);
            if let Some(bind) = &self.link.bind {
                bind.window(self.session.room());
            }
            self.link.outcomes.answers(&self.link.route, answers, again, &settled);
        }
        if !self.arrivals.is_empty() {
            let arrivals = std::mem::take(&mut self.arrivals);
            self.link.outcomes.arrivals(&self.link.route, arrivals, self.kept.clone());
        }
        if self.handed.parts() > 0 && self.paced_until.is_none() && self.session.room() > 0 {
            self.write();
        }
    }

    fn on(&mut self, event: Event) {
        let name = &self.link.route.config.name;
        match event {
            Event::Bound { system_id } => {
                self.bound_at = Some(self.link.clock.instant());
                tracing::info!(route = name, bind = ?self.link.kind, system_id, "bound");
                if let Some(bind) = &self.link.bind {
                    bind.opened(self.link.route.config.limits.window);
                }
                self.link.outcomes.bind_changed(&self.link.route);
            }
            Event::Answered { token, result } => {
                let part = translate::part_of(token);
                let outcome = self.outcome(part, result);
                self.landed(part, outcome);
            }
            Event::Lost { token } => self.landed(translate::part_of(token), AnswerOutcome::Lost),
            // Its flight has landed as lost: only the store may still learn something. A refusal that comes
            // late tells nothing of a part that may be on its way again.
            Event::AnsweredLate { token, result: Ok(id) } => {
                let outcome = AnswerOutcome::Taken { smsc_id: facteur_smpp::receipt::canonical_id(&id) };
                let (part, route) = (translate::part_of(token), self.link.route.id);
                self.answers.push(Answer { part, route, at: self.link.clock.now(), outcome });
            }
            Event::AnsweredLate { token, result: Err(status) } => {
                let message = translate::part_of(token).message();
                tracing::debug!(route = name, %message, %status, "a refusal came too late");
            }
            Event::Deliver { sequence, message } => self.arrived(sequence, &message),
            Event::Faulty { why } => {
                tracing::warn!(route = name, why, "a PDU could not be used");
                self.link.outcomes.faulty(&self.link.route);
            }
            Event::Unbinding => {
                if let Some(bind) = &self.link.bind {
                    bind.closed();
                }
            }
            Event::Closed { why } => self.closed = Some(why),
            // Events of a server; a client session has none.
            Event::BindRefused(_)
            | Event::BindRequest { .. }
            | Event::Submit { .. }
            | Event::DeliverAnswered { .. } => {}
        }
    }

    /// What an operator's answer means for the part: done, later, or never.
    fn outcome(&self, part: PartId, result: Result<String, Status>) -> AnswerOutcome {
        let status = match result {
            Ok(id) => return AnswerOutcome::Taken { smsc_id: facteur_smpp::receipt::canonical_id(&id) },
            Err(status) => status,
        };
        let attempts = self.flying.attempts(part);
        let disposition = status.disposition();
        let bounded = match disposition {
            Disposition::Throttled => {
                self.link.route.throttled(self.link.clock.instant());
                self.link.outcomes.throttled(&self.link.route);
                false
            }
            Disposition::TryLater => attempts.saturating_add(1) >= self.link.attempts_max,
            Disposition::Never | Disposition::Done => true,
        };
        if bounded {
            return AnswerOutcome::Refused { word: status.to_string() };
        }
        let wait = (RETRY_FIRST * 2_u32.saturating_pow(u32::from(attempts.min(16)))).min(RETRY_MAX);
        let until = self.link.clock.now().plus(wait);
        // Not later than its own end: the queue lets it lapse then.
        let until = self.flying.worth_until(part).map_or(until, |end| until.min(end));
        AnswerOutcome::Deferred { word: status.to_string(), until }
    }

    fn landed(&mut self, part: PartId, outcome: AnswerOutcome) {
        let later = match outcome {
            AnswerOutcome::Deferred { until, .. } => Some(until),
            _ => None,
        };
        let landed = self.flying.land(part, later);
        if let Some(written_at) = landed.written_at {
            let now = self.link.clock.instant();
            let waited = now.saturating_duration_since(written_at);
            self.link.outcomes.waited(&self.link.route, waited);
            if let Some(bind) = &self.link.bind {
                let left = self.link.route.config.limits.window.saturating_sub(self.session.room());
                match &outcome {
                    AnswerOutcome::Lost => bind.health().lost(now),
                    _ => bind.health().answered(waited, left, now),
                }
            }
        }
        self.again.extend(landed.again);
        self.settled.extend(landed.settled);
        let at = self.link.clock.now();
        self.answers.push(Answer { part, route: self.link.route.id, at, outcome });
    }

    /// Sorts a deliver_sm into a receipt or a message from a phone.
    fn arrived(&mut self, sequence: u32, message: &Received) {
        let view = message.view();
        let at = self.link.clock.now();
        let content = match ReadReceipt::read(&view) {
            Some(read) => {
                let raw = Bytes::copy_from_slice(view.content());
                let route = &self.link.route;
                let known = (route.id, &route.config.opt_out_errors[..]);
                let receipt = translate::receipt(known, &view, &read, at, raw);
                if translate::says(&receipt, &route.config.throttle_errors) {
                    route.told_of_throttling(self.link.clock.instant());
                    self.link.outcomes.throttled(route);
                }
                Content::Receipt(receipt)
            }
            None => Content::Message(mo::inbound(self.link.route.id, &view, at)),
        };
        self.arrivals.push(Arrival { sequence, content });
    }

    /// The session is over: what was never written goes back to the queue.
    fn abandon_handed(&mut self) {
        let (mut whole, mut answers) = (Vec::new(), Vec::new());
        let at = self.link.clock.now();
        self.wake(None);
        let handed: Vec<(Outgoing, u16)> = self.handed.drain().collect();
        for (outgoing, owed) in handed {
            let waiting = outgoing.into_waiting();
            if let Some(bind) = &self.link.bind {
                bind.release(waiting.message.class, owed.count_ones() as usize);
            }
            self.link.unwritten(&waiting, owed);
            if owed == waiting.parts_owed {
                whole.push(waiting);
                continue;
            }
            // Some parts were written: only the others are owed.
            let id = waiting.message.id;
            for index in (0..16).filter(|index| owed & (1 << index) != 0) {
                let outcome = AnswerOutcome::Deferred {
                    word: "the link went before it was written".to_owned(),
                    until: at,
                };
                // With the last of them come also those that the operator had put off before.
                self.again.extend(self.flying.land(PartId::new(id, index), Some(at)).again);
                answers.push(Answer { part: PartId::new(id, index), route: self.link.route.id, at, outcome });
            }
        }
        self.link.outcomes.give_back(whole);
        if !answers.is_empty() {
            let again = std::mem::take(&mut self.again);
            self.link.outcomes.answers(&self.link.route, answers, again, &[]);
        }
    }
}

/// Writes some of `output`, or flushes when it is empty; whether there is something to flush now.
/// Dropping it between two steps loses nothing.
async fn push<W: AsyncWrite + Unpin>(writer: &mut W, output: &mut BytesMut) -> io::Result<bool> {
    if output.is_empty() {
        return writer.flush().await.map(|()| false);
    }
    match writer.write_buf(output).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(true),
    }
}

async fn wait(clock: &Clock, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => clock.until(deadline).await,
        None => std::future::pending().await,
    }
}
