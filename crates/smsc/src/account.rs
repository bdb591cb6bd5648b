//! Accounts: who is bound under which system_id, and what waits for them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use facteur_smpp::Status;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::options::Options;
use crate::outgoing::Outgoing;

/// A limit of so many a second, with a burst of one second's worth.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// When everything that was let through would have passed at an even pace.
    paid_until: Option<Instant>,
}

impl Rate {
    /// Whether one more may pass. `per_s` 0: always.
    pub(crate) fn admits(&mut self, per_s: u32, now: Instant) -> bool {
        if per_s == 0 {
            return true;
        }
        let step = Duration::from_secs(1) / per_s;
        let paid_until = self.paid_until.map_or(now, |until| until.max(now)) + step;
        let admitted = paid_until <= now + Duration::from_secs(1);
        if admitted {
            self.paid_until = Some(paid_until);
        }
        admitted
    }
}

/// One system_id.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// What can leave at once; the front first.
    pub(crate) queue: VecDeque<Outgoing>,
    /// Links bound as receiver or transceiver, and how to wake them.
    pub(crate) receivers: Vec<(u64, Arc<Notify>)>,
    /// Links bound in any way.
    pub(crate) bound: usize,
    /// Its submits.
    pub(crate) rate: Rate,
}

impl Account {
    /// Wakes every link that could take what waits.
    pub(crate) fn wake(&self) {
        for (_, wake) in &self.receivers {
            wake.notify_one();
        }
    }
}

/// All accounts ever seen.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    list: Vec<Account>,
    by_name: HashMap<String, usize>,
    /// The one that bound last.
    latest: Option<usize>,
}

impl Accounts {
    /// Lets a link in.
    ///
    /// # Errors
    /// ESME_RINVSYSID and ESME_RINVPASWD when only known accounts may bind; ESME_RALYBND when the
    /// account has all its links; ESME_RBINDFAIL when there are too many accounts.
    pub(crate) fn bind(
        &mut self,
        system_id: &str,
        password: &str,
        options: &Options,
    ) -> Result<usize, Status> {
        if let Some(known) = &options.accounts {
            let expected = known.get(system_id).ok_or(Status::INVALID_SYSTEM_ID)?;
            if expected != password {
                return Err(Status::INVALID_PASSWORD);
            }
        }
        let index = match self.by_name.get(system_id) {
            Some(index) => *index,
            None if self.list.len() >= options.accounts_max => return Err(Status::BIND_FAILED),
            None => {
                self.list.push(Account::default());
                self.by_name.insert(system_id.to_owned(), self.list.len() - 1);
                self.list.len() - 1
            }
        };
        let max = options.binds_per_account_max;
        if max > 0 && self.list[index].bound >= max {
            return Err(Status::ALREADY_BOUND);
        }
        self.list[index].bound += 1;
        self.latest = Some(index);
        Ok(index)
    }

    /// An account by the index that [`Accounts::bind`] gave.
    pub(crate) fn get(&mut self, index: usize) -> &mut Account {
        &mut self.list[index]
    }

    /// The account that bound last, if any ever did.
    pub(crate) const fn latest(&self) -> Option<usize> {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_admits_its_burst_and_then_its_pace() {
        let start = crate::clock::now();
        let mut rate = Rate::default();
        let at_once = (0..50).filter(|_| rate.admits(20, start)).count();
        assert_eq!(at_once, 20);
        let later = start + Duration::from_millis(500);
        assert_eq!((0..50).filter(|_| rate.admits(20, later)).count(), 10);
        let much_later = start + Duration::from_hours(1);
        assert_eq!((0..50).filter(|_| rate.admits(20, much_later)).count(), 20, "rest is not saved up");
        assert!((0..1_000).all(|_| rate.admits(0, start)));
    }

    #[test]
    fn doors_open_for_known_accounts_only() {
        let known = HashMap::from([("acme".to_owned(), "secret".to_owned())]);
        let options = Options { accounts: Some(known), binds_per_account_max: 1, ..Options::default() };
        let mut accounts = Accounts::default();
        let cases = [
            ("other", "secret", Err(Status::INVALID_SYSTEM_ID)),
            ("acme", "wrong", Err(Status::INVALID_PASSWORD)),
            ("acme", "secret", Ok(0)),
            ("acme", "secret", Err(Status::ALREADY_BOUND)),
        ];
        for (system_id, password, expected) in cases {
            assert_eq!(accounts.bind(system_id, password, &options), expected, "{system_id} {password}");
        }
    }

    #[test]
    fn accounts_are_bounded() {
        let options = Options { accounts_max: 2, ..Options::default() };
        let mut accounts = Accounts::default();
        let bound: Vec<_> = ["a", "b", "c", "a"].map(|name| accounts.bind(name, "", &options)).into();
        assert_eq!(bound, [Ok(0), Ok(1), Err(Status::BIND_FAILED), Ok(0)]);
    }
}
