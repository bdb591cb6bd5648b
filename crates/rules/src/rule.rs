//! What a rule is, and the reason it gives (requirement `fr-reasons`).

use std::borrow::Cow;

use facteur_domain::{Language, Msisdn, Timestamp};

use crate::value::Value;

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
    /// What the message is for.
    Class,
    /// When it would leave.
    SendAt,
    /// On what ground the recipient may be written to.
    Consent,
    /// Who declares a sender: the company and its papers.
    Company,
}

impl Field {
    /// Its name in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::SenderId => "sender_id",
            Self::Message => "message",
            Self::Class => "class",
            Self::SendAt => "send_at",
            Self::Consent => "consent",
            Self::Company => "company",
        }
    }
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

/// What a reason says and what would cure it, in both languages. `{to}` stands for a number, `{name}`
/// for the fact of that name.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Says {
    pub(crate) french: Sentence,
    pub(crate) english: Sentence,
}

impl Says {
    /// What is wrong and what cures it, in French and in English.
    pub(crate) const fn new(french: [&'static str; 2], english: [&'static str; 2]) -> Self {
        Self {
            french: Sentence { message: french[0], cure: Some(french[1]) },
            english: Sentence { message: english[0], cure: Some(english[1]) },
        }
    }

    /// What is so, with nothing to cure.
    pub(crate) const fn plain(french: &'static str, english: &'static str) -> Self {
        Self {
            french: Sentence { message: french, cure: None },
            english: Sentence { message: english, cure: None },
        }
    }
}

/// One language of [`Says`].
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Sentence {
    pub(crate) message: &'static str,
    pub(crate) cure: Option<&'static str>,
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
    pub source: Cow<'static, str>,
    /// Date of the source as it gives it: a day, a month, a year, a span, or `n.d.`.
    pub dated: Cow<'static, str>,
    /// For [`Effect::Hold`]: when the message may go by this rule. At the sender desk, a hold waits
    /// for papers and has none.
    pub until: Option<Timestamp>,
    says: &'static Says,
    /// The right form of the recipient's number: personal, so no fact.
    to: Option<Msisdn>,
    facts: Vec<(&'static str, Value)>,
}

impl Reason {
    /// What `rule` has to say.
    pub(crate) const fn new(rule: &Rule, says: &'static Says) -> Self {
        Self {
            rule: rule.id,
            effect: rule.effect,
            field: rule.field,
            source: Cow::Borrowed(rule.source),
            dated: Cow::Borrowed(rule.dated),
            until: None,
            says,
            to: None,
            facts: Vec::new(),
        }
    }

    /// With a fact it rests on.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    /// With the number as it should be written.
    #[must_use]
    pub(crate) const fn with_number(mut self, to: Option<Msisdn>) -> Self {
        self.to = to;
        self
    }

    /// By the source of a table's row in place of the rule's own.
    #[must_use]
    pub(crate) fn by(mut self, source: &str, dated: &str) -> Self {
        self.source = Cow::Owned(source.to_owned());
        self.dated = Cow::Owned(dated.to_owned());
        self
    }

    /// Lasting until an instant.
    #[must_use]
    pub(crate) const fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// With another effect than the rule's own.
    #[must_use]
    pub(crate) const fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The facts it rests on, by name; never the recipient's number nor the text.
    #[must_use]
    pub fn facts(&self) -> &[(&'static str, Value)] {
        &self.facts
    }

    /// What is wrong, in a sentence for people. May hold the sender; never log it.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        self.fill(self.sentence(language).message, language)
    }

    /// What to do about it, when we know. May hold a phone number; never log it.
    #[must_use]
    pub fn cure(&self, language: Language) -> Option<String> {
        self.sentence(language).cure.map(|cure| self.fill(cure, language))
    }

    const fn sentence(&self, language: Language) -> &'static Sentence {
        match language {
            Language::French => &self.says.french,
            Language::English => &self.says.english,
        }
    }

    /// `template` with its blanks filled, each once: a value that looks like a blank stays as it is.
    fn fill(&self, template: &str, language: Language) -> String {
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(before);
            match (name, self.to, self.facts.iter().find(|(fact, _)| *fact == name)) {
                ("to", Some(to), _) => out.push_str(&to.to_string()),
                (_, _, Some((_, value))) => out.push_str(&value.show(language)),
                _ => {}
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}
