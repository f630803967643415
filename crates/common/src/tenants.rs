//! Making a tenant with its first owner: used by the auth service, its `tenant create` and the demo. What its settings are
//! held to.

use chrono_tz::Tz;
use sqlx::{PgConnection, PgPool};

use serde_json::json;

use crate::{
    auth::{Actor, Role, audit},
    db::TenantTx,
    http::FieldError,
    ids::{AccountId, DEMO_TENANT, TenantId},
};

/// A person of a tenant to be.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub email: String,
    pub name: Option<String>,
    pub role: Role,
}

/// A tenant to be.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// `None` = a fresh id.
    pub tenant_id: Option<TenantId>,
    pub name: String,
    /// IANA name, such as `Europe/Berlin`.
    pub time_zone: String,
    /// ISO 4217, such as `USD`.
    pub currency: String,
    /// ISO day of the week, 1 = Monday.
    pub week_start: i16,
    /// At least one of them an owner.
    pub members: Vec<NewMember>,
}

/// The people of the demo tenant: the development provider signs them in, the demo makes them members.
pub const DEMO_PEOPLE: [(&str, &str, Role); 3] = [
    ("olivia.owner@example.com", "Olivia Owner", Role::Owner),
    ("max.manager@example.com", "Max Manager", Role::Manager),
    ("vera.viewer@example.com", "Vera Viewer", Role::Viewer),
];

/// The demo tenant with its three people, for [`create`].
#[must_use]
pub fn demo() -> NewTenant {
    NewTenant {
        tenant_id: Some(DEMO_TENANT),
        name: String::from("Demo Shop"),
        time_zone: String::from("America/New_York"),
        currency: String::from("USD"),
        week_start: 1,
        members: DEMO_PEOPLE
            .iter()
            .map(|(email, name, role)| NewMember {
                email: (*email).to_owned(),
                name: Some((*name).to_owned()),
                role: *role,
            })
            .collect(),
    }
}

/// A tenant could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    #[error("{}", .0.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Makes the tenant for the operator; see [`create_by`].
///
/// # Errors
/// Every invalid field, or the database.
pub async fn create(pool: &PgPool, tenant: &NewTenant) -> Result<TenantId, TenantError> {
    create_by(pool, tenant, &Actor::operator()).await
}

/// Makes the tenant, the accounts of its members where they have none yet, and the memberships. Made again with the same
/// `tenant_id`, it changes no settings and adds only members that are missing.
///
/// # Errors
/// Every invalid field, or the database.
pub async fn create_by(pool: &PgPool, tenant: &NewTenant, actor: &Actor) -> Result<TenantId, TenantError> {
    let faults = faults(tenant);
    if !faults.is_empty() {
        return Err(TenantError::Invalid(faults));
    }
    let NewTenant { tenant_id, name, time_zone, currency, week_start, members } = tenant;
    let tenant_id = tenant_id.unwrap_or_else(TenantId::generate);
    let mut tx = TenantTx::begin(pool, tenant_id).await?;
    let is_new = sqlx::query(
        "insert into tenants (tenant_id, name, time_zone, currency, week_start)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_id) do nothing",
    )
    .bind(tenant_id)
    .bind(name.trim())
    .bind(time_zone)
    .bind(currency)
    .bind(week_start)
    .execute(tx.conn())
    .await?
    .rows_affected()
        > 0;
    for NewMember { email, name, role } in members {
        let account = account(tx.conn(), email, name.as_deref()).await?;
        sqlx::query(
            "insert into memberships (tenant_id, account_id, role) values ($1, $2, $3)
             on conflict (tenant_id, account_id) do nothing",
        )
        .bind(tenant_id)
        .bind(account)
        .bind(role.as_str())
        .execute(tx.conn())
        .await?;
    }
    if is_new {
        let owners: Vec<&str> = owners(members).collect();
        let details = json!({
            "name": name.trim(), "time_zone": time_zone, "currency": currency, "week_start": week_start, "owners": owners,
        });
        audit::note(tx.conn(), tenant_id, actor, "tenant.created", None, details).await?;
    }
    tx.commit().await?;
    Ok(tenant_id)
}

fn owners(members: &[NewMember]) -> impl Iterator<Item = &str> {
    members.iter().filter(|member| member.role == Role::Owner).map(|member| member.email.trim())
}

/// The account of this address, made where there is none; the name is only of a new one.
///
/// # Errors
/// The database is away.
pub async fn account(conn: &mut PgConnection, email: &str, name: Option<&str>) -> Result<AccountId, sqlx::Error> {
    let first_name = name.and_then(|name| name.split_whitespace().next());
    // The update changes nothing; it makes `returning` answer for an existing row too.
    sqlx::query_scalar(
        "insert into accounts (account_id, email, name, first_name) values ($1, lower($2), $3, $4)
         on conflict (email) do update set email = excluded.email
         returning account_id",
    )
    .bind(AccountId::generate())
    .bind(email.trim())
    .bind(name)
    .bind(first_name)
    .fetch_one(conn)
    .await
}

fn faults(tenant: &NewTenant) -> Vec<FieldError> {
    let NewTenant { tenant_id: _, name, time_zone, currency, week_start, members } = tenant;
    let mut faults = Vec::new();
    let mut check = |field: &str, outcome: garde::Result| {
        if let Err(error) = outcome {
            faults.push(FieldError::new(field, error.message()));
        }
    };
    check("name", name_rule(name, &()));
    check("time_zone", time_zone_rule(time_zone, &()));
    check("currency", currency_rule(currency, &()));
    check("week_start", week_start_rule(week_start, &()));
    check("owner", rule(owners(members).next().is_some(), "is missing: somebody must own the tenant"));
    for NewMember { email, .. } in members {
        check("email", email_rule(email, &()));
    }
    faults
}

/// A name of a company, to be shown in mails and lists.
///
/// # Errors
/// Says what is wrong, as all rules here.
pub fn name_rule(name: &str, (): &()) -> garde::Result {
    let name = name.trim();
    let fits = (1..=200).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    rule(fits, "must have 1 to 200 printable characters")
}

/// # Errors
/// It is no time zone's name.
pub fn time_zone_rule(time_zone: &str, (): &()) -> garde::Result {
    rule(time_zone.parse::<Tz>().is_ok(), "is not an IANA time zone such as Europe/Berlin")
}

/// # Errors
/// It has not the form of a currency's code.
pub fn currency_rule(currency: &str, (): &()) -> garde::Result {
    let fits = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    rule(fits, "is not a currency code of three capital letters such as USD")
}

/// # Errors
/// It is no ISO day of the week.
pub fn week_start_rule(week_start: &i16, (): &()) -> garde::Result {
    rule((1..=7).contains(week_start), "is not a day of the week (1 = Monday to 7 = Sunday)")
}

/// # Errors
/// It is no e-mail address that mail can be sent to.
pub fn email_rule(email: &str, (): &()) -> garde::Result {
    let email = email.trim();
    // The longest that SMTP knows (RFC 5321).
    let fits = email.len() <= 254 && garde::rules::email::apply(&email, ()).is_ok();
    rule(fits, "is not an e-mail address")
}

fn rule(holds: bool, message: &str) -> garde::Result {
    if holds { Ok(()) } else { Err(garde::Error::new(message)) }
}
