//! Which bytes a text file is made of: UTF-8, or Windows-1252 as older spreadsheets write it.

use std::io::{BufRead, Read};

use encoding_rs::{Decoder, WINDOWS_1252};

use crate::sources::export_files::{FileError, Input};

/// Told by the whole file: one letter on the last line may be all that is not ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Windows1252,
}

/// Reads the file to its end.
///
/// # Errors
/// [`FileError::Refused`] for UTF-16, for UTF-8 with damaged letters (its line is named), and what cannot be read.
pub(super) fn tell(mut input: Input) -> Result<Encoding, FileError> {
    let budget = input.budget();
    let reader = input.reader();
    let mut tally = Tally { line: 1, ..Tally::default() };
    loop {
        let unreadable = |line| move |e| FileError::Refused(format!("line {line}: the file cannot be read on: {e}"));
        let bytes = reader.fill_buf().map_err(unreadable(tally.line))?;
        if bytes.is_empty() {
            break;
        }
        if tally.bytes == 0 && (bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])) {
            return Err(FileError::Refused("line 1: the file is UTF-16 text: save it as CSV UTF-8".into()));
        }
        if bytes.iter().any(|b| matches!(b, b'\n' | b'\r')) {
            budget.renew();
        }
        for byte in bytes {
            tally.take(*byte);
        }
        let taken = bytes.len();
        reader.consume(taken);
    }
    tally.end()
}

/// Letters beyond ASCII, as UTF-8 counts them, and bytes that UTF-8 has no letter for.
#[derive(Debug, Default)]
struct Tally {
    bytes: u64,
    line: u64,
    letters: u64,
    strays: u64,
    first_stray: u64,
    /// Of the letter under way: how many bytes are to follow, and the range of the next one.
    left: u8,
    low: u8,
    high: u8,
}

impl Tally {
    fn take(&mut self, byte: u8) {
        self.bytes += 1;
        if self.left > 0 {
            if (self.low..=self.high).contains(&byte) {
                self.left -= 1;
                (self.low, self.high) = (0x80, 0xbf);
                self.letters += u64::from(self.left == 0);
                return;
            }
            self.left = 0;
            self.stray();
        }
        // The well-formed sequences of the Unicode standard, table 3-7.
        (self.left, self.low, self.high) = match byte {
            0x00..=0x7f => {
                self.line += u64::from(byte == b'\n');
                return;
            }
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            _ => {
                self.stray();
                return;
            }
        };
    }

    fn stray(&mut self) {
        self.strays += 1;
        if self.strays == 1 {
            self.first_stray = self.line;
        }
    }

    fn end(mut self) -> Result<Encoding, FileError> {
        if self.left > 0 {
            self.stray();
        }
        // Letters of Windows-1252 hardly ever stand together such that they look like UTF-8.
        match (self.strays, self.letters) {
            (0, _) => Ok(Encoding::Utf8),
            (strays, letters) if letters > strays => Err(FileError::Refused(format!(
                "line {}: a letter is damaged: the file is UTF-8 elsewhere and not here",
                self.first_stray
            ))),
            _ => Ok(Encoding::Windows1252),
        }
    }
}

/// The file's text as UTF-8.
pub(super) enum Text<'a> {
    AsItIs(&'a mut (dyn BufRead + Send)),
    Decoded(Decoded<'a>),
}

impl<'a> Text<'a> {
    pub(super) fn new(source: &'a mut (dyn BufRead + Send), encoding: Encoding) -> Self {
        match encoding {
            Encoding::Utf8 => Self::AsItIs(source),
            Encoding::Windows1252 => {
                let decoder = WINDOWS_1252.new_decoder_without_bom_handling();
                Self::Decoded(Decoded { source, decoder, text: Vec::with_capacity(BLOCK), taken: 0 })
            }
        }
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::AsItIs(source) => source.read(buffer),
            Self::Decoded(decoded) => decoded.read(buffer),
        }
    }
}

/// Bytes of text decoded at a time.
const BLOCK: usize = 32 * 1024;

/// Windows-1252, decoded block by block.
pub(super) struct Decoded<'a> {
    source: &'a mut (dyn BufRead + Send),
    decoder: Decoder,
    text: Vec<u8>,
    taken: usize,
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.text.len() {
            let bytes = self.source.fill_buf()?;
            self.text.resize(BLOCK, 0);
            // A letter is one byte, so nothing is left over at the end; and a reader may ask again behind it.
            let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.text, false);
            self.text.truncate(written);
            self.taken = 0;
            self.source.consume(read);
        }
        let left = &self.text[self.taken..];
        let read = left.len().min(buffer.len());
        buffer[..read].copy_from_slice(&left[..read]);
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::sources::export_files::open;

    fn told(content: &[u8]) -> Result<Encoding, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        tell(open(file.path(), Arc::default()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn utf8_is_told_from_windows_1252_by_the_whole_file() {
        assert_eq!(told(b"plain"), Ok(Encoding::Utf8));
        assert_eq!(told("\u{feff}Jürgen €, 東京 🛒".as_bytes()), Ok(Encoding::Utf8));
        assert_eq!(told(b"J\xfcrgen"), Ok(Encoding::Windows1252));
        let mut late = vec![b'a'; 1 << 20];
        late.push(0xe4);
        assert_eq!(told(&late), Ok(Encoding::Windows1252));
        // É» is the one kind of 1252 that looks like UTF-8.
        assert_eq!(told(b"CAF\xc9\xbb\nJ\xfcrgen"), Ok(Encoding::Windows1252));
    }

    #[test]
    fn what_is_neither_is_refused_by_line() {
        for utf16 in [b"\xff\xfei\0d\0", b"\xfe\xff\0i\0d"] {
            assert!(told(utf16).unwrap_err().contains("UTF-16"));
        }
        let mut damaged = "ä\nü\nö".as_bytes().to_vec();
        damaged.insert(4, 0x80);
        damaged.extend("ß".as_bytes());
        assert!(told(&damaged).unwrap_err().starts_with("line 2: a letter is damaged"), "{:?}", told(&damaged));
    }

    /// Held against the standard library, which stops at the first fault.
    #[test]
    fn a_stray_byte_is_found_wherever_utf8_ends() {
        for tail in [
            &[0xc3][..],
            &[0xc3, b'a'],
            &[0xe2, 0x82],
            &[0xe0, 0x80, 0x80],
            &[0xed, 0xa0, 0x80],
            &[0xf0, 0x80, 0x80, 0x80],
            &[0xf4, 0x90, 0x80, 0x80],
            &[0xf5, 0x80, 0x80, 0x80],
            &[0xc0, 0xaf],
            &[0xff],
            &[0x80],
            &[0xc3, 0xa4],
            &[0xe2, 0x82, 0xac],
            &[0xf0, 0x9f, 0x9b, 0x92],
            &[0xed, 0x9f, 0xbf],
            &[0xf4, 0x8f, 0xbf, 0xbf],
        ] {
            let bytes = [b"x", tail].concat();
            assert_eq!(told(&bytes) == Ok(Encoding::Utf8), std::str::from_utf8(&bytes).is_ok(), "{tail:x?}");
        }
    }

    #[test]
    fn windows_1252_is_read_as_text() {
        let bytes: Vec<u8> = [b"J\xfcrgen \x80 \x84x\x93".as_slice(), &vec![0xe4; 100_000]].concat();
        let mut source = bytes.as_slice();
        let mut text = String::new();
        Text::new(&mut source, Encoding::Windows1252).read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("Jürgen € „x“{}", "ä".repeat(100_000)));
    }
}
