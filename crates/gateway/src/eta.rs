//! When a message that waits is expected to leave: between two instants, or nobody can tell.

use std::time::Duration;

use facteur_domain::{Class, Message, MessageId, Timestamp, WorkspaceId};

use crate::backlog::Carries;
use crate::gateway::{Eta, Gateway, QueueReport};
use crate::schedule::{Ahead, is_sandbox};

/// Further ahead nothing is promised.
const HORIZON: Duration = Duration::from_secs(366 * 86_400);

impl Gateway {
    /// When a message that waits for its turn is expected to leave. `None` when nobody can tell: no route
    /// is bound, or its operator set no limit and has taken nothing lately.
    #[must_use]
    pub fn eta(&self, message: &Message) -> Option<Eta> {
        let of = (message.class, message.workspace);
        self.estimate(of, Some(message.id), is_sandbox(message))
    }

    /// As [`Gateway::eta`], for a message that would be accepted now.
    #[must_use]
    pub fn eta_of_next(&self, class: Class, workspace: WorkspaceId, sandbox: bool) -> Option<Eta> {
        self.estimate((class, workspace), None, sandbox)
    }

    fn estimate(&self, of: (Class, WorkspaceId), id: Option<MessageId>, sandbox: bool) -> Option<Eta> {
        let wanted = if sandbox { Carries::Test } else { Carries::Real };
        let capacity = self.capacity(wanted)?;
        let directory = self.directory();
        let ahead = self.shared.backlog.ahead(wanted, of, id, &|workspace| directory.terms(workspace));
        let limit = match directory.terms(of.1).per_second {
            0 => f64::INFINITY,
            limit => f64::from(limit),
        };
        Some(between(self.now(), ahead, capacity, limit))
    }

    /// Parts a second that the routes for `wanted` are expected to take together.
    fn capacity(&self, wanted: Carries) -> Option<f64> {
        let of = |carries: Carries| carries == wanted || carries == Carries::All;
        let routes = self.shared.routes.iter().filter(|route| of(route.carries));
        routes.filter_map(|route| route.capacity()).reduce(|sum, one| sum + one)
    }

    /// What waits, by class, the most urgent first.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueReport> {
        let (now, capacity) = (self.now(), self.capacity(Carries::Real));
        let depths = self.shared.backlog.depths();
        let share = |class| f64::from(self.sending().classes.share(class));
        let waiting: f64 =
            depths.iter().filter(|depth| depth.parts > 0).map(|depth| share(depth.class)).sum();
        depths
            .into_iter()
            .map(|depth| {
                let own = share(depth.class);
                let all = if depth.parts > 0 { waiting } else { waiting + own };
                let ahead = Ahead { parts: depth.parts + 1, share: own / all };
                QueueReport {
                    class: depth.class,
                    messages: depth.messages,
                    on_disk: depth.on_disk,
                    parts: depth.parts,
                    oldest: depth.oldest,
                    eta: capacity.map(|capacity| between(now, ahead, capacity, f64::INFINITY)),
                }
            })
            .collect()
    }
}

/// At best all the way is free for its line, within its workspace's `limit`; at worst it has its share.
fn between(now: Timestamp, ahead: Ahead, capacity: f64, limit: f64) -> Eta {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let parts = ahead.parts as f64;
    let after = |rate: f64| {
        let wait = Duration::try_from_secs_f64(parts / rate).unwrap_or(HORIZON).min(HORIZON);
        now.plus(wait)
    };
    Eta { from: after(capacity.min(limit)), to: after((capacity * ahead.share).min(limit)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    #[test]
    fn an_estimate_is_a_range() {
        let seconds = |eta: Eta| (eta.from.seconds(), eta.to.seconds());
        let ahead = Ahead { parts: 1_000, share: 0.25 };
        assert_eq!(seconds(between(NOW, ahead, 20.0, f64::INFINITY)), (50, 200));
        assert_eq!(seconds(between(NOW, ahead, 20.0, 10.0)), (100, 200), "its own limit is slower");
        assert_eq!(seconds(between(NOW, ahead, 20.0, 1.0)), (1_000, 1_000));
        let never = between(NOW, Ahead { parts: 1, share: 0.0 }, 20.0, f64::INFINITY);
        assert_eq!(never.to, NOW.plus(HORIZON), "as far as it goes");
    }
}
