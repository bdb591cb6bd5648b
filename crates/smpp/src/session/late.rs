//! Requests whose time was over: their answers may still come.

use std::collections::{HashMap, VecDeque};

/// How many windows of them are remembered; the oldest go first.
const WINDOWS: usize = 4;

/// The tokens of messages given up for their answers' sake, by sequence_number, until the session ends
/// (requirement smpp-sequence-match).
#[derive(Debug)]
pub(super) struct Late {
    tokens: HashMap<u32, u64>,
    order: VecDeque<(u32, u64)>,
    max: usize,
}

impl Late {
    pub(super) fn new(window: usize) -> Self {
        Self { tokens: HashMap::new(), order: VecDeque::new(), max: window.saturating_mul(WINDOWS) }
    }

    /// The answer to `sequence` did not come in time.
    pub(super) fn give_up(&mut self, sequence: u32, token: u64) {
        self.tokens.insert(sequence, token);
        self.order.push_back((sequence, token));
        if self.order.len() > self.max
            && let Some((sequence, token)) = self.order.pop_front()
            && self.tokens.get(&sequence) == Some(&token)
        {
            self.tokens.remove(&sequence);
        }
    }

    /// The token that `sequence` had, once.
    pub(super) fn take(&mut self, sequence: u32) -> Option<u64> {
        self.tokens.remove(&sequence)
    }

    /// Nothing more can come.
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.order.clear();
    }
}
