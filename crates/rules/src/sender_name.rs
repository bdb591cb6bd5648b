//! What a sender's name pretends to be, and what a short code may carry (requirements
//! `fr-sender-generic`, `fr-sender-protected`, `fr-sender-operator`, `fr-sender-code-class`).
//!
//! A name that a list protects waits for its brand's authorisation when it is declared, and may not
//! send until the authorisation is on file: at departure nothing more can be waited for.

use facteur_domain::{Class, Sender};

use crate::case::Case;
use crate::pack::{Action, Likeness, Names, Owner, ProtectedRow};
use crate::rule::{Rule, Says};
use crate::{Effect, Field, Proof, Reason};

const fn refuse(id: &'static str, source: &'static str, dated: &'static str) -> Rule {
    Rule { id, effect: Effect::Refuse, field: Field::SenderId, source, dated }
}

const FORBIDDEN: Rule = refuse("fr.sender.forbidden", "AF2M-OADC", "n.d.");
const PROTECTED: Rule = refuse("fr.sender.protected", "AF2M-OADC", "n.d.");
const OPERATOR: Rule = refuse("fr.sender.operator_name", "TXTNATION", "n.d.");
const GENERIC: Rule = refuse("fr.sender.generic", "LINK-2026", "2026-03-01");
const PARTLY: Rule = Rule {
    id: "fr.sender.partly_generic",
    effect: Effect::Note,
    field: Field::SenderId,
    source: "LINK-2026",
    dated: "2026-03-01",
};
const CODE_CLASS: Rule = refuse("fr.sender.short_code_class", "AF2M-SMSMKT", "n.d.");

static SAYS_FORBIDDEN: Says = Says::new(
    [
        "L'expéditeur {sender} contient « {name} », que les opérateurs bloquent toujours.",
        "Choisissez un nom qui est celui de votre entreprise ou de votre marque.",
    ],
    [
        "The sender {sender} holds \"{name}\", which operators always block.",
        "Choose a name that is your company's or your brand's own.",
    ],
);
static SAYS_PROTECTED: Says = Says::new(
    [
        "L'expéditeur {sender} ressemble à « {name} », un nom protégé contre l'usurpation.",
        "Si cette marque est la vôtre, joignez son autorisation écrite (papier à en-tête, signée) ; sinon, \
         choisissez le nom de votre entreprise.",
    ],
    [
        "The sender {sender} looks like \"{name}\", a name protected against impersonation.",
        "If the brand is yours, attach its written authorisation (letterhead, signed); otherwise choose your \
         company's name.",
    ],
);
static SAYS_OPERATOR: Says = Says::new(
    [
        "L'expéditeur {sender} ressemble au nom d'un opérateur, « {name} » : les réseaux le filtrent.",
        "Choisissez le nom de votre entreprise ; si vous êtes cet opérateur, joignez son autorisation écrite.",
    ],
    [
        "The sender {sender} looks like an operator's name, \"{name}\": networks filter it.",
        "Choose your company's name; if you are that operator, attach its written authorisation.",
    ],
);
static SAYS_GENERIC: Says = Says::new(
    [
        "L'expéditeur {sender} n'est fait que de mots courants : il ne dit pas qui écrit.",
        "Ajoutez le nom de votre marque, ou joignez la preuve que c'est un nom déposé (Kbis, INPI).",
    ],
    [
        "The sender {sender} is made of common words only: it does not say who writes.",
        "Add your brand's name, or attach the proof that it is a registered name (Kbis, INPI).",
    ],
);
static SAYS_PARTLY: Says = Says::plain(
    "L'expéditeur {sender} commence ou finit par un mot courant : un relecteur le vérifiera de plus près.",
    "The sender {sender} starts or ends with a common word: a reviewer will look more closely.",
);
static SAYS_CODE_MARKETING: Says = Says::new(
    [
        "Le {sender} est réservé aux messages transactionnels : pas de SMS commercial.",
        "Envoyez le commercial depuis un numéro court 36xxx ou un expéditeur alphanumérique.",
    ],
    [
        "{sender} is kept for transactional messages: no marketing.",
        "Send marketing from a 36xxx short code or an alphanumeric sender.",
    ],
);
static SAYS_CODE_TRANSACTIONAL: Says = Says::new(
    [
        "Le {sender} est réservé aux messages commerciaux ; celui-ci est déclaré « {class} ».",
        "Envoyez-le depuis un numéro court 38xxx ou un expéditeur alphanumérique.",
    ],
    [
        "{sender} is kept for marketing; this message is {class}.",
        "Send it from a 38xxx short code or an alphanumeric sender.",
    ],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    match (case.facts.sender, case.facts.circumstances.proof) {
        (Sender::Name(name), Some(proof)) => {
            let found = examine(&case.pack.names, name.as_str(), proof);
            // At departure nobody can be waited for, and what a reviewer knew is no news.
            let found = found.filter(|reason| reason.effect >= Effect::Hold);
            reasons.extend(found.map(|reason| reason.effect(Effect::Refuse)));
        }
        (Sender::Name(_), None) => {}
        (Sender::Code(code), _) if case.is_ruled() => {
            let range = case.pack.code_range(code);
            if let Some(range) = range.filter(|range| !range.carries(case.class)) {
                let marketing = case.class == Class::Marketing;
                let says = if marketing { &SAYS_CODE_MARKETING } else { &SAYS_CODE_TRANSACTIONAL };
                let reason = Reason::new(&CODE_CLASS, says).by(&range.source, &range.dated);
                let reason = reason.with("range_grade", range.grade.to_string());
                reasons.push(reason.with("sender", code).with("class", case.class));
            }
        }
        (Sender::Code(_), _) => {}
    }
}

/// What a name leads to with the proof on file: a refusal, a wait for papers, a note, or nothing.
pub(crate) fn examine(names: &Names, name: &str, proof: Proof) -> Option<Reason> {
    match names.likeness(name) {
        Likeness::Own => None,
        Likeness::PartlyGeneric => Some(Reason::new(&PARTLY, &SAYS_PARTLY).with("sender", name.to_owned())),
        Likeness::Generic(_) if proof >= Proof::Registered => None,
        Likeness::Generic(word) => {
            let reason = Reason::new(&GENERIC, &SAYS_GENERIC).with("sender", name.to_owned());
            let reason = reason.with("word", word.word.clone()).with("theme", word.theme.clone());
            let reason = reason.with("list", word.source.clone()).with("list_dated", word.dated.clone());
            Some(reason.with("list_grade", word.grade.to_string()))
        }
        Likeness::Protected(row) => protected(row, name, proof),
    }
}

fn protected(row: &ProtectedRow, name: &str, proof: Proof) -> Option<Reason> {
    let reason = match (row.action, row.kind) {
        (Action::Reject, _) => Reason::new(&FORBIDDEN, &SAYS_FORBIDDEN),
        (Action::Hold, _) if proof == Proof::Authorised => return None,
        (Action::Hold, Owner::Brand) => Reason::new(&PROTECTED, &SAYS_PROTECTED).effect(Effect::Hold),
        (Action::Hold, Owner::Operator) => Reason::new(&OPERATOR, &SAYS_OPERATOR).effect(Effect::Hold),
    };
    let reason = reason.by(&row.source, &row.dated).with("sender", name.to_owned());
    let reason = reason.with("name", row.name.clone()).with("theme", row.theme.clone());
    Some(reason.with("list_grade", row.grade.to_string()))
}
