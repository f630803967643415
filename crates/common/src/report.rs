//! Errors as people read them: one line, each cause once.

/// The error and its causes, from the outermost in; a cause that the line says already is left out, because libraries
/// often repeat their source in their own text.
#[must_use]
pub fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = match cause.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error) {
            Some(database) => database.message().to_owned(),
            None => cause.to_string(),
        };
        let known = text.trim_start_matches("error returned from database: ");
        // The server's message comes again from the driver's own error type, with a position in the server's source.
        let known = known.split(" at line ").next().unwrap_or(known);
        if line.is_empty() {
            line = text;
        } else if !line.contains(known) {
            line.push_str(": ");
            line.push_str(&text);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::one_line;

    #[test]
    fn a_repeated_cause_is_said_once() {
        let inner = std::io::Error::other("disk full");
        let error = anyhow::Error::new(inner).context("cannot write: disk full").context("the job stopped");
        assert_eq!(one_line(&error), "the job stopped: cannot write: disk full");
        let other: anyhow::Result<()> = Err(anyhow::anyhow!("b")).context("a");
        assert_eq!(other.map_err(|e| one_line(&e)), Err("a: b".to_owned()));
    }
}
