//! A mapping as it is given, and as it is to be stored.

use common::{
    http::{ApiError, FieldError, Given, given},
    ids::TenantId,
};
use garde::Validate;
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use super::rules::{DeliveryKind, branch_code, name, together};
use crate::email::address::recipient;

/// Who gets a branch's report. Of a change, what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingBody {
    /// Of a branch, or `*` = the roll-up over all branches. Needed for a new one.
    #[garde(skip)]
    #[schema(example = "D01", min_length = 1, max_length = 100)]
    branch_code: Option<String>,
    /// null = as the list of locations says.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, max_length = 200)]
    branch_name: Given<String>,
    /// Needed for a new one. Compared, and kept, in lower case.
    #[garde(skip)]
    #[schema(format = "email", max_length = 254)]
    sales_rep_email: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, max_length = 200)]
    sales_rep_name: Given<String>,
    /// true unless given.
    #[garde(skip)]
    is_enabled: Option<bool>,
    /// branch unless given; the roll-up has no other.
    #[garde(skip)]
    #[schema(inline, value_type = Option<DeliveryKind>)]
    // Read here as a text: a word that is none is told beside all other faults.
    delivery: Option<String>,
}

/// As the API document shows the body of a new mapping: with what it needs.
#[derive(Debug)]
pub(crate) struct NewMappingBody;

impl PartialSchema for NewMappingBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = MappingBody::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required = ["branch_code", "sales_rep_email"].map(String::from).to_vec();
        }
        schema
    }
}

impl ToSchema for NewMappingBody {}

/// A mapping without its id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mapping {
    pub(super) branch_code: String,
    pub(super) branch_name: Option<String>,
    pub(super) sales_rep_email: String,
    pub(super) sales_rep_name: Option<String>,
    pub(super) is_enabled: bool,
    pub(super) delivery: DeliveryKind,
}

impl MappingBody {
    /// The mapping with the body over what is stored.
    ///
    /// # Errors
    /// 422 with every field that is wrong.
    pub(super) fn over(self, stored: Option<&Mapping>) -> Result<Mapping, ApiError> {
        let Self { branch_code: code, branch_name, sales_rep_email, sales_rep_name, is_enabled, delivery } = self;
        let mut faults = Vec::new();
        let mut taken = |field: &str, result: Result<String, String>| {
            result.map_err(|fault| faults.push(FieldError::new(field, fault))).unwrap_or_default()
        };
        let missing = || Err(String::from("is missing"));
        let kept = |of: fn(&Mapping) -> &String| stored.map(|stored| of(stored).clone()).map_or_else(missing, Ok);
        let code = taken("branch_code", code.map_or_else(|| kept(|m| &m.branch_code), |code| branch_code(&code)));
        let email = sales_rep_email.map_or_else(|| kept(|m| &m.sales_rep_email), |email| recipient(&email));
        let email = taken("sales_rep_email", email);
        let mut named = |field: &str, given: Given<String>, stored: Option<String>| match given {
            Given::New(text) => {
                name(&text).map_err(|fault| faults.push(FieldError::new(field, fault))).unwrap_or_default()
            }
            other => other.over(stored),
        };
        let branch_name = named("branch_name", branch_name, stored.and_then(|stored| stored.branch_name.clone()));
        let rep = stored.and_then(|stored| stored.sales_rep_name.clone());
        let sales_rep_name = named("sales_rep_name", sales_rep_name, rep);
        let kept = || Ok(stored.map(|stored| stored.delivery).unwrap_or_default());
        let delivery = delivery.map_or_else(kept, |word| DeliveryKind::named(&word));
        let delivery = delivery.and_then(|delivery| together(&code, delivery).map(|()| delivery));
        let delivery = delivery.map_err(|fault| faults.push(FieldError::new("delivery", fault))).unwrap_or_default();
        if !faults.is_empty() {
            return Err(ApiError::Invalid(faults));
        }
        Ok(Mapping {
            branch_code: code,
            branch_name,
            sales_rep_email: email,
            sales_rep_name,
            is_enabled: is_enabled.or(stored.map(|stored| stored.is_enabled)).unwrap_or(true),
            delivery,
        })
    }
}

/// The mapping with this id, held until the transaction ends. In a transaction of the tenant.
///
/// # Errors
/// The database is away.
pub(super) async fn load(
    conn: &mut PgConnection,
    tenant: TenantId,
    mapping_id: Uuid,
) -> Result<Option<Mapping>, sqlx::Error> {
    sqlx::query_as!(
        Mapping,
        r#"select branch_code, branch_name, sales_rep_email, sales_rep_name, is_enabled,
             delivery as "delivery: DeliveryKind"
         from branch_email_mappings
         where tenant_id = $1 and mapping_id = $2
         for update"#,
        tenant.uuid(),
        mapping_id,
    )
    .fetch_optional(conn)
    .await
}

/// 409 where the branch has the address already; told by the constraint's name.
pub(super) fn refused(error: sqlx::Error, mapping: &Mapping) -> ApiError {
    let is_taken = error.as_database_error().and_then(|error| error.constraint()) == Some("branch_email_mappings_key");
    if is_taken {
        let Mapping { branch_code, sales_rep_email, .. } = mapping;
        return ApiError::Conflict(format!("{sales_rep_email} is mapped to the branch {branch_code} already."));
    }
    error.into()
}
