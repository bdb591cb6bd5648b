//! Keywords: what a workspace does with words that phones send to its short codes.

use facteur_domain::{KeywordId, ShortCode, Timestamp, WorkspaceId};

/// The most keywords on a short code, of all who share it.
pub const KEYWORDS_MAX: u32 = 500;

/// A word of a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeywordWord {
    /// As its owner writes it.
    pub shown: String,
    /// As it is compared: without case, accents and signs.
    pub plain: String,
}

/// A subscription: the phone's message is the consent, and its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// For whose marketing.
    pub advertiser: String,
    /// For what, as in `newsletter`.
    pub purpose: String,
    /// The text that invited people to send the word, exactly.
    pub text_shown: String,
}

/// What a keyword is and does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeywordRule {
    /// On which code.
    pub code: ShortCode,
    /// The word and its synonyms; none for the default answer, given to what is no keyword and nothing
    /// else.
    pub words: Vec<KeywordWord>,
    /// Whether more may follow the word.
    pub prefix: bool,
    /// What is answered; `None`: nothing, the webhook alone is told.
    pub reply: Option<String>,
    /// The subscription that it is.
    pub subscription: Option<Subscription>,
}

/// A keyword of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    /// Its id.
    pub id: KeywordId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What it is and does.
    pub rule: KeywordRule,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}
