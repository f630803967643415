//! The operator's commands for API keys.

use auth_service::cli::{ApiKeyCommand, CreateApiKey, api_key};
use common::{
    auth::api_key::Scope,
    ids::{DEMO_TENANT, TenantId},
};

use crate::support::Service;

async fn run(service: &Service, command: ApiKeyCommand) -> anyhow::Result<String> {
    let mut out = Vec::new();
    api_key(&service.state, command, &mut out).await?;
    Ok(String::from_utf8(out)?)
}

fn shop(tenant: TenantId, name: &str, expires_days: Option<u16>) -> ApiKeyCommand {
    ApiKeyCommand::Create(CreateApiKey { tenant, name: name.to_owned(), scopes: vec![Scope::Ingest], expires_days })
}

#[tokio::test]
async fn a_key_is_printed_once_listed_without_its_secret_and_revoked() {
    let service = Service::new().await;
    let printed = run(&service, shop(DEMO_TENANT, " Shop ", Some(30))).await.unwrap();
    let key = printed.strip_suffix('\n').unwrap();
    assert!(!key.contains(char::is_whitespace), "{printed:?}");
    let verified = service.state.api_keys.verify(&service.state.pool, key).await.unwrap();
    assert!(verified.is_only(Scope::Ingest) && verified.tenant == DEMO_TENANT);

    let listed = run(&service, ApiKeyCommand::List { tenant: DEMO_TENANT }).await.unwrap();
    let expiry = (chrono::Utc::now() + chrono::Duration::days(30)).date_naive();
    assert!(listed.contains("  Shop  ingest  ") && listed.contains(&format!("expires {expiry}  used ")), "{listed}");
    let prefix = listed.split_whitespace().next().unwrap().to_owned();
    assert!(key.starts_with(&prefix) && !listed.contains(&key[prefix.len()..]), "{listed}");

    let second = service.tenant("Second", "ben@second.test").await;
    let foreign = ApiKeyCommand::Revoke { tenant: second, prefix: prefix.clone() };
    assert!(run(&service, foreign).await.is_err(), "another tenant's key");
    let revoked = run(&service, ApiKeyCommand::Revoke { tenant: DEMO_TENANT, prefix: prefix.clone() }).await.unwrap();
    assert_eq!(revoked, format!("revoked {prefix} (Shop)\n"));
    let listed = run(&service, ApiKeyCommand::List { tenant: DEMO_TENANT }).await.unwrap();
    assert!(listed.contains("  revoked "), "{listed}");
}

#[tokio::test]
async fn a_missing_tenant_and_a_bad_name_make_no_key() {
    let service = Service::new().await;
    let missing = TenantId::generate();
    let error = run(&service, shop(missing, "Shop", None)).await.unwrap_err().to_string();
    assert_eq!(error, format!("there is no tenant {missing}"));
    for name in ["", "  ", "a\nb", &"x".repeat(101)] {
        assert!(run(&service, shop(DEMO_TENANT, name, None)).await.is_err(), "{name:?}");
    }
    assert_eq!(run(&service, ApiKeyCommand::List { tenant: DEMO_TENANT }).await.unwrap(), "");
}
