//! Every word of the table reads as its tier says.

use facteur_rules::{Confidence, Context, Meaning, read_reply};

const TABLE: &str = include_str!("../../data/stop-words.toml");

fn after(after_marketing: bool) -> Context<'static> {
    Context { after_marketing, keyword: None }
}

/// Requirements `fr-reply-stop` and `fr-reply-ambiguous`.
#[test]
fn every_word_reads_as_its_tier_says() {
    let table: toml::Table = TABLE.parse().expect("the table reads");
    let mut seen = 0;
    for row in table["words"].as_array().expect("rows") {
        let tier = row["tier"].as_str().expect("a tier");
        for word in row["words"].as_array().expect("words") {
            let word = word.as_str().expect("a word");
            for marketing in [true, false] {
                let found = read_reply(word, after(marketing)).meaning;
                let told = format!("{word} of {tier}, marketing before: {marketing}: {found:?}");
                match (tier, marketing) {
                    ("stop", _) | ("ambiguous", true) => assert_eq!(found, Meaning::Stop, "{told}"),
                    ("ambiguous", false) => assert_ne!(found, Meaning::Stop, "{told}"),
                    ("start", _) => assert_eq!(found, Meaning::Start, "{told}"),
                    ("contact", _) => assert_eq!(found, Meaning::Contact, "{told}"),
                    ("doubtful", _) => assert_eq!(found, Meaning::StopDoubtful, "{told}"),
                    _ => panic!("{tier} is no tier"),
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} readings");
}

/// Requirement `fr-reply-typos`.
#[test]
fn listed_slips_opt_out_and_real_words_do_not() {
    let table: toml::Table = TABLE.parse().expect("the table reads");
    let list = |name: &str| table["typos"][name].as_array().expect("a list").clone();
    for word in list("known") {
        let word = word.as_str().expect("a word").to_owned();
        assert_eq!(read_reply(&word, after(false)).meaning, Meaning::Stop, "{word}");
    }
    for word in list("real") {
        let word = word.as_str().expect("a word").to_owned();
        assert_eq!(read_reply(&word, after(true)).meaning, Meaning::Other, "{word}");
    }
}

#[test]
fn a_reading_says_why_and_how_sure() {
    for (text, rule, word, confidence) in [
        ("stop", "fr.reply.stop.exact", "STOP", Confidence::Full),
        ("Bonjour, STOP 36180 merci", "fr.reply.stop.exact", "STOP", Confidence::Full),
        ("sotp", "fr.reply.stop.typo", "SOTP", Confidence::Fair),
        ("stopdurand", "fr.reply.stop.glued", "STOP", Confidence::Fair),
        ("stop durand", "fr.reply.stop.first", "STOP", Confidence::Fair),
        ("annuler", "fr.reply.stop.after_marketing", "ANNULER", Confidence::Full),
        ("Contact", "fr.reply.contact", "CONTACT", Confidence::Full),
        ("unstop", "fr.reply.start", "UNSTOP", Confidence::Full),
        ("je vous ai envoyé deux fois stop hier", "fr.reply.stop.inside", "STOP", Confidence::Low),
    ] {
        let found = read_reply(text, after(true));
        let why = found.why.unwrap_or_else(|| panic!("{text}: no reason"));
        assert_eq!((why.rule, why.word, found.confidence), (rule, word, confidence), "{text}");
        assert!(!why.source.is_empty() && !why.dated.is_empty());
    }
    let found = read_reply("lâchez moi", after(false));
    assert_eq!(found.why.map(|why| why.rule), Some("fr.reply.refusal.leave_me"));
    assert!(read_reply("à demain", after(true)).why.is_none());
}

/// Requirement `fr-reply-named`.
#[test]
fn what_stands_beside_stop_is_handed_over() {
    let read = |text: &str, keyword| read_reply(text, Context { after_marketing: true, keyword });
    for (text, keyword, meaning, beside) in [
        ("STOP", None, Meaning::Stop, ""),
        ("STOP DURAND", None, Meaning::Stop, "durand"),
        ("Bonjour, STOP Durand 36180 svp", None, Meaning::Stop, "durand"),
        ("durand stop", Some("DURAND"), Meaning::Stop, "durand"),
        (
            "stop chez durand & fils à lyon ?",
            Some("Durand & Fils à Lyon"),
            Meaning::StopDoubtful,
            "chez durand fils a lyon",
        ),
        ("annuler", None, Meaning::Stop, ""),
        ("à demain Durand", None, Meaning::Other, ""),
    ] {
        let found = read(text, keyword);
        assert_eq!((found.meaning, found.beside.show().as_str()), (meaning, beside), "{text}");
    }
}

#[test]
fn a_reading_never_prints_the_reply() {
    let found = read_reply("stop zanzibar", after(true));
    assert_eq!(found.normalised.show(), "stop zanzibar");
    assert!(!format!("{found:?}").contains("zanzibar"), "{found:?}");
}
