//! A text as a sequence of characters, with the line of each.
//!
//! Reads bytes. Must not know labels, windows or ports.

use super::error::DataError;
use std::collections::BTreeSet;

/// The characters of a file, in order.
#[derive(Clone, Debug)]
pub(super) struct Text {
    file: String,
    characters: Vec<char>,
    /// The number of the first character of each line but the first.
    lines: Vec<usize>,
}

impl Text {
    /// Takes bytes that are UTF-8; a byte order mark at the front is passed over, all other characters count, line ends
    /// too. `\r\n` is one line end, the character `\n`.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Text, DataError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|problem| {
            let good = bytes.get(..problem.valid_up_to()).unwrap_or_default();
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
            DataError::NotUtf8 { file: file.to_string(), line }
        })?;
        let characters: Vec<char> = text.replace("\r\n", "\n").chars().collect();
        if characters.is_empty() {
            return Err(DataError::Empty { file: file.to_string() });
        }
        let ends = characters.iter().enumerate().filter(|(_, character)| **character == '\n');
        let lines = ends.map(|(at, _)| at + 1).collect();
        Ok(Text { file: file.to_string(), characters, lines })
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How many characters there are, at least 1.
    pub fn len(&self) -> usize {
        self.characters.len()
    }

    /// A character; none beyond the end.
    pub fn get(&self, at: usize) -> Option<char> {
        self.characters.get(at).copied()
    }

    /// The line of a character, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.lines.partition_point(|start| *start <= at)
    }

    /// All characters that occur, sorted by their code point.
    pub fn vocabulary(&self) -> Vec<String> {
        let all: BTreeSet<char> = self.characters.iter().copied().collect();
        all.into_iter().map(String::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_lines_and_vocabulary() {
        let text = Text::parse("t.txt", "\u{feff}bä\r\na\n\nb".as_bytes()).unwrap();
        assert_eq!((0..text.len()).filter_map(|at| text.get(at)).collect::<String>(), "bä\na\n\nb");
        assert_eq!((0..text.len()).map(|at| text.line(at)).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 3, 4]);
        assert_eq!(text.vocabulary(), ["\n", "a", "b", "ä"]);
        assert_eq!(Text::parse("t.txt", b"\xef\xbb\xbf").unwrap_err(), DataError::Empty { file: "t.txt".into() });
        assert_eq!(Text::parse("t.txt", b"a\n\xff").unwrap_err(), DataError::NotUtf8 { file: "t.txt".into(), line: 2 });
    }
}
