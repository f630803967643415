//! The figures of a day and the seven before it, by branch, from the database.

use std::collections::HashMap;

use chrono::NaiveDate;
use common::{db::TenantTx, ids::TenantId};
use rust_decimal::Decimal;

/// The report's day and those it is compared with.
pub(super) const DAYS: usize = 8;

/// A branch's figures of one day, as the dashboard defines them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DayFigures {
    pub(crate) revenue: Decimal,
    pub(crate) purchases: i64,
    pub(crate) visitors: i64,
    pub(crate) unique_users: i64,
    pub(crate) abandoned_carts: i64,
    pub(crate) searches: i64,
    pub(crate) failed_searches: i64,
}

/// A branch's days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Week {
    /// Oldest first; the last one is the report's day. `None`: nothing of that day was loaded for the tenant.
    pub(crate) days: [Option<DayFigures>; DAYS],
    /// Known users with more than one visit in the 30 days to the report's day.
    pub(crate) repeat_visits: i64,
}

/// The figures of these branches (`''` = the whole tenant); `None` = the whole tenant and all active branches.
///
/// # Errors
/// The database is away or took too long.
pub(super) async fn figures(
    tx: &mut TenantTx,
    tenant: TenantId,
    date: NaiveDate,
    codes: Option<&[String]>,
) -> Result<HashMap<String, Week>, sqlx::Error> {
    // Sums beyond what a decimal of the program holds are no money of anybody: they are shown as the largest that fits.
    let rows = sqlx::query!(
        r#"select f.location_id as "code!", f.day as "day!", f.has_data as "has_data!",
               least(greatest(round(f.revenue, 6), -1e20), 1e20) as "revenue!", f.purchases as "purchases!",
               f.visitors as "visitors!", f.unique_users as "unique_users!", f.abandoned_carts as "abandoned_carts!",
               f.searches as "searches!", f.failed_searches as "failed_searches!", f.repeat_visits as "repeat_visits!"
           from get_report_figures($1, $2, $3) f"#,
        tenant.uuid(),
        date,
        codes,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut weeks: HashMap<String, Week> = HashMap::new();
    for row in rows {
        let week = weeks.entry(row.code).or_default();
        week.repeat_visits = week.repeat_visits.max(row.repeat_visits);
        let before = usize::try_from((date - row.day).num_days()).unwrap_or(DAYS);
        let place = (DAYS - 1).checked_sub(before).and_then(|place| week.days.get_mut(place));
        if let (Some(day), true) = (place, row.has_data) {
            *day = Some(DayFigures {
                revenue: row.revenue,
                purchases: row.purchases,
                visitors: row.visitors,
                unique_users: row.unique_users,
                abandoned_carts: row.abandoned_carts,
                searches: row.searches,
                failed_searches: row.failed_searches,
            });
        }
    }
    Ok(weeks)
}
