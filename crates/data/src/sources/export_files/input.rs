//! A file as a stream of plain bytes: compression is told by its first bytes, never by the name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;

const BUFFER: usize = 256 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Plain bytes that one row, or whatever stands between two rows, may take. No row of GA4's is near it; a longer one is
/// another kind of file, and would have to be held in memory.
pub const LONGEST_ROW: u64 = 16 * 1024 * 1024;

/// Decompressed bytes, and how far the file itself is read.
pub struct Input {
    reader: Budgeted<Box<dyn BufRead + Send>>,
    position: Arc<AtomicU64>,
}

/// Ends a file that goes on for too long without a row: a few kilobytes of gzip can hold gigabytes of one.
pub struct Budgeted<R> {
    inner: R,
    left: Arc<AtomicU64>,
}

impl<R: BufRead> Budgeted<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, left: Arc::new(AtomicU64::new(LONGEST_ROW)) }
    }

    /// What is to be renewed with each row.
    pub fn budget(&self) -> Budget {
        Budget(Arc::clone(&self.left))
    }
}

impl<R: BufRead> Read for Budgeted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let read = bytes.len().min(buffer.len());
        buffer[..read].copy_from_slice(&bytes[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Budgeted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left.load(Ordering::Relaxed) == 0 {
            return Err(io::Error::other("there is a row longer than 16 MiB, or no row for as long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(bytes as u64), Ordering::Relaxed);
        self.inner.consume(bytes);
    }
}

/// Handed to whoever sees the rows.
#[derive(Debug, Clone)]
pub struct Budget(Arc<AtomicU64>);

impl Budget {
    /// A row was seen: the next one has the whole budget again.
    pub fn renew(&self) {
        self.0.store(LONGEST_ROW, Ordering::Relaxed);
    }
}

impl Input {
    /// The plain bytes, after a byte order mark if there is one.
    pub fn reader(&mut self) -> &mut (dyn BufRead + Send) {
        &mut self.reader
    }

    /// What is to be renewed with each row.
    pub fn budget(&self) -> Budget {
        self.reader.budget()
    }

    /// Sets how many bytes of the file are read, for a format that reads the file by itself.
    pub(super) fn set_position(&self, bytes: u64) {
        self.position.store(bytes, Ordering::Relaxed);
    }
}

/// A file whose start cannot be decoded.
struct Unreadable(String);

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other(self.0.clone()))
    }
}

impl BufRead for Unreadable {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Err(io::Error::other(self.0.clone()))
    }

    fn consume(&mut self, _: usize) {}
}

struct Counting {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Opens the file; `position` follows how many of its bytes (compressed, where it is) are read.
///
/// # Errors
/// The file cannot be opened or its first bytes not be read.
pub fn open(path: &Path, position: Arc<AtomicU64>) -> anyhow::Result<Input> {
    let file = File::open(path).with_context(|| format!("cannot open {}", file_name(path)))?;
    let mut plain = BufReader::with_capacity(BUFFER, Counting { file, position: Arc::clone(&position) });
    let start = plain.fill_buf().with_context(|| format!("cannot read {}", file_name(path)))?;
    let mut reader: Box<dyn BufRead + Send> = if start.starts_with(&GZIP) {
        // Several members in one file are one stream: `cat a.gz b.gz` is a valid gzip.
        Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(plain)))
    } else if start.starts_with(&ZSTD) {
        Box::new(BufReader::with_capacity(BUFFER, zstd::stream::read::Decoder::with_buffer(plain)?))
    } else {
        Box::new(plain)
    };
    match reader.fill_buf().map(|bytes| bytes.starts_with(&BYTE_ORDER_MARK)) {
        Ok(true) => reader.consume(BYTE_ORDER_MARK.len()),
        Ok(false) => {}
        // Whoever reads on reports it, with the reason: the decoder says it once, and then that the file is empty.
        Err(error) => reader = Box::new(Unreadable(error.to_string())),
    }
    Ok(Input { reader: Budgeted::new(reader), position })
}

/// The name people know the file by: no path of the server's.
pub fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
