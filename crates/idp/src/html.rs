//! Markup whose safety is its type: what is not a literal of this program is escaped.

/// A piece of HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Begins with markup.
    #[must_use]
    pub fn new(markup: &'static str) -> Self {
        Self(markup.to_owned())
    }

    /// Goes on with markup, which only a literal can be.
    #[must_use]
    pub fn raw(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Goes on with text: in an element, or in an attribute between double quotes. Not in a script, a style, or an attribute
    /// that is a URL, unless the text is a path of ours.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Neither a terminal nor a text direction is to be fooled by what somebody is called.
                '\n' | '\t' => self.0.push(' '),
                character if character.is_control() || is_invisible(character) => self.0.push('\u{fffd}'),
                character => self.0.push(character),
            }
        }
        self
    }

    /// Goes on with a piece.
    #[must_use]
    pub fn html(mut self, html: &Self) -> Self {
        self.0.push_str(&html.0);
        self
    }

    /// The text of the markup.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// What turns text around or hides in it.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let html =
            Html::new("<p title=\"").text("\"><script>&'").raw("\">").text("a\u{202e}b\u{0}c\nd").raw("</p>");
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot;&gt;&lt;script&gt;&amp;&#39;\">a\u{fffd}b\u{fffd}c d</p>"
        );
    }

    #[test]
    fn pieces_are_put_together() {
        let piece = Html::new("<b>").text("<").raw("</b>");
        assert_eq!(Html::new("<p>").html(&piece).raw("</p>").into_string(), "<p><b>&lt;</b></p>");
    }
}
