//! Pages by number, as Allo's v2 counts them, and the query strings they come with.

use axum::extract::Query;
use axum::http::Uri;
use facteur_domain::{Msisdn, Timestamp};
use facteur_store::Page;
use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::error::{ApiError, codes};

/// Rows on a page when the request does not say.
pub(super) const SIZE_DEFAULT: u32 = 20;
/// The same in v1.
const SIZE_DEFAULT_V1: u32 = 10;
/// Rows on a page at most.
pub(super) const SIZE_MAX: u32 = 100;
/// The last page that can be asked for; exports go by date instead.
pub(super) const PAGE_MAX: u32 = 1_000_000;

/// Where a page stands among all.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pagination {
    /// This page, from 1.
    page: u32,
    /// Rows on a page.
    size: u32,
    /// Rows in all, counted up to a bound.
    total_count: u64,
    /// Pages in all.
    total_pages: u64,
    /// Whether another page follows.
    has_more: bool,
}

impl Pagination {
    pub(super) fn new(page: Page, total: u64) -> Self {
        let total_pages = total.div_ceil(u64::from(page.size.max(1)));
        Self {
            page: page.page,
            size: page.size,
            total_count: total,
            total_pages,
            has_more: u64::from(page.page) < total_pages,
        }
    }
}

/// Where a page stands among all, as v1 says it.
#[derive(Serialize, ToSchema)]
pub(crate) struct V1Metadata {
    pagination: V1Pagination,
}

/// A page of v1.
#[derive(Serialize, ToSchema)]
pub(crate) struct V1Pagination {
    /// Pages in all.
    total_pages: u64,
    /// This page, from 0.
    current_page: u32,
}

impl V1Metadata {
    /// For a page that v1 asked for.
    pub(super) fn new(page: Page, total: u64) -> Self {
        let total_pages = total.div_ceil(u64::from(page.size.max(1)));
        Self { pagination: V1Pagination { total_pages, current_page: page.page.saturating_sub(1) } }
    }
}

/// The parameters of a query string. Each is taken out; what is left at the end is unknown.
pub(super) struct Params {
    given: Vec<(String, String)>,
}

impl Params {
    /// Reads the query of `uri`.
    ///
    /// # Errors
    /// 400: it cannot be read, or a parameter is repeated.
    pub(super) fn read(uri: &Uri) -> Result<Self, ApiError> {
        let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| ApiError::new(&codes::INVALID_SEARCH_QUERY, "The query string cannot be read."))?;
        for (at, (name, _)) in given.iter().enumerate() {
            if given[..at].iter().any(|(earlier, _)| earlier == name) {
                let message = format!("The parameter {name} stands there more than once.");
                return Err(ApiError::new(&codes::INVALID_SEARCH_QUERY, message).at(name.clone()));
            }
        }
        Ok(Self { given })
    }

    /// Takes out the parameter `name`; an empty one counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(at).1).filter(|value| !value.is_empty())
    }

    /// Takes out `page` and `size`.
    ///
    /// # Errors
    /// 400: out of range.
    pub(super) fn page(&mut self) -> Result<Page, ApiError> {
        Ok(Page {
            page: self.number("page", 1, 1, PAGE_MAX)?,
            size: self.number("size", SIZE_DEFAULT, 1, SIZE_MAX)?,
        })
    }

    /// Takes out `page` and `size` as v1 counts them: from 0, and 10 rows unless told.
    ///
    /// # Errors
    /// 400: out of range.
    pub(super) fn page_v1(&mut self) -> Result<Page, ApiError> {
        Ok(Page {
            page: self.number("page", 0, 0, PAGE_MAX)? + 1,
            size: self.number("size", SIZE_DEFAULT_V1, 1, SIZE_MAX)?,
        })
    }

    /// Takes out `extend`: a list of words, separated by commas, that must be among `known`.
    ///
    /// # Errors
    /// 400: one is not.
    pub(super) fn extend(&mut self, known: &[&'static str]) -> Result<Vec<&'static str>, ApiError> {
        let given = self.take("extend").unwrap_or_default();
        let words = given.split(',').map(str::trim).filter(|word| !word.is_empty());
        words
            .map(|word| {
                known.iter().copied().find(|known| *known == word).ok_or_else(|| {
                    let message = format!("extend must be a list of {}.", known.join(", "));
                    ApiError::new(&codes::UNSUPPORTED_EXTEND_VALUE, message).at("extend")
                })
            })
            .collect()
    }

    fn number(&mut self, name: &'static str, default: u32, min: u32, max: u32) -> Result<u32, ApiError> {
        let Some(text) = self.take(name) else { return Ok(default) };
        text.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| {
            let message = format!("{name} must be a whole number from {min} to {max}.");
            ApiError::new(&codes::INVALID_PAGE_SIZE, message).at(name)
        })
    }

    /// Takes out the parameter `name`, a number in E.164.
    ///
    /// # Errors
    /// 400: it is none.
    pub(super) fn msisdn(&mut self, name: &'static str) -> Result<Option<Msisdn>, ApiError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        // In a query string a bare plus sign means a space.
        let text = text.strip_prefix(' ').map_or_else(|| text.clone(), |digits| format!("+{digits}"));
        Msisdn::parse(&text)
            .map(Some)
            .map_err(|why| ApiError::new(&codes::INVALID_PHONE_FORMAT, format!("{name}: {why}.")).at(name))
    }

    /// Takes out the parameter `name`, an instant.
    ///
    /// # Errors
    /// 400: it is none.
    pub(super) fn instant(&mut self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        // As for numbers: the plus sign of a zone may have become a space.
        let text = match text.rsplit_once(' ') {
            Some((rest, zone)) if zone.len() == 5 && rest.len() > 10 => format!("{rest}+{zone}"),
            _ => text,
        };
        time::read(&text).map(Some).ok_or_else(|| {
            ApiError::new(&codes::INVALID_DATE_RANGE, format!("{name} {}.", time::EXPECTED)).at(name)
        })
    }

    /// Takes out the parameter `name`, true or false.
    ///
    /// # Errors
    /// 400: it is neither.
    pub(super) fn yes_or_no(&mut self, name: &'static str) -> Result<Option<bool>, ApiError> {
        let Some(word) = self.take(name) else { return Ok(None) };
        word.to_ascii_lowercase().parse().map(Some).map_err(|_| {
            ApiError::new(&codes::INVALID_SEARCH_QUERY, format!("{name} must be true or false.")).at(name)
        })
    }

    /// Refuses what was not taken out: a filter that is misspelt must not be as good as none.
    pub(super) fn end(self, known: &str) -> Result<(), ApiError> {
        match self.given.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let message = format!("There is no parameter {name}.");
                Err(ApiError::new(&codes::INVALID_SEARCH_QUERY, message)
                    .at(name)
                    .suggest(format!("The parameters are {known}.")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Result<Params, ApiError> {
        Params::read(&format!("/x?{query}").parse().expect("a URI"))
    }

    fn check(query: &str, page: Option<(u32, u32)>) {
        let read = params(query).and_then(|mut params| params.page());
        assert_eq!(read.ok().map(|p| (p.page, p.size)), page, "{query}");
    }

    #[test]
    fn pages_count_from_1_with_20_to_100_rows() {
        check("", Some((1, 20)));
        check("page=&size=", Some((1, 20)));
        check("page=3&size=100", Some((3, 100)));
        check("page=0", None);
        check("page=-1", None);
        check("page=x", None);
        check("page=99999999999", None);
        check("size=0", None);
        check("size=101", None);
        check("size=20.5", None);
        check("page=1&page=2", None);
    }

    #[test]
    fn unknown_parameters_are_refused() {
        assert!(params("").expect("reads").end("page").is_ok());
        assert!(params("pgae=2").expect("reads").end("page").is_err());
    }

    #[test]
    fn the_last_page_has_no_more() {
        for (page, size, total, pages, more) in [
            (1, 20, 0, 0, false),
            (1, 20, 20, 1, false),
            (1, 20, 21, 2, true),
            (2, 20, 21, 2, false),
            (9, 20, 21, 2, false),
        ] {
            let p = Pagination::new(Page { page, size }, total);
            assert_eq!((p.total_pages, p.has_more), (pages, more), "page {page} of {total}");
        }
    }
}
