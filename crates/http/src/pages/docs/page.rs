//! The readable page.

use serde_json::Value;

use super::html::Html;
use super::schema;
use crate::api;
use crate::endpoint::Access;
use crate::error::codes;

/// The page for this document.
pub(super) fn render(document: &Value) -> String {
    let mut html = Html::default();
    html.raw(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Facteur API</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the endpoints</a>\n",
    );
    navigation(&mut html, document);
    html.raw("<main id=\"main\">\n<header><h1>Facteur API <span class=\"version\">");
    html.text(document["info"]["version"].as_str().unwrap_or(""));
    html.raw("</span></h1>\n").paragraphs(document["info"]["description"].as_str().unwrap_or(""));
    html.raw("<p><a href=\"/openapi.json\">OpenAPI 3.1 document</a></p></header>\n");
    for tag in document["tags"].as_array().into_iter().flatten() {
        section(&mut html, document, tag);
    }
    errors(&mut html, document);
    html.raw("</main>\n</body>\n</html>\n");
    html.into_string()
}

/// The operations of a tag, in the order of the document: path, method, operation.
fn operations<'a>(
    document: &'a Value,
    tag: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        item.as_object()
            .into_iter()
            .flatten()
            .map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.filter(|(_, _, operation)| operation["tags"][0] == tag["name"])
}

fn navigation(html: &mut Html, document: &Value) {
    html.raw("<nav aria-label=\"Endpoints\">\n<p class=\"brand\">Facteur</p>\n");
    for tag in document["tags"].as_array().into_iter().flatten() {
        html.raw("<h2>").text(tag["name"].as_str().unwrap_or("")).raw("</h2>\n<ul>\n");
        for (_, method, operation) in operations(document, tag) {
            html.raw("<li><a href=\"#").text(operation["operationId"].as_str().unwrap_or("")).raw("\">");
            badge(html, method);
            html.raw(" ").text(operation["summary"].as_str().unwrap_or("")).raw("</a></li>\n");
        }
        html.raw("</ul>\n");
    }
    html.raw(
        "<h2>Errors</h2>\n<ul><li><a href=\"#errors\">The error body and its codes</a></li></ul>\n</nav>\n",
    );
}

fn badge(html: &mut Html, method: &str) {
    html.raw("<span class=\"method ").text(method).raw("\">").text(&method.to_uppercase()).raw("</span>");
}

fn section(html: &mut Html, document: &Value, tag: &Value) {
    html.raw("<section>\n<h2>").text(tag["name"].as_str().unwrap_or("")).raw("</h2>\n<p class=\"lead\">");
    html.text(tag["description"].as_str().unwrap_or("")).raw("</p>\n");
    for (path, method, operation) in operations(document, tag) {
        article(html, document, (path, method, operation));
    }
    html.raw("</section>\n");
}

fn article(html: &mut Html, document: &Value, (path, method, operation): (&str, &str, &Value)) {
    html.raw("<article id=\"").text(operation["operationId"].as_str().unwrap_or("")).raw("\">\n<h3>");
    html.text(operation["summary"].as_str().unwrap_or("")).raw("</h3>\n<p class=\"route\">");
    badge(html, method);
    html.raw(" <code>").text(path).raw("</code>");
    scope(html, path, method);
    html.raw("</p>\n").paragraphs(operation["description"].as_str().unwrap_or(""));
    parameters(html, document, operation);
    request(html, document, (method, path), operation);
    responses(html, document, operation);
    html.raw("</article>\n");
}

fn scope(html: &mut Html, path: &str, method: &str) {
    let endpoint = api::ENDPOINTS.iter().find(|e| e.path == path && e.method.eq_ignore_ascii_case(method));
    match endpoint.map(|endpoint| endpoint.access) {
        Some(Access::Scoped(scope)) => {
            html.raw(" <span class=\"scope\">scope <code>").text(scope.as_str()).raw("</code></span>");
        }
        Some(Access::Key) => {
            html.raw(" <span class=\"scope\">any key</span>");
        }
        _ => {}
    }
}

fn parameters(html: &mut Html, document: &Value, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array() else { return };
    html.raw("<h4>Parameters</h4>\n<div class=\"scroll\"><table>\n");
    for parameter in parameters {
        html.raw("<tr><th scope=\"row\"><code>").text(parameter["name"].as_str().unwrap_or(""));
        html.raw("</code> <span class=\"must\">").text(parameter["in"].as_str().unwrap_or(""));
        html.raw("</span></th><td><span class=\"type\">").text(&schema::kind(document, &parameter["schema"]));
        html.raw("</span></td><td>").prose(parameter["description"].as_str().unwrap_or(""));
        schema::words(html, &parameter["schema"]);
        html.raw("</td></tr>\n");
    }
    html.raw("</table></div>\n");
}

fn request(html: &mut Html, document: &Value, (method, path): (&str, &str), operation: &Value) {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if body.is_null() {
        return;
    }
    html.raw("<h4>Body</h4>\n<div class=\"scroll\"><table>\n");
    schema::rows(html, document, body);
    html.raw("</table></div>\n");
    let example = &schema::resolve(document, body)["example"];
    if !example.is_null() {
        html.raw("<h4>Example</h4>\n<pre tabindex=\"0\"><code>curl -X ").text(&method.to_uppercase());
        html.raw(" &quot;$FACTEUR").text(path);
        html.raw("&quot; \\\n  -H &quot;Authorization: Api-Key $KEY&quot; \\\n  -H &quot;Content-Type: ");
        html.raw("application/json&quot; \\\n  -d &#39;");
        html.text(&serde_json::to_string_pretty(example).unwrap_or_default()).raw("&#39;</code></pre>\n");
    }
}

fn responses(html: &mut Html, document: &Value, operation: &Value) {
    html.raw("<h4>Answers</h4>\n<dl class=\"answers\">\n");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        html.raw("<dt>").text(status).raw("</dt><dd>");
        html.prose(response["description"].as_str().unwrap_or("")).raw("</dd>\n");
    }
    html.raw("</dl>\n");
    let answers = operation["responses"].as_object().into_iter().flatten();
    let success = answers.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response).next();
    let success = success.unwrap_or(&Value::Null);
    let success = &success["content"]["application/json"]["schema"];
    if !success.is_null() {
        html.raw("<details open><summary>Fields of the success</summary>\n<div class=\"scroll\"><table>\n");
        schema::rows(html, document, success);
        html.raw("</table></div></details>\n");
        let example = &schema::resolve(document, success)["example"];
        if !example.is_null() {
            html.raw("<h4>Example of the success</h4>\n<pre tabindex=\"0\"><code>");
            html.text(&serde_json::to_string_pretty(example).unwrap_or_default()).raw("</code></pre>\n");
        }
    }
}

fn errors(html: &mut Html, document: &Value) {
    html.raw("<section id=\"errors\">\n<h2>Errors</h2>\n<p class=\"lead\">Every error has this body. ");
    html.raw("Branch on the code; the message is for people.</p>\n<div class=\"scroll\"><table>\n");
    schema::rows(html, document, &document["components"]["schemas"]["ErrorBody"]);
    html.raw("</table></div>\n<h3>Codes</h3>\n<div class=\"scroll\"><table>\n");
    for code in codes::ALL {
        html.raw("<tr id=\"").text(code.name).raw("\"><th scope=\"row\"><code>").text(code.name);
        html.raw("</code></th><td>").text(code.status.as_str()).raw("</td><td>");
        html.prose(code.meaning).raw("</td></tr>\n");
    }
    html.raw("</table></div>\n</section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::document;

    #[test]
    fn the_page_shows_every_operation_and_every_code() {
        let document = serde_json::to_value(document()).expect("JSON");
        let page = render(&document);
        for endpoint in api::ENDPOINTS {
            let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
            let id = operation["operationId"].as_str().expect("an id");
            assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
        }
        for code in codes::ALL {
            assert!(page.contains(&format!("<tr id=\"{}\">", code.name)), "{}", code.name);
        }
        // The address in an example is text, and leads nowhere.
        let page = page.replace("https://example.com", "");
        for banned in ["href=\"http", "<script", "style=", "onclick", "http://", "https://"] {
            assert!(!page.contains(banned), "{banned}");
        }
    }
}
