//! What the handlers of mails reach beside the shared state.

use std::sync::Arc;

use anyhow::Context;
use axum::extract::FromRef;
use common::{auth::AppState, secrets::Sealer};

use super::render::Renderer;

/// State of all routes of the service.
#[derive(Debug, Clone)]
pub struct MailState {
    pub app: AppState,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) sealer: Sealer,
}

impl MailState {
    /// # Errors
    /// A template is missing or not well-formed: then the service does not start.
    pub fn new(app: AppState) -> anyhow::Result<Self> {
        let renderer = Arc::new(Renderer::new().context("the mail templates cannot be used")?);
        let sealer = Sealer::from_settings(&app.settings);
        Ok(Self { app, renderer, sealer })
    }
}

impl FromRef<MailState> for AppState {
    fn from_ref(state: &MailState) -> Self {
        state.app.clone()
    }
}
