//! The console's cookies: who somebody is, how pages look to them, what the last form has to say.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// A cookie of ours. Over HTTPS its name begins with `__Host-`: no other host can set it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The session's token.
    Session,
    /// `light` or `dark`.
    Theme,
    /// What the last form has to say.
    Flash,
    /// That somebody signed in here before.
    Known,
}

impl Kind {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-facteur",
            (Self::Session, false) => "facteur",
            (Self::Theme, true) => "__Host-facteur-theme",
            (Self::Theme, false) => "facteur-theme",
            (Self::Flash, true) => "__Host-facteur-flash",
            (Self::Flash, false) => "facteur-flash",
            (Self::Known, true) => "__Host-facteur-known",
            (Self::Known, false) => "facteur-known",
        }
    }

    /// The cookie's value in a request.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        jar.get(self.name(secure)).map(|cookie| cookie.value().to_owned())
    }

    /// The header that sets it until the browser is closed, or for `seconds`; 0 takes it away.
    pub(super) fn set(self, value: &str, secure: bool, seconds: Option<i64>) -> (HeaderName, HeaderValue) {
        let mut cookie = Cookie::build((self.name(secure), value.to_owned()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(secure)
            .build()
            .to_string();
        if let Some(seconds) = seconds {
            cookie.push_str(&format!("; Max-Age={seconds}"));
        }
        // Values are tokens, words of ours and hexadecimal digits.
        let value = HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""));
        (header::SET_COOKIE, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
        let (_, value) = Kind::Session.set("abc", true, None);
        let text = value.to_str().expect("ASCII");
        for part in ["__Host-facteur=abc", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("Domain"), "{text}");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "facteur=evil; __Host-facteur=abc".parse().expect("a header"));
        assert_eq!(Kind::Session.read(&headers, true).as_deref(), Some("abc"));
        assert_eq!(Kind::Session.read(&headers, false).as_deref(), Some("evil"));
    }
}
