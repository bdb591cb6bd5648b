//! What the product answers phones by itself: judged like every message, kept with its cause, sent from the
//! code that the phone wrote to.

use std::time::Duration;

use facteur_domain::{
    AccountKeyId, AutoReply, Class, Language, Message, MessageId, MessageText, Sender, ShortCode,
    WorkspaceId, text,
};
use facteur_rules::{
    Decision, Facts, Identity, PARTS_HARD_MAX, Session, contact_answer, start_confirmation, stop_confirmation,
};
use facteur_store::{Accept, Understood};

use super::Reader;
use super::attribution::Advertiser;
use crate::compliance::{Background, verdict_json};

/// Nobody's key: the product writes by itself.
const NO_KEY: AccountKeyId = AccountKeyId::from_key(0);
const HOUR: Duration = Duration::from_hours(1);

impl Reader<'_> {
    pub(super) fn confirm_stop(
        &self,
        owner: Option<(WorkspaceId, Sender)>,
        stopped: &[Advertiser],
    ) -> Option<Box<Accept>> {
        let (workspace, brand) = match stopped {
            [only] => (only.workspace, Some(only.name.as_str())),
            [first, ..] => (first.workspace, None),
            [] => (WorkspaceId::PLATFORM, None),
        };
        let text = stop_confirmation(self.language(workspace, owner), brand);
        self.answer(workspace, AutoReply::Stop, text)
    }

    pub(super) fn confirm_start(
        &self,
        owner: Option<(WorkspaceId, Sender)>,
        advertiser: &Advertiser,
        code: ShortCode,
    ) -> Option<Box<Accept>> {
        let language = self.language(advertiser.workspace, owner);
        let text = start_confirmation(language, &advertiser.name, code);
        self.answer(advertiser.workspace, AutoReply::Start, text)
    }

    /// Confirms START where the STOP was nobody's.
    pub(super) fn confirm_restart(&self, code: ShortCode) -> Option<Box<Accept>> {
        let text = start_confirmation(self.language(WorkspaceId::PLATFORM, None), "", code);
        self.answer(WorkspaceId::PLATFORM, AutoReply::Start, text)
    }

    /// Who runs the platform, where nobody can tell who is meant and the settings say it.
    fn contact_platform(&self) -> Option<Box<Accept>> {
        let publisher = &self.desk.replies.publisher;
        let identity = Identity {
            legal_name: publisher.legal_name.as_deref()?,
            siren: publisher.siren.as_deref(),
            register_city: publisher.register_city.as_deref(),
            service_phone: publisher.service_phone.as_deref(),
            service_contact: publisher.service_contact.as_deref(),
        };
        let text = contact_answer(self.language(WorkspaceId::PLATFORM, None), &identity);
        self.answer(WorkspaceId::PLATFORM, AutoReply::Contact, text)
    }

    /// Who publishes: what the workspace says of itself, else what was declared with its sender.
    pub(super) fn contact(&self, understood: &mut Understood) {
        let Some((workspace, sender)) = understood.owner else {
            understood.answer = self.contact_platform();
            return;
        };
        let settings = self.directory.settings(workspace);
        let record = self.directory.sender(workspace, &sender);
        let dossier = record.map(|record| &record.dossier);
        let publisher = &settings.publisher;
        let declared =
            |own: &Option<String>, of_dossier: Option<&String>| own.clone().or_else(|| of_dossier.cloned());
        let name = declared(&publisher.legal_name, dossier.and_then(|d| d.legal_name.as_ref()));
        let name = name.unwrap_or_else(|| self.advertiser_of(workspace, &sender).name);
        let siren = declared(&publisher.siren, dossier.and_then(|d| d.siren.as_ref()));
        let contact = declared(&publisher.service_contact, dossier.and_then(|d| d.website.as_ref()));
        let identity = Identity {
            legal_name: &name,
            siren: siren.as_deref(),
            register_city: publisher.register_city.as_deref(),
            service_phone: publisher.service_phone.as_deref(),
            service_contact: contact.as_deref(),
        };
        let text = contact_answer(self.language(workspace, Some((workspace, sender))), &identity);
        understood.answer = self.answer(workspace, AutoReply::Contact, text);
    }

    pub(super) fn answer_keyword(
        &self,
        workspace: WorkspaceId,
        code: ShortCode,
        reply: &str,
    ) -> Option<Box<Accept>> {
        let sends = self.directory.sender(workspace, &Sender::Code(code)).is_some();
        if sends { self.answer(workspace, AutoReply::Keyword, reply.to_owned()) } else { None }
    }

    /// The sender's language, else its workspace's.
    fn language(&self, workspace: WorkspaceId, owner: Option<(WorkspaceId, Sender)>) -> Language {
        let of = |sender: &Sender| self.directory.sender(workspace, sender)?.dossier.language;
        let sender = owner.filter(|(of, _)| *of == workspace).map(|(_, sender)| sender);
        let code = self.code().map(Sender::Code);
        [sender, code]
            .iter()
            .flatten()
            .find_map(of)
            .unwrap_or_else(|| self.directory.settings(workspace).language)
    }

    /// The answer as a message. `None` where it may not be: enough was answered (requirement
    /// `fr-reply-loop-guard`), nobody can be answered, or the judge has an objection.
    fn answer(&self, workspace: WorkspaceId, reply: AutoReply, text: String) -> Option<Box<Accept>> {
        let (recipient, code, now) = (self.arrived.phone?, self.code()?, self.arrived.now);
        let within = |time| self.known.answered.iter().filter(|a| a.at > now.minus(time)).count();
        let limits = &self.desk.replies;
        if within(HOUR) >= limits.per_hour as usize || within(HOUR * 24) >= limits.per_day as usize {
            tracing::warn!(%code, "a phone was answered often enough by itself; it is not answered again");
            return None;
        }
        let sender = Sender::Code(code);
        let plan = text::plan(&text);
        let settings = self.directory.settings(workspace);
        let record = self.directory.sender(workspace, &sender).map(AsRef::as_ref);
        let rules = &*self.desk.rules;
        let background = Background {
            rules,
            directory: self.directory,
            settings: &settings,
            record,
            standing: None,
            offer: None,
        };
        let ground = background.ground(recipient, now);
        let mut circumstances = background.circumstances(&sender, &ground, now);
        // The message that is answered begins the session.
        circumstances.session = Session::Open;
        let class = Class::Conversational;
        let facts = Facts {
            at: now,
            class,
            recipient,
            sender,
            sender_state: record.map(|record| record.state),
            text: &text,
            parts: plan.parts,
            parts_max: PARTS_HARD_MAX,
            // The number is one that a phone wrote from.
            test: rules.dev || recipient.is_fiction(),
            departing: false,
            auto_reply: Some(reply),
            circumstances,
        };
        let verdict = rules.packs.judge(&facts);
        if verdict.decision() != Decision::Send {
            let rules: Vec<&str> = verdict.reasons().iter().map(|reason| reason.rule).collect();
            tracing::warn!(reply = reply.as_str(), rules = rules.join(" "), "a phone is not answered");
            return None;
        }
        let message = Message {
            id: MessageId::from_key(self.desk.ids.next(now)),
            workspace,
            api_key: NO_KEY,
            sender,
            recipient,
            class,
            text: MessageText::try_from(text).ok()?,
            encoding: plan.encoding,
            parts: plan.parts,
            accepted_at: now,
            send_at: now,
            expires_at: now.plus(rules.classes.validity(class)),
            client_reference: None,
            test: !rules.dev && recipient.is_fiction(),
            auto_reply: Some(reply),
        };
        let spoke = !verdict.reasons().is_empty();
        let verdict = spoke.then(|| verdict_json(&verdict, now));
        Some(Box::new(Accept { verdict, ..Accept::from(message) }))
    }
}
