//! Messages under way, as the writer remembers them: what was just accepted is handed over soon, answered
//! soon after, and its receipt comes half a second later. None of them reads again what this thread wrote.
//!
//! The database says the same, always: a parcel is taken out of here to be changed, and comes back only once
//! its rows are written. Whoever changes rows without bringing the parcel back makes it forgotten, a batch
//! that is not kept or a verb that is undone makes all of them forgotten, and so does another process that
//! wrote. What is not here is read from its rows.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use facteur_domain::{MessageId, Msisdn, PartId};
use foldhash::fast::RandomState;

use super::memory::smsc_key;
use super::parcel::{Parcel, Part};
use crate::RouteId;

/// The parcels, `max` at most.
pub(super) struct InHand {
    /// `None` while one is out.
    known: HashMap<MessageId, Option<Parcel>, RandomState>,
    /// Parts of parcels that are in, by the operator's id: one of them, and how many there are.
    by_id: HashMap<u64, (PartId, usize), RandomState>,
    /// Oldest first, with messages among them that are gone.
    order: VecDeque<MessageId>,
    max: usize,
}

impl InHand {
    /// Room for `max` messages.
    pub(super) fn new(max: usize) -> Self {
        Self { known: HashMap::default(), by_id: HashMap::default(), order: VecDeque::new(), max }
    }

    /// Whether one more fits without another's going.
    pub(super) fn has_room(&self) -> bool {
        self.known.len() < self.max
    }

    /// Takes a parcel out.
    pub(super) fn take(&mut self, message: MessageId) -> Option<Parcel> {
        let parcel = self.known.get_mut(&message)?.take()?;
        self.forget_ids(&parcel);
        Some(parcel)
    }

    /// Puts a parcel in, as its rows are.
    pub(super) fn put(&mut self, parcel: Parcel) {
        if self.max == 0 {
            return;
        }
        for part in &parcel.parts {
            if let (Some(route), Some(smsc_id)) = (part.route, &part.smsc_id) {
                let (known, count) = self.by_id.entry(smsc_key(route, smsc_id)).or_insert((part.id, 0));
                *known = part.id;
                *count += 1;
            }
        }
        let message = parcel.message;
        if self.known.insert(message, Some(parcel)).is_none() {
            self.order.push_back(message);
            self.make_room();
        }
    }

    /// A message has come to its end.
    pub(super) fn remove(&mut self, message: MessageId) {
        if let Some(Some(parcel)) = self.known.remove(&message) {
            self.forget_ids(&parcel);
        }
    }

    /// The part to this recipient that the operator knows by this id.
    pub(super) fn find(&self, route: RouteId, smsc_id: &str, recipient: Msisdn) -> Option<PartId> {
        // Operators use ids again: with two of one id, the rows say which is meant.
        let (part, 1) = *self.by_id.get(&smsc_key(route, smsc_id))? else { return None };
        let parcel = self.known.get(&part.message())?.as_ref()?;
        let named = |known: &&Part| known.id == part && known.route == Some(route);
        let found = parcel.parts.iter().find(named)?;
        let meant = parcel.shared.recipient == recipient && found.smsc_id.as_deref() == Some(smsc_id);
        meant.then_some(part)
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.by_id.clear();
        self.order.clear();
    }

    fn make_room(&mut self) {
        while self.known.len() > self.max {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(oldest);
        }
        // Most come to their end before they are the oldest.
        if self.order.len() > 2 * self.max {
            self.order.retain(|message| self.known.contains_key(message));
        }
    }

    fn forget_ids(&mut self, parcel: &Parcel) {
        for part in &parcel.parts {
            if let (Some(route), Some(smsc_id)) = (part.route, &part.smsc_id)
                && let Entry::Occupied(mut there) = self.by_id.entry(smsc_key(route, smsc_id))
            {
                there.get_mut().1 -= 1;
                if there.get().1 == 0 {
                    there.remove();
                }
            }
        }
    }
}
