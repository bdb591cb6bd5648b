//! Who said STOP: marketing never reaches them again (requirement `fr-optout-scope`). Other classes
//! pass: a STOP is not required to end what follows from an order or an appointment.

use facteur_domain::Timestamp;
use jiff::tz::TimeZone;

use crate::case::Case;
use crate::rule::{Rule, Says};
use crate::{Effect, Field, Reason};

const fn refuse(id: &'static str) -> Rule {
    Rule { id, effect: Effect::Refuse, field: Field::To, source: "INFOCONSO", dated: "n.d." }
}

const ADVERTISER: Rule = refuse("fr.optout.advertiser");
const WORKSPACE: Rule = refuse("fr.optout.workspace");
const PLATFORM: Rule = refuse("fr.optout.platform");

static SAYS_ADVERTISER: Says = Says::new(
    [
        "Cette personne a répondu STOP à cette marque le {since} : plus de SMS commercial, quel que soit \
         l'expéditeur.",
        "Retirez-la de vos envois commerciaux. Seul un nouvel accord de sa part, enregistré avec sa preuve, \
         permet de lui écrire à nouveau.",
    ],
    [
        "This person answered STOP to this brand on {since}: no more marketing SMS, whatever the sender.",
        "Take them out of your marketing. Only a new consent of theirs, recorded with its proof, lets you \
         write to them again.",
    ],
);
static SAYS_WORKSPACE: Says = Says::new(
    [
        "Cette personne s'est opposée le {since} à tous les SMS commerciaux de votre entreprise.",
        "Retirez-la de vos envois commerciaux. Seul un nouvel accord de sa part, enregistré avec sa preuve, \
         permet de lui écrire à nouveau.",
    ],
    [
        "On {since} this person objected to all marketing SMS of your company.",
        "Take them out of your marketing. Only a new consent of theirs, recorded with its proof, lets you \
         write to them again.",
    ],
);
static SAYS_PLATFORM: Says = Says::new(
    [
        "Cette personne s'est opposée le {since} à tout SMS commercial, et on n'a pas pu savoir de qui.",
        "Retirez-la de cet envoi. Si elle vous a donné depuis un nouvel accord, demandez à la plateforme de \
         lever l'opposition en joignant la preuve.",
    ],
    [
        "On {since} this person objected to marketing SMS, and nobody could tell from whom.",
        "Leave them out of this send. If they have agreed again since, ask the platform to lift the \
         objection and attach the proof.",
    ],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if !case.is_marketing() {
        return;
    }
    let opt_outs = case.facts.circumstances.opt_outs;
    for (since, rule, says) in [
        (opt_outs.advertiser, &ADVERTISER, &SAYS_ADVERTISER),
        (opt_outs.workspace, &WORKSPACE, &SAYS_WORKSPACE),
        (opt_outs.platform, &PLATFORM, &SAYS_PLATFORM),
    ] {
        if let Some(since) = since {
            reasons.push(Reason::new(rule, says).with("since", day(since)));
        }
    }
}

/// The day of an instant, in UTC: the ledger keeps no zone.
pub(crate) fn day(at: Timestamp) -> jiff::civil::Date {
    TimeZone::UTC.to_datetime(at.to_jiff()).date()
}
