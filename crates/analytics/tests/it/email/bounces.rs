//! Notices of what came back: noted on the mail they are about, and followed by what a lasting failure has to be followed by.

use common::{
    auth::{Role, api_key::Scope},
    db::TenantTx,
    ids::TenantId,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    http::{Answer, Client},
    tokens,
};

use crate::support::{Shop, id, put};

const BOUNCES: &str = "/analytics/email/bounces";
const ID: &str = "<01936f2c-7a11-7c05-9b1e-3f6d2f1c0a01@shop.example>";
const RITA: &str = "rita.rep@branch.example";

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/notices/", $name, ".eml"))
    };
}

/// A mail of the history with this number, to this address.
fn mail(n: u128, to: &str, more: Value) -> Value {
    let mail = json!({ "mail_id": id(n), "job_id": id(1), "branch_codes": [format!("D{n:02}")], "sales_rep_email": to,
        "subject": "Figures", "report_date": "2026-01-04", "generation": 1, "status": "sent", "attempts": 1,
        "queued_at": "now", "message_id": null });
    crate::support::over(&mail, &more)
}

async fn fill(shop: &Shop, tenant: TenantId) {
    let job = json!({ "job_id": id(1), "report_date": "2026-01-04", "target_branches": [], "skipped_branches": [],
        "generation": 1, "status": "completed", "total_emails": 0, "emails_sent": 0, "emails_failed": 0,
        "allow_empty": false, "origin": "send", "emails_unknown": 0, "emails_suppressed": 0, "emails_cancelled": 0,
        "created_at": "now" });
    put(&shop.db, tenant, "email_sending_jobs", &json!({}), &[job]).await;
    let base = json!({ "is_enabled": true, "delivery": "branch", "created_at": "now", "updated_at": "now" });
    let mapping =
        |n: u128, branch: &str, to: &str| json!({ "mapping_id": id(n), "branch_code": branch, "sales_rep_email": to });
    let mappings = [
        mapping(1, "D01", RITA),
        mapping(2, "D02", "Rita.Rep@branch.example"),
        mapping(3, "D01", "sam.rep@branch.example"),
    ];
    put(&shop.db, tenant, "branch_email_mappings", &base, &mappings).await;
}

/// A tenant that sent Rita and Sam a mail each, hers with the Message-ID of the samples.
async fn open() -> Shop {
    let shop = Shop::open().await;
    fill(&shop, shop.tenant).await;
    let mails =
        [mail(1, "Rita.Rep@branch.example", json!({ "message_id": ID })), mail(2, "sam.rep@branch.example", json!({}))];
    shop.put("email_send_history", &json!({}), &mails).await;
    shop
}

async fn post(client: &Client, raw: impl Into<reqwest::Body>) -> Answer {
    Answer::of(client.request(Method::POST, BOUNCES).header("content-type", "message/rfc822").body(raw)).await
}

async fn take(shop: &Shop, raw: &str) -> Value {
    post(&shop.client, raw.to_owned()).await.expect(200)
}

async fn rows(shop: &Shop, tenant: TenantId, sql: &'static str) -> Vec<Value> {
    let mut tx = TenantTx::begin(&shop.db.app, tenant).await.unwrap();
    sqlx::query_scalar(sql).fetch_all(tx.conn()).await.unwrap()
}

const MAILS: &str = "select jsonb_build_array(right(mail_id::text, 2)::int, bounced_at is not null, bounce_status,
    bounce_reason, status) from email_send_history order by mail_id";
const SUPPRESSED: &str = "select jsonb_build_array(email, reason, note) from email_suppressions order by email";
const MAPPINGS: &str =
    "select jsonb_build_array(right(mapping_id::text, 2)::int, bounced_at is not null, bounce_reason)
    from branch_email_mappings order by mapping_id";
const AUDIT: &str = "select jsonb_build_object('target', target, 'details', details) from audit_log
    where action = 'mail.bounced' order by entry_no";
/// All that a notice may change.
const STATE: &str = "select jsonb_build_object(
    'mails', (select jsonb_agg(to_jsonb(h) order by mail_id) from email_send_history h),
    'outbox', (select jsonb_agg(to_jsonb(o) order by outbox_id) from mail_outbox o),
    'suppressed', (select jsonb_agg(to_jsonb(s) order by email) from email_suppressions s),
    'mappings', (select jsonb_agg(to_jsonb(m) order by mapping_id) from branch_email_mappings m),
    'audit', (select count(*) from audit_log))";

async fn all(shop: &Shop, sql: &'static str) -> Vec<Value> {
    rows(shop, shop.tenant, sql).await
}

/// Whether the first mail bounced, and with what.
async fn bounced(shop: &Shop) -> (bool, String) {
    let mail = all(shop, MAILS).await[0].clone();
    (mail[1] == true, mail[2].as_str().unwrap_or_default().to_owned())
}

fn untouched() -> [Value; 2] {
    [json!([1, false, null, null, "sent"]), json!([2, false, null, null, "sent"])]
}

#[tokio::test]
async fn a_lasting_failure_marks_the_mail_and_the_mappings_and_ends_mails_to_the_address() {
    for (notice, status, reason) in [
        (
            sample!("postfix"),
            "5.1.1",
            "550 5.1.1 <rita.rep@branch.example>: Recipient address rejected: User unknown in virtual mailbox table",
        ),
        (sample!("exim"), "5.0.0", "550 No such user here"),
        (
            sample!("office365"),
            "5.1.10",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient Rita.Rep@branch.example not found by SMTP address lookup",
        ),
    ] {
        let shop = open().await;
        let answer = take(&shop, notice).await;
        let one = &answer["recipients"][0];
        assert_eq!(
            (&answer["recognised"], &answer["kind"], &answer["message_id"]),
            (&json!(true), &json!("delivery_status"), &json!(ID.trim_matches(['<', '>'])))
        );
        assert_eq!(
            (&one["recipient"], &one["outcome"], &one["matched_by"], &one["changed"], &one["suppressed"]),
            (&json!(RITA), &json!("hard_bounce"), &json!("message_id"), &json!(true), &json!(true))
        );
        assert_eq!((&one["mail_id"], &one["status"]), (&json!(id(1)), &json!(status)));
        assert_eq!(all(&shop, MAILS).await, [json!([1, true, status, reason, "sent"]), untouched()[1].clone()]);
        let note = format!("{status} {reason}");
        assert_eq!(all(&shop, SUPPRESSED).await, [json!([RITA, "bounced", note])]);
        assert_eq!(
            all(&shop, MAPPINGS).await,
            [json!([1, true, note]), json!([2, true, note]), json!([3, false, null])]
        );
        let audit = all(&shop, AUDIT).await;
        assert_eq!((audit.len(), &audit[0]["target"]), (1, &json!(RITA)));

        // The same notice again changes nothing, at once or after a person has lifted the suppression.
        let before = all(&shop, STATE).await;
        let again = take(&shop, notice).await;
        assert_eq!(
            (&again["recipients"][0]["changed"], &again["recipients"][0]["suppressed"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(all(&shop, STATE).await, before);
        let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
        sqlx::raw_sql("delete from email_suppressions").execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        take(&shop, notice).await;
        assert!(all(&shop, SUPPRESSED).await.is_empty());
    }
}

#[tokio::test]
async fn the_same_notice_many_times_at_once_is_one() {
    let shop = open().await;
    let answers = futures::future::join_all((0..8).map(|_| take(&shop, sample!("postfix")))).await;
    assert_eq!(answers.iter().filter(|answer| answer["recipients"][0]["changed"] == true).count(), 1);
    assert_eq!((all(&shop, AUDIT).await.len(), all(&shop, SUPPRESSED).await.len()), (1, 1));
}

#[tokio::test]
async fn a_passing_failure_and_a_delay_are_noted_only() {
    let shop = open().await;
    let answer = take(&shop, sample!("postfix-delayed")).await;
    let one = &answer["recipients"][0];
    assert_eq!(
        (&one["outcome"], &one["changed"], &one["suppressed"]),
        (&json!("delayed"), &json!(true), &json!(false))
    );
    let reason = "connect to mail.branch.example[192.0.2.25]:25: Connection timed out";
    assert_eq!(all(&shop, MAILS).await[0], json!([1, false, "4.4.1", reason, "sent"]));
    take(&shop, sample!("postfix-delayed")).await;
    assert_eq!(all(&shop, AUDIT).await.len(), 1);

    // It is given up: the mail did not arrive, the address may be good all the same.
    let soft = sample!("postfix").replace("Status: 5.1.1", "Status: 4.4.7");
    let answer = take(&shop, &soft).await;
    assert_eq!(
        (&answer["recipients"][0]["outcome"], &answer["recipients"][0]["suppressed"]),
        (&json!("soft_bounce"), &json!(false))
    );
    assert_eq!(bounced(&shop).await, (true, String::from("4.4.7")));
    assert!(all(&shop, SUPPRESSED).await.is_empty());
    assert_eq!(all(&shop, MAPPINGS).await[0], json!([1, false, null]));
    // A delay that is told late takes nothing back.
    take(&shop, sample!("postfix-delayed")).await;
    assert_eq!(bounced(&shop).await, (true, String::from("4.4.7")));
    // A lasting failure of the same mail says more than a passing one, and not the other way round.
    assert_eq!(take(&shop, sample!("postfix")).await["recipients"][0]["suppressed"], true);
    assert_eq!(take(&shop, &soft).await["recipients"][0]["changed"], false);
    assert_eq!(bounced(&shop).await, (true, String::from("5.1.1")));
}

#[tokio::test]
async fn each_recipient_of_a_notice_has_a_fate_of_its_own() {
    let shop = open().await;
    // Three recipients, of whom the mail named went to Rita.
    let answer = take(&shop, sample!("sendmail")).await;
    let shown: Vec<(&str, &str, bool)> = answer["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["recipient"].as_str().unwrap(), one["outcome"].as_str().unwrap(), one["suppressed"] == true))
        .collect();
    assert_eq!(
        shown,
        [
            (RITA, "hard_bounce", true),
            ("sam.rep@branch.example", "soft_bounce", false),
            ("tina.rep@branch.example", "delivered", false),
        ]
    );
    assert_eq!(
        all(&shop, MAILS).await,
        [json!([1, true, "5.1.6", "550 5.1.6 Mailbox has moved", "sent"]), untouched()[1].clone()]
    );
    assert_eq!(all(&shop, SUPPRESSED).await.len(), 1);
}

#[tokio::test]
async fn an_id_that_the_server_gave_is_found_in_its_reply() {
    let shop = open().await;
    let reply = "250 Ok 0100019b8c0fa3c1-8d0e6f0a-77aa-4c1e-9f30-0e1f2a3b4c5d-000000";
    shop.put(
        "email_send_history",
        &json!({}),
        &[mail(3, RITA, json!({ "message_id": "<ours@shop.example>", "smtp_response": reply }))],
    )
    .await;
    let one = take(&shop, sample!("ses")).await["recipients"][0].clone();
    assert_eq!(
        (&one["matched_by"], &one["mail_id"], &one["suppressed"]),
        (&json!("smtp_response"), &json!(id(3)), &json!(true))
    );
    assert_eq!(all(&shop, MAILS).await[2], json!([3, true, "5.1.1", "550 5.1.1 user unknown", "sent"]));
}

#[tokio::test]
async fn other_words_of_a_reply_are_no_proof_of_having_had_the_mail() {
    let shop = open().await;
    let reply = "250 2.0.0 OK: accepted-for-delivery 0100019b8c0fa3c1-8d0e6f0a [Hostname=AM0PR04MB1234.eurprd04.prod.mail.example]";
    shop.put(
        "email_send_history",
        &json!({}),
        &[mail(3, RITA, json!({ "message_id": "<ours@shop.example>", "smtp_response": reply }))],
    )
    .await;
    let before = all(&shop, STATE).await;
    let theirs = "0100019b8c0fa3c1-8d0e6f0a-77aa-4c1e-9f30-0e1f2a3b4c5d-000000";
    for word in [
        "eurprd04.prod.mail.example",
        "AM0PR04MB1234.eurprd04.prod.mail.example",
        "accepted-for-delivery",
        "0100019b8c0fa3c1",
        "0100019b8c0fa3c1-8d0e6f0",
    ] {
        let forged = sample!("ses").replace(theirs, word);
        assert_ne!(forged, sample!("ses"));
        let one = take(&shop, &forged).await["recipients"][0].clone();
        assert_eq!((&one["matched_by"], &one["suppressed"]), (&Value::Null, &json!(false)), "{word}");
    }
    assert_eq!(all(&shop, STATE).await, before);
    let one = take(&shop, &sample!("ses").replace(theirs, "0100019b8c0fa3c1-8d0e6f0a")).await["recipients"][0].clone();
    assert_eq!((&one["matched_by"], &one["suppressed"]), (&json!("smtp_response"), &json!(true)));
}

#[tokio::test]
async fn a_notice_without_an_id_is_noted_on_the_newest_mail_only() {
    let shop = open().await;
    let newer =
        [mail(3, RITA, json!({ "queued_at": "2026-01-01T00:00:00Z" })), mail(4, RITA, json!({ "status": "queued" }))];
    shop.put("email_send_history", &json!({}), &newer).await;
    let nameless = sample!("postfix").replace("\nMessage-ID: <01936f2c-7a11-7c05-9b1e-3f6d2f1c0a01@shop.example>", "");
    let one = take(&shop, &nameless).await["recipients"][0].clone();
    assert_eq!(
        (&one["matched_by"], &one["mail_id"], &one["changed"], &one["suppressed"]),
        (&json!("recipient"), &json!(id(1)), &json!(true), &json!(false))
    );
    assert!(one["message"].as_str().unwrap().contains("names no message"), "{one}");
    assert!(all(&shop, SUPPRESSED).await.is_empty());
    assert_eq!(all(&shop, MAPPINGS).await[0], json!([1, false, null]));
}

#[tokio::test]
async fn a_notice_about_another_message_changes_nothing() {
    let shop = open().await;
    let before = all(&shop, STATE).await;
    let foreign =
        sample!("postfix").replace("01936f2c-7a11-7c05-9b1e-3f6d2f1c0a01", "01936f2c-7a11-7c05-9b1e-3f6d2f1c0a02");
    let answer = take(&shop, &foreign).await;
    let one = &answer["recipients"][0];
    assert_eq!(
        (&answer["recognised"], &one["matched_by"], &one["changed"]),
        (&json!(true), &Value::Null, &json!(false))
    );
    assert_eq!(one["message"], "No mail of this tenant is meant: nothing follows.");
    assert_eq!(all(&shop, STATE).await, before);
    // Where somebody forwards our mail and that address is gone, ours is not.
    let forwarded = sample!("postfix")
        .replace("rfc822; rita.rep@branch", "rfc822; old@branch")
        .replace("rfc822;rita.rep@branch", "rfc822;old@branch");
    let one = take(&shop, &forwarded).await["recipients"][0].clone();
    assert_eq!(
        (&one["recipient"], &one["changed"], &one["suppressed"]),
        (&json!("old@branch.example"), &json!(true), &json!(false))
    );
    assert_eq!(bounced(&shop).await, (true, String::from("5.1.1")));
    assert!(all(&shop, SUPPRESSED).await.is_empty());
}

#[tokio::test]
async fn a_notice_never_touches_another_tenant() {
    let shop = open().await;
    let (tenant, theirs) = shop.neighbour().await;
    fill(&shop, tenant).await;
    let theirs_before = rows(&shop, tenant, STATE).await;
    take(&shop, sample!("postfix")).await;
    assert_eq!(rows(&shop, tenant, STATE).await, theirs_before);
    // Posted with their key, it is about nothing, though ours has a mail with this id.
    let ours_before = all(&shop, STATE).await;
    for notice in [sample!("postfix"), sample!("complaint"), sample!("gmail"), sample!("ses")] {
        let answer = post(&theirs, notice).await.expect(200);
        assert!(answer["recipients"].as_array().unwrap().iter().all(|one| one["matched_by"].is_null()), "{answer}");
    }
    assert_eq!((all(&shop, STATE).await, rows(&shop, tenant, STATE).await), (ours_before, theirs_before));
}

#[tokio::test]
async fn who_complains_gets_no_mail_any_more() {
    let shop = open().await;
    // The report hides the address; the Message-ID tells whose it is.
    let answer = take(&shop, sample!("complaint")).await;
    let one = &answer["recipients"][0];
    assert_eq!(
        (&answer["kind"], &one["outcome"], &one["recipient"]),
        (&json!("complaint"), &json!("complaint"), &json!(RITA))
    );
    assert_eq!((&one["suppressed"], &one["mail_id"]), (&json!(true), &json!(id(1))));
    assert_eq!(all(&shop, SUPPRESSED).await, [json!([RITA, "complained", "Complaint: abuse"])]);
    assert_eq!(all(&shop, MAILS).await[0], json!([1, false, null, "Complaint: abuse", "sent"]));
    let before = all(&shop, STATE).await;
    assert_eq!(take(&shop, sample!("complaint")).await["recipients"][0]["changed"], false);
    assert_eq!(all(&shop, STATE).await, before);

    let shop = open().await;
    let before = all(&shop, STATE).await;
    let praise = sample!("complaint").replace("Feedback-Type: abuse", "Feedback-Type: not-spam");
    assert_eq!(take(&shop, &praise).await["recipients"][0]["suppressed"], false);
    assert_eq!(all(&shop, STATE).await, before);
}

#[tokio::test]
async fn who_is_suppressed_already_stays_so_for_the_reason_of_that_time() {
    let shop = open().await;
    let earlier = json!({ "email": RITA, "reason": "unsubscribed", "created_at": "2026-01-01T00:00:00Z" });
    shop.put("email_suppressions", &json!({}), &[earlier]).await;
    take(&shop, sample!("postfix")).await;
    assert_eq!(all(&shop, SUPPRESSED).await, [json!([RITA, "unsubscribed", null])]);
}

#[tokio::test]
async fn an_invitation_that_bounced_says_so() {
    let shop = Shop::open().await;
    let mail = json!({ "outbox_id": id(7), "kind": "invitation", "recipient": RITA, "content_sealed": "\\x00",
        "status": "sent", "attempts": 1, "created_at": "now", "message_id": ID });
    shop.put("mail_outbox", &json!({}), &[mail]).await;
    let one = take(&shop, sample!("exim")).await["recipients"][0].clone();
    assert_eq!((&one["mail_id"], &one["suppressed"]), (&json!(id(7)), &json!(true)));
    let words = "select jsonb_build_array(error_message, bounced_at > now() - interval '1 minute') from mail_outbox";
    assert_eq!(all(&shop, words).await, [json!(["Bounced with 5.0.0: 550 No such user here", true])]);
    let before = all(&shop, STATE).await;
    assert_eq!(take(&shop, sample!("exim")).await["recipients"][0]["changed"], false);
    assert_eq!(all(&shop, STATE).await, before);
}

#[tokio::test]
async fn other_mails_are_a_success_that_changes_nothing() {
    let shop = open().await;
    let before = all(&shop, STATE).await;
    for other in [sample!("qmail"), sample!("out-of-office"), sample!("read-receipt"), "Subject: hello\n\nhello\n"] {
        let answer = take(&shop, other).await;
        assert_eq!(answer, json!({ "recognised": false, "kind": null, "message_id": null, "recipients": [] }));
    }
    for garbage in ["", "\n\n", "no mail", "\0\0\0"] {
        assert_eq!(post(&shop.client, garbage.to_owned()).await.invalid_fields(), ["body"], "{garbage:?}");
    }
    assert_eq!(all(&shop, STATE).await, before);
}

#[tokio::test]
async fn who_may_post_notices() {
    let shop = open().await;
    let nobody = Client::new(shop.url());
    post(&nobody, sample!("postfix")).await.problem(401);
    post(&shop.member(Role::Viewer, None).await, sample!("postfix")).await.problem(403);
    post(&shop.member(Role::Manager, Some(&["D01"])).await, sample!("postfix")).await.problem(403);
    let reads = tokens::api_key(&shop.state, shop.tenant, &[Scope::Read]).await;
    let sends = tokens::api_key(&shop.state, shop.tenant, &[Scope::Send]).await;
    // As curl posts it: --data-binary says it is a form.
    let of_key = |key: &str| {
        let request = nobody.request(Method::POST, BOUNCES).header("x-api-key", key).body(sample!("postfix"));
        Answer::of(request.header("content-type", "application/x-www-form-urlencoded"))
    };
    of_key(&reads).await.problem(403);
    assert!(all(&shop, SUPPRESSED).await.is_empty());
    assert_eq!(of_key(&sends).await.expect(200)["recipients"][0]["suppressed"], true);
    let audit = all(&shop, "select to_jsonb(actor) from audit_log where action = 'mail.bounced'").await;
    assert!(audit[0].as_str().unwrap().starts_with("API key "), "{audit:?}");
}

#[tokio::test]
async fn a_mail_may_have_two_megabytes() {
    let shop = open().await;
    let limit = 2 * 1024 * 1024;
    let padded = |size: usize| {
        let mut mail = sample!("postfix").to_owned().into_bytes();
        mail.resize(size, b'x');
        mail
    };
    post(&shop.client, padded(limit + 1)).await.problem(413);
    assert!(all(&shop, SUPPRESSED).await.is_empty());
    let answer = post(&shop.client, padded(limit)).await.expect(200);
    assert_eq!(answer["recipients"][0]["suppressed"], true);
    // Messages in messages to the very limit, which must not end the process.
    let nested = "Content-Type: message/rfc822\n\n".repeat(limit / 30);
    assert_eq!(post(&shop.client, nested).await.expect(200)["recognised"], false);
    post(&shop.client, vec![0; limit]).await.problem(422);
}

/// What the database takes no text from, such as NUL, and whatever else a broken mail may hold.
#[tokio::test]
async fn no_mail_whatever_is_an_error_of_ours() {
    let shop = open().await;
    let samples = [sample!("postfix"), sample!("sendmail"), sample!("ses"), sample!("complaint"), sample!("gmail")];
    let change = (any::<usize>(), 0usize..60, prop::collection::vec(any::<u8>(), 0..20));
    let mails = (prop::sample::select(samples.to_vec()), prop::collection::vec(change, 1..6));
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let (sample, changes) = mails.new_tree(&mut runner).unwrap().current();
        let mut bytes = sample.as_bytes().to_vec();
        for (at, length, with) in changes {
            let at = at % bytes.len();
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, with);
        }
        let answer = post(&shop.client, bytes.clone()).await;
        assert!(matches!(answer.status, 200 | 422), "{} for {:?}", answer.text(), String::from_utf8_lossy(&bytes));
    }
    let nul = sample!("postfix").replace("User unknown", "User\0unknown").replace("7a11", "7a\u{0}11");
    assert_eq!(take(&shop, &nul).await["recognised"], true);
}
