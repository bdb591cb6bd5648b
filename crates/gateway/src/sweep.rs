//! What runs by the clock: scheduled messages fall due, unknown ones are decided, the directory is
//! read again, pages come back from disk, old rows go.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{MessageId, Timestamp};
use facteur_store::{Forget, StoreError, forgotten_before};
use tokio_util::sync::CancellationToken;

use crate::config::{Retention, UnknownPolicy};
use crate::shared::Shared;
use crate::two_way::bare::{BareDesk, may_be_its_own};

/// How often the directory's generation is looked at: what another process changes is in force
/// within this time.
const DIRECTORY_EVERY: Duration = Duration::from_millis(200);
/// How often due messages are looked for when none is known to be due.
const DUE_EVERY: Duration = Duration::from_millis(250);
/// Due messages released at once: fairly, not as a stampede.
const DUE_BATCH: usize = 1_000;
/// How often unknown and overdue messages are looked at.
const DOUBT_EVERY: Duration = Duration::from_secs(1);
const DOUBT_BATCH: usize = 500;
/// How often expired rows are removed.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// Between two slices of them, so that messages go by; events of webhooks go as fast as they came.
const TIDY_PAUSE: Duration = Duration::from_millis(20);
/// How often the backlog is asked what it wants from disk when it does not say so itself.
const PAGE_EVERY: Duration = Duration::from_millis(100);
/// How often the routes' throughput is looked at.
const RATE_EVERY: Duration = Duration::from_secs(1);

/// How often newly kept messages are made known by their recipients. Until then look-ups read them all.
const INDEX_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked for what is not kept any longer.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// Between two slices of it, so that messages go by.
const FORGET_PAUSE: Duration = Duration::from_millis(50);

/// How often a disk that refused is tried again.
const DISK_EVERY: Duration = Duration::from_secs(1);

/// Starts every sweep as a task of its own, so that a slow one delays no other.
pub(crate) fn start(shared: &Arc<Shared>, stop: &CancellationToken) {
    macro_rules! every {
        ($period:expr, $what:literal, $work:expr) => {{
            let (shared, stop) = (shared.clone(), stop.clone());
            shared.tracker.clone().spawn(async move {
                while !stop.is_cancelled() {
                    match $work(&shared).await {
                        Ok(()) | Err(StoreError::Closed) => {}
                        Err(why) => tracing::error!(%why, concat!($what, ": trying again")),
                    }
                    tokio::select! {
                        biased;
                        () = shared.clock.pause($period) => (),
                        () = stop.cancelled() => (),
                    }
                }
            });
        }};
    }
    every!(DIRECTORY_EVERY, "directory", Shared::refresh_if_changed);
    every!(DUE_EVERY, "due messages", release_due);
    every!(DOUBT_EVERY, "unknown messages", decide_unknown);
    every!(DOUBT_EVERY, "overdue receipts", overdue);
    every!(DOUBT_EVERY, "incomplete messages of phones", close_incomplete);
    every!(TIDY_EVERY, "expired rows", tidy);
    every!(INDEX_EVERY, "recipients", index_recipients);
    every!(FORGET_EVERY, "what is not kept any longer", forget);
    every!(RATE_EVERY, "rates", measure);
    every!(DISK_EVERY, "new messages are refused", try_disk);
    let (shared, stop) = (shared.clone(), stop.clone());
    shared.tracker.clone().spawn(read_pages(shared, stop));
}

async fn release_due(shared: &Shared) -> Result<(), StoreError> {
    loop {
        let now = shared.clock.now();
        if shared.store.next_due().await?.is_none_or(|due| due > now) {
            return Ok(());
        }
        let due = shared.store.release_due(now, DUE_BATCH).await?;
        let full = due.len() == DUE_BATCH;
        shared.backlog.put(due, now);
        if !full {
            return Ok(());
        }
    }
}

/// Decides what no receipt settled in time, by the policy of the class.
async fn decide_unknown(shared: &Shared) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let unknown = shared.store.unknown_before(now.minus(shared.sending.settle_wait), DOUBT_BATCH).await?;
    let (mut resend, mut leave): (Vec<MessageId>, Vec<MessageId>) = (Vec::new(), Vec::new());
    for message in unknown {
        let worth = message.expires_at > now && message.attempts < shared.sending.attempts_max;
        match shared.sending.classes.unknown(message.class) {
            UnknownPolicy::Resend if worth => resend.push(message.message),
            _ => leave.push(message.message),
        }
    }
    if !leave.is_empty() {
        shared.store.leave_unknown(leave, now).await?;
        shared.outcomes().told.notify_one();
    }
    if !resend.is_empty() {
        tracing::warn!(count = resend.len(), "unanswered messages are sent again as possible duplicates");
        let waiting = shared.store.resend(resend, now).await?;
        shared.backlog.put(waiting, now);
    }
    Ok(())
}

async fn overdue(shared: &Shared) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let before = now.minus(shared.sending.receipt_wait);
    let changes = shared.store.overdue_receipts(before, now, DOUBT_BATCH).await?;
    shared.outcomes().changed(&changes);
    Ok(())
}

/// Reads long messages of phones whose other parts did not come, as far as they came.
async fn close_incomplete(shared: &Shared) -> Result<(), StoreError> {
    loop {
        let now = shared.clock.now();
        let before = now.minus(shared.parts_wait);
        let mut closed = shared.store.close_incomplete(before, now, shared.desk.clone(), false).await;
        // One that cannot be read must not stand in the way of those behind it.
        if let Err(why) = &closed
            && may_be_its_own(why)
        {
            tracing::error!(%why, "an incomplete message from a phone is kept as it came");
            let desk = |acts| Arc::new(BareDesk { why: why.to_string(), acts });
            let mut raw = shared.store.close_incomplete(before, now, desk(true), true).await;
            if raw.as_ref().is_err_and(may_be_its_own) {
                raw = shared.store.close_incomplete(before, now, desk(false), true).await;
            }
            if raw.is_ok() {
                shared.metrics.inbound_raw.inc();
            }
            closed = raw;
        }
        let Some((_, changes)) = closed? else { return Ok(()) };
        shared.outcomes().changed(&changes);
    }
}

/// Reads back from disk what memory has room for, as soon as it has.
async fn read_pages(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        while let Some((carries, wanted)) = shared.backlog.wanted() {
            let found = match shared.store.waiting(wanted.ids.clone()).await {
                Ok(found) => Some(found),
                Err(StoreError::Closed) => return,
                Err(why) => {
                    tracing::error!(%why, "waiting messages cannot be read: trying again");
                    None
                }
            };
            let failed = found.is_none();
            shared.backlog.fetched((carries, wanted), found, shared.clock.now());
            if failed {
                break;
            }
        }
        tokio::select! {
            () = shared.backlog.hungry.notified() => (),
            () = shared.clock.pause(PAGE_EVERY) => (),
            () = stop.cancelled() => (),
        }
    }
}

/// Lets new messages in again once the disk takes them.
async fn try_disk(shared: &Shared) -> Result<(), StoreError> {
    match shared.store.trouble() {
        // Nothing but a start after it was mended helps; that was said when it was found.
        None | Some(StoreError::Damaged(_)) => Ok(()),
        Some(_) => shared.store.writable().await,
    }
}

async fn measure(shared: &Shared) -> Result<(), StoreError> {
    for route in &shared.routes {
        route.measure(shared.clock.instant());
    }
    Ok(())
}

async fn tidy(shared: &Shared) -> Result<(), StoreError> {
    let now: Timestamp = shared.clock.now();
    while shared.store.tidy(now, now.minus(shared.sending.orphans_kept)).await? > 0 {
        shared.clock.pause(TIDY_PAUSE).await;
        if shared.halt.is_cancelled() {
            break;
        }
    }
    Ok(())
}

async fn index_recipients(shared: &Shared) -> Result<(), StoreError> {
    while shared.store.index_recipients().await? {}
    Ok(())
}

/// Forgets what its time is over of, a slice at a time.
async fn forget(shared: &Shared) -> Result<(), StoreError> {
    let Retention { texts, replies, messages, proofs } = &shared.retention;
    let texts = texts.iter().map(|(class, period)| (Forget::Texts(*class), *period));
    let others = [
        (Forget::ReplyTexts, *replies),
        (Forget::Replies, *messages),
        (Forget::ReplyProofs, *proofs),
        (Forget::Messages, *messages),
        (Forget::Proofs, *proofs),
    ];
    for (what, period) in texts.chain(others) {
        let before = forgotten_before(shared.clock.now(), period);
        while shared.store.forget(what, before).await? {
            shared.clock.pause(FORGET_PAUSE).await;
            if shared.halt.is_cancelled() {
                return Ok(());
            }
        }
    }
    Ok(())
}
