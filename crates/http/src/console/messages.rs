//! Messages: looked for by number, sender, state, class, reference and date, page by page, however many are
//! kept; and taken away as CSV.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use facteur_domain::{Class, MessageId, Msisdn, State as Stage, Timestamp, WorkspaceId};
use facteur_store::{MessageFilter, Search, Store, StoredMessage};
use jiff::ToSpan as _;

use super::exports::{self, ExportLink};
use super::form::escaped;
use super::pager::Pager;
use super::{Field, Fields, Member, Page, Pages, Permission, Trouble, render, send, words};
use crate::api::export::{Piece, streamed};
use crate::app::App;
use crate::table::Lines;

/// Messages on a page.
const SIZE: usize = 50;
/// Messages of an export that are read at once.
const PIECE: usize = 500;
/// The filters, by the name of their field.
const FILTERS: [&str; 7] = ["to", "sender_id", "status", "class", "client_reference", "from", "until"];

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/messages", Permission::See, get(list));
    pages.member("/messages/export", Permission::Export, get(export));
}

#[derive(Template)]
#[template(path = "messages.html")]
struct List {
    page: Page,
    fields: Vec<Field>,
    /// Filters that are folded away, unless one of them is set.
    more: Vec<Field>,
    more_open: bool,
    rows: Vec<StoredMessage>,
    pager: Pager,
    /// What is wrong with a filter, in words.
    wrong: String,
    /// How far back it was looked, when a page is not full for that.
    back_to: Option<Timestamp>,
    older: String,
    filtered: bool,
    /// Where the newest page asks for itself again; empty on others.
    here: String,
    events: String,
    export: ExportLink,
    exports: bool,
    may_send: bool,
}

impl List {
    fn look(&self, row: &StoredMessage) -> &'static str {
        words::look(row.state)
    }

    fn state(&self, row: &StoredMessage) -> String {
        words::state(&self.page, row.state)
    }

    fn class(&self, row: &StoredMessage) -> String {
        words::class(&self.page, row.message.class)
    }

    fn to(&self, row: &StoredMessage) -> String {
        self.page.link(&format!("/messages/{}", row.message.id))
    }

    fn who(&self, row: &StoredMessage) -> String {
        if row.message.recipient == facteur_store::erased_number() {
            return self.page.t("messages-erased");
        }
        self.page.phone(&row.message.recipient)
    }
}

async fn list(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let page = member.page("messages-title");
    let (filter, wrong) = match filter(&page, &fields) {
        Ok(filter) => (filter, String::new()),
        Err(key) => (MessageFilter::default(), page.t(key)),
    };
    let below: Option<MessageId> = fields.get("below").parse().ok();
    let found = if wrong.is_empty() {
        let search = Search { filter, below, limit: SIZE };
        app.gateway.store().search(member.workspace(), search).await?
    } else {
        facteur_store::Found::default()
    };
    let query = query(&fields);
    let base = member.link("/messages");
    let older = found.next.map(|id| format!("{base}?{query}below={id}"));
    let newest = below.map(|_| format!("{base}?{query}"));
    let shown = page.t1("messages-shown", "count", found.rows.len());
    let filtered = !query.is_empty();
    render(&List {
        fields: filters(&page, &app, &member, &fields),
        more: more_filters(&page, &fields),
        more_open: ["class", "client_reference"].iter().any(|name| fields.some(name).is_some()),
        pager: Pager::new(&page, newest, older.clone(), shown),
        older: older.unwrap_or_default(),
        rows: found.rows,
        back_to: found.back_to,
        wrong,
        filtered,
        here: if below.is_none() { format!("{base}?{query}") } else { String::new() },
        events: member.link("/events"),
        export: ExportLink::new(page.t("messages-export"), &format!("{base}/export?{query}")),
        exports: member.may(Permission::Export),
        may_send: member.may(Permission::Send),
        page,
    })
}

/// The filters as they stand in an address, each with `&` behind it.
fn query(fields: &Fields) -> String {
    let given = FILTERS.iter().filter_map(|name| fields.some(name).map(|value| (name, value)));
    given.map(|(name, value)| format!("{name}={}&", escaped(&value))).collect()
}

/// What to look for, or the key of the sentence that says what is wrong.
fn filter(page: &Page, fields: &Fields) -> Result<MessageFilter, &'static str> {
    let recipient = match fields.get("to") {
        "" => None,
        text => Some(Msisdn::parse(&send::number(text)).map_err(|_| "messages-wrong-number")?),
    };
    let named = |name: &str, known: bool| {
        (fields.get(name).is_empty() || known).then_some(()).ok_or("messages-wrong-filter")
    };
    let (state, class) = (Stage::from_name(fields.get("status")), Class::from_name(fields.get("class")));
    named("status", state.is_some())?;
    named("class", class.is_some())?;
    Ok(MessageFilter {
        recipient,
        sender: fields.some("sender_id").map(|sender| sender.to_ascii_lowercase()),
        state,
        class,
        client_reference: fields.some("client_reference"),
        from: day(page, fields.get("from"), 0)?,
        to: day(page, fields.get("until"), 1)?,
    })
}

/// The first instant of a day, or of the day after.
pub(super) fn day(page: &Page, text: &str, later: i32) -> Result<Option<Timestamp>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = "messages-wrong-date";
    let day: jiff::civil::Date = text.parse().map_err(|_| wrong)?;
    let start = day.saturating_add(later.days()).to_zoned(page.zone().clone()).map_err(|_| wrong)?;
    Ok(Some(Timestamp::from_jiff(start.timestamp())))
}

fn filters(page: &Page, app: &App, member: &Member, fields: &Fields) -> Vec<Field> {
    let any = (String::new(), page.t("messages-any"));
    let choice = |options: Vec<(String, String)>| std::iter::once(any.clone()).chain(options);
    let field = |name, label| filter_field(page, fields, name, label);
    let records = app.gateway.senders(member.workspace());
    let senders = records.iter().map(|record| (record.sender.to_string(), record.sender.to_string()));
    let states = Stage::ALL.map(|state| (state.as_str().to_owned(), words::state(page, state)));
    vec![
        field("to", "messages-to").of("tel"),
        field("sender_id", "messages-sender").choice(choice(senders.collect())),
        field("status", "messages-status").choice(choice(states.to_vec())),
        field("from", "messages-from").of("date"),
        field("until", "messages-until").of("date"),
    ]
}

/// Those that are asked for less often.
fn more_filters(page: &Page, fields: &Fields) -> Vec<Field> {
    let any = std::iter::once((String::new(), page.t("messages-any")));
    let classes = Class::ALL.map(|class| (class.as_str().to_owned(), words::class(page, class)));
    vec![
        filter_field(page, fields, "class", "messages-class").choice(any.chain(classes)),
        filter_field(page, fields, "client_reference", "messages-reference"),
    ]
}

fn filter_field(page: &Page, fields: &Fields, name: &'static str, label: &str) -> Field {
    Field::new(page, name, label).value(fields.get(name)).filter()
}

async fn export(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let page = member.page("messages-title");
    let filter = filter(&page, &fields).map_err(|_| Trouble::Malformed)?;
    let (store, workspace) = (app.gateway.store().clone(), member.workspace());
    let body =
        streamed(Place::Head, move |place| Box::pin(piece(store.clone(), workspace, filter.clone(), place)));
    Ok(exports::answer(&app, &member, &fields, "messages", body))
}

/// How far an export has come.
enum Place {
    Head,
    Below(Option<MessageId>),
    End,
}

async fn piece(store: Store, workspace: WorkspaceId, filter: MessageFilter, place: Place) -> Piece<Place> {
    let below = match place {
        Place::Head => {
            let mut lines = Lines::file();
            lines.push(&[
                "id",
                "accepted_at",
                "sender_id",
                "to_number",
                "class",
                "status",
                "status_at",
                "parts",
                "encoding",
                "content",
                "client_reference",
                "send_at",
                "submitted_at",
                "route",
                "error",
                "test",
            ]);
            return Ok(Some((lines.take(), Place::Below(None))));
        }
        Place::Below(below) => below,
        Place::End => return Ok(None),
    };
    let found = store.search(workspace, Search { filter, below, limit: PIECE }).await?;
    let next = found.next.map_or(Place::End, |next| Place::Below(Some(next)));
    Ok(Some((csv(&found.rows), next)))
}

fn csv(rows: &[StoredMessage]) -> Bytes {
    let mut lines = Lines::default();
    for row in rows {
        let message = &row.message;
        lines.push(&[
            &message.id.to_string(),
            &message.accepted_at.to_string(),
            &message.sender.to_string(),
            &message.recipient.to_string(),
            message.class.as_str(),
            row.state.as_str(),
            &row.state_at.to_string(),
            &message.parts.to_string(),
            message.encoding.as_str(),
            message.text.show(),
            message.client_reference.as_ref().map_or("", |reference| reference.show()),
            &message.send_at.to_string(),
            &row.submitted_at.map(|at| at.to_string()).unwrap_or_default(),
            row.route.as_deref().unwrap_or_default(),
            row.error.as_deref().unwrap_or_default(),
            if message.test { "true" } else { "false" },
        ]);
    }
    lines.take()
}
