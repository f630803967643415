//! What of the dashboard is asked for.

use common::http::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::params::{Days, Params};

/// The longest range that is shown in periods below a day, in days.
const LONGEST_BELOW_DAILY: i64 = 31;

/// The length of the chart's periods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Granularity {
    Hourly,
    #[serde(rename = "4hours")]
    FourHours,
    #[serde(rename = "12hours")]
    TwelveHours,
    #[default]
    Daily,
    /// By the tenant's week start.
    Weekly,
    Monthly,
}

impl Granularity {
    const NAMES: [(&str, Self); 6] = [
        ("hourly", Self::Hourly),
        ("4hours", Self::FourHours),
        ("12hours", Self::TwelveHours),
        ("daily", Self::Daily),
        ("weekly", Self::Weekly),
        ("monthly", Self::Monthly),
    ];

    /// As the API and the SQL functions call it.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, granularity)| *granularity == self).map_or("daily", |(name, _)| name)
    }

    fn is_below_daily(self) -> bool {
        matches!(self, Self::Hourly | Self::FourHours | Self::TwelveHours)
    }
}

/// Parameters of the dashboard, as they are documented.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `StatsQuery` reads")]
pub(crate) struct StatsParams {
    /// First day; with `end_date`, or neither: then the 30 days that end at the latest day with data.
    #[param(example = "2026-10-01", format = Date)]
    start_date: Option<String>,
    /// Last day, included; at most ten years after the first, and 31 days where `granularity` is below daily.
    #[param(example = "2026-10-31", format = Date)]
    end_date: Option<String>,
    /// The length of the chart's periods.
    #[param(inline, required = false)]
    granularity: Granularity,
    /// Only these branches; may be given several times.
    #[param(example = json!(["D01"]))]
    location_id: Option<Vec<String>>,
}

/// The parameters, read.
#[derive(Debug)]
pub(super) struct StatsQuery {
    pub(super) days: Option<Days>,
    pub(super) granularity: Granularity,
    /// Empty = all.
    pub(super) locations: Vec<String>,
}

impl StatsQuery {
    /// # Errors
    /// 422 with everything that is wrong.
    pub(super) fn read(mut params: Params) -> Result<Self, ApiError> {
        let days = params.days();
        let granularity = params.choice("granularity", &Granularity::NAMES).unwrap_or_default();
        if granularity.is_below_daily() && days.is_some_and(|days| days.count() > LONGEST_BELOW_DAILY) {
            params.refuse("granularity", format!("below daily, a range has at most {LONGEST_BELOW_DAILY} days"));
        }
        let locations = params.texts("location_id");
        params.finish()?;
        Ok(Self { days, granularity, locations })
    }
}
