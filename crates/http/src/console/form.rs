//! Forms: what they sent, and the fields that they are drawn from.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::Form;
use axum::body::HttpBody as _;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::lang::Lang;
use super::page::Page;
use super::trouble::Trouble;

/// What a form sent, or what stands behind `?` of an address. A field that was not sent is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field's text as it was sent; of several of the name, the first.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A field's text without blanks around it.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field's text; nothing when it is blank.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        let text = self.get(name);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether a box is ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The others than this one.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(key, _)| key != name).cloned().collect())
    }

    /// With another one.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Every text of the fields of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Fields {
    fn from(fields: [(&str, &str); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        // A form without fields may come without a body, and so without a type.
        if request.method() != axum::http::Method::GET && request.body().size_hint().exact() == Some(0) {
            return Ok(Self::default());
        }
        let read = Form::<Vec<(String, String)>>::from_request(request, state).await;
        match read {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(FormRejection::BytesRejection(why)) if why.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Trouble::TooLarge)
            }
            Err(_) => Err(Trouble::Malformed),
        }
    }
}

/// A text as it stands in an address.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// How a field is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// One line, of this HTML type.
    Line(&'static str),
    /// Several lines.
    Area(u8),
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
    /// A box to tick.
    Tick,
}

/// A field of a form: its label, what helps to fill it in, what is wrong with it.
#[derive(Template, Clone, Debug)]
#[template(path = "parts/field.html")]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    label: String,
    help: String,
    error: String,
    value: String,
    ticked: bool,
    required: bool,
    optional: String,
    autocomplete: &'static str,
    maximum: usize,
    live: String,
}

impl HtmlSafe for Field {}

impl Field {
    /// A line of text. `label` is a sentence's key; a sentence of the same key with `-help` behind it helps.
    pub(crate) fn new(page: &Page, name: &'static str, label: &str) -> Self {
        let help = format!("{label}-help");
        Self {
            name,
            kind: Kind::Line("text"),
            label: page.t(label),
            help: if Lang::knows(&help) { page.t(&help) } else { String::new() },
            error: String::new(),
            value: String::new(),
            ticked: false,
            required: true,
            optional: page.t("common-optional"),
            autocomplete: "off",
            maximum: 0,
            live: String::new(),
        }
    }

    /// Its name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Of this HTML type: `email`, `password`, `tel`, `number`, `date`, `url`, `file`.
    pub(crate) fn of(self, kind: &'static str) -> Self {
        Self { kind: Kind::Line(kind), ..self }
    }

    /// With so many lines.
    pub(crate) fn area(self, lines: u8) -> Self {
        Self { kind: Kind::Area(lines), ..self }
    }

    /// One of these, each with its words.
    pub(crate) fn choice<V: Into<String>, W: Into<String>>(
        self,
        options: impl IntoIterator<Item = (V, W)>,
    ) -> Self {
        let options = options.into_iter().map(|(value, words)| (value.into(), words.into()));
        Self { kind: Kind::Choice(options.collect()), ..self }
    }

    /// A box, ticked or not.
    pub(crate) fn tick(self, ticked: bool) -> Self {
        Self { kind: Kind::Tick, ticked, required: false, ..self }
    }

    /// What stands in it.
    pub(crate) fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    /// May be left empty.
    pub(crate) fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// May be left empty, as every filter may: nothing says so.
    pub(crate) fn filter(self) -> Self {
        Self { required: false, optional: String::new(), ..self }
    }

    /// What is wrong with it, in words.
    pub(crate) fn error(self, error: Option<String>) -> Self {
        Self { error: error.unwrap_or_default(), ..self }
    }

    /// What the browser may fill it in with, as HTML names it.
    pub(crate) fn autocomplete(self, what: &'static str) -> Self {
        Self { autocomplete: what, ..self }
    }

    /// So many characters at most.
    pub(crate) fn maximum(self, characters: usize) -> Self {
        Self { maximum: characters, ..self }
    }

    /// While it is typed, the form is sent to `url` and the answer shown in the form's element
    /// `.live`. The same must come without JavaScript when the form is sent.
    pub(crate) fn live(self, url: impl Into<String>) -> Self {
        Self { live: url.into(), ..self }
    }

    fn is_choice(&self) -> Option<&[(String, String)]> {
        match &self.kind {
            Kind::Choice(options) => Some(options),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_an_address_stays_a_text() {
        assert_eq!(escaped("/console/a?b=c&d"), "/console/a%3Fb%3Dc%26d");
        assert_eq!(escaped("é\n"), "%C3%A9%0A");
    }

    #[test]
    fn a_field_that_was_not_sent_is_empty() {
        let fields = Fields::from([("a", " x "), ("b", ""), ("a", "y")]);
        assert_eq!((fields.get("a"), fields.raw("a"), fields.get("z")), ("x", " x ", ""));
        assert_eq!((fields.some("b"), fields.has("b"), fields.has("z")), (None, true, false));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), [" x ", "y"]);
    }
}
