//! What comes from operators: receipts, and messages from phones.

use std::sync::PoisonError;

use facteur_domain::{OptOutScope, Sender, ShortCode, WorkspaceId};
use facteur_rules::{Context, Meaning, read_reply};
use facteur_store::{
    Arrived, Inbound, Known, NewOptOut, OptOutState, Receipt, ReplyMeaning, StopOrder, Understand, Understood,
};

use crate::directory::Current;
use crate::link::mo;

/// A deliver_sm, read.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// For its answer.
    pub(crate) sequence: u32,
    /// What it is.
    pub(crate) content: Content,
}

/// What a deliver_sm may be.
#[derive(Debug)]
pub(crate) enum Content {
    /// An operator's word on a message of ours.
    Receipt(Receipt),
    /// A phone's message (MO).
    Message(Inbound),
}

/// Understands what phones send (requirement `seed-short-code-stop`).
pub(crate) struct ReplyDesk {
    pub(crate) directory: Current,
    /// The platform's own STOP code.
    pub(crate) stop_code: Option<ShortCode>,
}

impl Understand for ReplyDesk {
    fn text(&self, parts: &[Option<Inbound>]) -> String {
        mo::text(parts)
    }

    /// One STOP for the advertiser of each workspace whose mentions name the code it was sent to. Nothing
    /// for a message that is none, or that cannot be attributed; it is kept all the same.
    fn understand(&self, arrived: &Arrived<'_>, _: &Known) -> Understood {
        let (Some(number), Some(code)) = (arrived.phone, arrived.code) else { return Understood::default() };
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner).clone();
        let candidates = directory.workspaces_of(code, self.stop_code);
        let owner = match candidates[..] {
            [workspace] => Some((workspace, Sender::Code(code))),
            _ => None,
        };
        // What leaves from a 36xxx, or names one in its mention, is marketing.
        let reading =
            read_reply(arrived.text, Context { after_marketing: code.is_marketing(), keyword: None });
        let (meaning, state) = match reading.meaning {
            Meaning::Stop => (ReplyMeaning::Stop, OptOutState::Confirmed),
            Meaning::StopDoubtful => (ReplyMeaning::StopDoubtful, OptOutState::Review),
            Meaning::Contact => return plain(ReplyMeaning::Contact, owner),
            Meaning::Start => return plain(ReplyMeaning::Start, owner),
            Meaning::Other => return plain(ReplyMeaning::Reply, owner),
        };
        let why = reading.why.map(|why| why.rule.to_owned());
        let stops = candidates.into_iter().map(|workspace| StopOrder {
            workspace,
            opt_out: NewOptOut {
                number,
                scope: OptOutScope::Advertiser,
                advertiser: Some(directory.settings(workspace).advertiser.clone()),
                source: "stop_reply".to_owned(),
                reason: why.clone(),
            },
            state,
        });
        Understood { stops: stops.collect(), rule: why.clone(), ..plain(meaning, owner) }
    }
}

fn plain(meaning: ReplyMeaning, owner: Option<(WorkspaceId, Sender)>) -> Understood {
    Understood { meaning: Some(meaning), owner, ..Understood::default() }
}
