// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words and signs of a Rust source, without its comments and strings.

/// Words, `::`, and every other sign by itself. A string is `"`, so that nothing in it is taken for code.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if first.is_whitespace() {
            first.len_utf8()
        } else if let Some(len) = comment(rest) {
            len
        } else if let Some(len) = string(rest).or_else(|| character(rest)) {
            tokens.push("\"".to_owned());
            len
        } else {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let len = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                word => word,
            };
            tokens.push(rest[..len].to_owned());
            len
        };
        rest = &rest[len..];
    }
    tokens
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the comment at the start; those of blocks nest.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut depth = usize::from(text.starts_with("/*"));
    if depth == 0 {
        return None;
    }
    let mut at = 2;
    while depth > 0 && at < text.len() {
        match text.get(at..at + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + 2),
            Some("*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    Some(at)
}

/// The length of the string at the start, in each of its forms.
fn string(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r')).filter(|&len| len <= 2)?;
    let (letters, body) = text.split_at(prefix);
    if letters.contains('r') {
        let hashes = body.find(|c| c != '#')?;
        let inside = body[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", &body[..hashes]);
        return Some(prefix + hashes + 1 + inside.find(&end)? + end.len());
    }
    let inside = body.strip_prefix('"')?;
    Some(prefix + 1 + closing(inside, '"')?)
}

/// The length of the character at the start. A lifetime is none.
fn character(text: &str) -> Option<usize> {
    let prefix = usize::from(text.starts_with("b'"));
    let inside = text[prefix..].strip_prefix('\'')?;
    let first = inside.chars().next()?;
    if first != '\\' && !inside[first.len_utf8()..].starts_with('\'') {
        return None;
    }
    Some(prefix + 1 + closing(inside, '\'')?)
}

/// How far it is behind the sign that ends a literal.
fn closing(inside: &str, end: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == end => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}
