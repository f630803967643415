//! An invitation's secret as text: `gai_<tenant, 32 hex digits>_<43 base64url characters>`. Only its hash is kept.

use common::ids::TenantId;
use secrecy::SecretString;

use crate::secrets::{hash, random_text};

/// Names the kind of secret, for people and for scanners that look for leaked ones.
const MARK: &str = "gai_";
const TENANT_DIGITS: usize = 32;
/// 256 random bits.
const RANDOM_CHARS: usize = 43;

/// What is known of a token that somebody shows: whose it says it is, and by what its row is found. Opens nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationKey {
    pub tenant: TenantId,
    pub token_hash: Vec<u8>,
}

impl InvitationKey {
    /// None where the text has not the form of a token.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        let (tenant, random) = token.strip_prefix(MARK)?.split_once('_')?;
        let is_hex = tenant.len() == TENANT_DIGITS && tenant.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_random =
            random.len() == RANDOM_CHARS && random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !is_hex || !is_random {
            return None;
        }
        Some(Self { tenant: tenant.parse().ok()?, token_hash: hash(token) })
    }
}

/// A new token of this tenant, and what of it is kept.
pub(super) fn generate(tenant: TenantId) -> (SecretString, Vec<u8>) {
    let text = format!("{MARK}{}_{}", tenant.uuid().simple(), random_text());
    let token_hash = hash(&text);
    (text.into(), token_hash)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_names_its_tenant_and_what_is_kept_of_it() {
        let tenant = TenantId::generate();
        let (token, token_hash) = generate(tenant);
        let token = token.expose_secret();
        assert_eq!(InvitationKey::of(token), Some(InvitationKey { tenant, token_hash: token_hash.clone() }));
        assert!(!token_hash.windows(8).any(|part| token.as_bytes().windows(8).any(|of| of == part)));
        for odd in ["", "gai_", &token[1..], &token.to_uppercase(), &format!("{token}x"), &token.replace('_', "-")] {
            assert_eq!(InvitationKey::of(odd), None, "{odd}");
        }
    }
}
