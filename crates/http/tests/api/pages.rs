//! The console's pages over the messages of a workspace, as a browser without JavaScript asks for them.

use axum::body::{Body, HttpBody as _};
use axum::http::{Method, Request, StatusCode};
use facteur_domain::{Msisdn, OptOutScope, SessionId, UserId};
use facteur_gateway::{Chance, mint_token};
use facteur_store::{Actor, NewOptOut, NewSession, NewUser, Role};
use tower::ServiceExt as _;

use crate::world::{Answer, GOOD, World};

/// Somebody who has signed in.
struct Browser {
    world: World,
    cookie: String,
}

impl Browser {
    async fn new(role: Role) -> Self {
        let world = World::new().await;
        let (store, now) = (world.gateway.store(), world.gateway.now());
        let user = NewUser {
            id: UserId::from_key(7 << 4),
            email: "ana@exemple.fr".to_owned(),
            name: "Ana".to_owned(),
            language: Some("en".to_owned()),
            platform: None,
        };
        let id = user.id;
        store.create_user(user, now, Actor::named("test")).await.expect("a person");
        store.set_role(id, world.workspace(), Some(role), now, Actor::named("test")).await.expect("a role");
        let token = mint_token(Chance);
        let session = NewSession {
            id: SessionId::from_key(8 << 4),
            hash: token.hash,
            verified: true,
            expires_at: now.plus(std::time::Duration::from_secs(3_600)),
            address: "127.0.0.1".to_owned(),
            agent: "test".to_owned(),
            replaces: None,
        };
        store.open_session(id, session, now, Actor::named("test")).await.expect("a session");
        Self { cookie: format!("facteur={}", token.token.into_inner()), world }
    }

    fn at(&self, path: &str) -> String {
        format!("/console/{}{path}", self.world.workspace())
    }

    fn request(&self, method: Method, path: &str, form: &str) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .expect("a request")
    }

    async fn get(&self, path: &str) -> Answer {
        self.world.call(self.request(Method::GET, &self.at(path), "")).await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        self.world.call(self.request(Method::POST, &self.at(path), form)).await
    }

    /// The path of the page that a form leads to.
    fn led_to(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let to = answer.header("location").expect("a place");
        to.strip_prefix(&self.at("")).expect("in the workspace").to_owned()
    }
}

/// The form of Send, filled in.
fn form(token: &str, act: &str, message: &str) -> String {
    format!("token={token}&act={act}&sender_id=MyCompany&to=06+12+34+56+78&message={message}&class=")
}

#[tokio::test]
async fn every_page_is_there_empty_and_full() {
    let browser = Browser::new(Role::Owner).await;
    for full in [false, true] {
        if full {
            assert_eq!(browser.world.send(GOOD).await.status, StatusCode::OK);
        }
        for (path, empty_says, full_says) in [
            ("", "Before the first message", "Messages by hour"),
            ("?span=30d", "Before the first message", "Messages by day"),
            ("/send", "Replace characters", "Replace characters"),
            ("/messages", "No messages yet", "Bonjour"),
            ("/messages?status=delivered", "No messages match", "No messages match"),
            ("/messages?to=06+12+34+56+78", "No messages match", "Bonjour"),
            ("/messages?to=x", "is not a number", "is not a number"),
            ("/messages?from=yesterday", "cannot be read", "cannot be read"),
            ("/held", "Nothing is waiting", "Nothing is waiting"),
        ] {
            let page = browser.get(path).await;
            let says = if full { full_says } else { empty_says };
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.text.contains(says), "{path} says {says}: {}", page.text);
            assert_eq!(page.header("cache-control"), Some("no-store"));
        }
    }
}

#[tokio::test]
async fn a_message_is_checked_sent_once_and_followed() {
    let browser = Browser::new(Role::Owner).await;
    let checked = browser.post("/send", &form("t1", "preview", "Bonjour")).await;
    assert!(checked.text.contains("This message can go now") && checked.text.contains("GSM-7"));
    assert_eq!(browser.world.kept().await, 0, "nothing leaves before Send");
    let live = browser.post("/send/preview", &form("t1", "", "Bonjour")).await;
    assert!(live.text.contains("This message can go now") && !live.text.contains("<html"));

    let sent = browser.post("/send", &form("t1", "send", "Bonjour")).await;
    let story = browser.led_to(&sent);
    let again = browser.post("/send", &form("t1", "send", "Bonjour")).await;
    assert_eq!((browser.led_to(&again), browser.world.kept().await), (story.clone(), 1), "a second click");
    let other = browser.post("/send", &form("t1", "send", "Autre")).await;
    assert_eq!((other.status, browser.world.kept().await), (StatusCode::UNPROCESSABLE_ENTITY, 1));
    assert!(other.text.contains("This form has already been used"));

    let page = browser.get(&story).await;
    for says in ["Accepted", "Queued", "+33\u{a0}6\u{a0}12\u{a0}34\u{a0}56\u{a0}78", "Cancel message"] {
        assert!(page.text.contains(says), "{says}: {}", page.text);
    }
    assert!(browser.get(&format!("{story}/cancel")).await.text.contains("Cancel this message?"));
    assert_eq!(browser.led_to(&browser.post(&format!("{story}/cancel"), "").await), story);
    let page = browser.get(&story).await;
    assert!(page.text.contains("Cancelled") && page.text.contains("Send again"));

    let anew = browser.led_to(&browser.post(&format!("{story}/anew"), "token=t2").await);
    assert_ne!(anew, story);
    assert_eq!(browser.led_to(&browser.post(&format!("{story}/anew"), "token=t2").await), anew);
    assert_eq!(browser.world.kept().await, 2);
    let copy = browser.get(&anew).await;
    assert!(copy.text.contains("Copy of a failed message") && copy.text.contains(&story));
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_and_keeps_what_was_written() {
    let browser = Browser::new(Role::Owner).await;
    let landline = form("t1", "send", "Bonjour").replace("06+12+34+56+78", "01+42+34+56+78");
    let refused = browser.post("/send", &landline).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for says in ["Nothing was sent", "landline", "value=\"01 42 34 56 78\"", ">Bonjour</textarea>"] {
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    let late = form("t1", "send", "Bonjour") + "&send_at=soon";
    assert!(browser.post("/send", &late).await.text.contains("cannot be read"));
    assert_eq!(browser.world.kept().await, 0);
}

#[tokio::test]
async fn what_people_write_is_text_and_nothing_else() {
    let browser = Browser::new(Role::Owner).await;
    let evil = "%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27";
    let checked = browser.post("/send", &form("t1", "preview", evil)).await;
    let story = browser.led_to(&browser.post("/send", &form("t1", "send", evil)).await);
    for page in [checked, browser.get(&story).await, browser.get("/messages").await] {
        assert!(page.text.contains("alert(1)") && !page.text.contains("<script>alert"), "{}", page.text);
    }
    let asked = browser.get("/messages?client_reference=%22%3E%3Cscript%3E").await;
    assert!(!asked.text.contains("\"><script>"));
}

#[tokio::test]
async fn each_sees_their_own_and_does_what_their_role_allows() {
    let browser = Browser::new(Role::ReadOnly).await;
    assert_eq!(browser.world.send(GOOD).await.status, StatusCode::OK);
    let list = browser.get("/messages").await;
    assert!(list.text.contains("Bonjour") && !list.text.contains("Send a message"));
    for path in ["/send", "/messages/export"] {
        assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(browser.post("/send", &form("t1", "send", "x")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/messages/msg_0000000000000").await.status, StatusCode::NOT_FOUND);
    let elsewhere = browser.request(Method::GET, "/console/wsp_0000000000000/messages", "");
    assert_eq!(browser.world.call(elsewhere).await.status, StatusCode::NOT_FOUND);
    let theirs = r#"{"sender_id":"OtherCo","to":"+33612345678","message":"Secret"}"#;
    let request = crate::world::request(Method::POST, "/v1/api/sms", &browser.world.other_key, theirs);
    let id = browser.world.call(request).await.body["data"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(browser.get(&format!("/messages/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_export_has_a_line_for_each_message_that_matches() {
    let browser = Browser::new(Role::Owner).await;
    for message in ["Un, deux", "=1+1"] {
        let body = format!(r#"{{"sender_id":"MyCompany","to":"+33612345678","message":"{message}"}}"#);
        assert_eq!(browser.world.send(&body).await.status, StatusCode::OK);
    }
    let file = browser.get("/messages/export").await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = file.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", file.text);
    assert!(lines[2].contains("\"Un, deux\""), "{}", lines[2]);
    // A spreadsheet must not take a text for a formula.
    assert!(!lines[1].contains(",=1+1"), "{}", lines[1]);
    assert_eq!(browser.get("/messages/export?status=delivered").await.text.lines().count(), 1);
    assert_eq!(browser.get("/messages/export?from=x").await.status, StatusCode::BAD_REQUEST);
}

/// The next piece of an answer that has no end.
async fn piece(body: &mut Body) -> String {
    let frame = std::future::poll_fn(|context| std::pin::Pin::new(&mut *body).poll_frame(context)).await;
    let data = frame.expect("a piece").expect("octets").into_data().expect("data");
    String::from_utf8(data.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn a_browser_is_told_what_changes() {
    let browser = Browser::new(Role::Owner).await;
    let request = browser.request(Method::GET, &browser.at("/events"), "");
    let response = browser.world.router.clone().oneshot(request).await.expect("answered");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert!(piece(&mut body).await.starts_with("retry: "));
    let sent = browser.world.send(GOOD).await;
    let id = sent.body["data"]["id"].as_str().expect("an id");
    let event = piece(&mut body).await;
    assert!(event.starts_with("event: changed\n") && event.contains(id), "{event}");
}

#[tokio::test]
async fn a_doubtful_stop_is_confirmed_or_lifted_with_a_reason() {
    let browser = Browser::new(Role::Compliance).await;
    let (store, workspace, now) =
        (browser.world.gateway.store(), browser.world.workspace(), browser.world.gateway.now());
    let stop = |number: &str| NewOptOut {
        number: Msisdn::parse(number).expect("a number"),
        scope: OptOutScope::Advertiser,
        advertiser: None,
        source: "stop_reply".to_owned(),
        reason: Some("fr.reply.stop.inside".to_owned()),
    };
    let batch = vec![stop("+33612345678"), stop("+33612345679")];
    let reply = Actor::named("stop_reply");
    let (stops, _) = store.review_opt_outs(workspace, batch, now, reply).await.expect("recorded");
    let page = browser.get("/held").await;
    assert!(page.text.contains("STOP inside the text") && page.text.contains(&stops[0].id.to_string()));

    let lift = format!("/held/{}/lift", stops[0].id);
    assert!(browser.get(&lift).await.text.contains("Lift this doubtful STOP?"));
    let without = browser.post(&lift, "reason=+").await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.led_to(&browser.post(&lift, "reason=The+bus+stop").await), "/held");
    let confirm = format!("/held/{}/confirm", stops[1].id);
    assert!(browser.get(&confirm).await.text.contains("Confirm this STOP?"));
    assert_eq!(browser.led_to(&browser.post(&confirm, "").await), "/held");
    assert!(browser.get("/held").await.text.contains("No replies to review"));
    let all = store.opt_outs(workspace, None, facteur_store::Page { page: 1, size: 10 }).await.expect("read");
    let held: Vec<bool> = all.rows.iter().map(|stop| stop.lifted.is_none()).collect();
    assert_eq!(held, [true, false], "the second holds for sure, the first is gone");
    assert_eq!(browser.post(&lift, "reason=again").await.status, StatusCode::CONFLICT);
}
