//! Messages of both directions as one stream, newest first: what was sent and what was received are kept
//! apart, each in the order of its ids, which rise with time whichever way a message went.

use std::collections::HashMap;

use facteur_domain::{ConversationId, InboundId, ItemId, MessageId, Msisdn, Timestamp, WorkspaceId};
use facteur_gateway::Gateway;
use facteur_store::{Conversation, Item, MessageFilter, Received, ReceivedFilter, Search, StoreError};

/// Messages that one request looks at, at most.
pub(crate) const LOOKED_AT: usize = 5_000;
/// Messages read at once from each side.
const CHUNK: usize = 200;
/// Messages that are counted beyond a page, at most.
pub(crate) const COUNTED: usize = 1_000;

/// Which messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Only with these phones; none: with all.
    pub(crate) phones: Vec<Msisdn>,
    /// Only with this sender (folded).
    pub(crate) sender: Option<String>,
    /// Only from phones (true) or to them.
    pub(crate) inbound: Option<bool>,
    /// At or after.
    pub(crate) from: Option<Timestamp>,
    /// Before.
    pub(crate) to: Option<Timestamp>,
    /// Only those before this one, as they are listed.
    pub(crate) before: Option<ItemId>,
    /// Only what was not read yet (true), or everything else.
    pub(crate) unread: Option<bool>,
    /// Only what a phone said last in its thread (true), or everything else.
    pub(crate) unresponded: Option<bool>,
    /// Only with a word that begins so, for each of these (in lower case).
    pub(crate) words: Vec<String>,
}

/// What was found.
pub(crate) struct Gathered {
    /// Newest first.
    pub(crate) items: Vec<Item>,
    /// Down to which message all were looked at; `None`: to the end.
    pub(crate) down_to: Option<ItemId>,
}

/// Looks for `enough` messages, or all there are in [`LOOKED_AT`].
pub(crate) async fn gather(
    gateway: &Gateway,
    workspace: WorkspaceId,
    wanted: &Wanted,
    enough: usize,
) -> Result<Gathered, StoreError> {
    let mut sieve = Sieve { gateway, workspace, wanted, threads: HashMap::new() };
    let mut sources = Source::all(wanted);
    let (mut items, mut looked_at) = (Vec::new(), 0);
    let mut below = wanted.before.map_or(i64::MAX, ItemId::key);
    loop {
        // What is above the oldest that every unfinished source has shown is complete.
        let (mut fresh, mut horizon) = (Vec::new(), i64::MIN);
        for source in sources.iter_mut().filter(|source| !source.spent) {
            let (found, oldest) = source.read(gateway, workspace, wanted, below).await?;
            match oldest {
                Some(oldest) => horizon = horizon.max(oldest),
                None => source.spent = true,
            }
            fresh.extend(found);
        }
        fresh.sort_unstable_by_key(|item| std::cmp::Reverse(item.id().key()));
        fresh.retain(|item| item.id().key() >= horizon);
        for item in fresh {
            looked_at += 1;
            if sieve.takes(&item).await? {
                items.push(item);
            }
        }
        let down_to = (horizon != i64::MIN).then(|| ItemId::from_key(horizon));
        if down_to.is_none() || items.len() >= enough || looked_at >= LOOKED_AT {
            return Ok(Gathered { items, down_to });
        }
        // Those below the horizon are read again: a source that has shown them is not spent.
        for source in &mut sources {
            source.spent = false;
        }
        below = horizon;
    }
}

/// One side of one phone, or of all.
struct Source {
    phone: Option<Msisdn>,
    inbound: bool,
    spent: bool,
}

impl Source {
    fn all(wanted: &Wanted) -> Vec<Self> {
        let phones: Vec<Option<Msisdn>> = if wanted.phones.is_empty() {
            vec![None]
        } else {
            wanted.phones.iter().copied().map(Some).collect()
        };
        let sides = [false, true].into_iter().filter(|side| wanted.inbound.is_none_or(|only| only == *side));
        sides
            .flat_map(|inbound| phones.iter().map(move |phone| Self { phone: *phone, inbound, spent: false }))
            .collect()
    }

    /// Its messages below a key, and how far down it has looked; `None`: to the end.
    async fn read(
        &self,
        gateway: &Gateway,
        workspace: WorkspaceId,
        wanted: &Wanted,
        below: i64,
    ) -> Result<(Vec<Item>, Option<i64>), StoreError> {
        if self.inbound {
            let filter = ReceivedFilter {
                phone: self.phone,
                sender: wanted.sender.clone(),
                from: wanted.from,
                to: wanted.to,
                before: Some(InboundId::from_key(below)),
                ..ReceivedFilter::default()
            };
            let found = gateway.store().received(Some(workspace), filter, CHUNK).await?;
            let oldest = found.last().filter(|_| found.len() == CHUNK).map(|last| last.id.key());
            return Ok((found.into_iter().map(|came| Item::Received(Box::new(came))).collect(), oldest));
        }
        let filter = MessageFilter {
            recipient: self.phone,
            sender: wanted.sender.clone(),
            from: wanted.from,
            to: wanted.to,
            ..MessageFilter::default()
        };
        let search = Search { filter, below: Some(MessageId::from_key(below)), limit: CHUNK };
        let found = gateway.store().search(workspace, search).await?;
        let oldest = found.next.map(MessageId::key);
        Ok((found.rows.into_iter().map(|sent| Item::Sent(Box::new(sent))).collect(), oldest))
    }
}

/// What is asked of each message.
struct Sieve<'a> {
    gateway: &'a Gateway,
    workspace: WorkspaceId,
    wanted: &'a Wanted,
    /// Threads by id, read once.
    threads: HashMap<ConversationId, Option<Known>>,
}

/// What is known of a thread.
#[derive(Clone, Copy)]
struct Known {
    last_item: ItemId,
    /// Its first message that was not read.
    unread_from: Option<InboundId>,
}

impl Sieve<'_> {
    async fn takes(&mut self, item: &Item) -> Result<bool, StoreError> {
        if let Some(wanted) = self.wanted.unread
            && self.is_unread(item).await? != wanted
        {
            return Ok(false);
        }
        if let Some(wanted) = self.wanted.unresponded
            && self.is_unresponded(item).await? != wanted
        {
            return Ok(false);
        }
        let text = match item {
            _ if self.wanted.words.is_empty() => return Ok(true),
            Item::Sent(sent) => sent.message.text.show().to_lowercase(),
            Item::Received(received) => received.text.to_lowercase(),
        };
        Ok(has_words(&text, &self.wanted.words))
    }

    async fn is_unread(&mut self, item: &Item) -> Result<bool, StoreError> {
        let Item::Received(received) = item else { return Ok(false) };
        let from = self.thread_of(received).await?.and_then(|thread| thread.unread_from);
        Ok(from.is_some_and(|from| received.id >= from))
    }

    async fn is_unresponded(&mut self, item: &Item) -> Result<bool, StoreError> {
        let Item::Received(received) = item else { return Ok(false) };
        let thread = self.thread_of(received).await?;
        Ok(thread.is_some_and(|thread| thread.last_item == ItemId::Received(received.id)))
    }

    async fn thread_of(&mut self, received: &Received) -> Result<Option<Known>, StoreError> {
        let Some(id) = received.conversation else { return Ok(None) };
        if let Some(known) = self.threads.get(&id) {
            return Ok(*known);
        }
        let known = match self.gateway.store().conversation(self.workspace, id).await? {
            Some(thread) => Some(self.known(thread).await?),
            None => None,
        };
        self.threads.insert(id, known);
        Ok(known)
    }

    /// So many of a thread's newest messages were not read.
    async fn known(&self, thread: Conversation) -> Result<Known, StoreError> {
        let mut unread_from = None;
        if self.wanted.unread.is_some() && thread.unread > 0 {
            let of = ReceivedFilter {
                phone: Some(thread.phone),
                conversation: Some(thread.id),
                ..ReceivedFilter::default()
            };
            let newest =
                self.gateway.store().received(Some(self.workspace), of, thread.unread as usize).await?;
            unread_from = newest.last().map(|first| first.id);
        }
        Ok(Known { last_item: thread.last_item, unread_from })
    }
}

/// Whether a text (in lower case) has for each word one that begins so.
fn has_words(text: &str, words: &[String]) -> bool {
    let mut said = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let said: Vec<&str> = said.by_ref().collect();
    words.iter().all(|word| said.iter().any(|said| said.starts_with(word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_begin_one_of_the_text_s() {
        let has = |text: &str, words: &[&str]| {
            has_words(text, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert!(has("votre facture, s'il vous plaît", &["fact", "plaît"]));
        assert!(!has("votre facture", &["ture"]));
        assert!(!has("votre facture", &["facture", "remboursement"]));
        assert!(has("", &[]));
    }
}
