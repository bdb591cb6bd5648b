//! Who may receive: French mobiles behind +33 (requirement `seed-recipient-format`).

use facteur_domain::{Msisdn, RangeKind};

use crate::case::Case;
use crate::rule::{Rule, Says, Sentence};
use crate::{Effect, Field, Reason};

/// Digits of a French mobile with its country code: 33 and nine.
const MOBILE_DIGITS: u32 = 11;

const fn refuse(id: &'static str, source: &'static str, dated: &'static str) -> Rule {
    Rule { id, effect: Effect::Refuse, field: Field::To, source, dated }
}

const NOT_FRENCH: Rule = refuse("fr.recipient.not_french", "SEED", "2026");
const LANDLINE: Rule = refuse("fr.recipient.landline", "UNIVERSFREEBOX-2026", "2026-03-06");
const M2M: Rule = refuse("fr.recipient.m2m", "UNIVERSFREEBOX-2026", "2026-03-06");
const SPECIAL: Rule = refuse("fr.recipient.special", "UNIVERSFREEBOX-2026", "2026-03-06");
const UNASSIGNED: Rule = refuse("fr.recipient.unassigned", "LIBPHONE", "2026-11-22");
const OVERSEAS_AS_MAINLAND: Rule = refuse("fr.recipient.overseas_as_mainland", "LIBPHONE", "2026-11-22");
const OVERSEAS: Rule = refuse("fr.recipient.overseas", "SEED", "2026");
const FICTION: Rule = refuse("fr.recipient.fiction", "ARCEP-2022", "2018-2022");

static SAYS_NOT_FRENCH: Says = Says {
    french: Sentence {
        message: "Ce numéro n'est pas un mobile français : il ne commence pas par +33.",
        cure: Some(
            "Vérifiez l'indicatif du pays : un mobile français s'écrit +336 ou +337, puis 8 chiffres.",
        ),
    },
    english: Sentence {
        message: "This is not a French mobile number: it does not start with +33.",
        cure: Some("Check the country code: a French mobile number is +336 or +337, then 8 digits."),
    },
};

static SAYS_LANDLINE: Says = Says {
    french: Sentence {
        message: "Ce numéro est une ligne fixe (01 à 05, ou 09) : elle ne reçoit pas de SMS.",
        cure: Some("Demandez à cette personne son numéro de mobile, en 06 ou en 07."),
    },
    english: Sentence {
        message: "This number is a landline (01 to 05, or 09): it does not receive SMS.",
        cure: Some("Ask this person for a mobile number, one that starts with 06 or 07."),
    },
};

static SAYS_M2M: Says = Says {
    french: Sentence {
        message: "Ce numéro (0700) est réservé aux machines : personne ne lirait ce SMS.",
        cure: Some("Vérifiez le numéro : celui d'une personne commence par 06, ou par 073 à 079."),
    },
    english: Sentence {
        message: "This number (0700) is reserved for machines: nobody would read this SMS.",
        cure: Some("Check the number: a person's mobile starts with 06, or with 073 to 079."),
    },
};

static SAYS_SPECIAL: Says = Says {
    french: Sentence {
        message: "Ce numéro est un numéro de service (08, ou numéro court) : il ne reçoit pas vos SMS.",
        cure: Some("Indiquez le numéro de mobile de la personne, en 06 ou en 07."),
    },
    english: Sentence {
        message: "This is a service number (08, or a short code): it does not receive your SMS.",
        cure: Some("Give the person's mobile number, one that starts with 06 or 07."),
    },
};

static SAYS_UNASSIGNED: Says = Says {
    french: Sentence {
        message: "Ce numéro n'existe pas : le plan de numérotation français ne l'attribue à personne.",
        cure: Some("Vérifiez-le avec la personne : un mobile commence par 06, ou par 073 à 079."),
    },
    english: Sentence {
        message: "This number does not exist: the French numbering plan gives it to nobody.",
        cure: Some("Check it with the person: a mobile number starts with 06, or with 073 to 079."),
    },
};

static SAYS_LENGTH: Says = Says {
    french: Sentence {
        message: "Ce numéro a {found} chiffres avec l'indicatif 33 ; un mobile français en a {max}.",
        cure: Some(
            "Cherchez le chiffre en trop ou oublié : +33, puis 9 chiffres dont le premier est 6 ou 7.",
        ),
    },
    english: Sentence {
        message: "This number has {found} digits with its country code 33; a French mobile has {max}.",
        cure: Some("Look for a digit too many or too few: +33, then 9 digits, the first being 6 or 7."),
    },
};

static SAYS_TRUNK_ZERO: Says = Says {
    french: Sentence {
        message: "Le 0 du numéro national est resté derrière +33 : ce numéro ne peut pas être joint.",
        cure: Some("Retirez ce 0 et écrivez {to}."),
    },
    english: Sentence {
        message: "The 0 of the national number was left behind +33: this number cannot be reached.",
        cure: Some("Drop that 0 and write {to}."),
    },
};

static SAYS_OVERSEAS_AS_MAINLAND: Says = Says {
    french: Sentence {
        message: "Ce numéro est un mobile d'outre-mer : il n'est pas valable derrière +33.",
        cure: Some(
            "Son écriture exacte est {to}. Les envois vers la France n'acceptent que +33 : \
             corrigez votre fichier et gardez ce contact pour une route vers l'outre-mer.",
        ),
    },
    english: Sentence {
        message: "This is an overseas mobile number: it is not valid behind +33.",
        cure: Some(
            "Its right form is {to}. Sends to France take +33 only: correct your file and keep this \
             contact for a route to the overseas territories.",
        ),
    },
};

static SAYS_OVERSEAS: Says = Says {
    french: Sentence {
        message: "Ce numéro est outre-mer : les envois vers la France n'acceptent que +33.",
        cure: Some(
            "Retirez-le de cet envoi, ou demandez à la personne un mobile de métropole (+336 ou +337).",
        ),
    },
    english: Sentence {
        message: "This number is overseas: sends to France take +33 only.",
        cure: Some("Leave it out of this send, or ask the person for a mainland mobile (+336 or +337)."),
    },
};

static SAYS_FICTION: Says = Says {
    french: Sentence {
        message: "Ce numéro (06 39 98) est réservé à la fiction : aucun abonné ne l'a.",
        cure: Some("Pour un essai, prenez une clé de test ; sinon, indiquez le vrai mobile de la personne."),
    },
    english: Sentence {
        message: "This number (06 39 98) is kept for fiction: no subscriber has it.",
        cure: Some("For a trial, use a test key; otherwise give the person's real mobile number."),
    },
};

/// One reason at most: a number lies in one range.
pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    reasons.extend(refusal(case.facts.recipient, case.facts.test));
}

fn refusal(to: Msisdn, test: bool) -> Option<Reason> {
    let range = to.range();
    let plain = |rule, says| Some(Reason::new(rule, says));
    match range.kind {
        RangeKind::Mobile | RangeKind::MobileOrFixed if !to.is_french() => plain(&OVERSEAS, &SAYS_OVERSEAS),
        RangeKind::Mobile if range.fiction && !test => plain(&FICTION, &SAYS_FICTION),
        RangeKind::Mobile => None,
        RangeKind::Landline | RangeKind::Npv | RangeKind::Platform => plain(&LANDLINE, &SAYS_LANDLINE),
        RangeKind::M2m => plain(&M2M, &SAYS_M2M),
        RangeKind::ValueAdded | RangeKind::Special => plain(&SPECIAL, &SAYS_SPECIAL),
        RangeKind::OverseasAsMainland => {
            let reason = Reason::new(&OVERSEAS_AS_MAINLAND, &SAYS_OVERSEAS_AS_MAINLAND);
            Some(reason.with_number(to.overseas_form()))
        }
        RangeKind::WrongLength if to.is_french() => Some(wrong_length(to)),
        RangeKind::WrongLength | RangeKind::Foreign => plain(&NOT_FRENCH, &SAYS_NOT_FRENCH),
        RangeKind::MobileOrFixed | RangeKind::Unassigned => plain(&UNASSIGNED, &SAYS_UNASSIGNED),
    }
}

fn wrong_length(to: Msisdn) -> Reason {
    if let Some(corrected) = to.without_trunk_zero() {
        return Reason::new(&UNASSIGNED, &SAYS_TRUNK_ZERO).with_number(Some(corrected));
    }
    let found = to.digits().checked_ilog10().unwrap_or(0) + 1;
    Reason::new(&UNASSIGNED, &SAYS_LENGTH).with("found", found).with("max", MOBILE_DIGITS)
}
