//! Tenants with the settings that change figures, and their users and branches, put straight into a test's database.

use common::db::TenantTx;
use common::ids::TenantId;
use sqlx::PgPool;

use crate::oracle::{LocationRow, TenantSettings, UserRow};

/// Makes a tenant with these settings and nobody in it; `app` is a pool of the services' role.
///
/// # Panics
/// When the database does not take it.
pub async fn create(app: &PgPool, settings: &TenantSettings) -> TenantId {
    let TenantSettings { zone, currency, week_start, user_property, branch_property, failed_search_aliases } = settings;
    let tenant = TenantId::generate();
    let mut tx = begin(app, tenant).await;
    sqlx::query(
        "insert into tenants (tenant_id, name, time_zone, currency, week_start, user_property, branch_property,
             failed_search_aliases)
         values ($1, 'Test tenant', $2, $3, $4, $5, $6, array['view_search_results_no_results'] || $7::text[])",
    )
    .bind(tenant)
    .bind(zone.name())
    .bind(currency)
    .bind(i16::try_from(week_start.number_from_monday()).unwrap_or_default())
    .bind(user_property)
    .bind(branch_property)
    .bind(failed_search_aliases)
    .execute(tx.conn())
    .await
    .expect("the tenant is taken");
    tx.commit().await.expect("the tenant is kept");
    tenant
}

/// Puts users and branches into a tenant's tables, without an import.
///
/// # Panics
/// When the database does not take them.
pub async fn add_people(app: &PgPool, tenant: TenantId, users: &[UserRow], locations: &[LocationRow]) {
    let mut tx = begin(app, tenant).await;
    for UserRow { user_id, user_name, buying_company_name, email, cell_phone, office_phone, is_active } in users {
        sqlx::query(
            "insert into users (tenant_id, user_id, user_name, buying_company_name, email, cell_phone, office_phone,
                 is_active)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(tenant)
        .bind(user_id)
        .bind(user_name)
        .bind(buying_company_name)
        .bind(email)
        .bind(cell_phone)
        .bind(office_phone)
        .bind(is_active)
        .execute(tx.conn())
        .await
        .expect("the user is taken");
    }
    for LocationRow { location_id, location_name, city, state, is_active } in locations {
        sqlx::query(
            "insert into locations (tenant_id, location_id, location_name, city, state, is_active)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(tenant)
        .bind(location_id)
        .bind(location_name)
        .bind(city)
        .bind(state)
        .bind(is_active)
        .execute(tx.conn())
        .await
        .expect("the location is taken");
    }
    tx.commit().await.expect("users and locations are kept");
}

async fn begin(app: &PgPool, tenant: TenantId) -> TenantTx {
    TenantTx::begin(app, tenant).await.expect("a transaction of the tenant")
}
