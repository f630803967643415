//! People who may call: accounts, memberships, sessions and the tokens that name them, in a test's database.

use chrono::{DateTime, Duration, Utc};
use common::auth::api_key::{NewApiKey, Scope, create};
use common::auth::{AppState, Role};
use common::db::TenantTx;
use common::ids::{AccountId, SessionId, TenantId};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use uuid::Uuid;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// who it is
    pub account: AccountId,
    /// the session the token names
    pub session: SessionId,
    /// `Authorization: Bearer <this>`
    pub token: String,
}

/// A new person, signed in, with this role in the tenant.
///
/// # Panics
/// When the database does not take it.
pub async fn member(state: &AppState, tenant: TenantId, role: Role) -> Person {
    let person = stranger(state).await;
    join(&state.pool, person.account, tenant, role, None).await;
    person
}

/// A new person, signed in, who is a member of nothing.
///
/// # Panics
/// When the database does not take it.
pub async fn stranger(state: &AppState) -> Person {
    let name = format!("person-{}", Uuid::new_v4().simple());
    let account = account(&state.pool, &format!("{name}@example.com")).await;
    sign_in(state, account, Utc::now() + Duration::hours(1)).await
}

/// An account with this address, which must be in lower case.
///
/// # Panics
/// When the database does not take it.
pub async fn account(app: &PgPool, email: &str) -> AccountId {
    let account = AccountId::generate();
    sqlx::query("insert into accounts (account_id, email, name, first_name) values ($1, $2, 'Pat Person', 'Pat')")
        .bind(account)
        .bind(email)
        .execute(app)
        .await
        .expect("the account is taken");
    account
}

/// Makes an account a member of a tenant, limited to branches or not.
///
/// # Panics
/// When the database does not take it.
pub async fn join(app: &PgPool, account: AccountId, tenant: TenantId, role: Role, branches: Option<&[&str]>) {
    let mut tx = TenantTx::begin(app, tenant).await.expect("a transaction of the tenant");
    sqlx::query("insert into memberships (tenant_id, account_id, role, branches) values ($1, $2, $3, $4)")
        .bind(tenant)
        .bind(account)
        .bind(role.as_str())
        .bind(branches)
        .execute(tx.conn())
        .await
        .expect("the membership is taken");
    tx.commit().await.expect("the membership is kept");
}

/// Begins a session that ends at `expires_at` and issues a token for it.
///
/// # Panics
/// When the database does not take it.
pub async fn sign_in(state: &AppState, account: AccountId, expires_at: DateTime<Utc>) -> Person {
    let session = SessionId::generate();
    sqlx::query("insert into auth_sessions (session_id, account_id, expires_at) values ($1, $2, $3)")
        .bind(session)
        .bind(account)
        .bind(expires_at)
        .execute(&state.pool)
        .await
        .expect("the session is taken");
    let (token, _) = state.keys.issue(account, session, expires_at).expect("a token can be signed");
    Person { account, session, token }
}

/// Ends a session, as logout does.
///
/// # Panics
/// When the database does not take it.
pub async fn sign_out(app: &PgPool, session: SessionId) {
    sqlx::query("update auth_sessions set ended_at = now() where session_id = $1")
        .bind(session)
        .execute(app)
        .await
        .expect("the session is ended");
}

/// A key of the tenant with these scopes, for `X-Api-Key`.
///
/// # Panics
/// When the database does not take it.
pub async fn api_key(state: &AppState, tenant: TenantId, scopes: &[Scope]) -> String {
    let mut tx = TenantTx::begin(&state.pool, tenant).await.expect("a transaction of the tenant");
    let new = NewApiKey { tenant, name: "Test", scopes, expires_at: None, created_by: None };
    let key = create(tx.conn(), &state.api_keys, new).await.expect("the key is taken");
    tx.commit().await.expect("the key is kept");
    key.secret.expose_secret().to_owned()
}
