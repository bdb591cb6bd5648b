//! The handle to a running network.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::msisdn;
use crate::clock::Wall;
use crate::faults::Faults;
use crate::options::Options;
use crate::phone::{PhoneEvent, PhoneMessage, PhoneSummary};
use crate::replies::Note;
use crate::server;
use crate::stats::Stats;
use crate::world::{Order, Shared, World};

/// Digits of the longest number that a phone may write to (E.164).
const DIGITS_MAX: usize = 15;

/// Why a phone's text cannot leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoRoute {
    /// The writer is no French mobile number.
    #[error("the phone has no French mobile number")]
    Phone,
    /// It is written to something that is no number.
    #[error("phones can write to numbers only")]
    Recipient,
    /// No platform has bound since the start.
    #[error("no platform has ever been bound")]
    Nobody,
}

/// A running network; cheap to clone. It ends with the token it was started with.
#[derive(Clone, Debug)]
pub struct Network {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Network {
    /// Binds the listener (port 0 takes a free one) and starts the network's tasks on `tracker`.
    /// They end when `stop` is cancelled: links are unbound, what still waits is forgotten. `wall`
    /// gives the dates of receipts and phones; delays run on the runtime's own clock.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(
        listen: SocketAddr,
        options: Options,
        wall: Wall,
        tracker: &TaskTracker,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options, wall));
        tracker.spawn(server::listen(listener, Arc::clone(&shared), tracker.clone(), stop.clone()));
        tracker.spawn(server::post(Arc::clone(&shared), stop));
        Ok(Self { shared, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The phones that are kept, the one used last first; at most 1,000.
    #[must_use]
    pub fn phones(&self) -> Vec<PhoneSummary> {
        self.shared.world().phones.summaries()
    }

    /// What a phone keeps, oldest first; nothing for a number that received nothing. The number
    /// is international, with or without a plus.
    #[must_use]
    pub fn phone(&self, number: &str) -> Vec<PhoneMessage> {
        match subscriber(number) {
            Some(msisdn) => self.shared.world().phones.messages(msisdn),
            None => Vec::new(),
        }
    }

    /// The phone `from` writes to the short code `to`. The account that sent from this code last
    /// has it; if none did, the account that bound last. It waits until that account has a receiver
    /// bound.
    ///
    /// # Errors
    /// When the numbers are none, or nobody ever bound.
    pub fn answer(&self, from: &str, to: &str, text: &str) -> Result<(), NoRoute> {
        let msisdn = subscriber(from).ok_or(NoRoute::Phone)?;
        let code = to.strip_prefix('+').unwrap_or(to);
        let shaped =
            (1..=DIGITS_MAX).contains(&code.len()) && code.bytes().all(|octet| octet.is_ascii_digit());
        if !shaped {
            return Err(NoRoute::Recipient);
        }
        let moment = self.shared.moment();
        let mut world = self.shared.world();
        let account = world.codes.get(code).copied().or_else(|| world.accounts.latest());
        let note = Note { msisdn, party: code, text, delay: Duration::ZERO };
        world.write(account.ok_or(NoRoute::Nobody)?, note, moment);
        drop(world);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    /// What happens on phones from now on. A subscriber that lags behind by more than 4,096 events
    /// misses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<PhoneEvent> {
        self.shared.world().events.subscribe()
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.world().stats
    }

    /// Waits until the counters satisfy `reached`, and gives them. It waits for ever if they never
    /// do: the caller sets the limit.
    pub async fn wait_until(&self, mut reached: impl FnMut(&Stats) -> bool) -> Stats {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let stats = self.stats();
            if reached(&stats) {
                return stats;
            }
            changed.await;
        }
    }

    /// The faults as they are now, their counts run down.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.world().faults.clone()
    }

    /// Misbehaves like this from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.change_faults(|now| *now = faults);
    }

    /// Changes some of the faults and leaves the others as they are.
    pub fn change_faults(&self, change: impl FnOnce(&mut Faults)) {
        let mut world = self.shared.world();
        change(&mut world.faults);
        wake_links(&world);
    }

    /// Stops reading from every link, or begins again.
    pub fn stop_reading(&self, stop: bool) {
        self.change_faults(|faults| faults.stop_reading = stop);
    }

    /// Asks every bound link to unbind.
    pub fn unbind_all(&self) {
        self.order(Order::Unbind);
    }

    /// Cuts every link without an unbind, and returns when they are gone.
    pub async fn cut(&self) {
        let cut = self.order(Order::Cut);
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if !cut.iter().any(|link| self.shared.world().links.contains_key(link)) {
                return;
            }
            changed.await;
        }
    }

    /// How often this text reached this number, if [`Options::ledger`] is set; else 0.
    #[must_use]
    pub fn deliveries(&self, number: &str, text: &str) -> u32 {
        let Some(msisdn) = subscriber(number) else { return 0 };
        self.shared.world().ledger.as_ref().map_or(0, |ledger| ledger.deliveries(msisdn, text))
    }

    /// How often each text with a token (`#` and digits, the first of a text) reached any phone,
    /// by the token's number, if [`Options::ledger`] is set; else nothing.
    #[must_use]
    pub fn token_deliveries(&self) -> HashMap<u64, u32> {
        self.shared.world().ledger.as_ref().map(|ledger| ledger.tokens().clone()).unwrap_or_default()
    }

    fn order(&self, order: Order) -> Vec<u64> {
        let mut world = self.shared.world();
        for link in world.links.values_mut() {
            link.order = Some(order);
        }
        wake_links(&world);
        world.links.keys().copied().collect()
    }
}

fn wake_links(world: &World) {
    for link in world.links.values() {
        link.wake.notify_one();
    }
}

fn subscriber(number: &str) -> Option<u64> {
    msisdn(number.strip_prefix('+').unwrap_or(number))
}
