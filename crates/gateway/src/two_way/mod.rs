//! What phones send, understood: whose it is (`attribution.rs`), what it means, what follows, what is
//! answered (`answer.rs`), and the keywords that workspaces set up (`keyword.rs`). Requirements
//! `seed-short-code-stop`, `seed-short-code-replies`, `fr-reply-stop`, `fr-reply-ambiguous`,
//! `fr-reply-refusal`, `fr-reply-start`, `fr-reply-contact`.

mod answer;
mod attribution;
pub(crate) mod bare;
mod keyword;
#[cfg(test)]
mod tests;
mod trial;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use facteur_domain::{AutoReply, IdSource, OptOutScope, Sender, ShortCode, WorkspaceId};
use facteur_rules::{Context, Meaning, Reading, SESSION, read_reply};
use facteur_store::{
    Arrived, ConsentOrder, Inbound, Keyword, Known, NewConsent, NewOptOut, OptOutState, Publisher,
    ReplyMeaning, StopOrder, Understand, Understood,
};

pub use keyword::{KEYWORD_WORD_MAX, KEYWORD_WORDS_MAX, KeywordDraft, WordProblem};
pub use trial::ReplyTrial;

use self::attribution::{Advertiser, Whose};
use crate::config::SendingRules;
use crate::directory::{Current, Directory};
use crate::link::mo;

/// How the product answers phones by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRules {
    /// Answers to one phone from one code within an hour, at most: two robots that answer one another stop
    /// there.
    pub per_hour: u32,
    /// The same within a day.
    pub per_day: u32,
    /// How long the other parts of a long message are waited for before it is read as far as it came.
    pub parts_wait: Duration,
    /// How often a message is tried whose handling fails, before it is kept as it came.
    pub tries: u32,
    /// Who runs the platform: answers CONTACT where nobody can tell who is meant.
    pub publisher: Publisher,
}

impl Default for ReplyRules {
    fn default() -> Self {
        Self {
            per_hour: 6,
            per_day: 20,
            parts_wait: Duration::from_mins(5),
            tries: 5,
            publisher: Publisher::default(),
        }
    }
}

/// Understands what phones send.
pub(crate) struct ReplyDesk {
    pub(crate) directory: Current,
    pub(crate) rules: Arc<SendingRules>,
    pub(crate) replies: ReplyRules,
    pub(crate) ids: Arc<IdSource>,
}

impl Understand for ReplyDesk {
    fn text(&self, parts: &[Option<Inbound>]) -> String {
        mo::text(parts)
    }

    fn understand(&self, arrived: &Arrived<'_>, known: &Known) -> Understood {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner).clone();
        Reader { desk: self, directory: &directory, arrived, known }.understand()
    }
}

/// One message before the desk.
struct Reader<'a> {
    desk: &'a ReplyDesk,
    directory: &'a Directory,
    arrived: &'a Arrived<'a>,
    known: &'a Known,
}

impl Reader<'_> {
    fn understand(&self) -> Understood {
        let whose = self.whose();
        let reading = self.reading(&whose);
        let meaning = reading.meaning;
        if self.arrived.open && meaning != Meaning::Stop {
            return Understood::default();
        }
        let keyword = if meaning == Meaning::Other { self.keyword(&whose) } else { None };
        let owner = keyword.map_or(whose.owner, |keyword| {
            // A keyword is its workspace's, whoever wrote last.
            let sender = whose.owner.filter(|(workspace, _)| *workspace == keyword.workspace);
            Some(sender.unwrap_or((keyword.workspace, Sender::Code(keyword.rule.code))))
        });
        let in_reply_to = owner.and_then(|owner| self.last_of(&whose, owner));
        let mut understood = Understood {
            meaning: Some(meaning_of(meaning, keyword)),
            rule: reading.why.map(|why| why.rule.to_owned()),
            owner,
            in_reply_to,
            keyword: keyword.filter(|keyword| !keyword.rule.words.is_empty()).map(|keyword| keyword.id),
            session_until: Some(self.arrived.at.plus(SESSION)),
            ..Understood::default()
        };
        match meaning {
            Meaning::Stop => self.stop(&mut understood, &whose, &reading),
            Meaning::StopDoubtful => {
                understood.stops =
                    self.orders(&self.stopped(&whose, &reading), OptOutState::Review, &reading);
            }
            Meaning::Contact => self.contact(&mut understood),
            Meaning::Start => self.start(&mut understood, &whose),
            Meaning::Other => {
                if let Some(keyword) = keyword {
                    self.follow(&mut understood, keyword);
                }
            }
        }
        understood
    }

    /// The reply, read with what was sent before; behind STOP, perhaps with the name of who is meant.
    fn reading(&self, whose: &Whose) -> Reading {
        let context = Context { after_marketing: whose.after_marketing, keyword: None };
        let reading = read_reply(self.arrived.text, context);
        if reading.beside.show().is_empty() {
            return reading;
        }
        let named = self.named(whose, &reading);
        let Some((name, _)) = named.first() else { return reading };
        read_reply(self.arrived.text, Context { keyword: Some(name), ..context })
    }

    /// A STOP: in force at once, confirmed once, and the end of what was being talked about.
    fn stop(&self, understood: &mut Understood, whose: &Whose, reading: &Reading) {
        let stopped = self.stopped(whose, reading);
        // While parts are waited for it may still turn out otherwise: in force all the same.
        let state = if self.arrived.open { OptOutState::Review } else { OptOutState::Confirmed };
        let fresh = stopped.is_empty() || stopped.iter().any(|advertiser| !self.holds(advertiser));
        understood.stops = self.orders(&stopped, state, reading);
        understood.session_until = Some(self.arrived.at);
        let confirmed = self.known.answered.iter().any(|answered| answered.reply == AutoReply::Stop);
        if !self.arrived.open && (fresh || !confirmed) {
            understood.answer = self.confirm_stop(understood.owner, &stopped);
        }
    }

    /// Whether a STOP beyond doubt holds for an advertiser.
    fn holds(&self, advertiser: &Advertiser) -> bool {
        self.known.stops.iter().any(|stop| {
            stop.state == OptOutState::Confirmed
                && stop.workspace == advertiser.workspace
                && stop.scope == OptOutScope::Advertiser
                && stop.advertiser.as_deref().is_some_and(|name| advertiser.is(name))
        })
    }

    fn orders(&self, stopped: &[Advertiser], state: OptOutState, reading: &Reading) -> Vec<StopOrder> {
        let Some(number) = self.arrived.phone else { return Vec::new() };
        let opt_out = |scope, advertiser| NewOptOut {
            number,
            scope,
            advertiser,
            source: "stop_reply".to_owned(),
            reason: reading.why.map(|why| why.rule.to_owned()),
        };
        if stopped.is_empty() {
            // Nobody can tell to whom it was said: to all (`stop-words.toml`, if_unknown).
            let (workspace, opt_out) = (WorkspaceId::PLATFORM, opt_out(OptOutScope::Platform, None));
            return vec![StopOrder { workspace, opt_out, state }];
        }
        let order = |advertiser: &Advertiser| StopOrder {
            workspace: advertiser.workspace,
            opt_out: opt_out(OptOutScope::Advertiser, Some(advertiser.name.clone())),
            state,
        };
        stopped.iter().map(order).collect()
    }

    /// START: a new consent for the brand that was stopped, with the message as its proof. Where several
    /// were, it lifts nothing: somebody reads it. A STOP to this code that could be nobody's is lifted with it.
    fn start(&self, understood: &mut Understood, whose: &Whose) {
        let (Some(number), Some(code)) = (self.arrived.phone, self.arrived.code) else { return };
        let meant = self.restarted(whose);
        understood.restarts = self.known.unattributed;
        let [advertiser] = meant.as_slice() else {
            if understood.restarts {
                understood.answer = self.confirm_restart(code);
            }
            return;
        };
        let consent = NewConsent {
            number,
            basis: facteur_domain::Basis::Consent,
            advertiser: advertiser.name.clone(),
            purpose: "marketing".to_owned(),
            collected_at: self.arrived.at,
            source: format!("SMS to {code}"),
            text_shown: format!("START au {code}"),
            evidence: Some(self.arrived.id.to_string()),
            professional: false,
        };
        understood.consents = vec![ConsentOrder { workspace: advertiser.workspace, consent }];
        understood.answer = self.confirm_start(understood.owner, advertiser, code);
    }

    /// What a keyword's workspace wants.
    fn follow(&self, understood: &mut Understood, keyword: &Keyword) {
        let (Some(number), Some(code)) = (self.arrived.phone, self.arrived.code) else { return };
        if let Some(to) = &keyword.rule.subscription {
            let consent = NewConsent {
                number,
                basis: facteur_domain::Basis::Consent,
                advertiser: to.advertiser.clone(),
                purpose: to.purpose.clone(),
                collected_at: self.arrived.at,
                source: format!("SMS to {code}"),
                text_shown: to.text_shown.clone(),
                evidence: Some(self.arrived.id.to_string()),
                professional: false,
            };
            understood.consents = vec![ConsentOrder { workspace: keyword.workspace, consent }];
        }
        if let Some(reply) = &keyword.rule.reply {
            understood.answer = self.answer_keyword(keyword.workspace, code, reply);
        }
    }

    /// The code that the phone wrote to.
    fn code(&self) -> Option<ShortCode> {
        self.arrived.code
    }
}

const fn meaning_of(meaning: Meaning, keyword: Option<&Keyword>) -> ReplyMeaning {
    match meaning {
        Meaning::Stop => ReplyMeaning::Stop,
        Meaning::StopDoubtful => ReplyMeaning::StopDoubtful,
        Meaning::Contact => ReplyMeaning::Contact,
        Meaning::Start => ReplyMeaning::Start,
        Meaning::Other => match keyword {
            Some(keyword) if !keyword.rule.words.is_empty() => ReplyMeaning::Keyword,
            _ => ReplyMeaning::Reply,
        },
    }
}
