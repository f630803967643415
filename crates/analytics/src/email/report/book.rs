//! The reports of one day, gathered and rendered once however many people get them.

use std::sync::Arc;

use chrono::NaiveDate;
use common::{db::TenantTx, ids::TenantId};
use moka::future::Cache;
use rust_decimal::Decimal;
use sqlx::PgPool;
use tokio::sync::OnceCell;

use super::{
    ALL_BRANCHES, Week,
    figures::figures,
    gather::{Gathered, Shop},
    subject::{branch_title, subject},
};
use crate::email::render::{
    Rendered, Renderer, Text,
    mail::{Branch, DigestMail, ReportHead, ReportMail, RollUpMail, Row, long_day},
};

/// Branches kept for digests that share them.
const BRANCHES: u64 = 128;
/// Mails kept, of at most 100 kB each and a text.
const MAILS: u64 = 64;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum BookError {
    #[error("the figures could not be read")]
    Database(#[from] sqlx::Error),
    #[error("the report could not be rendered: {0:#}")]
    Rendering(anyhow::Error),
    /// Of these, for several who asked at once. Its source is theirs.
    #[error(transparent)]
    Shared(Arc<BookError>),
}

/// Reports of one tenant and day. Keeps a bounded number of what it made.
pub(crate) struct ReportBook {
    pool: PgPool,
    renderer: Arc<Renderer>,
    tenant: TenantId,
    date: NaiveDate,
    frontend_url: String,
    shop: OnceCell<Arc<Shop>>,
    branches: Cache<String, Arc<Gathered>>,
    mails: Cache<(Vec<String>, Option<String>), Arc<Rendered>>,
}

impl ReportBook {
    /// `frontend_url` is where "and N more" leads.
    pub(crate) fn new(
        pool: PgPool,
        renderer: Arc<Renderer>,
        tenant: TenantId,
        date: NaiveDate,
        frontend_url: String,
    ) -> Self {
        Self {
            pool,
            renderer,
            tenant,
            date,
            frontend_url,
            shop: OnceCell::new(),
            branches: Cache::new(BRANCHES),
            mails: Cache::new(MAILS),
        }
    }

    /// The mail about these branches: one code = a branch report, several = a digest, `["*"]` = the roll-up. `note` is shown
    /// at its head. Asked again, it is not made again.
    ///
    /// # Errors
    /// The database is away, or a template does not fit its context.
    pub(crate) async fn rendered(&self, codes: &[String], note: Option<&str>) -> anyhow::Result<Arc<Rendered>> {
        Ok(self.mail(codes, note).await?)
    }

    /// As [`Self::rendered`].
    pub(super) async fn mail(&self, codes: &[String], note: Option<&str>) -> Result<Arc<Rendered>, Arc<BookError>> {
        let key = (codes.to_vec(), note.map(str::to_owned));
        self.mails.try_get_with(key, self.make(codes, note)).await
    }

    async fn make(&self, codes: &[String], note: Option<&str>) -> Result<Arc<Rendered>, BookError> {
        let shop = Arc::clone(self.shop.get_or_try_init(|| self.read_shop()).await?);
        if codes.iter().any(|code| code == ALL_BRANCHES) {
            let (week, rows) = self.all(&shop).await?;
            let mail = roll_up(&shop, &week, rows, note);
            return self.render(move |renderer| renderer.roll_up(&mail)).await;
        }
        let mut branches = Vec::with_capacity(codes.len());
        for code in codes {
            branches.push(self.branch(&shop, code).await.map_err(unshared)?);
        }
        match branches.as_slice() {
            [branch] => {
                let mail = report(&shop, branch, note);
                self.render(move |renderer| renderer.report(&mail)).await
            }
            branches => {
                let mail = digest(&shop, branches, note);
                self.render(move |renderer| renderer.digest(&mail)).await
            }
        }
    }

    async fn read_shop(&self) -> Result<Arc<Shop>, BookError> {
        let mut tx = TenantTx::begin(&self.pool, self.tenant).await?;
        Ok(Arc::new(Shop::read(&mut tx, self.tenant, self.date, &self.frontend_url).await?))
    }

    async fn branch(&self, shop: &Shop, code: &str) -> Result<Arc<Gathered>, Arc<BookError>> {
        let gather = async {
            let mut tx = TenantTx::begin(&self.pool, self.tenant).await?;
            Ok(Arc::new(shop.branch(&mut tx, code).await?))
        };
        self.branches.try_get_with(code.to_owned(), gather).await
    }

    /// The tenant's figures, and all active branches' with their names.
    async fn all(&self, shop: &Shop) -> Result<(Week, Vec<(Text, Week)>), BookError> {
        let mut tx = TenantTx::begin(&self.pool, self.tenant).await?;
        let mut weeks = figures(&mut tx, self.tenant, self.date, None).await?;
        let names = sqlx::query!(
            "select location_id, location_name from locations where tenant_id = $1 and is_active",
            shop.tenant.uuid()
        )
        .fetch_all(tx.conn())
        .await?;
        let total = weeks.remove("").unwrap_or_default();
        let branches = names.into_iter().filter_map(|row| {
            let week = weeks.remove(&row.location_id)?;
            Some((branch_title(&row.location_id, Some(&row.location_name)), week))
        });
        Ok((total, branches.collect()))
    }

    /// Rendering computes for milliseconds: not on the threads that everybody waits on, and with no connection in hand.
    async fn render(
        &self,
        make: impl FnOnce(&Renderer) -> anyhow::Result<Rendered> + Send + 'static,
    ) -> Result<Arc<Rendered>, BookError> {
        let renderer = Arc::clone(&self.renderer);
        let made = tokio::task::spawn_blocking(move || make(&renderer)).await;
        made.map_err(anyhow::Error::new).flatten().map(Arc::new).map_err(BookError::Rendering)
    }
}

/// An error that others got too, for somebody who wants their own.
fn unshared(error: Arc<BookError>) -> BookError {
    match Arc::try_unwrap(error) {
        Ok(error) => error,
        Err(shared) => BookError::Shared(shared),
    }
}

fn head(
    shop: &Shop,
    title: Text,
    branches: &[(String, Option<String>)],
    week: &Week,
    note: Option<&str>,
) -> ReportHead {
    let date = shop.comparison.date;
    let codes: Vec<&str> =
        branches.iter().map(|(code, _)| code.as_str()).filter(|code| *code != ALL_BRANCHES).collect();
    ReportHead {
        subject: subject(&shop.name, branches, date),
        tenant: Text::new(&shop.name, 100),
        title,
        day: long_day(date),
        preheader: shop.comparison.preheader(week),
        note: note.map(|note| Text::new(note, 500)).filter(|note| !note.is_empty()),
        basis: shop.comparison.basis(week),
        link: shop.links.dashboard(&codes),
    }
}

fn report(shop: &Shop, gathered: &Gathered, note: Option<&str>) -> ReportMail {
    let Gathered { code, name, title, week, branch } = gathered;
    let head = head(shop, title.clone(), &[(code.clone(), name.clone())], week, note);
    ReportMail { head, branch: branch.clone() }
}

fn digest(shop: &Shop, gathered: &[Arc<Gathered>], note: Option<&str>) -> DigestMail {
    let named: Vec<(String, Option<String>)> = gathered.iter().map(|g| (g.code.clone(), g.name.clone())).collect();
    let title = Text::new(&format!("{} branches", gathered.len()), 40);
    let together = together(gathered.iter().map(|gathered| &gathered.week));
    let head = head(shop, title, &named, &together, note);
    let mut order: Vec<&Arc<Gathered>> = gathered.iter().collect();
    order.sort_by(|a, b| revenue(&b.week).cmp(&revenue(&a.week)).then_with(|| a.code.cmp(&b.code)));
    let branches: Vec<Branch> = order.iter().map(|gathered| gathered.branch.clone()).collect();
    let rows = rows(shop, order.iter().map(|gathered| (gathered.title.clone(), gathered.week.clone())).collect());
    DigestMail { head, rows, more_rows: 0, branches, more_branches: 0 }
}

fn roll_up(shop: &Shop, week: &Week, mut branches: Vec<(Text, Week)>, note: Option<&str>) -> RollUpMail {
    branches.sort_by(|(a, x), (b, y)| revenue(y).cmp(&revenue(x)).then_with(|| a.as_str().cmp(b.as_str())));
    let title = Text::new("All branches", 40);
    let head = head(shop, title.clone(), &[(ALL_BRANCHES.to_owned(), None)], week, note);
    let total = Branch {
        title,
        figures: shop.comparison.figures(week),
        week: shop.comparison.bars(week),
        lists: Vec::new(),
        link: shop.links.dashboard(&[]),
    };
    RollUpMail { head, total, rows: rows(shop, branches), more_rows: 0 }
}

fn rows(shop: &Shop, branches: Vec<(Text, Week)>) -> Vec<Row> {
    let longest = branches.iter().map(|(_, week)| revenue(week)).max().unwrap_or_default();
    branches.into_iter().map(|(title, week)| shop.comparison.row(title, &week, longest)).collect()
}

/// Of the report's day.
fn revenue(week: &Week) -> Decimal {
    week.days.last().copied().flatten().map(|day| day.revenue).unwrap_or_default()
}

/// The sums of several branches; of users they are no sum, and no mail shows them.
fn together<'a>(weeks: impl Iterator<Item = &'a Week>) -> Week {
    let mut sum = Week::default();
    for week in weeks {
        for (total, day) in sum.days.iter_mut().zip(&week.days) {
            let Some(day) = day else { continue };
            let total = total.get_or_insert_default();
            total.revenue += day.revenue;
            total.purchases += day.purchases;
            total.visitors += day.visitors;
            total.abandoned_carts += day.abandoned_carts;
        }
    }
    sum
}
