//! The parameter that both histories have.

use crate::params::Params;

const USUAL_LIMIT: u32 = 1_000;
const MAX_LIMIT: u32 = 10_000;

/// How many entries are asked for.
pub(super) fn limit(params: &mut Params) -> i32 {
    let limit = params.whole("limit", 1..=MAX_LIMIT).unwrap_or(USUAL_LIMIT);
    i32::try_from(limit).unwrap_or(i32::MAX)
}
