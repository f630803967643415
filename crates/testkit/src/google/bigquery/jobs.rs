//! Queries as jobs: posted, polled, paged, cancelled.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::select::{Select, invalid};
use super::table::{Rows, Tables, missing};
use super::{Column, encode};
use crate::google::Call;
use crate::google::literals::{Answer, Refused};
use crate::google::server::FakeGoogle;

/// All jobs, and how the next ones behave.
pub(in crate::google) struct Jobs {
    jobs: HashMap<String, Job>,
    page_rows: u64,
    incomplete: u32,
    location: String,
    cancelled: Vec<String>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            jobs: HashMap::new(),
            page_rows: 2_000,
            incomplete: 0,
            location: String::from("US"),
            cancelled: Vec::new(),
        }
    }
}

/// A query under way. Its rows are those the table had when it was posted.
struct Job {
    project: String,
    columns: Vec<Column>,
    rows: Rows,
    bytes: u64,
    page_rows: u64,
    incomplete: u32,
}

impl FakeGoogle {
    /// How many rows a page has, of queries posted from here on; 2,000 unless set.
    pub fn page_rows(&self, rows: u64) {
        self.known().jobs.page_rows = rows;
    }

    /// How often queries posted from here on say that they still run.
    pub fn incomplete(&self, times: u32) {
        self.known().jobs.incomplete = times;
    }

    /// Where all datasets are; `US` unless set. Elsewhere than in US and EU, a query and its results have to say so.
    pub fn location(&self, location: &str) {
        self.known().jobs.location = location.to_owned();
    }

    /// The jobs that were cancelled.
    #[must_use]
    pub fn cancelled(&self) -> Vec<String> {
        self.known().jobs.cancelled.clone()
    }
}

pub(in crate::google) fn query(tables: &Tables, jobs: &mut Jobs, project: &str, call: &Call) -> Answer {
    let request = &call.body;
    if request["useLegacySql"] != false {
        return Err(invalid("Encountered \" \"`\" \"` \"\" at line 1, column 15. Legacy SQL."));
    }
    let said = request["location"].as_str().unwrap_or("US");
    let place = format!(" was not found in location {said}");
    let select = Select::read(request, project)?;
    if !jobs.is_at(said) {
        return Err(missing(&format!("Not found: Dataset {}:{}{place}", select.project, select.dataset)));
    }
    let table = tables.find(&select.project, &select.dataset, &select.table, &place)?;
    let columns = select.columns(table)?;
    let limit = request["maximumBytesBilled"].as_str().and_then(|limit| limit.parse::<u64>().ok());
    if let Some(limit) = limit.filter(|limit| table.bytes > *limit) {
        let message = format!("Query exceeded limit for bytes billed: {limit}. {} or higher required.", table.bytes);
        return Err(Refused::bigquery(400, "bytesBilledLimitExceeded", "INVALID_ARGUMENT", &message));
    }
    if request["dryRun"] == true {
        return Ok(json!({
            "kind": "bigquery#queryResponse",
            "schema": { "fields": columns.iter().map(Column::json).collect::<Vec<_>>() },
            "jobReference": { "projectId": project, "location": jobs.location },
            "totalBytesProcessed": table.bytes.to_string(),
            "jobComplete": true,
            "cacheHit": false,
        }));
    }
    let rows = if select.takes_all() { table.rows.clone() } else { table.rows.pick(|row| select.takes(row)) };
    let id = format!("job_{}", jobs.jobs.len() + 1);
    let job = Job {
        project: project.to_owned(),
        columns,
        rows,
        bytes: table.bytes,
        page_rows: request["maxResults"].as_u64().unwrap_or(jobs.page_rows),
        incomplete: jobs.incomplete,
    };
    jobs.jobs.insert(id.clone(), job);
    jobs.page(&id, 0)
}

pub(in crate::google) fn results(jobs: &mut Jobs, id: &str, call: &Call) -> Answer {
    let location = call.parameter("location").unwrap_or("US");
    if !jobs.is_at(location) || !jobs.jobs.contains_key(id) {
        return Err(missing(&format!("Not found: Job {location}.{id}")));
    }
    let from = match call.parameter("pageToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|row| row.parse().ok())
            .ok_or_else(|| Refused::bigquery(400, "invalid", "INVALID_ARGUMENT", "Invalid page token."))?,
    };
    jobs.page(id, from)
}

pub(in crate::google) fn cancel(jobs: &mut Jobs, id: &str, call: &Call) -> Answer {
    let location = call.parameter("location").unwrap_or("US");
    if !jobs.is_at(location) || !jobs.jobs.contains_key(id) {
        return Err(missing(&format!("Not found: Job {location}.{id}")));
    }
    jobs.cancelled.push(id.to_owned());
    Ok(json!({ "kind": "bigquery#jobCancelResponse", "job": { "id": id } }))
}

impl Jobs {
    /// Whether jobs and datasets are found when this is said to be their place.
    fn is_at(&self, location: &str) -> bool {
        // The two multi-regions are looked through unasked.
        location == self.location || (location == "US" && self.location == "EU")
    }

    fn page(&mut self, id: &str, from: u64) -> Answer {
        let location = self.location.clone();
        let Some(job) = self.jobs.get_mut(id) else { return Err(missing(&format!("Not found: Job {id}"))) };
        let mut answer = json!({
            "kind": "bigquery#queryResponse",
            "jobReference": { "projectId": job.project, "jobId": id, "location": location },
        });
        if job.incomplete > 0 {
            job.incomplete -= 1;
            // No rows, no totals, no schema.
            answer["jobComplete"] = json!(false);
            return Ok(answer);
        }
        let until = (from + job.page_rows).min(job.rows.len());
        let rows: Vec<Value> = (from..until).map(|number| encode::row(&job.columns, &job.rows.row(number))).collect();
        answer["jobComplete"] = json!(true);
        answer["schema"] = json!({ "fields": job.columns.iter().map(Column::json).collect::<Vec<_>>() });
        answer["totalRows"] = json!(job.rows.len().to_string());
        answer["totalBytesProcessed"] = json!(job.bytes.to_string());
        answer["cacheHit"] = json!(false);
        if !rows.is_empty() {
            answer["rows"] = rows.into();
        }
        if until < job.rows.len() {
            answer["pageToken"] = json!(format!("page-{until}"));
        }
        Ok(answer)
    }
}
