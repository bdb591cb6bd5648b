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

    /// Takes as many of `wanted` messages out of the key's quota as it has room for.
    pub(crate) fn spend(&self, key: &ApiKey, wanted: usize, now: Timestamp) -> usize {
        let Some(limit) = key.daily_quota else { return wanted };
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        // A request that was let in before midnight may come here after one of the new day: it counts there.
        if day.number < now.utc_day() {
            *day = Day { number: now.utc_day(), ..Day::default() };
        }
        let used = day.used.entry(key.id).or_default();
        let room = usize::try_from(u64::from(limit).saturating_sub(*used)).unwrap_or(usize::MAX);
        let granted = wanted.min(room);
        *used += granted as u64;
        granted
    }

    /// Gives messages back: they were not kept.
    pub(crate) fn refund(&self, key: &ApiKey, messages: usize, now: Timestamp) {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if key.daily_quota.is_some() && day.number == now.utc_day() {
            let used = day.used.entry(key.id).or_default();
            *used = used.saturating_sub(messages as u64);
        }
    }

    /// The documented refusal of a key whose quota is used up.
    pub(crate) fn used_up(key: &ApiKey, now: Timestamp) -> Refusal {
        used_up(key.daily_quota.unwrap_or(0), now)
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
        assert_eq!([1, 5, 1].map(|wanted| quotas.spend(&key(Some(3)), wanted, evening)), [1, 2, 0]);
        let refusal = used_up(3, evening);
        assert_eq!(refusal.code, Code::ApiKeyQuotaExceeded);
        assert_eq!(refusal.details[0].message, "limit=3;type=DAILY;reset_in=3600");
        assert_eq!(refusal.details[0].field, "DAILY");
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(3600)));
        assert_eq!(quotas.spend(&key(Some(3)), 1, Timestamp::from_millis(DAY_MS)), 1, "a new day");
    }

    #[test]
    fn requests_that_straddle_midnight_do_not_start_the_day_again() {
        let quotas = Quotas::default();
        let (before, after) = (Timestamp::from_millis(DAY_MS - 1), Timestamp::from_millis(DAY_MS));
        assert_eq!([after, before, after, before].map(|at| quotas.spend(&key(Some(2)), 1, at)), [1, 1, 0, 0]);
    }

    #[test]
    fn what_is_not_kept_does_not_count() {
        let quotas = Quotas::default();
        let now = Timestamp::from_millis(5);
        assert_eq!(quotas.spend(&key(Some(3)), 3, now), 3);
        quotas.refund(&key(Some(3)), 2, now);
        assert_eq!(quotas.spend(&key(Some(3)), 3, now), 2);
    }

    #[test]
    fn a_restart_remembers() {
        let quotas = Quotas::default();
        let now = Timestamp::from_millis(5);
        quotas.restore(now, vec![(AccountKeyId::from_key(16), 1)]);
        assert_eq!(quotas.spend(&key(Some(1)), 1, now), 0);
        assert_eq!(quotas.spend(&key(None), 7, now), 7);
    }
}
