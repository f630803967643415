//! Seals a tenant's stored secrets again with today's SECRETS_KEY, so that the former one can be forgotten.

use common::ids::TenantId;
use common::secrets::{SealError, Sealer};
use secrecy::ExposeSecret;
use sqlx::PgConnection;

use super::stored::{KEY_PURPOSE, ListOf};

/// What became of a tenant's secrets.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    /// Sealed again.
    pub resealed: usize,
    /// Sealed with a key that is neither of the two, or damaged: they have to be entered again.
    pub lost: usize,
}

/// Seals what the former key sealed. In a transaction of the tenant.
///
/// # Errors
/// The database is away.
pub async fn reseal(conn: &mut PgConnection, sealer: &Sealer, tenant: TenantId) -> anyhow::Result<Resealed> {
    let mut done = Resealed::default();
    let row = sqlx::query!(
        "select sealed_key, sealed_users_secret, sealed_locations_secret from sources where tenant_id = $1 for update",
        tenant.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(done) };
    let mut again = |purpose: &str, sealed: Option<Vec<u8>>| -> Result<Option<Vec<u8>>, SealError> {
        let Some(old) = sealed.filter(|sealed| sealer.is_of_previous_key(sealed)) else { return Ok(None) };
        let Ok(plain) = sealer.open(tenant, purpose, &old) else {
            done.lost += 1;
            return Ok(None);
        };
        done.resealed += 1;
        sealer.seal(tenant, purpose, plain.expose_secret()).map(Some)
    };
    let key = again(KEY_PURPOSE, row.sealed_key)?;
    let users = again(ListOf::Users.purpose(), row.sealed_users_secret)?;
    let locations = again(ListOf::Locations.purpose(), row.sealed_locations_secret)?;
    sqlx::query!(
        "update sources
         set sealed_key = coalesce($2, sealed_key), sealed_users_secret = coalesce($3, sealed_users_secret),
             sealed_locations_secret = coalesce($4, sealed_locations_secret)
         where tenant_id = $1",
        tenant.0,
        key,
        users,
        locations,
    )
    .execute(conn)
    .await?;
    Ok(done)
}
