//! Who gets which branch's report: one by one and as a file.

use common::{
    auth::{Role, Scope},
    db::TenantTx,
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    http::{Answer, Client},
    tokens,
};

use crate::support::{Shop, over};

const MAPPINGS: &str = "/analytics/email/mappings";
const IMPORT: &str = "/analytics/email/mappings/import";

fn mapping(branch: &str, email: &str) -> Value {
    json!({ "branch_code": branch, "sales_rep_email": email })
}

async fn create(client: &Client, body: &Value) -> String {
    let written = client.post(MAPPINGS, body).await.expect(201);
    assert_eq!(written["success"], true);
    assert!(written["message"].is_string());
    written["mapping_id"].as_str().unwrap().to_owned()
}

fn path(id: &str) -> String {
    format!("{MAPPINGS}/{id}")
}

/// The list without what differs from run to run.
async fn listed(client: &Client) -> Vec<Value> {
    let list = client.get(MAPPINGS).await.expect(200);
    let lines = list.as_array().expect("a bare array").iter();
    lines
        .map(|line| {
            let mut line = line.as_object().unwrap().clone();
            for field in ["id", "created_at", "updated_at"] {
                assert!(line.remove(field).unwrap().is_string());
            }
            Value::Object(line)
        })
        .collect()
}

fn view(more: Value) -> Value {
    let usual = json!({
        "branch_name": null, "sales_rep_name": null, "is_enabled": true, "delivery": "branch", "bounced_at": null,
        "bounce_reason": null, "suppressed": null,
    });
    over(&usual, &more)
}

async fn import(client: &Client, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let request = client.request(Method::POST, &format!("{IMPORT}{query}")).header("content-type", "text/csv");
    Answer::of(request.body(file.into())).await
}

async fn shop() -> Shop {
    let shop = Shop::open().await;
    let rows = [
        json!({ "location_id": "D01", "location_name": "Downtown" }),
        json!({ "location_id": "D02", "location_name": "Harbour" }),
    ];
    shop.put("locations", &json!({ "is_active": true }), &rows).await;
    shop
}

/// Field and message of what a 422 complains of, in its order.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.problem(422);
    let errors = problem["errors"].as_array().unwrap().iter();
    let text = |error: &Value, field: &str| error[field].as_str().unwrap().to_owned();
    errors.map(|error| (text(error, "field"), text(error, "message"))).collect()
}

#[tokio::test]
async fn a_mapping_is_made_changed_and_removed() {
    let shop = shop().await;
    let id = create(
        &shop.client,
        &json!({ "branch_code": " D01 ", "sales_rep_email": " Dana.Rep@Example.COM ", "sales_rep_name": " Dana ", "delivery": "digest" }),
    )
    .await;
    create(
        &shop.client,
        &json!({ "branch_code": "*", "sales_rep_email": "boss@example.com", "branch_name": "All of us" }),
    )
    .await;
    create(&shop.client, &json!({ "branch_code": "D99", "sales_rep_email": "rob@example.com", "is_enabled": false }))
        .await;
    let dana = view(json!({
        "branch_code": "D01", "branch_name": "Downtown", "sales_rep_email": "dana.rep@example.com", "sales_rep_name": "Dana",
        "delivery": "digest",
    }));
    let boss = view(json!({ "branch_code": "*", "branch_name": "All of us", "sales_rep_email": "boss@example.com" }));
    let rob = view(json!({ "branch_code": "D99", "sales_rep_email": "rob@example.com", "is_enabled": false }));
    assert_eq!(listed(&shop.client).await, [boss.clone(), dana.clone(), rob.clone()]);
    let one = shop.get(&format!("{MAPPINGS}?branch_code=D01")).await;
    assert_eq!((one.as_array().unwrap().len(), &one[0]["id"]), (1, &json!(id)));
    assert_eq!(shop.get(&format!("{MAPPINGS}?branch_code=%00")).await, json!([]));
    assert_eq!(shop.get(&format!("{MAPPINGS}?branch_code=*")).await[0]["sales_rep_email"], "boss@example.com");

    // What is left out stays; null empties.
    let change = json!({ "is_enabled": false, "branch_name": "Town" });
    assert_eq!(shop.client.put(&path(&id), &change).await.expect(200)["mapping_id"], json!(id));
    assert_eq!(listed(&shop.client).await[1], over(&dana, &change));
    shop.client
        .put(
            &path(&id),
            &json!({ "branch_name": null, "sales_rep_name": null, "is_enabled": true, "delivery": "branch" }),
        )
        .await
        .expect(200);
    assert_eq!(listed(&shop.client).await[1], over(&dana, &json!({ "sales_rep_name": null, "delivery": "branch" })));
    // Nothing different: nothing is noted.
    shop.client.put(&path(&id), &json!({ "sales_rep_email": "DANA.rep@example.com" })).await.expect(200);
    assert_eq!(shop.client.delete(&path(&id)).await.expect(200)["mapping_id"], json!(id));
    shop.client.delete(&path(&id)).await.problem(404);
    shop.client.put(&path(&id), &json!({})).await.problem(404);
    shop.client.put(&path("no-id"), &json!({})).await.problem(404);
    assert_eq!(listed(&shop.client).await, [boss, rob]);

    let audit = shop.audit("mapping").await;
    let actions: Vec<&str> = audit.iter().map(|entry| entry.1.as_str()).collect();
    assert_eq!(
        actions,
        [
            "mapping.created", "mapping.created", "mapping.created", "mapping.changed", "mapping.changed",
            "mapping.removed"
        ]
    );
    assert_eq!(audit[0].2.as_deref(), Some("dana.rep@example.com"));
    assert_eq!(
        audit[3].3,
        json!({ "mapping_id": id, "branch_code": "D01", "changed": {
            "branch_name": { "from": null, "to": "Town" }, "is_enabled": { "from": true, "to": false } } })
    );
}

#[tokio::test]
async fn the_same_branch_and_address_twice_is_a_conflict_in_any_letters() {
    let shop = shop().await;
    create(&shop.client, &mapping("D01", "dana@example.com")).await;
    let other = create(&shop.client, &mapping("D02", "dana@example.com")).await;
    let conflict = shop.client.post(MAPPINGS, &mapping("D01", "DANA@EXAMPLE.COM")).await.problem(409);
    let detail = conflict["detail"].as_str().unwrap();
    assert!(detail.contains("dana@example.com") && detail.contains("D01"), "{detail}");
    shop.client.put(&path(&other), &json!({ "branch_code": "D01" })).await.problem(409);
    // Codes are compared to the letter.
    create(&shop.client, &mapping("d01", "dana@example.com")).await;
    let (_, neighbour) = shop.neighbour().await;
    create(&neighbour, &mapping("D01", "dana@example.com")).await;
    assert_eq!(listed(&neighbour).await.len(), 1);
    neighbour.put(&path(&other), &json!({ "is_enabled": false })).await.problem(404);
    neighbour.delete(&path(&other)).await.problem(404);
    assert_eq!(listed(&shop.client).await.len(), 3);
}

#[tokio::test]
async fn what_cannot_be_mapped_is_refused_field_by_field() {
    let shop = shop().await;
    let answer = shop
        .client
        .post(MAPPINGS, &json!({ "sales_rep_name": "a\r\nBcc: x@example.com", "branch_name": "x".repeat(201) }))
        .await;
    assert_eq!(answer.invalid_fields(), ["branch_code", "branch_name", "sales_rep_email", "sales_rep_name"]);
    for (more, field) in [
        (json!({ "branch_code": " " }), "branch_code"),
        (json!({ "branch_code": "x".repeat(101) }), "branch_code"),
        (json!({ "branch_code": "D\n01" }), "branch_code"),
        (json!({ "sales_rep_email": "Dana <dana@example.com>" }), "sales_rep_email"),
        (json!({ "sales_rep_email": "dana@example.com, rob@example.com" }), "sales_rep_email"),
        (json!({ "sales_rep_email": "dana@example.com\r\nCc: rob@example.com" }), "sales_rep_email"),
        (json!({ "sales_rep_name": "Da\u{2028}na" }), "sales_rep_name"),
        (json!({ "branch_code": "*", "delivery": "digest" }), "delivery"),
        (json!({ "delivery": "pigeon" }), "delivery"),
        (json!({ "is_enabled": "yes" }), "is_enabled"),
        (json!({ "e_mail": "x@example.com" }), "e_mail"),
    ] {
        let body = over(&mapping("D01", "dana@example.com"), &more);
        assert_eq!(shop.client.post(MAPPINGS, &body).await.invalid_fields(), [field], "{more}");
    }
    assert!(listed(&shop.client).await.is_empty());
    let digest = over(&mapping("D01", "dana@example.com"), &json!({ "delivery": "digest" }));
    let id = create(&shop.client, &digest).await;
    assert_eq!(shop.client.put(&path(&id), &json!({ "branch_code": "*" })).await.invalid_fields(), ["delivery"]);
}

#[tokio::test]
async fn another_address_counts_as_not_bounced() {
    let shop = shop().await;
    let id = create(&shop.client, &mapping("D01", "dana@example.com")).await;
    let bounce = async || {
        let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
        sqlx::query("update branch_email_mappings set bounced_at = now(), bounce_reason = '550 no such user'")
            .execute(tx.conn())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    bounce().await;
    shop.client
        .put(&path(&id), &json!({ "sales_rep_name": "Dana", "sales_rep_email": "Dana@example.com" }))
        .await
        .expect(200);
    let list = shop.get(MAPPINGS).await;
    assert_eq!(list[0]["bounce_reason"], "550 no such user");
    assert!(list[0]["bounced_at"].is_string());
    shop.client.put(&path(&id), &json!({ "sales_rep_email": "dana.r@example.com" })).await.expect(200);
    let list = shop.get(MAPPINGS).await;
    assert_eq!((&list[0]["bounced_at"], &list[0]["bounce_reason"]), (&Value::Null, &Value::Null));
    // An import of the same address is no other address.
    bounce().await;
    import(&shop.client, "", "branch_code,email,name\nD01,dana.r@example.com,Dana R\n").await.expect(200);
    let list = shop.get(MAPPINGS).await;
    assert_eq!((&list[0]["sales_rep_name"], &list[0]["bounce_reason"]), (&json!("Dana R"), &json!("550 no such user")));
    // Suppressed is suppressed, whoever is mapped.
    shop.client.post("/analytics/email/suppressions", &json!({ "email": "dana.r@example.com" })).await.expect(201);
    assert_eq!(shop.get(MAPPINGS).await[0]["suppressed"], "manual");
}

#[tokio::test]
async fn limited_managers_have_their_branches_and_nothing_of_the_rest() {
    let shop = shop().await;
    let own = create(&shop.client, &mapping("D01", "dana@example.com")).await;
    let foreign = create(&shop.client, &mapping("D02", "rob@example.com")).await;
    let all = create(&shop.client, &mapping("*", "boss@example.com")).await;
    let limited = shop.member(Role::Manager, Some(&["D01"])).await;
    let seen = listed(&limited).await;
    assert_eq!((seen.len(), &seen[0]["branch_code"]), (1, &json!("D01")));
    assert_eq!(limited.get(&format!("{MAPPINGS}?branch_code=D02")).await.expect(200), json!([]));
    assert_eq!(limited.get(&format!("{MAPPINGS}?branch_code=*")).await.expect(200), json!([]));
    for id in [&foreign, &all] {
        limited.put(&path(id), &json!({ "is_enabled": false })).await.problem(404);
        limited.delete(&path(id)).await.problem(404);
    }
    for code in ["D02", "*"] {
        limited.post(MAPPINGS, &mapping(code, "new@example.com")).await.problem(403);
        limited.put(&path(&own), &json!({ "branch_code": code })).await.problem(403);
    }
    create(&limited, &mapping("D01", "new@example.com")).await;
    limited.put(&path(&own), &json!({ "is_enabled": false })).await.expect(200);

    let file = "branch_code,sales_rep_email\nD01,dana@example.com\nD02,x@example.com\n*,y@example.com\n";
    let refused = import(&limited, "", file).await;
    let fields: Vec<String> = faults(&refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["lines[3].branch_code", "lines[4].branch_code"]);
    // To replace the list is to replace one's own part of it.
    let done =
        import(&limited, "?mode=replace", "branch_code,sales_rep_email\nD01,dana@example.com\n").await.expect(200);
    assert_eq!((&done["unchanged"], &done["disabled"]), (&json!(1), &json!(1)));
    let enabled: Vec<(Value, Value)> = listed(&shop.client)
        .await
        .into_iter()
        .map(|line| (line["sales_rep_email"].clone(), line["is_enabled"].clone()))
        .collect();
    assert_eq!(
        enabled,
        [
            ("boss@example.com", true),
            ("dana@example.com", false),
            ("new@example.com", false),
            ("rob@example.com", true)
        ]
        .map(|(email, is)| (json!(email), json!(is)))
    );

    let viewer = shop.member(Role::Viewer, None).await;
    assert_eq!(listed(&viewer).await.len(), 4);
    viewer.post(MAPPINGS, &mapping("D01", "v@example.com")).await.problem(403);
    viewer.put(&path(&own), &json!({})).await.problem(403);
    viewer.delete(&path(&own)).await.problem(403);
    import(&viewer, "", file).await.problem(403);
    let key = tokens::api_key(&shop.state, shop.tenant, &[Scope::Read]).await;
    let read = Client::new(shop.url()).request(Method::GET, MAPPINGS).header("x-api-key", &key);
    assert_eq!(Answer::of(read).await.expect(200).as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_dry_run_says_what_the_import_then_does() {
    let shop = shop().await;
    create(
        &shop.client,
        &over(&mapping("D01", "dana@example.com"), &json!({ "sales_rep_name": "Dana", "delivery": "digest" })),
    )
    .await;
    create(
        &shop.client,
        &over(&mapping("D02", "rob@example.com"), &json!({ "branch_name": "Port", "is_enabled": false })),
    )
    .await;
    create(&shop.client, &mapping("D02", "old@example.com")).await;
    create(&shop.client, &over(&mapping("D02", "gone@example.com"), &json!({ "is_enabled": false }))).await;
    let before = listed(&shop.client).await;
    // As Excel saves it: a mark, semicolons, quotes, and empty lines at the end.
    let file = "\u{feff}sep=;\r\nBranch;E-Mail Address;Sales Rep;Active;Shoe size\r\n\
        D01;DANA@example.com;Dana;;43\r\n\
        D02;rob@example.com;\"Rob \"\"the rep\"\" O'Neil; jr\";yes;44\r\n\
        *;boss@example.com;;1;45\r\n\
        ;;;;\r\n\r\n";
    let expected = json!({
        "dry_run": true, "rows": 3, "added": 1, "changed": 1, "unchanged": 1, "disabled": 1, "ignored_columns": ["Shoe size"],
        "changes": [
            { "change": "changed", "line": 4, "branch_code": "D02", "sales_rep_email": "rob@example.com", "fields": [
                { "field": "sales_rep_name", "from": null, "to": "Rob \"the rep\" O'Neil; jr" },
                { "field": "is_enabled", "from": false, "to": true } ] },
            { "change": "added", "line": 5, "branch_code": "*", "sales_rep_email": "boss@example.com", "fields": [] },
            { "change": "disabled", "line": null, "branch_code": "D02", "sales_rep_email": "old@example.com", "fields": [] },
        ],
    });
    let query = "?dry_run=true&mode=replace";
    for _ in 0..2 {
        assert_eq!(import(&shop.client, query, file).await.expect(200), expected);
        assert_eq!(listed(&shop.client).await, before);
    }
    assert!(shop.audit("mappings").await.is_empty());
    let done = import(&shop.client, "?mode=replace", file).await.expect(200);
    assert_eq!(done, over(&expected, &json!({ "dry_run": false })));
    let after = listed(&shop.client).await;
    let line = |more: Value| view(more);
    assert_eq!(
        after,
        [
            line(json!({ "branch_code": "*", "sales_rep_email": "boss@example.com" })),
            // An empty cell leaves `is_enabled`; a column that is not there leaves `delivery`.
            line(json!({ "branch_code": "D01", "branch_name": "Downtown", "sales_rep_email": "dana@example.com",
                "sales_rep_name": "Dana", "delivery": "digest" })),
            line(
                json!({ "branch_code": "D02", "branch_name": "Harbour", "sales_rep_email": "gone@example.com", "is_enabled": false })
            ),
            line(
                json!({ "branch_code": "D02", "branch_name": "Harbour", "sales_rep_email": "old@example.com", "is_enabled": false })
            ),
            line(json!({ "branch_code": "D02", "branch_name": "Port", "sales_rep_email": "rob@example.com",
                "sales_rep_name": "Rob \"the rep\" O'Neil; jr" })),
        ]
    );
    let again = import(&shop.client, "?mode=replace", file).await.expect(200);
    assert_eq!((&again["unchanged"], &again["changes"]), (&json!(3), &json!([])));
    let audit = shop.audit("mappings").await;
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].3, json!({ "mode": "replace", "rows": 3, "added": 1, "changed": 1, "disabled": 1 }));
    // An empty cell of a name empties it.
    import(&shop.client, "", "branch_code,email,name,branch_name\nD02,rob@example.com,,\n").await.expect(200);
    assert_eq!(
        (&listed(&shop.client).await[4]["sales_rep_name"], &listed(&shop.client).await[4]["branch_name"]),
        (&Value::Null, &json!("Harbour"))
    );
}

#[tokio::test]
async fn every_bad_line_is_named_at_once_and_nothing_is_written() {
    let shop = shop().await;
    create(&shop.client, &mapping("D01", "dana@example.com")).await;
    let file = "branch_code,sales_rep_email,sales_rep_name,is_enabled,delivery\n\
        D01,new@example.com,New,true,branch\n\
        ,nobody,x,maybe,pigeon\n\
        *,boss@example.com,,,digest\n\
        D02,rob@example.com\n\
        D01,NEW@example.com,Again,,\n\
        D02,rob@example.com,\"two\nlines\",,\n\
        D02,a@example.com,,,,surplus\n\
        D02,b@example.com,B,no,digest\n";
    for query in ["", "?dry_run=true", "?mode=replace"] {
        let answer = import(&shop.client, query, file).await;
        let faults = faults(&answer);
        let fields: Vec<&str> = faults.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "lines[3].branch_code",
                "lines[3].sales_rep_email",
                "lines[3].is_enabled",
                "lines[3].delivery",
                "lines[4].delivery",
                "lines[5]",
                "lines[6]",
                "lines[7].sales_rep_name",
                // The one before it is of two lines.
                "lines[9]",
            ],
            "{faults:?}"
        );
        assert!(faults[6].1.contains("as line 2 does"), "{faults:?}");
        assert!(answer.text().contains("Nothing was written"));
    }
    assert_eq!(listed(&shop.client).await.len(), 1);
    assert!(shop.audit("mappings").await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_list_is_said_to_be_none() {
    let shop = shop().await;
    create(&shop.client, &mapping("D01", "dana@example.com")).await;
    let utf16: Vec<u8> = "branch_code,email\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let header = "branch_code,sales_rep_email\n";
    for (file, field, words) in [
        (Vec::new(), "body", "empty"),
        (header.into(), "body", "no line"),
        (b"branch_code;name\nD01;Dana\n".to_vec(), "body", "no column sales_rep_email"),
        (b"branch,store,email\nD01,D01,a@example.com\n".to_vec(), "body", "`branch`, `store` all mean branch_code"),
        (utf16, "body", "UTF-8"),
        (b"PK\x03\x04rest".to_vec(), "body", "workbook"),
        ([header.as_bytes(), b"D01,a@example.com\nD\xe401,b@example.com\n"].concat(), "lines[3]", "UTF-8"),
    ] {
        let found = faults(&import(&shop.client, "?mode=replace", file).await);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, field, "{found:?}");
        assert!(found[0].1.contains(words), "{found:?}");
    }
    assert_eq!(listed(&shop.client).await[0]["is_enabled"], true);
    let large = format!("{header}{}", "D01,a@example.com\n".repeat(150_000));
    import(&shop.client, "", large).await.problem(413);
    for query in ["?mode=all", "?dry_run=perhaps"] {
        assert_eq!(import(&shop.client, query, header).await.status, 422);
    }
    // Ten thousand lines in one go.
    let many: String = (0..10_000).map(|n| format!("D{:03},rep{n}@example.com\n", n % 300)).collect();
    let done = import(&shop.client, "", format!("{header}{many}")).await.expect(200);
    assert_eq!((&done["added"], done["changes"].as_array().unwrap().len()), (&json!(10_000), 1000));
    assert_eq!(listed(&shop.client).await.len(), 10_001);
}

#[tokio::test]
async fn two_imports_of_the_same_list_at_once_do_not_wait_for_each_other_in_turn() {
    let shop = shop().await;
    let lines: Vec<String> = (0..8_000).map(|n| format!("D{:03},rep{n}@example.com\n", n % 300)).collect();
    let header = "branch_code,sales_rep_email\n";
    let forth = format!("{header}{}", lines.concat());
    let back = format!("{header}{}", lines.iter().rev().map(String::as_str).collect::<String>());
    for _ in 0..4 {
        let (first, second) =
            tokio::join!(import(&shop.client, "", forth.clone()), import(&shop.client, "", back.clone()));
        for answer in [first, second] {
            let done = answer.expect(200);
            assert_eq!(done["added"].as_i64().unwrap() + done["unchanged"].as_i64().unwrap(), 8_000);
        }
        assert_eq!(listed(&shop.client).await.len(), 8_000);
        let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
        sqlx::raw_sql("delete from branch_email_mappings").execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_delivery_that_is_none_hides_no_other_fault() {
    let shop = Shop::open().await;
    let body = json!({
        "branch_code": "", "branch_name": "a\nb", "sales_rep_email": "not an address", "delivery": "pigeon",
    });
    let problem = shop.client.post("/analytics/email/mappings", &body).await.expect(422);
    let mut fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["branch_code", "branch_name", "delivery", "sales_rep_email"], "{problem}");
}
