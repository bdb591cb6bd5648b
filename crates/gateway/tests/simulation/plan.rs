//! What a seed decides before anything happens.

/// Chance that follows from a seed: SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD1B5_4A32_D192_ED03) ^ 0x5EED)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `below` - 1.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// True in `of` cases of a thousand.
    pub(crate) fn permille(&mut self, of: u64) -> bool {
        self.below(1_000) < of
    }
}

/// How likely what is: in thousandths, of whatever it strikes. Every seed has its own world.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// RFC 3339.
    pub(crate) start: &'static str,
    pub(crate) lives: u64,
    pub(crate) clients: u64,
    pub(crate) window: usize,
    pub(crate) per_second: u32,
    pub(crate) marketing_is_resent: bool,
    pub(crate) dial_fails: u64,
    pub(crate) link_cut: u64,
    pub(crate) link_stalls: u64,
    pub(crate) half_open: u64,
    pub(crate) answer_lost: u64,
    pub(crate) throttled: u64,
    pub(crate) put_off: u64,
    pub(crate) refused: u64,
    pub(crate) garbage: u64,
    pub(crate) receipt_early: u64,
    pub(crate) receipt_twice: u64,
    pub(crate) receipt_other_form: u64,
    pub(crate) receipt_never: u64,
    pub(crate) undelivered: u64,
    pub(crate) commit_fails: u64,
    pub(crate) disk_slow: u64,
    pub(crate) crash_at_commit: u64,
    pub(crate) torn_log: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) orderly_end: u64,
}

/// A Tuesday morning; a Tuesday a moment before marketing closes; one before it opens; the end of a
/// Saturday, before a Sunday.
const STARTS: [&str; 4] = [
    "2026-11-24T10:00:00+01:00",
    "2026-11-24T19:59:40+01:00",
    "2026-11-24T07:59:50+01:00",
    "2026-11-28T19:59:45+01:00",
];

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x9_1A9);
        // Half of the worlds know only some of the faults, so that one does not hide another.
        let mut now_and_then = |most: u64| if random.permille(500) { random.below(most) } else { 0 };
        let faults: [u64; 20] = [
            now_and_then(300),
            now_and_then(700),
            now_and_then(500),
            now_and_then(300),
            now_and_then(150),
            now_and_then(150),
            now_and_then(100),
            now_and_then(50),
            now_and_then(20),
            now_and_then(200),
            now_and_then(300),
            now_and_then(400),
            now_and_then(100),
            now_and_then(200),
            now_and_then(100),
            now_and_then(300),
            now_and_then(60),
            now_and_then(900),
            now_and_then(500),
            now_and_then(500),
        ];
        let [
            dial_fails,
            link_cut,
            link_stalls,
            half_open,
            answer_lost,
            throttled,
            put_off,
            refused,
            garbage,
            early,
            twice,
            other,
            never,
            undelivered,
            commit,
            slow,
            crash,
            torn,
            jumps,
            orderly,
        ] = faults;
        Self {
            start: STARTS[usize::try_from(random.below(4)).expect("small")],
            lives: 2 + random.below(4),
            clients: 1 + random.below(4),
            window: 1 + usize::try_from(random.below(12)).expect("small"),
            per_second: if random.permille(300) {
                5 + u32::try_from(random.below(20)).expect("small")
            } else {
                0
            },
            marketing_is_resent: random.permille(300),
            dial_fails,
            link_cut,
            link_stalls,
            half_open,
            answer_lost,
            throttled,
            put_off,
            refused,
            garbage,
            receipt_early: early,
            receipt_twice: twice,
            receipt_other_form: other,
            receipt_never: never,
            undelivered,
            commit_fails: commit,
            disk_slow: slow,
            crash_at_commit: crash,
            torn_log: torn,
            clock_jumps: jumps,
            orderly_end: orderly,
        }
    }
}
