//! The queue on a virtual clock.

use std::collections::HashMap;

use facteur_domain::text::Encoding;
use facteur_domain::{AccountKeyId, MessageText, Msisdn, Sender};
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn waiting(id: i64, class: Class, workspace: i64, parts: u8) -> Waiting {
    let at = Timestamp::from_millis(0);
    Waiting {
        message: Message {
            id: MessageId::from_key(id << 4),
            workspace: WorkspaceId::from_key(workspace),
            api_key: AccountKeyId::from_key(1),
            sender: "MyCompany".parse().expect("valid"),
            // A phone of its own, so that nothing waits for an answer.
            recipient: Msisdn::from_digits(33_600_000_000 + id.unsigned_abs() % 100_000_000).expect("valid"),
            class,
            text: MessageText::try_from("x".to_owned()).expect("valid"),
            encoding: Encoding::Gsm7,
            parts,
            accepted_at: at,
            send_at: at,
            expires_at: at,
            client_reference: None,
            test: false,
            auto_reply: None,
        },
        attempts: 0,
        possible_duplicate: false,
        not_before: at,
        parts_owed: (1 << parts) - 1,
    }
}

fn to(mut waiting: Waiting, recipient: u64, sender: &str) -> Waiting {
    waiting.message.recipient = Msisdn::from_digits(recipient).expect("valid");
    waiting.message.sender = sender.parse().expect("valid");
    waiting
}

const NOW: Timestamp = Timestamp::from_millis(1_000);

/// A queue, and time that passes for it.
struct Desk {
    queue: Queue,
    start: Instant,
    elapsed: Duration,
    terms: HashMap<i64, Terms>,
}

fn shares(class: Class) -> u16 {
    crate::config::ClassPolicies::default().share(class)
}

impl Desk {
    #[expect(clippy::disallowed_methods, reason = "an arbitrary start for a virtual clock")]
    fn new() -> Self {
        let queue = Queue::new(&shares, 1_000_000);
        Self { queue, start: Instant::now(), elapsed: Duration::ZERO, terms: HashMap::new() }
    }

    fn moment(&self) -> Moment {
        Moment { now: NOW.plus(self.elapsed), at: self.start + self.elapsed }
    }

    fn push(&mut self, waiting: Waiting) {
        let now = self.moment().now;
        self.queue.push(waiting, now);
    }

    fn take(&mut self, parts: usize) -> Vec<Waiting> {
        let moment = self.moment();
        let terms = |id: WorkspaceId| self.terms.get(&id.key()).copied().unwrap_or_default();
        let taken = self.queue.take(Room::of(parts), moment, &terms);
        for waiting in &taken {
            for _ in 0..waiting.parts_owed.count_ones() {
                let _ = self.queue.meters().write(&waiting.message, moment.at, || true);
            }
        }
        taken
    }

    fn settle(&mut self, taken: &[Waiting]) {
        let at = self.moment().at;
        self.queue.settled(taken.iter().map(|w| &w.message), at);
    }
}

fn ids(taken: &[Waiting]) -> Vec<i64> {
    taken.iter().map(|w| w.message.id.key() >> 4).collect()
}

fn of_class(taken: &[Waiting], class: Class) -> usize {
    taken.iter().filter(|w| w.message.class == class).count()
}

#[test]
fn an_otp_is_next_whatever_waits() {
    let mut desk = Desk::new();
    for (place, class) in ORDER[1..].iter().enumerate() {
        for id in 0..20_000 {
            desk.push(waiting(i64::try_from(place).expect("small") * 100_000 + id, *class, 1, 1));
        }
    }
    for round in 0..200 {
        // Three of four messages are others: OTPs are within their share.
        desk.take(3);
        desk.push(waiting(1_000_000 + i64::from(round), Class::Otp, 2, 1));
        assert_eq!(of_class(&desk.take(1), Class::Otp), 1, "round {round}");
    }
}

#[test]
fn classes_share_by_weight_and_none_is_starved() {
    let mut desk = Desk::new();
    for (place, class) in ORDER.iter().enumerate() {
        for id in 0..5_000 {
            let parts = if *class == Class::Marketing { 3 } else { 1 };
            desk.push(waiting(i64::try_from(place).expect("small") * 10_000 + id, *class, 1, parts));
        }
    }
    let taken = desk.take(3_300);
    let parts = |class| -> usize {
        let of = taken.iter().filter(|w| w.message.class == class);
        of.map(|w| usize::from(w.message.parts)).sum()
    };
    for (class, expected) in ORDER.into_iter().zip([1_600, 800, 400, 400, 100]) {
        let got = parts(class);
        assert!(got.abs_diff(expected) <= 5, "{class}: {got} parts, {expected} are its share of 3,300");
    }
}

#[test]
fn workspaces_share_by_weight_whatever_the_size_of_their_queues() {
    let mut desk = Desk::new();
    desk.terms.insert(3, Terms { weight: 3, ..Terms::default() });
    for id in 0..50_000 {
        desk.push(waiting(id, Class::Transactional, 1, 1));
    }
    for id in 0..1_000 {
        desk.push(waiting(60_000 + id, Class::Transactional, 2, 2));
        desk.push(waiting(70_000 + id, Class::Transactional, 3, 1));
    }
    let taken = desk.take(1_000);
    let of = |workspace| -> u32 {
        let own = taken.iter().filter(|w| w.message.workspace.key() == workspace);
        own.map(|w| u32::from(w.message.parts)).sum()
    };
    for (workspace, expected) in [(1, 200), (2, 200), (3, 600)] {
        let got = of(workspace);
        assert!(got.abs_diff(expected) <= 4, "workspace {workspace}: {got} parts, not {expected}");
    }
}

#[test]
fn who_never_has_more_than_one_waiting_does_not_get_more_than_its_share() {
    let mut desk = Desk::new();
    for id in 0..10_000 {
        desk.push(waiting(id, Class::Otp, 1, 1));
    }
    let mut own = 0;
    desk.push(waiting(20_000, Class::Otp, 2, 1));
    for round in 0..1_000 {
        if desk.take(1)[0].message.workspace.key() == 2 {
            own += 1;
            desk.push(waiting(20_001 + round, Class::Otp, 2, 1));
        }
    }
    assert!((495..=505).contains(&own), "half of 1,000, got {own}");
}

#[test]
fn an_idle_time_is_not_saved_up() {
    let mut desk = Desk::new();
    for id in 0..10_000 {
        desk.push(waiting(id, Class::Alert, 1, 1));
    }
    desk.take(5_000);
    for id in 0..5_000 {
        desk.push(waiting(20_000 + id, Class::Alert, 2, 1));
    }
    let own = desk.take(100).iter().filter(|w| w.message.workspace.key() == 2).count();
    assert!((49..=51).contains(&own), "half from now on and no more, got {own}");
}

#[test]
fn rates_of_workspaces_and_senders_hold_over_any_second() {
    let mut desk = Desk::new();
    desk.terms.insert(1, Terms { weight: 1, per_second: 10, sender_per_second: 7 });
    for id in 0..3_000_i64 {
        let sender = if id % 3 == 0 { "Rare" } else { "Often" };
        let recipient = 33_600_000_000 + id.unsigned_abs();
        desk.push(to(waiting(id, Class::Transactional, 1, 1 + u8::from(id % 5 == 0)), recipient, sender));
        desk.push(waiting(10_000 + id, Class::Transactional, 2, 1));
    }
    let mut left: Vec<(Duration, Sender, usize)> = Vec::new();
    while desk.elapsed < SECOND * 20 {
        for w in desk.take(3).into_iter().filter(|w| w.message.workspace.key() == 1) {
            left.push((desk.elapsed, w.message.sender, usize::from(w.message.parts)));
        }
        desk.elapsed += Duration::from_millis(13);
    }
    let often: Sender = "Often".parse().expect("valid");
    for (from, ..) in &left {
        let within = |other: &&(Duration, Sender, usize)| other.0 >= *from && other.0 - *from < SECOND;
        let parts: usize = left.iter().filter(within).map(|(_, _, parts)| parts).sum();
        assert!(parts <= 10, "{parts} in a second of ten");
        let own: usize = left.iter().filter(within).filter(|(_, s, _)| *s == often).map(|(.., p)| p).sum();
        assert!(own <= 7, "{own} in a second of seven for one sender");
    }
    let all: usize = left.iter().map(|(.., parts)| parts).sum();
    assert!(all >= 170, "the rate is used: {all} parts in 20 s of ten a second");
}

#[test]
fn a_workspace_over_its_rate_holds_nobody_up() {
    let mut desk = Desk::new();
    desk.terms.insert(1, Terms { per_second: 1, ..Terms::default() });
    for id in 0..100 {
        desk.push(waiting(id, Class::Otp, 1, 1));
        desk.push(waiting(1_000 + id, Class::Marketing, 2, 1));
    }
    let taken = desk.take(50);
    assert_eq!((taken.len(), of_class(&taken, Class::Otp)), (50, 1));
    let moment = desk.moment();
    assert_eq!(
        desk.queue.next_due(moment),
        Some(moment.at + crate::rate::ANY_SECOND),
        "and says when it goes on"
    );
}

#[test]
fn messages_to_one_phone_leave_in_order_one_answered_after_the_other() {
    let mut desk = Desk::new();
    for id in 0..5 {
        desk.push(to(waiting(id, Class::Otp, 1, 1), 33_612_345_678, "MyCompany"));
    }
    desk.push(to(waiting(9, Class::Otp, 1, 1), 33_687_654_321, "MyCompany"));
    desk.push(to(waiting(10, Class::Alert, 1, 1), 33_612_345_678, "MyCompany"));
    let first = desk.take(9);
    assert_eq!(ids(&first), [0, 9, 10], "other phones and classes do not wait");
    // The operator puts it off: those behind it go on waiting.
    let mut again = first[0].clone();
    again.not_before = NOW.plus(Duration::from_millis(500));
    desk.queue.put_back(vec![again], NOW);
    assert!(desk.take(9).is_empty());
    desk.elapsed = Duration::from_millis(500);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let taken = desk.take(9);
        assert_eq!(taken.len(), 1);
        seen.extend(ids(&taken));
        desk.settle(&taken);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    assert_eq!(desk.queue.len(), 0);
}

#[test]
fn an_answer_that_does_not_come_holds_nobody_back_for_ever() {
    let mut desk = Desk::new();
    for id in 0..40 {
        desk.push(to(waiting(id, Class::Otp, 1, 1), 33_612_345_678, "MyCompany"));
    }
    assert_eq!(ids(&desk.take(9)), [0]);
    desk.elapsed = order::HELD_BACK_MAX + Duration::from_secs(2);
    assert_eq!(ids(&desk.take(9)), [1]);
    let mut seen = vec![1];
    while desk.queue.len() > 0 {
        desk.elapsed += order::HELD_BACK_MAX + Duration::from_secs(2);
        seen.extend(ids(&desk.take(9)));
    }
    assert_eq!(seen, (1..40).collect::<Vec<i64>>(), "in order all the same");
}

#[test]
fn a_long_message_costs_its_parts_and_still_leaves() {
    let mut desk = Desk::new();
    desk.push(waiting(1, Class::Marketing, 1, 8));
    desk.push(waiting(2, Class::Marketing, 1, 8));
    assert_eq!(desk.take(1).len(), 1, "a window of one still takes it");
    assert_eq!(desk.take(1).len(), 1);
}

#[test]
fn express_room_is_for_otps_and_alerts_in_their_turn() {
    let mut desk = Desk::new();
    for id in 0..10 {
        desk.push(waiting(id, Class::Marketing, 1, 1));
    }
    let (moment, terms) = (desk.moment(), |_| Terms::default());
    let express = Room { parts: 0, express: 2 };
    assert!(desk.queue.take(express, moment, &terms).is_empty(), "a campaign waits for its own room");
    for id in 0..100 {
        desk.push(waiting(100 + id, Class::Otp, 2, 1));
    }
    let mut taken = 0;
    for _ in 0..100 {
        let some = desk.queue.take(express, moment, &terms);
        assert!(some.len() <= 2 && of_class(&some, Class::Otp) == some.len());
        taken += some.len();
    }
    assert!((16..=18).contains(&taken), "then it is the campaign's turn, and nobody goes before it: {taken}");
    assert_eq!(of_class(&desk.take(1), Class::Marketing), 1);
}

#[test]
fn what_is_not_due_waits() {
    let mut desk = Desk::new();
    let mut later = waiting(1, Class::Otp, 1, 1);
    later.not_before = Timestamp::from_millis(2_000);
    desk.push(later);
    assert!(desk.take(10).is_empty());
    let moment = desk.moment();
    assert_eq!(desk.queue.next_due(moment), Some(moment.at + SECOND));
    desk.elapsed = SECOND;
    assert_eq!(desk.take(10).len(), 1);
    assert_eq!(desk.queue.len(), 0);
}

/// The gauge pages somebody: what was accepted long ago and falls due now does not wait yet, and hides
/// nothing that does; what an operator puts off again and again has waited since the first time.
#[test]
fn the_age_of_a_queue_runs_from_when_its_messages_might_leave() {
    let oldest = |desk: &Desk| desk.queue.depths()[1].oldest;
    let mut desk = Desk::new();
    let mut scheduled = waiting(1, Class::Alert, 1, 1);
    (scheduled.message.send_at, scheduled.not_before) = (NOW.plus(SECOND * 3600), NOW.plus(SECOND * 3600));
    desk.push(scheduled);
    assert_eq!(oldest(&desk), None, "it does not wait for its turn");
    desk.elapsed = SECOND * 3600;
    let due = NOW.plus(desk.elapsed);
    assert!(desk.take(0).is_empty());
    assert_eq!(oldest(&desk), Some(due), "an hour after it was accepted");
    // One that waits since longer stands behind it, and is seen.
    desk.elapsed = Duration::ZERO;
    let mut stuck = waiting(2, Class::Alert, 1, 1);
    (stuck.message.accepted_at, stuck.message.send_at, stuck.not_before) = (NOW, NOW, NOW);
    desk.push(stuck);
    assert_eq!(oldest(&desk), Some(NOW));
    desk.elapsed = SECOND * 3600;
    let mut again = desk.take(2).pop().expect("the second");
    (again.attempts, again.not_before) = (1, due);
    desk.push(again);
    assert_eq!(oldest(&desk), Some(NOW), "put off by the operator");
}

/// What the disk answers.
fn read(wanted: &Wanted, class: Class, workspace: i64) -> Vec<Waiting> {
    wanted.ids.iter().map(|id| waiting(id.key() >> 4, class, workspace, 1)).collect()
}

#[test]
fn what_does_not_fit_in_memory_waits_on_disk_and_holds_nobody_up() {
    let mut desk = Desk::new();
    desk.queue = Queue::new(&shares, 8_000);
    for id in 0..100_000 {
        desk.push(waiting(id, Class::Marketing, 1, 1));
    }
    assert!(desk.queue.len() <= 1_000, "one campaign has an eighth of memory: {}", desk.queue.len());
    assert_eq!(desk.queue.depths()[4].on_disk, 99_000);
    assert_eq!(desk.queue.depths()[4].parts, 100_000);
    assert_eq!(desk.queue.wanted(), None, "no room yet");
    // Others are in memory, and leave at once.
    desk.push(waiting(200_000, Class::Marketing, 2, 1));
    desk.push(waiting(200_001, Class::Otp, 1, 1));
    assert_eq!(ids(&desk.take(3)), [200_001, 0, 200_000]);
    let mut seen = vec![0];
    while seen.len() < 100_000 {
        seen.extend(ids(&desk.take(300)));
        while let Some(wanted) = desk.queue.wanted() {
            // Accepted while the page is read: behind it.
            let page = read(&wanted, Class::Marketing, 1);
            desk.queue.fetched(&wanted, page, NOW, false);
        }
        assert!(desk.queue.len() <= 4_000);
    }
    assert_eq!(seen, (0..100_000).collect::<Vec<i64>>(), "in order, each once");
}

#[test]
fn a_full_memory_keeps_a_few_of_everyone() {
    let mut desk = Desk::new();
    desk.queue = Queue::new(&shares, 1_600);
    for workspace in 1..=20 {
        for id in 0..1_000 {
            desk.push(waiting(workspace * 10_000 + id, Class::Marketing, workspace, 1));
        }
    }
    assert!(desk.queue.len() < 1_600 + 20 * FEW, "{}", desk.queue.len());
    let last = desk.take(20);
    let found = last.iter().filter(|w| w.message.workspace.key() == 20).count();
    assert_eq!(found, 1, "the last one takes its turn with the first");
}

#[test]
fn a_disk_that_cannot_be_read_is_asked_again() {
    let mut desk = Desk::new();
    for id in 0..10 {
        let one = waiting(id, Class::Alert, 1, 2);
        desk.queue.shelve(one.message.class, one.message.workspace, one.message.id, 2);
    }
    let wanted = desk.queue.wanted().expect("memory is empty");
    desk.push(waiting(11, Class::Alert, 1, 1));
    desk.queue.not_fetched(wanted);
    let wanted = desk.queue.wanted().expect("again");
    let mut page = read(&wanted, Class::Alert, 1);
    page.remove(3);
    desk.queue.fetched(&wanted, page, NOW, false);
    assert_eq!(
        ids(&desk.take(99)),
        [0, 1, 2, 4, 5, 6, 7, 8, 9, 11],
        "what was cancelled meanwhile is not there"
    );
}

#[test]
fn what_stands_before_a_message_is_told_with_its_share() {
    let mut desk = Desk::new();
    desk.terms.insert(2, Terms { weight: 3, ..Terms::default() });
    for id in 0..100 {
        desk.push(waiting(id, Class::Marketing, 1, 2));
    }
    let (one, two) = (WorkspaceId::from_key(1), WorkspaceId::from_key(2));
    let terms =
        |id: WorkspaceId| if id == two { Terms { weight: 3, ..Terms::default() } } else { Terms::default() };
    let ahead = |desk: &Desk, workspace, id| desk.queue.ahead((Class::Marketing, workspace), id, &terms);
    assert_eq!(ahead(&desk, one, None), Ahead { parts: 201, share: 1.0 });
    assert_eq!(ahead(&desk, one, Some(MessageId::from_key(10 << 4))), Ahead { parts: 21, share: 1.0 });
    assert_eq!(ahead(&desk, two, None), Ahead { parts: 1, share: 0.75 });
    desk.push(waiting(1_000, Class::Otp, 1, 1));
    assert!((ahead(&desk, one, None).share - 1.0 / 17.0).abs() < 1e-9);
}

proptest! {
    /// Whatever comes, is put off, settled or not: each message leaves once, in the order of acceptance
    /// within one sender and phone, and no class that waits is passed over for long.
    #[test]
    fn each_leaves_once_and_in_order(
        plan in prop::collection::vec((0_usize..5, 1_i64..4, 0_u64..6, 1_u8..4), 1..200),
        takes in prop::collection::vec((1_usize..9, any::<bool>()), 1..50),
    ) {
        let mut desk = Desk::new();
        for (id, (class, workspace, phone, parts)) in plan.iter().enumerate() {
            let id = i64::try_from(id).expect("small");
            let one = waiting(id, ORDER[*class], *workspace, *parts);
            desk.push(to(one, 33_612_345_670 + phone, ["Aaa", "Bbb", "Ccc"][usize::try_from(*workspace).expect("small") - 1]));
        }
        let mut left: Vec<Waiting> = Vec::new();
        for (step, (parts, put_off)) in takes.iter().cycle().take(2_000).enumerate() {
            desk.elapsed += Duration::from_millis(100);
            let mut taken = desk.take(*parts);
            if *put_off && step < 200 && !taken.is_empty() {
                let now = desk.moment().now;
                let mut again = taken.remove(0);
                again.not_before = now.plus(Duration::from_millis(300));
                desk.queue.put_back(vec![again], now);
            }
            desk.settle(&taken);
            left.extend(taken);
        }
        prop_assert_eq!(desk.queue.len(), 0, "nothing is stuck");
        prop_assert_eq!(left.len(), plan.len());
        let mut last: HashMap<(u64, Sender, Class), i64> = HashMap::new();
        for one in &left {
            let message = &one.message;
            let key = (message.recipient.digits(), message.sender, message.class);
            let before = last.insert(key, message.id.key()).unwrap_or(-1);
            prop_assert!(before < message.id.key());
        }
    }
}

/// While no route has room, nothing is taken, and what became due must not have the dispatcher look again at
/// once, for as long as the operator is away.
#[test]
fn what_is_due_and_finds_no_room_is_not_looked_for_in_circles() {
    let mut desk = Desk::new();
    let mut later = waiting(1, Class::Transactional, 1, 1);
    later.not_before = NOW.plus(SECOND);
    desk.push(later);
    desk.elapsed = SECOND * 2;
    assert_eq!(desk.queue.next_due(desk.moment()), None);
    assert_eq!(ids(&desk.take(1)), [1], "with room it leaves");
}
