//! The rows of a query, page by page, and that all of them have come.

use std::sync::Arc;

use serde_json::Value;
use tokio::runtime::Handle;

use super::job::JobReference;
use super::page::{Answer, Page};
use super::query::may_pass;
use super::{BigQuery, Field, broken};
use crate::GoogleError;
use crate::call::{Failure, Refusal};

/// A query that was posted. Dropped while it still runs, it is ended at Google too, as far as that can be done.
#[derive(Debug)]
pub struct Rows {
    bigquery: BigQuery,
    request: Value,
    restarts: u32,
    job: Option<JobReference>,
    state: State,
    schema: Arc<[Field]>,
    total: Option<u64>,
    received: u64,
}

#[derive(Debug)]
enum State {
    /// not known to be complete; whether it was polled before
    Running { polled: bool },
    /// a page is at hand, and then this
    Ready { page: Page, next: Option<String> },
    /// the page behind this token is next
    More(String),
    /// all pages were handed out
    Ended,
}

const WHAT: &str = "a query";

impl Rows {
    pub(super) fn new(bigquery: BigQuery, request: Value, restarts: u32) -> Self {
        Self {
            bigquery,
            request,
            restarts,
            job: None,
            state: State::Running { polled: false },
            schema: Arc::from([]),
            total: None,
            received: 0,
        }
    }

    /// How many rows the answer has, once the query is complete.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The next page, waiting for the query to complete; `None` after the last one. A page may be empty without being
    /// the last. Safe to give up waiting on: a later call goes on where this one was.
    ///
    /// # Errors
    /// [`GoogleError::Broken`] when not as many rows came as the answer says there are; else any [`GoogleError`].
    pub async fn next_page(&mut self) -> Result<Option<Page>, GoogleError> {
        loop {
            match &mut self.state {
                State::Ready { .. } => {
                    if let State::Ready { page, next } = std::mem::replace(&mut self.state, State::Ended) {
                        self.received += page.len() as u64;
                        self.state = next.map_or(State::Ended, State::More);
                        return Ok(Some(page));
                    }
                }
                State::Ended => return self.all_came().map(|()| None),
                State::More(token) => {
                    let Some(job) = &self.job else {
                        return Err(broken(WHAT, "it has further pages and no job to ask for them"));
                    };
                    let body = self.bigquery.results(job, Some(token)).await?;
                    let token = token.clone();
                    self.take(body)?;
                    if matches!(&self.state, State::Ready { next: Some(next), .. } if *next == token) {
                        return Err(broken(WHAT, "a page names itself as the next one"));
                    }
                }
                State::Running { polled } => {
                    let Some(job) = &self.job else {
                        return Err(broken(WHAT, "it is not complete and has no job to wait for"));
                    };
                    if *polled {
                        tokio::time::sleep(self.bigquery.google.pace().first).await;
                    }
                    *polled = true;
                    match self.bigquery.results(job, None).await.and_then(|body| self.take(body)) {
                        Ok(()) => {}
                        Err(failure) if may_pass(&failure) && self.restarts > 0 => {
                            self.restarts -= 1;
                            self.begin().await?;
                        }
                        Err(failure) => return Err(failure.error),
                    }
                }
            }
        }
    }

    /// Ends the query at Google, as far as that can be done.
    pub async fn cancel(mut self) {
        if let Some(job) = self.unfinished() {
            self.bigquery.cancel(&job).await;
        }
    }

    /// Posts the query, as a new job.
    pub(super) async fn begin(&mut self) -> Result<(), GoogleError> {
        loop {
            self.job = None;
            self.state = State::Running { polled: false };
            match self.bigquery.post(&self.request).await.and_then(|body| self.take(body)) {
                Err(failure) if may_pass(&failure) && self.restarts > 0 => {
                    self.restarts -= 1;
                    tokio::time::sleep(self.bigquery.google.pace().first).await;
                }
                taken => return taken.map_err(GoogleError::from),
            }
        }
    }

    /// Takes in an answer: the job's name, that it is complete, a page.
    fn take(&mut self, body: Vec<u8>) -> Result<(), Failure> {
        let Answer { complete, job, schema, total, next, errors, rows } = Answer::read(&body)?;
        if let Some(job) = job {
            self.job = Some(job);
        }
        if !complete {
            return Ok(());
        }
        if let Some(schema) = schema {
            self.schema = schema.into();
        } else if let Some(first) = errors.into_iter().next().filter(|_| self.schema.is_empty()) {
            // Some that speak BigQuery's API answer a failed query with success.
            return Err(self.bigquery.failed(WHAT, Refusal::of_entry(first)));
        }
        if total.is_some() {
            self.total = total;
        }
        let page = Page::new(body, rows, Arc::clone(&self.schema), self.received);
        if let Some(total) = self.total
            && self.received + page.len() as u64 > total
        {
            return Err(broken(WHAT, &format!("it has {total} rows by its count, and more came")).into());
        }
        self.state = State::Ready { page, next };
        Ok(())
    }

    fn all_came(&self) -> Result<(), GoogleError> {
        match self.total {
            Some(total) if total == self.received => Ok(()),
            Some(total) => Err(broken(WHAT, &format!("it has {total} rows by its count, and {} came", self.received))),
            None => Err(broken(WHAT, "it does not say how many rows it has")),
        }
    }

    fn unfinished(&mut self) -> Option<JobReference> {
        match self.state {
            State::Running { .. } => self.job.take(),
            _ => None,
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some(job) = self.unfinished()
            && let Ok(runtime) = Handle::try_current()
        {
            let bigquery = self.bigquery.clone();
            runtime.spawn(async move { bigquery.cancel(&job).await });
        }
    }
}
