//! Receipts as the four operators write them: the text of SMPP 3.4, Appendix B, in four dialects,
//! with and without optional parameters. Written from the network's side only; nothing here reads
//! a receipt.

use facteur_smpp::receipt::MessageState;

use crate::network::{Operator, Outcome};

/// TLV tags (section 5.3.2).
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const MESSAGE_STATE: u16 = 0x0427;
const NETWORK_ERROR_CODE: u16 = 0x0423;
/// network_error_code's network type: GSM (section 5.3.2.31).
const NETWORK_GSM: u8 = 3;
/// Characters of the message that a receipt repeats (Appendix B).
const EXCERPT_MAX: usize = 20;

/// A receipt before it is put into words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Receipt {
    /// The id, in the form that the receipt shall have.
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
    /// Unix milliseconds.
    pub(crate) submitted_ms: i64,
    /// Unix milliseconds; set when the receipt leaves the phone's network.
    pub(crate) done_ms: i64,
    /// The beginning of the text, in ASCII.
    pub(crate) excerpt: Box<str>,
}

/// The beginning of a text as receipts repeat it: 20 characters, those outside ASCII as `?`.
pub(crate) fn excerpt(text: &str) -> Box<str> {
    text.chars()
        .take(EXCERPT_MAX)
        .map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' })
        .collect()
}

impl Receipt {
    /// The text in the operator's dialect:
    ///
    /// | operator | keys | dates | order and fields |
    /// | --- | --- | --- | --- |
    /// | Orange | as in Appendix B | 10 digits | all |
    /// | SFR | `Text` in title case | 12 digits | all, `err` without zeros, id in lower case |
    /// | Bouygues | as in Appendix B | 10 digits | `stat` and `err` before `sub`, no text, padded id |
    /// | Free | upper case, a space after the colon | 12 digits | no `sub`, no `dlvrd` |
    pub(crate) fn text(&self, operator: Operator) -> String {
        let Self { id, outcome, excerpt, .. } = self;
        let (word, error) = (word(outcome.state), outcome.error);
        let delivered = u8::from(outcome.state == MessageState::Delivered);
        let short = |ms| date(ms).chars().take(10).collect::<String>();
        let (submitted, done) = (self.submitted_ms, self.done_ms);
        match operator {
            Operator::Orange => format!(
                "id:{id} sub:001 dlvrd:{delivered:03} submit date:{} done date:{} stat:{word} err:{error:03} \
                 text:{excerpt}",
                short(submitted),
                short(done),
            ),
            Operator::Sfr => format!(
                "id:{id} sub:001 dlvrd:{delivered:03} submit date:{} done date:{} stat:{word} err:{error} \
                 Text:{excerpt}",
                date(submitted),
                date(done),
            ),
            Operator::Bouygues => format!(
                "id:{id} stat:{word} err:{error:03} sub:001 dlvrd:{delivered:03} submit date:{} done date:{}",
                short(submitted),
                short(done),
            ),
            Operator::Free => format!(
                "ID: {id} SUBMIT DATE: {} DONE DATE: {} STAT: {word} ERR: {error:03} TEXT: {excerpt}",
                date(submitted),
                date(done),
            ),
        }
    }

    /// The optional parameters that the operator adds: Orange the id and the state, Bouygues the
    /// network's error, Free the state; SFR none.
    pub(crate) fn parameters(&self, operator: Operator) -> Vec<u8> {
        let mut octets = Vec::new();
        let state = [code(self.outcome.state)];
        match operator {
            Operator::Orange => {
                let id: Vec<u8> = self.id.bytes().chain([0]).collect();
                put(&mut octets, RECEIPTED_MESSAGE_ID, &id);
                put(&mut octets, MESSAGE_STATE, &state);
            }
            Operator::Sfr => {}
            Operator::Bouygues => {
                let [high, low] = self.outcome.error.to_be_bytes();
                put(&mut octets, NETWORK_ERROR_CODE, &[NETWORK_GSM, high, low]);
            }
            Operator::Free => put(&mut octets, MESSAGE_STATE, &state),
        }
        octets
    }
}

fn put(octets: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).expect("ids and states are far shorter than 65,536 octets");
    octets.extend(tag.to_be_bytes());
    octets.extend(length.to_be_bytes());
    octets.extend(value);
}

/// The seven letters of Appendix B.
const fn word(state: MessageState) -> &'static str {
    match state {
        MessageState::Enroute => "ENROUTE",
        MessageState::Delivered => "DELIVRD",
        MessageState::Expired => "EXPIRED",
        MessageState::Deleted => "DELETED",
        MessageState::Undeliverable => "UNDELIV",
        MessageState::Accepted => "ACCEPTD",
        MessageState::Unknown => "UNKNOWN",
        MessageState::Rejected => "REJECTD",
    }
}

/// message_state (section 5.2.28).
const fn code(state: MessageState) -> u8 {
    match state {
        MessageState::Enroute => 1,
        MessageState::Delivered => 2,
        MessageState::Expired => 3,
        MessageState::Deleted => 4,
        MessageState::Undeliverable => 5,
        MessageState::Accepted => 6,
        MessageState::Unknown => 7,
        MessageState::Rejected => 8,
    }
}

const DAY_MS: i64 = 86_400_000;

/// `YYMMDDhhmmss` in UTC.
fn date(unix_ms: i64) -> String {
    let (days, ms) = (unix_ms.div_euclid(DAY_MS), unix_ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    let seconds = ms / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}", year.rem_euclid(100))
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are
/// taken to begin in March, so that the leap day is the last of its year.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// The day, counted from 1970-01-01, of a date in the Gregorian calendar: the reverse of [`civil`].
const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// How long from now a validity_period lasts, in milliseconds (section 7.1.1): relative
/// (`YYMMDDhhmmsst00R`, a year as 365 and a month as 30 days) or absolute with its offset from UTC
/// in quarters of an hour. `None`: empty or unreadable.
pub(crate) fn validity_ms(period: &[u8], now_ms: i64) -> Option<i64> {
    let [digits @ .., sign] = period else { return None };
    if digits.len() != 15 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pair = |at: usize| i64::from(digits[at] - b'0') * 10 + i64::from(digits[at + 1] - b'0');
    let [year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10].map(pair);
    let of_day_ms = ((hour * 60 + minute) * 60 + second) * 1000;
    let quarters = pair(13) * 15 * 60_000;
    match sign {
        b'R' => Some((year * 365 + month * 30 + day) * DAY_MS + of_day_ms),
        b'+' | b'-' => {
            let offset = if *sign == b'+' { quarters } else { -quarters };
            let at = day_number(2000 + year, month, day) * DAY_MS + of_day_ms - offset;
            Some((at - now_ms).max(0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T10:30:05Z.
    const SUBMITTED: i64 = 1_795_343_405_000;

    fn receipt(outcome: Outcome) -> Receipt {
        Receipt {
            id: "0042".into(),
            outcome,
            submitted_ms: SUBMITTED,
            done_ms: SUBMITTED + 2_000,
            excerpt: excerpt("L'été arrive, et avec lui"),
        }
    }

    #[test]
    fn each_operator_has_its_dialect() {
        let cases = [
            (
                Operator::Orange,
                Outcome::DELIVERED,
                "id:0042 sub:001 dlvrd:001 submit date:2611221030 done date:2611221030 stat:DELIVRD err:000 \
                 text:L'?t? arrive, et ave",
            ),
            (
                Operator::Sfr,
                Outcome::UNKNOWN_SUBSCRIBER,
                "id:0042 sub:001 dlvrd:000 submit date:261122103005 done date:261122103007 stat:UNDELIV err:3 \
                 Text:L'?t? arrive, et ave",
            ),
            (
                Operator::Bouygues,
                Outcome::EXPIRED,
                "id:0042 stat:EXPIRED err:006 sub:001 dlvrd:000 submit date:2611221030 done date:2611221030",
            ),
            (
                Operator::Free,
                Outcome::DELIVERED,
                "ID: 0042 SUBMIT DATE: 261122103005 DONE DATE: 261122103007 STAT: DELIVRD ERR: 000 \
                 TEXT: L'?t? arrive, et ave",
            ),
        ];
        for (operator, outcome, text) in cases {
            assert_eq!(receipt(outcome).text(operator), text);
        }
    }

    #[test]
    fn parameters_are_tag_length_value() {
        let parameters = |operator| receipt(Outcome::UNKNOWN_SUBSCRIBER).parameters(operator);
        let orange = [0, 0x1E, 0, 5, b'0', b'0', b'4', b'2', 0, 4, 0x27, 0, 1, 5];
        assert_eq!(parameters(Operator::Orange), orange);
        assert_eq!(parameters(Operator::Sfr), []);
        assert_eq!(parameters(Operator::Bouygues), [4, 0x23, 0, 3, 3, 0, 3]);
        assert_eq!(parameters(Operator::Free), [4, 0x27, 0, 1, 5]);
    }

    #[test]
    fn days_and_dates_agree_over_four_centuries() {
        let mut last = (0, 0, 0);
        for day in -50_000..100_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(day_number(year, month, of_month), day);
            assert!((year, month, of_month) > last || day == -50_000);
            last = (year, month, of_month);
        }
        assert_eq!(date(SUBMITTED), "261122103005");
        assert_eq!(date(951_782_400_000), "000229000000");
    }

    #[test]
    fn validity_is_read_in_both_forms() {
        let cases: [(&str, Option<i64>); 8] = [
            ("000000000500000R", Some(300_000)),
            ("000002000000000R", Some(2 * DAY_MS)),
            ("261122103010000+", Some(5_000)),
            ("261122113010004+", Some(5_000)),
            ("261122093010004-", Some(5_000)),
            ("251122103010000+", Some(0)),
            ("", None),
            ("soon", None),
        ];
        for (period, expected) in cases {
            assert_eq!(validity_ms(period.as_bytes(), SUBMITTED), expected, "{period}");
        }
    }
}
