//! What comes from operators: receipts, and messages from phones.

use facteur_domain::{OptOutScope, ShortCode, Timestamp, WorkspaceId};
use facteur_rules::{Context, Meaning, read_reply};
use facteur_store::{Inbound, NewOptOut, Receipt};

use crate::directory::Directory;
use crate::link::translate;

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

/// A STOP to record.
#[derive(Debug)]
pub(crate) struct StopOrder {
    /// For which workspace.
    pub(crate) workspace: WorkspaceId,
    /// What.
    pub(crate) opt_out: NewOptOut,
    /// Whether the reply is a STOP beyond doubt; else somebody reads it, and it counts until then.
    pub(crate) sure: bool,
    /// When the phone's message came.
    pub(crate) at: Timestamp,
}

/// The STOPs that a phone's message is (requirement `seed-short-code-stop`): one for the advertiser of each workspace whose mentions name the
/// code it was sent to. Nothing for a message that is none, or that cannot be attributed; it is kept all
/// the same.
pub(crate) fn stops(message: &Inbound, directory: &Directory, platform: Option<ShortCode>) -> Vec<StopOrder> {
    let (Some(number), Some(code)) = (message.from, translate::code_of(message)) else { return Vec::new() };
    let Some(text) = translate::inbound_text(message) else { return Vec::new() };
    // What leaves from a 36xxx, or names one in its mention, is marketing.
    let reading = read_reply(&text, Context { after_marketing: code.is_marketing(), keyword: None });
    let sure = match reading.meaning {
        Meaning::Stop => true,
        Meaning::StopDoubtful => false,
        Meaning::Contact | Meaning::Start | Meaning::Other => return Vec::new(),
    };
    let why = reading.why.map(|why| why.rule.to_owned());
    let orders = directory.workspaces_of(code, platform).into_iter().map(|workspace| StopOrder {
        workspace,
        opt_out: NewOptOut {
            number,
            scope: OptOutScope::Advertiser,
            advertiser: Some(directory.settings(workspace).advertiser.clone()),
            source: "stop_reply".to_owned(),
            reason: why.clone(),
        },
        sure,
        at: message.at,
    });
    orders.collect()
}
