//! Settings > Company: who publishes, as whoever writes CONTACT is told, and the language of what the
//! product answers by itself.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use facteur_domain::Language;
use facteur_gateway::SenderDeclaration;
use facteur_store::{Publisher, Settings};

use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render};
use crate::app::App;

/// The longest name, in characters.
const NAME_MAX: usize = 100;
/// The longest address of a customer service: it goes into an SMS.
const CONTACT_MAX: usize = 60;
/// The most characters of a telephone number as it is written.
const PHONE_MAX: usize = 20;
/// What the desk says of a SIREN that is none.
const WRONG_SIREN: &str = "fr.desk.company_number.invalid";

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/settings/company", Permission::ManageProfile, get(show).post(save));
}

#[derive(Template)]
#[template(path = "company.html")]
struct Company {
    page: Page,
    complete: bool,
    legal_name: Field,
    siren: Field,
    register_city: Field,
    service_phone: Field,
    service_contact: Field,
    language: Field,
}

/// What is wrong with each field, as its sentence's key.
#[derive(Default)]
struct Wrong {
    legal_name: Option<&'static str>,
    siren: Option<&'static str>,
    register_city: Option<&'static str>,
    service_phone: Option<&'static str>,
    service_contact: Option<&'static str>,
}

impl Wrong {
    fn of(app: &App, publisher: &Publisher) -> Self {
        let long = |text: &Option<String>, most| {
            text.as_ref()
                .is_some_and(|text| text.chars().count() > most || text.chars().any(char::is_control))
        };
        Self {
            legal_name: long(&publisher.legal_name, NAME_MAX).then_some("company-too-long"),
            siren: publisher
                .siren
                .as_deref()
                .filter(|siren| !is_siren(app, siren))
                .map(|_| "company-siren-wrong"),
            register_city: long(&publisher.register_city, NAME_MAX).then_some("company-too-long"),
            service_phone: publisher
                .service_phone
                .as_deref()
                .filter(|phone| !is_phone(phone))
                .map(|_| "company-phone-wrong"),
            service_contact: long(&publisher.service_contact, CONTACT_MAX).then_some("company-contact-long"),
        }
    }

    const fn any(&self) -> bool {
        self.legal_name.is_some()
            || self.siren.is_some()
            || self.register_city.is_some()
            || self.service_phone.is_some()
            || self.service_contact.is_some()
    }
}

pub(super) fn is_siren(app: &App, siren: &str) -> bool {
    let declaration = SenderDeclaration { siren: Some(siren), ..SenderDeclaration::default() };
    let reasons = app.gateway.check_declaration(&declaration);
    siren.len() == 9 && !reasons.iter().any(|reason| reason.rule == WRONG_SIREN)
}

/// A telephone number as people write it: short ones (3639) too.
fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() <= PHONE_MAX
        && digits >= 4
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '+' | '-'))
}

impl Company {
    fn new(member: &Member, settings: &Settings, wrong: Wrong) -> Self {
        let page = member.page("company-title");
        let who = &settings.publisher;
        let field = |name, label, value: &Option<String>, most, wrong: Option<&str>| {
            Field::new(&page, name, label)
                .optional()
                .maximum(most)
                .value(value.clone().unwrap_or_default())
                .error(wrong.map(|key| page.t(key)))
        };
        let languages = [Language::French, Language::English]
            .map(|language| (language.as_str(), page.word("company-language", language.as_str())));
        Self {
            complete: who.is_complete(),
            legal_name: field("legal_name", "company-name", &who.legal_name, NAME_MAX, wrong.legal_name)
                .autocomplete("organization"),
            siren: field("siren", "company-siren", &who.siren, 14, wrong.siren),
            register_city: field(
                "register_city",
                "company-city",
                &who.register_city,
                NAME_MAX,
                wrong.register_city,
            ),
            service_phone: field(
                "service_phone",
                "company-phone",
                &who.service_phone,
                PHONE_MAX,
                wrong.service_phone,
            ),
            service_contact: field(
                "service_contact",
                "company-contact",
                &who.service_contact,
                CONTACT_MAX,
                wrong.service_contact,
            ),
            language: Field::new(&page, "language", "company-language")
                .choice(languages)
                .value(settings.language.as_str()),
            page,
        }
    }
}

async fn show(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let settings = app.gateway.store().settings(member.workspace()).await?;
    render(&Company::new(&member, &settings, Wrong::default()))
}

async fn save(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let before = app.gateway.store().settings(member.workspace()).await?;
    let siren = fields.some("siren").map(|text| text.split_whitespace().collect::<String>());
    let settings = Settings {
        language: Language::from_name(fields.get("language")).ok_or(Trouble::Malformed)?,
        publisher: Publisher {
            legal_name: fields.some("legal_name"),
            siren,
            register_city: fields.some("register_city"),
            service_phone: fields.some("service_phone"),
            service_contact: fields.some("service_contact"),
        },
        ..before
    };
    let wrong = Wrong::of(&app, &settings.publisher);
    if wrong.any() {
        return mend(&Company::new(&member, &settings, wrong));
    }
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.change_settings(member.workspace(), settings, now, member.actor()).await?;
    app.gateway.refresh().await?;
    Ok(member.go(&member.link("/settings/company"), Flash::done("company-saved", "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_service_has_a_number_that_can_be_dialled() {
        for fine in ["09 69 39 00 00", "+33 1 23 45 67 89", "3639", "01.23.45.67.89"] {
            assert!(is_phone(fine), "{fine}");
        }
        for wrong in ["", "12", "appelez-nous", "01 23 45 67 89 puis le 2", "0123456789012345678901"] {
            assert!(!is_phone(wrong), "{wrong}");
        }
    }
}
