//! The renderer: templates read and tried once, then used by everybody.

use anyhow::Context;
use css_inline::CSSInliner;
use minijinja::{Environment, Value, context, value::Serde};
use serde::Serialize;

use super::{
    InvitationMail, Rendered, TestMail, UNSUBSCRIBE,
    cut::Cut,
    mail::{DigestMail, ReportMail, RollUpMail},
    notice, samples, templates,
};

/// Gmail shows the first 102 kB of a mail and hides the rest. Room is left for a recipient's own address.
const LARGEST: usize = 97_000;

/// The templates, read once.
pub(crate) struct Renderer {
    templates: Environment<'static>,
    inliner: CSSInliner<'static>,
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

impl Renderer {
    /// Reads the templates and renders each with a sample.
    ///
    /// # Errors
    /// A template is missing, not well-formed, or does not fit what it is filled with.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let inliner = CSSInliner::options()
            // What is for dark and for small screens cannot be inlined.
            .keep_at_rules(true)
            .remove_inlined_selectors(true)
            .minify_css(true)
            // Outlook reads widths from attributes.
            .apply_width_attributes(true)
            .load_remote_stylesheets(false)
            .build();
        let renderer = Self { templates: templates::environment()?, inliner };
        for (name, rendered) in samples::all(&renderer) {
            rendered.with_context(|| format!("the sample {name} cannot be rendered"))?;
        }
        Ok(renderer)
    }

    /// The mail about one branch.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn report(&self, mail: &ReportMail) -> anyhow::Result<Rendered> {
        self.fitting("report", &mail.head.subject, mail)
    }

    /// The mail about several branches.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn digest(&self, mail: &DigestMail) -> anyhow::Result<Rendered> {
        self.fitting("digest", &mail.head.subject, mail)
    }

    /// The mail about all branches.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn roll_up(&self, mail: &RollUpMail) -> anyhow::Result<Rendered> {
        self.fitting("roll_up", &mail.head.subject, mail)
    }

    /// The mail of an invitation.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn invitation(&self, mail: &InvitationMail) -> anyhow::Result<Rendered> {
        self.notice("invitation", &notice::InvitationContext::of(mail))
    }

    /// The mail that `config/test` sends.
    ///
    /// # Errors
    /// The template does not fit.
    pub(crate) fn test(&self, mail: &TestMail) -> anyhow::Result<Rendered> {
        self.notice("test", &notice::TestContext::of(mail))
    }

    /// The largest form of a report that is small enough.
    fn fitting(&self, name: &str, subject: &str, mail: &impl Cut) -> anyhow::Result<Rendered> {
        for step in 0.. {
            let Some(cut) = mail.cut(step) else { break };
            let values = filled(&cut);
            let html = self.fill(&format!("{name}.html"), &values)?;
            // Inlining only adds.
            if html.len() > LARGEST {
                continue;
            }
            let html = self.inlined(&html)?;
            if html.len() <= LARGEST {
                let text = tidy(&self.fill(&format!("{name}.txt"), &values)?);
                return Ok(Rendered { subject: subject.to_owned(), html, text });
            }
        }
        anyhow::bail!("the mail {name} is too large even without its lists")
    }

    fn notice(&self, name: &str, mail: &impl notice::Notice) -> anyhow::Result<Rendered> {
        let subject = self.fill(&format!("{name}.subject.txt"), &filled(mail))?;
        let values = filled(&mail.with_subject(&subject));
        Ok(Rendered {
            html: self.inlined(&self.fill(&format!("{name}.html"), &values)?)?,
            text: tidy(&self.fill(&format!("{name}.txt"), &values)?),
            subject,
        })
    }

    fn fill(&self, name: &str, values: &Value) -> anyhow::Result<String> {
        let template = self.templates.get_template(name)?;
        template.render(values).with_context(|| format!("the template {name} does not fit"))
    }

    fn inlined(&self, html: &str) -> anyhow::Result<String> {
        self.inliner.inline(html).context("the styles of a mail cannot be inlined")
    }
}

/// A mail's values with the address that all have.
fn filled(mail: &impl Serialize) -> Value {
    context! { unsubscribe => UNSUBSCRIBE, ..Value::from(Serde(mail)) }
}

/// Without spaces at the ends of lines, and with no more than one empty line at a time.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 1;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}
