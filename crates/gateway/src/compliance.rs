//! What is known around a message, gathered for the judge; and what is kept of a verdict.

use facteur_domain::consent::fold_advertiser;
use facteur_domain::{ConsentId, Msisdn, Sender, SenderState, ShortCode, Timestamp};
use facteur_rules::{
    Audience, Basis, Circumstances, Consent, Decision, Effect, Grounds, Language, OptOuts, Policy, Proof,
    Session, Verdict,
};
use facteur_store::{ConsentFact, NameProof, NewConsent, ReplySession, SenderRecord, Settings, Standing};

use crate::config::SendingRules;
use crate::directory::Directory;

/// A ground that came with a request. It is used at once, and recorded when the message is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentOffer {
    /// Why the recipient may be written to.
    pub basis: facteur_domain::Basis,
    /// For whose marketing; the sender's advertiser when absent.
    pub advertiser: Option<String>,
    /// What for, in the words of the collection.
    pub purpose: String,
    /// When it was collected.
    pub collected_at: Timestamp,
    /// How and where.
    pub source: String,
    /// The exact text that the person saw.
    pub text_shown: String,
    /// Where the proof is kept.
    pub evidence: Option<String>,
    /// The number was declared as professional, and the message concerns the person's work.
    pub professional: bool,
}

impl ConsentOffer {
    fn entry(&self, number: Msisdn, advertiser: &str) -> NewConsent {
        NewConsent {
            number,
            basis: self.basis,
            advertiser: self.advertiser.clone().unwrap_or_else(|| advertiser.to_owned()),
            purpose: self.purpose.clone(),
            collected_at: self.collected_at,
            source: self.source.clone(),
            text_shown: self.text_shown.clone(),
            evidence: self.evidence.clone(),
            professional: self.professional,
        }
    }
}

/// What is known around one message.
pub(crate) struct Background<'a> {
    pub(crate) rules: &'a SendingRules,
    pub(crate) directory: &'a Directory,
    pub(crate) settings: &'a Settings,
    pub(crate) record: Option<&'a SenderRecord>,
    /// What the ledger and the STOPs say of the recipient; `None` when nobody looked.
    pub(crate) standing: Option<&'a Standing>,
    /// A ground that came with the request.
    pub(crate) offer: Option<&'a ConsentOffer>,
}

/// On what ground marketing would go.
pub(crate) struct Ground {
    grounds: Grounds,
    audience: Audience,
    /// The entry of the ledger.
    pub(crate) entry: Option<ConsentId>,
    /// The entry to record, when the ground came with the request.
    pub(crate) new: Option<NewConsent>,
}

impl<'a> Background<'a> {
    /// Whose marketing it is.
    pub(crate) fn advertiser(&self) -> &'a str {
        let of_sender = self.record.and_then(|record| record.dossier.advertiser.as_deref());
        of_sender.unwrap_or(&self.settings.advertiser)
    }

    /// The short code that a STOP mention of `sender` names: the workspace's choice, the sender
    /// itself, another marketing code of the workspace, the platform's.
    pub(crate) fn stop_code(&self, sender: &Sender) -> Option<ShortCode> {
        let marketing = |sender: &Sender| match sender {
            Sender::Code(code) if code.is_marketing() => Some(*code),
            _ => None,
        };
        let of_workspace = || {
            let senders = self.directory.senders(self.record?.workspace);
            let mut standing = senders.iter().filter(|record| record.state == SenderState::Validated);
            standing.find_map(|record| marketing(&record.sender))
        };
        self.settings.stop_code.or_else(|| marketing(sender)).or_else(of_workspace).or(self.rules.stop_code)
    }

    /// The ground that marketing to `number` would rely on at `at`.
    pub(crate) fn ground(&self, number: Msisdn, at: Timestamp) -> Ground {
        if let Some(offer) = self.offer {
            let new = offer.entry(number, self.advertiser());
            if !same_name(&new.advertiser, self.advertiser()) {
                let audience = audience_of(offer.basis, offer.professional);
                return Ground { grounds: Grounds::OtherAdvertiser, audience, entry: None, new: None };
            }
            // A consent from before a withdrawal does not come back by being shown again.
            let withdrawn = self.standing.iter().flat_map(|standing| &standing.withdrawn);
            let withdrawn_at = withdrawn
                .filter(|fact| same_name(&fact.advertiser, &new.advertiser))
                .filter_map(|fact| fact.withdrawn_at)
                .filter(|at| *at >= offer.collected_at)
                .max();
            let consent = Consent {
                basis: basis_of(offer.basis),
                collected_at: offer.collected_at,
                last_contact_at: None,
                withdrawn_at,
                proven: !offer.source.trim().is_empty() && !offer.text_shown.trim().is_empty(),
            };
            let audience = audience_of(offer.basis, offer.professional);
            return Ground { grounds: Grounds::Entry(consent), audience, entry: None, new: Some(new) };
        }
        let Some(standing) = self.standing else {
            let (grounds, audience) = (Grounds::NotJudged, Audience::Unknown);
            return Ground { grounds, audience, entry: None, new: None };
        };
        let advertiser = self.advertiser();
        let ours = |fact: &&ConsentFact| same_name(&fact.advertiser, advertiser);
        // The last one recorded that stands: an old list, imported again, takes nothing away.
        let stands = |fact: &&ConsentFact| {
            let (consent, audience) = known(fact);
            self.rules.packs.ground_stands(consent, audience, at)
        };
        let ours_of = || standing.consents.iter().filter(ours);
        let withdrawn = || standing.withdrawn.iter().find(ours);
        let Some(fact) = ours_of().find(stands).or_else(|| ours_of().next()).or_else(withdrawn) else {
            let (grounds, audience) = (Grounds::Missing, Audience::Unknown);
            return Ground { grounds, audience, entry: None, new: None };
        };
        let (consent, audience) = known(fact);
        Ground { grounds: Grounds::Entry(consent), audience, entry: Some(fact.id), new: None }
    }

    /// Everything for the judge.
    pub(crate) fn circumstances(&self, sender: &Sender, ground: &Ground, at: Timestamp) -> Circumstances<'a> {
        Circumstances {
            policy: Some(Policy { platform: &self.rules.profile, workspace: &self.settings.profile }),
            postcode: self.settings.postcode.as_deref(),
            audience: ground.audience,
            grounds: ground.grounds,
            opt_outs: self.opt_outs(),
            stop_code: self.stop_code(sender),
            proof: self.record.map(|record| proof_of(record.dossier.proof)),
            shared_code: self.record.is_some_and(|record| record.dossier.shared_code),
            contract_in_progress: false,
            brand: Some(self.advertiser()),
            session: self.session(sender, at),
        }
    }

    /// Whether the recipient wrote to this sender, or to the code that it is, lately enough at `at`.
    fn session(&self, sender: &Sender, at: Timestamp) -> Session {
        let Some(standing) = self.standing else { return Session::NotJudged };
        let open = |session: &ReplySession| {
            (session.sender == *sender || Sender::Code(session.code) == *sender) && session.until > at
        };
        if standing.sessions.iter().any(open) { Session::Open } else { Session::Closed }
    }

    fn opt_outs(&self) -> OptOuts {
        use facteur_domain::OptOutScope as Scope;
        let mut found = OptOuts::default();
        for fact in self.standing.iter().flat_map(|standing| &standing.opt_outs) {
            let place = match fact.scope {
                Scope::Advertiser => {
                    let named = fact.advertiser.as_deref().unwrap_or_default();
                    if !same_name(named, self.advertiser()) {
                        continue;
                    }
                    &mut found.advertiser
                }
                Scope::Workspace => &mut found.workspace,
                Scope::Platform => &mut found.platform,
            };
            *place = Some(place.map_or(fact.since, |since| since.min(fact.since)));
        }
        found
    }
}

/// Advertisers are compared as the ledger compares them.
fn same_name(a: &str, b: &str) -> bool {
    fold_advertiser(a) == fold_advertiser(b)
}

/// An entry of the ledger as the judge knows it, and who its person is.
const fn known(fact: &ConsentFact) -> (Consent, Audience) {
    let consent = Consent {
        basis: basis_of(fact.basis),
        collected_at: fact.collected_at,
        last_contact_at: None,
        withdrawn_at: fact.withdrawn_at,
        proven: fact.proven,
    };
    (consent, audience_of(fact.basis, fact.professional))
}

/// Who records a ground as an existing customer's or a professional's declares that its conditions are
/// met: the number came from the person at a sale, the products are similar, refusal was offered; or
/// the person was informed. The exact text shown is on record beside it.
const fn basis_of(basis: facteur_domain::Basis) -> Basis {
    match basis {
        facteur_domain::Basis::Consent => Basis::Consent,
        facteur_domain::Basis::ExistingCustomer => Basis::CUSTOMER,
        facteur_domain::Basis::B2b => Basis::PROFESSIONAL,
    }
}

/// In doubt a consumer: only a number declared as professional makes a professional of its owner.
const fn audience_of(basis: facteur_domain::Basis, professional: bool) -> Audience {
    match basis {
        facteur_domain::Basis::B2b if professional => Audience::Professional { relevant: true },
        _ => Audience::Consumer,
    }
}

const fn proof_of(proof: NameProof) -> Proof {
    match proof {
        NameProof::None => Proof::None,
        NameProof::Registered => Proof::Registered,
        NameProof::Authorised => Proof::Authorised,
    }
}

/// A verdict as it is kept with its message (requirement `fr-verdict-kept`): no number and no text, for it outlives them when the person
/// is erased. Sentences name the sender at most; cures, which may name a number, are left out.
pub(crate) fn verdict_json(verdict: &Verdict, at: Timestamp) -> String {
    let reasons: Vec<serde_json::Value> = verdict
        .reasons()
        .iter()
        .map(|reason| {
            serde_json::json!({
                "rule": reason.rule,
                "effect": reason.effect.as_str(),
                "message": reason.message(Language::English),
                "message_fr": reason.message(Language::French),
                "source": reason.source,
                "dated": reason.dated,
                "until": reason.until.map(|until| until.to_string()),
            })
        })
        .collect();
    serde_json::json!({
        "decision": decision_name(verdict.decision()),
        "at": at.to_string(),
        "class": verdict.class().as_str(),
        "rule_pack": verdict.pack(),
        "reasons": reasons,
    })
    .to_string()
}

/// The rule that holds a message the longest.
pub(crate) fn holding_rule(verdict: &Verdict) -> Option<&'static str> {
    let Decision::Hold { until } = verdict.decision() else { return None };
    let holding = || verdict.reasons().iter().filter(|reason| reason.effect == Effect::Hold);
    let last = holding().find(|reason| reason.until == Some(until)).or_else(|| holding().next());
    last.map(|reason| reason.rule)
}

/// A decision's name in the API.
pub(crate) const fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Send => "send",
        Decision::Hold { .. } => "hold",
        Decision::Refuse => "refuse",
    }
}
