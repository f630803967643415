//! Every kind of mail as it arrives, with names that want to be headers, read by another parser: Python's.

use std::process::Command;

use common::secrets::Sealer;
use serde_json::json;
use testkit::smtp::{Options, Sink};

use super::scene::{DAY, Working, put_mappings, send, shop_as, through, until_ended};

const LINT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testkit/python/mail_lint.py");

#[cfg_attr(not(python3), ignore = "skipped: python3 is not there")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_mail_is_clean_when_it_arrives() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    let hostile = "Ann \"A.\" <ann@evil.example>\r\nBcc: victim@x.example\r\n\r\nHello, Zoë 🦊";
    put_mappings(
        &shop,
        &[
            json!({ "branch_code": "D01", "sales_rep_email": "branch@x.example", "sales_rep_name": hostile }),
            json!({ "branch_code": "D01", "branch_name": "a\r\nBcc: victim@x.example", "sales_rep_email": "named@x.example" }),
            json!({ "branch_code": "D01", "sales_rep_email": "digest@x.example", "delivery": "digest" }),
            json!({ "branch_code": "D02", "sales_rep_email": "digest@x.example", "delivery": "digest" }),
            json!({ "branch_code": "*", "sales_rep_email": "all@x.example", "sales_rep_name": "Максим" }),
        ],
    )
    .await;
    let content = json!({
        "tenant_name": "Shop\r\nBcc: victim@x.example", "invited_by": "olivia@x.example", "role": "viewer", "branches": null,
        "link": "https://auth.example/auth/invitations/abc", "expires_at": "2026-12-01T12:00:00Z",
    });
    let sealer = Sealer::from_settings(&shop.state.settings);
    let sealed = sealer.seal(shop.tenant, "mail_outbox.content_sealed", content.to_string().as_bytes()).unwrap();
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    let row = json!({
        "outbox_id": uuid::Uuid::new_v4(), "kind": "invitation", "recipient": "new@x.example",
        "content_sealed": format!("\\x{hex}"),
    });
    shop.put("mail_outbox", &json!({}), &[row]).await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &send(&shop, &json!({ "report_date": DAY })).await).await;
    assert_eq!((&job["status"], &job["emails_sent"]), (&json!("completed"), &json!(4)), "{job}");
    let tested = shop.client.post("/analytics/email/config/test", &json!({})).await.expect(200);
    assert_eq!(tested["ok"], true, "{tested}");

    let folder = tempfile::tempdir().unwrap();
    let mails = sink.mails();
    assert_eq!(mails.len(), 6, "four reports, an invitation and the test");
    let files: Vec<_> = mails
        .iter()
        .map(|mail| {
            assert_ne!(mail.to, "victim@x.example");
            let file = folder.path().join(format!("{}.eml", mail.to));
            std::fs::write(&file, &mail.content).unwrap();
            file
        })
        .collect();
    let lint = Command::new("python3").arg(LINT).args(&files).output().unwrap();
    let said = String::from_utf8_lossy(&lint.stdout);
    assert!(lint.status.success() && said.is_empty(), "{said}{}", String::from_utf8_lossy(&lint.stderr));
    for mail in &mails {
        let headers = String::from_utf8_lossy(&mail.content).split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(!headers.contains("\nbcc:"), "{headers}");
    }
}
