//! The staging table: rows are copied into it because COPY into a table under row-level security is refused.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::PgConnection;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::encode::{TRAILER, header};

/// Emptied by each commit; made once a connection. Column order = `encode_event`.
const CREATE: &str = r#"
create temporary table if not exists staged_events (
    kind smallint not null, event_date date not null, event_id uuid not null, own_id boolean not null, visit_id uuid,
    event_timestamp bigint not null, batch_page_id bigint, batch_ordering_id bigint, batch_event_index bigint,
    user_pseudo_id text collate "C", ga_session_id bigint, web_user_id text collate "C", ga_user_id text collate "C",
    branch_id text collate "C", event_count bigint not null, page_location text collate "C", page_title text, extra jsonb,
    items jsonb, items_count integer not null, items_value numeric not null, transaction_id text collate "C",
    revenue numeric, currency text, amount numeric, term text collate "C"
) on commit delete rows"#;

/// Bytes handed to the connection at a time.
const CHUNK: usize = 256 * 1024;

/// Copies a spooled day (records of `encode_event`, without header and trailer) into `staged_events`, in the connection's
/// open transaction. Answers how many there were. Memory: one chunk.
///
/// # Errors
/// The file cannot be read, or PostgreSQL refuses a record.
pub async fn copy_staged(conn: &mut PgConnection, day_file: &Path, stop: &AtomicBool) -> anyhow::Result<u64> {
    sqlx::query("set local client_min_messages = warning").execute(&mut *conn).await?;
    sqlx::query(CREATE).execute(&mut *conn).await?;
    // The connection may carry rows of a day that was rolled back to a savepoint; never mix two days.
    sqlx::query("truncate staged_events").execute(&mut *conn).await?;
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
