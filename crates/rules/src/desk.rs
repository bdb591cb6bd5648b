//! The Sender ID desk: what is wrong with a declaration, told while it is typed (requirements
//! `fr-desk-checks`, `fr-desk-papers`, `seed-sender-format`).
//!
//! Effects here are about the declaration: [`Effect::Refuse`] cannot be declared, [`Effect::Hold`]
//! waits for a paper and has no date, [`Effect::Note`] is for the reviewer.

use facteur_domain::sender::{NAME_MAX, NAME_MIN, SenderError};
use facteur_domain::{Class, Sender, Timestamp};

use crate::pack::Packs;
use crate::rule::{Rule, Says};
use crate::sender_name::examine as examine_name;
use crate::{Effect, Field, Proof, Reason};

/// Digits of a SIREN, the number of a French company.
const SIREN_DIGITS: usize = 9;
/// Digits of a SIRET, the number of one of its places: a SIREN and five more.
const SIRET_DIGITS: usize = 14;

/// What a customer declares, as far as it is typed: a field that is `None` is not looked at yet, an
/// empty one is missing.
#[derive(Clone, Copy, Default)]
pub struct Declaration<'a> {
    /// The Sender ID or short code.
    pub name: &'a str,
    /// The papers on file for the name.
    pub proof: Proof,
    /// What it will send.
    pub class: Option<Class>,
    /// Another workspace of the platform has it.
    pub taken: bool,
    /// How many senders the workspace has besides, and how many it may have.
    pub owned: Option<(u8, u8)>,
    /// The company's legal name.
    pub legal_name: Option<&'a str>,
    /// The company's SIREN, or the SIRET of one of its places; blanks do not matter.
    pub company_number: Option<&'a str>,
    /// The brand's site.
    pub website: Option<&'a str>,
    /// Why this name.
    pub purpose: Option<&'a str>,
    /// A message as it will be sent.
    pub example: Option<&'a str>,
}

const fn rule(
    id: &'static str,
    field: Field,
    effect: Effect,
    source: &'static str,
    dated: &'static str,
) -> Rule {
    Rule { id, effect, field, source, dated }
}

const fn format(id: &'static str, source: &'static str, dated: &'static str) -> Rule {
    rule(id, Field::SenderId, Effect::Refuse, source, dated)
}

const fn paper(id: &'static str) -> Rule {
    rule(id, Field::Company, Effect::Hold, "MAILPRO-FR", "n.d.")
}

const LENGTH: Rule = format("fr.sender.format.length", "SEED", "2026");
const CHARACTER: Rule = format("fr.sender.format.character", "AF2M-OADC", "n.d.");
const PHONE: Rule = format("fr.sender.format.phone_number", "ARCEP-2022", "2022-09-01");
const NO_LETTER: Rule = format("fr.sender.format.no_letter", "AF2M-OADC", "n.d.");
const TAKEN: Rule = format("fr.sender.taken", "ALLO-WL", "2026");
const LIMIT: Rule = format("fr.sender.limit", "ALLO-WL", "2026");
const CODE_CLASS: Rule = format("fr.sender.short_code_class", "AF2M-SMSMKT", "n.d.");
const LEGAL_NAME: Rule = paper("fr.desk.legal_name");
const NUMBER: Rule = paper("fr.desk.company_number");
const BAD_NUMBER: Rule =
    rule("fr.desk.company_number.invalid", Field::Company, Effect::Refuse, "MAILPRO-FR", "n.d.");
const WEBSITE: Rule = paper("fr.desk.website");
const PURPOSE: Rule = paper("fr.desk.purpose");
const EXAMPLE: Rule = paper("fr.desk.example");

static SAYS_LENGTH: Says = Says::new(
    [
        "Un expéditeur a {min} à {max} caractères ; celui-ci en a {found}.",
        "Raccourcissez ou allongez-le, par exemple avec les initiales de votre marque.",
    ],
    [
        "A Sender ID has {min} to {max} characters; this one has {found}.",
        "Shorten or lengthen it, with your brand's initials for example.",
    ],
);
static SAYS_CHARACTER: Says = Says::new(
    [
        "Le caractère {at} ({sign}) n'est pas permis : lettres A à Z sans accent et chiffres seulement.",
        "Écrivez-le sans accent, espace ni signe : par exemple {suggestion}.",
    ],
    [
        "Character {at} ({sign}) is not allowed: only letters A to Z without accents, and digits.",
        "Write it without accents, spaces or signs: for example {suggestion}.",
    ],
);
static SAYS_PHONE: Says = Says::new(
    [
        "Un numéro de téléphone ne peut pas être l'expéditeur de SMS envoyés par un système.",
        "Prenez le nom de votre marque, ou demandez un numéro court 36xxx ou 38xxx.",
    ],
    [
        "A phone number cannot be the sender of SMS that a system sends.",
        "Take your brand's name, or request a short code 36xxx or 38xxx.",
    ],
);
static SAYS_NO_LETTER: Says = Says::new(
    [
        "Un expéditeur ne peut pas être fait de chiffres seulement.",
        "Ajoutez une lettre au moins, ou demandez un numéro court 36xxx ou 38xxx.",
    ],
    [
        "A Sender ID cannot be digits only.",
        "Add one letter at least, or request a short code 36xxx or 38xxx.",
    ],
);
static SAYS_TAKEN: Says = Says::new(
    [
        "Cet expéditeur est déjà celui d'un autre compte de la plateforme.",
        "Choisissez un autre nom ; si cette marque est la vôtre, écrivez à la plateforme avec votre preuve.",
    ],
    [
        "This sender already belongs to another account of the platform.",
        "Choose another name; if the brand is yours, write to the platform with your proof.",
    ],
);
static SAYS_LIMIT: Says = Says::new(
    [
        "Votre compte a déjà {found} expéditeurs ; le maximum est {max}.",
        "Retirez-en un qui ne sert plus, ou demandez à la plateforme d'en permettre davantage.",
    ],
    [
        "Your account already has {found} senders; {max} are the most.",
        "Remove one that is not used any more, or ask the platform to allow more.",
    ],
);
static SAYS_CODE_CLASS: Says = Says::new(
    [
        "Le {sender} ne convient pas à cet usage : 36xxx sert au commercial, 38xxx au transactionnel.",
        "Demandez un numéro court de l'autre série, ou changez l'usage déclaré.",
    ],
    [
        "{sender} does not suit this use: 36xxx is for marketing, 38xxx for transactional messages.",
        "Request a short code of the other range, or change the declared use.",
    ],
);
static SAYS_LEGAL_NAME: Says = Says::new(
    ["La dénomination sociale manque.", "Indiquez le nom de la société tel qu'il figure au registre."],
    ["The company's legal name is missing.", "Give the company's name as the register has it."],
);
static SAYS_NUMBER: Says = Says::new(
    ["Le numéro SIREN ou SIRET manque.", "Indiquez les 9 chiffres du SIREN, ou les 14 du SIRET."],
    ["The SIREN or SIRET number is missing.", "Give the 9 digits of the SIREN, or the 14 of the SIRET."],
);
static SAYS_BAD_NUMBER: Says = Says::new(
    [
        "Ce numéro n'est ni un SIREN (9 chiffres) ni un SIRET (14 chiffres) valable.",
        "Recopiez-le depuis votre Kbis : un chiffre est sans doute faux ou oublié.",
    ],
    [
        "This number is neither a valid SIREN (9 digits) nor a valid SIRET (14 digits).",
        "Copy it from your Kbis: a digit is probably wrong or left out.",
    ],
);
static SAYS_WEBSITE: Says = Says::new(
    ["Le site de la marque manque.", "Indiquez l'adresse du site où l'on voit ce nom."],
    ["The brand's site is missing.", "Give the address of the site that shows this name."],
);
static SAYS_PURPOSE: Says = Says::new(
    ["Il manque la raison du choix de ce nom.", "Dites en une phrase pourquoi vos clients le reconnaîtront."],
    ["Why this name was chosen is missing.", "Say in a sentence why your customers will recognise it."],
);
static SAYS_EXAMPLE: Says = Says::new(
    ["Il manque un exemple de message.", "Collez un SMS tel que vous l'enverrez."],
    ["An example message is missing.", "Paste an SMS as you will send it."],
);

/// How many French business days a review takes, at most (requirement `seed-sender-setup-time`).
pub const REVIEW_DAYS: u8 = 5;

/// When a declaration of `at` must be answered: the end, in Paris, of the last of its review's
/// business days. `None` beyond the calendar.
#[must_use]
pub fn review_due(at: Timestamp) -> Option<Timestamp> {
    Packs::embedded().at(at).business_days_after(at, REVIEW_DAYS)
}

/// Everything that is wrong with `declaration` by the embedded packs, at once; ordered by field and
/// rule id.
#[must_use]
pub fn examine(declaration: &Declaration<'_>, at: Timestamp) -> Vec<Reason> {
    Packs::embedded().examine_declaration(declaration, at)
}

impl Packs {
    /// As [`examine`], by these packs.
    #[must_use]
    pub fn examine_declaration(&self, declaration: &Declaration<'_>, at: Timestamp) -> Vec<Reason> {
        let pack = self.at(at);
        let mut reasons = Vec::new();
        match declaration.name.parse::<Sender>() {
            Ok(Sender::Code(code)) => {
                let range = pack.code_range(code);
                let unfit =
                    declaration.class.filter(|class| range.is_some_and(|range| !range.carries(*class)));
                if let Some(class) = unfit {
                    let reason = Reason::new(&CODE_CLASS, &SAYS_CODE_CLASS).with("sender", code);
                    reasons.push(reason.with("class", class));
                }
            }
            Ok(Sender::Name(_)) => {}
            Err(why) => reasons.push(badly_formed(declaration.name, why)),
        }
        if !declaration.name.is_empty() && declaration.name.parse::<facteur_domain::ShortCode>().is_err() {
            reasons.extend(examine_name(&pack.names, declaration.name, declaration.proof));
        }
        standing(declaration, &mut reasons);
        papers(declaration, &mut reasons);
        reasons.sort_by_key(|reason| (reason.field, reason.rule));
        reasons
    }
}

fn badly_formed(name: &str, why: SenderError) -> Reason {
    let is_phone = name.trim_start_matches('+').len() >= 6
        && name.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '.' | '-'));
    match why {
        _ if is_phone => Reason::new(&PHONE, &SAYS_PHONE),
        SenderError::Character { at, found } => {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            let reason = Reason::new(&CHARACTER, &SAYS_CHARACTER).with("at", at);
            let reason = match found {
                blank if blank.is_whitespace() => reason.with("sign", ("espace", "a space")),
                hidden if hidden.is_control() => {
                    reason.with("sign", ("signe invisible", "an invisible sign"))
                }
                sign => reason.with("sign", sign.to_string()),
            };
            reason.with("suggestion", suggestion(name))
        }
        SenderError::Length(found) => {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let reason = Reason::new(&LENGTH, &SAYS_LENGTH).with("found", count(found));
            reason.with("min", count(NAME_MIN)).with("max", count(NAME_MAX))
        }
        SenderError::NoLetter => Reason::new(&NO_LETTER, &SAYS_NO_LETTER),
    }
}

/// The name without accents, blanks and signs, as long as a Sender ID may be.
fn suggestion(name: &str) -> String {
    let plain = name.chars().filter_map(|c| {
        let letter = crate::fold::letter(c)?;
        Some(if c.is_uppercase() { letter.to_ascii_uppercase() } else { letter })
    });
    let plain: String = plain.take(NAME_MAX).collect();
    if plain.parse::<Sender>().is_ok() { plain } else { "MaMarque".to_owned() }
}

/// Whose it is, and how many the workspace has.
fn standing(declaration: &Declaration<'_>, reasons: &mut Vec<Reason>) {
    if declaration.taken {
        reasons.push(Reason::new(&TAKEN, &SAYS_TAKEN));
    }
    if let Some((owned, max)) = declaration.owned.filter(|(owned, max)| owned >= max) {
        reasons.push(Reason::new(&LIMIT, &SAYS_LIMIT).with("found", owned).with("max", max));
    }
}

/// What a reviewer needs and does not have.
fn papers(declaration: &Declaration<'_>, reasons: &mut Vec<Reason>) {
    for (given, rule, says) in [
        (declaration.legal_name, &LEGAL_NAME, &SAYS_LEGAL_NAME),
        (declaration.company_number, &NUMBER, &SAYS_NUMBER),
        (declaration.website, &WEBSITE, &SAYS_WEBSITE),
        (declaration.purpose, &PURPOSE, &SAYS_PURPOSE),
        (declaration.example, &EXAMPLE, &SAYS_EXAMPLE),
    ] {
        if given.is_some_and(|given| given.trim().is_empty()) {
            reasons.push(Reason::new(rule, says));
        }
    }
    let number = declaration.company_number.filter(|number| !number.trim().is_empty());
    if number.is_some_and(|number| !is_company_number(number)) {
        reasons.push(Reason::new(&BAD_NUMBER, &SAYS_BAD_NUMBER));
    }
}

/// Whether it is a SIREN or a SIRET with right check digits. La Poste's SIRETs follow another sum.
fn is_company_number(number: &str) -> bool {
    /// SIREN of La Poste.
    const LA_POSTE: &str = "356000000";
    let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let plain_sum = || digits.bytes().map(|b| u32::from(b - b'0')).sum::<u32>();
    match digits.len() {
        SIREN_DIGITS => luhn(&digits),
        SIRET_DIGITS if digits.starts_with(LA_POSTE) => luhn(&digits) || plain_sum().is_multiple_of(5),
        SIRET_DIGITS => luhn(&digits),
        _ => false,
    }
}

/// Whether it is a SIREN with a right check digit; blanks do not matter.
#[must_use]
pub fn is_siren(number: &str) -> bool {
    number.chars().filter(|c| !c.is_whitespace()).count() == SIREN_DIGITS && is_company_number(number)
}

/// The sum that ends every SIREN and SIRET: every second digit from the right doubled, in all a
/// multiple of ten.
fn luhn(digits: &str) -> bool {
    let doubled = |at: usize, digit: u32| match (at % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) => twice / 10 + twice % 10,
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(|(at, b)| doubled(at, u32::from(b - b'0'))).sum();
    sum.is_multiple_of(10) && digits.bytes().any(|b| b != b'0')
}
