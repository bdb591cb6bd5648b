//! Who may send: a sender of the account, verified (requirement `seed-sender-verified`).

use facteur_domain::{Sender, SenderState};

use crate::case::Case;
use crate::rule::{Rule, Says, Sentence};
use crate::{Effect, Field, Reason};

const fn refuse(id: &'static str) -> Rule {
    Rule { id, effect: Effect::Refuse, field: Field::SenderId, source: "SEED", dated: "2026" }
}

const UNKNOWN: Rule = refuse("fr.sender.unknown");
const PENDING: Rule = refuse("fr.sender.pending");
const FAILED: Rule = refuse("fr.sender.failed");
const DISABLED: Rule = refuse("fr.sender.disabled");

static SAYS_UNKNOWN_NAME: Says = Says {
    french: Sentence {
        message: "L'expéditeur {sender} n'est pas déclaré sur votre compte.",
        cure: Some(
            "Déclarez-le et faites-le vérifier (1 à 5 jours ouvrés), ou choisissez un expéditeur vérifié.",
        ),
    },
    english: Sentence {
        message: "The sender {sender} is not declared on your account.",
        cure: Some("Declare it and have it verified (1 to 5 business days), or choose a verified sender."),
    },
};

static SAYS_UNKNOWN_CODE: Says = Says {
    french: Sentence {
        message: "Le numéro court {sender} n'est pas attribué à votre compte.",
        cure: Some(
            "Demandez-le (partagé : quelques jours à quelques semaines ; dédié : 2 à 4 mois), ou \
             choisissez un expéditeur vérifié.",
        ),
    },
    english: Sentence {
        message: "The short code {sender} is not on your account.",
        cure: Some(
            "Request it (shared: days to weeks; dedicated: 2 to 4 months), or choose a verified sender.",
        ),
    },
};

static SAYS_PENDING: Says = Says {
    french: Sentence {
        message: "L'expéditeur {sender} attend encore sa vérification.",
        cure: Some("Attendez qu'il soit vérifié, ou choisissez dès maintenant un expéditeur vérifié."),
    },
    english: Sentence {
        message: "The sender {sender} is still waiting to be verified.",
        cure: Some("Wait until it is verified, or choose a verified sender now."),
    },
};

static SAYS_FAILED: Says = Says {
    french: Sentence {
        message: "La vérification de l'expéditeur {sender} a échoué.",
        cure: Some(
            "Lisez le motif du refus, corrigez ou complétez la déclaration, ou choisissez un expéditeur vérifié.",
        ),
    },
    english: Sentence {
        message: "The sender {sender} did not pass verification.",
        cure: Some("Read why, correct or complete its declaration, or choose a verified sender."),
    },
};

static SAYS_DISABLED: Says = Says {
    french: Sentence {
        message: "L'expéditeur {sender} a été désactivé.",
        cure: Some("Demandez pourquoi à qui gère votre plateforme, ou choisissez un expéditeur vérifié."),
    },
    english: Sentence {
        message: "The sender {sender} has been disabled.",
        cure: Some("Ask whoever runs your platform why, or choose a verified sender."),
    },
};

/// One reason at most: a sender stands in one state.
pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let facts = case.facts;
    let (rule, says) = match (facts.sender_state, facts.sender) {
        (Some(SenderState::Validated), _) => return,
        (Some(SenderState::Pending), _) => (&PENDING, &SAYS_PENDING),
        (Some(SenderState::Failed), _) => (&FAILED, &SAYS_FAILED),
        (Some(SenderState::Disabled), _) => (&DISABLED, &SAYS_DISABLED),
        (None, Sender::Name(_)) => (&UNKNOWN, &SAYS_UNKNOWN_NAME),
        (None, Sender::Code(_)) => (&UNKNOWN, &SAYS_UNKNOWN_CODE),
    };
    reasons.push(Reason::new(rule, says).with("sender", facts.sender));
}
