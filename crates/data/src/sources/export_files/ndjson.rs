//! One JSON object a line: what `bq extract` and EXPORT DATA write.

use std::io::{BufRead, Read};

use super::{FileError, Input, RawRow};

/// No row of GA4's is near this; a longer line is another kind of file and would have to be held in memory.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

pub fn read(mut input: Input, row: &mut dyn FnMut(RawRow<'_>) -> Result<(), FileError>) -> Result<(), FileError> {
    let reader = input.reader();
    let mut buffer = Vec::with_capacity(8 * 1024);
    let mut line = 0;
    loop {
        buffer.clear();
        line += 1;
        let read = (&mut *reader)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut buffer)
            .map_err(|e| FileError::Refused(format!("line {line}: the file cannot be read on: {e}")))?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 > LONGEST_LINE {
            return Err(FileError::Refused(format!("line {line} is longer than 16 MiB: this is no NDJSON")));
        }
        let json = buffer.trim_ascii();
        if !json.is_empty() {
            row(RawRow { line, json })?;
        }
    }
}
