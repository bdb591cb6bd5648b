//! What must hold, whatever happened.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use facteur_domain::{Class, State, Timestamp};
use jiff::civil::Weekday;

use crate::world::{Ending, Kind, Taken, World};

/// Between the hand-over that is judged and the octets at the operator.
const ON_THE_WAY: Duration = Duration::from_millis(1_500);
/// Between the last octets that are written before a STOP is answered and the operator that reads them, on another
/// link than the answer: what a read takes, a few times.
const ON_THE_WIRE: Duration = Duration::from_millis(100);

/// What SQLite says of a database, and how many messages each client reference has.
pub(crate) fn integrity(path: &Path) -> String {
    let conn = rusqlite::Connection::open(path).expect("opens");
    let said: String =
        conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be checked");
    let doubled: i64 = conn
        .query_row(
            "SELECT count(*) FROM (SELECT 1 FROM message WHERE client_reference IS NOT NULL \
             GROUP BY client_reference HAVING count(*) > 1)",
            [],
            |row| row.get(0),
        )
        .expect("countable");
    format!("{said}, {doubled} requests kept twice")
}

/// Whether marketing may leave at this instant.
pub(crate) fn is_open(at: Timestamp) -> bool {
    let there = at.to_jiff().in_tz("Europe/Paris").expect("a zone");
    there.weekday() != Weekday::Sunday && (8..20).contains(&there.hour())
}

/// Whether what was held would have left: a clock that is set back over an opening holds it until the next.
pub(crate) fn opened_long_ago(at: Timestamp) -> bool {
    is_open(at) && is_open(at.minus(Duration::from_mins(2)))
}

impl World {
    /// Holds the world to the contract.
    pub(crate) fn verdict(&self) {
        let mut broken = Vec::new();
        if self.sound != "ok, 0 requests kept twice" {
            broken.push(self.sound.clone());
        }
        let mut taken: BTreeMap<u64, Vec<&Taken>> = BTreeMap::new();
        for submit in &self.taken {
            taken.entry(submit.token).or_default().push(submit);
        }
        for (token, asked) in &self.asked {
            let submits = taken.get(token).map_or(&[][..], Vec::as_slice);
            if let Some(why) = self.judge(*token, asked.kind, submits) {
                let end = self.ends.get(token);
                let state =
                    end.map(|end| (end.stored.state, end.stored.attempts, end.stored.possible_duplicate));
                let story: Vec<_> = end
                    .map(|end| {
                        end.story.iter().map(|step| format!("{} {}", step.at.millis(), step.what)).collect()
                    })
                    .unwrap_or_default();
                broken.push(format!(
                    "#{token} {:?} to {}: {why}; taken {} times, {state:?} {story:?}",
                    asked.kind,
                    asked.phone,
                    submits.len()
                ));
            }
        }
        for submit in &self.taken {
            broken.extend(self.judge_submit(submit));
        }
        for phone in self.stops.keys() {
            if self.stops_in_force.get(phone) != Some(&true) {
                broken.push(format!("the STOP of {phone} was answered and is not in force"));
            }
        }
        assert!(broken.is_empty(), "seed {}:\n{}", self.seed, broken.join("\n"));
    }

    fn judge(&self, token: u64, kind: Kind, submits: &[&Taken]) -> Option<String> {
        let asked = &self.asked[&token];
        if asked.refused {
            return (!submits.is_empty()).then(|| "refused, and yet sent".to_owned());
        }
        if asked.accepted.is_none() {
            return Some("never answered, though asked again in peace".to_owned());
        }
        let Some(end) = self.ends.get(&token) else { return Some("came to no end".to_owned()) };
        let (state, marked) = (end.stored.state, end.stored.possible_duplicate);
        if kind == Kind::Cancelled {
            let fine = state == State::Cancelled && submits.is_empty();
            return (!fine).then(|| "cancelled, and yet".to_owned());
        }
        let resent = match kind {
            Kind::Alert => false,
            Kind::Marketing => self.plan.marketing_is_resent,
            _ => true,
        };
        let parts = if kind == Kind::Long { 1..=2 } else { 1..=1_u8 };
        let times = |part| submits.iter().filter(|submit| submit.part == part).count();
        let doubled = parts.clone().any(|part| times(part) > 1);
        if doubled && !marked {
            return Some("doubled and not marked".to_owned());
        }
        if doubled && !resent {
            return Some("sent again against its class".to_owned());
        }
        if kind == Kind::Marketing && !end.verdict {
            return Some("no verdict is kept".to_owned());
        }
        let ended = |ending| submits.iter().any(|submit| submit.ending == ending);
        let wrong = match state {
            State::Delivered => !parts.clone().all(|part| {
                submits.iter().any(|submit| submit.part == part && submit.ending == Ending::Delivered)
            }),
            State::Undelivered => !ended(Ending::Undelivered),
            // By the operator's word, which it gave without taking the message that time.
            State::Rejected => self.plan.refused == 0,
            // Left by its class, or its receipt never came.
            State::Unknown => resent && !ended(Ending::Silent) && kind != Kind::Otp,
            // Its validity ran out before it could leave: five minutes for a code.
            State::Expired => kind != Kind::Otp && kind != Kind::Marketing,
            State::Blocked => kind != Kind::Marketing,
            State::Scheduled => kind != Kind::Marketing || opened_long_ago(self.ended_at()),
            _ => true,
        };
        wrong.then(|| format!("{state} is not what happened to it"))
    }

    fn ended_at(&self) -> Timestamp {
        let start = Timestamp::from_jiff(self.plan.start.parse().expect("RFC 3339"));
        Timestamp::from_millis(start.plus(self.before).millis() + self.jumped)
    }

    /// No marketing after a STOP, none outside its window, nothing that nobody asked for.
    fn judge_submit(&self, submit: &Taken) -> Option<String> {
        let Taken { token, phone, at, wall, .. } = submit;
        if *token == 0 {
            // What the product answers to a STOP by itself.
            return self.asked.is_empty().then(|| "an answer to nothing".to_owned());
        }
        let Some(asked) = self.asked.get(token) else {
            return Some(format!("#{token} was sent and never asked for"));
        };
        if asked.phone != *phone {
            return Some(format!("#{token} went to {phone}"));
        }
        let class = self.ends.get(token).map(|end| end.stored.message.class);
        if asked.kind != Kind::Marketing || submit.delayed {
            return None;
        }
        if class.is_some_and(|class| class != Class::Marketing) {
            return Some(format!("#{token} lost its class"));
        }
        if self.stops.get(phone).is_some_and(|stop| *at > *stop + ON_THE_WIRE) {
            return Some(format!("#{token} left at {at:?}, after the STOP of {phone}"));
        }
        let jumped = self.last_jump.is_some_and(|jump| jump + ON_THE_WAY > *at);
        let closed = !is_open(*wall) && !is_open(wall.minus(ON_THE_WAY));
        (closed && !jumped).then(|| format!("#{token} left at {wall}, outside its window"))
    }
}
