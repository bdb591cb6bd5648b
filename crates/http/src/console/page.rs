//! What every template has at hand, as `page`: sentences, numbers and times in the viewer's language, the
//! navigation, and what the viewer may do.

use std::borrow::Borrow;

use askama::filters::Safe;
use facteur_domain::{Msisdn, Timestamp};
use facteur_store::PlatformRole;
use jiff::tz::TimeZone;

use super::flash::Flash;
use super::format::Whole;
use super::lang::{Arg, Lang};
use super::nav::{self, Group};
use super::permission::{Permission, may};
use super::viewer::{Guest, Place, Viewer};
use super::{assets, format};

/// The layout of a page, and its tools.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) lang: Lang,
    pub(crate) theme: &'static str,
    /// What the page is called, in words.
    pub(crate) title: String,
    /// Where it is.
    pub(crate) path: String,
    pub(crate) flash: Option<Flash>,
    pub(crate) viewer: Option<Viewer>,
    /// The workspace that it is in.
    pub(crate) place: Option<Place>,
    pub(crate) nav: Vec<Group>,
    pub(crate) now: Timestamp,
    zone: TimeZone,
    fragment: bool,
}

impl Page {
    pub(super) fn new(guest: &Guest, viewer: Option<Viewer>, place: Option<Place>, title: &str) -> Self {
        let zone = viewer.as_ref().map_or_else(|| format::zone(None), |viewer| viewer.zone.clone());
        let nav = viewer.as_ref().map(|viewer| nav::of(viewer, place.as_ref(), &guest.path));
        Self {
            lang: guest.lang,
            theme: guest.theme,
            title: guest.lang.say(title, &[]),
            path: guest.path.clone(),
            flash: guest.flash.clone(),
            viewer,
            place,
            nav: nav.unwrap_or_default(),
            now: guest.now,
            zone,
            fragment: guest.htmx,
        }
    }

    /// The page with another title, in words (a name, say).
    pub(crate) fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Whether htmx asked for a part of it.
    pub(crate) const fn is_fragment(&self) -> bool {
        self.fragment
    }

    /// What the last form has to say: whether it went well, and the sentence.
    pub(crate) fn flashed(&self) -> Option<(bool, String)> {
        self.flash.as_ref().map(|flash| (flash.good, flash.text(self.lang)))
    }

    /// A sentence.
    pub(crate) fn t(&self, key: &str) -> String {
        self.lang.say(key, &[])
    }

    /// A sentence that takes a value.
    pub(crate) fn t1(&self, key: &str, name: &'static str, value: impl Arg) -> String {
        self.lang.say(key, &[(name, value.value())])
    }

    /// A sentence that takes two values.
    pub(crate) fn t2(
        &self,
        key: &str,
        name: &'static str,
        value: impl Arg,
        other: &'static str,
        second: impl Arg,
    ) -> String {
        self.lang.say(key, &[(name, value.value()), (other, second.value())])
    }

    /// The sentence of a word of ours: `word("state", "read_only")` is that of `state-read-only`, with
    /// the word in lower case.
    pub(crate) fn word(&self, kind: &str, word: &str) -> String {
        self.t(&format!("{kind}-{}", word.to_lowercase().replace(['_', '.'], "-")))
    }

    /// A whole number.
    pub(crate) fn number(&self, value: impl Whole) -> String {
        format::number(self.lang, value.whole())
    }

    /// An amount in millionths of a euro.
    pub(crate) fn money(&self, millionths: impl Borrow<i64>) -> String {
        format::money(self.lang, *millionths.borrow())
    }

    /// A share.
    pub(crate) fn percent(&self, part: impl Whole, whole: impl Whole) -> String {
        format::percent(self.lang, part.whole(), whole.whole())
    }

    /// A size in octets.
    pub(crate) fn size(&self, octets: impl Borrow<u64>) -> String {
        format::size(self.lang, *octets.borrow())
    }

    /// A telephone number.
    pub(crate) fn phone(&self, number: &Msisdn) -> String {
        format::phone(*number)
    }

    /// An instant to the minute, in the viewer's zone, without the year if it is this one; Paris time and the year
    /// are in its title.
    pub(crate) fn time(&self, at: &Timestamp) -> Safe<String> {
        format::short(self.lang, *at, &self.zone, self.now)
    }

    /// The same to the second, with the year.
    pub(crate) fn precise(&self, at: &Timestamp) -> Safe<String> {
        format::precise(self.lang, *at, &self.zone)
    }

    /// A day with its weekday, as in `mer. 25 nov.`, of an instant in the viewer's zone.
    pub(crate) fn weekday(&self, at: &Timestamp) -> String {
        format::weekday(self.lang, at.to_jiff().to_zoned(self.zone.clone()).date())
    }

    /// The UTC day of an instant.
    pub(crate) fn day(&self, at: &Timestamp) -> String {
        format::day(self.lang, at.to_jiff().to_zoned(TimeZone::UTC).date())
    }

    /// The zone that instants are shown in.
    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Where a page of the workspace is: `link("/senders")`.
    pub(crate) fn link(&self, path: &str) -> String {
        match &self.place {
            Some(place) => format!("/console/{}{path}", place.id),
            None => format!("/console{path}"),
        }
    }

    /// Where an asset is.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Whether the viewer may do this in the workspace.
    pub(crate) fn may(&self, what: Permission) -> bool {
        self.place.as_ref().is_some_and(|place| may(place.role, what))
    }

    /// Whether the viewer verifies Sender IDs for the platform.
    pub(crate) fn is_reviewer(&self) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.is(PlatformRole::Reviewer))
    }
}
