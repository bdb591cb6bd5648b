//! The console as browsers and attackers meet it: through the same router, with a real store behind it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use facteur_domain::{Redacted, UserId, WorkspaceId};
use facteur_gateway::{Chance, mint_token};
use facteur_http::Options;
use facteur_store::{Actor, LinkPurpose, NewLink, NewUser, PlatformRole, Role};

use super::world::{Answer, World};

pub(super) const EMAIL: &str = "claire@exemple.fr";
const PASSWORD: &str = "un facteur sonne deux fois";

fn actor() -> Actor {
    Actor::named("test")
}

/// A browser: it keeps its cookies and says where its requests come from.
pub(super) struct Browser<'a> {
    world: &'a World,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub(super) const fn new(world: &'a World) -> Self {
        Self { world, cookies: Vec::new() }
    }

    async fn call(&mut self, request: Request<Body>) -> Answer {
        let answer = self.world.call(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("ASCII").split(';').next().expect("a pair");
            let (name, value) = text.split_once('=').expect("a pair");
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        answer
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(path).header(header::HOST, "sms.example");
        request.header(header::COOKIE, cookies.join("; "))
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty()).expect("a request");
        self.call(request).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("same-origin", path, fields).await
    }

    pub(super) async fn post_from(&mut self, site: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(Body::from(body.join("&")))
            .expect("a request");
        self.call(request).await
    }

    /// Sends a file by a form.
    pub(super) async fn upload(&mut self, path: &str, name: &str, content: &str) -> Answer {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: text/csv\r\n\r\n{content}\r\n--x--\r\n"
        );
        let request = self
            .request("POST", path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .expect("a request");
        self.call(request).await
    }

    fn session(&self) -> Option<&str> {
        self.cookies.iter().find(|(name, _)| name == "facteur").map(|(_, value)| value.as_str())
    }

    pub(super) async fn sign_in(&mut self) -> Answer {
        self.post("/console/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub(super) fn to(answer: &Answer) -> &str {
    answer.header("location").unwrap_or_default()
}

/// Somebody with these roles; the path of a link of this purpose for them.
pub(super) async fn person(
    world: &World,
    email: &str,
    roles: &[(WorkspaceId, Role)],
    platform: Option<PlatformRole>,
    purpose: LinkPurpose,
) -> (UserId, String) {
    let (store, now) = (world.gateway.store(), world.gateway.now());
    let id = UserId::from_key(world.gateway.new_key());
    let user = NewUser { id, email: email.to_owned(), name: "Claire".to_owned(), language: None, platform };
    store.create_user(user, now, actor()).await.expect("added");
    for (workspace, role) in roles {
        store.set_role(id, *workspace, Some(*role), now, actor()).await.expect("a member");
    }
    (id, link(world, id, purpose).await)
}

async fn link(world: &World, user: UserId, purpose: LinkPurpose) -> String {
    let (store, now) = (world.gateway.store(), world.gateway.now());
    let token = mint_token(Chance);
    let expires_at = now.plus(std::time::Duration::from_secs(600));
    let link = NewLink { hash: token.hash, user, purpose, grant: None, expires_at };
    store.make_link(link, now, actor()).await.expect("a link");
    format!("/console/link/{}", token.token.show())
}

/// The first workspace, and its owner, who has chosen a password.
pub(super) async fn owner(world: &World) -> WorkspaceId {
    let workspace = world.gateway.authenticate(&world.key).expect("a key").workspace();
    let (_, path) = person(world, EMAIL, &[(workspace, Role::Owner)], None, LinkPurpose::Password).await;
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    let answer = Browser::new(world).post(&path, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    workspace
}

#[tokio::test]
async fn a_link_lets_in_once_and_only_by_its_button() {
    let world = World::new().await;
    let (_, path) = person(&world, EMAIL, &[], None, LinkPurpose::SignIn).await;
    let mut browser = Browser::new(&world);
    for _ in 0..2 {
        let shown = browser.get(&path).await;
        assert_eq!(shown.status, StatusCode::OK, "following it changes nothing");
        assert!(browser.session().is_none());
    }
    assert_eq!(browser.post(&path, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/console/account").await.status, StatusCode::OK);
    let mut thief = Browser::new(&world);
    assert_eq!(thief.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "once");
    assert!(thief.session().is_none());
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let world = World::new().await;
    owner(&world).await;
    let mut texts = Vec::new();
    for (email, password) in [(EMAIL, "wrong"), ("nobody@exemple.fr", "wrong"), ("", "")] {
        let answer =
            Browser::new(&world).post("/console/sign-in", &[("email", email), ("password", password)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        texts.push(answer.text.replace(email, ""));
    }
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[1], texts[2]);
}

#[tokio::test]
async fn guessing_ends_soon() {
    let world = World::new().await;
    owner(&world).await;
    let mut browser = Browser::new(&world);
    let mut last = StatusCode::OK;
    for _ in 0..11 {
        last = browser.post("/console/sign-in", &[("email", EMAIL), ("password", "wrong")]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(browser.sign_in().await.status, StatusCode::TOO_MANY_REQUESTS, "the right one too, from here");
}

#[tokio::test]
async fn guessers_lock_nobody_out_of_a_browser_that_they_use() {
    let world = World::new().await;
    owner(&world).await;
    let mut hers = Browser::new(&world);
    assert_eq!(hers.sign_in().await.status, StatusCode::SEE_OTHER);
    assert_eq!(hers.post("/console/sign-out", &[]).await.status, StatusCode::SEE_OTHER);
    // From the same address, as behind a proxy that is not trusted, until nobody gets in from there.
    for n in 0..120 {
        let email = format!("{}@exemple.fr", n % 12);
        let email = if n % 2 == 0 { EMAIL } else { email.as_str() };
        Browser::new(&world).post("/console/sign-in", &[("email", email), ("password", "wrong")]).await;
    }
    let mut stranger = Browser::new(&world);
    assert_eq!(stranger.sign_in().await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(hers.sign_in().await.status, StatusCode::SEE_OTHER, "she can still come in");
    let session = hers.session().expect("a session").to_owned();
    let fields = [("current", "wrong"), ("new", "x"), ("again", "x")];
    let confirmed = hers.post("/console/account/password", &fields).await;
    assert_eq!(confirmed.status, StatusCode::UNPROCESSABLE_ENTITY, "and be asked for her password there");
    assert_eq!(hers.session(), Some(session.as_str()));
}

#[tokio::test]
async fn a_form_is_no_place_for_megabytes() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let mut check = async |length: usize, expected: StatusCode| {
        let fields = [("email", "a".repeat(length)), ("password", "wrong".to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.post("/console/sign-in", &fields).await.status, expected, "{length}");
    };
    // A form's letters are escaped here: three octets each.
    check(1_000_000, StatusCode::PAYLOAD_TOO_LARGE).await;
    check(10_000, StatusCode::UNPROCESSABLE_ENTITY).await;
}

#[tokio::test]
async fn a_session_is_new_at_each_sign_in_and_ends_at_sign_out() {
    let world = World::new().await;
    owner(&world).await;
    let mut browser = Browser::new(&world);
    let planted = mint_token(Chance).token.into_inner();
    browser.cookies.push(("facteur".to_owned(), planted.clone()));
    assert_eq!(browser.sign_in().await.status, StatusCode::SEE_OTHER);
    let first = browser.session().expect("a session").to_owned();
    assert_ne!(first, planted, "a token that was planted opens nothing");
    browser.sign_in().await;
    let second = browser.session().expect("a session").to_owned();
    assert_ne!(first, second);
    let mut old = Browser::new(&world);
    old.cookies.push(("facteur".to_owned(), first));
    assert_eq!(to(&old.get("/console/account").await), "/console/sign-in?next=/console/account");
    browser.post("/console/sign-out", &[]).await;
    let mut stolen = Browser::new(&world);
    stolen.cookies.push(("facteur".to_owned(), second));
    assert_eq!(stolen.get("/console/account").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    for site in ["cross-site", "same-site"] {
        for path in ["/console/account", "/console/sign-out", "/console/theme"] {
            let answer = browser.post_from(site, path, &[("name", "Mallory")]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site} {path}");
        }
    }
    let account = browser.get("/console/account").await;
    assert!(account.text.contains("Claire") && !account.text.contains("Mallory"));
    // A browser that says nothing of the site says its origin.
    let foreign = browser
        .request("POST", &format!("/console/{workspace}/opt-outs/new"))
        .header(header::ORIGIN, "https://evil.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("number=0612345678&scope=workspace"))
        .expect("a request");
    assert_eq!(browser.call(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_workspace_of_others_is_not_there_and_roles_bound_what_is_done() {
    let world = World::new().await;
    let own = world.gateway.authenticate(&world.key).expect("a key").workspace();
    let other = world.gateway.authenticate(&world.other_key).expect("a key").workspace();
    let (_, path) = person(&world, EMAIL, &[(own, Role::ReadOnly)], None, LinkPurpose::SignIn).await;
    let mut browser = Browser::new(&world);
    browser.post(&path, &[]).await;
    assert_eq!(browser.get(&format!("/console/{own}/senders")).await.status, StatusCode::OK);
    for path in ["senders", "settings/audit", "consents", "opt-outs/export"] {
        let answer = browser.get(&format!("/console/{other}/{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["senders/new", "settings/audit", "consents/new", "opt-outs/export", "hours/edit"] {
        let answer = browser.get(&format!("/console/{own}/{path}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.text.contains("Votre rôle ne le permet pas"), "{path}: {}", answer.text);
    }
    let answer = browser.post(&format!("/console/{own}/opt-outs/new"), &[("number", "0612345678")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/console/components").await.status, StatusCode::NOT_FOUND, "the platform's");
}

#[tokio::test]
async fn pages_forbid_what_browsers_would_otherwise_do() {
    let world = World::new().await;
    let answer = Browser::new(&world).get("/console/sign-in").await;
    let policy = answer.header("content-security-policy").expect("a policy");
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{part}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for inline in [" style=", "<style", " onclick", "<script>"] {
        assert!(!answer.text.contains(inline), "{inline}");
    }
    let mut assets = answer.text.split('"').filter(|part| part.starts_with("/console/assets/"));
    let asset = assets.find(|asset| asset.ends_with(".css")).expect("a style sheet").to_owned();
    let style = Browser::new(&world).get(&asset).await;
    assert_eq!(style.status, StatusCode::OK, "{asset}");
    assert!(style.header("cache-control").expect("cached").contains("immutable"));
    assert_eq!(
        Browser::new(&world).get("/console/assets/000000000000/console.css").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn whoever_signs_in_goes_to_a_page_of_ours() {
    let world = World::new().await;
    owner(&world).await;
    for (next, lands) in [
        ("/console/account", "/console/account"),
        ("//evil.example/console", "/console"),
        ("https://evil.example", "/console"),
        ("/console/../../evil", "/console"),
        ("/console\\@evil.example", "/console"),
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        assert_eq!(to(&Browser::new(&world).post("/console/sign-in", &fields).await), lands, "{next}");
    }
}

#[tokio::test]
async fn over_https_the_cookie_is_this_hosts_alone() {
    let options = Options { base_url: Some("https://sms.example".to_owned()), ..Options::default() };
    let world = World::with(&options).await;
    let (_, path) = person(&world, EMAIL, &[], None, LinkPurpose::SignIn).await;
    let answer = Browser::new(&world).post(&path, &[]).await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    for part in ["__Host-facteur=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
}

#[tokio::test]
async fn what_people_write_stays_text() {
    const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let world = World::with(&Options { sender_ids_max: 10, ..Options::default() }).await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let at = |path: &str| format!("/console/{workspace}{path}");
    browser.post("/console/account", &[("name", EVIL), ("zone", "Europe/Paris")]).await;
    let stop = [("number", "06 39 98 00 01"), ("scope", "workspace"), ("reason", EVIL)];
    assert_eq!(browser.post(&at("/opt-outs/new"), &stop).await.status, StatusCode::SEE_OTHER);
    let consent = [
        ("number", "06 39 98 00 02"),
        ("basis", "consent"),
        ("advertiser", EVIL),
        ("purpose", EVIL),
        ("collected_at", "01/01/2024"),
        ("source", EVIL),
        ("text_shown", EVIL),
    ];
    let kept = browser.post(&at("/consents/new"), &consent).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
    let sender = [
        ("sender_id", "LeQuai"),
        ("class", "marketing"),
        ("legal_name", EVIL),
        ("siren", "732829320"),
        ("use_case", EVIL),
        ("example_content", EVIL),
    ];
    let declared = browser.post(&at("/senders/new"), &sender).await;
    assert_eq!(declared.status, StatusCode::SEE_OTHER, "{}", declared.text);
    let pages = [
        at("/opt-outs"),
        at("/consents"),
        at("/settings/audit"),
        to(&declared).to_owned(),
        "/console/account".into(),
    ];
    for path in pages {
        let shown = browser.get(&path).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}");
        assert!(!shown.text.contains("<script>alert") && !shown.text.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn a_file_is_what_it_says_and_its_name_is_tamed() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let waiting =
        world.gateway.senders(workspace).into_iter().find(|record| record.sender.to_string() == "Waiting");
    let path = format!("/console/{workspace}/senders/{}/evidence", waiting.expect("there").id);
    let upload = |browser: &Browser<'_>, name: &str, content: &str| {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/pdf\r\n\r\n{content}\r\n--x--\r\n"
        );
        browser
            .request("POST", &path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .expect("a request")
    };
    let page = upload(&browser, "page.pdf", "<html><script>alert(1)</script>");
    assert_eq!(browser.call(page).await.status, StatusCode::UNPROCESSABLE_ENTITY, "no PDF");
    let paper = upload(&browser, "../../etc/<b>kbis.pdf", "%PDF-1.7 kbis");
    assert_eq!(browser.call(paper).await.status, StatusCode::SEE_OTHER);
    let shown = browser.get(path.strip_suffix("/evidence").expect("a page")).await;
    assert!(shown.text.contains("_b_kbis.pdf") && !shown.text.contains("etc/"), "{}", shown.text);
    let file = shown.text.split("/evidence/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let served = browser.get(&format!("{path}/{file}")).await;
    assert_eq!(served.text, "%PDF-1.7 kbis");
    assert!(served.header("content-disposition").expect("saved").starts_with("attachment"));
    assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_stop_is_recorded_and_lifted_only_on_a_later_consent() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let at = |path: &str| format!("/console/{workspace}{path}");
    browser.post(&at("/opt-outs/new"), &[("number", "0639980003"), ("scope", "advertiser")]).await;
    let shown = browser.get(&at("/opt-outs?number=0639980003")).await;
    let lift =
        shown.text.split("/opt-outs/opt_").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let lift = at(&format!("/opt-outs/opt_{lift}"));
    assert_eq!(browser.get(&lift).await.status, StatusCode::OK);
    let early = [
        ("number", "+33639980003"),
        ("reason", "asked again"),
        ("basis", "consent"),
        ("advertiser", "Demo"),
        ("purpose", "offers"),
        ("collected_at", "01/01/2020"),
        ("source", "shop"),
        ("text_shown", "I agree"),
    ];
    let path = lift.split('?').next().expect("a path");
    assert_eq!(browser.post(path, &early).await.status, StatusCode::UNPROCESSABLE_ENTITY, "before the STOP");
    let number = "0639980003".to_owned();
    let found = browser.get(&at(&format!("/opt-outs?number={number}"))).await;
    assert!(found.text.contains("badge bad"), "it holds");
}

#[tokio::test]
async fn an_import_tells_every_line() {
    let world = World::new().await;
    let workspace = owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.sign_in().await;
    let csv = "number;basis;purpose;collected_at;source;text_shown\n\
               0639980010;consent;offres;01/01/2024;boutique;J'accepte\n\
               abc;consent;offres;01/01/2024;boutique;J'accepte\n\
               0639980011;consent;offres;01/01/2030;boutique;J'accepte\n";
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"clients.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{csv}\r\n--x--\r\n"
    );
    let request = browser
        .request("POST", &format!("/console/{workspace}/consents/import"))
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .expect("a request");
    let started = browser.call(request).await;
    assert_eq!(started.status, StatusCode::SEE_OTHER, "{}", started.text);
    let path = to(&started).to_owned();
    let mut report = browser.get(&path).await;
    while report.text.contains("<progress") {
        tokio::task::yield_now().await;
        report = browser.get(&path).await;
    }
    let stats: Vec<&str> =
        report.text.split("<dd>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(stats, ["3", "1", "2"], "{}", report.text);
    assert!(report.text.contains("number") && report.text.contains("collected_at"));
    let person = browser.get(&format!("/console/{workspace}/consents?number=0639980010")).await;
    assert!(person.text.contains("J&#39;accepte"), "{}", person.text);
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions() {
    let world = World::new().await;
    owner(&world).await;
    let (mut here, mut there) = (Browser::new(&world), Browser::new(&world));
    here.sign_in().await;
    there.sign_in().await;
    let new = "deux facteurs sonnent trois fois";
    let wrong = [("current", "not it"), ("new", new), ("again", new)];
    assert_eq!(here.post("/console/account/password", &wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("current", PASSWORD), ("new", new), ("again", new)];
    assert_eq!(here.post("/console/account/password", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/console/account").await.status, StatusCode::OK);
    assert_eq!(there.get("/console/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(there.sign_in().await.status, StatusCode::UNPROCESSABLE_ENTITY, "the old one opens nothing");
}

#[tokio::test]
async fn the_second_factor_is_asked_for_and_counts_once() {
    let world = World::new().await;
    owner(&world).await;
    let (store, now) = (world.gateway.store(), world.gateway.now());
    let found = store.credentials(EMAIL.to_owned()).await.expect("read").expect("there").user;
    let code: [u8; 32] = {
        use sha2::{Digest as _, Sha256};
        Sha256::digest(b"abcdefghjkmn").into()
    };
    let secret = Redacted::new(Some(vec![7; 20]));
    store.set_totp(found.id, secret, vec![code], now, actor()).await.expect("set");
    let mut browser = Browser::new(&world);
    assert_eq!(to(&browser.sign_in().await), "/console/sign-in/code?next=/console");
    let half = browser.session().expect("half a session").to_owned();
    assert_eq!(to(&browser.get("/console/account").await), "/console/sign-in/code", "not in yet");
    let wrong = browser.post("/console/sign-in/code", &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = browser.post("/console/sign-in/code", &[("code", "ABCD-EFGH-JKMN")]).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text);
    assert_ne!(browser.session(), Some(half.as_str()), "the token changes with what it opens");
    assert_eq!(browser.get("/console/account").await.status, StatusCode::OK);
    let mut again = Browser::new(&world);
    again.sign_in().await;
    let used = again.post("/console/sign-in/code", &[("code", "ABCD-EFGH-JKMN")]).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
}

#[tokio::test]
async fn who_finds_a_browser_open_puts_no_second_factor_in() {
    let world = World::new().await;
    owner(&world).await;
    let (mut here, mut there) = (Browser::new(&world), Browser::new(&world));
    here.sign_in().await;
    there.sign_in().await;
    let page = "/console/account/second-factor";
    let shown = here.get(page).await;
    let (_, rest) = shown.text.split_once("name=\"secret\" value=\"").expect("a secret");
    let secret = rest.split('"').next().expect("a secret").to_owned();
    // The same secret and code, with a password that is not hers and with hers.
    let octets = totp_rs::Secret::try_from_base32(&secret).expect("base 32");
    let code = totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30);
    let code = code.with_secret(octets).build().expect("a secret");
    let code = code.generate(u64::try_from(world.gateway.now().seconds()).expect("after 1970")).to_string();
    let with = |password| [("secret", secret.as_str()), ("code", code.as_str()), ("password", password)];
    let refused = here.post(page, &with("wrong")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let has = async || {
        let found = world.gateway.store().credentials(EMAIL.to_owned()).await.expect("read");
        found.expect("there").user.has_totp
    };
    assert!(!has().await);
    assert_eq!(here.post(page, &with(PASSWORD)).await.status, StatusCode::OK);
    assert!(has().await);
    assert_eq!(there.get("/console/account").await.status, StatusCode::SEE_OTHER, "others are out");
    assert_eq!(here.get("/console/account").await.status, StatusCode::OK);
}
