//! What the data service's handlers reach beside the shared state.

use axum::extract::FromRef;
use common::auth::AppState;

use crate::events::fold::Waiting;

/// State of all routes.
#[derive(Debug, Clone)]
pub struct DataState {
    pub app: AppState,
    /// Tenants whose posted events wait for this process's folder.
    pub waiting: Waiting,
}

impl From<AppState> for DataState {
    /// With nobody who folds in this process: another one's folder finds what is posted.
    fn from(app: AppState) -> Self {
        Self { app, waiting: Waiting::default() }
    }
}

impl FromRef<DataState> for AppState {
    fn from_ref(state: &DataState) -> Self {
        state.app.clone()
    }
}

impl FromRef<DataState> for Waiting {
    fn from_ref(state: &DataState) -> Self {
        state.waiting.clone()
    }
}
