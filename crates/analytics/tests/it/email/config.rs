//! A tenant's mail server: set, shown without secrets, and refused where it could be used against the operator or the tenant.

use common::{auth::Role, config::Environment, db::TenantTx};
use serde_json::{Value, json};
use testkit::oracle::TenantSettings;

use crate::support::{Shop, over};

const CONFIG: &str = "/analytics/email/config";
const PASSWORD: &str = "hush-hush-password";
/// RFC 8410, 10.3.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
const ED25519_SEED: &str = "1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEI=";

/// As a frontend sends it. An address of the internet, so that no name server is asked.
fn body(more: Value) -> Value {
    let usual = json!({
        "server": "8.8.8.8", "port": 587, "from_address": "Shop <shop@example.com>", "username": "shop",
        "password": PASSWORD, "use_tls": true, "use_ssl": false,
    });
    over(&usual, &more)
}

fn shown(more: Value) -> Value {
    over(&body(json!({ "password": "***", "bounce_address": null, "dkim": null })), &more)
}

/// The row as text, without when it was changed.
async fn row(shop: &Shop) -> Option<String> {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_scalar("select (to_jsonb(c) - 'updated_at')::text from email_configs c where tenant_id = $1")
        .bind(shop.tenant)
        .fetch_optional(tx.conn())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_server_is_set_and_shown_without_its_secrets() {
    let shop = Shop::open().await;
    let dkim = json!({ "domain": "Example.com", "selector": "s1", "private_key": ED25519 });
    let answer = shop.client.put(CONFIG, &body(json!({ "bounce_address": "bounces@example.com", "dkim": dkim }))).await;
    let expected = json!({
        "tenant_id": shop.tenant,
        "config": shown(json!({
            "bounce_address": "bounces@example.com",
            "dkim": { "domain": "example.com", "selector": "s1", "private_key": "***" },
        })),
        "configured": true, "source": "tenant", "problem": null,
    });
    assert_eq!(answer.expect(200), expected);
    assert_eq!(shop.get(CONFIG).await, expected);
    let stored = row(&shop).await.unwrap();
    for secret in [PASSWORD, ED25519_SEED, "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp"] {
        assert!(!stored.contains(secret) && !answer.text().contains(secret));
    }

    // What was shown, sent back, changes nothing and is not worth an entry.
    shop.client.post(CONFIG, &expected["config"]).await.expect(200);
    assert_eq!(row(&shop).await.unwrap(), stored);
    let audit = shop.audit("email_config").await;
    assert_eq!(audit.len(), 1, "{audit:?}");
    let (_, action, target, details) = &audit[0];
    assert_eq!((action.as_str(), target), ("email_config.changed", &None));
    assert_eq!(
        *details,
        json!({ "is_new": true, "changed": ["server", "port", "from_address", "bounce_address", "username", "password",
            "use_tls", "use_ssl", "dkim.domain", "dkim.selector", "dkim.private_key"] })
    );

    // Named again, what it names; the rest stays.
    let answer = shop
        .client
        .put(
            CONFIG,
            &json!({ "from_address": "new@example.com", "dkim": { "domain": "example.org", "selector": "s2" } }),
        )
        .await
        .expect(200);
    let changed = json!({
        "from_address": "new@example.com", "bounce_address": "bounces@example.com",
        "dkim": { "domain": "example.org", "selector": "s2", "private_key": "***" },
    });
    assert_eq!(answer["config"], shown(changed));
    let audit = shop.audit("email_config").await;
    assert_eq!(audit[1].3, json!({ "is_new": false, "changed": ["from_address", "dkim.domain", "dkim.selector"] }));
    let answer = shop.client.put(CONFIG, &json!({ "dkim": null, "bounce_address": null, "password": "another" })).await;
    assert_eq!(answer.expect(200)["config"], shown(json!({ "from_address": "new@example.com" })));
    let audit = shop.audit("email_config").await;
    assert_eq!(
        audit[2].3["changed"],
        json!(["bounce_address", "password", "dkim.domain", "dkim.selector", "dkim.private_key"])
    );
    assert!(!format!("{audit:?}").contains(PASSWORD) && !format!("{audit:?}").contains("another"));
}

#[tokio::test]
async fn a_stored_password_goes_to_no_other_server() {
    let shop = Shop::open().await;
    shop.client.put(CONFIG, &body(json!({}))).await.expect(200);
    let before = row(&shop).await;
    for (field, value) in
        [("server", json!("1.1.1.1")), ("port", json!(25)), ("username", json!("somebody")), ("use_tls", json!(false))]
    {
        for password in [Value::Null, json!("***")] {
            let mut change = json!({ field: value });
            if !password.is_null() {
                change["password"] = password;
            }
            let answer = shop.client.put(CONFIG, &change).await;
            assert_eq!(answer.invalid_fields(), ["password"], "{change}");
            assert!(answer.text().contains(field), "{}", answer.text());
        }
    }
    let answer = shop.client.put(CONFIG, &body(json!({ "password": "***", "use_tls": false, "use_ssl": true }))).await;
    assert_eq!(answer.invalid_fields(), ["password"]);
    assert_eq!(row(&shop).await, before);

    // With the password again it may; and the server's name in other letters is the same server.
    shop.client.put(CONFIG, &body(json!({ "server": "1.1.1.1", "password": PASSWORD }))).await.expect(200);
    shop.client.put(CONFIG, &json!({ "server": "1.1.1.1", "port": 587, "use_tls": true })).await.expect(200);
    // Without a login there is nothing to protect.
    let answer = shop.client.put(CONFIG, &json!({ "username": null, "server": "9.9.9.9" })).await.expect(200);
    assert_eq!((&answer["config"]["username"], &answer["config"]["password"]), (&Value::Null, &Value::Null));
    shop.client.put(CONFIG, &json!({ "server": "8.8.8.8", "port": 2525 })).await.expect(200);
    // A login comes with a password, and a password with a username.
    let answer = shop.client.put(CONFIG, &json!({ "username": "shop" })).await;
    assert_eq!(answer.invalid_fields(), ["password"]);
    let answer = shop.client.put(CONFIG, &json!({ "password": PASSWORD })).await;
    assert_eq!(answer.invalid_fields(), ["username"]);
    shop.client.put(CONFIG, &json!({ "username": "shop", "password": PASSWORD })).await.expect(200);
    let answer = shop.client.put(CONFIG, &json!({ "password": null })).await;
    assert_eq!(answer.invalid_fields(), ["password"]);
    shop.client.put(CONFIG, &json!({ "username": null, "password": null })).await.expect(200);
    // As a form sends what was left empty.
    let empty = body(json!({ "username": "", "password": "", "bounce_address": " " }));
    let answer = shop.client.put(CONFIG, &empty).await.expect(200);
    assert_eq!(answer["config"], shown(json!({ "username": null, "password": null })));
}

#[tokio::test]
async fn all_faults_are_told_at_once_and_nothing_is_written() {
    let shop = Shop::open().await;
    let faulty = json!({
        "server": "smtp://example.com", "port": 22, "from_address": "shop", "username": "a\nb", "password": "a\r\nb",
        "use_tls": true, "use_ssl": true, "bounce_address": "Bounces <b@example.com>",
        "dkim": { "domain": "a b", "selector": "x;y", "private_key": PASSWORD },
    });
    let answer = shop.client.put(CONFIG, &faulty).await;
    assert_eq!(
        answer.invalid_fields(),
        [
            "bounce_address", "dkim.domain", "dkim.private_key", "dkim.selector", "from_address", "password", "port",
            "server", "use_tls", "username"
        ]
    );
    assert!(!answer.text().contains(PASSWORD), "{}", answer.text());
    assert!(answer.text().contains("25, 465, 587, 2525"), "{}", answer.text());
    let answer = shop.client.put(CONFIG, &json!({ "port": 25 })).await;
    assert_eq!(answer.invalid_fields(), ["from_address", "server"]);
    for (field, value) in [
        ("smtp_server", json!("8.8.8.8")),
        ("port", json!(70_000)),
        ("port", json!("587")),
        ("use_tls", json!("yes")),
        ("password", json!("")),
        ("password", json!(7)),
        ("password", json!("x".repeat(1001))),
        ("username", json!("shop\0")),
        ("from_address", json!("Shop\r\nBcc: all@example.com <shop@example.com>")),
        ("from_address", json!("a@example.com, b@example.com")),
        ("from_address", json!("shop@exämple.com")),
        ("bounce_address", json!("b@example.com\r\nX: y")),
    ] {
        let answer = shop.client.put(CONFIG, &body(json!({ field: value }))).await;
        assert_eq!(answer.invalid_fields(), [field], "{value}");
    }
    for dkim in [
        json!({ "domain": "example.com", "selector": "s" }),
        json!({ "domain": "example.com", "selector": "s", "private_key": null }),
    ] {
        let answer = shop.client.put(CONFIG, &body(json!({ "dkim": dkim }))).await;
        assert_eq!(answer.invalid_fields(), ["dkim.private_key"]);
    }
    assert_eq!(row(&shop).await, None);
    assert!(shop.audit("email_config").await.is_empty());
}

#[tokio::test]
async fn the_operators_own_networks_are_out_of_reach_unless_the_operator_opens_them() {
    let shop = Shop::open().await;
    let inside = [
        "127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "::1", "169.254.169.254", "127.1", "2130706433",
        "::ffff:127.0.0.1", "0.0.0.0",
    ];
    for server in inside {
        let answer = shop.client.put(CONFIG, &body(json!({ "server": server }))).await;
        assert_eq!(answer.invalid_fields(), ["server"], "{server}");
    }
    let answer = shop.client.put(CONFIG, &body(json!({ "server": "nowhere.invalid" }))).await;
    assert_eq!(answer.invalid_fields(), ["server"]);

    let shop = Shop::open_as(&TenantSettings::default(), |settings| {
        settings.allow_private_addresses = true;
        settings.mail.allowed_ports = vec![1025];
    })
    .await;
    shop.client.put(CONFIG, &body(json!({ "server": "localhost", "port": 1025 }))).await.expect(200);
    // What no mail server has is never opened, nor is a port that the operator does not name.
    let answer = shop.client.put(CONFIG, &body(json!({ "server": "169.254.169.254", "port": 25 }))).await;
    assert_eq!(answer.invalid_fields(), ["port", "server"]);
}

#[tokio::test]
async fn without_a_server_the_answer_says_what_holds() {
    let nothing = |shop: &Shop, configured: bool, source: Value, problem: &Value| json!({ "tenant_id": shop.tenant, "config": null, "configured": configured, "source": source, "problem": problem });
    let shop = Shop::open().await;
    assert_eq!(shop.get(CONFIG).await, nothing(&shop, true, json!("file"), &Value::Null));

    let shop = Shop::open_as(&TenantSettings::default(), |settings| settings.environment = Environment::Prod).await;
    let answer = shop.get(CONFIG).await;
    assert_eq!(answer, nothing(&shop, false, Value::Null, &answer["problem"]));
    assert!(answer["problem"].as_str().unwrap().contains("No mail server is configured"));

    // Of the operator's the sender, and nothing of where it is and how one signs in there.
    let shop = Shop::open_as(&TenantSettings::default(), |settings| {
        settings.environment = Environment::Prod;
        settings.smtp.server = Some(String::from("10.9.8.7"));
        settings.smtp.from_email = Some(String::from("Reports <reports@operator.test>"));
        settings.smtp.username = Some(String::from("operators-user"));
        settings.smtp.password = Some(String::from("operators-password").into());
    })
    .await;
    let answer = shop.client.get(CONFIG).await;
    let config = json!({
        "server": null, "port": null, "from_address": "Reports <reports@operator.test>", "username": null,
        "password": null, "use_tls": null, "use_ssl": null, "bounce_address": null, "dkim": null,
    });
    let view = answer.expect(200);
    assert_eq!(view, over(&nothing(&shop, true, json!("default"), &Value::Null), &json!({ "config": config })));
    assert!(!answer.text().contains("operators-") && !answer.text().contains("10.9.8.7"));
    // A change of one field does not take the rest from the operator.
    let answer = shop.client.put(CONFIG, &json!({ "from_address": "shop@example.com" })).await;
    assert_eq!(answer.invalid_fields(), ["server"]);
    shop.client.put(CONFIG, &json!({ "server": "8.8.8.8", "from_address": "shop@example.com" })).await.expect(200);
    let view = shop.get(CONFIG).await;
    assert_eq!(view["source"], "tenant");
    assert_eq!(
        view["config"],
        json!({ "server": "8.8.8.8", "port": 587, "from_address": "shop@example.com", "username": null, "password": null,
            "use_tls": true, "use_ssl": false, "bounce_address": null, "dkim": null })
    );

    assert_eq!(shop.client.delete(CONFIG).await.status, 204);
    assert_eq!(shop.get(CONFIG).await["source"], "default");
    shop.client.delete(CONFIG).await.problem(404);
    let actions: Vec<String> = shop.audit("email_config").await.into_iter().map(|entry| entry.1).collect();
    assert_eq!(actions, ["email_config.changed", "email_config.removed"]);
}

#[tokio::test]
async fn secrets_of_another_key_are_said_to_be_lost() {
    let shop = Shop::open().await;
    let other = Shop::open_as(&TenantSettings::default(), |settings| {
        settings.secrets_key = String::from("a key that has been changed since then").into();
    })
    .await;
    shop.client.put(CONFIG, &body(json!({}))).await.expect(200);
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let sealed: Vec<u8> =
        sqlx::query_scalar("select password_sealed from email_configs").fetch_one(tx.conn()).await.unwrap();
    other.client.put(CONFIG, &body(json!({}))).await.expect(200);
    let mut tx = TenantTx::begin(&other.db.app, other.tenant).await.unwrap();
    sqlx::query("update email_configs set password_sealed = $1").bind(sealed).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let view = other.get(CONFIG).await;
    assert_eq!((&view["configured"], &view["source"]), (&json!(false), &json!("tenant")));
    assert!(view["problem"].as_str().unwrap().contains("SECRETS_KEY_PREVIOUS"), "{view}");
    other.client.put(CONFIG, &json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(other.get(CONFIG).await["configured"], true);
}

#[tokio::test]
async fn it_is_for_managers_of_the_whole_tenant_and_for_no_other_tenant() {
    let shop = Shop::open().await;
    shop.client.put(CONFIG, &body(json!({}))).await.expect(200);
    let (_, neighbour) = shop.neighbour().await;
    assert_eq!(neighbour.get(CONFIG).await.expect(200)["config"], Value::Null);
    neighbour.delete(CONFIG).await.problem(404);
    neighbour.put(CONFIG, &body(json!({ "server": "1.1.1.1" }))).await.expect(200);
    assert_eq!(shop.get(CONFIG).await["config"]["server"], "8.8.8.8");

    let manager = shop.member(Role::Manager, None).await;
    manager.put(CONFIG, &json!({ "from_address": "manager@example.com" })).await.expect(200);
    let viewer = shop.member(Role::Viewer, None).await;
    let limited = shop.member(Role::Manager, Some(&["D01"])).await;
    let before = row(&shop).await;
    for client in [viewer, limited] {
        client.get(CONFIG).await.problem(403);
        client.put(CONFIG, &body(json!({}))).await.problem(403);
        client.post(CONFIG, &body(json!({}))).await.problem(403);
        client.delete(CONFIG).await.problem(403);
    }
    assert_eq!(row(&shop).await, before);
}
