//! The cookie that binds a sign-in to the browser it began in, so that nobody can have another finish theirs.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use common::config::Settings;

use crate::secrets::random_text;

const NAME: &str = "ga_login";
/// The length of [`random_text`].
const LENGTH: usize = 43;

/// The browser's secret, where it sent one of ours.
pub(super) fn secret(jar: &CookieJar) -> Option<String> {
    jar.get(NAME).map(|cookie| cookie.value().to_owned()).filter(|value| value.len() == LENGTH)
}

/// A cookie for as long as the browser runs: how long a sign-in holds, its row says. Keeps the secret the browser has, so
/// that sign-ins in two of its windows do not disturb each other, or gives it one.
pub(super) fn keep(jar: CookieJar, settings: &Settings) -> (CookieJar, String) {
    let secret = secret(&jar).unwrap_or_else(random_text);
    let cookie = Cookie::build((NAME, secret.clone()))
        .path(path(&settings.base_url))
        .http_only(true)
        // Comes along when the provider sends the browser back, not when another site posts.
        .same_site(SameSite::Lax)
        .secure(settings.base_url.starts_with("https://"))
        .build();
    (jar.add(cookie), secret)
}

/// Of our routes as the browser sees them: a proxy may have put us under a path.
fn path(base_url: &str) -> String {
    let prefix = base_url.split('/').skip(3).map(|part| format!("/{part}")).collect::<String>();
    format!("{prefix}/auth")
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn the_path_follows_the_public_address() {
        assert_eq!(path("http://localhost:8003"), "/auth");
        assert_eq!(path("https://shop.test/ga/login"), "/ga/login/auth");
    }
}
