//! `[retention]`: how long what is kept.

use std::time::Duration;

use facteur_domain::Class;
use serde::Deserialize;

use super::values::duration;

const DAY: u64 = 86_400_000;
/// The least time that what phones wrote is kept.
const REPLIES_LEAST: u64 = 8 * DAY;
/// Ten years: longer than any law asks for.
const MOST: u64 = 3_660 * DAY;

/// How long what is kept, after a message's acceptance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    /// The texts of what phones wrote. An operator may deliver a message again for a week: until then it must
    /// be known.
    #[serde(deserialize_with = "duration::<_, REPLIES_LEAST, MOST>")]
    pub(crate) replies: Duration,
    /// Messages: sender, recipient, times and outcome.
    #[serde(deserialize_with = "duration::<_, DAY, MOST>")]
    pub(crate) messages: Duration,
    /// Verdicts, and the consents that messages relied on.
    #[serde(deserialize_with = "duration::<_, DAY, MOST>")]
    pub(crate) proofs: Duration,
    /// Texts, by class.
    pub(crate) texts: Texts,
}

/// How long the texts of each class are kept; zero: until the message has come to its end.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Texts {
    #[serde(deserialize_with = "duration::<_, 0, MOST>")]
    marketing: Duration,
    #[serde(deserialize_with = "duration::<_, 0, MOST>")]
    transactional: Duration,
    #[serde(deserialize_with = "duration::<_, 0, MOST>")]
    otp: Duration,
    #[serde(deserialize_with = "duration::<_, 0, MOST>")]
    alert: Duration,
    #[serde(deserialize_with = "duration::<_, 0, MOST>")]
    conversational: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let usual = facteur_gateway::Retention::default();
        Self {
            replies: usual.replies,
            messages: usual.messages,
            proofs: usual.proofs,
            texts: Texts::default(),
        }
    }
}

impl Default for Texts {
    fn default() -> Self {
        let [marketing, transactional, otp, alert, conversational] =
            facteur_gateway::Retention::default().texts.map(|(_, period)| period);
        Self { marketing, transactional, otp, alert, conversational }
    }
}

impl Retention {
    /// The gateway's own rules.
    pub(crate) fn rules(&self) -> facteur_gateway::Retention {
        let texts = &self.texts;
        facteur_gateway::Retention {
            texts: [
                (Class::Marketing, texts.marketing),
                (Class::Transactional, texts.transactional),
                (Class::Otp, texts.otp),
                (Class::Alert, texts.alert),
                (Class::Conversational, texts.conversational),
            ],
            replies: self.replies,
            messages: self.messages,
            proofs: self.proofs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_departs_only_where_the_file_says_so() {
        let retention: Retention =
            toml::from_str("messages = \"400d\"\n[texts]\nalert = \"0s\"\n").expect("valid");
        let rules = retention.rules();
        assert_eq!(rules.messages, Duration::from_secs(400 * 86_400));
        assert_eq!(rules.at_end(), [Class::Otp, Class::Alert]);
        assert_eq!(Retention::default().rules(), facteur_gateway::Retention::default());
    }
}
