//! What the auth service's handlers reach beside the shared state.

use std::sync::Arc;

use anyhow::Context;
use axum::extract::FromRef;
use common::{auth::AppState, http::HtmlPages};

use crate::{dev_provider::DevProvider, login::Provider, pages::pages};

/// State of all routes.
#[derive(Clone)]
pub struct AuthState {
    pub app: AppState,
    /// Who people sign in with; `None` where nobody can.
    pub(crate) provider: Option<Arc<Provider>>,
    /// Ours, where it is offered.
    pub(crate) dev_provider: Option<Arc<DevProvider>>,
    pub(crate) pages: Arc<HtmlPages>,
}

impl AuthState {
    /// Picks the provider: the configured one, else in DEV our own.
    ///
    /// # Errors
    /// The HTTP client or a template could not be set up.
    pub fn new(app: AppState) -> anyhow::Result<Self> {
        let settings = &app.settings;
        let dev_provider = (settings.oauth.client_id.is_none() && settings.dev_login_allowed())
            .then(|| Arc::new(DevProvider::new(settings)));
        let provider = match (&dev_provider, &settings.oauth.client_id) {
            (Some(dev), _) => Some(Provider::plain(dev.endpoints(), settings)),
            (None, Some(client_id)) => Some(Provider::configured(client_id, settings)),
            (None, None) => None,
        };
        let provider = provider.transpose().context("the OAuth provider cannot be used")?.map(Arc::new);
        Ok(Self { app, provider, dev_provider, pages: Arc::new(pages()?) })
    }
}

impl FromRef<AuthState> for AppState {
    fn from_ref(state: &AuthState) -> Self {
        state.app.clone()
    }
}
