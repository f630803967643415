//! The OpenAPI document: what every operation has in common is put in here, so that no handler has to repeat it.

use axum::http::{Method, StatusCode};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, License, OpenApi, Ref, RefOr, Required, ResponseBuilder,
    SecurityRequirement, ServerBuilder,
    path::{Operation, ParameterIn},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::{Needs, needs};

use super::{
    app::ServiceMeta,
    error::FieldError,
    problem::{PROBLEM_JSON, Problem},
};

/// Paths that name their tenant themselves.
const TENANT_IN_PATH: &str = "/auth/tenants/{tenant_id}";

/// Problems that any operation can answer with.
const EVERYWHERE: &[(&str, &str)] = &[
    ("400", "Malformed request"),
    ("422", "Well-formed, but not valid; `errors` names every field"),
    ("500", "Something went wrong on our side"),
    ("503", "The database is away or did not answer in time"),
];
/// Those of operations that need a token.
const GUARDED: &[(&str, &str)] = &[
    ("401", "No token, or none that holds"),
    ("403", "The caller's role may not do this"),
    ("404", "No such thing, or a tenant the caller is no member of"),
    ("429", "Too many requests; `Retry-After` says how long to wait"),
];

/// Those of operations with a body.
const WITH_BODY: &[(&str, &str)] =
    &[("413", "The body is larger than this address takes"), ("415", "This address does not take this content type")];

/// Completes a service's document: title, security, problems on every operation.
pub(super) fn finish(meta: ServiceMeta, mut openapi: OpenApi) -> OpenApi {
    openapi.info = InfoBuilder::new()
        .title(meta.title)
        .version(meta.version)
        .description(Some(meta.description))
        .license(Some(License::new("Apache-2.0")))
        .build();
    openapi.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let components = openapi.components.get_or_insert_with(Components::new);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let tenant = ApiKeyValue::with_description("X-Tenant-Id", "The tenant the request is about (a UUID)");
    components.add_security_scheme("tenant", SecurityScheme::ApiKey(ApiKey::Header(tenant)));
    let machine = ApiKeyValue::with_description("X-Api-Key", "A machine's key; it names its tenant itself");
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(machine)));
    let no_scopes: [&str; 0] = [];
    openapi.security = Some(vec![SecurityRequirement::new("bearer", no_scopes).add("tenant", no_scopes)]);
    for (path, item) in &mut openapi.paths.paths {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::PUT, &mut item.put),
            (Method::POST, &mut item.post),
            (Method::DELETE, &mut item.delete),
            (Method::PATCH, &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                show_permission(operation, needs(&method, path), path.starts_with(TENANT_IN_PATH));
                allow_empty(operation);
                complete(operation);
            }
        }
    }
    openapi
}

/// What the table of permissions demands, as security requirements and in words of our own.
fn show_permission(operation: &mut Operation, needs: Option<Needs>, tenant_in_path: bool) {
    let no_scopes: [&str; 0] = [];
    let bearer = || SecurityRequirement::new("bearer", no_scopes);
    let member = || if tenant_in_path { bearer() } else { bearer().add("tenant", no_scopes) };
    let mut extensions = operation.extensions.take().unwrap_or_default();
    operation.security = match needs {
        Some(Needs::Nothing) => Some(vec![SecurityRequirement::default()]),
        Some(Needs::Person) => Some(vec![bearer()]),
        Some(Needs::Member(role, scope)) => {
            extensions.insert("x-required-role".into(), role.as_str().into());
            let mut ways = vec![member()];
            if let Some(scope) = scope {
                extensions.insert("x-required-scope".into(), scope.as_str().into());
                ways.push(SecurityRequirement::new("api_key", no_scopes));
            }
            Some(ways)
        }
        // No caller gets past the extractors either; a test finds the route.
        None => None,
    };
    if !extensions.is_empty() {
        operation.extensions = Some(extensions);
    }
}

/// An emptied form field sends `start_date=`: wherever a parameter may be left out, an empty one counts as left out.
fn allow_empty(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && matches!(parameter.parameter_in, ParameterIn::Query)
            && !matches!(parameter.required, Required::True)
        {
            parameter.extensions.get_or_insert_default().insert("allowEmptyValue".into(), true.into());
        }
    }
}

fn complete(operation: &mut Operation) {
    add_problems(operation);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            // OpenAPI demands a description; a success mostly has nothing to add to its schema.
            let reason = status.parse().ok().and_then(|status: StatusCode| status.canonical_reason());
            response.description = reason.unwrap_or("Answer").to_owned();
        }
    }
}

fn add_problems(operation: &mut Operation) {
    let is_health = operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "health"));
    if is_health {
        return;
    }
    // `security(())` on an operation is one empty requirement.
    let open = operation
        .security
        .as_ref()
        .is_some_and(|needs| needs.iter().all(|need| *need == SecurityRequirement::default()));
    let guarded = if open { &[] } else { GUARDED };
    let with_body = if operation.request_body.is_some() { WITH_BODY } else { &[] };
    for (status, description) in EVERYWHERE.iter().chain(guarded).chain(with_body) {
        operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| {
            let content =
                ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name(Problem::name())))).build();
            RefOr::T(ResponseBuilder::new().description(*description).content(PROBLEM_JSON, content).build())
        });
    }
}
