use facteur_domain::{AccountKeyId, Class, Redacted, SenderRecordId, SenderState, WorkspaceId};
use facteur_store::{Actor, ApiKey, AuditLine, Dossier, Page, SenderRecord, StoreError, Workspace};

use super::world::{KEY, OTHER, WORKSPACE, World, at};

const ALL: Page = Page { page: 1, size: 100 };

fn actor() -> Actor {
    Actor::named("desk")
}

fn workspace(id: WorkspaceId) -> Workspace {
    Workspace { id, name: format!("Company {}", id.key()), created_at: at(0) }
}

fn key(id: AccountKeyId, workspace: WorkspaceId, secret: u8) -> ApiKey {
    ApiKey {
        id,
        workspace,
        label: "server".to_owned(),
        visible: "ak_live_3F9K".to_owned(),
        hash: Redacted::new([secret; 32]),
        scopes: vec!["SMS_SEND".to_owned(), "SMS_READ".to_owned()],
        test: false,
        read_per_second: 20,
        write_per_second: 5,
        daily_quota: Some(1000),
        created_at: at(1),
        revoked_at: None,
    }
}

fn sender(id: i64, workspace: WorkspaceId, name: &str) -> SenderRecord {
    SenderRecord {
        id: SenderRecordId::from_key(id),
        workspace,
        sender: name.parse().expect("a sender"),
        class: Class::Transactional,
        state: SenderState::Pending,
        reason: None,
        decided_by: "desk".to_owned(),
        created_at: at(2),
        decided_at: at(2),
        dossier: Dossier::default(),
    }
}

async fn two_workspaces(world: &World) {
    for id in [WORKSPACE, OTHER] {
        world.store.create_workspace(workspace(id), actor()).await.expect("made");
    }
}

pub(crate) async fn the_directory_reads_back_and_its_generation_rises(world: &mut World) {
    let start = world.store.generation().await.expect("read");
    two_workspaces(world).await;
    let bare =
        ApiKey { scopes: vec![], daily_quota: None, test: true, ..key(AccountKeyId::from_key(64), OTHER, 2) };
    world.store.create_key(key(KEY, WORKSPACE, 1), actor()).await.expect("kept");
    world.store.create_key(bare.clone(), actor()).await.expect("kept");
    let declared = sender(16, WORKSPACE, "MyCompany");
    world.store.declare_sender(declared.clone(), actor()).await.expect("declared");
    world.restart().await;
    let directory = world.store.directory().await.expect("read");
    assert_eq!(directory.generation, start + 5);
    assert_eq!(directory.generation, world.store.generation().await.expect("read"));
    assert_eq!(directory.workspaces, [workspace(WORKSPACE), workspace(OTHER)]);
    assert_eq!(directory.keys, [key(KEY, WORKSPACE, 1), bare]);
    assert_eq!(directory.senders, [declared]);
    // Another process's change is seen, too.
    let other = world.open_in(world.folder.path());
    other.revoke_key(WORKSPACE, KEY, at(9), actor()).await.expect("revoked");
    assert_eq!(world.store.generation().await.expect("read"), start + 6);
    assert_eq!(world.store.directory().await.expect("read").keys[0].revoked_at, Some(at(9)));
    other.close().await.expect("closes");
}

pub(crate) async fn keys_are_revoked_in_their_workspace_only(world: &mut World) {
    two_workspaces(world).await;
    world.store.create_key(key(KEY, WORKSPACE, 1), actor()).await.expect("kept");
    let theirs = world.store.revoke_key(OTHER, KEY, at(5), actor()).await;
    assert!(matches!(theirs, Err(StoreError::NotFound("key"))), "{theirs:?}");
    world.store.revoke_key(WORKSPACE, KEY, at(5), actor()).await.expect("revoked");
    let generation = world.store.generation().await.expect("read");
    world.store.revoke_key(WORKSPACE, KEY, at(9), actor()).await.expect("stays revoked");
    let directory = world.store.directory().await.expect("read");
    assert_eq!((directory.keys[0].revoked_at, directory.generation), (Some(at(5)), generation));
}

pub(crate) async fn a_sender_belongs_to_one_workspace(world: &mut World) {
    two_workspaces(world).await;
    let first = sender(16, WORKSPACE, "MyCompany");
    assert_eq!(world.store.declare_sender(first.clone(), actor()).await.expect("declared"), first);
    let again = world.store.declare_sender(sender(32, WORKSPACE, "MYCOMPANY"), actor()).await;
    assert_eq!(again.expect("the record that is there"), first);
    let claimed = world.store.declare_sender(sender(48, OTHER, "mycompany"), actor()).await;
    assert!(matches!(claimed, Err(StoreError::Conflict(_))), "{claimed:?}");
    // A refused claim holds the name no longer; and cannot come back once another has it.
    let refuse = |to| world.store.decide_sender(WORKSPACE, first.sender, to, None, at(5), actor());
    refuse(SenderState::Failed).await.expect("refused");
    world.store.declare_sender(sender(48, OTHER, "mycompany"), actor()).await.expect("free again");
    let back = refuse(SenderState::Pending).await;
    assert!(matches!(back, Err(StoreError::Conflict(_))), "{back:?}");
}

pub(crate) async fn senders_move_as_the_desk_says(world: &mut World) {
    use SenderState::{Disabled, Failed, Pending, Validated};
    two_workspaces(world).await;
    let all = [Pending, Validated, Failed, Disabled];
    let allowed = [
        (Pending, Validated),
        (Pending, Failed),
        (Validated, Disabled),
        (Disabled, Validated),
        (Failed, Pending),
    ];
    for (n, (from, to)) in (1i64..).zip(all.iter().flat_map(|from| all.map(|to| (*from, to)))) {
        let record = SenderRecord { state: from, ..sender(n * 16, WORKSPACE, &format!("Sender{n}")) };
        world.store.declare_sender(record.clone(), actor()).await.expect("declared");
        let why = Some("papers".to_owned());
        let who = Actor::named("ana");
        let moved = world.store.decide_sender(WORKSPACE, record.sender, to, why.clone(), at(5), who).await;
        if allowed.contains(&(from, to)) {
            let expected = SenderRecord {
                state: to,
                reason: why,
                decided_by: "ana".into(),
                decided_at: at(5),
                ..record
            };
            assert_eq!(moved.expect("allowed"), expected);
        } else {
            assert!(matches!(moved, Err(StoreError::Conflict(_))), "{from:?} to {to:?}: {moved:?}");
        }
    }
    let name = "Sender1".parse().expect("a sender");
    let theirs = world.store.decide_sender(OTHER, name, Validated, None, at(5), actor()).await;
    assert!(matches!(theirs, Err(StoreError::NotFound("sender"))), "{theirs:?}");
}

pub(crate) async fn the_audit_log_tells_who_and_why(world: &mut World) {
    two_workspaces(world).await;
    let record = sender(16, WORKSPACE, "MyCompany");
    world.store.declare_sender(record.clone(), actor()).await.expect("declared");
    let why = Some("Kbis seen".to_owned());
    let who = Actor::named("ana");
    let moved = world.store.decide_sender(WORKSPACE, record.sender, SenderState::Validated, why, at(7), who);
    moved.await.expect("validated");
    let who = Actor::at("api_1", "203.0.113.4");
    let line = AuditLine::new(at(8), who, None, "send.refused", "no such sender".to_owned());
    let line = AuditLine { before: Some("a".to_owned()), after: Some("b".to_owned()), ..line };
    world.store.note(line.clone()).await.expect("noted");
    let own = world.store.audit(Some(WORKSPACE), ALL).await.expect("read");
    let said: Vec<_> = own.rows.iter().map(|line| (line.action.as_str(), line.actor.as_str())).collect();
    assert_eq!(
        said,
        [("sender.validated", "ana"), ("sender.declared", "desk"), ("workspace.created", "desk")]
    );
    assert!(own.rows[0].detail.contains("MyCompany") && own.rows[0].detail.contains("Kbis seen"));
    assert_eq!((own.rows[0].at, own.rows[0].workspace), (at(7), Some(WORKSPACE)));
    let whole = world.store.audit(None, Page { page: 1, size: 1 }).await.expect("read");
    assert_eq!((whole.rows, whole.total), (vec![line], 5));
}

pub(crate) async fn routes_keep_their_numbers(world: &mut World) {
    let other = world.store.route("backup".to_owned()).await.expect("a route");
    assert_ne!(other, world.route);
    world.restart().await;
    assert_eq!(world.store.route("backup".to_owned()).await.expect("a route"), other);
    assert_eq!(world.store.route("aggregator".to_owned()).await.expect("a route"), world.route);
}

pub(crate) async fn what_is_missing_or_doubled_is_said(world: &mut World) {
    let orphan_key = world.store.create_key(key(KEY, WORKSPACE, 1), actor()).await;
    assert!(matches!(orphan_key, Err(StoreError::NotFound("workspace"))), "{orphan_key:?}");
    let orphan_sender = world.store.declare_sender(sender(16, WORKSPACE, "MyCompany"), actor()).await;
    assert!(matches!(orphan_sender, Err(StoreError::NotFound("workspace"))), "{orphan_sender:?}");
    two_workspaces(world).await;
    let doubled = world.store.create_workspace(workspace(OTHER), actor()).await;
    assert!(matches!(doubled, Err(StoreError::Conflict(_))), "{doubled:?}");
    world.store.create_key(key(KEY, WORKSPACE, 1), actor()).await.expect("kept");
    let same_secret = world.store.create_key(key(AccountKeyId::from_key(64), OTHER, 1), actor()).await;
    assert!(matches!(same_secret, Err(StoreError::Conflict(_))), "{same_secret:?}");
    assert_eq!(world.store.audit(None, ALL).await.expect("read").total, 3, "what did not happen is not told");
}
