//! What a judgement costs with every rule on: `cargo run --release -p facteur-rules --example cost`.

use std::hint::black_box;
use std::time::Instant;

use facteur_domain::{Class, Msisdn, SenderState, Timestamp, text};
use facteur_rules::{Audience, Basis, Circumstances, Consent, Facts, Grounds, OptOuts, Policy, Proof, judge};

/// Judgements in a measured round.
const ROUND: u32 = 200_000;
/// Rounds; the median is printed.
const ROUNDS: usize = 9;
/// 2026-11-24 10:00 in Paris, a Tuesday.
const OPEN: i64 = 1_795_510_800_000;
/// Hours and a half to the Sunday before.
const TO_SUNDAY: i64 = 2 * 86_400_000;

const TEXT: &str = "Durand : -20 % sur toute la boutique jusqu'a samedi, sur presentation de ce SMS en caisse. \
                    Plus d'infos https://durand.example/soldes\nSTOP au 36180";

fn main() {
    let fine = Facts {
        at: Timestamp::from_millis(OPEN),
        class: Class::Marketing,
        recipient: Msisdn::parse("+33612345678").expect("a number"),
        sender: "Durand".parse().expect("a sender"),
        sender_state: Some(SenderState::Validated),
        text: TEXT,
        parts: text::plan(TEXT).parts,
        parts_max: 6,
        test: false,
        departing: true,
        auto_reply: None,
        circumstances: Circumstances {
            policy: Some(Policy { platform: "charter-2026", workspace: "charter-2026-sober" }),
            postcode: Some("67000"),
            audience: Audience::Consumer,
            grounds: Grounds::Entry(Consent {
                basis: Basis::Consent,
                collected_at: Timestamp::from_millis(OPEN - 86_400_000 * 200),
                last_contact_at: None,
                withdrawn_at: None,
                proven: true,
            }),
            opt_outs: OptOuts::default(),
            stop_code: "36180".parse().ok(),
            proof: Some(Proof::None),
            brand: Some("Durand"),
            ..Circumstances::default()
        },
    };
    let basic = Facts { circumstances: Circumstances::default(), ..fine };
    let held = Facts { at: Timestamp::from_millis(OPEN - TO_SUNDAY), ..fine };
    let otp = Facts { class: Class::Otp, text: "Durand : votre code est 123456", parts: 1, ..fine };
    for (name, facts) in [
        ("no circumstances", basic),
        ("marketing that may go", fine),
        ("marketing held on a Sunday", held),
        ("one-time password", otp),
    ] {
        println!("{name:<28} {:>6.0} ns", nanoseconds(&facts));
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn nanoseconds(facts: &Facts<'_>) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUND {
                drop(black_box(judge(black_box(facts))));
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUND)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
