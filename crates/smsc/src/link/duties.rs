//! What a link does with what its session says. Everything that came together is handled together,
//! under one lock, and leaves with one write.

use std::sync::Arc;

use facteur_smpp::pdu::Received;
use facteur_smpp::session::{BindKind, Credentials, SendError};
use facteur_smpp::{Event, Status};

use super::answers::give;
use super::{End, Link, OUTPUT_MAX};
use crate::clock::Moment;
use crate::journey::When;
use crate::world::{Order, World};

/// Answers that one link may hold back, whatever the options say.
const WAITING_MAX: usize = 10_000;

impl Link {
    /// Everything there is to do without waiting.
    pub(super) fn work(&mut self) {
        let shared = Arc::clone(&self.shared);
        let moment = shared.moment();
        let mut world = shared.world();
        self.obey(&mut world, moment);
        self.run_timers(moment);
        while self.end.is_none()
            && let Some(event) = self.session.poll_event()
        {
            self.handle(event, &mut world, moment);
        }
        if self.end.is_none() {
            self.answers.give_due(&mut self.session, &mut world.faults, moment.at);
            self.offer(&mut world, moment);
        }
        drop(world);
        shared.changed.notify_waiters();
    }

    fn obey(&mut self, world: &mut World, moment: Moment) {
        self.reads = !world.faults.stop_reading;
        self.byte_by_byte = world.faults.byte_by_byte;
        match world.links.get_mut(&self.id).and_then(|entry| entry.order.take()) {
            Some(Order::Cut) => self.end = Some(End::Cut),
            Some(Order::Unbind) if self.account.is_some() => self.session.unbind(moment.at.into_std()),
            Some(Order::Unbind) | None => {}
        }
    }

    fn run_timers(&mut self, moment: Moment) {
        let now = moment.at.into_std();
        if !self.half_open && self.session.deadline().is_some_and(|deadline| deadline <= now) {
            self.session.tick(now);
        }
        if self.unbind_at.is_some_and(|at| at <= moment.at) {
            self.unbind_at = None;
            self.session.unbind(now);
        }
        if self.parting.is_some_and(|at| at <= moment.at) {
            self.end = Some(End::Cut);
        }
    }

    fn handle(&mut self, event: Event, world: &mut World, moment: Moment) {
        match event {
            Event::BindRequest { sequence, credentials } => self.bind(sequence, &credentials, world, moment),
            Event::Submit { sequence, message } => self.submit(sequence, &message, world, moment),
            Event::DeliverAnswered { token, status } => {
                let Some(outgoing) = self.in_flight.remove(&token) else { return };
                if status == Status::OK {
                    world.acknowledged(&outgoing);
                } else {
                    world.refused(outgoing, moment);
                }
            }
            Event::Lost { token } => {
                if let Some(outgoing) = self.in_flight.remove(&token) {
                    world.lost(outgoing);
                }
            }
            Event::Faulty { why } => tracing::debug!(link = self.id, why, "a PDU was passed over"),
            Event::Closed { why } => {
                tracing::debug!(link = self.id, ?why, "a link ends");
                self.end = Some(End::Flush);
            }
            Event::Unbinding
            | Event::Bound { .. }
            | Event::BindRefused(_)
            | Event::Answered { .. }
            | Event::AnsweredLate { .. }
            | Event::Deliver { .. } => {}
        }
    }

    fn submit(&mut self, sequence: u32, message: &Received, world: &mut World, moment: Moment) {
        let Some(account) = self.account else { return };
        let window = match self.shared.options.window_max {
            0 => WAITING_MAX,
            window => window.min(WAITING_MAX),
        };
        if self.answers.waiting() >= window {
            world.stats.submits += 1;
            world.stats.throttled += 1;
            return give((sequence, Err(Status::THROTTLED)), &mut self.session, &mut world.faults);
        }
        let cut = world.faults.cut_now();
        let answer = world.submit(account, &message.view(), moment);
        let held = (sequence, answer.result);
        match (cut, answer.when) {
            (Some(true), _) => give(held, &mut self.session, &mut world.faults),
            (Some(false), _) | (None, When::Never) => {}
            (None, When::Now) => self.answers.now(held, &mut self.session, &mut world.faults, moment.at),
            (None, When::After(delay)) => self.answers.later(moment.at + delay, held),
        }
        if cut.is_some() {
            self.end = Some(End::Flush);
        }
    }

    fn bind(&mut self, sequence: u32, credentials: &Credentials, world: &mut World, moment: Moment) {
        let options = &self.shared.options;
        let Credentials { kind, system_id, password, .. } = credentials;
        let result = match world.faults.refuse_binds {
            Some(status) => Err(status),
            None => world.accounts.bind(system_id, password, options),
        };
        match result {
            Ok(account) => {
                world.stats.binds += 1;
                world.stats.bound += 1;
                self.account = Some(account);
                if *kind != BindKind::Transmitter {
                    world.accounts.get(account).receivers.push((self.id, Arc::clone(&self.wake)));
                }
                self.unbind_at = options.unbind_every.map(|every| moment.at + every);
            }
            Err(status) => {
                world.stats.binds_refused += 1;
                tracing::debug!(link = self.id, ?status, "a bind was refused");
            }
        }
        self.session.answer_bind(sequence, result.map(|_| ()));
    }

    /// Sends what waits for the account, as far as the window and the output allow.
    fn offer(&mut self, world: &mut World, moment: Moment) {
        let Some(account) = self.account else { return };
        while self.session.room() > 0 && self.session.output().len() < OUTPUT_MAX {
            let Some(outgoing) = world.accounts.get(account).queue.pop_front() else { return };
            let token = self.next_token;
            let sent =
                outgoing.with_message(|message| self.session.deliver(message, token, moment.at.into_std()));
            match sent {
                Ok(()) => {
                    self.next_token += 1;
                    world.offered(&outgoing);
                    self.in_flight.insert(token, outgoing);
                }
                Err(SendError::WindowFull | SendError::NotBound) => {
                    return world.accounts.get(account).queue.push_front(outgoing);
                }
                Err(error) => {
                    tracing::warn!(%error, "a receipt or reply cannot be sent");
                    world.dropped(&outgoing);
                }
            }
        }
    }
}
