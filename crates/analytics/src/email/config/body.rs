//! What a change of the mail server may name.

use std::fmt;

use common::http::{Given, given, given_secret};
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to change. What is left out stays as it is; the first time `server` and `from_address` are needed.
///
/// The `config` of `GET /analytics/email/config`, sent back as it is, changes nothing.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailConfigBody {
    /// A host name or an IP address.
    #[garde(skip)]
    #[schema(example = "smtp.example.com", min_length = 1, max_length = 253)]
    pub(super) server: Option<String>,
    /// 587 unless given the first time.
    #[garde(skip)]
    #[schema(minimum = 1, maximum = 65535)]
    pub(super) port: Option<u16>,
    /// The sender: an address, or `Name <address>`.
    #[garde(skip)]
    #[schema(example = "Branch reports <reports@example.com>", min_length = 3, max_length = 600)]
    pub(super) from_address: Option<String>,
    /// `null` for a server that asks for none; the password goes with it.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, max_length = 320)]
    pub(super) username: Given<String>,
    /// Left out or `***`, the stored one stays; `null` removes it. Needed again when server, port, username or the way of
    /// encryption change.
    #[serde(default, deserialize_with = "given_secret")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, write_only, min_length = 1, max_length = 1000)]
    pub(super) password: Given<SecretString>,
    /// STARTTLS, and nothing is sent where the server does not offer it. Unless given the first time: true without `use_ssl`.
    #[garde(skip)]
    pub(super) use_tls: Option<bool>,
    /// TLS from the first byte.
    #[garde(skip)]
    pub(super) use_ssl: Option<bool>,
    /// Where notices of what could not be delivered go; `null` = to `from_address`.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, max_length = 254)]
    pub(super) bounce_address: Given<String>,
    /// What mails are signed with (RFC 6376); `null` = they are not.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<DkimBody>)]
    pub(super) dkim: Given<DkimBody>,
}

/// A key whose public half stands in the domain's DNS under `{selector}._domainkey.{domain}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DkimBody {
    #[schema(example = "example.com", min_length = 1, max_length = 253)]
    pub(super) domain: String,
    #[schema(example = "reports2026", min_length = 1, max_length = 63)]
    pub(super) selector: String,
    /// RSA (PKCS#1 or PKCS#8) or Ed25519 (PKCS#8), in PEM. Left out or `***`, the stored one stays.
    #[serde(default, deserialize_with = "given_secret")]
    #[schema(value_type = Option<String>, write_only, max_length = 16384)]
    pub(super) private_key: Given<SecretString>,
}

impl fmt::Debug for EmailConfigBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, port, from_address, .. } = self;
        f.debug_struct("EmailConfigBody")
            .field("server", server)
            .field("port", port)
            .field("from_address", from_address)
            .finish_non_exhaustive()
    }
}
