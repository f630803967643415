//! The services' login and the group its grants go to. Where the owner may not create roles, says who has to run what.

use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection, error::DatabaseError};
use tokio::time::sleep;

use super::SchemaError;
use crate::config::DatabaseSettings;

/// Grants in migrations and function files name this role, so that the login's name stays configuration.
pub(super) const GROUP: &str = "ga_services";
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// What is there already, and what the owner may do about the rest.
#[derive(sqlx::FromRow)]
struct Roles {
    may_create: bool,
    group_exists: bool,
    login_exists: bool,
    login_is_member: bool,
    group_lists_login: bool,
}

/// Creates group and login where they are missing, and sets the login's password to the configured one.
///
/// # Errors
/// Something is missing and the owner may not create roles.
pub(super) async fn ensure(conn: &mut PgConnection, settings: &DatabaseSettings) -> Result<(), SchemaError> {
    let DatabaseSettings { app_user, owner_user, .. } = settings;
    let roles = sqlx::query_as::<_, Roles>(
        "select
             (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as may_create,
             exists (select from pg_roles where rolname = $1) as group_exists,
             exists (select from pg_roles where rolname = $2) as login_exists,
             exists (
                 select from pg_auth_members m
                 join pg_roles g on g.oid = m.roleid and g.rolname = $1
                 join pg_roles l on l.oid = m.member and l.rolname = $2) as login_is_member,
             exists (
                 select from pg_auth_members m
                 join pg_roles g on g.oid = m.roleid and g.rolname = $2
                 join pg_roles l on l.oid = m.member and l.rolname = $1) as group_lists_login",
    )
    .bind(GROUP)
    .bind(app_user)
    .fetch_one(&mut *conn)
    .await?;
    let complete = roles.group_exists && roles.login_exists && roles.login_is_member;
    if !roles.may_create {
        if complete {
            return Ok(());
        }
        return Err(SchemaError::NeedsAdministrator {
            owner: owner_user.clone(),
            lacks: "create roles",
            sql: missing(&roles, app_user).join(" "),
        });
    }
    if !roles.group_exists {
        run(conn, format!("create role {GROUP} nologin")).await?;
    }
    let login = identifier(app_user);
    let password = literal(settings.app_password.expose_secret());
    let attributes = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
    if !roles.login_exists {
        run(conn, format!("create role {login} {attributes} password {password}")).await?;
    } else if PgConnection::connect_with(&settings.app_options()).await.is_err() {
        // Most likely the configured password is a new one; what else it may be, the services will say.
        run(conn, format!("alter role {login} login password {password}")).await?;
    }
    if !roles.login_is_member && !roles.group_lists_login {
        run(conn, format!("grant {GROUP} to {login}")).await?;
    }
    Ok(())
}

/// The statements for an administrator, without a secret in them.
fn missing(roles: &Roles, app_user: &str) -> Vec<String> {
    let login = identifier(app_user);
    let mut statements = Vec::new();
    if !roles.group_exists {
        statements.push(format!("create role {GROUP} nologin;"));
    }
    if !roles.login_exists {
        statements.push(format!("create role {login} login password '<POSTGRES_APP_PASSWORD>';"));
    }
    if !roles.login_is_member {
        statements.push(format!("grant {GROUP} to {login};"));
    }
    statements
}

/// Roles belong to the whole server, our lock to one database: another database's set-up may be doing the same.
async fn run(conn: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut *conn).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
        match code.as_ref() {
            // It exists by now.
            "42710" => return Ok(()),
            // Unique violation in a catalogue, or "tuple concurrently updated".
            "23505" | "XX000" if tries < TRIES => sleep(PAUSE).await,
            _ => return Err(error),
        }
    }
}

/// A quoted identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A quoted text; the `E` form, so that a backslash means itself whatever the server's settings.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_leaves_no_way_out() {
        assert_eq!(identifier("a\"; drop role b"), "\"a\"\"; drop role b\"");
        assert_eq!(literal(r"it's \'); drop"), r"E'it''s \\''); drop'");
    }

    #[test]
    fn the_administrators_line_holds_no_password() {
        let roles = Roles {
            may_create: false,
            group_exists: false,
            login_exists: false,
            login_is_member: false,
            group_lists_login: false,
        };
        assert_eq!(
            missing(&roles, "analytics_app").join(" "),
            "create role ga_services nologin; create role \"analytics_app\" login password '<POSTGRES_APP_PASSWORD>'; \
             grant ga_services to \"analytics_app\";"
        );
    }
}
