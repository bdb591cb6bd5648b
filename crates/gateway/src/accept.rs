//! The door in: what a request must be to become a message.

use std::time::Duration;

use facteur_domain::message::{ReferenceError, TextError};
use facteur_domain::number::NumberError;
use facteur_domain::sender::SenderError;
use facteur_domain::{
    Class, ClientReference, Message, MessageId, MessageText, Msisdn, Sender, Timestamp, text,
};
use facteur_rules::{Circumstances, Facts, Field, Language, PARTS_HARD_MAX, Reason, Verdict, judge};

use crate::config::SendingRules;
use crate::directory::Directory;
use crate::refusal::{Code, Detail, Refusal};
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
        _ if rule.starts_with("fr.sender.") => Code::SenderIdNotActive,
        "fr.content.too_long" => Code::InvalidLength,
        _ => Code::MessageNotCompliant,
    }
}

/// What is known when a request is examined.
pub(crate) struct Desk<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) directory: &'a Directory,
    pub(crate) rules: &'a SendingRules,
    pub(crate) now: Timestamp,
}

impl Desk<'_> {
    /// Turns a request into a message, or says everything that is wrong with it.
    pub(crate) fn examine(&self, request: SendRequest, id: MessageId) -> Result<Message, Refusal> {
        let mut faults = Faults::default();
        let sender = sender(&request.origin, &mut faults);
        let recipient = recipient(&request.to, &mut faults);
        let body = body(request.message, &mut faults);
        let reference = reference(request.client_reference, &mut faults);
        let send_at = self.send_at(request.send_at, &mut faults);
        let validity = validity(request.validity_minutes, &mut faults);

        let (Some(sender), Some(recipient), Some(body)) = (sender, recipient, body) else {
            return Err(faults.into_refusal().unwrap_or_else(unexplained));
        };
        let record = self.directory.sender(self.caller.workspace(), &sender);
        let class = request.class.or(record.map(|r| r.class)).unwrap_or(Class::Marketing);
        let plan = text::plan(body.show());
        let test = self.caller.key.test;
        let verdict = judge(&Facts {
            at: self.now,
            class,
            recipient,
            sender,
            sender_state: record.map(|r| r.state),
            text: body.show(),
            parts: plan.parts,
            parts_max: PARTS_HARD_MAX,
            test: test || self.rules.dev,
            departing: false,
            circumstances: Circumstances::default(),
        });
        let verdict = verdict.clear(id);
        if let Err(refused) = &verdict {
            by_request_order(refused).for_each(|reason| faults.add_reason(reason, &request.origin));
        }
        if let Some(refusal) = faults.into_refusal() {
            return Err(refusal);
        }
        let send_at = send_at.unwrap_or(self.now).max(self.now);
        let validity = validity.unwrap_or_else(|| self.rules.classes.validity(class));
        Ok(Message {
            id,
            workspace: self.caller.workspace(),
            api_key: self.caller.key.id,
            // The name as it was verified, whatever case the request used.
            sender: record.map_or(sender, |r| r.sender),
            recipient,
            class,
            text: body,
            encoding: plan.encoding,
            parts: plan.parts,
            accepted_at: self.now,
            send_at,
            expires_at: send_at.plus(validity),
            client_reference: reference,
            test,
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

/// Reasons in the order in which the documentation lists the fields: sender, recipient, text.
fn by_request_order(verdict: &Verdict) -> impl Iterator<Item = &Reason> {
    let of = |wanted: fn(Field) -> bool| verdict.reasons().iter().filter(move |r| wanted(r.field));
    of(|field| field == Field::SenderId).chain(of(|field| field != Field::SenderId))
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

/// What the directory says of a message's sender when it leaves.
pub(crate) fn judge_departure(
    message: &Message,
    directory: &Directory,
    dev: bool,
    now: Timestamp,
) -> Verdict {
    let state = directory.sender(message.workspace, &message.sender).map(|record| record.state);
    judge(&Facts {
        at: now,
        class: message.class,
        recipient: message.recipient,
        sender: message.sender,
        sender_state: state,
        text: message.text.show(),
        parts: message.parts,
        parts_max: PARTS_HARD_MAX,
        test: message.test || dev,
        departing: true,
        circumstances: Circumstances::default(),
    })
}
