//! The queue's own tables: made by the owner, worked in by the services' role, which owns nothing there.

use graphile_worker::WorkerUtils;
use sqlx::{AssertSqlSafe, PgPool};

use super::{JobsError, SCHEMA};

/// Brings the queue's tables to what the library needs and opens them to the role `group`. As the owner, under the
/// set-up lock.
///
/// # Errors
/// The owner may not create schemas, or a migration of the library failed.
pub async fn install(owner: &PgPool, group: &str) -> Result<(), JobsError> {
    WorkerUtils::new(owner.clone(), graphile_worker::Schema::new(SCHEMA))
        .migrate()
        .await
        .map_err(|error| JobsError::Queue(error.to_string()))?;
    // The library enables row-level security on its tables without a policy, which would leave them empty for everyone
    // but the owner. A worker's start looks whether migrations are missing and, with none missing, changes nothing.
    let sql = format!(
        "do $$
         declare
             v_table record;
         begin
             grant usage on schema {SCHEMA} to {group};
             grant select, insert, update, delete on all tables in schema {SCHEMA} to {group};
             revoke insert, update, delete on {SCHEMA}.migrations from {group};
             grant usage, select on all sequences in schema {SCHEMA} to {group};
             revoke execute on all functions in schema {SCHEMA} from public;
             grant execute on all functions in schema {SCHEMA} to {group};
             for v_table in
                 select c.oid::regclass as name from pg_class c
                 where c.relnamespace = '{SCHEMA}'::regnamespace and c.relkind = 'r' and c.relrowsecurity
                     and not exists (select from pg_policy p where p.polrelid = c.oid)
             loop
                 execute format('create policy {group}_all on %s to {group} using (true) with check (true)', v_table.name);
             end loop;
         end
         $$"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(owner).await?;
    Ok(())
}

/// Whether the queue can be used, as the services' role.
///
/// # Errors
/// The tables are missing, or the database does not answer.
pub async fn check(pool: &PgPool) -> Result<(), JobsError> {
    let sql = format!(
        "select to_regclass('{SCHEMA}._private_jobs') is not null
             and has_table_privilege('{SCHEMA}._private_jobs', 'select, insert')"
    );
    let usable: Option<bool> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await?;
    if usable == Some(true) { Ok(()) } else { Err(JobsError::Missing) }
}
