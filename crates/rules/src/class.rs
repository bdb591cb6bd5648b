//! What a message is for: declared, and raised to marketing by what its text holds (requirements
//! `fr-class-unknown`, `fr-class-raised`).

use facteur_domain::Class;

use crate::case::Case;
use crate::rule::{Rule, Says};
use crate::{Effect, Field, Reason};

const STOP: Rule = Rule {
    id: "fr.class.stop_mention",
    effect: Effect::Note,
    field: Field::Class,
    source: "BREVO-API",
    dated: "n.d.",
};
const SURCHARGED: Rule = Rule {
    id: "fr.class.surcharged",
    effect: Effect::Note,
    field: Field::Class,
    source: "L34-5",
    dated: "2020-07-26",
};

static SAYS_STOP: Says = Says::new(
    [
        "Ce message est déclaré « {declared} », mais sa mention STOP en fait un message commercial : les \
         règles du commercial s'appliquent.",
        "S'il n'a rien de commercial, retirez la mention STOP ; sinon, déclarez-le commercial.",
    ],
    [
        "This message is declared {declared}, but its STOP mention makes it marketing: the rules of marketing \
         apply.",
        "If it sells nothing, take the STOP mention out; otherwise declare it marketing.",
    ],
);
static SAYS_SURCHARGED: Says = Says::new(
    [
        "Ce message est déclaré « {declared} », mais il donne un numéro surtaxé : la loi en fait un message \
         commercial.",
        "Donnez un numéro ordinaire ou gratuit (01 à 05, 09, 0800), ou déclarez le message commercial.",
    ],
    [
        "This message is declared {declared}, but it gives a surcharged number: the law makes it marketing.",
        "Give an ordinary or a free number (01 to 05, 09, 0800), or declare the message marketing.",
    ],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let Some(scan) = case.scan.as_ref().filter(|_| case.facts.class != Class::Marketing) else { return };
    if scan.mention.is_some() && case.facts.auto_reply.is_none() {
        reasons.push(Reason::new(&STOP, &SAYS_STOP).with("declared", case.facts.class));
    }
    if scan.dear.is_some() {
        reasons.push(Reason::new(&SURCHARGED, &SAYS_SURCHARGED).with("declared", case.facts.class));
    }
}
