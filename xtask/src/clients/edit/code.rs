// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rust source without what is not code: a brace in a comment or a string is none.

/// The source with each comment, string and character replaced by spaces of the same length.
pub fn of(source: &str) -> Vec<u8> {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = end_of_text(bytes, at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    code
}

/// Where the comment, string or character ends that begins at `at`; `at` itself if none does.
fn end_of_text(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let is_word = at > 0 && is_in_name(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + comment(rest),
        [b'"', ..] => at + quoted(rest, b'"'),
        [b'r', b'"' | b'#', ..] if !is_word => at + raw_string(rest),
        [b'b', b'r', b'"' | b'#', ..] if !is_word => at + 1 + raw_string(&rest[1..]),
        // Not a lifetime: that has no quote behind its first letter.
        [b'\'', b'\\', ..] => at + quoted(rest, b'\''),
        [b'\'', first, ..] => {
            let len = 1 + length_of_char(*first);
            if rest.get(len) == Some(&b'\'') { at + len + 1 } else { at }
        }
        _ => at,
    }
}

/// Comments of this kind nest.
fn comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(rest.len())
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// 0 for a raw name such as `r#type`.
fn raw_string(rest: &[u8]) -> usize {
    let marks = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(1 + marks) != Some(&b'"') {
        return 0;
    }
    let end = [&b"\""[..], &rest[1..=marks]].concat();
    let start = marks + 2;
    let found = rest[start..].windows(end.len()).position(|window| window == end);
    found.map_or(rest.len(), |found| start + found + end.len())
}

fn length_of_char(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

/// Whether a name goes on with this byte.
pub fn is_in_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::of;

    fn code(source: &str) -> String {
        String::from_utf8(of(source)).expect("it was text, and only whole characters are replaced")
    }

    #[test]
    fn what_is_not_code_becomes_spaces() {
        assert_eq!(code("a // {\nb"), "a     \nb");
        assert_eq!(code("a /* { /* } */ { */ b"), format!("a {} b", " ".repeat(17)));
        assert_eq!(code(r#"a("{\"{", b"}")"#), format!("a({}, b{})", " ".repeat(6), " ".repeat(3)));
        assert_eq!(code(r##"r#"{"}"# x"##), format!("{} x", " ".repeat(8)));
        assert_eq!(
            code("'{' '\\'' 'ä' x"),
            format!("{} {} {} x", " ".repeat(3), " ".repeat(4), " ".repeat(4))
        );
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        for source in ["fn f<'a>(x: &'a u8) -> &'a u8 {}", "let r#type = for_r#\"x\"#;"] {
            assert_eq!(code(source).split('{').count(), source.split('{').count(), "{source}");
        }
        assert_eq!(code("r#type {"), "r#type {");
    }
}
