//! A page that says what will happen before it happens, for acts that cannot be taken back.

use super::{Field, Page};
use askama::Template;

/// The question; its button posts to `action`.
#[derive(Template, Clone, Debug)]
#[template(path = "confirm.html")]
pub(crate) struct Confirm {
    /// Its title is the question.
    pub(crate) page: Page,
    /// What will happen, in words.
    pub(crate) what: String,
    /// What follows from it, a line each.
    pub(crate) consequences: Vec<String>,
    /// Where the button posts.
    pub(crate) action: String,
    /// What the button says.
    pub(crate) button: String,
    /// Where "cancel" leads.
    pub(crate) back: String,
    /// What the form brings along.
    pub(crate) hidden: Vec<(&'static str, String)>,
    /// What it asks for besides.
    pub(crate) fields: Vec<Field>,
}
