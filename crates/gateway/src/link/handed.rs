//! What a bind was given and has not written: OTPs and alerts before the rest, also before the parts
//! that are left of a long message.

use std::collections::VecDeque;
use std::time::Instant;

use facteur_domain::Class;

use super::translate::Outgoing;
use crate::schedule::is_express;

/// Messages handed over and not yet written, with the parts that are still to write.
#[derive(Default)]
pub(super) struct Handed {
    express: VecDeque<(Outgoing, u16)>,
    ordinary: VecDeque<(Outgoing, u16)>,
    /// Over the rate of their workspace or sender until then: parts of a message that is longer than the rate, and
    /// whatever a limit met that was just lowered.
    resting: Vec<(Instant, Outgoing, u16)>,
    /// Parts that do not rest.
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

    /// Parts to write now.
    pub(super) const fn parts(&self) -> usize {
        self.parts
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.parts == 0 && self.resting.is_empty()
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

    /// The first message rests until then.
    pub(super) fn rest(&mut self, until: Instant) {
        let line = if self.express.is_empty() { &mut self.ordinary } else { &mut self.express };
        if let Some((outgoing, owed)) = line.pop_front() {
            self.parts -= owed.count_ones() as usize;
            self.resting.push((until, outgoing, owed));
        }
    }

    /// When the next rest is over.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.resting.iter().map(|(until, ..)| *until).min()
    }

    /// Those whose rest is over by `now`, all of them without one, come before the others: class and parts of each.
    pub(super) fn wake(&mut self, now: Option<Instant>) -> Vec<(Class, usize)> {
        let over = |resting: &mut (Instant, Outgoing, u16)| now.is_none_or(|now| resting.0 <= now);
        let mut woken = Vec::new();
        let awake: Vec<_> = self.resting.extract_if(.., over).collect();
        for (_, outgoing, owed) in awake.into_iter().rev() {
            let (class, parts) = (outgoing.waiting().message.class, owed.count_ones() as usize);
            let line = if is_express(class) { &mut self.express } else { &mut self.ordinary };
            line.push_front((outgoing, owed));
            self.parts += parts;
            woken.push((class, parts));
        }
        woken
    }

    /// The first message leaves the line with all its parts that are still to write.
    pub(super) fn take_first(&mut self) -> Option<(Outgoing, u16)> {
        let line = if self.express.is_empty() { &mut self.ordinary } else { &mut self.express };
        let first = line.pop_front()?;
        self.parts -= first.1.count_ones() as usize;
        Some(first)
    }

    /// Everything, in order, for a session that is over.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Outgoing, u16)> {
        self.parts = 0;
        std::mem::take(&mut self.express).into_iter().chain(std::mem::take(&mut self.ordinary))
    }
}
