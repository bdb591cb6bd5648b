//! Wrong requests, and what each is told: status, code, and the parameter at fault. None is kept.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, GOOD, World, request};

type Told = (u16, &'static str, Option<&'static str>);

/// Every error has both dialects, whole and in agreement, whatever it is about.
fn check(what: &str, answer: &Answer, (status, code, param): Told) {
    let error = &answer.body["error"];
    let told = (answer.status.as_u16(), answer.code().unwrap_or(""), error["param"].as_str());
    assert_eq!(told, (status, code, param), "{what}\n{}", answer.text);
    assert_eq!(error["code"], code, "{what}");
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "validation_error",
    };
    assert_eq!(error["type"], kind, "{what}");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{what}");
    assert_eq!(error["retryable"], matches!(status, 408 | 429 | 503), "{what}");
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{what}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    for detail in answer.body["details"].as_array().into_iter().flatten() {
        assert!(detail["message"].is_string() && detail["field"].is_string(), "{what}");
    }
    assert!(answer.body["details"].is_null() || answer.body["details"].is_array(), "{what}");
    for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        assert!(answer.header(header).is_some_and(|value| value.parse::<i64>().is_ok()), "{what} {header}");
    }
}

/// Asserts that each body is refused as the table says, and that nothing was kept.
async fn check_bodies(table: &[(&str, Told)]) {
    let world = World::new().await;
    for (body, told) in table {
        check(body, &world.send(body).await, *told);
    }
    assert_eq!(world.kept().await, 0);
}

/// `GOOD` with one field replaced by this JSON; without it when the JSON is empty.
fn with(field: &str, json: &str) -> String {
    let mut body: serde_json::Map<String, Value> = serde_json::from_str(GOOD).expect("JSON");
    body.remove(field);
    let mut text = Value::Object(body).to_string();
    if !json.is_empty() {
        text.truncate(text.len() - 1);
        text = format!("{text},\"{field}\":{json}}}");
    }
    text
}

async fn check_field(field: &'static str, table: &[(&str, u16, &'static str)]) {
    let bodies: Vec<_> = table.iter().map(|(json, ..)| with(field, json)).collect();
    let told = table.iter().map(|(_, status, code)| (*status, *code, Some(field)));
    check_bodies(&bodies.iter().map(String::as_str).zip(told).collect::<Vec<_>>()).await;
}

const BODY: &str = "INVALID_REQUEST_BODY";

#[tokio::test]
async fn bodies_that_are_no_json_object() {
    let refused = (400, BODY, None);
    check_bodies(&[
        ("", refused),
        ("  \n", refused),
        ("null", refused),
        ("true", refused),
        ("42", refused),
        ("\"+33612345678\"", refused),
        ("[]", refused),
        (r#"[{"to":"+33612345678"}]"#, refused),
        ("{", refused),
        ("}", refused),
        ("{]", refused),
        (r#"{"to":"+33612345678""#, refused),
        (r#"{"to":"+33612345678",}"#, refused),
        (r#"{'to':'+33612345678'}"#, refused),
        (r#"{to:"+33612345678"}"#, refused),
        (r#"{"to" "+33612345678"}"#, refused),
        (r#"{"to":"+33612345678"} {"to":"+33612345678"}"#, refused),
        (r#"{"message":"\ud83d"}"#, refused),
        (r#"{"message":"\x41"}"#, refused),
        ("{\"message\":\"two\nlines\"}", refused),
        (r#"{"message":undefined}"#, refused),
        (r#"{"message":NaN}"#, refused),
        ("sender_id=MyCompany&to=%2B33612345678&message=Bonjour", refused),
        ("<sms/>", refused),
        ("\u{feff}{}", refused),
    ])
    .await;
}

/// Requirement `seed-request-shape`.
#[tokio::test]
async fn bodies_that_lack_something_or_have_it_twice() {
    check_bodies(&[
        ("{}", (400, BODY, Some("sender_id"))),
        (r#"{"to":"+33612345678","message":"x"}"#, (400, BODY, Some("sender_id"))),
        (
            r#"{"sender_id":null,"from":null,"to":"+33612345678","message":"x"}"#,
            (400, BODY, Some("sender_id")),
        ),
        (
            r#"{"sender_id":"MyCompany","from":"38180","to":"+33612345678","message":"x"}"#,
            (400, BODY, Some("sender_id")),
        ),
        (r#"{"sender_id":"MyCompany","message":"x"}"#, (400, BODY, Some("to"))),
        (r#"{"sender_id":"MyCompany","to":null,"message":"x"}"#, (400, BODY, Some("to"))),
        (r#"{"sender_id":"MyCompany","to":"+33612345678"}"#, (400, BODY, Some("message"))),
        (r#"{"sender_id":"MyCompany","to":"+33612345678","message":null}"#, (400, BODY, Some("message"))),
        (r#"{"sender_id":"MyCompany","to":"+33612345678","text":"x"}"#, (400, BODY, Some("message"))),
        (r#"{"Sender_Id":"MyCompany","to":"+33612345678","message":"x"}"#, (400, BODY, Some("sender_id"))),
        (
            r#"{"sender_id":"MyCompany","sender_id":"MyCompany","to":"+33612345678","message":"x"}"#,
            (400, BODY, Some("sender_id")),
        ),
        (
            r#"{"sender_id":"MyCompany","to":"+33612345678","to":"+33612345679","message":"x"}"#,
            (400, BODY, Some("to")),
        ),
        (r#"{"from":38180,"to":"+33612345678","message":"x"}"#, (400, BODY, Some("from"))),
        (
            r#"{"from":"+33612345678","to":"+33612345678","message":"x"}"#,
            (400, "PROVIDER_NOT_SUPPORTED", Some("from")),
        ),
        (
            r#"{"from":"+33712345678","to":"+33612345678","message":"x"}"#,
            (400, "PROVIDER_NOT_SUPPORTED", Some("from")),
        ),
        (
            r#"{"from":"+33123456789","to":"+33612345678","message":"x"}"#,
            (400, "FROM_NUMBER_NOT_FOUND", Some("from")),
        ),
        (
            r#"{"from":"+12025550100","to":"+33612345678","message":"x"}"#,
            (400, "FROM_NUMBER_NOT_FOUND", Some("from")),
        ),
        (
            r#"{"from":"36999","to":"+33612345678","message":"x"}"#,
            (400, "FROM_NUMBER_NOT_FOUND", Some("from")),
        ),
    ])
    .await;
}

/// Requirements `seed-mobile-sender-refused` and `seed-mobile-sender-explained`.
#[tokio::test]
async fn a_mobile_number_as_sender_is_refused_with_the_reason_and_the_two_ways_out() {
    let world = World::new().await;
    for from in ["+33612345678", "+33712345678"] {
        let body = format!(r#"{{"from":"{from}","to":"+33698765432","message":"x"}}"#);
        let answer = world.send(&body).await;
        check(from, &answer, (400, "PROVIDER_NOT_SUPPORTED", Some("from")));
        let error = &answer.body["error"];
        let told = format!("{} {}", error["message"], error["suggestion"]);
        for word in ["operators", "Sender ID", "short code"] {
            assert!(told.contains(word), "{word} in {told}");
        }
    }
    assert_eq!(world.kept().await, 0);
}

#[tokio::test]
async fn wrong_senders() {
    check_field(
        "sender_id",
        &[
            ("5", 400, BODY),
            ("true", 400, BODY),
            ("[\"MyCompany\"]", 400, BODY),
            ("{\"name\":\"MyCompany\"}", 400, BODY),
            ("\"\"", 400, "INVALID_SENDER_ID"),
            ("\"My\"", 400, "INVALID_SENDER_ID"),
            ("\"MyCompanyName\"", 400, "INVALID_SENDER_ID"),
            ("\"My Company\"", 400, "INVALID_SENDER_ID"),
            ("\" MyCompany\"", 400, "INVALID_SENDER_ID"),
            ("\"My-Company\"", 400, "INVALID_SENDER_ID"),
            ("\"Société\"", 400, "INVALID_SENDER_ID"),
            ("\"MyCompany\\u0000\"", 400, "INVALID_SENDER_ID"),
            ("\"12345\"", 400, "INVALID_SENDER_ID"),
            ("\"3618\"", 400, "INVALID_SENDER_ID"),
            ("\"37180\"", 400, "INVALID_SENDER_ID"),
            ("\"+33612345678\"", 400, "INVALID_SENDER_ID"),
            ("\"Unknown\"", 404, "SENDER_ID_NOT_FOUND"),
            ("\"OtherCo\"", 404, "SENDER_ID_NOT_FOUND"),
            ("\"36180\"", 404, "SENDER_ID_NOT_FOUND"),
            ("\"Waiting\"", 400, "SENDER_ID_NOT_ACTIVE"),
            ("\"Refused\"", 400, "SENDER_ID_NOT_ACTIVE"),
            ("\"Gone\"", 400, "SENDER_ID_NOT_ACTIVE"),
        ],
    )
    .await;
}

#[tokio::test]
async fn wrong_recipients() {
    check_field(
        "to",
        &[
            ("33612345678", 400, BODY),
            ("33612345678.5", 400, BODY),
            ("[\"+33612345678\"]", 400, BODY),
            ("\"\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"0612345678\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"33612345678\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"0033612345678\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+33 6 12 34 56 78\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+33-612345678\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+33(0)612345678\"", 400, "INVALID_PHONE_FORMAT"),
            ("\" +33612345678\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+33612345678 \"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+3361234567a\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+٣٣٦١٢٣٤٥٦٧٨\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+3361234567890123\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"MyFriend\"", 400, "INVALID_PHONE_FORMAT"),
            ("\"+3361234567\"", 400, "INVALID_TO_NUMBER"),
            ("\"+336123456789\"", 400, "INVALID_TO_NUMBER"),
            ("\"+12025550100\"", 400, "INVALID_TO_NUMBER"),
            ("\"+447700900000\"", 400, "INVALID_TO_NUMBER"),
            ("\"+33812345678\"", 400, "INVALID_TO_NUMBER"),
            ("\"+33123456789\"", 400, "LANDLINE_NUMBER_NOT_SUPPORTED"),
            ("\"+33512345678\"", 400, "LANDLINE_NUMBER_NOT_SUPPORTED"),
        ],
    )
    .await;
}

#[tokio::test]
async fn wrong_texts() {
    let long = format!("\"{}\"", "a".repeat(1001));
    let long_accents = format!("\"{}\"", "é".repeat(1001));
    let long_emoji = format!("\"{}\"", "👍".repeat(1001));
    check_field(
        "message",
        &[
            ("5", 400, BODY),
            ("false", 400, BODY),
            ("[]", 400, BODY),
            ("{}", 400, BODY),
            ("\"\"", 400, "INVALID_LENGTH"),
            ("\" \"", 400, "INVALID_LENGTH"),
            ("\"\\n\\t \\u00a0\"", 400, "INVALID_LENGTH"),
            (&long, 400, "INVALID_LENGTH"),
            (&long_accents, 400, "INVALID_LENGTH"),
            (&long_emoji, 400, "INVALID_LENGTH"),
        ],
    )
    .await;
}

#[tokio::test]
async fn wrong_fields_of_ours() {
    let long = format!("\"{}\"", "r".repeat(129));
    let wrong = |rows: &[&'static str]| rows.iter().map(|json| (*json, 400, BODY)).collect::<Vec<_>>();
    check_field("class", &wrong(&["1", "\"\"", "\"spam\"", "\"Marketing\"", "[\"otp\"]"])).await;
    check_field("client_reference", &wrong(&["1", "\"\"", "\"a\\nb\"", "{}"])).await;
    check_field("client_reference", &[(&long, 400, BODY)]).await;
    let dates = [
        "1705314600",
        "\"\"",
        "\"tomorrow\"",
        "\"2024-01-16\"",
        "\"2024-01-16T10:00:00\"",
        "\"2024-02-30T10:00:00Z\"",
        "\"2034-01-16T10:00:00Z\"",
    ];
    check_field("send_at", &wrong(&dates)).await;
    let minutes = ["0", "-1", "2881", "1.5", "\"5\"", "99999999999", "1e400", "99999999999999999999"];
    let minutes: Vec<_> = minutes.iter().filter(|m| **m != "1e400").copied().collect();
    check_field("validity_minutes", &wrong(&minutes)).await;
}

#[tokio::test]
async fn every_fault_is_listed_and_a_cure_offered() {
    let world = World::new().await;
    let answer = world.send(r#"{"sender_id":5,"to":true,"text":"x","validity_minutes":"5"}"#).await;
    let fields: Vec<_> =
        answer.body["details"].as_array().expect("a list").iter().map(|d| &d["field"]).collect();
    assert_eq!(fields, ["sender_id", "to", "message", "validity_minutes"]);
    assert_eq!(answer.body["error"]["errors"].as_array().map(Vec::len), Some(4));
    let suggestion = answer.body["error"]["suggestion"].as_str().expect("a suggestion");
    assert!(suggestion.contains("`text`"), "{suggestion}");
}

#[tokio::test]
async fn bodies_of_the_wrong_type_or_size() {
    let world = World::new().await;
    let large = format!(
        r#"{{"sender_id":"MyCompany","to":"+33612345678","message":"x","pad":"{}"}}"#,
        "x".repeat(65_536)
    );
    let typed = |kind: Option<&str>, body: Body| {
        let request = Request::post("/v1/api/sms").header("authorization", &world.key);
        let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        request.body(body).expect("a request")
    };
    const TYPE: &str = "UNSUPPORTED_MEDIA_TYPE";
    for (kind, body, told) in [
        (None, GOOD, (415, TYPE, Some("Content-Type"))),
        (Some("text/plain"), GOOD, (415, TYPE, Some("Content-Type"))),
        (Some("application/x-www-form-urlencoded"), "to=1", (415, TYPE, Some("Content-Type"))),
        (Some("multipart/form-data; boundary=x"), GOOD, (415, TYPE, Some("Content-Type"))),
        (Some("application/vnd.api+json"), GOOD, (415, TYPE, Some("Content-Type"))),
        (Some("text/plain"), large.as_str(), (415, TYPE, Some("Content-Type"))),
        (Some("application/json"), large.as_str(), (413, "PAYLOAD_TOO_LARGE", None)),
    ] {
        let answer = world.call(typed(kind, Body::from(body.to_owned()))).await;
        check(&format!("{kind:?}"), &answer, told);
    }
    let mut zipped = request(Method::POST, "/v1/api/sms", &world.key, GOOD);
    zipped.headers_mut().insert("content-encoding", "gzip".parse().expect("a value"));
    check("gzip", &world.call(zipped).await, (415, TYPE, Some("Content-Encoding")));
    assert_eq!(
        world.call(typed(Some("application/json; charset=utf-8"), Body::from(GOOD))).await.status,
        StatusCode::OK
    );
    let fits = format!("{}{}", " ".repeat(65_536 - GOOD.len()), GOOD);
    assert_eq!(world.send(&fits).await.status, StatusCode::OK, "64 KiB and no more");
}

#[tokio::test]
async fn wrong_idempotency_keys() {
    let world = World::new().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let answer = world.send_once(key, GOOD).await;
        check(key, &answer, (400, BODY, Some("Idempotency-Key")));
        assert_eq!(answer.header("idempotency-key"), None);
    }
    assert_eq!(world.kept().await, 0);
}

#[tokio::test]
async fn wrong_queries() {
    let world = World::new().await;
    for (query, told) in [
        ("page=0", (400, "INVALID_PAGE_SIZE", Some("page"))),
        ("page=-1", (400, "INVALID_PAGE_SIZE", Some("page"))),
        ("page=one", (400, "INVALID_PAGE_SIZE", Some("page"))),
        ("size=0", (400, "INVALID_PAGE_SIZE", Some("size"))),
        ("size=101", (400, "INVALID_PAGE_SIZE", Some("size"))),
        ("to=0612345678", (400, "INVALID_PHONE_FORMAT", Some("to"))),
        ("status=gone", (400, "INVALID_SEARCH_QUERY", Some("status"))),
        ("class=spam", (400, "INVALID_SEARCH_QUERY", Some("class"))),
        ("date_from=now", (400, "INVALID_DATE_RANGE", Some("date_from"))),
        ("sort=asc", (400, "INVALID_SEARCH_QUERY", None)),
    ] {
        let answer = world.get(&format!("/v2/api/messages?{query}")).await;
        let told = if query == "sort=asc" { (told.0, told.1, Some("sort")) } else { told };
        check(query, &answer, told);
    }
}

#[tokio::test]
async fn consents_and_choices_that_are_none() {
    let consent = |fields: &str| {
        let all = r#""basis":"consent","purpose":"offers","collected_at":"2024-01-10T10:00:00Z","source":"form",
            "text_shown":"J'accepte.""#;
        with("consent", &format!("{{{all}{fields}}}"))
    };
    let without = |field: &str| consent("").replacen(&format!("\"{field}\":"), "\"evidence\":", 1);
    let rows = [
        (with("consent", "5"), "consent"),
        (with("consent", "\"yes\""), "consent"),
        (with("consent", "[]"), "consent"),
        (with("consent", "{}"), "consent.basis"),
        (without("basis"), "consent.basis"),
        (without("purpose"), "consent.purpose"),
        (without("collected_at"), "consent.collected_at"),
        (without("source"), "consent.source"),
        (without("text_shown"), "consent.text_shown"),
        (consent("").replace("\"consent\",", "\"opt-in\","), "consent.basis"),
        (consent("").replace("2024-01-10T", "2025-01-10T"), "consent.collected_at"),
        (consent("").replace("2024-01-10T10:00:00Z", "yesterday"), "consent.collected_at"),
        (consent("").replace("offers", " "), "consent.purpose"),
        (consent(r#","professional":"yes""#), "consent.professional"),
        (consent(r#","proof":"form 42""#), "consent.proof"),
        (consent(r#","number":"0612""#), "consent.number"),
        (consent(r#","number":"+33612345679""#), "consent.number"),
        (with("on_closed_window", "\"wait\""), "on_closed_window"),
        (with("on_closed_window", "true"), "on_closed_window"),
        (with("rewrite", "\"always\""), "rewrite"),
        (with("rewrite", "1"), "rewrite"),
    ];
    let rows: Vec<_> = rows.iter().map(|(body, param)| (body.as_str(), (400, BODY, Some(*param)))).collect();
    check_bodies(&rows).await;
}

#[tokio::test]
async fn a_consent_tells_all_its_faults_and_may_repeat_the_number() {
    let world = World::new().await;
    let send = async |number: &str, basis: &str| {
        let consent = json!({
            "number": number, "basis": basis, "purpose": "offers", "source": "form",
            "collected_at": "2024-01-10T10:00:00Z", "text_shown": "J'accepte.",
        });
        world.send(&with("consent", &consent.to_string())).await
    };
    let answer = send("0612", "opt-in").await;
    let details = answer.body["details"].as_array().expect("a list");
    let fields: Vec<_> = details.iter().map(|detail| &detail["field"]).collect();
    assert_eq!(fields, ["consent.number", "consent.basis"]);
    let right = send("+33612345678", "consent").await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.text);
}
