//! `GET /analytics/history/user`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json},
};
use utoipa::IntoParams;

use super::{params, repository, view::HistoryEntryView};
use crate::params::Params;

/// Parameters of a user's history, as they are documented.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
pub(crate) struct UserHistoryParams {
    /// The known user.
    user_id: String,
    /// The newest so many entries.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<u32>,
}

/// A customer's history
///
/// The newest entries of all visits of a known user, oldest first. Empty for a user nobody saw.
#[utoipa::path(get, path = "/analytics/history/user", tag = "history", params(UserHistoryParams),
    responses((status = 200, body = Vec<HistoryEntryView>)))]
pub(crate) async fn get_user_history(
    State(app): State<AppState>,
    context: TenantContext,
    mut params: Params,
) -> Result<Json<Vec<HistoryEntryView>>, ApiError> {
    let user_id = params.needed("user_id");
    let limit = params::limit(&mut params);
    params.finish()?;
    let mut tx = context.tx(&app.pool).await?;
    Ok(Json(repository::of_user(&mut tx, &context, user_id, limit).await?))
}
