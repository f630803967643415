//! Sign-ins that failed: in the audit logs of the person's tenants where one is known, else in a table of their own.

use common::{
    auth::{Actor, AppState},
    ids::AccountId,
};
use serde_json::json;

use crate::sessions::{Device, note_in_all};

/// A failure of whoever says to be `email`. That it could not be noted is logged: the answer stays the same.
pub(crate) async fn note(app: &AppState, reason: &str, email: Option<&str>, device: &Device) {
    match in_tenants(app, reason, email, device).await {
        Ok(true) => {}
        Ok(false) => note_unknown(app, reason, email, device).await,
        Err(error) => tracing::error!(%error, reason, "a failed sign-in could not be noted"),
    }
}

/// A failure of which no tenant is known.
pub(crate) async fn note_unknown(app: &AppState, reason: &str, email: Option<&str>, device: &Device) {
    let noted = sqlx::query!(
        "insert into sign_in_failures (reason, email, ip, user_agent) values ($1, $2, $3, $4)",
        reason,
        email,
        device.ip_text(),
        device.user_agent,
    )
    .execute(&app.pool)
    .await;
    if let Err(error) = noted {
        tracing::error!(%error, reason, "a failed sign-in could not be noted");
    }
}

/// Whether there was a tenant to note it in.
async fn in_tenants(app: &AppState, reason: &str, email: Option<&str>, device: &Device) -> Result<bool, sqlx::Error> {
    let Some(email) = email else { return Ok(false) };
    let account =
        sqlx::query_scalar!(r#"select account_id as "account_id: AccountId" from accounts where email = $1"#, email)
            .fetch_optional(&app.pool)
            .await?;
    let Some(account) = account else { return Ok(false) };
    // Somebody says to be this person, and it may be somebody else: the entry names no account as who did it.
    let actor = Actor { account_id: None, name: email.to_owned(), ip: device.ip };
    let details = json!({ "reason": reason, "user_agent": device.user_agent });
    let noted = note_in_all(app, account, &actor, "sign_in.failed", Some(email), &details).await?;
    Ok(!noted.is_empty())
}
