// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which registers can stand for each other.

/// The general registers of x86_64, each in all its widths, the widest first.
pub const GENERAL: [[&str; 4]; 16] = [
    ["rax", "eax", "ax", "al"],
    ["rbx", "ebx", "bx", "bl"],
    ["rcx", "ecx", "cx", "cl"],
    ["rdx", "edx", "dx", "dl"],
    ["rsi", "esi", "si", "sil"],
    ["rdi", "edi", "di", "dil"],
    ["rbp", "ebp", "bp", "bpl"],
    ["rsp", "esp", "sp", "spl"],
    ["r8", "r8d", "r8w", "r8b"],
    ["r9", "r9d", "r9w", "r9b"],
    ["r10", "r10d", "r10w", "r10b"],
    ["r11", "r11d", "r11w", "r11b"],
    ["r12", "r12d", "r12w", "r12b"],
    ["r13", "r13d", "r13w", "r13b"],
    ["r14", "r14d", "r14w", "r14b"],
    ["r15", "r15d", "r15w", "r15b"],
];

pub fn x86_64(word: &str) -> Option<u8> {
    let general = GENERAL.iter().find_map(|it| it.iter().position(|name| *name == word));
    general.map(|width| width as u8).or_else(|| {
        let numbered = |prefix| word.strip_prefix(prefix).is_some_and(is_number);
        match () {
            () if numbered("xmm") => Some(4),
            () if numbered("ymm") => Some(5),
            () => None,
        }
    })
}

pub fn aarch64(word: &str) -> Option<u8> {
    if ["xzr", "wzr"].contains(&word) {
        return Some(word.as_bytes()[0]);
    }
    let (&prefix, rest) = word.as_bytes().split_first()?;
    let rest = str::from_utf8(rest).ok()?;
    // A vector may name its lanes.
    let (number, lanes) = rest.split_once('.').map_or((rest, None), |(number, lanes)| (number, Some(lanes)));
    let of_vectors = lanes.is_none() || prefix == b'v';
    (b"xwvqdsb".contains(&prefix) && is_number(number) && of_vectors).then_some(prefix)
}

pub fn riscv64(word: &str) -> Option<u8> {
    let named = ["zero", "ra", "sp", "gp", "tp"].contains(&word);
    let numbered = ["a", "t", "s"].iter().any(|prefix| word.strip_prefix(prefix).is_some_and(is_number));
    (named || numbered).then_some(0)
}

pub fn loongarch64(word: &str) -> Option<u8> {
    word.strip_prefix('$').map(|_| 0)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{aarch64, loongarch64, riscv64, x86_64};

    #[test]
    fn only_registers_have_a_class() {
        assert_eq!(x86_64("rcx"), x86_64("r10"));
        assert_ne!(x86_64("rcx"), x86_64("ecx"));
        assert_eq!(aarch64("x3"), aarch64("x15"));
        assert_eq!(aarch64("v3.16b"), aarch64("v1"));
        for word in ["x3", "b.hi", "stp", "b"] {
            assert_eq!(aarch64(word).is_some(), word == "x3", "{word}");
        }
        for word in ["t0", "add", "sstatus", "sd"] {
            assert_eq!(riscv64(word).is_some(), word == "t0", "{word}");
        }
        assert_eq!((loongarch64("$a0"), loongarch64("a0")), (Some(0), None));
    }
}
