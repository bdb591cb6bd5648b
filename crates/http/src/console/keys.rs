//! Settings > API keys: made with their scopes, shown once, revoked for good.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{AccountKeyId, Timestamp};
use facteur_gateway::{Chance, NewKey, Scope, mint_key};
use facteur_store::{ApiKey, KeyUse};

use super::confirm::Confirm;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render};
use crate::app::App;

/// What a key may do that an owner makes. The others reach every workspace: the platform gives them.
const SCOPES: [Scope; 9] = [
    Scope::SmsSend,
    Scope::ConversationsRead,
    Scope::PhoneNumbersRead,
    Scope::WebhooksReadWrite,
    Scope::ContactsRead,
    Scope::ContactsReadWrite,
    Scope::ConsentsReadWrite,
    Scope::SenderIdsReadWrite,
    Scope::KeywordsReadWrite,
];
/// Scopes that a form begins with.
const USUAL: [Scope; 2] = [Scope::SmsSend, Scope::ConversationsRead];
/// The longest label, in characters.
const LABEL_MAX: usize = 60;
/// Requests a second of a key, as Allo's.
const READS: u32 = 20;
const WRITES: u32 = 5;
/// The highest daily quota that the form takes.
const QUOTA_MAX: u32 = 100_000_000;
/// Days over which the last use of a key is looked for.
const USED_WITHIN: i64 = 90;
/// Keys of a workspace that were not revoked, at most.
const KEYS_MAX: usize = 100;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/settings/keys", Permission::ManageKeys, get(list).post(create));
    pages.member("/settings/keys/new", Permission::ManageKeys, get(new));
    pages.member("/settings/keys/{id}/revoke", Permission::ManageKeys, get(ask).post(revoke));
}

struct Row {
    key: ApiKey,
    used: Option<(Timestamp, u64)>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct Keys {
    page: Page,
    rows: Vec<Row>,
    within: i64,
}

#[derive(Template)]
#[template(path = "key_new.html")]
struct NewKeyPage {
    page: Page,
    label: Field,
    quota: Field,
    test: Field,
    scopes: Vec<(&'static str, bool)>,
    scopes_wrong: bool,
}

#[derive(Template)]
#[template(path = "key_made.html")]
struct Made {
    page: Page,
    label: String,
    secret: String,
    test: bool,
    sender: String,
}

async fn keys(app: &App, member: &Member) -> Result<Vec<ApiKey>, Trouble> {
    let all = app.gateway.store().directory().await?.keys;
    let mut keys: Vec<ApiKey> = all.into_iter().filter(|key| key.workspace == member.workspace()).collect();
    keys.sort_by_key(|key| (key.revoked_at.is_some(), std::cmp::Reverse(key.created_at)));
    Ok(keys)
}

async fn list(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let since = member.guest.now.utc_day() - USED_WITHIN;
    let used = app.gateway.store().key_use(member.workspace(), since).await?;
    let of = |key: &ApiKey| used.iter().find(|used| used.key == key.id).map(day_of);
    let rows = keys(&app, &member).await?.into_iter().map(|key| Row { used: of(&key), key }).collect();
    render(&Keys { page: member.page("keys-title"), rows, within: USED_WITHIN })
}

fn day_of(used: &KeyUse) -> (Timestamp, u64) {
    (Timestamp::from_millis(used.day.saturating_mul(DAY)), used.count)
}

impl NewKeyPage {
    fn new(member: &Member, given: Option<&Fields>) -> Self {
        let page = member.page("keys-new");
        let said = |name: &str| given.map_or("", |fields| fields.get(name)).to_owned();
        let told = |wrong: bool, key: &str| wrong.then(|| page.t(key));
        let label_wrong = given.is_some_and(|fields| !is_label(fields.get("label")));
        let quota_wrong = given.is_some_and(|fields| quota(fields).is_err());
        let chosen = |scope: Scope| {
            given.map_or(USUAL.contains(&scope), |fields| {
                fields.all("scope").any(|name| name == scope.as_str())
            })
        };
        let ticked = given.is_some_and(|fields| fields.has("test"));
        Self {
            label: Field::new(&page, "label", "keys-label")
                .maximum(LABEL_MAX)
                .value(said("label"))
                .error(told(label_wrong, "keys-label-wrong")),
            quota: Field::new(&page, "quota", "keys-quota")
                .of("number")
                .optional()
                .value(said("quota"))
                .error(told(quota_wrong, "keys-quota-wrong")),
            test: Field::new(&page, "test", "keys-test").tick(ticked),
            scopes: SCOPES.map(|scope| (scope.as_str(), chosen(scope))).to_vec(),
            scopes_wrong: given.is_some_and(|fields| scopes(fields).is_none_or(|scopes| scopes.is_empty())),
            page,
        }
    }
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.chars().count()) && !label.chars().any(char::is_control)
}

/// Messages a day; nothing for no bound.
fn quota(fields: &Fields) -> Result<Option<u32>, ()> {
    let Some(text) = fields.some("quota") else { return Ok(None) };
    text.parse().ok().filter(|quota| (1..=QUOTA_MAX).contains(quota)).map(Some).ok_or(())
}

/// The scopes that were ticked; nothing when one of them is not an owner's to give.
fn scopes(fields: &Fields) -> Option<Vec<String>> {
    let named = fields.all("scope").map(|name| SCOPES.iter().find(|scope| scope.as_str() == name));
    named.map(|scope| scope.map(|scope| scope.as_str().to_owned())).collect()
}

async fn new(member: Member) -> Result<Response, Trouble> {
    render(&NewKeyPage::new(&member, None))
}

async fn create(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let scopes = scopes(&fields).ok_or(Trouble::Malformed)?;
    let (Ok(daily_quota), true, false) = (quota(&fields), is_label(fields.get("label")), scopes.is_empty())
    else {
        return mend(&NewKeyPage::new(&member, Some(&fields)));
    };
    let kept = keys(&app, &member).await?;
    if kept.iter().filter(|key| key.revoked_at.is_none()).count() >= KEYS_MAX {
        return Err(Trouble::Conflict("keys-too-many"));
    }
    let test = fields.has("test");
    let NewKey { secret, visible, hash } = mint_key(Chance, test, None);
    let label = fields.get("label").to_owned();
    let key = ApiKey {
        id: AccountKeyId::from_key(app.gateway.new_key()),
        workspace: member.workspace(),
        label: label.clone(),
        visible,
        hash,
        scopes,
        test,
        read_per_second: READS,
        write_per_second: WRITES,
        daily_quota,
        created_at: member.guest.now,
        revoked_at: None,
    };
    app.gateway.store().create_key(key, member.actor()).await?;
    app.gateway.refresh().await?;
    let senders = app.gateway.senders(member.workspace());
    let sends = senders.iter().find(|record| record.state == facteur_domain::SenderState::Validated);
    let sender = sends.map_or_else(|| "MyCompany".to_owned(), |record| record.sender.to_string());
    render(&Made { page: member.page("keys-made"), label, secret: secret.show().clone(), test, sender })
}

async fn find(app: &App, member: &Member, id: &str) -> Result<ApiKey, Trouble> {
    let id: AccountKeyId = id.parse().map_err(|_| Trouble::NotFound)?;
    keys(app, member).await?.into_iter().find(|key| key.id == id).ok_or(Trouble::NotFound)
}

async fn ask(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let key = find(&app, &member, &id).await?;
    if key.revoked_at.is_some() {
        return Err(Trouble::Conflict("keys-revoked-already"));
    }
    let page = member.page("keys-revoke-question");
    let since = member.guest.now.utc_day() - USED_WITHIN;
    let used = app.gateway.store().key_use(member.workspace(), since).await?;
    let used = used.iter().find(|used| used.key == key.id);
    let consequences = vec![
        page.t("keys-revoke-at-once"),
        match used {
            Some(used) => page.t1("keys-revoke-used", "count", used.count),
            None => page.t1("keys-revoke-unused", "days", USED_WITHIN),
        },
        page.t("keys-revoke-kept"),
        page.t("keys-revoke-final"),
    ];
    render(&Confirm {
        what: page.t2("keys-revoke-what", "label", &key.label, "visible", &key.visible),
        consequences,
        action: member.link(&format!("/settings/keys/{}/revoke", key.id)),
        button: page.t("keys-revoke"),
        back: member.link("/settings/keys"),
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

async fn revoke(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let key = find(&app, &member, &id).await?;
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.revoke_key(member.workspace(), key.id, now, member.actor()).await?;
    app.gateway.refresh().await?;
    Ok(member.go(&member.link("/settings/keys"), Flash::done("keys-revoked", key.label)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_give_no_scope_that_reaches_other_workspaces() {
        for reaching in [Scope::ComplianceReview, Scope::Partner] {
            assert!(!SCOPES.contains(&reaching));
            assert_eq!(scopes(&Fields::from([("scope", reaching.as_str())])), None);
        }
        let both = Fields::from([("scope", "SMS_SEND"), ("scope", "CONTACTS_READ")]);
        assert_eq!(scopes(&both), Some(vec!["SMS_SEND".to_owned(), "CONTACTS_READ".to_owned()]));
        assert_eq!(scopes(&Fields::default()), Some(Vec::new()));
    }

    #[test]
    fn every_scope_has_its_sentence() {
        for scope in Scope::ALL {
            let key = format!("keys-scope-{}", scope.as_str().to_lowercase().replace('_', "-"));
            assert!(super::super::lang::Lang::knows(&key), "{key}");
        }
    }

    #[test]
    fn a_quota_is_a_number_or_nothing() {
        let of = |text| quota(&Fields::from([("quota", text)]));
        assert_eq!((of(""), of("250")), (Ok(None), Ok(Some(250))));
        for wrong in ["0", "-1", "1e3", "many", "100000001"] {
            assert_eq!(of(wrong), Err(()), "{wrong}");
        }
    }
}
