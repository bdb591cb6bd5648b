//! Every way in which the network can misbehave, changeable while it runs.

use std::time::Duration;

use facteur_smpp::Status;

/// Cuts the link that carries a certain submit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Submits that still pass, over all links; the one after them, or the last of them, is cut:
    /// 1 cuts at the next submit. The message itself is taken and reaches its phone.
    pub after: u64,
    /// Whether the last submit is answered before the link goes.
    pub answered: bool,
}

/// Refuses submits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refuse {
    /// The command_status of the answer.
    pub status: Status,
    /// How many submits are still refused.
    pub next: u64,
}

/// How the network misbehaves. The default is not at all. Counts run down as they are used, so
/// [`crate::Network::faults`] shows what is left of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// Every submit is answered this much later.
    pub answer_delay: Duration,
    /// Answers leave in groups of this size, last first; a group that does not fill up leaves after
    /// 50 ms. 0 and 1: in order.
    pub answers_reversed_by: usize,
    /// So many submits, from now on, are taken but never answered.
    pub drop_next_answers: u64,
    /// One submit in so many is taken but never answered. 0: none.
    pub drop_one_answer_in: u64,
    /// Cut a link at a certain submit.
    pub cut: Option<Cut>,
    /// So many answers, from now on, are preceded by a deliver_sm whose body is cut short: well
    /// framed, so that the link can survive it.
    pub bad_pdus: u64,
    /// So many answers, from now on, are preceded by octets that are no SMPP: the link cannot
    /// survive them.
    pub garbage: u64,
    /// Every receipt leaves twice.
    pub receipts_doubled: bool,
    /// Every receipt leaves before its submit's answer, as the test number 89 does.
    pub receipts_first: bool,
    /// Every receipt has its id in another form, as the test number 90 does.
    pub receipts_other_id: bool,
    /// No receipt leaves at all.
    pub receipts_withheld: bool,
    /// Refuse the next submits.
    pub refuse: Option<Refuse>,
    /// Every bind is refused with this.
    pub refuse_binds: Option<Status>,
    /// New links are accepted and nothing on them is ever answered.
    pub half_open: bool,
    /// Nothing is read from any link.
    pub stop_reading: bool,
    /// Octets are written one at a time.
    pub byte_by_byte: bool,
}

impl Faults {
    /// Runs down a count: whether the fault strikes this time.
    pub(crate) const fn strike(count: &mut u64) -> bool {
        let strikes = *count > 0;
        *count = count.saturating_sub(1);
        strikes
    }

    /// The status with which the next submit must be refused, if any.
    pub(crate) fn refusal(&mut self) -> Option<Status> {
        let refuse = self.refuse.as_mut()?;
        let status = refuse.status;
        if !Self::strike(&mut refuse.next) {
            self.refuse = None;
            return None;
        }
        Some(status)
    }

    /// Whether the link must be cut at this submit, and if so whether it is answered first.
    pub(crate) fn cut_now(&mut self) -> Option<bool> {
        let cut = self.cut.as_mut()?;
        cut.after = cut.after.saturating_sub(1);
        if cut.after > 0 {
            return None;
        }
        self.cut.take().map(|cut| cut.answered)
    }
}

#[cfg(test)]
mod tests {
    use facteur_smpp::Status;

    use super::{Cut, Faults, Refuse};

    #[test]
    fn a_refusal_strikes_as_often_as_it_says() {
        let status = Status(0x14);
        let mut faults = Faults { refuse: Some(Refuse { status, next: 2 }), ..Faults::default() };
        let seen: Vec<_> = (0..4).map(|_| faults.refusal()).collect();
        assert_eq!(seen, [Some(status), Some(status), None, None]);
        assert_eq!(faults, Faults::default());
    }

    #[test]
    fn a_cut_strikes_once_at_its_submit() {
        let mut faults = Faults { cut: Some(Cut { after: 3, answered: true }), ..Faults::default() };
        let seen: Vec<_> = (0..5).map(|_| faults.cut_now()).collect();
        assert_eq!(seen, [None, None, Some(true), None, None]);
    }
}
