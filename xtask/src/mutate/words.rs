// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words of a line of assembly.

use std::ops::Range;

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    pub text: &'a str,
    pub place: Range<usize>,
}

/// Names, numbers, registers, labels and arguments of a macro. What stands in braces is a name of Rust's, and no word.
pub fn of(code: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut depth = 0;
    for (at, it) in code.char_indices().chain([(code.len(), ' ')]) {
        let is_part = depth == 0 && (it.is_alphanumeric() || "._\\@$%".contains(it))
            // The number of a negative offset, but not a difference.
            || it == '-' && start.is_none() && is_negative(code, at)
            // `\name\()_rest` is one word.
            || start.is_some() && (code[at..].starts_with("()") || code[..at].ends_with('(') && it == ')');
        match it {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match (start, is_part) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push(Word { text: &code[from..at], place: from..at });
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn is_negative(code: &str, at: usize) -> bool {
    let digit = code[at + 1..].starts_with(|it: char| it.is_ascii_digit());
    digit && code[..at].trim_end().ends_with([',', '(', '['])
}

/// The number that a word is. `2f` and `9b` are places.
pub fn number(word: &str) -> Option<i128> {
    match word.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, of};

    #[test]
    fn words_are_found() {
        let texts = |code| of(code).into_iter().map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(
            texts("mov     rax, qword ptr [rsi + rcx - 8]"),
            ["mov", "rax", "qword", "ptr", "rsi", "rcx", "8"]
        );
        assert_eq!(texts("addi sp, sp, -160"), ["addi", "sp", "sp", "-160"]);
        assert_eq!(texts("b .Lstored\\done\\()_\\routine"), ["b", ".Lstored\\done\\()_\\routine"]);
        assert_eq!(texts("test byte ptr [rip + {cpu}], 2"), ["test", "byte", "ptr", "rip", "2"]);
        assert_eq!(texts("sd t0, 8(a0)"), ["sd", "t0", "8", "a0"]);
        assert_eq!(texts(""), [""; 0]);
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(
            ["8", "-160", "0x80", "9f", "x8", ""].map(number),
            [Some(8), Some(-160), Some(128), None, None, None]
        );
    }
}
