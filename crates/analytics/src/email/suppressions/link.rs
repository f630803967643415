//! The link at the end of each mail: whose mails end for whom, readable by nobody but us, and not to be made by others.

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{config::Settings, ids::TenantId, secrets::Sealer};
use secrecy::ExposeSecret;
use uuid::Uuid;

/// What addresses are sealed for.
const PURPOSE: &str = "unsubscribe";
/// Stands for a token in previews, which are nobody's mail.
pub(crate) const PREVIEW_TOKEN: &str = "preview";
const ID_LENGTH: usize = size_of::<Uuid>();

/// The address at which this person can end all mails of this tenant.
///
/// # Errors
/// The address could not be sealed.
pub(crate) fn unsubscribe_link(
    settings: &Settings,
    sealer: &Sealer,
    tenant: TenantId,
    email: &str,
) -> anyhow::Result<String> {
    let email = email.trim().to_lowercase();
    let sealed = sealer.seal(tenant, PURPOSE, email.as_bytes()).context("an unsubscribe link could not be sealed")?;
    let token = URL_SAFE_NO_PAD.encode([tenant.uuid().as_bytes().as_slice(), &sealed].concat());
    Ok(format!("{}/analytics/email/unsubscribe/{token}", settings.analytics_public_url))
}

/// Who wants no more mails of which tenant; none where the token is not whole, or none of ours. The tenant's id is part of
/// what the address is sealed with: with another one the rest does not open.
pub(super) fn opened(sealer: &Sealer, token: &str) -> Option<(TenantId, String)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, sealed) = bytes.split_at_checked(ID_LENGTH)?;
    let tenant = TenantId(Uuid::from_slice(id).ok()?);
    let email = sealer.open_text(tenant, PURPOSE, sealed).ok()?;
    Some((tenant, email.expose_secret().to_owned()))
}

/// Enough of an address to know one's own by.
pub(super) fn masked(email: &str) -> String {
    let (user, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = user.chars().take(1).collect();
    format!("{first}…@{domain}")
}

#[cfg(test)]
mod tests {
    use common::ids::DEMO_TENANT;
    use proptest::prelude::*;

    use super::*;

    fn settings() -> Settings {
        let vars = [
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_PASSWORD", "p"),
            ("POSTGRES_APP_PASSWORD", "p"),
            ("JWT_SECRET_KEY", "the tests' own secret, long enough for any rule"),
            ("SECRETS_KEY", "the tests' own key to sealed credentials"),
            ("ANALYTICS_PUBLIC_URL", "https://analytics.example.com/"),
        ];
        Settings::from_vars(&vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).unwrap()
    }

    fn token(email: &str) -> (Sealer, String) {
        let settings = settings();
        let sealer = Sealer::from_settings(&settings);
        let link = unsubscribe_link(&settings, &sealer, DEMO_TENANT, email).unwrap();
        let token = link.strip_prefix("https://analytics.example.com/analytics/email/unsubscribe/").unwrap();
        (sealer, token.to_owned())
    }

    #[test]
    fn a_link_leads_back_to_tenant_and_address_and_shows_neither_address_nor_pattern() {
        let (sealer, first) = token(" Dana@Example.com");
        let (_, second) = token("dana@example.com");
        assert_ne!(first, second, "the same address looks different each time");
        for token in [&first, &second] {
            assert_eq!(opened(&sealer, token), Some((DEMO_TENANT, String::from("dana@example.com"))));
            let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("dana"));
        }
    }

    #[test]
    fn a_masked_address_is_known_to_its_owner_alone() {
        assert_eq!(masked("dana@example.com"), "d…@example.com");
        assert_eq!(masked("\"a@b\"@example.com"), "\"…@example.com");
        assert_eq!(masked(""), "…@");
    }

    proptest! {
        #[test]
        fn no_altered_token_opens(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let (sealer, token) = token("dana@example.com");
            let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(opened(&sealer, &URL_SAFE_NO_PAD.encode(&bytes)), None);
            prop_assert_eq!(opened(&sealer, &URL_SAFE_NO_PAD.encode(&bytes[..at])), None);
        }

        #[test]
        fn no_text_that_is_made_up_opens(text in any::<String>()) {
            let (sealer, _) = token("dana@example.com");
            prop_assert_eq!(opened(&sealer, &text), None);
        }
    }
}
