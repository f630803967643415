//! Landing the lists of users and locations: added and changed by their id, in one transaction. Nobody is removed by a
//! list that does not name them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use common::ids::TenantId;
use sqlx::PgConnection;

use crate::sources::export_files::ListRow;

const BATCH: usize = 2000;

/// Upserts every spooled line; a later line of the same id wins. Memory: one batch.
///
/// # Errors
/// The spool cannot be read or the database is away.
pub async fn land(conn: &mut PgConnection, tenant: TenantId, spool: &Path) -> anyhow::Result<()> {
    let mut lines = BufReader::new(File::open(spool)?).lines();
    loop {
        let rows: Vec<ListRow> = lines
            .by_ref()
            .take(BATCH)
            .map(|line| anyhow::Ok(serde_json::from_str(&line?)?))
            .collect::<Result<_, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let json = serde_json::to_value(&rows)?;
        sqlx::query!(
            "insert into users (tenant_id, user_id, user_name, buying_company_name, email, cell_phone, office_phone, is_active)
             select distinct on (r.user_id) $1::uuid, r.user_id, r.user_name, r.buying_company_name, r.email, r.cell_phone,
                 r.office_phone, r.is_active
             from (select row_number() over () as n, x.* from jsonb_to_recordset($2) as x (list text, user_id text,
                 user_name text, buying_company_name text, email text, cell_phone text, office_phone text,
                 is_active boolean)) r
             where r.list = 'User'
             order by r.user_id, r.n desc
             on conflict (tenant_id, user_id) do update
             set user_name = excluded.user_name, buying_company_name = excluded.buying_company_name,
                 email = excluded.email, cell_phone = excluded.cell_phone, office_phone = excluded.office_phone,
                 is_active = excluded.is_active, updated_at = excluded.updated_at",
            tenant.0,
            json,
        )
        .execute(&mut *conn)
        .await?;
        sqlx::query!(
            "insert into locations (tenant_id, location_id, location_name, city, state, is_active)
             select distinct on (r.location_id) $1::uuid, r.location_id, r.location_name, r.city, r.state, r.is_active
             from (select row_number() over () as n, x.* from jsonb_to_recordset($2) as x (list text, location_id text,
                 location_name text, city text, state text, is_active boolean)) r
             where r.list = 'Location'
             order by r.location_id, r.n desc
             on conflict (tenant_id, location_id) do update
             set location_name = excluded.location_name, city = excluded.city, state = excluded.state,
                 is_active = excluded.is_active, updated_at = excluded.updated_at",
            tenant.0,
            json,
        )
        .execute(&mut *conn)
        .await?;
    }
}
