//! `db clean`: removes everything of ours from the database; roles and the database itself stay.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{SchemaError, lock};
use crate::{
    config::{DatabaseSettings, Environment},
    jobs,
};

/// Drops the queue's schema and every table, function, procedure and type that the owner has in the current schema.
///
/// # Errors
/// Refused in PROD; or the database does not let the owner.
pub async fn clean(settings: &DatabaseSettings, environment: Environment) -> Result<(), SchemaError> {
    if environment == Environment::Prod {
        return Err(SchemaError::CleanInProd);
    }
    let mut conn = PgConnection::connect_with(&settings.owner_options().application_name("db-clean")).await?;
    lock::acquire(&mut conn).await?;
    let result = drop_all(&mut conn).await;
    lock::release(&mut conn).await?;
    conn.close().await?;
    result
}

async fn drop_all(conn: &mut PgConnection) -> Result<(), SchemaError> {
    let mut tx = conn.begin().await?;
    sqlx::raw_sql(AssertSqlSafe(format!("drop schema if exists {} cascade", jobs::SCHEMA))).execute(&mut *tx).await?;
    // Extensions' objects are not ours; partitions go with their tables.
    let statements: Vec<String> = sqlx::query_scalar(
        "select format('drop table if exists %s cascade', c.oid::regclass)
         from pg_class c
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
             and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
         union all
         select format('drop %s if exists %s cascade',
             case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure)
         from pg_proc p
         where p.pronamespace = current_schema()::regnamespace and p.prokind in ('f', 'p')
             and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
         union all
         select format('drop type if exists %s cascade', t.oid::regtype)
         from pg_type t
         where t.typnamespace = current_schema()::regnamespace and t.typtype in ('e', 'd')
             and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')",
    )
    .fetch_all(&mut *tx)
    .await?;
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
