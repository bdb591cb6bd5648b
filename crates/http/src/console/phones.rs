//! Phones (in `dev`): the simulated phones of the network in a box, what each shows, and their answers.

use std::fmt;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Msisdn, Timestamp};
use facteur_store::PlatformRole;

use super::{Access, Field, Fields, Flash, Page, Pages, ROOT, Trouble, Viewer, mend, render};
use crate::app::App;
use crate::table::number::number;

/// What a phone writes with one click.
const QUICK: [&str; 4] = ["STOP", "CONTACT", "OUI", "START"];
/// The longest text a phone may write, in characters.
const TEXT_MAX: usize = 1_000;
/// Phones in the list.
const LISTED: usize = 100;

/// The simulated phones of a network in a box, for the console of `dev`. This room does not know the box:
/// whoever starts it lends it.
pub trait Phones: fmt::Debug + Send + Sync {
    /// The phones that have something to show, the last used first.
    fn list(&self) -> Vec<SimulatedPhone>;
    /// What a phone keeps, oldest first; `number` in E.164.
    fn messages(&self, number: &str) -> Vec<PhoneText>;
    /// Writes to a short code.
    ///
    /// # Errors
    /// Why nothing leaves, in English.
    fn write(&self, number: &str, code: &str, text: &str) -> Result<(), String>;
}

/// A simulated phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SimulatedPhone {
    /// Its number in E.164.
    pub number: String,
    /// Whose subscriber it is.
    pub operator: String,
    /// Messages that it received.
    pub received: u64,
    /// Messages that it wrote.
    pub written: u64,
    /// The last of them.
    pub last: Option<PhoneText>,
}

/// A message on a simulated phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneText {
    /// Whether the phone wrote it.
    pub written: bool,
    /// The other side: a sender as the phone shows it, or the short code written to.
    pub party: String,
    /// Its text.
    pub text: String,
    /// When, by the product's clock.
    pub at: Timestamp,
    /// In how many parts.
    pub parts: usize,
}

pub(super) fn mount(pages: &mut Pages<'_>) {
    let access = Access::Platform(PlatformRole::Operator);
    pages.add("/platform/phones", access, get(list));
    pages.add("/platform/phones/{number}", access, get(show).post(write));
}

#[derive(Template)]
#[template(path = "phones.html")]
struct PhonesPage {
    page: Page,
    phones: Vec<SimulatedPhone>,
    more: bool,
    open: Option<Open>,
}

struct Open {
    number: String,
    texts: Vec<PhoneText>,
    /// The codes it may answer to, those it was written from last first.
    codes: Vec<String>,
    code: Field,
    text: Field,
}

fn phones(app: &App) -> Result<&dyn Phones, Trouble> {
    app.options.phones.as_deref().ok_or(Trouble::NotFound)
}

impl PhonesPage {
    fn new(
        app: &App,
        viewer: &Viewer,
        open: Option<(String, Option<&Fields>, Option<&str>)>,
    ) -> Result<Self, Trouble> {
        let mut page = viewer.page("phones-title");
        let box_ = phones(app)?;
        let mut phones = box_.list();
        let more = phones.len() > LISTED;
        phones.truncate(LISTED);
        let open = open.map(|(number, fields, wrong)| {
            let texts = box_.messages(&number);
            let codes = codes(&texts);
            let said = |name: &str| fields.map_or("", |fields| fields.get(name)).to_owned();
            let first = codes.first().cloned().unwrap_or_default();
            let code = if fields.is_some() { said("code") } else { first };
            Open {
                code: Field::new(&page, "code", "phones-code").maximum(15).value(code),
                text: Field::new(&page, "text", "phones-text")
                    .area(2)
                    .maximum(TEXT_MAX)
                    .value(said("text"))
                    .error(wrong.map(str::to_owned)),
                number,
                texts,
                codes,
            }
        });
        if let Some(open) = &open {
            page = page.titled(open.number.clone());
        }
        Ok(Self { page, phones, more, open })
    }
}

/// Short codes that a phone was written from, or that a text names, the last first.
fn codes(texts: &[PhoneText]) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts.iter().rev() {
        let named = text.text.split(|c: char| !c.is_ascii_digit()).filter(|word| is_code(word));
        for code in std::iter::once(text.party.as_str()).filter(|party| is_code(party)).chain(named) {
            if !found.iter().any(|known| known == code) {
                found.push(code.to_owned());
            }
        }
    }
    found
}

fn is_code(text: &str) -> bool {
    text.len() == 5
        && (text.starts_with("36") || text.starts_with("38"))
        && text.bytes().all(|octet| octet.is_ascii_digit())
}

/// A number as people read it.
fn shown(page: &Page, number: &str) -> String {
    Msisdn::parse(number).map_or_else(|_| number.to_owned(), |number| page.phone(&number))
}

async fn list(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    if let Some(asked) = fields.some("number") {
        let Ok(number) = number(&asked) else {
            let to = format!("{ROOT}/platform/phones");
            return Ok(viewer.go(&to, Flash::failed("phones-number-wrong", asked)));
        };
        return Err(Trouble::Elsewhere(here(&number.to_string())));
    }
    render(&PhonesPage::new(&app, &viewer, None)?)
}

fn here(number: &str) -> String {
    format!("{ROOT}/platform/phones/{}", number.trim_start_matches('+'))
}

/// The number of an address, which has no plus.
fn of_address(number: &str) -> Result<String, Trouble> {
    let digits = (6..=15).contains(&number.len()) && number.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| format!("+{number}")).ok_or(Trouble::NotFound)
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Result<Response, Trouble> {
    let number = of_address(&number)?;
    render(&PhonesPage::new(&app, &viewer, Some((number, None, None)))?)
}

async fn write(
    State(app): State<App>,
    viewer: Viewer,
    Path(number): Path<String>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let number = of_address(&number)?;
    let text = fields.some("quick").or_else(|| fields.some("text")).unwrap_or_default();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        let wrong = viewer.lang().say("phones-text-wrong", &[]);
        return mend(&PhonesPage::new(&app, &viewer, Some((number, Some(&fields), Some(&wrong))))?);
    }
    if let Err(why) = phones(&app)?.write(&number, fields.get("code"), &text) {
        return mend(&PhonesPage::new(&app, &viewer, Some((number, Some(&fields), Some(&why))))?);
    }
    Ok(viewer.go(&here(&number), Flash::done("phones-written", text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_answers_the_codes_it_was_written_from() {
        let text = |party: &str, text: &str| PhoneText {
            written: false,
            party: party.to_owned(),
            text: text.to_owned(),
            at: Timestamp::from_millis(0),
            parts: 1,
        };
        let texts = [
            text("38180", "Votre colis"),
            text("MaBoutique", "Soldes\nSTOP au 36180"),
            text("Autre", "12345 et 361800"),
        ];
        assert_eq!(codes(&texts), ["36180", "38180"]);
    }
}
