//! A tenant's own mail server as it is stored.

use common::{
    ids::{AccountId, TenantId},
    secrets::{SealError, Sealer},
};
use secrecy::SecretString;
use sqlx::PgConnection;

/// What the password is sealed for. `data-service source reseal` names it too.
pub(super) const PASSWORD: &str = "email_configs.password_sealed";
/// The same of the key that mails are signed with.
pub(super) const DKIM_KEY: &str = "email_configs.dkim_key_sealed";

/// A tenant's own mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredConfig {
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) from_address: String,
    pub(super) bounce_address: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password_sealed: Option<Vec<u8>>,
    pub(super) use_tls: bool,
    pub(super) use_ssl: bool,
    pub(super) dkim: Option<StoredDkim>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredDkim {
    pub(super) domain: String,
    pub(super) selector: String,
    pub(super) key_sealed: Vec<u8>,
}

impl StoredConfig {
    /// # Errors
    /// It cannot be opened with today's SECRETS_KEY.
    pub(super) fn password(&self, sealer: &Sealer, tenant: TenantId) -> Result<Option<SecretString>, SealError> {
        self.password_sealed.as_deref().map(|sealed| sealer.open_text(tenant, PASSWORD, sealed)).transpose()
    }
}

impl StoredDkim {
    /// # Errors
    /// It cannot be opened with today's SECRETS_KEY.
    pub(super) fn key(&self, sealer: &Sealer, tenant: TenantId) -> Result<SecretString, SealError> {
        sealer.open_text(tenant, DKIM_KEY, &self.key_sealed)
    }
}

/// The tenant's own; none where it has none. In a transaction of the tenant.
///
/// # Errors
/// The database is away.
pub(super) async fn load(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<StoredConfig>, sqlx::Error> {
    let row = sqlx::query!(
        "select server, port, from_address, bounce_address, username, password_sealed, use_tls, use_ssl, dkim_domain,
             dkim_selector, dkim_key_sealed
         from email_configs
         where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| StoredConfig {
        server: row.server,
        // The column holds ports only.
        port: u16::try_from(row.port).unwrap_or_default(),
        from_address: row.from_address,
        bounce_address: row.bounce_address,
        username: row.username,
        password_sealed: row.password_sealed,
        use_tls: row.use_tls,
        use_ssl: row.use_ssl,
        dkim: row
            .dkim_domain
            .zip(row.dkim_selector)
            .zip(row.dkim_key_sealed)
            .map(|((domain, selector), key_sealed)| StoredDkim { domain, selector, key_sealed }),
    }))
}

/// Holds the tenant's row until the transaction ends: of two changes at once, the second one sees the first.
///
/// # Errors
/// The database is away.
pub(super) async fn lock(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select from email_configs where tenant_id = $1 for update", tenant.uuid()).execute(conn).await?;
    Ok(())
}

/// Writes all of it.
///
/// # Errors
/// The database is away.
pub(super) async fn save(
    conn: &mut PgConnection,
    tenant: TenantId,
    config: &StoredConfig,
    by: Option<AccountId>,
) -> Result<(), sqlx::Error> {
    let StoredConfig { server, port, from_address, bounce_address, username, password_sealed, use_tls, use_ssl, dkim } =
        config;
    sqlx::query!(
        "insert into email_configs (tenant_id, server, port, from_address, bounce_address, username, password_sealed,
             use_tls, use_ssl, dkim_domain, dkim_selector, dkim_key_sealed, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (tenant_id) do update set
             server = excluded.server, port = excluded.port, from_address = excluded.from_address,
             bounce_address = excluded.bounce_address, username = excluded.username,
             password_sealed = excluded.password_sealed, use_tls = excluded.use_tls, use_ssl = excluded.use_ssl,
             dkim_domain = excluded.dkim_domain, dkim_selector = excluded.dkim_selector,
             dkim_key_sealed = excluded.dkim_key_sealed, updated_by = excluded.updated_by, updated_at = now()",
        tenant.uuid(),
        server,
        i32::from(*port),
        from_address,
        bounce_address.as_deref(),
        username.as_deref(),
        password_sealed.as_deref(),
        use_tls,
        use_ssl,
        dkim.as_ref().map(|dkim| dkim.domain.as_str()),
        dkim.as_ref().map(|dkim| dkim.selector.as_str()),
        dkim.as_ref().map(|dkim| dkim.key_sealed.as_slice()),
        by.map(AccountId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}
