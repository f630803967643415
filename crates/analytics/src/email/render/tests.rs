//! Mails that are too large, and text that tries to be more than text.

use super::{
    Rendered, Renderer, Text, UNSUBSCRIBE,
    mail::{Branch, Contact, DigestMail, Line, List, Page, ReportMail, RollUpMail},
    samples,
};

/// 100 kB, less what a recipient's own address may add.
const LARGEST: usize = 98_000;
const EVIL: &str =
    "<script>alert(1)</script>{{ 7 * 7 }}{% raw %}\"'><img src=x onerror=y>\r\nBcc: x\u{202e}\0&amp;</td></table>";

fn text(raw: &str) -> Text {
    Text::new(raw, 120)
}

fn line(word: &str) -> Line {
    Line {
        who: Some(text(word)),
        contacts: [Contact::phone(word), Contact::email(word)].into_iter().flatten().collect(),
        details: Text::new(&word.repeat(3), 200),
        value: "$1,234.56".to_owned(),
        completed: true,
    }
}

/// Every list with this many lines, every text this one.
fn fill(branch: &mut Branch, lines: usize, word: &str) {
    branch.title = text(word);
    for list in &mut branch.lists {
        let List { total, lines: shown, pages, .. } = list;
        *total = i64::try_from(lines).unwrap();
        *shown = vec![line(word); lines];
        *pages = vec![Page { page: text(word), bounces: "9".to_owned() }; lines];
    }
}

fn renderer() -> Renderer {
    Renderer::new().unwrap()
}

fn large_report(lines: usize, word: &str) -> ReportMail {
    let mut mail = samples::report_mail();
    mail.head.title = text(word);
    mail.head.tenant = text(word);
    mail.head.note = Some(Text::new(word, 500));
    fill(&mut mail.branch, lines, word);
    mail
}

fn large_digest(branches: usize, lines: usize, word: &str) -> DigestMail {
    let mut mail = samples::digest_mail();
    let (mut row, mut branch) = (mail.rows[0].clone(), mail.branches[0].clone());
    row.title = text(word);
    fill(&mut branch, lines, word);
    (mail.rows, mail.branches) = (vec![row; branches], vec![branch; branches]);
    mail
}

fn large_roll_up(branches: usize, word: &str) -> RollUpMail {
    let mut mail = samples::roll_up_mail();
    let mut row = mail.rows[0].clone();
    row.title = text(word);
    mail.rows = vec![row; branches];
    mail
}

#[track_caller]
fn fits(mail: &Rendered) {
    assert!(mail.html.len() < LARGEST, "{} bytes", mail.html.len());
    assert!(mail.text.len() < LARGEST, "{} bytes of text", mail.text.len());
    assert!(mail.html.contains(UNSUBSCRIBE) && mail.text.contains(UNSUBSCRIBE));
}

#[test]
fn long_lists_are_cut_and_say_how_many_more_there_are() {
    let mail = renderer().report(&large_report(5_000, "Acme")).unwrap();
    fits(&mail);
    assert_eq!(mail.html.matches(">and 4990 more</a>").count(), 5);
    assert_eq!(mail.text.matches("\nand 4990 more: https://shop.example/tasks/").count(), 5);
    // Wide characters take up to twelve times their place in HTML, and fewer lines fit.
    for word in ["\"".repeat(5_000), "&<>".repeat(5_000), "👩‍🔧".repeat(5_000)] {
        let mail = renderer().report(&large_report(5_000, &word)).unwrap();
        fits(&mail);
        assert_eq!(mail.html.matches(" more</a>").count(), 5);
    }
}

#[test]
fn a_digest_of_many_branches_keeps_all_of_them_in_its_table_as_long_as_it_can() {
    let mail = renderer().digest(&large_digest(60, 5_000, "Acme")).unwrap();
    fits(&mail);
    assert!(mail.html.contains("not shown in full here"), "parts of branches gave way");
    assert_eq!(mail.text.matches("\nAcme    ").count(), 60, "each branch has its row");
    for branches in [1, 2, 3, 5, 9, 17] {
        fits(&renderer().digest(&large_digest(branches, 50, &"x\"".repeat(300))).unwrap());
    }
    // So many that none has a part of its own: there is nothing that these are more than.
    let mail = renderer().digest(&large_digest(500, 50, &"x\"".repeat(300))).unwrap();
    fits(&mail);
    for part in [&mail.html, &mail.text] {
        assert!(part.contains("The branches are not shown in full here"), "{part}");
    }
}

#[test]
fn a_roll_up_of_500_branches_shows_the_first_of_them() {
    let mail = renderer().roll_up(&large_roll_up(500, "Acme")).unwrap();
    fits(&mail);
    let shown = mail.text.matches("\nAcme    ").count();
    assert!((40..=100).contains(&shown), "{shown}");
    assert!(mail.html.contains(&format!(">and {} more</a>", 500 - shown)), "{shown}");
    fits(&renderer().roll_up(&large_roll_up(500, &"\"&".repeat(300))).unwrap());
}

#[test]
fn text_of_tenants_stays_text() {
    for mail in [
        renderer().report(&large_report(3, EVIL)).unwrap(),
        renderer().digest(&large_digest(3, 3, EVIL)).unwrap(),
        renderer().roll_up(&large_roll_up(3, EVIL)).unwrap(),
        renderer().invitation(&samples::evil_invitation(EVIL)).unwrap(),
        renderer().test(&samples::evil_test(EVIL)).unwrap(),
    ] {
        let Rendered { subject, html, text } = &mail;
        for tag in ["<script", "<img", "onerror=y>", "</td></table>{", "49"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("{{ 7 * 7 }}{% raw %}"), "{html}");
        // A table's cell is short.
        let shown = if text.contains("BRANCHES BY REVENUE") {
            "<script>alert(1)…"
        } else {
            "<script>alert(1)</script>{{ 7 * 7 }}{% raw %}\"'>"
        };
        assert!(text.contains(shown), "as it is, because it does nothing: {text}");
        for part in [subject, html, text] {
            assert!(!part.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{part:?}");
        }
        assert!(!subject.contains('\n'));
    }
}

#[test]
fn each_recipients_own_address_replaces_the_mark() {
    let mail = renderer().report(&large_report(3, "Acme")).unwrap();
    let (html, text) = mail.for_recipient("https://shop.example/u/1?a=b&c=\"d\"");
    assert!(html.contains(r#"href="https://shop.example/u/1?a=b&amp;c=&quot;d&quot;""#), "{html}");
    assert!(text.contains("\nhttps://shop.example/u/1?a=b&c=\"d\"\n"));
    assert!(!html.contains(UNSUBSCRIBE) && !text.contains(UNSUBSCRIBE));
}

#[test]
fn styles_stand_in_the_elements_and_what_cannot_is_kept() {
    let Rendered { html, .. } = renderer().report(&large_report(1, "Acme")).unwrap();
    assert!(html.contains("@media (prefers-color-scheme: dark)"), "{html}");
    assert!(html.contains("@media (max-width: 480px)"));
    assert!(html.contains("<!--[if mso]>"), "Outlook has its width");
    assert!(html.contains("mso-line-height-rule"), "what only Outlook reads is kept");
    assert!(html.matches("style=\"").count() > 50);
}
