use facteur_domain::{Message, Redacted};
use facteur_store::{Actor, ApiKey, AuditFilter, AuditLine, Counts, Hour, KeyUse, Volume, Workspace};

use super::world::{KEY, OTHER, WORKSPACE, World, at, phone};

async fn furnish(world: &World) {
    for id in [WORKSPACE, OTHER] {
        let workspace = Workspace { id, name: format!("Company {}", id.key()), created_at: at(0) };
        world.store.create_workspace(workspace, Actor::named("dev")).await.expect("made");
    }
}

pub(crate) async fn the_platform_sees_every_workspace_s_volume(world: &mut World) {
    furnish(world).await;
    world.submitted(phone(1), "A").await;
    world.accepted(2, phone(2)).await;
    world.keep(&Message { workspace: OTHER, ..world.message(3) }).await;
    let hour = Hour::of(at(0));
    let volumes = world.store.volumes(hour, hour.plus(1)).await.expect("read");
    let ours = Counts { accepted: 2, parts: 3, submitted: 1, ..Counts::default() };
    let theirs = Counts { accepted: 1, parts: 1, ..Counts::default() };
    let of = |workspace, counts| Volume { workspace, counts };
    assert_eq!(volumes, [of(WORKSPACE, ours), of(OTHER, theirs)]);
    assert_eq!(world.store.volumes(hour.plus(1), hour.plus(2)).await.expect("read"), []);
    use facteur_domain::delivery::Event;
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 9)).await;
    let delays = world.store.delays(hour, hour.plus(1)).await.expect("read");
    assert_eq!(
        delays.iter().map(|delay| (delay.route.as_str(), delay.count)).collect::<Vec<_>>(),
        [("aggregator", 1)]
    );
}

pub(crate) async fn a_key_tells_when_it_was_used(world: &mut World) {
    furnish(world).await;
    let key = ApiKey {
        id: KEY,
        workspace: WORKSPACE,
        label: "shop".into(),
        visible: "ak_live_3F9K".into(),
        hash: Redacted::new([7; 32]),
        scopes: vec!["SMS_SEND".into()],
        test: false,
        read_per_second: 20,
        write_per_second: 5,
        daily_quota: None,
        created_at: at(0),
        revoked_at: None,
    };
    world.store.create_key(key, Actor::named("dev")).await.expect("made");
    assert_eq!(world.store.key_use(WORKSPACE, 0).await.expect("read"), []);
    for seconds in [0, 1, 86_400] {
        world.keep(&world.message(seconds)).await;
    }
    let day = at(86_400).utc_day();
    assert_eq!(world.store.key_use(WORKSPACE, 0).await.expect("read"), [KeyUse { key: KEY, day, count: 1 }]);
    assert_eq!(world.store.key_use(WORKSPACE, day + 1).await.expect("read"), []);
    assert_eq!(world.store.key_use(OTHER, 0).await.expect("read"), []);
}

pub(crate) async fn the_audit_log_is_filtered(world: &mut World) {
    furnish(world).await;
    for (seconds, who, action) in
        [(1, "ana@exemple.fr", "key.created"), (2, "ben", "key.revoked"), (3, "Ana", "keys")]
    {
        let line = AuditLine::new(at(seconds), Actor::named(who), Some(WORKSPACE), action, String::new());
        world.store.note(line).await.expect("noted");
    }
    let found = async |filter: AuditFilter| {
        let lines = world.store.audit_lines(Some(WORKSPACE), filter, 10).await.expect("read");
        lines.into_iter().map(|(_, line)| line.action).collect::<Vec<_>>()
    };
    let all = ["keys", "key.revoked", "key.created", "workspace.created"];
    assert_eq!(found(AuditFilter::default()).await, all);
    let action = Some("key.".to_owned());
    assert_eq!(found(AuditFilter { action: action.clone(), ..Default::default() }).await, all[1..3]);
    let actor = Some("ANA".to_owned());
    assert_eq!(found(AuditFilter { actor: actor.clone(), ..Default::default() }).await, [all[0], all[2]]);
    assert_eq!(found(AuditFilter { actor, action, ..Default::default() }).await, all[2..3]);
    assert_eq!(
        found(AuditFilter { from: Some(at(2)), to: Some(at(3)), ..Default::default() }).await,
        all[1..2]
    );
    let lines = world.store.audit_lines(Some(WORKSPACE), AuditFilter::default(), 2).await.expect("read");
    let before = lines.last().map(|(number, _)| *number);
    assert_eq!(found(AuditFilter { before, ..Default::default() }).await, all[2..]);
}
