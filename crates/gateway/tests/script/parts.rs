//! Every part of a long message leaves once.

use std::collections::BTreeMap;
use std::time::Duration;

use facteur_domain::State;
use facteur_smpp::Status;

use crate::house::{RESPONSE_TIMEOUT, SETTLE_WAIT, Setting, play, request, text_of};
use crate::operator::{Act, Operator};

const PATIENCE: Duration = Duration::from_secs(120);
/// One part a second: the second one waits while the first is under way.
const SLOW: Setting = Setting { per_second: 1, clock: "2026-11-24T10:00:00+01:00" };

fn times<const N: usize>(parts: [(u8, usize); N]) -> BTreeMap<u8, usize> {
    BTreeMap::from(parts)
}

#[test]
fn a_part_that_waits_is_not_doubled_by_the_resending_of_another() {
    let mut first = true;
    let operator = move || {
        Operator::new(Duration::ZERO, move |_| match std::mem::take(&mut first) {
            true => Act::HangUp(SETTLE_WAIT + Duration::from_secs(5)),
            false => Act::Take,
        })
    };
    play(SLOW, operator, async |house, operator| {
        let id = house.accept(request(&text_of(2))).await.expect("accepted");
        house.reaches(id, State::Submitted, PATIENCE).await;
        house.clock.pause(Duration::from_secs(30)).await;
        assert_eq!(operator.times(), times([(1, 2), (2, 1)]), "{:?}", operator.submits());
        assert!(house.stored(id).await.possible_duplicate);
    });
}

#[test]
fn a_part_put_off_leaves_though_the_link_goes_before_its_sisters_are_written() {
    let mut first = true;
    let operator = move || {
        Operator::new(Duration::ZERO, move |_| match std::mem::take(&mut first) {
            true => Act::RefuseAndHangUp(Status::THROTTLED, Duration::from_secs(2)),
            false => Act::Take,
        })
    };
    play(SLOW, operator, async |house, operator| {
        let id = house.accept(request(&text_of(3))).await.expect("accepted");
        house.reaches(id, State::Submitted, PATIENCE).await;
        let parts = times([(1, 2), (2, 1), (3, 1)]);
        assert_eq!(operator.times(), parts, "the first was refused once: {:?}", operator.submits());
    });
}

#[test]
fn an_answer_that_comes_late_counts() {
    let late = RESPONSE_TIMEOUT + Duration::from_secs(1);
    let operator = move || Operator::new(Duration::ZERO, move |_| Act::TakeLate(late));
    play(Setting::default(), operator, async |house, operator| {
        let id = house.accept(request("Bonjour")).await.expect("accepted");
        house.reaches(id, State::Submitted, PATIENCE).await;
        house.clock.pause(SETTLE_WAIT * 3).await;
        assert_eq!(operator.times(), times([(1, 1)]), "it is not sent again");
        let stored = house.stored(id).await;
        assert_eq!((stored.state, stored.possible_duplicate), (State::Submitted, false));
    });
}

#[test]
fn an_answer_that_comes_while_it_waits_to_be_sent_again_spares_the_second_journey() {
    // The first answer comes long after it was given up, while the operator puts the second try off.
    let late = RESPONSE_TIMEOUT + SETTLE_WAIT + Duration::from_secs(20);
    let mut first = true;
    let operator = move || {
        Operator::new(Duration::ZERO, move |_| match std::mem::take(&mut first) {
            true => Act::TakeLate(late),
            false => Act::Refuse(Status::THROTTLED),
        })
    };
    play(Setting::default(), operator, async |house, operator| {
        let id = house.accept(request("Bonjour")).await.expect("accepted");
        house.reaches(id, State::Submitted, PATIENCE).await;
        let refused = operator.submits().len();
        house.clock.pause(Duration::from_secs(60)).await;
        assert_eq!(operator.submits().len(), refused, "nothing more is offered");
    });
}
