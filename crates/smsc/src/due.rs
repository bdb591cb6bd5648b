//! What must leave later, in the order of its time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::time::Instant;

#[derive(Debug)]
struct Entry<T> {
    at: Instant,
    /// Keeps entries of the same time in the order they came.
    order: u64,
    item: T,
}

impl<T> Entry<T> {
    const fn key(&self) -> (Instant, u64) {
        (self.at, self.order)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Items with a time each.
#[derive(Debug)]
pub(crate) struct Due<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    order: u64,
}

impl<T> Default for Due<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), order: 0 }
    }
}

impl<T> Due<T> {
    pub(crate) fn push(&mut self, at: Instant, item: T) {
        self.order += 1;
        self.heap.push(Reverse(Entry { at, order: self.order, item }));
    }

    /// The first item whose time has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry.item)
    }

    /// When the first item is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Due;

    #[test]
    fn items_leave_by_time_and_then_by_arrival() {
        let start = crate::clock::now();
        let mut due = Due::default();
        for (ms, item) in [(30, 'd'), (10, 'a'), (20, 'c'), (10, 'b')] {
            due.push(start + Duration::from_millis(ms), item);
        }
        assert_eq!(due.pop(start), None);
        let until = start + Duration::from_millis(20);
        let left: String = std::iter::from_fn(|| due.pop(until)).collect();
        assert_eq!((left.as_str(), due.len()), ("abc", 1));
        assert_eq!(due.next(), Some(start + Duration::from_millis(30)));
    }
}
