//! Reading what a request says of an endpoint.

use facteur_gateway::Gateway;
use facteur_store::WebhookTopic;

use crate::json::Faults;
use crate::json::tree::{Entry, Node};

/// The longest description, in characters.
pub(super) const DESCRIPTION_MAX: usize = 500;
/// Longer than every URL that is allowed.
const URL_READ_MAX: usize = 4_096;

/// The URL, if there is one that may be used.
pub(super) fn url(entry: &mut Entry, gateway: &Gateway, faults: &mut Faults) -> Option<String> {
    let url = entry.bounded("url", URL_READ_MAX, faults)?;
    match gateway.check_webhook_url(url.trim()) {
        Ok(()) => Some(url.trim().to_owned()),
        Err(why) => {
            faults.note("url", format!("`url` {why}"));
            None
        }
    }
}

/// The topics, each once, if the field is there.
pub(super) fn topics(entry: &mut Entry, faults: &mut Faults) -> Option<Vec<WebhookTopic>> {
    let list = entry.list("topics", faults)?;
    if list.is_empty() {
        faults.note("topics", format!("`topics` is empty: name one at least of {}", known()));
    }
    let mut topics = Vec::new();
    for (at, node) in list.into_iter().enumerate() {
        let Node::Text(name) = node else {
            faults.note(format!("topics[{at}]"), format!("`topics[{at}]` must be a string"));
            continue;
        };
        match WebhookTopic::from_name(name.trim()) {
            Some(topic) if topics.contains(&topic) => {}
            Some(topic) => topics.push(topic),
            None => {
                let message = format!("`topics[{at}]` is no topic; there are {}", known());
                faults.note(format!("topics[{at}]"), message);
            }
        }
    }
    Some(topics)
}

fn known() -> String {
    WebhookTopic::ALL.iter().map(|topic| topic.as_str()).collect::<Vec<_>>().join(", ")
}

/// Notes a field that must be there.
pub(super) fn missing(field: &'static str, meaning: &str, faults: &mut Faults) {
    faults.note(field, format!("`{field}` is missing: {meaning}"));
}
