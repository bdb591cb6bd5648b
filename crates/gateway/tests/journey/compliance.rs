//! The rules on a message's whole way: at acceptance, while it waits, and as it leaves.

use std::time::Duration;

use facteur_domain::{Basis, Class, MessageId, OptOutScope, State, Timestamp};
use facteur_gateway::{Code, Compliance, ConsentOffer, SendRequest};
use facteur_store::{Actor, NewOptOut, OnClosedWindow};

use crate::harness::{Harness, Plan, instant, request};

/// Tuesday morning in Paris: every window is open.
const OPEN: &str = "2026-11-24T10:00:00+01:00";
const SUNDAY: &str = "2026-11-22T11:00:00+01:00";
const MONDAY_8: &str = "2026-11-23T08:00:00+01:00";
const PHONE: &str = "+33612345678";

fn at(clock: &'static str) -> Plan {
    Plan { clock: Some(clock), ..Plan::default() }
}

fn offer(collected_at: Timestamp) -> ConsentOffer {
    ConsentOffer {
        basis: Basis::Consent,
        advertiser: None,
        purpose: "offres".to_owned(),
        collected_at,
        source: "formulaire du site".to_owned(),
        text_shown: "J'accepte de recevoir les offres d'Acme par SMS.".to_owned(),
        evidence: None,
        professional: false,
    }
}

fn marketing(house: &Harness) -> SendRequest {
    let consent = Some(offer(house.gateway.now().minus(Duration::from_secs(86_400))));
    SendRequest {
        class: Some(Class::Marketing),
        compliance: Compliance { consent, ..Compliance::default() },
        ..request(PHONE, "Soldes chez Acme : -30 % ce week-end")
    }
}

fn stop() -> NewOptOut {
    NewOptOut {
        number: facteur_domain::Msisdn::parse(PHONE).expect("valid"),
        scope: OptOutScope::Advertiser,
        advertiser: Some("Acme".to_owned()),
        source: "stop_reply".to_owned(),
        reason: None,
    }
}

async fn says(house: &Harness, id: MessageId, word: &str) -> bool {
    let story = house.story(id).await;
    story.iter().any(|step| step.detail.as_deref().is_some_and(|detail| detail.contains(word)))
}

#[tokio::test(flavor = "multi_thread")]
async fn marketing_leaves_with_its_stop_mention_and_the_consent_it_relies_on() {
    let house = Harness::start(at(OPEN)).await;
    let id = house.accept(marketing(&house)).await.expect("consented, on a Tuesday morning");
    house.reaches(id, State::Delivered).await;
    let texts = house.texts("33612345678");
    assert_eq!(texts, ["Soldes chez Acme : -30 % ce week-end\nSTOP au 36180"]);
    let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
    let ledger = house.gateway.store().consents(house.workspace, number).await.expect("readable");
    assert_eq!(ledger.len(), 1, "recorded with the message");
    let relied = house.gateway.store().relied_on(house.workspace, id).await.expect("readable");
    assert_eq!(relied, Some(ledger[0].id));
    // The next message needs no proof with it: the ledger has it.
    let again = SendRequest { compliance: Compliance::default(), ..marketing(&house) };
    let again = house.accept(again).await.expect("on the ledger");
    house.reaches(again, State::Delivered).await;
    house.stop().await;
}

/// Requirement `seed-consent-b2c`.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_for_another_advertiser_is_no_ground() {
    let house = Harness::start(at(OPEN)).await;
    let yesterday = house.gateway.now().minus(Duration::from_secs(86_400));
    let other = ConsentOffer { advertiser: Some("Autre Marque".to_owned()), ..offer(yesterday) };
    let compliance = Compliance { consent: Some(other), ..Compliance::default() };
    let refusal =
        house.accept(SendRequest { compliance, ..marketing(&house) }).await.expect_err("not Acme's");
    assert_eq!(refusal.code, Code::MessageNotCompliant);
    let rules: Vec<_> = refusal.details.iter().filter_map(|detail| detail.rule).collect();
    assert_eq!(rules, ["fr.consent.other_advertiser"]);
    // The same name in another case is the same advertiser.
    let same = ConsentOffer { advertiser: Some("ACME".to_owned()), ..offer(yesterday) };
    let compliance = Compliance { consent: Some(same), ..Compliance::default() };
    house.accept(SendRequest { compliance, ..marketing(&house) }).await.expect("Acme's");
    house.stop().await;
}

/// Requirement `fr-consent-age`.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_list_that_is_imported_again_takes_no_consent_away() {
    let house = Harness::start(at(OPEN)).await;
    let now = house.gateway.now();
    for age in [1, 1_500] {
        let consent = facteur_store::NewConsent {
            number: facteur_domain::Msisdn::parse(PHONE).expect("valid"),
            basis: Basis::Consent,
            advertiser: "Acme".to_owned(),
            purpose: "offres".to_owned(),
            collected_at: now.minus(Duration::from_secs(age * 86_400)),
            source: "formulaire du site".to_owned(),
            text_shown: "J'accepte de recevoir les offres d'Acme par SMS.".to_owned(),
            evidence: None,
            professional: false,
        };
        let recorded =
            house.gateway.store().record_consents(house.workspace, vec![consent], now, Actor::named("crm"));
        recorded.await.expect("recorded");
    }
    let bare = SendRequest { compliance: Compliance::default(), ..marketing(&house) };
    let id = house.accept(bare).await.expect("yesterday's consent stands");
    house.reaches(id, State::Delivered).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_marketing_is_refused_with_every_reason() {
    let house = Harness::start(at(SUNDAY)).await;
    let bare = SendRequest { compliance: Compliance::default(), ..marketing(&house) };
    let refusal = house.accept(bare).await.expect_err("no consent, on a Sunday");
    assert_eq!(refusal.code, Code::MessageNotCompliant);
    let rules: Vec<_> = refusal.details.iter().filter_map(|detail| detail.rule).collect();
    assert!(rules.contains(&"fr.consent.b2c.missing") && rules.contains(&"fr.window.sunday"), "{rules:?}");
    let audit = house.gateway.store().audit(Some(house.workspace), facteur_store::Page { page: 1, size: 9 });
    let lines = audit.await.expect("readable").rows;
    assert!(lines.iter().any(|line| line.action == "message.refused" && line.detail.contains("fr.consent")));
    house.stop().await;
}

/// Requirement `fr-window-hold`.
#[tokio::test(flavor = "multi_thread")]
async fn a_sunday_holds_marketing_until_monday_and_lets_the_rest_go() {
    let house = Harness::start(at(SUNDAY)).await;
    let held = house.accept(marketing(&house)).await.expect("held");
    let stored = house.stored(held).await;
    assert_eq!((stored.state, stored.message.send_at), (State::Scheduled, instant(MONDAY_8)));
    let refused = SendRequest {
        compliance: Compliance {
            on_closed_window: Some(OnClosedWindow::Refuse),
            ..marketing(&house).compliance
        },
        ..marketing(&house)
    };
    assert_eq!(house.accept(refused).await.map_err(|r| r.code), Err(Code::MessageNotCompliant));
    let code = house.send_as("+33612345679", "Votre code : 4242", Some(Class::Otp)).await;
    house.reaches(code, State::Delivered).await;
    assert_eq!(house.stored(held).await.state, State::Scheduled);
    house.stop().await;
}

/// Requirement `fr-window-hold`.
#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_leaves_by_itself_when_the_window_opens() {
    let house = Harness::start(at("2026-11-23T07:59:57+01:00")).await;
    let id = house.accept(marketing(&house)).await.expect("held");
    assert_eq!(house.stored(id).await.message.send_at, instant(MONDAY_8));
    house.reaches(id, State::Delivered).await;
    assert!(house.gateway.now() >= instant(MONDAY_8));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_comes_in_between_blocks_what_waits() {
    let house = Harness::start(at(SUNDAY)).await;
    let held = house.accept(marketing(&house)).await.expect("held");
    let (store, actor) = (house.gateway.store(), Actor::named("test"));
    let (_, changes) = store
        .record_opt_outs(house.workspace, vec![stop()], house.gateway.now(), actor)
        .await
        .expect("recorded");
    assert_eq!(changes.len(), 1, "in force before the STOP is answered");
    assert_eq!(house.stored(held).await.state, State::Blocked);
    assert!(says(&house, held, "fr.optout").await);
    let refusal = house.accept(marketing(&house)).await.expect_err("a STOP stands");
    assert!(refusal.details.iter().any(|d| d.rule.is_some_and(|rule| rule.starts_with("fr.optout"))));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_withdrawn_in_between_blocks_at_departure() {
    let house = Harness::start(at("2026-11-23T07:59:57+01:00")).await;
    let held = house.accept(marketing(&house)).await.expect("held");
    let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
    house
        .gateway
        .store()
        .withdraw_consent(
            house.workspace,
            number,
            None,
            "asked by mail".to_owned(),
            house.gateway.now(),
            Actor::named("test"),
        )
        .await
        .expect("withdrawn");
    house.reaches(held, State::Blocked).await;
    assert!(house.texts("33612345678").is_empty());
    let refusal = house.accept(marketing(&house)).await.expect_err("the same old consent, shown again");
    assert!(refusal.details.iter().any(|detail| detail.rule == Some("fr.consent.withdrawn")), "{refusal:?}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_says_stop_is_marketing_whatever_it_was_called() {
    let house = Harness::start(at(SUNDAY)).await;
    let sneaky =
        SendRequest { class: Some(Class::Transactional), ..request(PHONE, "Soldes ! STOP au 36180") };
    let refusal = house.accept(sneaky).await.expect_err("marketing without consent");
    assert_eq!(refusal.code, Code::MessageNotCompliant);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_would_happen_and_keeps_nothing() {
    let house = Harness::start(at(SUNDAY)).await;
    let recipients = vec![PHONE.to_owned(), "+33140000000".to_owned(), "0612345678".to_owned()];
    let previews =
        house.gateway.preview(house.caller(), marketing(&house), recipients).await.expect("judged");
    let decisions: Vec<_> = previews.iter().map(|p| p.outcome.as_ref().map(|j| j.decision).ok()).collect();
    assert_eq!(decisions, [Some("hold"), Some("refuse"), None]);
    let first = previews[0].outcome.as_ref().expect("judged");
    assert_eq!(first.send_at, Some(instant(MONDAY_8)));
    assert_eq!(first.appended.as_deref().map(str::trim), Some("STOP au 36180"));
    assert!(first.reasons.iter().any(|reason| reason.rule == "fr.window.sunday"));
    let page = facteur_store::Page { page: 1, size: 9 };
    let kept = house.gateway.store().messages(house.workspace, facteur_store::MessageFilter::default(), page);
    assert_eq!(kept.await.expect("readable").total, 0);
    house.stop().await;
}

// seed-short-code-stop
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_answers_stop_gets_no_more_marketing() {
    let house = Harness::start(at(OPEN)).await;
    let first = house.accept(marketing(&house)).await.expect("consented");
    house.reaches(first, State::Delivered).await;
    let later = SendRequest {
        send_at: Some(house.gateway.now().plus(Duration::from_secs(3600))),
        ..marketing(&house)
    };
    let waits = house.accept(later).await.expect("scheduled");
    for (text, sure) in [("Stop svp !", true), ("Merci de ne plus m'envoyer de publicité", false)] {
        house.network.answer("33612345678", "36180", text).expect("a route to us");
        let page = facteur_store::Page { page: 1, size: 9 };
        let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
        // The operator has its answer only when the STOP is in force.
        let answered = if sure { 1 } else { 2 };
        house.network.wait_until(|stats| stats.replies_answered >= answered).await;
        let found = house.gateway.store().opt_outs(house.workspace, Some(number), page).await.expect("read");
        assert_eq!(found.rows[0].source, "stop_reply");
        assert_eq!(found.rows[0].state, facteur_store::OptOutState::Confirmed, "the first one is sure");
    }
    house.reaches(waits, State::Blocked).await;
    let refusal = house.accept(marketing(&house)).await.expect_err("a STOP stands");
    assert!(refusal.details.iter().any(|d| d.rule == Some("fr.optout.advertiser")), "{refusal:?}");
    let code = house.send_as(PHONE, "Votre code : 4242", Some(Class::Otp)).await;
    house.reaches(code, State::Delivered).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployments_own_closed_day_holds_marketing() {
    const EVE: &str = "id = 'ours'\nfrom = '2026-12-01'\nextends = 'fr-2026.1'\n[[closed_day]]\n\
        date = '2026-12-24'\nfr = 'Veille de Noël'\nen = 'Christmas Eve'\nsource = 'OURS'\ndated = '2026'\n\
        grade = 'D'\n";
    let plan = Plan { pack: Some(EVE), ..at("2026-12-24T10:00:00+01:00") };
    let house = Harness::start(plan).await;
    let held = house.accept(marketing(&house)).await.expect("held");
    // The 25th is a holiday, the 26th an ordinary Saturday.
    assert_eq!(house.stored(held).await.message.send_at, instant("2026-12-26T08:00:00+01:00"));
    let (acceptance, _) = house.gateway.store().verdicts(house.workspace, held).await.expect("readable");
    let acceptance = acceptance.expect("a rule spoke");
    assert!(
        acceptance.contains("\"rule_pack\":\"ours\"") && acceptance.contains("Christmas Eve"),
        "{acceptance}"
    );
    assert!(!acceptance.contains("612345678") && !acceptance.contains("Soldes"), "{acceptance}");
    house.stop().await;
}

/// What was handed over to a link and waits there for its turn is not written after a STOP; what is not marketing
/// goes all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_reaches_what_waits_in_a_link() {
    let house = Harness::start(Plan { per_second: 1, ..at(OPEN) }).await;
    // This one takes the second's only place.
    let first = house.send("+33600000001", "Bonjour").await;
    house.reaches(first, State::Delivered).await;
    let advertised = house.accept(marketing(&house)).await.expect("consented, on a Tuesday morning");
    house.reaches(advertised, State::Submitting).await;
    let store = house.gateway.store();
    store
        .record_opt_outs(house.workspace, vec![stop()], house.gateway.now(), Actor::named("test"))
        .await
        .expect("recorded");
    let told = house.send(PHONE, "Votre colis est là").await;
    assert_eq!(house.settles(advertised).await, State::Blocked);
    assert!(says(&house, advertised, "fr.optout.advertiser").await);
    house.reaches(told, State::Delivered).await;
    assert_eq!(house.texts("33612345678"), ["Votre colis est là"]);
    house.stop().await;
}
