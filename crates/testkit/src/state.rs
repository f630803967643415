//! What a service is started with in a test: settings that point at the test's database, and the state built from them.

use std::collections::BTreeMap;

use common::auth::AppState;
use common::config::Settings;
use secrecy::ExposeSecret;

use crate::db::TestDb;

/// DEV settings on this database, with secrets of the tests; change what a test is about before a state is made of them.
///
/// # Panics
/// When they are refused: then the rules of configuration have changed.
#[must_use]
pub fn settings(db: &TestDb) -> Settings {
    let port = db.settings.port.to_string();
    let vars: BTreeMap<String, String> = [
        ("ENVIRONMENT", "DEV"),
        ("POSTGRES_HOST", &db.settings.host),
        ("POSTGRES_PORT", &port),
        ("POSTGRES_USER", &db.settings.owner_user),
        ("POSTGRES_PASSWORD", db.settings.owner_password.expose_secret()),
        ("POSTGRES_DATABASE", &db.settings.database),
        ("POSTGRES_APP_USER", &db.settings.app_user),
        ("POSTGRES_APP_PASSWORD", db.settings.app_password.expose_secret()),
        ("BASE_URL", "http://auth.test"),
        ("JWT_SECRET_KEY", "the tests' own secret, long enough for any rule"),
        // Tests ask more often than people do, and all from one address.
        ("RATE_LIMIT_TENANT_PER_SECOND", "0"),
        ("RATE_LIMIT_KEY_PER_SECOND", "0"),
        ("RATE_LIMIT_SIGN_IN_PER_MINUTE", "0"),
        ("RATE_LIMIT_MAIL_TEST_PER_MINUTE", "0"),
        ("SECRETS_KEY", "the tests' own key to sealed credentials"),
        // A test that reads mails gives them a folder of its own; the others' are to lie in no crate.
        ("MAIL_DIR", concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/test-mail")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    Settings::from_vars(&vars).unwrap_or_else(|faults| panic!("the settings of tests: {faults}"))
}

/// A service's state on this database, with [`settings`].
#[must_use]
pub fn state(db: &TestDb) -> AppState {
    AppState::new(db.app.clone(), settings(db))
}
