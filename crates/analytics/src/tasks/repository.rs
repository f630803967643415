//! Lines of the five lists from the database: a page, or one line by its id.

use common::{
    db::TenantTx,
    ids::{AccountId, TenantId},
};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    abandoned_carts::AbandonedCartLine,
    bounces::{BounceLine, BouncedPage},
    cursor::Place,
    purchases::PurchaseLine,
    repeat_visits::RepeatVisitLine,
    searches::SearchLine,
    sort::Sort,
};
use crate::params::Days;

/// The lists, by their names in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TaskList {
    Purchases,
    CartAbandonment,
    SearchAnalysis,
    RepeatVisits,
    Performance,
}

impl TaskList {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Purchases => "purchases",
            Self::CartAbandonment => "cart-abandonment",
            Self::SearchAnalysis => "search-analysis",
            Self::RepeatVisits => "repeat-visits",
            Self::Performance => "performance",
        }
    }
}

/// Which lines, and how many of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// `None` = the whole history.
    pub(crate) days: Option<Days>,
    /// `None` = all branches, lines without one included.
    pub(crate) locations: Option<Vec<String>>,
    pub(crate) text: Option<String>,
    pub(crate) limit: u32,
    pub(crate) offset: i64,
    pub(crate) after: Option<Place>,
}

/// A page of lines.
#[derive(Debug, Deserialize)]
pub(crate) struct LinePage<L> {
    pub(crate) data: Vec<L>,
    /// All lines of the selection.
    pub(crate) total: i64,
    /// The place of the last line, where more follow.
    pub(crate) next: Option<Place>,
    /// Only of the list of bounces.
    #[serde(default)]
    pub(crate) frequently_bounced_pages: Vec<BouncedPage>,
}

/// The lists of one tenant.
pub(crate) struct TaskRepository<'t> {
    tx: &'t mut TenantTx,
    tenant: TenantId,
}

/// Calls one of the five functions, which take the same: a page (`line` is null) or a single line.
macro_rules! call {
    ($self:ident, $sql:literal, $selection:ident, $sort:ident, $line:ident $(, $more:expr)?) => {{
        let Selection { days, locations, text, limit, offset, after } = $selection;
        let after = after.map(Json);
        sqlx::query_scalar!(
            $sql,
            $self.tenant.uuid(),
            days.map(|days| days.first),
            days.map(|days| days.last),
            locations.as_deref(),
            text,
            $sort.field_name(),
            $sort.descending,
            i32::try_from(limit).unwrap_or(i32::MAX),
            offset,
            after as _,
            $line
            $(, $more)?
        )
        .fetch_one($self.tx.conn())
        .await
        .map(|page| page.0)
    }};
}

/// Every method gives a page of `selection`, or of it the one line that is named.
///
/// # Errors
/// The database is away or took too long.
impl<'t> TaskRepository<'t> {
    pub(crate) fn new(tx: &'t mut TenantTx, tenant: TenantId) -> Self {
        Self { tx, tenant }
    }

    pub(crate) async fn purchases(
        &mut self,
        selection: Selection,
        sort: Sort,
        line: Option<Uuid>,
    ) -> Result<LinePage<PurchaseLine>, sqlx::Error> {
        call!(
            self,
            r#"select get_purchase_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               as "page!: Json<LinePage<PurchaseLine>>""#,
            selection,
            sort,
            line
        )
    }

    pub(crate) async fn abandoned_carts(
        &mut self,
        selection: Selection,
        sort: Sort,
        line: Option<Uuid>,
    ) -> Result<LinePage<AbandonedCartLine>, sqlx::Error> {
        call!(
            self,
            r#"select get_cart_abandonment_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               as "page!: Json<LinePage<AbandonedCartLine>>""#,
            selection,
            sort,
            line
        )
    }

    pub(crate) async fn searches(
        &mut self,
        selection: Selection,
        sort: Sort,
        line: Option<Uuid>,
        include_converted: bool,
    ) -> Result<LinePage<SearchLine>, sqlx::Error> {
        call!(
            self,
            r#"select get_search_analysis_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
               as "page!: Json<LinePage<SearchLine>>""#,
            selection,
            sort,
            line,
            include_converted
        )
    }

    pub(crate) async fn repeat_visits(
        &mut self,
        selection: Selection,
        sort: Sort,
        line: Option<Uuid>,
    ) -> Result<LinePage<RepeatVisitLine>, sqlx::Error> {
        call!(
            self,
            r#"select get_repeat_visit_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               as "page!: Json<LinePage<RepeatVisitLine>>""#,
            selection,
            sort,
            line
        )
    }

    pub(crate) async fn bounces(
        &mut self,
        selection: Selection,
        sort: Sort,
        line: Option<Uuid>,
    ) -> Result<LinePage<BounceLine>, sqlx::Error> {
        call!(
            self,
            r#"select get_performance_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               as "page!: Json<LinePage<BounceLine>>""#,
            selection,
            sort,
            line
        )
    }

    /// Marks a line completed by `account`, or open again.
    pub(crate) async fn set_state(
        &mut self,
        list: TaskList,
        line: Uuid,
        completed: bool,
        account: Option<AccountId>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "select set_task_state($1, $2, $3, $4, $5)",
            self.tenant.uuid(),
            list.name(),
            line,
            completed,
            account.map(AccountId::uuid),
        )
        .execute(self.tx.conn())
        .await
        .map(|_| ())
    }
}
