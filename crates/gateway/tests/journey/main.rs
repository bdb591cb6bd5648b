//! The gateway against the network in the box: a message's whole way, and every way in which an
//! operator can get in it.

mod compliance;
mod harness;
mod stalled;
mod two_way;

use std::time::Duration;

use facteur_domain::{Class, Sender, SenderState, State};
use facteur_gateway::{Caller, Code, Glimpse, IdempotencyKey, Link, Reply, StoredAnswer, UnknownPolicy};
use facteur_smpp::Status;
use facteur_smsc::{Cut, Refuse};
use harness::{Harness, Plan, text_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_the_phone_and_its_receipt_comes_back() {
    let house = Harness::start(Plan::default()).await;
    let id = house.send("+33612345678", "Bonjour, ceci est un message de test").await;
    house.reaches(id, State::Delivered).await;
    assert_eq!(house.texts("33612345678"), ["Bonjour, ceci est un message de test"]);
    // seed-sender-shown
    assert_eq!(house.network.phone("33612345678")[0].party, "MyCompany");
    let stored = house.stored(id).await;
    assert_eq!(stored.route.as_deref(), Some("box"));
    assert!(!stored.possible_duplicate);
    let story = house.story(id).await;
    for step in ["accepted", "handed_over", "taken", "receipt"] {
        assert!(story.iter().any(|s| s.what == step), "{step} in {story:?}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_arrive_whole_in_both_alphabets() {
    let house = Harness::start(Plan::default()).await;
    let gsm = "Rendez-vous à 10h30 € ".repeat(20);
    let ucs = "Où ça ? Là-bas, à l’hôtel 🙂 ".repeat(9);
    let a = house.send("+33611111111", gsm.trim()).await;
    let b = house.send("+33622222222", ucs.trim()).await;
    house.reaches(a, State::Delivered).await;
    house.reaches(b, State::Delivered).await;
    assert!(house.stored(a).await.message.parts > 1 && house.stored(b).await.message.parts > 1);
    assert_eq!(house.texts("33611111111"), [gsm.trim()]);
    assert_eq!(house.texts("33622222222"), [ucs.trim()]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transmitter_and_a_receiver_work_as_one_bind() {
    let house = Harness::start(Plan { link: Link::TransmitterReceiver, ..Plan::default() }).await;
    let id = house.send("+33612345678", "Bonjour").await;
    house.reaches(id, State::Delivered).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_test_number_meets_its_end() {
    let house = Harness::start(Plan {
        settle_wait: Duration::from_secs(20),
        response_timeout: Duration::from_secs(1),
        ..Plan::default()
    })
    .await;
    let number = |last: u8| format!("+336399800{last:02}");
    let ends = [
        (0, State::Delivered),
        (79, State::Delivered),
        (80, State::Undelivered),
        (81, State::Expired),
        (84, State::Delivered),
        (87, State::Delivered),
        (88, State::Delivered),
        (89, State::Delivered),
        (90, State::Delivered),
    ];
    let mut sent = Vec::new();
    for (last, end) in ends {
        sent.push((last, house.send(&number(last), &format!("numéro {last}")).await, end));
    }
    let never = house.send(&number(83), "jamais").await;
    for (last, id, end) in sent {
        let state = house.settles(id).await;
        assert_eq!(state, end, "number {last}");
        assert_eq!(house.texts(&number(last)[1..]).len(), usize::from(last != 80 && last != 81), "{last}");
    }
    house.reaches(never, State::Submitted).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_unknown_until_its_policy_decides() {
    // The answer is lost and no receipt comes: nothing can be known.
    let plan = Plan {
        settle_wait: Duration::from_millis(300),
        response_timeout: Duration::from_millis(300),
        unknown: vec![(Class::Transactional, UnknownPolicy::Resend), (Class::Alert, UnknownPolicy::Leave)],
        ..Plan::default()
    };
    let house = Harness::start(plan).await;
    house.network.change_faults(|f| {
        f.drop_next_answers = 2;
        f.receipts_withheld = true;
    });
    let resent = house.send_as("+33612345678", "deux fois peut-être", Some(Class::Transactional)).await;
    let left = house.send_as("+33687654321", "une fois au plus", Some(Class::Alert)).await;
    house.reaches(left, State::Unknown).await;
    house.reaches(resent, State::Submitted).await;
    let stored = house.stored(resent).await;
    assert!(stored.possible_duplicate && stored.attempts == 2, "{stored:?}");
    assert_eq!(house.texts("33612345678").len(), 2);
    assert_eq!(house.texts("33687654321").len(), 1);
    assert!(!house.stored(left).await.possible_duplicate);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_refusals() {
    let house = Harness::start(Plan { attempts_max: 3, ..Plan::default() }).await;
    // Never: refused for good, with the operator's word.
    house.network.change_faults(|f| f.refuse = Some(Refuse { status: Status(0x0B), next: 1 }));
    let never = house.send("+33612345678", "jamais").await;
    house.reaches(never, State::Rejected).await;
    assert!(
        house.stored(never).await.error.is_some_and(|e| e.contains("ESME_RINVDSTADR")),
        "told to the customer"
    );
    // Later: offered again and taken.
    house.network.change_faults(|f| f.refuse = Some(Refuse { status: Status(0x64), next: 1 }));
    let later = house.send("+33612345679", "plus tard").await;
    house.reaches(later, State::Delivered).await;
    assert_eq!(house.texts("33612345679").len(), 1);
    // Later for ever: given up after the bound.
    house.network.change_faults(|f| f.refuse = Some(Refuse { status: Status(0x64), next: 100 }));
    let bounded = house.send("+33612345670", "toujours plus tard").await;
    house.reaches(bounded, State::Rejected).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_message_is_sent_anew_and_both_stories_tell() {
    let house = Harness::start(Plan::default()).await;
    house.network.change_faults(|f| f.refuse = Some(Refuse { status: Status(0x0B), next: 1 }));
    let first = house.send("+33612345678", "encore").await;
    house.reaches(first, State::Rejected).await;
    let person = Caller::person(7 << 4, house.workspace, "Acme", false);
    let key = || {
        let (key, route) = ("form-1".to_owned(), "POST /console/messages/anew");
        Some(IdempotencyKey { key, route, fingerprint: [1; 32] })
    };
    let answer = |message: &facteur_domain::Message| StoredAnswer {
        status: 200,
        body: message.id.to_string().into_bytes().into(),
    };
    let Reply::New(kept) = house.gateway.send_anew(&person, first, key(), answer).await.expect("sent") else {
        panic!("it is new")
    };
    // A second click says the same and sends nothing.
    let again = house.gateway.send_anew(&person, first, key(), answer).await.expect("answered");
    assert_eq!(again, Reply::Replayed(kept.clone()));
    let second = std::str::from_utf8(&kept.body).expect("an id").parse().expect("an id");
    house.reaches(second, State::Delivered).await;
    assert_eq!(house.texts("33612345678"), ["encore"]);
    for (id, what, other) in [(first, "sent_anew", second), (second, "copy_of", first)] {
        let story = house.story(id).await;
        let told = story.iter().find(|step| step.what == what).and_then(|step| step.detail.clone());
        assert_eq!(told, Some(other.to_string()));
    }
    // What somebody has is not sent twice.
    let refused = house.gateway.send_anew(&person, second, None, answer).await.expect_err("delivered");
    assert_eq!((refused.code, refused.param), (Code::InvalidRequestBody, Some("id")));
    let stranger = Caller::person(7 << 4, facteur_domain::WorkspaceId::from_key(1), "Other", false);
    let hidden = house.gateway.send_anew(&stranger, first, None, answer).await.expect_err("not theirs");
    assert_eq!(hidden.code, Code::MessageNotFound);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sent_anew_and_what_stays_a_test() {
    let house = Harness::start(Plan::default()).await;
    let store = house.gateway.store();
    let person = Caller::person(7 << 4, house.workspace, "Acme", false);
    let answer = |message: &facteur_domain::Message| StoredAnswer {
        status: 200,
        body: message.id.to_string().into_bytes().into(),
    };
    // A code that is no longer good.
    house.network.change_faults(|f| f.refuse = Some(Refuse { status: Status(0x0B), next: 1 }));
    let code = house.send_as("+33612345678", "Votre code : 4242", Some(Class::Otp)).await;
    house.reaches(code, State::Rejected).await;
    let refused = house.gateway.send_anew(&person, code, None, answer).await.expect_err("an OTP");
    assert!(refused.message.contains("one-time password"), "{refused:?}");
    // One whose text is no longer kept.
    house.network.change_faults(|f| f.refuse = Some(Refuse { status: Status(0x0B), next: 1 }));
    let old = house.send("+33612345678", "il y a longtemps").await;
    house.reaches(old, State::Rejected).await;
    let tomorrow = house.gateway.now().plus(Duration::from_secs(2 * 86_400));
    let before = facteur_store::forgotten_before(tomorrow, Duration::ZERO);
    while store.forget(facteur_store::Forget::Texts(Class::Transactional), before).await.expect("forgotten") {
    }
    let refused = house.gateway.send_anew(&person, old, None, answer).await.expect_err("no text");
    assert!(refused.message.contains("no longer kept"), "{refused:?}");
    assert_eq!(house.texts("33612345678"), [""; 0]);
    // A test that was cancelled.
    let tester = Caller::person(7 << 4, house.workspace, "Acme", true);
    let send_at = Some(house.gateway.now().plus(Duration::from_secs(3600)));
    let later = facteur_gateway::SendRequest {
        send_at,
        class: Some(Class::Alert),
        ..harness::request("+33612345678", "essai")
    };
    let Reply::New(kept) = house.gateway.accept(&tester, later, answer).await.expect("accepted") else {
        panic!("it is new")
    };
    let test = std::str::from_utf8(&kept.body).expect("an id").parse().expect("an id");
    store
        .cancel(house.workspace, test, house.gateway.now(), facteur_store::Actor::named("test"))
        .await
        .expect("cancelled");
    let Reply::New(kept) = house.gateway.send_anew(&person, test, None, answer).await.expect("sent") else {
        panic!("it is new")
    };
    let anew = std::str::from_utf8(&kept.body).expect("an id").parse().expect("an id");
    assert!(house.stored(anew).await.message.test, "it stays a test");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_is_told_what_changes() {
    let house = Harness::start(Plan::default()).await;
    let mut feed = house.gateway.news(house.workspace);
    let id = house.send("+33639980001", "Bonjour").await;
    let glimpse = tokio::time::timeout(Duration::from_secs(10), feed.next()).await.expect("in time");
    assert_eq!(glimpse, Some(Glimpse { messages: vec![id], ..Glimpse::default() }));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_links_break() {
    let house = Harness::start(Plan { settle_wait: Duration::from_millis(500), ..Plan::default() }).await;
    let mut ids = Vec::new();
    for round in 0..6_u32 {
        match round {
            1 => house.network.change_faults(|f| f.cut = Some(Cut { after: 3, answered: true })),
            2 => house.network.change_faults(|f| f.cut = Some(Cut { after: 3, answered: false })),
            3 => house.network.unbind_all(),
            4 => house.network.change_faults(|f| f.garbage = 1),
            5 => house.network.change_faults(|f| f.bad_pdus = 3),
            _ => {}
        }
        for i in 0..20_u32 {
            let number = format!("+336{:08}", 10_000_000 + round * 100 + i);
            ids.push((number.clone(), house.send(&number, &text_of(&number)).await));
        }
        for (_, id) in &ids {
            house.reaches(*id, State::Delivered).await;
        }
    }
    for (number, id) in ids {
        let count = house.texts(&number[1..]).len();
        let stored = house.stored(id).await;
        assert!(count == 1 || (count > 1 && stored.possible_duplicate), "{count} times, {stored:?}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_out_of_order_and_doubled_receipts_confuse_nobody() {
    let house = Harness::start(Plan::default()).await;
    house.network.change_faults(|f| {
        f.answers_reversed_by = 7;
        f.receipts_doubled = true;
        f.receipts_other_id = true;
    });
    let mut ids = Vec::new();
    for i in 0..50 {
        ids.push(house.send(&format!("+33640{i:06}"), "Bonjour").await);
    }
    for id in ids {
        house.reaches(id, State::Delivered).await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_disabled_in_between_stops_the_message() {
    let house = Harness::start(Plan::default()).await;
    let id = house.send_later("+33612345678", "demain", Duration::from_millis(1_500)).await;
    house.reaches(id, State::Scheduled).await;
    let sender: Sender = "MyCompany".parse().expect("valid");
    house.decide(sender, SenderState::Disabled).await;
    house.reaches(id, State::Blocked).await;
    let story = house.story(id).await;
    assert!(
        story.iter().any(|s| s.detail.as_deref().is_some_and(|d| d.contains("fr.sender.disabled"))),
        "{story:?}"
    );
    assert!(house.texts("33612345678").is_empty());
    assert_eq!(house.try_send("+33612345678", "x").await.map_err(|r| r.code), Err(Code::SenderIdNotActive));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_leaves_at_its_time_and_a_cancelled_one_never() {
    let house = Harness::start(Plan::default()).await;
    let leaves = house.send_later("+33612345678", "plus tard", Duration::from_millis(700)).await;
    let stays = house.send_later("+33612345679", "jamais", Duration::from_millis(700)).await;
    house
        .gateway
        .cancel(house.workspace, stays, facteur_store::Actor::named("ana"))
        .await
        .expect("still waits");
    house.reaches(leaves, State::Delivered).await;
    assert_eq!(house.stored(stays).await.state, State::Cancelled);
    assert!(house.texts("33612345679").is_empty());
    let again = house
        .gateway
        .cancel(house.workspace, stays, facteur_store::Actor::named("ana"))
        .await
        .expect_err("not twice");
    assert_eq!(again.code, Code::MessageNotCancellable);
    let late = house
        .gateway
        .cancel(house.workspace, leaves, facteur_store::Actor::named("ana"))
        .await
        .expect_err("it has left");
    assert_eq!(late.code, Code::MessageNotCancellable);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_a_restart_and_a_dead_operator() {
    let mut house = Harness::start(Plan::default()).await;
    house.network.change_faults(|f| f.refuse_binds = Some(Status(0x0D)));
    house.network.cut().await;
    let id = house.send("+33612345678", "patience").await;
    house.reaches(id, State::Queued).await;
    house.restart().await;
    assert_eq!(house.stored(id).await.state, State::Queued);
    house.network.change_faults(|f| f.refuse_binds = None);
    house.reaches(id, State::Delivered).await;
    assert_eq!(house.texts("33612345678").len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_late_lapses() {
    let house = Harness::start(Plan { otp_validity: Duration::from_millis(300), ..Plan::default() }).await;
    house.network.change_faults(|f| f.refuse_binds = Some(Status(0x0D)));
    house.network.cut().await;
    let id = house.send_as("+33612345678", "123456", Some(Class::Otp)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    house.network.change_faults(|f| f.refuse_binds = None);
    house.reaches(id, State::Expired).await;
    assert!(house.texts("33612345678").is_empty());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_keeps_to_its_rate() {
    let house = Harness::start(Plan { per_second: 20, ..Plan::default() }).await;
    let begun = house.gateway.clock().instant();
    let mut ids = Vec::new();
    for i in 0..41 {
        ids.push(house.send(&format!("+33641{i:06}"), "Bonjour").await);
    }
    for id in ids {
        house.reaches(id, State::Delivered).await;
    }
    let took = house.gateway.clock().instant() - begun;
    assert!(took >= Duration::from_millis(1_900), "41 messages at 20 a second took {took:?}");
    assert_eq!(house.network.stats().throttled, 0);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_route_fails_over_to_the_next() {
    let house = Harness::start(Plan { dead_route_first: true, ..Plan::default() }).await;
    let id = house.send("+33612345678", "par l'autre chemin").await;
    house.reaches(id, State::Delivered).await;
    assert_eq!(house.stored(id).await.route.as_deref(), Some("box"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_routes_never_carry_fiction() {
    let house = Harness::start(Plan { dev: false, sandbox: false, ..Plan::default() }).await;
    let refusal = house.try_send("+33639980001", "essai").await.expect_err("a live key");
    assert_eq!(refusal.code, Code::InvalidToNumber);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_answers_and_says_what_remains() {
    let house = Harness::start(Plan::default()).await;
    house.network.change_faults(|f| f.answer_delay = Duration::from_millis(400));
    let id = house.send("+33612345678", "au revoir").await;
    house.reaches(id, State::Submitting).await;
    let report = house.gateway.shut_down(Duration::from_secs(5)).await;
    assert!(!report.cut_short && report.unanswered == 0, "{report:?}");
    house.network.wait_until(|stats| stats.bound == 0).await;
}

/// The clock is set back by an hour while the gateway is down: ids go on from the newest message, so that none is
/// given twice.
#[tokio::test(flavor = "multi_thread")]
async fn ids_go_on_when_the_clock_was_set_back() {
    let plan = Plan { clock: Some("2026-11-24T10:00:00+01:00"), ..Plan::default() };
    let mut house = Harness::start(plan).await;
    let before = house.send("+33612345678", "Bonjour").await;
    house.reaches(before, State::Delivered).await;
    house.restart_at("2026-11-24T09:00:00+01:00").await;
    let after = house.send("+33612345678", "Rebonjour").await;
    assert!(after > before, "{after} after {before}");
    house.reaches(after, State::Delivered).await;
    house.restart_at("2026-11-25T09:00:00+01:00").await;
    let now = house.gateway.now();
    let later = house.send("+33612345678", "Encore").await;
    assert!(later.made_at() >= now, "the clock is ahead again: {later}");
    house.stop().await;
}
