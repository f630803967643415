//! Mails out of templates: typed contexts in, subject, HTML and text out.

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
        (self.html.replace(UNSUBSCRIBE, unsubscribe_url), self.text.replace(UNSUBSCRIBE, unsubscribe_url))
    }
}

/// The templates, read once.
#[derive(Debug)]
pub(crate) struct Renderer {}

impl Renderer {
    /// # Errors
    /// A template is missing or not well-formed.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// The mail of an invitation.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn invitation(&self, _mail: &InvitationMail) -> anyhow::Result<Rendered> {
        Ok(Rendered { subject: String::new(), html: String::new(), text: String::new() })
    }

    /// The mail that `config/test` sends.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn test(&self, _mail: &TestMail) -> anyhow::Result<Rendered> {
        Ok(Rendered { subject: String::new(), html: String::new(), text: String::new() })
    }
}

/// What auth-service seals into `mail_outbox` for an invitation (its crate's `invitations/mail.rs`).
#[derive(Debug, serde::Deserialize)]
pub(crate) struct InvitationMail {
    pub(crate) tenant_name: String,
    pub(crate) invited_by: Option<String>,
    pub(crate) role: String,
    pub(crate) branches: Option<Vec<String>>,
    pub(crate) link: String,
    pub(crate) expires_at: chrono::DateTime<chrono::Utc>,
}

/// What a test mail says.
#[derive(Debug)]
pub(crate) struct TestMail {
    pub(crate) tenant_name: String,
    /// `host:port`, or the folder of files.
    pub(crate) through: String,
    /// Whose configuration it is: the tenant's own, or the operator's default.
    pub(crate) is_own: bool,
    pub(crate) asked_by: String,
    pub(crate) at: chrono::DateTime<chrono::Utc>,
}
