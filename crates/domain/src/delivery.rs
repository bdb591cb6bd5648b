//! The life of a message: one enum, one transition function. Nothing else decides a state.
//!
//! ```text
//! scheduled -> queued -> submitting -> submitted -> delivered | undelivered | expired | rejected
//!     |          |           |             (receipts, aggregated over the parts)
//!     |          |           +-> unknown (answer lost) -> settled by a receipt, or resent
//!     +----------+-> cancelled | blocked | expired
//! ```

use std::fmt;

/// Where a message stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum State {
    /// Accepted; waits for its `send_at` or for its window to open.
    Scheduled,
    /// Accepted; waits for its turn on a route.
    Queued,
    /// Handed to a bind; the operator has not answered yet.
    Submitting,
    /// Taken by the operator; its receipt is awaited.
    Submitted,
    /// Handed to a bind and the answer was lost: perhaps taken, perhaps not. A receipt settles it,
    /// or the class's policy does.
    Unknown,
    /// On the phone.
    Delivered,
    /// The operator tried and gave up.
    Undelivered,
    /// Its validity ran out, with us or with the operator.
    Expired,
    /// The operator refused it for good.
    Rejected,
    /// A rule stopped it at departure.
    Blocked,
    /// The customer withdrew it.
    Cancelled,
}

/// What happens to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Event {
    /// Its time has come.
    Due,
    /// Held again: its window closed before it left.
    Held,
    /// Given to a bind.
    HandedOver,
    /// The operator took it.
    Taken,
    /// The operator said "try later".
    Deferred,
    /// The operator said "never".
    Refused,
    /// The link went before the answer came.
    AnswerLost,
    /// The policy for lost answers sends it again, as a possible duplicate.
    Resent,
    /// A receipt: on the phone.
    ReceiptDelivered,
    /// A receipt: given up.
    ReceiptUndelivered,
    /// A receipt: validity over.
    ReceiptExpired,
    /// A receipt: refused after it was taken.
    ReceiptRejected,
    /// Its validity ran out before it left.
    Lapsed,
    /// A rule stopped it at departure.
    Blocked,
    /// The customer withdrew it.
    Cancelled,
    /// No receipt came within the limit; nothing is known.
    ReceiptOverdue,
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} cannot happen to a message that is {state}")]
pub struct Impossible {
    /// Where the message stood.
    pub state: State,
    /// What was said to happen.
    pub event: Event,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Scheduled,
        Self::Queued,
        Self::Submitting,
        Self::Submitted,
        Self::Unknown,
        Self::Delivered,
        Self::Undelivered,
        Self::Expired,
        Self::Rejected,
        Self::Blocked,
        Self::Cancelled,
    ];

    /// Its name in the API, in metrics and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Submitted => "submitted",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether no further work is owed: a final state moves only by [`State::after`]'s rules for
    /// late receipts.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Delivered
                | Self::Undelivered
                | Self::Expired
                | Self::Rejected
                | Self::Blocked
                | Self::Cancelled
        )
    }

    /// The state after `event`.
    ///
    /// Late and doubled receipts: a receipt for a message that is already final changes nothing,
    /// except that *delivered* wins over *undelivered*, *expired* and *unknown*: the operator that
    /// first gave up and then delivered has delivered.
    ///
    /// # Errors
    /// The event cannot happen in this state; the state stays.
    pub const fn after(self, event: Event) -> Result<Self, Impossible> {
        use Event as E;
        Ok(match (self, event) {
            (Self::Scheduled, E::Due) => Self::Queued,
            (Self::Scheduled | Self::Queued, E::Held) => Self::Scheduled,
            (Self::Queued, E::HandedOver) => Self::Submitting,
            // Queued: its answer came late, while it waits to be sent again. Who asks knows that it was
            // handed over before.
            (Self::Queued | Self::Submitting | Self::Unknown, E::Taken) => Self::Submitted,
            (Self::Submitting, E::Deferred) => Self::Queued,
            (Self::Submitting, E::Refused) => Self::Rejected,
            (Self::Submitting | Self::Unknown, E::AnswerLost) => Self::Unknown,
            (Self::Unknown, E::Resent) => Self::Queued,
            (Self::Scheduled | Self::Queued | Self::Unknown, E::Lapsed) => Self::Expired,
            (Self::Scheduled | Self::Queued, E::Blocked) => Self::Blocked,
            (Self::Scheduled | Self::Queued, E::Cancelled) => Self::Cancelled,
            (Self::Submitted | Self::Unknown, E::ReceiptOverdue) => Self::Unknown,
            // Queued: its first hand-over was delivered after all, while it waits to be sent again.
            (
                Self::Queued
                | Self::Submitting
                | Self::Submitted
                | Self::Unknown
                | Self::Undelivered
                | Self::Expired
                | Self::Delivered,
                E::ReceiptDelivered,
            ) => Self::Delivered,
            (Self::Submitting | Self::Submitted | Self::Unknown, E::ReceiptUndelivered) => Self::Undelivered,
            (Self::Submitting | Self::Submitted | Self::Unknown, E::ReceiptExpired) => Self::Expired,
            (Self::Submitting | Self::Submitted | Self::Unknown, E::ReceiptRejected) => Self::Rejected,
            (
                Self::Delivered | Self::Undelivered | Self::Expired | Self::Rejected,
                E::ReceiptUndelivered | E::ReceiptExpired | E::ReceiptRejected,
            ) => self,
            (state, event) => return Err(Impossible { state, event }),
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a message is as a whole when its parts stand as `parts`: the earliest stage any part is in
/// while work is owed; once all are final, *delivered* only if every part was, else the gravest.
/// `None` for no parts.
pub fn aggregate(parts: impl IntoIterator<Item = State>) -> Option<State> {
    // Work owed first (least advanced wins), then failures by gravity, then success.
    const fn rank(state: State) -> u8 {
        match state {
            State::Scheduled => 0,
            State::Queued => 1,
            State::Submitting => 2,
            State::Unknown => 3,
            State::Submitted => 4,
            State::Blocked => 5,
            State::Cancelled => 6,
            State::Rejected => 7,
            State::Undelivered => 8,
            State::Expired => 9,
            State::Delivered => 10,
        }
    }
    parts.into_iter().min_by_key(|state| rank(*state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_life() {
        let mut state = State::Scheduled;
        for (event, next) in [
            (Event::Due, State::Queued),
            (Event::HandedOver, State::Submitting),
            (Event::Deferred, State::Queued),
            (Event::HandedOver, State::Submitting),
            (Event::Taken, State::Submitted),
            (Event::ReceiptDelivered, State::Delivered),
        ] {
            state = state.after(event).expect("possible");
            assert_eq!(state, next);
        }
    }

    #[test]
    fn a_lost_answer_is_unknown_until_settled() {
        let unknown = State::Submitting.after(Event::AnswerLost).expect("possible");
        assert_eq!(unknown, State::Unknown);
        assert_eq!(unknown.after(Event::ReceiptDelivered), Ok(State::Delivered));
        assert_eq!(unknown.after(Event::Resent), Ok(State::Queued));
        assert!(!unknown.is_final());
    }

    #[test]
    fn a_receipt_spares_a_message_its_second_journey() {
        let waits_again = State::Unknown.after(Event::Resent).expect("possible");
        assert_eq!(waits_again.after(Event::ReceiptDelivered), Ok(State::Delivered));
        assert!(waits_again.after(Event::ReceiptUndelivered).is_err(), "it is still worth another try");
    }

    #[test]
    fn a_late_answer_spares_a_message_its_second_journey() {
        let unknown = State::Submitting.after(Event::AnswerLost).expect("possible");
        assert_eq!(unknown.after(Event::Taken), Ok(State::Submitted));
        let waits_again = unknown.after(Event::Resent).expect("possible");
        assert_eq!(waits_again.after(Event::Taken), Ok(State::Submitted));
    }

    #[test]
    fn a_receipt_may_come_before_the_answer() {
        assert_eq!(State::Submitting.after(Event::ReceiptDelivered), Ok(State::Delivered));
    }

    #[test]
    fn final_states_move_only_towards_delivered() {
        for state in State::ALL.into_iter().filter(|s| s.is_final()) {
            for event in [Event::ReceiptUndelivered, Event::ReceiptExpired, Event::ReceiptRejected] {
                assert!(state.after(event).is_ok_and(|s| s == state) || state.after(event).is_err());
            }
            let late = state.after(Event::ReceiptDelivered);
            match state {
                State::Undelivered | State::Expired | State::Delivered => {
                    assert_eq!(late, Ok(State::Delivered));
                }
                _ => assert!(late.is_err(), "{state} must not become delivered"),
            }
            assert!(state.after(Event::HandedOver).is_err(), "nothing leaves twice from {state}");
        }
    }

    #[test]
    fn only_what_waits_can_be_withdrawn() {
        for state in State::ALL {
            let waits = matches!(state, State::Scheduled | State::Queued);
            assert_eq!(state.after(Event::Cancelled).is_ok(), waits, "{state}");
            assert_eq!(state.after(Event::Blocked).is_ok(), waits, "{state}");
        }
    }

    #[test]
    fn parts_make_a_whole() {
        use State::*;
        for (parts, whole) in [
            (vec![Delivered, Delivered], Some(Delivered)),
            (vec![Delivered, Submitted], Some(Submitted)),
            (vec![Delivered, Undelivered], Some(Undelivered)),
            (vec![Rejected, Delivered, Undelivered], Some(Rejected)),
            (vec![Submitted, Unknown], Some(Unknown)),
            (vec![Submitting, Rejected], Some(Submitting)),
            (vec![Queued, Delivered], Some(Queued)),
            (vec![], None),
        ] {
            assert_eq!(aggregate(parts.clone()), whole, "{parts:?}");
        }
    }

    #[test]
    fn names_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.as_str()), Some(state));
        }
    }
}
