//! The console's pages for owners, reviewers and operators: what they do, and what strangers do not.

use axum::http::StatusCode;
use bytes::Bytes;
use facteur_domain::{Redacted, SenderRecordId, UserId, WorkspaceId};
use facteur_http::Options;
use facteur_store::{
    Actor, LinkPurpose, NewEvidence, NewWebhook, PlatformRole, Role, WebhookTopic, Workspace,
};

use super::console::{Browser, EMAIL, owner, person, to};
use super::world::{Answer, World};

fn actor() -> Actor {
    Actor::named("test")
}

/// The owner of the first workspace, signed in; and the address of its pages.
async fn signed_in(world: &World) -> (Browser<'_>, WorkspaceId, String) {
    let workspace = owner(world).await;
    let mut browser = Browser::new(world);
    assert_eq!(browser.sign_in().await.status, StatusCode::SEE_OTHER);
    (browser, workspace, format!("/console/{workspace}"))
}

/// Somebody else, signed in by a link.
async fn somebody<'a>(
    world: &'a World,
    email: &str,
    roles: &[(WorkspaceId, Role)],
    platform: Option<PlatformRole>,
) -> (Browser<'a>, UserId) {
    let (id, link) = person(world, email, roles, platform, LinkPurpose::SignIn).await;
    let mut browser = Browser::new(world);
    assert_eq!(browser.post(&link, &[]).await.status, StatusCode::SEE_OTHER);
    (browser, id)
}

async fn another_workspace(world: &World) -> WorkspaceId {
    let id = WorkspaceId::from_key(world.gateway.new_key());
    let workspace = Workspace { id, name: "Autre".to_owned(), created_at: world.gateway.now() };
    world.gateway.store().create_workspace(workspace, actor()).await.expect("made");
    world.gateway.refresh().await.expect("read");
    id
}

/// What stands between two marks of a page.
fn between<'a>(answer: &'a Answer, before: &str, after: &str) -> &'a str {
    let (_, rest) = answer.text.split_once(before).unwrap_or_else(|| panic!("{before} in {}", answer.text));
    rest.split_once(after).expect("an end").0
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_revoked() {
    let world = World::new().await;
    let (mut browser, _, base) = signed_in(&world).await;
    let fields = [("label", "L'été <b>"), ("scope", "SMS_SEND"), ("scope", "CONVERSATIONS_READ")];
    let made = browser.post(&format!("{base}/settings/keys"), &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let secret = between(&made, "data-copy=\"", "\"").to_owned();
    assert!(secret.starts_with("ak_live_"));
    let me = |secret: &str| super::world::request(axum::http::Method::GET, "/v2/api/me", secret, "");
    assert_eq!(world.call(me(&secret)).await.status, StatusCode::OK);
    let listed = browser.get(&format!("{base}/settings/keys")).await;
    assert!(
        !listed.text.contains(&secret) && listed.text.contains("L&#39;été &#60;b&#62;"),
        "{}",
        listed.text
    );
    let revoke = between(&listed, "danger-text\" href=\"", "\"").to_owned();
    let asked = browser.get(&revoke).await;
    assert!(asked.text.contains("401"), "it says what will happen");
    assert_eq!(world.call(me(&secret)).await.status, StatusCode::OK, "asking revokes nothing");
    assert_eq!(browser.post(&revoke, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.call(me(&secret)).await.status, StatusCode::UNAUTHORIZED);
    // No owner gives what reaches other workspaces.
    for scope in ["COMPLIANCE_REVIEW", "PARTNER", "ALL"] {
        let refused =
            browser.post(&format!("{base}/settings/keys"), &[("label", "x"), ("scope", scope)]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{scope}");
    }
    let nothing = browser.post(&format!("{base}/settings/keys"), &[("label", "")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let foreign = browser.post_from("cross-site", &format!("{base}/settings/keys"), &fields).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    let world = World::new().await;
    let (mut browser, ours, base) = signed_in(&world).await;
    let theirs = another_workspace(&world).await;
    let (_, stranger) = somebody(&world, "zoe@autre.fr", &[(theirs, Role::Owner)], None).await;
    let new = NewWebhook {
        url: "https://autre.fr/x".to_owned(),
        topics: vec![WebhookTopic::SmsSent],
        description: None,
        secret: Redacted::new([7; 32]),
        enabled: true,
        v1: None,
    };
    let store = world.gateway.store();
    let hook = store.create_webhook(theirs, new, world.gateway.now(), actor()).await.expect("made").id;
    for page in [
        format!("{base}/settings/webhooks/{hook}"),
        format!("{base}/settings/webhooks/{hook}/delete"),
        format!("{base}/settings/members/{stranger}/remove"),
        format!("{base}/settings/keys/api_1/revoke"),
        format!("{base}/conversations/cnv_38GJJNRFG0000"),
        format!("/console/{theirs}/settings/webhooks/{hook}"),
        format!("/console/{theirs}/conversations"),
        "/console/platform/review".to_owned(),
        "/console/platform/workspaces".to_owned(),
        "/console/platform/routes".to_owned(),
        "/console/platform/phones".to_owned(),
    ] {
        assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for form in [
        format!("{base}/settings/webhooks/{hook}/test"),
        format!("{base}/settings/webhooks/{hook}/rotate"),
        format!("{base}/settings/members/{stranger}/link"),
        format!("{base}/settings/members/{stranger}/role"),
        format!("{base}/conversations/cnv_38GJJNRFG0000/mark"),
    ] {
        let refused = browser.post(&form, &[("role", "owner"), ("as", "archive")]).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{form}");
    }
    let (mut support, _) = somebody(&world, "sam@exemple.fr", &[(ours, Role::Support)], None).await;
    for page in ["keys", "webhooks", "members", "company"] {
        let refused = support.get(&format!("{base}/settings/{page}")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert_eq!(support.get(&format!("{base}/conversations")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn members_come_by_a_link_and_an_owner_stays() {
    let world = World::new().await;
    let (mut browser, ours, base) = signed_in(&world).await;
    let invite = format!("{base}/settings/members/invite");
    let invited = browser.post(&invite, &[("email", "Ben@Exemple.fr"), ("role", "support")]).await;
    assert_eq!(invited.status, StatusCode::OK, "{}", invited.text);
    let link = between(&invited, "data-copy=\"", "\"").to_owned();
    let mut ben = Browser::new(&world);
    let chosen =
        [("name", "Ben"), ("password", "trois colis et une lettre"), ("again", "trois colis et une lettre")];
    assert_eq!(ben.post(&link, &chosen).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ben.get(&format!("{base}/conversations")).await.status, StatusCode::OK);
    let users = world.gateway.store().users(Some(ours)).await.expect("read");
    let id = |email: &str| users.iter().find(|user| user.email == email).expect("there").id;
    let (me, ben_id) = (id(EMAIL), id("ben@exemple.fr"));
    let again = browser.post(&invite, &[("email", "ben@exemple.fr"), ("role", "owner")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (form, fields) in [("role", vec![("role", "read_only")]), ("remove", vec![])] {
        let refused = browser.post(&format!("{base}/settings/members/{me}/{form}"), &fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{form}: the last owner stays");
    }
    let removed = browser.post(&format!("{base}/settings/members/{ben_id}/remove"), &[]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER);
    assert_eq!(ben.get(&format!("{base}/conversations")).await.status, StatusCode::NOT_FOUND, "at once");
}

/// A password that is long enough.
const PHRASE: &str = "trois colis et une lettre";

/// Invites by the page of members; the link.
async fn invite(browser: &mut Browser<'_>, base: &str, email: &str, role: &str) -> String {
    let fields = [("email", email), ("role", role)];
    let invited = browser.post(&format!("{base}/settings/members/invite"), &fields).await;
    assert_eq!(invited.status, StatusCode::OK, "{}", invited.text);
    between(&invited, "data-copy=\"", "\"").to_owned()
}

#[tokio::test]
async fn an_address_that_somebody_took_opens_no_other_workspace() {
    let world = World::new().await;
    let (mut browser, ours, base) = signed_in(&world).await;
    let theirs = another_workspace(&world).await;
    let (mut mallory, _) = somebody(&world, "mallory@autre.fr", &[(theirs, Role::Owner)], None).await;
    // Mallory invites an address that has no account yet, keeps the link, and chooses the password himself.
    let kept = invite(&mut mallory, &format!("/console/{theirs}"), "dora@exemple.fr", "support").await;
    let mut taken = Browser::new(&world);
    let chosen = [("name", "Dora"), ("password", PHRASE), ("again", PHRASE)];
    assert_eq!(taken.post(&kept, &chosen).await.status, StatusCode::SEE_OTHER);
    assert_eq!(taken.get(&format!("/console/{theirs}/conversations")).await.status, StatusCode::OK);
    // Another company invites Dora: the account of her address gets nothing by that.
    let link = invite(&mut browser, &base, "dora@exemple.fr", "owner").await;
    assert_eq!(taken.get(&base).await.status, StatusCode::NOT_FOUND, "not a member");
    let listed = browser.get(&format!("{base}/settings/members")).await;
    assert!(listed.text.contains("dora@exemple.fr"), "her invitation is shown");
    // The link alone opens no account that has a password, and chooses none.
    let mut dora = Browser::new(&world);
    let shown = dora.get(&link).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(!shown.text.contains("type=\"password\"") && shown.text.contains("/console/sign-in?next="));
    assert_eq!(dora.post(&link, &chosen).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post(&link, &[]).await.status, StatusCode::FORBIDDEN, "signed in as somebody else");
    // Whoever is signed in and holds it becomes a member, once.
    let users = world.gateway.store().users(Some(ours)).await.expect("read");
    assert!(users.iter().all(|user| user.email != "dora@exemple.fr"));
    assert_eq!(to(&taken.post(&link, &[]).await), base);
    assert_eq!(taken.get(&format!("{base}/settings/members")).await.status, StatusCode::OK);
    assert_eq!(taken.post(&link, &[]).await.status, StatusCode::NOT_FOUND, "once");
}

#[tokio::test]
async fn a_kept_invitation_is_no_key_to_another_workspace() {
    let world = World::new().await;
    let (mut browser, ours, base) = signed_in(&world).await;
    let theirs = another_workspace(&world).await;
    let (mut mallory, _) = somebody(&world, "mallory@autre.fr", &[(theirs, Role::Owner)], None).await;
    let kept = invite(&mut mallory, &format!("/console/{theirs}"), "dora@exemple.fr", "support").await;
    let store = world.gateway.store();
    let dora = store.credentials("dora@exemple.fr".to_owned()).await.expect("read").expect("there").user.id;
    store.set_role(dora, ours, Some(Role::Owner), world.gateway.now(), actor()).await.expect("a member");
    let chosen = [("name", "Dora"), ("password", PHRASE), ("again", PHRASE)];
    assert_eq!(Browser::new(&world).get(&kept).await.status, StatusCode::NOT_FOUND);
    // Nor is one that is made afterwards: her own workspace lets her in first.
    let kept = invite(&mut mallory, &format!("/console/{theirs}"), "dora@exemple.fr", "support").await;
    assert_eq!(Browser::new(&world).post(&kept, &chosen).await.status, StatusCode::FORBIDDEN);
    let again = browser.post(&format!("{base}/settings/members/{dora}/link"), &[]).await;
    let own = between(&again, "data-copy=\"", "\"").to_owned();
    let mut hers = Browser::new(&world);
    assert_eq!(hers.post(&own, &chosen).await.status, StatusCode::SEE_OTHER);
    assert_eq!(to(&hers.post(&kept, &[]).await), format!("/console/{theirs}"));
}

#[tokio::test]
async fn an_invitation_is_withdrawn() {
    let world = World::new().await;
    let (mut browser, _, base) = signed_in(&world).await;
    let link = invite(&mut browser, &base, "dora@exemple.fr", "support").await;
    let listed = browser.get(&format!("{base}/settings/members")).await;
    let (before, _) = listed.text.split_once("/withdraw").expect("a button");
    let dora = before.rsplit('/').next().expect("an id");
    let withdraw = format!("{base}/settings/members/{dora}/withdraw");
    assert_eq!(browser.post(&withdraw, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(Browser::new(&world).get(&link).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post(&withdraw, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_reviewer_sees_evidence_and_it_can_do_nothing() {
    let world = World::with(&Options { sender_ids_max: 10, ..Options::default() }).await;
    let (mut browser, ours, _) = signed_in(&world).await;
    let declared = world
        .post("/v2/api/sender_ids", r#"{"sender_id":"CafePort","legal_name":"<script>x</script>","siren":"732829320","website":"https://a.fr","use_case":"x","example_content":"y"}"#)
        .await;
    assert!(declared.status.is_success(), "{}", declared.text);
    let id = declared.body["data"]["id"].as_str().expect("an id").to_owned();
    let record: SenderRecordId = id.parse().expect("an id");
    let store = world.gateway.store();
    let mut files = Vec::new();
    for (name, content_type) in
        [("kbis.pdf", "application/pdf"), ("a.png", "image/png"), ("<b>.svg", "image/svg+xml")]
    {
        let bytes = Bytes::from_static(b"<script>alert(1)</script>");
        let file = NewEvidence { name: name.to_owned(), content_type: content_type.to_owned(), bytes };
        files.push(
            store.add_evidence(ours, record, file, world.gateway.now(), actor()).await.expect("kept").id,
        );
    }
    let page = format!("/console/platform/review/{id}");
    let file = format!("{page}/evidence/{}", files[0]);
    assert_eq!(browser.get(&file).await.status, StatusCode::NOT_FOUND, "an owner is no reviewer");
    let (mut reviewer, _) = somebody(&world, "rita@plateforme.fr", &[], Some(PlatformRole::Reviewer)).await;
    let seen = reviewer.get(&page).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    assert!(!seen.text.contains("<script>x") && !seen.text.contains("<b>.svg"));
    for (at, kind, disposition) in [
        (0, "application/pdf", "attachment"),
        (1, "image/png", "inline"),
        (2, "application/octet-stream", "attachment"),
    ] {
        let file = reviewer.get(&format!("{page}/evidence/{}", files[at])).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, Some(kind)));
        assert!(file.header("content-disposition").is_some_and(|how| how.starts_with(disposition)));
        assert!(file.header("content-security-policy").is_some_and(|policy| policy.starts_with("sandbox;")));
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    }
    let silent = reviewer.post(&format!("{page}/fail"), &[("reason", " ")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "a refusal has a reason");
    let passed = reviewer.post(&format!("{page}/validate"), &[("proof", "registered")]).await;
    assert_eq!((passed.status, to(&passed)), (StatusCode::SEE_OTHER, "/console/platform/review"));
    let sent = world
        .send(r#"{"sender_id":"CafePort","to":"+33612345678","message":"Bonjour","class":"transactional"}"#)
        .await;
    assert!(sent.status.is_success(), "in force at once: {}", sent.text);
    let twice = reviewer.post(&format!("{page}/validate"), &[]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    for page in ["rules", "review?state=validated"] {
        assert_eq!(reviewer.get(&format!("/console/platform/{page}")).await.status, StatusCode::OK, "{page}");
    }
    assert_eq!(
        reviewer.get("/console/platform/routes").await.status,
        StatusCode::NOT_FOUND,
        "the operators'"
    );
}

#[tokio::test]
async fn an_operator_makes_a_workspace_and_its_owner_comes_in() {
    let world = World::new().await;
    let (mut operator, _) = somebody(&world, "omar@plateforme.fr", &[], Some(PlatformRole::Operator)).await;
    let new = "/console/platform/workspaces/new";
    let wrong = operator.post(new, &[("name", ""), ("email", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let made = operator.post(new, &[("name", "L'Été 🌞"), ("email", "lea@ete.fr")]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let link = between(&made, "data-copy=\"", "\"").to_owned();
    let chosen =
        [("name", "Léa"), ("password", "trois colis et une lettre"), ("again", "trois colis et une lettre")];
    let mut lea = Browser::new(&world);
    assert_eq!(lea.post(&link, &chosen).await.status, StatusCode::SEE_OTHER);
    let home = lea.get("/console").await;
    let place = to(&home).to_owned();
    assert_eq!(lea.get(&format!("{place}/settings/company")).await.status, StatusCode::OK);
    for page in ["workspaces", "routes", "rules", "review"] {
        let shown = operator.get(&format!("/console/platform/{page}")).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}");
    }
    let doubled = operator.post(new, &[("name", "l'Été 🌞"), ("email", "b@ete.fr")]).await;
    assert_eq!(doubled.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_company_says_who_it_is() {
    let world = World::new().await;
    let (mut browser, workspace, base) = signed_in(&world).await;
    let page = format!("{base}/settings/company");
    let fields = |siren, phone| {
        [("legal_name", "L'Été <script> SAS"), ("siren", siren), ("service_phone", phone), ("language", "fr")]
    };
    for (siren, phone) in [("123456789", ""), ("732829320", "appelez"), ("73282932000074", "")] {
        let wrong = browser.post(&page, &fields(siren, phone)).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{siren} {phone}");
        assert!(!wrong.text.contains("<script> SAS"));
    }
    assert_eq!(
        browser.post(&page, &fields("732 829 320", "09 69 39 00 00")).await.status,
        StatusCode::SEE_OTHER
    );
    let settings = world.gateway.settings(workspace);
    assert_eq!(settings.publisher.siren.as_deref(), Some("732829320"));
    assert!(settings.publisher.is_complete());
}

#[tokio::test]
async fn a_webhook_is_made_tested_and_removed() {
    let world = World::new().await;
    let (mut browser, workspace, base) = signed_in(&world).await;
    let list = format!("{base}/settings/webhooks");
    for (url, topic) in
        [("ftp://a.fr", "sms.sent"), ("https://10.0.0.1/x", "sms.sent"), ("https://a.fr/x", "")]
    {
        let fields: &[(&str, &str)] = &[("url", url), ("topic", topic)];
        let fields = if topic.is_empty() { &fields[..1] } else { fields };
        assert_eq!(browser.post(&list, fields).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
    }
    let fields = [("url", "https://exemple.fr/x"), ("topic", "sms.sent"), ("description", "\"><img src=x>")];
    let made = browser.post(&list, &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert!(between(&made, "data-copy=\"", "\"").starts_with("whsec_"));
    let hooks = world.gateway.store().webhooks(workspace).await.expect("read");
    let page = format!("{list}/{}", hooks[0].id);
    for form in ["test", "switch", "rotate"] {
        let done = browser.post(&format!("{page}/{form}"), &[("to", "off")]).await;
        assert!(
            done.status == StatusCode::SEE_OTHER || done.status == StatusCode::OK,
            "{form}: {}",
            done.text
        );
    }
    let shown = browser.get(&page).await;
    assert!(shown.text.contains("webhook.test") && !shown.text.contains("<img src=x>"), "{}", shown.text);
    assert!(!shown.text.contains("whsec_"), "a secret is shown once");
    assert_eq!(browser.post(&format!("{page}/delete"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);
}

/// Requirement `seed-short-code-replies`.
#[tokio::test]
async fn a_keyword_is_tried_made_changed_and_removed() {
    let world = World::new().await;
    let (mut browser, workspace, base) = signed_in(&world).await;
    let at = |path: &str| format!("{base}/keywords{path}");
    assert!(browser.get(&at("")).await.text.contains("38180"));
    for (words, reply, wrong) in [
        ("", "Bonjour", "Donnez un mot"),
        ("STOP", "Bonjour", "répond elle-même à « STOP »"),
        ("arrêt", "Bonjour", "répond elle-même à « arrêt »"),
        ("!!!", "Bonjour", "ne convient pas"),
    ] {
        let fields = [("code", "38180"), ("words", words), ("match", "exact"), ("reply", reply)];
        let refused = browser.post(&at("/new"), &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        let said = refused.text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(said.contains(wrong), "{words}: {said}");
    }
    let fields = [
        ("code", "38180"),
        ("words", "Club, fidélité"),
        ("match", "prefix"),
        ("reply", "Bienvenue <b>\r\nau club"),
        ("subscribes", "on"),
        ("advertiser", "Demo"),
        ("purpose", ""),
        ("text_shown", "Envoyez CLUB au 38180"),
    ];
    let incomplete = browser.post(&at("/new"), &fields).await;
    assert!(incomplete.text.contains("id=\"e-purpose\""), "{}", incomplete.text);
    let mut whole = fields;
    whole[6] = ("purpose", "offres");
    assert_eq!(browser.post(&at("/new"), &whole).await.status, StatusCode::SEE_OTHER);
    let again =
        browser.post(&at("/new"), &[("code", "38180"), ("words", "FIDELITE"), ("match", "exact")]).await;
    assert!(again.text.contains("est déjà un mot-clé"), "{}", again.text);

    let tried = browser.post(&at("/try"), &[("code", "38180"), ("text", "fidelite oui")]).await;
    for said in ["Mot-clé", "Club", "Abonne à Demo, pour : offres", "Bienvenue &#60;b&#62;\nau club"] {
        let shown = tried.text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(shown.contains(said), "{said} in {shown}");
    }
    let stop = browser.post(&at("/try"), &[("code", "38180"), ("text", "stop")]).await;
    assert!(stop.text.contains("Plus aucun SMS marketing de Demo"), "{}", stop.text);
    let store = world.gateway.store();
    let none = facteur_store::Page { page: 1, size: 1 };
    assert_eq!(store.opt_outs(workspace, None, none).await.expect("read").total, 0, "nothing is kept");

    let default = [("code", "38180"), ("default", "on"), ("reply", "Répondez CLUB.")];
    assert_eq!(browser.post(&at("/new"), &default).await.status, StatusCode::SEE_OTHER);
    let other = browser.post(&at("/try"), &[("code", "38180"), ("text", "allô ?")]).await;
    assert!(other.text.contains("<p class=\"bubble\">Répondez CLUB.</p>"), "{}", other.text);

    let kept = store.keywords(workspace, None).await.expect("read");
    let club = kept.iter().find(|keyword| !keyword.rule.words.is_empty()).expect("there").id;
    let shown = browser.get(&at(&format!("/{club}"))).await;
    assert!(shown.text.contains("fidélité") && shown.text.contains("checked"), "{}", shown.text);
    let change = [("code", "38180"), ("words", "Club"), ("match", "exact"), ("reply", "Bonjour")];
    assert_eq!(browser.post(&at(&format!("/{club}")), &change).await.status, StatusCode::SEE_OTHER);
    let audit = browser.get(&format!("{base}/settings/audit")).await;
    assert!(
        audit.text.contains("keyword.changed") && audit.text.contains("subscription none"),
        "{}",
        audit.text
    );
    assert_eq!(browser.get(&at(&format!("/{club}/delete"))).await.status, StatusCode::OK);
    assert_eq!(store.keywords(workspace, None).await.expect("read").len(), 2, "asking removes nothing");
    assert_eq!(browser.post(&at(&format!("/{club}/delete")), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(store.keywords(workspace, None).await.expect("read").len(), 1);
    assert_eq!(browser.get(&at(&format!("/{club}"))).await.status, StatusCode::NOT_FOUND);

    let (mut support, _) = somebody(&world, "sam@exemple.fr", &[(workspace, Role::Support)], None).await;
    assert_eq!(support.get(&at("")).await.status, StatusCode::OK);
    assert_eq!(support.post(&at("/new"), &whole).await.status, StatusCode::FORBIDDEN);
}
