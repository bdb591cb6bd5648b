//! `[sending]`: what messages are worth and risk, by class, and the limits that are not law.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Class, ShortCode};
use facteur_gateway::{ClassPolicies, SendingRules, UnknownPolicy};
use facteur_rules::{Pack, Packs};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::values::{duration, number};

const DAY: u64 = 86_400_000;
/// The profiles of the embedded rule packs.
pub(crate) const PROFILES: [&str; 4] = ["strict", "charter-2026", "charter-2026-sober", "ultra-strict"];

/// Limits on sending.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sending {
    /// How long a message whose answer was lost waits for a receipt before its policy decides.
    #[serde(deserialize_with = "duration::<_, 0, DAY>")]
    pub(crate) settle_wait: Duration,
    /// How long a receipt is awaited.
    #[serde(deserialize_with = "duration::<_, 60_000, { 30 * DAY }>")]
    pub(crate) receipt_wait: Duration,
    /// How long a receipt is kept whose message nobody knows.
    #[serde(deserialize_with = "duration::<_, DAY, { 366 * DAY }>")]
    pub(crate) orphans_kept: Duration,
    /// How often one message is offered to operators that say "try later", and resent.
    #[serde(deserialize_with = "number::<_, u16, 1, 1_000>")]
    pub(crate) attempts_max: u16,
    /// How long answers are kept for their idempotency keys.
    #[serde(deserialize_with = "duration::<_, 60_000, { 7 * DAY }>")]
    pub(crate) idempotency_kept: Duration,
    /// How far ahead `send_at` may be.
    #[serde(deserialize_with = "duration::<_, 0, { 366 * DAY }>")]
    pub(crate) send_at_max: Duration,
    /// Messages kept in memory for sending; more wait on disk.
    #[serde(deserialize_with = "number::<_, usize, 100, 10_000_000>")]
    pub(crate) queue_max: usize,
    /// How long a message may take to be on disk while requests crowd, before some are refused.
    #[serde(deserialize_with = "duration::<_, 10, 30_000>")]
    pub(crate) accept_target: Duration,
    /// The hours that no workspace may go beyond: a profile of the rule packs.
    #[serde(deserialize_with = "profile")]
    pub(crate) profile: String,
    /// The short code that STOP mentions name when neither the sender nor its workspace has one.
    #[serde(deserialize_with = "stop_code")]
    pub(crate) stop_code: Option<ShortCode>,
    /// Files of rule packs beside the embedded ones: another window, an extra closed day, a partner's
    /// protected names. Read at start (requirement `fr-pack-replaceable`).
    #[serde(deserialize_with = "rule_packs")]
    pub(crate) rule_packs: RulePacks,
    /// By class.
    pub(crate) classes: Classes,
}

/// The rules in force: the embedded packs and those of the files.
#[derive(Debug, Clone)]
pub(crate) struct RulePacks {
    files: Vec<PathBuf>,
    packs: Arc<Packs>,
}

impl PartialEq for RulePacks {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl Default for RulePacks {
    fn default() -> Self {
        Self { files: Vec::new(), packs: SendingRules::default().packs }
    }
}

/// Reads the files while the setting that names them is read, so that a fault in one is told with its
/// line here and its table and line there.
fn rule_packs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RulePacks, D::Error> {
    let files = Vec::<PathBuf>::deserialize(deserializer)?;
    let mut packs = Packs::embedded().clone();
    for file in &files {
        let wrong = |why: &dyn std::fmt::Display| D::Error::custom(format!("{}: {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|why| wrong(&why))?;
        packs = packs.with(Pack::parse(&text).map_err(|why| wrong(&why))?);
    }
    Ok(RulePacks { files, packs: Arc::new(packs) })
}

/// The name of a profile that the embedded packs know.
fn profile<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if PROFILES.contains(&name.as_str()) {
        return Ok(name);
    }
    Err(D::Error::custom(format!("no profile is called {name:?}; there are {}", PROFILES.join(", "))))
}

/// A marketing short code, or nothing for an empty text.
fn stop_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ShortCode>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let code = text.parse::<ShortCode>().ok().filter(|code| code.is_marketing());
    code.map(Some).ok_or_else(|| D::Error::custom("a STOP mention names a marketing short code, 36xxx"))
}

/// One table for each class that departs from its defaults.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Classes {
    marketing: Policy,
    transactional: Policy,
    otp: Policy,
    alert: Policy,
    conversational: Policy,
}

/// What differs from a class's defaults.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Policy {
    /// What is done with a message that may or may not have been taken.
    unknown: Option<Unknown>,
    /// For how long a message is worth delivering when the request does not say.
    validity: Option<Validity>,
    /// Its share of a route while all classes have messages waiting.
    share: Option<Share>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unknown {
    Resend,
    Leave,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(transparent)]
struct Validity(#[serde(deserialize_with = "duration::<_, 60_000, { 2 * DAY }>")] Duration);

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(transparent)]
struct Share(#[serde(deserialize_with = "number::<_, u16, 1, 1_000>")] u16);

impl Default for Sending {
    fn default() -> Self {
        let rules = SendingRules::default();
        Self {
            settle_wait: rules.settle_wait,
            receipt_wait: rules.receipt_wait,
            orphans_kept: rules.orphans_kept,
            attempts_max: rules.attempts_max,
            idempotency_kept: rules.idempotency_kept,
            send_at_max: rules.send_at_max,
            queue_max: rules.queue_max,
            accept_target: rules.accept_target,
            profile: rules.profile,
            stop_code: rules.stop_code,
            rule_packs: RulePacks::default(),
            classes: Classes::default(),
        }
    }
}

impl Sending {
    /// The gateway's own rules. `dev` is never read from a file.
    pub(crate) fn rules(&self) -> SendingRules {
        SendingRules {
            classes: self.classes.policies(),
            settle_wait: self.settle_wait,
            receipt_wait: self.receipt_wait,
            orphans_kept: self.orphans_kept,
            attempts_max: self.attempts_max,
            idempotency_kept: self.idempotency_kept,
            send_at_max: self.send_at_max,
            queue_max: self.queue_max,
            accept_target: self.accept_target,
            packs: self.rule_packs.packs.clone(),
            profile: self.profile.clone(),
            stop_code: self.stop_code,
            dev: false,
        }
    }
}

impl Classes {
    fn policies(&self) -> ClassPolicies {
        let defaults = ClassPolicies::default();
        ClassPolicies {
            unknown: defaults.unknown.map(|(class, default)| {
                let policy = match self.of(class).unknown {
                    Some(Unknown::Resend) => UnknownPolicy::Resend,
                    Some(Unknown::Leave) => UnknownPolicy::Leave,
                    None => default,
                };
                (class, policy)
            }),
            validity: defaults
                .validity
                .map(|(class, default)| (class, self.of(class).validity.map_or(default, |v| v.0))),
            share: defaults
                .share
                .map(|(class, default)| (class, self.of(class).share.map_or(default, |share| share.0))),
        }
    }

    const fn of(&self, class: Class) -> &Policy {
        match class {
            Class::Marketing => &self.marketing,
            Class::Transactional => &self.transactional,
            Class::Otp => &self.otp,
            Class::Alert => &self.alert,
            Class::Conversational => &self.conversational,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_departs_only_where_the_file_says_so() {
        let sending: Sending = toml::from_str(
            "[classes.otp]\nunknown = \"leave\"\n[classes.alert]\nvalidity = \"2h\"\nshare = 9\n",
        )
        .expect("valid");
        let (policies, defaults) = (sending.rules().classes, ClassPolicies::default());
        assert_eq!(policies.unknown(Class::Otp), UnknownPolicy::Leave);
        assert_eq!(policies.validity(Class::Alert), Duration::from_secs(7200));
        assert_eq!((policies.share(Class::Alert), policies.share(Class::Otp)), (9, 16));
        assert_eq!(policies.validity(Class::Otp), defaults.validity(Class::Otp));
        assert_eq!(policies.unknown(Class::Alert), defaults.unknown(Class::Alert));
        assert_eq!(format!("{:?}", Sending::default().rules()), format!("{:?}", SendingRules::default()));
    }

    // fr-pack-replaceable
    #[test]
    fn rule_packs_come_from_files_and_say_what_is_wrong_with_them() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let file = folder.path().join("ours.toml");
        let setting = format!("rule_packs = [{:?}]\n", file.display().to_string());
        let missing = toml::from_str::<Sending>(&setting).expect_err("no such file").to_string();
        assert!(missing.contains("ours.toml") && missing.contains("line 1"), "{missing}");
        std::fs::write(&file, "id = \"ours\"\nfrom = \"2026-12-01\"\nextends = \"fr-2026.1\"\n[colour]\n")
            .expect("written");
        let wrong = toml::from_str::<Sending>(&setting).expect_err("no such table").to_string();
        assert!(wrong.contains("colour"), "{wrong}");
        std::fs::write(&file, "id = \"ours\"\nfrom = \"2026-12-01\"\nextends = \"fr-2026.1\"\n")
            .expect("written");
        let sending: Sending = toml::from_str(&setting).expect("a pack");
        let at = |text: &str| facteur_domain::Timestamp::from_jiff(text.parse().expect("RFC 3339"));
        let packs = sending.rules().packs;
        assert_eq!(packs.at(at("2026-12-24T10:00:00+01:00")).id(), "ours");
        assert_eq!(packs.at(at("2026-11-24T10:00:00+01:00")).id(), "fr-2026.1");
    }
}
