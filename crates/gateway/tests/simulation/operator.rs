//! The network towards the operator, and the operator: well-meaning, and unlucky.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use facteur_gateway::{Dial, Dialling, Stream};
use facteur_smpp::session::Limits;
use facteur_smpp::tlv::Tlvs;
use facteur_smpp::{Address, Event, Session, ShortMessage, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::TaskTracker;

use crate::world::{Ending, Note, Shared, Taken, World};

/// Octets under way in each direction.
const PIPE: usize = 64 * 1024;
/// How long a receipt or STOP that was refused waits.
const OFFER_AGAIN: Duration = Duration::from_secs(1);

/// Opens links to the operator.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) world: Shared,
    pub(crate) tasks: TaskTracker,
}

/// What a link is fated to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Good,
    HalfOpen,
    Cut(Duration),
    Stall(Duration, Duration),
}

impl Dial for Network {
    fn dial(&self, _: &str) -> Dialling {
        let (world, tasks) = (self.world.clone(), self.tasks.clone());
        Box::pin(async move {
            let (fails, wait, fate) = {
                let mut world = world.lock();
                let fails = world.plan.dial_fails;
                let fails = world.strikes(fails);
                let wait = Duration::from_millis(world.random.below(40));
                (fails, wait, fate(&mut world))
            };
            tokio::time::sleep(wait).await;
            if fails {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (near, far) = tokio::io::duplex(PIPE);
            let mut books = world.lock();
            books.links += 1;
            let number = books.links;
            books.tell(format_args!("link {number} opens: {fate:?}"));
            drop(books);
            tasks.spawn(Link::new(world, number, fate).run(far));
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

fn fate(world: &mut World) -> Fate {
    let plan = world.plan.clone();
    if world.strikes(plan.half_open) {
        return Fate::HalfOpen;
    }
    let after = Duration::from_millis(world.random.below(15_000));
    if world.strikes(plan.link_cut) {
        return Fate::Cut(after);
    }
    if world.strikes(plan.link_stalls) {
        return Fate::Stall(after, Duration::from_millis(500 + world.random.below(20_000)));
    }
    Fate::Good
}

struct Link {
    world: Shared,
    number: usize,
    fate: Fate,
    session: Session,
    /// Answers by when they leave.
    answers: BTreeMap<(Instant, u64), (u32, Result<String, Status>)>,
    offered: HashMap<u64, Note>,
    next: u64,
    bound: bool,
    stalled: bool,
    over: bool,
}

fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the operator's own clock, a virtual one")]
    let now = tokio::time::Instant::now();
    now.into_std()
}

impl Link {
    fn new(world: Shared, number: usize, fate: Fate) -> Self {
        let limits = Limits { window: 5, response_timeout: Duration::from_secs(8), ..Limits::default() };
        let session = Session::server("SIM", limits, instant());
        let (answers, offered) = (BTreeMap::new(), HashMap::new());
        Self {
            world,
            number,
            fate,
            session,
            answers,
            offered,
            next: 0,
            bound: false,
            stalled: false,
            over: false,
        }
    }

    async fn run(mut self, stream: DuplexStream) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let opened = instant();
        let mut input = BytesMut::new();
        loop {
            self.work();
            let now = instant();
            let (mut fated, mut ends_now) = (None, self.over);
            match self.fate {
                Fate::Good => {}
                Fate::HalfOpen => self.stalled = true,
                Fate::Cut(after) if now >= opened + after => ends_now = true,
                Fate::Cut(after) => fated = Some(opened + after),
                Fate::Stall(after, _) if now < opened + after => fated = Some(opened + after),
                Fate::Stall(after, long) if now < opened + after + long => {
                    self.stalled = true;
                    fated = Some(opened + after + long);
                }
                Fate::Stall(..) => {
                    if self.stalled {
                        self.fate = Fate::Good;
                        // Nothing that comes now was written now: its time is not looked at.
                    }
                }
            }
            let frozen = matches!(self.fate, Fate::HalfOpen) || (self.stalled && self.fate != Fate::Good);
            if ends_now {
                break;
            }
            let output = self.session.output().split();
            if !frozen && !output.is_empty() && writer.write_all(&output).await.is_err() {
                break;
            }
            let own =
                [self.session.deadline(), self.answers.keys().next().map(|(at, _)| *at), self.due(), fated];
            let deadline = own.into_iter().flatten().min().unwrap_or(now + Duration::from_secs(3_600));
            // Never in circles: what cannot be done now is looked at a little later.
            let deadline = deadline.max(now + Duration::from_millis(1));
            tokio::select! {
                biased;
                read = reader.read_buf(&mut input), if !frozen => {
                    if !matches!(read, Ok(octets) if octets > 0) {
                        break;
                    }
                    let latency = self.world.lock().random.below(25);
                    tokio::time::sleep(Duration::from_millis(latency)).await;
                    self.session.receive(&input, instant());
                    input.clear();
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    if !frozen {
                        self.session.tick(instant());
                    }
                }
            }
        }
        self.close();
    }

    /// When the next receipt or STOP is due, if this link may carry it.
    fn due(&self) -> Option<Instant> {
        if !self.bound || self.session.room() == 0 {
            return None;
        }
        let world = self.world.lock();
        let next = world.to_come.keys().next()?.0;
        Some(instant() + next.saturating_sub(world.now()))
    }

    fn work(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.on(event);
        }
        let now = instant();
        while let Some(first) = self.answers.first_entry() {
            if first.key().0 > now {
                break;
            }
            let (sequence, result) = first.remove();
            self.session.answer_submit(sequence, result.as_deref().map_err(|status| *status));
            let mut world = self.world.lock();
            let garbage = world.plan.garbage;
            if world.strikes(garbage) {
                world.tell(format_args!("link {}: a PDU that cannot be read", self.number));
                // A deliver_sm that ends too early: well framed, so that the link lives on.
                self.session
                    .output()
                    .extend_from_slice(&[0, 0, 0, 18, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1]);
            }
        }
        self.offer();
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::BindRequest { sequence, .. } => {
                self.bound = true;
                self.session.answer_bind(sequence, Ok(()));
            }
            Event::Submit { sequence, message } => {
                let view = message.view();
                self.submit(sequence, &view);
            }
            Event::DeliverAnswered { token, status } => {
                let Some(note) = self.offered.remove(&token) else { return };
                let mut world = self.world.lock();
                world.tell(format_args!("answered {} to {note:?}", status.0));
                if status != Status::OK {
                    return world.schedule(note, OFFER_AGAIN);
                }
                let now = world.now();
                match note {
                    Note::Receipt { taken, .. } => world.receipts.push(taken),
                    Note::Stop { phone } => _ = world.stops.entry(phone).or_insert(now),
                }
            }
            Event::Lost { token } => {
                if let Some(note) = self.offered.remove(&token) {
                    self.world.lock().schedule(note, Duration::ZERO);
                }
            }
            Event::Closed { .. } => self.over = true,
            _ => {}
        }
    }

    fn submit(&mut self, sequence: u32, message: &ShortMessage<'_>) {
        let shared = self.world.clone();
        let mut world = shared.lock();
        let plan = world.plan.clone();
        for (permille, status) in [
            (plan.throttled, Status::THROTTLED),
            (plan.put_off, Status::SYSTEM_ERROR),
            (plan.refused, Status::INVALID_DESTINATION),
        ] {
            if world.strikes(permille) {
                world.tell(format_args!("refuses a submit: {status}"));
                drop(world);
                return self.answer_later(sequence, Err(status));
            }
        }
        let number = world.taken.len();
        let ending = match () {
            () if world.strikes(plan.receipt_never) => Ending::Silent,
            () if world.strikes(plan.undelivered) => Ending::Undelivered,
            () => Ending::Delivered,
        };
        let content = message.content();
        let (part, text) = match (message.esm_class & 0x40, content) {
            (0x40, [5, 0, 3, _, _, part, text @ ..]) => (*part, text),
            _ => (1, content),
        };
        let token = token_of(text);
        let phone =
            std::str::from_utf8(message.destination.digits).ok().and_then(|digits| digits.parse().ok());
        let phone = phone.expect("a number");
        let taken =
            Taken { token, part, phone, at: world.now(), wall: world.wall(), ending, delayed: self.stalled };
        world
            .tell(format_args!("takes #{token} part {part} as {number} on link {}: {ending:?}", self.number));
        world.taken.push(taken);
        let id = format!("{:08x}", 0xA000_0000_u64 + number as u64 * 7);
        if ending != Ending::Silent {
            let other = world.strikes(plan.receipt_other_form);
            let told = if other {
                u64::from_str_radix(&id, 16).expect("hexadecimal").to_string()
            } else {
                id.clone()
            };
            let early = world.strikes(plan.receipt_early);
            let after = if early { 0 } else { 20 + world.random.below(4_000) };
            let times = if world.strikes(plan.receipt_twice) { 2 } else { 1 };
            for _ in 0..times {
                let after = Duration::from_millis(after + world.random.below(300));
                world.schedule(Note::Receipt { taken: number, id: told.clone() }, after);
            }
        }
        if world.strikes(plan.answer_lost) {
            return world.tell("and its answer is lost");
        }
        drop(world);
        self.answer_later(sequence, Ok(id));
    }

    fn answer_later(&mut self, sequence: u32, result: Result<String, Status>) {
        self.next += 1;
        let wait = self.world.lock().random.below(120);
        self.answers.insert((instant() + Duration::from_millis(wait), self.next), (sequence, result));
    }

    fn offer(&mut self) {
        while self.bound && self.session.room() > 0 {
            let shared = self.world.clone();
            let mut world = shared.lock();
            let now = world.now();
            let Some(first) = world.to_come.first_entry() else { return };
            if first.key().0 > now {
                return;
            }
            let (key, note) = first.remove_entry();
            self.next += 1;
            let token = self.next;
            let sent = deliver(&mut self.session, &world, &note, token);
            if sent {
                world.tell(format_args!("delivers {note:?} on link {}", self.number));
                self.offered.insert(token, note);
            } else {
                world.to_come.insert(key, note);
                return;
            }
        }
    }

    /// What was not answered is offered again, on another link.
    fn close(mut self) {
        let mut world = self.world.lock();
        world.tell(format_args!("link {} ends", self.number));
        let mut left: Vec<(u64, Note)> = self.offered.drain().collect();
        left.sort_unstable_by_key(|(token, _)| *token);
        for (_, note) in left {
            world.schedule(note, Duration::from_millis(10));
        }
    }
}

impl Drop for Link {
    /// The gateway died, and its links with it: what was not answered is offered again in the next life.
    fn drop(&mut self) {
        let mut left: Vec<(u64, Note)> = self.offered.drain().collect();
        left.sort_unstable_by_key(|(token, _)| *token);
        let mut world = self.world.lock();
        for (_, note) in left {
            world.next_note += 1;
            let key = (world.before, world.next_note);
            world.to_come.insert(key, note);
        }
    }
}

fn deliver(session: &mut Session, world: &World, note: &Note, token: u64) -> bool {
    let own = Address { ton: 3, npi: 1, digits: b"36180" };
    let (phone, text, esm_class) = match note {
        Note::Stop { phone } => (*phone, "STOP".to_owned(), 0),
        Note::Receipt { taken, id } => {
            let taken = &world.taken[*taken];
            let (word, error) =
                if taken.ending == Ending::Delivered { ("DELIVRD", 0) } else { ("UNDELIV", 5) };
            let text = format!(
                "id:{id} sub:001 dlvrd:001 submit date:2611241000 done date:2611241000 stat:{word} err:{error:03} text:-"
            );
            (taken.phone, text, 4)
        }
    };
    let digits = phone.to_string();
    let message = ShortMessage {
        source: Address { ton: 1, npi: 1, digits: digits.as_bytes() },
        destination: own,
        esm_class,
        text: text.as_bytes(),
        tlvs: Tlvs::default(),
        ..ShortMessage::default()
    };
    session.deliver(&message, token, instant()).is_ok()
}

/// The number after the first `#` of a text; 0 when it has none.
fn token_of(text: &[u8]) -> u64 {
    let Some(at) = text.iter().position(|octet| *octet == b'#') else { return 0 };
    let digits = text[at + 1..].iter().take_while(|octet| octet.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
