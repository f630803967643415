//! Transactions that name whose data they are about; what they do not name, row-level security hides.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

use crate::ids::{AccountId, TenantId};

/// A transaction that sees one tenant's rows and no other's. Dropping it rolls back.
#[derive(Debug)]
pub struct TenantTx(Transaction<'static, Postgres>);

impl TenantTx {
    /// Begins it and names the tenant, in one round trip.
    ///
    /// # Errors
    /// No connection could be had.
    pub async fn begin(pool: &PgPool, tenant: TenantId) -> Result<Self, sqlx::Error> {
        // Safe to write into the statement: a UUID prints as hexadecimal digits and dashes only.
        begin(pool, format!("begin; select set_tenant('{tenant}')")).await.map(Self)
    }

    /// The connection to run queries on.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// # Errors
    /// The database did not confirm; what was done may be lost.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.0.commit().await
    }
}

/// A transaction that sees a person's own memberships and the tenants these name. Dropping it rolls back.
#[derive(Debug)]
pub struct AccountTx(Transaction<'static, Postgres>);

impl AccountTx {
    /// Begins it and names the person, in one round trip.
    ///
    /// # Errors
    /// No connection could be had.
    pub async fn begin(pool: &PgPool, account: AccountId) -> Result<Self, sqlx::Error> {
        begin(pool, format!("begin; select set_account('{account}')")).await.map(Self)
    }

    /// The connection to run queries on.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// # Errors
    /// The database did not confirm; what was done may be lost.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.0.commit().await
    }
}

async fn begin(pool: &PgPool, statements: String) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with(AssertSqlSafe(statements)).await
}
