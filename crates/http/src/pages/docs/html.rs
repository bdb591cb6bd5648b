//! Writing HTML: what is ours goes in as it is, everything else is escaped.

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Html {
    written: String,
}

impl Html {
    /// Markup of ours: only literals get in.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.written.push_str(markup);
        self
    }

    /// A text or an attribute's value, escaped.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.written.push_str("&amp;"),
                '<' => self.written.push_str("&lt;"),
                '>' => self.written.push_str("&gt;"),
                '"' => self.written.push_str("&quot;"),
                '\'' => self.written.push_str("&#39;"),
                other => self.written.push(other),
            }
        }
        self
    }

    /// A line of prose: text in backticks is code.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        for (at, piece) in text.split('`').enumerate() {
            if at % 2 == 1 {
                self.raw("<code>").text(piece).raw("</code>");
            } else {
                self.text(piece);
            }
        }
        self
    }

    /// Paragraphs of prose, set apart by blank lines.
    pub(super) fn paragraphs(&mut self, text: &str) -> &mut Self {
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            self.raw("<p>").prose(paragraph.trim()).raw("</p>\n");
        }
        self
    }

    pub(super) fn into_string(self) -> String {
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_backticks_are_code() {
        let mut html = Html::default();
        html.paragraphs("a `<b>` & \"c\"\n\n'd'");
        assert_eq!(
            html.into_string(),
            "<p>a <code>&lt;b&gt;</code> &amp; &quot;c&quot;</p>\n<p>&#39;d&#39;</p>\n"
        );
    }
}
