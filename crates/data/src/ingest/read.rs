//! Reading a unit of a job once: what an earlier attempt finished is taken as it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::spool::UnitFolder;
use crate::sources::{Context, Parsed, Sink, SinkOrder, Source, SourceError, Unit};

/// The unit's rows, spooled.
///
/// # Errors
/// As [`Source::read`]; the disk is full.
pub async fn read_once(
    source: &dyn Source,
    unit: &Unit,
    folder: &UnitFolder,
    order: SinkOrder,
) -> Result<Parsed, SourceError> {
    if let Some(parsed) = folder.parsed_before() {
        order.counters.rows.fetch_add(parsed.rows(), Ordering::Relaxed);
        return Ok(parsed);
    }
    let attempt = folder.begin_parsing()?;
    let context = Context { scratch: folder.scratch(), counters: Arc::clone(&order.counters) };
    let sink = match source.read(unit, &context, Sink::new(&attempt, order)?).await {
        Ok(sink) => sink,
        Err(error) => {
            // The next attempt may be long in coming.
            folder.forget_parsing(&attempt)?;
            return Err(error);
        }
    };
    let folder = folder.clone();
    let finished = tokio::task::spawn_blocking(move || folder.finish_parsing(&attempt, sink.finish()?));
    Ok(finished.await.map_err(anyhow::Error::from)??)
}
