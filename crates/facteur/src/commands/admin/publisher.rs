//! Who publishes, as CONTACT must tell: the flags of `facteur admin settings set`.

use facteur_domain::Language;
use facteur_rules::desk::is_siren;
use facteur_store::Publisher;

use super::settings::Chosen;

/// The longest of these texts, in characters: all of them together go into one answer.
const TEXT_MAX: usize = 80;

#[derive(Debug, Default, clap::Args)]
pub(super) struct PublisherFlags {
    /// The company's name in the register, as CONTACT is answered; an empty text for none.
    #[arg(long, value_parser = text)]
    legal_name: Option<Chosen<String>>,
    /// Its SIREN, nine digits; an empty text for none.
    #[arg(long, value_parser = siren)]
    siren: Option<Chosen<String>>,
    /// The city of its register (RCS); an empty text for none.
    #[arg(long, value_parser = text)]
    register_city: Option<Chosen<String>>,
    /// The telephone of its customer service; an empty text for none.
    #[arg(long, value_parser = text)]
    service_phone: Option<Chosen<String>>,
    /// Its customer service's web or mail address; an empty text for none.
    #[arg(long, value_parser = text)]
    service_contact: Option<Chosen<String>>,
}

impl PublisherFlags {
    /// What is not named stays.
    pub(super) fn apply(self, current: Publisher) -> Publisher {
        let choose = |flag: Option<Chosen<String>>, current| flag.map_or(current, |chosen| chosen.0);
        Publisher {
            legal_name: choose(self.legal_name, current.legal_name),
            siren: choose(self.siren, current.siren),
            register_city: choose(self.register_city, current.register_city),
            service_phone: choose(self.service_phone, current.service_phone),
            service_contact: choose(self.service_contact, current.service_contact),
        }
    }
}

/// A language by its code.
pub(super) fn language(text: &str) -> Result<Language, String> {
    Language::from_name(text).ok_or_else(|| "fr or en".to_owned())
}

fn text(text: &str) -> Result<Chosen<String>, String> {
    let text = text.trim();
    let fits = text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
    let chosen = Chosen(Some(text.to_owned()).filter(|text| !text.is_empty()));
    fits.then_some(chosen).ok_or_else(|| format!("one line of {TEXT_MAX} characters at most"))
}

fn siren(text: &str) -> Result<Chosen<String>, String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.is_empty() {
        return Ok(Chosen(None));
    }
    is_siren(&digits)
        .then_some(Chosen(Some(digits)))
        .ok_or_else(|| "nine digits with their check digit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_is_checked_and_what_is_not_named_stays() {
        for wrong in ["12345678", "732829321", "not a number"] {
            assert!(siren(wrong).is_err(), "{wrong}");
        }
        assert_eq!(siren("732 829 320").map(|chosen| chosen.0), Ok(Some("732829320".to_owned())));
        assert!(text(&"a".repeat(81)).is_err() && text("a\nb").is_err());
        let current =
            Publisher { legal_name: Some("Acme".into()), siren: Some("1".into()), ..Publisher::default() };
        let flags = PublisherFlags { siren: siren("").ok(), ..PublisherFlags::default() };
        assert_eq!(flags.apply(current.clone()), Publisher { siren: None, ..current });
    }
}
