//! The sidebar: one table of pages, from which each viewer sees what they may.

use facteur_store::PlatformRole;

use super::permission::{Permission, may};
use super::viewer::{Place, Viewer};

/// A line of the table: its sentence's key, its path, who sees it, its picture in `templates/parts/icon.html`.
struct Entry(&'static str, &'static str, Permission, &'static str);

/// The pages of a workspace, by group; the first group has no heading. A page that exists is a line here.
#[rustfmt::skip]
static WORKSPACE: &[(&str, &[Entry])] = &[
    ("", &[
        Entry("overview-title", "", Permission::See, "overview"),
        Entry("send-title", "/send", Permission::Send, "send"),
        Entry("messages-title", "/messages", Permission::See, "messages"),
        Entry("held-title", "/held", Permission::See, "held"),
        Entry("conversations-title", "/conversations", Permission::See, "conversations"),
    ]),
    ("common-nav-compliance", &[
        Entry("senders-title", "/senders", Permission::See, "senders"),
        Entry("senders-codes", "/short-codes", Permission::See, "codes"),
        Entry("keywords-title", "/keywords", Permission::See, "keywords"),
        Entry("hours-title", "/hours", Permission::See, "calendar"),
        Entry("consents-title", "/consents", Permission::See, "consent"),
        Entry("optouts-title", "/opt-outs", Permission::See, "stop"),
    ]),
    ("common-nav-settings", &[
        Entry("company-title", "/settings/company", Permission::ManageProfile, "company"),
        Entry("keys-title", "/settings/keys", Permission::ManageKeys, "keys"),
        Entry("webhooks-title", "/settings/webhooks", Permission::ManageKeys, "webhooks"),
        Entry("members-title", "/settings/members", Permission::ManageMembers, "members"),
        Entry("audit-title", "/settings/audit", Permission::SeeAudit, "audit"),
    ]),
];

/// Where the simulated phones are, if there are any.
const PHONES: &str = "/phones";

/// The pages of the platform, with who sees them.
#[rustfmt::skip]
static PLATFORM: &[(&str, &str, PlatformRole, &str)] = &[
    ("platform-review", "/review", PlatformRole::Reviewer, "review"),
    ("platform-workspaces", "/workspaces", PlatformRole::Operator, "company"),
    ("platform-routes", "/routes", PlatformRole::Operator, "routes"),
    ("platform-audit", "/audit", PlatformRole::Operator, "audit"),
    ("platform-rules", "/rules", PlatformRole::Reviewer, "rules"),
    ("phones-title", PHONES, PlatformRole::Operator, "phones"),
];

/// A group of links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its heading's key; empty for none.
    pub(crate) heading: &'static str,
    pub(crate) links: Vec<Link>,
}

/// A link of the sidebar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) key: &'static str,
    pub(crate) to: String,
    pub(crate) icon: &'static str,
    /// Whether the page shown is this one, or below it.
    pub(crate) here: bool,
}

/// What a viewer sees, on the page at `path`.
pub(super) fn of(viewer: &Viewer, place: Option<&Place>, path: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    if let Some(place) = place {
        for (heading, entries) in WORKSPACE {
            let seen = entries.iter().filter(|entry| may(place.role, entry.2));
            let links = seen
                .map(|Entry(key, to, _, icon)| link(key, format!("/console/{}{to}", place.id), icon, path));
            groups.push(Group { heading, links: links.collect() });
        }
    }
    let there = |to: &str| to != PHONES || viewer.guest.phones;
    let seen = PLATFORM.iter().filter(|(_, to, role, _)| viewer.is(*role) && there(to));
    let links = seen.map(|(key, to, _, icon)| link(key, format!("/console/platform{to}"), icon, path));
    groups.push(Group { heading: "common-nav-platform", links: links.collect() });
    groups.retain(|group| !group.links.is_empty());
    groups
}

/// The first page of a workspace that somebody sees.
pub(super) fn first(place: &Place) -> String {
    let mut entries = WORKSPACE.iter().flat_map(|(_, entries)| entries.iter());
    let seen = entries.find(|entry| may(place.role, entry.2)).map_or("", |entry| entry.1);
    format!("/console/{}{seen}", place.id)
}

fn link(key: &'static str, to: String, icon: &'static str, path: &str) -> Link {
    let below = path.strip_prefix(&to).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // The workspace's own address is the overview's: everything is below it.
    let here = if to.matches('/').count() == 2 { path == to } else { below };
    Link { key, to, icon, here }
}
