//! A deterministic simulation: the real gateway, its real store and its real SMPP sessions on a virtual
//! clock, a virtual network and a disk that is worked by hand, with faults that follow from a seed. What
//! must hold is the contract of `docs/delivery-contract.md`.
//!
//! One thread, one seed, one course of events. Not simulated: HTTP, TLS, the delivery of webhooks (their
//! client opens real sockets), and the order of two commits within SQLite.
//!
//! `FACTEUR_SEEDS=FROM-TO cargo nextest run -p facteur-gateway --test simulation --run-ignored only` runs
//! many; one seed is `FACTEUR_SEEDS=N-N`, and tells its course.

mod check;
mod clients;
mod disk;
mod life;
mod operator;
mod plan;
mod rates;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Seeds of every day.
const DAILY: std::ops::Range<u64> = 0..60;
/// Seeds that once found a fault, with what it was. They are among those of every day for ever.
const PINNED: &[(u64, &str)] = &[
    (1, "the dispatcher ran in circles while what was due found no room"),
    (1073, "a message took another's receipt for its own after the clock was set back"),
];

#[test]
fn the_contract_holds_for_the_seeds_of_every_day() {
    run(DAILY.chain(PINNED.iter().map(|(seed, _)| *seed)));
}

#[test]
fn a_seed_takes_the_same_course_twice() {
    for seed in [3, 14, 15] {
        let (once, again) = (life::whole(seed), life::whole(seed));
        let course = once.course.iter().zip(&again.course).position(|(a, b)| a != b);
        assert_eq!(course, None, "seed {seed} parts ways");
        assert_eq!((once.course.len(), once.report()), (again.course.len(), again.report()), "seed {seed}");
    }
}

#[test]
#[ignore = "as many seeds as one has time for"]
fn the_contract_holds_for_many_seeds() {
    #[expect(clippy::disallowed_methods, reason = "who runs many seeds chooses them")]
    let wanted = std::env::var("FACTEUR_SEEDS").unwrap_or_else(|_| "1000-2999".to_owned());
    let (from, to) = wanted.split_once('-').expect("FROM-TO");
    let (from, to): (u64, u64) = (from.parse().expect("a seed"), to.parse().expect("a seed"));
    if from == to {
        let world = life::whole(from);
        println!("{}", world.course.join("\n"));
        world.verdict();
        return;
    }
    run(from..=to);
}

/// How long one seed may take; most take a third of a second.
const CIRCLE: Duration = Duration::from_secs(60);

/// Ends everything when a seed runs in circles: then virtual time stands still, and no task can tell.
fn watch() -> std::sync::Arc<AtomicU64> {
    let current = std::sync::Arc::new(AtomicU64::new(u64::MAX));
    let watched = current.clone();
    std::thread::spawn(move || {
        loop {
            let seed = watched.load(Ordering::Relaxed);
            std::thread::sleep(CIRCLE);
            if seed != u64::MAX && watched.load(Ordering::Relaxed) == seed {
                eprintln!("seed {seed} runs in circles");
                std::process::abort();
            }
        }
    });
    current
}

/// Runs seeds; tells all that failed.
fn run(seeds: impl Iterator<Item = u64>) {
    let mut failed = Vec::new();
    let mut sum = [0_usize; 6];
    let mut count = 0;
    let current = watch();
    for seed in seeds {
        count += 1;
        current.store(seed, Ordering::Relaxed);
        let verdict = catch_unwind(AssertUnwindSafe(|| {
            let world = life::whole(seed);
            world.verdict();
            world.figures()
        }));
        match verdict {
            Ok(figures) => sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure),
            Err(_) => failed.push(seed),
        }
    }
    let [accepted, crashes, doubled, stops, receipts, links] = sum;
    current.store(u64::MAX, Ordering::Relaxed);
    println!(
        "{count} seeds: {accepted} messages accepted, {crashes} crashes, {links} links, {receipts} receipts taken, \
         {doubled} doubled and marked, {stops} STOPs"
    );
    assert!(failed.is_empty(), "the contract is broken by seeds {failed:?}");
}
