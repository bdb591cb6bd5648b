//! What the numbering plan says about a number: a table read once, walked digit by digit.

use std::sync::LazyLock;

use super::Msisdn;

/// The facts, dated and sourced row by row.
const ROWS: &str = include_str!("../../data/numbering-fr.csv");
/// Columns of a row.
const COLUMNS: usize = 9;
/// 10^14: what brings out the first of fifteen digits.
const FIRST_OF_FIFTEEN: u64 = 100_000_000_000_000;
/// Digits of the longest number (E.164).
const LONGEST: u32 = 15;

/// What a range of numbers is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum RangeKind {
    /// Mobile phones: they receive SMS.
    Mobile,
    /// Mobile or fixed; the prefix does not tell which (Saint-Pierre-et-Miquelon, the Pacific).
    MobileOrFixed,
    /// Fixed lines: geographic 01 to 05, and 09 (box, VoIP).
    Landline,
    /// Verified polyvalent numbers (NPV), for automated calls and messages.
    Npv,
    /// 0937 to 0939: technical platforms in a two-way exchange.
    Platform,
    /// 08: value-added services, free or charged.
    ValueAdded,
    /// 0700: machines.
    M2m,
    /// Nobody has these numbers.
    Unassigned,
    /// Short codes, which are senders and not recipients.
    Special,
    /// A block of an overseas territory, invalid behind +33: see [`Range::belongs_to`].
    OverseasAsMainland,
    /// A known prefix with too few or too many digits behind it.
    WrongLength,
    /// Outside the plans we know.
    Foreign,
}

impl RangeKind {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            // A number for fiction has the form of a mobile; the range's `fiction` tells it apart.
            "mobile" | "fiction" => Self::Mobile,
            "mobile-or-fixed" => Self::MobileOrFixed,
            "landline" => Self::Landline,
            "npv" => Self::Npv,
            "platform" => Self::Platform,
            "value-added" => Self::ValueAdded,
            "m2m" => Self::M2m,
            "unassigned" => Self::Unassigned,
            "special" => Self::Special,
            "overseas-as-mainland" => Self::OverseasAsMainland,
            _ => return None,
        })
    }
}

/// A range of the numbering plan, with where the fact comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// What it is for.
    pub kind: RangeKind,
    /// ISO 3166 codes of the territories that share it, joined by `|`; empty when unknown.
    pub territory: &'static str,
    /// IANA time zone of its subscribers, when one is known.
    pub zone: Option<&'static str>,
    /// Id of the source of the fact.
    pub source: &'static str,
    /// How sure: A official text, B libphonenumber metadata, C third party, D inferred.
    pub confidence: char,
    /// For [`RangeKind::OverseasAsMainland`]: the country code under which the number is valid.
    pub belongs_to: Option<u16>,
    /// Kept for fiction: no subscriber ever has it.
    pub fiction: bool,
}

/// What is said of a number outside the plans we know.
static FOREIGN: Range = Range {
    kind: RangeKind::Foreign,
    territory: "",
    zone: None,
    source: "",
    confidence: 'D',
    belongs_to: None,
    fiction: false,
};

/// One row: the range, its twin for numbers of a wrong length, and the lengths that fit.
struct Row {
    range: Range,
    misfit: Range,
    /// Bit n is set when a number of n digits, country code included, fits.
    lengths: u16,
}

/// A node of the tree of prefixes.
#[derive(Default)]
struct Node {
    /// The node behind each digit; 0, the root, for none.
    next: [u16; 10],
    /// Rows whose prefix ends here.
    rows: Vec<u16>,
}

/// The tree of prefixes and the rows that its nodes point to.
struct Plan {
    nodes: Vec<Node>,
    rows: Vec<Row>,
}

static PLAN: LazyLock<Plan> = LazyLock::new(|| Plan::read(ROWS));

/// The range of `number`.
pub(super) fn range(number: Msisdn) -> &'static Range {
    PLAN.find(number.digits())
}

impl Plan {
    /// Reads the table. A row that cannot be read is left out; a test reads every row.
    fn read(table: &'static str) -> Self {
        let mut plan = Self { nodes: vec![Node::default()], rows: Vec::new() };
        for (prefix, row) in lines(table).filter_map(read_row) {
            plan.insert(prefix, row);
        }
        plan
    }

    fn insert(&mut self, prefix: &str, row: Row) {
        let mut at = 0;
        for digit in prefix.bytes().map(|byte| usize::from(byte - b'0')) {
            let next = usize::from(self.nodes[at].next[digit]);
            at = if next == 0 {
                self.nodes.push(Node::default());
                let new = self.nodes.len() - 1;
                self.nodes[at].next[digit] = u16::try_from(new).unwrap_or(0);
                new
            } else {
                next
            };
        }
        self.nodes[at].rows.push(u16::try_from(self.rows.len()).unwrap_or(0));
        self.rows.push(row);
    }

    /// The row with the longest prefix that takes a number of this length; failing that, the
    /// longest prefix's word on a wrong length.
    fn find(&self, digits: u64) -> &Range {
        let count = digits.checked_ilog10().unwrap_or(0) + 1;
        let mut rest = digits.saturating_mul(10_u64.pow(LONGEST.saturating_sub(count)));
        let (mut at, mut fit, mut known) = (0, None, None);
        for _ in 0..count {
            let digit = usize::try_from(rest / FIRST_OF_FIFTEEN).unwrap_or(0) % 10;
            rest = rest % FIRST_OF_FIFTEEN * 10;
            at = usize::from(self.nodes[at].next[digit]);
            if at == 0 {
                break;
            }
            for row in self.nodes[at].rows.iter().map(|row| &self.rows[usize::from(*row)]) {
                known = Some(row);
                if row.lengths >> count & 1 == 1 {
                    fit = Some(row);
                }
            }
        }
        match (fit, known) {
            (Some(row), _) => &row.range,
            (None, Some(row)) => &row.misfit,
            (None, None) => &FOREIGN,
        }
    }
}

/// The rows of the table, without comments and the header.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1)
}

fn read_row(line: &'static str) -> Option<(&'static str, Row)> {
    let mut columns = [""; COLUMNS];
    let mut found = 0;
    for (at, column) in line.split(',').enumerate() {
        *columns.get_mut(at)? = column;
        found = at + 1;
    }
    let [prefix, lengths, kind, territory, zone, belongs_to, confidence, source, _note] = columns;
    if found != COLUMNS || prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let range = Range {
        kind: RangeKind::from_name(kind)?,
        territory,
        zone: (!zone.is_empty()).then_some(zone),
        source,
        confidence: confidence.chars().next()?,
        belongs_to: if belongs_to.is_empty() { None } else { Some(belongs_to.parse().ok()?) },
        fiction: kind == "fiction",
    };
    let misfit = Range { kind: RangeKind::WrongLength, belongs_to: None, fiction: false, ..range };
    Some((prefix, Row { range, misfit, lengths: total_lengths(prefix, lengths)? }))
}

/// `9|13` national digits behind `prefix`, as bits of whole lengths.
fn total_lengths(prefix: &str, national: &str) -> Option<u16> {
    // +33 has a country code of two digits; every overseas code has three.
    let country = if prefix.starts_with("33") { 2 } else { 3 };
    national.split('|').try_fold(0, |bits, length| {
        let total = length.parse::<u32>().ok()? + country;
        Some(bits | 1_u16.checked_shl(total)?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> RangeKind {
        Msisdn::parse(text).expect(text).range().kind
    }

    #[test]
    fn every_row_reads() {
        for line in lines(ROWS) {
            let (prefix, row) = read_row(line).expect(line);
            let range = row.range;
            assert!(row.lengths != 0 && !range.source.is_empty(), "{line}");
            assert!("ABCD".contains(range.confidence), "{line}");
            assert_eq!(range.kind == RangeKind::OverseasAsMainland, range.belongs_to.is_some(), "{line}");
            assert!(range.zone.is_none_or(|zone| jiff::tz::TimeZone::get(zone).is_ok()), "{line}");
            assert!(prefix.len() <= 7, "{line}");
        }
        assert_eq!(PLAN.rows.len(), lines(ROWS).count());
    }

    #[test]
    fn malformed_rows_are_left_out() {
        for line in [
            "",
            "336,9,mobile,FR,,,A,S",
            "336,9,mobile,FR,,,A,S,note,more",
            "336,nine,mobile,FR,,,A,S,",
            "336,14,mobile,FR,,,A,S,",
            "33a,9,mobile,FR,,,A,S,",
            "336,9,portable,FR,,,A,S,",
            "336,9,mobile,FR,,,,S,",
        ] {
            assert!(read_row(line).is_none(), "{line}");
        }
        let plan = Plan::read("header\nbad\n336,9,mobile,FR,,,A,S,\n");
        assert_eq!(plan.find(33_612_345_678).kind, RangeKind::Mobile);
        assert_eq!(plan.find(33_112_345_678).kind, RangeKind::Foreign);
    }

    #[test]
    fn ranges_of_the_plan() {
        use RangeKind as K;
        for (number, expected) in [
            ("+33612345678", K::Mobile),
            ("+33600000000", K::Mobile),
            ("+33699999999", K::Mobile),
            ("+33638999999", K::Mobile),
            ("+33695123456", K::Mobile),
            ("+33730000000", K::Mobile),
            ("+33799999999", K::Mobile),
            ("+33700123456", K::M2m),
            ("+337001234567890", K::M2m),
            ("+33701234567", K::Unassigned),
            ("+33710000000", K::Unassigned),
            ("+33729999999", K::Unassigned),
            ("+33012345678", K::Unassigned),
            ("+33123456789", K::Landline),
            ("+33262123456", K::Landline),
            ("+33561123456", K::Landline),
            ("+33912345678", K::Landline),
            ("+33901123456", K::Landline),
            ("+339011234567890", K::Landline),
            ("+33162123456", K::Npv),
            ("+33949123456", K::Npv),
            ("+33937123456", K::Platform),
            ("+33939123456", K::Platform),
            ("+33940123456", K::Landline),
            ("+33800123456", K::ValueAdded),
            ("+33892123456", K::ValueAdded),
            ("+3336180", K::Special),
            ("+3338180", K::Special),
            ("+3333700", K::Special),
            ("+33692123456", K::OverseasAsMainland),
            ("+33709212345", K::OverseasAsMainland),
            ("+33639970000", K::OverseasAsMainland),
            ("+33639990000", K::OverseasAsMainland),
            ("+262692123456", K::Mobile),
            ("+262639123456", K::Mobile),
            ("+590690123456", K::Mobile),
            ("+594694123456", K::Mobile),
            ("+596696123456", K::Mobile),
            ("+508412345", K::MobileOrFixed),
            ("+508708412345", K::MobileOrFixed),
            ("+687751234", K::MobileOrFixed),
            ("+68987123456", K::MobileOrFixed),
            ("+262262123456", K::Foreign),
            ("+32470123456", K::Foreign),
            ("+14155550100", K::Foreign),
            ("+447700900123", K::Foreign),
        ] {
            assert_eq!(kind(number), expected, "{number}");
        }
    }

    #[test]
    fn a_known_prefix_wants_its_length() {
        for number in [
            "+3361234567",
            "+336123456789",
            "+330612345678",
            "+33123456",
            "+331234567890123",
            "+33700123456789",
            "+26269212345",
            "+2626921234567",
            "+50841234567",
        ] {
            assert_eq!(kind(number), RangeKind::WrongLength, "{number}");
        }
    }

    /// The rule for mobiles as section 6 of the French rules words it, for every block of ten
    /// thousand numbers behind +33.
    #[test]
    fn mobiles_are_06_and_073_to_079_without_the_overseas_blocks() {
        for block in 0..100_000_u64 {
            let national = format!("{block:05}");
            let overseas = ["639", "690", "691", "692", "693", "694", "696", "697"];
            let mobile = match national.as_bytes() {
                [b'6', ..] => !overseas.iter().any(|prefix| national.starts_with(prefix)),
                [b'7', b'3'..=b'9', ..] => true,
                _ => false,
            };
            let number = Msisdn::from_digits(33_000_000_000 + block * 10_000 + 42).expect("eleven digits");
            let range = number.range();
            assert_eq!(range.kind == RangeKind::Mobile && !range.fiction, mobile, "{national}");
            assert_eq!(range.fiction, national == "63998", "{national}");
        }
    }

    #[test]
    fn ranges_say_where_and_when() {
        for (number, territory, zone) in [
            ("+33612345678", "FR", Some("Europe/Paris")),
            ("+262692123456", "RE", Some("Indian/Reunion")),
            ("+262639123456", "YT", Some("Indian/Mayotte")),
            ("+590690123456", "GP|MF|BL", Some("America/Guadeloupe")),
            ("+68987123456", "PF", Some("Pacific/Tahiti")),
            ("+33692123456", "RE", Some("Indian/Reunion")),
            ("+14155550100", "", None),
        ] {
            let range = Msisdn::parse(number).expect(number).range();
            assert_eq!((range.territory, range.zone), (territory, zone), "{number}");
        }
    }

    /// The row a reader of the table would choose: compares text with text.
    fn by_hand(number: &str) -> Option<(&'static str, bool)> {
        let fits = |columns: &Vec<&str>| {
            let country = if columns[0].starts_with("33") { 2 } else { 3 };
            columns[1].split('|').any(|n| n.parse() == Ok(number.len() - country))
        };
        let mut rows: Vec<Vec<&'static str>> = lines(ROWS)
            .map(|line| line.split(',').collect::<Vec<_>>())
            .filter(|columns| number.starts_with(columns[0]))
            .collect();
        rows.sort_by_key(|columns| columns[0].len());
        let fit = rows.iter().rfind(|columns| fits(columns)).map(|columns| (columns[2], true));
        fit.or_else(|| rows.last().map(|columns| (columns[2], false)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn the_tree_agrees_with_the_table(
            start in proptest::sample::select(vec![
                "", "33", "336", "337", "3370", "33709", "339", "3394", "262", "590", "594", "596", "508", "68",
            ]),
            tail in "[1-9][0-9]{5,12}",
        ) {
            let mut text = format!("{start}{tail}");
            text.truncate(15);
            let number = Msisdn::parse(&format!("+{text}")).expect("six to fifteen digits");
            let range = number.range();
            match by_hand(&text) {
                Some((kind, true)) => {
                    prop_assert_eq!(Some(range.kind), RangeKind::from_name(kind));
                    prop_assert_eq!(range.fiction, kind == "fiction");
                }
                Some((_, false)) => prop_assert_eq!(range.kind, RangeKind::WrongLength),
                None => prop_assert_eq!(range.kind, RangeKind::Foreign),
            }
        }
    }
}
