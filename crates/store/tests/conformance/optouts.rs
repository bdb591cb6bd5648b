use facteur_domain::{Class, Message, OptOutScope, SenderRecordId, SenderState, State};
use facteur_store::{
    Actor, AuditFilter, Departed, Dossier, HandOver, Hold, NewConsent, NewOptOut, OptOut, OptOutFilter,
    OptOutState, Page, SenderRecord, Settings, StoreError, Workspace,
};

use super::consents::consent;
use super::world::{OTHER, WORKSPACE, World, at, moves, phone};

const ALL: Page = Page { page: 1, size: 100 };

fn actor() -> Actor {
    Actor::named("ana")
}

/// Two workspaces, "Acme" and "Other"; the first has a sender of another advertiser, `SecondName`.
async fn companies(world: &World) {
    for (id, name) in [(WORKSPACE, "Acme"), (OTHER, "Other")] {
        let workspace = Workspace { id, name: name.to_owned(), created_at: at(0) };
        world.store.create_workspace(workspace, actor()).await.expect("made");
    }
    let record = SenderRecord {
        id: SenderRecordId::from_key(16),
        workspace: WORKSPACE,
        sender: "SecondName".parse().expect("a sender"),
        class: Class::Marketing,
        state: SenderState::Validated,
        reason: None,
        decided_by: "ana".to_owned(),
        created_at: at(0),
        decided_at: at(0),
        dossier: Dossier { advertiser: Some("Second".to_owned()), ..Dossier::default() },
    };
    world.store.declare_sender(record, actor()).await.expect("declared");
}

fn stop(scope: OptOutScope, advertiser: Option<&str>) -> NewOptOut {
    NewOptOut {
        number: phone(1),
        scope,
        advertiser: advertiser.map(str::to_owned),
        source: "stop_reply".to_owned(),
        reason: None,
    }
}

async fn say(world: &World, stop: NewOptOut, seconds: i64) -> OptOut {
    let recorded = world.store.record_opt_outs(WORKSPACE, vec![stop], at(seconds), actor());
    recorded.await.expect("recorded").0.remove(0)
}

async fn marketing(world: &World, sender: &str) -> Message {
    let sender = sender.parse().expect("a sender");
    let message = Message { class: Class::Marketing, sender, ..world.message(0) };
    world.keep(&message).await;
    message
}

async fn depart(world: &World, message: &Message) -> Departed {
    world.store.depart(vec![world.order(message, 60)]).await.expect("answered")
}

/// Whether a message may leave after a STOP; what may not is blocked, and its story says by which rule.
async fn check(world: &World, message: &Message, rule: Option<&str>) {
    let departed = depart(world, message).await;
    match rule {
        None => assert_eq!((departed.given.as_slice(), departed.blocked.len()), (&[1][..], 0)),
        Some(rule) => {
            assert_eq!(departed.given, [0]);
            assert_eq!(moves(&departed.blocked), [(State::Queued, State::Blocked)]);
            let story = world.store.story(message.workspace, message.id).await.expect("read");
            let why = story.last().and_then(|step| step.detail.clone()).expect("a reason");
            assert!(why.starts_with(&format!("{rule}: ")), "{why}");
        }
    }
}

pub(crate) async fn a_stop_reads_back(world: &mut World) {
    companies(world).await;
    let said =
        NewOptOut { reason: Some("par téléphone".to_owned()), ..stop(OptOutScope::Advertiser, None) };
    let recorded = say(world, said, 5).await;
    world.restart().await;
    let expected = OptOut {
        id: recorded.id,
        workspace: WORKSPACE,
        number: Some(phone(1)),
        scope: OptOutScope::Advertiser,
        advertiser: Some("Acme".to_owned()),
        source: "stop_reply".to_owned(),
        reason: Some("par téléphone".to_owned()),
        state: OptOutState::Confirmed,
        created_at: at(5),
        created_by: "ana".to_owned(),
        lifted: None,
    };
    let of = |number| world.store.opt_outs(WORKSPACE, number, ALL);
    assert_eq!(of(Some(phone(1))).await.expect("read").rows, std::slice::from_ref(&expected));
    assert_eq!(of(Some(phone(2))).await.expect("read").rows, []);
    assert_eq!(world.store.opt_outs(OTHER, Some(phone(1)), ALL).await.expect("read").total, 0);
    let again = say(world, stop(OptOutScope::Advertiser, Some("ACME")), 9).await;
    assert_eq!(again, expected, "the same STOP is one");
    let wider = say(world, stop(OptOutScope::Workspace, Some("ignored")), 10).await;
    assert_eq!((wider.scope, wider.advertiser), (OptOutScope::Workspace, None));
    assert_eq!(of(None).await.expect("read").total, 2);
}

pub(crate) async fn a_stop_withdraws_what_waits_of_its_advertiser(world: &mut World) {
    companies(world).await;
    let due = marketing(world, "MyCompany").await;
    let scheduled = Message { class: Class::Marketing, send_at: at(900), ..world.message(0) };
    world.keep(&scheduled).await;
    let second = marketing(world, "SecondName").await;
    let code = world.accepted(1, phone(1)).await;
    let elsewhere = Message { class: Class::Marketing, recipient: phone(2), ..world.message(0) };
    world.keep(&elsewhere).await;
    let theirs = Message { class: Class::Marketing, workspace: OTHER, ..world.message(0) };
    world.keep(&theirs).await;
    let done =
        world.store.record_opt_outs(WORKSPACE, vec![stop(OptOutScope::Advertiser, None)], at(5), actor());
    let (_, changes) = done.await.expect("recorded");
    let mut ended: Vec<_> = changes.iter().map(|change| (change.message, change.to)).collect();
    ended.sort_unstable_by_key(|(message, _)| *message);
    assert_eq!(ended, [(due.id, State::Blocked), (scheduled.id, State::Blocked)]);
    world.restart().await;
    for message in [&second, &code, &elsewhere, &theirs] {
        assert_eq!(world.state(message).await, State::Queued, "{:?}", message.sender);
        check(world, message, None).await;
    }
    check(world, &marketing(world, "MyCompany").await, Some("fr.optout.advertiser")).await;
}

/// Requirement `fr-optout-scope`.
pub(crate) async fn scopes_reach_as_far_as_they_say(world: &mut World) {
    use OptOutScope::{Advertiser, Platform, Workspace};
    companies(world).await;
    let theirs = || Message { class: Class::Marketing, workspace: OTHER, ..world.message(0) };
    let cases = [
        (Advertiser, Some("second"), [None, Some("fr.optout.advertiser"), None]),
        (Advertiser, Some("Nobody"), [None, None, None]),
        (Workspace, None, [Some("fr.optout.workspace"), Some("fr.optout.workspace"), None]),
        (Platform, None, [Some("fr.optout.platform"); 3]),
    ];
    for (scope, advertiser, rules) in cases {
        let recorded = say(world, stop(scope, advertiser), 5).await;
        let foreign = theirs();
        world.keep(&foreign).await;
        let messages = [marketing(world, "MyCompany").await, marketing(world, "SecondName").await, foreign];
        for (message, rule) in messages.iter().zip(rules) {
            check(world, message, rule).await;
        }
        // A transactional message passes; one judged as marketing does not.
        let plain = world.accepted(1, phone(1)).await;
        check(world, &plain, None).await;
        let judged = world.accepted(1, phone(1)).await;
        let order = HandOver { marketing: true, ..world.order(&judged, 60) };
        let given = world.store.hand_over(vec![order]).await.expect("answered");
        assert_eq!(given.is_empty(), rules[0].is_some(), "{scope}");
        let consent = NewConsent {
            collected_at: at(6),
            ..consent(phone(1), recorded.advertiser.as_deref().unwrap_or("Acme"))
        };
        let lifted = world.store.lift_opt_out(
            WORKSPACE,
            recorded.id,
            "agreed again".to_owned(),
            Some(consent),
            at(7),
            actor(),
        );
        lifted.await.expect("lifted");
    }
    check(world, &marketing(world, "MyCompany").await, None).await;
}

pub(crate) async fn a_stop_follows_a_new_name(world: &mut World) {
    companies(world).await;
    say(world, stop(OptOutScope::Advertiser, None), 5).await;
    let renamed = Settings { advertiser: "Acme Plus".to_owned(), ..Settings::of("Acme") };
    world.store.change_settings(WORKSPACE, renamed, at(6), actor()).await.expect("changed");
    check(world, &marketing(world, "MyCompany").await, Some("fr.optout.advertiser")).await;
    check(world, &marketing(world, "SecondName").await, None).await;
    let standing = world.store.standings(vec![(WORKSPACE, phone(1))]).await.expect("read").remove(0);
    let mut names: Vec<_> = standing.opt_outs.into_iter().filter_map(|stop| stop.advertiser).collect();
    names.sort_unstable();
    assert_eq!(names, ["Acme", "Acme Plus"]);
}

pub(crate) async fn what_has_left_is_not_withdrawn(world: &mut World) {
    companies(world).await;
    let message = Message { class: Class::Marketing, parts: 2, ..world.message(0) };
    world.keep(&message).await;
    let order = HandOver { parts_owed: 0b01, ..world.order(&message, 1) };
    assert_eq!(world.store.hand_over(vec![order]).await.expect("handed over"), [message.id]);
    world.taken(&message, 0, 2, "A").await;
    say(world, stop(OptOutScope::Advertiser, None), 5).await;
    let read = world.read(&message).await;
    assert_eq!(read.state, State::Submitted, "the first part's receipt is awaited");
    assert_eq!(depart(world, &message).await.given, [0], "and the second does not leave");
}

pub(crate) async fn a_stop_is_lifted_only_on_a_new_consent(world: &mut World) {
    companies(world).await;
    let recorded = say(world, stop(OptOutScope::Advertiser, None), 5).await;
    say(world, stop(OptOutScope::Advertiser, None), 6).await;
    let fresh = NewConsent { collected_at: at(7), ..consent(phone(1), "Acme") };
    let lift = |reason: &str, consent: Option<NewConsent>| {
        world.store.lift_opt_out(WORKSPACE, recorded.id, reason.to_owned(), consent, at(9), actor())
    };
    let wrong = [
        (" ", Some(fresh.clone())),
        ("agreed again", None),
        ("agreed again", Some(NewConsent { collected_at: at(6), ..fresh.clone() })),
        ("agreed again", Some(NewConsent { number: phone(2), ..fresh.clone() })),
        ("agreed again", Some(NewConsent { advertiser: "Second".to_owned(), ..fresh.clone() })),
    ];
    for (reason, consent) in wrong {
        let refused = lift(reason, consent.clone()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{reason} {consent:?}: {refused:?}");
    }
    let ledger = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    assert_eq!(ledger, [], "nothing is kept of what was refused");
    let theirs = world.store.lift_opt_out(OTHER, recorded.id, "x".to_owned(), None, at(9), actor()).await;
    assert!(matches!(theirs, Err(StoreError::NotFound("opt-out"))), "{theirs:?}");
    let lifted = lift("agreed again", Some(fresh.clone())).await.expect("lifted");
    let ledger = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    let end = lifted.lifted.clone().expect("its end");
    assert_eq!((end.at, end.by.as_str(), end.reason.as_str()), (at(9), "ana", "agreed again"));
    assert_eq!(end.consent, Some(ledger[0].id));
    world.restart().await;
    let again = world.store.lift_opt_out(WORKSPACE, recorded.id, "x".to_owned(), Some(fresh), at(9), actor());
    assert!(matches!(again.await, Err(StoreError::Conflict(_))));
    let rows = world.store.opt_outs(WORKSPACE, None, ALL).await.expect("read").rows;
    assert_eq!(rows, std::slice::from_ref(&lifted), "it is still told");
    let renewed = say(world, stop(OptOutScope::Advertiser, None), 20).await;
    assert_ne!(renewed.id, lifted.id, "a STOP after that is a new one");
}

pub(crate) async fn a_doubtful_stop_counts_until_it_is_read(world: &mut World) {
    companies(world).await;
    let waits = marketing(world, "MyCompany").await;
    let batch = vec![stop(OptOutScope::Advertiser, None)];
    let done = world.store.review_opt_outs(WORKSPACE, batch, at(5), actor());
    let (recorded, changes) = done.await.expect("recorded");
    assert_eq!(
        (recorded[0].state, moves(&changes)),
        (OptOutState::Review, vec![(State::Queued, State::Blocked)])
    );
    assert_eq!(world.state(&waits).await, State::Blocked);
    let why = "he asked for the opening hours".to_owned();
    let lifted = world.store.lift_opt_out(WORKSPACE, recorded[0].id, why, None, at(6), actor());
    assert_eq!(lifted.await.expect("no consent is needed").lifted.map(|end| end.consent), Some(None));
    check(world, &marketing(world, "MyCompany").await, None).await;
    // Said again for sure, a doubtful one is sure.
    let batch = vec![stop(OptOutScope::Advertiser, None)];
    let (doubtful, _) =
        world.store.review_opt_outs(WORKSPACE, batch, at(7), actor()).await.expect("recorded");
    let sure = say(world, stop(OptOutScope::Advertiser, None), 8).await;
    assert_eq!((sure.id, sure.state), (doubtful[0].id, OptOutState::Confirmed));
    let kept = world.store.opt_outs(WORKSPACE, None, ALL).await.expect("read").rows;
    assert_eq!(kept[0], sure);
}

pub(crate) async fn standings_tell_the_stops_that_hold(world: &mut World) {
    companies(world).await;
    say(world, stop(OptOutScope::Advertiser, Some("Second")), 5).await;
    say(world, stop(OptOutScope::Platform, None), 6).await;
    let asked = vec![(WORKSPACE, phone(1)), (OTHER, phone(1)), (WORKSPACE, phone(2))];
    let told: Vec<Vec<_>> = world
        .store
        .standings(asked)
        .await
        .expect("read")
        .into_iter()
        .map(|standing| standing.opt_outs.into_iter().map(|s| (s.scope, s.advertiser, s.since)).collect())
        .collect();
    let platform = (OptOutScope::Platform, None, at(6));
    let second = (OptOutScope::Advertiser, Some("Second".to_owned()), at(5));
    assert_eq!(told, [vec![second, platform.clone()], vec![platform], vec![]]);
}

pub(crate) async fn a_held_message_waits_longer(world: &mut World) {
    let (due, late) = (world.accepted(1, phone(1)).await, world.submitted(phone(2), "A").await);
    let held = |message: &Message| Hold { message: message.id, until: at(500), rule: "fr.window.night" };
    let batch = vec![held(&due), held(&late)];
    let changes = world.store.hold(batch, at(3)).await.expect("held");
    assert_eq!(moves(&changes), [(State::Queued, State::Scheduled)], "what has left is left alone");
    world.restart().await;
    assert_eq!(world.state(&due).await, State::Scheduled);
    let ends = world.read(&due).await.message.expires_at;
    assert_eq!(ends, due.expires_at.plus(std::time::Duration::from_secs(497)), "a hold uses no validity up");
    assert_eq!(world.store.next_due().await.expect("read"), Some(at(500)));
    assert_eq!(world.story(&due).await, ["accepted", "held"]);
    assert_eq!(depart(world, &due).await.given, [0]);
    assert_eq!(world.store.release_due(at(499), 10).await.expect("released"), []);
    let released = world.store.release_due(at(500), 10).await.expect("released");
    assert_eq!(released.iter().map(|waiting| waiting.message.id).collect::<Vec<_>>(), [due.id]);
}

pub(crate) async fn stops_are_walked_from_a_place_on(world: &mut World) {
    companies(world).await;
    for n in 0..7 {
        let stop = NewOptOut { number: phone(n), ..stop(OptOutScope::Workspace, None) };
        let recorded = match n % 2 {
            0 => world.store.record_opt_outs(WORKSPACE, vec![stop], at(1), actor()).await,
            _ => world.store.review_opt_outs(WORKSPACE, vec![stop], at(1), actor()).await,
        };
        recorded.expect("recorded");
    }
    let walk = async |filter: OptOutFilter| {
        let (mut seen, mut below) = (Vec::new(), None);
        loop {
            let found = world.store.opt_outs_below(WORKSPACE, filter, below, 2).await.expect("read");
            let Some(last) = found.last() else { return seen };
            below = Some(last.id);
            seen.extend(found.iter().filter_map(|stop| stop.number));
        }
    };
    let all: Vec<_> = (0..7).rev().map(phone).collect();
    assert_eq!(walk(OptOutFilter::default()).await, all);
    let review = OptOutFilter { state: Some(OptOutState::Review), holds: Some(true), number: None };
    assert_eq!(walk(review).await, [phone(5), phone(3), phone(1)]);
    assert_eq!(walk(OptOutFilter { number: Some(phone(3)), ..Default::default() }).await, [phone(3)]);
    let doubtful = world.store.opt_outs_below(WORKSPACE, review, None, 1).await.expect("read").remove(0);
    assert_eq!(world.store.opt_out(WORKSPACE, doubtful.id).await.expect("read"), Some(doubtful.clone()));
    assert_eq!(world.store.opt_out(OTHER, doubtful.id).await.expect("read"), None, "another workspace's");
    let lifting =
        world.store.lift_opt_out(WORKSPACE, doubtful.id, "a bus stop".to_owned(), None, at(9), actor());
    lifting.await.expect("lifted");
    assert_eq!(walk(review).await, [phone(3), phone(1)]);
    assert_eq!(walk(OptOutFilter { holds: Some(false), ..review }).await, [phone(5)]);
    assert!(
        world.store.opt_outs_below(OTHER, OptOutFilter::default(), None, 9).await.expect("read").is_empty()
    );
}

pub(crate) async fn what_becomes_of_stops_and_consents_is_in_the_audit_log(world: &mut World) {
    companies(world).await;
    let doubtful = vec![stop(OptOutScope::Advertiser, None)];
    let (first, _) =
        world.store.review_opt_outs(WORKSPACE, doubtful.clone(), at(1), actor()).await.expect("recorded");
    world.store.record_opt_outs(WORKSPACE, doubtful.clone(), at(2), actor()).await.expect("confirmed");
    world.store.record_opt_outs(WORKSPACE, doubtful, at(3), actor()).await.expect("said again");
    let many = (2..5).map(|n| NewOptOut { number: phone(n), ..stop(OptOutScope::Workspace, None) });
    world.store.record_opt_outs(WORKSPACE, many.collect(), at(4), actor()).await.expect("recorded");
    let later = NewConsent { collected_at: at(5), ..consent(phone(1), "Acme") };
    let lifting = world.store.lift_opt_out(
        WORKSPACE,
        first[0].id,
        "agreed again".to_owned(),
        Some(later),
        at(6),
        actor(),
    );
    lifting.await.expect("lifted");
    let ended = world.store.withdraw_consent(WORKSPACE, phone(1), None, "asked".to_owned(), at(7), actor());
    assert_eq!(ended.await.expect("withdrawn").len(), 1);
    let nothing = world.store.withdraw_consent(WORKSPACE, phone(9), None, "asked".to_owned(), at(8), actor());
    nothing.await.expect("nothing to withdraw");
    let lines = world.store.audit_lines(Some(WORKSPACE), AuditFilter::default(), 6).await.expect("read");
    let told: Vec<(String, Option<String>, Option<String>)> = lines
        .iter()
        .rev()
        .map(|(_, line)| (line.action.clone(), line.before.clone(), line.after.clone()))
        .collect();
    let change = |action: &str, before: &str, after: &str| {
        let some = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        (action.to_owned(), some(before), some(after))
    };
    assert_eq!(
        told,
        [
            change("opt_out.recorded", "", "review"),
            change("opt_out.confirmed", "review", "confirmed"),
            change("opt_out.recorded", "", "confirmed"),
            change("consent.recorded", "", "given"),
            change("opt_out.lifted", "confirmed", "lifted"),
            change("consent.withdrawn", "given", "withdrawn"),
        ]
    );
    assert!(lines[3].1.detail.starts_with("3 opt-outs, "), "{:?}", lines[3].1);
    assert!(lines.iter().all(|(_, line)| line.actor == "ana" && !line.detail.contains("336")), "{lines:?}");
}
