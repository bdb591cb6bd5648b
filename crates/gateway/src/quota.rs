//! Daily quotas: messages accepted per key and UTC day, counted in memory, kept by the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use facteur_domain::{AccountKeyId, Timestamp};
use facteur_store::ApiKey;

use crate::refusal::{Code, Detail, Refusal};

const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Default)]
struct Day {
    number: i64,
    used: HashMap<AccountKeyId, u64, foldhash::fast::RandomState>,
}

/// The day's counts.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    day: Mutex<Day>,
}

impl Quotas {
    /// Takes up what the store counted on the UTC day of `now` before this start.
    pub(crate) fn restore(&self, now: Timestamp, used: Vec<(AccountKeyId, u64)>) {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        *day = Day { number: now.utc_day(), used: used.into_iter().collect() };
    }

    /// Takes one message out of the key's quota.
    ///
    /// # Errors
    /// The quota is used up: the documented refusal.
    pub(crate) fn spend(&self, key: &ApiKey, now: Timestamp) -> Result<(), Refusal> {
        let Some(limit) = key.daily_quota else { return Ok(()) };
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if day.number != now.utc_day() {
            *day = Day { number: now.utc_day(), ..Day::default() };
        }
        let used = day.used.entry(key.id).or_default();
        if *used >= u64::from(limit) {
            return Err(used_up(limit, now));
        }
        *used += 1;
        Ok(())
    }

    /// Gives one message back: it was not kept.
    pub(crate) fn refund(&self, key: &ApiKey, now: Timestamp) {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if key.daily_quota.is_some() && day.number == now.utc_day() {
            let used = day.used.entry(key.id).or_default();
            *used = used.saturating_sub(1);
        }
    }
}

/// The documented form: `limit=1000;type=DAILY;reset_in=3600` in a detail whose field is `DAILY`.
fn used_up(limit: u32, now: Timestamp) -> Refusal {
    let next_day = (now.utc_day() + 1) * DAY_MS;
    let reset = Duration::from_millis(u64::try_from(next_day - now.millis()).unwrap_or(0));
    let seconds = reset.as_millis().div_ceil(1000);
    let detail = Detail {
        field: "DAILY",
        message: format!("limit={limit};type=DAILY;reset_in={seconds}"),
        rule: None,
    };
    let refusal = Refusal::new(
        Code::ApiKeyQuotaExceeded,
        format!("This key's daily quota of {limit} messages is used up; it starts again at 00:00 UTC."),
    );
    Refusal { details: vec![detail], retry_after: Some(reset), ..refusal }
}

#[cfg(test)]
mod tests {
    use facteur_domain::{Redacted, WorkspaceId};

    use super::*;

    fn key(quota: Option<u32>) -> ApiKey {
        ApiKey {
            id: AccountKeyId::from_key(16),
            workspace: WorkspaceId::from_key(16),
            label: String::new(),
            visible: String::new(),
            hash: Redacted::new([0; 32]),
            scopes: Vec::new(),
            test: false,
            read_per_second: 1,
            write_per_second: 1,
            daily_quota: quota,
            created_at: Timestamp::from_millis(0),
            revoked_at: None,
        }
    }

    #[test]
    fn a_quota_ends_and_starts_again_with_the_utc_day() {
        let quotas = Quotas::default();
        let evening = Timestamp::from_millis(DAY_MS - 3_600_000);
        assert!(quotas.spend(&key(Some(2)), evening).is_ok());
        assert!(quotas.spend(&key(Some(2)), evening).is_ok());
        let refusal = quotas.spend(&key(Some(2)), evening).expect_err("used up");
        assert_eq!(refusal.code, Code::ApiKeyQuotaExceeded);
        assert_eq!(refusal.details[0].message, "limit=2;type=DAILY;reset_in=3600");
        assert_eq!(refusal.details[0].field, "DAILY");
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(3600)));
        assert!(quotas.spend(&key(Some(2)), Timestamp::from_millis(DAY_MS)).is_ok(), "a new day");
    }

    #[test]
    fn what_is_not_kept_does_not_count() {
        let quotas = Quotas::default();
        let now = Timestamp::from_millis(5);
        assert!(quotas.spend(&key(Some(1)), now).is_ok());
        quotas.refund(&key(Some(1)), now);
        assert!(quotas.spend(&key(Some(1)), now).is_ok());
        assert!(quotas.spend(&key(Some(1)), now).is_err());
    }

    #[test]
    fn a_restart_remembers() {
        let quotas = Quotas::default();
        let now = Timestamp::from_millis(5);
        quotas.restore(now, vec![(AccountKeyId::from_key(16), 1)]);
        assert!(quotas.spend(&key(Some(1)), now).is_err());
        assert!(quotas.spend(&key(None), now).is_ok());
    }
}
