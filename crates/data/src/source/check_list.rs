//! Holds a new place of a list against the stored one. A stored secret opens only the place it was given for.

use common::http::FieldError;
use common::secrets::Sealer;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};

use super::change::{ListBody, ListSecretBody};
use super::secret_field::Given;
use super::stored::{ListOf, StoredList, StoredSource};
use crate::dimensions::list_source::{ListSecret, ListSource, SftpSource};

/// The place as it is to be stored, its secret sealed.
///
/// # Errors
/// Every field that is wrong.
pub(super) fn checked_list(
    of: ListOf,
    stored: &StoredSource,
    body: ListBody,
    sealer: &Sealer,
) -> Result<StoredList, Vec<FieldError>> {
    let ListBody { source, secret } = body;
    let named = |fault: FieldError| FieldError::new(format!("{}.{}", of.field(), fault.field), fault.message);
    let mut faults: Vec<FieldError> = match source.validate() {
        Ok(()) => Vec::new(),
        Err(report) => {
            report.iter().map(|(path, error)| named(FieldError::new(path.to_string(), error.message()))).collect()
        }
    };
    let before = stored.list(of);
    let kept = before.filter(|list| is_same_place(&list.source, &source));
    if let Some(list) = kept
        && secret.changes_nothing()
    {
        return if faults.is_empty() { Ok(StoredList { source, ..list.clone() }) } else { Err(faults) };
    }
    let old = match kept.map(|list| list.secret(sealer, stored.tenant)).transpose() {
        Ok(old) => old.unwrap_or_default(),
        Err(message) => {
            faults.push(named(FieldError::new("secret", message)));
            return Err(faults);
        }
    };
    let before_json = old.to_json();
    let secret = secret.over(old);
    let moved = kept.is_none() && before.is_some_and(|list| list.sealed.is_some());
    faults.extend(source.secret_faults(&secret).into_iter().map(|mut fault| {
        if moved && fault.message.starts_with("is missing") {
            fault.message = "is needed again: the stored one was given for another server, user or host key".into();
        }
        named(fault)
    }));
    if !faults.is_empty() {
        return Err(faults);
    }
    let sealed = match &source {
        ListSource::Bigquery(_) => None,
        ListSource::Sftp(_) if kept.is_some() && secret.to_json().expose_secret() == before_json.expose_secret() => {
            kept.and_then(|list| list.sealed.clone())
        }
        ListSource::Sftp(_) => {
            let json = secret.to_json();
            let sealed = sealer.seal(stored.tenant, of.purpose(), json.expose_secret().as_bytes());
            Some(sealed.map_err(|error| vec![named(FieldError::new("secret", error.to_string()))])?)
        }
    };
    Ok(StoredList { source, sealed, purpose: of.purpose() })
}

/// Whether what opens one may be sent to the other. A server that gets a known key for the first time is the same server:
/// without one nothing is sent to it.
fn is_same_place(before: &ListSource, after: &ListSource) -> bool {
    match (before, after) {
        (ListSource::Sftp(before), ListSource::Sftp(after)) => {
            let server = |place: &SftpSource| (place.host.clone(), place.port, place.username.clone());
            server(before) == server(after) && (before.host_key.is_none() || before.host_key == after.host_key)
        }
        (ListSource::Bigquery(_), ListSource::Bigquery(_)) => true,
        _ => false,
    }
}

impl ListSecretBody {
    fn changes_nothing(&self) -> bool {
        let Self { password, private_key, passphrase } = self;
        [password, private_key, passphrase].into_iter().all(|given| matches!(given, Given::Kept))
    }

    /// The secret after the change.
    fn over(self, old: ListSecret) -> ListSecret {
        let one = |given: Given<SecretString>, old: Option<SecretString>| match given {
            Given::Kept => old,
            Given::Removed => None,
            Given::New(secret) => Some(secret),
        };
        ListSecret {
            password: one(self.password, old.password),
            private_key: one(self.private_key, old.private_key),
            passphrase: one(self.passphrase, old.passphrase),
        }
    }
}
