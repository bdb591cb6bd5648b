//! What a form has to say on the page that follows it: a sentence's key, and one value. It travels in a
//! cookie that lives for one page.

use super::lang::{Arg as _, Lang};
use crate::hex::hexadecimal;

/// Characters of the value that is shown.
const VALUE_MAX: usize = 200;

/// A message for the next page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Flash {
    pub(crate) good: bool,
    key: String,
    value: String,
}

impl Flash {
    /// It was done: the sentence of this key, which may take `$value`.
    pub(crate) fn done(key: &str, value: impl Into<String>) -> Self {
        Self { good: true, key: key.to_owned(), value: value.into() }
    }

    /// It was not.
    pub(crate) fn failed(key: &str, value: impl Into<String>) -> Self {
        Self { good: false, key: key.to_owned(), value: value.into() }
    }

    /// The sentence.
    pub(crate) fn text(&self, lang: Lang) -> String {
        lang.say(&self.key, &[("value", self.value.value())])
    }

    pub(super) fn to_cookie(&self) -> String {
        let value: String = self.value.chars().take(VALUE_MAX).collect();
        format!("{}.{}.{}", u8::from(self.good), self.key, hexadecimal(value.as_bytes()))
    }

    /// What a cookie says; nothing when it is not of ours. Anybody can write a cookie: only sentences of
    /// ours are shown, and their value as text.
    pub(super) fn of_cookie(cookie: &str) -> Option<Self> {
        let mut parts = cookie.splitn(3, '.');
        let good = parts.next()? == "1";
        let key = parts.next().filter(|key| Lang::knows(key))?.to_owned();
        let hex = parts.next()?;
        let octets: Option<Vec<u8>> = (0..hex.len())
            .step_by(2)
            .map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        Some(Self { good, key, value: String::from_utf8(octets?).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flash_survives_its_cookie() {
        let flash = Flash::done("account-saved", "L'été <b>");
        assert_eq!(Flash::of_cookie(&flash.to_cookie()), Some(flash));
        for wrong in
            ["", "1", "1.no-such-key.", "1.account-saved.zz", "1.account-saved.c3", "1.account-saved.é"]
        {
            assert_eq!(Flash::of_cookie(wrong), None, "{wrong}");
        }
    }
}
