//! Conversations: the threads with people who wrote, read and answered. Opening a thread is reading it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::message::TEXT_MAX;
use facteur_domain::{Class, ConversationId, ItemId, Msisdn, Sender, SenderState, Timestamp};
use facteur_gateway::{
    Caller, Chance, Compliance, IdempotencyKey, Origin, Refusal, Reply, SendRequest, StoredAnswer,
};
use facteur_store::{Conversation, ConversationFilter, ConversationMark, Item, OptOutFact};
use sha2::{Digest, Sha256};

use super::form::escaped;
use super::pager::Pager;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render, send, words};
use crate::app::App;
use crate::hex::hexadecimal;
use crate::table::number::number;

/// Threads on a page.
const THREADS: usize = 30;
/// Messages of a thread on a page.
const ITEMS: usize = 50;
/// Characters of a thread's last words in the list.
const WORDS: usize = 90;
/// What an idempotency key of a reply belongs to.
const ROUTE: &str = "POST /console/conversations";

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/conversations", Permission::See, get(inbox));
    pages.member("/conversations/{id}", Permission::See, get(thread));
    pages.member("/conversations/{id}", Permission::Reply, post(reply));
    pages.member("/conversations/{id}/mark", Permission::Reply, post(mark));
}

/// Which threads are looked at.
#[derive(Clone, Default)]
struct Look {
    /// `unread`, `archived`, or empty for the inbox.
    folder: &'static str,
    sender: String,
    number: String,
}

impl Look {
    fn of(fields: &Fields) -> Self {
        let folder = ["unread", "archived"].into_iter().find(|folder| *folder == fields.get("folder"));
        Self {
            folder: folder.unwrap_or_default(),
            sender: fields.get("sender").to_owned(),
            number: fields.get("number").to_owned(),
        }
    }

    /// What stands behind `?` of an address that keeps looking so.
    fn query(&self) -> String {
        let given = [("folder", self.folder), ("sender", &self.sender), ("number", &self.number)];
        let pairs = given.iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
    }

    /// As another folder is looked at.
    fn folder(&self, folder: &'static str) -> Self {
        Self { folder, ..self.clone() }
    }

    fn filter(
        &self,
        phone: Option<Msisdn>,
        before: Option<(Timestamp, ConversationId)>,
    ) -> ConversationFilter {
        ConversationFilter {
            phone,
            sender: (!self.sender.is_empty()).then(|| self.sender.to_lowercase()),
            active_since: None,
            active_before: None,
            unread: (self.folder == "unread").then_some(true),
            archived: Some(self.folder == "archived"),
            before,
        }
    }
}

/// A thread in the list.
struct Row {
    thread: Conversation,
    /// Its last words, shortened.
    words: String,
    /// Whether they are ours.
    ours: bool,
    stopped: bool,
    here: bool,
}

/// A message of a thread.
struct Bubble {
    ours: bool,
    text: String,
    at: Timestamp,
    /// Where one of ours stands: the sentence's word, and the kind of its badge.
    state: Option<(&'static str, &'static str)>,
    /// Why it did not arrive, in the operator's words.
    error: String,
    /// What one of theirs means, where it means more than its words.
    meaning: Option<&'static str>,
    /// Parts of it never came.
    incomplete: bool,
    /// The product answered by itself.
    automatic: bool,
    /// Its story.
    story: Option<String>,
}

/// The thread that is open.
struct Thread {
    row: Conversation,
    bubbles: Vec<Bubble>,
    /// The way to what was said before.
    older: Option<String>,
    /// It ends with what was said last: it is kept up to date.
    last: bool,
    stops: Vec<OptOutFact>,
    /// Whether it may be answered as a conversation now.
    open: bool,
    composer: Composer,
}

/// The form of an answer.
struct Composer {
    text: Field,
    from: Field,
    /// Makes a double click one message.
    key: String,
    /// Why the last try was refused, each with what would cure it.
    refused: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "conversations.html")]
struct Inbox {
    page: Page,
    look: Look,
    rows: Vec<Row>,
    pager: Pager,
    number: Field,
    sender: Field,
    /// The list begins with the last active thread: it is kept up to date.
    first_page: bool,
    /// The workspace has threads at all.
    any: bool,
    thread: Option<Thread>,
}

impl Inbox {
    async fn new(
        app: &App,
        member: &Member,
        fields: &Fields,
        thread: Option<Thread>,
    ) -> Result<Self, Trouble> {
        let page = member.page("conversations-title");
        let look = Look::of(fields);
        let phone = (!look.number.is_empty()).then(|| number(&look.number));
        let wrong_number = matches!(phone, Some(Err(_)));
        let before = read_place(fields.get("before"));
        let store = app.gateway.store();
        let workspace = member.workspace();
        let mut found = Vec::new();
        if !wrong_number {
            let filter = look.filter(phone.and_then(Result::ok), before);
            found = store.conversations(workspace, filter, THREADS + 1).await?;
        }
        let more = found.len() > THREADS;
        found.truncate(THREADS);
        let any = !found.is_empty()
            || !store.conversations(workspace, ConversationFilter::default(), 1).await?.is_empty();
        let last = found.last().map(|thread| format!("{}.{}", thread.last_at.millis(), thread.id));
        let here = thread.as_ref().map(|thread| thread.row.id);
        let rows = rows(app, member, found, here).await?;
        let to = |before: &str| {
            let query = look.query();
            let before = if before.is_empty() { String::new() } else { format!("&before={before}") };
            format!("{}?{query}{before}", member.link("/conversations"))
        };
        let newer = before.is_some().then(|| to(""));
        let older = last.filter(|_| more).map(|last| to(&last));
        let shown = page.t1("conversations-shown", "count", rows.len());
        Ok(Self {
            number: Field::new(&page, "number", "conversations-number")
                .of("search")
                .optional()
                .value(&look.number)
                .error(wrong_number.then(|| page.t("conversations-number-wrong"))),
            sender: Field::new(&page, "sender", "conversations-sender")
                .choice(senders(app, member, &page))
                .value(&look.sender)
                .optional(),
            first_page: before.is_none(),
            pager: Pager::new(&page, newer, older, shown),
            page,
            look,
            rows,
            any,
            thread,
        })
    }

    /// Where a thread is, the list staying as it is looked at.
    fn to(&self, thread: &ConversationId) -> String {
        let query = self.look.query();
        let base = self.page.link(&format!("/conversations/{thread}"));
        if query.is_empty() { base } else { format!("{base}?{query}") }
    }

    fn folder(&self, folder: &'static str) -> String {
        format!("{}?{}", self.page.link("/conversations"), self.look.folder(folder).query())
    }
}

/// The place of a list that an address names: the activity and the id of a thread.
fn read_place(text: &str) -> Option<(Timestamp, ConversationId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?))
}

/// The workspace's senders, by name, behind "all".
fn senders(app: &App, member: &Member, page: &Page) -> Vec<(String, String)> {
    let mut names: Vec<String> =
        app.gateway.senders(member.workspace()).iter().map(|record| record.sender.to_string()).collect();
    names.sort_unstable();
    let all = (String::new(), page.t("conversations-sender-all"));
    std::iter::once(all).chain(names.into_iter().map(|name| (name.clone(), name))).collect()
}

async fn rows(
    app: &App,
    member: &Member,
    threads: Vec<Conversation>,
    here: Option<ConversationId>,
) -> Result<Vec<Row>, Trouble> {
    let store = app.gateway.store();
    let workspace = member.workspace();
    let last = store.items_of(workspace, threads.iter().map(|thread| thread.last_item).collect()).await?;
    let standings = store.standings(threads.iter().map(|thread| (workspace, thread.phone)).collect()).await?;
    let row = |(thread, standing): (Conversation, facteur_store::Standing)| {
        let item = last.iter().find(|item| item.id() == thread.last_item);
        let (ours, text) = match item {
            Some(Item::Sent(sent)) => (true, sent.message.text.show().to_owned()),
            Some(Item::Received(came)) => (false, came.text.clone()),
            None => (false, String::new()),
        };
        Row {
            words: shortened(&text),
            ours,
            stopped: !standing.opt_outs.is_empty(),
            here: here == Some(thread.id),
            thread,
        }
    };
    Ok(threads.into_iter().zip(standings).map(row).collect())
}

/// The first words of a text, on one line.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= WORDS {
        return line;
    }
    let cut: String = line.chars().take(WORDS).collect();
    format!("{}…", cut.trim_end())
}

impl Thread {
    async fn new(
        app: &App,
        member: &Member,
        row: Conversation,
        before: Option<ItemId>,
        tried: Option<(&Fields, Vec<(String, String)>)>,
    ) -> Result<Self, Trouble> {
        let store = app.gateway.store();
        let workspace = member.workspace();
        let mut items = store.items(workspace, row.id, before, ITEMS + 1).await?;
        let more = items.len() > ITEMS;
        items.truncate(ITEMS);
        let base = member.link(&format!("/conversations/{}", row.id));
        let older = items.last().filter(|_| more).map(|last| format!("{base}?before={}", last.id()));
        let standing = store.standings(vec![(workspace, row.phone)]).await?.pop().unwrap_or_default();
        let page = member.page("conversations-title");
        let (given, refused) = tried.map_or((None, Vec::new()), |(fields, refused)| (Some(fields), refused));
        let mut bubbles: Vec<Bubble> = items.into_iter().rev().map(|item| bubble(member, item)).collect();
        // What was said at once is answered after it, whatever their ids.
        bubbles.sort_by_key(|bubble| (bubble.at, bubble.ours));
        Ok(Self {
            bubbles,
            last: before.is_none(),
            older,
            open: row.session_until > member.guest.now,
            composer: Composer::new(app, member, &page, &row, given, refused),
            stops: standing.opt_outs,
            row,
        })
    }
}

impl Composer {
    fn new(
        app: &App,
        member: &Member,
        page: &Page,
        thread: &Conversation,
        given: Option<&Fields>,
        refused: Vec<(String, String)>,
    ) -> Self {
        // The code first: what comes from it can be answered.
        let code = thread.code.map(Sender::Code);
        let mut from: Vec<String> = code
            .iter()
            .chain([&thread.sender])
            .filter(|sender| may_send(app, member, sender))
            .map(ToString::to_string)
            .collect();
        from.dedup();
        if from.is_empty() {
            from.push(thread.sender.to_string());
        }
        let chosen = given.map_or(from[0].as_str(), |fields| fields.get("from")).to_owned();
        Self {
            from: Field::new(page, "from", "conversations-from")
                .choice(from.into_iter().map(|from| (from.clone(), from)))
                .value(chosen),
            text: Field::new(page, "text", "conversations-answer")
                .area(3)
                .maximum(TEXT_MAX)
                .value(given.map_or("", |fields| fields.raw("text"))),
            key: hexadecimal(&Chance.octets::<16>()),
            refused,
        }
    }
}

fn may_send(app: &App, member: &Member, sender: &Sender) -> bool {
    let senders = app.gateway.senders(member.workspace());
    senders.iter().any(|record| record.sender == *sender && record.state == SenderState::Validated)
}

fn bubble(member: &Member, item: Item) -> Bubble {
    match item {
        Item::Sent(sent) => Bubble {
            ours: true,
            text: sent.message.text.show().to_owned(),
            at: sent.message.accepted_at,
            state: Some((sent.state.as_str(), words::look(sent.state))),
            error: sent.error.unwrap_or_default(),
            meaning: None,
            incomplete: false,
            automatic: sent.message.auto_reply.is_some(),
            story: Some(member.link(&format!("/messages/{}", sent.message.id))),
        },
        Item::Received(came) => Bubble {
            ours: false,
            incomplete: !came.is_complete(),
            at: came.at,
            state: None,
            error: String::new(),
            meaning: (came.meaning != facteur_store::ReplyMeaning::Reply).then(|| came.meaning.as_str()),
            automatic: false,
            story: None,
            text: came.text,
        },
    }
}

async fn inbox(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    render(&Inbox::new(&app, &member, &fields, None).await?)
}

async fn find(app: &App, member: &Member, id: &str) -> Result<Conversation, Trouble> {
    let id: ConversationId = id.parse().map_err(|_| Trouble::NotFound)?;
    let found = app.gateway.store().conversation(member.workspace(), id).await?;
    found.ok_or(Trouble::NotFound)
}

async fn thread(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let mut row = find(&app, &member, &id).await?;
    let before = fields.some("before").map(|id| id.parse::<ItemId>().map_err(|_| Trouble::NotFound));
    // Whoever may not answer looks without leaving a trace; and a page that asks for itself again is not read.
    if row.unread > 0 && member.may(Permission::Reply) && !member.guest.htmx {
        let (store, now) = (app.gateway.store(), member.guest.now);
        row = store.mark_conversation(member.workspace(), row.id, ConversationMark::Read, now).await?;
    }
    let thread = Thread::new(&app, &member, row, before.transpose()?, None).await?;
    let title = thread.row.phone.to_string();
    // The place in the thread is not one in the list.
    let look = fields.without("before");
    let mut view = Inbox::new(&app, &member, &look, Some(thread)).await?;
    view.page = view.page.titled(title);
    render(&view)
}

async fn mark(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let row = find(&app, &member, &id).await?;
    let (mark, said) = match fields.get("as") {
        "unread" => (ConversationMark::Unread, "conversations-marked-unread"),
        "archive" => (ConversationMark::Archive, "conversations-archived"),
        "unarchive" => (ConversationMark::Unarchive, "conversations-unarchived"),
        _ => return Err(Trouble::Malformed),
    };
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.mark_conversation(member.workspace(), row.id, mark, now).await?;
    Ok(member.go(&member.link("/conversations"), Flash::done(said, row.phone.to_string())))
}

async fn reply(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let row = find(&app, &member, &id).await?;
    let caller = Caller::person(member.user.id.key(), member.workspace(), member.workspace_name(), false);
    let text = fields.raw("text").replace("\r\n", "\n");
    let request = SendRequest {
        origin: Origin::SenderId(fields.get("from").to_owned()),
        to: row.phone.to_string(),
        message: text.trim().to_owned(),
        class: Some(Class::Conversational),
        client_reference: None,
        send_at: None,
        validity_minutes: None,
        idempotency: idempotency(&row, &fields),
        compliance: Compliance::default(),
        resend_of: None,
        trace: None,
    };
    let answer = |message: &facteur_domain::Message| StoredAnswer {
        status: 200,
        body: message.id.to_string().into_bytes().into(),
    };
    let refusal = match app.gateway.accept(&caller, request.clone(), answer).await {
        Ok(Reply::New(_) | Reply::Replayed(_)) => {
            let to = member.link(&format!("/conversations/{}#last", row.id));
            return Ok(member.go(&to, Flash::done("conversations-sent", "")));
        }
        Err(refusal) => refusal,
    };
    let refused = reasons(&app, &member, &caller, request, refusal).await;
    let thread = Thread::new(&app, &member, row, None, Some((&fields, refused))).await?;
    let view = Inbox::new(&app, &member, &Fields::default(), Some(thread)).await?;
    mend(&view)
}

/// A form that is sent twice is one answer.
fn idempotency(thread: &Conversation, fields: &Fields) -> Option<IdempotencyKey> {
    let key = fields.some("key").filter(|key| key.len() <= 64)?;
    let mut hash = Sha256::new();
    for part in [thread.id.to_string().as_str(), fields.get("from"), fields.raw("text")] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Some(IdempotencyKey { key, route: ROUTE, fingerprint: hash.finalize().into() })
}

/// Why an answer was refused, in the viewer's language where a rule says so, with what would cure it.
async fn reasons(
    app: &App,
    member: &Member,
    caller: &Caller,
    request: SendRequest,
    refusal: Refusal,
) -> Vec<(String, String)> {
    let lang = member.lang();
    if request.message.is_empty() {
        return vec![(lang.say("conversations-empty-text", &[]), String::new())];
    }
    let judged = app.gateway.preview(caller, SendRequest { idempotency: None, ..request }, Vec::new()).await;
    let judged = judged.ok().and_then(|mut previews| previews.pop());
    let mut told: Vec<(String, String)> = Vec::new();
    if let Some(Ok(judgement)) = judged.map(|preview| preview.outcome) {
        for reason in judgement.reasons.iter().filter(|reason| reason.effect == "refuse") {
            let cure = reason.cure.as_ref().map_or(String::new(), |cure| lang.pick(cure));
            told.push((lang.pick(&reason.message), cure));
        }
    }
    if told.is_empty() {
        told.push((send::problem(&member.page("conversations-title"), &refusal), String::new()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_one_short_line() {
        assert_eq!(shortened(" Bonjour\n\n  à vous "), "Bonjour à vous");
        let long = shortened(&"é".repeat(200));
        assert_eq!(long.chars().count(), WORDS + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_place_in_the_list_reads_back() {
        let id = ConversationId::from_key(77 << 4);
        let at = Timestamp::from_millis(1_795_000_000_000);
        assert_eq!(read_place(&format!("{}.{id}", at.millis())), Some((at, id)));
        for wrong in ["", "1", "x.y", "1.msg_1", "-.cnv_"] {
            assert_eq!(read_place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_look_stays_in_its_addresses() {
        let fields = Fields::from([("folder", "unread"), ("sender", "36180"), ("number", "06 12&x=1")]);
        assert_eq!(Look::of(&fields).query(), "folder=unread&sender=36180&number=06%2012%26x%3D1");
        let wrong = Fields::from([("folder", "<script>")]);
        assert_eq!(Look::of(&wrong).query(), "");
    }
}
