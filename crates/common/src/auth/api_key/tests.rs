//! The form of a key, and that nothing but the key itself passes for it.

use secrecy::{ExposeSecret, SecretString};

use super::{ApiKeyText, ApiKeys};
use crate::ids::TenantId;

#[test]
fn a_key_reads_back_with_its_tenant_and_its_prefix() {
    let tenant = TenantId::generate();
    let key = ApiKeyText::generate(tenant);
    let text = key.secret().expose_secret();
    assert_eq!(text.len(), 4 + 32 + 1 + 43);
    assert!(text.starts_with(&format!("gak_{}_", tenant.0.simple())));
    let read = ApiKeyText::parse(text).unwrap();
    assert_eq!((read.tenant(), read.prefix()), (tenant, key.prefix()));
    assert!(text.starts_with(key.prefix()) && key.prefix().len() == 45);
    assert_ne!(ApiKeyText::generate(tenant).prefix(), key.prefix());
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let good = ApiKeyText::generate(TenantId::generate()).secret().expose_secret().to_owned();
    let (head, random) = good.split_at(37);
    for text in [
        String::new(),
        "gak_".into(),
        good[..good.len() - 1].into(),
        format!("{good}A"),
        good.replacen("gak_", "sk_", 1),
        format!("{head}{}=", &random[1..]),
        format!("{head}{}é", &random[2..]),
        format!("gak_{}_{random}", "g".repeat(32)),
        format!("gak_{}_{random}", "00000000-0000-7000-8000-00000000d001"),
        head.to_uppercase() + random,
    ] {
        let error = ApiKeyText::parse(&text).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("this is not the form of an API key"), "{text:?}");
    }
}

#[test]
fn debug_shows_the_prefix_alone() {
    let key = ApiKeyText::generate(TenantId::generate());
    let shown = format!("{key:?}");
    assert!(shown.contains(key.prefix()) && !shown.contains(key.secret().expose_secret()), "{shown}");
}

#[test]
fn the_hash_depends_on_the_installation_and_on_every_character() {
    let keys = ApiKeys::new(&SecretString::from("one installation"), None);
    let others = ApiKeys::new(&SecretString::from("another"), None);
    let key = ApiKeyText::generate(TenantId::generate());
    assert_eq!(keys.hash(&key), keys.hash(&key));
    assert_ne!(keys.hash(&key), others.hash(&key));
    let text = key.secret().expose_secret();
    let last = if text.ends_with('A') { 'B' } else { 'A' };
    let near = ApiKeyText::parse(&format!("{}{last}", &text[..text.len() - 1])).unwrap();
    assert_eq!(near.prefix(), key.prefix());
    assert_ne!(keys.hash(&near), keys.hash(&key));
}
