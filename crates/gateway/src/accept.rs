//! The door in: what a request must be to become a message.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::message::{ReferenceError, TextError};
use facteur_domain::number::NumberError;
use facteur_domain::sender::SenderError;
use facteur_domain::{
    Class, ClientReference, ConsentId, Message, MessageId, MessageText, Msisdn, Sender, ShortCode, Timestamp,
    text,
};
use facteur_rules::{Decision, Effect, Facts, Field, Language, PARTS_HARD_MAX, Reason, Verdict};
use facteur_store::{NewConsent, OnClosedWindow, Rewriting, SenderRecord, Settings, Standing};

use crate::compliance::{Background, ConsentOffer};
use crate::config::SendingRules;
use crate::directory::Directory;
use crate::refusal::{Code, Detail, Refusal};
use crate::trace::TraceContext;
use crate::{Caller, StoredAnswer};

/// The shortest and longest validity a request may ask for, in minutes: SMSCs keep a message for
/// 48 hours (OVH-FAQ).
pub(crate) const VALIDITY_MINUTES: std::ops::RangeInclusive<u32> = 1..=2_880;

/// What the client gave as the sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// `sender_id`: a Sender ID or a short code.
    SenderId(String),
    /// `from`: a number.
    Number(String),
}

impl Origin {
    /// The parameter it came in.
    #[must_use]
    pub const fn param(&self) -> &'static str {
        match self {
            Self::SenderId(_) => "sender_id",
            Self::Number(_) => "from",
        }
    }
}

/// An idempotency key as it came with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey {
    /// The client's key, 1 to 255 octets.
    pub key: String,
    /// The route, as in `POST /v1/api/sms`.
    pub route: &'static str,
    /// A hash of the request's body.
    pub fingerprint: [u8; 32],
}

/// A request to send one message, as the client wrote it: well-formed, not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct SendRequest {
    /// Who it is from.
    pub origin: Origin,
    /// Who it is to.
    pub to: String,
    /// The text.
    pub message: String,
    /// What it is for; the sender's class when absent.
    pub class: Option<Class>,
    /// The customer's own word for it.
    pub client_reference: Option<String>,
    /// Not before this instant; at once when absent or past.
    pub send_at: Option<Timestamp>,
    /// For how long it is worth delivering, 1 minute to 2 days; the class's default when absent.
    pub validity_minutes: Option<u32>,
    /// The request's idempotency key.
    pub idempotency: Option<IdempotencyKey>,
    /// What it says for the rules.
    pub compliance: Compliance,
    /// The message of the same workspace that it sends anew; both stories tell.
    pub resend_of: Option<MessageId>,
    /// The caller's trace, if it brought one.
    pub trace: Option<TraceContext>,
}

/// What a request says for the rules; all of it optional.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Compliance {
    /// On what ground the recipient is written to.
    pub consent: Option<ConsentOffer>,
    /// What to do while the window is closed (requirement `fr-window-hold`); the workspace's choice when absent.
    pub on_closed_window: Option<OnClosedWindow>,
    /// Whether to rewrite the text so that it stays in GSM-7; the workspace's choice when absent.
    pub rewrite: Option<Rewriting>,
}

/// Without the number and the text.
impl std::fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendRequest").field("origin", &self.origin.param()).finish_non_exhaustive()
    }
}

/// A request that succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The message is on disk.
    New(StoredAnswer),
    /// The same request succeeded before; this is its answer.
    Replayed(StoredAnswer),
}

/// The faults of one request, gathered so that the client mends all of them at once. The first
/// one gives the answer its code.
#[derive(Default)]
struct Faults {
    first: Option<Refusal>,
    details: Vec<Detail>,
}

impl Faults {
    fn add(&mut self, code: Code, param: &'static str, message: String, suggestion: Option<String>) {
        self.details.push(Detail { field: param, message: message.clone(), rule: None });
        self.keep(Refusal { suggestion, ..Refusal::new(code, message).at(param) });
    }

    fn add_reason(&mut self, reason: &Reason, origin: &Origin) {
        let param = match reason.field {
            Field::SenderId => origin.param(),
            other => other.as_str(),
        };
        let message = reason.message(Language::English);
        self.details.push(Detail { field: param, message: message.clone(), rule: Some(reason.rule) });
        let refusal = Refusal::new(code_of(reason.rule, origin), message).at(param);
        self.keep(Refusal { suggestion: reason.cure(Language::English), ..refusal });
    }

    fn keep(&mut self, refusal: Refusal) {
        self.first.get_or_insert(refusal);
    }

    fn into_refusal(self) -> Option<Refusal> {
        let details = self.details;
        self.first.map(|first| Refusal { details, ..first })
    }
}

/// The code that Allo's clients know for a rule of ours.
fn code_of(rule: &str, origin: &Origin) -> Code {
    match rule {
        "fr.recipient.landline" => Code::LandlineNumberNotSupported,
        "fr.sender.unknown" => match origin {
            Origin::SenderId(_) => Code::SenderIdNotFound,
            Origin::Number(_) => Code::FromNumberNotFound,
        },
        _ if rule.starts_with("fr.recipient.") => Code::InvalidToNumber,
        "fr.sender.pending" | "fr.sender.failed" | "fr.sender.disabled" => Code::SenderIdNotActive,
        "fr.content.too_long" => Code::InvalidLength,
        _ => Code::MessageNotCompliant,
    }
}

/// What is known when a request is examined.
pub(crate) struct Desk<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) directory: &'a Directory,
    pub(crate) settings: &'a Settings,
    pub(crate) rules: &'a SendingRules,
    pub(crate) now: Timestamp,
}

/// A request whose fields could be read, before judgement.
pub(crate) struct Draft {
    origin: Origin,
    sender: Sender,
    record: Option<Arc<SenderRecord>>,
    pub(crate) recipient: Msisdn,
    text: MessageText,
    class: Class,
    reference: Option<ClientReference>,
    send_at: Option<Timestamp>,
    validity: Option<Duration>,
    compliance: Compliance,
    resend_of: Option<MessageId>,
    trace: Option<TraceContext>,
    /// What is wrong with fields that the judge does not look at.
    faults: Faults,
}

/// A draft as it would leave, and the verdict on it.
pub(crate) struct Assessment {
    pub(crate) verdict: Verdict,
    /// The text as it would leave.
    pub(crate) text: MessageText,
    pub(crate) plan: text::Plan,
    /// The STOP mention that was added.
    pub(crate) appended: Option<String>,
    /// The safe rewriting, when it was asked for and gains something.
    pub(crate) rewrite: Option<text::rewrite::Rewrite>,
    /// When it would leave.
    pub(crate) leaves_at: Timestamp,
    /// The entry of the ledger it relies on.
    pub(crate) consent: Option<ConsentId>,
    /// The entry to record with it.
    pub(crate) new_consent: Option<NewConsent>,
}

impl Draft {
    /// Whether it is marketing by what was asked; the judge may find that it is one all the same.
    pub(crate) const fn is_marketing(&self) -> bool {
        matches!(self.class, Class::Marketing)
    }

    /// The message that it sends anew.
    pub(crate) const fn resend_of(&self) -> Option<MessageId> {
        self.resend_of
    }

    /// The caller's trace.
    pub(crate) const fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// The draft, if nothing is wrong with its fields.
    pub(crate) fn without_faults(mut self) -> Result<Self, Refusal> {
        match std::mem::take(&mut self.faults).into_refusal() {
            Some(refusal) => Err(refusal),
            None => Ok(self),
        }
    }
}

impl Desk<'_> {
    /// Reads a request's fields.
    ///
    /// # Errors
    /// A field without which nothing can be judged is wrong; every other fault is told with it.
    pub(crate) fn read(&self, request: SendRequest) -> Result<Draft, Refusal> {
        let mut faults = Faults::default();
        let sender = sender(&request.origin, &mut faults);
        let recipient = recipient(&request.to, &mut faults);
        let body = body(request.message, &mut faults);
        let reference = reference(request.client_reference, &mut faults);
        let send_at = self.send_at(request.send_at, &mut faults);
        let validity = validity(request.validity_minutes, &mut faults);
        let (Some(sender), Some(recipient), Some(text)) = (sender, recipient, body) else {
            return Err(faults.into_refusal().unwrap_or_else(unexplained));
        };
        let record = self.directory.sender(self.caller.workspace(), &sender).cloned();
        let class = request.class.or(record.as_ref().map(|r| r.class)).unwrap_or(Class::Marketing);
        Ok(Draft {
            origin: request.origin,
            sender,
            record,
            recipient,
            text,
            class,
            reference,
            send_at,
            validity,
            compliance: request.compliance,
            resend_of: request.resend_of,
            trace: request.trace,
            faults,
        })
    }

    /// Judges a draft as it would leave. Without `standing` neither consent nor STOP is judged: enough
    /// for what is not marketing.
    pub(crate) fn assess(&self, draft: &Draft, standing: Option<&Standing>) -> Assessment {
        let background = Background {
            rules: self.rules,
            directory: self.directory,
            settings: self.settings,
            record: draft.record.as_deref(),
            standing,
            offer: draft.compliance.consent.as_ref(),
        };
        let at = draft.send_at.map_or(self.now, |at| at.max(self.now));
        let (text, rewrite) = self.rewritten(draft);
        let (text, appended) = completed(text, draft, &background, at);
        let plan = text::plan(text.show());
        let ground = background.ground(draft.recipient, at);
        let facts = Facts {
            at,
            class: draft.class,
            recipient: draft.recipient,
            sender: draft.sender,
            sender_state: draft.record.as_ref().map(|record| record.state),
            text: text.show(),
            parts: plan.parts,
            parts_max: self.settings.parts_max,
            test: self.caller.key.test || self.rules.dev,
            departing: false,
            auto_reply: None,
            circumstances: background.circumstances(&draft.sender, &ground, at),
        };
        let verdict = self.rules.packs.judge(&facts);
        let leaves_at = match verdict.decision() {
            Decision::Hold { until } => until,
            Decision::Send | Decision::Refuse => at,
        };
        let (consent, new_consent) = (ground.entry, ground.new);
        Assessment { verdict, text, plan, appended, rewrite, leaves_at, consent, new_consent }
    }

    /// The text after the safe rewriting, if that is wanted and gains a part.
    fn rewritten(&self, draft: &Draft) -> (MessageText, Option<text::rewrite::Rewrite>) {
        let wanted = draft.compliance.rewrite.unwrap_or(self.settings.rewrite);
        if wanted == Rewriting::Off {
            return (draft.text.clone(), None);
        }
        let rewrite = text::rewrite::rewrite(draft.text.show());
        if rewrite.changes.is_empty() {
            return (draft.text.clone(), None);
        }
        let text = match wanted {
            Rewriting::Auto => MessageText::try_from(rewrite.text.clone()).ok(),
            Rewriting::Suggest | Rewriting::Off => None,
        };
        (text.unwrap_or_else(|| draft.text.clone()), Some(rewrite))
    }

    /// Turns an assessed draft into a message.
    ///
    /// # Errors
    /// Everything that is wrong with it, the rules' reasons included.
    pub(crate) fn message(
        &self,
        draft: Draft,
        assessment: &Assessment,
        id: MessageId,
    ) -> Result<Message, Refusal> {
        let mut faults = draft.faults;
        let verdict = &assessment.verdict;
        let refuse = match verdict.decision() {
            Decision::Send => false,
            Decision::Refuse => true,
            Decision::Hold { .. } => {
                let wanted = draft.compliance.on_closed_window.unwrap_or(self.settings.on_closed_window);
                wanted == OnClosedWindow::Refuse
            }
        };
        if refuse {
            for reason in by_weight(verdict, &draft.origin) {
                faults.add_reason(reason, &draft.origin);
            }
        }
        if let Some(refusal) = faults.into_refusal() {
            return Err(refusal);
        }
        let class = verdict.class();
        let send_at = assessment.leaves_at;
        let validity = draft.validity.unwrap_or_else(|| self.rules.classes.validity(class));
        Ok(Message {
            id,
            workspace: self.caller.workspace(),
            api_key: self.caller.key.id,
            // The name as it was verified, whatever case the request used.
            sender: draft.record.map_or(draft.sender, |record| record.sender),
            recipient: draft.recipient,
            class,
            text: assessment.text.clone(),
            encoding: assessment.plan.encoding,
            parts: assessment.plan.parts,
            accepted_at: self.now,
            send_at,
            // An operator may not ring with it until then: what it is told is decided as it leaves.
            expires_at: send_at.plus(validity),
            client_reference: draft.reference,
            test: self.caller.key.test,
            auto_reply: None,
        })
    }

    fn send_at(&self, send_at: Option<Timestamp>, faults: &mut Faults) -> Option<Timestamp> {
        let latest = self.now.plus(self.rules.send_at_max);
        if send_at.is_some_and(|at| at > latest) {
            let days = self.rules.send_at_max.as_secs() / 86_400;
            let message = format!("The time in send_at is more than {days} days ahead.");
            let suggestion = format!("Give an instant before {latest}.");
            faults.add(Code::InvalidRequestBody, "send_at", message, Some(suggestion));
        }
        send_at
    }
}

/// A marketing text with its STOP mention, where one is missing and there is a code for it.
fn completed(
    text: MessageText,
    draft: &Draft,
    background: &Background<'_>,
    at: Timestamp,
) -> (MessageText, Option<String>) {
    let packs = &background.rules.packs;
    if !packs.needs_stop(text.show(), draft.class, at) {
        return (text, None);
    }
    let Some(code) = background.stop_code(&draft.sender) else { return (text, None) };
    let completed = packs.complete_stop(text.show(), code, at);
    let appended = completed.appended.clone();
    match (appended, MessageText::try_from(completed.text.into_owned())) {
        (Some(appended), Ok(whole)) => (whole, Some(appended)),
        // Too long with it: the judge says what is missing.
        _ => (text, None),
    }
}

/// The reasons that stop a message, the first one being what the client should mend first: what has a
/// code of its own (an unknown sender, a landline) before what the rules say of the message, refusals
/// before closed windows, the sender before the recipient before the text.
fn by_weight<'v>(verdict: &'v Verdict, origin: &Origin) -> Vec<&'v Reason> {
    let mut stops: Vec<&Reason> =
        verdict.reasons().iter().filter(|reason| reason.effect >= Effect::Hold).collect();
    stops.sort_by_key(|reason| {
        let general = code_of(reason.rule, origin) == Code::MessageNotCompliant;
        (general, reason.effect != Effect::Refuse, reason.field != Field::SenderId, reason.field)
    });
    stops
}

fn unexplained() -> Refusal {
    Refusal::new(Code::InternalServerError, "the request was refused without a reason")
}

fn sender(origin: &Origin, faults: &mut Faults) -> Option<Sender> {
    match origin {
        Origin::SenderId(name) => name.parse().map_err(|why| bad_sender_id(name, why, faults)).ok(),
        Origin::Number(number) => from_number(number, faults),
    }
}

/// An error as a sentence: a capital letter and a full stop.
fn sentence(why: &dyn std::fmt::Display) -> String {
    let text = why.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn bad_sender_id(name: &str, why: SenderError, faults: &mut Faults) {
    let suggestion = match why {
        SenderError::Character { .. } if name.starts_with('+') => {
            "A phone number is not a Sender ID: use a name of 3 to 11 letters and digits, or a short code."
        }
        SenderError::Character { .. } => "Use letters A-Z and digits only: no space, accent or sign.",
        SenderError::Length(_) => "Use 3 to 11 letters and digits, as in MyCompany.",
        SenderError::NoLetter => "Add a letter, or use your short code 36xxx (marketing) or 38xxx.",
    };
    faults.add(Code::InvalidSenderId, "sender_id", sentence(&why), Some(suggestion.to_owned()));
}

/// A number as sender: a short code is the only one that can be on an account
/// (requirements `seed-mobile-sender-refused`, `seed-mobile-sender-explained`).
fn from_number(number: &str, faults: &mut Faults) -> Option<Sender> {
    if let Ok(code) = number.parse() {
        return Some(Sender::Code(code));
    }
    match Msisdn::parse(number) {
        Ok(parsed) if matches!(parsed.digits() / 100_000_000, 336 | 337) => faults.add(
            Code::ProviderNotSupported,
            "from",
            "French operators block messages that a system sends from a standard mobile number (+33 6 or \
             +33 7); Arcep reserves these numbers for people."
                .to_owned(),
            Some("Send with `sender_id`: a verified Sender ID, or a short code.".to_owned()),
        ),
        Ok(_) => faults.add(
            Code::FromNumberNotFound,
            "from",
            "This number is not on your account.".to_owned(),
            Some("GET /v2/api/numbers lists your senders; in France use `sender_id`.".to_owned()),
        ),
        Err(why) => faults.add(
            Code::InvalidPhoneFormat,
            "from",
            sentence(&why),
            Some("Write + and the country code, as in +33…; a name goes in `sender_id`.".to_owned()),
        ),
    }
    None
}

fn recipient(to: &str, faults: &mut Faults) -> Option<Msisdn> {
    let why = match Msisdn::parse(to) {
        Ok(number) => return Some(number),
        Err(why) => why,
    };
    let suggestion = match why {
        NumberError::NoPlus => national_form(to).map_or_else(
            || "Write + and the country code, as in +33612345678.".to_owned(),
            |number| format!("Write {number}."),
        ),
        NumberError::NotADigit(_) => "Leave out spaces, dots, dashes and brackets.".to_owned(),
        NumberError::Length => "A French mobile is +33 and nine digits, as in +33612345678.".to_owned(),
    };
    faults.add(Code::InvalidPhoneFormat, "to", sentence(&why), Some(suggestion));
    None
}

/// `06 12 34 56 78`, `0612345678` or `33612345678` as the E.164 it most likely means.
fn national_form(to: &str) -> Option<Msisdn> {
    let digits: String = to.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}')).collect();
    let rest = digits.strip_prefix("0033").or_else(|| digits.strip_prefix("33"));
    let national = rest.or_else(|| digits.strip_prefix('0'))?;
    let number = Msisdn::parse(&format!("+33{national}")).ok()?;
    (national.len() == 9).then(|| number.overseas_form().unwrap_or(number))
}

fn body(message: String, faults: &mut Faults) -> Option<MessageText> {
    let why = match MessageText::try_from(message) {
        Ok(text) => return Some(text),
        Err(why) => why,
    };
    let suggestion = match why {
        TextError::Blank => "Give a text of 1 to 1000 characters.",
        TextError::TooLong(_) => "Shorten it to 1000 characters, or send several messages.",
    };
    faults.add(Code::InvalidLength, "message", sentence(&why), Some(suggestion.to_owned()));
    None
}

fn reference(reference: Option<String>, faults: &mut Faults) -> Option<ClientReference> {
    ClientReference::try_from(reference?)
        .map_err(|why: ReferenceError| {
            faults.add(Code::InvalidRequestBody, "client_reference", sentence(&why), None);
        })
        .ok()
}

fn validity(minutes: Option<u32>, faults: &mut Faults) -> Option<Duration> {
    let minutes = minutes?;
    if !VALIDITY_MINUTES.contains(&minutes) {
        let message = format!("The validity of {minutes} minutes is out of range: 1 to 2880 (two days).");
        faults.add(Code::InvalidRequestBody, "validity_minutes", message, None);
    }
    Some(Duration::from_secs(u64::from(minutes) * 60))
}

/// Whether a message is judged with what the ledger, the STOPs and the conversations say of its recipient.
pub(crate) const fn needs_standing(class: Class) -> bool {
    matches!(class, Class::Marketing | Class::Conversational)
}

/// A message as it is judged when it leaves.
pub(crate) struct Departure {
    pub(crate) verdict: Verdict,
    /// The latest instant an operator may still ring with it.
    pub(crate) worth_until: Timestamp,
    /// The code by which the phone can answer it: its sender, or the one that its STOP mention names.
    pub(crate) through: Option<ShortCode>,
}

/// Judges a message as it leaves. `standing` is asked for when the message [needs it](needs_standing).
pub(crate) fn judge_departure(
    message: &Message,
    directory: &Directory,
    rules: &SendingRules,
    standing: Option<&Standing>,
    now: Timestamp,
) -> Departure {
    let record = directory.sender(message.workspace, &message.sender);
    let settings = directory.settings(message.workspace);
    let record = record.map(Arc::as_ref);
    let background = Background { rules, directory, settings: &settings, record, standing, offer: None };
    let ground = background.ground(message.recipient, now);
    let facts = Facts {
        at: now,
        class: message.class,
        recipient: message.recipient,
        sender: message.sender,
        sender_state: record.map(|record| record.state),
        text: message.text.show(),
        parts: message.parts,
        parts_max: PARTS_HARD_MAX,
        test: message.test || rules.dev,
        departing: true,
        auto_reply: message.auto_reply,
        circumstances: background.circumstances(&message.sender, &ground, now),
    };
    let verdict = rules.packs.judge(&facts);
    let cap = (verdict.class() == Class::Marketing).then(|| rules.packs.validity_cap(&facts)).flatten();
    let through = match (message.sender, verdict.class()) {
        // What the product answers by itself says nothing of who wrote last; a code sent to a phone is not
        // answered.
        _ if message.auto_reply.is_some() => None,
        (_, Class::Otp | Class::Alert) => None,
        (Sender::Code(code), _) => Some(code),
        (Sender::Name(_), Class::Marketing) => background.stop_code(&message.sender),
        (Sender::Name(_), _) => None,
    };
    let worth_until = cap.map_or(message.expires_at, |cap| cap.min(message.expires_at));
    Departure { verdict, worth_until, through }
}
