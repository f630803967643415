//! Sealing against everything that must not open.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::{CIPHERTEXT_AT, NONCE_AT, SealError, Sealer};
use crate::{
    config::Settings,
    ids::{DEMO_TENANT, TenantId},
};

const PURPOSE: &str = "sources.sealed_key";
const PLAIN: &[u8] = "{\"private_key\": \"-----BEGIN…\"}".as_bytes();

fn sealer(key: &str, previous: Option<&str>) -> Sealer {
    let vars: BTreeMap<String, String> = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PASSWORD", "owner"),
        ("POSTGRES_APP_PASSWORD", "app"),
        ("JWT_SECRET_KEY", "dev"),
        ("SECRETS_KEY", key),
        ("SECRETS_KEY_PREVIOUS", previous.unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    Sealer::from_settings(&Settings::from_vars(&vars).unwrap())
}

fn opened(sealer: &Sealer, tenant: TenantId, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    sealer.open(tenant, purpose, sealed).map(|plain| plain.expose_secret().to_vec())
}

#[test]
fn what_was_sealed_opens_and_no_two_seals_are_alike() {
    let (sealer, tenant) = (sealer("one", None), TenantId::generate());
    for plain in [PLAIN, b"", &[0xff; 100_000]] {
        let sealed = sealer.seal(tenant, PURPOSE, plain).unwrap();
        assert_eq!(opened(&sealer, tenant, PURPOSE, &sealed).as_deref(), Ok(plain));
        assert_ne!(sealer.seal(tenant, PURPOSE, plain).unwrap(), sealed);
        // The tag is 16 bytes.
        assert_eq!(sealed.len(), CIPHERTEXT_AT + plain.len() + 16);
        assert!(plain.is_empty() || !sealed.windows(plain.len()).any(|part| part == plain));
    }
    let sealed = sealer.seal(tenant, PURPOSE, PLAIN).unwrap();
    assert_eq!(sealer.open_text(tenant, PURPOSE, &sealed).unwrap().expose_secret().as_bytes(), PLAIN);
    let bytes = sealer.seal(tenant, PURPOSE, &[0xff]).unwrap();
    assert_eq!(sealer.open_text(tenant, PURPOSE, &bytes).unwrap_err(), SealError::Damaged);
}

#[test]
fn another_tenant_or_purpose_does_not_open_it() {
    let (sealer, tenant) = (sealer("one", None), TenantId::generate());
    let sealed = sealer.seal(tenant, PURPOSE, PLAIN).unwrap();
    assert_eq!(opened(&sealer, TenantId::generate(), PURPOSE, &sealed), Err(SealError::Damaged));
    assert_eq!(opened(&sealer, tenant, "sources.sealed_users_secret", &sealed), Err(SealError::Damaged));
    assert_eq!(opened(&sealer, tenant, "", &sealed), Err(SealError::Damaged));
}

#[test]
fn every_changed_bit_and_every_cut_shows() {
    let (sealer, tenant) = (sealer("one", None), TenantId::generate());
    let sealed = sealer.seal(tenant, PURPOSE, b"hush").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = opened(&sealer, tenant, PURPOSE, &changed).unwrap_err();
        match bit / 8 {
            0 => assert!(matches!(error, SealError::Version(_)), "{error}"),
            1..NONCE_AT => assert_eq!(error, SealError::OtherKey, "bit {bit}"),
            _ => assert_eq!(error, SealError::Damaged, "bit {bit}"),
        }
    }
    for length in 0..sealed.len() {
        assert_eq!(opened(&sealer, tenant, PURPOSE, &sealed[..length]), Err(SealError::Damaged), "{length} bytes");
    }
}

#[test]
fn a_changed_key_is_told_from_damage_and_the_previous_one_still_opens() {
    let (old, tenant) = (sealer("one", None), TenantId::generate());
    let sealed = old.seal(tenant, PURPOSE, PLAIN).unwrap();
    let changed = sealer("two", None);
    assert_eq!(opened(&changed, tenant, PURPOSE, &sealed), Err(SealError::OtherKey));
    let rotating = sealer("two", Some("one"));
    assert_eq!(opened(&rotating, tenant, PURPOSE, &sealed).as_deref(), Ok(PLAIN));
    assert!(rotating.is_of_previous_key(&sealed) && !old.is_of_previous_key(&sealed));
    // What is sealed from now on needs the new key alone.
    let again = rotating.seal(tenant, PURPOSE, PLAIN).unwrap();
    assert_eq!(opened(&changed, tenant, PURPOSE, &again).as_deref(), Ok(PLAIN));
    assert_eq!(opened(&old, tenant, PURPOSE, &again), Err(SealError::OtherKey));
    assert!(!rotating.is_of_previous_key(&again));
}

/// Made apart from this code, from the form that `mod.rs` describes and draft-irtf-cfrg-xchacha.
#[test]
fn a_value_in_the_described_form_opens() {
    let sealed = "01d8e01011000102030405060708090a0b0c0d0e0f101112131415161774f196ac848d54d0c6960021116c5bc4cc609c75";
    let sealed: Vec<u8> =
        (0..sealed.len()).step_by(2).map(|at| u8::from_str_radix(&sealed[at..at + 2], 16).unwrap()).collect();
    assert_eq!(opened(&sealer("one", None), DEMO_TENANT, PURPOSE, &sealed).as_deref(), Ok(b"hush".as_slice()));
}

#[test]
fn nothing_of_it_is_shown() {
    let sealer = sealer("the operator's own text", Some("the text before it"));
    assert_eq!(format!("{sealer:?}"), "Sealer { .. }");
    let sealed = sealer.seal(TenantId::generate(), PURPOSE, PLAIN).unwrap();
    let error = sealer.open(TenantId::generate(), PURPOSE, &sealed).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("private_key"));
    assert!(!format!("{:?}", sealer.open(TenantId::generate(), "x", &[])).contains("operator"));
}
