//! Diagnostics as text: the full form with source lines and carets, and one line per problem.
//!
//! Our own rather than a library's: the same text with and without the feature `cli`, and every line of it is here.
//! Each label has its own row of carets under its source line, so labels cannot collide.
//!
//! Reads a [`Report`]. Must not know what its codes mean, nor where the text goes.

use super::{Diagnostic, Report, Severity, Suggestion};
use crate::span::{SourceFile, SourceMap, Span};
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// Columns of a source line that are shown; of longer lines, the part around the label.
const WIDTH: usize = 160;
/// Columns shown before a label on such a line.
const BEFORE: usize = 40;
/// Columns of a tab.
const TAB: usize = 4;

/// All diagnostics with source lines, carets, notes and help; an empty line after each. `colour` adds ANSI escapes.
pub fn full(report: &Report, colour: bool) -> String {
    let mut text = String::new();
    for problem in &report.diagnostics {
        text.push_str(&diagnostic(&report.sources, problem, colour));
        text.push('\n');
    }
    text
}

/// One line per diagnostic: `file:line:column: error[E0301]: message`.
pub fn short(report: &Report) -> String {
    let mut text = String::new();
    for problem in &report.diagnostics {
        if let Some(label) = problem.labels.first() {
            let _ = write!(text, "{}: ", visible(&report.sources.place(label.span)));
        }
        let _ = writeln!(text, "{}[{}]: {}", severity(problem), problem.code, visible(&problem.message));
    }
    text
}

/// One diagnostic in full.
pub fn diagnostic(sources: &SourceMap, problem: &Diagnostic, colour: bool) -> String {
    let paint = Paint { colour };
    let tone = if problem.is_error() { Tone::Error } else { Tone::Warning };
    let head = paint.text(tone, &format!("{}[{}]", severity(problem), problem.code));
    let mut text = format!("{head}{}\n", paint.text(Tone::Strong, &format!(": {}", visible(&problem.message))));
    let last_line = problem.labels.iter().map(|label| sources.file(label.span.file).line_column(label.span.end).line);
    let margin = last_line.max().unwrap_or(1).to_string().len();
    let mut writer = Writer { text: &mut text, margin, paint, tone };

    let mut files: Vec<_> = problem.labels.iter().map(|label| label.span.file).collect();
    let mut seen = vec![];
    files.retain(|file| {
        !seen.contains(file) && {
            seen.push(*file);
            true
        }
    });
    for (position, id) in files.iter().enumerate() {
        let file = sources.file(*id);
        let labels = problem.labels.iter().enumerate().filter(|(_, label)| label.span.file == *id);
        let mut rows = vec![];
        for (number, label) in labels {
            if rows.is_empty() {
                let arrow = if position == 0 { "-->" } else { ":::" };
                writer.place(arrow, &sources.place(label.span));
            }
            rows.extend(rows_of(file, label.span, &label.text, number == 0));
        }
        rows.sort_by_key(|row| (row.line, !row.main));
        writer.rows(file, &rows);
    }
    if !problem.notes.is_empty() || problem.help.is_some() {
        writer.gutter(None);
    }
    for note in &problem.notes {
        writer.remark("note", note);
    }
    if let Some(help) = &problem.help {
        writer.remark("help", help);
    }
    if let Some(suggestion) = &problem.suggestion {
        writer.suggestion(sources, suggestion);
    }
    text
}

fn severity(problem: &Diagnostic) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// One row of carets: bytes `start..end` of one line.
struct Row<'a> {
    line: usize,
    start: usize,
    end: usize,
    text: &'a str,
    main: bool,
}

/// A span of one line gives one row; a longer one marks its first and its last line.
fn rows_of<'a>(file: &SourceFile, span: Span, text: &'a str, main: bool) -> Vec<Row<'a>> {
    let (first, last) = (file.line_column(span.start).line, file.line_column(span.end.max(span.start)).line);
    let start = span.start as usize - file.line_start(first);
    let width = |line: usize| file.line(line).len();
    let start = start.min(width(first));
    let end = span.end.max(span.start) as usize - file.line_start(last);
    let end = end.min(width(last));
    if first == last {
        return vec![Row { line: first, start, end, text, main }];
    }
    if file.line(last)[..end].trim().is_empty() {
        // The span ends with the line end: nothing of the last line is meant.
        let before = file.line_start(last) as u32 - 1;
        return rows_of(file, Span { end: before.max(span.start), ..span }, text, main);
    }
    let indent = width(last) - file.line(last).trim_start().len();
    vec![
        Row { line: first, start, end: width(first), text: "", main },
        Row { line: last, start: indent.min(end), end, text, main },
    ]
}

#[derive(Clone, Copy)]
enum Tone {
    Error,
    Warning,
    Strong,
    Margin,
    Help,
}

#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn text(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_string();
        }
        let code = match tone {
            Tone::Error => "1;31",
            Tone::Warning => "1;33",
            Tone::Strong => "1",
            Tone::Margin => "1;34",
            Tone::Help => "1;36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

struct Writer<'a> {
    text: &'a mut String,
    margin: usize,
    paint: Paint,
    tone: Tone,
}

impl Writer<'_> {
    fn place(&mut self, arrow: &str, place: &str) {
        let arrow = self.paint.text(Tone::Margin, arrow);
        let _ = writeln!(self.text, "{:margin$}{arrow} {}", "", visible(place), margin = self.margin);
        self.gutter(None);
    }

    /// The margin with a line number, or an empty line of it.
    fn gutter(&mut self, line: Option<usize>) {
        let (number, end) = match line {
            Some(line) => (line.to_string(), " "),
            None => (String::new(), "\n"),
        };
        let bar = self.paint.text(Tone::Margin, &format!("{number:>margin$} |", margin = self.margin));
        let _ = write!(self.text, "{bar}{end}");
    }

    fn rows(&mut self, file: &SourceFile, rows: &[Row]) {
        let mut shown: Option<(usize, usize)> = None;
        for row in rows {
            let source = file.line(row.line);
            let window = Window::around(source, row.start);
            if let Some((line, _)) = shown
                && row.line > line + 1
            {
                let dots = self.paint.text(Tone::Margin, "...");
                let _ = writeln!(self.text, "{dots}");
            }
            if shown != Some((row.line, window.start)) {
                self.gutter(Some(row.line));
                let _ = writeln!(self.text, "{}", window.text(source));
                shown = Some((row.line, window.start));
            }
            let (mark, tone) = if row.main { ("^", self.tone) } else { ("-", Tone::Margin) };
            self.carets(&window, source, row.start..row.end, mark, tone, row.text);
        }
    }

    fn carets(
        &mut self,
        window: &Window,
        source: &str,
        bytes: std::ops::Range<usize>,
        mark: &str,
        tone: Tone,
        text: &str,
    ) {
        let (from, to) = (window.column(source, bytes.start), window.column(source, bytes.end));
        let bar = self.paint.text(Tone::Margin, &format!("{:margin$} |", "", margin = self.margin));
        let marks = mark.repeat(to.saturating_sub(from).max(1));
        let space = if text.is_empty() { "" } else { " " };
        let marked = self.paint.text(tone, &format!("{marks}{space}{}", visible(text)));
        let _ = writeln!(self.text, "{bar} {:from$}{marked}", "");
    }

    fn remark(&mut self, kind: &str, text: &str) {
        let equals = self.paint.text(Tone::Margin, "=");
        let kind = self.paint.text(Tone::Strong, kind);
        let indent = " ".repeat(self.margin + 9);
        let mut lines = text.lines().map(visible);
        let _ = writeln!(
            self.text,
            "{:margin$} {equals} {kind}: {}",
            "",
            lines.next().unwrap_or_default(),
            margin = self.margin
        );
        for line in lines {
            let _ = writeln!(self.text, "{indent}{line}");
        }
    }

    /// The line as it would read with the change, if the change stays in one line.
    fn suggestion(&mut self, sources: &SourceMap, suggestion: &Suggestion) {
        let span = suggestion.span;
        let file = sources.file(span.file);
        let line = file.line_column(span.start).line;
        let start = span.start as usize - file.line_start(line);
        let old = file.line(line);
        let end = start + span.end.saturating_sub(span.start) as usize;
        let (Some(before), Some(after)) = (old.get(..start), old.get(end..)) else { return };
        if suggestion.replacement.contains('\n') {
            return;
        }
        let new = format!("{before}{}{after}", suggestion.replacement);
        let window = Window::around(&new, start);
        self.gutter(None);
        self.gutter(Some(line));
        let _ = writeln!(self.text, "{}", window.text(&new));
        if !suggestion.replacement.is_empty() {
            let changed = start..start + suggestion.replacement.len();
            self.carets(&window, &new, changed, "~", Tone::Help, "");
        }
    }
}

/// The part of a source line that is shown: from byte `start`, `WIDTH` columns.
struct Window {
    start: usize,
}

impl Window {
    fn around(line: &str, label: usize) -> Window {
        let fits = line.len() <= WIDTH || line.chars().map(columns).sum::<usize>() <= WIDTH;
        let room = |text: &str| text.char_indices().rev().nth(BEFORE).map_or(0, |(at, _)| at);
        let start = if fits || label <= BEFORE { 0 } else { line.get(..label).map_or(0, room) };
        Window { start }
    }

    fn text(&self, line: &str) -> String {
        let mut text = String::from(if self.start > 0 { "…" } else { "" });
        let mut width = 0;
        for c in line[self.start..].chars() {
            width += columns(c);
            if width > WIDTH {
                text.push('…');
                break;
            }
            push_visible(&mut text, c);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The column, within what is shown, of byte `at` of the line.
    fn column(&self, line: &str, at: usize) -> usize {
        let dots = usize::from(self.start > 0);
        let before = line.get(self.start..at).unwrap_or_default();
        dots + before.chars().map(columns).sum::<usize>().min(WIDTH)
    }
}

fn columns(c: char) -> usize {
    match c {
        '\t' => TAB,
        _ if is_hidden(c) => 1,
        _ => c.width().unwrap_or(1),
    }
}

/// Control characters, and those that turn the direction of text: they could make a line read as what it is not.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_visible(text: &mut String, c: char) {
    match c {
        '\t' => text.push_str("    "),
        _ if is_hidden(c) => text.push('\u{fffd}'),
        _ => text.push(c),
    }
}

fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut shown, c));
    shown
}
