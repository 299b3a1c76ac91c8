// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions in other widths.

use super::registers::GENERAL;

/// Names that differ in the width alone, the widest first.
const RISCV64: [&[&str]; 2] = [&["ld", "lwu", "lhu", "lbu"], &["sd", "sw", "sh", "sb"]];
const LOONGARCH64: [&[&str]; 2] = [&["ld.d", "ld.wu", "ld.hu", "ld.bu"], &["st.d", "st.w", "st.h", "st.b"]];

/// Those of aarch64 whose width is a register's, and the narrower ones.
const AARCH64: [[&str; 3]; 6] = [
    ["ldr", "ldrh", "ldrb"],
    ["str", "strh", "strb"],
    ["ldtr", "ldtrh", "ldtrb"],
    ["sttr", "sttrh", "sttrb"],
    ["ldur", "ldurh", "ldurb"],
    ["stur", "sturh", "sturb"],
];

const POINTERS: [&str; 4] = ["qword ptr", "dword ptr", "word ptr", "byte ptr"];

/// The size of an operand in memory together with that of the register beside it; a string instruction by its last letter;
/// a register of 32 bits for one of 64.
pub fn x86_64(insn: &str) -> Vec<String> {
    let mut all = Vec::new();
    let name = insn.split_whitespace().last().unwrap_or_default();
    if insn.starts_with("rep ") && name.len() == 5 {
        let (stem, width) = insn.split_at(insn.len() - 1);
        all.extend(["b", "w", "d", "q"].iter().filter(|it| **it != width).map(|it| format!("{stem}{it}")));
        return all;
    }
    // "dword ptr" ends with "word ptr".
    let from = POINTERS.iter().position(|it| {
        insn.match_indices(it).any(|(at, _)| !insn[..at].ends_with(|it: char| it.is_alphabetic()))
    });
    let Some(from) = from else { return all };
    for (to, pointer) in POINTERS.iter().enumerate() {
        if to != from {
            let other = insn.replacen(POINTERS[from], pointer, 1);
            all.push(with_register(&other, from, to));
        }
    }
    all
}

/// The register outside the brackets in another width.
fn with_register(insn: &str, from: usize, to: usize) -> String {
    // A text of Rust's may be a part of an instruction, without the end of the address.
    let open = insn.find('[').unwrap_or(insn.len());
    let close = insn[open..].find(']').map_or(insn.len(), |at| open + at);
    for names in GENERAL {
        let name = names[from];
        for (at, _) in insn.match_indices(name) {
            let is_part = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
            let (before, after) = (insn[..at].chars().next_back(), insn[at + name.len()..].chars().next());
            if !is_part(before) && !is_part(after) && !(open..close).contains(&at) {
                return format!("{}{}{}", &insn[..at], names[to], &insn[at + name.len()..]);
            }
        }
    }
    insn.to_owned()
}

pub fn aarch64(insn: &str) -> Vec<String> {
    let (name, operands) = split(insn);
    let Some(names) = AARCH64.iter().find(|names| names.contains(&name)) else { return Vec::new() };
    let gap = &insn[name.len()..insn.len() - operands.len()];
    let put = |name: &str, width: &str| operands.get(1..).map(|rest| format!("{name}{gap}{width}{rest}"));
    let (now, is_wide) = (names.iter().position(|it| *it == name).unwrap_or(0), operands.starts_with('x'));
    if !operands.starts_with(['x', 'w']) {
        return Vec::new();
    }
    let all = [(0, "x"), (0, "w"), (1, "w"), (2, "w")];
    let others = all.into_iter().filter(|&(at, width)| (at, width) != (now, if is_wide { "x" } else { "w" }));
    others.filter_map(|(at, width)| put(names[at], width)).collect()
}

pub fn riscv64(insn: &str) -> Vec<String> {
    by_name(insn, &RISCV64)
}

pub fn loongarch64(insn: &str) -> Vec<String> {
    by_name(insn, &LOONGARCH64)
}

fn by_name(insn: &str, table: &[&[&str]]) -> Vec<String> {
    let (name, _) = split(insn);
    let Some(names) = table.iter().find(|names| names.contains(&name)) else { return Vec::new() };
    names.iter().filter(|it| **it != name).map(|it| format!("{it}{}", &insn[name.len()..])).collect()
}

/// The name and the operands.
fn split(insn: &str) -> (&str, &str) {
    let end = insn.find(char::is_whitespace).unwrap_or(insn.len());
    (&insn[..end], insn[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::{aarch64, loongarch64, riscv64, x86_64};

    #[test]
    fn widths_change_with_their_registers() {
        assert_eq!(
            x86_64("mov qword ptr [rdi + rcx - 8], rax"),
            [
                "mov dword ptr [rdi + rcx - 8], eax",
                "mov word ptr [rdi + rcx - 8], ax",
                "mov byte ptr [rdi + rcx - 8], al"
            ]
        );
        assert_eq!(x86_64("mov qword ptr [rdi + ")[0], "mov dword ptr [rdi + ");
        assert_eq!(x86_64("rep movsb"), ["rep movsw", "rep movsd", "rep movsq"]);
        assert_eq!(x86_64("add rax, rcx"), [""; 0]);
        assert_eq!(aarch64("ldtrh   w8, [x3]"), ["ldtr   x8, [x3]", "ldtr   w8, [x3]", "ldtrb   w8, [x3]"]);
        assert_eq!(aarch64("ldr q0, [x3]"), [""; 0]);
        assert_eq!(riscv64("lbu t0, 0(a4)"), ["ld t0, 0(a4)", "lwu t0, 0(a4)", "lhu t0, 0(a4)"]);
        assert_eq!(loongarch64("st.d $t0, $a0, 0").len(), 3);
    }
}
