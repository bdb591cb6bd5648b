//! Who wrote first may be answered: for 24 hours after a person's last message, without consent and at any
//! hour, with nothing commercial (requirement `fr-session`). Class conversational is that and nothing else.

use facteur_domain::Class;

use crate::case::Case;
use crate::facts::Session;
use crate::rule::{Rule, Says};
use crate::{Effect, Field, Reason};

/// How long after a person's last message the answers to it are a conversation (OVH-T2C).
pub const SESSION: std::time::Duration = std::time::Duration::from_hours(24);

const CLOSED: Rule = Rule {
    id: "fr.session.closed",
    effect: Effect::Refuse,
    field: Field::Class,
    source: "OVH-T2C",
    dated: "2025-11-27",
};

static SAYS_CLOSED: Says = Says::new(
    [
        "La classe « conversation » répond à une personne qui a écrit à cet expéditeur depuis moins de 24 heures ; \
         celle-ci ne l'a pas fait, ou a dit STOP.",
        "Déclarez le message pour ce qu'il est : transactionnel s'il suit une commande ou un rendez-vous, \
         commercial sinon. Ou attendez que la personne vous écrive.",
    ],
    [
        "Class conversational answers a person who wrote to this sender within the last 24 hours; this one has \
         not, or said STOP.",
        "Declare the message as what it is: transactional when it follows an order or an appointment, marketing \
         otherwise. Or wait until the person writes.",
    ],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if case.class == Class::Conversational && case.facts.circumstances.session == Session::Closed {
        reasons.push(Reason::new(&CLOSED, &SAYS_CLOSED));
    }
}
