//! As much of a query's text as the stub understands.

use serde_json::Value;

use super::Column;
use super::condition::Filter;
use super::table::Table;
use crate::google::literals::Refused;

/// A query that the stub can answer.
pub(super) struct Select {
    pub(super) project: String,
    pub(super) dataset: String,
    pub(super) table: String,
    /// `None`: `*`
    columns: Option<Vec<String>>,
    filter: Filter,
}

impl Select {
    /// Reads ``select <columns> from `project.dataset.table` … <column> in unnest(@<parameter>)``; a condition with `or` is
    /// not read.
    pub(super) fn read(request: &Value, default_project: &str) -> Result<Self, Refused> {
        let sql = request["query"].as_str().unwrap_or_default();
        let lower = sql.to_ascii_lowercase();
        let syntax = |what: &str| invalid(&format!("Syntax error: {what}"));
        let select = lower.find("select").ok_or_else(|| syntax("Expected keyword SELECT at [1:1]"))? + "select".len();
        let from = lower.find("from").ok_or_else(|| syntax("Expected keyword FROM"))?;
        let mut quoted = sql.split('`');
        let name = quoted.nth(1).ok_or_else(|| syntax("Expected a table between backticks"))?;
        let parts: Vec<&str> = name.split('.').collect();
        let (project, dataset, table) = match parts[..] {
            [project, dataset, table] => (project, dataset, table),
            [dataset, table] => (default_project, dataset, table),
            _ => {
                return Err(invalid(&format!(
                    "Table \"{name}\" must be qualified with a dataset (e.g. dataset.table)."
                )));
            }
        };
        let listed = sql[select..from].trim();
        let columns = (listed != "*").then(|| listed.split(',').map(|column| column.trim().to_owned()).collect());
        let mut among = Vec::new();
        // Of alternatives the stub knows too little to say which rows they leave out, so it leaves out none.
        let is_simple = !lower.split_whitespace().any(|word| word == "or");
        for (place, _) in lower.match_indices("in unnest(@").filter(|_| is_simple) {
            let column = sql[..place].split_whitespace().next_back().unwrap_or_default();
            let parameter = sql[place + "in unnest(@".len()..].split(')').next().unwrap_or_default();
            among.push((column.to_owned(), values(request, parameter)?));
        }
        let own = str::to_owned;
        Ok(Self { project: own(project), dataset: own(dataset), table: own(table), columns, filter })
    }

    /// The columns that were asked for, of those the table has.
    pub(super) fn columns(&self, table: &Table) -> Result<Vec<Column>, Refused> {
        let find = |name: &String| table.columns.iter().find(|column| column.name == *name).cloned();
        for name in self.columns.iter().flatten().chain(self.filter.columns()) {
            find(name).ok_or_else(|| invalid(&format!("Unrecognized name: {name} at [1:8]")))?;
        }
        Ok(match &self.columns {
            None => table.columns.to_vec(),
            Some(names) => names.iter().filter_map(find).collect(),
        })
    }

    /// Whether a row is asked for.
    pub(super) fn takes(&self, row: &Value) -> bool {
        self.filter.takes(row)
    }

    /// Whether all rows are asked for.
    pub(super) fn takes_all(&self) -> bool {
        self.filter.takes_all()
    }
}

pub(super) fn values(request: &Value, parameter: &str) -> Result<Vec<String>, Refused> {
    let listed = request["queryParameters"].as_array().into_iter().flatten();
    let found = listed.into_iter().find(|listed| listed["name"] == parameter);
    let found = found.ok_or_else(|| invalid(&format!("Query parameter '{parameter}' not found at [1:1]")))?;
    let values = found["parameterValue"]["arrayValues"].as_array().into_iter().flatten();
    Ok(values.filter_map(|value| value["value"].as_str().map(str::to_owned)).collect())
}

pub(super) fn invalid(message: &str) -> Refused {
    Refused::bigquery(400, "invalidQuery", "INVALID_ARGUMENT", message)
}
