//! What is logged, for tests that look for secrets in it.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines as a service writes them. Cheap to clone; all clones write into the same.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// All that this process logs from now on: what other tests write meanwhile must hold no secret either.
    ///
    /// # Panics
    /// When somebody listens already.
    #[must_use]
    pub fn of_this_process() -> Self {
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter("trace,hyper=info,hyper_util=info,h2=info,reqwest=info,sqlx=debug")
            .with_writer(lines.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody listens yet");
        lines
    }

    /// What has been written so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
