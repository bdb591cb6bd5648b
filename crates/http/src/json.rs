//! Reading a JSON object field by field, so that every fault is found at once, names its field
//! and says what stands there. Nothing of the document is copied that need not be.

pub(crate) mod list;
pub(crate) mod tree;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use self::tree::{Entry, Node};
use crate::error::{ApiError, Detail, codes};

/// A value as far as our requests need it.
#[derive(Clone, PartialEq, Debug)]
enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Integer(i64),
    /// A fraction, or an integer beyond 64 bits.
    Number,
    Boolean,
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Value<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a string",
            Self::Integer(_) | Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// The faults found in a body so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    found: Vec<Detail>,
    suggestion: Option<Cow<'static, str>>,
}

impl Faults {
    /// Notes a fault of `field`.
    pub(crate) fn note(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.found.push(Detail { message: message.into(), field: field.into(), rule: None });
    }

    /// How many were found.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// The faults alone, for a report of one entry among many.
    pub(crate) fn into_details(self) -> Vec<Detail> {
        self.found
    }

    /// What was read, if nothing is wrong with it, else the faults: for one entry among many.
    pub(crate) fn verdict<T>(self, read: Option<T>) -> Result<T, Vec<Detail>> {
        match read {
            Some(read) if self.found.is_empty() => Ok(read),
            _ => Err(self.found),
        }
    }

    /// Offers a cure, unless one was offered before.
    pub(crate) fn suggest(&mut self, suggestion: impl Into<Cow<'static, str>>) {
        self.suggestion.get_or_insert_with(|| suggestion.into());
    }

    /// All faults as one error, the first one in its message.
    ///
    /// # Errors
    /// There are faults.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        let Some(first) = self.found.first() else { return Ok(()) };
        let error =
            ApiError::new(&codes::INVALID_REQUEST_BODY, first.message.clone()).at(first.field.clone());
        let error = match self.suggestion {
            Some(suggestion) => error.suggest(suggestion),
            None => error,
        };
        Err(error.details(self.found))
    }
}

/// The fields of an object that a request knows; others are ignored, as Allo ignores them.
#[derive(Debug)]
pub(crate) struct Fields<'a, const N: usize> {
    names: &'static [&'static str; N],
    values: [Option<Value<'a>>; N],
    repeated: Option<&'static str>,
    unknown: Vec<Cow<'a, str>>,
}

/// The most unknown names that are remembered, to guess what a missing field was called.
const UNKNOWN_MAX: usize = 8;

impl<'a, const N: usize> Fields<'a, N> {
    /// Reads `body`, which must be one JSON object.
    ///
    /// # Errors
    /// 400: it is not JSON, not an object, or names a field twice.
    pub(crate) fn read(body: &'a [u8], names: &'static [&'static str; N]) -> Result<Self, ApiError> {
        not_empty(body)?;
        let mut json = serde_json::Deserializer::from_slice(body);
        let read = json.deserialize_any(Object { names }).and_then(|fields| json.end().map(|()| fields));
        read.map_err(|error| malformed(body, &error))?.unrepeated()
    }

    /// The fields, if none stands there twice.
    fn unrepeated(self) -> Result<Self, ApiError> {
        let mut faults = Faults::default();
        if let Some(name) = self.repeated {
            faults.note(name, format!("`{name}` stands there more than once"));
        }
        faults.into_result().map(|()| self)
    }

    /// The text of a field; absent and null are the same.
    pub(crate) fn text(&mut self, name: &'static str, faults: &mut Faults) -> Option<Cow<'a, str>> {
        match self.take(name)? {
            Value::Text(text) => Some(text),
            other => {
                faults.note(name, format!("`{name}` must be a string, it is {}", other.kind()));
                None
            }
        }
    }

    /// The whole number of a field; absent and null are the same.
    pub(crate) fn integer(&mut self, name: &'static str, faults: &mut Faults) -> Option<i64> {
        match self.take(name)? {
            Value::Integer(number) => Some(number),
            Value::Number => {
                faults.note(name, format!("`{name}` must be a whole number of at most 64 bits"));
                None
            }
            other => {
                faults.note(name, format!("`{name}` must be a whole number, it is {}", other.kind()));
                None
            }
        }
    }

    /// One of a few words; absent and null are the same.
    pub(crate) fn word<T>(
        &mut self,
        name: &'static str,
        find: impl Fn(&str) -> Option<T>,
        words: &[&str],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text(name, faults)?;
        let found = find(&text);
        if found.is_none() {
            faults.note(name, format!("`{name}` must be one of {}", words.join(", ")));
        }
        found
    }

    /// An object within; absent and null are the same.
    pub(crate) fn object(&mut self, name: &'static str, faults: &mut Faults) -> Option<Entry> {
        match self.take(name)? {
            Value::Object(fields) => Some(Entry::within(name, fields)),
            other => {
                faults.note(name, format!("`{name}` must be an object, it is {}", other.kind()));
                None
            }
        }
    }

    /// Whether a field holds a list.
    pub(crate) fn is_list(&self, name: &str) -> bool {
        let at = self.names.iter().position(|known| *known == name);
        at.is_some_and(|at| matches!(self.values[at], Some(Value::List(_))))
    }

    /// A list; absent and null are the same.
    pub(crate) fn list(&mut self, name: &'static str, faults: &mut Faults) -> Option<Vec<Node>> {
        match self.take(name)? {
            Value::List(list) => Some(list),
            other => {
                faults.note(name, format!("`{name}` must be a list, it is {}", other.kind()));
                None
            }
        }
    }

    /// Whether the object has a field that we do not know, of one of these names (without case).
    pub(crate) fn has_unknown(&self, names: &[&str]) -> Option<&str> {
        let known = |unknown: &&Cow<'_, str>| names.iter().any(|name| name.eq_ignore_ascii_case(unknown));
        self.unknown.iter().find(known).map(Cow::as_ref)
    }

    fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.values[at].take().filter(|value| *value != Value::Null)
    }
}

/// The error of a body without content.
fn not_empty(body: &[u8]) -> Result<(), ApiError> {
    if body.trim_ascii().is_empty() {
        const MESSAGE: &str = "The body is empty; it must be a JSON object.";
        return Err(ApiError::new(&codes::INVALID_REQUEST_BODY, MESSAGE));
    }
    Ok(())
}

/// The error of a body that is no JSON, or not of the shape that is wanted.
fn malformed(body: &[u8], error: &serde_json::Error) -> ApiError {
    let message: Cow<'static, str> = match error.classify() {
        // Words of ours, which quote at most a field's name.
        Category::Data if body.trim_ascii_start().starts_with(b"{") => {
            format!("The body is not acceptable: {error}.").into()
        }
        Category::Data => "The body must be a JSON object.".into(),
        _ => format!("The body is not valid JSON: {error}.").into(),
    };
    ApiError::new(&codes::INVALID_REQUEST_BODY, message)
}

struct Object<const N: usize> {
    names: &'static [&'static str; N],
}

impl<'de, const N: usize> Visitor<'de> for Object<N> {
    type Value = Fields<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields =
            Fields { names: self.names, values: [const { None }; N], repeated: None, unknown: Vec::new() };
        while let Some(key) = map.next_key_seed(Name { names: self.names })? {
            match key {
                Key::Known(at) => {
                    if fields.values[at].replace(map.next_value()?).is_some() {
                        fields.repeated = Some(self.names[at]);
                    }
                }
                Key::Unknown(name) => {
                    map.next_value::<IgnoredAny>()?;
                    if fields.unknown.len() < UNKNOWN_MAX {
                        fields.unknown.push(name);
                    }
                }
            }
        }
        Ok(fields)
    }
}

enum Key<'a> {
    Known(usize),
    Unknown(Cow<'a, str>),
}

struct Name {
    names: &'static [&'static str],
}

impl Name {
    fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Key<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Key<'de>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
        Ok(self.find(name).map_or(Key::Unknown(Cow::Borrowed(name)), Key::Known))
    }

    fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
        Ok(self.find(name).map_or_else(|| Key::Unknown(Cow::Owned(name.to_owned())), Key::Known))
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Boolean)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(number).map_or(Value::Number, Value::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Value<'de>, A::Error> {
        tree::elements(list).map(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<'de>, A::Error> {
        tree::fields(map).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static NAMES: [&str; 2] = ["to", "minutes"];

    /// `to`, `minutes`, and the faults.
    type Read = (Option<String>, Option<i64>, Vec<String>);

    fn read(body: &str) -> Result<Read, ()> {
        let mut fields = Fields::read(body.as_bytes(), &NAMES).map_err(|_| ())?;
        let mut faults = Faults::default();
        let to = fields.text("to", &mut faults).map(Cow::into_owned);
        let minutes = fields.integer("minutes", &mut faults);
        Ok((to, minutes, faults.found.iter().map(|fault| fault.message.to_string()).collect()))
    }

    #[test]
    fn fields_are_read_by_type() {
        let some = |to: &str| Some(to.to_owned());
        for (body, to, minutes) in [
            (r"{}", None, None),
            (r#"{"to":"+336","minutes":5}"#, some("+336"), Some(5)),
            (r#"{"to":null,"minutes":null}"#, None, None),
            (r#" {"\u0074o":"caf\u00e9 \ud83d\udc4d"} "#, some("café 👍"), None),
            (r#"{"x":{"to":["y",{"to":1}]},"to":"z"}"#, some("z"), None),
            (r#"{"minutes":-3}"#, None, Some(-3)),
        ] {
            assert_eq!(read(body), Ok((to, minutes, vec![])), "{body}");
        }
    }

    #[test]
    fn a_wrong_type_names_its_field_and_what_stands_there() {
        for (body, fault) in [
            (r#"{"to":33}"#, "`to` must be a string, it is a number"),
            (r#"{"to":1.5}"#, "`to` must be a string, it is a number"),
            (r#"{"to":true}"#, "`to` must be a string, it is a boolean"),
            (r#"{"to":["+33"]}"#, "`to` must be a string, it is a list"),
            (r#"{"to":{"n":1}}"#, "`to` must be a string, it is an object"),
            (r#"{"minutes":"5"}"#, "`minutes` must be a whole number, it is a string"),
            (r#"{"minutes":5.5}"#, "`minutes` must be a whole number of at most 64 bits"),
            (r#"{"minutes":99999999999999999999}"#, "`minutes` must be a whole number of at most 64 bits"),
        ] {
            assert_eq!(read(body).map(|(_, _, faults)| faults), Ok(vec![fault.to_owned()]), "{body}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for body in [
            "",
            " ",
            "null",
            "[]",
            "\"to\"",
            "5",
            "{",
            "{\"to\"",
            "{\"to\":\"a\"",
            "{\"to\":\"a\",}",
            "{}{}",
            "{} x",
            "{'to':'a'}",
            "{to:\"a\"}",
            "{\"to\":\"a\\ud800\"}",
            "{\"to\":\"a\nb\"}",
            "\u{feff}{}",
            "{\"to\":\"a\",\"to\":\"a\"}",
            "{\"to\":null,\"to\":\"a\"}",
            "{\"to\":NaN}",
            "{\"minutes\":01}",
        ] {
            assert_eq!(read(body), Err(()), "{body:?}");
        }
        assert!(Fields::read(b"{\"to\":\"\xff\"}", &NAMES).is_err(), "not UTF-8");
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(60_000), "]".repeat(60_000));
        let _ = Fields::read(deep.as_bytes(), &NAMES);
    }

    #[test]
    fn the_error_of_a_malformed_body_quotes_none_of_it() {
        let error = Fields::read(b"{\"to\":\"+33612345678\" \"x\"}", &NAMES).expect_err("malformed");
        assert!(!format!("{error:?}").contains("3361"));
        let error = Fields::read(b"\"+33612345678\"", &NAMES).expect_err("no object");
        assert!(!format!("{error:?}").contains("3361"));
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "\\PC{0,40}") {
            let body = serde_json::json!({ "to": text }).to_string();
            prop_assert_eq!(read(&body), Ok((Some(text), None, vec![])));
        }

        #[test]
        fn any_octets_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Fields::read(&body, &NAMES);
        }
    }
}
