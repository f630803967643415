//! Who may call what: every route of the three services, in one table. The extractors hold callers to it, the OpenAPI
//! documents show it, and tests refuse a route that is missing here.

use std::{collections::HashMap, sync::LazyLock};

use axum::http::Method;

use super::{Role, Scope};

/// What a route demands of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the route is open, or judges by itself what it is shown (a code, a signed link, a key in the query).
    Nothing,
    /// Somebody who is signed in; it is about themselves.
    Person,
    /// A member of the tenant with at least this role, or a machine with a key of this scope, where one will do.
    Member(Role, Option<Scope>),
}

/// A route and what it demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    pub method: &'static str,
    /// As the router and the OpenAPI document write it.
    pub path: &'static str,
    pub needs: Needs,
}

const fn open(method: &'static str, path: &'static str) -> Permission {
    Permission { method, path, needs: Needs::Nothing }
}

const fn person(method: &'static str, path: &'static str) -> Permission {
    Permission { method, path, needs: Needs::Person }
}

const fn member(method: &'static str, path: &'static str, role: Role) -> Permission {
    Permission { method, path, needs: Needs::Member(role, None) }
}

const fn machine(method: &'static str, path: &'static str, role: Role, scope: Scope) -> Permission {
    Permission { method, path, needs: Needs::Member(role, Some(scope)) }
}

use Role::{Manager, Owner, Viewer};
use Scope::{Ingest, Read, Send};

/// All of them, service by service. `/`, health and documentation are open in each.
pub const PERMISSIONS: &[Permission] = &[
    open("GET", "/"),
    open("GET", "/health"),
    open("GET", "/health/live"),
    open("GET", "/health/ready"),
    // --- auth
    open("GET", "/auth/login"),
    open("POST", "/auth/callback"),
    open("POST", "/auth/refresh"),
    open("GET", "/auth/.well-known/jwks.json"),
    open("GET", "/auth/invitations/{token}"),
    // Judges its token by itself, because it may be in the body.
    open("POST", "/auth/logout"),
    person("GET", "/auth/me"),
    person("PATCH", "/auth/me"),
    person("GET", "/auth/sessions"),
    person("DELETE", "/auth/sessions"),
    person("DELETE", "/auth/sessions/{session_id}"),
    person("GET", "/auth/tenants"),
    person("POST", "/auth/tenants"),
    member("GET", "/auth/tenants/{tenant_id}", Viewer),
    member("PATCH", "/auth/tenants/{tenant_id}", Owner),
    member("GET", "/auth/tenants/{tenant_id}/members", Manager),
    member("POST", "/auth/tenants/{tenant_id}/members", Owner),
    member("PATCH", "/auth/tenants/{tenant_id}/members/{account_id}", Owner),
    member("DELETE", "/auth/tenants/{tenant_id}/members/{account_id}", Owner),
    member("GET", "/auth/tenants/{tenant_id}/invitations", Manager),
    member("POST", "/auth/tenants/{tenant_id}/invitations", Manager),
    member("DELETE", "/auth/tenants/{tenant_id}/invitations/{invitation_id}", Manager),
    member("GET", "/auth/tenants/{tenant_id}/domains", Manager),
    member("PUT", "/auth/tenants/{tenant_id}/domains/{domain}", Owner),
    member("DELETE", "/auth/tenants/{tenant_id}/domains/{domain}", Owner),
    member("GET", "/auth/tenants/{tenant_id}/api-keys", Manager),
    member("POST", "/auth/tenants/{tenant_id}/api-keys", Owner),
    member("DELETE", "/auth/tenants/{tenant_id}/api-keys/{api_key_id}", Owner),
    member("GET", "/auth/tenants/{tenant_id}/audit", Owner),
    member("GET", "/auth/tenants/{tenant_id}/audit/export", Owner),
    // --- data
    machine("POST", "/data/ingest/start", Manager, Ingest),
    machine("POST", "/data/ingest/upload", Manager, Ingest),
    machine("GET", "/data/ingest/jobs", Viewer, Read),
    machine("GET", "/data/ingest/jobs/{job_id}", Viewer, Read),
    member("POST", "/data/ingest/jobs/{job_id}/cancel", Manager),
    member("POST", "/data/ingest/jobs/{job_id}/retry", Manager),
    machine("GET", "/data/ingest/jobs/{job_id}/stream", Viewer, Read),
    member("GET", "/data/ingest/rejected", Viewer),
    member("GET", "/data/ingest/rejected/download", Viewer),
    member("POST", "/data/ingest/rejected/redrive", Manager),
    machine("GET", "/data/availability", Viewer, Read),
    member("GET", "/data/source", Viewer),
    member("PUT", "/data/source", Manager),
    member("POST", "/data/source/test", Manager),
    machine("POST", "/data/events", Manager, Ingest),
    // Its key is in the query.
    open("POST", "/data/collect"),
    machine("GET", "/data/users", Viewer, Read),
    machine("GET", "/data/users/{user_id}", Viewer, Read),
    machine("POST", "/data/users/import", Manager, Ingest),
    machine("POST", "/data/locations/import", Manager, Ingest),
    // --- analytics
    machine("GET", "/analytics/locations", Viewer, Read),
    machine("GET", "/analytics/stats", Viewer, Read),
    machine("GET", "/analytics/tasks/purchases", Viewer, Read),
    machine("GET", "/analytics/tasks/cart-abandonment", Viewer, Read),
    machine("GET", "/analytics/tasks/search-analysis", Viewer, Read),
    machine("GET", "/analytics/tasks/repeat-visits", Viewer, Read),
    machine("GET", "/analytics/tasks/performance", Viewer, Read),
    member("PUT", "/analytics/tasks/{list}/{line_id}", Viewer),
    machine("GET", "/analytics/history/user", Viewer, Read),
    machine("GET", "/analytics/history/session", Viewer, Read),
    member("GET", "/analytics/email/config", Manager),
    member("PUT", "/analytics/email/config", Manager),
    member("POST", "/analytics/email/config", Manager),
    member("DELETE", "/analytics/email/config", Manager),
    member("POST", "/analytics/email/config/test", Manager),
    machine("GET", "/analytics/email/mappings", Viewer, Read),
    member("POST", "/analytics/email/mappings", Manager),
    member("PUT", "/analytics/email/mappings/{mapping_id}", Manager),
    member("DELETE", "/analytics/email/mappings/{mapping_id}", Manager),
    member("POST", "/analytics/email/mappings/import", Manager),
    machine("GET", "/analytics/email/coverage", Viewer, Read),
    machine("GET", "/analytics/email/suppressions", Viewer, Read),
    member("POST", "/analytics/email/suppressions", Manager),
    member("DELETE", "/analytics/email/suppressions/{email}", Manager),
    machine("POST", "/analytics/email/send-reports", Manager, Send),
    machine("GET", "/analytics/email/jobs", Viewer, Read),
    machine("GET", "/analytics/email/jobs/{job_id}", Viewer, Read),
    machine("POST", "/analytics/email/jobs/{job_id}/cancel", Manager, Send),
    machine("POST", "/analytics/email/jobs/{job_id}/pause", Manager, Send),
    machine("POST", "/analytics/email/jobs/{job_id}/resume", Manager, Send),
    machine("GET", "/analytics/email/history", Viewer, Read),
    machine("POST", "/analytics/email/history/{mail_id}/resend", Manager, Send),
    machine("GET", "/analytics/email/preview", Viewer, Read),
    member("GET", "/analytics/email/schedules", Viewer),
    member("POST", "/analytics/email/schedules", Manager),
    member("GET", "/analytics/email/schedules/{schedule_id}", Viewer),
    member("PUT", "/analytics/email/schedules/{schedule_id}", Manager),
    member("DELETE", "/analytics/email/schedules/{schedule_id}", Manager),
    member("GET", "/analytics/email/schedules/runs", Viewer),
    machine("POST", "/analytics/email/bounces", Manager, Send),
    // Their link is sealed, and is all that is needed to want no more mail.
    open("GET", "/analytics/email/unsubscribe/{token}"),
    open("POST", "/analytics/email/unsubscribe/{token}"),
];

static BY_ROUTE: LazyLock<HashMap<(&str, &str), Needs>> = LazyLock::new(|| {
    PERMISSIONS.iter().map(|permission| ((permission.path, permission.method), permission.needs)).collect()
});

/// What the route demands; `None` = it is not in the table.
#[must_use]
pub fn needs(method: &Method, path: &str) -> Option<Needs> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    BY_ROUTE.get(&(path, method)).copied()
}
