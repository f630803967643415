//! Seals a tenant's stored secrets again with today's SECRETS_KEY, so that the former one can be forgotten: those of the
//! source, and those that analytics-service and auth-service keep for mails.

use common::ids::TenantId;
use common::secrets::{SealError, Sealer};
use secrecy::ExposeSecret;
use sqlx::PgConnection;
use uuid::Uuid;

use super::stored::{KEY_PURPOSE, ListOf};

/// What analytics-service seals a tenant's mail server for.
const MAIL_PASSWORD: &str = "email_configs.password_sealed";
const MAIL_DKIM_KEY: &str = "email_configs.dkim_key_sealed";
/// What mails that wait are sealed for.
const OUTBOX: &str = "mail_outbox.content_sealed";

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
    let mut again = Again { sealer, tenant, done: Resealed::default() };
    source(conn, &mut again).await?;
    mail_server(conn, &mut again).await?;
    waiting_mails(conn, &mut again).await?;
    Ok(again.done)
}

/// Opens and seals, and counts.
struct Again<'a> {
    sealer: &'a Sealer,
    tenant: TenantId,
    done: Resealed,
}

impl Again<'_> {
    /// The value sealed with today's key; none where it is so already, or cannot be opened.
    fn seal(&mut self, purpose: &str, sealed: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, SealError> {
        let Self { sealer, tenant, done } = self;
        let Some(old) = sealed.filter(|sealed| sealer.is_of_previous_key(sealed)) else { return Ok(None) };
        let Ok(plain) = sealer.open(*tenant, purpose, &old) else {
            done.lost += 1;
            return Ok(None);
        };
        done.resealed += 1;
        sealer.seal(*tenant, purpose, plain.expose_secret()).map(Some)
    }
}

async fn source(conn: &mut PgConnection, again: &mut Again<'_>) -> anyhow::Result<()> {
    let row = sqlx::query!(
        "select sealed_key, sealed_users_secret, sealed_locations_secret from sources where tenant_id = $1 for update",
        again.tenant.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let key = again.seal(KEY_PURPOSE, row.sealed_key)?;
    let users = again.seal(ListOf::Users.purpose(), row.sealed_users_secret)?;
    let locations = again.seal(ListOf::Locations.purpose(), row.sealed_locations_secret)?;
    sqlx::query!(
        "update sources
         set sealed_key = coalesce($2, sealed_key), sealed_users_secret = coalesce($3, sealed_users_secret),
             sealed_locations_secret = coalesce($4, sealed_locations_secret)
         where tenant_id = $1",
        again.tenant.0,
        key,
        users,
        locations,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn mail_server(conn: &mut PgConnection, again: &mut Again<'_>) -> anyhow::Result<()> {
    let row = sqlx::query!(
        "select password_sealed, dkim_key_sealed from email_configs where tenant_id = $1 for update",
        again.tenant.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let password = again.seal(MAIL_PASSWORD, row.password_sealed)?;
    let dkim_key = again.seal(MAIL_DKIM_KEY, row.dkim_key_sealed)?;
    sqlx::query!(
        "update email_configs
         set password_sealed = coalesce($2, password_sealed), dkim_key_sealed = coalesce($3, dkim_key_sealed)
         where tenant_id = $1",
        again.tenant.0,
        password,
        dkim_key,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Of mails those that may still be sent.
async fn waiting_mails(conn: &mut PgConnection, again: &mut Again<'_>) -> anyhow::Result<()> {
    let rows = sqlx::query!(
        "select outbox_id, content_sealed from mail_outbox
         where tenant_id = $1 and status not in ('sent', 'suppressed', 'cancelled')
         order by outbox_id
         for update",
        again.tenant.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let (mut ids, mut contents): (Vec<Uuid>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    for row in rows {
        if let Some(content) = again.seal(OUTBOX, Some(row.content_sealed))? {
            ids.push(row.outbox_id);
            contents.push(content);
        }
    }
    sqlx::query!(
        "update mail_outbox m
         set content_sealed = s.content
         from unnest($2::uuid[], $3::bytea[]) as s (id, content)
         where m.tenant_id = $1 and m.outbox_id = s.id",
        again.tenant.0,
        &ids,
        &contents,
    )
    .execute(conn)
    .await?;
    Ok(())
}
