//! Telephone numbers and addresses as links.

use lettre::Address;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Text, mail::Contact};

const LONGEST: usize = 80;
/// What an address of a mailbox keeps in a URL (RFC 6068).
const MAILBOX: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+');
/// Digits of the longest number in the world are 15 (E.164); extensions come on top.
const MOST_DIGITS: usize = 20;

impl Contact {
    /// A telephone number as people write it: `(555) 010-0100`.
    pub(crate) fn phone(number: &str) -> Option<Self> {
        let text = Text::new(number, LONGEST);
        if text.is_empty() {
            return None;
        }
        // An extension is dialled by hand: `x12`, `ext. 12`.
        let dialled = text.as_str().split(['x', 'X', ',', ';', '#']).next().unwrap_or_default();
        let dialled = dialled.strip_suffix(['e', 'E']).unwrap_or(dialled);
        let plus = if dialled.trim_start().starts_with('+') { "+" } else { "" };
        let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
        let is_number = (3..=MOST_DIGITS).contains(&digits.len()) && !dialled.chars().any(char::is_alphabetic);
        let href = is_number.then(|| format!("tel:{plus}{digits}"));
        Some(Self { text, href })
    }

    /// An e-mail address; one that is none is shown and not linked.
    pub(crate) fn email(address: &str) -> Option<Self> {
        let text = Text::new(address, LONGEST);
        if text.is_empty() {
            return None;
        }
        let href = text.as_str().parse::<Address>().ok().map(|address| {
            let user = utf8_percent_encode(address.user(), MAILBOX);
            let domain = utf8_percent_encode(address.domain(), MAILBOX);
            format!("mailto:{user}@{domain}")
        });
        Some(Self { text, href })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dialled_without_their_decoration() {
        for (number, href) in [
            ("(555) 010-0100", Some("tel:5550100100")),
            ("+49 30 901820", Some("tel:+4930901820")),
            ("555-0100 x12", Some("tel:5550100")),
            ("(555) 010-0100 Ext. 12", Some("tel:5550100100")),
            ("555-0100 extension 12", Some("tel:5550100")),
            ("n/a", None),
            ("ask for 555 0100", None),
            ("12", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(Contact::phone(number).unwrap().href.as_deref(), href, "{number}");
        }
        assert_eq!(Contact::phone(" \n"), None);
    }

    #[test]
    fn addresses_cannot_add_anything_to_the_mail_they_open() {
        for (address, href) in [
            ("buyer@acme.example", Some("mailto:buyer@acme.example")),
            ("a+b@acme.example", Some("mailto:a+b@acme.example")),
            ("a?bcc=all&x%@acme.example", Some("mailto:a%3Fbcc%3Dall%26x%25@acme.example")),
            ("two@at@acme.example", None),
            ("nobody", None),
        ] {
            assert_eq!(Contact::email(address).unwrap().href.as_deref(), href, "{address}");
        }
    }
}
