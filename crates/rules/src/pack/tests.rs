//! Packs as deployments write them.

use super::*;

/// A pack that changes the embedded one.
fn extended(more: &str) -> Result<Pack, PackError> {
    Pack::parse(&format!("id = \"ours.1\"\nfrom = \"2026-06-01\"\nextends = \"fr-2026.1\"\n{more}"))
}

fn instant(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().expect(text))
}

#[test]
fn the_embedded_tables_are_whole() {
    let packs = embedded().expect("read");
    assert!(packs.packs.is_sorted_by_key(Pack::from));
    for pack in &packs.packs {
        assert!(pack.profiles().iter().any(|profile| profile.name == "strict"));
        assert_eq!((pack.parts().default, pack.parts().hard), (6, 8));
    }
    let grades = |pack: &Pack| {
        let tables = &pack.tables;
        let mut grades: Vec<Grade> = tables.windows.profile.iter().map(|row| row.grade).collect();
        grades.extend(tables.words.iter().map(|row| row.grade));
        grades.extend(tables.protected.iter().map(|row| row.grade));
        grades.extend(tables.content.ban.iter().map(|row| row.grade));
        grades.extend([tables.stop.grade, tables.parts.grade, tables.consent.grade]);
        grades
    };
    let pack = packs.packs.last().expect("a pack");
    assert!(grades(pack).contains(&Grade::A) && grades(pack).contains(&Grade::D), "told apart");
    let tables = &pack.tables;
    let words = tables.words.iter().map(|row| (&row.source, &row.dated));
    let protected = tables.protected.iter().map(|row| (&row.source, &row.dated));
    let profiles = tables.windows.profile.iter().map(|row| (&row.source, &row.dated));
    let bans = tables.content.ban.iter().map(|row| (&row.source, &row.dated));
    let ranges = tables.short_codes.range.iter().map(|row| (&row.source, &row.dated));
    for (source, dated) in words.chain(protected).chain(profiles).chain(bans).chain(ranges) {
        assert!(crate::source(source).is_some() && !dated.is_empty(), "{source}");
    }
    assert!(pack.calendar.holidays().iter().all(|day| crate::source(&day.source).is_some()));
}

/// Requirement `fr-pack-dated`.
#[test]
fn the_pack_in_force_is_told_by_the_instant() {
    let packs = Packs::embedded();
    for (at, id) in [
        ("2020-01-01T00:00:00Z", "fr-2024.1"),
        ("2026-02-28T22:59:59.999Z", "fr-2024.1"),
        // Midnight in Paris.
        ("2026-02-28T23:00:00Z", "fr-2026.1"),
        ("2030-01-01T00:00:00Z", "fr-2026.1"),
    ] {
        assert_eq!(packs.at(instant(at)).id(), id, "{at}");
    }
    let ours = packs.with(extended("").expect("a pack"));
    assert_eq!(ours.at(instant("2026-05-31T21:59:59Z")).id(), "fr-2026.1");
    assert_eq!(ours.at(instant("2026-05-31T22:00:00Z")).id(), "ours.1");
    let again = ours.with(extended("").expect("a pack"));
    assert_eq!(again.packs.len(), ours.packs.len(), "one pack a day");
    assert_eq!(packs.at(instant("2026-01-01T00:00:00Z")).profile("charter-2024").name, "charter-2024");
    assert_eq!(packs.at(instant("2027-01-01T00:00:00Z")).profile("charter-2024").name, "strict", "unknown");
}

/// Requirement `fr-pack-replaceable`.
#[test]
fn tables_are_replaced_and_lists_grow() {
    let more = "[parts]\ndefault = 3\nhard = 4\nsource = \"OURS\"\ndated = \"2026\"\ngrade = \"D\"\n\
                [[word]]\nword = \"bidule\"\ntheme = \"x\"\nsource = \"OURS\"\ndated = \"2026\"\ngrade = \"D\"\n\
                [[protected]]\nname = \"Machin\"\nkind = \"brand\"\ntheme = \"x\"\nmatch = \"substring\"\n\
                action = \"reject\"\nsource = \"OURS\"\ndated = \"2026\"\ngrade = \"D\"\n";
    let pack = extended(more).expect("a pack");
    assert_eq!(pack.parts_default(), 3);
    assert!(matches!(pack.names.likeness("BIDULE"), Likeness::Generic(row) if row.word == "bidule"));
    assert!(matches!(pack.names.likeness("INFOBIDULE"), Likeness::Generic(_)), "with the base's words");
    assert!(
        matches!(pack.names.likeness("MonMach1n"), Likeness::Protected(row) if row.action == Action::Reject)
    );
    assert_eq!(pack.profile("strict"), Packs::embedded().at(pack.from()).profile("strict"), "untouched");
}

/// Requirement `fr-pack-replaceable`.
#[test]
fn a_partner_list_is_read_by_its_columns() {
    let list = "name,status,authorised_account,valid_from,valid_to,evidence_ref\n\
                # a comment\nMaBanque1,SI,,,,\nDurand,ISA,acme,2026-01-01,2026-06-30,doc-1\nFutur,ISA,,2027-01-01,,\n";
    let base = Packs::embedded().at(instant("2026-04-01T00:00:00Z"));
    let action = |pack: &Pack, name: &str| match pack.names.likeness(name) {
        Likeness::Protected(row) => Some(row.action),
        _ => None,
    };
    let pack = base.with_partner_list("p.1", list, instant("2026-06-30T21:59:59Z")).expect("a list");
    assert_eq!(pack.id(), "p.1");
    for (name, expected) in [
        ("MABANQUE1", Some(Action::Reject)),
        ("durand", Some(Action::Hold)),
        ("INFODURAND", Some(Action::Hold)),
        ("Futur", None),
        ("MonDurand", None),
    ] {
        assert_eq!(action(&pack, name), expected, "{name}");
    }
    let later = base.with_partner_list("p.2", list, instant("2026-06-30T22:00:00Z")).expect("a list");
    assert_eq!(action(&later, "durand"), None, "no longer valid");
    for (bad, line, word) in [
        ("name,status\n", Some(1), "columns"),
        ("", None, "header"),
        (&list.replace("SI,", "XX,"), Some(3), "status"),
        (&list.replace("2027-01-01", "soon"), Some(5), "valid_from"),
        (&list.replace(",doc-1", ""), Some(4), "6"),
    ] {
        let fault = base.with_partner_list("p", bad, base.from()).expect_err(bad);
        assert_eq!(fault.line, line, "{fault}");
        assert!(fault.to_string().contains(word), "{fault}");
    }
}

/// Requirement `fr-pack-replaceable`.
#[test]
fn faults_say_where_they_are() {
    let window = |line: &str| {
        format!(
            "[windows]\nclosing_margin_minutes = 15\ndefault = \"strict\"\n[[windows.profile]]\nname = \"strict\"\n\
             {line}\nsaturday = []\nsunday = []\nholiday = []\nsource = \"X\"\ndated = \"X\"\ngrade = \"D\"\n"
        )
    };
    let closed = |date: &str, place: &str| {
        format!(
            "[[closed_day]]\ndate = \"{date}\"\nwhere = \"{place}\"\nfr = \"Pont\"\nen = \"Bridge\"\n\
             source = \"X\"\ndated = \"X\"\ngrade = \"D\"\n"
        )
    };
    assert!(extended(&window("mon_fri = [\"09:00-18:00\"]")).is_ok());
    assert!(extended(&closed("2026-12-24", "FR")).is_ok());
    for (text, line, words) in [
        (window("mon_fri = [\"9:00-18:00\"]"), Some(9), &["9:00-18:00"][..]),
        (window("mon_fri = [\"18:00-09:00\"]"), Some(9), &["end after the start"]),
        (window("mon_fri = []"), None, &["windows", "strict", "closed"]),
        (window("mon_fri = [\"09:00-09:10\"]"), None, &["windows", "margin"]),
        (window("mon_fry = []"), Some(9), &["mon_fry"]),
        (
            window("mon_fri = [\"09:00-18:00\"]").replace("default = \"strict\"", "default = \"x\""),
            None,
            &["default"],
        ),
        (closed("24/12/2026", "FR"), None, &["closed_day", "24/12/2026"]),
        (closed("2026-12-24", "XX"), None, &["XX"]),
        ("[colour]\n".to_owned(), Some(4), &["colour"]),
        ("[parts\n".to_owned(), Some(4), &[]),
    ] {
        let fault = extended(&text).expect_err(&text);
        assert_eq!(fault.line, line, "{fault}");
        assert!(words.iter().all(|word| fault.to_string().contains(word)), "{fault}");
    }
    for (text, word) in [
        ("from = \"2026-06-01\"\nextends = \"fr-2026.1\"", "id"),
        ("id = \"x\"\nextends = \"fr-2026.1\"", "from"),
        ("id = \"x\"\nfrom = \"2026-06-01\"\nextends = \"fr-1999.1\"", "fr-1999.1"),
        ("id = \"x\"\nfrom = \"2026-06-01\"", "windows"),
    ] {
        let fault = Pack::parse(text).expect_err(text);
        assert!(fault.to_string().contains(word), "{fault}");
    }
}
