//! Mails about no report: the invitations that auth-service queues, sealed.

use analytics_service::wake_due;
use chrono::Utc;
use common::{db::TenantTx, ids::TenantId, secrets::Sealer};
use serde_json::{Value, json};
use testkit::smtp::{Options, Sink};
use uuid::Uuid;

use super::scene::{Working, shop_as, through};
use crate::support::Shop;

const LINK: &str = "https://auth.example/auth/invitations/the-secret-of-the-link";

/// As auth-service's `invitations/mail.rs` queues it.
async fn invite(shop: &Shop, tenant: TenantId, email: &str, kind: &str, content: &Value) -> Uuid {
    let sealer = Sealer::from_settings(&shop.state.settings);
    let sealed = sealer.seal(tenant, "mail_outbox.content_sealed", content.to_string().as_bytes()).unwrap();
    let id = Uuid::new_v4();
    let mut tx = TenantTx::begin(&shop.db.app, tenant).await.unwrap();
    sqlx::query(
        "insert into mail_outbox (tenant_id, outbox_id, kind, recipient, content_sealed) values ($1, $2, $3, $4, $5)",
    )
    .bind(tenant)
    .bind(id)
    .bind(kind)
    .bind(email)
    .bind(sealed)
    .execute(tx.conn())
    .await
    .unwrap();
    sqlx::query("insert into due_work (tenant_id, kind, due_at) values ($1, 'outbox', now()) on conflict do nothing")
        .bind(tenant)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

fn invitation() -> Value {
    json!({
        "tenant_name": "Demo Shop", "invited_by": "olivia.owner@example.com", "role": "manager", "branches": ["D01"],
        "link": LINK, "expires_at": "2026-12-01T12:00:00Z",
    })
}

/// Status, error and how much content is left, once the mail waits no more.
async fn ended(shop: &Shop, tenant: TenantId, id: Uuid) -> (String, Option<String>, i32) {
    let started = std::time::Instant::now();
    loop {
        let mut tx = TenantTx::begin(&shop.db.app, tenant).await.unwrap();
        let row: (String, Option<String>, i32) = sqlx::query_as(
            "select status, error_message, length(content_sealed) from mail_outbox where tenant_id = $1 and outbox_id = $2",
        )
        .bind(tenant)
        .bind(id)
        .fetch_one(tx.conn())
        .await
        .unwrap();
        if !["queued", "sending"].contains(&row.0.as_str()) {
            return row;
        }
        assert!(started.elapsed().as_secs() < 60, "the mail stays {row:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_arrives_with_its_link_and_leaves_none_behind() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    let id = invite(&shop, shop.tenant, "new@x.example", "invitation", &invitation()).await;
    let _working = Working::start(&shop);
    assert_eq!(ended(&shop, shop.tenant, id).await, (String::from("sent"), None, 0));
    let mails = sink.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "new@x.example"));
    // Soft line breaks of quoted-printable taken out.
    let text = String::from_utf8(mails[0].content.clone()).unwrap().replace("=\r\n", "");
    assert!(text.contains(LINK), "{text}");
    assert!(text.contains(&format!("Message-ID: <{id}@shop.example>")), "{text}");
    // Woken again, nothing is there to be sent.
    assert_eq!(wake_due(&shop.db.app, Utc::now()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_says_why_and_holds_up_nobody() {
    let sink = Sink::start().await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    let (neighbour, _) = shop.neighbour().await;
    let refused = invite(&shop, shop.tenant, "550@x.example", "invitation", &invitation()).await;
    let strange = invite(&shop, shop.tenant, "ann@x.example", "love-letter", &invitation()).await;
    let spoilt = invite(&shop, shop.tenant, "bob@x.example", "invitation", &json!({ "link": 7 })).await;
    let suppressed = invite(&shop, shop.tenant, "cleo@x.example", "invitation", &invitation()).await;
    shop.put("email_suppressions", &json!({}), &[json!({ "email": "cleo@x.example", "reason": "unsubscribed" })]).await;
    let theirs = invite(&shop, neighbour, "dan@x.example", "invitation", &invitation()).await;
    let _working = Working::start(&shop);
    let (status, error, _) = ended(&shop, shop.tenant, refused).await;
    assert_eq!(status, "failed", "{error:?}");
    let (status, error, _) = ended(&shop, shop.tenant, strange).await;
    assert!(status == "failed" && error.as_ref().unwrap().contains("love-letter"), "{error:?}");
    let (status, error, _) = ended(&shop, shop.tenant, spoilt).await;
    assert!(status == "failed" && !error.as_ref().unwrap().contains('7'), "{error:?}");
    assert_eq!(ended(&shop, shop.tenant, suppressed).await.0, "suppressed");
    assert_eq!(ended(&shop, neighbour, theirs).await.0, "sent");
    assert_eq!(sink.count(), 1);
}
