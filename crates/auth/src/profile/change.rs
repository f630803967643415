//! `PATCH /auth/me`.

use axum::extract::State;
use common::{
    auth::{Actor, audit},
    db::AccountTx,
    http::{ApiError, Given, Json, given},
    ids::AccountId,
    tenants::{name_rule, time_zone_rule},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::me::{MeView, read};
use crate::{person::Person, state::AuthState, tenants::memberships};

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileBody {
    /// What the person is called.
    #[garde(inner(custom(name_rule)))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
    /// How the person is greeted; null = not known.
    #[serde(default, deserialize_with = "given")]
    #[garde(custom(new(name_rule)))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$")]
    first_name: Given<String>,
    /// The language of what is written to the person (BCP 47); null = not known.
    #[serde(default, deserialize_with = "given")]
    #[garde(custom(new(language_rule)))]
    #[schema(value_type = Option<String>, example = "de-AT", max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    language: Given<String>,
    /// The clocks the person goes by (IANA); null = the tenant's. Figures are cut by the tenant's, whoever looks.
    #[serde(default, deserialize_with = "given")]
    #[garde(custom(new(time_zone_rule)))]
    #[schema(value_type = Option<String>, example = "Europe/Vienna")]
    time_zone: Given<String>,
}

/// Holds what is given anew to a rule.
fn new(rule: fn(&str, &()) -> garde::Result) -> impl FnOnce(&Given<String>, &()) -> garde::Result {
    move |given, context| given.new_value().map_or(Ok(()), |value| rule(value, context))
}

/// Well-formed by RFC 5646, as far as subtags go; which of them exist changes every year.
fn language_rule(language: &str, (): &()) -> garde::Result {
    let mut subtags = language.split('-');
    let is_language = |tag: &str| (2..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_subtag = |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if language.len() <= 35 && subtags.next().is_some_and(is_language) && subtags.all(is_subtag) {
        return Ok(());
    }
    Err(garde::Error::new("is not a language tag such as en or de-AT"))
}

/// Change the caller's profile
#[utoipa::path(patch, path = "/auth/me", tag = "profile", request_body = ProfileBody,
    responses((status = 200, description = "The profile as it is now", body = MeView)))]
pub(crate) async fn change_me(
    State(auth): State<AuthState>,
    person: Person,
    Json(body): Json<ProfileBody>,
) -> Result<Json<MeView>, ApiError> {
    let Person { account_id, session_id, actor } = person;
    let mut tx = AccountTx::begin(&auth.app.pool, account_id).await?;
    let changes = store(tx.conn(), account_id, body).await?;
    let view = read(tx.conn(), account_id, session_id).await?;
    if !changes.is_empty() {
        tell_tenants(tx.conn(), account_id, &actor, &Value::Object(changes)).await?;
    }
    tx.commit().await?;
    Ok(Json(view))
}

/// Writes what differs; answers it as `{field: {from, to}}`.
async fn store(
    conn: &mut PgConnection,
    account: AccountId,
    body: ProfileBody,
) -> Result<Map<String, Value>, sqlx::Error> {
    let stored = sqlx::query!(
        "select name, first_name, language, time_zone from accounts where account_id = $1 for no key update",
        account.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let ProfileBody { name, first_name, language, time_zone } = body;
    let trimmed = |text: String| text.trim().to_owned();
    let after = [
        ("name", stored.name.clone(), name.map(trimmed).or(stored.name)),
        ("first_name", stored.first_name.clone(), first_name.over(stored.first_name).map(trimmed)),
        ("language", stored.language.clone(), language.over(stored.language)),
        ("time_zone", stored.time_zone.clone(), time_zone.over(stored.time_zone)),
    ];
    let [name, first_name, language, time_zone] = after.each_ref().map(|(_, _, to)| to.as_deref());
    sqlx::query!(
        "update accounts set name = $2, first_name = $3, language = $4, time_zone = $5, updated_at = now()
         where account_id = $1",
        account.uuid(),
        name,
        first_name,
        language,
        time_zone,
    )
    .execute(conn)
    .await?;
    let changed = after.into_iter().filter(|(_, from, to)| from != to);
    Ok(changed.map(|(field, from, to)| (field.to_owned(), json!({ "from": from, "to": to }))).collect())
}

/// Every tenant of the person has it in its log. One after the other in one order, so that two of these never wait for each
/// other.
async fn tell_tenants(
    conn: &mut PgConnection,
    account: AccountId,
    actor: &Actor,
    changes: &Value,
) -> Result<(), sqlx::Error> {
    let mut tenants: Vec<_> = memberships(conn, account).await?.into_iter().map(|row| row.tenant_id).collect();
    tenants.sort_unstable();
    for tenant in tenants {
        sqlx::query!("select set_tenant($1)", tenant.uuid()).execute(&mut *conn).await?;
        audit::note(conn, tenant, actor, "profile.changed", Some(&actor.name), changes.clone()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::language_rule;

    #[test]
    fn languages_are_told_from_other_texts() {
        for good in ["en", "de-AT", "zh-Hant-TW", "sl-rozaj-biske-1994", "de-1996", "en-x-shop"] {
            assert!(language_rule(good, &()).is_ok(), "{good}");
        }
        for odd in ["", "e", "de_AT", "de-", "-de", "d3", "deutschsprachig", "de-ÄÖ", "en-US.UTF-8"] {
            assert!(language_rule(odd, &()).is_err(), "{odd}");
        }
    }
}
