//! Who tries: people of each role, of another tenant and of a closed one, and machines with keys of each kind.

use common::auth::{AppState, Role, Scope};
use common::db::TenantTx;
use common::ids::TenantId;

use super::tokens::bad;
use crate::oracle::TenantSettings;
use crate::tenants;
use crate::tokens::{self, Person};

pub(super) const ROLES: [Role; 4] = [Role::Owner, Role::Manager, Role::Viewer, Role::Service];
pub(super) const SCOPES: [Scope; 3] = [Scope::Ingest, Scope::Read, Scope::Send];

/// All of them, in a test's database.
pub(super) struct Attackers {
    pub state: AppState,
    /// the tenant that is attacked
    pub tenant: TenantId,
    /// another one, with nobody of the first in it
    pub foreign: TenantId,
    /// one that an owner closed
    pub closed: TenantId,
    /// an owner of the first and of `second`
    pub of_both: Person,
    pub second: TenantId,
    /// a member of each role of the first
    pub members: Vec<(Role, Person)>,
    /// an owner of the closed one
    pub of_closed: Person,
    /// tokens that hold nothing, with what is wrong with them
    pub bad_tokens: Vec<(String, String)>,
    /// a key of the first with each scope alone
    pub keys: Vec<(Scope, String)>,
    /// a key of the foreign one with every scope
    pub foreign_key: String,
    /// keys that hold nothing, with what is wrong with them
    pub bad_keys: Vec<(&'static str, String)>,
}

impl Attackers {
    pub(super) async fn new(state: &AppState) -> Self {
        let new_tenant = async || tenants::create(&state.pool, &TenantSettings::default()).await;
        let (tenant, foreign, closed, second) =
            (new_tenant().await, new_tenant().await, new_tenant().await, new_tenant().await);
        let mut members = Vec::new();
        for role in ROLES {
            members.push((role, tokens::member(state, tenant, role).await));
        }
        let of_both = tokens::member(state, tenant, Role::Owner).await;
        tokens::join(&state.pool, of_both.account, second, Role::Owner, None).await;
        let of_closed = tokens::member(state, closed, Role::Owner).await;
        let signed_out = tokens::member(state, tenant, Role::Owner).await;
        tokens::sign_out(&state.pool, signed_out.session).await;
        let dismissed = tokens::member(state, tenant, Role::Owner).await;
        sqlx::query("update accounts set is_active = false where account_id = $1")
            .bind(dismissed.account)
            .execute(&state.pool)
            .await
            .expect("an account can be closed");
        let mut bad_tokens = bad(state, &of_both).await;
        bad_tokens.push((String::from("of a session that has ended"), signed_out.token));
        bad_tokens.push((String::from("of a closed account"), dismissed.token));
        let mut keys = Vec::new();
        for scope in SCOPES {
            keys.push((scope, tokens::api_key(state, tenant, &[scope]).await));
        }
        let foreign_key = tokens::api_key(state, foreign, &SCOPES).await;
        let bad_keys = bad_keys(state, tenant, closed).await;
        run(state, closed, "update tenants set is_active = false where tenant_id = $1").await;
        let state = state.clone();
        Self {
            state,
            tenant,
            foreign,
            closed,
            of_both,
            second,
            members,
            of_closed,
            bad_tokens,
            keys,
            foreign_key,
            bad_keys,
        }
    }

    /// Somebody new, who is signed in and belongs nowhere.
    pub(super) async fn stranger(&self) -> Person {
        tokens::stranger(&self.state).await
    }
}

async fn bad_keys(state: &AppState, tenant: TenantId, closed: TenantId) -> Vec<(&'static str, String)> {
    let expired = tokens::api_key(state, tenant, &SCOPES).await;
    run(state, tenant, "update api_keys set expires_at = now() where tenant_id = $1 and array_length(scopes, 1) = 3")
        .await;
    let revoked = tokens::api_key(state, tenant, &SCOPES).await;
    run(state, tenant, "update api_keys set revoked_at = now() where tenant_id = $1 and array_length(scopes, 1) = 3")
        .await;
    let good = tokens::api_key(state, tenant, &[Scope::Read]).await;
    let other = if good.ends_with('A') { "B" } else { "A" };
    let guessed = format!("{}{other}", &good[..good.len() - 1]);
    let of_closed = tokens::api_key(state, closed, &SCOPES).await;
    vec![
        ("expired", expired),
        ("revoked", revoked),
        ("with the prefix of a good one", guessed),
        ("of a closed tenant", of_closed),
        ("no key", String::from("gak_")),
    ]
}

async fn run(state: &AppState, tenant: TenantId, sql: &'static str) {
    let mut tx = TenantTx::begin(&state.pool, tenant).await.expect("a transaction of the tenant");
    sqlx::query(sql).bind(tenant).execute(tx.conn()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    tx.commit().await.expect("it is kept");
}
