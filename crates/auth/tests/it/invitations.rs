//! Invitations: a link for one person, good once, told in words where it is not.

use auth_service::invitations::{InvitationKey, accept, check_key};
use common::{
    auth::{Actor, Role},
    db::TenantTx,
    http::ApiError,
    ids::AccountId,
    secrets::Sealer,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::company::{Company, list, text};

const GUEST: &str = "guest@elsewhere.test";

struct Sent {
    id: String,
    link: String,
    token: String,
}

async fn invite(company: &Company, body: Value) -> Sent {
    let made = company.owner.post(&company.at("/invitations"), &body).await.expect(201);
    let link = text(&made["link"]);
    let token = link.rsplit('/').next().unwrap().to_owned();
    Sent { id: text(&made["invitation_id"]), link, token }
}

fn viewer(email: &str) -> Value {
    json!({"email": email, "role": "viewer"})
}

async fn account(company: &Company, email: &str) -> AccountId {
    testkit::tokens::account(&company.service.state.pool, email).await
}

async fn accepted(company: &Company, token: &str, email: &str, account: AccountId) -> Result<(), String> {
    let actor = Actor { account_id: Some(account), name: email.to_owned(), ip: None };
    match accept(&company.service.state.pool, token, email, account, &actor).await {
        Ok(tenant) => {
            assert_eq!(tenant, company.tenant);
            Ok(())
        }
        Err(ApiError::Forbidden(words)) => Err(words),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_invitation_lets_its_person_in_once() {
    let company = Company::new().await;
    let body = json!({"email": " Guest@Elsewhere.test", "role": "manager", "branches": ["D01"]});
    let sent = invite(&company, body).await;
    assert_eq!(sent.link, format!("{}/auth/invitations/{}", company.service.url, sent.token));
    let guest = account(&company, GUEST).await;
    let other = account(&company, "other@elsewhere.test").await;
    let words = accepted(&company, &sent.token, "other@elsewhere.test", other).await.unwrap_err();
    assert!(words.contains("another e-mail address") && !words.contains("guest"), "{words}");
    let key = InvitationKey::of(&sent.token).unwrap();
    check_key(&company.service.state.pool, &key, GUEST).await.unwrap();
    accepted(&company, &sent.token, GUEST, guest).await.unwrap();
    assert!(accepted(&company, &sent.token, GUEST, guest).await.unwrap_err().contains("used already"));
    let members = company.owner.get(&company.at("/members")).await.expect(200);
    let member = list(&members).iter().find(|member| member["email"] == GUEST).unwrap();
    assert_eq!((&member["role"], &member["branches"]), (&json!("manager"), &json!(["D01"])));
    let page = company.manager.get(&company.at("/invitations")).await;
    assert!(!page.text().contains(&sent.token), "a link is shown once");
    let page = page.expect(200);
    assert_eq!(list(&page)[0]["status"], "accepted");
    assert_eq!(list(&page)[0]["invited_by"], "owner@company.test");
    company.owner.delete(&company.at(&format!("/invitations/{}", sent.id))).await.problem(409);
    assert_eq!(company.actions().await, ["invitation.created", "member.joined"]);
    // Who belongs to the tenant is not invited again.
    company.owner.post(&company.at("/invitations"), &viewer(GUEST)).await.problem(409);
}

#[tokio::test]
async fn only_one_of_two_who_come_at_once_gets_in() {
    let company = Company::new().await;
    let sent = invite(&company, viewer(GUEST)).await;
    let guest = account(&company, GUEST).await;
    let (one, other) =
        tokio::join!(accepted(&company, &sent.token, GUEST, guest), accepted(&company, &sent.token, GUEST, guest));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn an_old_a_revoked_and_an_unknown_one_let_nobody_in() {
    let company = Company::new().await;
    let guest = account(&company, GUEST).await;
    let first = invite(&company, viewer(GUEST)).await;
    // The second invitation to an address is the one that holds.
    let second = invite(&company, viewer(GUEST)).await;
    assert!(accepted(&company, &first.token, GUEST, guest).await.unwrap_err().contains("withdrawn"));
    let one = company.at(&format!("/invitations/{}", second.id));
    assert_eq!(company.manager.delete(&one).await.status, 204);
    assert_eq!(company.manager.delete(&one).await.status, 204);
    assert!(accepted(&company, &second.token, GUEST, guest).await.unwrap_err().contains("withdrawn"));
    let third = invite(&company, viewer(GUEST)).await;
    assert_eq!(company.run("update invitations set expires_at = now() where revoked_at is null").await, 1);
    assert!(accepted(&company, &third.token, GUEST, guest).await.unwrap_err().contains("expired"));
    let fourth = invite(&company, viewer(GUEST)).await;
    company.run("update tenants set is_active = false").await;
    for token in [&fourth.token, &fourth.token.replace("gai_", "gak_"), "", &format!("{}x", &fourth.token[..79])] {
        assert!(accepted(&company, token, GUEST, guest).await.unwrap_err().contains("no such invitation"), "{token}");
    }
    company.run("update tenants set is_active = true").await;
    accepted(&company, &fourth.token, GUEST, guest).await.unwrap();
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_have() {
    let company = Company::new().await;
    let invitations = company.at("/invitations");
    let owner = json!({"email": GUEST, "role": "owner"});
    company.manager.post(&invitations, &owner).await.problem(403);
    company.manager.post(&invitations, &viewer(GUEST)).await.expect(201);
    let sent = invite(&company, json!({"email": "boss@elsewhere.test", "role": "owner"})).await;
    company.manager.delete(&company.at(&format!("/invitations/{}", sent.id))).await.problem(403);
    company.run("update memberships set branches = '{D01,D02}' where role = 'manager'").await;
    for (role, branches, status) in [
        ("viewer", Value::Null, 403),
        ("manager", Value::Null, 403),
        ("manager", json!(["D01", "D03"]), 403),
        ("manager", json!(["D02"]), 201),
    ] {
        let body = json!({"email": "limited@elsewhere.test", "role": role, "branches": branches});
        let answer = company.manager.post(&invitations, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let bad = json!({"email": "nobody", "role": "service", "link": "x"});
    assert_eq!(company.owner.post(&invitations, &bad).await.status, 422);
}

#[tokio::test]
async fn the_mail_waits_sealed_for_whoever_sends_it() {
    let company = Company::new().await;
    let sent = invite(&company, viewer(GUEST)).await;
    let mut tx = TenantTx::begin(&company.service.state.pool, company.tenant).await.unwrap();
    let (kind, recipient, sealed): (String, String, Vec<u8>) =
        sqlx::query_as("select kind, recipient, content_sealed from mail_outbox").fetch_one(tx.conn()).await.unwrap();
    assert_eq!((kind.as_str(), recipient.as_str()), ("invitation", GUEST));
    assert!(!String::from_utf8_lossy(&sealed).contains("gai_"));
    let sealer = Sealer::from_settings(&company.service.state.settings);
    let content = sealer.open_text(company.tenant, "mail_outbox.content_sealed", &sealed).unwrap();
    let content: Value = serde_json::from_str(content.expose_secret()).unwrap();
    assert_eq!((&content["link"], &content["role"]), (&json!(sent.link), &json!("viewer")));
    let due: i64 = sqlx::query_scalar("select count(*) from due_work where kind = 'outbox' and due_at <= now()")
        .fetch_one(tx.conn())
        .await
        .unwrap();
    assert_eq!(due, 1);
    let stored: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(i)::text from invitations i union all select to_jsonb(a)::text from audit_log a",
    )
    .fetch_all(tx.conn())
    .await
    .unwrap();
    assert!(stored.len() == 2 && !stored.iter().any(|row| row.contains(&sent.token[40..])), "{stored:?}");
}

#[tokio::test]
async fn an_invitation_tells_what_became_of_its_mail() {
    let company = Company::new().await;
    let made = company.owner.post(&company.at("/invitations"), &viewer(GUEST)).await.expect(201);
    assert_eq!((&made["mail_status"], &made["mail_error"]), (&json!("queued"), &Value::Null));
    invite(&company, viewer("other@elsewhere.test")).await;
    let told = async |email: &str| {
        let page = company.owner.get(&company.at("/invitations")).await.expect(200);
        let one = list(&page).iter().find(|one| one["email"] == email && one["status"] == "open").unwrap().clone();
        (one["mail_status"].clone(), one["mail_error"].clone())
    };
    assert_eq!(told(GUEST).await, (json!("queued"), Value::Null));
    company.run("update mail_outbox set status = 'sent' where recipient like 'guest%'").await;
    assert_eq!(told(GUEST).await, (json!("sent"), Value::Null));
    company
        .run(
            "update mail_outbox set bounced_at = now(), error_message = 'Bounced with 5.1.1: No such user'
             where recipient like 'guest%'",
        )
        .await;
    assert_eq!(told(GUEST).await, (json!("bounced"), json!("Bounced with 5.1.1: No such user")));
    assert_eq!(told("other@elsewhere.test").await, (json!("queued"), Value::Null));
    // What was withdrawn unsent has no mail.
    company.run("update invitations set revoked_at = now()").await;
    company.run("delete from mail_outbox where status = 'queued'").await;
    let page = company.owner.get(&company.at("/invitations")).await.expect(200);
    let mails: Vec<&Value> = list(&page).iter().map(|one| &one["mail_status"]).collect();
    assert_eq!(mails, [&Value::Null, &json!("bounced")]);
}

#[tokio::test]
async fn what_is_withdrawn_is_not_sent_any_more() {
    let company = Company::new().await;
    let waiting = async || {
        let mut tx = TenantTx::begin(&company.service.state.pool, company.tenant).await.unwrap();
        sqlx::query_scalar::<_, String>("select recipient from mail_outbox order by created_at")
            .fetch_all(tx.conn())
            .await
            .unwrap()
    };
    invite(&company, viewer("a@elsewhere.test")).await;
    let sent = invite(&company, viewer(GUEST)).await;
    let again = invite(&company, viewer(GUEST)).await;
    assert_ne!(sent.token, again.token);
    assert_eq!(waiting().await, ["a@elsewhere.test", GUEST]);
    assert_eq!(company.owner.delete(&company.at(&format!("/invitations/{}", again.id))).await.status, 204);
    assert_eq!(waiting().await, ["a@elsewhere.test"]);
}

#[tokio::test]
async fn the_page_tells_what_the_link_is_worth_and_changes_nothing() {
    let company = Company::new().await;
    let browser = company.service.browser();
    let sent = invite(&company, viewer(GUEST)).await;
    let path = format!("/auth/invitations/{}", sent.token);
    for _ in 0..2 {
        let page = browser.visit(&path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.header("content-type").starts_with("text/html"));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        for part in ["Test tenant", GUEST, "viewer", &format!("href=\"../login?invitation={}\"", sent.token)] {
            assert!(page.text.contains(part), "{part}: {}", page.text);
        }
    }
    let over = async |words: &str| {
        let page = browser.visit(&path).await;
        assert_eq!(page.status, 410, "{}", page.text);
        assert!(page.text.contains(words) && !page.text.contains("?invitation="), "{}", page.text);
    };
    company.run("update invitations set expires_at = now()").await;
    over("expired on").await;
    company.run("update invitations set revoked_at = now()").await;
    over("withdrawn").await;
    company.run("update invitations set accepted_at = now()").await;
    over("used already").await;
    for odd in ["x", &sent.token[..79], &sent.token.replace("gai_", "gai_0")] {
        let page = browser.visit(&format!("/auth/invitations/{odd}")).await;
        assert_eq!(page.status, 404, "{}", page.text);
    }
    company.run("update tenants set name = '<b>Evil</b>'").await;
    let page = browser.visit(&path).await;
    assert!(!page.text.contains("<b>Evil"), "{}", page.text);
}

#[tokio::test]
async fn the_pages_link_leads_through_the_sign_in_into_the_company() {
    let company = Company::new().await;
    let browser = company.service.browser();
    let sent = invite(&company, viewer(GUEST)).await;
    let page = browser.visit(&sent.link).await;
    let link = page.text.split("class=\"button\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let address = reqwest::Url::parse(&sent.link).unwrap().join(link).unwrap();
    let led = browser.visit(address.as_str()).await;
    assert_eq!(led.status, 303, "{}", led.text);
    let returned = browser.choose(led.header("location"), GUEST).await;
    let welcome = browser.visit(&returned.address).await;
    assert!(welcome.status == 200 && welcome.text.contains("Test tenant"), "{}", welcome.text);
    let members = company.owner.get(&company.at("/members")).await.expect(200);
    assert_eq!(list(&members).last().map(|member| member["email"].clone()), Some(json!(GUEST)));
    assert_eq!(browser.visit(&sent.link).await.status, 410);
}

#[tokio::test]
async fn a_domain_lets_in_who_has_a_confirmed_address_of_it() {
    let company = Company::new().await;
    let put = |domain: &str| company.at(&format!("/domains/{domain}"));
    let domain = company.owner.put(&put("Company.TEST"), &json!({"role": "viewer"})).await.expect(200);
    assert_eq!((&domain["domain"], &domain["created_by"]), (&json!("company.test"), &json!("owner@company.test")));
    let join = async |email: &str, account: AccountId| {
        let actor = Actor { account_id: Some(account), name: email.to_owned(), ip: None };
        auth_service::invitations::join_by_domain(&company.service.state.pool, email, account, &actor).await.unwrap()
    };
    let fresh = account(&company, "fresh@company.test").await;
    let other = account(&company, "fresh@sub.company.test").await;
    assert_eq!(join("fresh@sub.company.test", other).await, []);
    company.run("update tenants set is_active = false").await;
    assert_eq!(join("fresh@company.test", fresh).await, []);
    company.run("update tenants set is_active = true").await;
    assert_eq!(join("fresh@company.test", fresh).await, [company.tenant]);
    assert_eq!(join("fresh@company.test", fresh).await, [], "is one already");
    // Members keep their role.
    company.owner.put(&put("company.test"), &json!({"role": "manager"})).await.expect(200);
    assert_eq!(join("owner@company.test", company.owner_account).await, []);
    assert_eq!(company.viewer.get(&company.at("")).await.expect(200)["role"], "viewer");
    let page = company.manager.get(&company.at("/domains")).await.expect(200);
    assert_eq!((list(&page).len(), &list(&page)[0]["role"]), (1, &json!("manager")));
    assert_eq!(company.owner.delete(&put("company.test")).await.status, 204);
    company.owner.delete(&put("company.test")).await.problem(404);
    assert_eq!(company.actions().await, ["domain.allowed", "member.joined", "domain.allowed", "domain.removed"]);
}

#[tokio::test]
async fn a_domain_must_be_the_owners_own_and_nobodys_in_particular() {
    let company = Company::new().await;
    let put = async |domain: &str, role: &str| {
        company.owner.put(&company.at(&format!("/domains/{domain}")), &json!({"role": role})).await
    };
    put("elsewhere.test", "viewer").await.problem(403);
    put("test", "viewer").await.problem(422);
    assert_eq!(put("company.test", "owner").await.invalid_fields(), ["role"]);
    let (_, freemail) = company.member("somebody@gmail.com", Role::Owner).await;
    let answer = freemail.put(&company.at("/domains/gmail.com"), &json!({"role": "viewer"})).await;
    assert_eq!(answer.invalid_fields(), ["domain"]);
    // The operator may.
    let mut out = Vec::new();
    let allow = auth_service::cli::AllowDomain {
        tenant: company.tenant,
        domain: String::from("Elsewhere.test"),
        role: auth_service::cli::DomainRole::Viewer,
    };
    let command = auth_service::cli::DomainCommand::Allow(allow);
    auth_service::cli::domain(&company.service.state, command, &mut out).await.unwrap();
    let page = company.owner.get(&company.at("/domains")).await.expect(200);
    assert_eq!(list(&page)[0]["domain"], "elsewhere.test");
}
