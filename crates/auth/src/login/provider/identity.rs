//! Who signed in, as the provider says.

use common::http::ApiError;
use serde::{Deserialize, Deserializer};

use super::faults::not_ours;

/// What is known of a person from an id token, from the user-info endpoint, or from both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(in crate::login) struct Identity {
    /// The provider's own name for the person.
    #[serde(rename = "sub")]
    pub(super) subject: Option<String>,
    pub(in crate::login) email: Option<String>,
    /// None where the provider does not say; then it counts as not confirmed.
    #[serde(default, deserialize_with = "yes_or_no")]
    pub(in crate::login) email_verified: Option<bool>,
    pub(in crate::login) name: Option<String>,
    pub(in crate::login) given_name: Option<String>,
    pub(in crate::login) locale: Option<String>,
}

impl Identity {
    /// An id token's word with what the user-info endpoint adds to it.
    ///
    /// # Errors
    /// 401 where the two are about different people (OpenID Connect Core 5.3.2).
    pub(super) fn with(self, told: Self) -> Result<Self, ApiError> {
        if told.subject.is_none() || told.subject != self.subject {
            return Err(not_ours("the user-info endpoint told of somebody else"));
        }
        let (email, email_verified) = match (told.email, self.email) {
            // One place's word that an address is confirmed is not taken for another address.
            (Some(told_email), Some(email)) if email.eq_ignore_ascii_case(&told_email) => {
                let verified = match (told.email_verified, self.email_verified) {
                    (Some(told), Some(signed)) => Some(told && signed),
                    (told, signed) => told.or(signed),
                };
                (Some(email), verified)
            }
            (Some(email), _) => (Some(email), told.email_verified),
            (None, email) => (email, self.email_verified),
        };
        Ok(Self {
            subject: self.subject,
            email,
            email_verified,
            name: told.name.or(self.name),
            given_name: told.given_name.or(self.given_name),
            locale: told.locale.or(self.locale),
        })
    }
}

/// Some providers write it as a text.
fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Bool(bool),
        Text(String),
    }
    Ok(match Option::<Said>::deserialize(deserializer)? {
        Some(Said::Bool(said)) => Some(said),
        Some(Said::Text(said)) => Some(said == "true"),
        None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(subject: &str, email: Option<&str>, email_verified: Option<bool>) -> Identity {
        Identity {
            subject: Some(subject.to_owned()),
            email: email.map(str::to_owned),
            email_verified,
            ..Identity::default()
        }
    }

    #[test]
    fn the_two_are_about_one_person_or_nothing_is_taken() {
        let signed = || told("1", Some("a@b.test"), Some(true));
        assert!(signed().with(told("2", Some("a@b.test"), Some(true))).is_err());
        assert!(signed().with(Identity { subject: None, ..signed() }).is_err());
        assert!(signed().with(told("1", None, None)).is_ok());
    }

    #[test]
    fn an_address_is_confirmed_where_its_own_place_says_so() {
        let verdict = |signed: Identity, user: Identity| {
            let both = signed.with(user).unwrap();
            (both.email.unwrap(), both.email_verified)
        };
        let (a, b) = (Some("a@b.test"), Some("c@d.test"));
        assert_eq!(verdict(told("1", a, Some(true)), told("1", None, None)), ("a@b.test".into(), Some(true)));
        assert_eq!(verdict(told("1", a, Some(true)), told("1", b, None)), ("c@d.test".into(), None));
        assert_eq!(verdict(told("1", a, None), told("1", a, Some(true))), ("a@b.test".into(), Some(true)));
        assert_eq!(verdict(told("1", a, Some(true)), told("1", a, Some(false))), ("a@b.test".into(), Some(false)));
        assert_eq!(verdict(told("1", None, Some(true)), told("1", b, None)), ("c@d.test".into(), None));
    }

    #[test]
    fn a_text_is_read_as_what_it_says() {
        let verified = |json: &str| serde_json::from_str::<Identity>(json).unwrap().email_verified;
        assert_eq!(verified(r#"{"email_verified": "true"}"#), Some(true));
        assert_eq!(verified(r#"{"email_verified": "false"}"#), Some(false));
        assert_eq!(verified(r#"{"email_verified": null}"#), None);
        assert_eq!(verified("{}"), None);
    }
}
