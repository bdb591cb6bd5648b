//! Schemas as tables of fields.

use serde_json::{Map, Value};

use super::html::Html;

/// How deep nested objects are shown.
const DEPTH_MAX: usize = 5;

/// The schema that `schema` refers to, or itself.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// The fields of an object as rows: name, type, meaning; nested ones below, with a dotted name.
pub(super) fn rows(html: &mut Html, document: &Value, schema: &Value) {
    nested(html, document, schema, "", 0);
}

fn nested(html: &mut Html, document: &Value, schema: &Value, prefix: &str, depth: usize) {
    let schema = resolve(document, schema);
    // An object that another is flattened into.
    for part in schema["allOf"].as_array().into_iter().flatten() {
        nested(html, document, part, prefix, depth);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let empty = Vec::new();
    let required = schema["required"].as_array().unwrap_or(&empty);
    for (name, property) in properties {
        let inner = resolve(document, property);
        let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        row(html, document, &full, property, required.iter().any(|r| r == name));
        if depth < DEPTH_MAX {
            let element = if inner["items"].is_object() { &inner["items"] } else { inner };
            let full = if inner["items"].is_object() { full + "[]" } else { full };
            nested(html, document, element, &full, depth + 1);
        }
    }
}

fn row(html: &mut Html, document: &Value, name: &str, property: &Value, required: bool) {
    html.raw("<tr><th scope=\"row\"><code>").text(name).raw("</code>");
    if required {
        html.raw(" <span class=\"must\">required</span>");
    }
    html.raw("</th><td><span class=\"type\">").text(&kind(document, property)).raw("</span></td><td>");
    // An optional reference stands as the first of two choices, the second being null.
    let named = if property["oneOf"].is_array() { &property["oneOf"][0] } else { property };
    let meant = resolve(document, named);
    let description = [named, meant].iter().find_map(|schema| schema["description"].as_str());
    html.prose(description.unwrap_or(""));
    words(html, meant);
    let example = &property["example"];
    if !example.is_null() && !example.is_object() {
        html.raw(" <span class=\"example\">e.g. <code>").text(&plain(example)).raw("</code></span>");
    }
    html.raw("</td></tr>\n");
}

/// The words of an enumeration.
pub(super) fn words(html: &mut Html, schema: &Value) {
    let Some(words) = schema["enum"].as_array() else { return };
    html.raw("<br><span class=\"words\">");
    for word in words.iter().filter_map(Value::as_str) {
        html.raw("<code>").text(word).raw("</code> ");
    }
    html.raw("</span>");
}

/// A type in words: `string, null`, `list of string`, `integer, 1 to 100`.
pub(super) fn kind(document: &Value, schema: &Value) -> String {
    if let Some(options) = schema["oneOf"].as_array() {
        return options.iter().map(|option| kind(document, option)).collect::<Vec<_>>().join(", ");
    }
    let schema = resolve(document, schema);
    let names = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec!["object"],
    };
    let named = |name: &str| match name {
        "array" => format!("list of {}", kind(document, &schema["items"])),
        "string" if schema["format"] == "date-time" => "date-time".to_owned(),
        other => other.to_owned(),
    };
    let mut words: Vec<String> = names.into_iter().map(named).collect();
    words.extend(range(schema.as_object()));
    words.join(", ")
}

fn range(schema: Option<&Map<String, Value>>) -> Option<String> {
    let bound = |name: &str| schema?.get(name).map(plain);
    match (bound("minimum"), bound("maximum"), bound("minLength"), bound("maxLength")) {
        (Some(least), Some(most), ..) => Some(format!("{least} to {most}")),
        (.., Some(least), Some(most)) => Some(format!("{least} to {most} characters")),
        (.., Some(most)) => Some(format!("up to {most} characters")),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_said_in_words() {
        let document = json!({"components": {"schemas": {"T": {"type": "object"}}}});
        for (schema, words) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["string", "null"]}), "string, null"),
            (json!({"type": "array", "items": {"type": "string"}}), "list of string"),
            (json!({"type": "string", "format": "date-time"}), "date-time"),
            (json!({"type": "integer", "minimum": 1, "maximum": 9}), "integer, 1 to 9"),
            (json!({"type": "string", "minLength": 1, "maxLength": 9}), "string, 1 to 9 characters"),
            (json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/T"}]}), "null, object"),
        ] {
            assert_eq!(kind(&document, &schema), words);
        }
    }

    #[test]
    fn nested_fields_have_dotted_names() {
        let document = json!({"s": {"properties": {"c": {"type": "string"}}}});
        let schema =
            json!({"properties": {"a": {"type": "array", "items": {"$ref": "#/s"}}}, "required": ["a"]});
        let mut html = Html::default();
        rows(&mut html, &document, &schema);
        let html = html.into_string();
        assert!(html.contains("<code>a</code> <span class=\"must\">"), "{html}");
        assert!(html.contains("<code>a[].c</code></th>"), "{html}");
    }

    #[test]
    fn an_optional_word_shows_its_meaning_and_its_words() {
        let document = json!({"s": {"type": "string", "enum": ["x", "y"]}});
        let choice = json!([{"$ref": "#/s", "description": "Which."}, {"type": "null"}]);
        let mut html = Html::default();
        rows(&mut html, &document, &json!({"properties": {"a": {"oneOf": choice}}}));
        let html = html.into_string();
        assert!(html.contains("Which.<br><span class=\"words\"><code>x</code> <code>y</code> "), "{html}");
    }
}
