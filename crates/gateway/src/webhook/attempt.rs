//! One attempt to tell one endpoint one event.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::Timestamp;
use facteur_store::{AfterDelivery, DeliveryOutcome, DueDelivery, Webhook};
use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, Url};

use super::{Guard, UrlProblem, WebhookRules, Webhooks, sign};
use crate::{Chance, Clock};

/// The most octets of an answer that are read, so that its connection can be used again.
const ANSWER_MAX: usize = 16 * 1024;
/// How long the rest of an answer is awaited once its status is there.
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// The most characters of a refusal that are kept for the endpoint's owner.
const ANSWER_KEPT: usize = 512;
/// A retry comes up to one part in this many later than planned, so that they do not come all at once.
const JITTER: u32 = 10;

/// How long an endpoint of v1 may take at least.
const V1_TIMEOUT: Duration = Duration::from_secs(30);
/// Where deliveries of one lease go.
pub(super) struct Target {
    webhook: Arc<Webhook>,
    /// The resolver is not asked about an address that is written out, so the guard is, once a lease.
    url: Result<Url, UrlProblem>,
}

impl Target {
    pub(super) fn new(webhook: Arc<Webhook>, guard: Guard) -> Self {
        let url = guard.check(&webhook.url);
        Self { webhook, url }
    }

    /// Whether it was made of this very endpoint, nothing of which has changed since.
    pub(super) fn is_of(&self, webhook: &Arc<Webhook>) -> bool {
        Arc::ptr_eq(&self.webhook, webhook)
    }
}

/// What was answered.
struct Reply {
    status: StatusCode,
    body: Vec<u8>,
}

/// Makes the attempt, and says what follows.
pub(super) async fn attempt(
    webhooks: &Webhooks,
    clock: &Clock,
    target: &Target,
    due: DueDelivery,
) -> DeliveryOutcome {
    let (at, began) = (clock.now(), clock.instant());
    let (endpoint, event, attempts) = (due.endpoint, due.event, due.attempts);
    let reply = send(webhooks, target, due, at).await;
    let status = reply.as_ref().ok().map(|reply| reply.status);
    let (error, answer) = match reply {
        Ok(reply) if reply.status.is_success() => (None, None),
        Ok(reply) => {
            (Some(refusal(reply.status)), Some(beginning(&reply.body)).filter(|text| !text.is_empty()))
        }
        Err(why) => (Some(why), None),
    };
    DeliveryOutcome {
        endpoint,
        event,
        at,
        took: clock.instant().duration_since(began),
        status: status.map(|status| status.as_u16()),
        error,
        answer,
        next: after(&webhooks.rules, status, attempts, clock.now()),
    }
}

async fn send(
    webhooks: &Webhooks,
    target: &Target,
    due: DueDelivery,
    at: Timestamp,
) -> Result<Reply, String> {
    let url = target.url.clone().map_err(|why| format!("the URL {why}"))?;
    let (id, body) = (due.event.to_string(), due.payload.into_inner());
    let signatures = sign::signatures(&target.webhook, &id, at.seconds(), &body, at);
    let mut request = webhooks
        .client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.seconds())
        .body(body);
    request = match &target.webhook.v1 {
        None => request.header("webhook-signature", signatures),
        // v1 signed nothing, and promised its endpoints half a minute.
        Some(_) => request.timeout(webhooks.rules.timeout.max(V1_TIMEOUT)),
    };
    let mut response = request.send().await.map_err(describe)?;
    let status = response.status();
    // The status has come whole: the rest is for the owner's eyes, and for using the connection again. An
    // endpoint that says 200 and never ends, or breaks off, has said 200.
    let mut body = Vec::new();
    let reading = async {
        while body.len() < ANSWER_MAX
            && let Ok(Some(octets)) = response.chunk().await
        {
            body.extend_from_slice(&octets);
        }
    };
    let _ = tokio::time::timeout(ANSWER_WAIT, reading).await;
    Ok(Reply { status, body })
}

/// A failed request in words, without its URL, which may hold a secret of the customer.
fn describe(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        words = why.to_string();
        cause = why.source();
    }
    words
}

fn refusal(status: StatusCode) -> String {
    if status.is_redirection() {
        return format!("answered {}: redirects are not followed", status.as_u16());
    }
    format!("answered {}", status.as_u16())
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().filter(|c| *c != '\0').take(ANSWER_KEPT).collect()
}

/// What follows attempt number `attempts`, counted from 0.
fn after(rules: &WebhookRules, status: Option<StatusCode>, attempts: u16, now: Timestamp) -> AfterDelivery {
    match status {
        Some(status) if status.is_success() => return AfterDelivery::Done,
        Some(StatusCode::GONE) => return AfterDelivery::Gone,
        _ => {}
    }
    let Some(wait) = rules.schedule.get(usize::from(attempts) + 1) else { return AfterDelivery::GiveUp };
    let spread = u64::try_from((*wait / JITTER).as_millis()).unwrap_or(0);
    AfterDelivery::Retry(now.plus(*wait + Duration::from_millis(Chance.below(spread + 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_attempts_are_made_as_the_schedule_says() {
        let rules = WebhookRules::default();
        let now = Timestamp::from_millis(0);
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
        for (attempts, wait) in (0..).zip(seconds) {
            let AfterDelivery::Retry(at) = after(&rules, None, attempts, now) else { panic!("a retry") };
            assert!((wait * 1_000..=wait * 1_100).contains(&at.millis()), "attempt {attempts}: {at:?}");
        }
        assert_eq!(after(&rules, Some(StatusCode::BAD_GATEWAY), 7, now), AfterDelivery::GiveUp);
    }

    #[test]
    fn any_2xx_is_success_and_410_is_the_end() {
        let rules = WebhookRules { schedule: vec![Duration::ZERO], ..WebhookRules::default() };
        for (status, next) in [
            (200, AfterDelivery::Done),
            (204, AfterDelivery::Done),
            (299, AfterDelivery::Done),
            (301, AfterDelivery::GiveUp),
            (307, AfterDelivery::GiveUp),
            (404, AfterDelivery::GiveUp),
            (410, AfterDelivery::Gone),
            (500, AfterDelivery::GiveUp),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(after(&rules, Some(status), 0, Timestamp::default()), next, "{status}");
        }
    }
}
