//! Words that several pages share: states, rules, senders, classes.

use facteur_domain::{Class, SenderState, State};
use facteur_gateway::Gateway;

use super::lang::Lang;
use super::{Member, Page};

/// The look of a state's badge.
pub(super) const fn look(state: State) -> &'static str {
    match state {
        State::Delivered => "good",
        State::Undelivered | State::Rejected | State::Blocked => "bad",
        State::Expired | State::Unknown => "warn",
        State::Scheduled | State::Queued | State::Submitting | State::Submitted => "info",
        State::Cancelled => "",
    }
}

/// A state in words.
pub(super) fn state(page: &Page, state: State) -> String {
    page.word("messages-state", state.as_str())
}

/// A class in words.
pub(super) fn class(page: &Page, class: Class) -> String {
    page.word("messages-class", class.as_str())
}

/// What a rule says, shortly; its id when nobody has put it into words.
pub(super) fn rule(page: &Page, id: &str) -> String {
    let key = format!("rules-{}", id.replace(['.', '_'], "-"));
    if Lang::knows(&key) { page.t(&key) } else { id.to_owned() }
}

/// Senders of a workspace that may send, in the order of their declaration, as choices.
pub(super) fn senders(gateway: &Gateway, member: &Member) -> Vec<String> {
    let records = gateway.senders(member.workspace());
    let standing = records.iter().filter(|record| record.state == SenderState::Validated);
    standing.map(|record| record.sender.to_string()).collect()
}
