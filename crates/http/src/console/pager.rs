//! The way to the next and the previous page of a list. A list that grows is walked by keys ("before this
//! one"), so that its ten-thousandth page costs what its first does; none is counted whole.

use super::Page;
use askama::Template;
use askama::filters::HtmlSafe;

/// Links to the neighbours of a page of a list.
#[derive(Template, Clone, Debug)]
#[template(path = "parts/pager.html")]
pub(crate) struct Pager {
    label: String,
    newer: String,
    older: String,
    newer_words: String,
    older_words: String,
    shown: String,
}

impl HtmlSafe for Pager {}

impl Pager {
    /// `newer` and `older` are addresses, where there is such a page; `shown` says what is seen, in words.
    pub(crate) fn new(page: &Page, newer: Option<String>, older: Option<String>, shown: String) -> Self {
        Self {
            label: page.t("common-pager"),
            newer: newer.unwrap_or_default(),
            older: older.unwrap_or_default(),
            newer_words: page.t("common-newer"),
            older_words: page.t("common-older"),
            shown,
        }
    }
}
