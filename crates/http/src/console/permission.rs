//! Who may do what in a workspace: one table, which the guard of every page reads and every template asks.

use facteur_store::Role;

/// Something that not everybody may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Permission {
    /// Look at everything but keys, members and the audit log.
    See,
    /// Send messages, and cancel what waits.
    Send,
    /// Answer people in conversations.
    Reply,
    /// Take data about people out of the product.
    Export,
    /// Declare Sender IDs, ask for short codes, bring evidence, set keywords.
    ManageSenders,
    /// Record, confirm and lift opt-outs; record, import and withdraw consents.
    ManageConsents,
    /// Change the profile of sending hours, the STOP code, prices and other choices.
    ManageProfile,
    /// Make and revoke API keys; set up webhooks.
    ManageKeys,
    /// Invite members, change their roles, remove them.
    ManageMembers,
    /// Read and export the audit log.
    SeeAudit,
}

use Permission as P;

/// What each role may do.
const fn allowed(role: Role) -> &'static [Permission] {
    match role {
        Role::Owner => &[
            P::See,
            P::Send,
            P::Reply,
            P::Export,
            P::ManageSenders,
            P::ManageConsents,
            P::ManageProfile,
            P::ManageKeys,
            P::ManageMembers,
            P::SeeAudit,
        ],
        Role::Compliance => {
            &[P::See, P::Reply, P::Export, P::ManageSenders, P::ManageConsents, P::ManageProfile, P::SeeAudit]
        }
        Role::Marketing => &[P::See, P::Send, P::Reply],
        Role::Support => &[P::See, P::Reply],
        Role::ReadOnly => &[P::See],
    }
}

/// Whether a role may do this.
pub(crate) fn may(role: Role, what: Permission) -> bool {
    allowed(role).contains(&what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_look_may_not_change() {
        for role in Role::ALL {
            assert!(may(role, P::See), "{role:?}");
        }
        for what in [P::Send, P::Reply, P::Export, P::ManageConsents, P::ManageKeys, P::SeeAudit] {
            assert!(!may(Role::ReadOnly, what), "{what:?}");
        }
    }

    #[test]
    fn members_and_keys_are_the_owners() {
        for what in [P::ManageMembers, P::ManageKeys] {
            let who: Vec<Role> = Role::ALL.into_iter().filter(|role| may(*role, what)).collect();
            assert_eq!(who, [Role::Owner], "{what:?}");
        }
        assert!(!may(Role::Marketing, P::ManageConsents), "who sends does not write the consents it needs");
    }
}
