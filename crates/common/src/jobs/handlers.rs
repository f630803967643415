//! What a service does with which kind of job.

use std::{collections::HashMap, fmt, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use graphile_worker::{IntoTaskHandlerResult, JobDefinition, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// A kind of job: its payload and the name it is queued under.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Stays as it is once jobs of this kind may be waiting somewhere.
    const NAME: &'static str;
}

/// What a handler is told about the run beside the payload.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// From 1; a job whose worker died is tried again with the same number.
    pub number: i16,
    /// After this many the job is given up.
    pub most: i16,
    /// Cancelled when the service stops: the handler should come to a safe point and return an error; the job then runs
    /// again in the next process.
    pub stop: CancellationToken,
}

type Run = Arc<dyn Fn(Value, Attempt) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + Send + Sync>;

/// Handlers by kind of job.
#[derive(Default, Clone)]
pub struct Handlers {
    runs: HashMap<&'static str, Run>,
    definitions: Vec<JobDefinition>,
}

impl Handlers {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `handler` for every job of kind `J`. An error means another try later, with a growing pause.
    #[must_use]
    pub fn on<J, F, R>(mut self, handler: F) -> Self
    where
        J: Job,
        F: Fn(J, Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let run: Run = Arc::new(move |payload, attempt| {
            let handler = Arc::clone(&handler);
            Box::pin(async move { handler(serde_json::from_value::<J>(payload)?, attempt).await })
        });
        self.runs.insert(J::NAME, run);
        self.definitions.push(Task::<J>::definition());
        self
    }

    pub(super) fn definitions(&self) -> Vec<JobDefinition> {
        self.definitions.clone()
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.runs.keys()).finish()
    }
}

/// What the library hands to every task of a worker.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) handlers: Handlers,
    pub(super) stop: CancellationToken,
}

/// The library registers types; this one carries any payload to the handler of kind `J`.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
struct Task<J> {
    payload: Value,
    #[serde(skip)]
    kind: PhantomData<fn() -> J>,
}

impl<J: Job> TaskHandler for Task<J> {
    const IDENTIFIER: &'static str = J::NAME;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        run(J::NAME, self.payload, &context).await
    }
}

/// The error is what the library stores as `last_error` with the job.
async fn run(name: &'static str, payload: Value, context: &WorkerContext) -> Result<(), String> {
    let Some(Shared { handlers, stop }) = context.get_ext::<Shared>().cloned() else {
        return Err(String::from("the worker was started without handlers"));
    };
    let Some(run) = handlers.runs.get(name).cloned() else {
        return Err(format!("no handler for {name}"));
    };
    let job = context.job();
    let attempt = Attempt { number: *job.attempts(), most: *job.max_attempts(), stop };
    run(payload, attempt).await.map_err(|error| {
        tracing::warn!(job = name, error = format!("{error:#}"), "a job failed and will be tried again");
        format!("{error:#}")
    })
}
