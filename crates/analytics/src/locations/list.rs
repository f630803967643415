//! `GET /analytics/locations`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::scope;

/// A branch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocationView {
    #[schema(example = "D01")]
    location_id: String,
    location_name: String,
    city: Option<String>,
    state: Option<String>,
}

/// Branches with activity
///
/// The active locations that have page views, by name.
#[utoipa::path(get, path = "/analytics/locations", tag = "locations",
    responses((status = 200, body = Vec<LocationView>)))]
pub(crate) async fn list_locations(
    State(app): State<AppState>,
    context: TenantContext,
) -> Result<Json<Vec<LocationView>>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let locations = sqlx::query_as!(
        LocationView,
        r#"select location_id as "location_id!", location_name as "location_name!", city, state
           from get_locations_with_activity_table($1, $2)"#,
        context.tenant_id.uuid(),
        scope::visible(&context),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(Json(locations))
}
