//! What a domain is here, and which belong to nobody's company.

use common::http::ApiError;

/// Where anybody gets an address: letting these in would let everybody in.
const PUBLIC: &[&str] = &[
    "126.com", "163.com", "aim.com", "alice.it", "aol.com", "arcor.de", "att.net", "bellsouth.net", "bigpond.com",
    "bk.ru", "bluewin.ch", "bol.com.br", "btinternet.com", "centrum.cz", "charter.net", "comcast.net", "cox.net",
    "daum.net", "duck.com", "earthlink.net", "example.com", "fastmail.com", "fastmail.fm", "free.fr", "freenet.de",
    "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hey.com",
    "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it", "hushmail.com",
    "icloud.com", "inbox.ru", "interia.pl", "juno.com", "laposte.net", "libero.it", "list.ru", "live.ca", "live.co.uk",
    "live.com", "live.de", "live.fr", "live.it", "live.nl", "mac.com", "mail.com", "mail.de", "mail.ru", "mailbox.org",
    "mailinator.com", "me.com", "msn.com", "naver.com", "ntlworld.com", "o2.pl", "onet.pl", "optonline.net",
    "orange.fr", "outlook.com", "outlook.de", "outlook.es", "outlook.fr", "outlook.it", "pm.me", "posteo.de",
    "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com", "rocketmail.com",
    "rogers.com", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sina.com", "sky.com", "skynet.be", "sohu.com",
    "sympatico.ca", "t-online.de", "talktalk.net", "telenet.be", "terra.com.br", "tiscali.it", "tuta.com", "tuta.io",
    "tutanota.com", "uol.com.br", "verizon.net", "virgilio.it", "virginmedia.com", "vodafone.de", "wanadoo.fr",
    "web.de", "windstream.net", "wp.pl", "xtra.co.nz", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk",
    "yahoo.com", "yahoo.com.au", "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.in", "yahoo.it",
    "yandex.com", "yandex.ru", "ymail.com", "zoho.com", "zohomail.com",
];

/// A domain as it is stored: in lower case, of letters, digits and hyphens (others in their ASCII form, `xn--…`).
///
/// # Errors
/// 422 for what is none.
pub(crate) fn domain_name(text: &str) -> Result<String, ApiError> {
    let domain = text.trim().to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_domain = domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        // An address of numbers is no domain.
        && domain.rsplit('.').next().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_lowercase()));
    if is_domain { Ok(domain) } else { Err(ApiError::invalid("domain", "is not a domain such as example.org")) }
}

/// Whether everybody can have an address there.
pub(super) fn is_public(domain: &str) -> bool {
    PUBLIC.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_ones_can_be_searched() {
        assert!(PUBLIC.is_sorted());
        assert!(is_public("gmail.com") && is_public("web.de") && !is_public("shop.test"));
    }

    #[test]
    fn a_domain_is_told_from_what_is_none() {
        assert_eq!(domain_name(" Shop.Example.ORG ").ok().as_deref(), Some("shop.example.org"));
        assert!(domain_name("xn--mnchen-3ya.de").is_ok());
        for odd in
            ["", "localhost", "a..b", "-a.de", "a-.de", "a_b.de", "10.0.0.1", "münchen.de", "a@b.de", "*.de", ".de"]
        {
            assert!(domain_name(odd).is_err(), "{odd}");
        }
        assert!(domain_name(&format!("{}.de", "a".repeat(64))).is_err());
    }
}
