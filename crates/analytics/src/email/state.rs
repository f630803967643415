//! What the handlers of mails reach beside the shared state.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::extract::FromRef;
use common::{auth::AppState, http::HtmlPages, secrets::Sealer};

use super::{render::Renderer, suppressions::pages};

/// The longest that a test of the mail server takes; people wait for it.
const TEST_WITHIN: Duration = Duration::from_secs(25);

/// State of all routes of the service.
#[derive(Debug, Clone)]
pub struct MailState {
    pub app: AppState,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) sealer: Sealer,
    pub(crate) pages: Arc<HtmlPages>,
    pub(crate) test_within: Duration,
}

impl MailState {
    /// # Errors
    /// A template is missing or not well-formed: then the service does not start.
    pub fn new(app: AppState) -> anyhow::Result<Self> {
        let renderer = Arc::new(Renderer::new().context("the mail templates cannot be used")?);
        let sealer = Sealer::from_settings(&app.settings);
        let pages = Arc::new(pages().context("the templates of pages cannot be used")?);
        Ok(Self { app, renderer, sealer, pages, test_within: TEST_WITHIN })
    }

    /// The same, with tests of the mail server that are ended after so long.
    #[must_use]
    pub fn testing_within(self, longest: Duration) -> Self {
        Self { test_within: longest, ..self }
    }
}

impl FromRef<MailState> for AppState {
    fn from_ref(state: &MailState) -> Self {
        state.app.clone()
    }
}
