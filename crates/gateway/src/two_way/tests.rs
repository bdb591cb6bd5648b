//! What follows from a reply, by tables: a platform with a boutique that has 36180 to itself, two shops
//! that share 36111 (the platform's own code), and a clinic with 38180.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use facteur_domain::{
    AutoReply, Class, IdSource, InboundId, KeywordId, Language, Msisdn, OptOutId, OptOutScope, Sender,
    SenderRecordId, SenderState, Timestamp, WorkspaceId,
};
use facteur_rules::keyword_form;
use facteur_store::{
    Answered, Arrived, DirectorySnapshot, Dossier, Keyword, KeywordRule, KeywordWord, Known, OptOut,
    OptOutState, Publisher, ReplyMeaning, SenderRecord, Settings, Subscription, Understand, Understood,
    Workspace, Written,
};

use super::{ReplyDesk, ReplyRules};
use crate::config::SendingRules;
use crate::directory::Directory;

const BOUTIQUE: WorkspaceId = WorkspaceId::from_key(16);
const DURAND: WorkspaceId = WorkspaceId::from_key(32);
const LEROY: WorkspaceId = WorkspaceId::from_key(48);
const CLINIC: WorkspaceId = WorkspaceId::from_key(64);
const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

fn record(id: i64, workspace: WorkspaceId, sender: &str, dossier: Dossier) -> SenderRecord {
    SenderRecord {
        id: SenderRecordId::from_key(id << 4),
        workspace,
        sender: sender.parse().expect("a sender"),
        class: Class::Marketing,
        state: SenderState::Validated,
        reason: None,
        decided_by: "test".into(),
        created_at: NOW,
        decided_at: NOW,
        dossier,
    }
}

fn desk() -> ReplyDesk {
    let workspaces = [(BOUTIQUE, "Ma Boutique"), (DURAND, "Durand"), (LEROY, "Leroy"), (CLINIC, "Clinique")];
    let shared = || Dossier { shared_code: true, ..Dossier::default() };
    let second = Dossier { advertiser: Some("Seconde Main".into()), ..Dossier::default() };
    let english = Dossier { language: Some(Language::English), ..Dossier::default() };
    let settings = |(id, name): (WorkspaceId, &str)| {
        let publisher = Publisher {
            legal_name: (id == BOUTIQUE).then(|| "MA BOUTIQUE SAS".to_owned()),
            siren: (id == BOUTIQUE).then(|| "732829320".to_owned()),
            register_city: Some("Paris".to_owned()).filter(|_| id == BOUTIQUE),
            service_phone: Some("09 69 39 00 00".to_owned()).filter(|_| id == BOUTIQUE),
            service_contact: None,
        };
        (id, Settings { publisher, ..Settings::of(name) })
    };
    let snapshot = DirectorySnapshot {
        generation: 1,
        workspaces: workspaces.map(|(id, name)| Workspace { id, name: name.into(), created_at: NOW }).into(),
        keys: Vec::new(),
        senders: vec![
            record(1, BOUTIQUE, "36180", Dossier::default()),
            record(2, BOUTIQUE, "MaBoutique", Dossier::default()),
            record(3, BOUTIQUE, "SecondeMain", second),
            record(4, DURAND, "36111", shared()),
            record(5, LEROY, "36111", shared()),
            record(6, CLINIC, "38180", english),
        ],
        settings: workspaces.map(settings).into(),
    };
    let rules = SendingRules { stop_code: "36111".parse().ok(), ..SendingRules::default() };
    ReplyDesk {
        directory: Arc::new(RwLock::new(Arc::new(Directory::new(snapshot)))),
        rules: Arc::new(rules),
        replies: ReplyRules::default(),
        ids: Arc::new(IdSource::new(0)),
    }
}

fn phone() -> Msisdn {
    Msisdn::from_digits(33_612_345_678).expect("a number")
}

fn before(hours: u64) -> Timestamp {
    NOW.minus(Duration::from_hours(hours))
}

/// `sender` of `workspace` wrote through `code` so many hours ago.
fn written(workspace: WorkspaceId, sender: &str, code: &str, hours: u64, marketing: bool) -> Written {
    Written {
        code: code.parse().expect("a code"),
        workspace,
        sender: sender.parse().expect("a sender"),
        message: facteur_domain::MessageId::from_key(i64::try_from(hours).expect("small") << 4),
        at: before(hours),
        marketing_at: marketing.then(|| before(hours)),
    }
}

fn stopped(workspace: WorkspaceId, advertiser: &str) -> OptOut {
    OptOut {
        id: OptOutId::from_key(16),
        workspace,
        number: Some(phone()),
        scope: OptOutScope::Advertiser,
        advertiser: Some(advertiser.into()),
        source: "stop_reply".into(),
        reason: None,
        state: OptOutState::Confirmed,
        created_at: before(1),
        created_by: "stop_reply".into(),
        lifted: None,
    }
}

fn keyword(
    id: i64,
    workspace: WorkspaceId,
    code: &str,
    words: &[&str],
    prefix: bool,
    reply: &str,
) -> Keyword {
    let word = |word: &&str| KeywordWord { shown: (*word).to_owned(), plain: keyword_form(word) };
    Keyword {
        id: KeywordId::from_key(id << 4),
        workspace,
        rule: KeywordRule {
            code: code.parse().expect("a code"),
            words: words.iter().map(word).collect(),
            prefix,
            reply: Some(reply.to_owned()),
            subscription: None,
        },
        created_at: NOW,
        changed_at: NOW,
    }
}

fn understand(code: &str, text: &str, known: &Known) -> Understood {
    said(code, text, known, false)
}

fn said(code: &str, text: &str, known: &Known, open: bool) -> Understood {
    desk().understand(&arrived(code, text, open), known)
}

fn arrived<'t>(code: &str, text: &'t str, open: bool) -> Arrived<'t> {
    Arrived {
        id: InboundId::from_key(18),
        at: NOW,
        now: NOW,
        phone: Some(phone()),
        code: code.parse().ok(),
        text,
        open,
    }
}

/// To whom STOP was said.
fn orders(understood: &Understood) -> Vec<(WorkspaceId, &str)> {
    let advertiser = |order: &facteur_store::StopOrder| order.opt_out.advertiser.clone();
    let names: HashMap<String, &str> = ["Ma Boutique", "Seconde Main", "Durand", "Leroy", "Clinique"]
        .into_iter()
        .map(|n| (n.into(), n))
        .collect();
    understood
        .stops
        .iter()
        .map(|order| (order.workspace, advertiser(order).map_or("everybody", |name| names[&name])))
        .collect()
}

fn answer(understood: &Understood) -> Option<(AutoReply, &str, WorkspaceId)> {
    let message = &understood.answer.as_ref()?.message;
    Some((message.auto_reply?, message.text.show(), message.workspace))
}

/// Requirement `fr-stop-attributed`.
#[test]
fn a_stop_is_attributed_as_the_table_says() {
    let mut known = Known::default();
    // A code of one workspace: its own advertiser, unless another of its senders wrote.
    assert_eq!(orders(&understand("36180", "STOP", &known)), [(BOUTIQUE, "Ma Boutique")]);
    known.written = vec![written(BOUTIQUE, "SecondeMain", "36180", 5, true)];
    assert_eq!(orders(&understand("36180", "STOP", &known)), [(BOUTIQUE, "Seconde Main")]);
    // Two brands within 72 hours: both.
    known.written.push(written(BOUTIQUE, "MaBoutique", "36180", 71, true));
    let both = [(BOUTIQUE, "Seconde Main"), (BOUTIQUE, "Ma Boutique")];
    assert_eq!(orders(&understand("36180", "STOP", &known)), both);
    // Named: that one.
    assert_eq!(orders(&understand("36180", "STOP Ma Boutique", &known)), [(BOUTIQUE, "Ma Boutique")]);
    // Older than that: the last alone.
    known.written = vec![
        written(BOUTIQUE, "MaBoutique", "36180", 80, true),
        written(BOUTIQUE, "SecondeMain", "36180", 200, true),
    ];
    assert_eq!(orders(&understand("36180", "STOP", &known)), [(BOUTIQUE, "Ma Boutique")]);
    // A shared code: who wrote through it; with nothing on record, everybody.
    assert_eq!(
        orders(&understand("36111", "STOP", &Known::default())),
        [(WorkspaceId::PLATFORM, "everybody")]
    );
    known.written = vec![
        written(BOUTIQUE, "MaBoutique", "36180", 1, true),
        written(LEROY, "36111", "36111", 4, false),
        written(DURAND, "36111", "36111", 10, true),
    ];
    assert_eq!(orders(&understand("36111", "STOP", &known)), [(DURAND, "Durand")], "marketing before others");
    assert_eq!(orders(&understand("36111", "STOP LEROY", &known)), [(LEROY, "Leroy")]);
    // A code that the operator chose: whatever was written last.
    let whoever_wrote = [(BOUTIQUE, "Ma Boutique"), (DURAND, "Durand")];
    assert_eq!(orders(&understand("36999", "STOP", &known)), whoever_wrote);
    // No short code at all, as the operator gave it, whether or not the platform has a code of its own.
    assert_eq!(orders(&understand("0612345678", "STOP", &known)), whoever_wrote);
    let without =
        ReplyDesk { rules: Arc::new(SendingRules { stop_code: None, ..SendingRules::default() }), ..desk() };
    assert_eq!(orders(&without.understand(&arrived("0612345678", "STOP", false), &known)), whoever_wrote);
}

/// Requirements `fr-stop-confirmed`, `fr-reply-loop-guard`.
#[test]
fn a_stop_is_confirmed_once() {
    let mut known = Known::default();
    let first = understand("36180", "STOP", &known);
    let said = "Ma Boutique: votre désinscription est prise en compte. Vous ne recevrez plus de SMS promotionnels \
                de notre part.";
    assert_eq!(answer(&first), Some((AutoReply::Stop, said, BOUTIQUE)));
    assert_eq!(first.session_until, Some(NOW), "the conversation is over");
    // Said again within a day: recorded, not answered.
    known.stops = vec![stopped(BOUTIQUE, "Ma Boutique")];
    known.answered = vec![Answered { reply: AutoReply::Stop, at: before(1) }];
    let again = understand("36180", "STOP", &known);
    assert!(again.answer.is_none() && orders(&again).len() == 1);
    // A day later, or after a START: answered.
    known.answered.clear();
    assert!(understand("36180", "STOP", &known).answer.is_some());
    known.answered = vec![Answered { reply: AutoReply::Stop, at: before(1) }];
    known.stops.clear();
    assert!(understand("36180", "STOP", &known).answer.is_some());
    // A doubtful one is not confirmed; nobody is confirmed for ever.
    let doubtful = understand("36180", "je ne veux plus recevoir tout ça, vraiment", &known);
    assert!(doubtful.answer.is_none(), "{:?}", doubtful.meaning);
    known.answered = vec![Answered { reply: AutoReply::Contact, at: before(0) }; 6];
    assert!(understand("36180", "STOP", &known).answer.is_none(), "six in an hour");
    known.answered = vec![Answered { reply: AutoReply::Contact, at: before(2) }; 20];
    assert!(understand("36180", "STOP", &known).answer.is_none(), "twenty in a day");
    // Nobody can tell whom, or several: in nobody's name.
    let neutral = "Votre désinscription est prise en compte.";
    let unknown = understand("36111", "STOP", &Known::default());
    assert_eq!(answer(&unknown), Some((AutoReply::Stop, neutral, WorkspaceId::PLATFORM)));
}

#[test]
fn what_is_no_number_or_no_code_is_not_answered() {
    let mut arrived = Arrived {
        id: InboundId::from_key(18),
        at: NOW,
        now: NOW,
        phone: None,
        code: "36180".parse().ok(),
        text: "STOP",
        open: false,
    };
    let from_a_name = desk().understand(&arrived, &Known::default());
    assert!(from_a_name.answer.is_none() && from_a_name.stops.is_empty());
    arrived.phone = Msisdn::from_digits(33_142_345_678);
    let from_a_landline = desk().understand(&arrived, &Known::default());
    assert!(from_a_landline.answer.is_none() && from_a_landline.stops.len() == 1);
    let to_no_code = understand("0612345678", "STOP", &Known::default());
    assert!(to_no_code.answer.is_none() && to_no_code.stops.len() == 1);
}

/// Requirement `fr-reply-ambiguous`.
#[test]
fn annuler_depends_on_what_was_sent_before() {
    for (code, written, meaning) in [
        ("36180", vec![written(BOUTIQUE, "36180", "36180", 3, true)], ReplyMeaning::Stop),
        ("36180", vec![written(BOUTIQUE, "36180", "36180", 3, false)], ReplyMeaning::Reply),
        ("38180", vec![written(CLINIC, "38180", "38180", 3, false)], ReplyMeaning::Reply),
        ("38180", vec![], ReplyMeaning::Reply),
        ("36180", vec![], ReplyMeaning::Stop),
    ] {
        let known = Known { written, ..Known::default() };
        assert_eq!(understand(code, "ANNULER", &known).meaning, Some(meaning), "{code} {:?}", known.written);
    }
}

/// Requirement `fr-contact-reply`.
#[test]
fn contact_tells_who_publishes_whatever_was_said_before() {
    let known = Known { stops: vec![stopped(BOUTIQUE, "Ma Boutique")], ..Known::default() };
    let told = understand("36180", "CONTACT", &known);
    let said = "Service édité par MA BOUTIQUE SAS, RCS Paris 732 829 320. Service client: 09 69 39 00 00. STOP pour \
                ne plus recevoir de SMS.";
    assert_eq!(answer(&told), Some((AutoReply::Contact, said, BOUTIQUE)));
    let english = understand("38180", "help", &Known::default());
    let said = "Service published by Clinique. STOP to receive no more SMS.";
    assert_eq!(answer(&english), Some((AutoReply::Contact, said, CLINIC)), "in the sender's language");
    assert_eq!(answer(&understand("36111", "CONTACT", &Known::default())), None, "nobody can tell who");
}

/// Requirements `fr-reply-start`, `fr-start-confirmed`.
#[test]
fn start_is_a_new_consent_for_the_same_brand_alone() {
    let mut known = Known { stops: vec![stopped(BOUTIQUE, "Seconde Main")], ..Known::default() };
    known.written = vec![
        written(BOUTIQUE, "MaBoutique", "36180", 3, true),
        written(BOUTIQUE, "SecondeMain", "36180", 30, true),
    ];
    let started = understand("36180", "START", &known);
    assert_eq!(started.meaning, Some(ReplyMeaning::Start));
    let [order] = started.consents.as_slice() else { panic!("one consent: {:?}", started.consents) };
    assert_eq!((order.workspace, order.consent.advertiser.as_str()), (BOUTIQUE, "Seconde Main"));
    assert_eq!(order.consent.evidence.as_deref(), Some("msg_000000000000J"), "the message is the proof");
    let said = "Seconde Main: vous recevrez de nouveau nos SMS. STOP au 36180 pour vous désinscrire.";
    assert_eq!(answer(&started), Some((AutoReply::Start, said, BOUTIQUE)));
    // Two brands were stopped: a person decides.
    known.stops.push(stopped(BOUTIQUE, "Ma Boutique"));
    let unclear = understand("36180", "START", &known);
    assert!(unclear.consents.is_empty() && unclear.answer.is_none());
    // OUI alone is no consent.
    let yes = understand("36180", "OUI", &known);
    assert!(yes.consents.is_empty() && yes.meaning == Some(ReplyMeaning::Reply));
}

/// Requirement `fr-keyword-compared`.
#[test]
fn keywords_are_compared_plainly_and_the_longest_wins() {
    let code = "36111";
    let keywords = vec![
        keyword(1, DURAND, code, &["Jeu", "Concours d'été"], false, "jeu"),
        keyword(2, LEROY, code, &["Jeu rouge"], true, "rouge"),
        keyword(3, LEROY, code, &["RDV"], true, "rdv"),
        keyword(4, LEROY, code, &[], false, "défaut"),
    ];
    let mut known = Known { keywords, ..Known::default() };
    for (text, meaning, reply) in [
        ("jeu", ReplyMeaning::Keyword, Some(("jeu", DURAND))),
        (" JEU ! ", ReplyMeaning::Keyword, Some(("jeu", DURAND))),
        ("concours d’ete", ReplyMeaning::Keyword, Some(("jeu", DURAND))),
        ("jeux", ReplyMeaning::Reply, None),
        ("jeu bleu", ReplyMeaning::Reply, None),
        ("jeu rouge 42", ReplyMeaning::Keyword, Some(("rouge", LEROY))),
        ("rdv", ReplyMeaning::Keyword, Some(("rdv", LEROY))),
        ("rdv mardi", ReplyMeaning::Keyword, Some(("rdv", LEROY))),
        ("rdvs", ReplyMeaning::Reply, None),
    ] {
        let understood = understand(code, text, &known);
        assert_eq!(understood.meaning, Some(meaning), "{text}");
        let answered = answer(&understood).map(|(_, text, workspace)| (text, workspace));
        assert_eq!(answered, reply, "{text}");
        assert_eq!(understood.owner.map(|(workspace, _)| workspace), reply.map(|(_, workspace)| workspace));
    }
    // Who wrote last gets what is no keyword, with its default answer.
    known.written = vec![written(LEROY, "36111", code, 3, true)];
    let other = understand(code, "c'est où ?", &known);
    assert_eq!(answer(&other), Some((AutoReply::Keyword, "défaut", LEROY)));
    assert_eq!((other.meaning, other.keyword), (Some(ReplyMeaning::Reply), None));
    assert_eq!(other.in_reply_to, Some(known.written[0].message));
    assert_eq!(other.session_until, Some(NOW.plus(Duration::from_hours(24))));
    // STOP is never a keyword.
    known.keywords.push(keyword(5, LEROY, code, &["stop"], true, "non"));
    assert_eq!(understand(code, "stop", &known).meaning, Some(ReplyMeaning::Stop));
}

#[test]
fn a_keyword_that_subscribes_is_a_consent_with_its_proof() {
    let mut rule = keyword(1, BOUTIQUE, "36180", &["CLUB"], false, "Bienvenue ! STOP au 36180");
    rule.rule.subscription = Some(Subscription {
        advertiser: "Ma Boutique".into(),
        purpose: "newsletter".into(),
        text_shown: "Envoyez CLUB au 36180 pour nos offres".into(),
    });
    let known = Known { keywords: vec![rule], ..Known::default() };
    let understood = understand("36180", "club", &known);
    let [order] = understood.consents.as_slice() else { panic!("one consent") };
    assert_eq!(order.consent.text_shown, "Envoyez CLUB au 36180 pour nos offres");
    assert_eq!(order.consent.collected_at, NOW);
    assert_eq!(answer(&understood).map(|(reply, ..)| reply), Some(AutoReply::Keyword));
}

#[test]
fn while_parts_are_waited_for_only_a_stop_happens() {
    let known = Known::default();
    let stop = said("36180", "STOP […]", &known, true);
    assert!(stop.answer.is_none() && stop.consents.is_empty());
    assert_eq!(
        stop.stops.first().map(|order| order.state),
        Some(OptOutState::Review),
        "in force, not yet sure"
    );
    for text in ["CONTACT", "START", "bonjour […]"] {
        let nothing = said("36180", text, &known, true);
        assert!(nothing.answer.is_none() && nothing.stops.is_empty() && nothing.owner.is_none(), "{text}");
    }
}

/// Requirement `seed-sender-no-reply`.
#[test]
fn nobody_replies_to_a_name() {
    assert!("MaBoutique".parse::<Sender>().is_ok());
    let understood = understand("MaBoutique", "bonjour", &Known::default());
    assert_eq!((understood.owner, understood.answer.is_none()), (None, true));
}

/// Requirement `fr-contact-reply`: where nobody can tell who is meant, whoever runs the platform, if it says so.
#[test]
fn contact_that_can_be_nobodys_is_answered_by_the_platform() {
    assert_eq!(answer(&understand("36111", "CONTACT", &Known::default())), None, "it is kept, and shown");
    let arrived = Arrived {
        id: InboundId::from_key(18),
        at: NOW,
        now: NOW,
        phone: Some(phone()),
        code: "36111".parse().ok(),
        text: "CONTACT",
        open: false,
    };
    let mut desk = desk();
    desk.replies.publisher = Publisher {
        legal_name: Some("Plateforme SAS".to_owned()),
        service_contact: Some("plateforme.example".to_owned()),
        ..Publisher::default()
    };
    let said = "Service édité par Plateforme SAS. Service client: plateforme.example. STOP pour ne plus recevoir \
                de SMS.";
    let understood = desk.understand(&arrived, &Known::default());
    assert_eq!(answer(&understood), Some((AutoReply::Contact, said, WorkspaceId::PLATFORM)));
    // Somebody wrote: it is theirs.
    let known = Known { written: vec![written(LEROY, "36111", "36111", 1, false)], ..Known::default() };
    let theirs = desk.understand(&arrived, &known);
    assert_eq!(answer(&theirs).map(|(_, _, workspace)| workspace), Some(LEROY));
}
