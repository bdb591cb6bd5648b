//! Whose a phone's message is (requirements `fr-stop-attributed`, `fr-reply-named`), by `decisions/0010-shared-codes.md`: the one workspace that has the code;
//! the one whose keyword it is; the one that wrote to the phone last through the code. A code of which
//! nobody here has heard is one that the operator chose by itself: what was written through any code counts.

use std::time::Duration;

use facteur_domain::consent::fold_advertiser;
use facteur_domain::{MessageId, Sender, ShortCode, WorkspaceId};
use facteur_rules::{Reading, keyword_form};
use facteur_store::{Keyword, Written};

use super::Reader;

/// A STOP counts for every advertiser whose marketing came through the code within this time
/// (`stop-words.toml`, if_ambiguous).
const AMBIGUOUS: Duration = Duration::from_hours(72);

/// An advertiser of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advertiser {
    pub(super) workspace: WorkspaceId,
    pub(super) name: String,
}

impl Advertiser {
    /// Whether that is its name, as names are compared.
    pub(super) fn is(&self, name: &str) -> bool {
        fold_advertiser(&self.name) == fold_advertiser(name)
    }
}

/// Whose a message may be.
pub(super) struct Whose<'a> {
    /// Workspaces that have the code, or whose mentions name it.
    candidates: Vec<WorkspaceId>,
    /// The messages that it may answer, the last first.
    written: Vec<&'a Written>,
    /// Whose it is, and the sender that it answers.
    pub(super) owner: Option<(WorkspaceId, Sender)>,
    /// The last of those messages was marketing. In doubt it was: what leaves from a 36xxx, or names one
    /// in its mention, is.
    pub(super) after_marketing: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn whose(&self) -> Whose<'a> {
        let code = self.arrived.code;
        let candidates =
            code.map_or_else(Vec::new, |code| self.directory.workspaces_of(code, self.desk.rules.stop_code));
        let only = code.and_then(|code| self.directory.dedicated(code));
        // What came to no short code came to none of ours, also where the platform has none of its own.
        let ours = !candidates.is_empty() || code.is_some_and(|code| Some(code) == self.desk.rules.stop_code);
        let through = |written: &&Written| !ours || Some(written.code) == code;
        let of_holder = |written: &&Written| only.is_none_or(|only| written.workspace == only);
        let written: Vec<&Written> = self.known.written.iter().filter(through).filter(of_holder).collect();
        let last = written.first().map(|last| (last.workspace, last.sender));
        let alone = || match candidates[..] {
            [workspace] => Some((workspace, Sender::Code(code?))),
            _ => None,
        };
        let dedicated = || Some((only?, Sender::Code(code?)));
        let after_marketing = written.first().map_or_else(
            || code.is_none_or(ShortCode::is_marketing),
            |last| last.marketing_at == Some(last.at),
        );
        Whose { owner: last.or_else(dedicated).or_else(alone), candidates, written, after_marketing }
    }

    /// The last message that the owner sent.
    pub(super) fn last_of(&self, whose: &Whose<'_>, owner: (WorkspaceId, Sender)) -> Option<MessageId> {
        let last = whose.written.iter().find(|written| (written.workspace, written.sender) == owner);
        last.map(|written| written.message)
    }

    /// The advertisers to whom STOP was said; none where nobody can tell.
    pub(super) fn stopped(&self, whose: &Whose<'_>, reading: &Reading) -> Vec<Advertiser> {
        let named = self.named(whose, reading);
        if !named.is_empty() {
            return distinct(named.into_iter().map(|(_, advertiser)| advertiser));
        }
        let recent = self.arrived.now.minus(AMBIGUOUS);
        let lately = whose.written.iter().filter(|w| w.marketing_at.is_some_and(|at| at >= recent));
        let lately = distinct(lately.map(|written| self.advertiser_of(written.workspace, &written.sender)));
        if !lately.is_empty() {
            return lately;
        }
        let last_marketing = whose.written.iter().rev().max_by_key(|written| written.marketing_at);
        match (last_marketing, whose.owner) {
            (Some(last), _) => vec![self.advertiser_of(last.workspace, &last.sender)],
            (None, Some((workspace, sender))) => vec![self.advertiser_of(workspace, &sender)],
            (None, None) => Vec::new(),
        }
    }

    /// The advertisers that START may mean: of those that the person stopped, the ones that wrote; else the
    /// owner's.
    pub(super) fn restarted(&self, whose: &Whose<'_>) -> Vec<Advertiser> {
        let wrote =
            whose.written.iter().map(|written| self.advertiser_of(written.workspace, &written.sender));
        let owner = whose.owner.map(|(workspace, sender)| self.advertiser_of(workspace, &sender));
        let stopped = |advertiser: &Advertiser| {
            self.known.stops.iter().any(|stop| {
                stop.workspace == advertiser.workspace
                    && stop.advertiser.as_deref().is_some_and(|name| advertiser.is(name))
            })
        };
        let stopped = distinct(wrote.chain(owner.clone()).filter(stopped));
        if stopped.is_empty() { owner.into_iter().collect() } else { stopped }
    }

    /// The advertisers that stand beside STOP by their name, with that name.
    pub(super) fn named(&self, whose: &Whose<'_>, reading: &Reading) -> Vec<(String, Advertiser)> {
        if reading.beside.show().is_empty() {
            return Vec::new();
        }
        let mut workspaces = whose.candidates.clone();
        workspaces.extend(whose.written.iter().map(|written| written.workspace));
        workspaces.sort_unstable();
        workspaces.dedup();
        let mut found = Vec::new();
        for workspace in workspaces {
            let own = self.directory.settings(workspace).advertiser.clone();
            if reading.names(&own) {
                found.push((own.clone(), Advertiser { workspace, name: own }));
            }
            for record in self.directory.senders(workspace) {
                let advertiser = self.advertiser_of(workspace, &record.sender);
                let sender = record.sender.to_string();
                for name in [sender, advertiser.name.clone()] {
                    if reading.names(&name) {
                        found.push((name, advertiser.clone()));
                    }
                }
            }
        }
        for keyword in &self.known.keywords {
            let sender = Sender::Code(keyword.rule.code);
            let advertiser = || self.advertiser_of(keyword.workspace, &sender);
            let words = keyword.rule.words.iter().filter(|word| reading.names(&word.shown));
            found.extend(words.map(|word| (word.shown.clone(), advertiser())));
        }
        found
    }

    /// Whose marketing a sender of a workspace sends.
    pub(super) fn advertiser_of(&self, workspace: WorkspaceId, sender: &Sender) -> Advertiser {
        let of_sender = self.directory.sender(workspace, sender).and_then(|r| r.dossier.advertiser.clone());
        let name = of_sender.unwrap_or_else(|| self.directory.settings(workspace).advertiser.clone());
        Advertiser { workspace, name }
    }

    /// The keyword that the text is: exactly, or by the longest beginning; else the owner's default answer.
    pub(super) fn keyword(&self, whose: &Whose<'_>) -> Option<&'a Keyword> {
        let text = keyword_form(self.arrived.text);
        let fits = |keyword: &&Keyword| {
            let words = keyword.rule.words.iter().map(|word| word.plain.as_str());
            words.filter(|word| is_said(word, &text, keyword.rule.prefix)).map(str::len).max()
        };
        let said = self.known.keywords.iter().filter_map(|keyword| Some((fits(&keyword)?, keyword)));
        let default = || {
            let (workspace, _) = whose.owner?;
            let of_owner =
                |keyword: &&Keyword| keyword.rule.words.is_empty() && keyword.workspace == workspace;
            self.known.keywords.iter().find(of_owner)
        };
        said.max_by_key(|(length, _)| *length).map(|(_, keyword)| keyword).or_else(default)
    }
}

/// Whether a word is the whole text, or, with `prefix`, its beginning.
fn is_said(word: &str, text: &str, prefix: bool) -> bool {
    let Some(rest) = text.strip_prefix(word) else { return false };
    !word.is_empty() && (rest.is_empty() || prefix && rest.starts_with(' '))
}

fn distinct(advertisers: impl Iterator<Item = Advertiser>) -> Vec<Advertiser> {
    let mut found: Vec<Advertiser> = Vec::new();
    for advertiser in advertisers {
        let same = |other: &Advertiser| other.workspace == advertiser.workspace && other.is(&advertiser.name);
        if !found.iter().any(same) {
            found.push(advertiser);
        }
    }
    found
}
