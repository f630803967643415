//! What PROD does not start with: secrets that are default, short or from an example, addresses left to chance, DEV's doors.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;

use super::{
    reader::Reader,
    sections::{GoogleEndpoints, OAuthSettings},
    settings::Settings,
    variables::{VARIABLES, Variable},
};

/// Keys that sign and seal: 32 characters hold 128 bits even when they are only hexadecimal digits.
const KEY_LENGTH: usize = 32;
const PASSWORD_LENGTH: usize = 12;
/// Parts of texts that documentation puts where a secret belongs.
const EXAMPLE_PARTS: &[&str] = &[
    "changeme", "change-me", "change_me", "change-this", "change_this", "example", "placeholder", "replace", "your-",
    "your_", "yoursecret", "supersecret", "super-secret", "super_secret", "secret-key", "secret_key", "secretkey",
    "password", "default", "development", "123456", "abcdef", "insecure",
];

pub(super) fn check(reader: &Reader, settings: &Settings, vars: &BTreeMap<String, String>) {
    for Variable { name, .. } in VARIABLES.iter().filter(|variable| variable.secret) {
        // Absent ones are faults where they are read, if they are needed.
        if let Some(value) = vars.get(*name).map(|value| value.trim()).filter(|value| !value.is_empty())
            && let Some(weakness) = weakness(value, minimum(name))
        {
            reader.fault(name, weakness);
        }
    }
    for name in ["BASE_URL", "FRONTEND_URL", "ANALYTICS_PUBLIC_URL"] {
        if vars.get(name).is_none_or(|value| value.trim().is_empty()) {
            reader.fault(name, "is missing: PROD needs the address under which it is reached");
        }
    }
    let Settings { allow_dev_login, jwt, secrets_key, google, oauth, .. } = settings;
    let GoogleEndpoints { token, bigquery, analytics_data } = &google.endpoints;
    for (name, address) in
        [("GOOGLE_TOKEN_URL", token), ("GOOGLE_BIGQUERY_URL", bigquery), ("GOOGLE_ANALYTICS_DATA_URL", analytics_data)]
    {
        if address.is_some() {
            reader.fault(name, "is for tests only: in PROD keys and tokens go to Google and nowhere else");
        }
    }
    let OAuthSettings { issuer, auth_url, token_url, userinfo_url, emails_url, .. } = oauth;
    for (name, address) in [
        ("OAUTH_ISSUER", issuer.as_ref()),
        ("OAUTH_AUTH_URL", Some(auth_url)),
        ("OAUTH_TOKEN_URL", Some(token_url)),
        ("OAUTH_USERINFO_URL", Some(userinfo_url)),
        ("OAUTH_EMAILS_URL", emails_url.as_ref()),
    ] {
        if address.is_some_and(|address| !address.starts_with("https://")) {
            reader.fault(name, "is not an https:// address: in PROD who signs in is asked over TLS only");
        }
    }
    if *allow_dev_login {
        reader.fault("ALLOW_DEV_LOGIN", "is for DEV only: in PROD nobody signs in without a provider");
    }
    if !secrets_key.expose_secret().is_empty() && jwt.secret_key.expose_secret() == secrets_key.expose_secret() {
        reader.fault("SECRETS_KEY", "is the same as JWT_SECRET_KEY: who learns one must not hold the other");
    }
}

/// The provider and the mail server choose how long theirs are.
fn minimum(name: &str) -> usize {
    match name {
        "JWT_SECRET_KEY" | "JWT_SECRET_KEY_PREVIOUS" | "SECRETS_KEY" | "SECRETS_KEY_PREVIOUS" => KEY_LENGTH,
        "POSTGRES_PASSWORD" | "POSTGRES_APP_PASSWORD" => PASSWORD_LENGTH,
        _ => 0,
    }
}

fn weakness(value: &str, minimum: usize) -> Option<String> {
    let lower = value.to_lowercase();
    if EXAMPLE_PARTS.iter().any(|part| lower.contains(part)) {
        return Some(String::from("is an example or default value: PROD needs a secret of its own"));
    }
    if value.chars().count() < minimum {
        return Some(format!("is shorter than {minimum} characters, which is too short for PROD"));
    }
    let distinct: BTreeSet<char> = value.chars().collect();
    if minimum > 0 && distinct.len() < 6 {
        return Some(String::from("repeats a few characters: PROD needs a random secret"));
    }
    None
}
