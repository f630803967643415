//! The third wall, table by table as the catalogue lists them: a new table cannot be forgotten.

use common::{db::TenantTx, ids::TenantId, tenants};
use sqlx::{AssertSqlSafe, PgPool};
use testkit::db::TestDb;

/// Who is due and when, and nothing of the tenant's: read before a tenant is known.
const OPEN: &str = "due_work";

/// Tables, partitions of them included, with a column `tenant_id`.
async fn tables(owner: &PgPool) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1",
    )
    .fetch_all(owner)
    .await
    .unwrap();
    assert!(tables.len() > 30, "{tables:?}");
    tables
}

/// The SQL state of an error; empty where there was none.
fn state<T>(result: Result<T, sqlx::Error>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(sqlx::Error::Database(error)) => error.code().unwrap_or_default().into_owned(),
        Err(other) => panic!("{other}"),
    }
}

/// A statement that adds a row with nothing but a tenant and what else is in its primary key.
async fn insert(db: &TestDb, table: &str, tenant: &str) -> String {
    let keys: Vec<(String, String)> = sqlx::query_as(
        "select a.attname::text, format_type(a.atttypid, null) from pg_constraint c
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
         where c.conrelid = $1::regclass and c.contype = 'p' and a.attname <> 'tenant_id' and a.attidentity = ''",
    )
    .bind(table)
    .fetch_all(&db.owner)
    .await
    .unwrap();
    let value = |kind: &str| match kind {
        "uuid" => "'00000000-0000-7000-8000-000000000001'",
        "date" => "'2026-01-05'",
        "text" | "bytea" => "'x'",
        "timestamp with time zone" => "'2026-01-05'",
        "boolean" => "true",
        _ => "1",
    };
    let names: Vec<_> = keys.iter().map(|(name, _)| format!(", {name}")).collect();
    let values: Vec<_> = keys.iter().map(|(_, kind)| format!(", {}", value(kind))).collect();
    format!("insert into {table} (tenant_id{}) values ({tenant}{})", names.concat(), values.concat())
}

/// Puts a row with nothing but a tenant into a table, as its owner past all that a row has to be.
async fn plant(db: &TestDb, table: &str, tenant: TenantId) {
    let mut tx = TenantTx::begin(&db.owner, tenant).await.unwrap();
    // References and checks are not what this is about.
    let constraints: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint
         where conrelid = $1::regclass and contype in ('f', 'c') and conparentid = 0 and conislocal",
    )
    .bind(table)
    .fetch_all(tx.conn())
    .await
    .unwrap();
    for name in constraints {
        let sql = format!("alter table {table} drop constraint {name}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx.conn()).await.unwrap();
    }
    for what in ["drop not null", "drop default"] {
        let columns: Vec<String> = sqlx::query_scalar(
            "select attname::text from pg_attribute
             where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
                 and attnum <> all (coalesce((select conkey from pg_constraint
                     where conrelid = $1::regclass and contype = 'p'), '{}'))",
        )
        .bind(table)
        .fetch_all(tx.conn())
        .await
        .unwrap();
        for column in columns {
            let sql = format!("alter table {table} alter column {column} {what}");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx.conn()).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    let sql = insert(db, table, &format!("'{tenant}'")).await;
    let mut tx = TenantTx::begin(&db.owner, tenant).await.unwrap();
    let planted = sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx.conn()).await;
    planted.unwrap_or_else(|error| panic!("{table}: {error}"));
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn with_no_tenant_named_every_table_is_empty_and_takes_nothing() {
    let db = TestDb::new().await;
    sqlx::query("select ensure_event_partitions('2026-01-01')").execute(&db.owner).await.unwrap();
    let tenant = tenants::create(&db.app, &tenants::demo()).await.unwrap();
    let is_superuser: bool =
        sqlx::query_scalar("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
            .fetch_one(&db.owner)
            .await
            .unwrap();
    let mut filled = 0;
    for table in tables(&db.owner).await {
        if table == OPEN {
            continue;
        }
        let count = format!("select count(*) from {table}");
        let mut tx = TenantTx::begin(&db.owner, tenant).await.unwrap();
        let before: i64 = sqlx::query_scalar(AssertSqlSafe(count.clone())).fetch_one(tx.conn()).await.unwrap();
        drop(tx);
        let is_partition: bool = sqlx::query_scalar("select relispartition from pg_class where oid = $1::regclass")
            .bind(&table)
            .fetch_one(&db.owner)
            .await
            .unwrap();
        if before == 0 && !is_partition {
            plant(&db, &table, tenant).await;
            filled += 1;
        }
        // There is a row; without a tenant nobody sees it, its owner neither.
        for (who, pool) in [("the services", &db.app), ("the owner", &db.owner)] {
            // An owner that is a superuser is held by nothing; one that is not may list tenants, to work through all of them.
            if who == "the owner" && (is_superuser || table == "tenants") {
                continue;
            }
            let seen = sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.clone())).fetch_one(pool).await;
            match seen {
                Ok(rows) => assert_eq!(rows, 0, "{table}: {who} see rows of some tenant"),
                // No right at all is as good.
                Err(error) => assert_eq!(state(Err::<(), _>(error)), "42501", "{table}"),
            }
        }
        for named in [format!("'{tenant}'"), String::from("null")] {
            let sql = insert(&db, &table, &named).await;
            // Refused by the wall or for want of the right, before any constraint is looked at.
            let refused = state(sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&db.app).await);
            assert_eq!(refused, "42501", "{sql}");
        }
        for sql in [format!("update {table} set tenant_id = tenant_id"), format!("delete from {table}")] {
            match sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&db.app).await {
                Ok(done) => assert_eq!(done.rows_affected(), 0, "{sql}"),
                Err(error) => assert_eq!(state(Err::<(), _>(error)), "42501", "{sql}"),
            }
        }
        let truncated = state(sqlx::raw_sql(AssertSqlSafe(format!("truncate {table}"))).execute(&db.app).await);
        assert_eq!(truncated, "42501", "{table} can be emptied past the wall");
    }
    assert!(filled > 25, "{filled}");
}

#[tokio::test]
async fn a_row_of_one_tenant_cannot_be_moved_to_another() {
    let db = TestDb::new().await;
    sqlx::query("select ensure_event_partitions('2026-01-01')").execute(&db.owner).await.unwrap();
    let tenant = tenants::create(&db.app, &tenants::demo()).await.unwrap();
    let other = TenantId::generate();
    for table in tables(&db.owner).await {
        if table == OPEN {
            continue;
        }
        let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
        let sql = insert(&db, &table, &format!("'{other}'")).await;
        assert_eq!(state(sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx.conn()).await), "42501", "{table}");
    }
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    let moved = sqlx::query("update memberships set tenant_id = $1").bind(other).execute(tx.conn()).await;
    assert_eq!(state(moved), "42501");
}

#[tokio::test]
async fn logs_are_only_ever_added_to() {
    let db = TestDb::new().await;
    tenants::create(&db.app, &tenants::demo()).await.unwrap();
    for table in ["audit_log", "sign_in_failures"] {
        for right in ["update", "delete", "truncate", "references", "trigger"] {
            let has: bool = sqlx::query_scalar("select has_table_privilege($1, $2) or has_any_column_privilege($1, case when $2 in ('update', 'references') then $2 else 'update' end)")
                .bind(table)
                .bind(right)
                .fetch_one(&db.app)
                .await
                .unwrap();
            assert!(!has, "the services may {right} {table}");
        }
        let owner: bool =
            sqlx::query_scalar("select pg_has_role(relowner, 'member') from pg_class where oid = $1::regclass")
                .bind(table)
                .fetch_one(&db.app)
                .await
                .unwrap();
        assert!(!owner, "{table} is the services' own");
    }
    let owned: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where pg_has_role(relowner, 'member')
         union all select proname::text from pg_proc where pg_has_role(proowner, 'member')
         union all select nspname::text from pg_namespace where pg_has_role(nspowner, 'member')
         union all select datname::text from pg_database where pg_has_role(datdba, 'member')",
    )
    .fetch_all(&db.app)
    .await
    .unwrap();
    assert_eq!(owned, Vec::<String>::new());
}

#[tokio::test]
async fn a_domain_opens_which_tenants_it_belongs_to_and_nothing_else() {
    let db = TestDb::new().await;
    let tenant = tenants::create(&db.app, &tenants::demo()).await.unwrap();
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    sqlx::query("insert into tenant_domains (tenant_id, domain) values ($1, 'a.test'), ($1, 'b.test')")
        .bind(tenant)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.app.begin().await.unwrap();
    sqlx::query("select set_email_domain('a.test')").execute(&mut *tx).await.unwrap();
    let seen: Vec<String> = sqlx::query_scalar("select domain from tenant_domains").fetch_all(&mut *tx).await.unwrap();
    assert_eq!(seen, ["a.test"]);
    for table in ["tenants", "memberships", "invitations", "api_keys", "audit_log"] {
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    for sql in ["delete from tenant_domains", "update tenant_domains set role = 'manager'"] {
        assert_eq!(sqlx::query(sql).execute(&mut *tx).await.unwrap().rows_affected(), 0, "{sql}");
    }
    drop(tx);
    let after: i64 = sqlx::query_scalar("select count(*) from tenant_domains").fetch_one(&db.app).await.unwrap();
    assert_eq!(after, 0, "it is forgotten with its transaction");
}
