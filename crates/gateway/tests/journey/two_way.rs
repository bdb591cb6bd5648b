//! What phones send, on its whole way: from the phone in the box to what follows, and back to the phone.

use std::time::Duration;

use facteur_domain::{AutoReply, Class, Sender, SenderRecordId, SenderState, State};
use facteur_gateway::{KeywordDraft, Origin, SendRequest};
use facteur_store::{
    Actor, ConversationFilter, Dossier, Item, Publisher, Received, ReceivedFilter, ReplyMeaning,
    SenderRecord, Settings, Subscription,
};

use crate::harness::{Harness, Plan, request};

/// Tuesday night in Paris: marketing may not leave, answers may.
const NIGHT: &str = "2026-11-24T23:00:00+01:00";
const PHONE: &str = "+33612345678";
const CODE: &str = "38180";

/// A house whose workspace has 38180 to itself and says who it is.
async fn house(clock: &'static str) -> Harness {
    let house = Harness::start(Plan { clock: Some(clock), ..Plan::default() }).await;
    let (store, now, actor) = (house.gateway.store(), house.gateway.now(), || Actor::named("test"));
    let record = SenderRecord {
        id: SenderRecordId::from_key(9 << 4),
        workspace: house.workspace,
        sender: CODE.parse().expect("a code"),
        class: Class::Transactional,
        state: SenderState::Pending,
        reason: None,
        decided_by: "test".to_owned(),
        created_at: now,
        decided_at: now,
        dossier: Dossier::default(),
    };
    let sender = record.sender;
    store.declare_sender(record, actor()).await.expect("declared");
    let validated = store.decide_sender(house.workspace, sender, SenderState::Validated, None, now, actor());
    validated.await.expect("validated");
    let publisher = Publisher {
        legal_name: Some("ACME SAS".to_owned()),
        siren: Some("123456782".to_owned()),
        service_contact: Some("acme.example".to_owned()),
        ..Publisher::default()
    };
    let settings = Settings { publisher, ..Settings::of("Acme") };
    store.change_settings(house.workspace, settings, now, actor()).await.expect("changed");
    house.gateway.refresh().await.expect("read again");
    house
}

fn from_code(text: &str) -> SendRequest {
    SendRequest { origin: Origin::SenderId(CODE.to_owned()), ..request(PHONE, text) }
}

/// Waits until the phone has received so many messages.
async fn received(house: &Harness, count: usize) -> Vec<String> {
    let clock = house.gateway.clock();
    let end = clock.instant() + Duration::from_secs(30);
    loop {
        let texts = house.texts(PHONE);
        if texts.len() >= count || clock.instant() > end {
            assert_eq!(texts.len(), count, "{texts:?}");
            return texts;
        }
        clock.pause(Duration::from_millis(10)).await;
    }
}

/// Waits until so many messages of phones are kept, and gives them, newest first.
async fn kept(house: &Harness, count: usize) -> Vec<Received> {
    let clock = house.gateway.clock();
    let end = clock.instant() + Duration::from_secs(30);
    loop {
        let kept = house.gateway.store().received(Some(house.workspace), ReceivedFilter::default(), 100);
        let kept = kept.await.expect("readable");
        if kept.len() >= count || clock.instant() > end {
            assert_eq!(kept.len(), count, "{kept:?}");
            return kept;
        }
        clock.pause(Duration::from_millis(10)).await;
    }
}

/// Requirements `seed-short-code-stop`, `fr-stop-confirmed`, `fr-verdict-kept`.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_confirmed_at_night_once_and_survives_a_restart() {
    let mut house = house(NIGHT).await;
    let first = house.accept(from_code("Votre commande est prête")).await.expect("accepted");
    house.reaches(first, State::Delivered).await;
    house.network.answer(PHONE, CODE, "Stop !").expect("a phone");
    let texts = received(&house, 2).await;
    let said = "Acme: votre désinscription est prise en compte. Vous ne recevrez plus de SMS promotionnels de notre \
                part.";
    assert_eq!(texts[1], said);
    let stop = kept(&house, 1).await.remove(0);
    assert_eq!((stop.meaning, stop.in_reply_to), (ReplyMeaning::Stop, Some(first)));
    let answer = stop.answer.expect("answered");
    house.reaches(answer, State::Delivered).await;
    let answered = house.stored(answer).await.message;
    assert_eq!((answered.auto_reply, answered.sender.to_string().as_str()), (Some(AutoReply::Stop), CODE));
    let (accepted, departed) =
        house.gateway.store().verdicts(house.workspace, answer).await.expect("readable");
    for verdict in [accepted, departed] {
        assert!(verdict.expect("kept").contains("fr.answer.stop"), "the permit is on record");
    }
    house.restart().await;
    house.network.wait_until(|stats| stats.bound > 0).await;
    house.network.answer(PHONE, CODE, "STOP").expect("a phone");
    assert_eq!(kept(&house, 2).await[0].answer, None, "once");
    assert_eq!(house.texts(PHONE).len(), 2);
    house.stop().await;
}

/// Requirement `fr-contact-reply`.
#[tokio::test(flavor = "multi_thread")]
async fn contact_is_answered_and_start_is_a_consent() {
    let house = house(NIGHT).await;
    house.network.answer(PHONE, CODE, "stop").expect("a phone");
    received(&house, 1).await;
    house.network.answer(PHONE, CODE, "CONTACT").expect("a phone");
    let said = "Service édité par ACME SAS, SIREN 123 456 782. Service client: acme.example. STOP pour ne plus \
                recevoir de SMS.";
    assert_eq!(received(&house, 2).await[1], said);
    house.network.answer(PHONE, CODE, "START").expect("a phone");
    assert!(received(&house, 3).await[2].starts_with("Acme: vous recevrez de nouveau nos SMS."));
    let start = kept(&house, 3).await.remove(0);
    let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
    let ledger = house.gateway.store().consents(house.workspace, number).await.expect("readable");
    let consent = ledger[0].consent.as_ref().expect("there");
    assert_eq!(consent.evidence, Some(start.id.to_string()));
    house.stop().await;
}

/// Requirements `fr-session`, `seed-short-code-replies`, `fr-mo-whole`.
#[tokio::test(flavor = "multi_thread")]
async fn who_writes_is_answered_at_night_and_who_does_not_is_not() {
    let house = house(NIGHT).await;
    let answer =
        || SendRequest { class: Some(Class::Conversational), ..from_code("Bonjour, oui, jusqu'à 19 h.") };
    let refused = house.accept(answer()).await.expect_err("nobody wrote");
    assert!(refused.details.iter().any(|detail| detail.rule == Some("fr.session.closed")), "{refused:?}");
    assert!(refused.suggestion.is_some_and(|cure| cure.contains("transactional")));
    // A long question, in several parts.
    let question = "Bonjour, êtes-vous ouverts samedi ? ".repeat(9);
    house.network.answer(PHONE, CODE, &question).expect("a phone");
    let asked = kept(&house, 1).await.remove(0);
    assert_eq!((asked.text.as_str(), asked.is_complete()), (question.as_str(), true));
    assert!(asked.parts > 1, "{}", asked.parts);
    let sent = house.accept(answer()).await.expect("the person wrote");
    house.reaches(sent, State::Delivered).await;
    // Marketing stays marketing.
    let offer = SendRequest { message: "Soldes ! STOP au 36180".to_owned(), ..answer() };
    assert!(house.accept(offer).await.is_err());
    let threads = house.gateway.store().conversations(house.workspace, ConversationFilter::default(), 10);
    let threads = threads.await.expect("readable");
    let items =
        house.gateway.store().items(house.workspace, threads[0].id, None, 10).await.expect("readable");
    assert!(matches!(items.as_slice(), [Item::Sent(_), Item::Received(_)]), "{items:?}");
    // STOP ends the conversation.
    house.network.answer(PHONE, CODE, "stop svp").expect("a phone");
    received(&house, 2).await;
    let refused = house.accept(answer()).await.expect_err("they said STOP");
    assert!(refused.details.iter().any(|detail| detail.rule == Some("fr.session.closed")), "{refused:?}");
    house.stop().await;
}

/// Requirement `seed-short-code-replies`.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_answers_subscribes_and_is_checked_when_it_is_made() {
    let house = house(NIGHT).await;
    let draft = |words: &[&str], reply: &str| KeywordDraft {
        code: CODE.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        prefix: true,
        reply: Some(reply.to_owned()),
        subscription: None,
    };
    let make = |draft| house.gateway.create_keyword(house.workspace, draft, Actor::named("test"));
    for (wrong, field) in [
        (draft(&["stop"], "non"), "words"),
        (draft(&["!!!"], "non"), "words"),
        (draft(&["ok"], ""), "reply"),
        (draft(&["ok"], "Appelez le 0899 12 34 56"), "reply"),
        (KeywordDraft { code: "36999".to_owned(), ..draft(&["ok"], "oui") }, "code"),
        (KeywordDraft { reply: None, ..draft(&[], "") }, "reply"),
    ] {
        let refused = make(wrong.clone()).await.expect_err("wrong");
        assert!(refused.details.iter().any(|detail| detail.field == field), "{wrong:?}: {refused:?}");
    }
    let subscription = Subscription {
        advertiser: "Acme".to_owned(),
        purpose: "club".to_owned(),
        text_shown: "Envoyez CLUB au 38180".to_owned(),
    };
    let club = KeywordDraft { subscription: Some(subscription), ..draft(&["CLUB"], "Bienvenue au club !") };
    make(club).await.expect("made");
    make(draft(&["club"], "autre")).await.expect_err("taken");
    make(draft(&[], "Ce numéro ne répond qu'à CLUB.")).await.expect("a default answer");
    house.network.answer(PHONE, CODE, "Club svp").expect("a phone");
    assert_eq!(received(&house, 1).await[0], "Bienvenue au club !");
    let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
    let ledger = house.gateway.store().consents(house.workspace, number).await.expect("readable");
    assert_eq!(ledger[0].consent.as_ref().map(|consent| consent.purpose.as_str()), Some("club"));
    house.network.answer(PHONE, CODE, "c'est quoi ?").expect("a phone");
    assert_eq!(received(&house, 2).await[1], "Ce numéro ne répond qu'à CLUB.");
    house.stop().await;
}

/// Requirement `seed-sender-no-reply`.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_cannot_reply_to_a_sender_id() {
    let house = house(NIGHT).await;
    // The number ending in 86 answers OUI to whoever can be answered.
    let to = "+33639980086";
    let named = house.send(to, "Confirmez-vous votre rendez-vous ?").await;
    house.reaches(named, State::Delivered).await;
    let progress: Vec<_> = house.network.phone(to).into_iter().map(|message| message.progress).collect();
    assert_eq!(progress.last(), Some(&facteur_smsc::Progress::Impossible), "{progress:?}");
    let coded = SendRequest { origin: Origin::SenderId(CODE.to_owned()), ..request(to, "Et maintenant ?") };
    let coded = house.accept(coded).await.expect("accepted");
    house.reaches(coded, State::Delivered).await;
    let yes = kept(&house, 1).await.remove(0);
    assert_eq!((yes.text.as_str(), yes.sender), ("OUI", Some(CODE.parse::<Sender>().expect("a code"))));
    assert_eq!(yes.in_reply_to, Some(coded));
    house.stop().await;
}

/// Requirements `fr-mo-failing`, `fr-stop-unattributed`.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_handling_always_fails_is_kept_as_it_came_and_its_stop_counts() {
    let house = house(NIGHT).await;
    let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
    // A row that nobody can read, among those that are read with every message of this phone.
    let file = rusqlite::Connection::open(house.database()).expect("opens");
    file.execute(
        "INSERT INTO written (phone, code, workspace, sender, message, at, marketing_at) \
         VALUES (?1, 38180, 16, '', 16, ?2, NULL)",
        [i64::try_from(number.digits()).expect("fits"), house.gateway.now().millis()],
    )
    .expect("written");
    let standing = async || {
        let asked = vec![(house.workspace, number)];
        house.gateway.store().standings(asked).await.expect("read").remove(0).opt_outs.len()
    };
    house.network.answer(PHONE, CODE, "STOP svp").expect("a phone");
    let filter = facteur_store::ReceivedFilter::default;
    let clock = house.gateway.clock();
    let end = clock.instant() + Duration::from_secs(60);
    let raw = loop {
        let mut nobodys = house.gateway.store().received(None, filter(), 10).await.expect("read");
        if let Some(raw) = nobodys.pop() {
            break raw;
        }
        assert!(clock.instant() < end, "it is never kept");
        clock.pause(Duration::from_millis(50)).await;
    };
    assert_eq!((raw.text.as_str(), raw.meaning), ("STOP svp", ReplyMeaning::Stop));
    assert!(raw.rule.is_some_and(|rule| rule.starts_with("kept as it came: ")));
    assert_eq!(standing().await, 1, "for the whole platform");
    assert!(house.gateway.metrics().contains("facteur_inbound_raw_messages_total 1"), "counted");
    // Once the row is mended, START from the same phone to the same code lifts it.
    file.execute("DELETE FROM written WHERE sender = ''", []).expect("mended");
    house.network.answer(PHONE, CODE, "START").expect("a phone");
    received(&house, 1).await;
    assert_eq!(standing().await, 0);
    house.stop().await;
}

/// Requirements `fr-stop-unattributed`, `fr-stop-confirmed`.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_stop_and_start_to_a_code_of_nobody_is_answered_in_nobodys_name() {
    let house = house(NIGHT).await;
    let number = facteur_domain::Msisdn::parse(PHONE).expect("valid");
    let standing = async || {
        let asked = vec![(house.workspace, number)];
        house.gateway.store().standings(asked).await.expect("read").remove(0).opt_outs.len()
    };
    house.network.answer(PHONE, "36999", "STOP").expect("a phone");
    assert_eq!(received(&house, 1).await, ["Votre désinscription est prise en compte."]);
    assert_eq!(standing().await, 1);
    house.network.answer(PHONE, "36999", "START").expect("a phone");
    let said = "Vous recevrez de nouveau nos SMS. STOP au 36999 pour vous désinscrire.";
    assert_eq!(received(&house, 2).await[1], said);
    assert_eq!(standing().await, 0);
    house.stop().await;
}
