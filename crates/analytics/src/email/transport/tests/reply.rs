//! What replies of real servers mean.

use std::time::Duration;

use super::super::{connection::Verdict, hint::wanted, reply::Reply};

fn reply(text: &str) -> Reply {
    Reply::of(&text.replace('\n', "\r\n").parse().unwrap())
}

/// Texts as postgrey, sqlgrey, milter-greylist, Exim, Exchange, Gmail, Yahoo, Outlook and Amazon SES send them.
#[test]
fn replies_of_real_servers_are_understood() {
    use Verdict::{Final, Later, SlowDown, Unusable};
    let minutes = |many: u64| Some(Duration::from_secs(60 * many));
    let table = [
        (
            "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/b.example.html\n",
            Later(None),
        ),
        ("450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted for 5 minutes (#1)\n", Later(minutes(5))),
        ("450 4.7.1 <a@b.example>: Recipient address rejected: Greylisted for 00:05:00\n", Later(minutes(5))),
        ("451 4.7.1 Greylisting in action, please come back in 00:10:00\n", Later(minutes(10))),
        ("451 Temporarily greylisted, please try again in 300 seconds\n", Later(minutes(5))),
        ("451-4.7.1 Please try again later\n451 4.7.1 (retry after 90s)\n", Later(Some(Duration::from_secs(90)))),
        ("451 try again in an hour.\n", Later(minutes(60))),
        ("421 4.3.2 Service not available, closing transmission channel\n", SlowDown(None)),
        (
            "421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel\n",
            SlowDown(None),
        ),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded\n", SlowDown(None)),
        ("452 4.3.2 System not accepting network messages\n", SlowDown(None)),
        ("421 4.7.0 Too many errors on this connection; retry after 5 minutes\n", SlowDown(minutes(5))),
        ("451 4.7.0 Temporary server error. Please try again later. PRX4\n", Later(None)),
        (
            "421-4.7.28 [192.0.2.1] Our system has detected an unusual rate of\n421-4.7.28 unsolicited mail originating from your IP address. To protect our\n421 4.7.28 users from spam, mail sent from your IP address has been temporarily rate limited. a1-20si - gsmtp\n",
            SlowDown(None),
        ),
        (
            "450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450 4.2.1 prevents additional messages from being delivered. Please resend your message at a later time. - gsmtp\n",
            Later(None),
        ),
        (
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes\n",
            SlowDown(None),
        ),
        (
            "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77714) [AM1.eop-EUR05.prod.protection.outlook.com]\n",
            SlowDown(None),
        ),
        ("454 Throttling failure: Maximum sending rate exceeded.\n", SlowDown(None)),
        ("454 Throttling failure: Daily message quota exceeded.\n", SlowDown(None)),
        ("451 4.4.2 Timeout of 300 seconds exceeded\n", Later(None)),
        ("550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table\n", Final),
        (
            "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550 5.1.1 double-checking the recipient's email address - gsmtp\n",
            Final,
        ),
        ("552 5.2.2 Mailbox full\n", Final),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked\n", Final),
        (
            "535-5.7.8 Username and Password not accepted.\n535 5.7.8 https://support.google.com/mail/?p=BadCredentials - gsmtp\n",
            Unusable,
        ),
        ("530 5.7.0 Must issue a STARTTLS command first\n", Unusable),
        ("534 5.7.9 Application-specific password required\n", Unusable),
        ("538 5.7.11 Encryption required for requested authentication mechanism\n", Unusable),
    ];
    for (text, verdict) in table {
        assert_eq!(reply(text).verdict(), verdict, "{text}");
    }
}

#[test]
fn a_wanted_pause_is_within_bounds_and_read_only_where_one_is_asked_for() {
    let seconds = |text: &str| wanted(text).map(|time| time.as_secs());
    for (text, expected) in [
        ("try again in 1 second", Some(10)),
        ("try again in 3 days", None),
        ("try again in 99999999 hours", Some(12 * 3600)),
        ("try again in 18446744073709551615 hours", None),
        ("wait 10 min", Some(600)),
        ("retry in 15m", Some(900)),
        ("retry=2h", Some(7200)),
        ("deferred: please try again in 45 secs.", Some(45)),
        ("delayed for 1 hr", Some(3600)),
        ("come back in a minute!", Some(60)),
        ("30 messages in 60 seconds are too many", None),
        ("greylisted for 00:61:00", None),
        ("Try Again In 20 Minutes", Some(1200)),
        ("", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}

#[test]
fn a_reply_is_one_line_of_at_most_500_characters() {
    let several = reply("250-2.0.0 first\n250-2.0.0 \tsecond\u{7f}\u{1}third\n250 2.0.0 last\n");
    assert_eq!(several.line, "250 2.0.0 first 2.0.0 second third 2.0.0 last");
    assert_eq!(several.status(), "250 2.0.0");
    let long = reply(&format!("550 {}\n", "ü".repeat(900)));
    assert_eq!(long.line.chars().count(), 500);
    assert_eq!((long.status().as_str(), long.enhanced()), ("550", None));
    for (text, enhanced) in [
        ("550 5.1.1 x\n", Some("5.1.1")),
        ("550 5.7.500 x\n", Some("5.7.500")),
        ("550 192.0.2.1 blocked\n", None),
        ("550 5.1 x\n", None),
        ("550 3.1.1 x\n", None),
    ] {
        assert_eq!(reply(text).enhanced(), enhanced, "{text}");
    }
}
