//! `POST /v2/api/conversations/items/search`.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use facteur_domain::{ItemId, Msisdn, Timestamp};
use facteur_gateway::{Caller, Gateway};
use facteur_store::{Item, Page};
use serde::Serialize;
use utoipa::ToSchema;

use super::gather::{COUNTED, LOOKED_AT, Wanted, gather};
use super::sender;
use super::view::{ItemView, dashed, views};
use crate::api::page::{self, Pagination};
use crate::api::{Key, ok, time};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// The longest word or list of words that is read, in characters.
const TEXT_MAX: usize = 200;
const DAY_MILLIS: i64 = 86_400_000;

/// What to look for. All of it must match.
#[derive(ToSchema)]
#[schema(example = json!({"contact_number": "+33612345678", "type": "SMS", "date": {"from": "2026-11-01", "to": "2026-11-30"}}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct SearchBody {
    /// With this sender: a short code, or a Sender ID.
    allo_number: Option<String>,
    /// With this phone.
    contact_number: Option<String>,
    /// Nobody in particular writes messages: with a user, nothing is found.
    user_id: Option<String>,
    /// `INBOUND` or `OUTBOUND`.
    direction: Option<String>,
    /// `SMS` (or `TEXT_MESSAGE`), `ALL`, or `CALL`, of which there are none.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only calls have one.
    result: Option<String>,
    /// Only calls have any.
    tags: Option<Vec<String>>,
    /// What was not read yet, or everything else.
    unread: Option<bool>,
    /// What a phone said last in its thread, or everything else.
    unresponded: Option<bool>,
    /// Words; a message must have one that begins so for each.
    search: Option<String>,
    /// `DATE_DESC` (the default; `RECENT`, `DATE` and `RELEVANCE` mean it too) or `DATE_ASC` (`OLDEST`).
    sort: Option<String>,
    /// Days of UTC, both included; instants in RFC 3339 are understood.
    date: Option<DateRange>,
    /// `transcript` is accepted, and adds nothing to messages.
    extend: Option<String>,
    /// Which page, from 1.
    page: Option<u32>,
    /// Rows on a page, 20 unless told, at most 100.
    size: Option<u32>,
    /// Only what stands behind this message in the list (ours): the `next` of the answer before.
    before: Option<String>,
}

/// From a day to a day.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request")]
pub(crate) struct DateRange {
    /// The first.
    #[schema(example = "2026-11-01")]
    from: String,
    /// The last.
    #[schema(example = "2026-11-30")]
    to: String,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemPage {
    data: Vec<ItemView>,
    pagination: Pagination,
    /// With it as `before`, the next request goes on (ours). Null when nothing follows.
    #[schema(required = true, example = "msg-38G2XW3KJ0000")]
    next: Option<String>,
}

/// A request, read.
#[derive(Debug)]
struct Asked {
    wanted: Wanted,
    /// Nothing can match: it asks for calls, or for somebody's messages.
    nothing: bool,
    oldest_first: bool,
    page: Page,
}

/// Search messages
///
/// Of both directions, newest first. A request looks at 5,000 messages that its numbers and dates leave; where there
/// are more, `next` says where to go on, also when fewer were found than a page has. `total_count` is exact up to
/// 1,000 where `next` is null or another page follows; beyond, it says how many there are at least. Oldest first, all must be
/// within 5,000.
#[utoipa::path(
    post,
    path = "/v2/api/conversations/items/search",
    operation_id = "searchConversationItems",
    tag = "Conversations",
    request_body = SearchBody,
    responses(
        (status = 200, description = "A page of messages", body = ItemPage),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "`allo_number` is no sender of the account", body = ErrorBody),
    )
)]
pub(crate) async fn search(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let body = if body.trim_ascii().is_empty() { b"{}"[..].into() } else { body };
    let asked = read(Entry::read(&body)?, &app.gateway, &caller)?;
    let found = find(&app.gateway, &caller, &asked).await?;
    let data = views(&app.gateway, caller.workspace(), found.items).await?;
    let next = found.next.as_ref().map(dashed);
    ok(&ItemPage { data, pagination: Pagination::new(asked.page, found.total), next })
}

/// The page that was asked for.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    /// How much was found.
    total: u64,
    /// Where the next request goes on.
    next: Option<ItemId>,
}

async fn find(gateway: &Gateway, caller: &Caller, asked: &Asked) -> Result<Found, ApiError> {
    if asked.nothing {
        return Ok(Found::default());
    }
    let (page, size) = (asked.page.page as usize, asked.page.size as usize);
    // One more than the page, so that it is known whether another follows.
    let enough = if asked.oldest_first { usize::MAX } else { (page * size + 1).max(COUNTED) };
    if !asked.oldest_first && enough > LOOKED_AT {
        return Err(ApiError::new(
            &codes::INVALID_PAGE_SIZE,
            format!("Only {LOOKED_AT} messages can be paged through by number."),
        )
        .at("page")
        .suggest("Go on with `before`, the `next` of the answer before, or narrow the search with `date`."));
    }
    let found = gather(gateway, caller.workspace(), &asked.wanted, enough).await?;
    let mut items = found.items;
    if asked.oldest_first {
        if found.down_to.is_some() {
            return Err(ApiError::new(
                &codes::DATE_RANGE_TOO_WIDE,
                format!(
                    "More than {LOOKED_AT} messages are in the range, too many to begin with the oldest."
                ),
            )
            .at("date")
            .suggest("Narrow the search with `date`, or sort by DATE_DESC."));
        }
        items.reverse();
    }
    let total = items.len() as u64;
    let more = items.len() > page * size;
    let items: Vec<Item> = items.into_iter().skip((page - 1) * size).take(size).collect();
    let next = match items.last() {
        _ if asked.oldest_first => None,
        Some(last) if more => Some(last.id()),
        _ => found.down_to,
    };
    Ok(Found { items, total, next })
}

fn read(mut entry: Entry, gateway: &Gateway, caller: &Caller) -> Result<Asked, ApiError> {
    let mut faults = Faults::default();
    let named = entry.bounded("allo_number", TEXT_MAX, &mut faults);
    let phone = entry.has("contact_number").then(|| entry.msisdn("contact_number", &mut faults)).flatten();
    let inbound = entry.word("direction", direction, &["INBOUND", "OUTBOUND"], &mut faults);
    let kinds = ["SMS", "ALL", "CALL"];
    let messages = entry.word("type", kind, &kinds, &mut faults).unwrap_or(true);
    let of_calls = ["user_id", "result", "tags"].into_iter().filter(|field| entry.has(field)).count() > 0;
    let (unread, unresponded) =
        (entry.boolean("unread", &mut faults), entry.boolean("unresponded", &mut faults));
    let words = entry.bounded("search", TEXT_MAX, &mut faults).unwrap_or_default();
    let sorts = ["DATE_DESC", "DATE_ASC", "RELEVANCE"];
    let oldest_first = entry.word("sort", sort, &sorts, &mut faults).unwrap_or(false);
    let (from, to) = dates(&mut entry, &mut faults);
    let before = entry.bounded("before", TEXT_MAX, &mut faults).map(|id| id.trim().parse::<ItemId>());
    if let Some(Err(_)) = before {
        faults.note(
            "before",
            "`before` must be a message's id, as in msg-38G2XW3KJ0000: the `next` of an answer",
        );
    }
    let page = Page {
        page: entry.whole("page", 1, page::PAGE_MAX, &mut faults).unwrap_or(1),
        size: entry.whole("size", 1, page::SIZE_MAX, &mut faults).unwrap_or(page::SIZE_DEFAULT),
    };
    faults.into_result()?;
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        let message = "`date.from` must not be after `date.to`.";
        return Err(ApiError::new(&codes::INVALID_DATE_RANGE, message).at("date"));
    }
    let sender = named.map(|named| sender(gateway, caller, &named)).transpose()?;
    let words = words.to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let wanted = Wanted {
        phones: phone.into_iter().collect::<Vec<Msisdn>>(),
        sender: sender.map(|sender| sender.folded()),
        inbound,
        from,
        to,
        before: before.and_then(Result::ok),
        unread,
        unresponded,
        words: words.map(str::to_owned).collect(),
    };
    Ok(Asked { wanted, nothing: !messages || of_calls, oldest_first, page })
}

/// Whether it is from the phone.
fn direction(word: &str) -> Option<bool> {
    match word.trim().to_ascii_uppercase().as_str() {
        "INBOUND" => Some(true),
        "OUTBOUND" => Some(false),
        _ => None,
    }
}

/// Whether messages are among what is asked for; the words of Allo's several versions.
fn kind(word: &str) -> Option<bool> {
    match word.trim().to_ascii_uppercase().as_str() {
        "SMS" | "ALL" | "TEXT_MESSAGE" | "MESSAGE" => Some(true),
        "CALL" => Some(false),
        _ => None,
    }
}

/// Whether the oldest comes first; the words of Allo's several versions.
fn sort(word: &str) -> Option<bool> {
    match word.trim().to_ascii_uppercase().as_str() {
        "DATE_DESC" | "RECENT" | "DATE" | "RELEVANCE" => Some(false),
        "DATE_ASC" | "OLDEST" => Some(true),
        _ => None,
    }
}

/// From when to before when. Some clients write the range without its object.
fn dates(entry: &mut Entry, faults: &mut Faults) -> (Option<Timestamp>, Option<Timestamp>) {
    let (from, to) = (day(entry, "date_from", faults), day(entry, "date_to", faults));
    let Some(mut range) = entry.object("date", faults) else {
        return (from.map(|(begin, _)| begin), to.map(|(_, end)| end));
    };
    (
        day(&mut range, "from", faults).map(|(begin, _)| begin),
        day(&mut range, "to", faults).map(|(_, end)| end),
    )
}

/// When what is written begins, and when it is over.
fn day(entry: &mut Entry, field: &'static str, faults: &mut Faults) -> Option<(Timestamp, Timestamp)> {
    let text = entry.text(field, faults)?;
    let text = text.trim();
    if let Some(at) = time::read(text) {
        return Some((at, at));
    }
    let begin = time::read(&format!("{text}T00:00:00Z"));
    if begin.is_none() {
        let name = entry.name(field);
        faults.note(name.clone(), format!("`{name}` must be a day, as in 2026-11-22, or an instant"));
    }
    let begin = begin?;
    Some((begin, Timestamp::from_millis(begin.millis() + DAY_MILLIS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_every_version_are_understood() {
        assert_eq!(
            ["SMS", "text_message", "ALL", "CALL", "FAX"].map(kind),
            [Some(true), Some(true), Some(true), Some(false), None]
        );
        assert_eq!(
            ["RECENT", "OLDEST", "RELEVANCE", "up"].map(sort),
            [Some(false), Some(true), Some(false), None]
        );
        assert_eq!(["inbound", "OUTBOUND", ""].map(direction), [Some(true), Some(false), None]);
    }

    #[test]
    fn dates_are_days_of_which_the_last_counts() {
        let read = |body: &str| {
            let mut faults = Faults::default();
            let range = dates(&mut Entry::read(body.as_bytes()).expect("an object"), &mut faults);
            (range.0.map(Timestamp::millis), range.1.map(Timestamp::millis), faults.count())
        };
        let (begin, end) = (Some(1_705_276_800_000), Some(1_705_449_600_000));
        assert_eq!(read(r#"{"date":{"from":"2024-01-15","to":"2024-01-16"}}"#), (begin, end, 0));
        assert_eq!(read(r#"{"date_from":"2024-01-15","date_to":"2024-01-16"}"#), (begin, end, 0));
        assert_eq!(read(r#"{"date":{"from":"2024-01-15T10:30:00Z"}}"#), (Some(1_705_314_600_000), None, 0));
        assert_eq!(read(r#"{"date":{"from":"15/01/2024","to":"x"}}"#), (None, None, 2));
    }
}
