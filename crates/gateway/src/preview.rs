//! The verdict before the send: the same reading, rewriting and judgement as acceptance, and nothing
//! kept, nothing sent.

use std::collections::HashMap;

use facteur_domain::text::rewrite::Rewrite;
use facteur_domain::text::{Encoding, Plan};
use facteur_domain::{Class, Timestamp};
use facteur_rules::{Decision, Language, Reason};
use facteur_store::Standing;

use crate::Caller;
use crate::accept::{Assessment, Desk, Draft, SendRequest, needs_standing};
use crate::compliance::decision_name;
use crate::gateway::{Eta, Gateway, unavailable};
use crate::refusal::{Code, Refusal};

/// The most recipients of one preview.
pub const PREVIEW_MAX: usize = 1_000;

/// What would become of one message.
#[derive(Clone, PartialEq, Debug)]
pub struct Preview {
    /// The recipient as the client wrote it.
    pub to: String,
    /// The verdict, or why the request could not even be judged.
    pub outcome: Result<Judgement, Refusal>,
}

/// The verdict on a message, and the message as it would leave.
#[derive(Clone, PartialEq)]
pub struct Judgement {
    /// `send`, `hold` or `refuse`.
    pub decision: &'static str,
    /// When it would leave; `None` when it would be refused.
    pub send_at: Option<Timestamp>,
    /// The class in force.
    pub class: Class,
    /// Every reason, in both languages.
    pub reasons: Vec<PreviewReason>,
    /// The id and version of the rule pack.
    pub rule_pack: String,
    /// The text as it would leave.
    pub content: String,
    /// Its alphabet.
    pub encoding: Encoding,
    /// Its parts and units.
    pub plan: Plan,
    /// The STOP mention that was added.
    pub appended: Option<String>,
    /// The safe rewriting, when it gains something.
    pub rewrite: Option<Rewrite>,
    /// What it costs, in millionths of a euro, when the workspace has a price per part.
    pub cost_micros: Option<i64>,
    /// When it would leave if it were sent now, behind what waits; `None` when nobody can tell, or it would
    /// not leave now.
    pub eta: Option<Eta>,
}

/// Without the text.
impl std::fmt::Debug for Judgement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judgement").field("decision", &self.decision).finish_non_exhaustive()
    }
}

/// One reason of a verdict, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviewReason {
    /// The rule's stable id.
    pub rule: &'static str,
    /// `allow`, `note`, `hold` or `refuse`.
    pub effect: &'static str,
    /// The field it is about.
    pub field: &'static str,
    /// The sentence, in French and in English.
    pub message: [String; 2],
    /// What would cure it, in French and in English.
    pub cure: Option<[String; 2]>,
    /// The source's id.
    pub source: String,
    /// The source's date.
    pub dated: String,
    /// For a hold: until when.
    pub until: Option<Timestamp>,
}

impl Gateway {
    /// Judges what a request would become, for one recipient or for each of `recipients`
    /// ([`PREVIEW_MAX`] at most), now or at its `send_at`.
    ///
    /// # Errors
    /// Too many recipients, or the store cannot be read. What is wrong with one message is told in
    /// its [`Preview`].
    pub async fn preview(
        &self,
        caller: &Caller,
        request: SendRequest,
        recipients: Vec<String>,
    ) -> Result<Vec<Preview>, Refusal> {
        if recipients.len() > PREVIEW_MAX {
            let message =
                format!("A preview takes {PREVIEW_MAX} recipients at most; there are {}.", recipients.len());
            let refusal = Refusal::new(Code::InvalidRequestBody, message).at("recipients");
            return Err(refusal.try_instead("Preview the list in several requests."));
        }
        let directory = self.directory();
        let settings = directory.settings(caller.workspace());
        let now = self.now();
        let desk = Desk { caller, directory: &directory, settings: &settings, rules: self.sending(), now };
        let recipients = if recipients.is_empty() { vec![request.to.clone()] } else { recipients };
        let drafts: Vec<(String, Result<Draft, Refusal>)> = recipients
            .into_iter()
            .map(|to| {
                let draft = desk.read(SendRequest { to: to.clone(), ..request.clone() });
                (to, draft.and_then(Draft::without_faults))
            })
            .collect();
        let asked = drafts.iter().filter_map(|(_, draft)| draft.as_ref().ok());
        let asked = asked.map(|draft| (caller.workspace(), draft.recipient)).collect();
        let mut standings = self.store().standings(asked).await.map_err(unavailable)?.into_iter();
        let mut etas: HashMap<(Class, bool), Option<Eta>> = HashMap::new();
        let mut judged = |draft: Draft, standing: Option<&Standing>| {
            let sandbox = caller.key.test || draft.recipient.is_fiction();
            let mut assessment = desk.assess(&draft, None);
            if needs_standing(assessment.verdict.class()) {
                assessment = desk.assess(&draft, standing);
            }
            let mut judgement = judgement(assessment, settings.price_per_part);
            if judgement.send_at.is_some_and(|at| at <= now) {
                let class = judgement.class;
                let eta = etas.entry((class, sandbox));
                judgement.eta = *eta.or_insert_with(|| self.eta_of_next(class, caller.workspace(), sandbox));
            }
            judgement
        };
        Ok(drafts
            .into_iter()
            .map(|(to, draft)| {
                let outcome = draft.map(|draft| judged(draft, standings.next().as_ref()));
                Preview { to, outcome }
            })
            .collect())
    }
}

fn judgement(assessment: Assessment, price_per_part: Option<i64>) -> Judgement {
    let Assessment { verdict, text, plan, appended, rewrite, leaves_at, .. } = assessment;
    Judgement {
        decision: decision_name(verdict.decision()),
        send_at: (verdict.decision() != Decision::Refuse).then_some(leaves_at),
        class: verdict.class(),
        reasons: verdict.reasons().iter().map(reason).collect(),
        rule_pack: verdict.pack().to_owned(),
        content: text.show().to_owned(),
        encoding: plan.encoding,
        cost_micros: price_per_part.map(|price| price * i64::from(plan.parts)),
        plan,
        appended,
        rewrite,
        eta: None,
    }
}

/// A reason in both languages.
pub(crate) fn reason(reason: &Reason) -> PreviewReason {
    let both = |say: &dyn Fn(Language) -> String| [say(Language::French), say(Language::English)];
    PreviewReason {
        rule: reason.rule,
        effect: reason.effect.as_str(),
        field: reason.field.as_str(),
        message: both(&|language| reason.message(language)),
        cure: reason
            .cure(Language::French)
            .zip(reason.cure(Language::English))
            .map(|(french, english)| [french, english]),
        source: reason.source.to_string(),
        dated: reason.dated.to_string(),
        until: reason.until,
    }
}
