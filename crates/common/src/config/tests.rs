//! Tests of the configuration: defaults, faults all at once, what PROD refuses, and that `.env.example` is complete.

use std::{collections::BTreeMap, net::Ipv4Addr, path::Path};

use jsonwebtoken::Algorithm;

use super::{Environment, Settings, VARIABLES, settings::Environment::Prod};

const KEY: &str = "5b1f0c9ae77d42c8b6f3e2d1a0948c7765fe01b2c3d4e5f60718293a4b5c6d7e";
const OTHER_KEY: &str = "c0ffee5b1f0c9ae77d42c8b6f3e2d1a0948c7765fe01b2c3d4e5f60718293a4b";

fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The least that DEV needs.
fn dev(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all = vars(&[
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PASSWORD", "owner"),
        ("POSTGRES_APP_PASSWORD", "app"),
        ("JWT_SECRET_KEY", "dev"),
        ("SECRETS_KEY", "dev"),
    ]);
    all.extend(vars(more));
    all
}

fn prod(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all = vars(&[
        ("ENVIRONMENT", "PROD"),
        ("POSTGRES_HOST", "db.internal"),
        ("POSTGRES_PASSWORD", "f3kQz81mVb2x"),
        ("POSTGRES_APP_PASSWORD", "9sKd02mLqPw7"),
        ("JWT_SECRET_KEY", KEY),
        ("SECRETS_KEY", OTHER_KEY),
        ("BASE_URL", "https://auth.shop.test/"),
        ("FRONTEND_URL", "https://app.shop.test"),
        ("ANALYTICS_PUBLIC_URL", "https://api.shop.test"),
        ("OAUTH_CLIENT_ID", "client-7781"),
        ("OAUTH_CLIENT_SECRET", "GOCSPX-k2j3h4"),
    ]);
    all.extend(vars(more));
    all
}

/// The names of all faults.
fn faults(vars: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> = Settings::from_vars(vars)
        .err()
        .map(|errors| errors.0)
        .unwrap_or_default()
        .into_iter()
        .map(|fault| fault.variable)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn defaults_are_the_documented_ones() {
    let settings = Settings::from_vars(&dev(&[])).unwrap();
    assert_eq!(settings.environment, Environment::Dev);
    assert_eq!(settings.database.port, 5432);
    assert_eq!(settings.database.owner_user, "analytics_user");
    assert_eq!(settings.database.database, "google_analytics_db");
    assert_eq!(settings.database.max_connections(), 15);
    assert_eq!((settings.analytics_port, settings.data_port, settings.auth_port), (8001, 8002, 8003));
    assert_eq!(settings.service_host, Ipv4Addr::LOCALHOST);
    assert_eq!(settings.jwt.algorithm, Algorithm::HS256);
    assert_eq!(settings.jwt.expiration_hours, 24);
    assert_eq!((settings.smtp.port, settings.smtp.use_tls), (587, true));
    assert_eq!(settings.cors_origins, ["http://localhost:3000", "http://127.0.0.1:3000"]);
    assert_eq!(settings.oauth.redirect_uri, "http://localhost:3000/oauth/callback");
    assert_eq!(settings.base_url, "http://localhost:8003");
    assert_eq!(settings.oauth.scopes, ["openid", "email", "profile"]);
}

#[test]
fn stand_ins_of_google_are_addresses_and_absent_by_default() {
    let endpoints = |more| Settings::from_vars(&dev(more)).map(|settings| settings.google.endpoints);
    let none = endpoints(&[]).unwrap();
    assert!(none.token.is_none() && none.bigquery.is_none() && none.analytics_data.is_none());
    let stub = endpoints(&[("GOOGLE_BIGQUERY_URL", "http://127.0.0.1:9050/")]).unwrap();
    assert_eq!(stub.bigquery.as_deref(), Some("http://127.0.0.1:9050"));
    assert_eq!(faults(&dev(&[("GOOGLE_TOKEN_URL", "oauth2.googleapis.com/token")])), ["GOOGLE_TOKEN_URL"]);
}

#[test]
fn an_empty_value_is_no_value_and_a_port_moves_the_address() {
    let settings = Settings::from_vars(&dev(&[("POSTGRES_PORT", ""), ("AUTH_SERVICE_PORT", "9003")])).unwrap();
    assert_eq!(settings.database.port, 5432);
    assert_eq!(settings.base_url, "http://localhost:9003");
}

#[test]
fn all_faults_are_reported_together_by_name() {
    let found = faults(&vars(&[
        ("ENVIRONMENT", "TEST"),
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PORT", "0"),
        ("DATABASE_POOL_SIZE", "many"),
        ("AUTH_SERVICE_PORT", "8001"),
        ("SERVICE_HOST", "nowhere"),
        ("CORS_ORIGINS", "*"),
        ("LOG_LEVEL", "LOUD"),
        ("JWT_ALGORITHM", "none"),
        ("JWT_EXPIRATION_HOURS", "0"),
        ("DEFAULT_USE_TLS", "maybe"),
        ("BASE_URL", "auth.example.com"),
        ("POSTGRES_APP_USER", "analytics_user"),
    ]));
    assert_eq!(
        found,
        [
            "AUTH_SERVICE_PORT", "BASE_URL", "CORS_ORIGINS", "DATABASE_POOL_SIZE", "DEFAULT_USE_TLS", "ENVIRONMENT",
            "JWT_ALGORITHM", "JWT_EXPIRATION_HOURS", "JWT_SECRET_KEY", "LOG_LEVEL", "POSTGRES_APP_PASSWORD",
            "POSTGRES_APP_USER", "POSTGRES_PASSWORD", "POSTGRES_PORT", "SECRETS_KEY", "SERVICE_HOST",
        ]
    );
}

#[test]
fn a_redirect_address_is_kept_to_the_letter() {
    let settings = Settings::from_vars(&dev(&[("OAUTH_REDIRECT_URI", "https://app.test/cb/")])).unwrap();
    assert_eq!(settings.oauth.redirect_uri, "https://app.test/cb/");
}

#[test]
fn prod_starts_when_everything_is_set() {
    let settings = Settings::from_vars(&prod(&[])).unwrap();
    assert_eq!(settings.environment, Prod);
    assert_eq!(settings.base_url, "https://auth.shop.test");
    assert!(!settings.dev_login_allowed());
}

#[test]
fn prod_refuses_default_short_and_example_secrets() {
    for weak in
        ["short", "changeme-changeme-changeme-changeme", "your-secret-key-here-0123456789abcd", &"ab".repeat(32)]
    {
        assert_eq!(faults(&prod(&[("JWT_SECRET_KEY", weak)])), ["JWT_SECRET_KEY"], "{weak}");
    }
    assert_eq!(faults(&prod(&[("POSTGRES_PASSWORD", "postgres")])), ["POSTGRES_PASSWORD"]);
    assert_eq!(faults(&prod(&[("POSTGRES_APP_PASSWORD", "mypassword12")])), ["POSTGRES_APP_PASSWORD"]);
    assert_eq!(faults(&prod(&[("SECRETS_KEY", KEY)])), ["SECRETS_KEY"]);
    assert_eq!(faults(&prod(&[("SECRETS_KEY_PREVIOUS", "short")])), ["SECRETS_KEY_PREVIOUS"]);
    assert_eq!(faults(&prod(&[("DEFAULT_SMTP_PASSWORD", "changeme")])), ["DEFAULT_SMTP_PASSWORD"]);
}

#[test]
fn prod_refuses_what_is_missing_and_what_is_for_dev() {
    let mut bare = prod(&[
        ("ALLOW_DEV_LOGIN", "1"),
        ("POSTGRES_APP_USER", "analytics_user"),
        ("GOOGLE_TOKEN_URL", "http://127.0.0.1:9/token"),
        ("GOOGLE_BIGQUERY_URL", "http://127.0.0.1:9"),
        ("GOOGLE_ANALYTICS_DATA_URL", "https://analyticsdata.googleapis.com"),
    ]);
    for name in
        ["POSTGRES_HOST", "BASE_URL", "FRONTEND_URL", "ANALYTICS_PUBLIC_URL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"]
    {
        bare.remove(name);
    }
    assert_eq!(
        faults(&bare),
        [
            "ALLOW_DEV_LOGIN",
            "ANALYTICS_PUBLIC_URL",
            "BASE_URL",
            "FRONTEND_URL",
            "GOOGLE_ANALYTICS_DATA_URL",
            "GOOGLE_BIGQUERY_URL",
            "GOOGLE_TOKEN_URL",
            "OAUTH_CLIENT_ID",
            "OAUTH_CLIENT_SECRET",
            "POSTGRES_APP_USER",
            "POSTGRES_HOST",
        ]
    );
}

#[test]
fn key_pairs_need_no_shared_secret() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let mut pairs = prod(&[("JWT_ALGORITHM", algorithm)]);
        pairs.remove("JWT_SECRET_KEY");
        assert!(Settings::from_vars(&pairs).is_ok(), "{algorithm}");
    }
    let mut secret = prod(&[("JWT_ALGORITHM", "HS384")]);
    secret.remove("JWT_SECRET_KEY");
    assert_eq!(faults(&secret), ["JWT_SECRET_KEY"]);
    for unknown in ["PS256", "RS512", "none", "hs256"] {
        assert_eq!(faults(&dev(&[("JWT_ALGORITHM", unknown)])), ["JWT_ALGORITHM"], "{unknown}");
    }
    assert_eq!(faults(&prod(&[("JWT_SECRET_KEY_PREVIOUS", "short")])), ["JWT_SECRET_KEY_PREVIOUS"]);
}

#[test]
fn an_issuer_is_asked_for_an_id_token_and_in_prod_over_tls() {
    let issuer = ("OAUTH_ISSUER", "https://accounts.test/tenant/");
    let settings = Settings::from_vars(&prod(&[issuer])).unwrap();
    assert_eq!(settings.oauth.issuer.as_deref(), Some("https://accounts.test/tenant/"), "to the letter");
    assert_eq!(faults(&dev(&[issuer, ("OAUTH_SCOPES", "email profile")])), ["OAUTH_SCOPES"]);
    assert!(faults(&dev(&[("OAUTH_ISSUER", "http://127.0.0.1:9")])).is_empty());
    for name in ["OAUTH_ISSUER", "OAUTH_AUTH_URL", "OAUTH_TOKEN_URL", "OAUTH_USERINFO_URL", "OAUTH_EMAILS_URL"] {
        assert_eq!(faults(&prod(&[(name, "http://accounts.test")])), [name]);
    }
}

#[test]
fn the_development_login_needs_dev_and_a_loopback_address_or_a_word() {
    let allowed = |more| Settings::from_vars(&dev(more)).unwrap().dev_login_allowed();
    assert!(allowed(&[]));
    assert!(!allowed(&[("SERVICE_HOST", "0.0.0.0")]));
    assert!(allowed(&[("SERVICE_HOST", "0.0.0.0"), ("ALLOW_DEV_LOGIN", "1")]));
}

#[test]
fn no_secret_is_shown() {
    let secrets = ["owner-hush", "app-hush", "jwt-hush", "seal-hush", "oauth-hush", "smtp-hush", "former-hush"];
    let settings = Settings::from_vars(&dev(&[
        ("POSTGRES_PASSWORD", secrets[0]),
        ("POSTGRES_APP_PASSWORD", secrets[1]),
        ("JWT_SECRET_KEY", secrets[2]),
        ("SECRETS_KEY", secrets[3]),
        ("OAUTH_CLIENT_SECRET", secrets[4]),
        ("DEFAULT_SMTP_PASSWORD", secrets[5]),
        ("SECRETS_KEY_PREVIOUS", secrets[6]),
    ]))
    .unwrap();
    let shown = format!("{settings:?}");
    assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
    let faulty = Settings::from_vars(&prod(&[("JWT_SECRET_KEY", "jwt-hush")])).unwrap_err();
    assert!(!faulty.to_string().contains("jwt-hush"));
}

#[test]
fn log_levels_of_other_worlds_are_understood() {
    let level = |more| Settings::from_vars(&dev(more)).unwrap().log_level;
    assert_eq!(level(&[("LOG_LEVEL", "WARNING")]), "warn");
    assert_eq!(level(&[("DEBUG", "true")]), "debug");
    assert_eq!(level(&[("DEBUG", "true"), ("LOG_LEVEL", "ERROR")]), "error");
    assert_eq!(level(&[("LOG_LEVEL", "info,sqlx=debug")]), "info,sqlx=debug");
}

/// `.env.example` against the table, and the table against what is read: both ways.
#[test]
fn the_example_lists_exactly_what_the_code_reads_with_its_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.example");
    let example: BTreeMap<String, String> = dotenvy::from_path_iter(path).unwrap().map(Result::unwrap).collect();
    let table: BTreeMap<String, String> = VARIABLES
        .iter()
        .map(|variable| (variable.name.to_owned(), variable.default.unwrap_or_default().to_owned()))
        .collect();
    assert_eq!(example, table);
    let (_, asked) = Settings::read(&dev(&[])).unwrap();
    assert_eq!(asked.into_iter().map(str::to_owned).collect::<Vec<_>>(), table.into_keys().collect::<Vec<_>>());
}
