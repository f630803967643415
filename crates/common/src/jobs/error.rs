//! What the queue reports to those who use it.

/// The queue could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    #[error("{0}")]
    Queue(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the queue's tables are missing: run `make db_setup`")]
    Missing,
}

impl From<JobsError> for crate::http::ApiError {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Database(error) => error.into(),
            other => Self::Internal(other.into()),
        }
    }
}
