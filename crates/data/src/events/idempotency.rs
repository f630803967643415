//! What a request with an `Idempotency-Key` was answered: its retry gets the same answer, and nothing is done.

use common::http::ApiError;
use common::ids::TenantId;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

const ROUTE: &str = "POST /data/events";
/// Answers are kept for so many hours.
pub const KEPT_HOURS: i32 = 72;

/// A request that may be a retry.
pub struct Keyed<'a> {
    tenant: TenantId,
    key: &'a str,
    body_hash: [u8; 32],
}

impl<'a> Keyed<'a> {
    pub fn new(tenant: TenantId, key: &'a str, body: &[u8]) -> Self {
        Self { tenant, key, body_hash: Sha256::digest(body).into() }
    }

    /// The answer that this key got before. Until the transaction ends, another request of the same key waits here.
    ///
    /// # Errors
    /// 422 where the key came with another body; 503 where the database is away.
    pub async fn recall(&self, conn: &mut PgConnection) -> Result<Option<Value>, ApiError> {
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended('ga answer ' || $1 || ' ' || $2, 0))",
            self.tenant.to_string(),
            self.key,
        )
        .execute(&mut *conn)
        .await?;
        let known = sqlx::query!(
            "select body_hash, answer from idempotent_answers
             where tenant_id = $1 and route = $2 and idempotency_key = $3",
            self.tenant.0,
            ROUTE,
            self.key,
        )
        .fetch_optional(conn)
        .await?;
        match known {
            Some(known) if known.body_hash == self.body_hash => Ok(Some(known.answer)),
            Some(_) => Err(ApiError::invalid("Idempotency-Key", "was used with another body before")),
            None => Ok(None),
        }
    }

    /// Keeps the answer, in the transaction of what it is about.
    ///
    /// # Errors
    /// The database is away.
    pub async fn keep(&self, conn: &mut PgConnection, answer: &Value) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "insert into idempotent_answers (tenant_id, route, idempotency_key, body_hash, answer)
             values ($1, $2, $3, $4, $5)",
            self.tenant.0,
            ROUTE,
            self.key,
            self.body_hash.as_slice(),
            answer,
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}
