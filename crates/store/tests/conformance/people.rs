use facteur_domain::{Redacted, SessionId, UserId, WorkspaceId};
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
        grant: None,
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

fn link_to(byte: u8, user: UserId, purpose: LinkPurpose, grant: Option<(WorkspaceId, Role)>) -> NewLink {
    NewLink { hash: Redacted::new([byte; 32]), user, purpose, grant, expires_at: at(100) }
}

fn chosen() -> Entrance {
    Entrance { email: None, name: None, password: Redacted::new(Some("$hash".to_owned())) }
}

pub(crate) async fn a_role_comes_by_an_invitation(world: &mut World) {
    furnish(world).await;
    world.store.create_user(user(BEN, "ben@exemple.fr"), at(2), actor()).await.expect("added");
    let invite = async |byte, workspace, role| {
        let link = link_to(byte, BEN, LinkPurpose::Invitation, Some((workspace, role)));
        world.store.make_link(link, at(3), actor()).await.expect("made");
    };
    invite(1, OTHER, Role::Support).await;
    invite(2, WORKSPACE, Role::Owner).await;
    let invited = async |workspace| world.store.invitations(workspace).await.expect("read");
    let told = invited(WORKSPACE).await;
    assert_eq!(told.iter().map(|one| (one.user, one.role)).collect::<Vec<_>>(), [(BEN, Role::Owner)]);
    let ben = async || world.store.user(BEN).await.expect("read").expect("there");
    assert_eq!(ben().await.memberships, [], "nothing before the link is used");
    let page = Page { page: 1, size: 10 };
    let lines = world.store.audit(Some(OTHER), page).await.expect("read").rows;
    let actions: Vec<_> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["member.invited", "workspace.created"], "told where it happened");
    // Whoever was quicker has the account; the other invitation waits for them to sign in.
    let entered = world.store.enter_by_link([1; 32], chosen(), session(1, true, None), at(4), actor()).await;
    assert_eq!(entered.expect("let in").1.memberships, [(OTHER, Role::Support)]);
    let refused = world.store.enter_by_link([2; 32], chosen(), session(2, true, None), at(5), actor()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let not_theirs = world.store.join_by_link([2; 32], ANA, at(6), actor()).await;
    assert!(matches!(not_theirs, Err(StoreError::NotFound(_))), "{not_theirs:?}");
    assert_eq!(ben().await.memberships, [(OTHER, Role::Support)], "and is not used up");
    let joined = world.store.join_by_link([2; 32], BEN, at(7), actor()).await.expect("joined");
    assert_eq!(joined.memberships.len(), 2);
    assert!(world.store.join_by_link([2; 32], BEN, at(8), actor()).await.is_err(), "once");
    assert_eq!(invited(WORKSPACE).await, []);
    // A later one takes the place of the one before, and can be taken back.
    world.store.set_role(BEN, OTHER, None, at(9), actor()).await.expect("gone");
    invite(3, OTHER, Role::Support).await;
    invite(4, OTHER, Role::Marketing).await;
    assert!(world.store.link([3; 32], at(10)).await.expect("read").is_none());
    world.store.withdraw_invitation(BEN, OTHER, at(10), actor()).await.expect("withdrawn");
    assert!(world.store.link([4; 32], at(11)).await.expect("read").is_none());
    assert!(world.store.withdraw_invitation(BEN, OTHER, at(12), actor()).await.is_err());
}

pub(crate) async fn a_link_opens_no_more_than_it_did(world: &mut World) {
    furnish(world).await;
    let usable = async |byte: u8| world.store.link([byte; 32], at(50)).await.expect("read").is_some();
    let make = async |byte, user, purpose, grant| {
        world.store.make_link(link_to(byte, user, purpose, grant), at(10), actor()).await.expect("made");
    };
    let password = async |byte| make(byte, ANA, LinkPurpose::Password, None).await;
    password(1).await;
    world.store.set_role(ANA, WORKSPACE, Some(Role::Owner), at(11), actor()).await.expect("as it was");
    assert!(usable(1).await, "nothing is new");
    world.store.set_role(ANA, OTHER, Some(Role::Support), at(12), actor()).await.expect("a member");
    assert!(!usable(1).await, "another workspace");
    password(2).await;
    world.store.set_platform_role(ANA, Some(PlatformRole::Reviewer), at(13), actor()).await.expect("raised");
    assert!(!usable(2).await, "the platform");
    password(3).await;
    let hash = || Redacted::new("$argon2id$".to_owned());
    world.store.set_password(ANA, hash(), None, at(14), actor()).await.expect("changed");
    assert!(!usable(3).await, "a password changed in doubt");
    // Somebody without a password: the kept invitation of one workspace is no key to another.
    world.store.create_user(user(BEN, "ben@exemple.fr"), at(15), actor()).await.expect("added");
    make(4, BEN, LinkPurpose::Invitation, Some((OTHER, Role::Support))).await;
    world.store.set_role(BEN, WORKSPACE, Some(Role::Owner), at(16), actor()).await.expect("a member");
    assert!(!usable(4).await);
    make(5, BEN, LinkPurpose::Invitation, Some((OTHER, Role::Support))).await;
    let refused = world.store.enter_by_link([5; 32], chosen(), session(5, true, None), at(17), actor()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    make(6, BEN, LinkPurpose::Invitation, Some((WORKSPACE, Role::Owner))).await;
    world
        .store
        .enter_by_link([6; 32], chosen(), session(6, true, None), at(18), actor())
        .await
        .expect("let in");
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
    let same = Redacted::new(Some(vec![7; 20]));
    world.store.set_totp(ANA, same, vec![[3; 32]], at(12), actor()).await.expect("other recovery codes");
    assert!(!step(6).await && step(7).await, "a used code stays used");
    let other = Redacted::new(Some(vec![8; 20]));
    world.store.set_totp(ANA, other, vec![[2; 32]], at(12), actor()).await.expect("another secret");
    assert!(step(6).await, "of another secret");
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
