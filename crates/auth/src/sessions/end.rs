//! Ends a session: from now on its token is refused by all three services, which look at the row on each request.

use common::ids::SessionId;
use sqlx::PgPool;

/// # Errors
/// The database is away.
pub(super) async fn end(pool: &PgPool, session: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query!("update auth_sessions set ended_at = now() where session_id = $1 and ended_at is null", session.uuid())
        .execute(pool)
        .await
        .map(|_| ())
}
