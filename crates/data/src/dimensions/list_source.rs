//! Where a tenant's list of users or locations is fetched from: a BigQuery table or an SFTP folder, and what opens it.

use common::http::FieldError;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place that holds a list. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ListSource {
    Bigquery(TableSource),
    Sftp(SftpSource),
}

/// Not derived: in JSON the fields stand beside `kind`, and that is how a fault is to name them.
impl Validate for ListSource {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        match self {
            Self::Bigquery(table) => table.validate_into(&(), parent, report),
            Self::Sftp(folder) => folder.validate_into(&(), parent, report),
        }
    }
}

/// A table or view in BigQuery; its columns are named as those of a file would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
pub struct TableSource {
    #[garde(custom(is_project))]
    #[schema(example = "my-shop-123")]
    pub project: String,
    #[garde(custom(is_dataset))]
    #[schema(example = "crm")]
    pub dataset: String,
    #[garde(custom(is_table))]
    #[schema(example = "customers")]
    pub table: String,
}

/// A folder on an SFTP server, of which the newest file that the pattern fits is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
pub struct SftpSource {
    /// A name or an address; refused when it leads to a private network, unless the operator allows that.
    #[garde(custom(is_host))]
    #[schema(example = "sftp.example.com")]
    pub host: String,
    #[serde(default = "usual_port")]
    #[garde(range(min = 1))]
    #[schema(minimum = 1, maximum = 65535, default = 22)]
    pub port: u16,
    #[garde(custom(one_line(255)))]
    pub username: String,
    /// The folder.
    #[serde(default = "home")]
    #[garde(custom(one_line(1024)))]
    #[schema(default = ".", example = "/outgoing")]
    pub path: String,
    /// Which of its files: `*` stands for any characters, `?` for one.
    #[garde(custom(is_file_pattern))]
    #[schema(example = "users*.csv")]
    pub pattern: String,
    /// The server's key as `ssh-keygen -lf` shows it, `SHA256:…`. Without it nothing is fetched, and the refusal says which
    /// key the server showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(is_fingerprint)))]
    #[schema(example = "SHA256:uNiVztksCsDhcc0u9e8BrrdkAX1jGwHDfVlf2nXrNGs")]
    pub host_key: Option<String>,
}

/// What opens an SFTP account: a password, or a private key (OpenSSH or PEM) with its passphrase where it has one.
/// `Debug` shows none of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ListSecret {
    #[serde(default)]
    pub password: Option<SecretString>,
    #[serde(default)]
    pub private_key: Option<SecretString>,
    #[serde(default)]
    pub passphrase: Option<SecretString>,
}

impl ListSource {
    /// What of the secret is missing or out of place for this source.
    pub fn secret_faults(&self, secret: &ListSecret) -> Vec<FieldError> {
        let ListSecret { password, private_key, passphrase } = secret;
        match self {
            Self::Bigquery(_) if password.is_some() || private_key.is_some() => {
                vec![FieldError::new("secret", "is not needed: a table is read with the tenant's Google key")]
            }
            Self::Bigquery(_) => Vec::new(),
            Self::Sftp(_) if password.is_none() && private_key.is_none() => {
                vec![FieldError::new("secret", "is missing: give a password or a private_key")]
            }
            Self::Sftp(_) if passphrase.is_some() && private_key.is_none() => {
                vec![FieldError::new("secret.passphrase", "is of no use without a private_key")]
            }
            Self::Sftp(_) => Vec::new(),
        }
    }
}

impl ListSecret {
    /// As JSON, to be sealed; [`serde_json::from_str`] reads it back.
    pub fn to_json(&self) -> SecretString {
        let Self { password, private_key, passphrase } = self;
        let text = |secret: &Option<SecretString>| secret.as_ref().map(|s| s.expose_secret().to_owned());
        serde_json::json!({
            "password": text(password),
            "private_key": text(private_key),
            "passphrase": text(passphrase),
        })
        .to_string()
        .into()
    }
}

const fn usual_port() -> u16 {
    22
}

fn home() -> String {
    ".".to_owned()
}

fn refused<T>(message: &str) -> Result<T, garde::Error> {
    Err(garde::Error::new(message))
}

fn is_project(value: &str, (): &()) -> garde::Result {
    let known = value.len() <= 100
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b));
    if known { Ok(()) } else { refused("is not the id of a Google Cloud project") }
}

fn is_dataset(value: &str, (): &()) -> garde::Result {
    let known = (1..=1024).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if known { Ok(()) } else { refused("is not the name of a dataset: letters, digits and _") }
}

fn is_table(value: &str, (): &()) -> garde::Result {
    let known =
        (1..=1024).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if known { Ok(()) } else { refused("is not the name of a table: letters, digits, _ and -") }
}

fn is_host(value: &str, (): &()) -> garde::Result {
    let known =
        (1..=253).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(&b));
    if known { Ok(()) } else { refused("is not the name or the address of a server (no sftp://, no port, no path)") }
}

fn one_line(longest: usize) -> impl FnOnce(&str, &()) -> garde::Result {
    move |value, ()| match value {
        "" => refused("is empty"),
        value if value.len() > longest => Err(garde::Error::new(format!("is longer than {longest} bytes"))),
        value if value.chars().any(char::is_control) => refused("holds a control character"),
        _ => Ok(()),
    }
}

fn is_file_pattern(value: &str, (): &()) -> garde::Result {
    one_line(255)(value, &())?;
    if value.contains('/') { refused("is the name of a file, without /: the folder is `path`") } else { Ok(()) }
}

fn is_fingerprint(value: &str, (): &()) -> garde::Result {
    let hash = value.strip_prefix("SHA256:").unwrap_or_default();
    let known = hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    if known { Ok(()) } else { refused("is not a fingerprint as `ssh-keygen -lf` shows it: SHA256: and 43 characters") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sftp(more: serde_json::Value) -> ListSource {
        let mut all = json!({"kind": "sftp", "host": "sftp.example.com", "username": "shop", "pattern": "users*.csv"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn faults(source: &ListSource) -> Vec<String> {
        source.validate().err().map(|r| r.iter().map(|(path, _)| path.to_string()).collect()).unwrap_or_default()
    }

    #[test]
    fn a_source_is_read_with_its_defaults_and_written_as_it_was() {
        let source = sftp(json!({}));
        assert!(faults(&source).is_empty());
        assert_eq!(
            serde_json::to_value(&source).unwrap(),
            json!({"kind": "sftp", "host": "sftp.example.com", "port": 22, "username": "shop", "path": ".",
                "pattern": "users*.csv"})
        );
        let table = json!({"kind": "bigquery", "project": "my-shop-123", "dataset": "crm", "table": "customers"});
        let source: ListSource = serde_json::from_value(table.clone()).unwrap();
        assert!(faults(&source).is_empty());
        assert_eq!(serde_json::to_value(&source).unwrap(), table);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (field, value) in [
            ("host", json!("sftp://example.com")),
            ("host", json!("example.com/x")),
            ("host", json!("")),
            ("port", json!(0)),
            ("username", json!("a\nb")),
            ("path", json!("")),
            ("pattern", json!("../users.csv")),
            ("host_key", json!("MD5:aa:bb")),
            ("host_key", json!("SHA256:short")),
        ] {
            let found = faults(&sftp(json!({field: value})));
            assert_eq!(found, [field], "{value}");
        }
        for (project, dataset, table) in
            [("My Shop", "crm", "t"), ("p`x", "crm", "t"), ("shop", "a-b", "t"), ("shop", "crm", "t` where 1=1 --")]
        {
            let source = json!({"kind": "bigquery", "project": project, "dataset": dataset, "table": table});
            assert_eq!(faults(&serde_json::from_value(source).unwrap()).len(), 1, "{project} {dataset} {table}");
        }
    }

    #[test]
    fn a_secret_is_complete_or_the_fault_is_named_and_never_shown() {
        let source = sftp(json!({}));
        assert_eq!(source.secret_faults(&ListSecret::default())[0].field, "secret");
        let secret = ListSecret { password: Some("hush".into()), ..ListSecret::default() };
        assert!(source.secret_faults(&secret).is_empty());
        assert!(!format!("{secret:?}").contains("hush"));
        let again: ListSecret = serde_json::from_str(secret.to_json().expose_secret()).unwrap();
        assert_eq!(again.password.unwrap().expose_secret(), "hush");
        assert!(again.private_key.is_none() && again.passphrase.is_none());
        let useless = ListSecret { passphrase: Some("x".into()), ..secret };
        assert_eq!(source.secret_faults(&useless)[0].field, "secret.passphrase");
    }
}
