//! Names of hosts and of DKIM's selectors, as they go into a connection and a header.

use std::net::IpAddr;

const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A host name, in lower case and without the dot at its end, or an IP address.
///
/// # Errors
/// It is neither, in words for people.
pub(super) fn host(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.contains("://") || text.contains('/') {
        return Err(String::from("is an address of the web: give the host's name alone, such as smtp.example.com"));
    }
    if !text.is_ascii() {
        return Err(String::from(
            "has other characters than ASCII: write an international name in its form with `xn--`",
        ));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_ascii_lowercase());
    }
    if text.contains(':') {
        return Err(String::from("has a colon in it: the port is a field of its own"));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if !name.is_empty() && name.len() <= LONGEST && name.split('.').all(is_label) {
        Ok(name)
    } else {
        Err(String::from("is neither a host name, such as smtp.example.com, nor an IP address"))
    }
}

/// A selector: labels as those of a host name, with underscores.
///
/// # Errors
/// It is none, in words for people.
pub(super) fn selector(text: &str) -> Result<String, String> {
    let text = text.trim();
    if !text.is_empty() && text.len() <= LONGEST_LABEL && text.split('.').all(is_label) {
        Ok(text.to_owned())
    } else {
        Err(format!("must have 1 to {LONGEST_LABEL} letters, digits, hyphens, underscores or dots"))
    }
}

/// Names with underscores exist, against the rules, and resolve.
fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_name_or_an_address() {
        for (text, taken) in [
            ("smtp.example.com", "smtp.example.com"),
            (" SMTP.Example.COM. ", "smtp.example.com"),
            ("mail_1.example.com", "mail_1.example.com"),
            ("xn--exmple-cua.com", "xn--exmple-cua.com"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "2001:db8::1"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(taken), "{text}");
        }
        for text in [
            "", ".", "smtp..com", "-x.com", "x-.com", "smtp://example.com", "https://example.com/x",
            "smtp.example.com:25", "[::1]", "smtp example.com", "smtp\r\n.com", "smtp\0.com", "sm\u{ef}p.com",
            "user@example.com", "a,b",
        ] {
            assert!(host(text).is_err(), "{text:?}");
        }
        assert!(host(&format!("{}.com", "x".repeat(64))).is_err());
        assert!(host(&"x.".repeat(200)).is_err());
    }

    #[test]
    fn a_selector_can_stand_in_a_header() {
        assert_eq!(selector(" s1._2026 ").as_deref(), Ok("s1._2026"));
        for text in ["", "a b", "a;b", "a\r\nb", "a..b", &"x".repeat(64)] {
            assert!(selector(text).is_err(), "{text:?}");
        }
    }
}
