//! What a text is about and what it leads to: banned subjects, surcharged numbers, links
//! (requirements `fr-subject-banned`, `fr-content-surcharged`, `fr-content-links`).

use facteur_domain::Sender;
use facteur_domain::text::links;

use crate::case::Case;
use crate::fold;
use crate::pack::{Ban, Subject};
use crate::rule::{Rule, Says};
use crate::scan::Dear;
use crate::{Effect, Field, Reason};

const fn rule(id: &'static str, effect: Effect, source: &'static str, dated: &'static str) -> Rule {
    Rule { id, effect, field: Field::Message, source, dated }
}

const ENERGY: Rule = rule("fr.subject.energy", Effect::Refuse, "LEGI-REPORT-A", "2025-07-02");
const TRAINING: Rule = rule("fr.subject.training", Effect::Refuse, "LEGI-REPORT-A", "2022-12-21");
const FORBIDDEN: Rule = rule("fr.subject.forbidden", Effect::Refuse, "BIRD-FR", "n.d.");
const SURCHARGED: Rule = rule("fr.content.surcharged", Effect::Refuse, "L34-5", "2020-07-26");
const SHARED_LINK: Rule = rule("fr.content.link_on_shared_code", Effect::Refuse, "OVH-SENDER", "2025-10-28");
const SHORTENER: Rule = rule("fr.content.shortener", Effect::Note, "OVH-FAQ", "2026-03-27");
const NO_BRAND: Rule = rule("fr.content.no_brand", Effect::Note, "L34-5", "2020-07-26");

static SAYS_ENERGY: Says = Says::new(
    [
        "La loi interdit de démarcher par SMS pour des travaux d'énergie ou d'adaptation du logement, même avec \
         l'accord de la personne (« {phrase} »).",
        "Ne l'envoyez pas. Si un contrat est en cours avec cette personne et que le message s'y rapporte, \
         déclarez-le.",
    ],
    [
        "The law bans marketing by SMS for energy works and home adaptation, even with the person's consent \
         (\"{phrase}\").",
        "Do not send it. If a contract is in progress with this person and the message is about it, declare so.",
    ],
);
static SAYS_TRAINING: Says = Says::new(
    [
        "La loi interdit de démarcher par SMS au sujet du compte personnel de formation (« {phrase} »).",
        "Ne l'envoyez pas. Si un contrat est en cours avec cette personne et que le message s'y rapporte, \
         déclarez-le.",
    ],
    [
        "The law bans marketing by SMS about the personal training account (\"{phrase}\").",
        "Do not send it. If a contract is in progress with this person and the message is about it, declare so.",
    ],
);
static SAYS_FORBIDDEN: Says = Says::new(
    [
        "Les plateformes et les opérateurs ne transportent pas de publicité sur ce sujet (« {phrase} »).",
        "Retirez ce passage ou n'envoyez pas ce message.",
    ],
    [
        "Platforms and operators carry no advertising on this subject (\"{phrase}\").",
        "Take this passage out, or do not send this message.",
    ],
);
static SAYS_SURCHARGED: Says = Says::new(
    [
        "Le texte invite à appeler un numéro surtaxé (089) ou à écrire à un numéro court surtaxé (4xxxx à 8xxxx).",
        "Donnez un numéro ordinaire ou gratuit : 01 à 05, 09, 0800, ou votre 36xxx.",
    ],
    [
        "The text invites to call a surcharged number (089) or to text a surcharged code (4xxxx to 8xxxx).",
        "Give an ordinary or a free number: 01 to 05, 09, 0800, or your 36xxx.",
    ],
);
static SAYS_SHARED_LINK: Says = Says::new(
    [
        "Un numéro court partagé n'accepte pas de lien dans le texte : le message serait bloqué.",
        "Retirez le lien, ou envoyez depuis un expéditeur alphanumérique ou un numéro court dédié.",
    ],
    [
        "A shared short code takes no link in the text: the message would be blocked.",
        "Take the link out, or send from an alphanumeric sender or a dedicated short code.",
    ],
);
static SAYS_SHORTENER: Says = Says::new(
    [
        "Le lien raccourci {host} cache où il mène : les opérateurs s'en méfient et peuvent bloquer le message.",
        "Mettez un lien vers votre propre site.",
    ],
    [
        "The shortened link {host} hides where it leads: operators distrust it and may block the message.",
        "Put a link to your own site.",
    ],
);
static SAYS_NO_BRAND: Says = Says::new(
    [
        "Ce message part d'un numéro court et ne nomme pas {brand} : la personne doit savoir qui lui écrit.",
        "Commencez le texte par le nom de la marque.",
    ],
    [
        "This message leaves from a short code and does not name {brand}: the person must know who writes.",
        "Start the text with the brand's name.",
    ],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let Some(scan) = &case.scan else { return };
    if scan.dear == Some(Dear::Refused) {
        let table = case.pack.surcharged();
        let reason = Reason::new(&SURCHARGED, &SAYS_SURCHARGED).by(&table.source, &table.dated);
        reasons.push(reason.with("list_grade", table.grade.to_string()));
    }
    if case.is_marketing() {
        banned(case, &scan.words, reasons);
        unnamed(case, &scan.words, reasons);
    }
    linked(case, reasons);
}

/// One reason for each banned subject, with the first phrase that tells it.
fn banned(case: &Case<'_>, words: &str, reasons: &mut Vec<Reason>) {
    for (row, phrase) in case.pack.phrases.find(words) {
        let Some(ban) = case.pack.ban(row, case.at()) else { continue };
        let (rule, says) = match ban.kind {
            Subject::Energy => (&ENERGY, &SAYS_ENERGY),
            Subject::Training => (&TRAINING, &SAYS_TRAINING),
            Subject::Forbidden => (&FORBIDDEN, &SAYS_FORBIDDEN),
        };
        let known = reasons.iter().any(|reason| reason.rule == rule.id);
        if !known && applies(case, ban) {
            let reason =
                Reason::new(rule, says).by(&ban.source, &ban.dated).with("phrase", phrase.to_owned());
            let reason = reason.with("since", ban.since.clone());
            reasons.push(reason.with("list_grade", ban.grade.to_string()));
        }
    }
}

/// The law's bans protect consumers, outside a contract in progress.
const fn applies(case: &Case<'_>, ban: &Ban) -> bool {
    match ban.kind {
        Subject::Forbidden => true,
        Subject::Energy | Subject::Training => {
            case.is_consumer() && !case.facts.circumstances.contract_in_progress
        }
    }
}

fn linked(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let facts = case.facts;
    let on_shared = matches!(facts.sender, Sender::Code(_)) && facts.circumstances.shared_code;
    let mut hosts = links(facts.text).filter(|link| !link.is_email).map(|link| link.host).peekable();
    if on_shared && hosts.peek().is_some() {
        reasons.push(Reason::new(&SHARED_LINK, &SAYS_SHARED_LINK));
    }
    let table = case.pack.shorteners();
    let is_known = |host: &&str| table.hosts.iter().any(|known| bare(host).eq_ignore_ascii_case(known));
    if let Some(host) = hosts.find(is_known) {
        let reason = Reason::new(&SHORTENER, &SAYS_SHORTENER).by(&table.source, &table.dated);
        reasons.push(reason.with("host", host.to_owned()).with("list_grade", table.grade.to_string()));
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// From a short code only the text can say who writes.
fn unnamed(case: &Case<'_>, words: &str, reasons: &mut Vec<Reason>) {
    let Some(brand) = case.facts.circumstances.brand else { return };
    let named = words.contains(fold::words(brand).trim());
    if matches!(case.facts.sender, Sender::Code(_)) && !named {
        reasons.push(Reason::new(&NO_BRAND, &SAYS_NO_BRAND).with("brand", brand.to_owned()));
    }
}
