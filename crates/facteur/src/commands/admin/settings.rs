//! `facteur admin settings`: what a workspace chose within what the platform allows.

use clap::Subcommand;
use facteur_domain::{Language, ShortCode};
use facteur_store::{OnClosedWindow, Rewriting, Settings};
use serde_json::{Value, json};

use super::Desk;
use super::publisher::{PublisherFlags, language};
use crate::config::PROFILES;
use crate::failure::Failure;

/// The most parts a workspace may allow (OVH-SEND, SMSBOX, OCTOPUSH).
const PARTS_MAX: u8 = 8;
/// Millionths of a euro in one.
const MICROS: i64 = 1_000_000;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Show what a workspace chose.
    Show {
        /// The workspace, by id or name; the only one there is when absent.
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Change some of it; what is not named stays.
    Set(Box<Choice>),
}

#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// The workspace, by id or name; the only one there is when absent.
    #[arg(long)]
    workspace: Option<String>,
    /// The hours profile: strict, charter-2026, charter-2026-sober or ultra-strict. The platform's own
    /// bounds it.
    #[arg(long, value_parser = profile)]
    profile: Option<String>,
    /// What becomes of marketing while its window is closed: hold or refuse.
    #[arg(long, value_parser = on_closed_window)]
    on_closed_window: Option<OnClosedWindow>,
    /// The short code 36xxx that STOP mentions name; an empty text for none.
    #[arg(long, value_parser = stop_code)]
    stop_code: Option<Chosen<ShortCode>>,
    /// Whose marketing it is: the company or brand that people opt in to and out of.
    #[arg(long, value_parser = advertiser)]
    advertiser: Option<String>,
    /// Whether texts are rewritten so that they stay in GSM-7: off, suggest or auto.
    #[arg(long, value_parser = rewriting)]
    rewrite: Option<Rewriting>,
    /// What one part costs, in euros, as in 0.045; an empty text for no price.
    #[arg(long, value_parser = price)]
    price_per_part: Option<Chosen<i64>>,
    /// The most SMS one message may become, 1 to 8.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=8))]
    parts_max: Option<u8>,
    /// The postcode that its recipients are taken to have, five digits: 26 December and Good Friday are
    /// holidays in Alsace and Moselle; an empty text for none.
    #[arg(long, value_parser = postcode)]
    postcode: Option<Chosen<String>>,
    /// Its share of the way to operators beside other workspaces, 1 to 1000; 1 is usual.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    weight: Option<u16>,
    /// Parts (SMS) a second that it may have handed over to operators; 0 for no limit.
    #[arg(long, value_name = "PARTS", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    per_second: Option<u32>,
    /// As --per-second, for each of its senders.
    #[arg(long, value_name = "PARTS", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    sender_per_second: Option<u32>,
    /// The language of what the product answers by itself (STOP, CONTACT, START): fr or en.
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    #[command(flatten)]
    publisher: PublisherFlags,
}

/// A value, or the choice of none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen<T>(pub(super) Option<T>);

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    match what {
        What::Show { workspace } => {
            let workspace = desk.workspace(workspace.as_deref())?;
            let settings = desk.store.settings(workspace).await?;
            show(desk, &settings);
        }
        What::Set(choice) => {
            let workspace = desk.workspace(choice.workspace.as_deref())?;
            let settings = choice.apply(desk.store.settings(workspace).await?);
            desk.store.change_settings(workspace, settings.clone(), desk.now, desk.actor()).await?;
            show(desk, &settings);
        }
    }
    Ok(())
}

impl Choice {
    fn apply(self, current: Settings) -> Settings {
        Settings {
            profile: self.profile.unwrap_or(current.profile),
            on_closed_window: self.on_closed_window.unwrap_or(current.on_closed_window),
            stop_code: self.stop_code.map_or(current.stop_code, |chosen| chosen.0),
            advertiser: self.advertiser.unwrap_or(current.advertiser),
            rewrite: self.rewrite.unwrap_or(current.rewrite),
            price_per_part: self.price_per_part.map_or(current.price_per_part, |chosen| chosen.0),
            parts_max: self.parts_max.unwrap_or(current.parts_max).min(PARTS_MAX),
            postcode: self.postcode.map_or(current.postcode, |chosen| chosen.0),
            weight: self.weight.unwrap_or(current.weight),
            per_second: self.per_second.unwrap_or(current.per_second),
            sender_per_second: self.sender_per_second.unwrap_or(current.sender_per_second),
            language: self.language.unwrap_or(current.language),
            publisher: self.publisher.apply(current.publisher),
        }
    }
}

fn show(desk: &Desk, settings: &Settings) {
    let rows: Vec<Value> = [
        ("profile", json!(settings.profile)),
        ("on_closed_window", json!(settings.on_closed_window.as_str())),
        ("stop_code", json!(settings.stop_code.map(|code| code.to_string()))),
        ("advertiser", json!(settings.advertiser)),
        ("rewrite", json!(settings.rewrite.as_str())),
        ("price_per_part", json!(settings.price_per_part.map(euros))),
        ("parts_max", json!(settings.parts_max)),
        ("postcode", json!(settings.postcode)),
        ("weight", json!(settings.weight)),
        ("per_second", json!(settings.per_second)),
        ("sender_per_second", json!(settings.sender_per_second)),
        ("language", json!(settings.language.as_str())),
        ("legal_name", json!(settings.publisher.legal_name)),
        ("siren", json!(settings.publisher.siren)),
        ("register_city", json!(settings.publisher.register_city)),
        ("service_phone", json!(settings.publisher.service_phone)),
        ("service_contact", json!(settings.publisher.service_contact)),
    ]
    .into_iter()
    .map(|(setting, value)| json!({"setting": setting, "value": value}))
    .collect();
    desk.output.table(&rows, &["setting", "value"]);
}

fn euros(micros: i64) -> String {
    format!("{}.{:06}", micros / MICROS, micros % MICROS)
}

fn profile(text: &str) -> Result<String, String> {
    let known = PROFILES.contains(&text);
    known.then(|| text.to_owned()).ok_or_else(|| format!("there are {}", PROFILES.join(", ")))
}

fn on_closed_window(text: &str) -> Result<OnClosedWindow, String> {
    OnClosedWindow::from_name(text).ok_or_else(|| "hold or refuse".to_owned())
}

fn rewriting(text: &str) -> Result<Rewriting, String> {
    Rewriting::from_name(text).ok_or_else(|| "off, suggest or auto".to_owned())
}

fn stop_code(text: &str) -> Result<Chosen<ShortCode>, String> {
    if text.is_empty() {
        return Ok(Chosen(None));
    }
    let code = text.parse::<ShortCode>().ok().filter(|code| code.is_marketing());
    code.map(|code| Chosen(Some(code))).ok_or_else(|| "a marketing short code, 36xxx".to_owned())
}

fn postcode(text: &str) -> Result<Chosen<String>, String> {
    if text.is_empty() {
        return Ok(Chosen(None));
    }
    let fits = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| Chosen(Some(text.to_owned()))).ok_or_else(|| "five digits, as in 67000".to_owned())
}

fn advertiser(text: &str) -> Result<String, String> {
    let length = text.trim().chars().count();
    let fits = (1..=100).contains(&length) && !text.chars().any(char::is_control);
    fits.then(|| text.trim().to_owned()).ok_or_else(|| "1 to 100 characters".to_owned())
}

/// Euros with up to six decimals, exactly.
fn price(text: &str) -> Result<Chosen<i64>, String> {
    if text.is_empty() {
        return Ok(Chosen(None));
    }
    let wrong = || "euros with up to six decimals, as in 0.045".to_owned();
    let (whole, decimals) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 6 || whole.len() > 6 {
        return Err(wrong());
    }
    let micros: i64 = format!("{whole}{decimals:0<6}").parse().map_err(|_| wrong())?;
    Ok(Chosen(Some(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact() {
        for (text, micros) in
            [("0.045", 45_000), ("0,045", 45_000), ("1", 1_000_000), ("0.000001", 1), ("12.5", 12_500_000)]
        {
            assert_eq!(price(text).map(|chosen| chosen.0), Ok(Some(micros)), "{text}");
        }
        assert_eq!(price("").map(|chosen| chosen.0), Ok(None));
        for wrong in ["-1", "0.0000001", "1e3", ".5", "1.", "a"] {
            assert!(price(wrong).is_err(), "{wrong}");
        }
        assert_eq!(euros(45_000), "0.045000");
    }

    #[test]
    fn what_is_not_named_stays() {
        let current = Settings { parts_max: 4, ..Settings::of("Acme") };
        let choice = Choice {
            workspace: None,
            profile: None,
            on_closed_window: Some(OnClosedWindow::Refuse),
            stop_code: stop_code("36180").ok(),
            advertiser: None,
            rewrite: None,
            price_per_part: None,
            parts_max: None,
            postcode: postcode("67000").ok(),
            weight: Some(5),
            per_second: None,
            sender_per_second: None,
            language: Some(Language::English),
            publisher: PublisherFlags::default(),
        };
        let changed = choice.apply(current.clone());
        assert_eq!(changed.on_closed_window, OnClosedWindow::Refuse);
        assert_eq!((changed.parts_max, &changed.advertiser), (4, &current.advertiser));
        assert_eq!((changed.weight, changed.per_second), (5, 0));
        assert!(changed.stop_code.is_some() && stop_code("38180").is_err());
        assert_eq!(changed.postcode.as_deref(), Some("67000"));
        assert!(postcode("6700").is_err() && postcode("").is_ok_and(|chosen| chosen.0.is_none()));
    }
}
