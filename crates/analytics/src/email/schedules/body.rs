//! What a body says of a schedule, held against the rules: every fault at once, or the schedule as it is to be.

use std::collections::BTreeSet;

use common::{
    auth::TenantContext,
    http::{ApiError, FieldError, Given, given},
    ids::{ScheduleId, TenantId},
    schedule::Schedule,
    tenants::time_zone_rule,
};
use garde::Validate;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    is_in_scope,
    stored::{StoredSchedule, WithoutData},
};

const LONGEST_NAME: usize = 100;
const LONGEST_CRON: usize = 200;
const MOST_BRANCHES: usize = 1000;

/// When which reports go out. What a change leaves out stays as it is; a new schedule needs its `cron`.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct ScheduleBody {
    /// Shown in lists and in the audit log; null = none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Morning reports")]
    pub(super) name: Given<String>,
    /// Five fields (minute, hour, day of the month, month, day of the week), at most every five minutes. A time that daylight
    /// saving skips runs right after, one that it repeats runs once.
    #[schema(min_length = 9, max_length = 200, example = "30 6 * * mon-fri")]
    pub(super) cron: Option<String>,
    /// IANA name; null = the tenant's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "America/New_York")]
    pub(super) time_zone: Given<String>,
    /// Each a location or mapped; null = every branch that is mapped when it runs. Who is limited to branches has to name some
    /// of theirs.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 1000)]
    pub(super) branch_codes: Given<Vec<String>>,
    /// How many days before the run its report day is: 1 = yesterday.
    #[schema(minimum = 0, maximum = 31, default = 1)]
    pub(super) report_day: Option<i32>,
    /// How long the day's data are waited for.
    #[schema(minimum = 0, maximum = 1440, default = 240)]
    pub(super) wait_minutes: Option<i32>,
    /// And what then.
    #[schema(default = "skip")]
    pub(super) without_data: Option<WithoutData>,
    /// A run that is noticed later than this is skipped.
    #[schema(minimum = 5, maximum = 1440, default = 120)]
    pub(super) window_minutes: Option<i32>,
    /// true unless given.
    pub(super) is_enabled: Option<bool>,
    /// Not to be changed, and not looked at: what is shown can be sent back.
    #[serde(default, rename = "id")]
    #[schema(value_type = Value)]
    _id: IgnoredAny,
    /// Not to be changed, and not looked at: what is shown can be sent back.
    #[serde(default, rename = "next_run_at")]
    #[schema(value_type = Value)]
    _next_run_at: IgnoredAny,
    /// Not to be changed, and not looked at: what is shown can be sent back.
    #[serde(default, rename = "last_run")]
    #[schema(value_type = Value)]
    _last_run: IgnoredAny,
    /// Not to be changed, and not looked at: what is shown can be sent back.
    #[serde(default, rename = "created_at")]
    #[schema(value_type = Value)]
    _created_at: IgnoredAny,
    /// Not to be changed, and not looked at: what is shown can be sent back.
    #[serde(default, rename = "updated_at")]
    #[schema(value_type = Value)]
    _updated_at: IgnoredAny,
}

/// As the API document shows the body of a new schedule: with what it needs.
#[derive(Debug)]
pub(super) struct NewScheduleBody;

impl PartialSchema for NewScheduleBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = ScheduleBody::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required = ["cron"].map(String::from).to_vec();
        }
        schema
    }
}

impl ToSchema for NewScheduleBody {}

impl StoredSchedule {
    /// One without anything that a body has to say.
    pub(super) fn blank() -> Self {
        Self {
            schedule_id: ScheduleId::generate(),
            name: None,
            cron: String::new(),
            time_zone: None,
            branch_codes: None,
            is_enabled: true,
            days_back: 1,
            wait_minutes: 240,
            without_data: WithoutData::Skip,
            window_minutes: 120,
            next_run_at: None,
        }
    }
}

/// The schedule with the body's fields in it; its next time is not set yet.
///
/// # Errors
/// 422 with every field that is wrong, 403 where not all of its branches are the caller's.
pub(super) async fn checked(
    conn: &mut PgConnection,
    context: &TenantContext,
    stored: &StoredSchedule,
    body: ScheduleBody,
) -> Result<StoredSchedule, ApiError> {
    let ScheduleBody {
        name,
        cron,
        time_zone,
        branch_codes,
        report_day,
        wait_minutes,
        without_data,
        window_minutes,
        is_enabled,
        ..
    } = body;
    let mut faults = Vec::new();
    let mut refuse = |field: &str, message: String| faults.push(FieldError::new(field, message));
    let mut next = stored.clone();
    next.name = name.over(next.name).map(|name| name.trim().to_owned());
    if next.name.as_ref().is_some_and(|name| !is_printable(name, LONGEST_NAME)) {
        refuse("name", format!("must have 1 to {LONGEST_NAME} printable characters; null for none"));
    }
    match cron {
        None if next.cron.is_empty() => refuse("cron", String::from("is missing")),
        None => {}
        Some(cron) if cron.len() > LONGEST_CRON => refuse("cron", format!("is longer than {LONGEST_CRON} characters")),
        Some(cron) => match Schedule::parse(&cron) {
            Ok(schedule) => schedule.as_str().clone_into(&mut next.cron),
            Err(fault) => refuse("cron", fault),
        },
    }
    next.time_zone = time_zone.over(next.time_zone);
    if let Some(zone) = &next.time_zone
        && let Err(fault) = time_zone_rule(zone, &())
    {
        refuse("time_zone", fault.message().to_owned());
    }
    for (field, value, to, range) in [
        ("report_day", report_day, &mut next.days_back, 0..=31),
        ("wait_minutes", wait_minutes, &mut next.wait_minutes, 0..=1440),
        ("window_minutes", window_minutes, &mut next.window_minutes, 5..=1440),
    ] {
        let Some(value) = value else { continue };
        if range.contains(&value) {
            *to = value;
        } else {
            refuse(field, format!("must be a whole number from {} to {}", range.start(), range.end()));
        }
    }
    next.without_data = without_data.unwrap_or(next.without_data);
    next.is_enabled = is_enabled.unwrap_or(next.is_enabled);
    let is_new = branch_codes.new_value().is_some();
    next.branch_codes =
        branch_codes.over(next.branch_codes).map(|codes| codes.iter().map(|c| c.trim().to_owned()).collect());
    if is_new && let Some(codes) = &next.branch_codes {
        faults.extend(branch_faults(conn, context.tenant_id, codes).await?);
    }
    if !faults.is_empty() {
        return Err(ApiError::Invalid(faults));
    }
    if is_new {
        // Each once, in order.
        let codes = next.branch_codes.take().map(|codes| codes.into_iter().collect::<BTreeSet<_>>());
        next.branch_codes = codes.map(|codes| codes.into_iter().collect());
    }
    require_own(context, &next)?;
    Ok(next)
}

fn require_own(context: &TenantContext, schedule: &StoredSchedule) -> Result<(), ApiError> {
    if is_in_scope(context, schedule.branch_codes.as_deref()) {
        return Ok(());
    }
    let own = context.branches.as_deref().unwrap_or_default().join(", ");
    Err(ApiError::Forbidden(format!(
        "You see the branches {own}; `branch_codes` has to name some of these, and no others."
    )))
}

/// A code that is neither a location nor mapped is one that was mistyped.
async fn branch_faults(
    conn: &mut PgConnection,
    tenant: TenantId,
    codes: &[String],
) -> Result<Vec<FieldError>, sqlx::Error> {
    if codes.is_empty() || codes.len() > MOST_BRANCHES {
        let words = format!("must name 1 to {MOST_BRANCHES} branches; null for every mapped one");
        return Ok(vec![FieldError::new("branch_codes", words)]);
    }
    // The database takes no NUL.
    let asked: Vec<String> = codes.iter().filter(|code| !code.contains('\0')).cloned().collect();
    let known = sqlx::query_scalar!(
        r#"select code as "code!" from unnest($2::text[]) as code
         where exists (select from locations where tenant_id = $1 and location_id = code)
             or exists (select from branch_email_mappings where tenant_id = $1 and branch_code = code)"#,
        tenant.0,
        &asked,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .collect::<BTreeSet<_>>();
    let unknown = codes.iter().enumerate().filter(|(_, code)| !known.contains(*code));
    Ok(unknown
        .map(|(n, code)| {
            let words = format!("`{}` is neither a location nor mapped", code.escape_debug());
            FieldError::new(format!("branch_codes[{n}]"), words)
        })
        .collect())
}

fn is_printable(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// The times of a schedule differ by what of it changed: only then a run that is due is given up for the next one.
pub(super) fn is_retimed(stored: &StoredSchedule, next: &StoredSchedule) -> bool {
    (&stored.cron, &stored.time_zone, stored.is_enabled) != (&next.cron, &next.time_zone, next.is_enabled)
}
