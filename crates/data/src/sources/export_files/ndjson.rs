//! One JSON object a line: what `bq extract` and EXPORT DATA write.

use super::{FileError, Input, RawRow};

pub fn read(mut input: Input, row: &mut dyn FnMut(RawRow<'_>) -> Result<(), FileError>) -> Result<(), FileError> {
    let reader = input.reader();
    let mut buffer = Vec::with_capacity(8 * 1024);
    let mut line = 0;
    loop {
        buffer.clear();
        line += 1;
        let read = reader
            .read_until(b'\n', &mut buffer)
            .map_err(|e| FileError::Refused(format!("line {line}: the file cannot be read on: {e}")))?;
        if read == 0 {
            return Ok(());
        }
        let json = buffer.trim_ascii();
        if !json.is_empty() {
            row(RawRow { line, json, count: None })?;
        }
    }
}
