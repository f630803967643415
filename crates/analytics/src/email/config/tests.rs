//! What the rest of the service gets: whose server, with which secrets, and that a fall-back is whole or not at all.

use std::path::PathBuf;

use common::{
    config::{DkimSettings, Environment, Settings},
    db::TenantTx,
    ids::TenantId,
    secrets::Sealer,
};
use secrecy::{ExposeSecret, SecretString};
use testkit::{db::TestDb, oracle::TenantSettings, state, tenants};

use super::{
    body::EmailConfigBody,
    dkim_key, outlet,
    stored::{DKIM_KEY, PASSWORD, StoredConfig, StoredDkim, save},
};
use crate::email::outlet::{MailServer, Outlet, OutletError, Owner, Security};

const RSA_PKCS8: &str = include_str!("../../../../testkit/src/google/service_account.test-only.pem");

struct Scene {
    db: TestDb,
    settings: Settings,
    tenant: TenantId,
}

impl Scene {
    /// A tenant without a server of its own; an operator with a default of all parts.
    async fn new() -> Self {
        let db = TestDb::new().await;
        let mut settings = state::settings(&db);
        settings.smtp.server = Some(String::from("mail.operator.test"));
        settings.smtp.port = 465;
        settings.smtp.username = Some(String::from("operator"));
        settings.smtp.password = Some(SecretString::from("operators-own"));
        settings.smtp.from_email = Some(String::from("Reports <reports@operator.test>"));
        settings.smtp.use_tls = false;
        settings.smtp.use_ssl = true;
        let tenant = tenants::create(&db.app, &TenantSettings::default()).await;
        Self { db, settings, tenant }
    }

    fn sealer(&self) -> Sealer {
        Sealer::from_settings(&self.settings)
    }

    async fn outlet(&self) -> Result<Outlet, OutletError> {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        outlet(tx.conn(), self.tenant, &self.settings, &self.sealer()).await
    }

    async fn server(&self) -> MailServer {
        match self.outlet().await.unwrap() {
            Outlet::Server(server) => server,
            files @ Outlet::Files { .. } => panic!("{files:?}"),
        }
    }

    async fn unusable(&self) -> String {
        match self.outlet().await {
            Err(OutletError::Unusable(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    async fn set(&self, config: &StoredConfig) {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        save(tx.conn(), self.tenant, config, None).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn own(&self) -> StoredConfig {
        let password = self.sealer().seal(self.tenant, PASSWORD, b"tenants-own").unwrap();
        let key = dkim_key::normal(&SecretString::from(RSA_PKCS8)).unwrap();
        let key_sealed = self.sealer().seal(self.tenant, DKIM_KEY, key.expose_secret().as_bytes()).unwrap();
        StoredConfig {
            server: String::from("smtp.shop.test"),
            port: 587,
            from_address: String::from("Shop <shop@shop.test>"),
            bounce_address: Some(String::from("bounces@shop.test")),
            username: Some(String::from("shop")),
            password_sealed: Some(password),
            use_tls: true,
            use_ssl: false,
            dkim: Some(StoredDkim { domain: String::from("shop.test"), selector: String::from("s1"), key_sealed }),
        }
    }
}

#[tokio::test]
async fn a_tenants_own_server_is_used_with_the_tenants_own_secrets() {
    let scene = Scene::new().await;
    scene.set(&scene.own()).await;
    let server = scene.server().await;
    assert_eq!((server.owner, server.host.as_str(), server.port), (Owner::Tenant, "smtp.shop.test", 587));
    assert_eq!(server.security, Security::StartTls);
    let login = server.login.as_ref().unwrap();
    assert_eq!((login.username.as_str(), login.password.expose_secret()), ("shop", "tenants-own"));
    assert_eq!(server.from.to_string(), "Shop <shop@shop.test>");
    assert_eq!(server.return_path.to_string(), "bounces@shop.test");
    let dkim = server.dkim.as_ref().unwrap();
    assert_eq!((dkim.domain.as_str(), dkim.selector.as_str()), ("shop.test", "s1"));
    let shown = format!("{server:?}");
    assert!(
        !shown.contains("tenants-own") && !shown.contains("PRIVATE") && !shown.contains("RsaPrivateKey"),
        "{shown}"
    );

    // Without a login, the operator's is not lent to it, nor its key, nor where its bounces go.
    scene
        .set(&StoredConfig { username: None, password_sealed: None, bounce_address: None, dkim: None, ..scene.own() })
        .await;
    let server = scene.server().await;
    assert!(server.login.is_none() && server.dkim.is_none());
    assert_eq!(server.return_path.to_string(), "shop@shop.test");
}

#[tokio::test]
async fn secrets_that_cannot_be_opened_are_said_and_nothing_else_is_used_in_their_place() {
    let mut scene = Scene::new().await;
    scene.set(&scene.own()).await;
    scene.settings.secrets_key = SecretString::from("another key than the one that sealed them");
    let words = scene.unusable().await;
    assert!(words.contains("password") && words.contains("SECRETS_KEY_PREVIOUS"), "{words}");
    let config = StoredConfig { username: None, password_sealed: None, ..scene.own() };
    // Sealed for another purpose: copied from one column into another.
    let swapped = scene.sealer().seal(scene.tenant, PASSWORD, b"x").unwrap();
    let dkim = config.dkim.clone().map(|dkim| StoredDkim { key_sealed: swapped, ..dkim });
    scene.set(&StoredConfig { dkim, ..config }).await;
    assert!(scene.unusable().await.contains("key that mails are signed with"));
    // A username without its password: not sent without a login either.
    scene.set(&StoredConfig { password_sealed: None, dkim: None, ..scene.own() }).await;
    assert!(scene.unusable().await.contains("no password"));
}

#[tokio::test]
async fn the_operators_default_serves_whole_or_not_at_all() {
    let mut scene = Scene::new().await;
    let server = scene.server().await;
    assert_eq!((server.owner, server.host.as_str(), server.port), (Owner::Operator, "mail.operator.test", 465));
    assert_eq!(server.security, Security::Tls);
    assert_eq!(server.login.as_ref().unwrap().password.expose_secret(), "operators-own");
    assert_eq!(server.return_path.to_string(), "reports@operator.test");
    scene.settings.smtp.bounce_address = Some(String::from("bounces@operator.test"));
    assert_eq!(scene.server().await.return_path.to_string(), "bounces@operator.test");

    let folder = tempfile::tempdir().unwrap();
    let key_path = folder.path().join("dkim.pem");
    std::fs::write(&key_path, RSA_PKCS8).unwrap();
    let dkim = |key_path: PathBuf| {
        Some(DkimSettings { domain: String::from("operator.test"), selector: String::from("s"), key_path })
    };
    scene.settings.smtp.dkim = dkim(key_path.clone());
    assert_eq!(scene.server().await.dkim.unwrap().domain, "operator.test");
    // The operator's mistakes: no mail goes unsigned or without a login, and no tenant learns a path or a name.
    for fault in ["key", "login", "sender"] {
        let mut faulty = Scene { settings: scene.settings.clone(), ..Scene::new().await };
        match fault {
            "key" => faulty.settings.smtp.dkim = dkim(folder.path().join("absent.pem")),
            "login" => faulty.settings.smtp.password = None,
            _ => faulty.settings.smtp.from_email = Some(String::from("nobody@")),
        }
        faulty.settings.database = faulty.db.settings.clone();
        let words = faulty.unusable().await;
        for hidden in ["absent.pem", "operator.test", "DEFAULT_"] {
            assert!(!words.contains(hidden), "{fault}: {words}");
        }
    }
}

#[tokio::test]
async fn half_a_default_is_none_and_then_developers_get_files_and_others_an_error() {
    let mut scene = Scene::new().await;
    for missing in ["server", "from"] {
        let mut smtp = scene.settings.smtp.clone();
        match missing {
            "server" => smtp.server = None,
            _ => smtp.from_email = None,
        }
        scene.settings.smtp = smtp;
        scene.settings.environment = Environment::Dev;
        match scene.outlet().await.unwrap() {
            Outlet::Files { dir, from } => {
                assert_eq!(dir, scene.settings.mail.dir);
                let expected = if missing == "server" { "reports@operator.test" } else { "reports@localhost" };
                assert_eq!(from.email.to_string(), expected);
            }
            Outlet::Server(server) => panic!("{server:?}"),
        }
        scene.settings.environment = Environment::Prod;
        let error = scene.outlet().await.unwrap_err();
        assert!(matches!(error, OutletError::Unconfigured));
        assert!(error.to_string().contains("PUT /analytics/email/config"));
    }
}

#[test]
fn a_body_shows_no_secret_to_whoever_prints_it() {
    let body: EmailConfigBody = serde_json::from_value(serde_json::json!({
        "server": "smtp.shop.test", "username": "hush-user", "password": "hush-password",
        "dkim": { "domain": "shop.test", "selector": "s", "private_key": "hush-key" },
    }))
    .unwrap();
    let shown = format!("{body:?}");
    assert!(shown.contains("smtp.shop.test") && !shown.contains("hush"), "{shown}");
    let wrong = serde_json::from_value::<EmailConfigBody>(serde_json::json!({ "password": ["hush"] })).unwrap_err();
    assert!(!wrong.to_string().contains("hush"), "{wrong}");
}
