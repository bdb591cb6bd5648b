//! The state behind the one lock: accounts, phones, what waits, what was counted. A link holds the
//! lock once for everything that it handles together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::FixedState;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use crate::account::{Accounts, Rate};
use crate::clock::{Moment, Wall};
use crate::due::Due;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::outgoing::{Body, Outgoing};
use crate::phone::{PhoneEvent, Phones, Progress, e164};
use crate::stats::Stats;

/// Events that a slow subscriber may lag behind before it misses some.
const EVENTS_MAX: usize = 4_096;
/// The postman looks no more often than this, so that receipts leave in batches.
const POST_EVERY: Duration = Duration::from_millis(5);

/// What links, the postman and the handle share.
pub(crate) struct Shared {
    pub(crate) options: Arc<Options>,
    pub(crate) wall: Wall,
    /// Something was counted, or a link came or went.
    pub(crate) changed: Notify,
    /// Wakes the postman for something that is due before it meant to look.
    pub(crate) postman: Arc<Notify>,
    world: Mutex<World>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(options: Options, wall: Wall) -> Self {
        let options = Arc::new(options);
        let postman = Arc::new(Notify::new());
        let world = World::new(Arc::clone(&options), Arc::clone(&postman), wall());
        Self { options, wall, changed: Notify::new(), postman, world: Mutex::new(world) }
    }

    /// The state. A panic elsewhere does not make it unusable: every change is whole or harmless.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment::read(&self.wall)
    }
}

/// What a link is told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Close the connection, as if the line were cut.
    Cut,
    /// Unbind.
    Unbind,
}

/// A link as the others see it.
#[derive(Debug)]
pub(crate) struct LinkEntry {
    pub(crate) wake: Arc<Notify>,
    pub(crate) order: Option<Order>,
}

/// The state.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Arc<Options>,
    pub(crate) faults: Faults,
    pub(crate) stats: Stats,
    pub(crate) phones: Phones,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) accounts: Accounts,
    pub(crate) links: HashMap<u64, LinkEntry>,
    /// Which account last sent from a short code: replies to it go there.
    pub(crate) codes: HashMap<Box<str>, usize, FixedState>,
    /// Limits of the four operators.
    pub(crate) rates: [Rate; 4],
    /// Submits to the throttling test number refused so far, by message.
    pub(crate) throttled: HashMap<u64, u32, FixedState>,
    pub(crate) events: broadcast::Sender<PhoneEvent>,
    pub(crate) next_id: u32,
    pub(crate) next_link: u64,
    pub(crate) next_reference: u8,
    next_serial: u64,
    due: Due<Outgoing>,
    postman: Arc<Notify>,
    /// When the postman means to look next; `None`: when woken.
    planned: Option<Instant>,
}

impl World {
    fn new(options: Arc<Options>, postman: Arc<Notify>, wall_ms: i64) -> Self {
        Self {
            faults: Faults::default(),
            stats: Stats::default(),
            phones: Phones::new(&options),
            ledger: options.ledger.then(Ledger::default),
            accounts: Accounts::default(),
            links: HashMap::new(),
            codes: HashMap::default(),
            rates: [Rate::default(); 4],
            throttled: HashMap::default(),
            events: broadcast::Sender::new(EVENTS_MAX),
            next_id: first_id(wall_ms),
            next_link: 0,
            next_reference: 0,
            next_serial: 0,
            due: Due::default(),
            postman,
            planned: None,
            options,
        }
    }

    pub(crate) const fn serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial
    }

    /// Takes something that must leave at `at`, or at once.
    pub(crate) fn schedule(&mut self, outgoing: Outgoing, at: Instant, moment: Moment) {
        if self.stats.waiting >= self.options.outgoing_max as u64 {
            self.stats.dropped += 1;
            self.progress(&outgoing, Progress::Dropped);
            return;
        }
        self.stats.waiting += 1;
        self.place(outgoing, at, moment);
    }

    fn place(&mut self, outgoing: Outgoing, at: Instant, moment: Moment) {
        if at <= moment.at {
            let account = self.enqueue(outgoing, moment);
            self.accounts.get(account).wake();
            return;
        }
        self.due.push(at, outgoing);
        if self.planned.is_none_or(|planned| at < planned) {
            self.planned = Some(at);
            self.postman.notify_one();
        }
    }

    fn enqueue(&mut self, mut outgoing: Outgoing, moment: Moment) -> usize {
        if let Body::Receipt(receipt) = &mut outgoing.body
            && receipt.done_ms == 0
        {
            receipt.done_ms = moment.wall_ms;
            if self.faults.receipts_doubled {
                self.stats.waiting += 1;
                self.accounts.get(outgoing.account).queue.push_back(outgoing.clone());
            }
        }
        let account = outgoing.account;
        self.accounts.get(account).queue.push_back(outgoing);
        account
    }

    /// Hands everything that is due to its account, and says when to look again.
    pub(crate) fn post(&mut self, moment: Moment) -> Option<Instant> {
        let mut woken = Vec::new();
        while let Some(outgoing) = self.due.pop(moment.at) {
            let account = self.enqueue(outgoing, moment);
            if !woken.contains(&account) {
                woken.push(account);
            }
        }
        for account in woken {
            self.accounts.get(account).wake();
        }
        self.planned = self.due.next().map(|next| next.max(moment.at + POST_EVERY));
        self.planned
    }

    /// The platform took it.
    pub(crate) fn acknowledged(&mut self, outgoing: &Outgoing) {
        self.stats.waiting -= 1;
        if let Some(books) = &self.options.books {
            books.note(outgoing.taken());
        }
        if outgoing.is_receipt() {
            self.stats.receipts_answered += 1;
        } else {
            self.stats.replies_answered += 1;
        }
        self.progress(outgoing, Progress::Acknowledged);
    }

    /// It cannot be sent at all.
    pub(crate) fn dropped(&mut self, outgoing: &Outgoing) {
        self.stats.waiting -= 1;
        self.stats.dropped += 1;
        self.progress(outgoing, Progress::Dropped);
    }

    /// The platform refused it: it is offered again after a while.
    pub(crate) fn refused(&mut self, outgoing: Outgoing, moment: Moment) {
        self.stats.offered_again += 1;
        self.progress(&outgoing, Progress::Waiting);
        self.place(outgoing, moment.at + self.options.offer_again, moment);
    }

    /// Its link went, or no answer came: it is the next to leave.
    pub(crate) fn lost(&mut self, outgoing: Outgoing) {
        self.stats.offered_again += 1;
        self.progress(&outgoing, Progress::Waiting);
        let account = self.accounts.get(outgoing.account);
        account.queue.push_front(outgoing);
        account.wake();
    }

    /// It was written to a link.
    pub(crate) fn offered(&mut self, outgoing: &Outgoing) {
        if outgoing.is_receipt() {
            self.stats.receipts_sent += 1;
            self.stats.of_mut(outgoing.operator).receipts_sent += 1;
        } else {
            self.stats.replies_sent += 1;
        }
        self.progress(outgoing, Progress::Offered);
    }

    fn progress(&mut self, outgoing: &Outgoing, progress: Progress) {
        let (msisdn, serial) = (outgoing.msisdn, outgoing.serial);
        if self.phones.progress(msisdn, serial, progress) && self.events.receiver_count() > 0 {
            // Nobody to hear it any more is no error.
            let _ = self.events.send(PhoneEvent::Progress { msisdn: e164(msisdn), serial, progress });
        }
    }
}

/// The serial of the first message: it moves on with the seconds, 2,000 a second, over a day and a
/// bit, so that a restarted network does not give the ids of its former life again.
fn first_id(wall_ms: i64) -> u32 {
    let seconds = wall_ms.div_euclid(1000).rem_euclid(100_000);
    u32::try_from(seconds * 2_000).expect("at most 200,000,000")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Shared;
    use crate::clock::{Moment, now};
    use crate::options::Options;
    use crate::replies::Note;

    #[test]
    fn a_reply_takes_its_time_and_a_refused_one_waits_again() {
        let options = Options::default();
        let (takes, again) = (Duration::from_millis(700), options.offer_again);
        let shared = Shared::new(options, Arc::new(|| 0));
        let mut world = shared.world();
        let account = world.accounts.bind("acme", "", &shared.options).expect("anyone may bind");
        let start = Moment { at: now(), wall_ms: 0 };
        let after = |delay| Moment { at: start.at + delay, wall_ms: 0 };

        let note = Note { msisdn: 33_639_980_001, party: "38180", text: "OUI", delay: takes };
        world.write(account, note, start);
        assert_eq!(world.post(start), Some(start.at + takes));
        assert!(world.accounts.get(account).queue.is_empty());
        world.post(after(takes));
        let reply = world.accounts.get(account).queue.pop_front().expect("the reply is ready");

        world.refused(reply, after(takes));
        assert_eq!(world.post(after(takes)), Some(start.at + takes + again));
        assert!(world.accounts.get(account).queue.is_empty());
        world.post(after(takes + again));
        assert_eq!(world.accounts.get(account).queue.len(), 1);
    }
}
