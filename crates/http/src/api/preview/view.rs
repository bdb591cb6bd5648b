//! Verdicts as clients see them.

use facteur_domain::Timestamp;
use facteur_domain::text::rewrite::Rewrite;
use facteur_gateway::{Judgement, Preview, PreviewReason, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::words;

/// Millionths in a euro.
const MICROS: i64 = 1_000_000;

/// What would become of one message.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewView {
    /// The recipient, as you wrote it.
    #[schema(example = "+33612345678")]
    to_number: String,
    /// What would become of it.
    #[schema(value_type = words::Decision, example = "hold")]
    decision: &'static str,
    /// When it would leave; null when it would be refused.
    #[schema(required = true, format = DateTime)]
    send_at: Option<String>,
    /// The class in force: what the text says may raise it to marketing, and nothing lowers it.
    #[schema(required = true, value_type = Option<words::Class>)]
    class: Option<&'static str>,
    /// Every reason, not the first alone.
    reasons: Vec<ReasonView>,
    /// The rules that judged, with their version.
    #[schema(required = true)]
    rule_pack: Option<String>,
    /// The text as it would leave.
    #[schema(required = true)]
    content: Option<String>,
    /// The STOP mention that was added to it, or null.
    #[schema(required = true)]
    appended: Option<String>,
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
    /// The safe rewriting that keeps it in GSM-7; null when it gains nothing or is off.
    #[schema(required = true)]
    rewrite: Option<RewriteView>,
    /// What it would cost; null when the workspace has no price per part.
    #[schema(required = true)]
    cost: Option<Cost>,
}

/// One reason of a verdict.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// The rule's stable id, or the error's code when the message could not be judged.
    #[schema(example = "fr.window.sunday")]
    rule: String,
    /// `allow`, `note`, `hold` or `refuse`.
    #[schema(example = "hold")]
    effect: &'static str,
    /// The field it is about.
    #[schema(example = "message")]
    field: String,
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
    /// The id of the source that says so, or null.
    #[schema(required = true, example = "SEED")]
    source: Option<String>,
    /// The source's date.
    #[schema(required = true)]
    source_date: Option<String>,
    /// For a hold, until when; else null.
    #[schema(required = true, format = DateTime)]
    until: Option<String>,
}

/// A rewriting, change by change.
#[derive(Serialize, ToSchema)]
pub(crate) struct RewriteView {
    /// The text rewritten.
    content: String,
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
    /// In euros, to the millionth.
    #[schema(example = "0.090000")]
    amount: String,
    /// Always `EUR`.
    #[schema(example = "EUR")]
    currency: &'static str,
}

/// All verdicts of a list together.
#[derive(Serialize, ToSchema)]
pub(crate) struct Totals {
    /// How many recipients.
    recipients: u64,
    /// How many would be sent at once.
    send: u64,
    /// How many would be held.
    hold: u64,
    /// How many would be refused.
    refuse: u64,
    /// Parts of those that are not refused.
    parts: u64,
    /// Their cost; null when the workspace has no price per part.
    #[schema(required = true)]
    cost: Option<Cost>,
    /// The worst case: the most parts of one message.
    parts_max: u8,
    /// The worst case: when the last one would leave; null when all would be refused.
    #[schema(required = true, format = DateTime)]
    last_send_at: Option<String>,
}

impl PreviewView {
    pub(super) fn judged(to: String, judgement: Judgement) -> Self {
        Self {
            to_number: to,
            decision: judgement.decision,
            send_at: judgement.send_at.map(|at| at.to_string()),
            class: Some(judgement.class.as_str()),
            reasons: judgement.reasons.into_iter().map(ReasonView::from).collect(),
            rule_pack: Some(judgement.rule_pack),
            content: Some(judgement.content),
            appended: judgement.appended,
            encoding: Some(judgement.encoding.as_str()),
            parts: Some(judgement.plan.parts),
            units: Some(judgement.plan.units),
            units_left: Some(judgement.plan.units_left),
            rewrite: judgement.rewrite.map(RewriteView::from),
            cost: judgement.cost_micros.map(Cost::of),
        }
    }

    /// A message that could not be judged is refused for what is wrong with it.
    fn refused(to: String, refusal: Refusal) -> Self {
        Self {
            to_number: to,
            decision: "refuse",
            send_at: None,
            class: None,
            reasons: reasons_of(refusal),
            rule_pack: None,
            content: None,
            appended: None,
            encoding: None,
            parts: None,
            units: None,
            units_left: None,
            rewrite: None,
            cost: None,
        }
    }
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        match preview.outcome {
            Ok(judgement) => Self::judged(preview.to, judgement),
            Err(refusal) => Self::refused(preview.to, refusal),
        }
    }
}

fn reasons_of(refusal: Refusal) -> Vec<ReasonView> {
    let Refusal { code, message, param, suggestion, details, .. } = refusal;
    let reason = |rule: &str, field: &str, message: String, cure: Option<String>| ReasonView {
        rule: rule.to_owned(),
        effect: "refuse",
        field: field.to_owned(),
        message_fr: message.clone(),
        message,
        cure_fr: cure.clone(),
        cure,
        source: None,
        source_date: None,
        until: None,
    };
    if details.is_empty() {
        return vec![reason(code.as_str(), param.unwrap_or_default(), message, suggestion)];
    }
    // The first fault is the one that the suggestion is for.
    let mut cure = suggestion;
    let one = |detail: facteur_gateway::Detail| {
        reason(detail.rule.unwrap_or(code.as_str()), detail.field, detail.message, cure.take())
    };
    details.into_iter().map(one).collect()
}

impl From<PreviewReason> for ReasonView {
    fn from(reason: PreviewReason) -> Self {
        let [message_fr, message] = reason.message;
        let (cure_fr, cure) = reason.cure.map(|[french, english]| (french, english)).unzip();
        Self {
            rule: reason.rule.to_owned(),
            effect: reason.effect,
            field: reason.field.to_owned(),
            message,
            message_fr,
            cure,
            cure_fr,
            source: Some(reason.source),
            source_date: Some(reason.dated),
            until: reason.until.map(|until| until.to_string()),
        }
    }
}

impl From<Rewrite> for RewriteView {
    fn from(rewrite: Rewrite) -> Self {
        Self {
            content: rewrite.text,
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
        Self { amount: format!("{}.{:06}", micros / MICROS, micros % MICROS), currency: "EUR" }
    }
}

impl Totals {
    pub(super) fn of(previews: &[Preview]) -> Self {
        let judged = || previews.iter().filter_map(|preview| preview.outcome.as_ref().ok());
        let count =
            |decision: &str| judged().filter(|judgement| judgement.decision == decision).count() as u64;
        let leaving = || judged().filter(|judgement| judgement.decision != "refuse");
        let (send, hold, recipients) = (count("send"), count("hold"), previews.len() as u64);
        let last: Option<Timestamp> = leaving().filter_map(|judgement| judgement.send_at).max();
        let costs: Vec<i64> = leaving().filter_map(|judgement| judgement.cost_micros).collect();
        Self {
            recipients,
            send,
            hold,
            refuse: recipients - send - hold,
            parts: leaving().map(|judgement| u64::from(judgement.plan.parts)).sum(),
            cost: (!costs.is_empty()).then(|| Cost::of(costs.iter().sum())),
            parts_max: leaving().map(|judgement| judgement.plan.parts).max().unwrap_or(0),
            last_send_at: last.map(|at| at.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_to_the_millionth() {
        for (micros, amount) in [(0, "0.000000"), (45_000, "0.045000"), (1_000_001, "1.000001")] {
            assert_eq!(Cost::of(micros).amount, amount);
        }
    }
}
