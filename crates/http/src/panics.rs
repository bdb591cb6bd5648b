//! Panics: one request's is that request's 500, and the log is told where it was. Never its words: they may
//! quote a number or a text, which the log must not hold.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::task::Poll;

thread_local! {
    /// Where this thread panicked last.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// From now on a panic of this process tells the log its place alone, in whatever room it is. Without this, the
/// standard library writes its words to standard error.
pub fn watch() {
    std::panic::set_hook(Box::new(|info| {
        let place = place(info);
        tracing::error!(%place, "a panic, at this place of the source");
        PLACE.set(Some(place));
    }));
}

fn place(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string)
}

/// The future's output, or where it panicked. What requests share is behind locks that bear it or in the
/// gateway's own tasks.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(_) => Poll::Ready(Err(PLACE.take().unwrap_or_else(|| "a place that was not watched".into()))),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_caught_with_its_place_and_without_its_words() {
        let broken = async {
            if true {
                panic!("no {}", "+33612345678")
            }
        };
        // Other tests of this process may panic too: on their own threads.
        watch();
        let place = caught(broken).await.expect_err("a panic");
        assert!(place.contains("panics.rs:") && !place.contains("+336"), "{place}");
        assert_eq!(caught(async { 7 }).await, Ok(7));
    }
}
