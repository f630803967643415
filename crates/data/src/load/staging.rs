//! The staging table: rows are copied into it because COPY into a table under row-level security is refused.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::PgConnection;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::encode::{TRAILER, header};

/// Bytes handed to the connection at a time.
const CHUNK: usize = 256 * 1024;

/// Copies a spooled day (records of `encode_event`, without header and trailer) into `staged_events`, in the connection's
/// open transaction. Answers how many there were. Memory: one chunk.
///
/// # Errors
/// The file cannot be read, or PostgreSQL refuses a record.
pub async fn copy_staged(conn: &mut PgConnection, day_file: &Path, stop: &AtomicBool) -> anyhow::Result<u64> {
    sqlx::query("set local client_min_messages = warning").execute(&mut *conn).await?;
    // Made once a connection, and empty.
    sqlx::query("select open_staged_events()").execute(&mut *conn).await?;
    let mut file = File::open(day_file).await?;
    let mut copy = conn.copy_in_raw("copy staged_events from stdin (format binary)").await?;
    let sent = async {
        copy.send(header().as_slice()).await?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk).await?;
            if read == 0 {
                break;
            }
            if stop.load(Ordering::Relaxed) {
                anyhow::bail!("stopped");
            }
            copy.send(&chunk[..read]).await?;
        }
        copy.send(TRAILER.as_slice()).await?;
        anyhow::Ok(())
    }
    .await;
    match sent {
        Ok(()) => {
            let records = copy.finish().await?;
            sqlx::query("analyze staged_events").execute(conn).await?;
            Ok(records)
        }
        Err(error) => {
            // The server answers the abort with the error it was asked to raise.
            let _ = copy.abort("the spooled day was not read to its end").await;
            Err(error)
        }
    }
}
