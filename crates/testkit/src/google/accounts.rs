//! The service accounts the stub knows. Their key is public: it was made for this folder and opens nothing.

use serde_json::json;

/// The key of all accounts, and the half of it that the token endpoint checks signatures with.
const PRIVATE: &str = include_str!("service_account.test-only.pem");
pub(super) const PUBLIC: &str = include_str!("service_account.test-only.pub.pem");
/// A key that no account has.
const STRANGER: &str = include_str!("stranger.test-only.pem");

/// The account of [`key`].
pub(super) const ROBOT: &str = "robot";

const DOMAIN: &str = "@stub-project.iam.gserviceaccount.com";

/// The key file of an account, as Google Cloud gives it out. The stub knows every account of its own domain.
#[must_use]
pub(super) fn key_file(account: &str) -> String {
    file(account, PRIVATE)
}

/// A key file with the right address and a private key that is not the account's.
#[must_use]
pub fn stranger_key() -> String {
    file(ROBOT, STRANGER)
}

/// Whether the stub knows an account of this address.
pub(super) fn is_known(email: &str) -> bool {
    email.strip_suffix(DOMAIN).is_some_and(|name| !name.is_empty())
}

fn file(account: &str, private_key: &str) -> String {
    let email = format!("{account}{DOMAIN}");
    json!({
        "type": "service_account",
        "project_id": "stub-project",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": private_key,
        "client_email": email,
        "client_id": "100000000000000000001",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": format!("https://www.googleapis.com/robot/v1/metadata/x509/{email}"),
        "universe_domain": "googleapis.com",
    })
    .to_string()
}
