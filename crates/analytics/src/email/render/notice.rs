//! Mails that are no reports: invitations and tests.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Text;

const NAME: usize = 100;
/// More branches than anybody reads in a sentence.
const BRANCHES: usize = 20;

/// What auth-service seals into `mail_outbox` for an invitation (its crate's `invitations/mail.rs`). Older content may lack
/// what is optional here.
#[derive(Debug, Deserialize)]
pub(crate) struct InvitationMail {
    pub(crate) tenant_name: String,
    #[serde(default)]
    pub(crate) invited_by: Option<String>,
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) branches: Option<Vec<String>>,
    pub(crate) link: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// What a test mail says.
#[derive(Debug)]
pub(crate) struct TestMail {
    pub(crate) tenant_name: String,
    /// `host:port` of the tenant's own, words for the operator's, or the folder of files.
    pub(crate) through: String,
    /// Whose configuration it is: the tenant's own, or the operator's default.
    pub(crate) is_own: bool,
    pub(crate) asked_by: String,
    pub(crate) at: DateTime<Utc>,
}

/// What the layout needs of every notice.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NoticeHead {
    subject: String,
    tenant: Text,
    preheader: &'static str,
}

impl NoticeHead {
    fn of(tenant: &str, preheader: &'static str) -> Self {
        Self { subject: String::new(), tenant: Text::new(tenant, NAME), preheader }
    }
}

/// A mail whose subject is a template too.
pub(super) trait Notice: Serialize + Clone {
    fn head(&mut self) -> &mut NoticeHead;

    fn with_subject(&self, subject: &str) -> Self {
        let mut notice = self.clone();
        subject.clone_into(&mut notice.head().subject);
        notice
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct InvitationContext {
    head: NoticeHead,
    invited_by: Option<Text>,
    role: Text,
    role_article: &'static str,
    branches: Vec<Text>,
    link: Text,
    expires_at: String,
}

impl InvitationContext {
    pub(super) fn of(mail: &InvitationMail) -> Self {
        let InvitationMail { tenant_name, invited_by, role, branches, link, expires_at } = mail;
        let branches = branches.as_deref().unwrap_or_default();
        let more = branches.len().saturating_sub(BRANCHES);
        let mut shown: Vec<Text> = branches.iter().take(BRANCHES).map(|branch| Text::new(branch, NAME)).collect();
        if more > 0 {
            shown.push(Text::new(&format!("{more} more"), NAME));
        }
        Self {
            head: NoticeHead::of(tenant_name, "Accept with one click."),
            invited_by: invited_by.as_deref().map(|name| Text::new(name, NAME)).filter(|name| !name.is_empty()),
            role_article: if role.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" },
            role: Text::new(role, NAME),
            branches: shown,
            link: Text::new(link, 2_000),
            expires_at: instant(*expires_at),
        }
    }
}

impl Notice for InvitationContext {
    fn head(&mut self) -> &mut NoticeHead {
        &mut self.head
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct TestContext {
    head: NoticeHead,
    through: Text,
    is_own: bool,
    asked_by: Text,
    at: String,
}

impl TestContext {
    pub(super) fn of(mail: &TestMail) -> Self {
        let TestMail { tenant_name, through, is_own, asked_by, at } = mail;
        Self {
            head: NoticeHead::of(tenant_name, "The mail server works."),
            through: Text::new(through, 300),
            is_own: *is_own,
            asked_by: Text::new(asked_by, NAME),
            at: instant(*at),
        }
    }
}

impl Notice for TestContext {
    fn head(&mut self) -> &mut NoticeHead {
        &mut self.head
    }
}

/// `Mon 5 Jan 2026, 14:30 UTC`.
fn instant(at: DateTime<Utc>) -> String {
    at.format("%a %-d %b %Y, %H:%M UTC").to_string()
}
