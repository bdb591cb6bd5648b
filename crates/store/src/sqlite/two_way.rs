//! The verbs of what phones send: keeping and understanding it, conversations, keywords.

use std::sync::Arc;

use facteur_domain::{
    ConversationId, InboundId, ItemId, KeywordId, Msisdn, Sender, ShortCode, Timestamp, WorkspaceId,
};

use super::verbs::Manner;
use super::{Pending, Store, conversations, inbound, keywords, received, threads};
use crate::{
    Actor, Change, Conversation, ConversationFilter, ConversationMark, Inbound, Item, Keyword, KeywordRule,
    Received, ReceivedFilter, Reception, Threads, Understand,
};

impl Store {
    /// Keeps what a phone sent. When it is whole, `desk` reads it, and what follows is written with it:
    /// STOPs with what they withdraw, consents, its conversation, the answer, the webhook event. All of it
    /// is durable when the verb answers.
    pub fn receive(&self, inbound: Inbound, desk: Arc<dyn Understand>) -> Pending<(Reception, Vec<Change>)> {
        self.write(Manner::guarded(), move |tx| inbound::receive(tx, &inbound, &*desk))
    }

    /// Keeps what a phone sent as it came, as nobody's: for a message whose handling fails again and again.
    /// `desk` is told nothing of what is on record; of what it wants, the STOPs are written.
    pub fn receive_raw(
        &self,
        inbound: Inbound,
        desk: Arc<dyn Understand>,
    ) -> Pending<(Reception, Vec<Change>)> {
        self.write(Manner::guarded(), move |tx| inbound::receive_raw(tx, &inbound, &*desk))
    }

    /// Closes the oldest message whose first part came before `before` and that lacks others: it is read as
    /// far as it came; `raw`, as [`receive_raw`](Self::receive_raw) reads. `None` when there is none. A part that
    /// comes later is still added.
    pub fn close_incomplete(
        &self,
        before: Timestamp,
        now: Timestamp,
        desk: Arc<dyn Understand>,
        raw: bool,
    ) -> Pending<Option<(InboundId, Vec<Change>)>> {
        self.write(Manner::guarded(), move |tx| inbound::close_incomplete(tx, before, now, &*desk, raw))
    }

    /// A workspace's messages from phones, newest first, `limit` at most; with `None` those of which nobody
    /// can tell whose they are. Messages whose parts are still waited for are not listed.
    pub fn received(
        &self,
        workspace: Option<WorkspaceId>,
        filter: ReceivedFilter,
        limit: usize,
    ) -> Pending<Vec<Received>> {
        self.read(move |conn| received::list(conn, workspace, &filter, limit))
    }

    /// How many there are, counted up to [`COUNT_MAX`](crate::COUNT_MAX).
    pub fn received_count(&self, workspace: Option<WorkspaceId>, filter: ReceivedFilter) -> Pending<u64> {
        self.read(move |conn| received::count(conn, workspace, &filter))
    }

    /// A message of a workspace, whichever way it went.
    pub fn item(&self, workspace: WorkspaceId, id: ItemId) -> Pending<Option<Item>> {
        self.read(move |conn| {
            let tx = conn.transaction()?;
            conversations::item(&tx, workspace, id)
        })
    }

    /// Messages of a workspace, whichever way they went, in the order asked for; those that are not there
    /// are left out.
    pub fn items_of(&self, workspace: WorkspaceId, ids: Vec<ItemId>) -> Pending<Vec<Item>> {
        self.read(move |conn| {
            let tx = conn.transaction()?;
            let found = ids.into_iter().map(|id| conversations::item(&tx, workspace, id));
            Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
    }

    /// A workspace's conversations, the last active first, `limit` at most.
    pub fn conversations(
        &self,
        workspace: WorkspaceId,
        filter: ConversationFilter,
        limit: usize,
    ) -> Pending<Vec<Conversation>> {
        self.read(move |conn| conversations::list(conn, workspace, &filter, limit))
    }

    /// The same with the threads that only we wrote, `limit` of them behind the first `skip`. One call looks at
    /// a bounded number of messages, and says how far back it came.
    pub fn threads(
        &self,
        workspace: WorkspaceId,
        filter: ConversationFilter,
        (skip, limit): (usize, usize),
    ) -> Pending<Threads> {
        self.read(move |conn| threads::list(conn, workspace, &filter, (skip, limit), threads::LOOKED_AT))
    }

    /// Marks a thread that only we wrote: it becomes a conversation where there is something to keep of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when nothing was sent from that sender.
    pub fn mark_one_way(
        &self,
        workspace: WorkspaceId,
        (phone, sender): (Msisdn, Sender),
        mark: ConversationMark,
        at: Timestamp,
    ) -> Pending<Option<Conversation>> {
        self.write(Manner::guarded(), move |tx| threads::mark(tx, workspace, (phone, &sender), mark, at))
    }

    /// How many there are, counted up to [`COUNT_MAX`](crate::COUNT_MAX).
    pub fn conversation_count(&self, workspace: WorkspaceId, filter: ConversationFilter) -> Pending<u64> {
        self.read(move |conn| conversations::count(conn, workspace, &filter))
    }

    /// A workspace's conversation.
    pub fn conversation(&self, workspace: WorkspaceId, id: ConversationId) -> Pending<Option<Conversation>> {
        self.read(move |conn| Ok(conversations::find(conn, workspace, id)?))
    }

    /// The conversation that a message belongs to.
    pub fn conversation_of(&self, workspace: WorkspaceId, id: ItemId) -> Pending<Option<Conversation>> {
        self.read(move |conn| Ok(conversations::of_item(conn, workspace, id)?))
    }

    /// The messages of a conversation, newest first, those before `before`, `limit` at most.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the workspace has no such conversation.
    pub fn items(
        &self,
        workspace: WorkspaceId,
        id: ConversationId,
        before: Option<ItemId>,
        limit: usize,
    ) -> Pending<Vec<Item>> {
        self.read(move |conn| conversations::items(conn, workspace, id, before, limit))
    }

    /// Marks a conversation as read or unread, puts it away or brings it back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the workspace has no such conversation.
    pub fn mark_conversation(
        &self,
        workspace: WorkspaceId,
        id: ConversationId,
        mark: ConversationMark,
        at: Timestamp,
    ) -> Pending<Conversation> {
        self.write(Manner::guarded(), move |tx| conversations::mark(tx, workspace, id, mark, at))
    }

    /// A workspace's keywords, in order of creation: all of them, or those on a code.
    pub fn keywords(&self, workspace: WorkspaceId, code: Option<ShortCode>) -> Pending<Vec<Keyword>> {
        self.read(move |conn| keywords::list(conn, workspace, code))
    }

    /// A workspace's keyword.
    pub fn keyword(&self, workspace: WorkspaceId, id: KeywordId) -> Pending<Option<Keyword>> {
        self.read(move |conn| Ok(keywords::find(conn, workspace, id)?))
    }

    /// Makes a keyword; the gateway has checked it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when a word is a keyword on that code already,
    /// also of another workspace, or the code has too many.
    pub fn create_keyword(
        &self,
        workspace: WorkspaceId,
        rule: KeywordRule,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Keyword> {
        self.write(Manner::guarded(), move |tx| keywords::create(tx, workspace, rule, at, actor))
    }

    /// Writes a keyword anew.
    ///
    /// # Errors
    /// As [`create_keyword`](Self::create_keyword), and
    /// [`StoreError::NotFound`](crate::StoreError::NotFound).
    pub fn change_keyword(
        &self,
        workspace: WorkspaceId,
        id: KeywordId,
        rule: KeywordRule,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Keyword> {
        self.write(Manner::guarded(), move |tx| keywords::change(tx, workspace, id, rule, at, actor))
    }

    /// Takes a keyword away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the workspace has no such keyword.
    pub fn delete_keyword(
        &self,
        workspace: WorkspaceId,
        id: KeywordId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| keywords::delete(tx, workspace, id, at, actor))
    }
}
