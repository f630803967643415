//! One JSON array of objects: what the BigQuery console's "Save results" writes. Read element by element.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{FileError, Input, RawRow};

/// Counts the lines that the parser has consumed; serde_json reads byte by byte, so the count is exact.
struct CountingLines<R> {
    inner: R,
    lines: Rc<Cell<u64>>,
}

impl<R: Read> Read for CountingLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let breaks = buffer[..read].iter().filter(|b| **b == b'\n').count();
        self.lines.set(self.lines.get() + breaks as u64);
        Ok(read)
    }
}

struct Elements<'a> {
    row: &'a mut dyn FnMut(RawRow<'_>) -> Result<(), FileError>,
    lines: Rc<Cell<u64>>,
    /// The first error of `row`: serde's own error type could not carry it.
    stopped: &'a mut Option<FileError>,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of export rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<Box<RawValue>>()? {
            let json = element.get().as_bytes();
            let breaks = json.iter().filter(|b| **b == b'\n').count() as u64;
            let line = (1 + self.lines.get()).saturating_sub(breaks);
            if let Err(error) = (self.row)(RawRow { line, json, count: None }) {
                *self.stopped = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

pub fn read(mut input: Input, row: &mut dyn FnMut(RawRow<'_>) -> Result<(), FileError>) -> Result<(), FileError> {
    let lines = Rc::new(Cell::new(0));
    let counting = CountingLines { inner: OneByOne(input.reader()), lines: Rc::clone(&lines) };
    let mut parser = serde_json::Deserializer::from_reader(counting);
    let mut stopped = None;
    let parsed = Elements { row, lines, stopped: &mut stopped }.deserialize(&mut parser).and_then(|()| parser.end());
    match (stopped, parsed) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(FileError::Refused(format!("line {}: {error}", error.line()))),
        (None, Ok(())) => Ok(()),
    }
}

/// Hands out single bytes of a buffered reader, as serde_json asks for them, so that nothing is counted ahead.
struct OneByOne<'a>(&'a mut (dyn io::BufRead + Send));

impl Read for OneByOne<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        let Some(byte) = self.0.fill_buf()?.first().copied() else { return Ok(0) };
        *first = byte;
        self.0.consume(1);
        Ok(1)
    }
}
