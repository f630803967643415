//! One operation, tried by everybody.

use common::auth::{Role, Scope};
use common::ids::TenantId;
use serde_json::Value;

use super::attackers::Attackers;
use super::operation::Operation;
use crate::http::{Answer, Client};
use crate::tokens::Person;

const KEY: &str = "X-Api-Key";

/// An operation that is about whoever is signed in. Answers how many requests were made.
pub(super) async fn of_person(operation: &Operation, attackers: &Attackers, nobody: &Client) -> usize {
    let mut tries = Tries::new(operation, attackers, nobody);
    tries.without_credentials().await;
    for (scope, key) in &attackers.keys {
        let request = operation.request(nobody, attackers.tenant).header(KEY, key);
        tries.refused(401, &format!("with a key to {}", scope.as_str()), Answer::of(request).await);
    }
    // Somebody new each time: one of these operations ends sessions.
    let person = attackers.stranger().await;
    tries.let_in(
        "as somebody who belongs nowhere",
        &call(operation, &nobody.token(&person.token), attackers.tenant).await,
    );
    tries.made
}

/// An operation of a tenant. Answers how many requests were made.
pub(super) async fn of_member(
    operation: &Operation,
    needs: (Role, Option<Scope>),
    attackers: &Attackers,
    nobody: &Client,
) -> usize {
    let (role, scope) = needs;
    let mut tries = Tries::new(operation, attackers, nobody);
    tries.without_credentials().await;
    tries.tenants().await;
    for (own, person) in &attackers.members {
        let answer = tries.as_member(person, attackers.tenant).await;
        let who = format!("as {}", own.as_str());
        if own.covers(role) {
            tries.let_in(&who, &answer);
        } else {
            tries.refused(403, &who, answer);
        }
    }
    for (own, key) in &attackers.keys {
        let answer = Answer::of(operation.request(nobody, attackers.tenant).header(KEY, key)).await;
        let who = format!("with a key to {}", own.as_str());
        if scope == Some(*own) {
            tries.let_in(&who, &answer);
        } else {
            tries.refused(403, &who, answer);
        }
    }
    tries.keys_of_others().await;
    tries.made
}

async fn call(operation: &Operation, client: &Client, tenant: TenantId) -> Answer {
    operation.call(client, tenant).await
}

struct Tries<'a> {
    operation: &'a Operation,
    attackers: &'a Attackers,
    nobody: &'a Client,
    what: String,
    made: usize,
}

impl<'a> Tries<'a> {
    fn new(operation: &'a Operation, attackers: &'a Attackers, nobody: &'a Client) -> Self {
        let what = format!("{} {}", operation.method, operation.path);
        Self { operation, attackers, nobody, what, made: 0 }
    }

    /// With this status, as a problem.
    #[track_caller]
    fn refused(&mut self, status: u16, how: &str, answer: Answer) -> Value {
        self.made += 1;
        assert_eq!(answer.status, status, "{} {how}: {}", self.what, answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{} {how}", self.what);
        answer.problem(status)
    }

    /// Past the walls: whatever the handler then says of a thing that is not there and of a body that is no good.
    #[track_caller]
    fn let_in(&mut self, how: &str, answer: &Answer) {
        self.made += 1;
        let status = answer.status;
        assert!(![401, 403].contains(&status) && status < 500, "{} {how}: {status} {}", self.what, answer.text());
        if status == 404 {
            let detail = answer.problem(404)["detail"].clone();
            assert!(
                detail.as_str().is_some_and(|detail| !detail.contains("tenant, or you")),
                "{} {how}: {detail}",
                self.what
            );
        }
    }

    /// Nobody, and everybody whose token or key does not hold.
    async fn without_credentials(&mut self) {
        let Self { operation, attackers, nobody, .. } = *self;
        let tenant = attackers.tenant;
        let nobody = nobody.tenant(&tenant.to_string());
        self.refused(401, "as nobody", operation.call(&nobody, tenant).await);
        for (why, token) in &attackers.bad_tokens {
            self.refused(401, &format!("with a token {why}"), operation.call(&nobody.token(token), tenant).await);
        }
        let basic = operation.request(&nobody, tenant).basic_auth("a", Some("b"));
        self.refused(401, "with a password", Answer::of(basic).await);
        for (why, key) in &attackers.bad_keys {
            let request = operation.request(&nobody, tenant).header(KEY, key);
            self.refused(401, &format!("with a key {why}"), Answer::of(request).await);
        }
    }

    /// As this person for the tenant, named the way the operation wants.
    async fn as_member(&self, person: &Person, tenant: TenantId) -> Answer {
        let client = self.nobody.token(&person.token);
        let client = if self.operation.names_tenant() { client } else { client.tenant(&tenant.to_string()) };
        self.operation.call(&client, tenant).await
    }

    /// An owner, for tenants that are none of theirs, and with headers that are no good.
    async fn tenants(&mut self) {
        let Self { operation, attackers, nobody, .. } = *self;
        let owner = &attackers.of_both;
        let client = nobody.token(&owner.token);
        if operation.names_tenant() {
            let second = client.tenant(&attackers.second.to_string());
            let answer = operation.call(&second, attackers.tenant).await;
            self.refused(400, "with another tenant in the header", answer);
            let answer = operation.call(&client.tenant(&attackers.tenant.to_string()), attackers.foreign).await;
            self.refused(400, "for a foreign tenant with their own in the header", answer);
        } else {
            self.refused(400, "without a tenant", operation.call(&client, attackers.tenant).await);
        }
        let odd = operation.call(&client.tenant("not-a-uuid"), attackers.tenant).await;
        self.refused(400, "with an odd tenant", odd);
        let twice = operation.request(&client.tenant(&attackers.tenant.to_string()), attackers.tenant);
        let twice = Answer::of(twice.header("X-Tenant-Id", attackers.second.to_string())).await;
        self.refused(400, "with two tenants in the header", twice);
        let foreign = self.as_member(owner, attackers.foreign).await;
        let missing = self.as_member(owner, TenantId::generate()).await;
        let closed = self.as_member(&attackers.of_closed, attackers.closed).await;
        let foreign = self.refused(404, "for a foreign tenant", foreign);
        let missing = self.refused(404, "for a tenant that is not there", missing);
        let closed = self.refused(404, "for a closed tenant", closed);
        assert_eq!(foreign["detail"], missing["detail"], "{}: a foreign tenant and none must look the same", self.what);
        assert_eq!(closed["detail"], missing["detail"], "{}: a closed tenant and none must look the same", self.what);
    }

    /// Keys of another tenant, and keys beside tokens.
    async fn keys_of_others(&mut self) {
        let Self { operation, attackers, nobody, .. } = *self;
        let tenant = attackers.tenant;
        if operation.names_tenant() {
            let request = operation.request(nobody, tenant).header(KEY, &attackers.foreign_key);
            self.refused(404, "with a foreign tenant's key", Answer::of(request).await);
        } else {
            let named = nobody.tenant(&tenant.to_string());
            let request = operation.request(&named, tenant).header(KEY, &attackers.foreign_key);
            self.refused(400, "with a foreign tenant's key", Answer::of(request).await);
        }
        let owner = nobody.token(&attackers.of_both.token).tenant(&tenant.to_string());
        for (_, key) in &attackers.keys {
            let request = operation.request(&owner, tenant).header(KEY, key);
            self.refused(401, "with a token and a key", Answer::of(request).await);
        }
    }
}
