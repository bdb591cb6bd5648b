//! What outlives the gateway: the operator's and the clients' books, time, and what is still to come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use facteur_domain::{MessageId, State, Timestamp};
use facteur_gateway::Clock;
use facteur_store::{StoredMessage, StoryStep};

use crate::plan::{Plan, Random};

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Plain,
    Long,
    Otp,
    /// Left when its answer is lost.
    Alert,
    Marketing,
    /// Leaves some seconds later.
    Later,
    /// Would leave much later, and is cancelled.
    Cancelled,
}

/// What a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) phone: u64,
    pub(crate) send_at: Option<Timestamp>,
    /// The id, once a 200 came.
    pub(crate) accepted: Option<MessageId>,
    /// It was refused by the rules.
    pub(crate) refused: bool,
    /// Its cancellation was confirmed.
    pub(crate) cancelled: bool,
    /// Somebody waits for an answer about it.
    pub(crate) busy: bool,
}

/// How the operator ends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Delivered,
    Undelivered,
    /// No receipt ever comes.
    Silent,
}

/// A submit that the operator took.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) token: u64,
    pub(crate) part: u8,
    pub(crate) phone: u64,
    /// Since the beginning of the world.
    pub(crate) at: Duration,
    pub(crate) wall: Timestamp,
    pub(crate) ending: Ending,
    /// It may have been on its way for long.
    pub(crate) delayed: bool,
}

/// Something that the operator has to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// Of the submit of this number, under this id.
    Receipt { taken: usize, id: String },
    /// A phone says STOP.
    Stop { phone: u64 },
}

/// What was found at the end of a message.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) stored: StoredMessage,
    pub(crate) story: Vec<StoryStep>,
    pub(crate) verdict: bool,
}

/// The world; one lock, one thread.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    /// No more faults, nothing new.
    pub(crate) calm: bool,
    /// What happened, in order.
    pub(crate) course: Vec<String>,
    pub(crate) clock: Option<Clock>,
    /// Before this life.
    pub(crate) before: Duration,
    life_began: Option<std::time::Instant>,
    pub(crate) jumped: i64,
    pub(crate) last_jump: Option<Duration>,
    pub(crate) asked: BTreeMap<u64, Asked>,
    pub(crate) taken: Vec<Taken>,
    pub(crate) to_come: BTreeMap<(Duration, u64), Note>,
    pub(crate) next_note: u64,
    /// Final receipts that the gateway answered with ESME_ROK, by number of the submit.
    pub(crate) receipts: Vec<usize>,
    /// When the first STOP of a phone was answered with ESME_ROK.
    pub(crate) stops: BTreeMap<u64, Duration>,
    pub(crate) stops_in_force: BTreeMap<u64, bool>,
    pub(crate) ends: BTreeMap<u64, End>,
    pub(crate) crashes: usize,
    pub(crate) links: usize,
    pub(crate) sound: String,
}

/// A handle.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(seed: u64) -> Self {
        let plan = Plan::of(seed);
        Self(Arc::new(Mutex::new(World {
            seed,
            random: Random::new(seed),
            calm: false,
            course: vec![format!("{plan:?}")],
            clock: None,
            before: Duration::ZERO,
            life_began: None,
            jumped: 0,
            last_jump: None,
            asked: BTreeMap::new(),
            taken: Vec::new(),
            to_come: BTreeMap::new(),
            next_note: 0,
            receipts: Vec::new(),
            stops: BTreeMap::new(),
            stops_in_force: BTreeMap::new(),
            ends: BTreeMap::new(),
            crashes: 0,
            links: 0,
            sound: String::new(),
            plan,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn into_world(self) -> World {
        let mutex = Arc::try_unwrap(self.0).expect("everything of the lives is gone");
        mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl World {
    /// A life begins, on the runtime's clock.
    pub(crate) fn begin(&mut self) -> Clock {
        let start: Timestamp = Timestamp::from_jiff(self.plan.start.parse().expect("RFC 3339"));
        let wall = start.plus(self.before).millis() + self.jumped;
        let clock = Clock::of_runtime(Timestamp::from_millis(wall));
        self.life_began = Some(clock.instant());
        self.clock = Some(clock.clone());
        clock
    }

    /// Since the beginning of the world.
    pub(crate) fn now(&self) -> Duration {
        match (&self.clock, self.life_began) {
            (Some(clock), Some(began)) => self.before + clock.instant().duration_since(began),
            _ => self.before,
        }
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.as_ref().expect("in a life").now()
    }

    /// A life is over.
    pub(crate) fn end(&mut self) {
        self.before = self.now();
        self.clock = None;
        self.life_began = None;
        for asked in self.asked.values_mut() {
            asked.busy = false;
        }
    }

    pub(crate) fn tell(&mut self, what: impl std::fmt::Display) {
        let at = self.now();
        let line = format!("{:>9.3} {what}", at.as_secs_f64());
        self.course.push(line);
    }

    /// Whether a fault of this likelihood strikes now.
    pub(crate) fn strikes(&mut self, permille: u64) -> bool {
        !self.calm && self.random.permille(permille)
    }

    /// Has something delivered after a while.
    pub(crate) fn schedule(&mut self, note: Note, after: Duration) {
        self.next_note += 1;
        let at = self.now() + after;
        self.to_come.insert((at, self.next_note), note);
    }

    pub(crate) fn figures(&self) -> [usize; 6] {
        let accepted = self.asked.values().filter(|asked| asked.accepted.is_some()).count();
        let doubled = self.ends.values().filter(|end| end.stored.possible_duplicate).count();
        [accepted, self.crashes, doubled, self.stops.len(), self.receipts.len(), self.links]
    }

    pub(crate) fn report(&self) -> (usize, Vec<(u64, State)>) {
        (self.taken.len(), self.ends.iter().map(|(token, end)| (*token, end.stored.state)).collect())
    }
}
