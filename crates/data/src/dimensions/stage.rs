//! Checked rows on their way into the database: a temporary table of the connection, emptied by the end of the transaction.

use common::ids::TenantId;
use sqlx::PgConnection;

use super::check::ListRow;
use super::compare::{Comparison, ListMode, apply, compare};
use super::list::ListKind;

/// Rows that one statement stages.
pub(super) const BATCH: usize = 2000;

const CREATE_USERS: &str = r#"
create temporary table if not exists staged_users (
    line bigint not null, user_id text collate "C" not null, user_name text, buying_company_name text, email text,
    cell_phone text, office_phone text, is_active boolean
) on commit delete rows"#;
const CREATE_LOCATIONS: &str = r#"
create temporary table if not exists staged_locations (
    line bigint not null, location_id text collate "C" not null, location_name text, city text, state text,
    is_active boolean
) on commit delete rows"#;
const STAGE_USERS: &str = "
insert into staged_users (line, user_id, user_name, buying_company_name, email, cell_phone, office_phone, is_active)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[]::boolean[])";
const STAGE_LOCATIONS: &str = "
insert into staged_locations (line, location_id, location_name, city, state, is_active)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]::boolean[])";

/// A list while it is staged, in the transaction of the connection that every call is given.
pub(crate) struct Staging {
    kind: ListKind,
    batch: Vec<ListRow>,
}

impl Staging {
    /// Makes the table, and empties it of what an earlier list of the transaction left.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn begin(conn: &mut PgConnection, kind: ListKind) -> Result<Self, sqlx::Error> {
        sqlx::query("set local client_min_messages = warning").execute(&mut *conn).await?;
        let (create, empty) = match kind {
            ListKind::Users => (CREATE_USERS, "truncate staged_users"),
            ListKind::Locations => (CREATE_LOCATIONS, "truncate staged_locations"),
        };
        sqlx::query(create).execute(&mut *conn).await?;
        sqlx::query(empty).execute(conn).await?;
        Ok(Self { kind, batch: Vec::new() })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn add(&mut self, conn: &mut PgConnection, row: ListRow) -> Result<(), sqlx::Error> {
        self.batch.push(row);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush(conn).await }
    }

    /// Compares what is staged with what is stored, in the fields that are `given`. No other list of the tenant is compared or applied until the
    /// transaction ends.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn compare(
        &mut self,
        conn: &mut PgConnection,
        tenant: TenantId,
        given: &[String],
        mode: ListMode,
    ) -> Result<Comparison, sqlx::Error> {
        self.flush(conn).await?;
        // Nobody else tells the planner how many rows a temporary table has.
        let analyze = match self.kind {
            ListKind::Users => "analyze staged_users",
            ListKind::Locations => "analyze staged_locations",
        };
        sqlx::query(analyze).execute(&mut *conn).await?;
        compare(conn, tenant, self.kind, given, mode).await
    }

    /// Adds and changes what the list names, and nothing else.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn merge(
        mut self,
        conn: &mut PgConnection,
        tenant: TenantId,
        given: &[String],
    ) -> Result<Comparison, sqlx::Error> {
        let comparison = self.compare(conn, tenant, given, ListMode::Merge).await?;
        apply(conn, tenant, self.kind).await?;
        Ok(comparison)
    }

    async fn flush(&mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let rows = std::mem::take(&mut self.batch);
        if rows.is_empty() { Ok(()) } else { add(conn, self.kind, rows).await }
    }
}

async fn add(conn: &mut PgConnection, kind: ListKind, rows: Vec<ListRow>) -> Result<(), sqlx::Error> {
    let mut lines = Vec::with_capacity(rows.len());
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(rows.len()); kind.fields().len()];
    for ListRow { line, values } in rows {
        lines.push(i64::try_from(line).unwrap_or(i64::MAX));
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let mut statement = sqlx::query(match kind {
        ListKind::Users => STAGE_USERS,
        ListKind::Locations => STAGE_LOCATIONS,
    });
    statement = statement.bind(lines);
    for column in columns {
        statement = statement.bind(column);
    }
    statement.execute(conn).await?;
    Ok(())
}
