//! Settings > Webhooks: where the workspace's programs are told what happens, and how that goes.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::{EventId, Redacted, WebhookId};
use facteur_gateway::{Chance, show_secret};
use facteur_store::{
    DeliveryState, NewWebhook, Replay, StoreError, Webhook, WebhookDelivery, WebhookTopic, WebhookUpdate,
};

use super::confirm::Confirm;
use super::pager::Pager;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render};
use crate::app::App;

/// Deliveries on a page.
const SIZE: usize = 25;
/// How long the secret before a new one signs too.
const PREVIOUS_SIGNS: Duration = Duration::from_hours(24);
/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 500;
/// Longer than every URL that is allowed.
const URL_MAX: usize = 2_048;
/// Hours that "all that failed since" offers.
const SINCE: [u64; 4] = [1, 6, 24, 168];

pub(super) fn mount(pages: &mut Pages<'_>) {
    let keys = Permission::ManageKeys;
    pages.member("/settings/webhooks", keys, get(list).post(create));
    pages.member("/settings/webhooks/new", keys, get(new));
    pages.member("/settings/webhooks/{id}", keys, get(show).post(change));
    pages.member("/settings/webhooks/{id}/test", keys, post(test));
    pages.member("/settings/webhooks/{id}/replay", keys, post(replay));
    pages.member("/settings/webhooks/{id}/rotate", keys, get(ask_rotate).post(rotate));
    pages.member("/settings/webhooks/{id}/switch", keys, post(switch));
    pages.member("/settings/webhooks/{id}/delete", keys, get(ask_delete).post(delete));
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct Webhooks {
    page: Page,
    rows: Vec<Webhook>,
}

/// The form of an endpoint, new or there.
struct EndpointForm {
    url: Field,
    description: Field,
    topics: Vec<(&'static str, bool)>,
    topics_wrong: bool,
}

#[derive(Template)]
#[template(path = "webhook_new.html")]
struct NewEndpoint {
    page: Page,
    form: EndpointForm,
}

#[derive(Template)]
#[template(path = "webhook_secret.html")]
struct Secret {
    page: Page,
    webhook: Webhook,
    secret: String,
    rotated: bool,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct Endpoint {
    page: Page,
    webhook: Webhook,
    form: EndpointForm,
    deliveries: Vec<WebhookDelivery>,
    pager: Pager,
    since: Field,
}

/// What a form says of an endpoint.
struct Given {
    url: String,
    description: Option<String>,
    topics: Vec<WebhookTopic>,
}

fn given(fields: &Fields) -> Result<Given, Trouble> {
    let topics = fields.all("topic").map(|name| WebhookTopic::from_name(name).ok_or(Trouble::Malformed));
    Ok(Given {
        url: fields.get("url").to_owned(),
        description: fields.some("description"),
        topics: topics.collect::<Result<_, _>>()?,
    })
}

impl EndpointForm {
    /// As it is, or with what is wrong with what was given; whether anything is.
    fn new(app: &App, page: &Page, given: &Given, check: bool) -> (Self, bool) {
        let refused = check.then(|| app.gateway.check_webhook_url(&given.url).err()).flatten();
        let description = given.description.clone().unwrap_or_default();
        let long = description.chars().count() > DESCRIPTION_MAX;
        let topics_wrong = check && given.topics.is_empty();
        let wrong = refused.is_some() || long || topics_wrong;
        let form = Self {
            url: Field::new(page, "url", "webhooks-url")
                .of("url")
                .maximum(URL_MAX)
                .value(&given.url)
                .error(refused.map(|why| page.word("webhooks-url-wrong", why.word()))),
            description: Field::new(page, "description", "webhooks-description")
                .optional()
                .maximum(DESCRIPTION_MAX)
                .value(description)
                .error(long.then(|| page.t("webhooks-description-long"))),
            topics: WebhookTopic::ALL
                .iter()
                .map(|topic| (topic.as_str(), given.topics.contains(topic)))
                .collect(),
            topics_wrong,
        };
        (form, wrong)
    }
}

async fn list(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let rows = app.gateway.store().webhooks(member.workspace()).await?;
    render(&Webhooks { page: member.page("webhooks-title"), rows })
}

async fn new(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let page = member.page("webhooks-new");
    let given = Given { url: String::new(), description: None, topics: WebhookTopic::ALL.to_vec() };
    let (form, _) = EndpointForm::new(&app, &page, &given, false);
    render(&NewEndpoint { page, form })
}

async fn create(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let page = member.page("webhooks-new");
    let given = given(&fields)?;
    let (form, wrong) = EndpointForm::new(&app, &page, &given, true);
    if wrong {
        return mend(&NewEndpoint { page, form });
    }
    let Given { url, description, topics } = given;
    let new = NewWebhook {
        url,
        topics,
        description,
        secret: Redacted::new(Chance.octets()),
        enabled: true,
        v1: None,
    };
    let (store, now) = (app.gateway.store(), member.guest.now);
    let made = store.create_webhook(member.workspace(), new, now, member.actor()).await;
    let webhook = made.map_err(|why| match why {
        StoreError::Conflict(_) => Trouble::Conflict("webhooks-too-many"),
        other => other.into(),
    })?;
    let secret = show_secret(&webhook.secret);
    render(&Secret { page: member.page("webhooks-made"), webhook, secret, rotated: false })
}

async fn find(app: &App, member: &Member, id: &str) -> Result<Webhook, Trouble> {
    let id: WebhookId = id.parse().map_err(|_| Trouble::NotFound)?;
    app.gateway.store().webhook(member.workspace(), id).await?.ok_or(Trouble::NotFound)
}

/// One that has topics and a secret: those of Allo's v1 have neither.
async fn find_v2(app: &App, member: &Member, id: &str) -> Result<Webhook, Trouble> {
    let webhook = find(app, member, id).await?;
    if webhook.v1.is_some() { Err(Trouble::Conflict("webhooks-v1")) } else { Ok(webhook) }
}

impl Endpoint {
    fn base(&self) -> String {
        self.page.link(&format!("/settings/webhooks/{}", self.webhook.id))
    }

    async fn new(app: &App, member: &Member, webhook: Webhook, fields: &Fields) -> Result<Self, Trouble> {
        let page = member.page("webhooks-title").titled(webhook.url.clone());
        let below: Option<EventId> = fields.get("below").parse().ok();
        let store = app.gateway.store();
        let mut deliveries =
            store.webhook_deliveries_below(member.workspace(), webhook.id, below, SIZE + 1).await?;
        let more = deliveries.len() > SIZE;
        deliveries.truncate(SIZE);
        let base = here(member, &webhook);
        let older = deliveries.last().filter(|_| more).map(|last| format!("{base}?below={}", last.event));
        let shown = page.t1("webhooks-deliveries-shown", "count", deliveries.len());
        let pager = Pager::new(&page, below.map(|_| base), older, shown);
        let given = Given {
            url: webhook.url.clone(),
            description: webhook.description.clone(),
            topics: webhook.topics.clone(),
        };
        let (form, _) = EndpointForm::new(app, &page, &given, false);
        let since = SINCE.map(|hours| (hours.to_string(), page.t1("webhooks-since-hours", "hours", hours)));
        Ok(Self {
            since: Field::new(&page, "since", "webhooks-since").choice(since).value("24"),
            deliveries,
            pager,
            form,
            webhook,
            page,
        })
    }
}

fn here(member: &Member, webhook: &Webhook) -> String {
    member.link(&format!("/settings/webhooks/{}", webhook.id))
}

/// How a delivery stands: the kind of its badge.
fn kind(state: &DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "",
        DeliveryState::Delivered => "good",
        DeliveryState::Failed => "bad",
    }
}

/// A body as people read it: JSON on several lines.
fn pretty(body: &str) -> String {
    let read: Result<serde_json::Value, _> = serde_json::from_str(body);
    read.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| body.to_owned())
}

async fn show(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let webhook = find(&app, &member, &id).await?;
    render(&Endpoint::new(&app, &member, webhook, &fields).await?)
}

async fn change(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let webhook = find_v2(&app, &member, &id).await?;
    let given = given(&fields)?;
    let mut view = Endpoint::new(&app, &member, webhook, &Fields::default()).await?;
    let (form, wrong) = EndpointForm::new(&app, &view.page, &given, true);
    if wrong {
        view.form = form;
        return mend(&view);
    }
    let update = WebhookUpdate {
        url: Some(given.url),
        topics: Some(given.topics),
        description: Some(given.description),
        enabled: None,
    };
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.update_webhook(member.workspace(), view.webhook.id, update, now, member.actor()).await?;
    Ok(member.go(&here(&member, &view.webhook), Flash::done("webhooks-saved", "")))
}

async fn test(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let webhook = find(&app, &member, &id).await?;
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.test_webhook(member.workspace(), webhook.id, now, member.actor()).await?;
    app.gateway.deliver_webhooks();
    Ok(member.go(&here(&member, &webhook), Flash::done("webhooks-tested", "")))
}

async fn replay(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let webhook = find(&app, &member, &id).await?;
    let now = member.guest.now;
    let what = match fields.some("event") {
        Some(event) => Replay::One(event.parse::<EventId>().map_err(|_| Trouble::NotFound)?),
        None => {
            let hours = SINCE.into_iter().find(|hours| hours.to_string() == fields.get("since"));
            let hours = hours.ok_or(Trouble::Malformed)?;
            Replay::Since(now.minus(Duration::from_hours(hours)))
        }
    };
    let store = app.gateway.store();
    let owed = store.replay_webhook(member.workspace(), webhook.id, what, now, member.actor()).await?;
    app.gateway.deliver_webhooks();
    Ok(member.go(&here(&member, &webhook), Flash::done("webhooks-replayed", owed.to_string())))
}

async fn ask_rotate(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let webhook = find_v2(&app, &member, &id).await?;
    let page = member.page("webhooks-rotate-question");
    render(&Confirm {
        what: page.t1("webhooks-rotate-what", "url", &webhook.url),
        consequences: vec![page.t("webhooks-rotate-both"), page.t("webhooks-rotate-then")],
        action: format!("{}/rotate", here(&member, &webhook)),
        button: page.t("webhooks-rotate"),
        back: here(&member, &webhook),
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

async fn rotate(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let webhook = find_v2(&app, &member, &id).await?;
    let (store, now) = (app.gateway.store(), member.guest.now);
    let (secret, until) = (Redacted::new(Chance.octets()), now.plus(PREVIOUS_SIGNS));
    let rotating =
        store.rotate_webhook_secret(member.workspace(), webhook.id, secret, until, now, member.actor());
    let webhook = rotating.await?;
    let secret = show_secret(&webhook.secret);
    render(&Secret { page: member.page("webhooks-rotated"), webhook, secret, rotated: true })
}

async fn switch(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let webhook = find(&app, &member, &id).await?;
    let enabled = fields.get("to") == "on";
    let update = WebhookUpdate { enabled: Some(enabled), ..WebhookUpdate::default() };
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.update_webhook(member.workspace(), webhook.id, update, now, member.actor()).await?;
    app.gateway.deliver_webhooks();
    let said = if enabled { "webhooks-enabled" } else { "webhooks-disabled" };
    Ok(member.go(&here(&member, &webhook), Flash::done(said, "")))
}

async fn ask_delete(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let webhook = find(&app, &member, &id).await?;
    let page = member.page("webhooks-delete-question");
    render(&Confirm {
        what: page.t1("webhooks-delete-what", "url", &webhook.url),
        consequences: vec![page.t("webhooks-delete-deliveries"), page.t("webhooks-delete-instead")],
        action: format!("{}/delete", here(&member, &webhook)),
        button: page.t("webhooks-delete"),
        back: here(&member, &webhook),
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

async fn delete(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let webhook = find(&app, &member, &id).await?;
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.delete_webhook(member.workspace(), webhook.id, now, member.actor()).await?;
    Ok(member.go(&member.link("/settings/webhooks"), Flash::done("webhooks-deleted", webhook.url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_its_sentence() {
        for topic in WebhookTopic::ALL {
            let key = format!("webhooks-topic-{}", topic.as_str().replace(['_', '.'], "-"));
            assert!(super::super::lang::Lang::knows(&key), "{key}");
        }
    }

    #[test]
    fn bodies_are_read_line_by_line() {
        assert_eq!(pretty("{\"a\":1}"), "{\n  \"a\": 1\n}");
        assert_eq!(pretty("<no json>"), "<no json>");
    }
}
