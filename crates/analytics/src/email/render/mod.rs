//! Mails out of templates: typed contexts in, subject, HTML and text out.

mod contact;
mod cut;
pub(crate) mod mail;
mod money;
mod notice;
mod renderer;
mod samples;
mod templates;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use self::{
    money::{Money, grouped},
    notice::{InvitationMail, TestMail},
    renderer::Renderer,
    text::Text,
};
pub use samples::{SampleMail, sample_mails};

/// Stands in rendered mails where each recipient's own unsubscribe address goes; no tenant's data can hold it.
pub(crate) const UNSUBSCRIBE: &str = "https://unsubscribe.invalid/5a1f8c0e";

/// A mail as everybody gets it, but for [`UNSUBSCRIBE`].
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) html: String,
    pub(crate) text: String,
}

impl Rendered {
    /// HTML and text for one recipient.
    pub(crate) fn for_recipient(&self, unsubscribe_url: &str) -> (String, String) {
        let in_html = unsubscribe_url.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        (self.html.replace(UNSUBSCRIBE, &in_html), self.text.replace(UNSUBSCRIBE, unsubscribe_url))
    }
}
