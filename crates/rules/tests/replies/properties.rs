//! What holds for every reply.

use facteur_rules::{Context, Meaning, read_reply};
use proptest::prelude::*;

const SAID: [&str; 14] = [
    "stop",
    "arretez vos sms",
    "je ne veux plus recevoir vos messages",
    "desabonnement",
    "annuler",
    "contact",
    "start",
    "a demain",
    "arret de bus",
    "sotp",
    "lachez moi",
    "stop durand",
    "plus de pub",
    "oui",
];

fn meaning(text: &str, after_marketing: bool) -> Meaning {
    read_reply(text, Context { after_marketing, keyword: None }).meaning
}

fn rank(meaning: Meaning) -> u8 {
    match meaning {
        Meaning::Stop => 2,
        Meaning::StopDoubtful => 1,
        _ => 0,
    }
}

/// The same words with other letters: capitals by `mask`, and accents on vowels.
fn dressed(text: &str, mask: u64, accents: bool) -> String {
    let dress = |(at, c): (usize, char)| {
        let c = match c {
            'e' if accents && mask >> ((at + 7) % 64) & 1 == 1 => 'é',
            'a' if accents && mask >> ((at + 3) % 64) & 1 == 1 => 'à',
            'o' if accents && mask >> ((at + 5) % 64) & 1 == 1 => 'ô',
            c => c,
        };
        if mask >> (at % 64) & 1 == 1 { c.to_uppercase().collect() } else { c.to_string() }
    };
    text.chars().enumerate().map(dress).collect()
}

proptest! {
    /// Any text is read, the same each time.
    #[test]
    fn reading_is_total(text in any::<String>(), after_marketing: bool) {
        let context = Context { after_marketing, keyword: Some(text.as_str()) };
        prop_assert_eq!(read_reply(&text, context), read_reply(&text, context));
    }

    /// Words of replies in any order are read.
    #[test]
    fn words_in_any_order_are_read(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "stop", "ne", "plus", "non", "36180", "S", "T", "O", "P", "?", ",", "svp", "merci", "arret", "de",
                "bus", "m", "envoyez", "je", "veux", "🛑", "pas", "sms", "s", "il", "vous", "plait", "au",
            ]),
            0..30,
        ),
        after_marketing: bool,
    ) {
        let text = words.join(" ");
        let without: Vec<&str> = words.iter().copied().filter(|word| *word != "stop").collect();
        // With neither an idiom nor a "no" about, a STOP is never passed over.
        let excused = without.iter().any(|word| ["non", "pas", "plus", "au", "bus", "ne"].contains(word));
        if words.contains(&"stop") && !excused {
            prop_assert!(rank(meaning(&text, after_marketing)) > 0, "{}", text);
        }
        meaning(&text, after_marketing);
    }

    /// Requirement `fr-reply-normalised`.
    #[test]
    fn case_accents_and_signs_around_change_nothing(
        said in proptest::sample::select(SAID.to_vec()),
        mask: u64,
        accents: bool,
        before in "[ .!«\"'(*_\u{1f64f}\u{2764}-]{0,4}",
        behind in "[ .!»\"')*_\u{1f64f}\u{1f621}-]{0,4}",
        after_marketing: bool,
    ) {
        let text = format!("{before}{}{behind}", dressed(said, mask, accents));
        prop_assert_eq!(meaning(&text, after_marketing), meaning(said, after_marketing), "{}", text);
    }

    /// A marketing message before it never makes a reply less of a refusal.
    #[test]
    fn after_marketing_more_is_a_refusal(said in proptest::sample::select(SAID.to_vec()), more in "[a-z ]{0,20}") {
        let text = format!("{said} {more}");
        prop_assert!(rank(meaning(&text, true)) >= rank(meaning(&text, false)), "{}", text);
    }
}
