//! `db setup`: several at once, again, behind, ahead, and with a function changed.

use common::{
    config::{DatabaseSettings, Environment},
    db::{
        connect_app, connect_owner,
        schema::{self, FUNCTIONS, FunctionState, SchemaError},
    },
};

use testkit::db::TestDb;

use crate::support::{EmptyDb, administer};

#[tokio::test(flavor = "multi_thread")]
async fn several_runs_at_once_all_succeed() {
    let db = EmptyDb::new().await;
    let settings = db.settings.clone();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let settings = settings.clone();
            tokio::spawn(async move { schema::setup(&settings).await })
        })
        .collect();
    let mut from = Vec::new();
    for run in runs {
        let report = run.await.unwrap().unwrap();
        assert_eq!(report.to, schema::newest_migration());
        from.push(report.from);
    }
    from.sort_unstable();
    assert_eq!(from[0], 0);
    assert!(from[1..].iter().all(|from| *from == schema::newest_migration()));
    let app = connect_app(&settings, "test").await.unwrap();
    schema::check(&app).await.unwrap();
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let db = TestDb::new().await;
    let report = schema::setup(&db.settings).await.unwrap();
    assert_eq!((report.from, report.to), (schema::newest_migration(), schema::newest_migration()));
    assert!(report.functions.is_empty());
    let status = schema::status(&db.app).await.unwrap();
    assert_eq!(status.functions.len(), FUNCTIONS.len());
    assert!(status.functions.iter().all(|function| function.state == FunctionState::Current));
}

#[tokio::test]
async fn the_check_says_what_is_behind() {
    let db = EmptyDb::new().await;
    let settings = db.settings.clone();
    let owner = connect_owner(&settings).await.unwrap();
    assert!(matches!(schema::check(&owner).await, Err(SchemaError::Missing)));
    schema::setup(&settings).await.unwrap();
    let app = connect_app(&settings, "test").await.unwrap();
    schema::check(&app).await.unwrap();
    let newest = schema::newest_migration();
    sqlx::query("delete from _sqlx_migrations where version = $1").bind(newest).execute(&owner).await.unwrap();
    let error = schema::check(&app).await.unwrap_err().to_string();
    assert!(error.contains(&format!("this build needs {newest}")) && error.contains("make db_setup"), "{error}");
}

#[tokio::test]
async fn a_newer_schema_is_no_fault() {
    let db = TestDb::new().await;
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'of a later release', true, '\\x00', 1)",
    )
    .execute(&db.owner)
    .await
    .unwrap();
    schema::check(&db.app).await.unwrap();
    schema::setup(&db.settings).await.unwrap();
}

#[tokio::test]
async fn a_function_changed_without_a_new_version_is_refused_in_prod_only() {
    let db = TestDb::new().await;
    let Some(function) = FUNCTIONS.first() else { return };
    sqlx::query("update schema_functions set checksum = 'another' where name = $1")
        .bind(function.name)
        .execute(&db.owner)
        .await
        .unwrap();
    let error = schema::check(&db.app).await.unwrap_err();
    assert!(matches!(&error, SchemaError::Functions(names) if names == &[function.name]), "{error}");
    let error = schema::setup_in(&db.settings, Environment::Prod).await.unwrap_err();
    assert!(matches!(&error, SchemaError::Unversioned(names) if names == &[function.name]), "{error}");
    let report = schema::setup_in(&db.settings, Environment::Dev).await.unwrap();
    assert_eq!(report.functions, [function.name]);
    schema::check(&db.app).await.unwrap();
}

#[tokio::test]
async fn a_function_with_a_new_version_is_applied_in_prod_too() {
    let db = TestDb::new().await;
    let Some(function) = FUNCTIONS.first() else { return };
    sqlx::query("update schema_functions set checksum = 'older', version = version - 1 where name = $1")
        .bind(function.name)
        .execute(&db.owner)
        .await
        .unwrap();
    let report = schema::setup_in(&db.settings, Environment::Prod).await.unwrap();
    assert_eq!(report.functions, [function.name]);
}

#[tokio::test]
async fn clean_leaves_nothing_and_is_refused_in_prod() {
    let db = TestDb::new().await;
    assert!(matches!(schema::clean(&db.settings, Environment::Prod).await, Err(SchemaError::CleanInProd)));
    db.app.close().await;
    schema::clean(&db.settings, Environment::Dev).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from pg_class where relnamespace = 'public'::regnamespace)
              + (select count(*) from pg_proc where pronamespace = 'public'::regnamespace)
              + (select count(*) from pg_namespace where nspname = 'jobs')",
    )
    .fetch_one(&db.owner)
    .await
    .unwrap();
    assert_eq!(left, 0);
    schema::setup(&db.settings).await.unwrap();
}

#[tokio::test]
async fn a_missing_database_is_made() {
    let db = TestDb::new().await;
    let settings = DatabaseSettings { database: format!("{}_made", db.settings.database), ..db.settings.clone() };
    let (one, other) = tokio::join!(schema::setup(&settings), schema::setup(&settings));
    one.unwrap();
    other.unwrap();
    administer(format!("drop database {} with (force)", settings.database)).await;
}
