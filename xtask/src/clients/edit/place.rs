// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where something stands in a source file: found by its name, and only if there is exactly one.

use std::ops::Range;

use super::code::{self, is_in_name};

/// A part of a file.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// All of it.
    File,
    /// What is between the braces of the function of this name.
    Fn(&'static str),
    /// The same inside the `impl` whose first line has these words.
    FnIn(&'static str, &'static str),
    /// The same inside the module of this name.
    FnInMod(&'static str, &'static str),
    /// What is between the braces of the struct of this name.
    Struct(&'static str),
}

impl Place {
    /// The bytes of the source that it is.
    pub fn find(self, source: &str) -> Result<Range<usize>, String> {
        let code = code::of(source);
        match self {
            Self::File => Ok(0..source.len()),
            Self::Fn(name) => item(&code, 0..code.len(), "fn", name),
            Self::FnIn(header, name) => {
                let bodies = impls(source, &code, header);
                let found: Vec<_> =
                    bodies.into_iter().filter_map(|it| item(&code, it, "fn", name).ok()).collect();
                only(&found, &format!("fn {name} in an impl with {header:?}"))
            }
            Self::FnInMod(module, name) => {
                let body = item(&code, 0..code.len(), "mod", module)?;
                item(&code, body, "fn", name)
            }
            Self::Struct(name) => item(&code, 0..code.len(), "struct", name),
        }
    }
}

/// The end of the statement that begins at `start`.
pub fn end_of_statement(source: &str, start: usize, end: usize) -> Option<usize> {
    let code = code::of(source);
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().take(end).skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b';' if depth == 0 => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The body of the only item of this kind and name within a part of the file.
fn item(code: &[u8], within: Range<usize>, kind: &str, name: &str) -> Result<Range<usize>, String> {
    let words = format!("{kind} {name}");
    let found: Vec<_> = occurrences(code, within, words.as_bytes())
        .filter(|&at| {
            let behind = code.get(at + words.len()).copied().unwrap_or(b' ');
            !is_in_name(behind) && (at == 0 || !is_in_name(code[at - 1]))
        })
        .filter_map(|at| body(code, at))
        .collect();
    only(&found, &words)
}

fn impls(source: &str, code: &[u8], header: &str) -> Vec<Range<usize>> {
    occurrences(code, 0..code.len(), b"impl")
        .filter(|&at| at == 0 || code[at - 1] == b'\n' || code[at - 1] == b' ')
        .filter_map(|at| {
            let body = body(code, at)?;
            source[at..body.start].contains(header).then_some(body)
        })
        .collect()
}

/// What is between the first braces behind `at` that are in no parentheses.
fn body(code: &[u8], at: usize) -> Option<Range<usize>> {
    let (mut inner, mut depth, mut start) = (0_usize, 0_usize, None);
    for (at, byte) in code.iter().enumerate().skip(at) {
        match (byte, start) {
            (b'(' | b'[', None) => inner += 1,
            (b')' | b']', None) => inner = inner.checked_sub(1)?,
            (b';', None) if inner == 0 => return None,
            (b'{', None) if inner == 0 => start = Some(at + 1),
            (b'{', Some(_)) => depth += 1,
            (b'}', Some(start)) if depth == 0 => return Some(start..at),
            (b'}', Some(_)) => depth -= 1,
            _ => {}
        }
    }
    None
}

fn occurrences<'a>(
    code: &'a [u8],
    within: Range<usize>,
    words: &'a [u8],
) -> impl Iterator<Item = usize> + 'a {
    let start = within.start;
    let windows = code[within].windows(words.len());
    windows.enumerate().filter(move |(_, window)| *window == words).map(move |(at, _)| start + at)
}

fn only(found: &[Range<usize>], what: &str) -> Result<Range<usize>, String> {
    match found {
        [one] => Ok(one.clone()),
        [] => Err(format!("there is no {what}")),
        more => Err(format!("there are {} of {what}", more.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, end_of_statement};

    const SOURCE: &str = "\
// fn lost() { comment }
struct Pair<'a> {
    left: &'a u8,
}
impl Pair<'_> {
    fn left(&self, f: fn(u8) -> [u8; 2]) -> u8 { *self.left }
    fn lefter(&self) { self.left(|_| [b'{', b'}']); }
}
impl Read for Pair<'_> { fn get(&self) -> &str { \"}\" } }
impl Write for Pair<'_> { fn get(&self) -> u8 { if true { 1 } else { 2 } } }
fn declared();
mod inner { fn get() -> u8 { 3 } }
";

    fn found(place: Place) -> Result<&'static str, String> {
        place.find(SOURCE).map(|range| SOURCE[range].trim())
    }

    #[test]
    fn each_kind_of_place_is_found() {
        assert_eq!(found(Place::Fn("left")), Ok("*self.left"));
        assert_eq!(found(Place::Struct("Pair")), Ok("left: &'a u8,"));
        assert_eq!(found(Place::FnIn("Read for Pair", "get")), Ok("\"}\""));
        assert_eq!(found(Place::FnIn("Write for Pair", "get")), Ok("if true { 1 } else { 2 }"));
        assert_eq!(found(Place::FnInMod("inner", "get")), Ok("3"));
        assert_eq!(found(Place::File), Ok(SOURCE.trim()));
    }

    #[test]
    fn what_is_not_there_once_is_an_error() {
        for place in [
            Place::Fn("get"),
            Place::Fn("lost"),
            Place::Fn("declared"),
            Place::Struct("Pai"),
            Place::FnIn("Seek for Pair", "get"),
            Place::FnIn("Pair", "get"),
            Place::FnInMod("inner", "left"),
            Place::FnInMod("outer", "get"),
        ] {
            assert!(found(place).is_err(), "{place:?}");
        }
    }

    #[test]
    fn a_statement_ends_at_its_own_semicolon() {
        let source = "let x = match y { 1 => { f(); 2 } _ => 3 }; rest";
        assert_eq!(end_of_statement(source, 0, source.len()), Some(43));
        assert_eq!(end_of_statement("f() }", 0, 5), None);
        assert_eq!(end_of_statement("f(); g()", 5, 8), None);
    }
}
