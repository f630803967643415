//! One set-up at a time: a session's advisory lock, asked for again and again so that a waiting run shows no open query.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use super::SchemaError;

/// "ga-setup" read as a number; the same in every build.
const KEY: i64 = 0x67_61_2d_73_65_74_75_70;
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);

/// Takes the lock; it is given back with [`release`] or when the connection closes.
///
/// # Errors
/// Another run held it for five minutes.
pub(super) async fn acquire(conn: &mut PgConnection) -> Result<(), SchemaError> {
    let started = Instant::now();
    loop {
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(KEY).fetch_one(&mut *conn).await?;
        if taken {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(SchemaError::Locked(PATIENCE.as_secs()));
        }
        sleep(PAUSE).await;
    }
}

pub(super) async fn release(conn: &mut PgConnection) -> Result<(), SchemaError> {
    sqlx::query("select pg_advisory_unlock($1)").bind(KEY).execute(conn).await?;
    Ok(())
}
