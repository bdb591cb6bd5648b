use facteur_domain::{Class, EvidenceId, Language, Message, OptOutScope, SenderRecordId, SenderState, State};
use facteur_store::{
    Accept, Actor, DocumentRequest, Dossier, ERASED_TEXT, EVIDENCE_BYTES_MAX, NameProof, NewEvidence,
    NewOptOut, OnClosedWindow, Page, Publisher, Rewriting, SenderRecord, Settings, StoreError, Workspace,
    erased_number,
};

use super::consents::consent;
use super::world::{OTHER, WORKSPACE, World, at, phone};

const ALL: Page = Page { page: 1, size: 100 };

fn actor() -> Actor {
    Actor::named("ana")
}

async fn workspaces(world: &World) {
    for (id, name) in [(WORKSPACE, "Acme"), (OTHER, "Other")] {
        let workspace = Workspace { id, name: name.to_owned(), created_at: at(0) };
        world.store.create_workspace(workspace, actor()).await.expect("made");
    }
}

fn sender(id: i64, name: &str, state: SenderState) -> SenderRecord {
    SenderRecord {
        id: SenderRecordId::from_key(id),
        workspace: WORKSPACE,
        sender: name.parse().expect("a sender"),
        class: Class::Marketing,
        state,
        reason: None,
        decided_by: "ana".to_owned(),
        created_at: at(1),
        decided_at: at(1),
        dossier: Dossier::default(),
    }
}

fn dossier() -> Dossier {
    Dossier {
        company: Some("Acme".to_owned()),
        legal_name: Some("ACME SAS".to_owned()),
        siren: Some("123456782".to_owned()),
        website: Some("https://acme.example".to_owned()),
        use_case: Some("Promotions".to_owned()),
        example_content: Some("Soldes chez Acme".to_owned()),
        advertiser: Some("Acme Mode".to_owned()),
        shared_code: false,
        language: Some(Language::English),
        proof: NameProof::Registered,
        due_at: Some(at(100)),
        expected_at: Some(at(200)),
        missing: Some(DocumentRequest { what: "Kbis".to_owned(), at: at(3), by: "bob".to_owned() }),
    }
}

pub(crate) async fn settings_are_kept_and_raise_the_generation(world: &mut World) {
    workspaces(world).await;
    assert_eq!(world.store.settings(WORKSPACE).await.expect("read"), Settings::of("Acme"));
    let chosen = Settings {
        profile: "charter-2026".to_owned(),
        on_closed_window: OnClosedWindow::Refuse,
        stop_code: Some("36180".parse().expect("a code")),
        advertiser: "Ma Boutique".to_owned(),
        rewrite: Rewriting::Suggest,
        price_per_part: Some(45_000),
        parts_max: 8,
        postcode: Some("67000".to_owned()),
        language: Language::English,
        publisher: Publisher {
            legal_name: Some("Acme SAS".to_owned()),
            siren: Some("732829320".to_owned()),
            register_city: Some("Paris".to_owned()),
            service_phone: Some("09 69 39 00 00".to_owned()),
            service_contact: Some("acme.example/aide".to_owned()),
        },
        weight: 3,
        per_second: 50,
        sender_per_second: 20,
    };
    let before = world.store.generation().await.expect("read");
    world.store.change_settings(WORKSPACE, chosen.clone(), at(1), actor()).await.expect("changed");
    for wrong in [
        Settings { parts_max: 0, ..chosen.clone() },
        Settings { parts_max: 9, ..chosen.clone() },
        Settings { advertiser: " ".to_owned(), ..chosen.clone() },
        Settings { weight: 0, ..chosen.clone() },
        Settings { weight: 1_001, ..chosen.clone() },
        Settings { per_second: 10_001, ..chosen.clone() },
        Settings { sender_per_second: 10_001, ..chosen.clone() },
    ] {
        let refused = world.store.change_settings(WORKSPACE, wrong, at(2), actor()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
    world.restart().await;
    assert_eq!(world.store.settings(WORKSPACE).await.expect("read"), chosen);
    let directory = world.store.directory().await.expect("read");
    assert_eq!(directory.generation, before + 1);
    assert_eq!(directory.settings, [(WORKSPACE, chosen), (OTHER, Settings::of("Other"))]);
    let nobody = facteur_domain::WorkspaceId::from_key(4096);
    assert!(matches!(world.store.settings(nobody).await, Err(StoreError::NotFound("workspace"))));
}

pub(crate) async fn a_dossier_stays_with_its_sender(world: &mut World) {
    workspaces(world).await;
    let declared = SenderRecord { dossier: dossier(), ..sender(16, "MyCompany", SenderState::Pending) };
    world.store.declare_sender(declared.clone(), actor()).await.expect("declared");
    let name = declared.sender;
    let to = SenderState::Validated;
    let moved = world.store.decide_sender(WORKSPACE, name, to, None, at(5), actor()).await.expect("moved");
    assert_eq!(moved.dossier, dossier(), "a decision leaves it alone");
    world.restart().await;
    assert_eq!(world.store.directory().await.expect("read").senders[0].dossier, dossier());
    let leaner = Dossier { siren: None, missing: None, ..dossier() };
    let changed = world.store.change_dossier(WORKSPACE, name, leaner.clone(), at(6), actor()).await;
    assert_eq!(changed.expect("changed").dossier, leaner);
    let asked = world.store.ask_document(WORKSPACE, name, "Kbis".to_owned(), at(7), actor()).await;
    let missing = DocumentRequest { what: "Kbis".to_owned(), at: at(7), by: "ana".to_owned() };
    assert_eq!(asked.expect("asked").dossier, Dossier { missing: Some(missing), ..leaner.clone() });
    let theirs = world.store.ask_document(OTHER, name, "Kbis".to_owned(), at(7), actor()).await;
    assert!(matches!(theirs, Err(StoreError::NotFound("sender"))), "{theirs:?}");
    let file = NewEvidence { name: "k".into(), content_type: "text/plain".into(), bytes: "x".into() };
    world.store.add_evidence(WORKSPACE, declared.id, file, at(8), actor()).await.expect("kept");
    let settled = &world.store.directory().await.expect("read").senders[0];
    assert_eq!(settled.dossier, leaner, "the document has come");
}

pub(crate) async fn evidence_is_kept_octet_for_octet(world: &mut World) {
    workspaces(world).await;
    let record = sender(16, "MyCompany", SenderState::Pending);
    world.store.declare_sender(record.clone(), actor()).await.expect("declared");
    let file = |bytes: &'static [u8]| NewEvidence {
        name: "kbis.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        bytes: bytes.into(),
    };
    let add = |file| world.store.add_evidence(WORKSPACE, record.id, file, at(5), actor());
    let kept = add(file(b"abc")).await.expect("kept");
    let second = add(file(b"\0\xff")).await.expect("kept");
    // SHA-256 of "abc", as in FIPS 180-2.
    assert_eq!((kept.sha256[..4].to_vec(), kept.size), (vec![0xba, 0x78, 0x16, 0xbf], 3));
    let list = world.store.evidence(WORKSPACE, record.id).await.expect("read");
    assert_eq!(list, [kept.clone(), second.clone()]);
    let read = world.store.evidence_file(WORKSPACE, second.id).await.expect("read");
    assert_eq!(read, Some((second, bytes::Bytes::from_static(b"\0\xff"))));
    assert_eq!(world.store.evidence(OTHER, record.id).await.expect("read"), []);
    assert_eq!(world.store.evidence_file(OTHER, kept.id).await.expect("read"), None);
    let nothing = EvidenceId::from_key(4096);
    assert_eq!(world.store.evidence_file(WORKSPACE, nothing).await.expect("read"), None);
    let too_large = NewEvidence { bytes: vec![0; EVIDENCE_BYTES_MAX + 1].into(), ..file(b"") };
    for wrong in [file(b""), too_large] {
        assert!(matches!(add(wrong).await, Err(StoreError::Conflict(_))));
    }
    let theirs = world.store.add_evidence(OTHER, record.id, file(b"abc"), at(5), actor()).await;
    assert!(matches!(theirs, Err(StoreError::NotFound("sender"))));
}

pub(crate) async fn a_workspace_has_so_many_senders(world: &mut World) {
    workspaces(world).await;
    let declare = |record| world.store.declare_sender_within(record, 2, actor());
    for (id, name, state) in [
        (16, "Refused", SenderState::Failed),
        (32, "First", SenderState::Pending),
        (48, "Second", SenderState::Disabled),
        (64, "36180", SenderState::Pending),
        (80, "38180", SenderState::Pending),
    ] {
        declare(sender(id, name, state)).await.expect("declared");
    }
    for (id, name) in [(96, "Third"), (112, "36181")] {
        let refused = declare(sender(id, name, SenderState::Pending)).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{name}: {refused:?}");
    }
    let again = declare(sender(128, "FIRST", SenderState::Pending)).await.expect("it is there");
    assert_eq!(again.id, SenderRecordId::from_key(32));
}

pub(crate) async fn an_erased_person_stays_stopped(world: &mut World) {
    workspaces(world).await;
    let stop = |number| NewOptOut {
        number,
        scope: OptOutScope::Advertiser,
        advertiser: None,
        source: "stop_reply".to_owned(),
        reason: Some("0639980001".to_owned()),
    };
    let sent = world.submitted(phone(1), "A").await;
    let accept = Accept { new_consents: vec![consent(phone(1), "Acme")], ..world.message(1).into() };
    let waits = accept.message.clone();
    world.store.accept(accept).await.expect("kept");
    let bystander = world.accepted(1, phone(2)).await;
    let theirs = Message { workspace: OTHER, ..world.message(2) };
    world.keep(&theirs).await;
    let bystanders = vec![consent(phone(2), "Acme"), consent(phone(1), "Acme")];
    world.store.record_consents(WORKSPACE, bystanders, at(2), actor()).await.expect("recorded");
    let stops = vec![stop(phone(1)), stop(phone(2))];
    world.store.record_opt_outs(WORKSPACE, stops, at(3), actor()).await.expect("recorded");
    let erased = world.store.erase_person(WORKSPACE, phone(1), at(9), actor()).await.expect("erased");
    assert_eq!(erased, 5, "two entries, a STOP, two messages");
    world.restart().await;
    for (message, state) in [(&sent, State::Submitted), (&waits, State::Blocked)] {
        let read = world.read(message).await;
        assert_eq!((read.message.recipient, read.state), (erased_number(), state));
        assert_eq!((read.message.text.show(), read.message.client_reference), (ERASED_TEXT, None));
    }
    assert_eq!(world.read(&bystander).await.message, bystander);
    assert_eq!(world.read(&theirs).await.message, theirs, "another workspace's is another's to erase");
    assert_eq!(world.store.consents(WORKSPACE, phone(1)).await.expect("read"), []);
    assert_eq!(world.store.consents(WORKSPACE, phone(2)).await.expect("read").len(), 1);
    let ledger = world.store.consent_list(WORKSPACE, ALL).await.expect("read").rows;
    let left: Vec<_> = ledger.iter().map(|entry| (entry.sequence, entry.consent.is_some())).collect();
    assert_eq!(left, [(3, false), (2, true), (1, false)]);
    let report = world.store.verify_consents(WORKSPACE).await.expect("verified");
    assert_eq!((report.entries, report.broken_at), (3, None), "the chain is whole");
    let stops = world.store.opt_outs(WORKSPACE, Some(phone(1)), ALL).await.expect("read").rows;
    assert_eq!(stops.iter().map(|stop| (stop.number, &stop.reason)).collect::<Vec<_>>(), [(None, &None)]);
    let next = Message { class: Class::Marketing, ..world.message(20) };
    world.keep(&next).await;
    let departed = world.store.depart(vec![world.order(&next, 21)]).await.expect("answered");
    assert_eq!((departed.given.as_slice(), departed.blocked.len()), (&[0][..], 1), "the STOP holds");
    // What was on its way still finds its receipt.
    let receipt = world.receipt_of("A", facteur_domain::delivery::Event::ReceiptDelivered, 30);
    world.receipt(receipt).await;
    assert_eq!(world.state(&sent).await, State::Delivered);
    let again = world.store.erase_person(WORKSPACE, phone(1), at(40), actor()).await.expect("erased");
    assert_eq!(again, 1, "only what came since");
}
