//! Crash points: named instants between two durable facts at which a test makes the process die, to see
//! what the next start makes of it. They are there in debug builds only: in a release build [`point`] is
//! nothing, and a point cannot be armed.

/// Every point, in the order in which a message comes by them. `store.VERB.before` is when the verb's batch
/// is applied and not committed, `store.VERB.after` when it is on disk and nobody has been told.
pub const POINTS: &[&str] = &[
    "store.migrate.before",
    "store.migrate.between",
    "store.migrate.after",
    "store.recover.before",
    "store.recover.after",
    "store.tidy.before",
    "store.tidy.after",
    "store.accept.before",
    "store.accept.after",
    "gateway.accepted.unanswered",
    "store.release_due.before",
    "store.release_due.after",
    "store.hold.before",
    "store.hold.after",
    "store.cancel.before",
    "store.cancel.after",
    "store.depart.before",
    "store.depart.after",
    "gateway.handed_over.unwritten",
    "gateway.submit.written",
    "gateway.answer.unrecorded",
    "store.record_answers.before",
    "store.record_answers.after",
    "store.resend.before",
    "store.resend.after",
    "store.leave_unknown.before",
    "store.leave_unknown.after",
    "gateway.arrival.unrecorded",
    "store.record_receipts.before",
    "store.record_receipts.after",
    "gateway.receipt.unanswered",
    "store.receive.before",
    "store.receive.after",
    "gateway.inbound.unanswered",
    "store.due_deliveries.before",
    "store.due_deliveries.after",
    "gateway.webhook.posted",
    "store.record_deliveries.before",
    "store.record_deliveries.after",
    "store.checkpoint.before",
    "store.checkpoint.after",
    "store.backup.copied",
];

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        point: String,
        /// Passings that are survived.
        spared: AtomicU64,
        die: fn(),
    }

    static ARMED: OnceLock<Armed> = OnceLock::new();

    /// Arms one point of [`POINTS`](super::POINTS), written `POINT` or `POINT#N` for its Nth passing (1 is
    /// the first). `die` must end the process at once, without any tidying up. Once a process.
    ///
    /// # Errors
    /// There is no such point, or one is armed already.
    pub fn arm(text: &str, die: fn()) -> Result<(), String> {
        let (point, passing) = match text.split_once('#') {
            None => (text, 1),
            Some((point, n)) => (point, n.parse().map_err(|_| format!("{n:?} is no number of a passing"))?),
        };
        if !super::POINTS.contains(&point) {
            return Err(format!("there is no crash point {point:?}"));
        }
        let spared = AtomicU64::new(u64::saturating_sub(passing, 1));
        let armed = Armed { point: point.to_owned(), spared, die };
        ARMED.set(armed).map_err(|_| "a crash point is armed already".to_owned())
    }

    /// Dies here, if this point is armed.
    pub fn point(name: &'static str) {
        debug_assert!(super::POINTS.contains(&name), "{name} is not in the list");
        strike(|armed| armed == name);
    }

    /// Dies here, if the point of this verb is armed.
    pub(crate) fn of_verb(verb: &str, when: &str) {
        strike(|armed| {
            let middle = armed.strip_prefix("store.").and_then(|rest| rest.strip_suffix(when));
            middle.and_then(|rest| rest.strip_suffix('.')) == Some(verb)
        });
    }

    fn strike(is: impl Fn(&str) -> bool) {
        let Some(armed) = ARMED.get() else { return };
        if !is(&armed.point) {
            return;
        }
        let spare = |left: u64| left.checked_sub(1);
        if armed.spared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spare).is_err() {
            (armed.die)();
        }
    }
}

#[cfg(debug_assertions)]
pub(crate) use armed::of_verb;
#[cfg(debug_assertions)]
pub use armed::{arm, point};

/// Nothing: points are there in debug builds only.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn point(_name: &'static str) {}
