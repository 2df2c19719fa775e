//! Pages for people: plain HTML with one style sheet inside, nothing from elsewhere, no script.

use crate::connector::{Field, FieldKind, Question, Trouble};
use crate::html::Html;

/// How every page looks: light and dark, on a telephone and on a screen. It contains nothing that HTML would escape.
pub const STYLE: &str = include_str!("page/style.css");

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status to answer with.
    pub status: u16,
    /// The whole document.
    pub html: Html,
    /// Where its form may lead beside here, in the words of a Content-Security-Policy.
    pub form_action: Option<String>,
}

/// What a sign-in page is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// A program gets a code through the browser, or by hand.
    Program {
        /// Where the browser goes then.
        redirect_uri: &'a str,
    },
    /// A program elsewhere waits.
    Device {
        /// What it shows.
        user_code: &'a str,
    },
}

/// What a sign-in page carries.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// What it is for.
    pub purpose: Purpose<'a>,
    /// The path and query that the form goes to.
    pub action: &'a str,
    /// What comes back with it.
    pub step: &'a str,
    /// What is asked.
    pub question: &'a Question,
    /// What was wrong with the last answer.
    pub trouble: Option<Trouble>,
}

/// The form in which somebody signs in.
#[must_use]
pub fn sign_in(page: &SignIn<'_>) -> Page {
    let mut body = Html::new("<h1>Sign in</h1>");
    body = match page.purpose {
        Purpose::Program { redirect_uri } if redirect_uri.starts_with("http") => {
            match is_here(redirect_uri) {
                true => body.raw("<p>A program on this computer wants to sign as you. If you have not just started one, cancel.</p>"),
                false => body.raw("<p>A program wants to sign as you. It waits at <code>").text(origin(redirect_uri)).raw("</code>.</p>"),
            }
        }
        Purpose::Program { .. } => {
            body.raw("<p>A program wants to sign as you. You will get a code to copy into it.</p>")
        }
        Purpose::Device { user_code } => body
            .raw("<p>Your program shows this code:</p><p class=\"code\">")
            .text(user_code)
            .raw("</p><p>If it does not, or you have not started one yourself, somebody else wants to sign as you: cancel.</p>"),
    };
    if let Some(trouble) = page.trouble {
        let text = match trouble {
            Trouble::Password => "This name and this password do not belong together.",
            Trouble::Code => "This is not the code of now, or it was used already. Wait for the next one.",
        };
        body = body.raw("<p class=\"trouble\" role=\"alert\">").raw(text).raw("</p>");
    }
    body = body.raw("<form method=\"post\" autocomplete=\"on\" action=\"").text(page.action).raw("\">");
    body = body.raw("<input type=\"hidden\" name=\"step\" value=\"").text(page.step).raw("\">");
    let first = page.question.fields.iter().position(|field| field.value.is_empty());
    for (at, field) in page.question.fields.iter().enumerate() {
        body = body.html(&input(field, Some(at) == first));
    }
    body = body
        .raw("<button type=\"submit\">")
        .raw(page.question.submit)
        .raw("</button><button type=\"submit\" name=\"cancel\" value=\"1\" class=\"quiet\" formnovalidate>Cancel</button></form>")
        .raw("<p class=\"note\">What you sign carries your e-mail address, and is recorded in a log that others can read.</p>");
    document(200, "Sign in", &body)
}

fn input(field: &Field, focus: bool) -> Html {
    let html =
        Html::new("<label for=\"").raw(field.name).raw("\">").raw(field.label).raw("</label><input id=\"");
    let html = html.raw(field.name).raw("\" name=\"").raw(field.name).raw("\" required ");
    let html = html.raw(match field.kind {
        FieldKind::UserName => {
            "type=\"text\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"320\""
        }
        FieldKind::Password => "type=\"password\" autocomplete=\"current-password\" maxlength=\"1024\"",
        FieldKind::OneTimeCode => {
            "type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" pattern=\"[0-9 ]*\" maxlength=\"12\""
        }
    });
    let html = html.raw(" value=\"").text(&field.value).raw("\"");
    html.raw(if focus { " autofocus>" } else { ">" })
}

/// The code to copy, for a program that the browser cannot be sent to.
#[must_use]
pub fn copy_code(code: &str) -> Page {
    let body = Html::new("<h1>You are signed in</h1><p>Copy this code into the program that asked for it. It works once, for a minute.</p><p class=\"code long\">")
        .text(code)
        .raw("</p><p class=\"note\">Give it to nobody: with it, they sign as you.</p>");
    document(200, "Your code", &body)
}

/// The form in which somebody says what their program shows.
#[must_use]
pub fn ask_user_code(action: &str, trouble: bool) -> Page {
    let mut body = Html::new("<h1>Which program?</h1><p>Enter the code that your program shows.</p>");
    if trouble {
        body = body.raw("<p class=\"trouble\" role=\"alert\">No program waits with this code. It may be mistyped, or more than ten minutes old.</p>");
    }
    let body = body
        .raw("<form method=\"get\" action=\"")
        .text(action)
        .raw("\"><label for=\"user_code\">Code, such as BCDF-GHJK</label><input id=\"user_code\" name=\"user_code\" type=\"text\" required autofocus ")
        .raw("autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"16\">")
        .raw("<button type=\"submit\">Continue</button></form>");
    document(if trouble { 400 } else { 200 }, "Which program?", &body)
}

/// The end of a sign-in for a device.
#[must_use]
pub fn device_done(granted: bool) -> Page {
    if granted {
        let body =
            "<h1>You are signed in</h1><p>Your program goes on by itself. You can close this page.</p>";
        document(200, "Signed in", &Html::new(body))
    } else {
        let body = "<h1>Cancelled</h1><p>The program gets nothing. You can close this page.</p>";
        document(200, "Cancelled", &Html::new(body))
    }
}

/// The page of a sign-in that was cancelled and of which nobody can be told.
#[must_use]
pub fn cancelled() -> Page {
    device_done(false)
}

/// Something went wrong.
#[must_use]
pub fn trouble(status: u16, title: &'static str, what: &str, advice: &'static str) -> Page {
    let body = Html::new("<h1>")
        .raw(title)
        .raw("</h1><p>")
        .text(&sentence(what))
        .raw("</p><p>")
        .raw(advice)
        .raw("</p>");
    document(status, title, &body)
}

fn document(status: u16, title: &'static str, body: &Html) -> Page {
    let html = Html::new("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\"><title>")
        .raw(title)
        .raw("</title><style>")
        .raw(STYLE)
        .raw("</style></head><body><main>")
        .html(body)
        .raw("</main><footer>Sealwax</footer></body></html>\n");
    Page { status, html, form_action: None }
}

/// Whether that is the computer that the browser is on.
fn is_here(uri: &str) -> bool {
    let authority = origin(uri).strip_prefix("http://").unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| match port.parse::<u16>() {
        Ok(_) => host,
        Err(_) => authority,
    });
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Scheme, host and port: what tells where somebody goes.
fn origin(uri: &str) -> &str {
    let end = uri.match_indices('/').nth(2).map_or(uri.len(), |(at, _)| at);
    uri.get(..end).unwrap_or(uri)
}

/// With a capital in front and a full stop behind.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "\"><script>alert(1)</script>";

    #[test]
    fn nothing_that_comes_from_outside_becomes_markup() {
        let field = Field { name: "n", label: "l", kind: FieldKind::UserName, value: NASTY.to_owned() };
        let question = Question { fields: vec![field], submit: "Go" };
        let purposes = [Purpose::Program { redirect_uri: NASTY }, Purpose::Device { user_code: NASTY }];
        let http = format!("http://{NASTY}");
        for purpose in purposes.into_iter().chain([Purpose::Program { redirect_uri: &http }]) {
            let trouble = Some(Trouble::Password);
            let page = sign_in(&SignIn { purpose, action: NASTY, step: NASTY, question: &question, trouble });
            assert!(!page.html.into_string().contains("<script"));
        }
        for page in [copy_code(NASTY), ask_user_code(NASTY, true), trouble(400, "t", NASTY, "a")] {
            assert!(!page.html.into_string().contains("<script"));
        }
    }

    #[test]
    fn the_style_stands_for_itself() {
        assert!(!STYLE.contains(['<', '&']) && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn where_somebody_goes() {
        assert_eq!(origin("http://localhost:1/auth/callback"), "http://localhost:1");
        assert_eq!(origin("http://localhost:1"), "http://localhost:1");
        assert_eq!(sentence("no client"), "No client.");
        for here in
            ["http://localhost:1/auth/callback", "http://127.0.0.1:2", "http://[::1]:3/", "http://localhost"]
        {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "https://localhost:1",
            "http://localhost.example:1",
            "http://a@localhost:1",
            "http://localhost:x",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
