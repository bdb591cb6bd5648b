//! Keywords as workspaces set them up: checked here, kept by the store.

use facteur_domain::{
    AutoReply, Class, KeywordId, Language, Sender, SenderState, ShortCode, WorkspaceId, text,
};
use facteur_rules::{Context, Effect, Facts, Meaning, Reason, Session, keyword_form, read_reply};
use facteur_store::{Actor, Keyword, KeywordRule, KeywordWord, StoreError, Subscription};

use crate::compliance::Background;
use crate::gateway::{Gateway, unavailable};
use crate::preview::{PreviewReason, reason};
use crate::refusal::{Code, Detail, Refusal};

/// The most words of a keyword, synonyms and all.
pub const KEYWORD_WORDS_MAX: usize = 20;
/// The longest word, in characters.
pub const KEYWORD_WORD_MAX: usize = 40;
/// The longest text of a subscription's fields, in characters.
const FIELD_MAX: usize = 1_000;

/// A keyword as its owner writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeywordDraft {
    /// The short code, a sender of the workspace.
    pub code: String,
    /// The word and its synonyms; none for the default answer.
    pub words: Vec<String>,
    /// Whether more may follow the word.
    pub prefix: bool,
    /// What is answered.
    pub reply: Option<String>,
    /// The subscription that it is.
    pub subscription: Option<Subscription>,
}

/// Why a word cannot be one of a keyword's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WordProblem {
    /// It is empty, too long, or has neither letter nor digit.
    Unreadable,
    /// The platform itself answers it: STOP, CONTACT, START and their like.
    Reserved,
}

impl WordProblem {
    /// What is wrong with a word; nothing when it can be a keyword's.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let (word, plain) = (word.trim(), keyword_form(word));
        if plain.is_empty() || word.chars().count() > KEYWORD_WORD_MAX || word.contains(char::is_control) {
            return Some(Self::Unreadable);
        }
        is_reserved(word).then_some(Self::Reserved)
    }
}

/// The faults of one draft.
#[derive(Default)]
struct Faults(Vec<Detail>);

impl Faults {
    fn add(&mut self, field: &'static str, message: impl Into<String>, rule: Option<&'static str>) {
        self.0.push(Detail { field, message: message.into(), rule });
    }

    fn into_result(self) -> Result<(), Refusal> {
        let Some(first) = self.0.first() else { return Ok(()) };
        let refusal = Refusal::new(Code::InvalidRequestBody, first.message.clone()).at(first.field);
        Err(Refusal { details: self.0, ..refusal })
    }
}

impl Gateway {
    /// Makes a keyword (requirement `seed-short-code-replies`).
    ///
    /// # Errors
    /// Everything that is wrong with it; a word that is a keyword on that code already.
    pub async fn create_keyword(
        &self,
        workspace: WorkspaceId,
        draft: KeywordDraft,
        actor: Actor,
    ) -> Result<Keyword, Refusal> {
        let rule = self.keyword_rule(workspace, draft)?;
        let made = self.store().create_keyword(workspace, rule, self.now(), actor).await;
        made.map_err(refused)
    }

    /// Writes a keyword anew.
    ///
    /// # Errors
    /// As [`create_keyword`](Self::create_keyword), or the workspace has no such keyword.
    pub async fn change_keyword(
        &self,
        workspace: WorkspaceId,
        id: KeywordId,
        draft: KeywordDraft,
        actor: Actor,
    ) -> Result<Keyword, Refusal> {
        let rule = self.keyword_rule(workspace, draft)?;
        self.store().change_keyword(workspace, id, rule, self.now(), actor).await.map_err(refused)
    }

    /// Takes a keyword away.
    ///
    /// # Errors
    /// The workspace has no such keyword.
    pub async fn delete_keyword(
        &self,
        workspace: WorkspaceId,
        id: KeywordId,
        actor: Actor,
    ) -> Result<(), Refusal> {
        self.store().delete_keyword(workspace, id, self.now(), actor).await.map_err(refused)
    }

    fn keyword_rule(&self, workspace: WorkspaceId, draft: KeywordDraft) -> Result<KeywordRule, Refusal> {
        let mut faults = Faults::default();
        let code = self.code(workspace, &draft.code, &mut faults);
        let words = words(draft.words, &mut faults);
        let is_default = words.is_empty();
        if is_default && draft.reply.is_none() {
            faults.add(
                "reply",
                "The default answer is a text: give `reply`, or words that are answered.",
                None,
            );
        }
        if is_default && draft.subscription.is_some() {
            faults.add("subscription", "Only who sends a word of yours subscribes: give `words`.", None);
        }
        let subscription = draft.subscription.map(|to| subscribed(to, &mut faults));
        if let (Some(code), Some(reply)) = (code, &draft.reply) {
            self.judge_reply(workspace, code, reply, |reason| {
                faults.add("reply", reason.message(Language::English), Some(reason.rule));
            });
        }
        faults.into_result()?;
        let code = code.ok_or_else(|| Refusal::new(Code::InternalServerError, "a code without a fault"))?;
        Ok(KeywordRule { code, words, prefix: draft.prefix, reply: draft.reply, subscription })
    }

    /// A code that the workspace may answer from.
    fn code(&self, workspace: WorkspaceId, code: &str, faults: &mut Faults) -> Option<ShortCode> {
        let Ok(parsed) = code.parse::<ShortCode>() else {
            faults.add("code", "A short code has 5 digits, as in 36180 or 38180.", None);
            return None;
        };
        let directory = self.directory();
        let record = directory.sender(workspace, &Sender::Code(parsed));
        match record.map(|record| record.state) {
            Some(SenderState::Validated) => Some(parsed),
            Some(_) => {
                faults.add("code", format!("{parsed} is not validated: nothing can be sent from it."), None);
                None
            }
            None => {
                faults.add("code", format!("{parsed} is not a short code of this workspace."), None);
                None
            }
        }
    }

    /// What the rules object to an answer, for people; nothing when it may go.
    #[must_use]
    pub fn check_keyword_reply(
        &self,
        workspace: WorkspaceId,
        code: ShortCode,
        reply: &str,
    ) -> Vec<PreviewReason> {
        let mut reasons = Vec::new();
        self.judge_reply(workspace, code, reply, |objection| reasons.push(reason(objection)));
        reasons
    }

    /// What the rules object to the answer to somebody who has just written.
    fn judge_reply(
        &self,
        workspace: WorkspaceId,
        code: ShortCode,
        reply: &str,
        mut object: impl FnMut(&Reason),
    ) {
        let (directory, rules) = (self.directory(), self.sending());
        let settings = directory.settings(workspace);
        let sender = Sender::Code(code);
        let record = directory.sender(workspace, &sender).map(AsRef::as_ref);
        let background = Background {
            rules,
            directory: &directory,
            settings: &settings,
            record,
            standing: None,
            offer: None,
        };
        // Any French mobile: the answer is judged, not its recipient.
        let Some(recipient) = facteur_domain::Msisdn::from_digits(33_600_000_000) else { return };
        let ground = background.ground(recipient, self.now());
        let mut circumstances = background.circumstances(&sender, &ground, self.now());
        circumstances.session = Session::Open;
        let verdict = rules.packs.judge(&Facts {
            at: self.now(),
            class: Class::Conversational,
            recipient,
            sender,
            sender_state: record.map(|record| record.state),
            text: reply,
            parts: text::plan(reply).parts,
            parts_max: settings.parts_max,
            test: true,
            departing: false,
            auto_reply: Some(AutoReply::Keyword),
            circumstances,
        });
        verdict.reasons().iter().filter(|reason| reason.effect >= Effect::Hold).for_each(&mut object);
    }
}

fn words(words: Vec<String>, faults: &mut Faults) -> Vec<KeywordWord> {
    if words.len() > KEYWORD_WORDS_MAX {
        faults.add(
            "words",
            format!("A keyword has {KEYWORD_WORDS_MAX} words at most, synonyms and all."),
            None,
        );
    }
    let mut kept: Vec<KeywordWord> = Vec::new();
    for word in words {
        let shown = word.trim().to_owned();
        let message = match WordProblem::of(&shown) {
            Some(WordProblem::Unreadable) => {
                format!("A keyword has 1 to {KEYWORD_WORD_MAX} characters, a letter or digit among them.")
            }
            Some(WordProblem::Reserved) => {
                format!("The platform itself answers {shown}: STOP, CONTACT, START and their like.")
            }
            None => {
                let plain = keyword_form(&shown);
                if kept.iter().all(|other| other.plain != plain) {
                    kept.push(KeywordWord { shown, plain });
                }
                continue;
            }
        };
        faults.add("words", message, None);
    }
    kept
}

/// Whether the platform understands a word by itself, whatever was sent before.
fn is_reserved(word: &str) -> bool {
    [false, true].into_iter().any(|after_marketing| {
        read_reply(word, Context { after_marketing, keyword: None }).meaning != Meaning::Other
    })
}

fn subscribed(to: Subscription, faults: &mut Faults) -> Subscription {
    for (field, text) in [
        ("subscription.advertiser", &to.advertiser),
        ("subscription.purpose", &to.purpose),
        ("subscription.text_shown", &to.text_shown),
    ] {
        if text.trim().is_empty() || text.chars().count() > FIELD_MAX {
            let message = format!(
                "`{field}` is a text of 1 to {FIELD_MAX} characters: it is the proof of the consent."
            );
            faults.add(field, message, None);
        }
    }
    to
}

fn refused(why: StoreError) -> Refusal {
    match why {
        StoreError::NotFound("keyword") => {
            Refusal::new(Code::KeywordNotFound, "There is no such keyword.").at("id")
        }
        StoreError::Conflict(why) => Refusal::new(Code::KeywordTaken, why).at("words"),
        why => unavailable(why),
    }
}
