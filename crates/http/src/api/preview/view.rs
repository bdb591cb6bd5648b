//! Verdicts as clients see them.

use facteur_domain::text::rewrite::Rewrite;
use facteur_gateway::{Judgement, Preview, PreviewReason, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::time::EtaView;
use crate::api::words;
use crate::error::Detail;

/// Millionths in a euro.
const MICROS: u64 = 1_000_000;
/// The decision against a message.
pub(super) const REFUSE: &str = "refuse";

/// What would become of one message.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewView {
    /// The recipient, as you wrote it.
    #[schema(example = "+33612345678")]
    to: String,
    /// What would become of it.
    #[schema(value_type = words::Decision, example = "hold")]
    decision: &'static str,
    /// When it would leave; null when it would be refused.
    #[schema(required = true, format = DateTime)]
    send_at: Option<String>,
    /// The class in force: what the text says may raise it to marketing, and nothing lowers it.
    #[schema(required = true, value_type = Option<words::Class>)]
    class: Option<&'static str>,
    /// Every reason, not the first alone; empty when no rule has anything to say.
    reasons: Vec<ReasonView>,
    /// Why it could not even be judged, its recipient being no number, say; else null.
    #[schema(required = true)]
    error: Option<Unreadable>,
    /// The rules that judged, with their version.
    #[schema(required = true)]
    rule_pack: Option<String>,
    /// The text as it would leave.
    #[schema(required = true)]
    content: Option<String>,
    /// How it would be encoded.
    #[schema(required = true, value_type = Option<words::Encoding>)]
    encoding: Option<&'static str>,
    /// How many SMS it would become.
    #[schema(required = true)]
    parts: Option<u8>,
    /// Septets of GSM-7 or units of UTF-16 that it takes.
    #[schema(required = true)]
    units: Option<u32>,
    /// Units that its last part still holds.
    #[schema(required = true)]
    units_left: Option<u32>,
    /// The STOP mention that was added to the text, or null.
    #[schema(required = true, example = "\nSTOP au 36180")]
    stop_mention: Option<String>,
    /// The safe rewriting that keeps it in GSM-7; null when it gains nothing or is off.
    #[schema(required = true)]
    rewrite: Option<RewriteView>,
    /// What it would cost; null when the workspace has no price per part.
    #[schema(required = true)]
    cost: Option<Cost>,
    /// When it would leave if it were sent now, behind what waits: between two instants; null when nobody
    /// can tell, or it would not leave now.
    #[schema(required = true)]
    eta: Option<EtaView>,
}

/// Why a message could not be judged: the error that a send of it is answered by.
#[derive(Serialize, ToSchema)]
pub(crate) struct Unreadable {
    /// The stable code.
    #[schema(example = "INVALID_PHONE_FORMAT")]
    code: &'static str,
    /// What is wrong, in a sentence for a developer.
    message: String,
    /// What would be right, or null.
    #[schema(required = true)]
    suggestion: Option<String>,
    /// Every field at fault.
    details: Vec<Detail>,
}

/// One reason of a verdict.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// The rule's stable id.
    #[schema(example = "fr.window.sunday")]
    rule: &'static str,
    /// `allow`, `note`, `hold` or `refuse`.
    #[schema(example = "hold")]
    effect: &'static str,
    /// The field it is about.
    #[schema(example = "message")]
    field: &'static str,
    /// The reason in a sentence.
    message: String,
    /// The same in French.
    message_fr: String,
    /// What would cure it, or null.
    #[schema(required = true)]
    cure: Option<String>,
    /// The same in French.
    #[schema(required = true)]
    cure_fr: Option<String>,
    /// The id of the source that says so.
    #[schema(example = "SEED")]
    source: String,
    /// The source's date.
    dated: String,
    /// For a hold, until when; else null.
    #[schema(required = true, format = DateTime)]
    until: Option<String>,
}

/// A rewriting, change by change.
#[derive(Serialize, ToSchema)]
pub(crate) struct RewriteView {
    /// The text rewritten.
    text: String,
    /// Every change, in order.
    changes: Vec<ChangeView>,
    /// Parts of the text as given.
    parts_before: u8,
    /// Parts of the text rewritten.
    parts_after: u8,
}

/// One change of a rewriting.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// Where, in characters of the text as given, from 0.
    at: usize,
    /// What stood there.
    from: String,
    /// What stands there instead.
    to: String,
    /// Why.
    why: &'static str,
}

/// A sum of money.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cost {
    /// In euros, exactly: two decimals, or as many as it takes, up to six.
    #[schema(example = "0.045")]
    amount: String,
    /// Always `EUR`.
    #[schema(example = "EUR")]
    currency: &'static str,
}

/// All verdicts of a list together.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    /// How many messages, one a recipient.
    messages: usize,
    /// How many would be sent at once.
    send: usize,
    /// How many would be held.
    hold: usize,
    /// How many the rules would refuse.
    refuse: usize,
    /// How many could not be judged: they have an `error`.
    invalid: usize,
    /// Parts of those that would leave.
    parts: u64,
    /// What those would cost; null when the workspace has no price per part.
    #[schema(required = true)]
    cost: Option<Cost>,
    /// The worst case: the most parts of one message.
    worst_parts: u8,
    /// When the first one would leave; null when none would.
    #[schema(required = true, format = DateTime)]
    first_send_at: Option<String>,
    /// When the last one would leave; null when none would.
    #[schema(required = true, format = DateTime)]
    last_send_at: Option<String>,
}

impl PreviewView {
    pub(super) fn judged(to: String, judgement: Judgement) -> Self {
        Self {
            to,
            decision: judgement.decision,
            send_at: judgement.send_at.map(|at| at.to_string()),
            class: Some(judgement.class.as_str()),
            reasons: judgement.reasons.into_iter().map(ReasonView::from).collect(),
            error: None,
            rule_pack: Some(judgement.rule_pack),
            content: Some(judgement.content),
            encoding: Some(judgement.encoding.as_str()),
            parts: Some(judgement.plan.parts),
            units: Some(judgement.plan.units),
            units_left: Some(judgement.plan.units_left),
            stop_mention: judgement.appended,
            rewrite: judgement.rewrite.map(RewriteView::from),
            cost: judgement.cost_micros.map(Cost::of),
            eta: judgement.eta.map(EtaView::from),
        }
    }

    /// A message that could not be judged would be refused for what is wrong with it.
    fn unreadable(to: String, refusal: Refusal) -> Self {
        Self {
            to,
            decision: REFUSE,
            send_at: None,
            class: None,
            reasons: Vec::new(),
            error: Some(Unreadable::from(refusal)),
            rule_pack: None,
            content: None,
            encoding: None,
            parts: None,
            units: None,
            units_left: None,
            stop_mention: None,
            rewrite: None,
            cost: None,
            eta: None,
        }
    }
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        match preview.outcome {
            Ok(judgement) => Self::judged(preview.to, judgement),
            Err(refusal) => Self::unreadable(preview.to, refusal),
        }
    }
}

impl From<Refusal> for Unreadable {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.as_str(),
            message: refusal.message,
            suggestion: refusal.suggestion,
            details: refusal.details.into_iter().map(Detail::from).collect(),
        }
    }
}

impl From<PreviewReason> for ReasonView {
    fn from(reason: PreviewReason) -> Self {
        let [message_fr, message] = reason.message;
        let (cure_fr, cure) = reason.cure.map(|[french, english]| (french, english)).unzip();
        Self {
            rule: reason.rule,
            effect: reason.effect,
            field: reason.field,
            message,
            message_fr,
            cure,
            cure_fr,
            source: reason.source,
            dated: reason.dated,
            until: reason.until.map(|until| until.to_string()),
        }
    }
}

impl From<Rewrite> for RewriteView {
    fn from(rewrite: Rewrite) -> Self {
        Self {
            text: rewrite.text,
            changes: rewrite
                .changes
                .into_iter()
                .map(|change| ChangeView {
                    at: change.at,
                    from: change.from,
                    to: change.to,
                    why: change.why.as_str(),
                })
                .collect(),
            parts_before: rewrite.before.parts,
            parts_after: rewrite.after.parts,
        }
    }
}

impl Cost {
    fn of(micros: i64) -> Self {
        let sign = if micros < 0 { "-" } else { "" };
        let (euros, rest) = (micros.unsigned_abs() / MICROS, micros.unsigned_abs() % MICROS);
        let decimals = format!("{rest:06}");
        let (cents, finer) = decimals.split_at(2);
        let amount = format!("{sign}{euros}.{cents}{}", finer.trim_end_matches('0'));
        Self { amount, currency: "EUR" }
    }
}

impl Summary {
    pub(super) fn of(previews: &[Preview]) -> Self {
        let judged = || previews.iter().filter_map(|preview| preview.outcome.as_ref().ok());
        let count = |decision: &str| judged().filter(|judgement| judgement.decision == decision).count();
        let leaving = || judged().filter(|judgement| judgement.decision != REFUSE);
        let instants = || leaving().filter_map(|judgement| judgement.send_at);
        let cost = leaving().map(|judgement| judgement.cost_micros).reduce(|sum, one| Some(sum? + one?));
        Self {
            messages: previews.len(),
            send: count("send"),
            hold: count("hold"),
            refuse: count(REFUSE),
            invalid: previews.len() - judged().count(),
            parts: leaving().map(|judgement| u64::from(judgement.plan.parts)).sum(),
            cost: cost.flatten().map(Cost::of),
            worst_parts: judged().map(|judgement| judgement.plan.parts).max().unwrap_or(0),
            first_send_at: instants().min().map(|at| at.to_string()),
            last_send_at: instants().max().map(|at| at.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_have_two_decimals_at_least() {
        for (micros, amount) in [
            (0, "0.00"),
            (45_000, "0.045"),
            (90_000, "0.09"),
            (100_000, "0.10"),
            (1, "0.000001"),
            (1_000_001, "1.000001"),
            (45_000_000, "45.00"),
            (-50_000, "-0.05"),
        ] {
            assert_eq!(Cost::of(micros).amount, amount);
        }
    }
}
