//! Bodies with lists and objects in them: read whole into a tree, then taken apart field by field, so
//! that every fault names its place (`consents[3].number`) and all faults of an entry are found at once.
//!
//! Unlike Allo's own routes, ours refuse fields that they do not know: a misspelt `evidence` must not be
//! as good as none.

use std::borrow::Cow;
use std::fmt;

use facteur_domain::{Msisdn, Timestamp};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::Faults;
use crate::api::time;
use crate::error::{ApiError, codes};
use crate::table;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node {
    Null,
    Text(String),
    Integer(i64),
    /// A fraction, or an integer beyond 64 bits.
    Number,
    Boolean(bool),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a string",
            Self::Integer(_) | Self::Number => "a number",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// An object whose fields are taken out one by one.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What stands before its fields' names in faults, as in `consents[3].`.
    place: String,
    fields: Vec<(String, Node)>,
    /// Its values are all texts, as people type them into tables.
    table: bool,
}

impl Entry {
    /// A line of a table.
    pub(crate) fn row(fields: Vec<(String, Node)>) -> Self {
        Self { place: String::new(), fields, table: true }
    }

    /// Reads `body`, which must be one JSON object.
    ///
    /// # Errors
    /// 400: it is not JSON, not an object, or names a field twice.
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let invalid = |message: String| ApiError::new(&codes::INVALID_REQUEST_BODY, message);
        if body.trim_ascii().is_empty() {
            return Err(invalid("The body is empty; it must be a JSON object.".to_owned()));
        }
        let node: Node = serde_json::from_slice(body).map_err(|error| match error.classify() {
            // Ours: it quotes at most a field's name.
            Category::Data => invalid(format!("The body is not acceptable: {error}.")),
            _ => invalid(format!("The body is not valid JSON: {error}.")),
        })?;
        match node {
            Node::Object(fields) => Ok(Self { place: String::new(), fields, table: false }),
            other => Err(invalid(format!("The body must be a JSON object, it is {}.", other.kind()))),
        }
    }

    /// An object in the field `name` of another.
    pub(crate) fn within(name: &str, fields: Vec<(String, Node)>) -> Self {
        Self { place: format!("{name}."), fields, table: false }
    }

    /// A list's element as an entry; a fault when it is no object.
    pub(crate) fn element(list: &str, at: usize, node: Node, faults: &mut Faults) -> Option<Self> {
        let place = format!("{list}[{at}]");
        match node {
            Node::Object(fields) => Some(Self { place: place + ".", fields, table: false }),
            other => {
                let message = format!("`{place}` must be an object, it is {}", other.kind());
                faults.note(place, message);
                None
            }
        }
    }

    /// The field's name in faults.
    pub(crate) fn name(&self, field: &str) -> String {
        format!("{}{field}", self.place)
    }

    /// Whether the field is there and not null.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, node)| name == field && *node != Node::Null)
    }

    /// Whether the field is there, null or not.
    pub(crate) fn given(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == field)
    }

    /// Whether the field holds an object.
    pub(crate) fn holds_object(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, node)| name == field && matches!(node, Node::Object(_)))
    }

    fn take(&mut self, field: &str) -> Option<Node> {
        let at = self.fields.iter().position(|(name, _)| name == field)?;
        Some(self.fields.remove(at).1).filter(|node| *node != Node::Null)
    }

    fn wrong(&self, field: &str, expected: &str, found: &Node, faults: &mut Faults) {
        let name = self.name(field);
        let message = format!("`{name}` must be {expected}, it is {}", found.kind());
        faults.note(name, message);
    }

    /// The text of a field, without blanks around it; absent, null and blank are the same.
    pub(crate) fn text(&mut self, field: &str, faults: &mut Faults) -> Option<String> {
        match self.take(field)? {
            Node::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            other => {
                self.wrong(field, "a string", &other, faults);
                None
            }
        }
    }

    /// The text of a field that may have `max` characters at most.
    pub(crate) fn bounded(&mut self, field: &str, max: usize, faults: &mut Faults) -> Option<String> {
        let text = self.text(field, faults)?;
        let length = text.chars().count();
        if length <= max {
            return Some(text);
        }
        let name = self.name(field);
        let message = format!("`{name}` has {length} characters; {max} are the most");
        faults.note(name, message);
        None
    }

    /// As `bounded`, for a field that must be there; `meaning` says what belongs in it.
    pub(crate) fn required(
        &mut self,
        field: &str,
        max: usize,
        meaning: &str,
        faults: &mut Faults,
    ) -> Option<String> {
        let before = faults.count();
        let text = self.bounded(field, max, faults);
        if text.is_none() && faults.count() == before {
            let name = self.name(field);
            let message = format!("`{name}` is missing: {meaning}");
            faults.note(name, message);
        }
        text
    }

    /// One of a few words.
    pub(crate) fn word<T>(
        &mut self,
        field: &str,
        find: impl Fn(&str) -> Option<T>,
        words: &[&str],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text(field, faults)?;
        let found = find(&text);
        if found.is_none() {
            let name = self.name(field);
            let message = format!("`{name}` must be one of {}", words.join(", "));
            faults.note(name, message);
        }
        found
    }

    /// A number in E.164, which must be there.
    pub(crate) fn msisdn(&mut self, field: &str, faults: &mut Faults) -> Option<Msisdn> {
        let text = self.required(field, 40, "the person's number in E.164, as in +33612345678", faults)?;
        let read = if self.table { table::number(&text) } else { Msisdn::parse(text.trim()) };
        read.map_err(|why| faults.note(self.name(field), format!("{why}"))).ok()
    }

    /// An instant.
    pub(crate) fn instant(&mut self, field: &str, faults: &mut Faults) -> Option<Timestamp> {
        let text = self.text(field, faults)?;
        let at = if self.table { table::instant(&text) } else { time::read(text.trim()) };
        if at.is_none() {
            let name = self.name(field);
            let also = if self.table { ", or a day as in 22/11/2026" } else { "" };
            let message = format!("`{name}` {}{also}", time::EXPECTED);
            faults.note(name, message);
        }
        at
    }

    /// True or false, if the field is there.
    pub(crate) fn boolean(&mut self, field: &str, faults: &mut Faults) -> Option<bool> {
        let node = self.take(field)?;
        let read = match &node {
            Node::Boolean(value) => Some(*value),
            Node::Text(text) if self.table && text.trim().is_empty() => return None,
            Node::Text(text) if self.table => table::yes_or_no(text),
            _ => None,
        };
        if read.is_none() {
            self.wrong(field, "true or false", &node, faults);
        }
        read
    }

    /// A whole number in a range, if the field is there.
    pub(crate) fn whole(&mut self, field: &str, min: u32, max: u32, faults: &mut Faults) -> Option<u32> {
        let node = self.take(field)?;
        let number = match node {
            Node::Integer(number) => u32::try_from(number).ok().filter(|n| (min..=max).contains(n)),
            _ => None,
        };
        if number.is_none() {
            let name = self.name(field);
            let message = format!("`{name}` must be a whole number from {min} to {max}");
            faults.note(name, message);
        }
        number
    }

    /// A list, if the field is there.
    pub(crate) fn list(&mut self, field: &str, faults: &mut Faults) -> Option<Vec<Node>> {
        match self.take(field)? {
            Node::List(list) => Some(list),
            other => {
                self.wrong(field, "a list", &other, faults);
                None
            }
        }
    }

    /// An object within, if the field is there.
    pub(crate) fn object(&mut self, field: &str, faults: &mut Faults) -> Option<Self> {
        match self.take(field)? {
            Node::Object(fields) => Some(Self { place: self.name(field) + ".", fields, table: false }),
            other => {
                self.wrong(field, "an object", &other, faults);
                None
            }
        }
    }

    /// Notes what was not taken out.
    pub(crate) fn end(self, known: &str, faults: &mut Faults) {
        for (name, _) in &self.fields {
            let name = shortened(name);
            let message = format!("there is no field `{name}` here; the fields are {known}");
            faults.note(format!("{}{name}", self.place), message);
        }
    }
}

/// A name that a client made up, as far as an error quotes it.
fn shortened(name: &str) -> Cow<'_, str> {
    const SHOWN: usize = 40;
    match name.char_indices().nth(SHOWN) {
        None => Cow::Borrowed(name),
        Some((end, _)) => Cow::Owned(format!("{}...", &name[..end])),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or(Node::Number, Node::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Node, A::Error> {
        elements(list).map(Node::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Node, A::Error> {
        fields(map).map(Node::Object)
    }
}

/// The elements of a list.
pub(super) fn elements<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Vec<Node>, A::Error> {
    let mut nodes = Vec::new();
    while let Some(node) = list.next_element()? {
        nodes.push(node);
    }
    Ok(nodes)
}

/// The fields of an object.
pub(super) fn fields<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<(String, Node)>, A::Error> {
    let mut fields: Vec<(String, Node)> = Vec::new();
    while let Some((name, node)) = map.next_entry::<String, Node>()? {
        if fields.len() >= FIELDS_MAX {
            return Err(A::Error::custom(format_args!("an object has more than {FIELDS_MAX} fields")));
        }
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(A::Error::custom(format_args!("`{}` stands there twice", shortened(&name))));
        }
        fields.push((name, node));
    }
    Ok(fields)
}

/// The most fields of one object; ours have a dozen.
const FIELDS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn faults_of(read: impl FnOnce(&mut Entry, &mut Faults), body: &str) -> Vec<String> {
        let mut entry = Entry::read(body.as_bytes()).expect("an object");
        let mut faults = Faults::default();
        read(&mut entry, &mut faults);
        faults.into_details().into_iter().map(|detail| detail.field.into_owned()).collect()
    }

    #[test]
    fn every_fault_names_its_place() {
        let body = r#"{"list":[{"number":"0612","at":5,"mode":"x","name":"abcd","flag":"no"},7],"else":1}"#;
        let found = faults_of(
            |entry, faults| {
                for (at, node) in entry.list("list", faults).expect("a list").into_iter().enumerate() {
                    let Some(mut entry) = Entry::element("list", at, node, faults) else { continue };
                    assert_eq!(entry.msisdn("number", faults), None);
                    assert_eq!(entry.instant("at", faults), None);
                    assert_eq!(entry.word("mode", |_| None::<()>, &["a", "b"], faults), None);
                    assert_eq!(entry.bounded("name", 3, faults), None);
                    assert_eq!(entry.boolean("flag", faults), None);
                    assert_eq!(entry.required("why", 9, "a reason", faults), None);
                    entry.end("known", faults);
                }
                entry.object("absent", faults);
            },
            body,
        );
        let expected = ["number", "at", "mode", "name", "flag", "why"].map(|name| format!("list[0].{name}"));
        assert_eq!(found, [&expected[..], &["list[1]".to_owned()]].concat());
    }

    #[test]
    fn unknown_fields_are_faults_and_blank_texts_are_absent() {
        let mut entry = Entry::read(br#"{"a":" ","b":null,"c":1}"#).expect("an object");
        let mut faults = Faults::default();
        assert_eq!((entry.text("a", &mut faults), entry.text("b", &mut faults)), (None, None));
        entry.end("a and b", &mut faults);
        let fields: Vec<_> = faults.into_details().into_iter().map(|detail| detail.field).collect();
        assert_eq!(fields, ["c"]);
    }

    #[test]
    fn what_is_no_object_is_refused_without_a_quote_of_values() {
        for body in ["", "null", "[]", "5", "{", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "\"+336\""]
        {
            let error = Entry::read(body.as_bytes()).expect_err(body);
            assert!(!format!("{error:?}").contains("+336"), "{body}");
        }
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(60_000), "]".repeat(60_000));
        assert!(Entry::read(deep.as_bytes()).is_err());
        let wide = (0..100).map(|i| format!("\"f{i}\":1")).collect::<Vec<_>>().join(",");
        assert!(Entry::read(format!("{{{wide}}}").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Entry::read(&body);
        }

        #[test]
        fn any_text_reads_back(text in "\\PC{1,40}") {
            let body = serde_json::json!({ "t": text }).to_string();
            let mut entry = Entry::read(body.as_bytes()).expect("an object");
            let kept = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            prop_assert_eq!(entry.text("t", &mut Faults::default()), kept);
        }
    }
}
