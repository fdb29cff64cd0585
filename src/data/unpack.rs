//! Packed files: gzip, and the zip archives that `.npz` files are.
//!
//! Reads bytes. Must not know what is packed.

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::borrow::Cow;
use std::io::Read;

/// The bytes of a `.gz` file, unpacked.
pub(super) fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = vec![];
    match MultiGzDecoder::new(bytes).read_to_end(&mut out) {
        Ok(_) => Ok(out),
        Err(problem) => Err(format!("it cannot be unpacked: {problem}")),
    }
}

/// A file in an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its path.
    pub name: String,
    method: u16,
    packed: usize,
    size: usize,
    /// Where its own header begins.
    offset: usize,
}

/// The list at the end of an archive (PKWARE, APPNOTE.TXT 6.3, section 4.3.12). Archives beyond 4 GB are not read.
pub(super) fn zip_entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let none = || "this is no `.npz` file".to_string();
    // The end record is 22 bytes and a comment of up to 65535.
    let from = bytes.len().saturating_sub(22 + 65535);
    let tail = bytes.get(from..).unwrap_or_default();
    let end = tail.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or_else(none)? + from;
    let count = word(bytes, end + 10).ok_or_else(none)?;
    let mut at = long(bytes, end + 16).ok_or_else(none)?;
    if at == u32::MAX as usize || count == usize::from(u16::MAX) {
        return Err("an archive of this size is not read".into());
    }
    let mut entries = vec![];
    for _ in 0..count {
        if bytes.get(at..at + 4) != Some(b"PK\x01\x02") {
            return Err(none());
        }
        let entry = (|| {
            let (name, extra, comment) = (word(bytes, at + 28)?, word(bytes, at + 30)?, word(bytes, at + 32)?);
            let text = bytes.get(at + 46..at + 46 + name)?;
            let entry = Entry {
                name: String::from_utf8_lossy(text).into_owned(),
                method: word(bytes, at + 10)? as u16,
                packed: long(bytes, at + 20)?,
                size: long(bytes, at + 24)?,
                offset: long(bytes, at + 42)?,
            };
            at += 46 + name + extra + comment;
            Some(entry)
        })();
        entries.push(entry.ok_or_else(none)?);
    }
    Ok(entries)
}

impl Entry {
    /// The contents of the file.
    pub fn unpack<'a>(&self, archive: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        let cut = || "the archive ends too early".to_string();
        let packed = (|| {
            let (name, extra) = (word(archive, self.offset + 26)?, word(archive, self.offset + 28)?);
            let from = self.offset + 30 + name + extra;
            archive.get(from..from.checked_add(self.packed)?)
        })();
        let packed = packed.ok_or_else(cut)?;
        let bytes = match self.method {
            0 => Cow::Borrowed(packed),
            8 => {
                let mut out = vec![];
                // One byte more than announced tells that the announcement is wrong.
                let mut unpacked = DeflateDecoder::new(packed).take(self.size as u64 + 1);
                unpacked.read_to_end(&mut out).map_err(|problem| format!("it cannot be unpacked: {problem}"))?;
                Cow::Owned(out)
            }
            other => return Err(format!("it is packed by method {other}, which is not read")),
        };
        if bytes.len() == self.size { Ok(bytes) } else { Err("it has another size than the archive says".into()) }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*two)))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four) as usize)
}
