//! A company with its people, as their frontends call the service.

use common::{
    auth::Role,
    ids::{AccountId, TenantId},
};
use serde_json::Value;
use testkit::{
    http::Client,
    oracle::TenantSettings,
    tokens::{account, join, sign_in},
};

use crate::support::Service;

/// A tenant of its own in a running service.
pub struct Company {
    pub service: Service,
    pub tenant: TenantId,
    /// `owner@company.test`
    pub owner: Client,
    pub owner_account: AccountId,
    pub manager: Client,
    pub viewer: Client,
}

impl Company {
    pub async fn new() -> Self {
        let service = Service::new().await;
        let tenant = testkit::tenants::create(&service.state.pool, &TenantSettings::default()).await;
        let (owner_account, owner) = person(&service, tenant, "owner@company.test", Role::Owner).await;
        let (_, manager) = person(&service, tenant, "manager@company.test", Role::Manager).await;
        let (_, viewer) = person(&service, tenant, "viewer@company.test", Role::Viewer).await;
        Self { service, tenant, owner, owner_account, manager, viewer }
    }

    /// The address of one of the tenant's things: `/members`.
    pub fn at(&self, path: &str) -> String {
        format!("/auth/tenants/{}{path}", self.tenant)
    }

    /// Somebody else, signed in, with this role.
    pub async fn member(&self, email: &str, role: Role) -> (AccountId, Client) {
        person(&self.service, self.tenant, email, role).await
    }

    /// Runs a statement as the services' role in the tenant.
    pub async fn run(&self, sql: &'static str) -> u64 {
        let mut tx = common::db::TenantTx::begin(&self.service.state.pool, self.tenant).await.unwrap();
        let done = sqlx::query(sql).execute(tx.conn()).await.unwrap().rows_affected();
        tx.commit().await.unwrap();
        done
    }

    /// Actions in the audit log, the oldest first.
    pub async fn actions(&self) -> Vec<String> {
        let log = self.owner.get(&self.at("/audit?limit=1000")).await.expect(200);
        let mut actions: Vec<_> = list(&log).iter().map(|entry| text(&entry["action"])).collect();
        actions.reverse();
        actions
    }
}

async fn person(service: &Service, tenant: TenantId, email: &str, role: Role) -> (AccountId, Client) {
    let account = account(&service.state.pool, email).await;
    join(&service.state.pool, account, tenant, role, None).await;
    let person = sign_in(&service.state, account, chrono::Utc::now() + chrono::Duration::hours(1)).await;
    (account, Client::new(&service.url).token(&person.token))
}

/// The lines of a page.
pub fn list(page: &Value) -> &Vec<Value> {
    page["data"].as_array().unwrap_or_else(|| panic!("no page: {page}"))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
