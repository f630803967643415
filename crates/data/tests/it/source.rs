//! A tenant's source: set and read over the API, its secrets sealed, the operator's key for those it was opened to.

use common::auth::Role;
use common::db::TenantTx;
use common::ids::TenantId;
use common::secrets::Sealer;
use data_service::cli;
use data_service::events::limits::EventLimits;
use data_service::source::grants::{self, Grant};
use data_service::source::reseal::{Resealed, reseal};
use data_service::source::{ListOf, credentials};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use testkit::google::{FakeGoogle, Stub};
use testkit::logs::Lines;

use crate::source_scene::{SourceScene, bigquery, operators_key, sealed_with, stored};

const PASSWORD: &str = "hush-hush-password";

fn sftp(more: Value) -> Value {
    let mut list = json!({"kind": "sftp", "host": "sftp.example.com", "username": "shop", "pattern": "users*.csv"});
    list.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    list
}

fn key(account: &str) -> String {
    FakeGoogle::default().key_of(account)
}

/// What must be in no answer, log or error.
fn secrets_of(key: &str) -> Vec<String> {
    let file: Value = serde_json::from_str(key).unwrap();
    let pem = file["private_key"].as_str().unwrap();
    let mut secrets: Vec<String> = pem.lines().filter(|line| !line.starts_with("---")).map(String::from).collect();
    secrets.push(PASSWORD.into());
    secrets
}

/// The source's row as text, without when it was changed.
async fn row(scene: &SourceScene) -> String {
    let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    sqlx::query_scalar("select (to_jsonb(s) - 'updated_at')::text from sources s").fetch_one(tx.conn()).await.unwrap()
}

async fn allow(scene: &SourceScene, tenant: TenantId, grant: &Grant) {
    cli::source::allow(&scene.state.settings, tenant, grant).await.unwrap();
}

#[tokio::test]
async fn a_tenant_that_set_nothing_has_a_folder_and_no_schedule() {
    let scene = SourceScene::new().await;
    assert_eq!(
        scene.get().await,
        json!({
            "kind": "export_files", "bigquery": null, "data_api": null, "service_account": null,
            "credentials": {"source": "none", "client_email": null, "private_key_id": null, "problem": null},
            "operator_grants": [], "users": null, "locations": null, "time_zone": "America/New_York",
            "schedule": {"cron": null, "enabled": false, "refresh_days": 3, "next_run_at": null, "last_run_at": null,
                "last_job_id": null},
            "events": serde_json::to_value(EventLimits::default()).unwrap(),
            "updated_at": null, "updated_by": null,
        })
    );
}

#[tokio::test]
async fn what_is_named_is_replaced_whole_and_the_rest_stays() {
    let scene = SourceScene::new().await;
    let key = key("robot");
    let mut body = bigquery("my-shop-123", "analytics_1");
    body["bigquery"]["location"] = json!("EU");
    body["bigquery"]["max_bytes_billed"] = json!(50_000_000);
    // The object itself, as it is in the file.
    body["service_account"] = serde_json::from_str(&key).unwrap();
    body["users"] = sftp(json!({"secret": {"password": PASSWORD}, "path": "/outgoing", "port": 2222}));
    body["locations"] = json!({"kind": "bigquery", "project": "my-shop-123", "dataset": "crm", "table": "shops"});
    body["schedule"] = json!({"cron": "30  5 * * *", "refresh_days": 7});
    body["events"] = json!({"max_age_hours": 240});
    let answer = scene.put(body).await.expect(200);
    assert_eq!(
        answer["bigquery"],
        json!({"project": "my-shop-123", "dataset": "analytics_1", "location": "EU", "max_bytes_billed": 50_000_000})
    );
    assert_eq!(
        answer["credentials"],
        json!({"source": "tenant", "client_email": "robot@stub-project.iam.gserviceaccount.com",
            "private_key_id": "0123456789abcdef0123456789abcdef01234567", "problem": null})
    );
    assert_eq!(
        answer["users"],
        sftp(json!({"path": "/outgoing", "port": 2222, "problem": null,
            "secret": {"password": "***", "private_key": null, "passphrase": null}}))
    );
    assert_eq!(answer["schedule"]["cron"], "30 5 * * *");
    assert_eq!(answer["schedule"]["refresh_days"], 7);
    assert_eq!((&answer["events"]["max_age_hours"], &answer["events"]["max_params"]), (&json!(240), &json!(25)));
    assert!(row(&scene).await.contains("\"event_limits\": {\"max_age_hours\": 240}"), "Google's own are not stored");
    assert_eq!(scene.get().await, answer);

    // The answer sent back changes nothing, to the byte of what is sealed.
    let before = row(&scene).await;
    scene.put(answer.clone()).await.expect(200);
    assert_eq!(row(&scene).await, before);

    // Named again, the rest of it is what it is without being named.
    let changed = scene.put(bigquery("my-shop-456", "analytics_2")).await.expect(200);
    assert_eq!(
        changed["bigquery"],
        json!({"project": "my-shop-456", "dataset": "analytics_2", "location": null, "max_bytes_billed": 21_474_836_480_u64})
    );
    for kept in ["users", "locations", "schedule", "events", "credentials", "service_account"] {
        assert_eq!(changed[kept], answer[kept], "{kept}");
    }
    let data_api = json!({"kind": "data_api", "data_api": {"property_id": "123456789"}, "users": null});
    let changed = scene.put(data_api).await.expect(200);
    assert_eq!(
        (&changed["kind"], &changed["bigquery"], &changed["users"]),
        (&json!("data_api"), &Value::Null, &Value::Null)
    );
    assert_eq!(changed["data_api"], json!({"property_id": "123456789"}));
    let removed = scene.put(json!({"service_account": null, "events": null})).await.expect(200);
    assert_eq!(removed["events"]["max_age_hours"], 72);
    assert_eq!((&removed["service_account"], &removed["credentials"]["source"]), (&Value::Null, &json!("none")));
    assert!(removed["credentials"]["problem"].as_str().unwrap().contains("--property 123456789"));
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let scene = SourceScene::new().await;
    let body = json!({
        "kind": "bigquery",
        "bigquery": {"project": "My Shop", "dataset": "my-shop.analytics_1", "location": "somewhere else",
            "max_bytes_billed": 1},
        "data_api": {"property_id": "G-123"},
        "service_account": {"type": "authorized_user"},
        "users": sftp(json!({"host": "sftp://example.com", "secret": {"passphrase": PASSWORD}})),
        "locations": sftp(json!({"pattern": "../x"})),
        "schedule": {"cron": "* * * * *", "refresh_days": 401},
        "events": {"max_params": 0, "max_age_hours": 10_000},
    });
    let answer = scene.put(body).await;
    assert_eq!(
        answer.invalid_fields(),
        [
            "bigquery.dataset",
            "bigquery.location",
            "bigquery.max_bytes_billed",
            "bigquery.project",
            "data_api",
            "data_api.property_id",
            "events.max_age_hours",
            "events.max_params",
            "locations.pattern",
            "locations.secret",
            "schedule.cron",
            "schedule.refresh_days",
            "service_account",
            "users.host",
            "users.secret",
        ]
    );
    assert!(!answer.text().contains(PASSWORD));
    assert_eq!(scene.get().await["updated_at"], Value::Null, "nothing of it was written");

    for (body, field) in [
        (json!({"kind": "bigquery"}), "bigquery"),
        (json!({"kind": "data_api"}), "data_api"),
        (json!({"data_api": {"property_id": "1"}}), "data_api"),
        (json!({"kind": "csv"}), "kind"),
        (json!({"kind": "data_api", "data_api": {"property_id": "UA-1-1"}}), "data_api.property_id"),
        (json!({"kind": "bigquery", "bigquery": {"dataset": "analytics_1"}}), "bigquery.project"),
        (json!({"schedule": {"cron": null, "enabled": true}}), "schedule.cron"),
        (json!({"schedule": {"cron": "0 0 30 2 *"}}), "schedule.cron"),
        (json!({"service_account": "not json"}), "service_account"),
        (json!({"service_account": 5}), "service_account"),
        (json!({"service_account": "x".repeat(20_000)}), "service_account"),
    ] {
        assert_eq!(scene.put(body.clone()).await.invalid_fields(), [field], "{body}");
    }
    let wrong_type = scene.put(json!({"users": sftp(json!({"secret": {"password": {"x": PASSWORD}}}))})).await;
    assert_eq!(wrong_type.status, 422);
    assert!(!wrong_type.text().contains(PASSWORD), "{}", wrong_type.text());
}

#[tokio::test]
async fn every_member_reads_it_and_managers_set_it_each_their_own() {
    let scene = SourceScene::new().await;
    scene.put(bigquery("my-shop-123", "analytics_1")).await.expect(200);
    let viewer = scene.member(Role::Viewer).await;
    assert_eq!(viewer.get("/data/source").await.expect(200)["kind"], "bigquery");
    viewer.put("/data/source", &json!({})).await.problem(403);
    viewer.post("/data/source/test", &json!({})).await.problem(403);
    scene
        .member(Role::Manager)
        .await
        .put("/data/source", &json!({"schedule": {"cron": "0 5 * * *"}}))
        .await
        .expect(200);

    let (_, other) = scene.other().await;
    assert_eq!(other.get("/data/source").await.expect(200)["kind"], "export_files");
    other.put("/data/source", &json!({"kind": "data_api", "data_api": {"property_id": "1"}})).await.expect(200);
    assert_eq!(scene.get().await["kind"], "bigquery");
    // In another's name: 404, whatever is asked.
    let stranger = other.tenant(&scene.tenant.to_string());
    stranger.get("/data/source").await.problem(404);
    stranger.put("/data/source", &json!({})).await.problem(404);
    stranger.post("/data/source/test", &json!({})).await.problem(404);
}

#[tokio::test]
async fn a_secret_opens_only_the_place_it_was_given_for() {
    let scene = SourceScene::new().await;
    let known = "SHA256:uNiVztksCsDhcc0u9e8BrrdkAX1jGwHDfVlf2nXrNGs";
    scene.put(json!({"users": sftp(json!({"secret": {"password": PASSWORD}}))})).await.expect(200);
    let password = async || {
        let list = scene.stored().await.list(ListOf::Users).unwrap().clone();
        let secret = list.secret(&Sealer::from_settings(&scene.state.settings), scene.tenant).unwrap();
        secret.password.map(|password| password.expose_secret().to_owned())
    };
    // Kept: another folder, another file, and the server's key when it becomes known.
    for more in [
        json!({"path": "/other"}),
        json!({"pattern": "*.xlsx", "secret": {"password": "***"}}),
        json!({"host_key": known}),
    ] {
        scene.put(json!({"users": sftp(more)})).await.expect(200);
        assert_eq!(password().await.as_deref(), Some(PASSWORD));
    }
    // Given anew: another server, port, user, or another server behind the name.
    for more in [
        json!({"host": "evil.example.com", "host_key": known}),
        json!({"port": 2222, "host_key": known, "secret": {"password": "***"}}),
        json!({"username": "other", "host_key": known}),
        json!({"host_key": known.replace('u', "v")}),
        json!({}),
    ] {
        let refused = scene.put(json!({"users": sftp(more.clone())})).await;
        assert_eq!(refused.invalid_fields(), ["users.secret"], "{more}");
        assert!(refused.text().contains("is needed again"), "{}", refused.text());
    }
    assert_eq!(password().await.as_deref(), Some(PASSWORD));
    let again = json!({"host": "sftp.example.org", "secret": {"password": "another"}});
    scene.put(json!({"users": sftp(again.clone())})).await.expect(200);
    assert_eq!(password().await.as_deref(), Some("another"));
    // From a password to a key.
    let key =
        json!({"host": "sftp.example.org", "secret": {"password": null, "private_key": "a key", "passphrase": "p"}});
    let answer = scene.put(json!({"users": sftp(key)})).await.expect(200);
    assert_eq!(answer["users"]["secret"], json!({"password": null, "private_key": "***", "passphrase": "***"}));
    let empty = json!({"host": "sftp.example.org", "secret": {"private_key": null, "passphrase": null}});
    assert_eq!(scene.put(json!({"users": sftp(empty)})).await.invalid_fields(), ["users.secret"]);
}

#[tokio::test]
async fn a_key_is_sealed_for_its_tenant_and_column() {
    let scene = SourceScene::new().await;
    let mut body = bigquery("my-shop-123", "analytics_1");
    body["service_account"] = json!(key("robot"));
    scene.put(body.clone()).await.expect(200);
    let sealed = row(&scene).await;
    let secrets = secrets_of(&key("robot"));
    assert!(!secrets.iter().any(|secret| sealed.contains(secret.as_str())));

    // Whoever can write rows copies it into a tenant of theirs: it does not open there.
    let (tenant, other) = scene.other().await;
    other.put("/data/source", &bigquery("my-shop-123", "analytics_1")).await.expect(200);
    let bytes = sqlx::query_scalar::<_, Vec<u8>>("select sealed_key from sources where tenant_id = $1");
    let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    let bytes = bytes.bind(scene.tenant).fetch_one(tx.conn()).await.unwrap();
    drop(tx);
    let mut tx = TenantTx::begin(scene.pool(), tenant).await.unwrap();
    sqlx::query("update sources set sealed_key = $1, key_email = 'x', key_id = 'y'")
        .bind(bytes)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let credentials = &other.get("/data/source").await.expect(200)["credentials"];
    assert_eq!(credentials["source"], "tenant");
    assert!(credentials["problem"].as_str().unwrap().contains("sealed for another tenant"), "{credentials}");
}

#[tokio::test]
async fn the_operators_key_serves_what_the_operator_opened_and_nothing_else() {
    let scene = SourceScene::new().await;
    let settings = operators_key(&scene.state.settings, &scene.file("operator.json", &key("operator")));
    let sealer = Sealer::from_settings(&settings);
    let (victim, thief) = (scene.tenant, scene.other().await);
    scene.put(bigquery("my-shop-123", "analytics_1")).await.expect(200);
    thief.1.put("/data/source", &bigquery("my-shop-123", "analytics_1")).await.expect(200);
    let ask = async |tenant| {
        let source = stored(scene.pool(), tenant).await;
        credentials(&settings.google, &sealer, &source, &source.config.grant().unwrap())
            .map(|key| key.client_email().to_owned())
    };
    let refused = ask(victim).await.unwrap_err();
    let command = format!("data-service source allow --tenant {victim} --bigquery my-shop-123.analytics_1");
    assert!(refused.contains(&command), "{refused}");

    let grant = Grant::of_dataset("my-shop-123.analytics_1").unwrap();
    allow(&scene, victim, &grant).await;
    assert_eq!(ask(victim).await.as_deref(), Ok("operator@stub-project.iam.gserviceaccount.com"));
    // The other tenant names the very dataset, and has neither a grant nor a key.
    assert!(ask(thief.0).await.unwrap_err().starts_with("There is no Google key for the dataset"));
    assert_eq!(
        scene.get().await["operator_grants"],
        json!([{"kind": "bigquery", "target": "my-shop-123.analytics_1"}])
    );
    assert_eq!(thief.1.get("/data/source").await.expect(200)["operator_grants"], json!([]));
    // Nor does a grant reach further than it says.
    for (project, dataset) in
        [("my-shop-123", "analytics_2"), ("my-shop-12", "3_analytics_1"), ("my-shop-123", "Analytics_1")]
    {
        scene.put(bigquery(project, dataset)).await.expect(200);
        assert!(ask(victim).await.is_err(), "{project}.{dataset}");
    }
    scene.put(json!({"kind": "data_api", "data_api": {"property_id": "1"}})).await.expect(200);
    assert!(ask(victim).await.is_err());
    allow(&scene, victim, &Grant::of_property("1").unwrap()).await;
    assert!(ask(victim).await.is_ok());

    // A key of its own comes before.
    scene.put(json!({"service_account": key("own")})).await.expect(200);
    assert_eq!(ask(victim).await.as_deref(), Ok("own@stub-project.iam.gserviceaccount.com"));
    scene.put(json!({"service_account": null})).await.expect(200);
    cli::source::revoke(&scene.state.settings, victim, &Grant::of_property("1").unwrap()).await.unwrap();
    assert!(ask(victim).await.is_err());
}

#[tokio::test]
async fn only_the_owner_of_the_schema_writes_grants() {
    let scene = SourceScene::new().await;
    let grant = Grant::of_property("1").unwrap();
    let denied = |result: Result<bool, sqlx::Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"), "{error}");
    };
    let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    denied(grants::allow(tx.conn(), scene.tenant, &grant).await);
    drop(tx);
    allow(&scene, scene.tenant, &grant).await;
    // Twice is once.
    allow(&scene, scene.tenant, &grant).await;
    let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    assert_eq!(grants::of_tenant(tx.conn(), scene.tenant).await.unwrap(), std::slice::from_ref(&grant));
    denied(grants::revoke(tx.conn(), scene.tenant, &grant).await);
    drop(tx);

    let settings = &scene.state.settings;
    let nobody = TenantId::generate();
    let error = cli::source::allow(settings, nobody, &grant).await.unwrap_err();
    assert_eq!(error.to_string(), format!("there is no tenant {nobody}"));
    assert!(cli::source::revoke(settings, scene.tenant, &Grant::of_property("2").unwrap()).await.is_err());
    cli::source::list(settings, None).await.unwrap();

    // Without a name it is the operator's own property.
    let meant = |property: Option<&str>, bigquery: Option<&str>, own: Option<&str>| {
        let mut settings = scene.state.settings.as_ref().clone();
        settings.google.property_id = own.map(String::from);
        cli::source::meant(&settings, bigquery, property).map_err(|error| error.to_string())
    };
    assert_eq!(meant(None, None, Some("7")), Grant::of_property("7"));
    assert_eq!(meant(Some("8"), None, Some("7")), Grant::of_property("8"));
    assert_eq!(meant(None, Some("my-shop-123.a"), Some("7")), Grant::of_dataset("my-shop-123.a"));
    assert!(meant(None, None, None).unwrap_err().contains("--property"));
    assert!(meant(Some("G-1"), None, None).unwrap_err().contains("measurement id"));
}

#[tokio::test]
async fn faults_of_the_operators_file_are_told_without_its_content_or_its_place() {
    let scene = SourceScene::new().await;
    scene.put(bigquery("my-shop-123", "analytics_1")).await.expect(200);
    allow(&scene, scene.tenant, &Grant::of_dataset("my-shop-123.analytics_1").unwrap()).await;
    let sealer = Sealer::from_settings(&scene.state.settings);
    let source = scene.stored().await;
    let path = scene.file("operator.json", &key("operator"));
    let settings = operators_key(&scene.state.settings, &path);
    let ask = || credentials(&settings.google, &sealer, &source, &source.config.grant().unwrap());
    assert_eq!(ask().unwrap().client_email(), "operator@stub-project.iam.gserviceaccount.com");
    // Rotated under our hands: the new one holds at once.
    scene.file("operator.json", &key("successor"));
    assert_eq!(ask().unwrap().client_email(), "successor@stub-project.iam.gserviceaccount.com");
    let broken = key("operator").replace("PRIVATE", "PIRATE");
    for (content, reason) in [
        (Some("{\"type\": "), "no JSON"),
        (Some(broken.as_str()), "private_key"),
        (Some("{\"type\": \"authorized_user\", \"refresh_token\": \"hush\"}"), "service account"),
        (None, "no such file"),
    ] {
        match content {
            Some(content) => drop(scene.file("operator.json", content)),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let told = ask().unwrap_err();
        assert!(told.contains("GOOGLE_ANALYTICS_CREDENTIALS_PATH") && told.contains(reason), "{told}");
        let place = scene.root.path().to_string_lossy().into_owned();
        assert!(!told.contains("hush") && !told.contains(&place), "{told}");
        assert!(!secrets_of(&key("operator")).iter().any(|secret| told.contains(secret.as_str())));
    }
    let none = credentials(&scene.state.settings.google, &sealer, &source, &source.config.grant().unwrap());
    assert!(none.unwrap_err().contains("none is configured"));
}

#[tokio::test]
async fn a_changed_secrets_key_is_said_and_everything_is_sealed_again() {
    let scene = SourceScene::new().await;
    let mut body = bigquery("my-shop-123", "analytics_1");
    body["service_account"] = json!(key("robot"));
    body["users"] = sftp(json!({"secret": {"password": PASSWORD}}));
    scene.put(body).await.expect(200);
    let old = scene.state.settings.secrets_key.expose_secret().to_owned();
    let ask = async |key: &str, previous: Option<&str>| {
        let settings = sealed_with(&scene.state.settings, key, previous);
        let sealer = Sealer::from_settings(&settings);
        let source = scene.stored().await;
        let own = credentials(&settings.google, &sealer, &source, &source.config.grant().unwrap());
        let list = source.list(ListOf::Users).unwrap().secret(&sealer, scene.tenant).map(|_| ());
        (own.map(|key| key.key_id().to_owned()), list)
    };
    let (own, list) = ask("new", None).await;
    assert!(own.unwrap_err().contains("SECRETS_KEY_PREVIOUS") && list.unwrap_err().contains("SECRETS_KEY_PREVIOUS"));
    let (own, list) = ask("new", Some(&old)).await;
    assert!(own.is_ok() && list.is_ok());

    let again = async |key: &str, previous: Option<&str>| {
        let sealer = Sealer::from_settings(&sealed_with(&scene.state.settings, key, previous));
        let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
        let done = reseal(tx.conn(), &sealer, scene.tenant).await.unwrap();
        tx.commit().await.unwrap();
        done
    };
    // Without the old key nothing is touched.
    let before = row(&scene).await;
    assert_eq!(again("new", None).await, Resealed { resealed: 0, lost: 2 });
    assert_eq!(row(&scene).await, before);
    cli::source::reseal(&sealed_with(&scene.state.settings, "new", Some(&old))).await.unwrap();
    assert_eq!(again("new", Some(&old)).await, Resealed { resealed: 0, lost: 0 });
    let (own, list) = ask("new", None).await;
    assert!(own.is_ok() && list.is_ok());
}

#[tokio::test]
async fn what_is_sealed_for_mails_is_sealed_again_too() {
    let scene = SourceScene::new().await;
    let sealer = Sealer::from_settings(&scene.state.settings);
    let old = scene.state.settings.secrets_key.expose_secret().to_owned();
    let purposes = ["email_configs.password_sealed", "email_configs.dkim_key_sealed", "mail_outbox.content_sealed"];
    let sealed = purposes.map(|purpose| sealer.seal(scene.tenant, purpose, purpose.as_bytes()).unwrap());
    let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    sqlx::query(
        "insert into email_configs (tenant_id, server, port, from_address, username, password_sealed, use_tls, use_ssl,
             dkim_domain, dkim_selector, dkim_key_sealed)
         values ($1, 'smtp.example.com', 587, 'shop@example.com', 'shop', $2, true, false, 'example.com', 's', $3)",
    )
    .bind(scene.tenant)
    .bind(&sealed[0])
    .bind(&sealed[1])
    .execute(tx.conn())
    .await
    .unwrap();
    // Of mails those that are not sent yet.
    for status in ["queued", "failed", "sent"] {
        sqlx::query(
            "insert into mail_outbox (tenant_id, outbox_id, kind, recipient, content_sealed, status)
             values ($1, gen_random_uuid(), 'invitation', 'dana@example.com', $2, $3)",
        )
        .bind(scene.tenant)
        .bind(&sealed[2])
        .bind(status)
        .execute(tx.conn())
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();

    let new = sealed_with(&scene.state.settings, "new", Some(&old));
    cli::source::reseal(&new).await.unwrap();
    let only_new = Sealer::from_settings(&sealed_with(&scene.state.settings, "new", None));
    let mut tx = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    let (password, key): (Vec<u8>, Vec<u8>) =
        sqlx::query_as("select password_sealed, dkim_key_sealed from email_configs")
            .fetch_one(tx.conn())
            .await
            .unwrap();
    let mails: Vec<(String, Vec<u8>)> =
        sqlx::query_as("select status, content_sealed from mail_outbox order by status")
            .fetch_all(tx.conn())
            .await
            .unwrap();
    for (purpose, value) in purposes.iter().zip([&password, &key, &mails[0].1]).chain([(&purposes[2], &mails[1].1)]) {
        let opened = only_new.open_text(scene.tenant, purpose, value).unwrap();
        assert_eq!(opened.expose_secret(), *purpose);
    }
    assert_eq!(mails[2], (String::from("sent"), sealed[2].clone()));
    let again = reseal(tx.conn(), &Sealer::from_settings(&new), scene.tenant).await.unwrap();
    assert_eq!(again, Resealed { resealed: 0, lost: 0 });
    // With neither key nothing is touched, and the loss is told.
    let stranger = Sealer::from_settings(&sealed_with(&scene.state.settings, "stranger", None));
    let again = reseal(tx.conn(), &stranger, scene.tenant).await.unwrap();
    assert_eq!(again, Resealed { resealed: 0, lost: 4 });
}

#[tokio::test]
async fn no_secret_is_in_any_answer_or_log() {
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let stub = Stub::start().await;
    let scene = SourceScene::against(&stub).await;
    let key = stub.key();
    let mut said = String::new();
    let mut body = bigquery("stub-project", "analytics_1");
    body["service_account"] = json!(key);
    body["users"] = sftp(json!({"secret": {"password": PASSWORD}}));
    let mut broken = body.clone();
    broken["service_account"] = json!(key.replace("BEGIN", "BEGUN"));
    broken["users"]["port"] = json!(0);
    for body in [body, broken] {
        said += &scene.put(body).await.text();
        said += &scene.owner.get("/data/source").await.text();
        said += &scene.owner.post("/data/source/test", &json!({})).await.text();
    }
    let logged = lines.text();
    assert!(logged.contains("/data/source"), "the log is being read");
    assert!(said.contains("\"steps\""), "{said}");
    for secret in secrets_of(&key) {
        assert!(!said.contains(&secret), "an answer has {secret}");
        assert!(!logged.contains(&secret), "the log has {secret}");
    }
    let debug = format!("{:?}", scene.stored().await);
    assert!(!secrets_of(&key).iter().any(|secret| debug.contains(secret.as_str())));
}
