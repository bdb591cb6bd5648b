//! The Sender ID desk for the windows: what the rules say of a declaration, and by when it is answered.

use std::time::Duration;

use facteur_domain::{Class, SenderRecordId, SenderState, Timestamp};
use facteur_rules::desk;
use facteur_store::{Actor, Dossier, NameProof, SenderRecord, StoreError};

use crate::gateway::Gateway;
use crate::preview::{PreviewReason, reason};

/// How long a dedicated short code takes at most to be set up, as announced (requirement
/// `seed-short-code-setup-time`): four months.
const DEDICATED_CODE: Duration = Duration::from_secs(122 * 24 * 3600);
/// The same for a shared one, of which only days to weeks are announced: four weeks.
const SHARED_CODE: Duration = Duration::from_secs(28 * 24 * 3600);

/// A sender as it is declared. A paper that is `None` is not looked at, an empty one is missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SenderDeclaration<'a> {
    /// The Sender ID or short code, as typed.
    pub name: &'a str,
    /// What it will send, if it is said.
    pub class: Option<Class>,
    /// The company's name in the register.
    pub legal_name: Option<&'a str>,
    /// Its SIREN.
    pub siren: Option<&'a str>,
    /// Its website.
    pub website: Option<&'a str>,
    /// Why this name, and what is sent under it.
    pub use_case: Option<&'a str>,
    /// A message as it would be sent.
    pub example_content: Option<&'a str>,
}

/// What a reviewer decides of a sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Review {
    /// It may send; with what the papers prove of the right to the name, and a word for the customer.
    Validate {
        /// As it was when absent.
        proof: Option<NameProof>,
        /// The customer reads it.
        word: Option<String>,
    },
    /// It is refused, for this reason.
    Fail(String),
    /// It may send no more, for this reason.
    Disable(String),
    /// This document is missing.
    Ask(String),
}

impl Gateway {
    /// Does what a reviewer decided of a sender; in force when it answers.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it stands where it cannot be moved so; [`StoreError::NotFound`] when
    /// there is no such sender any more.
    pub async fn review(
        &self,
        record: &SenderRecord,
        review: Review,
        actor: Actor,
    ) -> Result<SenderRecord, StoreError> {
        let (store, now) = (self.store(), self.now());
        let (workspace, sender) = (record.workspace, record.sender);
        let (to, reason) = match review {
            Review::Validate { proof, word } => {
                // The proof first: a name that needs one must not send for a moment without it.
                if let Some(proof) = proof.filter(|proof| *proof != record.dossier.proof) {
                    let dossier = Dossier { proof, ..record.dossier.clone() };
                    store.change_dossier(workspace, sender, dossier, now, actor.clone()).await?;
                }
                (SenderState::Validated, word)
            }
            Review::Fail(why) => (SenderState::Failed, Some(why)),
            Review::Disable(why) => (SenderState::Disabled, Some(why)),
            Review::Ask(what) => {
                let asked = store.ask_document(workspace, sender, what, now, actor).await?;
                self.refresh().await?;
                return Ok(asked);
            }
        };
        let moved = store.decide_sender(workspace, sender, to, reason, now, actor).await?;
        self.refresh().await?;
        Ok(moved)
    }

    /// Everything the rules say of a declaration now. Effects: `refuse` cannot be declared, `hold` waits
    /// for a paper, `note` is for the reviewer.
    #[must_use]
    pub fn check_declaration(&self, declaration: &SenderDeclaration<'_>) -> Vec<PreviewReason> {
        let declaration = desk::Declaration {
            name: declaration.name,
            class: declaration.class,
            legal_name: declaration.legal_name,
            company_number: declaration.siren,
            website: declaration.website,
            purpose: declaration.use_case,
            example: declaration.example_content,
            ..desk::Declaration::default()
        };
        desk::examine(&declaration, self.now()).iter().map(reason).collect()
    }

    /// When a declaration of now must be answered: 5 French business days. `None` beyond the calendar.
    #[must_use]
    pub fn review_due(&self) -> Option<Timestamp> {
        desk::review_due(self.now())
    }

    /// When a short code that is asked for now is expected to work.
    #[must_use]
    pub fn short_code_expected(&self, shared: bool) -> Timestamp {
        self.now().plus(if shared { SHARED_CODE } else { DEDICATED_CODE })
    }

    /// An id for a sender to declare.
    #[must_use]
    pub fn new_sender_id(&self) -> SenderRecordId {
        SenderRecordId::from_key(self.new_key())
    }
}
