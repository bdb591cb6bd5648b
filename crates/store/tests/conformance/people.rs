use facteur_domain::{Redacted, SessionId, UserId};
use facteur_store::{
    Actor, Entrance, LinkPurpose, NewLink, NewSession, NewUser, Page, PlatformRole, Role, StoreError,
    Workspace,
};

use super::world::{OTHER, WORKSPACE, World, at};

const ANA: UserId = UserId::from_key(160);
const BEN: UserId = UserId::from_key(176);

fn actor() -> Actor {
    Actor::at("ana@exemple.fr", "203.0.113.4")
}

fn user(id: UserId, email: &str) -> NewUser {
    NewUser { id, email: email.to_owned(), name: "Ana".to_owned(), language: None, platform: None }
}

fn session(key: i64, verified: bool, replaces: Option<i64>) -> NewSession {
    NewSession {
        id: SessionId::from_key(key),
        hash: Redacted::new([u8::try_from(key).expect("small"); 32]),
        verified,
        expires_at: at(1000),
        address: "203.0.113.4".to_owned(),
        agent: "Firefox".to_owned(),
        replaces: replaces.map(SessionId::from_key),
    }
}

async fn furnish(world: &World) {
    for id in [WORKSPACE, OTHER] {
        let workspace = Workspace { id, name: format!("Company {}", id.key()), created_at: at(0) };
        world.store.create_workspace(workspace, actor()).await.expect("made");
    }
    world.store.create_user(user(ANA, " Ana@Exemple.FR "), at(1), actor()).await.expect("added");
    world.store.set_role(ANA, WORKSPACE, Some(Role::Owner), at(1), actor()).await.expect("a member");
}

pub(crate) async fn people_belong_to_workspaces(world: &mut World) {
    furnish(world).await;
    let doubled = world.store.create_user(user(BEN, "ANA@exemple.fr"), at(2), actor()).await;
    assert!(matches!(doubled, Err(StoreError::Conflict(_))), "{doubled:?}");
    world.store.create_user(user(BEN, "ben@exemple.fr"), at(2), actor()).await.expect("added");
    world.store.set_role(BEN, OTHER, Some(Role::Support), at(2), actor()).await.expect("a member");
    let ana = world.store.credentials("ANA@exemple.fr ".to_owned()).await.expect("read").expect("there");
    assert_eq!(ana.user.email, "ana@exemple.fr");
    assert_eq!(ana.user.memberships, [(WORKSPACE, Role::Owner)]);
    let of = async |workspace| {
        let found = world.store.users(workspace).await.expect("read");
        found.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(of(Some(WORKSPACE)).await, [ANA]);
    assert_eq!(of(Some(OTHER)).await, [BEN]);
    assert_eq!(of(None).await, [ANA, BEN]);
    let raised = world.store.set_platform_role(BEN, Some(PlatformRole::Reviewer), at(3), actor());
    assert_eq!(raised.await.expect("raised").platform, Some(PlatformRole::Reviewer));
}

pub(crate) async fn a_workspace_keeps_an_owner(world: &mut World) {
    furnish(world).await;
    for role in [None, Some(Role::Support)] {
        let gone = world.store.set_role(ANA, WORKSPACE, role, at(2), actor()).await;
        assert!(matches!(gone, Err(StoreError::Conflict(_))), "{gone:?}");
    }
    world.store.create_user(user(BEN, "ben@exemple.fr"), at(2), actor()).await.expect("added");
    world.store.set_role(BEN, WORKSPACE, Some(Role::Owner), at(2), actor()).await.expect("an owner");
    let ana = world.store.set_role(ANA, WORKSPACE, None, at(3), actor()).await.expect("gone");
    assert_eq!(ana.memberships, []);
}

pub(crate) async fn a_session_ends_by_time_idleness_and_order(world: &mut World) {
    furnish(world).await;
    for key in [1, 2, 3] {
        world.store.open_session(ANA, session(key, true, None), at(10), actor()).await.expect("opened");
    }
    let found = async |key: u8, now, idle| {
        world.store.session([key; 32], at(now), at(idle)).await.expect("read").is_some()
    };
    assert!(found(1, 999, 10).await);
    assert!(!found(1, 1000, 10).await, "it ends whatever is done with it");
    assert!(!found(1, 20, 11).await, "it was not used since");
    world.store.session_seen(SessionId::from_key(1), at(15)).await.expect("seen");
    assert!(found(1, 20, 11).await);
    assert!(!found(9, 20, 0).await, "another token");
    assert_eq!(
        world.store.end_session(ANA, SessionId::from_key(2), at(20), actor()).await.expect("ended"),
        1
    );
    assert!(!found(2, 20, 0).await);
    let none = world.store.end_session(BEN, SessionId::from_key(1), at(20), actor()).await;
    assert!(none.is_err(), "of somebody else");
    let keep = Some(SessionId::from_key(3));
    let hash = Redacted::new("$argon2id$".to_owned());
    world.store.set_password(ANA, hash, keep, at(21), actor()).await.expect("changed");
    assert!(found(3, 22, 0).await && !found(1, 22, 0).await, "a new password ends the others");
    world.store.open_session(ANA, session(4, true, Some(3)), at(23), actor()).await.expect("opened");
    assert!(found(4, 24, 0).await && !found(3, 24, 0).await, "it took the other's place");
    world.store.disable_user(ANA, true, at(25), actor()).await.expect("disabled");
    assert!(!found(4, 26, 0).await);
    assert!(world.store.open_session(ANA, session(5, true, None), at(26), actor()).await.is_err());
}

pub(crate) async fn a_link_lets_in_once(world: &mut World) {
    furnish(world).await;
    let link = |byte: u8, purpose| NewLink {
        hash: Redacted::new([byte; 32]),
        user: ANA,
        purpose,
        expires_at: at(100),
    };
    for (byte, purpose) in [(1, LinkPurpose::SignIn), (2, LinkPurpose::SignIn), (3, LinkPurpose::Invitation)]
    {
        world.store.make_link(link(byte, purpose), at(10), actor()).await.expect("made");
    }
    let usable = async |byte: u8, now| world.store.link([byte; 32], at(now)).await.expect("read").is_some();
    assert!(!usable(1, 11).await, "a later one takes its place");
    assert!(usable(2, 99).await && usable(3, 99).await, "of another purpose");
    assert!(!usable(2, 100).await, "it is over");
    let enter = |byte: u8, key| {
        let entrance = Entrance {
            email: Some("Ana.B@exemple.fr".to_owned()),
            name: Some("Ana B.".to_owned()),
            password: Redacted::new(Some("$hash".to_owned())),
        };
        world.store.enter_by_link([byte; 32], entrance, session(key, true, None), at(20), actor())
    };
    let (first, user) = enter(3, 7).await.expect("let in");
    assert_eq!((first.id, user.name.as_str(), user.has_password), (SessionId::from_key(7), "Ana B.", true));
    assert_eq!(user.email, "ana.b@exemple.fr");
    assert!(matches!(enter(3, 8).await, Err(StoreError::NotFound("link"))), "once");
    assert!(matches!(enter(9, 8).await, Err(StoreError::NotFound("link"))));
}

pub(crate) async fn a_code_of_the_second_factor_counts_once(world: &mut World) {
    furnish(world).await;
    let secret = Redacted::new(Some(vec![7; 20]));
    world.store.set_totp(ANA, secret, vec![[1; 32], [2; 32]], at(10), actor()).await.expect("set");
    let step = async |step| world.store.use_totp_step(ANA, step).await.expect("counted");
    assert!(step(5).await && !step(5).await && !step(4).await && step(6).await);
    let code = async |byte: u8| {
        world.store.use_recovery_code(ANA, [byte; 32], at(11), actor()).await.expect("counted")
    };
    assert!(code(1).await && !code(1).await && code(2).await && !code(3).await);
    world.store.set_totp(ANA, Redacted::new(None), vec![], at(12), actor()).await.expect("removed");
    assert!(!code(2).await);
    let ana = world.store.user(ANA).await.expect("read").expect("there");
    assert!(!ana.has_totp);
}

pub(crate) async fn changes_to_people_are_in_the_audit_log(world: &mut World) {
    furnish(world).await;
    world.store.set_role(ANA, OTHER, Some(Role::Support), at(2), actor()).await.expect("a member");
    world.store.set_role(ANA, OTHER, Some(Role::Compliance), at(3), actor()).await.expect("changed");
    world.store.open_session(ANA, session(1, true, None), at(4), actor()).await.expect("opened");
    let page = Page { page: 1, size: 10 };
    let lines = world.store.audit(Some(OTHER), page).await.expect("read").rows;
    let told: Vec<_> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(told, ["session.opened", "member.changed", "member.changed", "workspace.created"]);
    let change = &lines[1];
    assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("support"), Some("compliance")));
    assert_eq!(change.origin.as_deref(), Some("203.0.113.4"));
}
