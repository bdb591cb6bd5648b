//! Every change that the console makes is in the audit log; its lists, exports and links keep what they promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use facteur_domain::{Msisdn, OptOutScope};
use facteur_http::Options;
use facteur_store::{Actor, AuditFilter, LinkPurpose, NewOptOut, OptOutFilter, PlatformRole, Role};

use super::console::{Browser, owner, person, to};
use super::world::World;

fn sources(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console").join(folder);
    let files = fs::read_dir(folder).expect("a folder").flatten().filter(|entry| entry.path().is_file());
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read_to_string(entry.path()).expect("a file reads"))
    };
    files.map(read).collect()
}

/// What each form of the console leaves in the audit log; `-` and why, where it leaves nothing.
const FORMS: &[(&str, &str)] = &[
    ("/account", "user.changed"),
    ("/account/password", "password.changed"),
    ("/account/sessions/end-others", "session.ended"),
    ("/account/sessions/{id}/end", "session.ended"),
    ("/account/second-factor", "totp.enabled"),
    ("/account/second-factor/remove", "totp.disabled"),
    ("/account/second-factor/codes", "totp.enabled"),
    ("/components/live", "- shows"),
    ("/consents/new", "consent.recorded"),
    ("/consents/withdraw", "consent.withdrawn"),
    ("/conversations/{id}", "- a message, which says whose it is"),
    ("/conversations/{id}/mark", "- what was read is no change"),
    ("/held/{opt_out}/confirm", "opt_out.confirmed"),
    ("/held/{opt_out}/lift", "opt_out.lifted"),
    ("/hours/edit", "settings.changed"),
    ("/keywords/try", "- keeps nothing"),
    ("/keywords/new", "keyword.created"),
    ("/keywords/check", "- shows"),
    ("/keywords/{id}", "keyword.changed"),
    ("/keywords/{id}/delete", "keyword.deleted"),
    ("/link/{token}", "session.opened"),
    ("/messages/{message}/cancel", "message.cancelled"),
    ("/messages/{message}/anew", "- a message, which says whose it is"),
    ("/opt-outs/new", "opt_out.recorded"),
    ("/opt-outs/{id}/lift", "opt_out.lifted"),
    ("/opt-outs/{id}/confirm", "opt_out.confirmed"),
    ("/platform/phones/{number}", "- a simulated phone"),
    ("/platform/review/{id}/{act}", "sender."),
    ("/platform/workspaces/new", "workspace.created"),
    ("/send", "- a message, which says whose it is"),
    ("/send/preview", "- shows"),
    ("/senders/check", "- shows"),
    ("/senders/new", "sender.declared"),
    ("/settings/company", "settings.changed"),
    ("/settings/keys", "key.created"),
    ("/settings/keys/{id}/revoke", "key.revoked"),
    ("/settings/members/invite", "member.changed"),
    ("/settings/members/{user}/role", "member.changed"),
    ("/settings/members/{user}/link", "link.made"),
    ("/settings/members/{user}/remove", "member.changed"),
    ("/settings/members/{user}/withdraw", "member.uninvited"),
    ("/settings/webhooks", "webhook.created"),
    ("/settings/webhooks/{id}", "webhook.updated"),
    ("/settings/webhooks/{id}/test", "webhook.tested"),
    ("/settings/webhooks/{id}/replay", "webhook.replayed"),
    ("/settings/webhooks/{id}/rotate", "webhook.secret_rotated"),
    ("/settings/webhooks/{id}/switch", "webhook.updated"),
    ("/settings/webhooks/{id}/delete", "webhook.deleted"),
    ("/short-codes/new", "sender.declared"),
    ("/sign-in", "session.opened"),
    ("/sign-in/code", "session.opened"),
    ("/sign-out", "session.ended"),
    ("/theme", "- a cookie"),
];

/// A form that is added is a line above: what does it leave in the audit log?
#[test]
fn every_form_of_the_console_is_known() {
    let mut forms = BTreeSet::new();
    for (_, text) in sources("") {
        for call in text.split("pages.").skip(1) {
            let call = call.split(';').next().unwrap_or_default();
            let named = ["member(\"", "add(\""].into_iter().find_map(|begin| call.strip_prefix(begin));
            let path = named.and_then(|rest| rest.split('"').next());
            if let Some(path) = path.filter(|_| call.contains("post(")) {
                forms.insert(path.to_owned());
            }
        }
    }
    assert!(forms.len() > 40, "{forms:?}");
    for form in &forms {
        assert!(FORMS.iter().any(|(path, _)| path == form), "{form} is in no line of FORMS");
    }
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/src/sqlite");
    let written: String = [store.clone(), store.join("webhooks")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder").flatten())
        .filter_map(|entry| fs::read_to_string(entry.path()).ok())
        .collect();
    for (path, action) in FORMS.iter().filter(|(_, action)| !action.starts_with('-')) {
        assert!(written.contains(&format!("\"{action}")), "{path}: nothing writes {action}");
    }
}

struct Log<'a> {
    world: &'a World,
    browser: Browser<'a>,
}

impl Log<'_> {
    /// The newest line's action.
    async fn newest(&self) -> (String, Option<String>) {
        let store = self.world.gateway.store();
        let lines = store.audit_lines(Some(self.world.workspace()), AuditFilter::default(), 1).await;
        let (_, line) = lines.expect("read").remove(0);
        (line.action, Some(line.actor))
    }

    /// Sends a form, which must leave this line. Answers where it leads, or the page that it answers.
    async fn leaves(&mut self, path: &str, fields: &[(&str, &str)], action: &str) -> String {
        let answer = self.browser.post(path, fields).await;
        assert!(
            matches!(answer.status, StatusCode::SEE_OTHER | StatusCode::OK),
            "{path}: {} {}",
            answer.status,
            answer.text
        );
        let (found, who) = self.newest().await;
        assert_eq!((found.as_str(), who.as_deref()), (action, Some("claire@exemple.fr")), "{path}");
        if answer.text.is_empty() { to(&answer).to_owned() } else { answer.text }
    }
}

/// A page's text with plain spaces where French typography has others.
fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

fn id<'a>(page: &'a str, before: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("{before} in {page}"));
    rest.split(['"', '/', '?', '<']).next().expect("an id")
}

#[tokio::test]
async fn each_change_leaves_its_line() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut log = Log { browser: Browser::new(&world), world: &world };
    log.browser.sign_in().await;
    let base = format!("/console/{workspace}");
    let at = |path: &str| format!("{base}{path}");

    log.leaves(
        &at("/hours/edit"),
        &[("profile", "strict"), ("on_closed_window", "hold"), ("advertiser", "Demo"), ("postcode", "67000")],
        "settings.changed",
    )
    .await;
    assert_eq!(world.gateway.settings(workspace).postcode.as_deref(), Some("67000"));
    let wrong = log
        .browser
        .post(
            &at("/hours/edit"),
            &[
                ("profile", "strict"),
                ("on_closed_window", "hold"),
                ("advertiser", "Demo"),
                ("postcode", "6700"),
            ],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    log.leaves(
        &at("/settings/company"),
        &[("legal_name", "Demo SAS"), ("language", "fr")],
        "settings.changed",
    )
    .await;

    let number = "+33639980007";
    log.leaves(
        &at("/opt-outs/new"),
        &[("number", number), ("scope", "workspace"), ("reason", "phoned")],
        "opt_out.recorded",
    )
    .await;
    let consent = [
        ("number", "+33639980008"),
        ("basis", "consent"),
        ("advertiser", "Demo"),
        ("purpose", "offers"),
        ("collected_at", "01/01/2024"),
        ("source", "shop"),
        ("text_shown", "I agree"),
    ];
    log.leaves(&at("/consents/new"), &consent, "consent.recorded").await;
    let withdrawn = [("number", "+33639980008"), ("reason", "asked")];
    log.leaves(&at("/consents/withdraw"), &withdrawn, "consent.withdrawn").await;

    let (store, now) = (world.gateway.store(), world.gateway.now());
    let doubt = |n: u64| NewOptOut {
        number: Msisdn::from_digits(33_639_980_000 + n).expect("a number"),
        scope: OptOutScope::Workspace,
        advertiser: None,
        source: "stop_reply".to_owned(),
        reason: None,
    };
    let doubts = (20..23).map(doubt).collect();
    let (doubts, _) =
        store.review_opt_outs(workspace, doubts, now, Actor::named("phone")).await.expect("kept");
    log.leaves(&at(&format!("/held/{}/confirm", doubts[0].id)), &[], "opt_out.confirmed").await;
    log.leaves(&at(&format!("/held/{}/lift", doubts[1].id)), &[("reason", "a bus stop")], "opt_out.lifted")
        .await;
    log.leaves(&at(&format!("/opt-outs/{}/confirm", doubts[2].id)), &[], "opt_out.confirmed").await;

    let keyed =
        log.leaves(&at("/settings/keys"), &[("label", "x"), ("scope", "SMS_SEND")], "key.created").await;
    assert!(keyed.contains("ak_live_"));
    let listed = log.browser.get(&at("/settings/keys")).await;
    let key = id(&listed.text, &at("/settings/keys/")).to_owned();
    // The page's first links are those of the form.
    let key = if key == "new" {
        listed
            .text
            .split(&at("/settings/keys/"))
            .find(|rest| rest.starts_with("api_"))
            .and_then(|rest| rest.split('/').next())
            .expect("a key")
            .to_owned()
    } else {
        key
    };
    log.leaves(&at(&format!("/settings/keys/{key}/revoke")), &[], "key.revoked").await;

    let hook = [("url", "https://example.com/x"), ("topic", "sms.sent")];
    log.leaves(&at("/settings/webhooks"), &hook, "webhook.created").await;
    let hook_id = store.webhooks(workspace).await.expect("read")[0].id;
    let hooked = |path: &str| at(&format!("/settings/webhooks/{hook_id}{path}"));
    log.leaves(&hooked(""), &hook, "webhook.updated").await;
    log.leaves(&hooked("/test"), &[], "webhook.tested").await;
    log.leaves(&hooked("/replay"), &[("since", "24")], "webhook.replayed").await;
    log.leaves(&hooked("/rotate"), &[], "webhook.secret_rotated").await;
    log.leaves(&hooked("/switch"), &[("to", "off")], "webhook.updated").await;
    log.leaves(&hooked("/delete"), &[], "webhook.deleted").await;

    let soon = "2024-01-16T10:00:00Z";
    let body =
        format!(r#"{{"sender_id":"MyCompany","to":"+33612345678","message":"Bonjour","send_at":"{soon}"}}"#);
    let sent = world.send(&body).await;
    let message = sent.body["data"]["id"].as_str().expect("accepted").to_owned();
    log.leaves(&at(&format!("/messages/{message}/cancel")), &[], "message.cancelled").await;
    log.leaves("/console/account", &[("name", "Claire B."), ("zone", "Europe/Paris")], "user.changed").await;
    log.leaves("/console/sign-out", &[], "session.ended").await;
}

/// A doubtful STOP is shown however many came after it, and one that was lifted meanwhile is not confirmed.
#[tokio::test]
async fn a_doubtful_stop_is_found_behind_thousands() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let (store, now) = (world.gateway.store(), world.gateway.now());
    let stop = |n: u64| NewOptOut {
        number: Msisdn::from_digits(33_639_000_000 + n).expect("a number"),
        scope: OptOutScope::Workspace,
        advertiser: None,
        source: "import".to_owned(),
        reason: None,
    };
    let by = || Actor::named("phone");
    let doubtful =
        store.review_opt_outs(workspace, vec![stop(1)], now, by()).await.expect("kept").0.remove(0);
    for chunk in 0..5 {
        let many = (0..500).map(|n| stop(10 + chunk * 500 + n)).collect();
        store.record_opt_outs(workspace, many, now, by()).await.expect("kept");
    }
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let held = browser.get(&format!("/console/{workspace}/held")).await;
    assert!(held.text.contains(&doubtful.id.to_string()), "{}", held.text);
    let confirm = format!("/console/{workspace}/held/{}/confirm", doubtful.id);
    assert_eq!(browser.get(&confirm).await.status, StatusCode::OK);
    let lifting = store.lift_opt_out(workspace, doubtful.id, "a bus stop".to_owned(), None, now, by());
    lifting.await.expect("lifted");
    assert_eq!(browser.post(&confirm, &[]).await.status, StatusCode::CONFLICT);
    let holds = OptOutFilter { number: doubtful.number, holds: Some(true), state: None };
    assert!(store.opt_outs_below(workspace, holds, None, 9).await.expect("read").is_empty(), "nothing new");

    // Its list is walked to the end, and its export is whole and says so.
    let mut seen = 0;
    let mut path = format!("/console/{workspace}/opt-outs");
    loop {
        let page = browser.get(&path).await;
        seen += page.text.matches("/lift?number").count() + page.text.matches("optouts-lifted").count();
        let Some((_, rest)) = page.text.split_once("rel=\"next\" href=\"") else { break };
        path = rest.split('"').next().expect("an address").replace("&#38;", "&");
    }
    assert_eq!(seen, 2_500);
    let list = browser.get(&format!("/console/{workspace}/opt-outs?state=confirmed")).await;
    let (_, link) = list.text.split_once("export?state=confirmed").expect("a link");
    let link = link.split('"').next().expect("an address").replace("&#38;", "&");
    let watched = link.rsplit('=').next().expect("a name").to_owned();
    let watch = format!("/console/exports/{watched}");
    assert!(browser.get(&watch).await.text.contains("commence"), "not begun");
    let file = browser.get(&format!("/console/{workspace}/opt-outs/export?state=confirmed{link}")).await;
    assert_eq!(file.text.matches("\r\n").count(), 2_501, "a heading and every line");
    let told = browser.get(&watch).await;
    assert!(
        plain(&told.text).contains("Exporté : 2 500 lignes") && !told.text.contains("hx-get"),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn opt_outs_are_imported_with_a_report() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let path = format!("/console/{workspace}/opt-outs/import");
    let missing = browser.upload(&path, "stop.csv", "nom;prénom\nA;B\n").await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(plain(&missing.text).contains("Il manque à la première ligne : number"), "{}", missing.text);
    let started = browser
        .upload(&path, "stop.csv", "téléphone;portée;motif\n0639980010;;x\nabc;;\n0639980011;partout;\n")
        .await;
    assert_eq!(started.status, StatusCode::SEE_OTHER, "{}", started.text);
    let report_at = to(&started).to_owned();
    let mut report = browser.get(&report_at).await;
    while report.text.contains("<progress") {
        tokio::task::yield_now().await;
        report = browser.get(&report_at).await;
    }
    for said in ["Ce n’est pas un numéro", "Un de advertiser, workspace."] {
        assert!(report.text.contains(said), "{said} in {}", report.text);
    }
    let kept = browser.get(&format!("/console/{workspace}/opt-outs")).await;
    assert!(kept.text.contains("Import") && plain(&kept.text).contains("+33 6 39 98 00 10"), "{}", kept.text);
    let audit = browser.get(&format!("/console/{workspace}/settings/audit?what=opt_out")).await;
    assert!(audit.text.contains("stop.csv: 1 recorded, 2 refused"), "{}", audit.text);
}

/// Links that stand in templates lead to pages.
#[tokio::test]
async fn every_link_of_a_template_leads_to_a_page() {
    let world = World::with(&Options { sender_ids_max: 9, short_codes_max: 9, ..Options::default() }).await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let mut paths = BTreeSet::new();
    for (_, text) in sources("templates").into_iter().chain(sources("templates/parts")) {
        for rest in text.split("page.link(\"").skip(1) {
            let Some((path, after)) = rest.split_once("\")") else { continue };
            let after = after.trim_start().strip_prefix("}}").unwrap_or_default();
            // What goes on behind it is the id of something, or says of whom.
            // The stream of what happens has no end to wait for; its own tests read it.
            if after.starts_with('"') && !path.ends_with('/') && path != "/events" {
                paths.insert(path.to_owned());
            }
        }
    }
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        let status = browser.get(&format!("/console/{workspace}{path}")).await.status;
        assert!(
            !matches!(status, StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR),
            "{path}: {status}"
        );
    }
}

/// Whoever has to verify a Sender ID for the platform sees the whole log; an owner sees their own.
#[tokio::test]
async fn the_audit_log_is_looked_through() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let path = format!("/console/{workspace}/settings/audit");
    let shown = browser.get(&format!("{path}?what=sender&who=TEST")).await;
    assert!(
        shown.text.contains("Expéditeur déclaré") && !shown.text.contains("key.created"),
        "{}",
        shown.text
    );
    let other_day = browser.get(&format!("{path}?from=2024-01-16")).await;
    assert!(other_day.text.contains("Aucune ligne ne correspond"), "{}", other_day.text);
    let wrong = browser.get(&format!("{path}?from=hier")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let file = browser.get(&format!("{path}/export?what=key")).await;
    assert!(file.text.contains("key.created") && !file.text.contains("sender."), "{}", file.text);
    assert_eq!(browser.get("/console/platform/audit").await.status, StatusCode::NOT_FOUND);
    let operator = Some(PlatformRole::Operator);
    let (_, link) =
        person(&world, "olga@exemple.fr", &[(workspace, Role::ReadOnly)], operator, LinkPurpose::SignIn)
            .await;
    let mut operator = Browser::new(&world);
    operator.post(&link, &[]).await;
    let all = operator.get("/console/platform/audit?what=workspace").await;
    assert!(all.text.contains("Espace créé") && all.text.contains(">Other</td>"), "{}", all.text);
    let file =
        operator.get(&format!("/console/platform/audit/export?workspace={workspace}&what=workspace")).await;
    assert!(file.text.contains("Demo") && !file.text.contains("Other"), "{}", file.text);
}

/// Messages are not all exported because a filter was mistyped.
#[tokio::test]
async fn a_filter_that_is_none_is_refused() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    for query in ["status=faild", "class=promo"] {
        let shown = browser.get(&format!("/console/{workspace}/messages?{query}")).await;
        assert!(shown.text.contains("Ce filtre n’existe pas"), "{query}");
        let file = browser.get(&format!("/console/{workspace}/messages/export?{query}")).await;
        assert_eq!(file.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
