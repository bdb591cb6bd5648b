//! What a bind was given and has not written: OTPs and alerts before the rest, also before the parts
//! that are left of a long message.

use std::collections::VecDeque;

use super::translate::Outgoing;
use crate::schedule::is_express;

/// Messages handed over and not yet written, with the parts that are still to write.
#[derive(Default)]
pub(super) struct Handed {
    express: VecDeque<(Outgoing, u16)>,
    ordinary: VecDeque<(Outgoing, u16)>,
    parts: usize,
}

impl Handed {
    /// Joins them.
    pub(super) fn push(&mut self, outgoing: Outgoing) {
        let owed = outgoing.waiting().parts_owed;
        self.parts += owed.count_ones() as usize;
        let line =
            if is_express(outgoing.waiting().message.class) { &mut self.express } else { &mut self.ordinary };
        line.push_back((outgoing, owed));
    }

    /// Parts to write.
    pub(super) const fn parts(&self) -> usize {
        self.parts
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.parts == 0
    }

    /// The message whose part is next, and its parts that are still to write.
    pub(super) fn first(&mut self) -> Option<&mut (Outgoing, u16)> {
        match self.express.front_mut() {
            Some(first) => Some(first),
            None => self.ordinary.front_mut(),
        }
    }

    /// The lowest part of the first message was written; it goes with its last one.
    pub(super) fn written(&mut self) {
        let line = if self.express.is_empty() { &mut self.ordinary } else { &mut self.express };
        if let Some((_, owed)) = line.front_mut() {
            *owed &= owed.wrapping_sub(1);
            self.parts -= 1;
            if *owed == 0 {
                line.pop_front();
            }
        }
    }

    /// Everything, in order, for a session that is over.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Outgoing, u16)> {
        self.parts = 0;
        std::mem::take(&mut self.express).into_iter().chain(std::mem::take(&mut self.ordinary))
    }
}
