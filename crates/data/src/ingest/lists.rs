//! Landing the lists of users and locations that a job's files hold: added and changed by their id, in one transaction.
//! Nobody is removed by a list that does not name them.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use common::ids::TenantId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::dimensions::{Columns, ListKind, ListRow, Staging};

/// A line of the spool: a list begins, or goes on.
#[derive(Debug, Serialize, Deserialize)]
enum Spooled {
    List { kind: ListKind, given: Vec<String> },
    Row(ListRow),
}

/// Writes down that a list begins.
///
/// # Errors
/// The disk is full.
pub fn spool_list(out: &mut impl Write, columns: &Columns) -> anyhow::Result<()> {
    let given = columns.given.iter().map(ToString::to_string).collect();
    write(out, &Spooled::List { kind: columns.kind, given })
}

/// Writes a checked line of it down.
///
/// # Errors
/// The disk is full.
pub fn spool_row(out: &mut impl Write, row: ListRow) -> anyhow::Result<()> {
    write(out, &Spooled::Row(row))
}

fn write(out: &mut impl Write, line: &Spooled) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Takes every spooled list in, one after the other: a later one of the same id wins. Memory: one batch.
///
/// # Errors
/// The spool cannot be read or the database is away.
pub async fn land(conn: &mut PgConnection, tenant: TenantId, spool: &Path) -> anyhow::Result<()> {
    let mut staging: Option<(Staging, Vec<String>)> = None;
    for line in BufReader::new(File::open(spool)?).lines() {
        match serde_json::from_str(&line?)? {
            Spooled::List { kind, given } => {
                if let Some((before, given)) = staging.take() {
                    before.merge(conn, tenant, &given).await?;
                }
                staging = Some((Staging::begin(conn, kind).await?, given));
            }
            Spooled::Row(row) => {
                if let Some((staging, _)) = &mut staging {
                    staging.add(conn, row).await?;
                }
            }
        }
    }
    if let Some((last, given)) = staging {
        last.merge(conn, tenant, &given).await?;
    }
    Ok(())
}
