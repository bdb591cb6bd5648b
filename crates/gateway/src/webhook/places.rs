//! How much of each endpoint's lane is free, as the store's writer asks when it raises an event: what fits is
//! leased there and then, and comes without being looked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use facteur_domain::WebhookId;
use facteur_store::{Courier, DueDelivery, Webhook};
use tokio::sync::mpsc::UnboundedSender;

use super::deliver::News;

/// Deliveries that wait for one endpoint or are under way, above which more are not leased as they are raised:
/// half of what its lane holds, so that what is leased otherwise has the other half.
const PLACES: usize = super::deliver::LANE_MAX / 2;

/// One endpoint's.
#[derive(Default)]
struct Place {
    /// Its last attempt was taken.
    open: bool,
    /// Deliveries that it was given and that have not ended.
    given: usize,
}

/// Every endpoint's that has any.
pub(super) struct Places {
    places: Mutex<HashMap<WebhookId, Place>>,
    news: UnboundedSender<News>,
}

impl Places {
    /// None is open yet. What is leased is told as `news`.
    pub(super) fn new(news: UnboundedSender<News>) -> Self {
        Self { places: Mutex::default(), news }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<WebhookId, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An endpoint was given a delivery that was looked for.
    pub(super) fn given(&self, endpoint: WebhookId) {
        self.all().entry(endpoint).or_default().given += 1;
    }

    /// A delivery ended, or was not started.
    pub(super) fn left(&self, endpoint: WebhookId) {
        if let Some(place) = self.all().get_mut(&endpoint) {
            place.given = place.given.saturating_sub(1);
        }
    }

    /// Whether an endpoint's last attempt was taken.
    pub(super) fn proved(&self, endpoint: WebhookId, open: bool) {
        if let Some(place) = self.all().get_mut(&endpoint) {
            place.open = open;
        }
    }

    /// Forgets endpoints that have nothing: the next delivery to each is looked for.
    pub(super) fn tidy(&self) {
        self.all().retain(|_, place| place.given > 0);
    }

    /// Nothing is leased as it is raised any more.
    pub(super) fn close(&self) {
        self.all().clear();
    }
}

impl Courier for Places {
    fn reserve(&self, endpoint: WebhookId) -> bool {
        let mut places = self.all();
        let Some(place) = places.get_mut(&endpoint).filter(|place| place.open && place.given < PLACES) else {
            return false;
        };
        place.given += 1;
        true
    }

    fn release(&self, endpoint: WebhookId) {
        self.left(endpoint);
    }

    fn deliver(&self, leased: Vec<(Arc<Webhook>, DueDelivery)>) {
        // When nobody listens, the gateway is stopping: their leases end with it.
        let _ = self.news.send(News::Handed(leased));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proved_endpoint_with_room_takes_what_is_raised() {
        let (news, _heard) = tokio::sync::mpsc::unbounded_channel();
        let places = Places::new(news);
        let (one, other) = (WebhookId::from_key(16), WebhookId::from_key(32));
        assert!(!places.reserve(one), "nothing was delivered to it yet");
        places.given(one);
        assert!(!places.reserve(one), "its first attempt has not ended");
        places.proved(one, true);
        assert!(!places.reserve(other), "another one");
        let taken = (0..2 * PLACES).filter(|_| places.reserve(one)).count();
        assert_eq!(taken, PLACES - 1, "what was looked for has a place too");
        places.left(one);
        assert!(places.reserve(one), "one has left");
        places.left(one);
        places.proved(one, false);
        assert!(!places.reserve(one), "its last attempt failed");
        places.proved(one, true);
        (0..PLACES).for_each(|_| places.left(one));
        places.tidy();
        assert!(!places.reserve(one), "idle since: looked at anew");
    }
}
