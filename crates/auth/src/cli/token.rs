//! `auth-service token`: a token for the shell, without a browser.

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;
use common::{
    auth::{AppState, Role},
    config::Environment,
    db::{AccountTx, TenantTx},
    ids::{AccountId, DEMO_TENANT, TenantId},
};

use crate::{
    sessions::{self, Device},
    tenants::memberships,
};

/// Whose token, for which tenant.
#[derive(Debug, Args)]
pub struct TokenCommand {
    /// The tenant; without it the demo tenant, or with --email that person's first
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// The person; without it the tenant's owner
    #[arg(long)]
    pub email: Option<String>,
}

struct MemberRow {
    account_id: AccountId,
    role: Role,
}

/// Opens a session for an existing member and prints two `export` lines. In PROD for owners only.
///
/// # Errors
/// There is no such tenant or member, or PROD and the person is no owner.
pub async fn print_token(app: &AppState, command: TokenCommand, out: &mut impl Write) -> anyhow::Result<()> {
    let TokenCommand { tenant, email } = command;
    let (tenant, member) = match (tenant, email) {
        (Some(tenant), email) => (tenant, member(app, tenant, email.as_deref()).await?),
        (None, None) => {
            (DEMO_TENANT, member(app, DEMO_TENANT, None).await.context("run `make demo` for the demo tenant")?)
        }
        (None, Some(email)) => of_person(app, &email).await?,
    };
    if app.settings.environment == Environment::Prod && member.role != Role::Owner {
        bail!("in PROD a token is given to owners only");
    }
    let device = Device { user_agent: Some(String::from("auth-service token")), ip: None };
    let token = sessions::open_for_shell(app, member.account_id, &device).await?;
    writeln!(out, "export TOKEN={token}\nexport TENANT_ID={tenant}")?;
    Ok(())
}

/// A member of the tenant: this person, or its first owner.
async fn member(app: &AppState, tenant: TenantId, email: Option<&str>) -> anyhow::Result<MemberRow> {
    let mut tx = TenantTx::begin(&app.pool, tenant).await?;
    let row = sqlx::query_as!(
        MemberRow,
        r#"select m.account_id as "account_id: AccountId", m.role as "role: Role"
         from memberships m
         join tenants t on t.tenant_id = m.tenant_id and t.is_active
         join accounts a on a.account_id = m.account_id and a.is_active
         where m.tenant_id = $1 and (a.email = lower($2) or ($2::text is null and m.role = 'owner'))
         order by m.created_at, m.account_id
         limit 1"#,
        tenant.uuid(),
        email,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.with_context(|| match email {
        Some(email) => format!("{email} is no member of the tenant {tenant}, or there is no such tenant"),
        None => format!("there is no tenant {tenant} with an owner"),
    })
}

/// A person in their first tenant, or the demo tenant where they belong to it.
async fn of_person(app: &AppState, email: &str) -> anyhow::Result<(TenantId, MemberRow)> {
    let account_id: AccountId =
        sqlx::query_scalar!("select account_id from accounts where email = lower($1) and is_active", email)
            .fetch_optional(&app.pool)
            .await?
            .with_context(|| format!("nobody is known as {email}"))?
            .into();
    let mut tx = AccountTx::begin(&app.pool, account_id).await?;
    let all = memberships(tx.conn(), account_id).await?;
    let chosen = all
        .iter()
        .find(|membership| membership.tenant_id == DEMO_TENANT)
        .or_else(|| all.first())
        .with_context(|| format!("{email} is a member of no tenant"))?;
    Ok((chosen.tenant_id, MemberRow { account_id, role: chosen.role }))
}
