//! Files of byte strings, each behind its length in four bytes: requests, and requests with their replies.

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Writes them.
pub(crate) struct Writer(BufWriter<File>);

impl Writer {
    pub(crate) fn create(path: &Path) -> Self {
        Self(BufWriter::with_capacity(1 << 20, File::create(path).unwrap()))
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.0.write_all(&(bytes.len() as u32).to_le_bytes()).unwrap();
        self.0.write_all(bytes).unwrap();
    }

    /// Everything is in the file, so that no write-back disturbs what is measured next.
    pub(crate) fn finish(mut self) {
        self.0.flush().unwrap();
        self.0.get_ref().sync_all().unwrap();
    }
}

/// Reads them in order.
pub(crate) struct Reader(BufReader<File>);

impl Reader {
    /// From the string with this number on.
    pub(crate) fn open(path: &Path, from: u64) -> Self {
        let mut reader = Self(BufReader::with_capacity(1 << 20, File::open(path).unwrap()));
        for _ in 0..from {
            let length = reader.length().expect("as many requests as were skipped");
            reader.0.seek_relative(i64::from(length)).unwrap();
        }
        reader
    }

    /// Starts again with the first.
    pub(crate) fn rewind(&mut self) {
        self.0.seek(SeekFrom::Start(0)).unwrap();
    }

    /// Replaces the buffer's content by the next string; `false` at the end.
    pub(crate) fn next(&mut self, buffer: &mut Vec<u8>) -> bool {
        let Some(length) = self.length() else { return false };
        buffer.resize(length as usize, 0);
        self.0.read_exact(buffer).unwrap();
        true
    }

    fn length(&mut self) -> Option<u32> {
        let mut length = [0; 4];
        match self.0.read_exact(&mut length) {
            Ok(()) => Some(u32::from_le_bytes(length)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The body of a whole HTTP request or response without chunks.
pub(crate) fn body(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    &message[end + 4..]
}
