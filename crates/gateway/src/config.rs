//! What the binary tells this room: plain values, checked there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Class, ShortCode};
use facteur_rules::Packs;
use facteur_smpp::session::Limits;

/// What is done with a message whose answer was lost and that no receipt settles in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownPolicy {
    /// Send it again, marked as a possible duplicate.
    Resend,
    /// Leave it unknown: better none than two.
    Leave,
}

/// Per class: what a class's messages are worth and risk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassPolicies {
    /// What to do with lost answers, by class.
    pub unknown: [(Class, UnknownPolicy); 5],
    /// How long a message is worth delivering when the request does not say, by class.
    pub validity: [(Class, Duration); 5],
    /// A class's share of a route while all classes have messages waiting, 1 to 1,000.
    pub share: [(Class, u16); 5],
}

impl ClassPolicies {
    /// The policy for lost answers of `class`.
    #[must_use]
    pub fn unknown(&self, class: Class) -> UnknownPolicy {
        self.unknown.iter().find(|(c, _)| *c == class).map_or(UnknownPolicy::Leave, |(_, p)| *p)
    }

    /// The default validity of `class`.
    #[must_use]
    pub fn validity(&self, class: Class) -> Duration {
        self.validity.iter().find(|(c, _)| *c == class).map_or(Duration::from_secs(48 * 3600), |(_, v)| *v)
    }

    /// The share of `class`, at least 1.
    #[must_use]
    pub fn share(&self, class: Class) -> u16 {
        self.share.iter().find(|(c, _)| *c == class).map_or(1, |(_, share)| (*share).max(1))
    }
}

impl Default for ClassPolicies {
    fn default() -> Self {
        use Class as C;
        use UnknownPolicy::{Leave, Resend};
        let hours = |h: u64| Duration::from_secs(h * 3600);
        Self {
            unknown: [
                (C::Marketing, Leave),
                (C::Transactional, Resend),
                (C::Otp, Resend),
                (C::Alert, Resend),
                (C::Conversational, Resend),
            ],
            validity: [
                (C::Marketing, hours(12)),
                (C::Transactional, hours(48)),
                (C::Otp, Duration::from_secs(300)),
                (C::Alert, hours(24)),
                (C::Conversational, hours(24)),
            ],
            share: [
                (C::Marketing, 1),
                (C::Transactional, 4),
                (C::Otp, 16),
                (C::Alert, 8),
                (C::Conversational, 4),
            ],
        }
    }
}

/// What bounds sending: the law's packs, and limits that are not law.
#[derive(Clone, Debug)]
pub struct SendingRules {
    /// By class.
    pub classes: ClassPolicies,
    /// How long an unknown message waits for a receipt before its policy decides.
    pub settle_wait: Duration,
    /// How long a receipt is awaited before its message becomes unknown for good.
    pub receipt_wait: Duration,
    /// How long a receipt is kept whose message nobody knows.
    pub orphans_kept: Duration,
    /// How often one message is offered to operators that say "try later", and resent.
    pub attempts_max: u16,
    /// How long idempotency answers are kept.
    pub idempotency_kept: Duration,
    /// How far ahead `send_at` may be.
    pub send_at_max: Duration,
    /// Messages kept in memory for sending; more wait on disk.
    pub queue_max: usize,
    /// How long a message may take to be on disk while requests crowd: beyond, some are refused at once, so
    /// that those that are accepted are accepted soon.
    pub accept_target: Duration,
    /// The rules: the embedded packs, and those of the deployment.
    pub packs: Arc<Packs>,
    /// The hours profile that the platform allows at most; workspaces choose within it.
    pub profile: String,
    /// The short code that STOP mentions name when neither the sender nor its workspace has one.
    pub stop_code: Option<ShortCode>,
    /// Test traffic may leave by real routes to the fiction range: only in `dev`.
    pub dev: bool,
}

impl Default for SendingRules {
    fn default() -> Self {
        Self {
            classes: ClassPolicies::default(),
            settle_wait: Duration::from_secs(10),
            receipt_wait: Duration::from_secs(96 * 3600),
            orphans_kept: Duration::from_secs(30 * 86_400),
            attempts_max: 20,
            idempotency_kept: Duration::from_secs(3600),
            send_at_max: Duration::from_secs(90 * 86_400),
            queue_max: 200_000,
            accept_target: Duration::from_millis(200),
            packs: Arc::new(Packs::embedded().clone()),
            profile: "strict".to_owned(),
            stop_code: None,
            dev: false,
        }
    }
}

/// TLS towards an operator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TlsConfig {
    /// The name its certificate must have; the host of the address when absent.
    pub server_name: Option<String>,
    /// A file of certificates (PEM) to trust instead of the system's roots.
    pub ca_file: Option<PathBuf>,
}

/// How an SMPP account is bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// One transceiver a bind.
    Transceiver,
    /// A transmitter and a receiver a bind.
    TransmitterReceiver,
}

/// One SMPP account with an operator or aggregator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteConfig {
    /// Its name in logs, metrics and stories; unique.
    pub name: String,
    /// `host:port`.
    pub address: String,
    /// system_id.
    pub system_id: String,
    /// password.
    pub password: facteur_domain::Redacted<String>,
    /// system_type.
    pub system_type: String,
    /// How it is bound.
    pub link: Link,
    /// How many binds.
    pub binds: u16,
    /// Window, timers, PDU length.
    pub limits: Limits,
    /// Messages (parts) a second over all binds; 0 for no limit.
    pub per_second: u32,
    /// TLS, when it is asked for.
    pub tls: Option<TlsConfig>,
    /// The longest wait between two attempts to bind.
    pub rebind_max: Duration,
    /// What a part costs by it beside others, in whatever unit: cheap routes are used first, those of the
    /// same cost share by how quickly they answer.
    pub cost: u32,
    /// Errors in receipts by which the operator says that the recipient told it STOP, as numbers.
    pub opt_out_errors: Vec<u32>,
    /// Errors in receipts by which the operator says that it was sent too much, as numbers.
    pub throttle_errors: Vec<u32>,
    /// Whether it is the box or another sandbox: test traffic may use it.
    pub sandbox: bool,
}

/// How long is kept what is not kept for ever, after a message's acceptance. Whole days are forgotten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Texts, by class; zero: until the message has come to its end.
    pub texts: [(Class, Duration); 5],
    /// The texts of what phones wrote. What proves something (a STOP, a consent) is kept as long as proofs, and
    /// the rest of a reply as long as messages.
    pub replies: Duration,
    /// Messages: sender, recipient, times and outcome.
    pub messages: Duration,
    /// Verdicts, and the consents that messages relied on; they name nobody.
    pub proofs: Duration,
}

impl Retention {
    /// Classes whose texts go with the end of their message.
    #[must_use]
    pub fn at_end(&self) -> Vec<Class> {
        self.texts.iter().filter(|(_, period)| period.is_zero()).map(|(class, _)| *class).collect()
    }
}

/// Three months of texts and none of one-time passwords, a year of messages, five years of proofs
/// (`consent-retention.toml` of the sources).
impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            texts: Class::ALL.map(|class| (class, days(if class == Class::Otp { 0 } else { 90 }))),
            replies: days(90),
            messages: days(365),
            proofs: days(5 * 365),
        }
    }
}

/// Everything this room is told.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Routes, in order of preference.
    pub routes: Vec<RouteConfig>,
    /// Limits on sending.
    pub sending: SendingRules,
    /// How phones are answered.
    pub replies: crate::ReplyRules,
    /// How customers are told what happened.
    pub webhooks: crate::WebhookRules,
    /// How long what is kept.
    pub retention: Retention,
    /// Where spans go, if requests are traced.
    pub traces: Option<tokio::sync::mpsc::Sender<crate::Span>>,
    /// This gateway's number for ids, 0 to 31.
    pub node: u8,
}
