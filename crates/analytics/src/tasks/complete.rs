//! `PUT /analytics/tasks/{list}/{line_id}`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Path},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    abandoned_carts::AbandonedCartLine,
    bounces::BounceLine,
    purchases::PurchaseLine,
    repeat_visits::RepeatVisitLine,
    repository::{LinePage, Selection, TaskList, TaskRepository},
    searches::SearchLine,
    sort::Sort,
};
use crate::scope;

/// What becomes of a line.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CompletionBody {
    /// Done, or open again.
    #[garde(skip)]
    completed: bool,
}

/// The line, as its list shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum TaskLineView {
    Purchase(PurchaseLine),
    AbandonedCart(AbandonedCartLine),
    Search(SearchLine),
    RepeatVisit(RepeatVisitLine),
    Bounce(BounceLine),
}

/// Complete a line
///
/// Marks a line of a list completed, or open again, and answers it with who did so and when. It stays when the line's
/// data are loaded again.
#[utoipa::path(put, path = "/analytics/tasks/{list}/{line_id}", tag = "tasks",
    params(
        ("list" = inline(TaskList), Path, description = "The list's name"),
        ("line_id" = Uuid, Path, description = "The line")),
    request_body = CompletionBody, responses((status = 200, body = TaskLineView)))]
pub(crate) async fn complete_task(
    State(app): State<AppState>,
    context: TenantContext,
    Path((list, line)): Path<(TaskList, Uuid)>,
    Json(CompletionBody { completed }): Json<CompletionBody>,
) -> Result<Json<TaskLineView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let mut tasks = TaskRepository::new(&mut tx, context.tenant_id);
    tasks.set_state(list, line, completed, context.actor.account_id).await?;
    // The line is read last, so that it shows its new state; where there is none, nothing is committed.
    let view = find(&mut tasks, &context, list, line)
        .await?
        .ok_or_else(|| ApiError::NotFound(String::from("The list has no such line.")))?;
    tx.commit().await?;
    Ok(Json(view))
}

/// The line in the whole history, as far as the caller may see it.
async fn find(
    tasks: &mut TaskRepository<'_>,
    context: &TenantContext,
    list: TaskList,
    line: Uuid,
) -> Result<Option<TaskLineView>, sqlx::Error> {
    let selection = Selection { locations: scope::selected(context, Vec::new()), limit: 1, ..Selection::default() };
    let sort = Sort { field: None, descending: true };
    let line = Some(line);
    Ok(match list {
        TaskList::Purchases => first(tasks.purchases(selection, sort, line).await?).map(TaskLineView::Purchase),
        TaskList::CartAbandonment => {
            first(tasks.abandoned_carts(selection, sort, line).await?).map(TaskLineView::AbandonedCart)
        }
        TaskList::SearchAnalysis => first(tasks.searches(selection, sort, line, true).await?).map(TaskLineView::Search),
        TaskList::RepeatVisits => {
            first(tasks.repeat_visits(selection, sort, line).await?).map(TaskLineView::RepeatVisit)
        }
        TaskList::Performance => first(tasks.bounces(selection, sort, line).await?).map(TaskLineView::Bounce),
    })
}

fn first<L>(page: LinePage<L>) -> Option<L> {
    page.data.into_iter().next()
}
