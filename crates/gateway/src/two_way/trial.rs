//! What would follow if a phone sent a text to a code now: read by the desk that reads what phones send,
//! and nothing kept.

use std::time::Duration;

use facteur_domain::{InboundId, MessageId, Msisdn, Sender, ShortCode, WorkspaceId};
use facteur_store::{Arrived, Known, NewConsent, ReplyMeaning, StoreError, Understood, Written};

use crate::gateway::Gateway;

/// A number that Arcep keeps for fiction: the answer is judged, not whom it goes to.
const PHONE: u64 = 33_639_980_000;
/// How long ago the phone is taken to have been written to from the code.
const WRITTEN: Duration = Duration::from_mins(1);

/// What would follow from a phone's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTrial {
    /// What it means.
    pub meaning: ReplyMeaning,
    /// By which rule; none where nothing was found in it.
    pub rule: Option<String>,
    /// The word that it is, of a keyword of the workspace.
    pub keyword: Option<String>,
    /// What is answered.
    pub answer: Option<String>,
    /// Whose marketing ends.
    pub stopped: Vec<String>,
    /// The consents that it gives.
    pub consents: Vec<NewConsent>,
}

impl Gateway {
    /// What would follow if a phone, which the workspace wrote to from `code` a minute ago, sent `text` to it.
    /// Of a shared code only the workspace's own keywords count here.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn try_reply(
        &self,
        workspace: WorkspaceId,
        code: ShortCode,
        text: &str,
    ) -> Result<ReplyTrial, StoreError> {
        let keywords = self.store().keywords(workspace, Some(code)).await?;
        let now = self.now();
        let at = now.minus(WRITTEN);
        let written = Written {
            code,
            workspace,
            sender: Sender::Code(code),
            message: MessageId::from_key(0),
            at,
            marketing_at: code.is_marketing().then_some(at),
        };
        let known = Known { written: vec![written], keywords, ..Known::default() };
        let arrived = Arrived {
            id: InboundId::from_key(0),
            at: now,
            now,
            phone: Msisdn::from_digits(PHONE),
            code: Some(code),
            text,
            open: false,
        };
        let Understood { meaning, rule, keyword, stops, consents, answer, .. } =
            self.shared.desk.understand(&arrived, &known);
        let said = known.keywords.iter().find(|there| Some(there.id) == keyword);
        Ok(ReplyTrial {
            meaning: meaning.unwrap_or(ReplyMeaning::Reply),
            rule,
            keyword: said.and_then(|there| there.rule.words.first()).map(|word| word.shown.clone()),
            answer: answer.map(|answer| answer.message.text.show().to_owned()),
            stopped: stops.into_iter().filter_map(|stop| stop.opt_out.advertiser).collect(),
            consents: consents.into_iter().map(|order| order.consent).collect(),
        })
    }
}
