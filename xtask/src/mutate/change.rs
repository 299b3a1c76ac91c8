// SPDX-License-Identifier: MIT OR Apache-2.0
//! One mutation: a piece of one line, and what stands there instead.

use std::{fmt, ops::Range};

use anyhow::{Context, Result};

/// What a mutation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Another number: an offset, a size, a mask, the count of a shift, a value that is returned.
    Constant,
    /// Another register of those that the routine uses.
    Register,
    /// Another condition, or the opposite one.
    Condition,
    /// A line of code is not there.
    Deleted,
    /// An access or a move of another width.
    Width,
    /// Another label of the routine: a landing, or where a branch goes.
    Label,
    /// Other flags of an entry, or other arguments of a macro that say which side is the user's.
    Flags,
    /// Another instruction or operator: sum and difference, and and or, left and right.
    Operation,
}

impl Kind {
    /// Its name in the list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Register => "register",
            Self::Condition => "condition",
            Self::Deleted => "deleted",
            Self::Width => "width",
            Self::Label => "label",
            Self::Flags => "flags",
            Self::Operation => "operation",
        }
    }
}

/// What is put in place of a piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub kind: Kind,
    /// Which bytes of the text.
    pub place: Range<usize>,
    pub text: String,
}

impl Edit {
    pub fn new(kind: Kind, place: Range<usize>, text: impl Into<String>) -> Self {
        Self { kind, place, text: text.into() }
    }

    /// The same of a longer text, in which this one begins there.
    pub fn behind(self, start: usize) -> Self {
        Self { place: self.place.start + start..self.place.end + start, ..self }
    }

    /// The text with it.
    pub fn applied(&self, text: &str) -> String {
        let mut text = text.to_owned();
        text.replace_range(self.place.clone(), &self.text);
        text
    }
}

/// An edit of a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path below the root.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub kind: Kind,
    /// The line without what is around it.
    pub before: String,
    pub after: String,
}

impl Change {
    /// `None` if nothing changes.
    pub fn new(file: &str, line: usize, text: &str, edit: &Edit) -> Option<Self> {
        let (before, after) = (text.trim(), edit.applied(text));
        let after = after.trim();
        (before != after).then(|| Self {
            file: file.to_owned(),
            line,
            kind: edit.kind,
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// A file's text with it.
    ///
    /// # Errors
    ///
    /// Fails if the line is another one.
    pub fn applied(&self, source: &str) -> Result<String> {
        let mut lines: Vec<_> = source.lines().map(str::to_owned).collect();
        let line = lines.get_mut(self.line - 1).context("the file is too short")?;
        anyhow::ensure!(line.trim() == self.before, "{}:{} is {line:?}", self.file, self.line);
        *line = line.replacen(&self.before, &self.after, 1);
        Ok(lines.join("\n") + "\n")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, kind, before, after } = self;
        let after = if after.is_empty() { "nothing" } else { after };
        write!(f, "{file}:{line}, {}: `{before}` -> `{after}`", kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Edit, Kind};

    #[test]
    fn only_the_piece_changes() {
        let source = "one\n    add     x0, x1, 8   // why\nthree\n";
        let text = source.lines().nth(1).expect("there are three");
        let at = text.find('8').expect("it is there");
        let change =
            Change::new("a.S", 2, text, &Edit::new(Kind::Constant, at..at + 1, "9")).expect("it changes");
        let expected = "one\n    add     x0, x1, 9   // why\nthree\n";
        assert_eq!(change.applied(source).expect("it is that line"), expected);
        assert!(change.applied("one\nother\nthree\n").is_err());
        assert_eq!(Change::new("a.S", 2, text, &Edit::new(Kind::Constant, at..at + 1, "8")), None);
    }
}
