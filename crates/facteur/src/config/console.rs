//! `[console]`: where people find it, and how long they stay signed in.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::problem::Problem;
use super::values::duration;

/// The console.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Console {
    /// Where browsers reach it, as in `https://sms.example.fr`.
    pub(crate) base_url: Option<Spanned<String>>,
    /// How long a session lasts unused.
    #[serde(deserialize_with = "duration::<_, 60_000, 2_592_000_000>")]
    pub(crate) session_idle: Duration,
    /// How long it lasts whatever is done with it.
    #[serde(deserialize_with = "duration::<_, 60_000, 7_776_000_000>")]
    pub(crate) session_max: Duration,
}

impl Default for Console {
    fn default() -> Self {
        let usual = facteur_http::Options::default();
        Self { base_url: None, session_idle: usual.session_idle, session_max: usual.session_max }
    }
}

impl Console {
    /// What is wrong beyond single values.
    pub(super) fn check(&self, found: &mut Vec<Problem>) {
        let Some(base) = &self.base_url else { return };
        let host = ["https://", "http://"].iter().find_map(|scheme| base.get_ref().strip_prefix(scheme));
        let plain = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
        if !host.is_some_and(plain) {
            let what = "expected an origin without a path, as in \"https://sms.example.fr\"";
            found.push(Problem::at(base.span(), what.to_owned()));
        }
    }

    /// The address itself.
    pub(crate) fn base_url(&self) -> Option<String> {
        self.base_url.as_ref().map(|base| base.get_ref().clone())
    }
}
