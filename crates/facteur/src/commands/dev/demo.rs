//! What `dev` finds in place: a workspace, a key, Sender IDs and short codes.

use facteur_domain::{
    AccountKeyId, Class, IdSource, Redacted, Sender, SenderRecordId, SenderState, UserId, WorkspaceId,
};
use facteur_gateway::{Chance, Gateway, NewKey, Scope, mint_key};
use facteur_store::{
    Actor, ApiKey, DirectorySnapshot, LinkPurpose, NewUser, PlatformRole, Publisher, SenderRecord, Settings,
    Store, Workspace,
};

use crate::data::DataFolder;
use crate::failure::Failure;
use crate::people;

/// The demo workspace's name.
const WORKSPACE: &str = "Démo";
/// Who owns it: e-mail address and name.
const OWNER: (&str, &str) = ("demo@exemple.fr", "Camille Martin");
/// Requests a second that the demo key may make: more than one machine can send.
const PER_SECOND: u32 = 1_000_000;
/// Who did it, in the audit log.
const ACTOR: &str = "dev";
/// Sender IDs and short codes, with the class of messages that do not say theirs.
const SENDERS: [(&str, Class); 4] = [
    ("MyCompany", Class::Transactional),
    ("MaBoutique", Class::Marketing),
    ("36180", Class::Marketing),
    ("38180", Class::Transactional),
];

/// Makes what is missing, and answers the demo key's secret (`fixed`, or the one of the last start, or a new
/// one) and the path of a link that lets the demo's owner in once.
pub(super) async fn furnish(
    gateway: &Gateway,
    folder: &DataFolder,
    fixed: Option<&str>,
) -> Result<(Redacted<String>, String), Failure> {
    let here = gateway.store().directory().await?;
    let demo = Demo { gateway, here, ids: IdSource::new(0) };
    let workspace = demo.workspace().await?;
    demo.publisher(workspace).await?;
    for (name, class) in SENDERS {
        demo.sender(workspace, name, class).await?;
    }
    let kept = folder.dev_secret();
    let secret = demo.key(workspace, fixed.or(kept.as_deref())).await?;
    folder.keep_dev_secret(secret.show())?;
    let link = demo.owner(workspace).await?;
    gateway.refresh().await?;
    Ok((secret, link))
}

/// A gateway to furnish, and what it has.
struct Demo<'a> {
    gateway: &'a Gateway,
    here: DirectorySnapshot,
    ids: IdSource,
}

impl Demo<'_> {
    fn store(&self) -> &Store {
        self.gateway.store()
    }

    async fn workspace(&self) -> Result<WorkspaceId, Failure> {
        if let Some(found) = self.here.workspaces.iter().find(|workspace| workspace.name == WORKSPACE) {
            return Ok(found.id);
        }
        let now = self.gateway.now();
        let id = WorkspaceId::from_key(self.ids.next(now));
        let workspace = Workspace { id, name: WORKSPACE.to_owned(), created_at: now };
        self.store().create_workspace(workspace, actor()).await?;
        Ok(id)
    }

    /// Who publishes, so that CONTACT is answered as it must be, unless somebody has said so.
    async fn publisher(&self, workspace: WorkspaceId) -> Result<(), Failure> {
        let current = self.store().settings(workspace).await?;
        if current.publisher != Publisher::default() {
            return Ok(());
        }
        let told = |text: &str| Some(text.to_owned());
        let publisher = Publisher {
            legal_name: told("MA BOUTIQUE SAS"),
            siren: told("123456782"),
            register_city: told("Paris"),
            service_phone: told("01 99 00 12 34"),
            service_contact: told("maboutique.example"),
        };
        let settings = Settings { publisher, ..current };
        Ok(self.store().change_settings(workspace, settings, self.gateway.now(), actor()).await?)
    }

    async fn sender(&self, workspace: WorkspaceId, name: &str, class: Class) -> Result<(), Failure> {
        let now = self.gateway.now();
        let sender: Sender = name
            .parse()
            .map_err(|error| Failure::new(format!("the demo sender {name} is no sender")).because(error))?;
        let record = SenderRecord {
            id: SenderRecordId::from_key(self.ids.next(now)),
            workspace,
            sender,
            class,
            state: SenderState::Pending,
            reason: None,
            decided_by: ACTOR.to_owned(),
            created_at: now,
            decided_at: now,
            dossier: facteur_store::Dossier::default(),
        };
        let kept = self.store().declare_sender(record, actor()).await?;
        // One that somebody failed or disabled since stays so.
        if kept.state == SenderState::Pending {
            let to = SenderState::Validated;
            self.store().decide_sender(workspace, sender, to, None, now, actor()).await?;
        }
        Ok(())
    }

    /// The demo's owner, who also runs the platform and reviews its senders, and a link for them.
    async fn owner(&self, workspace: WorkspaceId) -> Result<String, Failure> {
        let (store, now) = (self.store(), self.gateway.now());
        let there = store.credentials(OWNER.0.to_owned()).await?;
        let owner = match there {
            Some(found) => found.user,
            None => {
                let user = NewUser {
                    id: UserId::from_key(self.ids.next(now)),
                    email: OWNER.0.to_owned(),
                    name: OWNER.1.to_owned(),
                    language: None,
                    platform: Some(PlatformRole::Operator),
                };
                store.create_user(user, now, actor()).await?
            }
        };
        people::own(store, owner.id, workspace, now, actor()).await?;
        people::link(store, owner.id, LinkPurpose::SignIn, None, now, actor()).await
    }

    async fn key(&self, workspace: WorkspaceId, secret: Option<&str>) -> Result<Redacted<String>, Failure> {
        let NewKey { secret, visible, hash } = mint_key(Chance, false, secret);
        match self.here.keys.iter().find(|key| key.hash.show() == hash.show()) {
            Some(key) if key.revoked_at.is_none() && key.workspace == workspace => return Ok(secret),
            Some(_) => {
                let what = "the demo key was revoked, or belongs to another workspace";
                let cure =
                    "give another one with `--api-key`, or remove the file `dev-key` in the data folder";
                return Err(Failure::new(what).cure(cure));
            }
            None => (),
        }
        let now = self.gateway.now();
        let record = ApiKey {
            id: AccountKeyId::from_key(self.ids.next(now)),
            workspace,
            label: "dev".to_owned(),
            visible,
            hash,
            scopes: customer_scopes(),
            test: false,
            read_per_second: PER_SECOND,
            write_per_second: PER_SECOND,
            daily_quota: None,
            created_at: now,
            revoked_at: None,
        };
        self.store().create_key(record, actor()).await?;
        Ok(secret)
    }
}

fn actor() -> Actor {
    Actor::named(ACTOR)
}

/// Everything but reviewing senders, which is the platform's; also what a reseller may do, so that all of the API
/// can be tried with one key.
fn customer_scopes() -> Vec<String> {
    let scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::ComplianceReview);
    scopes.map(|scope| scope.as_str().to_owned()).collect()
}
