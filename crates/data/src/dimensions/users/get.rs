//! `GET /data/users/{user_id}`.

use axum::extract::State;
use common::auth::{AppState, TenantContext};
use common::http::{ApiError, Json, Path};
use sqlx::types::Json as Sql;

use super::view::UserView;

/// One user
///
/// Also one whom only events know. A caller who is limited to branches finds who was seen there.
#[utoipa::path(get, path = "/data/users/{user_id}", tag = "users and locations",
    params(("user_id" = String, Path, description = "As the list or the events name the user")),
    responses((status = 200, description = "The user", body = UserView)))]
pub async fn get_user(
    State(app): State<AppState>,
    context: TenantContext,
    Path(user_id): Path<String>,
) -> Result<Json<UserView>, ApiError> {
    let unknown = || ApiError::NotFound("There is no user of this id.".to_owned());
    // PostgreSQL has no text with a NUL in it, so no such id either.
    if user_id.contains('\0') {
        return Err(unknown());
    }
    let mut tx = context.tx(&app.pool).await?;
    let user = sqlx::query_scalar!(
        r#"select get_user($1, $2, $3) as "user: Sql<UserView>""#,
        context.tenant_id.0,
        user_id,
        context.branches.as_deref(),
    )
    .fetch_one(tx.conn())
    .await?;
    user.map(|Sql(user)| Json(user)).ok_or_else(unknown)
}
