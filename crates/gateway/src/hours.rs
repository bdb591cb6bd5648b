//! Sending hours for the windows: what a workspace chose, what STOP mention its marketing bears, and the
//! days to come.

use facteur_domain::{Sender, SenderState, ShortCode, WorkspaceId};
use facteur_rules::{Policy, TerritoryPlan};

use crate::gateway::Gateway;

impl Gateway {
    /// The names of the profiles of hours that a workspace may choose from; the platform's own bounds them.
    #[must_use]
    pub fn profiles(&self) -> Vec<String> {
        self.sending().packs.at(self.now()).profiles().iter().map(|profile| profile.name.clone()).collect()
    }

    /// The next `days` days of a workspace's marketing in every territory.
    #[must_use]
    pub fn window_plan(&self, workspace: WorkspaceId, days: u8) -> Vec<TerritoryPlan> {
        let (settings, sending) = (self.settings(workspace), self.sending());
        let policy = Policy { platform: &sending.profile, workspace: &settings.profile };
        sending.packs.plan(&policy, self.now(), days)
    }

    /// The short code that STOP mentions of a workspace name where its sender is a name: its choice, a
    /// marketing code of its own, the platform's.
    #[must_use]
    pub fn stop_code(&self, workspace: WorkspaceId) -> Option<ShortCode> {
        let own = || {
            let senders = self.senders(workspace);
            let mut standing = senders.iter().filter(|record| record.state == SenderState::Validated);
            standing.find_map(|record| match record.sender {
                Sender::Code(code) if code.is_marketing() => Some(code),
                _ => None,
            })
        };
        self.settings(workspace).stop_code.or_else(own).or(self.sending().stop_code)
    }

    /// The mention as it is added to a text.
    #[must_use]
    pub fn stop_mention(&self, code: ShortCode) -> String {
        let completed = self.sending().packs.complete_stop("", code, self.now());
        completed.appended.unwrap_or_default().trim().to_owned()
    }
}
