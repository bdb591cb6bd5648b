//! The consent ledger: who agreed to what, when, how, shown which text. A resource of ours.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod record;
pub(crate) mod view;
pub(crate) mod withdraw;

use facteur_domain::{Basis, Msisdn, Timestamp};
use facteur_gateway::{ConsentOffer, Gateway, Scope};
use facteur_store::{NewConsent, Settings};
use utoipa::ToSchema;

use super::opt_outs::ADVERTISER_MAX;
use super::words;
use crate::endpoint::{Access, Endpoint};
use crate::import::ImportContext;
use crate::json::Faults;
use crate::json::tree::Entry;

const ACCESS: Access = Access::Scoped(Scope::ConsentsReadWrite);

pub(crate) static LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/consents",
    description: "Read the consent ledger, newest first, or what it says of a number",
    access: ACCESS,
};
pub(crate) static RECORD: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/consents",
    description: "Record a consent with its proof, or a list of them",
    access: ACCESS,
};
pub(crate) static IMPORT: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/consents/import",
    description: "Record the consents of a CSV file",
    access: ACCESS,
};
pub(crate) static EXPORT: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/consents/export",
    description: "Export the ledger, or a person's part of it, as CSV or JSON lines",
    access: ACCESS,
};
pub(crate) static WITHDRAW: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/consents/withdraw",
    description: "Record that a person withdrew their consent",
    access: ACCESS,
};

/// The columns of an import.
pub(crate) static COLUMNS: [&str; 9] = [
    "number",
    "basis",
    "advertiser",
    "purpose",
    "collected_at",
    "source",
    "text_shown",
    "evidence",
    "professional",
];
/// Those that must be there.
pub(crate) const COLUMNS_REQUIRED: &[&str] =
    &["number", "basis", "purpose", "collected_at", "source", "text_shown"];
const FIELDS: &str = "number, basis, advertiser, purpose, collected_at, source, text_shown, evidence and \
    professional";
/// The longest purpose, in characters.
const PURPOSE_MAX: usize = 200;
/// The longest source and reference to evidence, in characters.
const SOURCE_MAX: usize = 500;
/// The longest text that a person was shown, in characters: a whole form has room.
const TEXT_MAX: usize = 10_000;

/// A consent to record, with its proof; or a list of such objects, as `{"consents": [...]}`.
#[derive(ToSchema)]
#[schema(example = json!({
    "number": "+33612345678", "basis": "consent", "advertiser": "Ma Boutique", "purpose": "offers",
    "collected_at": "2026-06-01T10:00:00+02:00", "source": "Inscription form of the online shop",
    "text_shown": "J'accepte de recevoir par SMS les offres de Ma Boutique."
}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct NewConsentBody {
    /// Whose, in E.164.
    #[schema(example = "+33612345678")]
    number: String,
    /// On which ground the person may be written to.
    #[schema(value_type = words::ConsentBasis)]
    basis: String,
    /// For whose marketing, as the person was told; the workspace's own advertiser when absent.
    #[schema(max_length = 100)]
    advertiser: Option<String>,
    /// For what, as the person was told.
    #[schema(max_length = 200, example = "offers")]
    purpose: String,
    /// When the person gave it: RFC 3339 with a zone, not in the future.
    #[schema(format = DateTime)]
    collected_at: String,
    /// How and where: a form's address, a shop, a contract.
    #[schema(max_length = 500)]
    source: String,
    /// The text that the person saw, exactly.
    #[schema(max_length = 10000)]
    text_shown: String,
    /// What else proves it: a reference to a file or a record of yours.
    #[schema(max_length = 500)]
    evidence: Option<String>,
    /// The number is a professional's, and what is sent concerns their work. True with the basis `b2b`
    /// unless told, and false is refused there: in doubt a person is a consumer.
    professional: Option<bool>,
}

/// What reading a consent needs to know besides: the advertiser where nothing else is said, and now.
pub(crate) fn context<'a>(settings: &'a Settings, gateway: &Gateway) -> ImportContext<'a> {
    ImportContext { advertiser: &settings.advertiser, now: gateway.now() }
}

/// Reads a consent. `None` when something is missing; there may be faults with a consent too.
pub(crate) fn read(mut entry: Entry, context: ImportContext<'_>, faults: &mut Faults) -> Option<NewConsent> {
    let number = entry.msisdn("number", faults);
    let offer = offer(entry, context.now, faults)?;
    Some(NewConsent {
        number: number?,
        basis: offer.basis,
        advertiser: offer.advertiser.unwrap_or_else(|| context.advertiser.to_owned()),
        purpose: offer.purpose,
        collected_at: offer.collected_at,
        source: offer.source,
        text_shown: offer.text_shown,
        evidence: offer.evidence,
        professional: offer.professional,
    })
}

/// Reads a consent that comes with a message to `recipient`, as the client wrote it; to several when `None`.
pub(crate) fn read_offer(
    mut entry: Entry,
    recipient: Option<&str>,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<ConsentOffer> {
    if let Some(number) = entry.has("number").then(|| entry.msisdn("number", faults)).flatten() {
        // A consent is its owner's: one that names somebody else says nothing of the recipient. A
        // recipient that is no number is told as such by the gateway.
        if recipient.is_none_or(|to| Msisdn::parse(to).is_ok_and(|to| to != number)) {
            let name = entry.name("number");
            let message =
                format!("`{name}` is not the recipient's: leave it out, or repeat the number of `to`");
            faults.note(name, message);
        }
    }
    offer(entry, now, faults)
}

/// All of a consent but its number.
fn offer(mut entry: Entry, now: Timestamp, faults: &mut Faults) -> Option<ConsentOffer> {
    const PURPOSE: &str = "for what the person may be written to, as in offers";
    const SOURCE: &str = "how and where it was collected, as in a form's address";
    const TEXT: &str = "the exact text that the person saw; without it there is no proof";
    let basis = basis(&mut entry, faults);
    let advertiser = entry.bounded("advertiser", ADVERTISER_MAX, faults);
    let purpose = entry.required("purpose", PURPOSE_MAX, PURPOSE, faults);
    let collected_at = collected_at(&mut entry, now, faults);
    let source = entry.required("source", SOURCE_MAX, SOURCE, faults);
    let text_shown = entry.required("text_shown", TEXT_MAX, TEXT, faults);
    let evidence = entry.bounded("evidence", SOURCE_MAX, faults);
    let professional = professional(&mut entry, basis, faults);
    entry.end(FIELDS, faults);
    Some(ConsentOffer {
        basis: basis?,
        advertiser,
        purpose: purpose?,
        collected_at: collected_at?,
        source: source?,
        text_shown: text_shown?,
        evidence,
        professional,
    })
}

fn basis(entry: &mut Entry, faults: &mut Faults) -> Option<Basis> {
    let before = faults.count();
    let names = Basis::ALL.map(Basis::as_str);
    let basis = entry.word("basis", |name| Basis::from_name(&name.trim().to_lowercase()), &names, faults);
    if basis.is_none() && faults.count() == before {
        let name = entry.name("basis");
        let message = format!("`{name}` is missing: one of {}", names.join(", "));
        faults.note(name, message);
    }
    basis
}

fn collected_at(entry: &mut Entry, now: Timestamp, faults: &mut Faults) -> Option<Timestamp> {
    let before = faults.count();
    let at = entry.instant("collected_at", faults);
    let name = entry.name("collected_at");
    if at.is_none() && faults.count() == before {
        let message =
            format!("`{name}` is missing: when the person gave it, as in 2026-06-01T10:00:00+02:00");
        faults.note(name, message);
    } else if at.is_some_and(|at| at > now) {
        let message = format!("`{name}` is in the future");
        faults.note(name, message);
    }
    at
}

fn professional(entry: &mut Entry, basis: Option<Basis>, faults: &mut Faults) -> bool {
    let given = entry.boolean("professional", faults);
    let b2b = basis == Some(Basis::B2b);
    if b2b && given == Some(false) {
        let name = entry.name("professional");
        let message = format!(
            "`{name}` is false: the basis b2b is for a professional's number alone; in doubt the person is a \
             consumer, whose basis is consent"
        );
        faults.note(name, message);
    }
    given.unwrap_or(b2b)
}
