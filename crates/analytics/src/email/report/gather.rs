//! Gathering: a branch's figures and lists, from the database into what the templates are filled with.

use chrono::NaiveDate;
use chrono_tz::Tz;
use common::{db::TenantTx, ids::TenantId};

use super::{
    Comparison, Links, Week,
    figures::figures,
    lines::{self, Wording},
    subject::branch_title,
};
use crate::{
    email::render::{
        Money, Text,
        mail::{Branch, Line, List, Page},
    },
    params::Days,
    tasks::{Kind, LinePage, Selection, Sort, TaskList, TaskRepository},
};

/// Lines of a list that are fetched: as many as the mail about one branch shows.
const LINES: u32 = 10;

/// The tenant as its mails need it.
#[derive(Debug, Clone)]
pub(super) struct Shop {
    pub(super) tenant: TenantId,
    pub(super) name: String,
    pub(super) comparison: Comparison,
    pub(super) wording: Wording,
    pub(super) links: Links,
}

/// A branch, gathered.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) code: String,
    pub(super) name: Option<String>,
    pub(super) title: Text,
    pub(super) week: Week,
    pub(super) branch: Branch,
}

impl Shop {
    /// # Errors
    /// The database is away.
    pub(super) async fn read(
        tx: &mut TenantTx,
        tenant: TenantId,
        date: NaiveDate,
        frontend_url: &str,
    ) -> Result<Self, sqlx::Error> {
        let row = sqlx::query!("select name, currency, time_zone from tenants where tenant_id = $1", tenant.uuid())
            .fetch_one(tx.conn())
            .await?;
        let money = Money::of(&row.currency);
        Ok(Self {
            tenant,
            name: row.name,
            comparison: Comparison { date, money: money.clone() },
            // A tenant's zone is checked when it is set.
            wording: Wording { money, time_zone: row.time_zone.parse().unwrap_or(Tz::UTC) },
            links: Links::new(frontend_url, date),
        })
    }

    fn date(&self) -> NaiveDate {
        self.comparison.date
    }

    /// A branch with its lists.
    ///
    /// # Errors
    /// The database is away or took too long.
    pub(super) async fn branch(&self, tx: &mut TenantTx, code: &str) -> Result<Gathered, sqlx::Error> {
        let name = self.branch_name(tx, code).await?;
        let mut weeks = figures(tx, self.tenant, self.date(), Some(&[code.to_owned()])).await?;
        let week = weeks.remove(code).unwrap_or_default();
        let lists = self.lists(tx, code).await?;
        let title = branch_title(code, name.as_deref());
        let branch = Branch {
            title: title.clone(),
            figures: self.comparison.figures(&week),
            week: self.comparison.bars(&week),
            lists,
            link: self.links.dashboard(&[code]),
        };
        Ok(Gathered { code: code.to_owned(), name, title, week, branch })
    }

    /// The location's name, else what a mapping calls it.
    async fn branch_name(&self, tx: &mut TenantTx, code: &str) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar!(
            "select coalesce(
                 (select l.location_name from locations l where l.tenant_id = $1 and l.location_id = $2),
                 (select min(m.branch_name) from branch_email_mappings m where m.tenant_id = $1 and m.branch_code = $2))",
            self.tenant.uuid(),
            code,
        )
        .fetch_one(tx.conn())
        .await
    }

    async fn lists(&self, tx: &mut TenantTx, code: &str) -> Result<Vec<List>, sqlx::Error> {
        let selection = || Selection {
            days: Some(Days { first: self.date(), last: self.date() }),
            locations: Some(vec![code.to_owned()]),
            limit: LINES,
            ..Selection::default()
        };
        let by = |name, kind| Sort { field: Some((name, kind)), descending: true };
        let newest = Sort { field: None, descending: true };
        let mut tasks = TaskRepository::new(tx, self.tenant);
        let purchases = tasks.purchases(selection(), by("order_value", Kind::Decimal), None).await?;
        let carts = tasks.abandoned_carts(selection(), by("total_value", Kind::Decimal), None).await?;
        let searches = tasks.searches(selection(), by("search_count", Kind::Whole), None, false).await?;
        let repeats = tasks.repeat_visits(selection(), by("products_viewed", Kind::Whole), None).await?;
        let mut bounces = tasks.bounces(selection(), newest, None).await?;
        let pages = std::mem::take(&mut bounces.frequently_bounced_pages);
        let wording = &self.wording;
        Ok(vec![
            self.list(code, &PURCHASES, purchases, |line| wording.purchase(line)),
            self.list(code, &CARTS, carts, |line| wording.cart(line)),
            self.list(code, &SEARCHES, searches, |line| wording.search(line)),
            self.list(code, &REPEATS, repeats, |line| wording.repeat_visit(line)),
            List {
                pages: pages.iter().map(lines::page).collect::<Vec<Page>>(),
                ..self.list(code, &BOUNCES, bounces, |line| wording.bounce(line))
            },
        ])
    }

    fn list<L>(&self, code: &str, words: &ListWords, page: LinePage<L>, line: impl FnMut(L) -> Line) -> List {
        let ListWords { list, title, empty } = words;
        List {
            title,
            empty,
            total: page.total,
            more: 0,
            lines: page.data.into_iter().map(line).collect(),
            link: self.links.list(*list, code),
            pages: Vec::new(),
        }
    }
}

/// What a list is called.
pub(crate) struct ListWords {
    pub(crate) list: TaskList,
    pub(crate) title: &'static str,
    pub(crate) empty: &'static str,
}

pub(crate) const PURCHASES: ListWords =
    ListWords { list: TaskList::Purchases, title: "Purchases to follow up", empty: "Nobody bought anything this day." };
pub(crate) const CARTS: ListWords =
    ListWords { list: TaskList::CartAbandonment, title: "Carts that were left", empty: "No cart was left this day." };
pub(crate) const SEARCHES: ListWords = ListWords {
    list: TaskList::SearchAnalysis,
    title: "Searches that led to nothing",
    empty: "No searches to follow up this day.",
};
pub(crate) const REPEATS: ListWords = ListWords {
    list: TaskList::RepeatVisits,
    title: "Returning customers",
    empty: "No known customer came more than once this day.",
};
pub(crate) const BOUNCES: ListWords = ListWords {
    list: TaskList::Performance,
    title: "Visits that left at once",
    empty: "No visit left after a single page.",
};
