//! Lines of a file against the mappings that are stored: what differs, and writing it in one go.

use std::collections::HashMap;

use common::ids::TenantId;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{body::Mapping, change, rules::DeliveryKind, sheet::Line};

/// What a mapping would be, or is, after an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ChangeKind {
    Added,
    Changed,
    Disabled,
}

/// A mapping that an import changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ChangeView {
    change: ChangeKind,
    /// Of the file; null for what is not in it.
    line: Option<u64>,
    branch_code: String,
    sales_rep_email: String,
    /// Of one that is changed: what.
    fields: Vec<FieldChangeView>,
}

/// A field with both values.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct FieldChangeView {
    field: &'static str,
    from: Value,
    to: Value,
}

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: usize,
    pub(super) changed: usize,
    pub(super) unchanged: usize,
    /// Mappings to switch off.
    pub(super) disabled: Vec<Uuid>,
    pub(super) changes: Vec<ChangeView>,
    /// As they are to be.
    next: Vec<(Uuid, Mapping)>,
}

/// Compares; with `switch_off`, mappings of the caller's branches (none = of all) that no line names are to be switched off.
/// What is stored is held until the transaction ends.
///
/// # Errors
/// The database is away.
pub(super) async fn compare(
    conn: &mut PgConnection,
    tenant: TenantId,
    lines: Vec<Line>,
    branches: Option<&[String]>,
    switch_off: bool,
) -> Result<Comparison, sqlx::Error> {
    let mut stored = stored(conn, tenant, branches).await?;
    let mut comparison = Comparison::default();
    for line in lines {
        let number = line.number;
        let key = (line.branch_code.clone(), line.sales_rep_email.clone());
        let known = stored.remove(&key);
        let next = merged(line, known.as_ref().map(|(_, mapping)| mapping));
        match known {
            None => comparison.add(number, next),
            Some((id, before)) => comparison.change(number, id, &before, next),
        }
    }
    // Two imports at once write the same new mappings in the same order, so that neither waits for the other in turn.
    comparison
        .next
        .sort_by(|(_, a), (_, b)| (&a.branch_code, &a.sales_rep_email).cmp(&(&b.branch_code, &b.sales_rep_email)));
    if switch_off {
        let mut rest: Vec<(Uuid, Mapping)> = stored.into_values().filter(|(_, mapping)| mapping.is_enabled).collect();
        rest.sort_by(|(_, a), (_, b)| (&a.branch_code, &a.sales_rep_email).cmp(&(&b.branch_code, &b.sales_rep_email)));
        for (id, Mapping { branch_code, sales_rep_email, .. }) in rest {
            comparison.disabled.push(id);
            let change = ChangeKind::Disabled;
            let view = ChangeView { change, line: None, branch_code, sales_rep_email, fields: Vec::new() };
            comparison.changes.push(view);
        }
    }
    Ok(comparison)
}

impl Comparison {
    fn add(&mut self, line: u64, next: Mapping) {
        self.added += 1;
        self.changes.push(ChangeView {
            change: ChangeKind::Added,
            line: Some(line),
            branch_code: next.branch_code.clone(),
            sales_rep_email: next.sales_rep_email.clone(),
            fields: Vec::new(),
        });
        self.next.push((Uuid::now_v7(), next));
    }

    fn change(&mut self, line: u64, id: Uuid, before: &Mapping, next: Mapping) {
        let fields = change::changed(before, &next);
        if fields.is_empty() {
            self.unchanged += 1;
            return;
        }
        self.changed += 1;
        self.changes.push(ChangeView {
            change: ChangeKind::Changed,
            line: Some(line),
            branch_code: next.branch_code.clone(),
            sales_rep_email: next.sales_rep_email.clone(),
            fields: fields.into_iter().map(|(field, from, to)| FieldChangeView { field, from, to }).collect(),
        });
        self.next.push((id, next));
    }
}

/// The mapping that a line makes of what is stored.
fn merged(line: Line, stored: Option<&Mapping>) -> Mapping {
    let Line { number: _, branch_code, sales_rep_email, sales_rep_name, branch_name, is_enabled, delivery } = line;
    Mapping {
        branch_code,
        branch_name: branch_name.unwrap_or_else(|| stored.and_then(|stored| stored.branch_name.clone())),
        sales_rep_email,
        sales_rep_name: sales_rep_name.unwrap_or_else(|| stored.and_then(|stored| stored.sales_rep_name.clone())),
        is_enabled: is_enabled.or(stored.map(|stored| stored.is_enabled)).unwrap_or(true),
        delivery: delivery.or(stored.map(|stored| stored.delivery)).unwrap_or_default(),
    }
}

/// Mappings by branch and address.
async fn stored(
    conn: &mut PgConnection,
    tenant: TenantId,
    branches: Option<&[String]>,
) -> Result<HashMap<(String, String), (Uuid, Mapping)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select mapping_id, branch_code, branch_name, sales_rep_email, sales_rep_name, is_enabled,
             delivery as "delivery: DeliveryKind"
         from branch_email_mappings
         where tenant_id = $1 and ($2::text[] is null or branch_code = any($2))
         order by mapping_id
         for update"#,
        tenant.uuid(),
        branches,
    )
    .fetch_all(conn)
    .await?;
    let of = rows.into_iter().map(|row| {
        let mapping = Mapping {
            branch_code: row.branch_code,
            branch_name: row.branch_name,
            sales_rep_email: row.sales_rep_email,
            sales_rep_name: row.sales_rep_name,
            is_enabled: row.is_enabled,
            delivery: row.delivery,
        };
        ((mapping.branch_code.clone(), mapping.sales_rep_email.clone()), (row.mapping_id, mapping))
    });
    Ok(of.collect())
}

/// Writes what differs. A mapping that somebody else made in between is changed to what the file says.
///
/// # Errors
/// The database is away.
pub(super) async fn write(
    conn: &mut PgConnection,
    tenant: TenantId,
    comparison: &Comparison,
) -> Result<(), sqlx::Error> {
    let Comparison { next, disabled, .. } = comparison;
    let column = |of: fn(&Mapping) -> &String| next.iter().map(|(_, m)| of(m).clone()).collect::<Vec<_>>();
    let names = |of: fn(&Mapping) -> &Option<String>| next.iter().map(|(_, m)| of(m).clone()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into branch_email_mappings (tenant_id, mapping_id, branch_code, branch_name, sales_rep_email,
             sales_rep_name, is_enabled, delivery)
         select $1, n.*
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[]) as n
         on conflict on constraint branch_email_mappings_key do update set
             branch_name = excluded.branch_name, sales_rep_name = excluded.sales_rep_name,
             is_enabled = excluded.is_enabled, delivery = excluded.delivery, updated_at = now()",
        tenant.uuid(),
        &next.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        &column(|mapping| &mapping.branch_code),
        &names(|mapping| &mapping.branch_name) as &[Option<String>],
        &column(|mapping| &mapping.sales_rep_email),
        &names(|mapping| &mapping.sales_rep_name) as &[Option<String>],
        &next.iter().map(|(_, mapping)| mapping.is_enabled).collect::<Vec<_>>(),
        &next.iter().map(|(_, mapping)| mapping.delivery.as_str().to_owned()).collect::<Vec<_>>(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update branch_email_mappings set is_enabled = false, updated_at = now()
         where tenant_id = $1 and mapping_id = any($2)",
        tenant.uuid(),
        disabled,
    )
    .execute(conn)
    .await?;
    Ok(())
}
