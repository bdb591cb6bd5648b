//! Marketing that the evening overtakes.

use std::time::Duration;

use facteur_domain::{Basis, Class, State};
use facteur_gateway::{Compliance, ConsentOffer, SendRequest};

use crate::house::{House, Setting, WORKSPACE, instant, play, request};
use crate::operator::{Act, Operator};

const PATIENCE: Duration = Duration::from_secs(120);
/// A Tuesday evening, before the quarter of an hour in which nothing leaves that may ring after 20:00.
const EVENING: Setting = Setting { clock: "2026-11-24T19:44:30+01:00", per_second: 0 };
const MORNING: &str = "2026-11-25T08:00:00+01:00";

fn marketing(house: &House) -> SendRequest {
    let consent = ConsentOffer {
        basis: Basis::Consent,
        advertiser: None,
        purpose: "offres".to_owned(),
        collected_at: house.clock.now().minus(Duration::from_secs(86_400)),
        source: "formulaire du site".to_owned(),
        text_shown: "J'accepte de recevoir les offres d'Acme par SMS.".to_owned(),
        evidence: None,
        professional: false,
    };
    let compliance = Compliance { consent: Some(consent), ..Compliance::default() };
    SendRequest { class: Some(Class::Marketing), compliance, ..request("Soldes chez Acme") }
}

/// One that lets us in a minute after we come: when it is too late for today.
fn late_operator() -> Operator {
    Operator::new(Duration::from_secs(60), |_| Act::Take)
}

#[test]
fn what_did_not_get_out_in_the_evening_leaves_in_the_morning() {
    play(EVENING, late_operator, async |house, operator| {
        let id = house.accept(marketing(house)).await.expect("the window is open");
        house.reaches(id, State::Scheduled, PATIENCE).await;
        house.clock.jump(instant(MORNING).since(house.clock.now()).as_millis().try_into().expect("a night"));
        house.reaches(id, State::Submitted, PATIENCE).await;
        assert_eq!(operator.submits().len(), 1);
        assert!(house.clock.now() >= instant(MORNING));
    });
}

#[test]
fn a_short_validity_is_not_promised_for_the_morning() {
    play(EVENING, late_operator, async |house, operator| {
        let brief = SendRequest { validity_minutes: Some(30), ..marketing(house) };
        let id = house.accept(brief).await.expect("the window is open");
        house.reaches(id, State::Expired, PATIENCE).await;
        assert!(house.clock.now() < instant("2026-11-24T19:50:00+01:00"), "told at once");
        let story = house.gateway.store().story(WORKSPACE, id).await.expect("readable");
        let why = story.last().and_then(|step| step.detail.clone()).expect("a reason");
        assert!(why.starts_with("fr.window.") && why.contains("after its validity"), "{why}");
        assert_eq!(operator.submits().len(), 0);
    });
}
