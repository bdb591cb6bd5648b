use facteur_domain::{Basis, Msisdn};
use facteur_store::{Accept, Actor, ConsentEntry, ConsentEvent, ConsentFact, NewConsent, Page, StoreError};

use super::world::{OTHER, WORKSPACE, World, at, phone};

const ALL: Page = Page { page: 1, size: 100 };

fn actor() -> Actor {
    Actor::named("ana")
}

pub(crate) fn consent(number: Msisdn, advertiser: &str) -> NewConsent {
    NewConsent {
        number,
        basis: Basis::Consent,
        advertiser: advertiser.to_owned(),
        purpose: "newsletter".to_owned(),
        collected_at: at(-1000),
        source: "https://example.fr/inscription".to_owned(),
        text_shown: "J'accepte de recevoir les offres de Ma Boutique par SMS".to_owned(),
        evidence: Some("form-7".to_owned()),
        professional: false,
    }
}

async fn record(world: &World, consents: Vec<NewConsent>, seconds: i64) -> Vec<ConsentEntry> {
    world.store.record_consents(WORKSPACE, consents, at(seconds), actor()).await.expect("recorded")
}

async fn withdraw(world: &World, number: Msisdn, advertiser: Option<&str>) -> Vec<ConsentEntry> {
    let advertiser = advertiser.map(str::to_owned);
    let done =
        world.store.withdraw_consent(WORKSPACE, number, advertiser, "asked".to_owned(), at(50), actor());
    done.await.expect("withdrawn")
}

/// Requirement `fr-consent-proof`.
pub(crate) async fn what_is_recorded_reads_back_and_is_chained(world: &mut World) {
    let b2b = NewConsent {
        basis: Basis::B2b,
        evidence: None,
        professional: true,
        ..consent(phone(2), "Ma Boutique")
    };
    let given = [consent(phone(1), "Ma Boutique"), b2b, consent(phone(1), "Autre")];
    let entries = record(world, given.to_vec(), 1).await;
    world.restart().await;
    let later = record(world, vec![consent(phone(3), "Ma Boutique")], 2).await;
    let export = world.store.consent_export(WORKSPACE, None, 100).await.expect("read");
    assert_eq!(export, [entries.clone(), later].concat(), "the answers are what was kept");
    for (place, entry) in export.iter().enumerate() {
        assert_eq!(entry.sequence, place as u64 + 1);
        let before = place.checked_sub(1).map_or([0; 32], |before| export[before].hash);
        assert_eq!(entry.previous, before);
        assert_eq!((&entry.event, entry.withdraws), (&ConsentEvent::Given, None));
        assert_eq!((entry.recorded_by.as_str(), entry.workspace), ("ana", WORKSPACE));
    }
    let said: Vec<_> = entries.iter().filter_map(|entry| entry.consent.clone()).collect();
    assert_eq!(said, given);
    let mine = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    assert_eq!(mine, [entries[0].clone(), entries[2].clone()]);
    let rest = world.store.consent_export(WORKSPACE, Some(2), 1).await.expect("read");
    assert_eq!(rest, [entries[2].clone()]);
    let list = world.store.consent_list(WORKSPACE, Page { page: 1, size: 2 }).await.expect("read");
    assert_eq!((list.rows[0].sequence, list.rows[1].sequence, list.total), (4, 3, 4));
}

pub(crate) async fn ledgers_of_workspaces_are_apart(world: &mut World) {
    record(world, vec![consent(phone(1), "Ma Boutique")], 1).await;
    let theirs = world.store.record_consents(OTHER, vec![consent(phone(1), "Autre")], at(2), actor());
    let theirs = theirs.await.expect("recorded");
    assert_eq!((theirs[0].sequence, theirs[0].previous), (1, [0; 32]));
    assert_eq!(world.store.consents(OTHER, phone(1)).await.expect("read"), theirs);
    assert_eq!(world.store.consent_list(OTHER, ALL).await.expect("read").total, 1);
    let standing = world.store.standings(vec![(OTHER, phone(1))]).await.expect("read");
    assert_eq!(standing[0].consents.len(), 1);
    for workspace in [WORKSPACE, OTHER] {
        let report = world.store.verify_consents(workspace).await.expect("verified");
        assert_eq!((report.entries, report.broken_at), (1, None));
    }
}

pub(crate) async fn a_withdrawal_is_an_entry_of_its_own(world: &mut World) {
    let given = record(world, vec![consent(phone(1), "Ma Boutique"), consent(phone(1), "Autre")], 1).await;
    let withdrawn = withdraw(world, phone(1), Some("MA  boutique")).await;
    assert_eq!(withdrawn.len(), 1, "only that advertiser's");
    assert_eq!(withdrawn[0].event, ConsentEvent::Withdrawn { reason: "asked".to_owned() });
    assert_eq!(withdrawn[0].withdraws, Some(given[0].id));
    assert_eq!(withdrawn[0].consent, given[0].consent);
    assert_eq!(withdraw(world, phone(1), Some("Ma Boutique")).await, [], "it was withdrawn before");
    assert_eq!(withdraw(world, phone(2), None).await, [], "nothing held");
    let rest = withdraw(world, phone(1), None).await;
    assert_eq!(rest.iter().map(|entry| entry.withdraws).collect::<Vec<_>>(), [Some(given[1].id)]);
    world.restart().await;
    let all = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    assert_eq!(all, [given, withdrawn, rest].concat());
    let report = world.store.verify_consents(WORKSPACE).await.expect("verified");
    assert_eq!((report.entries, report.broken_at, report.head), (4, None, all[3].hash));
}

pub(crate) async fn a_standing_has_the_last_ground_first(world: &mut World) {
    let bare = NewConsent { source: " ".to_owned(), ..consent(phone(1), "Autre") };
    let given = record(world, vec![consent(phone(1), "Ma Boutique"), bare], 1).await;
    let again = record(world, vec![consent(phone(1), "Ma Boutique")], 20).await;
    withdraw(world, phone(1), Some("Autre")).await;
    let asked = vec![(WORKSPACE, phone(1)), (WORKSPACE, phone(2)), (OTHER, phone(1)), (WORKSPACE, phone(1))];
    let standings = world.store.standings(asked).await.expect("read");
    let fact = |entry: &ConsentEntry, advertiser: &str, proven| ConsentFact {
        id: entry.id,
        basis: Basis::Consent,
        advertiser: advertiser.to_owned(),
        purpose: "newsletter".to_owned(),
        collected_at: at(-1000),
        professional: false,
        proven,
        withdrawn_at: None,
    };
    let expected = [fact(&again[0], "Ma Boutique", true), fact(&given[0], "Ma Boutique", true)];
    assert_eq!(standings[0].consents, expected);
    let ended = ConsentFact { withdrawn_at: Some(at(50)), ..fact(&given[1], "Autre", false) };
    assert_eq!(standings[0].withdrawn, [ended]);
    assert_eq!(standings[3], standings[0], "one answer for each question");
    for nothing in &standings[1..3] {
        assert_eq!((nothing.consents.len(), nothing.withdrawn.len(), nothing.opt_outs.len()), (0, 0, 0));
    }
}

pub(crate) async fn a_message_brings_its_consent_with_it(world: &mut World) {
    let message = world.message(5);
    let accept = Accept {
        verdict: Some("{\"decision\":\"send\"}".to_owned()),
        new_consents: vec![consent(phone(1), "Ma Boutique")],
        ..message.clone().into()
    };
    world.store.accept(accept).await.expect("kept");
    world.restart().await;
    let entries = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0].recorded_by, entries[0].recorded_at), (&message.api_key.to_string(), at(5)));
    let relied = world.store.relied_on(WORKSPACE, message.id).await.expect("read");
    assert_eq!(relied, Some(entries[0].id));
    assert_eq!(world.store.relied_on(OTHER, message.id).await.expect("read"), None);
    // Another one on the same ground; and a third on none.
    let second = world.message(6);
    let accept = Accept { consent: Some(entries[0].id), ..second.clone().into() };
    world.store.accept(accept).await.expect("kept");
    assert_eq!(world.store.relied_on(WORKSPACE, second.id).await.expect("read"), relied);
    let third = world.message(7);
    world.keep(&third).await;
    assert_eq!(world.store.relied_on(WORKSPACE, third.id).await.expect("read"), None);
}

pub(crate) async fn the_same_consent_is_brought_once(world: &mut World) {
    let bring = |seconds: i64, consent: NewConsent| {
        let message = world.message(seconds);
        let accept = Accept { new_consents: vec![consent], ..message.clone().into() };
        (message, world.store.accept(accept))
    };
    let given = consent(phone(1), "Ma Boutique");
    let mut relied = Vec::new();
    for (seconds, consent) in [
        (5, given.clone()),
        (6, given.clone()),
        (7, NewConsent { text_shown: "Autre texte".to_owned(), ..given.clone() }),
    ] {
        let (message, answer) = bring(seconds, consent);
        answer.await.expect("kept");
        relied.push(world.store.relied_on(WORKSPACE, message.id).await.expect("read").expect("a ground"));
    }
    let entries = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!((ids.len(), relied), (2, vec![ids[0], ids[0], ids[1]]));
}

pub(crate) async fn an_old_list_brings_nothing_back(world: &mut World) {
    record(world, vec![consent(phone(1), "Ma Boutique")], 1).await;
    withdraw(world, phone(1), None).await;
    let collected = |seconds: i64, advertiser: &str| NewConsent {
        collected_at: at(seconds),
        ..consent(phone(1), advertiser)
    };
    let again = vec![
        collected(-1000, "Ma Boutique"),
        collected(50, "MA BOUTIQUE"),
        collected(51, "Ma Boutique"),
        collected(-1000, "Autre"),
    ];
    let again = record(world, again, 60).await;
    let standing = world.store.standings(vec![(WORKSPACE, phone(1))]).await.expect("read").remove(0);
    let holds: Vec<_> = standing.consents.iter().map(|fact| fact.id).collect();
    assert_eq!(holds, [again[3].id, again[2].id], "the newer one, and another advertiser's");
    assert_eq!(
        standing.withdrawn.iter().map(|fact| fact.withdrawn_at).collect::<Vec<_>>(),
        [Some(at(50)); 3]
    );
    assert_eq!(withdraw(world, phone(1), Some("Ma Boutique")).await.len(), 1, "only what held");
}

pub(crate) async fn a_refused_message_records_no_consent(world: &mut World) {
    let message = world.message(5);
    world.keep(&message).await;
    let accept = Accept { new_consents: vec![consent(phone(1), "Ma Boutique")], ..message.into() };
    let again = world.store.accept(accept).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(world.store.consents(WORKSPACE, phone(1)).await.expect("read"), []);
}

/// Requirement `fr-verdict-kept`.
/// Requirement `fr-verdict-kept`.
pub(crate) async fn verdicts_are_kept_with_their_message(world: &mut World) {
    let (message, other) = (world.message(0), world.message(1));
    let accept = Accept { verdict: Some("A".to_owned()), ..message.clone().into() };
    world.store.accept(accept).await.expect("kept");
    world.keep(&other).await;
    let of = |id| world.store.verdicts(WORKSPACE, id);
    assert_eq!(of(message.id).await.expect("read"), (Some("A".to_owned()), None));
    for verdict in ["B", "C"] {
        let batch = vec![(message.id, verdict.to_owned())];
        world.store.keep_departure_verdicts(batch).await.expect("kept");
    }
    assert_eq!(of(message.id).await.expect("read"), (Some("A".to_owned()), Some("C".to_owned())));
    assert_eq!(of(other.id).await.expect("read"), (None, None));
    assert_eq!(world.store.verdicts(OTHER, message.id).await.expect("read"), (None, None));
}
