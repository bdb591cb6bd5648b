//! What holds for every message.

use facteur_domain::{Class, Msisdn, Timestamp};
use facteur_rules::{Decision, Effect, Facts, Field, Grounds, Packs, Policy, Reason, judge};
use proptest::prelude::*;

use crate::common::{fine, number, reads_well, with};

/// One minute, in milliseconds.
const MINUTE: i64 = 60_000;
/// Profiles from the strictest to the loosest: each allows what those before it allow.
const BY_STRICTNESS: [&str; 4] = ["ultra-strict", "strict", "charter-2026-sober", "charter-2026"];

fn instants() -> impl Strategy<Value = Timestamp> {
    // 2026-03-01 to 2100, the years of the current pack.
    (1_772_319_600_000_i64..4_102_444_800_000).prop_map(Timestamp::from_millis)
}

fn recipients() -> impl Strategy<Value = Msisdn> {
    let texts =
        ["+33612345678", "+33755123456", "+262692123456", "+590690123456", "+68987123456", "+508551234"];
    proptest::sample::select(texts.map(number).to_vec())
}

fn postcodes() -> impl Strategy<Value = Option<&'static str>> {
    proptest::sample::select(vec![None, Some("75011"), Some("67000"), Some("97400"), Some("98713")])
}

fn profiles() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(BY_STRICTNESS.to_vec())
}

fn facts(
    at: Timestamp,
    to: Msisdn,
    postcode: Option<&'static str>,
    policy: Policy<'static>,
) -> Facts<'static> {
    with(Facts { at, recipient: to, ..fine() }, |known| {
        known.policy = Some(policy);
        known.postcode = postcode;
        known.grounds = Grounds::NotJudged;
    })
}

/// Whether the windows let it leave, and if not, when they will.
fn opening(facts: &Facts<'_>) -> Option<Timestamp> {
    let verdict = judge(facts);
    let closing = |reason: &&Reason| reason.effect >= Effect::Hold && reason.field == Field::SendAt;
    verdict.reasons().iter().find(closing).map(|reason| {
        assert_ne!(reason.rule, "fr.window.never", "these profiles always open");
        reason.until.expect("a window opens")
    })
}

proptest! {
    /// Requirement `fr-window-zone`.
    #[test]
    fn hold_until_is_the_first_open_instant(
        at in instants(),
        to in recipients(),
        postcode in postcodes(),
        profile in profiles(),
    ) {
        let facts = facts(at, to, postcode, Policy { platform: profile, workspace: profile });
        if let Some(until) = opening(&facts) {
            prop_assert!(until > at);
            prop_assert_eq!(opening(&Facts { at: until, ..facts }), None, "open then");
            let just_before = Timestamp::from_millis(until.millis() - 1);
            prop_assert_eq!(opening(&Facts { at: just_before, ..facts }), Some(until), "closed until then");
            // Windows are minutes wide at least: a walk by ten minutes meets any that was skipped.
            let mut between = at.millis() + 10 * MINUTE;
            while between < until.millis() {
                let then = Facts { at: Timestamp::from_millis(between), ..facts };
                prop_assert_eq!(opening(&then), Some(until), "{}", then.at);
                between += 10 * MINUTE;
            }
        }
    }

    /// Requirement `fr-window-validity`.
    #[test]
    fn retries_ring_in_the_window_only(
        at in instants(),
        to in recipients(),
        postcode in postcodes(),
        profile in profiles(),
    ) {
        let facts = facts(at, to, postcode, Policy { platform: profile, workspace: profile });
        let leaves = opening(&facts).unwrap_or(at);
        let cap = Packs::embedded().validity_cap(&facts).expect("marketing has an end");
        prop_assert!(cap > leaves, "there is time to deliver");
        prop_assert!(cap.since(leaves).as_secs() <= 14 * 3600, "within the day");
        // Up to the margin it is open all along; at its end it is closed.
        let mut then = leaves.millis();
        while then < cap.millis() - 15 * MINUTE {
            let open = opening(&Facts { at: Timestamp::from_millis(then), ..facts });
            prop_assert_eq!(open, None);
            then += 10 * MINUTE;
        }
        let ended = opening(&Facts { at: cap, ..facts });
        prop_assert!(ended.is_some());
    }

    /// Requirements `fr-profile-stricter`, `fr-profiles`.
    #[test]
    fn a_stricter_profile_allows_nothing_more(
        at in instants(),
        to in recipients(),
        postcode in postcodes(),
        strict in 0_usize..4,
        loose in 0_usize..4,
    ) {
        let (strict, loose) = (strict.min(loose), strict.max(loose));
        let policy = |platform, workspace| Policy { platform: BY_STRICTNESS[platform], workspace: BY_STRICTNESS[workspace] };
        let until = |policy| opening(&facts(at, to, postcode, policy)).unwrap_or(at);
        let (stricter, looser) = (until(policy(strict, strict)), until(policy(loose, loose)));
        prop_assert!(stricter >= looser);
        // Combined in either order, the stricter of the two is in force.
        prop_assert_eq!(until(policy(strict, loose)), stricter);
        prop_assert_eq!(until(policy(loose, strict)), stricter);
    }

    #[test]
    fn every_judgement_is_total_deterministic_and_readable(
        at in any::<i64>(),
        digits in 100_000_u64..1_000_000_000_000_000,
        class in proptest::sample::select(Class::ALL.to_vec()),
        text in "(\\PC{0,20}|STOP|au|36180|38180|0892123456|cpf|https://bit.ly/x| ){0,6}",
        postcode in "[0-9]{0,6}",
        platform in profiles(),
        workspace in profiles(),
    ) {
        let recipient = Msisdn::from_digits(digits).expect("six to fifteen digits");
        let facts = Facts { at: Timestamp::from_millis(at), recipient, class, text: &text, ..fine() };
        let facts = with(facts, |known| {
            known.policy = Some(Policy { platform, workspace });
            known.postcode = Some(&postcode);
        });
        let verdict = judge(&facts);
        prop_assert_eq!(&verdict, &judge(&facts));
        verdict.reasons().iter().for_each(reads_well);
        let strictest = verdict.reasons().iter().map(|reason| reason.effect).max();
        let decision = match strictest {
            Some(Effect::Refuse) => 2,
            Some(Effect::Hold) => 1,
            _ => 0,
        };
        let found = match verdict.decision() {
            Decision::Send => 0,
            Decision::Hold { until } => {
                prop_assert!(until > facts.at);
                1
            }
            Decision::Refuse => 2,
        };
        prop_assert_eq!(found, decision);
        prop_assert!(class != Class::Marketing || verdict.class() == Class::Marketing, "never lowered");
        let shown = format!("{verdict:?}");
        prop_assert!(!shown.contains(&recipient.digits().to_string()), "no whole number");
    }
}
