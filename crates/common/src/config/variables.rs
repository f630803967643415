//! The table of every variable the services read. What is not in it cannot be read.

/// One environment variable: its name and the value that holds where it is absent or empty.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    /// `None`: there is no default; what its absence means is decided where it is read.
    pub default: Option<&'static str>,
    /// Never shown; in PROD a default, short or example value stops the start.
    pub secret: bool,
}

const fn plain(name: &'static str, default: &'static str) -> Variable {
    Variable { name, default: Some(default), secret: false }
}

const fn unset(name: &'static str) -> Variable {
    Variable { name, default: None, secret: false }
}

const fn secret(name: &'static str) -> Variable {
    Variable { name, default: None, secret: true }
}

/// All of them, in the order of `.env.example`.
pub const VARIABLES: &[Variable] = &[
    plain("ENVIRONMENT", "DEV"),
    plain("DEBUG", "false"),
    plain("LOG_LEVEL", "INFO"),
    plain("LOG_DIR", "logs"),
    plain("LOG_KEEP_DAYS", "14"),
    unset("POSTGRES_HOST"),
    plain("POSTGRES_PORT", "5432"),
    plain("POSTGRES_USER", "analytics_user"),
    secret("POSTGRES_PASSWORD"),
    plain("POSTGRES_DATABASE", "google_analytics_db"),
    plain("POSTGRES_APP_USER", "analytics_app"),
    secret("POSTGRES_APP_PASSWORD"),
    plain("DATABASE_POOL_SIZE", "10"),
    plain("DATABASE_MAX_OVERFLOW", "5"),
    plain("WORKER_DEAD_AFTER_SECONDS", "10"),
    plain("SERVICE_HOST", "127.0.0.1"),
    plain("ANALYTICS_SERVICE_PORT", "8001"),
    plain("DATA_SERVICE_PORT", "8002"),
    plain("AUTH_SERVICE_PORT", "8003"),
    unset("BASE_URL"),
    plain("FRONTEND_URL", "http://localhost:3000"),
    unset("ANALYTICS_PUBLIC_URL"),
    plain("CORS_ORIGINS", "http://localhost:3000,http://127.0.0.1:3000"),
    secret("JWT_SECRET_KEY"),
    secret("JWT_SECRET_KEY_PREVIOUS"),
    plain("JWT_ALGORITHM", "HS256"),
    plain("JWT_EXPIRATION_HOURS", "24"),
    plain("REFRESH_EXPIRATION_DAYS", "30"),
    secret("SECRETS_KEY"),
    secret("SECRETS_KEY_PREVIOUS"),
    plain("TRUSTED_PROXIES", "0"),
    plain("RATE_LIMIT_TENANT_PER_SECOND", "500"),
    plain("RATE_LIMIT_KEY_PER_SECOND", "500"),
    plain("RATE_LIMIT_SIGN_IN_PER_MINUTE", "30"),
    plain("RATE_LIMIT_MAIL_TEST_PER_MINUTE", "10"),
    unset("OAUTH_CLIENT_ID"),
    secret("OAUTH_CLIENT_SECRET"),
    unset("OAUTH_ISSUER"),
    plain("OAUTH_REDIRECT_URI", "http://localhost:3000/oauth/callback"),
    plain("OAUTH_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth"),
    plain("OAUTH_TOKEN_URL", "https://oauth2.googleapis.com/token"),
    plain("OAUTH_USERINFO_URL", "https://openidconnect.googleapis.com/v1/userinfo"),
    unset("OAUTH_EMAILS_URL"),
    plain("OAUTH_SCOPES", "openid email profile"),
    plain("ALLOW_DEV_LOGIN", "false"),
    plain("DATA_ROOT", ".local/data"),
    unset("GOOGLE_ANALYTICS_PROPERTY_ID"),
    unset("GOOGLE_ANALYTICS_CREDENTIALS_PATH"),
    unset("GOOGLE_TOKEN_URL"),
    unset("GOOGLE_BIGQUERY_URL"),
    unset("GOOGLE_ANALYTICS_DATA_URL"),
    plain("ALLOW_PRIVATE_ADDRESSES", "false"),
    unset("DEFAULT_SMTP_SERVER"),
    plain("DEFAULT_SMTP_PORT", "587"),
    unset("DEFAULT_SMTP_USERNAME"),
    secret("DEFAULT_SMTP_PASSWORD"),
    unset("DEFAULT_FROM_EMAIL"),
    plain("DEFAULT_USE_TLS", "true"),
    plain("DEFAULT_USE_SSL", "false"),
    unset("DEFAULT_BOUNCE_ADDRESS"),
    unset("DKIM_DOMAIN"),
    unset("DKIM_SELECTOR"),
    unset("DKIM_KEY_PATH"),
    plain("SMTP_ALLOWED_PORTS", "25,465,587,2525"),
    unset("SMTP_CA_PATH"),
    plain("MAIL_CONNECTIONS", "4"),
    plain("MAIL_PER_SECOND", "20"),
    plain("MAIL_PER_DOMAIN_PER_SECOND", "10"),
    plain("MAIL_TIMEOUT_SECONDS", "60"),
    plain("MAIL_DIR", ".local/mail"),
];
