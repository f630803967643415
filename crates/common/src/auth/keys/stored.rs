//! The key pairs as rows: read, made, followed by new ones, withdrawn. The private half is sealed with SECRETS_KEY.

use anyhow::{Context, bail};
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::pair::Pair;
use crate::{ids::TenantId, secrets::Sealer};

/// What the private half is sealed for.
const PURPOSE: &str = "signing_keys.private_sealed";
/// Processes hear of a new pair within a second and clocks differ: tokens of the former one hold this much longer.
const OVERLAP: Duration = Duration::seconds(120);
/// Held while pairs change hands, so that two processes do not both make a first one.
const LOCK: &str = "ga signing keys";

/// A pair as it is stored.
#[derive(Debug, Clone)]
pub struct StoredPair {
    pub kid: String,
    /// As JWT_ALGORITHM names it.
    pub algorithm: String,
    pub created_at: DateTime<Utc>,
    /// Since then others sign.
    pub retired_at: Option<DateTime<Utc>>,
    /// What it signed holds until then; none while it signs.
    pub verifies_until: Option<DateTime<Utc>>,
    pub public_jwk: Value,
    pub(super) private_sealed: Vec<u8>,
}

/// All that were ever made, the newest first.
///
/// # Errors
/// The database is away.
pub async fn all(pool: &PgPool) -> Result<Vec<StoredPair>, sqlx::Error> {
    sqlx::query_as!(
        StoredPair,
        "select kid, algorithm, created_at, retired_at, verifies_until, public_jwk, private_sealed
         from signing_keys
         order by created_at desc, kid",
    )
    .fetch_all(pool)
    .await
}

/// Those that tokens may name now, the newest first.
///
/// # Errors
/// The database is away.
pub(super) async fn in_force(pool: &PgPool) -> Result<Vec<StoredPair>, sqlx::Error> {
    sqlx::query_as!(
        StoredPair,
        "select kid, algorithm, created_at, retired_at, verifies_until, public_jwk, private_sealed
         from signing_keys
         where verifies_until is null or verifies_until > now()
         order by created_at desc, kid",
    )
    .fetch_all(pool)
    .await
}

/// Makes a pair where none of this algorithm signs. Whether it did.
///
/// # Errors
/// No pair could be made, or the database is away.
pub async fn ensure(pool: &PgPool, sealer: &Sealer, algorithm: Algorithm, lifetime: Duration) -> anyhow::Result<bool> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let signs = sqlx::query_scalar!(
        r#"select exists (select from signing_keys where algorithm = $1 and retired_at is null) as "signs!""#,
        name(algorithm)?,
    )
    .fetch_one(&mut *tx)
    .await?;
    if !signs {
        follow(&mut tx, sealer, algorithm, lifetime).await?;
        tx.commit().await?;
    }
    Ok(!signs)
}

/// Makes a pair that signs from now on and answers its name. What former pairs signed holds until it ends by itself.
///
/// # Errors
/// No pair could be made, or the database is away.
pub async fn rotate(
    pool: &PgPool,
    sealer: &Sealer,
    algorithm: Algorithm,
    lifetime: Duration,
) -> anyhow::Result<String> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let kid = follow(&mut tx, sealer, algorithm, lifetime).await?;
    tx.commit().await?;
    Ok(kid)
}

/// Withdraws a pair at once: whatever it signed is refused within a second. For one whose private half is no longer private.
///
/// # Errors
/// There is no such pair, or the database is away.
pub async fn retire(pool: &PgPool, kid: &str) -> anyhow::Result<()> {
    let changed = sqlx::query!(
        "update signing_keys
         set retired_at = coalesce(retired_at, now()), verifies_until = least(verifies_until, now())
         where kid = $1",
        kid,
    )
    .execute(pool)
    .await?
    .rows_affected();
    if changed == 0 {
        bail!("there is no key pair {kid}: `auth-service keys list` shows them");
    }
    Ok(())
}

async fn lock(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", LOCK).execute(conn).await.map(|_| ())
}

async fn follow(
    conn: &mut PgConnection,
    sealer: &Sealer,
    algorithm: Algorithm,
    lifetime: Duration,
) -> anyhow::Result<String> {
    let algorithm_name = name(algorithm)?;
    // Off the threads that serve: primes take their time.
    let Pair { kid, public, private } = tokio::task::spawn_blocking(move || Pair::generate(algorithm)).await??;
    let sealed = sealer.seal(installation(), PURPOSE, private.expose_secret().as_bytes())?;
    sqlx::query!(
        "update signing_keys set retired_at = now(), verifies_until = $1 where retired_at is null",
        Utc::now() + lifetime + OVERLAP,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into signing_keys (kid, algorithm, public_jwk, private_sealed) values ($1, $2, $3, $4)",
        kid,
        algorithm_name,
        serde_json::to_value(public)?,
        sealed,
    )
    .execute(conn)
    .await?;
    tracing::info!(kid, algorithm = algorithm_name, "a new key pair signs access tokens");
    Ok(kid)
}

impl StoredPair {
    /// The private half as PEM.
    pub(super) fn private(&self, sealer: &Sealer) -> Result<secrecy::SecretString, crate::secrets::SealError> {
        sealer.open_text(installation(), PURPOSE, &self.private_sealed)
    }
}

/// Keys belong to no tenant.
fn installation() -> TenantId {
    Uuid::nil().into()
}

pub(super) fn name(algorithm: Algorithm) -> anyhow::Result<&'static str> {
    match algorithm {
        Algorithm::RS256 => Ok("RS256"),
        Algorithm::ES256 => Ok("ES256"),
        Algorithm::EdDSA => Ok("EdDSA"),
        _ => Err(super::pair::PairError::Algorithm(algorithm)).context("tokens are signed with JWT_SECRET_KEY"),
    }
}
