//! The lint that every mail passes, and that it finds what it is there to find.

use super::page::faults;

#[test]
fn every_kind_of_mail_is_clean() {
    for mail in analytics_service::sample_mails().unwrap() {
        assert_eq!(faults(&mail.html, &mail.text), Vec::<String>::new(), "{}", mail.name);
        assert!(mail.subject.len() <= 200 && !mail.subject.chars().any(char::is_control), "{:?}", mail.subject);
    }
}

#[test]
fn the_lint_finds_what_is_wrong() {
    let mails = analytics_service::sample_mails().unwrap();
    let mail = mails.iter().find(|mail| mail.name == "report").unwrap();
    let breaks = |html: &str, text: &str, fault: &str| {
        let found = faults(html, text);
        assert!(found.iter().any(|found| found.contains(fault)), "{fault} not in {found:?}");
    };
    let (html, text) = (mail.html.as_str(), mail.text.as_str());
    let within = |piece: &str| html.replacen("<h1", &format!("{piece}<h1"), 1);
    breaks(&within(&"x".repeat(100_000)), text, "larger than 100 kB");
    breaks(&within("<IMG SRC=\"https://tracker.example/1.gif\">"), text, "<img");
    breaks(&within("<p style=\"background: URL(https://x.example)\">"), text, "url(");
    breaks(&within("<a href=\"javascript:alert(1)\">"), text, "javascript:");
    breaks(&within("<script>1</script>"), text, "<script");
    breaks(&html.replace("unsubscribe", "nothing"), text, "unsubscribe link");
    breaks(html, &text.replace("$12,345.67", "$12,345.68"), "12,345.67 is not in the text");
    breaks(html, &text.replace("unsubscribe", "nothing"), "no unsubscribe link");
    breaks(html, "", "says nothing");
    breaks(html, html, "is HTML");
}

/// The other half, for mails as they are sent: by Python's parser, and held against good and bad mails itself.
#[test]
#[cfg_attr(not(python3), ignore = "needs python3")]
fn the_lint_by_pythons_parser_finds_what_is_wrong() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../testkit/python/mail_lint.py");
    let output = std::process::Command::new("python3").args(["-B", script, "--test"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
