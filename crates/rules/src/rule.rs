//! What a rule is, and the reason it gives.

use facteur_domain::{Msisdn, Sender, Timestamp};

/// What a rule does to a message, from the mildest to the strictest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Effect {
    /// Lets it pass, and says on what ground.
    Allow,
    /// Lets it pass, with something the sender should know.
    Note,
    /// Makes it wait.
    Hold,
    /// Stops it.
    Refuse,
}

impl Effect {
    /// Its name in the API and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Note => "note",
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        }
    }
}

/// The field of a request that a reason is about, in the order reasons are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Field {
    /// The recipient.
    To,
    /// The sender.
    SenderId,
    /// The text.
    Message,
}

impl Field {
    /// Its name in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::SenderId => "sender_id",
            Self::Message => "message",
        }
    }
}

/// A language we speak to people in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
}

/// A rule: its stable id, what it does, and where it comes from.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) effect: Effect,
    pub(crate) field: Field,
    pub(crate) source: &'static str,
    pub(crate) dated: &'static str,
}

/// What a reason says and what would cure it, in both languages. `{to}`, `{sender}`, `{found}`,
/// `{max}` and `{excess}` stand for the values of [`Blanks`].
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Says {
    pub(crate) french: Sentence,
    pub(crate) english: Sentence,
}

/// One language of [`Says`].
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Sentence {
    pub(crate) message: &'static str,
    pub(crate) cure: Option<&'static str>,
}

/// The values that a sentence may show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Blanks {
    pub(crate) to: Option<Msisdn>,
    pub(crate) sender: Option<Sender>,
    pub(crate) found: u32,
    pub(crate) max: u32,
}

impl Blanks {
    fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        if let Some(to) = self.to {
            text = text.replace("{to}", &to.to_string());
        }
        if let Some(sender) = self.sender {
            text = text.replace("{sender}", &sender.to_string());
        }
        text.replace("{found}", &self.found.to_string())
            .replace("{max}", &self.max.to_string())
            .replace("{excess}", &self.found.saturating_sub(self.max).to_string())
    }
}

/// Why a message may not go, must wait, or deserves a word. Made only by the judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// Stable id of the rule, as `fr.recipient.landline`.
    pub rule: &'static str,
    /// What it does to the message.
    pub effect: Effect,
    /// The field at fault.
    pub field: Field,
    /// Id of the source.
    pub source: &'static str,
    /// Date of the source as it gives it: a day, a month, a year, a span, or `n.d.`.
    pub dated: &'static str,
    /// For [`Effect::Hold`]: when the message may go by this rule.
    pub until: Option<Timestamp>,
    says: &'static Says,
    blanks: Blanks,
}

impl Reason {
    /// What `rule` has to say.
    pub(crate) const fn new(rule: &Rule, says: &'static Says, blanks: Blanks) -> Self {
        Self {
            rule: rule.id,
            effect: rule.effect,
            field: rule.field,
            source: rule.source,
            dated: rule.dated,
            until: None,
            says,
            blanks,
        }
    }

    /// What is wrong, in a sentence for people. May hold the sender; never log it.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        self.blanks.fill(self.sentence(language).message)
    }

    /// What to do about it, when we know. May hold a phone number; never log it.
    #[must_use]
    pub fn cure(&self, language: Language) -> Option<String> {
        self.sentence(language).cure.map(|cure| self.blanks.fill(cure))
    }

    const fn sentence(&self, language: Language) -> &'static Sentence {
        match language {
            Language::French => &self.says.french,
            Language::English => &self.says.english,
        }
    }
}
