//! On what ground marketing may reach this person (requirements `seed-consent-b2c`,
//! `seed-consent-b2b`, `fr-consent-customer`, `fr-consent-age`, `fr-consent-proof`).
//!
//! CPCE L34-5: a natural person is written to with prior consent, or as an existing customer for
//! similar products. CNIL: a professional is, when the subject relates to their work. In doubt the
//! person is a consumer.

use facteur_domain::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::case::{Case, is_consumer};
use crate::optout::day;
use crate::pack::Pack;
use crate::rule::{Rule, Says};
use crate::{Audience, Basis, Consent, Effect, Field, Grounds, Reason};

const fn refuse(id: &'static str, source: &'static str, dated: &'static str) -> Rule {
    Rule { id, effect: Effect::Refuse, field: Field::Consent, source, dated }
}

const B2C_MISSING: Rule = refuse("fr.consent.b2c.missing", "L34-5", "2020-07-26");
const B2C_DOUBT: Rule = refuse("fr.consent.b2c.doubt", "L34-5", "2020-07-26");
const NOT_A_CUSTOMER: Rule = refuse("fr.consent.b2c.not_a_customer", "L34-5", "2020-07-26");
const NOT_SIMILAR: Rule = refuse("fr.consent.b2c.not_similar", "L34-5", "2020-07-26");
const COULD_NOT_REFUSE: Rule = refuse("fr.consent.b2c.could_not_refuse", "L34-5", "2020-07-26");
const OTHER_ADVERTISER: Rule = refuse("fr.consent.other_advertiser", "L34-5", "2020-07-26");
const B2B_MISSING: Rule = refuse("fr.consent.b2b.missing", "CNIL-SMS", "n.d.");
const B2B_RELEVANCE: Rule = refuse("fr.consent.b2b.relevance", "CNIL-SMS", "n.d.");
const B2B_INFORMED: Rule = refuse("fr.consent.b2b.not_informed", "CNIL-SMS", "n.d.");
const WITHDRAWN: Rule = refuse("fr.consent.withdrawn", "L34-5", "2020-07-26");
const NOT_YET: Rule = refuse("fr.consent.not_yet", "L34-5", "2020-07-26");
const UNPROVEN: Rule = refuse("fr.consent.unproven", "SOLOCAL", "2025-05");
const TOO_OLD: Rule = refuse("fr.consent.too_old", "CNIL-REF", "2022");
const GROUND: Rule = Rule {
    id: "fr.consent.ground",
    effect: Effect::Allow,
    field: Field::Consent,
    source: "L34-5",
    dated: "2020-07-26",
};

static SAYS_B2C_MISSING: Says = Says::new(
    [
        "Rien ne montre que cette personne a accepté vos SMS commerciaux.",
        "Recueillez d'abord son accord (case non pré-cochée, formulaire, SMS de sa part) et enregistrez-le avec \
         sa preuve ; pour un client, enregistrez la vente.",
    ],
    [
        "Nothing shows that this person agreed to your marketing SMS.",
        "First collect their consent (an unticked box, a form, an SMS from them) and record it with its proof; \
         for a customer, record the sale.",
    ],
);
static SAYS_B2C_DOUBT: Says = Says::new(
    [
        "L'intérêt professionnel ne vaut que pour un numéro déclaré professionnel ; dans le doute, cette \
         personne est un consommateur.",
        "Déclarez le numéro professionnel si vous le savez tel, ou recueillez l'accord de la personne.",
    ],
    [
        "Professional interest only holds for a number declared professional; in doubt this person is a \
         consumer.",
        "Declare the number professional if you know that it is, or collect the person's consent.",
    ],
);
static SAYS_NOT_A_CUSTOMER: Says = Says::new(
    [
        "Cette personne n'est pas cliente au sens de la loi : son numéro n'a pas été recueilli lors d'un achat. \
         Un compte sans achat ou un devis ne suffit pas.",
        "Recueillez son accord avant de lui écrire.",
    ],
    [
        "This person is no customer in the law's sense: the number was not collected at a purchase. An account \
         without one, or a quote, is not enough.",
        "Collect their consent before you write.",
    ],
);
static SAYS_NOT_SIMILAR: Says = Says::new(
    [
        "À un client sans accord, on ne peut proposer que des produits ou services semblables à ceux qu'il a \
         achetés chez vous.",
        "Parlez de produits semblables, ou recueillez l'accord de la personne.",
    ],
    [
        "A customer who has not agreed may only be offered products or services like those bought from you.",
        "Write about similar products, or collect the person's consent.",
    ],
);
static SAYS_COULD_NOT_REFUSE: Says = Says::new(
    [
        "Ce client n'a pas pu refuser vos SMS, simplement et sans frais, quand il vous a donné son numéro.",
        "Recueillez son accord, et ajoutez un moyen de refuser au formulaire de vente.",
    ],
    [
        "This customer could not refuse your SMS, simply and free, when giving you the number.",
        "Collect their consent, and add a way to refuse to your sales form.",
    ],
);
static SAYS_OTHER_ADVERTISER: Says = Says::new(
    [
        "L'accord joint vaut pour un autre annonceur que celui de cet expéditeur.",
        "Joignez l'accord donné à l'annonceur de l'expéditeur, ou écrivez avec un expéditeur de l'annonceur de \
         l'accord (`consent.advertiser`).",
    ],
    [
        "The consent that came with it is for another advertiser than this sender's.",
        "Give the consent that the sender's advertiser was given, or use a sender of the consent's advertiser \
         (`consent.advertiser`).",
    ],
);
static SAYS_B2B_MISSING: Says = Says::new(
    [
        "Rien n'indique d'où vient ce numéro professionnel ni que la personne a été informée.",
        "Enregistrez la source du numéro et l'information donnée lors du recueil.",
    ],
    [
        "Nothing says where this professional number comes from, nor that the person was told.",
        "Record the source of the number and what the person was told when it was collected.",
    ],
);
static SAYS_B2B_RELEVANCE: Says = Says::new(
    [
        "Il n'est pas déclaré que ce message concerne le métier de cette personne.",
        "S'il le concerne, déclarez-le dans l'envoi ; sinon, il faut son accord préalable.",
    ],
    [
        "It is not declared that this message relates to this person's work.",
        "If it does, declare so in the send; otherwise their prior consent is needed.",
    ],
);
static SAYS_B2B_INFORMED: Says = Says::new(
    [
        "Ce professionnel n'a pas été informé, quand son numéro a été recueilli, qu'il recevrait vos SMS et \
         pouvait s'y opposer.",
        "Informez-le par un autre moyen et enregistrez-le, ou recueillez son accord.",
    ],
    [
        "When the number was collected this professional was not told that your SMS would come and could be \
         objected to.",
        "Tell them by another means and record it, or collect their consent.",
    ],
);
static SAYS_WITHDRAWN: Says = Says::new(
    [
        "Cette personne a retiré son accord le {since}.",
        "Ne lui écrivez plus. Un nouvel accord de sa part doit être enregistré avec sa preuve.",
    ],
    [
        "This person withdrew their consent on {since}.",
        "Do not write to them any more. A new consent of theirs must be recorded with its proof.",
    ],
);
static SAYS_NOT_YET: Says = Says::new(
    [
        "L'accord est daté du {since}, après l'envoi : il doit précéder le premier message.",
        "Vérifiez la date de recueil, ou envoyez après elle.",
    ],
    [
        "The consent is dated {since}, after the send: it must come before the first message.",
        "Check the date of collection, or send after it.",
    ],
);
static SAYS_UNPROVEN: Says = Says::new(
    [
        "Cet accord n'a pas de preuve : en cas de contrôle, c'est à vous de montrer qui, quand, comment, et le \
         texte exact affiché.",
        "Complétez l'enregistrement avec la source et le texte montré à la personne.",
    ],
    [
        "This consent has no proof: in an inspection you must show who, when, how, and the exact text shown.",
        "Complete the record with the source and the text that the person was shown.",
    ],
);
static SAYS_TOO_OLD: Says = Says::new(
    [
        "Le dernier signe de cette personne date du {since} : au-delà de {months} mois, on ne la démarche plus.",
        "Retirez-la de vos envois commerciaux, ou recueillez un nouvel accord par un autre moyen.",
    ],
    [
        "The last sign from this person is of {since}: beyond {months} months one may not solicit them.",
        "Take them out of your marketing, or collect a new consent by another means.",
    ],
);
static SAYS_GROUND: Says = Says::plain(
    "Ce message commercial s'appuie sur : {basis}, recueilli le {since}.",
    "This marketing message rests on: {basis}, collected on {since}.",
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if !case.is_marketing() {
        return;
    }
    let start = reasons.len();
    match case.facts.circumstances.grounds {
        Grounds::NotJudged => {}
        Grounds::OtherAdvertiser => reasons.push(Reason::new(&OTHER_ADVERTISER, &SAYS_OTHER_ADVERTISER)),
        Grounds::Missing if case.is_consumer() => reasons.push(Reason::new(&B2C_MISSING, &SAYS_B2C_MISSING)),
        Grounds::Missing => {
            reasons.push(Reason::new(&B2B_MISSING, &SAYS_B2B_MISSING));
            relevance(case.facts.circumstances.audience, reasons);
        }
        Grounds::Entry(entry) => {
            basis(case.facts.circumstances.audience, entry, reasons);
            age(case.pack, case.at(), entry, reasons);
            if reasons.len() == start {
                let reason = Reason::new(&GROUND, &SAYS_GROUND).with("basis", named(entry.basis));
                reasons.push(reason.with("since", day(entry.collected_at)));
            }
        }
    }
}

/// Whether a ground would carry marketing to `audience` at `at`.
pub(crate) fn stands(pack: &Pack, entry: Consent, audience: Audience, at: Timestamp) -> bool {
    let mut reasons = Vec::new();
    basis(audience, entry, &mut reasons);
    age(pack, at, entry, &mut reasons);
    reasons.is_empty()
}

const fn named(basis: Basis) -> (&'static str, &'static str) {
    match basis {
        Basis::Consent => ("accord de la personne", "the person's consent"),
        Basis::ExistingCustomer { .. } => ("client existant", "existing customer"),
        Basis::Professional { .. } => ("intérêt professionnel", "professional interest"),
    }
}

/// What the ground itself must satisfy.
fn basis(audience: Audience, entry: Consent, reasons: &mut Vec<Reason>) {
    match entry.basis {
        Basis::Consent => {}
        Basis::ExistingCustomer { at_sale, similar, could_refuse } => {
            for (met, rule, says) in [
                (at_sale, &NOT_A_CUSTOMER, &SAYS_NOT_A_CUSTOMER),
                (similar, &NOT_SIMILAR, &SAYS_NOT_SIMILAR),
                (could_refuse, &COULD_NOT_REFUSE, &SAYS_COULD_NOT_REFUSE),
            ] {
                if !met {
                    reasons.push(Reason::new(rule, says));
                }
            }
        }
        Basis::Professional { .. } if is_consumer(audience) => {
            reasons.push(Reason::new(&B2C_DOUBT, &SAYS_B2C_DOUBT));
        }
        Basis::Professional { informed } => {
            relevance(audience, reasons);
            if !informed {
                reasons.push(Reason::new(&B2B_INFORMED, &SAYS_B2B_INFORMED));
            }
        }
    }
    if !entry.proven {
        reasons.push(Reason::new(&UNPROVEN, &SAYS_UNPROVEN));
    }
}

fn relevance(audience: Audience, reasons: &mut Vec<Reason>) {
    if audience == (Audience::Professional { relevant: false }) {
        reasons.push(Reason::new(&B2B_RELEVANCE, &SAYS_B2B_RELEVANCE));
    }
}

/// When it was collected, withdrawn and last confirmed.
fn age(pack: &Pack, at: Timestamp, entry: Consent, reasons: &mut Vec<Reason>) {
    if let Some(since) = entry.withdrawn_at.filter(|withdrawn| *withdrawn <= at) {
        reasons.push(Reason::new(&WITHDRAWN, &SAYS_WITHDRAWN).with("since", day(since)));
    }
    if entry.collected_at > at {
        reasons.push(Reason::new(&NOT_YET, &SAYS_NOT_YET).with("since", day(entry.collected_at)));
        return;
    }
    let ages = pack.consent();
    let months = match entry.basis {
        Basis::ExistingCustomer { .. } => ages.customer_months,
        Basis::Consent | Basis::Professional { .. } => ages.prospect_months,
    };
    let contact = entry.last_contact_at.filter(|contact| *contact <= at);
    let last = contact.map_or(entry.collected_at, |contact| contact.max(entry.collected_at));
    if end_of(last, months).is_some_and(|end| at >= end) {
        let reason = Reason::new(&TOO_OLD, &SAYS_TOO_OLD).by(&ages.source, &ages.dated);
        reasons.push(reason.with("since", day(last)).with("months", months));
    }
}

/// The same moment so many calendar months later; the last day of a shorter month.
fn end_of(last: Timestamp, months: u16) -> Option<Timestamp> {
    let at = TimeZone::UTC.to_datetime(last.to_jiff());
    let date: Date = at.date().checked_add(i32::from(months).months()).ok()?;
    let end = TimeZone::UTC.to_timestamp(date.to_datetime(at.time())).ok()?;
    Some(Timestamp::from_jiff(end))
}
