//! Keys that mails are signed with, out of the forms that openssl writes.

use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::message::dkim::{DkimSigningAlgorithm, DkimSigningKey};
use pkcs8::{
    ObjectIdentifier, PrivateKeyInfo, SecretDocument,
    der::{Decode, asn1::OctetStringRef, pem::LineEnding},
};
use secrecy::{ExposeSecret, SecretString};

/// Longer than any key file.
const LONGEST: usize = 16 * 1024;
const PKCS1: &str = "RSA PRIVATE KEY";
const PKCS8: &str = "PRIVATE KEY";
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The key in the form it is stored in: RSA as PKCS#1 in PEM, Ed25519 as the base64 of its 32 bytes.
///
/// # Errors
/// It is no key that mails can be signed with, in words that repeat nothing of it.
pub(super) fn normal(text: &SecretString) -> Result<SecretString, String> {
    let text = text.expose_secret().trim();
    if text.len() > LONGEST {
        return Err(format!("is longer than any private key ({LONGEST} bytes)"));
    }
    let label = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----")).map(|(label, _)| label);
    let normal = match label {
        Some(PKCS1) if text.contains("ENCRYPTED") => return Err(protected()),
        Some(PKCS1) | None => text.to_owned(),
        Some(PKCS8) => of_pkcs8(text)?,
        Some("ENCRYPTED PRIVATE KEY") => return Err(protected()),
        Some(label) if label.contains("PUBLIC") => {
            return Err(String::from("is the public half, which belongs into the DNS: give the private one"));
        }
        Some(_) => return Err(no_key()),
    };
    let normal = SecretString::from(normal);
    read(&normal).map(|_| normal)
}

/// The key out of the form it is stored in.
///
/// # Errors
/// It is none, in words that repeat nothing of it.
pub(super) fn read(normal: &SecretString) -> Result<DkimSigningKey, String> {
    let text = normal.expose_secret();
    let algorithm = if text.starts_with("-----") { DkimSigningAlgorithm::Rsa } else { DkimSigningAlgorithm::Ed25519 };
    DkimSigningKey::new(text, algorithm).map_err(|_| no_key())
}

/// Inside of PKCS#8 there is, for RSA, PKCS#1, and for Ed25519 an octet string (RFC 8410).
fn of_pkcs8(text: &str) -> Result<String, String> {
    let (_, document) = SecretDocument::from_pem(text).map_err(|_| no_key())?;
    let key: PrivateKeyInfo<'_> = document.decode_msg().map_err(|_| no_key())?;
    if key.algorithm.oid == RSA {
        let inside = SecretDocument::try_from(key.private_key).map_err(|_| no_key())?;
        let pem = inside.to_pem(PKCS1, LineEnding::LF).map_err(|_| no_key())?;
        return Ok(pem.as_str().to_owned());
    }
    if key.algorithm.oid == ED25519 {
        let inside = OctetStringRef::from_der(key.private_key).map_err(|_| no_key())?;
        return Ok(STANDARD.encode(inside.as_bytes()));
    }
    Err(String::from("is a key of another kind: mails are signed with RSA or Ed25519"))
}

fn no_key() -> String {
    String::from("is not a private key that mails can be signed with: give RSA or Ed25519 as PEM, as openssl writes it")
}

fn protected() -> String {
    String::from("is protected by a passphrase: give it without one (it is sealed before it is stored)")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA_PKCS8: &str = include_str!("../../../../testkit/src/google/service_account.test-only.pem");
    /// The same key as `openssl pkey -traditional` writes it.
    const RSA_PKCS1: &str = include_str!("rsa.test-only.pem");
    /// RFC 8410, 10.3.
    const ED25519_PKCS8: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const ED25519_SEED: &str = "1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEI=";

    fn normal_of(text: &str) -> Result<String, String> {
        normal(&SecretString::from(text)).map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn keys_are_taken_in_the_forms_that_openssl_writes() {
        assert_eq!(normal_of(RSA_PKCS1).unwrap().trim(), RSA_PKCS1.trim());
        assert_eq!(normal_of(RSA_PKCS8).unwrap().trim(), RSA_PKCS1.trim());
        assert_eq!(normal_of(&RSA_PKCS8.replace('\n', "\r\n")).unwrap().trim(), RSA_PKCS1.trim());
        assert_eq!(normal_of(ED25519_PKCS8).unwrap(), ED25519_SEED);
        assert_eq!(normal_of(ED25519_SEED).unwrap(), ED25519_SEED);
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none_without_repeating_it() {
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
            -----END PUBLIC KEY-----";
        assert!(normal_of(public).unwrap_err().contains("public half"));
        for protected in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----",
        ] {
            assert!(normal_of(protected).unwrap_err().contains("passphrase"));
        }
        // An elliptic curve that DKIM does not know (P-256), as `openssl genpkey -algorithm EC` writes it.
        let other = "-----BEGIN PRIVATE KEY-----\n\
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n\
            OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n\
            1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----";
        assert!(normal_of(other).unwrap_err().contains("another kind"));
        let cut: String = RSA_PKCS8.chars().take(600).collect();
        for text in
            ["", "hush-hush", &cut, "-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n-----END OPENSSH PRIVATE KEY-----"]
        {
            let fault = normal_of(text).unwrap_err();
            assert!(fault.contains("is not a private key") && !fault.contains("hush"), "{fault}");
        }
        assert!(normal_of(&"x".repeat(LONGEST + 1)).unwrap_err().contains("longer"));
    }
}
