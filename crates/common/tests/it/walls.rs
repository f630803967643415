//! The services' role and the tenancy walls as far as this crate builds them.

use common::{
    auth::Role,
    db::{AccountTx, TenantTx},
    ids::{AccountId, TenantId},
    tenants::{self, NewMember, NewTenant, TenantError},
};
use sqlx::{AssertSqlSafe, PgPool};
use testkit::db::TestDb;

fn new_tenant(name: &str, owner: &str) -> NewTenant {
    NewTenant {
        tenant_id: None,
        name: name.to_owned(),
        time_zone: String::from("Europe/Berlin"),
        currency: String::from("EUR"),
        week_start: 1,
        members: vec![NewMember { email: owner.to_owned(), name: None, role: Role::Owner }],
    }
}

async fn account(pool: &PgPool, email: &str) -> AccountId {
    sqlx::query_scalar("select account_id from accounts where email = $1").bind(email).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn the_services_role_owns_nothing_and_has_no_ddl() {
    let db = TestDb::new().await;
    let (owned, attributes): (i64, bool) = sqlx::query_as(
        "select (select count(*) from pg_class where relowner = r.oid),
             r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb
         from pg_roles r where r.rolname = current_user",
    )
    .fetch_one(&db.app)
    .await
    .unwrap();
    assert_eq!((owned, attributes), (0, false));
    for ddl in [
        "create table t (a int)",
        "drop table accounts",
        "alter table tenants disable row level security",
        "create schema s",
        "create table jobs.t (a int)",
        "update schema_functions set version = 0",
    ] {
        assert!(sqlx::raw_sql(AssertSqlSafe(ddl)).execute(&db.app).await.is_err(), "{ddl}");
    }
}

#[tokio::test]
async fn every_table_with_a_tenant_is_empty_until_one_is_named() {
    let db = TestDb::new().await;
    tenants::create(&db.app, &tenants::demo()).await.unwrap();
    let unwalled: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
             -- who is due and when, and nothing of the tenant's: read before a tenant is known
             and c.relname <> 'due_work'
             and not (c.relrowsecurity and c.relforcerowsecurity)",
    )
    .fetch_all(&db.owner)
    .await
    .unwrap();
    assert_eq!(unwalled, Vec::<String>::new());
    for table in ["tenants", "memberships"] {
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&db.app)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn a_transaction_sees_its_tenant_or_its_persons_memberships_and_forgets_both() {
    let db = TestDb::new().await;
    let one = tenants::create(&db.app, &new_tenant("One", "Ann@Example.com")).await.unwrap();
    let two = tenants::create(&db.app, &new_tenant("Two", "ben@example.com")).await.unwrap();
    let names = "select name from tenants order by name";
    let mut tx = TenantTx::begin(&db.app, one).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, String>(names).fetch_all(tx.conn()).await.unwrap(), ["One"]);
    let foreign = sqlx::query("update tenants set name = 'Mine' where tenant_id = $1")
        .bind(two)
        .execute(tx.conn())
        .await
        .unwrap();
    assert_eq!(foreign.rows_affected(), 0);
    drop(tx);
    let ann = account(&db.app, "ann@example.com").await;
    let mut tx = AccountTx::begin(&db.app, ann).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, String>(names).fetch_all(tx.conn()).await.unwrap(), ["One"]);
    let renamed = sqlx::query("update tenants set name = 'Mine'").execute(tx.conn()).await.unwrap();
    assert_eq!(renamed.rows_affected(), 0, "a person's own transaction reads only");
    tx.commit().await.unwrap();
    for _ in 0..20 {
        assert!(sqlx::query_scalar::<_, String>(names).fetch_all(&db.app).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    let db = TestDb::new().await;
    let tenant = tenants::create(&db.app, &new_tenant("One", "ann@example.com")).await.unwrap();
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    sqlx::query("update tenants set name = 'Changed'").execute(tx.conn()).await.unwrap();
    drop(tx);
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    let name: String = sqlx::query_scalar("select name from tenants").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(name, "One");
}

#[tokio::test]
async fn the_demo_is_made_once_and_bad_settings_are_named_together() {
    let db = TestDb::new().await;
    let first = tenants::create(&db.app, &tenants::demo()).await.unwrap();
    assert_eq!(tenants::create(&db.app, &tenants::demo()).await.unwrap(), first);
    let accounts: i64 = sqlx::query_scalar("select count(*) from accounts").fetch_one(&db.app).await.unwrap();
    assert_eq!(accounts, 3);
    let bad = NewTenant {
        tenant_id: Some(TenantId::generate()),
        name: String::from("  "),
        time_zone: String::from("Mars/Olympus"),
        currency: String::from("eur"),
        week_start: 8,
        members: vec![NewMember { email: String::from("nobody"), name: None, role: Role::Viewer }],
    };
    let Err(TenantError::Invalid(faults)) = tenants::create(&db.app, &bad).await else { panic!("it was made") };
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["name", "time_zone", "currency", "week_start", "owner", "email"]);
}
