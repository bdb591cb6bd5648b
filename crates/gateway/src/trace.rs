//! Traces: a request that brings a W3C `traceparent` can be followed to its receipt, seconds or days later.
//!
//! The context is kept in the message's story, so that it outlives a restart. Each change of the message is
//! told as a span of the caller's trace. Without an exporter nothing is kept, read or made.

use std::fmt;
use std::str::FromStr;

use facteur_domain::{MessageId, State, Timestamp};
use facteur_store::{Change, Store};
use tokio::sync::mpsc::Sender;
use tokio_util::task::TaskTracker;

/// Whose trace it is, as a `traceparent` header says (W3C Trace Context, level 1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceContext {
    /// The trace; never 0.
    pub trace: u128,
    /// The caller's span; never 0.
    pub parent: u64,
    /// The caller records it. What it does not record is not recorded here either.
    pub sampled: bool,
}

/// A text is no `traceparent`: it is ignored, as the standard asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no traceparent of W3C Trace Context")]
pub struct NoTrace;

impl FromStr for TraceContext {
    type Err = NoTrace;

    fn from_str(text: &str) -> Result<Self, NoTrace> {
        let mut fields = text.split('-');
        let mut hex = |digits: usize| {
            let field = fields.next().ok_or(NoTrace)?;
            let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            let fits = field.len() == digits && field.bytes().all(lower);
            if fits { u128::from_str_radix(field, 16).map_err(|_| NoTrace) } else { Err(NoTrace) }
        };
        let (version, trace, parent, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        let parent = u64::try_from(parent).map_err(|_| NoTrace)?;
        // Later versions may add fields at the end; version ff is none.
        let more = fields.next().is_some();
        if version == 0xff || (version == 0 && more) || trace == 0 || parent == 0 {
            return Err(NoTrace);
        }
        Ok(Self { trace, parent, sampled: flags & 1 == 1 })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.parent, u8::from(self.sampled))
    }
}

/// Something that took its time, in somebody's trace. It names no number and quotes no text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// What it was, as in `sms delivered`.
    pub name: &'static str,
    /// Whose it is, and under which span of theirs.
    pub context: TraceContext,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What else is known.
    pub attributes: Vec<(&'static str, String)>,
    /// It did not end well.
    pub failed: bool,
}

/// Where spans go; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tracer(pub(crate) Sender<Span>);

impl Tracer {
    /// A message was accepted between two instants.
    pub(crate) fn accepted(
        &self,
        context: TraceContext,
        message: MessageId,
        start: Timestamp,
        end: Timestamp,
    ) {
        let attributes = vec![("messaging.message.id", message.to_string())];
        self.tell(Span { name: "sms accepted", context, start, end, attributes, failed: false });
    }

    /// Messages changed at `now`: those that are traced have a span from their acceptance until then.
    pub(crate) fn changed(&self, store: &Store, tracker: &TaskTracker, changes: &[Change], now: Timestamp) {
        let changes: Vec<(Change, &'static str, bool)> = changes
            .iter()
            .filter_map(|change| name(change.to).map(|(name, failed)| (*change, name, failed)))
            .collect();
        if changes.is_empty() {
            return;
        }
        let pending = store.traces(changes.iter().map(|(change, ..)| change.message).collect());
        let this = self.clone();
        tracker.spawn(async move {
            // Traces are told as far as they can be; what matters is in the story.
            for (message, context) in pending.await.unwrap_or_default() {
                let Ok(context) = context.parse::<TraceContext>() else { continue };
                for (change, name, failed) in changes.iter().filter(|(change, ..)| change.message == message)
                {
                    let attributes = vec![
                        ("messaging.message.id", message.to_string()),
                        ("facteur.class", change.class.to_string()),
                        ("facteur.status", change.to.as_str().to_owned()),
                    ];
                    let (name, failed, start) = (*name, *failed, message.made_at());
                    this.tell(Span { name, context, start, end: now, attributes, failed });
                }
            }
        });
    }

    /// One span too many is dropped: the exporter is behind, and messages must not wait for it.
    fn tell(&self, span: Span) {
        if self.0.try_send(span).is_err() {
            tracing::debug!("a span was dropped: the collector does not keep up");
        }
    }
}

/// How a state is told, and whether it is a failure; `None` for states on the way that say little.
const fn name(state: State) -> Option<(&'static str, bool)> {
    match state {
        State::Scheduled => Some(("sms held", false)),
        State::Queued | State::Submitting => None,
        State::Unknown => Some(("sms unknown", true)),
        State::Submitted => Some(("sms submitted", false)),
        State::Blocked => Some(("sms blocked", true)),
        State::Cancelled => Some(("sms cancelled", false)),
        State::Rejected => Some(("sms rejected", true)),
        State::Undelivered => Some(("sms undelivered", true)),
        State::Expired => Some(("sms expired", true)),
        State::Delivered => Some(("sms delivered", false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let context: TraceContext = GOOD.parse().expect("the standard's own example");
        assert_eq!(context.parent, 0x00f0_67aa_0ba9_02b7);
        assert!(context.sampled);
        assert_eq!(context.to_string(), GOOD);
        let later = format!("01{}-more", &GOOD[2..]);
        assert_eq!(later.parse::<TraceContext>(), Ok(context), "a later version may say more");
        assert!(!GOOD.replace("-01", "-00").parse::<TraceContext>().expect("not sampled").sampled);
        for wrong in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &GOOD[1..],
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000000"),
            &GOOD.replace("00f067aa0ba902b7", "0000000000000000"),
            &format!("ff{}", &GOOD[2..]),
            &format!("{GOOD}-more"),
            &GOOD.replace("4bf9", "4bg9"),
            &GOOD.replace("4bf9", "+bf9"),
        ] {
            assert_eq!(wrong.parse::<TraceContext>(), Err(NoTrace), "{wrong}");
        }
    }
}
