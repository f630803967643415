//! Who gets no mail any more: the list, and the links by which people put themselves on it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{
    auth::{Role, Scope},
    db::TenantTx,
    ids::TenantId,
    secrets::Sealer,
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    http::{Answer, Client},
    oracle::TenantSettings,
    tokens,
};

use crate::support::Shop;

const LIST: &str = "/analytics/email/suppressions";
const LINK: &str = "/analytics/email/unsubscribe";

/// The token that a mail of this tenant to this address carries, made as the format says: the tenant's id and the sealed
/// address.
fn token(shop: &Shop, tenant: TenantId, email: &str) -> String {
    let sealed = Sealer::from_settings(&shop.state.settings).seal(tenant, "unsubscribe", email.as_bytes()).unwrap();
    URL_SAFE_NO_PAD.encode([tenant.uuid().as_bytes().as_slice(), &sealed].concat())
}

async fn open(shop: &Shop, token: &str) -> Answer {
    Client::new(shop.url()).get(&format!("{LINK}/{token}")).await
}

/// As a mail program does for its user (RFC 8058).
async fn one_click(shop: &Shop, token: &str) -> Answer {
    let request = Client::new(shop.url()).request(Method::POST, &format!("{LINK}/{token}"));
    let kind = "application/x-www-form-urlencoded";
    Answer::of(request.header("content-type", kind).body("List-Unsubscribe=One-Click")).await
}

/// Address and reason of all that are on the list.
async fn listed(client: &Client) -> Vec<(String, String)> {
    let list = client.get(LIST).await.expect(200);
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(|line| (text(line, "email"), text(line, "reason"))).collect()
}

fn is(email: &str, reason: &str) -> Vec<(String, String)> {
    vec![(email.to_owned(), reason.to_owned())]
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing_and_its_button_ends_the_mails() {
    let shop = Shop::open().await;
    let token = token(&shop, shop.tenant, "dana@example.com");
    for _ in 0..3 {
        let page = open(&shop, &token).await;
        assert_eq!(page.status, 200);
        let html = page.text();
        assert!(html.contains("d…@example.com") && html.contains("<form method=\"post\">"), "{html}");
        assert!(!html.contains("dana@"), "whoever gets hold of the link learns no address");
        let policy = page.header("content-security-policy").unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(
            html.contains(&format!("<style nonce=\"{nonce}\">")) && policy.contains("form-action 'self'"),
            "{policy}"
        );
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(page.header("set-cookie").is_none());
        for elsewhere in ["http://", "https://", "src=", "<script", "<link", "url("] {
            assert!(!html.contains(elsewhere), "{elsewhere} in {html}");
        }
        // Scanners ask with HEAD, too.
        let head = Client::new(shop.url()).request(Method::HEAD, &format!("{LINK}/{token}")).send().await.unwrap();
        assert_eq!(head.status().as_u16(), 200);
    }
    assert_eq!(listed(&shop.client).await, []);
    assert!(shop.audit("suppression").await.is_empty());

    for _ in 0..2 {
        let done = one_click(&shop, &token).await;
        assert_eq!(done.status, 200);
        assert!(done.text().contains("gets no mails from"), "{}", done.text());
        assert_eq!(listed(&shop.client).await, is("dana@example.com", "unsubscribed"));
    }
    let page = open(&shop, &token).await.text();
    assert!(!page.contains("<form") && page.contains("No more mails"), "{page}");
    let audit = shop.audit("suppression").await;
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!(
        audit[0],
        (
            String::from("unsubscribe link"),
            String::from("suppression.added"),
            Some(String::from("dana@example.com")),
            json!({ "reason": "unsubscribed" })
        )
    );
}

#[tokio::test]
async fn one_click_takes_any_body_and_needs_no_sign_in() {
    let shop = Shop::open().await;
    for (n, (kind, body)) in [
        (
            Some("multipart/form-data; boundary=x"),
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
        ),
        (Some("application/json"), "{"),
        (Some("text/plain"), ""),
        (None, ""),
    ]
    .into_iter()
    .enumerate()
    {
        let token = token(&shop, shop.tenant, &format!("rep{n}@example.com"));
        let mut request = Client::new(shop.url()).request(Method::POST, &format!("{LINK}/{token}")).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        assert_eq!(Answer::of(request).await.status, 200, "{kind:?}");
    }
    assert_eq!(listed(&shop.client).await.len(), 4);
    // A mail of the tenant's that came in capital letters.
    let token = token(&shop, shop.tenant, "DANA@Example.com");
    assert_eq!(one_click(&shop, &token).await.status, 200);
    assert_eq!(listed(&shop.client).await[0].0, "dana@example.com");
}

#[tokio::test]
async fn a_link_is_good_for_its_tenant_and_address_alone() {
    let shop = Shop::open().await;
    let (other, neighbour) = shop.neighbour().await;
    let good = token(&shop, shop.tenant, "dana@example.com");
    let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
    // The same with the neighbour's id before it.
    let moved = URL_SAFE_NO_PAD.encode([other.uuid().as_bytes().as_slice(), &bytes[16..]].concat());
    let strange = Sealer::from_settings(&{
        let mut settings = testkit::state::settings(&shop.db);
        settings.secrets_key = String::from("a key of somebody else's, long enough").into();
        settings
    });
    let forged = strange.seal(shop.tenant, "unsubscribe", b"dana@example.com").unwrap();
    let forged = URL_SAFE_NO_PAD.encode([shop.tenant.uuid().as_bytes().as_slice(), &forged].concat());
    // Sealed by us, for something else.
    let misused = Sealer::from_settings(&shop.state.settings).seal(shop.tenant, "other", b"dana@example.com").unwrap();
    let misused = URL_SAFE_NO_PAD.encode([shop.tenant.uuid().as_bytes().as_slice(), &misused].concat());
    let of_nobody = token(&shop, TenantId::generate(), "dana@example.com");
    let cut = &good[..good.len() - 4];
    for bad in
        [moved.as_str(), &forged, &misused, &of_nobody, cut, "x", "%00", "%F0%9F%92%8C", &"A".repeat(5000), "Preview"]
    {
        for page in [open(&shop, bad).await, one_click(&shop, bad).await] {
            assert_eq!(page.status, 404, "{bad}: {}", page.text());
            assert!(page.text().contains("This link does not work"), "{bad}");
            assert!(page.header("content-type").unwrap().starts_with("text/html"));
        }
    }
    for page in [open(&shop, "preview").await, one_click(&shop, "preview").await] {
        assert_eq!(page.status, 200);
        assert!(page.text().contains("preview") && !page.text().contains("<form"), "{}", page.text());
    }
    assert_eq!((listed(&shop.client).await, listed(&neighbour).await), (vec![], vec![]));

    // Mails of one tenant end, those of another go on.
    assert_eq!(one_click(&shop, &good).await.status, 200);
    assert_eq!(listed(&shop.client).await, is("dana@example.com", "unsubscribed"));
    assert_eq!(listed(&neighbour).await, []);
    neighbour.delete(&format!("{LIST}/dana@example.com")).await.problem(404);
}

#[tokio::test]
async fn links_of_before_hold_while_the_former_key_is_there() {
    let shop = Shop::open().await;
    let old = token(&shop, shop.tenant, "dana@example.com");
    let changed = Shop::open_as(&TenantSettings::default(), |settings| {
        settings.secrets_key_previous = Some(settings.secrets_key.clone());
        settings.secrets_key = String::from("the key that came after it, as long").into();
    })
    .await;
    // The former key opens it; the tenant is one of another database.
    assert_eq!(open(&changed, &old).await.status, 404);
    let own = URL_SAFE_NO_PAD.encode(
        [
            changed.tenant.uuid().as_bytes().as_slice(),
            &Sealer::from_settings(&shop.state.settings)
                .seal(changed.tenant, "unsubscribe", b"dana@example.com")
                .unwrap(),
        ]
        .concat(),
    );
    assert_eq!(one_click(&changed, &own).await.status, 200);
    assert_eq!(listed(&changed.client).await, is("dana@example.com", "unsubscribed"));
}

#[tokio::test]
async fn a_tenants_name_cannot_write_into_the_page() {
    let shop = Shop::open().await;
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("update tenants set name = '<b>Shop</b> & \"Sons\"'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let token = token(&shop, shop.tenant, "<i>@example.com");
    let page = open(&shop, &token).await.text();
    assert!(!page.contains("<b>") && !page.contains("<…@") && page.contains("&lt;b&gt;Shop"), "{page}");
}

#[tokio::test]
async fn the_door_is_counted_by_address() {
    let shop = Shop::open_as(&TenantSettings::default(), |settings| settings.limits.sign_in_per_minute = 3).await;
    let token = token(&shop, shop.tenant, "dana@example.com");
    for _ in 0..3 {
        assert_eq!(open(&shop, &token).await.status, 200);
    }
    let refused = one_click(&shop, &token).await;
    let problem = refused.problem(429);
    assert!(refused.header("retry-after").is_some());
    // Whoever reads an error does not get the link from it.
    assert_eq!(problem["instance"], "/analytics/email/unsubscribe/***");
    assert!(!refused.text().contains(&token));
}

#[tokio::test]
async fn managers_add_and_remove_addresses() {
    let shop = Shop::open().await;
    let body = json!({ "email": " Dana@Example.COM ", "note": " left the company " });
    let added = shop.client.post(LIST, &body).await.expect(201);
    assert_eq!(
        (&added["email"], &added["reason"], &added["note"]),
        (&json!("dana@example.com"), &json!("manual"), &json!("left the company"))
    );
    assert!(added["created_by"].as_str().unwrap().ends_with("@example.com") && added["created_at"].is_string());
    // Again, it stays as it is.
    let again = shop.client.post(LIST, &json!({ "email": "dana@example.com", "note": "other" })).await.expect(200);
    assert_eq!(again, added);
    assert_eq!(one_click(&shop, &token(&shop, shop.tenant, "dana@example.com")).await.status, 200);
    assert_eq!(listed(&shop.client).await, is("dana@example.com", "manual"));

    let mapping = |email: &str| {
        json!({ "mapping_id": uuid::Uuid::now_v7(), "branch_code": "D01", "sales_rep_email": email,
            "bounced_at": "2026-01-05T12:00:00Z", "bounce_reason": "550 no such user" })
    };
    let rows = [mapping("dana@example.com"), mapping("rob@example.com")];
    shop.put("branch_email_mappings", &json!({ "is_enabled": true, "delivery": "branch" }), &rows).await;
    assert_eq!(shop.client.delete(&format!("{LIST}/DANA%40example.com")).await.status, 204);
    shop.client.delete(&format!("{LIST}/dana@example.com")).await.problem(404);
    shop.client.delete(&format!("{LIST}/da%00na@example.com")).await.problem(404);
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let bounced: Vec<String> = sqlx::query_scalar(
        "select sales_rep_email from branch_email_mappings where bounced_at is not null or bounce_reason is not null",
    )
    .fetch_all(tx.conn())
    .await
    .unwrap();
    assert_eq!(bounced, ["rob@example.com"]);

    let audit = shop.audit("suppression").await;
    let told: Vec<_> =
        audit.iter().map(|(_, action, target, details)| (action.as_str(), target.as_deref(), details)).collect();
    let details = json!({ "reason": "manual" });
    assert_eq!(
        told,
        [
            ("suppression.added", Some("dana@example.com"), &details),
            ("suppression.removed", Some("dana@example.com"), &details)
        ]
    );
    for (body, field) in [
        (json!({}), "email"),
        (json!({ "email": "dana" }), "email"),
        (json!({ "email": "Dana <dana@example.com>" }), "email"),
        (json!({ "email": "dana@example.com\r\nBcc: x@example.com" }), "email"),
        (json!({ "email": "dana@example.com", "note": "x".repeat(501) }), "note"),
        (json!({ "email": "dana@example.com", "note": "a\0b" }), "note"),
        (json!({ "email": "dana@example.com", "reason": "bounced" }), "reason"),
    ] {
        assert_eq!(shop.client.post(LIST, &body).await.invalid_fields(), [field], "{body}");
    }
}

#[tokio::test]
async fn the_list_is_walked_and_filtered() {
    let shop = Shop::open().await;
    let rows: Vec<Value> = (0..7)
        .map(|n| {
            let reason = if n % 2 == 0 { "bounced" } else { "complained" };
            json!({ "email": format!("rep{n}_x@example.com"), "reason": reason, "note": null })
        })
        .collect();
    shop.put("email_suppressions", &json!({ "created_at": "2026-01-05T12:00:00Z" }), &rows).await;
    let first = shop.get(&format!("{LIST}?limit=3")).await;
    assert_eq!(
        (&first["total"], &first["has_more"], first["data"].as_array().unwrap().len()),
        (&json!(7), &json!(true), 3)
    );
    assert_eq!(
        first["data"][0],
        json!({ "email": "rep0_x@example.com", "reason": "bounced", "note": null, "created_at": "2026-01-05T12:00:00Z",
            "created_by": null })
    );
    let mut walked: Vec<Value> = first["data"].as_array().unwrap().clone();
    let mut cursor = first["next_cursor"].clone();
    while let Some(next) = cursor.as_str() {
        let page = shop.get(&format!("{LIST}?limit=3&cursor={next}")).await;
        assert_eq!(page["total"], 7);
        walked.extend(page["data"].as_array().unwrap().clone());
        cursor = page["next_cursor"].clone();
    }
    let emails: Vec<&str> = walked.iter().map(|line| line["email"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..7).map(|n| format!("rep{n}_x@example.com")).collect();
    assert_eq!(emails, expected);
    let page = shop.get(&format!("{LIST}?limit=3&page=3")).await;
    assert_eq!((page["data"].as_array().unwrap().len(), &page["has_more"]), (1, &json!(false)));
    assert_eq!(shop.get(&format!("{LIST}?reason=complained")).await["total"], 3);
    assert_eq!(shop.get(&format!("{LIST}?query=REP3_")).await["total"], 1);
    // Taken literally.
    assert_eq!(shop.get(&format!("{LIST}?query=%25")).await["total"], 0);
    assert_eq!(shop.get(&format!("{LIST}?query=%00")).await["total"], 0);
    for (query, field) in
        [("reason=angry", "reason"), ("limit=0", "limit"), ("cursor=%21", "cursor"), ("cursor=AA", "cursor")]
    {
        assert_eq!(shop.client.get(&format!("{LIST}?{query}")).await.invalid_fields(), [field], "{query}");
    }
}

#[tokio::test]
async fn the_list_is_for_members_who_see_all_branches() {
    let shop = Shop::open().await;
    let body = json!({ "email": "dana@example.com" });
    shop.client.post(LIST, &body).await.expect(201);
    let viewer = shop.member(Role::Viewer, None).await;
    assert_eq!(listed(&viewer).await.len(), 1);
    viewer.post(LIST, &body).await.problem(403);
    viewer.delete(&format!("{LIST}/dana@example.com")).await.problem(403);
    let limited = shop.member(Role::Manager, Some(&["D01"])).await;
    limited.get(LIST).await.problem(403);
    limited.post(LIST, &body).await.problem(403);
    limited.delete(&format!("{LIST}/dana@example.com")).await.problem(403);
    let key = tokens::api_key(&shop.state, shop.tenant, &[Scope::Read]).await;
    let machine = |method: Method, path: &str| Client::new(shop.url()).request(method, path).header("x-api-key", &key);
    Answer::of(machine(Method::GET, LIST)).await.expect(200);
    Answer::of(machine(Method::POST, LIST).json(&body)).await.problem(403);
    Client::new(shop.url()).get(LIST).await.problem(401);
    let (_, neighbour) = shop.neighbour().await;
    assert_eq!(listed(&neighbour).await, []);
    neighbour.post(LIST, &body).await.expect(201);
    assert_eq!(shop.client.delete(&format!("{LIST}/dana@example.com")).await.status, 204);
    assert_eq!(listed(&neighbour).await.len(), 1);
}
