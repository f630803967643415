//! `db setup` as owners with fewer rights than a superuser has.

use common::{
    config::DatabaseSettings,
    db::{
        connect_app,
        schema::{self, SchemaError},
    },
};
use secrecy::SecretString;
use uuid::Uuid;

use crate::support::{EmptyDb, administer};

/// A database owned by a new role with these rights, and the name of a services' role that does not exist yet.
async fn owned_by(rights: &str) -> (EmptyDb, DatabaseSettings) {
    let db = EmptyDb::new().await;
    let owner = format!("owner_{}", Uuid::new_v4().simple());
    administer(format!("create role {owner} login password 'owner' {rights}")).await;
    administer(format!("alter database {} owner to {owner}", db.settings.database)).await;
    let settings = DatabaseSettings {
        owner_user: owner,
        owner_password: SecretString::from("owner"),
        app_user: format!("app_{}", Uuid::new_v4().simple()),
        app_password: SecretString::from("app"),
        ..db.settings.clone()
    };
    (db, settings)
}

/// Roles outlive databases.
async fn forget(db: EmptyDb, settings: &DatabaseSettings) {
    drop(db);
    administer(format!("drop role {}", settings.app_user)).await;
    administer(format!("drop role {}", settings.owner_user)).await;
}

#[tokio::test]
async fn an_owner_that_may_not_create_roles_is_told_the_one_line() {
    let (db, settings) = owned_by("nocreaterole").await;
    let error = schema::setup(&settings).await.unwrap_err();
    let SchemaError::NeedsAdministrator { sql, .. } = &error else { panic!("{error}") };
    assert_eq!(sql.lines().count(), 1);
    assert!(sql.contains(&settings.app_user) && sql.contains("<POSTGRES_APP_PASSWORD>"), "{sql}");
    // The administrator does as told, and the same run succeeds.
    administer(sql.replace("<POSTGRES_APP_PASSWORD>", "app")).await;
    schema::setup(&settings).await.unwrap();
    let app = connect_app(&settings, "test").await.unwrap();
    schema::check(&app).await.unwrap();
    app.close().await;
    forget(db, &settings).await;
}

#[tokio::test]
async fn an_owner_that_may_not_create_databases_is_told_so() {
    let (db, settings) = owned_by("createrole").await;
    let missing = DatabaseSettings { database: format!("{}_missing", settings.database), ..settings.clone() };
    let error = schema::setup(&missing).await.unwrap_err();
    assert!(
        matches!(&error, SchemaError::NeedsAdministrator { sql, .. } if sql.starts_with("create database")),
        "{error}"
    );
    drop(db);
    administer(format!("drop role {}", settings.owner_user)).await;
}

#[tokio::test]
async fn an_owner_that_may_create_roles_makes_the_services_login() {
    let (db, settings) = owned_by("createrole").await;
    // The group exists on this server already and belongs to its administrator.
    administer(format!("grant ga_services to {} with admin option", settings.owner_user)).await;
    schema::setup(&settings).await.unwrap();
    connect_app(&settings, "test").await.unwrap().close().await;
    // A changed password in the configuration reaches the role.
    let changed = DatabaseSettings { app_password: SecretString::from("it's another"), ..settings.clone() };
    schema::setup(&changed).await.unwrap();
    assert!(connect_app(&settings, "test").await.is_err());
    let app = connect_app(&changed, "test").await.unwrap();
    schema::check(&app).await.unwrap();
    app.close().await;
    forget(db, &settings).await;
}
