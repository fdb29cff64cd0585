//! Records of comma-separated values (RFC 4180), with the line on which each begins.
//!
//! Reads bytes. Must not know headers, numbers or ports. Written here rather than taken from a library because the
//! messages need exact lines after blank ones and inside quotes, and because a quote without an end must be an error
//! rather than a cell that swallows the rest of the file.

use super::error::DataError;

/// How a file of comma-separated values is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Whether the first line names the columns.
    pub header: bool,
    /// What stands between cells. Not a quote, a space or a line end.
    pub delimiter: char,
}

impl Default for CsvOptions {
    /// A header and commas.
    fn default() -> CsvOptions {
        CsvOptions { header: true, delimiter: ',' }
    }
}

/// Records of equal length.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    /// All cells, one after the other.
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
    /// The line of each record.
    lines: Vec<usize>,
    /// Cells in each record; 0 before the first.
    columns: usize,
    /// Records at the front that have been taken away.
    taken: usize,
}

impl Records {
    pub fn parse(file: &str, bytes: &[u8], delimiter: char) -> Result<Records, DataError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(problem) => {
                let good = bytes.get(..problem.valid_up_to()).unwrap_or_default();
                let line = 1 + count_lines(&String::from_utf8_lossy(good));
                return Err(DataError::NotUtf8 { file: file.to_string(), line });
            }
        };
        let mut parser = Parser { file, rest: text, line: 1, delimiter, records: Records::default(), blank: vec![] };
        parser.run()?;
        Ok(parser.records)
    }

    pub fn len(&self) -> usize {
        self.lines.len() - self.taken
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Takes the first record away, trimmed; row 0 is then the next one.
    pub fn take_first(&mut self) -> Vec<String> {
        let names = (0..self.columns).map(|column| self.cell(0, column).trim().to_string()).collect();
        self.taken += 1;
        names
    }

    pub fn cell(&self, row: usize, column: usize) -> &str {
        let at = (row + self.taken) * self.columns + column;
        let start = if at == 0 { Some(&0) } else { self.ends.get(at - 1) };
        match (start, self.ends.get(at)) {
            (Some(start), Some(end)) => self.text.get(*start..*end).unwrap_or_default(),
            _ => "",
        }
    }

    pub fn line(&self, row: usize) -> usize {
        self.lines.get(row + self.taken).copied().unwrap_or(0)
    }
}

/// Line ends in a text: `\n`, `\r\n` and `\r`.
fn count_lines(text: &str) -> usize {
    let lone = text.as_bytes().windows(2).filter(|pair| pair[0] == b'\r' && pair[1] != b'\n').count();
    let last = usize::from(text.ends_with('\r'));
    text.bytes().filter(|b| *b == b'\n').count() + lone + last
}

struct Parser<'a> {
    file: &'a str,
    rest: &'a str,
    /// The line on which `rest` begins.
    line: usize,
    delimiter: char,
    records: Records,
    /// Lines of blank lines since the last record.
    blank: Vec<usize>,
}

/// What ended a cell.
#[derive(PartialEq)]
enum End {
    Delimiter,
    Line,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), DataError> {
        while !self.rest.is_empty() {
            self.record()?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), DataError> {
        let line = self.line;
        let (first_cell, first_byte) = (self.records.ends.len(), self.records.text.len());
        let mut quoted = false;
        loop {
            let (end, is_quoted) = self.cell(self.records.ends.len() - first_cell)?;
            quoted |= is_quoted;
            self.records.ends.push(self.records.text.len());
            if end == End::Line {
                break;
            }
        }
        let found = self.records.ends.len() - first_cell;
        let is_blank = found == 1 && !quoted && self.records.text.get(first_byte..).is_none_or(|t| t.trim().is_empty());
        if is_blank {
            self.records.ends.pop();
            self.records.text.truncate(first_byte);
            self.blank.push(line);
            return Ok(());
        }
        let columns = self.records.columns;
        if columns != 0 && found != columns {
            return Err(DataError::Ragged { file: self.file.to_string(), line, expected: columns, found });
        }
        // In a table with one column a blank line between rows is an empty cell.
        let blank = std::mem::take(&mut self.blank);
        if columns == 1 {
            self.records.ends.splice(first_cell..first_cell, blank.iter().map(|_| first_byte));
            self.records.lines.extend(blank);
        }
        self.records.columns = found;
        self.records.lines.push(line);
        Ok(())
    }

    /// Reads one cell and what ends it; `column` is its number in the record. Says whether the cell was quoted.
    fn cell(&mut self, column: usize) -> Result<(End, bool), DataError> {
        let delimiter = self.delimiter;
        let is_space = |c: char| (c == ' ' || c == '\t') && c != delimiter;
        let opened = self.rest.trim_start_matches(is_space);
        if let Some(inside) = opened.strip_prefix('"') {
            self.rest = inside;
            self.quoted()?;
            self.rest = self.rest.trim_start_matches(is_space);
            return match self.end() {
                Some(end) => Ok((end, true)),
                None => Err(DataError::TextAfterQuote { file: self.file.to_string(), line: self.line, column }),
            };
        }
        let length = self.rest.find([delimiter, '\n', '\r']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(length);
        self.records.text.push_str(cell);
        self.rest = rest;
        Ok((self.end().unwrap_or(End::Line), false))
    }

    /// Reads the inside of a quoted cell and its closing quote.
    fn quoted(&mut self) -> Result<(), DataError> {
        let opened = self.line;
        loop {
            let Some(at) = self.rest.find('"') else {
                return Err(DataError::UnclosedQuote { file: self.file.to_string(), line: opened });
            };
            let (inside, rest) = self.rest.split_at(at);
            self.records.text.push_str(inside);
            self.line += count_lines(inside);
            self.rest = rest.get(1..).unwrap_or_default();
            let Some(rest) = self.rest.strip_prefix('"') else { return Ok(()) };
            self.records.text.push('"');
            self.rest = rest;
        }
    }

    /// Takes a delimiter or line end away, if there is one here; the end of the text ends a line.
    fn end(&mut self) -> Option<End> {
        if let Some(rest) = self.rest.strip_prefix(self.delimiter) {
            self.rest = rest;
            return Some(End::Delimiter);
        }
        let after_return = self.rest.strip_prefix('\r');
        let after = after_return.unwrap_or(self.rest);
        match (after.strip_prefix('\n'), after_return) {
            (Some(rest), _) | (None, Some(rest)) => {
                self.rest = rest;
                self.line += 1;
                Some(End::Line)
            }
            (None, None) => self.rest.is_empty().then_some(End::Line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
        let records = Records::parse("t.csv", text.as_bytes(), ',').unwrap();
        let cells = |row| (0..records.columns()).map(|column| records.cell(row, column).to_string()).collect();
        (0..records.len()).map(|row| (records.line(row), cells(row))).collect()
    }

    fn row(line: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (line, cells.iter().map(|c| c.to_string()).collect())
    }

    #[test]
    fn all_line_ends_and_a_byte_order_mark() {
        let expected = vec![row(1, &["a", "b"]), row(2, &["1", "2"])];
        for text in ["a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\n1,2", "\u{feff}a,b\n1,2"] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_lines() {
        assert_eq!(
            rows("\"a,b\",\"c\"\"d\"\n\"x\ny\" ,  \"\"\n1,2\n"),
            [row(1, &["a,b", "c\"d"]), row(2, &["x\ny", ""]), row(4, &["1", "2"])]
        );
        assert_eq!(rows("5\" nail,2\n"), [row(1, &["5\" nail", "2"])]);
    }

    #[test]
    fn blank_lines_are_skipped_but_lines_are_counted() {
        assert_eq!(rows("\n\na,b\n\n \n1,2\n\n"), [row(3, &["a", "b"]), row(6, &["1", "2"])]);
        assert_eq!(rows("a\n1\n\n2\n\n"), [row(1, &["a"]), row(2, &["1"]), row(3, &[""]), row(4, &["2"])]);
        assert_eq!(rows("a\n\"\"\n"), [row(1, &["a"]), row(2, &[""])]);
        assert_eq!(rows(""), []);
    }

    #[test]
    fn lines_are_counted_as_editors_do() {
        assert_eq!(count_lines("a\r\nb\rc\n"), 3);
        assert_eq!(count_lines("a\r"), 1);
        assert_eq!(count_lines("a"), 0);
    }
}
