//! How far the test of a mail server came: its steps, and what is told of each.

use serde::Serialize;
use utoipa::ToSchema;

/// Whose configuration was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TestedSource {
    /// The tenant's own.
    Tenant,
    /// The operator's.
    Default,
    /// None: mails are written into files.
    File,
}

/// A step towards a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TestedStep {
    /// The server's name leads to an address that may be connected to.
    Address,
    /// It accepts a connection and greets.
    Connect,
    /// The connection is protected.
    Tls,
    Login,
    /// It takes mails from the sender's address.
    Sender,
    /// It takes mails for whoever asks.
    Recipient,
    /// It took the mail.
    Mail,
}

/// How a step went.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct StepView {
    pub(super) step: TestedStep,
    pub(super) ok: bool,
    /// For people. What the server said is not repeated, but for its codes.
    message: String,
}

/// How far a test mail came.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailTestView {
    /// Whether the mail was taken.
    pub(super) ok: bool,
    /// Null where nothing is configured, or what is configured cannot be used.
    pub(super) source: Option<TestedSource>,
    /// In order; the last one is the one that failed, unless all went well.
    pub(super) steps: Vec<StepView>,
}

impl TestedStep {
    /// As a connection calls it while it is opened.
    pub(super) fn of_opening(step: &str) -> Self {
        match step {
            "address" => Self::Address,
            "connect" => Self::Connect,
            "tls" => Self::Tls,
            _ => Self::Login,
        }
    }
}

/// The steps so far.
#[derive(Default)]
pub(super) struct Course {
    steps: Vec<StepView>,
    /// The step that is being taken.
    now: Option<TestedStep>,
}

impl Course {
    /// The step before went well.
    pub(super) fn begin(&mut self, step: TestedStep) {
        self.succeed(String::from(match self.now {
            Some(TestedStep::Address) => "The server has an address that may be connected to.",
            Some(TestedStep::Connect) => "The server accepts connections.",
            Some(TestedStep::Tls) => "The connection is protected, and the certificate is the server's.",
            Some(TestedStep::Login) => "The server accepts the username and the password.",
            Some(TestedStep::Sender) => "The server takes mails from this sender.",
            Some(TestedStep::Recipient) => "The server takes mails for you.",
            Some(TestedStep::Mail) | None => "",
        }));
        self.now = Some(step);
    }

    pub(super) fn succeed(&mut self, message: String) {
        if let Some(step) = self.now.take() {
            self.steps.push(StepView { step, ok: true, message });
        }
    }

    pub(super) fn fail(&mut self, message: String) {
        let step = self.now.take().unwrap_or(TestedStep::Mail);
        self.steps.push(StepView { step, ok: false, message });
    }

    /// Neither setting is: that was the tenant's choice, and it is told what it means.
    pub(super) fn warn_unprotected(&mut self) {
        let message = "The connection is not protected, as neither use_tls nor use_ssl is set: whoever is on the way can \
                       read the password and the mails.";
        let after = self.steps.iter().take_while(|step| step.step != TestedStep::Login).count();
        self.steps.insert(after, StepView { step: TestedStep::Tls, ok: true, message: message.to_owned() });
    }

    pub(super) fn answer(self, source: Option<TestedSource>) -> EmailTestView {
        let Self { steps, now: _ } = self;
        EmailTestView { ok: !steps.is_empty() && steps.iter().all(|step| step.ok), source, steps }
    }
}
