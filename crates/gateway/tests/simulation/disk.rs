//! The disk: does the store's work when it gets to it, refuses now and then, and is there when the process
//! dies in the middle of it.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use facteur_store::Hand;

use crate::world::Shared;

/// The hand of the store that is open, if one is.
pub(crate) type Slot = Rc<RefCell<Option<Hand>>>;

/// How often it looks whether there is work.
const TURN: Duration = Duration::from_millis(3);

/// Works until the process dies; that is when it returns.
pub(crate) async fn work(world: Shared, slot: Slot) {
    loop {
        tokio::time::sleep(TURN).await;
        let mut slot = slot.borrow_mut();
        let Some(hand) = slot.as_mut() else { continue };
        if hand.writes() > 0 {
            let (slow, before, after, mishap) = {
                let mut world = world.lock();
                let plan = world.plan.clone();
                let slow = world.strikes(plan.disk_slow) && world.strikes(500);
                let crash = world.strikes(plan.crash_at_commit) && world.strikes(300);
                let before = crash && world.random.permille(500);
                let mishap = world.strikes(plan.commit_fails) && world.strikes(200);
                if crash {
                    let when = if before { "before" } else { "after" };
                    world.tell(format_args!("the process dies {when} a commit"));
                } else if mishap && !slow {
                    world.tell("the disk refuses a commit");
                }
                (slow, before, crash && !before, mishap)
            };
            if before {
                return;
            }
            if !slow {
                hand.write(mishap.then_some(rusqlite::ffi::SQLITE_FULL));
                if after {
                    return;
                }
            }
        }
        while hand.reads() > 0 {
            hand.read();
        }
        hand.part();
    }
}

/// What is on the disk of a process that died: the database and its log as they are, for SQLite makes no
/// promise that rests on more. What a torn write left at the end of the log is no part of it.
pub(crate) fn image(from: &Path, to: &Path, torn: Option<u64>) {
    std::fs::create_dir_all(to).expect("a folder");
    for name in ["facteur.db", "facteur.db-wal"] {
        match std::fs::read(from.join(name)) {
            Ok(mut octets) => {
                if let (Some(torn), true) = (torn, name.ends_with("wal") && !octets.is_empty()) {
                    octets.extend(
                        (0..torn % 6_000).map(|n| u8::try_from((n * 7 + torn) % 251).expect("small")),
                    );
                }
                std::fs::write(to.join(name), octets).expect("written");
            }
            Err(_) => assert!(name.ends_with("wal"), "there is a database"),
        }
    }
}
