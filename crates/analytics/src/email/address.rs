//! What may stand as an address or a name in a mail's headers and envelope, and what is said about the rest.

use common::tenants::email_rule;
use lettre::{Address, message::Mailbox};

/// The most characters of a name beside an address, of a person or a branch.
pub(crate) const LONGEST_NAME: usize = 200;

/// An address that mail can be sent to, in lower case: as these are stored and compared.
///
/// # Errors
/// It is none, in words for people.
pub(crate) fn recipient(text: &str) -> Result<String, String> {
    address(text).map(|address| address.to_string().to_ascii_lowercase())
}

/// An address alone, as it was written.
///
/// # Errors
/// It is none, in words for people.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    let text = text.trim();
    if !text.is_ascii() {
        // Servers may refuse others (RFC 6531), and a refused address is a report that nobody gets.
        let is_of_domain = text.rsplit_once('@').is_some_and(|(user, _)| user.is_ascii());
        return Err(String::from(if is_of_domain {
            "has other characters than ASCII: write an international domain in its form with `xn--`"
        } else {
            "has other characters than ASCII before the @, which many mail servers refuse"
        }));
    }
    if text.chars().any(char::is_control) || email_rule(text, &()).is_err() {
        return Err(String::from("is not an e-mail address"));
    }
    text.parse().map_err(|_| String::from("is not an e-mail address"))
}

/// A sender: an address, or `Name <address>`.
///
/// # Errors
/// It is none, in words for people.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(String::from("has line breaks or other control characters in it"));
    }
    let parsed: Mailbox =
        text.parse().map_err(|_| String::from("is not an e-mail address, alone or as `Name <address>`"))?;
    let email = address(parsed.email.as_ref())?;
    let name = parsed.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    if let Some(name) = &name {
        name_rule(name)?;
    }
    Ok(Mailbox::new(name, email))
}

/// # Errors
/// It cannot stand as a name in a header, in words for people.
pub(crate) fn name_rule(name: &str) -> Result<(), String> {
    if (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(is_unprintable) {
        Ok(())
    } else {
        Err(format!("must have 1 to {LONGEST_NAME} printable characters"))
    }
}

/// Control characters, and what some programs take for the end of a line.
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use lettre::Message;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn senders_are_addresses_with_or_without_a_name() {
        for (text, name, email) in [
            ("reports@example.com", None, "reports@example.com"),
            (" Reports <reports@example.com> ", Some("Reports"), "reports@example.com"),
            ("\"Shop, Inc.\" <Reports@Example.com>", Some("Shop, Inc."), "Reports@Example.com"),
            ("Läden Süd <reports@example.com>", Some("Läden Süd"), "reports@example.com"),
        ] {
            let mailbox = mailbox(text).unwrap();
            assert_eq!((mailbox.name.as_deref(), mailbox.email.as_ref()), (name, email), "{text}");
        }
        for text in [
            "",
            "reports",
            "@example.com",
            "reports@",
            "a@b@c.com",
            "Reports reports@example.com",
            "<>",
            "reports@example.com, other@example.com",
            "Reports <reports@example.com> and more",
            "Reports\r\nBcc: x@example.com <reports@example.com>",
            "r\0@example.com",
            "réports@example.com",
            "reports@exämple.com",
        ] {
            assert!(mailbox(text).is_err(), "{text:?}: {:?}", mailbox(text));
        }
        assert!(mailbox(&format!("{} <reports@example.com>", "x".repeat(LONGEST_NAME + 1))).is_err());
        assert!(mailbox(&format!("{}@example.com", "x".repeat(300))).is_err());
    }

    #[test]
    fn recipients_are_compared_in_lower_case() {
        assert_eq!(recipient(" Dana.Rep+x@Example.COM ").unwrap(), "dana.rep+x@example.com");
        for text in ["dana", "dana@", "Dana <dana@example.com>", "dana@example.com\r\nx", "d\u{e4}na@example.com"] {
            assert!(recipient(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_to_do_about_other_letters_is_said() {
        assert!(recipient("dana@ex\u{e4}mple.com").unwrap_err().contains("xn--"));
        let user = recipient("d\u{e4}na@example.com").unwrap_err();
        assert!(user.contains("before the @") && !user.contains("xn--"), "{user}");
    }

    /// Text as an attacker would write it: breaks, encodings of breaks, quotes, brackets, other scripts.
    fn hostile() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            any::<String>(),
            "[a-zA-Z \\\\\"<>(),:;@.]{0,12}",
            Just(String::from("\r\nBcc: victim@example.com\r\n")),
            Just(String::from("\n")),
            Just(String::from("\r")),
            Just(String::from("\0")),
            Just(String::from("\u{2028}\u{85}\u{b}\u{c}")),
            Just(String::from("=?utf-8?Q?=0D=0A?=")),
            Just(String::from("%0d%0a")),
        ];
        proptest::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
    }

    /// The headers of a mail from this sender.
    fn head(mailbox: Mailbox) -> String {
        let message =
            Message::builder().from(mailbox).to("dana@example.com".parse().unwrap()).body(String::new()).unwrap();
        let formatted = String::from_utf8(message.formatted()).unwrap();
        formatted.split("\r\n\r\n").next().unwrap().to_owned()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_sender_that_is_taken_can_begin_another_header(name in hostile(), quoted in any::<bool>()) {
            let text = if quoted {
                format!("\"{name}\" <reports@example.com>")
            } else {
                format!("{name} <reports@example.com>")
            };
            for text in [text, name] {
                let Ok(mailbox) = mailbox(&text) else { continue };
                let kept = mailbox.to_string();
                prop_assert!(!kept.chars().any(|c| matches!(c, '\r' | '\n' | '\0')), "{kept:?}");
                let head = head(mailbox);
                prop_assert!(!head.contains('\0'));
                for line in head.split("\r\n") {
                    prop_assert!(!line.contains(['\r', '\n']), "{line:?}");
                    let is_folded = line.starts_with([' ', '\t']);
                    let name = line.split(':').next().unwrap_or_default();
                    let is_ours = ["From", "To", "Date", "Content-Transfer-Encoding", "MIME-Version", "Content-Type"]
                        .iter().any(|ours| ours.eq_ignore_ascii_case(name));
                    prop_assert!(is_folded || is_ours, "{head:?}");
                }
                // Stored as text and read again, it is taken again.
                prop_assert!(super::mailbox(&kept).is_ok(), "{kept:?}");
            }
        }

        #[test]
        fn no_name_of_a_person_that_is_taken_can_begin_another_header(name in hostile()) {
            if name_rule(&name).is_err() {
                return Ok(());
            }
            let address: Address = "dana@example.com".parse().unwrap();
            let head = head(Mailbox::new(Some(name), address));
            for line in head.split("\r\n") {
                prop_assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
                prop_assert!(!line.to_ascii_lowercase().starts_with("bcc"), "{head:?}");
            }
        }
    }
}
