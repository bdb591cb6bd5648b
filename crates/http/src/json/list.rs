//! A body with one list of objects, each read field by field: one that is no object, or names a field twice,
//! is a fault of that entry alone. Nothing of the document is copied that need not be.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Faults, Fields, Object, Value, malformed, not_empty};
use crate::error::{ApiError, codes};

/// An entry's fields, or what is wrong with the entry as a whole.
pub(crate) type Entry<'a, const N: usize> = Result<Fields<'a, N>, ApiError>;

/// The entries of a list; those after the first `max` are counted only.
#[derive(Debug)]
pub(crate) struct Entries<'a, const N: usize> {
    pub(crate) first: Vec<Entry<'a, N>>,
    pub(crate) count: usize,
}

/// Reads `body`, an object whose one field is the list `name`.
///
/// # Errors
/// 400: it is not that.
pub(crate) fn read<'a, const N: usize>(
    body: &'a [u8],
    name: &'static str,
    names: &'static [&'static str; N],
    max: usize,
) -> Result<Entries<'a, N>, ApiError> {
    not_empty(body)?;
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_any(Whole { name, names, max }).and_then(|list| json.end().map(|()| list));
    read.map_err(|error| malformed(body, &error))?.ok_or_else(|| {
        let mut faults = Faults::default();
        faults.note(name, format!("`{name}` is missing: a list of objects"));
        faults.into_result().err().unwrap_or_else(|| ApiError::internal("a fault is missing"))
    })
}

/// The body.
struct Whole<const N: usize> {
    name: &'static str,
    names: &'static [&'static str; N],
    max: usize,
}

impl<'de, const N: usize> Visitor<'de> for Whole<N> {
    type Value = Option<Entries<'de, N>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list = None;
        while let Some(known) = map.next_key_seed(Named(self.name))? {
            if !known {
                return Err(A::Error::custom(format_args!(
                    "there is another field than `{}`, the only one here",
                    self.name
                )));
            }
            let read = map.next_value_seed(List { name: self.name, names: self.names, max: self.max })?;
            if list.replace(read).is_some() {
                return Err(A::Error::custom(format_args!("`{}` stands there more than once", self.name)));
            }
        }
        Ok(list)
    }
}

/// Whether a field has this name.
struct Named(&'static str);

impl<'de> DeserializeSeed<'de> for Named {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Named {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// Gives every kind of value but one the same answer, without its content: an error of serde's own would
/// quote it.
macro_rules! otherwise {
    ($answer:expr; $($kind:ident)*) => { $(otherwise!(@ $answer, $kind);)* };
    (@ $answer:expr, null) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> { $answer(self, Value::Null) }
    };
    (@ $answer:expr, boolean) => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> { $answer(self, Value::Boolean) }
    };
    (@ $answer:expr, number) => {
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> { $answer(self, Value::Number) }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> { $answer(self, Value::Number) }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> { $answer(self, Value::Number) }
    };
    (@ $answer:expr, text) => {
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            $answer(self, Value::Text(std::borrow::Cow::Borrowed("")))
        }
    };
}

/// The list.
struct List<const N: usize> {
    name: &'static str,
    names: &'static [&'static str; N],
    max: usize,
}

impl<const N: usize> List<N> {
    fn refuse<T, E: serde::de::Error>(self, found: Value<'_>) -> Result<T, E> {
        Err(E::custom(format_args!("`{}` must be a list, it is {}", self.name, found.kind())))
    }
}

impl<'de, const N: usize> DeserializeSeed<'de> for List<N> {
    type Value = Entries<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for List<N> {
    type Value = Entries<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Entries { first: Vec::new(), count: 0 };
        while entries.count < self.max {
            let Some(entry) = list.next_element_seed(One { names: self.names })? else { return Ok(entries) };
            entries.first.push(entry);
            entries.count += 1;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            entries.count += 1;
        }
        Ok(entries)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.refuse(Value::Object(Vec::new()))
    }

    otherwise!(Self::refuse; null boolean number text);
}

/// One entry.
struct One<const N: usize> {
    names: &'static [&'static str; N],
}

impl<const N: usize> One<N> {
    #[expect(clippy::unnecessary_wraps, reason = "as visitors answer")]
    fn refuse<'de, E>(self, found: Value<'_>) -> Result<Entry<'de, N>, E> {
        let message = format!("The entry must be an object, it is {}.", found.kind());
        Ok(Err(ApiError::new(&codes::INVALID_REQUEST_BODY, message)))
    }
}

impl<'de, const N: usize> DeserializeSeed<'de> for One<N> {
    type Value = Entry<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for One<N> {
    type Value = Entry<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(Object { names: self.names }.visit_map(map)?.unrepeated())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.refuse(Value::List(Vec::new()))
    }

    otherwise!(Self::refuse; null boolean number text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static NAMES: [&str; 2] = ["to", "minutes"];

    /// The `to` of each entry, or its fault; and how many there are.
    fn list(body: &str) -> Result<(Vec<String>, usize), String> {
        let entries = read(body.as_bytes(), "list", &NAMES, 3).map_err(|error| error.message().to_owned())?;
        let texts = entries.first.into_iter().map(|entry| match entry {
            Ok(mut fields) => fields.text("to", &mut Faults::default()).unwrap_or_default().into_owned(),
            Err(error) => error.message().to_owned(),
        });
        Ok((texts.collect(), entries.count))
    }

    #[test]
    fn what_is_wrong_with_one_entry_is_that_entry_s() {
        let body = r#"{"list":[{"to":"a"},7,{"to":"b","to":"c"}]}"#;
        let expected =
            ["a", "The entry must be an object, it is a number.", "`to` stands there more than once"];
        assert_eq!(list(body), Ok((expected.map(str::to_owned).to_vec(), 3)));
        for (entry, kind) in [
            ("null", "null"),
            ("true", "a boolean"),
            ("1.5", "a number"),
            ("\"+336\"", "a string"),
            ("[[1]]", "a list"),
        ] {
            let fault = format!("The entry must be an object, it is {kind}.");
            assert_eq!(list(&format!(r#"{{"list":[{entry},{{}}]}}"#)), Ok((vec![fault, String::new()], 2)));
        }
    }

    #[test]
    fn entries_beyond_the_bound_are_counted_only() {
        let body = format!(r#"{{"list":[{}{{}}]}}"#, r#"{"to":"a"},"#.repeat(9));
        assert_eq!(list(&body).map(|(read, count)| (read.len(), count)), Ok((3, 10)));
    }

    #[test]
    fn a_body_of_another_shape_is_refused_without_a_quote_of_values() {
        for body in [
            "",
            "[]",
            "{",
            "{}",
            r#"{"list":"+33612345678"}"#,
            r#"{"list":{"to":"+33612345678"}}"#,
            r#"{"list":null}"#,
            r#"{"list":[]"#,
            r#"{"list":[],"list":[]}"#,
            r#"{"list":[],"other":"+33612345678"}"#,
            r#"{"list":[{"to":"+33612345678" "x"}]}"#,
            "\"+33612345678\"",
        ] {
            let message = list(body).expect_err(body);
            assert!(!message.contains("3361"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&body, "list", &NAMES, 3);
        }
    }
}
