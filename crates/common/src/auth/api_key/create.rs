//! Making a key: its text is known here once, its hash for ever.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::PgConnection;

use super::{ApiKeyText, ApiKeys, Scope};
use crate::ids::{AccountId, ApiKeyId, TenantId};

/// A key to be.
#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    pub tenant: TenantId,
    /// What people call it.
    pub name: &'a str,
    pub scopes: &'a [Scope],
    /// `None` = until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who asked for it; `None` = the operator, on the command line.
    pub created_by: Option<AccountId>,
}

/// A key that was made. The secret is to be shown once: nobody can find it again.
#[derive(Debug, Clone)]
pub struct CreatedApiKey {
    pub id: ApiKeyId,
    pub prefix: String,
    pub secret: SecretString,
}

/// Makes the key in the tenant's open transaction.
///
/// # Errors
/// There is no such tenant, or the database is away.
pub async fn create(conn: &mut PgConnection, keys: &ApiKeys, new: NewApiKey<'_>) -> Result<CreatedApiKey, sqlx::Error> {
    let NewApiKey { tenant, name, scopes, expires_at, created_by } = new;
    let text = ApiKeyText::generate(tenant);
    let id = ApiKeyId::generate();
    let mut scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    sqlx::query(
        "insert into api_keys (tenant_id, api_key_id, name, prefix, key_hash, scopes, created_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant)
    .bind(id)
    .bind(name)
    .bind(text.prefix())
    .bind(keys.hash(&text).as_slice())
    .bind(scopes)
    .bind(created_by)
    .bind(expires_at)
    .execute(conn)
    .await?;
    Ok(CreatedApiKey { id, prefix: text.prefix().to_owned(), secret: text.secret().clone() })
}
