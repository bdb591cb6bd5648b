use std::sync::Arc;

use bytes::Bytes;
use facteur_domain::{
    AutoReply, Basis, Class, ConversationId, InboundId, ItemId, Language, Message, MessageId, MessageText,
    OptOutScope, Sender, SenderRecordId, SenderState, ShortCode, WorkspaceId,
};
use facteur_store::{
    Accept, Actor, Arrived, ConsentOrder, ConversationFilter, ConversationMark, Dossier, Inbound,
    InboundPart, Item, KeywordRule, KeywordWord, Known, NewConsent, NewOptOut, OptOutFilter, OptOutState,
    Page, Received, ReceivedFilter, Reception, ReplyMeaning, SenderRecord, StopOrder, StoreError, Understand,
    Understood, WebhookTopic, Workspace,
};

use super::world::{OTHER, WORKSPACE, World, at, phone};

/// Understands a few words: `STOP`, `START`, `ASK` (answered), `NOBODY` (whose nobody knows), and panics at `PANIC`.
struct Reader;

fn code() -> ShortCode {
    "36180".parse().expect("a code")
}

impl Understand for Reader {
    fn text(&self, parts: &[Option<Inbound>]) -> String {
        let text = |part: &Option<Inbound>| {
            part.as_ref().map_or("[…]".to_owned(), |part| {
                String::from_utf8_lossy(&part.content[part.text_from..]).into_owned()
            })
        };
        parts.iter().map(text).collect()
    }

    fn understand(&self, arrived: &Arrived<'_>, known: &Known) -> Understood {
        assert!(!arrived.text.contains("PANIC"), "a fault of ours");
        let number = arrived.phone.expect("a phone");
        let last = known.written.first().map(|last| last.message);
        let owner = (!arrived.text.contains("NOBODY")).then_some((WORKSPACE, Sender::Code(code())));
        let mut understood = Understood {
            meaning: Some(ReplyMeaning::Reply),
            owner,
            in_reply_to: last,
            session_until: Some(arrived.at.plus(std::time::Duration::from_hours(24))),
            ..Understood::default()
        };
        if arrived.text.contains("STOP") {
            let state = if arrived.open { OptOutState::Review } else { OptOutState::Confirmed };
            let opt_out = NewOptOut {
                number,
                scope: OptOutScope::Advertiser,
                advertiser: Some("Acme".to_owned()),
                source: "stop_reply".to_owned(),
                reason: None,
            };
            let (workspace, opt_out) = if owner.is_some() {
                (WORKSPACE, opt_out)
            } else {
                let scope = OptOutScope::Platform;
                (WorkspaceId::PLATFORM, NewOptOut { scope, advertiser: None, ..opt_out })
            };
            understood.stops = vec![StopOrder { workspace, opt_out, state }];
            understood.session_until = Some(arrived.at);
            understood.meaning = Some(ReplyMeaning::Stop);
        }
        if arrived.text.contains("START") {
            let consent = NewConsent {
                number,
                basis: Basis::Consent,
                advertiser: "Acme".to_owned(),
                purpose: "marketing".to_owned(),
                collected_at: arrived.at,
                source: "SMS to 36180".to_owned(),
                text_shown: "START au 36180".to_owned(),
                evidence: Some(arrived.id.to_string()),
                professional: false,
            };
            if owner.is_some() {
                understood.consents = vec![ConsentOrder { workspace: WORKSPACE, consent }];
            }
            understood.restarts = known.unattributed;
            understood.meaning = Some(ReplyMeaning::Start);
        }
        if arrived.text.contains("ASK") && known.answered.len() < 2 && !arrived.open {
            let at = arrived.now;
            let message = Message {
                id: MessageId::from_key((at.millis() << 21) + (known.answered.len() as i64 + 1) * 16),
                workspace: WORKSPACE,
                api_key: facteur_domain::AccountKeyId::from_key(0),
                sender: Sender::Code(code()),
                recipient: number,
                class: Class::Conversational,
                text: MessageText::try_from("Réponse".to_owned()).expect("a text"),
                encoding: facteur_domain::Encoding::Gsm7,
                parts: 1,
                accepted_at: at,
                send_at: at,
                expires_at: at.plus(std::time::Duration::from_hours(1)),
                client_reference: None,
                test: false,
                auto_reply: Some(AutoReply::Keyword),
            };
            understood.answer = Some(Box::new(Accept::from(message)));
        }
        understood
    }
}

fn desk() -> Arc<dyn Understand> {
    Arc::new(Reader)
}

fn actor() -> Actor {
    Actor::named("test")
}

pub(crate) fn inbound(world: &World, text: &str, seconds: i64) -> Inbound {
    Inbound {
        route: world.route,
        at: at(seconds),
        from: Some(phone(1)),
        source: Bytes::from_static(b"33639980001"),
        destination: Bytes::from_static(b"36180"),
        code: Some(code()),
        esm_class: 0,
        data_coding: 0,
        content: Bytes::copy_from_slice(text.as_bytes()),
        tlvs: Bytes::new(),
        text_from: 0,
        part: None,
        operator_id: None,
    }
}

fn part(world: &World, text: &str, seconds: i64, (reference, total, index): (u16, u8, u8)) -> Inbound {
    let content = format!("{index}{text}");
    let part = Some(InboundPart { reference, total, index });
    Inbound { text_from: 1, part, ..inbound(world, &content, seconds) }
}

pub(crate) async fn receive(world: &World, inbound: Inbound) -> Reception {
    world.store.receive(inbound, desk()).await.expect("kept").0
}

fn id(reception: &Reception) -> InboundId {
    match reception {
        Reception::Whole(id) | Reception::Part(id) | Reception::Repeat(id) => *id,
    }
}

async fn all(world: &World, workspace: Option<WorkspaceId>) -> Vec<Received> {
    world.store.received(workspace, ReceivedFilter::default(), 100).await.expect("read")
}

pub(crate) async fn workspace(world: &World) {
    for id in [WORKSPACE, OTHER] {
        let workspace = Workspace { id, name: "Acme".to_owned(), created_at: at(0) };
        world.store.create_workspace(workspace, actor()).await.expect("made");
    }
}

async fn holding(world: &World) -> Vec<OptOutState> {
    let page = Page { page: 1, size: 10 };
    let listed = world.store.opt_outs(WORKSPACE, Some(phone(1)), page).await.expect("read");
    listed.rows.iter().filter(|stop| stop.lifted.is_none()).map(|stop| stop.state).collect()
}

/// Requirement `fr-mo-whole`.
pub(crate) async fn parts_make_a_whole_in_any_order(world: &mut World) {
    workspace(world).await;
    let (first, second) = ((7, 3, 1), (7, 3, 2));
    let open = receive(world, part(world, "monde", 1, second)).await;
    assert!(matches!(open, Reception::Part(_)) && all(world, Some(WORKSPACE)).await.is_empty(), "{open:?}");
    // Another message of the same phone comes between, and a part comes twice.
    let other = receive(world, part(world, "autre ", 2, (8, 2, 1))).await;
    assert_ne!(id(&open), id(&other));
    assert_eq!(receive(world, part(world, "monde", 3, second)).await, Reception::Repeat(id(&open)));
    world.restart().await;
    assert_eq!(receive(world, part(world, " !", 4, (7, 3, 3))).await, Reception::Part(id(&open)));
    assert_eq!(receive(world, part(world, "Bonjour ", 5, first)).await, Reception::Whole(id(&open)));
    assert_eq!(receive(world, part(world, "texte", 6, (8, 2, 2))).await, Reception::Whole(id(&other)));
    let texts: Vec<_> = all(world, Some(WORKSPACE)).await.into_iter().map(|m| (m.text, m.repeats)).collect();
    assert_eq!(texts, [("autre texte".to_owned(), 0), ("Bonjour monde !".to_owned(), 1)]);
    // The reference is used again for another message.
    let again = receive(world, part(world, "Salut ", 60, first)).await;
    assert!(matches!(again, Reception::Part(fresh) if fresh != id(&open)), "{again:?}");
}

/// Requirement `fr-mo-incomplete`.
pub(crate) async fn what_stays_incomplete_is_read_as_far_as_it_came(world: &mut World) {
    workspace(world).await;
    let open = receive(world, part(world, "merci de STOPper ", 1, (7, 2, 1))).await;
    assert_eq!(holding(world).await, [OptOutState::Review], "in force before the rest has come");
    let too_early = world.store.close_incomplete(at(1), at(100), desk(), false).await.expect("read");
    assert_eq!(too_early, None);
    let (closed, _) =
        world.store.close_incomplete(at(50), at(100), desk(), false).await.expect("read").expect("one");
    assert_eq!(closed, id(&open));
    let shown = all(world, Some(WORKSPACE)).await;
    assert_eq!((shown[0].text.as_str(), shown[0].is_complete()), ("merci de STOPper […]", false));
    assert_eq!((shown[0].meaning, holding(world).await), (ReplyMeaning::Stop, vec![OptOutState::Confirmed]));
    // The missing part comes after all.
    assert_eq!(receive(world, part(world, "ces SMS", 3_600, (7, 2, 2))).await, Reception::Whole(id(&open)));
    let whole = all(world, Some(WORKSPACE)).await;
    assert_eq!((whole.len(), whole[0].text.as_str()), (1, "merci de STOPper ces SMS"));
    assert!(whole[0].is_complete());
    assert_eq!(world.store.close_incomplete(at(9_999), at(9_999), desk(), false).await.expect("read"), None);
}

/// Requirement `fr-mo-once`.
pub(crate) async fn a_repeated_delivery_is_kept_once(world: &mut World) {
    workspace(world).await;
    let first = receive(world, inbound(world, "OUI", 1)).await;
    assert_eq!(receive(world, inbound(world, "OUI", 30)).await, Reception::Repeat(id(&first)));
    // Much later it is another one, and so is the answer to a message that went out in between.
    let later = receive(world, inbound(world, "OUI", 1_000)).await;
    assert!(matches!(later, Reception::Whole(_)) && id(&later) != id(&first));
    let question =
        Message { class: Class::Conversational, sender: Sender::Code(code()), ..world.message(1_010) };
    world.keep(&question).await;
    let through = Some((code(), question.sender));
    let order = facteur_store::HandOver { through, ..world.order(&question, 1_011) };
    world.store.hand_over(vec![order]).await.expect("handed over");
    let answer = receive(world, inbound(world, "OUI", 1_020)).await;
    assert!(matches!(answer, Reception::Whole(_)), "{answer:?}");
    // Who says STOP behind a START means it, however soon.
    for (text, seconds) in [("STOP", 1_100), ("START", 1_101), ("STOP", 1_102)] {
        let came = receive(world, inbound(world, text, seconds)).await;
        assert!(matches!(came, Reception::Whole(_)), "{text} at {seconds}: {came:?}");
    }
    assert!(matches!(receive(world, inbound(world, "STOP", 1_103)).await, Reception::Repeat(_)));
    // An operator's own id says it for sure, days later too, and another id is another message.
    let named = |text: &str, seconds, id: &str| Inbound {
        operator_id: Some(id.to_owned()),
        ..inbound(world, text, seconds)
    };
    let known = receive(world, named("NON", 2_000, "A1")).await;
    assert_eq!(receive(world, named("NON", 500_000, "A1")).await, Reception::Repeat(id(&known)));
    assert!(matches!(receive(world, named("NON", 500_001, "A2")).await, Reception::Whole(_)));
    assert_eq!(all(world, Some(WORKSPACE)).await.len(), 8);
}

/// Requirement `fr-conversation`.
pub(crate) async fn a_conversation_begins_when_a_phone_writes(world: &mut World) {
    workspace(world).await;
    let sent = Message { sender: Sender::Code(code()), ..world.message(1) };
    world.keep(&sent).await;
    let order = facteur_store::HandOver { through: Some((code(), sent.sender)), ..world.order(&sent, 2) };
    world.store.hand_over(vec![order]).await.expect("handed over");
    let list = |filter| world.store.conversations(WORKSPACE, filter, 10);
    assert!(list(ConversationFilter::default()).await.expect("read").is_empty(), "nobody has written");
    let first = id(&receive(world, inbound(world, "ASK", 10)).await);
    let [found] = <[_; 1]>::try_from(list(ConversationFilter::default()).await.expect("read")).expect("one");
    assert_eq!((found.phone, found.sender, found.unread), (phone(1), Sender::Code(code()), 1));
    assert_eq!(found.session_until, at(10).plus(std::time::Duration::from_hours(24)));
    let standing = world.store.standings(vec![(WORKSPACE, phone(1))]).await.expect("read");
    assert_eq!(standing[0].sessions.first().map(|session| session.until), Some(found.session_until));
    // What it answers, itself, what was answered, and what is sent afterwards.
    let reply = Message { sender: Sender::Code(code()), ..world.message(20) };
    world.keep(&reply).await;
    let items = world.store.items(WORKSPACE, found.id, None, 10).await.expect("read");
    let ids: Vec<ItemId> = items.iter().map(Item::id).collect();
    let answer = all(world, Some(WORKSPACE)).await[0].answer.expect("answered");
    assert_eq!(
        ids,
        [ItemId::Sent(reply.id), ItemId::Sent(answer), ItemId::Received(first), ItemId::Sent(sent.id)]
    );
    assert!(world.told.lock().expect("no panic holds it").contains(&answer), "it leaves at once");
    let page = world.store.items(WORKSPACE, found.id, Some(ids[1]), 1).await.expect("read");
    assert_eq!(page.first().map(Item::id), Some(ids[2]), "page by page");
    let of = world.store.conversation_of(WORKSPACE, ids[1]).await.expect("read");
    assert_eq!(of.map(|of| of.id), Some(found.id));
    // Marks; another workspace has nothing of it.
    for (mark, unread, archived) in [
        (ConversationMark::Read, 0, false),
        (ConversationMark::Archive, 0, true),
        (ConversationMark::Unread, 1, true),
        (ConversationMark::Unarchive, 1, false),
        (ConversationMark::Archive, 1, true),
    ] {
        let marked = world.store.mark_conversation(WORKSPACE, found.id, mark, at(30)).await.expect("marked");
        assert_eq!((marked.unread, marked.archived_at.is_some()), (unread, archived), "{mark:?}");
    }
    let elsewhere = world.store.mark_conversation(OTHER, found.id, ConversationMark::Read, at(30)).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound("conversation"))), "{elsewhere:?}");
    assert!(world.store.items(OTHER, found.id, None, 10).await.is_err());
    assert_eq!(world.store.item(OTHER, ids[2]).await.expect("read"), None);
    receive(world, inbound(world, "encore", 40)).await;
    let back = list(ConversationFilter { archived: Some(false), ..ConversationFilter::default() });
    assert_eq!(back.await.expect("read").first().map(|found| found.unread), Some(2), "it comes back");
    assert_eq!(
        world.store.conversation_count(WORKSPACE, ConversationFilter::default()).await.expect("read"),
        1
    );
    assert_eq!(
        list(ConversationFilter { unread: Some(false), ..Default::default() }).await.expect("read"),
        vec![]
    );
    let unknown = world.store.conversation(WORKSPACE, ConversationId::from_key(1)).await;
    assert_eq!(unknown.expect("read"), None);
}

/// Requirement `fr-mo-unattributed`.
pub(crate) async fn what_is_nobodys_is_kept_and_listed(world: &mut World) {
    workspace(world).await;
    receive(world, inbound(world, "NOBODY", 1)).await;
    assert!(all(world, Some(WORKSPACE)).await.is_empty());
    let kept = all(world, None).await;
    assert_eq!((kept.len(), kept[0].conversation, kept[0].text.as_str()), (1, None, "NOBODY"));
    assert_eq!(world.store.received_count(None, ReceivedFilter::default()).await.expect("read"), 1);
    let none = ReceivedFilter { before: Some(kept[0].id), ..ReceivedFilter::default() };
    assert_eq!(world.store.received(None, none, 10).await.expect("read"), vec![]);
}

/// Requirement `fr-reply-start`.
pub(crate) async fn a_start_lifts_what_the_person_had_stopped(world: &mut World) {
    workspace(world).await;
    receive(world, inbound(world, "STOP", 1)).await;
    assert_eq!(holding(world).await, [OptOutState::Confirmed]);
    let start = id(&receive(world, inbound(world, "START", 10)).await);
    assert!(holding(world).await.is_empty());
    let consents = world.store.consents(WORKSPACE, phone(1)).await.expect("read");
    let consent = consents[0].consent.as_ref().expect("there");
    assert_eq!(consent.evidence, Some(start.to_string()), "the message is the proof");
    assert!(world.store.verify_consents(WORKSPACE).await.expect("read").broken_at.is_none());
    // A STOP that is said after it holds again.
    receive(world, inbound(world, "STOP", 1_000)).await;
    assert_eq!(holding(world).await, [OptOutState::Confirmed]);
}

/// Requirement `fr-operator-opt-out`.
pub(crate) async fn an_operator_that_knows_a_stop_is_believed(world: &mut World) {
    workspace(world).await;
    let refused = Message { class: Class::Marketing, ..world.message(1) };
    world.keep(&refused).await;
    let waiting = Message { class: Class::Marketing, ..world.message(2) };
    world.keep(&waiting).await;
    world.hand_over(&refused, 3).await;
    // Before the answer: nobody knows the message yet.
    let says = facteur_store::Receipt {
        opted_out: true,
        recipient: Some(phone(1)),
        error: Some("053".to_owned()),
        ..world.receipt_of("A", facteur_domain::delivery::Event::ReceiptUndelivered, 4)
    };
    world.receipt(says).await;
    assert!(holding(world).await.is_empty());
    world.taken(&refused, 0, 5, "A").await;
    assert_eq!(holding(world).await, [OptOutState::Confirmed]);
    assert_eq!(world.state(&waiting).await, facteur_domain::State::Blocked, "what waits is withdrawn");
    let page = Page { page: 1, size: 10 };
    let stops = world.store.opt_outs(WORKSPACE, None, page).await.expect("read").rows;
    assert_eq!((stops[0].source.as_str(), stops[0].advertiser.as_deref()), ("operator", Some("Acme")));
}

fn keyword(words: &[&str], reply: &str) -> KeywordRule {
    let word = |word: &&str| KeywordWord { shown: (*word).to_owned(), plain: word.to_lowercase() };
    KeywordRule {
        code: code(),
        words: words.iter().map(word).collect(),
        prefix: false,
        reply: Some(reply.to_owned()),
        subscription: None,
    }
}

pub(crate) async fn a_word_is_one_keyword_on_a_code(world: &mut World) {
    workspace(world).await;
    let store = &world.store;
    let made = store.create_keyword(WORKSPACE, keyword(&["JEU", "CONCOURS"], "a"), at(1), actor());
    let made = made.await.expect("made");
    for (workspace, words) in [(WORKSPACE, ["jeu", "x"]), (OTHER, ["CONCOURS", "y"])] {
        let taken = store.create_keyword(workspace, keyword(&words, "b"), at(2), actor()).await;
        assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    }
    store.create_keyword(OTHER, keyword(&[], "défaut"), at(3), actor()).await.expect("a default answer");
    let second = store.create_keyword(OTHER, keyword(&[], "autre"), at(4), actor()).await;
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
    let changed = store.change_keyword(WORKSPACE, made.id, keyword(&["LOTO"], "c"), at(5), actor()).await;
    let changed = changed.expect("changed");
    assert_eq!((changed.created_at, changed.changed_at), (at(1), at(5)));
    assert_eq!(store.keywords(WORKSPACE, Some(code())).await.expect("read"), vec![changed.clone()]);
    assert_eq!(store.keyword(OTHER, made.id).await.expect("read"), None);
    store.create_keyword(OTHER, keyword(&["JEU"], "d"), at(6), actor()).await.expect("free again");
    assert!(store.delete_keyword(OTHER, made.id, at(7), actor()).await.is_err());
    store.delete_keyword(WORKSPACE, made.id, at(7), actor()).await.expect("deleted");
    assert_eq!(store.keywords(WORKSPACE, None).await.expect("read"), vec![]);
}

/// Requirement `seed-short-code-kinds`.
pub(crate) async fn a_shared_code_belongs_to_each_and_another_to_one(world: &mut World) {
    workspace(world).await;
    let record = |workspace, id: i64, name: &str, shared_code| SenderRecord {
        id: SenderRecordId::from_key(id << 4),
        workspace,
        sender: name.parse().expect("a sender"),
        class: Class::Marketing,
        state: SenderState::Pending,
        reason: None,
        decided_by: "test".to_owned(),
        created_at: at(1),
        decided_at: at(1),
        dossier: Dossier { shared_code, language: Some(Language::English), ..Dossier::default() },
    };
    let declare = |record| world.store.declare_sender(record, actor());
    declare(record(WORKSPACE, 1, "36180", true)).await.expect("shared");
    declare(record(OTHER, 2, "36180", true)).await.expect("by both");
    declare(record(WORKSPACE, 3, "36181", false)).await.expect("to itself");
    for (name, shared) in [("36181", true), ("36181", false), ("Acme", true)] {
        let refused = declare(record(OTHER, 4, name, shared)).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{name} {shared}: {refused:?}");
    }
    let sender = "36180".parse().expect("a sender");
    let alone = world.store.change_dossier(OTHER, sender, Dossier::default(), at(2), actor()).await;
    assert!(matches!(alone, Err(StoreError::Conflict(_))), "{alone:?}");
}

pub(crate) async fn an_erased_person_has_said_nothing(world: &mut World) {
    workspace(world).await;
    receive(world, inbound(world, "bonjour, ici Paul", 1)).await;
    receive(world, part(world, "reste", 2, (9, 2, 1))).await;
    world.store.erase_person(WORKSPACE, phone(1), at(3), actor()).await.expect("erased");
    let kept = all(world, Some(WORKSPACE)).await;
    assert!(kept.iter().all(|m| m.phone.is_none() && !m.text.contains("Paul") && m.source.is_empty()));
    let threads = world.store.conversations(WORKSPACE, ConversationFilter::default(), 10).await;
    assert_eq!(threads.expect("read"), vec![]);
    assert!(WebhookTopic::from_name("sms.received").is_some());
}

/// Requirement `fr-stop-unattributed`.
pub(crate) async fn a_stop_to_nobody_is_listed_and_start_there_lifts_it(world: &mut World) {
    workspace(world).await;
    let list = async || {
        let page = Page { page: 1, size: 10 };
        world.store.opt_outs(WorkspaceId::PLATFORM, OptOutFilter::default(), page).await.expect("read").rows
    };
    receive(world, inbound(world, "STOP NOBODY", 10)).await;
    let [stop] = <[_; 1]>::try_from(list().await).expect("one");
    assert_eq!((stop.scope, stop.lifted.is_none()), (OptOutScope::Platform, true));
    let standing = async || world.store.standings(vec![(OTHER, phone(1))]).await.expect("read").remove(0);
    assert_eq!(standing().await.opt_outs.len(), 1, "it holds for everybody");
    // START to another code, and of another phone, lifts nothing.
    let to = |code: &'static str, text: &str, seconds| Inbound {
        destination: Bytes::from_static(code.as_bytes()),
        code: code.parse().ok(),
        ..inbound(world, text, seconds)
    };
    receive(world, to("36181", "START NOBODY", 20)).await;
    let other = Inbound { from: Some(phone(2)), ..inbound(world, "START NOBODY", 21) };
    receive(world, other).await;
    assert!(list().await[0].lifted.is_none());
    receive(world, inbound(world, "START NOBODY", 30)).await;
    let lifted = list().await.remove(0).lifted.expect("lifted");
    assert_eq!((lifted.at, lifted.by.as_str()), (at(30), "phone"));
    assert_eq!(standing().await.opt_outs, []);
    // Said again, a person lifts it: for a reason, and nobody's key but the platform's.
    receive(world, inbound(world, "STOP NOBODY", 40)).await;
    let again = list().await.remove(0);
    assert!(again.lifted.is_none() && again.id != stop.id);
    let lift = |of: WorkspaceId, reason: &str| {
        world.store.lift_opt_out(of, again.id, reason.to_owned(), None, at(50), actor())
    };
    assert!(matches!(lift(WORKSPACE, "asked by telephone").await, Err(StoreError::NotFound(_))));
    assert!(matches!(lift(WorkspaceId::PLATFORM, " ").await, Err(StoreError::Conflict(_))));
    lift(WorkspaceId::PLATFORM, "asked by telephone").await.expect("lifted");
    assert_eq!(standing().await.opt_outs, []);
}

/// Requirement `fr-mo-failing`.
pub(crate) async fn what_cannot_be_read_is_kept_as_it_came_and_harms_nobody(world: &mut World) {
    workspace(world).await;
    let refused = world.store.receive(inbound(world, "STOP PANIC", 1), desk()).await;
    assert!(matches!(refused, Err(StoreError::Internal(_))), "{refused:?}");
    assert!(all(world, None).await.is_empty(), "nothing half done");
    // The writer lives, and keeps what others send.
    receive(world, inbound(world, "bonjour", 2)).await;
    assert_eq!(all(world, Some(WORKSPACE)).await.len(), 1);
    let kept = world.store.receive_raw(inbound(world, "STOP NOBODY", 3), desk()).await.expect("kept").0;
    let [raw] = <[_; 1]>::try_from(all(world, None).await).expect("one");
    assert_eq!((raw.id, raw.text.as_str(), raw.meaning), (id(&kept), "STOP NOBODY", ReplyMeaning::Stop));
    let standing = world.store.standings(vec![(OTHER, phone(1))]).await.expect("read").remove(0);
    assert_eq!(standing.opt_outs.len(), 1, "its STOP counts");
    let again = world.store.receive_raw(inbound(world, "STOP NOBODY", 4), desk()).await.expect("kept").0;
    assert_eq!(again, Reception::Repeat(raw.id));
    // A part alone stands for itself; one that waits for others and cannot be read is closed as it came.
    let alone = Inbound { from: Some(phone(2)), ..part(world, "NOBODY", 5, (7, 2, 1)) };
    world.store.receive_raw(alone, desk()).await.expect("kept");
    assert_eq!(all(world, None).await.len(), 2);
    receive(world, part(world, "ASK", 6, (8, 2, 1))).await;
    let closed =
        world.store.close_incomplete(at(100), at(101), desk(), true).await.expect("closed").expect("one");
    let found = all(world, None).await;
    let closed = found.iter().find(|found| found.id == closed.0).expect("nobody's");
    assert_eq!((closed.text.as_str(), closed.answer), ("ASK[…]", None));
}

/// Requirement `fr-session`.
pub(crate) async fn a_stop_ends_what_waits_of_the_conversation(world: &mut World) {
    workspace(world).await;
    let answer = |seconds| Message {
        class: Class::Conversational,
        sender: Sender::Code(code()),
        ..world.message(seconds)
    };
    receive(world, inbound(world, "bonjour", 1)).await;
    let (first, second) = (answer(2), answer(3));
    let confirmation = Message { auto_reply: Some(AutoReply::Stop), ..answer(4) };
    for message in [&first, &second, &confirmation] {
        world.keep(message).await;
    }
    let leaves = async |message: &Message, seconds| {
        world.store.depart(vec![world.order(message, seconds)]).await.expect("asked")
    };
    assert_eq!(leaves(&first, 5).await.given, [1], "the person wrote");
    receive(world, inbound(world, "STOP", 6)).await;
    let departed = leaves(&second, 7).await;
    assert_eq!((departed.given, departed.blocked.len()), (vec![0], 1));
    assert_eq!(world.state(&second).await, facteur_domain::State::Blocked);
    assert_eq!(leaves(&confirmation, 8).await.given, [1], "a STOP is confirmed");
}
